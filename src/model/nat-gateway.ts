/**
 * NAT gateways, public and private, and their addresses.
 * Source: Amazon VPC User Guide, "NAT gateways"; EC2 API Reference, "CreateNatGateway" and "NatGateway".
 */

import { type Id, makeId } from "../base/id.ts";
import { ok, type Result } from "../base/result.ts";
import { idempotency, madeBefore } from "./client-token.ts";
import { type ElasticIp, joinAddress, releaseAssociations } from "./elastic-ip.ts";
import { type ApiError, fail } from "./error.ts";
import type { Idempotent } from "./idempotent.ts";
import { lookup } from "./lookup.ts";
import { type NetworkInterface, newInterface, privateAddresses } from "./network-interface.ts";
import { checkQuota, quotaOf } from "./quota.ts";
import type { Resource, Tags } from "./resource.ts";
import { type Change, find, findBy, ownerKey, put, remove, type State } from "./state.ts";
import type { Subnet } from "./subnet.ts";
import { checkTags } from "./tag.ts";
import { enter, lasting, type Transitional } from "./transition.ts";
import { accept, type Caller, type Context, type Outcome } from "./verb.ts";

export interface NatGateway extends Resource, Idempotent, Transitional {
  readonly id: Id<"nat">;
  readonly vpcId: Id<"vpc">;
  readonly subnetId: Id<"subnet">;
  readonly connectivity: "public" | "private";
  /** A deleted gateway is shown for about an hour. */
  readonly state: "pending" | "available" | "deleting" | "deleted";
  readonly deletedAtMs?: number;
  /** Its interface, which is gone once it is deleted. */
  readonly networkInterfaceId: Id<"eni">;
  /** The primary one first; after the deletion those that it had. */
  readonly addresses: readonly NatGatewayAddress[];
}

export interface NatGatewayAddress {
  readonly privateIp: string;
  /** Of public gateways. */
  readonly elastic?: {
    readonly allocationId: Id<"eipalloc">;
    readonly associationId: Id<"eipassoc">;
    readonly publicIp: string;
  };
}

/** Source: Amazon VPC User Guide, "Delete a NAT gateway": it stays visible for about an hour. */
const deletedKeptMs = 3_600_000;

export interface CreateNatGatewayInput {
  readonly subnetId: string;
  readonly connectivity: "public" | "private";
  readonly allocationId?: string;
  readonly privateIpAddress?: string;
  readonly secondaryAllocationIds: readonly string[];
  readonly secondaryPrivateIpAddresses: readonly string[];
  readonly secondaryPrivateIpAddressCount?: number;
  readonly clientToken?: string;
  readonly tags: Tags;
}

/** The gateway with its interface; fails with MissingParameter, InvalidAllocationID.NotFound, Resource.AlreadyAssociated. */
export function createNatGateway(state: State, input: CreateNatGatewayInput, context: Context): Outcome<NatGateway> {
  const before = madeBefore(state, "natgateway", input, context);
  if (!before.ok) return before;
  if (before.value[0] !== undefined) return accept(before.value[0], []);
  const subnet = lookup(state, "subnet", input.subnetId, context);
  if (!subnet.ok) return subnet;
  const checked = checkKind(input, context);
  if (!checked.ok) return checked;
  const elastic = freeAddresses(state, allocationsOf(input), context);
  if (!elastic.ok) return elastic;
  if (input.connectivity === "public" && findBy(state, "internet-gateway", "vpcId", subnet.value.vpcId).length === 0) {
    return fail("Gateway.NotAttached", {
      message: `Network ${subnet.value.vpcId} has no Internet gateway attached`,
    });
  }
  const privates = takePrivate(state, subnet.value, input);
  if (!privates.ok) return privates;
  const tags = checkTags(input.tags);
  if (!tags.ok) return tags;
  const quota = checkQuota("natGatewaysPerZone", gatewaysInZone(state, subnet.value, context), context);
  if (!quota.ok) return quota;
  return made(
    input,
    { subnet: subnet.value, elastic: elastic.value, privates: privates.value, tags: tags.value },
    context,
  );
}

/**
 * Deletes the gateway: routes to it turn into blackholes at once; in the end its interface goes, and its Elastic IPs stay
 * with the account.
 */
export function deleteNatGateway(
  state: State,
  input: { readonly natGatewayId: string },
  context: Context,
): Outcome<Id<"nat">> {
  const gateway = lookup(state, "natgateway", input.natGatewayId, context);
  if (!gateway.ok) return gateway;
  const { id } = gateway.value;
  if (gateway.value.state === "deleted" || gateway.value.state === "deleting") return accept(id, []);
  const deleting: NatGateway = { ...gateway.value, state: "deleting", deletedAtMs: context.nowMs };
  return accept(
    id,
    enter("natgateway", deleting, (one) => settledNatGateway(one, state), context),
  );
}

