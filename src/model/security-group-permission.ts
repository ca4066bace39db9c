/**
 * What may be done with the rules of security groups: authorize, revoke, modify, describe.
 * Source: Amazon VPC User Guide, "Security group rules"; EC2 API Reference, "AuthorizeSecurityGroupIngress".
 */

import { unreachable } from "../base/assert.ts";
import { isId } from "../base/id.ts";
import { formatPrefix, parsePrefixMasked } from "../base/prefix.ts";
import { ok, type Result } from "../base/result.ts";
import { type ApiError, fail } from "./error.ts";
import { lookup, lookupAll } from "./lookup.ts";
import { readReferredList } from "./managed-prefix-list.ts";
import { quotaOf } from "./quota.ts";
import { activePeering } from "./vpc-peering.ts";
import type { Tags } from "./resource.ts";
import { findGroup, type GroupName, type SecurityGroup } from "./security-group.ts";
import { newRule, type Peer, peerText, ruleKey, rulesOfGroup, type SecurityGroupRule } from "./security-group-rule.ts";
import { find, findBy, put, remove, type State } from "./state.ts";
import { checkTags } from "./tag.ts";
import { parseProtocol, type Traffic } from "./traffic.ts";
import { accept, type Caller, type Context, type Outcome } from "./verb.ts";

/** Traffic as a call writes it, and everybody at the other end. */
export interface PermissionInput {
  readonly protocol: string;
  readonly fromPort?: number;
  readonly toPort?: number;
  readonly peers: readonly PeerInput[];
}

export type PeerInput = PeerName & { readonly description?: string };

type PeerName =
  | { readonly kind: "ipv4" | "ipv6"; readonly cidrBlock: string }
  | { readonly kind: "prefix-list"; readonly prefixListId: string }
  | {
      readonly kind: "security-group";
      /** Absent where the group is named. */
      readonly groupId?: string;
      readonly groupName?: string;
      /** The owner; absent for the caller. */
      readonly accountId?: string;
    };

export interface AuthorizeInput extends GroupName {
  readonly isEgress: boolean;
  readonly permissions: readonly PermissionInput[];
  readonly tags: Tags;
}

/** The new rules. Fails with InvalidPermission.Duplicate when the group has one of them; then none is added. */
export function authorizeSecurityGroup(
  state: State,
  input: AuthorizeInput,
  context: Context,
): Outcome<readonly SecurityGroupRule[]> {
  const group = findGroup(state, input, context);
  if (!group.ok) return group;
  const wanted = readPermissions(state, group.value, input.permissions, context);
  if (!wanted.ok) return wanted;
  const tags = checkTags(input.tags);
  if (!tags.ok) return tags;
  const { isEgress } = input;
  const present = rulesOfGroup(state, group.value.id);
  const keys = new Set(present.map(ruleKey));
  const made: SecurityGroupRule[] = [];
  for (const [position, one] of wanted.value.entries()) {
    const rule = newRule(group.value.id, { ...one, isEgress, position, tags: tags.value }, context);
    if (keys.has(ruleKey(rule))) return fail("InvalidPermission.Duplicate", { rule: ruleText(rule) });
    made.push(rule);
  }
  const quota = quotaOf("rulesPerSecurityGroup", context);
  if (!["ipv4", "ipv6"].every((family) => countRules([...present, ...made], { isEgress, family }) <= quota))
    return fail("RulesPerSecurityGroupLimitExceeded", {});
  return accept(
    made,
    made.map((rule) => put("security-group-rule", rule)),
  );
}

export interface RevokeInput extends GroupName {
  readonly isEgress: boolean;
  readonly permissions: readonly PermissionInput[];
  readonly ruleIds: readonly string[];
}

/** The rules that went. Fails with InvalidPermission.NotFound or InvalidSecurityGroupRuleId.NotFound; then none goes. */
export function revokeSecurityGroup(
  state: State,
  input: RevokeInput,
  context: Context,
): Outcome<readonly SecurityGroupRule[]> {
  const group = findGroup(state, input, context);
  if (!group.ok) return group;
  const rules = namedRules(state, group.value, input, context);
  if (!rules.ok) return rules;
  return accept(
    rules.value,
    rules.value.map((rule) => remove("security-group-rule", rule.id)),
  );
}

export interface RuleUpdate {
  readonly ruleId: string;
  readonly rule: { readonly protocol: string; readonly fromPort?: number; readonly toPort?: number } & (
    | { readonly peer: PeerInput }
    | { readonly description?: string }
  );
}

