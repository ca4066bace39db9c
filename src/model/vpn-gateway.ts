/**
 * Virtual private gateways and customer gateways: the two ends of a VPN connection.
 * Source: AWS Site-to-Site VPN User Guide, "How AWS Site-to-Site VPN works".
 */

import { type Id, makeId } from "../base/id.ts";
import { parseIp } from "../base/ip.ts";
import { type Result } from "../base/result.ts";
import { type ApiError, fail } from "./error.ts";
import { lookup } from "./lookup.ts";
import { checkQuota } from "./quota.ts";
import type { Resource, Tags } from "./resource.ts";
import { findBy, ownerKey, put, type State } from "./state.ts";
import { checkTags } from "./tag.ts";
import { accept, type Context, type Outcome } from "./verb.ts";
import { type Deletable, livingOf, lookupLiving, remains } from "./vpn-remains.ts";

export interface VpnGateway extends Resource, Deletable {
  readonly id: Id<"vgw">;
  /** The VPC that it is attached to. INVARIANT: no two gateways name one VPC. */
  readonly vpcId?: Id<"vpc">;
  /** The VPC that it was attached to last: AWS goes on showing that attachment as `detached`. */
  readonly detachedFromVpcId?: Id<"vpc">;
  readonly amazonSideAsn: number;
  readonly availabilityZone?: string;
}

export interface CustomerGateway extends Resource, Deletable {
  readonly id: Id<"cgw">;
  readonly bgpAsn: number;
  readonly ipAddress: string;
  readonly deviceName?: string;
  readonly certificateArn?: string;
}

/** Source: EC2 API Reference, "CreateVpnGateway", AmazonSideAsn: 64512 without a wish. */
const defaultAsn = 64_512;

export function createVpnGateway(
  state: State,
  input: { readonly amazonSideAsn?: number; readonly availabilityZone?: string; readonly tags: Tags },
  context: Context,
): Outcome<VpnGateway> {
  const asn = input.amazonSideAsn ?? defaultAsn;
  const isPrivate = (asn >= 64_512 && asn <= 65_534) || (asn >= 4_200_000_000 && asn <= 4_294_967_294);
  if (!isPrivate) return invalid(`Value (${asn}) for parameter amazonSideAsn is invalid. Invalid Amazon Side ASN.`);
  const tags = checkTags(input.tags);
  if (!tags.ok) return tags;
  const quota = checkQuota("vpnGatewaysPerRegion", livingOf(state, "vpn-gateway", context).length, context);
  if (!quota.ok) return quota;
  const gateway: VpnGateway = {
    id: makeId("vgw", context.hex),
    accountId: context.accountId,
    region: context.region,
    createdAtMs: context.nowMs,
    tags: tags.value,
    amazonSideAsn: asn,
    ...(input.availabilityZone !== undefined && { availabilityZone: input.availabilityZone }),
  };
  return accept(gateway, [put("vpn-gateway", gateway)]);
}

/**
 * Fails with IncorrectState while it is attached or a connection ends at it.
 * ASSUMPTION: the texts that refuse to delete a VPN gateway are ours.
 */
export function deleteVpnGateway(
  state: State,
  input: { readonly vpnGatewayId: string },
  context: Context,
): Outcome<void> {
  const gateway = lookupLiving(state, "vpn-gateway", input.vpnGatewayId, context);
  if (!gateway.ok) return gateway;
  const { id, vpcId } = gateway.value;
  if (vpcId !== undefined) return incorrectState(`The vpnGateway '${id}' is attached to '${vpcId}'.`);
  if (findBy(state, "vpn-connection", "vpnGatewayId", id).length > 0) {
    return incorrectState(`The vpnGateway '${id}' is in use by a VPN connection.`);
  }
  return accept(undefined, remains(state, "vpn-gateway", gateway.value, context));
}

/** Attaching it where it is changes nothing; each has at most one of the other. */
export function attachVpnGateway(
  state: State,
  input: { readonly vpnGatewayId: string; readonly vpcId: string },
  context: Context,
): Outcome<VpnGateway> {
  const gateway = lookupLiving(state, "vpn-gateway", input.vpnGatewayId, context);
  if (!gateway.ok) return gateway;
  const vpc = lookup(state, "vpc", input.vpcId, context);
  if (!vpc.ok) return vpc;
  if (gateway.value.vpcId === vpc.value.id) return accept(gateway.value, []);
  if (gateway.value.vpcId !== undefined || findBy(state, "vpn-gateway", "vpcId", vpc.value.id).length > 0) {
    return fail("VpnGatewayAttachmentLimitExceeded", {
      message: "The maximum number of virtual private gateway attachments has been reached.",
    });
  }
  const { detachedFromVpcId: _, ...loose } = gateway.value;
  const attached: VpnGateway = { ...loose, vpcId: vpc.value.id };
  return accept(attached, [put("vpn-gateway", attached)]);
}

