/**
 * What a blueprint means, in parts that are kept: one for each instance, route table, rule of a group and so on, as the
 * leaves of a tree of sections. Each knows what it was made from, so that after a change of one thing the rest is neither
 * made nor compared again.
 */

import { isSame } from "../../base/same.ts";
import { type KernelObject, keyOf } from "./kernel-object.ts";

/** By `keyOf`. */
export type Objects = ReadonlyMap<string, KernelObject>;

export interface Part {
  readonly sources: readonly unknown[];
  readonly objects: readonly KernelObject[];
}

export interface Section {
  readonly sources: readonly unknown[];
  readonly nodes: Nodes;
  /** Of a section that has a node for each of some items: those items. */
  readonly items?: readonly unknown[];
}

/** By their names; numbers spare the making of names where there are many. */
export type Nodes = ReadonlyMap<string | number, Section | Part>;

/** INVARIANT: no object is in two parts. */
export type Wanted = Nodes;

export const NOTHING: Wanted = new Map();

export interface Adder {
  /** Adds a part that follows from `sources` and its name alone; it is made again when these say something else. */
  readonly part: (name: string | number, sources: readonly unknown[], make: () => readonly KernelObject[]) => void;
  /** Adds a section that follows from `sources` and its name alone; while these are the same objects it is not looked into. */
  readonly section: (name: string | number, sources: readonly unknown[], fill: (add: Adder) => void) => void;
  /** Adds a section with a node, or none, for each item; of items that were there before none is looked into. */
  readonly each: <T>(name: string | number, items: Items<T>, fill: (item: T, add: Adder) => void) => void;
}

export interface Items<T> {
  readonly items: readonly T[];
  /** The name of the item's node. */
  readonly nameOf: (item: T) => string | number;
  /** What each node follows from, beside its item. */
  readonly sources: readonly unknown[];
}

/** What `fill` adds; sections and parts are those from `before` where nothing differs. */
export function nodesOf(before: Nodes, fill: (add: Adder) => void): Nodes {
  const nodes = new Map<string | number, Section | Part>();
  fill(adderTo(nodes, before));
  return nodes;
}

function adderTo(nodes: Map<string | number, Section | Part>, before: Nodes): Adder {
  return {
    part: (name, sources, make) => {
      const known = before.get(name);
      const isKnown = known !== undefined && "objects" in known && isSame(known.sources, sources);
      nodes.set(name, isKnown ? known : { sources, objects: make() });
    },
    section: (name, sources, fill) => {
      const known = sectionOf(before, name);
      const isKnown = known !== undefined && areIdentical(known.sources, sources);
      nodes.set(name, isKnown ? known : { sources, nodes: nodesOf(known?.nodes ?? NOTHING, fill) });
    },
    each: (name, of, fill) => {
      const known = sectionOf(before, name);
      const isKnown = known?.items === of.items && areIdentical(known.sources, of.sources);
      nodes.set(name, isKnown ? known : sectionOfEach(of, known, fill));
    },
  };
}

function sectionOfEach<T>(of: Items<T>, known: Section | undefined, fill: (item: T, add: Adder) => void): Section {
  const { items, nameOf, sources } = of;
  const keeps = known?.items !== undefined && areIdentical(known.sources, sources);
  const nodes = new Map(keeps ? known.nodes : []);
  const { gone, come } = exchanged((keeps ? known.items : []) as readonly T[], items);
  for (const item of gone) nodes.delete(nameOf(item));
  const add = adderTo(nodes, known?.nodes ?? NOTHING);
  for (const item of come) fill(item, add);
  return { sources, nodes, items };
}

/** What one list has and the other has not. Most changes are of one place: what is before and behind it is skipped. */
function exchanged<T>(before: readonly T[], after: readonly T[]): { readonly gone: T[]; readonly come: T[] } {
  const least = Math.min(before.length, after.length);
  let [first, last] = [0, 0];
  while (first < least && before[first] === after[first]) first++;
  while (last < least - first && before.at(-1 - last) === after.at(-1 - last)) last++;
  const [had, has] = [before.slice(first, before.length - last), after.slice(first, after.length - last)];
  const [hadSet, hasSet] = [new Set(had), new Set(has)];
  return { gone: had.filter((item) => !hasSet.has(item)), come: has.filter((item) => !hadSet.has(item)) };
}

function sectionOf(nodes: Nodes, name: string | number): Section | undefined {
  const known = nodes.get(name);
  return known !== undefined && "nodes" in known ? known : undefined;
}

function areIdentical(before: readonly unknown[], after: readonly unknown[]): boolean {
  return before.length === after.length && before.every((source, at) => source === after[at]);
}

/** What the kernel was found to hold. */
export function foundNodes(objects: readonly KernelObject[]): Nodes {
  return new Map([["found", { sources: [], objects }]]);
}

export function objectsOf(nodes: Nodes): Objects {
  return objectsBeside(nodes, NOTHING);
}

/** Objects of the parts in `nodes` that are not in `others`. */
export function objectsBeside(nodes: Nodes, others: Nodes): Objects {
  const objects = new Map<string, KernelObject>();
  collect(nodes, others, objects);
  return objects;
}

function collect(nodes: Nodes, others: Nodes, objects: Map<string, KernelObject>): void {
  for (const [name, node] of nodes) {
    const other = others.get(name);
    if (other === node) continue;
    if ("nodes" in node) collect(node.nodes, other !== undefined && "nodes" in other ? other.nodes : NOTHING, objects);
    else for (const object of node.objects) objects.set(keyOf(object), object);
  }
}