/** What a gateway in a passing state becomes. */
export function settledNatGateway(gateway: NatGateway, state: State): readonly Change[] {
  if (gateway.state !== "deleting") return available(gateway);
  const { networkInterfaceId } = gateway;
  return [
    ...releaseAssociations(state, networkInterfaceId),
    remove("network-interface", networkInterfaceId),
    put("natgateway", { ...lasting(gateway), state: "deleted" }),
  ];
}

function available(gateway: NatGateway): readonly Change[] {
  return [put("natgateway", { ...lasting(gateway), state: "available" })];
}

/** Whether routes may lead to the gateway: it need not be available yet. */
export function isLiveGateway(gateway: NatGateway | undefined): boolean {
  return gateway?.state === "pending" || gateway?.state === "available";
}

/** Whether a deleted gateway is too old to be shown. */
export function isForgottenGateway(gateway: NatGateway, nowMs: number): boolean {
  return gateway.deletedAtMs !== undefined && nowMs - gateway.deletedAtMs > deletedKeptMs;
}

/** Gives a private gateway more private addresses; answers those. */
export function assignPrivateNatGatewayAddress(
  state: State,
  input: { readonly natGatewayId: string; readonly privateIpAddresses: readonly string[]; readonly count?: number },
  context: Context,
): Outcome<readonly NatGatewayAddress[]> {
  const found = liveGateway(state, input.natGatewayId, "private", context);
  if (!found.ok) return found;
  const { gateway, holder } = found.value;
  const taken = takeSecondary(state, holder, input.privateIpAddresses, input.count);
  if (!taken.ok) return taken;
  const added = taken.value.map((privateIp): NatGatewayAddress => ({ privateIp }));
  if (gateway.addresses.length + added.length > quotaOf("privateAddressesPerNatGateway", context))
    return fail("PrivateIpAddressLimitExceeded", {});
  return accept(added, withAddresses(gateway, holder, [...gateway.addresses, ...added]));
}

/** Takes secondary private addresses away; answers those. */
export function unassignPrivateNatGatewayAddress(
  state: State,
  input: { readonly natGatewayId: string; readonly privateIpAddresses: readonly string[] },
  context: Context,
): Outcome<readonly NatGatewayAddress[]> {
  const found = liveGateway(state, input.natGatewayId, "private", context);
  if (!found.ok) return found;
  const { gateway, holder } = found.value;
  const [primary, ...secondary] = gateway.addresses;
  if (input.privateIpAddresses.includes(primary?.privateIp ?? "")) {
    return refuse("The primary private IP address of a NAT gateway cannot be unassigned");
  }
  const gone = secondary.filter((one) => input.privateIpAddresses.includes(one.privateIp));
  if (gone.length < new Set(input.privateIpAddresses).size) {
    return refuse(`Some of the addresses are not assigned to NAT gateway ${gateway.id}`);
  }
  return accept(
    gone,
    withAddresses(
      gateway,
      holder,
      gateway.addresses.filter((one) => !gone.includes(one)),
    ),
  );
}

/** Gives a public gateway more Elastic IPs; answers their addresses. */
export function associateNatGatewayAddress(
  state: State,
  input: {
    readonly natGatewayId: string;
    readonly allocationIds: readonly string[];
    readonly privateIpAddresses: readonly string[];
  },
  context: Context,
): Outcome<readonly NatGatewayAddress[]> {
  const found = liveGateway(state, input.natGatewayId, "public", context);
  if (!found.ok) return found;
  const { gateway, holder } = found.value;
  const elastic = freeAddresses(state, input.allocationIds, context);
  if (!elastic.ok) return elastic;
  if (input.privateIpAddresses.length > elastic.value.length) {
    return refuse("The number of private IP addresses must not exceed the number of allocation IDs");
  }
  if (gateway.addresses.length + elastic.value.length > quotaOf("publicAddressesPerNatGateway", context)) {
    return fail("AddressLimitExceeded", {});
  }
  const taken = takeSecondary(state, holder, input.privateIpAddresses, elastic.value.length);
  if (!taken.ok) return taken;
  const joined = joinAll(elastic.value, { holder, privates: taken.value }, context);
  return accept(joined.addresses, [
    ...joined.changes,
    ...withAddresses(gateway, holder, [...gateway.addresses, ...joined.addresses]),
  ]);
}

