/** Changes of sets, chains, rules and elements of a namespace as nf_tables messages, in an order that the kernel takes. */

import type { Change } from "./diff.ts";
import { expressionsOf } from "./filter-rule.ts";
import type { ElementObject, FilterRuleObject, NamespaceRole } from "./kernel-object.ts";
import { type Attribute, findAttribute, type Message } from "./netlink-message.ts";
import {
  addElements,
  commentOf,
  deleteChain,
  deleteElements,
  deleteRule,
  deleteSet,
  newChain,
  newRule,
  newSet,
} from "./nftables.ts";
import { addBox, boxThatFits, type ChainMaps, deleteMaps, mapsOf, type PortMaps, removeBox } from "./port-map.ts";
import { shapesOf, TABLE } from "./ruleset.ts";
import { encodeElement, shapeByName, type SetShape } from "./set-shape.ts";

/** Attributes of a rule that the kernel lists. */
export const RULE = { chain: 2, handle: 3, expressions: 4, comment: 7 } as const;

/** How the names of those rules begin that stand behind all numbers. Source: Amazon VPC User Guide, "Network ACL rules": the rule whose number is an asterisk. */
export const LAST_RULE = "*";
const LAST_PLACE = 0x10000;

export interface ListedRule {
  readonly name: string;
  readonly handle: Buffer;
}

/**
 * What the kernel must be told for `changes`. `list` gives the rules of a chain as they are now; `maps` is what the
 * namespace's maps hold, and afterwards what they hold when all is done.
 */
export function filterMessages(
  changes: readonly Change[],
  maps: PortMaps,
  list: (chain: string) => readonly ListedRule[],
): readonly Message[] {
  const messages: Message[] = [];
  const byChain = new Map<string, RuleChange[]>();
  for (const { verb, object } of changes) {
    if (object.kind === "set") messages.push(setMessage(verb, object.set));
    else if (object.kind === "chain") messages.push(...chainMessages(verb, object.chain, maps));
    else if (object.kind === "filter-rule") {
      const group = byChain.get(object.chain);
      if (group === undefined) byChain.set(object.chain, [{ verb, rule: object }]);
      else group.push({ verb, rule: object });
    }
  }
  for (const [chain, group] of byChain) {
    const chainMaps = mapsOf(maps, chain);
    const isListed = group.some(
      ({ verb, rule }) => placeOf(rule.name) !== 0 || (verb !== "add" && !chainMaps.boxes.has(rule.name)),
    );
    messages.push(...ruleMessages(chain, group, chainMaps, isListed ? list(chain) : []));
  }
  return messages;
}

/** The rule among those that the kernel listed; undefined for one that has no name, as those of the ruleset. */
export function readListedRule(attributes: readonly Attribute[]): ListedRule | undefined {
  const name = commentOf(findAttribute(attributes, RULE.comment));
  const handle = findAttribute(attributes, RULE.handle);
  return name === "" || handle === undefined ? undefined : { name, handle: Buffer.from(handle) };
}

/** Where a rule of this name stands in its chain: never before one of a lower place. */
export function placeOf(name: string): number {
  if (name.startsWith(LAST_RULE)) return LAST_PLACE;
  return /^\d+$/.test(name) ? Number(name) : 0;
}

/** Puts an element in, takes it out, or gives it another value. */
export function elementMessages(role: NamespaceRole, verb: Change["verb"], element: ElementObject): Message[] {
  const shape = shapesByRole(role).get(element.set) ?? shapeByName(element.set);
  const encoded = encodeElement(shape, element);
  const removal = deleteElements(TABLE, element.set, encoded);
  const addition = addElements(TABLE, element.set, encoded);
  switch (verb) {
    case "add":
      return [addition];
    case "remove":
      return [removal];
    case "replace":
      // In one transaction: no packet meets the set without the element.
      return [removal, addition];
  }
}

const shapesMemo = new Map<NamespaceRole, ReadonlyMap<string, SetShape>>();

function shapesByRole(role: NamespaceRole): ReadonlyMap<string, SetShape> {
  const known = shapesMemo.get(role) ?? new Map(shapesOf(role).map((shape) => [shape.name, shape]));
  shapesMemo.set(role, known);
  return known;
}

interface RuleChange {
  readonly verb: Change["verb"];
  readonly rule: FilterRuleObject;
}

function setMessage(verb: Change["verb"], set: string): Message {
  const NO_ID = 0;
  return verb === "remove" ? deleteSet(TABLE, set) : newSet(TABLE, shapeByName(set), NO_ID);
}

function chainMessages(verb: Change["verb"], chain: string, maps: PortMaps): Message[] {
  if (verb !== "remove") return [newChain(TABLE, chain)];
  return [deleteChain(TABLE, chain), ...deleteMaps(TABLE, chain, maps)];
}

/** Old rules go, then new ones come in rising order, each in front of the first that stays and belongs behind it. */
function ruleMessages(
  chain: string,
  changes: readonly RuleChange[],
  maps: ChainMaps,
  listed: readonly ListedRule[],
): Message[] {
  const names = changes.flatMap(({ verb, rule }) => (verb === "add" ? [] : [rule.name]));
  const elements = names.filter((name) => maps.boxes.has(name));
  const leaving = new Set(names.filter((name) => !maps.boxes.has(name)));
  const staying = listed.filter(({ name }) => !leaving.has(name));
  const removals = listed.filter(({ name }) => leaving.has(name));
  if (removals.length < leaving.size) throw new Error(`chain ${chain} has lost rules: ${[...leaving].join(", ")}`);
  const coming = changes
    .flatMap(({ verb, rule }) => (verb === "remove" ? [] : [rule]))
    .toSorted((a, b) => placeOf(a.name) - placeOf(b.name));
  return [
    ...elements.flatMap((name) => removeBox(TABLE, chain, name, maps)),
    ...removals.map(({ handle }) => deleteRule(TABLE, chain, handle)),
    ...coming.flatMap((rule): Message[] => {
      const box = boxThatFits(rule, maps);
      if (box !== undefined) return addBox(TABLE, rule, box, maps);
      const before = staying.find(({ name }) => placeOf(name) > placeOf(rule.name))?.handle;
      const expressions = expressionsOf(rule, chain.endsWith("_out") ? "out" : "in");
      const common = { chain, expressions, comment: rule.name };
      return [newRule(TABLE, before === undefined ? common : { ...common, before })];
    }),
  ];
}
