/** NAT gateways on the wire. Source: Amazon EC2 API Reference, "CreateNatGateway" and the other operations below. */

import type {
  AssignPrivateNatGatewayAddressRequest,
  AssignPrivateNatGatewayAddressResult,
  AssociateNatGatewayAddressRequest,
  AssociateNatGatewayAddressResult,
  CreateNatGatewayRequest,
  CreateNatGatewayResult,
  DeleteNatGatewayRequest,
  DeleteNatGatewayResult,
  DescribeNatGatewaysRequest,
  DescribeNatGatewaysResult,
  DisassociateNatGatewayAddressRequest,
  DisassociateNatGatewayAddressResult,
  NatGateway as WireNatGateway,
  NatGatewayAddress as WireAddress,
  UnassignPrivateNatGatewayAddressRequest,
  UnassignPrivateNatGatewayAddressResult,
} from "@aws-sdk/client-ec2";
import { ok, type Result } from "../../base/result.ts";
import { type ApiError, fail } from "../../model/error.ts";
import {
  assignPrivateNatGatewayAddress,
  associateNatGatewayAddress,
  createNatGateway,
  type CreateNatGatewayInput,
  deleteNatGateway,
  disassociateNatGatewayAddress,
  isForgottenGateway,
  type NatGateway,
  type NatGatewayAddress,
  unassignPrivateNatGatewayAddress,
} from "../../model/nat-gateway.ts";
import { find, findBy } from "../../model/state.ts";
import type { Call, Handler } from "../handler.ts";
import { action, type Actions } from "./action.ts";
import { type FilterTable, tagFilters } from "./filter.ts";
import { list } from "./listing.ts";
import { optionalTags, readTagSpecifications } from "./tag-set.ts";
import { onAnything, onExisting, onNew } from "./target.ts";

const create: Handler<CreateNatGatewayRequest, CreateNatGatewayResult> = async (input, call) => {
  const wanted = readCreation(input);
  if (!wanted.ok) return wanted;
  const made = await call.run((state, context) => createNatGateway(state, wanted.value, context));
  if (!made.ok) return made;
  return ok({ ClientToken: input.ClientToken, NatGateway: wireGateway(made.value) });
};

function readCreation(input: CreateNatGatewayRequest): Result<CreateNatGatewayInput, ApiError> {
  const tags = readTagSpecifications(input.TagSpecifications, ["natgateway"]);
  if (!tags.ok) return tags;
  if (input.AvailabilityMode === "regional" || input.AvailabilityZoneAddresses !== undefined) {
    return fail("UnsupportedOperation", { message: "Regional NAT gateways are not served by Underpass yet" });
  }
  const connectivity = input.ConnectivityType ?? "public";
  if (connectivity !== "public" && connectivity !== "private") {
    return fail("InvalidParameterValue", {
      message: `Value (${String(connectivity)}) for parameter connectivityType is invalid. Valid values are public and private.`,
    });
  }
  if (input.SubnetId === undefined) return fail("MissingParameter", { parameter: "SubnetId" });
  return ok({
    subnetId: input.SubnetId,
    connectivity,
    ...(input.AllocationId !== undefined && { allocationId: input.AllocationId }),
    ...(input.PrivateIpAddress !== undefined && { privateIpAddress: input.PrivateIpAddress }),
    secondaryAllocationIds: input.SecondaryAllocationIds ?? [],
    secondaryPrivateIpAddresses: input.SecondaryPrivateIpAddresses ?? [],
    ...(input.SecondaryPrivateIpAddressCount !== undefined && {
      secondaryPrivateIpAddressCount: input.SecondaryPrivateIpAddressCount,
    }),
    ...(input.ClientToken !== undefined && { clientToken: input.ClientToken }),
    tags: tags.value.natgateway,
  });
}

const describe: Handler<DescribeNatGatewaysRequest, DescribeNatGatewaysResult> = async (input, call) => {
  const listing = {
    kind: "natgateway",
    ids: input.NatGatewayIds,
    filters,
    indexed: { "subnet-id": "subnetId", "vpc-id": "vpcId" },
    hidden: (one: NatGateway) => isForgottenGateway(one, call.nowMs),
  } as const;
  const page = list(listing, { ...input, Filters: input.Filter }, call);
  if (!page.ok) return page;
  return ok({ NatGateways: page.value.items.map(wireGateway), NextToken: page.value.nextToken });
};

const remove: Handler<DeleteNatGatewayRequest, DeleteNatGatewayResult> = async (input, call) => {
  const natGatewayId = input.NatGatewayId ?? "";
  const gone = await call.run((state, context) => deleteNatGateway(state, { natGatewayId }, context));
  return gone.ok ? ok({ NatGatewayId: gone.value }) : gone;
};

const assign: Handler<AssignPrivateNatGatewayAddressRequest, AssignPrivateNatGatewayAddressResult> = async (
  input,
  call,
) => {
  const natGatewayId = input.NatGatewayId ?? "";
  const count = input.PrivateIpAddressCount;
  const wanted = {
    natGatewayId,
    privateIpAddresses: input.PrivateIpAddresses ?? [],
    ...(count !== undefined && { count }),
  };
  const done = await call.run((state, context) => assignPrivateNatGatewayAddress(state, wanted, context));
  return done.ok ? ok(changedAddresses(natGatewayId, done.value, "assigning", call)) : done;
};