/** Takes secondary Elastic IPs away; answers their addresses. */
export function disassociateNatGatewayAddress(
  state: State,
  input: { readonly natGatewayId: string; readonly associationIds: readonly string[] },
  context: Context,
): Outcome<readonly NatGatewayAddress[]> {
  const found = liveGateway(state, input.natGatewayId, "public", context);
  if (!found.ok) return found;
  const { gateway, holder } = found.value;
  const isNamed = (one: NatGatewayAddress | undefined): boolean =>
    one?.elastic !== undefined && input.associationIds.includes(one.elastic.associationId);
  const unknown = input.associationIds.find(
    (id) => !gateway.addresses.some((one) => one.elastic?.associationId === id),
  );
  if (unknown !== undefined) return fail("InvalidAssociationID.NotFound", { associationId: unknown });
  if (isNamed(gateway.addresses[0])) {
    return refuse("The primary address of a NAT gateway cannot be disassociated");
  }
  const gone = gateway.addresses.filter(isNamed);
  const released = gone.flatMap((one): readonly Change[] => {
    const address = find(state, "elastic-ip", one.elastic?.allocationId ?? "");
    if (address === undefined) return [];
    const { association: _, ...free } = address;
    return [put("elastic-ip", free)];
  });
  const rest = gateway.addresses.filter((one) => !gone.includes(one));
  return accept(gone, [...released, ...withAddresses(gateway, holder, rest)]);
}

interface Parts {
  readonly subnet: Subnet;
  readonly elastic: readonly ElasticIp[];
  readonly privates: readonly string[];
  readonly tags: Tags;
}

function made(input: CreateNatGatewayInput, parts: Parts, context: Context): Outcome<NatGateway> {
  const { subnet, elastic, privates, tags } = parts;
  const [primary = "", ...secondary] = privates;
  const id = makeId("nat", context.hex);
  const holder = newInterface(
    {
      subnet,
      description: `Interface for NAT Gateway ${id}`,
      privateIpAddress: primary,
      secondaryPrivateIpAddresses: secondary,
      // Source: Amazon VPC User Guide, "NAT gateway basics": security groups cannot be associated with it.
      securityGroupIds: [],
      requester: { kind: "nat-gateway", natGatewayId: id },
      tags: [],
    },
    context,
  );
  const joined = joinAll(elastic, { holder, privates }, context);
  const { accountId, region, nowMs } = context;
  const gateway: NatGateway = {
    id,
    accountId,
    region,
    createdAtMs: nowMs,
    tags,
    vpcId: subnet.vpcId,
    subnetId: subnet.id,
    connectivity: input.connectivity,
    state: "pending",
    networkInterfaceId: holder.id,
    addresses: [...joined.addresses, ...privates.slice(elastic.length).map((privateIp) => ({ privateIp }))],
    ...idempotency(input),
  };
  const [first] = elastic;
  const unchecked: NetworkInterface = { ...holder, sourceDestCheck: false };
  const bound = first === undefined ? unchecked : { ...unchecked, publicIpAddress: first.publicIp };
  const joining = [...joined.changes, put("network-interface", bound)];
  return accept(gateway, [...enter("natgateway", gateway, available, context), ...joining]);
}

/** Each Elastic IP with a private address, in order. The interface itself is left to the caller. */
function joinAll(
  elastic: readonly ElasticIp[],
  { holder, privates }: { readonly holder: NetworkInterface; readonly privates: readonly string[] },
  context: Context,
): { readonly addresses: readonly NatGatewayAddress[]; readonly changes: readonly Change[] } {
  const changes: Change[] = [];
  const addresses = elastic.map((address, at): NatGatewayAddress => {
    const privateIp = privates[at] ?? "";
    const joined = joinAddress(address, holder, privateIp, context);
    changes.push(...joined.changes.filter((change) => change.kind === "elastic-ip"));
    const { id: allocationId, publicIp } = address;
    return { privateIp, elastic: { allocationId, associationId: joined.associationId, publicIp } };
  });
  return { addresses, changes };
}

/** Source: EC2 API Reference, "CreateNatGateway": which parameters belong to which connectivity. */
function checkKind(input: CreateNatGatewayInput, context: Context): Result<void, ApiError> {
  const { connectivity, allocationId, secondaryAllocationIds, secondaryPrivateIpAddressCount: count } = input;
  if (connectivity === "public" && allocationId === undefined) {
    return fail("MissingParameter", { parameter: "AllocationId" });
  }
  if (connectivity === "private" && (allocationId !== undefined || secondaryAllocationIds.length > 0)) {
    return fail("InvalidParameterCombination", {
      message: "AllocationId is not supported for NAT gateways with private connectivity",
    });
  }
  if (connectivity === "public" && count !== undefined) {
    return fail("InvalidParameterCombination", {
      message: "SecondaryPrivateIpAddressCount is only supported for NAT gateways with private connectivity",
    });
  }
  if (count !== undefined && input.secondaryPrivateIpAddresses.length > 0) {
    return fail("InvalidParameterCombination", {
      message: "SecondaryPrivateIpAddressCount cannot be used with SecondaryPrivateIpAddresses",
    });
  }
  if (count !== undefined && (count < 1 || count >= quotaOf("privateAddressesPerNatGateway", context))) {
    return refuse(`Value (${count}) for parameter secondaryPrivateIpAddressCount is invalid.`);
  }
  return ok(undefined);
}

