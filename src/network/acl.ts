/**
 * Network ACLs: what may cross the border of a subnet, packet by packet, without memory of the packets before.
 * Source: Amazon VPC User Guide, "Network ACLs" and "Network ACL rules": rules are looked at by rising number, the first
 * that matches decides, what none matches is denied; traffic that stays in a subnet is not looked at.
 */

import { containsIp, parsePrefix, type Prefix } from "../base/prefix.ts";
import type { NetworkAcl, NetworkAclEntry } from "../model/network-acl.ts";
import { type Packet, type PortRange, portsMatched } from "./packet.ts";

/** An ACL made ready for packets. */
export interface CompiledAcl {
  readonly acl: NetworkAcl;
  /** By rising number. */
  readonly ingress: readonly CompiledEntry[];
  readonly egress: readonly CompiledEntry[];
}

export interface CompiledEntry {
  readonly entry: NetworkAclEntry;
  readonly prefix: Prefix;
}

export interface AclVerdict {
  readonly kind: "network-acl";
  readonly networkAclId: string;
  readonly direction: "ingress" | "egress";
  readonly allowed: boolean;
  /** Of the entry that decided; `*` where none matched. */
  readonly ruleNumber: number | "*";
  /** The destination ports that the entry decided: fewer than the packet's where others are decided otherwise. */
  readonly ports: PortRange;
}

export function compileAcl(acl: NetworkAcl): CompiledAcl {
  const compiled = acl.entries
    .toSorted((a, b) => a.ruleNumber - b.ruleNumber)
    .flatMap((entry): CompiledEntry[] => {
      const prefix = parsePrefix(entry.cidrBlock);
      return prefix === undefined ? [] : [{ entry, prefix }];
    });
  return {
    acl,
    ingress: compiled.filter(({ entry }) => !entry.isEgress),
    egress: compiled.filter(({ entry }) => entry.isEgress),
  };
}

/**
 * What an ACL says of a packet that enters (ingress) or leaves (egress) its subnet. Where the packet may be to any port of
 * a range and some are denied, it is denied, by the entry that denies the lowest of them.
 */
export function aclVerdict(acl: CompiledAcl, direction: "ingress" | "egress", packet: Packet): AclVerdict {
  const ip = direction === "ingress" ? packet.sourceIp : packet.destinationIp;
  const rules = acl[direction].filter(({ prefix }) => containsIp(prefix, ip));
  const decided = decide(rules, 0, packet);
  return { kind: "network-acl", networkAclId: acl.acl.id, direction, ...decided };
}

type Decided = Pick<AclVerdict, "allowed" | "ruleNumber" | "ports">;

/** The rules from `at` on, over the destination ports of the packet: a rule that takes a part leaves the rest to later ones. */
function decide(rules: readonly CompiledEntry[], at: number, packet: Packet): Decided {
  const asked = packet.destinationPorts;
  for (let place = at; place < rules.length; place++) {
    const entry = rules[place]?.entry;
    const ports = entry && portsMatched(entry.traffic, packet);
    if (entry === undefined || ports === undefined) continue;
    const rest = [
      { from: asked.from, to: ports.from - 1 },
      { from: ports.to + 1, to: asked.to },
    ].filter((range) => range.from <= range.to);
    const others = rest.map((range) => decide(rules, place + 1, { ...packet, destinationPorts: range }));
    const own = { allowed: entry.action === "allow", ruleNumber: entry.ruleNumber, ports };
    const denied = [own, ...others].filter((one) => !one.allowed).toSorted((a, b) => a.ports.from - b.ports.from);
    return denied[0] ?? own;
  }
  return { allowed: false, ruleNumber: "*", ports: asked };
}
