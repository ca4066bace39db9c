/** Virtual private clouds. Source: Amazon VPC User Guide, "Virtual private clouds (VPC)". */

import { type Id, makeId } from "../base/id.ts";
import { containsPrefix, formatPrefix, overlaps, type Prefix } from "../base/prefix.ts";
import { readCidr, storedPrefix } from "./cidr.ts";
import { checkQuota } from "./quota.ts";
import { amazonIpv6Block } from "./vpc-cidr.ts";
import { fail } from "./error.ts";
import { lookup } from "./lookup.ts";
import { defaultAclOf } from "./network-acl.ts";
import type { Resource, Tags } from "./resource.ts";
import { mainRouteTableOf, newRouteTable } from "./route-table.ts";
import { defaultGroupOf, withoutGroup } from "./security-group.ts";
import { countBy, findBy, ownerKey, put, remove, type State } from "./state.ts";
import { checkTags } from "./tag.ts";
import { livingPeeringsOf } from "./vpc-peering.ts";
import { accept, type Context, type Outcome } from "./verb.ts";

export interface Vpc extends Resource {
  readonly id: Id<"vpc">;
  /** The first is the primary one. Canonical CIDR text. */
  readonly cidrBlocks: readonly VpcCidrBlock[];
  /** Canonical text of /56 blocks. */
  readonly ipv6CidrBlocks: readonly VpcIpv6CidrBlock[];
  readonly instanceTenancy: "default" | "dedicated";
  readonly isDefault: boolean;
  readonly dhcpOptionsId: Id<"dopt"> | "default";
  readonly enableDnsSupport: boolean;
  readonly enableDnsHostnames: boolean;
  readonly enableNetworkAddressUsageMetrics: boolean;
}

export interface VpcCidrBlock {
  readonly associationId: Id<"vpc-cidr-assoc">;
  readonly cidrBlock: string;
}

export interface VpcIpv6CidrBlock {
  readonly associationId: Id<"vpc-cidr-assoc">;
  readonly cidrBlock: string;
}

export type VpcAttribute = "enableDnsSupport" | "enableDnsHostnames" | "enableNetworkAddressUsageMetrics";

export interface CreateVpcInput {
  readonly cidrBlock: string;
  readonly instanceTenancy?: "default" | "dedicated";
  /** Whether it gets an IPv6 block of Amazon's. */
  readonly amazonProvidedIpv6CidrBlock?: boolean;
  readonly tags: Tags;
}

/** A VPC with its main route table, default network ACL and default security group; fails with InvalidParameterValue or InvalidVpc.Range. */
export function createVpc(state: State, input: CreateVpcInput, context: Context): Outcome<Vpc> {
  const cidr = readCidr(input.cidrBlock, "cidrBlock");
  if (!cidr.ok) return cidr;
  if (!isVpcRange(cidr.value)) return fail("InvalidVpc.Range", { cidrBlock: input.cidrBlock });
  const tags = checkTags(input.tags);
  if (!tags.ok) return tags;
  const { accountId, region, nowMs } = context;
  const quota = checkQuota("vpcsPerRegion", countBy(state, "vpc", "owner", ownerKey(accountId, region)), context);
  if (!quota.ok) return quota;
  const vpc: Vpc = {
    id: makeId("vpc", context.hex),
    accountId,
    region,
    createdAtMs: nowMs,
    tags: tags.value,
    cidrBlocks: [{ associationId: makeId("vpc-cidr-assoc", context.hex), cidrBlock: formatPrefix(cidr.value) }],
    ipv6CidrBlocks: input.amazonProvidedIpv6CidrBlock === true ? [amazonIpv6Block(state, context)] : [],
    instanceTenancy: input.instanceTenancy ?? "default",
    isDefault: false,
    dhcpOptionsId: "default",
    enableDnsSupport: true,
    enableDnsHostnames: false,
    enableNetworkAddressUsageMetrics: false,
  };
  const main = newRouteTable(vpc.id, [{ kind: "main", id: makeId("rtbassoc", context.hex) }], [], context);
  const ipv6 = vpc.ipv6CidrBlocks.length > 0;
  return accept(vpc, [
    put("vpc", vpc),
    put("route-table", main),
    defaultAclOf(vpc.id, ipv6, context),
    ...defaultGroupOf(vpc.id, ipv6, context),
  ]);
}

/** Deletes the VPC and its main route table; fails with DependencyViolation while anything else is in it. */
export function deleteVpc(state: State, input: { readonly vpcId: string }, context: Context): Outcome<void> {
  const vpc = lookup(state, "vpc", input.vpcId, context);
  if (!vpc.ok) return vpc;
  const { id } = vpc.value;
  const main = mainRouteTableOf(state, id);
  const held =
    findBy(state, "subnet", "vpcId", id).length > 0 ||
    findBy(state, "internet-gateway", "vpcId", id).length > 0 ||
    findBy(state, "vpc-endpoint", "vpcId", id).length > 0 ||
    findBy(state, "vpn-gateway", "vpcId", id).length > 0 ||
    livingPeeringsOf(state, id).length > 0 ||
    findBy(state, "egress-only-internet-gateway", "vpcId", id).length > 0 ||
    findBy(state, "network-acl", "vpcId", id).some((acl) => !acl.isDefault) ||
    findBy(state, "security-group", "vpcId", id).some((group) => group.name !== "default") ||
    findBy(state, "network-interface", "vpcId", id).length > 0 ||
    findBy(state, "route-table", "vpcId", id).some((table) => table.id !== main.id);
  if (held) {
    return fail("DependencyViolation", { message: `The vpc '${id}' has dependencies and cannot be deleted.` });
  }
  return accept(undefined, [
    ...findBy(state, "security-group", "vpcId", id).flatMap((group) => withoutGroup(state, group.id)),
    ...findBy(state, "network-acl", "vpcId", id).map((acl) => remove("network-acl", acl.id)),
    remove("route-table", main.id),
    remove("vpc", id),
  ]);
}

export function modifyVpcAttribute(
  state: State,
  input: { readonly vpcId: string; readonly attribute: VpcAttribute; readonly value: boolean },
  context: Context,
): Outcome<void> {
  const vpc = lookup(state, "vpc", input.vpcId, context);
  if (!vpc.ok) return vpc;
  if (input.attribute === "enableDnsHostnames" && input.value && !vpc.value.enableDnsSupport) {
    // Source: EC2 API Reference, "ModifyVpcAttribute", EnableDnsHostnames. Code and text are ours.
    return fail("InvalidParameterCombination", {
      message: `DNS hostnames of ${vpc.value.id} can be enabled only while its DNS support is enabled`,
    });
  }
  return accept(undefined, [put("vpc", { ...vpc.value, [input.attribute]: input.value })]);
}

/** The VPC's blocks, the primary one first. */
export function prefixesOfVpc(vpc: Vpc): readonly Prefix[] {
  return vpc.cidrBlocks.map((block) => storedPrefix(block.cidrBlock));
}

/** The VPC's block that holds all of `prefix`, or undefined. */
export function vpcBlockHolding(vpc: Vpc, prefix: Prefix): Prefix | undefined {
  return prefixesOfVpc(vpc).find((block) => containsPrefix(block, prefix));
}

/** Source: Amazon VPC User Guide, "VPC CIDR blocks": /16 to /28, and the ranges that AWS itself uses are refused. */
function isVpcRange(prefix: Prefix): boolean {
  return prefix.bits >= 16 && prefix.bits <= 28 && !refusedRanges.some((range) => overlaps(range, prefix));
}

const refusedRanges = ["0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4"].map(storedPrefix);
