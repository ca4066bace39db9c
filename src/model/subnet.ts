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
import { vpcBlockHolding } from "./vpc.ts";

export interface Subnet extends Resource {
  readonly id: Id<"subnet">;
  readonly vpcId: Id<"vpc">;
  /** Canonical CIDR text, inside one of the VPC's blocks. */
  readonly cidrBlock: string;
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

/** Source: "Subnet sizing for IPv4": the first four addresses and the last one. */
const reservedAddressCount = 5;

export interface CreateSubnetInput {
  readonly vpcId: string;
  readonly cidrBlock: string;
  /** A zone's name; absent for AWS's choice. */
  readonly availabilityZone?: string;
  readonly availabilityZoneId?: string;
  readonly ipv6CidrBlock?: string;
  readonly tags: Tags;
}

/** The subnet; fails with InvalidSubnet.Range, InvalidSubnet.Conflict or InvalidParameterValue. */
export function createSubnet(state: State, input: CreateSubnetInput, context: Context): Outcome<Subnet> {
  const vpc = lookup(state, "vpc", input.vpcId, context);
  if (!vpc.ok) return vpc;
  const cidr = readCidr(input.cidrBlock, "cidrBlock");
  if (!cidr.ok) return cidr;
  const { bits } = cidr.value;
  if (bits < 16 || bits > 28 || vpcBlockHolding(vpc.value, cidr.value) === undefined) {
    return fail("InvalidSubnet.Range", { cidrBlock: input.cidrBlock });
  }
  const siblings = findBy(state, "subnet", "vpcId", vpc.value.id);
  if (siblings.some((one) => overlaps(storedPrefix(one.cidrBlock), cidr.value))) {
    return fail("InvalidSubnet.Conflict", { cidrBlock: input.cidrBlock });
  }
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
    cidrBlock: formatPrefix(cidr.value),
    availabilityZone: zone.value.name,
    ipv6CidrBlocks: ipv6.value,
    mapPublicIpOnLaunch: false,
    assignIpv6AddressOnCreation: false,
    enableDns64: false,
    privateDnsNameOptionsOnLaunch: usualPrivateDnsNames,
  };
  return accept(subnet, [put("subnet", subnet), aclWithSubnet(state, subnet, context)]);
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

/** Fails with InvalidParameterValue for what needs an IPv6 block where the subnet has none. */
export function modifySubnetAttribute(
  state: State,
  input: { readonly subnetId: string } & SubnetAttribute,
  context: Context,
): Outcome<void> {
  const subnet = lookup(state, "subnet", input.subnetId, context);
  if (!subnet.ok) return subnet;
  const { subnetId, ...attribute } = input;
  const noIpv6 = subnet.value.ipv6CidrBlocks.length === 0;
  if (noIpv6 && "assignIpv6AddressOnCreation" in attribute && attribute.assignIpv6AddressOnCreation) {
    return fail("InvalidParameterValue", {
      message: `Invalid value 'true' for assignIpv6AddressOnCreation. Subnet ${subnetId} has no associated IPv6 CIDR block`,
    });
  }
  if ("mapPublicIpOnLaunch" in attribute || "assignIpv6AddressOnCreation" in attribute || "enableDns64" in attribute) {
    return accept(undefined, [put("subnet", { ...subnet.value, ...attribute })]);
  }
  const options = { ...subnet.value.privateDnsNameOptionsOnLaunch, ...attribute };
  return accept(undefined, [put("subnet", { ...subnet.value, privateDnsNameOptionsOnLaunch: options })]);
}

/** How many addresses of the subnet nobody holds, the reserved ones not counted. */
export function availableAddressCount(state: State, subnet: Subnet): number {
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
