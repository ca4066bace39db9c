/** Virtual private and customer gateways on the wire. Source: Amazon EC2 API Reference, "CreateVpnGateway", "CreateCustomerGateway". */

import type {
  AttachVpnGatewayRequest,
  AttachVpnGatewayResult,
  CreateCustomerGatewayRequest,
  CreateCustomerGatewayResult,
  CreateVpnGatewayRequest,
  CreateVpnGatewayResult,
  CustomerGateway as WireCustomerGateway,
  DeleteCustomerGatewayRequest,
  DeleteVpnGatewayRequest,
  DescribeCustomerGatewaysRequest,
  DescribeCustomerGatewaysResult,
  DescribeVpnGatewaysRequest,
  DescribeVpnGatewaysResult,
  DetachVpnGatewayRequest,
  DisableVgwRoutePropagationRequest,
  EnableVgwRoutePropagationRequest,
  VpcAttachment,
  VpnGateway as WireVpnGateway,
} from "@aws-sdk/client-ec2";
import { ok } from "../../base/result.ts";
import {
  attachVpnGateway,
  createCustomerGateway,
  createVpnGateway,
  type CustomerGateway,
  deleteCustomerGateway,
  deleteVpnGateway,
  detachVpnGateway,
  setRoutePropagation,
  type VpnGateway,
} from "../../model/vpn-gateway.ts";
import { type Deletable, isForgottenRemains, stateOf } from "../../model/vpn-remains.ts";
import type { Handler } from "../handler.ts";
import { action, type Actions } from "./action.ts";
import { readChoice } from "./choice.ts";
import { always, type FilterTable, maybe, tagFilters } from "./filter.ts";
import { list } from "./listing.ts";
import { readTagSpecifications, tagSet } from "./tag-set.ts";
import { onAnything, onExisting, onNew } from "./target.ts";

const create: Handler<CreateVpnGatewayRequest, CreateVpnGatewayResult> = async (input, call) => {
  const tags = readTagSpecifications(input.TagSpecifications, ["vpn-gateway"]);
  if (!tags.ok) return tags;
  const type = readChoice(input.Type, "type", ["ipsec.1"]);
  if (!type.ok) return type;
  const wanted = {
    ...(input.AmazonSideAsn !== undefined && { amazonSideAsn: input.AmazonSideAsn }),
    ...(input.AvailabilityZone !== undefined && { availabilityZone: input.AvailabilityZone }),
    tags: tags.value["vpn-gateway"],
  };
  const made = await call.run((state, context) => createVpnGateway(state, wanted, context));
  return made.ok ? ok({ VpnGateway: withoutNoTags(wireGateway(made.value)) }) : made;
};

const describe: Handler<DescribeVpnGatewaysRequest, DescribeVpnGatewaysResult> = async (input, call) => {
  const listing = {
    kind: "vpn-gateway",
    ids: input.VpnGatewayIds,
    filters,
    hidden: (one: Deletable) => isForgottenRemains(one, call.nowMs),
  } as const;
  const page = list(listing, { Filters: input.Filters }, call);
  return page.ok ? ok({ VpnGateways: page.value.items.map(wireGateway) }) : page;
};

const remove: Handler<DeleteVpnGatewayRequest, object> = async (input, call) => {
  const wanted = { vpnGatewayId: input.VpnGatewayId ?? "" };
  const done = await call.run((state, context) => deleteVpnGateway(state, wanted, context));
  return done.ok ? ok({}) : done;
};

const attach: Handler<AttachVpnGatewayRequest, AttachVpnGatewayResult> = async (input, call) => {
  const wanted = { vpnGatewayId: input.VpnGatewayId ?? "", vpcId: input.VpcId ?? "" };
  const done = await call.run((state, context) => attachVpnGateway(state, wanted, context));
  return done.ok ? ok({ VpcAttachment: { VpcId: done.value.vpcId, State: "attaching" } }) : done;
};

const detach: Handler<DetachVpnGatewayRequest, object> = async (input, call) => {
  const wanted = { vpnGatewayId: input.VpnGatewayId ?? "", vpcId: input.VpcId ?? "" };
  const done = await call.run((state, context) => detachVpnGateway(state, wanted, context));
  return done.ok ? ok({}) : done;
};

const propagate =
  (enabled: boolean): Handler<EnableVgwRoutePropagationRequest | DisableVgwRoutePropagationRequest, object> =>
  async (input, call) => {
    const wanted = { routeTableId: input.RouteTableId ?? "", vpnGatewayId: input.GatewayId ?? "", enabled };
    const done = await call.run((state, context) => setRoutePropagation(state, wanted, context));
    return done.ok ? ok({}) : done;
  };

const createCustomer: Handler<CreateCustomerGatewayRequest, CreateCustomerGatewayResult> = async (input, call) => {
  const tags = readTagSpecifications(input.TagSpecifications, ["customer-gateway"]);
  if (!tags.ok) return tags;
  const ipAddress = input.IpAddress ?? input.PublicIp;
  const bgpAsn = input.BgpAsn ?? input.BgpAsnExtended;
  const wanted = {
    ...(ipAddress !== undefined && { ipAddress }),
    ...(bgpAsn !== undefined && { bgpAsn: Number(bgpAsn) }),
    ...(input.DeviceName !== undefined && { deviceName: input.DeviceName }),
    ...(input.CertificateArn !== undefined && { certificateArn: input.CertificateArn }),
    tags: tags.value["customer-gateway"],
  };
  const made = await call.run((state, context) => createCustomerGateway(state, wanted, context));
  return made.ok ? ok({ CustomerGateway: wireCustomer(made.value) }) : made;
};