/** Gives rules another content; all or none. A rule keeps its direction, its id and its tags. */
export function modifySecurityGroupRules(
  state: State,
  input: { readonly groupId: string; readonly rules: readonly RuleUpdate[] },
  context: Context,
): Outcome<void> {
  const group = lookup(state, "security-group", input.groupId, context);
  if (!group.ok) return group;
  const after = new Map(rulesOfGroup(state, group.value.id).map((rule) => [rule.id, rule]));
  const changed: SecurityGroupRule[] = [];
  for (const { ruleId, rule: wish } of input.rules) {
    const rule = ruleOfGroup(state, group.value, ruleId, context);
    if (!rule.ok) return rule;
    const traffic = readTraffic(wish);
    if (!traffic.ok) return traffic;
    const { peer: oldPeer, description: _, ...rest } = rule.value;
    const peer = "peer" in wish ? readPeer(state, group.value, wish.peer, context) : ok(oldPeer);
    if (!peer.ok) return peer;
    if (peer.value.kind !== oldPeer.kind || familyOf(peer.value) !== familyOf(oldPeer)) {
      return refuse("You may not modify the type of the source or destination of a security group rule.");
    }
    const description = readDescription("peer" in wish ? wish.peer.description : wish.description);
    if (!description.ok) return description;
    const next = { ...rest, traffic: traffic.value, peer: peer.value, ...description.value };
    after.set(rule.value.id, next);
    changed.push(next);
  }
  const keys = new Set([...after.values()].map(ruleKey));
  const clash = keys.size < after.size ? changed[0] : undefined;
  if (clash !== undefined) return fail("InvalidPermission.Duplicate", { rule: ruleText(clash) });
  return accept(
    undefined,
    changed.map((rule) => put("security-group-rule", rule)),
  );
}

export interface DescriptionsInput extends GroupName {
  readonly isEgress: boolean;
  readonly permissions: readonly PermissionInput[];
  readonly descriptions: readonly { readonly ruleId: string; readonly description?: string }[];
}

/** Replaces or takes away the descriptions of rules, which are named by id or by what they say. */
export function updateRuleDescriptions(state: State, input: DescriptionsInput, context: Context): Outcome<void> {
  const group = findGroup(state, input, context);
  if (!group.ok) return group;
  const wanted = readPermissions(state, group.value, input.permissions, context);
  if (!wanted.ok) return wanted;
  const changed: SecurityGroupRule[] = [];
  const byKey = new Map(rulesOfGroup(state, group.value.id).map((rule) => [ruleKey(rule), rule]));
  for (const one of wanted.value) {
    const rule = byKey.get(ruleKey({ ...one, isEgress: input.isEgress }));
    if (rule === undefined) return ruleNotFound();
    changed.push(described(rule, one.description));
  }
  for (const { ruleId, description } of input.descriptions) {
    const rule = ruleOfGroup(state, group.value, ruleId, context);
    if (!rule.ok) return rule;
    if (rule.value.isEgress !== input.isEgress) return ruleIdNotFound(ruleId);
    const text = readDescription(description);
    if (!text.ok) return text;
    changed.push(described(rule.value, text.value.description));
  }
  return accept(
    undefined,
    changed.map((rule) => put("security-group-rule", rule)),
  );
}

interface Wanted {
  readonly traffic: Traffic;
  readonly peer: Peer;
  readonly description?: string;
}

/** One rule for each peer of each permission; the same rule twice is refused. */
function readPermissions(
  state: State,
  group: SecurityGroup,
  permissions: readonly PermissionInput[],
  caller: Caller,
): Result<readonly Wanted[], ApiError> {
  const wanted: Wanted[] = [];
  const keys = new Set<string>();
  for (const permission of permissions) {
    const traffic = readTraffic(permission);
    if (!traffic.ok) return traffic;
    if (permission.peers.length === 0) return refuse("You must specify a source or destination for each permission");
    for (const input of permission.peers) {
      const peer = readPeer(state, group, input, caller);
      if (!peer.ok) return peer;
      const description = readDescription(input.description);
      if (!description.ok) return description;
      const one = { traffic: traffic.value, peer: peer.value, ...description.value };
      const key = ruleKey({ ...one, isEgress: false });
      if (keys.has(key)) return refuse("The same permission must not appear multiple times");
      keys.add(key);
      wanted.push(one);
    }
  }
  return ok(wanted);
}

/**
 * ASSUMPTION: in a security group rule a protocol that is neither TCP, UDP nor ICMP takes no ports; those given are
 * dropped.
 */
