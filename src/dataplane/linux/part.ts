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
}

/** What `fill` adds; sections and parts are those from `before` where nothing differs. */
export function nodesOf(before: Nodes, fill: (add: Adder) => void): Nodes {
  const nodes = new Map<string | number, Section | Part>();
  fill({
    part: (name, sources, make) => {
      const known = before.get(name);
      const isKnown = known !== undefined && "objects" in known && isSame(known.sources, sources);
      nodes.set(name, isKnown ? known : { sources, objects: make() });
    },
    section: (name, sources, fillSection) => {
      const known = before.get(name);
      const section = known !== undefined && "nodes" in known ? known : undefined;
      const isKnown = section !== undefined && section.sources.every((source, at) => source === sources[at]);
      nodes.set(name, isKnown ? section : { sources, nodes: nodesOf(section?.nodes ?? NOTHING, fillSection) });
    },
  });
  return nodes;
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
