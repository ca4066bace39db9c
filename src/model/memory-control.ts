/** A region that lives in memory alone: the real verbs over the real state, for whoever needs no network and no journal. */

import { apply, emptyState, type State } from "./state.ts";
import type { Control } from "./verb.ts";

export interface MemoryControlOptions {
  readonly nowMs: () => number;
  readonly hex: (digits: number) => string;
  /** What exists at the start. */
  readonly state?: State;
}

/** Verbs run one after the other, each on the state that the last one left. */
export function memoryControl(options: MemoryControlOptions): Control {
  let state = options.state ?? emptyState;
  return {
    state: () => state,
    run: (verb, caller) => {
      const outcome = verb(state, { nowMs: options.nowMs(), hex: options.hex, ...caller });
      if (!outcome.ok) return Promise.resolve(outcome);
      if (outcome.value.changes.length > 0) state = apply(state, outcome.value.changes);
      return Promise.resolve({ ok: true, value: outcome.value.value });
    },
  };
}
