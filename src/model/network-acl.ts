/**
 * Network ACLs: numbered rules for what enters and leaves a subnet. Each subnet has just one.
 * Source: Amazon VPC User Guide, "Network ACLs" and "Network ACL rules"; EC2 API Reference, "CreateNetworkAclEntry".
 *
 * INVARIANT: a subnet is in the associations of just one ACL of its VPC.
 */

import { assert } from "../base/assert.ts";
import { type Id, makeId } from "../base/id.ts";
import { formatPrefix, parsePrefixMasked } from "../base/prefix.ts";
import { ok, type Result } from "../base/result.ts";
import { idempotency, madeBefore } from "./client-token.ts";
import { type ApiError, fail } from "./error.ts";
import type { Idempotent } from "./idempotent.ts";
import { lookup } from "./lookup.ts";
import { checkQuota } from "./quota.ts";
import type { Resource, Tags } from "./resource.ts";
import { type Change, countBy, findBy, put, remove, type State } from "./state.ts";
import { checkTags } from "./tag.ts";
import { parseProtocol, type Traffic } from "./traffic.ts";
import { accept, type Context, type Outcome } from "./verb.ts";

export interface NetworkAcl extends Resource, Idempotent {
  readonly id: Id<"acl">;
  readonly vpcId: Id<"vpc">;
  /** The VPC's own: subnets have it until they get another. */
  readonly isDefault: boolean;
  /** Those of a direction are looked at by rising number; what none matches is denied. */
  readonly entries: readonly NetworkAclEntry[];
  readonly associations: readonly NetworkAclAssociation[];
}

export interface NetworkAclEntry {
  /** 1 to 32766: once in each direction. */
  readonly ruleNumber: number;
  readonly isEgress: boolean;
  readonly action: "allow" | "deny";
  readonly traffic: Traffic;
  /** Canonical text of either family. */
  readonly cidrBlock: string;
}

export interface NetworkAclAssociation {
  readonly id: Id<"aclassoc">;
  readonly subnetId: Id<"subnet">;
}

/** Source: Amazon VPC User Guide, "Amazon VPC quotas": for each direction, the last rule not counted. */
const lastRuleNumber = 32_766;

/** An ACL that denies everything. */
export function createNetworkAcl(
  state: State,
  input: { readonly vpcId: string; readonly tags: Tags; readonly clientToken?: string },
  context: Context,
): Outcome<NetworkAcl> {
  const before = madeBefore(state, "network-acl", input, context);
  if (!before.ok) return before;
  if (before.value[0] !== undefined) return accept(before.value[0], []);
  const vpc = lookup(state, "vpc", input.vpcId, context);
  if (!vpc.ok) return vpc;
  const tags = checkTags(input.tags);
  if (!tags.ok) return tags;
  const quota = checkQuota("networkAclsPerVpc", countBy(state, "network-acl", "vpcId", vpc.value.id), context);
  if (!quota.ok) return quota;
  const acl = { ...newAcl(vpc.value.id, false, [], context), tags: tags.value, ...idempotency(input) };
  return accept(acl, [put("network-acl", acl)]);
}

/** Fails with InvalidParameterValue for a default ACL and with DependencyViolation while a subnet has it. */
export function deleteNetworkAcl(
  state: State,
  input: { readonly networkAclId: string },
  context: Context,
): Outcome<void> {
  const acl = lookup(state, "network-acl", input.networkAclId, context);
  if (!acl.ok) return acl;
  const { id, isDefault, associations } = acl.value;
  if (isDefault) return refuse(`cannot delete default network ACL ${id}`);
  if (associations.length > 0) {
    return fail("DependencyViolation", { message: `The networkAcl '${id}' has dependencies and cannot be deleted.` });
  }
  return accept(undefined, [remove("network-acl", id)]);
}

export interface EntryInput {
  readonly networkAclId: string;
  readonly ruleNumber: number;
  readonly isEgress: boolean;
  readonly action: string;
  /** A number, -1, or a name. */
  readonly protocol: string;
  readonly cidr: { readonly kind: "ipv4" | "ipv6"; readonly cidrBlock: string };
  readonly ports?: { readonly from: number; readonly to: number };
  readonly icmp?: { readonly type: number; readonly code: number };
}

/** Fails with NetworkAclEntryAlreadyExists, NetworkAclEntryLimitExceeded or InvalidParameterValue. */
export function createNetworkAclEntry(state: State, input: EntryInput, context: Context): Outcome<void> {
  const acl = lookup(state, "network-acl", input.networkAclId, context);
  if (!acl.ok) return acl;
  const entry = readEntry(input);
  if (!entry.ok) return entry;
  const { entries } = acl.value;
  if (entries.some((one) => isNamed(one, input))) {
    return fail("NetworkAclEntryAlreadyExists", { ruleNumber: input.ruleNumber });
  }
  const there = entries.filter((one) => one.isEgress === input.isEgress).length;
  const quota = checkQuota("entriesPerNetworkAcl", there, context);
  if (!quota.ok) return quota;
  return accept(undefined, [put("network-acl", { ...acl.value, entries: inOrder([...entries, entry.value]) })]);
}

