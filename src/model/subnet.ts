/** Subnets and their addresses. Source: Amazon VPC User Guide, "Subnets for your VPC" and "Subnet CIDR blocks". */

import { type Id, makeId } from "../base/id.ts";
import { addToIp, type Ip } from "../base/ip.ts";
import { formatPrefix, overlaps, type Prefix, sizeOfPrefix } from "../base/prefix.ts";
import { ok, type Result } from "../base/result.ts";
import { readCidr, storedPrefix } from "./cidr.ts";
import { type ApiError, fail } from "./error.ts";
import { lookup } from "./lookup.ts";
import { aclWithoutSubnet, aclWithSubnet } from "./network-acl.ts";
import { checkQuota } from "./quota.ts";
import { findRegion, findZone, type Zone } from "./region.ts";
import type { Resource, Tags } from "./resource.ts";
import { withoutSubnet } from "./route-table.ts";
import { countBy, findBy, put, remove, type State } from "./state.ts";
import { subnetIpv6Block } from "./subnet-cidr.ts";
import { checkTags } from "./tag.ts";
import { accept, type Caller, type Context, type Outcome } from "./verb.ts";
import { type Vpc, vpcBlockHolding } from "./vpc.ts";

export interface Subnet extends Resource {
  readonly id: Id<"subnet">;
  readonly vpcId: Id<"vpc">;
  /** Canonical CIDR text, inside one of the VPC's blocks; absent for a subnet of IPv6 alone. */
  readonly cidrBlock?: string;
  /** `us-east-1a`. */
  readonly availabilityZone: string;
  readonly ipv6CidrBlocks: readonly SubnetIpv6CidrBlock[];
  readonly mapPublicIpOnLaunch: boolean;
  /** Whether it is the default subnet of its zone; absent for no. */
  readonly isDefaultForZone?: boolean;
  readonly assignIpv6AddressOnCreation: boolean;
  readonly enableDns64: boolean;
  readonly privateDnsNameOptionsOnLaunch: PrivateDnsNameOptions;
}

export interface SubnetIpv6CidrBlock {
  readonly associationId: Id<"subnet-cidr-assoc">;
  /** Canonical text of a /64 block, inside one of the VPC's. */
  readonly cidrBlock: string;
}

export interface PrivateDnsNameOptions {
  readonly hostnameType: "ip-name" | "resource-name";
  readonly enableResourceNameDnsARecord: boolean;
  readonly enableResourceNameDnsAaaaRecord: boolean;
}

export const usualPrivateDnsNames: PrivateDnsNameOptions = {
  hostnameType: "ip-name",
  enableResourceNameDnsARecord: false,
  enableResourceNameDnsAaaaRecord: false,
};

/**
 * Of a subnet of IPv6 alone. Source: API answers in ManageIQ/manageiq-providers-amazon, pull request 914; Amazon EC2 User
 * Guide, "EC2 instance hostnames and domains": names are of the instance's id there.
 */
const namesWithoutIpv4: PrivateDnsNameOptions = {
  hostnameType: "resource-name",
  enableResourceNameDnsARecord: false,
  enableResourceNameDnsAaaaRecord: true,
};

/** Whether a subnet has IPv6 alone. */
export function isIpv6Native(subnet: Subnet): boolean {
  return subnet.cidrBlock === undefined;
}

/** Source: "Subnet sizing for IPv4": the first four addresses and the last one. */
const reservedAddressCount = 5;

export interface CreateSubnetInput {
  readonly vpcId: string;
  /** Absent for a subnet of IPv6 alone. */
  readonly cidrBlock?: string;
  /** A zone's name; absent for AWS's choice. */
  readonly availabilityZone?: string;
  readonly availabilityZoneId?: string;
  readonly ipv6CidrBlock?: string;
  readonly tags: Tags;
}

