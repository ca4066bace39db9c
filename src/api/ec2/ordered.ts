/**
 * Documents in the order in which they came. Large sets are kept in order from state to state: only what has changed since
 * is put in its place, so that a list of 100,000 costs no sorting.
 */

import type { PersistentMap } from "../../base/persistent-map.ts";
import type { Documents, IndexName, Kind, State } from "../../model/state.ts";

/** What the order looks at. */
interface Dated {
  readonly id: string;
  readonly createdAtMs: number;
}

/** Creation time first; the id makes it one of a kind. */
export function keyOf(document: Dated): string {
  return `${String(document.createdAtMs).padStart(15, "0")} ${document.id}`;
}

/** The documents, oldest first. */
export function inOrder<D extends Dated>(documents: readonly D[]): readonly D[] {
  return documents.toSorted(byAge);
}

/** The documents that have `key` in an index, oldest first. */
export function orderedBy<K extends Kind>(
  state: State,
  kind: K,
  index: IndexName<K>,
  key: string,
): readonly Documents[K][] {
  const found = state.tables[kind].byIndex[index as string]?.get(key) as PersistentMap<Documents[K]> | undefined;
  if (found === undefined) return [];
  if (found.size < worthKeeping) return inOrder([...found.values()]);
  const place = `${kind} ${String(index)} ${key}`;
  const known = kept.get(place) as Kept<Documents[K]> | undefined;
  if (known?.of === found) return known.ordered;
  const ordered = known === undefined ? inOrder([...found.values()]) : broughtUp(known, found);
  kept.delete(place);
  kept.set(place, { of: found, ordered } as unknown as Kept<Dated>);
  for (const oldest of kept.keys()) {
    if (kept.size <= keptAtMost) break;
    kept.delete(oldest);
  }
  return ordered;
}

interface Kept<D> {
  readonly of: PersistentMap<D>;
  readonly ordered: readonly D[];
}

// A memo of pure results; the one used last is the last in the map.
const kept = new Map<string, Kept<Dated>>();
const keptAtMost = 32;
const worthKeeping = 256;

/** The order of a later version, from that of an earlier one. */
function broughtUp<D extends Dated>(known: Kept<D>, later: PersistentMap<D>): readonly D[] {
  const changes = later.differencesFrom(known.of);
  if (changes.length * 4 > later.size) return inOrder([...later.values()]);
  const gone = new Set(changes.flatMap((one) => one.before ?? []));
  const come = changes.flatMap((one) => one.after ?? []).sort(byAge);
  const stay = gone.size === 0 ? known.ordered : known.ordered.filter((one) => !gone.has(one));
  const last = stay.at(-1);
  const [first] = come;
  if (first === undefined) return stay;
  if (last === undefined || byAge(last, first) < 0) return stay.concat(come);
  return merged(stay, come);
}

function merged<D extends Dated>(left: readonly D[], right: readonly D[]): readonly D[] {
  const all: D[] = [];
  let at = 0;
  for (const one of left) {
    for (let next = right[at]; next !== undefined && byAge(next, one) < 0; next = right[++at]) all.push(next);
    all.push(one);
  }
  return all.concat(right.slice(at));
}

function byAge(a: Dated, b: Dated): number {
  return a.createdAtMs - b.createdAtMs || (a.id < b.id ? -1 : 1);
}
