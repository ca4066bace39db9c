/**
 * A large set of documents by the values that one filter sees in them, so that a filter costs as much as it finds. A facet
 * is made at the first call that filters by it, and then follows the changes.
 */

import { type Dated, insertByAge, removeByAge } from "./age.ts";

export interface Facet<D> {
  readonly valuesOf: (document: D) => readonly string[];
  /** For each value those that have it, oldest first. */
  readonly byValue: Map<string, D[]>;
  /**
   * Every value between two separators, in one text: searching it is ten times as fast as going from value to value, which
   * lie all over the memory. It is made when it is needed, and may still hold values that are gone.
   */
  text: string | undefined;
  /** How many of its values are gone. */
  gone: number;
  /** Those that hold a separator themselves. */
  odd: readonly string[];
}

/** `ordered`: oldest first. */
export function facetOf<D extends Dated>(ordered: readonly D[], valuesOf: Facet<D>["valuesOf"]): Facet<D> {
  const facet: Facet<D> = { valuesOf, byValue: new Map(), text: undefined, gone: 0, odd: [] };
  for (const document of ordered) addToFacet(facet, document);
  return facet;
}

export function addToFacet<D extends Dated>(facet: Facet<D>, document: D): void {
  for (const value of distinct(facet.valuesOf(document))) {
    const list = facet.byValue.get(value);
    if (list !== undefined) {
      insertByAge(list, document);
      continue;
    }
    facet.byValue.set(value, [document]);
    if (value.includes(separator)) facet.text = undefined;
    if (facet.text !== undefined) facet.text += value + separator;
  }
}

export function removeFromFacet<D extends Dated>(facet: Facet<D>, document: D): void {
  for (const value of distinct(facet.valuesOf(document))) {
    const list = facet.byValue.get(value);
    if (list === undefined) continue;
    removeByAge(list, document);
    if (list.length > 0) continue;
    facet.byValue.delete(value);
    // What is made anew costs no more than what was taken away before.
    if (++facet.gone > facet.byValue.size) facet.text = undefined;
  }
}

export function countOf<D>(facet: Facet<D>, value: string): number {
  return facet.byValue.get(value)?.length ?? 0;
}

/** The values that hold `literal`; one may come more than once. */
export function* valuesWith<D>(facet: Facet<D>, literal: string): Generator<string> {
  const { byValue } = facet;
  if (literal === "" || literal.includes(separator) || byValue.size < worthSearching) return yield* byValue.keys();
  const text = facet.text ?? written(facet);
  yield* facet.odd;
  for (let hit = text.indexOf(literal); hit >= 0;) {
    const end = text.indexOf(separator, hit);
    const value = text.slice(text.lastIndexOf(separator, hit) + 1, end);
    if (byValue.has(value)) yield value;
    hit = text.indexOf(literal, end);
  }
}

function written<D>(facet: Facet<D>): string {
  const values = [...facet.byValue.keys()];
  facet.odd = values.filter((value) => value.includes(separator));
  facet.gone = 0;
  facet.text = separator + values.map((value) => value + separator).join("");
  return facet.text;
}

const separator = "\0";
const worthSearching = 64;

function distinct(values: readonly string[]): Iterable<string> {
  return values.length < 2 ? values : new Set(values);
}
