/**
 * Where the state lives when the daemon does not. Two stores stand behind this interface: a folder (`journal.ts`) and
 * memory, for `--ephemeral`.
 */

import { apply, type Change, emptyState, type State } from "../model/state.ts";

export interface Store extends AsyncDisposable {
  /** The state as it was last committed; messages say what was repaired on the way. */
  readonly load: () => { readonly state: State; readonly messages: readonly string[] };
  /**
   * Makes the change sets durable, each one revision, all or none. `expectedRevision` is the revision they follow; throws
   * when the store is at another one, since then a second writer is at work.
   */
  readonly commit: (expectedRevision: number, changeSets: readonly (readonly Change[])[]) => void;
  /** Calls back after every commit, with the revision of the last set; returns the way to stop. */
  readonly watch: (onCommit: (revision: number) => void) => () => void;
}

/** Those who want to hear of commits. */
export class Watchers {
  readonly #all = new Set<(revision: number) => void>();

  add(onCommit: (revision: number) => void): () => void {
    this.#all.add(onCommit);
    return () => this.#all.delete(onCommit);
  }

  tell(revision: number): void {
    for (const onCommit of this.#all) onCommit(revision);
  }
}

/** A store that forgets: nothing outlives the process. */
export function openMemoryStore(): Store {
  let state = emptyState;
  const watchers = new Watchers();
  return {
    load: () => ({ state, messages: [] }),
    commit: (expectedRevision, changeSets) => {
      if (state.revision !== expectedRevision) throw staleWriter(expectedRevision, state.revision);
      state = changeSets.reduce(apply, state);
      watchers.tell(state.revision);
    },
    watch: (onCommit) => watchers.add(onCommit),
    [Symbol.asyncDispose]: async () => {},
  };
}

export function staleWriter(expected: number, found: number): Error {
  return new Error(`commit after revision ${expected}: the store is at revision ${found}, another daemon writes to it`);
}
