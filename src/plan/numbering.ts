/** Small numbers for resources: kept while they live, the lowest free one for a newcomer. */

import { assert } from "../base/assert.ts";

export type Numbers = ReadonlyMap<string, number>;

export interface NumberRange {
  readonly from: number;
  readonly to: number;
  /** What is numbered, for the message: `subnets`. */
  readonly of: string;
}

/** A number for each id, each once. `before` holds those of last time. Throws when the range is too small. */
export function numberAll(ids: readonly string[], before: Numbers, range: NumberRange): Numbers {
  const numbers = new Map<string, number>();
  const taken = new Set<number>();
  for (const id of ids) {
    const kept = before.get(id);
    if (kept === undefined || taken.has(kept)) continue;
    numbers.set(id, kept);
    taken.add(kept);
  }
  const newcomers = ids.filter((id) => !numbers.has(id));
  for (const [id, number] of numberMore(newcomers, (number) => taken.has(number), range)) numbers.set(id, number);
  return numbers;
}

/** The lowest numbers that are not taken, one for each id. Throws when the range is too small. */
export function numberMore(ids: readonly string[], isTaken: (number: number) => boolean, range: NumberRange): Numbers {
  const numbers = new Map<string, number>();
  let next = range.from;
  for (const id of ids) {
    if (numbers.has(id)) continue;
    while (isTaken(next)) next++;
    if (next > range.to) throw new Error(`no more than ${range.to - range.from + 1} ${range.of} fit`);
    numbers.set(id, next++);
  }
  return numbers;
}

/** The number of an id that was numbered. */
export function numberOf(numbers: Numbers, id: string): number {
  const number = numbers.get(id);
  assert(number !== undefined, `${id} has a number`);
  return number;
}
