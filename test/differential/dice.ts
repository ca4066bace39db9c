/** Chance that is the same for the same seed. */

import { seededHex } from "../region-builder.ts";

export interface Dice {
  readonly below: (limit: number) => number;
  readonly pick: <T>(list: readonly T[]) => T;
  readonly chance: (percent: number) => boolean;
}

export function diceOf(seed: number): Dice {
  const hex = seededHex(seed);
  const below = (limit: number): number => Number.parseInt(hex(8), 16) % limit;
  return {
    below,
    pick: (list) => {
      const one = list[below(list.length)];
      if (one === undefined) throw new Error("nothing to pick from");
      return one;
    },
    chance: (percent) => below(100) < percent,
  };
}

/** The model refuses some of what chance deals; then the topology is without it. */
export function tryTo(act: () => void): void {
  try {
    act();
  } catch {
    // As said.
  }
}