const describeCustomers: Handler<DescribeCustomerGatewaysRequest, DescribeCustomerGatewaysResult> = async (
  input,
  call,
) => {
  const listing = {
    kind: "customer-gateway",
    ids: input.CustomerGatewayIds,
    filters: customerFilters,
    hidden: (one: Deletable) => isForgottenRemains(one, call.nowMs),
  } as const;
  const page = list(listing, { Filters: input.Filters }, call);
  return page.ok ? ok({ CustomerGateways: page.value.items.map(wireCustomer) }) : page;
};

const removeCustomer: Handler<DeleteCustomerGatewayRequest, object> = async (input, call) => {
  const wanted = { customerGatewayId: input.CustomerGatewayId ?? "" };
  const done = await call.run((state, context) => deleteCustomerGateway(state, wanted, context));
  return done.ok ? ok({}) : done;
};

function wireGateway(gateway: VpnGateway): WireVpnGateway {
  return {
    AmazonSideAsn: gateway.amazonSideAsn,
    Tags: tagSet(gateway.tags),
    VpnGatewayId: gateway.id,
    State: stateOf(gateway),
    Type: "ipsec.1",
    VpcAttachments: [...attachmentsOf(gateway)],
  };
}

/** The answer to its making leaves an empty list of tags out, as AWS's does; descriptions have it. */
function withoutNoTags({ Tags, ...gateway }: WireVpnGateway): WireVpnGateway {
  return Tags === undefined || Tags.length === 0 ? gateway : { ...gateway, Tags };
}

function attachmentsOf({ vpcId, detachedFromVpcId }: VpnGateway): readonly VpcAttachment[] {
  if (vpcId !== undefined) return [{ VpcId: vpcId, State: "attached" }];
  return detachedFromVpcId === undefined ? [] : [{ VpcId: detachedFromVpcId, State: "detached" }];
}

function wireCustomer(gateway: CustomerGateway): WireCustomerGateway {
  return {
    ...(gateway.certificateArn !== undefined && { CertificateArn: gateway.certificateArn }),
    ...(gateway.deviceName !== undefined && { DeviceName: gateway.deviceName }),
    Tags: tagSet(gateway.tags),
    CustomerGatewayId: gateway.id,
    State: stateOf(gateway),
    Type: "ipsec.1",
    IpAddress: gateway.ipAddress,
    BgpAsn: String(gateway.bgpAsn),
  };
}

const filters: FilterTable<VpnGateway> = {
  ...tagFilters,
  "amazon-side-asn": (it) => [String(it.amazonSideAsn)],
  "attachment.state": (it) => attachmentsOf(it).flatMap((one) => maybe(one.State)),
  "attachment.vpc-id": (it) => attachmentsOf(it).flatMap((one) => maybe(one.VpcId)),
  "availability-zone": (it) => maybe(it.availabilityZone),
  state: (it) => [stateOf(it)],
  type: always("ipsec.1"),
  "vpn-gateway-id": (it) => [it.id],
};

const customerFilters: FilterTable<CustomerGateway> = {
  ...tagFilters,
  "bgp-asn": (it) => [String(it.bgpAsn)],
  "customer-gateway-id": (it) => [it.id],
  "ip-address": (it) => [it.ipAddress],
  state: (it) => [stateOf(it)],
  type: always("ipsec.1"),
};

export const vpnGatewayActions: Actions = {
  CreateVpnGateway: action(create, (input, call) =>
    onNew("CreateVpnGateway", { kind: "vpn-gateway", tagSpecifications: input.TagSpecifications }, call),
  ),
  DescribeVpnGateways: action(describe, (_, call) => onAnything("DescribeVpnGateways", call)),
  DeleteVpnGateway: action(remove, (input, call) =>
    onExisting("DeleteVpnGateway", "vpn-gateway", [input.VpnGatewayId], call),
  ),
  AttachVpnGateway: action(attach, (input, call) => [
    ...onExisting("AttachVpnGateway", "vpn-gateway", [input.VpnGatewayId], call),
    ...onExisting("AttachVpnGateway", "vpc", [input.VpcId], call),
  ]),
  DetachVpnGateway: action(detach, (input, call) => [
    ...onExisting("DetachVpnGateway", "vpn-gateway", [input.VpnGatewayId], call),
    ...onExisting("DetachVpnGateway", "vpc", [input.VpcId], call),
  ]),
  EnableVgwRoutePropagation: action(propagate(true), (input, call) => [
    ...onExisting("EnableVgwRoutePropagation", "route-table", [input.RouteTableId], call),
    ...onExisting("EnableVgwRoutePropagation", "vpn-gateway", [input.GatewayId], call),
  ]),
  DisableVgwRoutePropagation: action(propagate(false), (input, call) => [
    ...onExisting("DisableVgwRoutePropagation", "route-table", [input.RouteTableId], call),
    ...onExisting("DisableVgwRoutePropagation", "vpn-gateway", [input.GatewayId], call),
  ]),
  CreateCustomerGateway: action(createCustomer, (input, call) =>
    onNew("CreateCustomerGateway", { kind: "customer-gateway", tagSpecifications: input.TagSpecifications }, call),
  ),
  DescribeCustomerGateways: action(describeCustomers, (_, call) => onAnything("DescribeCustomerGateways", call)),
  DeleteCustomerGateway: action(removeCustomer, (input, call) =>
    onExisting("DeleteCustomerGateway", "customer-gateway", [input.CustomerGatewayId], call),
  ),
};
