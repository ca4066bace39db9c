/**
 * Security groups: what may be opened from and to an interface. What answers an opened connection passes without a rule.
 * Source: Amazon VPC User Guide, "Security groups" and "Security group rules": rules only allow; those of all groups of an
 * interface count together; what none allows is dropped. Source: "Connection tracking": a tracked flow outlives its rule; for
 * those that are not tracked see `untracked.ts`.
 */

import { formatIp } from "../base/ip.ts";
import type { Difference } from "../base/persistent-map.ts";
import { compilePrefixTable, type PrefixTable } from "../base/prefix-table.ts";
import { parsePrefix, type Prefix } from "../base/prefix.ts";
import type { NetworkInterface } from "../model/network-interface.ts";
import { findReferredList } from "../model/managed-prefix-list.ts";
import type { SecurityGroup } from "../model/security-group.ts";
import { inOrderOfMaking, type Peer, rulesOfGroup, type SecurityGroupRule } from "../model/security-group-rule.ts";
import type { State } from "../model/state.ts";
import { type Packet, portsMatched } from "./packet.ts";

/** A group made ready for packets. */
export interface CompiledGroup {
  readonly group: SecurityGroup;
  /** In the order in which they were made. */
  readonly ingress: readonly CompiledRule[];
  readonly egress: readonly CompiledRule[];
}

export interface CompiledRule {
  readonly rule: SecurityGroupRule;
  readonly peer: CompiledPeer;
}

export type CompiledPeer =
  | { readonly kind: "blocks"; readonly cidrBlocks: readonly string[]; readonly table: PrefixTable<undefined> }
  /** Whoever has an interface in the group. */
  | { readonly kind: "members"; readonly groupId: string };

/** The addresses of the interfaces in a group, by its id. */
export type Members = ReadonlyMap<string, ReadonlySet<string>>;

export interface GroupVerdict {
  readonly kind: "security-group";
  readonly networkInterfaceId: string;
  readonly direction: "ingress" | "egress";
  readonly allowed: boolean;
  /** Every group of the interface. */
  readonly securityGroupIds: readonly string[];
  /** The first rule that allows it; absent where none does. */
  readonly rule?: { readonly ruleId: string; readonly securityGroupId: string };
}

export function compileGroup(state: State, group: SecurityGroup): CompiledGroup {
  const compiled = rulesOfGroup(state, group.id).map((rule) => compileRule(state, rule, group.region));
  return {
    group,
    ingress: compiled.filter(({ rule }) => !rule.isEgress),
    egress: compiled.filter(({ rule }) => rule.isEgress),
  };
}

/** The group with other rules; a direction in which none changed stays the same object. */
export function withRules(
  state: State,
  { group, ...before }: CompiledGroup,
  changes: readonly Difference<SecurityGroupRule>[],
): CompiledGroup {
  const direction = (isEgress: boolean, rules: readonly CompiledRule[]): readonly CompiledRule[] => {
    const gone = new Set(changes.flatMap((one) => (one.before?.isEgress === isEgress ? [one.key] : [])));
    const come = changes.flatMap(({ after }) => (after?.isEgress === isEgress ? [after] : []));
    if (gone.size === 0 && come.length === 0) return rules;
    const kept = gone.size === 0 ? rules : rules.filter(({ rule }) => !gone.has(rule.id));
    const fresh = come.map((rule) => compileRule(state, rule, group.region));
    return [...kept, ...fresh].toSorted((a, b) => inOrderOfMaking(a.rule, b.rule));
  };
  return { group, ingress: direction(false, before.ingress), egress: direction(true, before.egress) };
}

// A memo of what follows from the rule alone: when a group gets a rule, its others are ready.
const compiledRules = new WeakMap<SecurityGroupRule, CompiledRule>();

function compileRule(state: State, rule: SecurityGroupRule, region: string): CompiledRule {
  const compiled = compiledRules.get(rule) ?? { rule, peer: compilePeer(state, rule.peer, region) };
  if (rule.peer.kind !== "prefix-list") compiledRules.set(rule, compiled);
  return compiled;
}

export interface Firewall {
  /** By id. */
  readonly groups: ReadonlyMap<string, CompiledGroup>;
  readonly members: Members;
}

/** What the groups of an interface say of the first packet of a flow that comes to it (ingress) or leaves it (egress). */
export function groupVerdict(
  firewall: Firewall,
  holder: NetworkInterface,
  direction: "ingress" | "egress",
  packet: Packet,
): GroupVerdict {
  const { id: networkInterfaceId, securityGroupIds } = holder;
  const common = { kind: "security-group", networkInterfaceId, direction, securityGroupIds } as const;
  for (const securityGroupId of securityGroupIds) {
    for (const { rule, peer } of firewall.groups.get(securityGroupId)?.[direction] ?? []) {
      if (portsMatched(rule.traffic, packet) === undefined || !holds(firewall, peer, direction, packet)) continue;
      return { ...common, allowed: true, rule: { ruleId: rule.id, securityGroupId } };
    }
  }
  return { ...common, allowed: false };
}

function holds({ members }: Firewall, peer: CompiledPeer, direction: "ingress" | "egress", packet: Packet): boolean {
  const ip = direction === "ingress" ? packet.sourceIp : packet.destinationIp;
  switch (peer.kind) {
    case "blocks":
      return peer.table.longestMatch(ip) !== undefined;
    case "members":
      return members.get(peer.groupId)?.has(formatIp(ip)) === true;
  }
}

function compilePeer(state: State, peer: Peer, region: string): CompiledPeer {
  switch (peer.kind) {
    case "cidr": {
      const prefix = parsePrefix(peer.cidrBlock);
      return blocks([peer.cidrBlock], prefix === undefined ? [] : [prefix]);
    }
    case "prefix-list": {
      const list = findReferredList(state, region, peer.prefixListId);
      return blocks(list?.cidrBlocks ?? [], list?.prefixes ?? []);
    }
    case "security-group":
      return { kind: "members", groupId: peer.groupId };
  }
}

function blocks(cidrBlocks: readonly string[], prefixes: readonly Prefix[]): CompiledPeer {
  const table = compilePrefixTable(prefixes.map((prefix) => ({ prefix, value: undefined })));
  return { kind: "blocks", cidrBlocks, table };
}