/** Those that are not deleted yet. Source: "Amazon VPC quotas": pending, active and deleting ones count. */
function gatewaysInZone(state: State, { availabilityZone }: Subnet, caller: Caller): number {
  const own = findBy(state, "natgateway", "owner", ownerKey(caller.accountId, caller.region));
  return own.filter(
    (one) => one.state !== "deleted" && find(state, "subnet", one.subnetId)?.availabilityZone === availabilityZone,
  ).length;
}

function allocationsOf(input: CreateNatGatewayInput): readonly string[] {
  return input.allocationId === undefined ? [] : [input.allocationId, ...input.secondaryAllocationIds];
}

/** Addresses of the caller that stand for nothing yet, none twice. */
function freeAddresses(
  state: State,
  allocationIds: readonly string[],
  caller: Caller,
): Result<readonly ElasticIp[], ApiError> {
  const found: ElasticIp[] = [];
  for (const id of new Set(allocationIds)) {
    const address = lookup(state, "elastic-ip", id, caller);
    if (!address.ok) return address;
    if (address.value.association !== undefined) {
      return fail("Resource.AlreadyAssociated", {
        message: `Elastic IP address [${id}] is already associated`,
      });
    }
    found.push(address.value);
  }
  return ok(found);
}

function takePrivate(state: State, subnet: Subnet, input: CreateNatGatewayInput): Result<readonly string[], ApiError> {
  const secondaryCount =
    input.connectivity === "public" ? input.secondaryAllocationIds.length : (input.secondaryPrivateIpAddressCount ?? 0);
  const wished = input.secondaryPrivateIpAddresses;
  const wishes = [input.privateIpAddress, ...wished];
  while (wishes.length < secondaryCount + 1) wishes.push(undefined);
  const pool = privateAddresses(state, subnet);
  const taken: string[] = [];
  // Wishes come before AWS's own choice, so that this does not take what is wished for.
  for (const wish of wishes.toSorted((a, b) => Number(a === undefined) - Number(b === undefined))) {
    const one = pool.take(wish);
    if (!one.ok) return one;
    taken.push(one.value);
  }
  if (input.privateIpAddress !== undefined || wished.length === 0) return ok(taken);
  // The primary one was chosen behind the wishes.
  return ok([taken[wished.length] ?? "", ...taken.filter((_, at) => at !== wished.length)]);
}

function takeSecondary(
  state: State,
  holder: NetworkInterface,
  wished: readonly string[],
  count: number | undefined,
): Result<readonly string[], ApiError> {
  const subnet = find(state, "subnet", holder.subnetId);
  if (subnet === undefined) return fail("InvalidSubnetID.NotFound", { subnetId: holder.subnetId });
  const wishes: (string | undefined)[] = [...wished];
  const wanted = count ?? Math.max(wished.length, 1);
  if (wanted < 1 || wanted > 31) return refuse(`Value (${wanted}) for parameter privateIpAddressCount is invalid.`);
  while (wishes.length < wanted) wishes.push(undefined);
  const pool = privateAddresses(state, subnet);
  const taken: string[] = [];
  for (const wish of wishes) {
    const one = pool.take(wish);
    if (!one.ok) return one;
    taken.push(one.value);
  }
  return ok(taken);
}

function withAddresses(
  gateway: NatGateway,
  holder: NetworkInterface,
  addresses: readonly NatGatewayAddress[],
): readonly Change[] {
  const secondary = addresses.slice(1).map((one) => one.privateIp);
  return [
    put("natgateway", { ...gateway, addresses }),
    put("network-interface", { ...holder, secondaryPrivateIpAddresses: secondary }),
  ];
}

function liveGateway(
  state: State,
  natGatewayId: string,
  connectivity: NatGateway["connectivity"],
  caller: Caller,
): Result<{ readonly gateway: NatGateway; readonly holder: NetworkInterface }, ApiError> {
  const gateway = lookup(state, "natgateway", natGatewayId, caller);
  if (!gateway.ok) return gateway;
  const holder = find(state, "network-interface", gateway.value.networkInterfaceId);
  if (holder === undefined || gateway.value.state !== "available") {
    return fail("NatGatewayNotFound", { natGatewayId });
  }
  if (gateway.value.connectivity !== connectivity) {
    return refuse(`The operation is only supported for NAT gateways with ${connectivity} connectivity`);
  }
  return ok({ gateway: gateway.value, holder });
}

function refuse(message: string): Result<never, ApiError> {
  return fail("InvalidParameterValue", { message });
}
