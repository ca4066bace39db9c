/**
 * Runs verbs one after the other on the newest state. Those that arrive together are committed together, with one flush
 * to the disk for all; an answer is given only after that.
 */

import type { Result } from "../base/result.ts";
import type { ApiError } from "../model/error.ts";
import { apply, type Change, type State } from "../model/state.ts";
import type { Caller, Context, Outcome } from "../model/verb.ts";
import type { Store } from "./store.ts";

export type Verb<V> = (state: State, context: Context) => Outcome<V>;

export interface CommitQueue {
  /** What is committed. */
  readonly state: () => State;
  readonly run: <V>(verb: Verb<V>, caller: Caller) => Promise<Result<V, ApiError>>;
}

export interface CommitQueueOptions {
  readonly store: Store;
  readonly initial: State;
  readonly contextFor: (caller: Caller) => Context;
  /** Told of what was committed; a call whose changes it has to carry out is answered when what it returns resolves. */
  readonly onCommit: (changeSets: readonly (readonly Change[])[]) => Promise<void>;
  /** Whether the answer to these changes waits for `onCommit`. */
  readonly waits: (changes: readonly Change[]) => boolean;
}

interface Waiting {
  readonly verb: Verb<unknown>;
  readonly caller: Caller;
  readonly resolve: (result: Result<unknown, ApiError>) => void;
  readonly reject: (error: unknown) => void;
}

interface Accepted {
  readonly waiting: Waiting;
  readonly value: unknown;
  readonly changes: readonly Change[];
}

export function openCommitQueue(options: CommitQueueOptions): CommitQueue {
  const { store, contextFor, onCommit, waits } = options;
  let state = options.initial;
  let queue: Waiting[] = [];

  function flush(): void {
    const batch = queue;
    queue = [];
    const { accepted, next } = runAll(batch, state, contextFor);
    const changeSets = accepted.map((one) => one.changes).filter((changes) => changes.length > 0);
    try {
      if (changeSets.length > 0) store.commit(state.revision, changeSets);
    } catch (error) {
      for (const { waiting } of accepted) waiting.reject(error);
      return;
    }
    state = next;
    const carriedOut = changeSets.length > 0 ? onCommit(changeSets) : Promise.resolve();
    for (const { waiting, value, changes } of accepted) {
      const answer = (): void => waiting.resolve({ ok: true, value });
      if (waits(changes)) carriedOut.then(answer, waiting.reject);
      else answer();
    }
  }

  return {
    state: () => state,
    run: <V>(verb: Verb<V>, caller: Caller) =>
      new Promise<Result<V, ApiError>>((resolve, reject) => {
        queue.push({ verb, caller, resolve: resolve as Waiting["resolve"], reject });
        if (queue.length === 1) setImmediate(flush);
      }),
  };
}

/** Runs all on one growing state. Those that fail are answered here; of them nothing remains. */
function runAll(
  batch: readonly Waiting[],
  before: State,
  contextFor: (caller: Caller) => Context,
): { readonly accepted: readonly Accepted[]; readonly next: State } {
  let next = before;
  const accepted: Accepted[] = [];
  for (const waiting of batch) {
    try {
      const outcome = waiting.verb(next, contextFor(waiting.caller));
      if (!outcome.ok) waiting.resolve(outcome);
      else {
        accepted.push({ waiting, ...outcome.value });
        if (outcome.value.changes.length > 0) next = apply(next, outcome.value.changes);
      }
    } catch (error) {
      waiting.reject(error);
    }
  }
  return { accepted, next };
}
