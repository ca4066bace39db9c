/** The rules of security groups as documents. What may be done with them is in `security-group-permission.ts`. */

import { unreachable } from "../base/assert.ts";
import { type Id, makeId } from "../base/id.ts";
import type { Resource, Tags } from "./resource.ts";
import { findBy, type State } from "./state.ts";
import { type Traffic, trafficKey } from "./traffic.ts";
import type { Context } from "./verb.ts";

export interface SecurityGroupRule extends Resource {
  readonly id: Id<"sgr">;
  readonly groupId: Id<"sg">;
  readonly isEgress: boolean;
  readonly traffic: Traffic;
  readonly peer: Peer;
  readonly description?: string;
  /** Its place among the rules that were made with it. */
  readonly position: number;
}

/** Who is at the other end: of an inbound rule the source, of an outbound one the destination. */
export type Peer =
  /** Canonical text of either family. */
  | { readonly kind: "cidr"; readonly cidrBlock: string }
  | { readonly kind: "prefix-list"; readonly prefixListId: Id<"pl"> }
  | SecurityGroupPeer;

/** Every interface that has the group; with `peering` in a VPC at the other end of a connection. */
export interface SecurityGroupPeer {
  readonly kind: "security-group";
  readonly groupId: Id<"sg">;
  readonly accountId: string;
  readonly peering?: { readonly vpcPeeringConnectionId: Id<"pcx">; readonly vpcId: Id<"vpc"> };
}

export interface NewRule {
  readonly isEgress: boolean;
  readonly traffic: Traffic;
  readonly peer: Peer;
  readonly description?: string;
  readonly position?: number;
  readonly tags?: Tags;
}

/** A new rule, not yet in any state. */
export function newRule(groupId: Id<"sg">, input: NewRule, context: Context): SecurityGroupRule {
  const { accountId, region, nowMs, hex } = context;
  const own = { id: makeId("sgr", hex), accountId, region, createdAtMs: nowMs };
  return { ...own, groupId, ...input, position: input.position ?? 0, tags: input.tags ?? [] };
}

/** The rules of a group in the order in which they were made. */
export function rulesOfGroup(state: State, groupId: string): readonly SecurityGroupRule[] {
  return findBy(state, "security-group-rule", "groupId", groupId).toSorted(inOrderOfMaking);
}

/** For sorting: whether `a` was made before `b`. */
export function inOrderOfMaking(a: SecurityGroupRule, b: SecurityGroupRule): number {
  return a.createdAtMs - b.createdAtMs || a.position - b.position || (a.id < b.id ? -1 : 1);
}

/** A text that two rules of a group share when they say the same. INVARIANT: no two rules of a group do. */
export function ruleKey(rule: Pick<SecurityGroupRule, "isEgress" | "traffic" | "peer">): string {
  return `${rule.isEgress ? "out" : "in"} ${trafficKey(rule.traffic)} ${peerText(rule.peer)}`;
}

/** `10.0.0.0/8`, `pl-…` or `sg-…`. */
export function peerText(peer: Peer): string {
  switch (peer.kind) {
    case "cidr":
      return peer.cidrBlock;
    case "prefix-list":
      return peer.prefixListId;
    case "security-group":
      return peer.groupId;
  }
  return unreachable(peer);
}
