/** Everything gone: what test suites ask of a local server between two tests. */

import { all, type Change, kinds, remove, type State } from "./state.ts";
import { accept, type Outcome } from "./verb.ts";

/** Removes every resource of every account and region; the revision goes on. */
export function resetState(state: State): Outcome<void> {
  const changes = kinds.flatMap((kind): Change[] => [...all(state, kind)].map((one) => remove(kind, one.id)));
  return accept(undefined, changes);
}
