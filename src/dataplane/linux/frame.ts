/**
 * The part of a namespace's nf_tables that never changes while it lives, as the kernel lists it: what it lists right after the
 * load is what it must list ever after. Beside it only what a blueprint asks for may stand.
 */

import { RULE, readListedRule } from "./filter-change.ts";
import { decodeRule } from "./filter-rule.ts";
import type { NamespaceRole } from "./kernel-object.ts";
import { METERING_CHAINS, TALLY_SETS } from "./metering.ts";
import { type Attribute, decodeAttributes, findAttribute, type Message, textOf } from "./netlink-message.ts";
import type { NetlinkSocket } from "./netlink-socket.ts";
import { deleteRule, deleteSet, getChains, getRules, getSets } from "./nftables.ts";
import { chainOfMap } from "./port-map.ts";
import { shapesOf, TABLE } from "./ruleset.ts";

// As this kernel lists what was loaded, by role.
const frames = new Map<NamespaceRole, string>();

/** To be called when a namespace's ruleset was loaded, before anybody else can reach it. */
export function rememberFrame(role: NamespaceRole, netfilter: NetlinkSocket): void {
  if (!frames.has(role)) frames.set(role, frameOf(role, netfilter));
}

/** Whether the table is there as it was loaded, with nothing more that sees every packet. */
export function hasFrame(role: NamespaceRole, netfilter: NetlinkSocket): boolean {
  return frames.get(role) === frameOf(role, netfilter);
}

const CHAIN = { table: 1, name: 3, hook: 4, policy: 5, type: 7, flags: 10 } as const;
const SET = { name: 2, flags: 3, keyBytes: 5, valueBytes: 7, timeout: 11 } as const;

function frameOf(role: NamespaceRole, netfilter: NetlinkSocket): string {
  const own = ownSets(role);
  const lines: string[] = [];
  const fixed = new Set<string>();
  for (const chain of list(netfilter, getChains())) {
    const name = textOf(findAttribute(chain, CHAIN.name));
    if (textOf(findAttribute(chain, CHAIN.table)) !== TABLE || !isFixed(name, chain)) continue;
    fixed.add(name);
    lines.push(`chain ${name} ${hexOf(chain, [CHAIN.hook, CHAIN.policy, CHAIN.type, CHAIN.flags])}`);
  }
  for (const set of list(netfilter, getSets(TABLE))) {
    const name = textOf(findAttribute(set, SET.name));
    if (own.has(name)) lines.push(`set ${name} ${hexOf(set, [SET.flags, SET.keyBytes, SET.valueBytes, SET.timeout])}`);
  }
  const places = new Map<string, number>();
  for (const rule of list(netfilter, getRules(TABLE))) {
    const chain = textOf(findAttribute(rule, RULE.chain));
    if (!fixed.has(chain)) continue;
    const place = places.get(chain) ?? 0;
    places.set(chain, place + 1);
    lines.push(`rule ${chain} ${place} ${expressionsText(findAttribute(rule, RULE.expressions))}`);
  }
  return lines.toSorted().join("\n");
}

function isFixed(name: string, chain: readonly Attribute[]): boolean {
  return METERING_CHAINS.has(name) || findAttribute(chain, CHAIN.hook) !== undefined;
}

function ownSets(role: NamespaceRole): ReadonlySet<string> {
  return new Set([...shapesOf(role).map((shape) => shape.name), ...(role === "router" ? TALLY_SETS : [])]);
}

/** All but what they have counted. */
function expressionsText(expressions: Buffer | undefined): string {
  return decodeAttributes(expressions ?? Buffer.alloc(0))
    .map(({ value }) => {
      const name = textOf(findAttribute(decodeAttributes(value), 1));
      return name === "counter" ? name : value.toString("hex");
    })
    .join(" ");
}

function hexOf(attributes: readonly Attribute[], types: readonly number[]): string {
  return types.map((type) => findAttribute(attributes, type)?.toString("hex") ?? "-").join(" ");
}

/** What stands in the table and is none of ours: what takes it away, and what it was. */
export interface Stray {
  readonly message: Message;
  readonly what: string;
}

/** Rules and sets that no blueprint can have asked for; others read back as what they are, see `dump.ts`. */
export function straysOf(role: NamespaceRole, netfilter: NetlinkSocket): readonly Stray[] {
  const fixed = new Set(
    list(netfilter, getChains()).flatMap((chain) => {
      const name = textOf(findAttribute(chain, CHAIN.name));
      return isFixed(name, chain) ? [name] : [];
    }),
  );
  const seen = new Set<string>();
  const rules = list(netfilter, getRules(TABLE)).flatMap((rule): Stray[] => {
    const chain = textOf(findAttribute(rule, RULE.chain));
    const handle = findAttribute(rule, RULE.handle);
    if (fixed.has(chain) || handle === undefined || isOurs(chain, rule, seen)) return [];
    return [{ message: deleteRule(TABLE, chain, Buffer.from(handle)), what: `a rule in chain ${chain}` }];
  });
  const own = ownSets(role);
  const sets = list(netfilter, getSets(TABLE)).flatMap((set): Stray[] => {
    const name = textOf(findAttribute(set, SET.name));
    // A set without a name goes with its rule.
    const isForeign = !own.has(name) && !NAMED_SET.test(name) && chainOfMap(name) === undefined;
    return isForeign && !name.startsWith("__") ? [{ message: deleteSet(TABLE, name), what: `set ${name}` }] : [];
  });
  return [...rules, ...sets];
}

/** Of members of groups and of prefix lists, see `set-shape.ts`. */
const NAMED_SET = /^(sg\d+|pl-[0-9a-f]+)(_ipv6)?$/;

/** Each name is there once, with a rule that reads back. */
function isOurs(chain: string, rule: readonly Attribute[], seen: Set<string>): boolean {
  const name = readListedRule(rule)?.name;
  if (name === undefined || seen.has(`${chain} ${name}`)) return false;
  seen.add(`${chain} ${name}`);
  const expressions = findAttribute(rule, RULE.expressions) ?? Buffer.alloc(0);
  if (chainOfMap(name) !== undefined) return asks(expressions, name);
  try {
    return decodeRule(expressions) !== undefined;
  } catch {
    // Not even torn as one of ours would be.
    return false;
  }
}

function asks(expressions: Buffer, map: string): boolean {
  const LOOKUP_SET = 1;
  return decodeAttributes(expressions).some(({ value }) => {
    const parts = decodeAttributes(value);
    const data = decodeAttributes(findAttribute(parts, 2) ?? Buffer.alloc(0));
    return textOf(findAttribute(parts, 1)) === "lookup" && textOf(findAttribute(data, LOOKUP_SET)) === map;
  });
}

function list(netfilter: NetlinkSocket, message: Message): Attribute[][] {
  return netfilter.dump(message).map(({ body }) => decodeAttributes(body.subarray(4)));
}