/** Fails with InvalidNetworkAclEntry.NotFound. */
export function replaceNetworkAclEntry(state: State, input: EntryInput, context: Context): Outcome<void> {
  const acl = lookup(state, "network-acl", input.networkAclId, context);
  if (!acl.ok) return acl;
  const entry = readEntry(input);
  if (!entry.ok) return entry;
  if (!acl.value.entries.some((one) => isNamed(one, input))) return entryNotFound(acl.value, input);
  const entries = acl.value.entries.map((one) => (isNamed(one, input) ? entry.value : one));
  return accept(undefined, [put("network-acl", { ...acl.value, entries })]);
}

export interface EntryName {
  readonly networkAclId: string;
  readonly ruleNumber: number;
  readonly isEgress: boolean;
}

/** Fails with InvalidNetworkAclEntry.NotFound. */
export function deleteNetworkAclEntry(state: State, input: EntryName, context: Context): Outcome<void> {
  const acl = lookup(state, "network-acl", input.networkAclId, context);
  if (!acl.ok) return acl;
  const entries = acl.value.entries.filter((one) => !isNamed(one, input));
  if (entries.length === acl.value.entries.length) return entryNotFound(acl.value, input);
  return accept(undefined, [put("network-acl", { ...acl.value, entries })]);
}

/** The id of the new association: the subnet goes over to another ACL of its VPC. */
export function replaceNetworkAclAssociation(
  state: State,
  input: { readonly associationId: string; readonly networkAclId: string },
  context: Context,
): Outcome<Id<"aclassoc">> {
  const held = findBy(state, "network-acl", "associationId", input.associationId).find(
    (one) => one.accountId === context.accountId && one.region === context.region,
  );
  const association = held?.associations.find((one) => one.id === input.associationId);
  if (held === undefined || association === undefined) {
    return fail("InvalidAssociationID.NotFound", { associationId: input.associationId });
  }
  const acl = lookup(state, "network-acl", input.networkAclId, context);
  if (!acl.ok) return acl;
  if (acl.value.vpcId !== held.vpcId) {
    return refuse(`Network ACL ${acl.value.id} and subnet ${association.subnetId} belong to different networks`);
  }
  const id = makeId("aclassoc", context.hex);
  const left = { ...held, associations: held.associations.filter((one) => one.id !== association.id) };
  const to = held.id === acl.value.id ? left : acl.value;
  const joined = { ...to, associations: [...to.associations, { id, subnetId: association.subnetId }] };
  return accept(id, [...(to === left ? [] : [put("network-acl", left)]), put("network-acl", joined)]);
}

/** The ACL of a VPC that is being made: everything may pass both ways, over IPv6 too where the VPC has a block of it. */
export function defaultAclOf(vpcId: Id<"vpc">, ipv6: boolean, context: Context): Change {
  return put("network-acl", newAcl(vpcId, true, allowAll(ipv6 ? ["0.0.0.0/0", "::/0"] : ["0.0.0.0/0"]), context));
}

/** The default ACL of a VPC that exists. */
export function defaultNetworkAclOf(state: State, vpcId: string): NetworkAcl {
  const acl = findBy(state, "network-acl", "vpcId", vpcId).find((one) => one.isDefault);
  assert(acl !== undefined, `${vpcId} has a default network ACL`);
  return acl;
}

/** The ACL in force for a subnet that exists. */
export function networkAclOfSubnet(state: State, subnetId: string): NetworkAcl {
  const [acl] = findBy(state, "network-acl", "subnetId", subnetId);
  assert(acl !== undefined, `${subnetId} has a network ACL`);
  return acl;
}

/** The default ACL takes a new subnet. */
export function aclWithSubnet(
  state: State,
  subnet: { readonly id: Id<"subnet">; readonly vpcId: string },
  context: Context,
): Change {
  const acl = defaultNetworkAclOf(state, subnet.vpcId);
  const association = { id: makeId("aclassoc", context.hex), subnetId: subnet.id };
  return put("network-acl", { ...acl, associations: [...acl.associations, association] });
}

/** What takes a subnet out of its ACL, for when the subnet goes. */
export function aclWithoutSubnet(state: State, subnetId: string): readonly Change[] {
  return findBy(state, "network-acl", "subnetId", subnetId).map((acl) =>
    put("network-acl", { ...acl, associations: acl.associations.filter((one) => one.subnetId !== subnetId) }),
  );
}