/** The subnet; fails with InvalidSubnet.Range, InvalidSubnet.Conflict, InvalidParameterValue or MissingParameter. */
export function createSubnet(state: State, input: CreateSubnetInput, context: Context): Outcome<Subnet> {
  const vpc = lookup(state, "vpc", input.vpcId, context);
  if (!vpc.ok) return vpc;
  const cidrBlock = input.cidrBlock === undefined ? ok(undefined) : subnetBlock(state, vpc.value, input.cidrBlock);
  if (!cidrBlock.ok) return cidrBlock;
  const ipv6 =
    input.ipv6CidrBlock === undefined ? ok([]) : subnetIpv6Block(state, vpc.value, input.ipv6CidrBlock, context);
  if (!ipv6.ok) return ipv6;
  const zone = chosenZone(input, context);
  if (!zone.ok) return zone;
  const tags = checkTags(input.tags);
  if (!tags.ok) return tags;
  const quota = checkQuota("subnetsPerVpc", countBy(state, "subnet", "vpcId", vpc.value.id), context);
  if (!quota.ok) return quota;
  const subnet: Subnet = {
    id: makeId("subnet", context.hex),
    accountId: context.accountId,
    region: context.region,
    createdAtMs: context.nowMs,
    tags: tags.value,
    vpcId: vpc.value.id,
    availabilityZone: zone.value.name,
    ipv6CidrBlocks: ipv6.value,
    mapPublicIpOnLaunch: false,
    enableDns64: false,
    ...(cidrBlock.value === undefined
      ? { assignIpv6AddressOnCreation: true, privateDnsNameOptionsOnLaunch: namesWithoutIpv4 }
      : {
          cidrBlock: cidrBlock.value,
          assignIpv6AddressOnCreation: false,
          privateDnsNameOptionsOnLaunch: usualPrivateDnsNames,
        }),
  };
  return accept(subnet, [put("subnet", subnet), aclWithSubnet(state, subnet, context)]);
}

/** The canonical block, when the VPC has it and no other subnet. */
function subnetBlock(state: State, vpc: Vpc, text: string): Result<string, ApiError> {
  const cidr = readCidr(text, "cidrBlock");
  if (!cidr.ok) return cidr;
  const { bits } = cidr.value;
  if (bits < 16 || bits > 28 || vpcBlockHolding(vpc, cidr.value) === undefined) {
    return fail("InvalidSubnet.Range", { cidrBlock: text });
  }
  return takenBlocks(state, vpc.id).some((one) => overlaps(one, cidr.value))
    ? fail("InvalidSubnet.Conflict", { cidrBlock: text })
    : ok(formatPrefix(cidr.value));
}

/** The IPv4 blocks of a VPC's subnets. */
export function takenBlocks(state: State, vpcId: string): readonly Prefix[] {
  return findBy(state, "subnet", "vpcId", vpcId).flatMap(({ cidrBlock }) =>
    cidrBlock === undefined ? [] : [storedPrefix(cidrBlock)],
  );
}

/** Deletes the subnet and its route table association; fails with DependencyViolation while an interface is in it. */
export function deleteSubnet(state: State, input: { readonly subnetId: string }, context: Context): Outcome<void> {
  const subnet = lookup(state, "subnet", input.subnetId, context);
  if (!subnet.ok) return subnet;
  const { id } = subnet.value;
  if (findBy(state, "network-interface", "subnetId", id).length > 0) {
    return fail("DependencyViolation", { message: `The subnet '${id}' has dependencies and cannot be deleted.` });
  }
  return accept(undefined, [...withoutSubnet(state, id), ...aclWithoutSubnet(state, id), remove("subnet", id)]);
}

/** One attribute, as each call changes one. */
export type SubnetAttribute =
  | { readonly mapPublicIpOnLaunch: boolean }
  | { readonly assignIpv6AddressOnCreation: boolean }
  | { readonly enableDns64: boolean }
  | { readonly hostnameType: PrivateDnsNameOptions["hostnameType"] }
  | { readonly enableResourceNameDnsARecord: boolean }
  | { readonly enableResourceNameDnsAaaaRecord: boolean };

/** Fails with InvalidParameterValue for what needs a block of a family that the subnet does not have. */
export function modifySubnetAttribute(
  state: State,
  input: { readonly subnetId: string } & SubnetAttribute,
  context: Context,
): Outcome<void> {
  const subnet = lookup(state, "subnet", input.subnetId, context);
  if (!subnet.ok) return subnet;
  const { subnetId: _, ...attribute } = input;
  const checked = checkAttribute(subnet.value, attribute);
  if (!checked.ok) return checked;
  if ("mapPublicIpOnLaunch" in attribute || "assignIpv6AddressOnCreation" in attribute || "enableDns64" in attribute) {
    return accept(undefined, [put("subnet", { ...subnet.value, ...attribute })]);
  }
  const options = { ...subnet.value.privateDnsNameOptionsOnLaunch, ...attribute };
  return accept(undefined, [put("subnet", { ...subnet.value, privateDnsNameOptionsOnLaunch: options })]);
}