function readTraffic(input: {
  readonly protocol: string;
  readonly fromPort?: number;
  readonly toPort?: number;
}): Result<Traffic, ApiError> {
  const { protocol: text, fromPort, toPort } = input;
  const protocol = parseProtocol(text);
  if (protocol === undefined) return refuse(`Invalid value '${text}' for IP protocol. Unknown protocol.`);
  if (protocol === "all") return ok({ kind: "all" });
  switch (protocol) {
    case 6:
    case 17:
      return readPorts(protocol, fromPort, toPort);
    case 1:
    case 58:
      return readIcmp(protocol, fromPort, toPort);
  }
  return ok({ kind: "protocol", protocol });
}

function readPorts(
  protocol: 6 | 17,
  fromPort: number | undefined,
  toPort: number | undefined,
): Result<Traffic, ApiError> {
  if (fromPort === undefined || toPort === undefined) {
    return refuse("Invalid value 'Must specify both from and to ports with TCP/UDP.' for portRange.");
  }
  const bad = [fromPort, toPort].find((port) => port < 0 || port > 65_535);
  if (bad !== undefined) return refuse(`TCP/UDP port (${bad}) out of range`);
  if (fromPort > toPort) {
    return fail("InvalidPermission.Malformed", { message: `Invalid TCP/UDP port range (${fromPort}:${toPort})` });
  }
  return ok({ kind: "ports", protocol, fromPort, toPort });
}

/** The first "port" is the type, the second the code. ICMP must name the type, ICMPv6 need not. */
function readIcmp(protocol: 1 | 58, type: number | undefined, code: number | undefined): Result<Traffic, ApiError> {
  if (type === undefined && protocol === 1) {
    return refuse("Invalid value 'Must specify both from and to ports with ICMP.' for portRange.");
  }
  const given = { type: type ?? -1, code: code ?? -1 };
  const isIn = (value: number): boolean => value >= -1 && value <= 255;
  if (!isIn(given.type) || !isIn(given.code)) {
    return refuse(`ICMP type (${given.type}) or code (${given.code}) out of range`);
  }
  if (given.type === -1 && given.code !== -1) {
    return fail("InvalidPermission.Malformed", { message: "ICMP code may not be specified for all ICMP types" });
  }
  return ok({ kind: "icmp", protocol, ...given });
}

function readPeer(state: State, group: SecurityGroup, input: PeerInput, caller: Caller): Result<Peer, ApiError> {
  switch (input.kind) {
    case "ipv4":
    case "ipv6": {
      // Source: EC2 API Reference, "AuthorizeSecurityGroupIngress": AWS makes CIDR blocks canonical.
      const prefix = parsePrefixMasked(input.cidrBlock);
      if (prefix === undefined || prefix.ip.width !== (input.kind === "ipv4" ? 32 : 128)) {
        return refuse(`CIDR block ${input.cidrBlock} is malformed`);
      }
      return ok({ kind: "cidr", cidrBlock: formatPrefix(prefix) });
    }
    case "prefix-list": {
      const { prefixListId } = input;
      if (!isId("pl", prefixListId)) return fail("InvalidPrefixListId.Malformed", { id: prefixListId });
      const list = readReferredList(state, prefixListId, caller);
      return list.ok ? ok({ kind: "prefix-list", prefixListId: list.value.id }) : list;
    }
    case "security-group":
      return readGroupPeer(state, group, input, caller);
  }
  return unreachable(input);
}

function readGroupPeer(
  state: State,
  group: SecurityGroup,
  input: Extract<PeerInput, { kind: "security-group" }>,
  caller: Caller,
): Result<Peer, ApiError> {
  const { groupId, groupName, accountId } = input;
  if (groupId === undefined && groupName !== undefined) {
    const named = findBy(state, "security-group", "vpcId", group.vpcId).find((one) => one.name === groupName);
    if (named === undefined) {
      return fail("InvalidGroup.NotFound", {
        message: `The security group '${groupName}' does not exist in VPC '${group.vpcId}'`,
      });
    }
    return ok({ kind: "security-group", groupId: named.id, accountId: named.accountId });
  }
  if (groupId === undefined) return fail("MissingParameter", { parameter: "groupName or groupId" });
  if (!isId("sg", groupId)) return fail("InvalidGroupId.Malformed", { id: groupId });
  const named = find(state, "security-group", groupId);
  if (named === undefined || named.region !== caller.region) return fail("InvalidGroup.NotFound", { groupId });
  if (accountId !== undefined && accountId !== named.accountId) return fail("InvalidGroup.NotFound", { groupId });
  const peer = { kind: "security-group", groupId: named.id, accountId: named.accountId } as const;
  if (named.vpcId === group.vpcId) return ok(peer);
  const vpcPeeringConnectionId = activePeering(state, group.vpcId, named.vpcId)?.id;
  if (vpcPeeringConnectionId === undefined) {
    return fail("InvalidGroup.NotFound", {
      message: "You have specified two resources that belong to different networks.",
    });
  }
  return ok({ ...peer, peering: { vpcPeeringConnectionId, vpcId: named.vpcId } });
}