/** Source: "Default network ACL": rules 100 and, for IPv6, 101 let everything pass. */
function allowAll(cidrBlocks: readonly string[]): readonly NetworkAclEntry[] {
  return [true, false].flatMap((isEgress) =>
    cidrBlocks.map((cidrBlock, at): NetworkAclEntry => ({
      ruleNumber: 100 + at,
      isEgress,
      action: "allow",
      traffic: { kind: "all" },
      cidrBlock,
    })),
  );
}

function newAcl(
  vpcId: Id<"vpc">,
  isDefault: boolean,
  entries: readonly NetworkAclEntry[],
  context: Context,
): NetworkAcl {
  const { accountId, region, nowMs, hex } = context;
  const own = { id: makeId("acl", hex), accountId, region, createdAtMs: nowMs, tags: [] };
  return { ...own, vpcId, isDefault, entries, associations: [] };
}

function readEntry(input: EntryInput): Result<NetworkAclEntry, ApiError> {
  const { ruleNumber, isEgress, action, cidr } = input;
  if (!Number.isInteger(ruleNumber) || ruleNumber < 1 || ruleNumber > lastRuleNumber) {
    return refuse(
      `Value (${ruleNumber}) for parameter ruleNumber is invalid. Must be an integer between 1 and ${lastRuleNumber}.`,
    );
  }
  if (action !== "allow" && action !== "deny") {
    return refuse(`Value (${action}) for parameter ruleAction is invalid. Valid values are allow and deny.`);
  }
  const prefix = parsePrefixMasked(cidr.cidrBlock);
  if (prefix === undefined || prefix.ip.width !== (cidr.kind === "ipv4" ? 32 : 128)) {
    const parameter = cidr.kind === "ipv4" ? "cidrBlock" : "ipv6CidrBlock";
    return refuse(`Value (${cidr.cidrBlock}) for parameter ${parameter} is invalid. This is not a valid CIDR block.`);
  }
  const traffic = readTraffic(input);
  if (!traffic.ok) return traffic;
  return ok({ ruleNumber, isEgress, action, traffic: traffic.value, cidrBlock: formatPrefix(prefix) });
}

/** TCP and UDP need ports, ICMP needs a type. */
function readTraffic({ protocol: text, ports, icmp, cidr }: EntryInput): Result<Traffic, ApiError> {
  const protocol = parseProtocol(text);
  if (protocol === undefined) return refuse(`Invalid value '${text}' for IP protocol. Unknown protocol.`);
  if (protocol === "all") return ok({ kind: "all" });
  switch (protocol) {
    case 6:
    case 17:
      if (ports === undefined) return fail("MissingParameter", { parameter: "portRange" });
      return readPorts(protocol, ports.from, ports.to);
    case 1:
    case 58:
      if (protocol === 58 && cidr.kind === "ipv4") return refuse("ICMPv6 needs an IPv6 CIDR block");
      if (icmp === undefined) return fail("MissingParameter", { parameter: "icmpTypeCode" });
      if (icmp.type < -1 || icmp.type > 255 || icmp.code < -1 || icmp.code > 255) {
        return refuse(`ICMP type (${icmp.type}) or code (${icmp.code}) out of range`);
      }
      return ok({ kind: "icmp", protocol, type: icmp.type, code: icmp.code });
  }
  return ok({ kind: "protocol", protocol });
}

function readPorts(protocol: 6 | 17, fromPort: number, toPort: number): Result<Traffic, ApiError> {
  const bad = [fromPort, toPort].find((port) => port < 0 || port > 65_535);
  if (bad !== undefined) return refuse(`TCP/UDP port (${bad}) out of range`);
  if (fromPort > toPort) return refuse(`Invalid TCP/UDP port range (${fromPort}:${toPort})`);
  return ok({ kind: "ports", protocol, fromPort, toPort });
}

function isNamed(entry: NetworkAclEntry, name: { readonly ruleNumber: number; readonly isEgress: boolean }): boolean {
  return entry.ruleNumber === name.ruleNumber && entry.isEgress === name.isEgress;
}

/** Outbound rules first, as AWS lists them; each direction by number. */
function inOrder(entries: readonly NetworkAclEntry[]): readonly NetworkAclEntry[] {
  return entries.toSorted((a, b) => Number(b.isEgress) - Number(a.isEgress) || a.ruleNumber - b.ruleNumber);
}

function entryNotFound(acl: NetworkAcl, name: EntryName): Result<never, ApiError> {
  const direction = name.isEgress ? "egress" : "ingress";
  return fail("InvalidNetworkAclEntry.NotFound", {
    message: `The ${direction} entry with rule number '${name.ruleNumber}' does not exist in network acl '${acl.id}'`,
  });
}

function refuse(message: string): Result<never, ApiError> {
  return fail("InvalidParameterValue", { message });
}