const unassign: Handler<UnassignPrivateNatGatewayAddressRequest, UnassignPrivateNatGatewayAddressResult> = async (
  input,
  call,
) => {
  const natGatewayId = input.NatGatewayId ?? "";
  const wanted = { natGatewayId, privateIpAddresses: input.PrivateIpAddresses ?? [] };
  const done = await call.run((state, context) => unassignPrivateNatGatewayAddress(state, wanted, context));
  return done.ok ? ok(changedAddresses(natGatewayId, done.value, "unassigning", call)) : done;
};

const associate: Handler<AssociateNatGatewayAddressRequest, AssociateNatGatewayAddressResult> = async (input, call) => {
  const natGatewayId = input.NatGatewayId ?? "";
  const wanted = {
    natGatewayId,
    allocationIds: input.AllocationIds ?? [],
    privateIpAddresses: input.PrivateIpAddresses ?? [],
  };
  const done = await call.run((state, context) => associateNatGatewayAddress(state, wanted, context));
  return done.ok ? ok(changedAddresses(natGatewayId, done.value, "associating", call)) : done;
};

const disassociate: Handler<DisassociateNatGatewayAddressRequest, DisassociateNatGatewayAddressResult> = async (
  input,
  call,
) => {
  const natGatewayId = input.NatGatewayId ?? "";
  const wanted = { natGatewayId, associationIds: input.AssociationIds ?? [] };
  const done = await call.run((state, context) => disassociateNatGatewayAddress(state, wanted, context));
  return done.ok ? ok(changedAddresses(natGatewayId, done.value, "disassociating", call)) : done;
};

type Passing = "assigning" | "unassigning" | "associating" | "disassociating";

/** The answer still says that it goes on, as AWS's does; it is done. */
function changedAddresses(
  natGatewayId: string,
  addresses: readonly NatGatewayAddress[],
  status: Passing,
  call: Call,
): { NatGatewayId: string; NatGatewayAddresses: WireAddress[] } {
  const gateway = find(call.state(), "natgateway", natGatewayId);
  const wired = gateway === undefined ? [] : addresses.map((one) => ({ ...wireAddress(gateway, one), Status: status }));
  return { NatGatewayId: natGatewayId, NatGatewayAddresses: wired };
}

function wireGateway(gateway: NatGateway): WireNatGateway {
  return {
    CreateTime: new Date(gateway.createdAtMs),
    ...(gateway.deletedAtMs !== undefined && { DeleteTime: new Date(gateway.deletedAtMs) }),
    NatGatewayAddresses: gateway.addresses.map((one) => wireAddress(gateway, one)),
    NatGatewayId: gateway.id,
    State: gateway.state,
    SubnetId: gateway.subnetId,
    VpcId: gateway.vpcId,
    ...optionalTags(gateway.tags),
    ConnectivityType: gateway.connectivity,
    AvailabilityMode: "zonal",
  };
}

function wireAddress(gateway: NatGateway, address: NatGatewayAddress): WireAddress {
  const { elastic, privateIp } = address;
  return {
    ...(elastic !== undefined && { AllocationId: elastic.allocationId }),
    NetworkInterfaceId: gateway.networkInterfaceId,
    PrivateIp: privateIp,
    ...(elastic !== undefined && { PublicIp: elastic.publicIp, AssociationId: elastic.associationId }),
    IsPrimary: gateway.addresses[0]?.privateIp === privateIp,
    Status: "succeeded",
  };
}

const filters: FilterTable<NatGateway> = {
  ...tagFilters,
  "nat-gateway-id": (it) => [it.id],
  state: (it) => [it.state],
  "subnet-id": (it) => [it.subnetId],
  "vpc-id": (it) => [it.vpcId],
};

const onGateway = (name: string) => (input: { readonly NatGatewayId: string | undefined }, call: Call) =>
  onExisting(name, "natgateway", [input.NatGatewayId], call);

function addressesOf(associationIds: readonly string[], call: Call): readonly string[] {
  return associationIds.flatMap((id) => findBy(call.state(), "elastic-ip", "associationId", id)).map((one) => one.id);
}

export const natGatewayActions: Actions = {
  CreateNatGateway: action(create, (input, call) => [
    ...onNew("CreateNatGateway", { kind: "natgateway", tagSpecifications: input.TagSpecifications }, call),
    ...onExisting("CreateNatGateway", "subnet", [input.SubnetId], call),
    ...onExisting(
      "CreateNatGateway",
      "elastic-ip",
      [input.AllocationId, ...(input.SecondaryAllocationIds ?? [])],
      call,
    ),
  ]),
  DescribeNatGateways: action(describe, (_, call) => onAnything("DescribeNatGateways", call)),
  DeleteNatGateway: action(remove, onGateway("DeleteNatGateway")),
  AssignPrivateNatGatewayAddress: action(assign, onGateway("AssignPrivateNatGatewayAddress")),
  UnassignPrivateNatGatewayAddress: action(unassign, onGateway("UnassignPrivateNatGatewayAddress")),
  AssociateNatGatewayAddress: action(associate, (input, call) => [
    ...onGateway("AssociateNatGatewayAddress")(input, call),
    ...onExisting("AssociateNatGatewayAddress", "elastic-ip", input.AllocationIds ?? [], call),
  ]),
  DisassociateNatGatewayAddress: action(disassociate, (input, call) => [
    ...onGateway("DisassociateNatGatewayAddress")(input, call),
    ...onExisting("DisassociateNatGatewayAddress", "elastic-ip", addressesOf(input.AssociationIds ?? [], call), call),
  ]),
};