/** The route tables of the VPC no longer hear of routes from it. */
export function detachVpnGateway(
  state: State,
  input: { readonly vpnGatewayId: string; readonly vpcId: string },
  context: Context,
): Outcome<void> {
  const gateway = lookupLiving(state, "vpn-gateway", input.vpnGatewayId, context);
  if (!gateway.ok) return gateway;
  const vpc = lookup(state, "vpc", input.vpcId, context);
  if (!vpc.ok) return vpc;
  if (gateway.value.vpcId !== vpc.value.id) {
    return fail("InvalidVpnGatewayAttachment.NotFound", {
      message: `The attachment with vpn gateway ID '${gateway.value.id}' and vpc ID '${vpc.value.id}' does not exist`,
    });
  }
  const { vpcId: detachedFromVpcId, ...loose } = gateway.value;
  const detached: VpnGateway = { ...loose, ...(detachedFromVpcId !== undefined && { detachedFromVpcId }) };
  const tables = findBy(state, "route-table", "vpcId", vpc.value.id).filter((table) =>
    (table.propagatingVpnGatewayIds ?? []).includes(gateway.value.id),
  );
  return accept(undefined, [
    put("vpn-gateway", detached),
    ...tables.map((table) => {
      const ids = (table.propagatingVpnGatewayIds ?? []).filter((id) => id !== gateway.value.id);
      return put("route-table", { ...table, propagatingVpnGatewayIds: ids });
    }),
  ]);
}

/** Lets a route table hear of the gateway's routes, or no more. Fails with Gateway.NotAttached. */
export function setRoutePropagation(
  state: State,
  input: { readonly routeTableId: string; readonly vpnGatewayId: string; readonly enabled: boolean },
  context: Context,
): Outcome<void> {
  const table = lookup(state, "route-table", input.routeTableId, context);
  if (!table.ok) return table;
  const gateway = lookupLiving(state, "vpn-gateway", input.vpnGatewayId, context);
  if (!gateway.ok) return gateway;
  const { id } = gateway.value;
  if (input.enabled && gateway.value.vpcId !== table.value.vpcId) {
    return fail("Gateway.NotAttached", { gatewayId: id, vpcId: table.value.vpcId });
  }
  const others = (table.value.propagatingVpnGatewayIds ?? []).filter((one) => one !== id);
  const propagatingVpnGatewayIds = input.enabled ? [...others, id] : others;
  return accept(undefined, [put("route-table", { ...table.value, propagatingVpnGatewayIds })]);
}

export interface CreateCustomerGatewayInput {
  readonly bgpAsn?: number;
  readonly ipAddress?: string;
  readonly deviceName?: string;
  readonly certificateArn?: string;
  readonly tags: Tags;
}

/** The gateway; one that is there with the same address and number is answered again. */
export function createCustomerGateway(
  state: State,
  input: CreateCustomerGatewayInput,
  context: Context,
): Outcome<CustomerGateway> {
  const { ipAddress, bgpAsn = 65_000, deviceName, certificateArn } = input;
  if (ipAddress === undefined) return fail("MissingParameter", { parameter: "ipAddress" });
  if (parseIp(ipAddress) === undefined) {
    return invalid(`Value (${ipAddress}) for parameter ipAddress is invalid. Invalid IP address.`);
  }
  if (bgpAsn < 1 || bgpAsn > 4_294_967_294) return invalid(`Value (${bgpAsn}) for parameter bgpAsn is invalid.`);
  const tags = checkTags(input.tags);
  if (!tags.ok) return tags;
  const same = findBy(state, "customer-gateway", "owner", ownerKey(context.accountId, context.region)).find(
    (one) =>
      one.deletedAtMs === undefined &&
      one.ipAddress === ipAddress &&
      one.bgpAsn === bgpAsn &&
      one.deviceName === deviceName,
  );
  if (same !== undefined) return accept(same, []);
  const quota = checkQuota("customerGatewaysPerRegion", livingOf(state, "customer-gateway", context).length, context);
  if (!quota.ok) return quota;
  const gateway: CustomerGateway = {
    id: makeId("cgw", context.hex),
    accountId: context.accountId,
    region: context.region,
    createdAtMs: context.nowMs,
    tags: tags.value,
    bgpAsn,
    ipAddress,
    ...(deviceName !== undefined && { deviceName }),
    ...(certificateArn !== undefined && { certificateArn }),
  };
  return accept(gateway, [put("customer-gateway", gateway)]);
}

export function deleteCustomerGateway(
  state: State,
  input: { readonly customerGatewayId: string },
  context: Context,
): Outcome<void> {
  const gateway = lookupLiving(state, "customer-gateway", input.customerGatewayId, context);
  if (!gateway.ok) return gateway;
  const { id } = gateway.value;
  if (findBy(state, "vpn-connection", "customerGatewayId", id).length > 0) {
    return incorrectState("The customer gateway is in use.");
  }
  return accept(undefined, remains(state, "customer-gateway", gateway.value, context));
}

function incorrectState(message: string): Result<never, ApiError> {
  return fail("IncorrectState", { message });
}

function invalid(message: string): Result<never, ApiError> {
  return fail("InvalidParameterValue", { message });
}