/**
 * Source: the texts that AWS answers for what needs an IPv6 block; a subnet of IPv6 alone always gives addresses, and its
 * names are of the instance's id (Amazon EC2 User Guide, "EC2 instance hostnames and domains").
 *
 * ASSUMPTION: the texts that refuse what a subnet of IPv6 alone cannot have follow those for one without IPv6.
 */
function checkAttribute(subnet: Subnet, attribute: SubnetAttribute): Result<void, ApiError> {
  const hasIpv6 = subnet.ipv6CidrBlocks.length > 0;
  const isDual = !isIpv6Native(subnet);
  const needsIpv6 = (name: string, value: boolean): Result<void, ApiError> =>
    hasIpv6 || !value ? ok(undefined) : refuseValue(subnet, { name, value: "true", unless: "an IPv6 CIDR block" });
  const needsIpv4 = (name: string, value: string | boolean, isAsked: boolean): Result<void, ApiError> =>
    isDual || !isAsked ? ok(undefined) : refuseValue(subnet, { name, value: `${value}`, unless: "an IPv4 CIDR block" });
  if ("assignIpv6AddressOnCreation" in attribute) {
    const { assignIpv6AddressOnCreation: value } = attribute;
    const name = "assign-ipv6-address-on-creation";
    return value ? needsIpv6(name, value) : needsIpv4(name, value, true);
  }
  if ("enableDns64" in attribute) return needsIpv6("enable-dns64", attribute.enableDns64);
  if ("enableResourceNameDnsAaaaRecord" in attribute) {
    return needsIpv6("enable-resource-name-dns-aaaa-record-on-launch", attribute.enableResourceNameDnsAaaaRecord);
  }
  if ("mapPublicIpOnLaunch" in attribute) {
    return needsIpv4("map-public-ip-on-launch", true, attribute.mapPublicIpOnLaunch);
  }
  return checkNames(subnet, attribute);
}

/** Names after an IPv4 address need one. */
export function checkNames(subnet: Subnet, names: Partial<PrivateDnsNameOptions>): Result<void, ApiError> {
  if (!isIpv6Native(subnet)) return ok(undefined);
  const unless = "an IPv4 CIDR block";
  if (names.hostnameType === "ip-name") {
    return refuseValue(subnet, { name: "private-dns-hostname-type-on-launch", value: "ip-name", unless });
  }
  return names.enableResourceNameDnsARecord === true
    ? refuseValue(subnet, { name: "enable-resource-name-dns-a-record-on-launch", value: "true", unless })
    : ok(undefined);
}

function refuseValue(
  { id }: Subnet,
  { name, value, unless }: { readonly name: string; readonly value: string; readonly unless: string },
): Result<never, ApiError> {
  return fail("InvalidParameterValue", {
    message: `Invalid value '${value}' for ${name}. Cannot set ${name} to ${value} unless the subnet (${id}) has ${unless} associated with it.`,
  });
}

/** How many IPv4 addresses of the subnet nobody holds, the reserved ones not counted. */
export function availableAddressCount(state: State, subnet: Subnet): number {
  if (subnet.cidrBlock === undefined) return 0;
  const held = findBy(state, "network-interface", "subnetId", subnet.id).reduce(
    (sum, one) => sum + 1 + one.secondaryPrivateIpAddresses.length,
    0,
  );
  return sizeOfPrefix(storedPrefix(subnet.cidrBlock)) - reservedAddressCount - held;
}

/** Whether the address is one of the first four or the last of the block. */
export function isReservedAddress(block: Prefix, ip: Ip): boolean {
  const offset = (ip.words[0] ?? 0) - (block.ip.words[0] ?? 0);
  return offset < 4 || offset === sizeOfPrefix(block) - 1;
}

/** The addresses that an interface may hold, lowest first. */
export function* assignableAddresses(block: Prefix): Generator<Ip> {
  const end = sizeOfPrefix(block) - 1;
  for (let offset = 4; offset < end; offset++) yield addToIp(block.ip, offset);
}

/** ASSUMPTION: a subnet for which no zone is named goes into the region's first one; AWS takes any. */
function chosenZone(input: CreateSubnetInput, caller: Caller): Result<Zone, ApiError> {
  const wish = input.availabilityZone ?? input.availabilityZoneId;
  const zones = findRegion(caller.region)?.zones ?? [];
  const zone = wish === undefined ? zones[0] : findZone(caller.region, wish);
  if (zone !== undefined) return ok(zone);
  const names = zones.map((one) => one.name).join(", ");
  return fail("InvalidParameterValue", {
    message: `Value (${wish}) for parameter availabilityZone is invalid. Subnets can currently only be created in the following availability zones: ${names}.`,
  });
}
