/**
 * What a blueprint means, in parts that are kept: one for each instance, route table, group and so on. A part knows what
 * it was made from, so that after a change of one thing the rest is neither made nor compared again.
 */

import { isSame } from "../../base/same.ts";
import { type KernelObject, keyOf } from "./kernel-object.ts";

/** By `keyOf`. */
export type Objects = ReadonlyMap<string, KernelObject>;

export interface Part {
  readonly sources: readonly unknown[];
  readonly objects: readonly KernelObject[];
}

/** Parts of one kind in one VPC, by their name. */
export interface Section {
  readonly sources: readonly unknown[];
  readonly parts: ReadonlyMap<string, Part>;
}

/** INVARIANT: no object is in two parts. */
export type Wanted = ReadonlyMap<string, Section>;

export const NOTHING: Wanted = new Map();

/** Adds a section that follows from `sources` alone; while these are the same objects it is not looked into. */
export type AddSection = (name: string, sources: readonly unknown[], addParts: (add: AddPart) => void) => void;

/** Adds a part that follows from `sources` and its name alone. */
export type AddPart = (name: string, sources: readonly unknown[], make: () => readonly KernelObject[]) => void;

/** What `addSections` adds; sections and parts are those from `before` where nothing differs. */
export function partsOf(before: Wanted, addSections: (add: AddSection) => void): Wanted {
  const sections = new Map<string, Section>();
  addSections((name, sources, addParts) => {
    const known = before.get(name);
    const isKnown = known !== undefined && known.sources.every((source, at) => source === sources[at]);
    sections.set(name, isKnown ? known : freshSection(sources, known, addParts));
  });
  return sections;
}

function freshSection(
  sources: readonly unknown[],
  before: Section | undefined,
  addParts: (add: AddPart) => void,
): Section {
  const parts = new Map<string, Part>();
  addParts((name, partSources, make) => {
    const known = before?.parts.get(name);
    const isKnown = known !== undefined && isSame(known.sources, partSources);
    parts.set(name, isKnown ? known : { sources: partSources, objects: make() });
  });
  return { sources, parts };
}

/** A section of what the kernel was found to hold. */
export function foundSection(objects: readonly KernelObject[]): Section {
  return { sources: [], parts: new Map([["found", { sources: [], objects }]]) };
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
