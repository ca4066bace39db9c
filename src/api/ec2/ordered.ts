/**
 * Documents in the order in which they came. Large sets are kept in order from state to state: only what has changed since
 * is put in its place, so that a list of 100,000 costs no sorting, and a filter over it no search.
 */

import type { PersistentMap } from "../../base/persistent-map.ts";
import type { Documents, IndexName, Kind, State } from "../../model/state.ts";
import { type Dated, inOrder, insertByAge, removeByAge } from "./age.ts";
import { addToFacet, type Facet, facetOf, removeFromFacet } from "./facet.ts";

/** Which documents: those that have `key` in an index. */
export interface Shelf<K extends Kind> {
  readonly kind: K;
  readonly index: IndexName<K>;
  readonly key: string;
}

/** The documents of a shelf, oldest first; to be read at once, since later calls may change the list in place. */
export function orderedBy<K extends Kind>(state: State, shelf: Shelf<K>): readonly Documents[K][] {
  const found = documentsOn(state, shelf);
  if (found === undefined) return [];
  return found.size < worthKeeping ? sortedOnce(found) : keptOf(shelf, found).ordered;
}

/** The documents of a large shelf by the values of a filter; undefined where there are so few that looking at all is quicker. */
export function facetBy<K extends Kind>(
  state: State,
  shelf: Shelf<K>,
  filter: { readonly name: string; readonly valuesOf: (document: Documents[K]) => readonly string[] },
): Facet<Documents[K]> | undefined {
  const found = documentsOn(state, shelf);
  if (found === undefined || found.size < worthKeeping) return undefined;
  const { ordered, facets } = keptOf(shelf, found);
  const facet = facets.get(filter.name) ?? facetOf(ordered, filter.valuesOf);
  setLast(facets, filter.name, facet, facetsAtMost);
  return facet;
}

/** From how many documents on a shelf is kept in order. */
export const worthKeeping = 256;

interface Kept<D> {
  of: PersistentMap<D>;
  ordered: D[];
  /** By the name of the filter. */
  readonly facets: Map<string, Facet<D>>;
}

// A memo of pure results; the one used last is the last in the map.
const kept = new Map<string, Kept<Dated>>();
const keptAtMost = 32;
const facetsAtMost = 16;

function documentsOn<K extends Kind>(
  state: State,
  { kind, index, key }: Shelf<K>,
): PersistentMap<Documents[K]> | undefined {
  return state.tables[kind].byIndex[index as string]?.get(key) as PersistentMap<Documents[K]> | undefined;
}

// A memo of pure results.
const sorted = new WeakMap<PersistentMap<Dated>, readonly Dated[]>();

function sortedOnce<D extends Dated>(few: PersistentMap<D>): readonly D[] {
  const place = few as unknown as PersistentMap<Dated>;
  const known = (sorted.get(place) as readonly D[] | undefined) ?? inOrder([...few.values()]);
  sorted.set(place, known);
  return known;
}

function keptOf<K extends Kind>({ kind, index, key }: Shelf<K>, found: PersistentMap<Documents[K]>) {
  const name = `${kind} ${String(index)} ${key}`;
  const known = kept.get(name) as Kept<Documents[K]> | undefined;
  const now = known ?? { of: found, ordered: inOrder([...found.values()]), facets: new Map() };
  bringUp(now, found);
  setLast(kept, name, now as unknown as Kept<Dated>, keptAtMost);
  return now;
}

/** From one version of the shelf to another. */
function bringUp<D extends Dated>(shelf: Kept<D>, later: PersistentMap<D>): void {
  if (shelf.of === later) return;
  const changes = later.differencesFrom(shelf.of);
  shelf.of = later;
  if (changes.length * 16 > later.size) {
    shelf.ordered = inOrder([...later.values()]);
    shelf.facets.clear();
    return;
  }
  for (const { before, after } of changes) {
    if (before !== undefined) removeByAge(shelf.ordered, before);
    if (after !== undefined) insertByAge(shelf.ordered, after);
    for (const facet of shelf.facets.values()) {
      if (before !== undefined) removeFromFacet(facet, before);
      if (after !== undefined) addToFacet(facet, after);
    }
  }
}

/** Sets an entry as the one used last and drops the one that was not used for longest. */
function setLast<V>(map: Map<string, V>, key: string, value: V, atMost: number): void {
  map.delete(key);
  map.set(key, value);
  if (map.size <= atMost) return;
  for (const oldest of map.keys()) {
    map.delete(oldest);
    return;
  }
}
