/**
 * What a blueprint means, in parts that are kept: one for each instance, route table, group and so on. A part knows what
 * it was made from, so that after a change of one thing the rest is neither made nor compared again.
 */

import { isSame, type KernelObject, keyOf } from "./kernel-object.ts";

/** By `keyOf`. */
export type Objects = ReadonlyMap<string, KernelObject>;

export interface Part {
  readonly sources: readonly unknown[];
  readonly objects: readonly KernelObject[];
}

/** The parts of one VPC, by their name. */
export interface Section {
  readonly source: unknown;
  readonly parts: ReadonlyMap<string, Part>;
}

/** INVARIANT: no object is in two parts. */
export type Wanted = ReadonlyMap<string, Section>;

export const NOTHING: Wanted = new Map();

/** Adds a part that follows from `sources` and its name alone. */
export type AddPart = (name: string, sources: readonly unknown[], make: () => readonly KernelObject[]) => void;

/** The section of `source`; as a whole or in parts the one from `before` where nothing differs. */
export function sectionOf<T>(
  source: T,
  before: Section | undefined,
  addParts: (source: T, add: AddPart) => void,
): Section {
  if (before !== undefined && before.source === source) return before;
  const parts = new Map<string, Part>();
  addParts(source, (name, sources, make) => {
    const known = before?.parts.get(name);
    parts.set(name, known !== undefined && isSame(known.sources, sources) ? known : { sources, objects: make() });
  });
  return { source, parts };
}

/** A section of what the kernel was found to hold. */
export function foundSection(objects: readonly KernelObject[]): Section {
  return { source: undefined, parts: new Map([["found", { sources: [], objects }]]) };
}

export function objectsOf(wanted: Wanted): Objects {
  const objects = new Map<string, KernelObject>();
  for (const { parts } of wanted.values()) for (const part of parts.values()) addObjects(objects, part);
  return objects;
}

/** Objects of the parts in `wanted` that are not in `others`. */
export function objectsBeside(wanted: Wanted, others: Wanted): Objects {
  const objects = new Map<string, KernelObject>();
  for (const [name, section] of wanted) {
    const other = others.get(name);
    if (other === section) continue;
    for (const [partName, part] of section.parts) {
      if (other?.parts.get(partName) !== part) addObjects(objects, part);
    }
  }
  return objects;
}

function addObjects(objects: Map<string, KernelObject>, part: Part): void {
  for (const object of part.objects) objects.set(keyOf(object), object);
}