/** Source: EC2 API Reference, "IpRange": up to 255 of `a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*`. */
function readDescription(text: string | undefined): Result<{ readonly description?: string }, ApiError> {
  if (text === undefined || text === "") return ok({});
  if (text.length > 255 || !/^[a-zA-Z0-9. _\-:/()#,@[\]+=&;{}!$*]*$/.test(text)) {
    return refuse(
      "Invalid rule description. Valid descriptions are strings less than 256 characters from the following set:  a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*",
    );
  }
  return ok({ description: text });
}

function namedRules(
  state: State,
  group: SecurityGroup,
  input: RevokeInput,
  caller: Caller,
): Result<readonly SecurityGroupRule[], ApiError> {
  const wanted = readPermissions(state, group, input.permissions, caller);
  if (!wanted.ok) return wanted;
  const byKey = new Map(rulesOfGroup(state, group.id).map((rule) => [ruleKey(rule), rule]));
  const found = new Map<string, SecurityGroupRule>();
  for (const one of wanted.value) {
    const rule = byKey.get(ruleKey({ ...one, isEgress: input.isEgress }));
    if (rule === undefined) return ruleNotFound();
    found.set(rule.id, rule);
  }
  const byId = lookupAll(state, "security-group-rule", input.ruleIds, caller);
  if (!byId.ok) return byId;
  for (const rule of byId.value) {
    if (rule.groupId !== group.id || rule.isEgress !== input.isEgress) return ruleIdNotFound(rule.id);
    found.set(rule.id, rule);
  }
  return ok([...found.values()]);
}

function ruleOfGroup(
  state: State,
  group: SecurityGroup,
  ruleId: string,
  caller: Caller,
): Result<SecurityGroupRule, ApiError> {
  const rule = lookup(state, "security-group-rule", ruleId, caller);
  if (!rule.ok || rule.value.groupId === group.id) return rule;
  return ruleIdNotFound(ruleId);
}

function described(old: SecurityGroupRule, text: string | undefined): SecurityGroupRule {
  const { description: _, ...rule } = old;
  return text === undefined ? rule : { ...rule, description: text };
}

/** Both families have the quota for themselves; a group or a prefix list counts for both. */
/** How many count against one direction and family: those that name no addresses count against both. */
function countRules(
  rules: readonly SecurityGroupRule[],
  { isEgress, family }: { readonly isEgress: boolean; readonly family: string },
): number {
  return rules.filter((rule) => rule.isEgress === isEgress && [family, undefined].includes(familyOf(rule.peer))).length;
}

function familyOf(peer: Peer): "ipv4" | "ipv6" | undefined {
  if (peer.kind !== "cidr") return undefined;
  return peer.cidrBlock.includes(":") ? "ipv6" : "ipv4";
}

/** As AWS writes rules in messages: `peer: 10.0.0.0/8, TCP, from port: 22, to port: 22, ALLOW`. */
function ruleText({ peer, traffic }: SecurityGroupRule): string {
  return `peer: ${peerText(peer)}, ${trafficText(traffic)}, ALLOW`;
}

/** ASSUMPTION: messages about security group rules for ICMP and other protocols are worded by us. */
function trafficText(traffic: Traffic): string {
  const all = (value: number): string => (value === -1 ? "ALL" : String(value));
  switch (traffic.kind) {
    case "all":
      return "ALL";
    case "ports":
      return `${traffic.protocol === 6 ? "TCP" : "UDP"}, from port: ${traffic.fromPort}, to port: ${traffic.toPort}`;
    case "icmp":
      return `${traffic.protocol === 1 ? "ICMP" : "ICMPv6"}, type: ${all(traffic.type)}, code: ${all(traffic.code)}`;
    case "protocol":
      return `PROTOCOL ${traffic.protocol}`;
  }
  return unreachable(traffic);
}

function ruleNotFound(): Result<never, ApiError> {
  return fail("InvalidPermission.NotFound", {});
}

function ruleIdNotFound(ruleId: string): Result<never, ApiError> {
  return fail("InvalidSecurityGroupRuleId.NotFound", { ruleId });
}

function refuse(message: string): Result<never, ApiError> {
  return fail("InvalidParameterValue", { message });
}
