/** Security groups and network ACLs in the blueprint. In a VPC without IPv6 the rules about it are left out. */

import { isSame } from "../base/same.ts";
import type { NetworkAclEntry } from "../model/network-acl.ts";
import type { Traffic } from "../model/traffic.ts";
import type { CompiledAcl } from "../network/acl.ts";
import type { CompiledGroup, CompiledRule } from "../network/firewall.ts";
import { protocolNumbers } from "../network/packet.ts";
import type { VpcNetwork } from "../network/vpc-network.ts";
import type {
  AclRuleBlueprint,
  GroupPeerBlueprint,
  GroupRuleBlueprint,
  NetworkAclBlueprint,
  SecurityGroupBlueprint,
  TrafficBlueprint,
} from "./blueprint.ts";
import { numberOf, type Numbers } from "./numbering.ts";

/** The groups that some interface of the list has, and those that their rules name, and so on; sorted by id. */
export function groupsInUse(network: VpcNetwork, held: Iterable<string>): readonly CompiledGroup[] {
  const found = new Set<string>();
  const open = [...held];
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    const group = network.groups.get(id) ?? network.foreignGroups.get(id);
    if (group === undefined || found.has(id)) continue;
    found.add(id);
    open.push(...groupsNamedBy(group));
  }
  const known = [...network.groups.values(), ...network.foreignGroups.values()];
  return known.filter(({ group }) => found.has(group.id)).toSorted((a, b) => (a.group.id < b.group.id ? -1 : 1));
}

export function groupOf(network: VpcNetwork, keys: Numbers, compiled: CompiledGroup): SecurityGroupBlueprint {
  const { id } = compiled.group;
  const hasIpv6 = carriesIpv6(network);
  return {
    securityGroupId: id,
    key: numberOf(keys, id),
    members: sorted(network.members.get(id)),
    ingress: rulesOf(keys, compiled.ingress, hasIpv6),
    egress: rulesOf(keys, compiled.egress, hasIpv6),
  };
}

const none: readonly string[] = [];
const sortedMembers = new WeakMap<ReadonlySet<string>, readonly string[]>();

/** The same list again for the same set. */
function sorted(members: ReadonlySet<string> | undefined): readonly string[] {
  if (members === undefined) return none;
  const known = sortedMembers.get(members) ?? [...members].toSorted();
  sortedMembers.set(members, known);
  return known;
}

// What the rules of a direction came to, with the numbers of the groups that they name. A memo: of ten thousand rules one changes.
const planned = new WeakMap<
  readonly CompiledRule[],
  { readonly numbers: readonly unknown[]; readonly rules: readonly GroupRuleBlueprint[] }
>();

function rulesOf(keys: Numbers, compiled: readonly CompiledRule[], hasIpv6: boolean): readonly GroupRuleBlueprint[] {
  const numbers = [hasIpv6, ...namesIn(compiled).map((id) => keys.get(id))];
  const known = planned.get(compiled);
  if (known !== undefined && isSame(known.numbers, numbers)) return known.rules;
  const rules = compiled.flatMap((rule) => groupRuleOf(keys, rule, hasIpv6));
  planned.set(compiled, { numbers, rules });
  return rules;
}

/** The groups that the rules of this one name. */
export function groupsNamedBy({ ingress, egress }: CompiledGroup): readonly string[] {
  return [...namesIn(ingress), ...namesIn(egress)];
}

const named = new WeakMap<readonly CompiledRule[], readonly string[]>();

function namesIn(rules: readonly CompiledRule[]): readonly string[] {
  const known = named.get(rules);
  if (known !== undefined) return known;
  const ids = new Set<string>();
  for (const { peer } of rules) if (peer.kind === "members") ids.add(peer.groupId);
  const found = [...ids];
  named.set(rules, found);
  return found;
}

export function aclOf(network: VpcNetwork, keys: Numbers, compiled: CompiledAcl): NetworkAclBlueprint {
  const hasIpv6 = carriesIpv6(network);
  return {
    networkAclId: compiled.acl.id,
    key: numberOf(keys, compiled.acl.id),
    ingress: compiled.ingress.flatMap(({ entry }) => aclRuleOf(entry, hasIpv6)),
    egress: compiled.egress.flatMap(({ entry }) => aclRuleOf(entry, hasIpv6)),
  };
}

// Of rules that name no group. A memo, so that the others of a group that gets a rule stay the same objects.
const plannedRules = new WeakMap<CompiledRule, { readonly hasIpv6: boolean; readonly rules: GroupRuleBlueprint[] }>();

function groupRuleOf(keys: Numbers, compiled: CompiledRule, hasIpv6: boolean): readonly GroupRuleBlueprint[] {
  if (compiled.peer.kind === "members") return freshRule(keys, compiled, hasIpv6);
  const known = plannedRules.get(compiled);
  if (known?.hasIpv6 === hasIpv6) return known.rules;
  const rules = freshRule(keys, compiled, hasIpv6);
  plannedRules.set(compiled, { hasIpv6, rules });
  return rules;
}

function freshRule(keys: Numbers, { rule, peer }: CompiledRule, hasIpv6: boolean): GroupRuleBlueprint[] {
  const traffic = trafficOf(rule.traffic);
  if (peer.kind === "members") {
    const key = keys.get(peer.groupId);
    // A group of a VPC that is no peer, or one that is gone: nobody is in it.
    return key === undefined ? [] : [{ ruleId: rule.id, traffic, peer: { kind: "group", key } }];
  }
  const cidrBlocks = hasIpv6 ? peer.cidrBlocks : peer.cidrBlocks.filter(isIpv4);
  const peers: GroupPeerBlueprint[] =
    rule.peer.kind === "prefix-list"
      ? [{ kind: "prefix-list", prefixListId: rule.peer.prefixListId, cidrBlocks }]
      : cidrBlocks.map((cidrBlock) => ({ kind: "cidr", cidrBlock }));
  return peers.map((one) => ({ ruleId: rule.id, traffic, peer: one }));
}

function aclRuleOf({ ruleNumber, action, traffic, cidrBlock }: NetworkAclEntry, hasIpv6: boolean): AclRuleBlueprint[] {
  return hasIpv6 || isIpv4(cidrBlock) ? [{ ruleNumber, action, traffic: trafficOf(traffic), cidrBlock }] : [];
}

function trafficOf(traffic: Traffic): TrafficBlueprint {
  switch (traffic.kind) {
    case "all":
      return { kind: "all" };
    case "ports": {
      const { fromPort, toPort } = traffic;
      return { kind: traffic.protocol === 6 ? "tcp" : "udp", fromPort, toPort };
    }
    case "icmp": {
      const { protocol, type, code } = traffic;
      const kind = protocol === protocolNumbers.icmpv6 ? "icmpv6" : "icmp";
      return { kind, ...(type !== -1 && { type }), ...(code !== -1 && { code }) };
    }
    case "protocol":
      return { kind: "protocol", number: traffic.protocol };
  }
}

function carriesIpv6({ vpc }: VpcNetwork): boolean {
  return vpc.ipv6CidrBlocks.length > 0;
}

function isIpv4(cidrBlock: string): boolean {
  return !cidrBlock.includes(":");
}
