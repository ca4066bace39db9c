/**
 * The loop that joins all: a verb changes the state, the change is made durable, the network is made to hold it, and only
 * then is the answer sent.
 *
 * Calls that arrive together are committed together: one flush to the disk for all. Calls that do not change the network
 * do not wait for it.
 */

import { randomBytes } from "node:crypto";
import type { Result } from "../base/result.ts";
import type { ApiError } from "../model/error.ts";
import { delay, elapse, type PolicyDelay } from "../model/policy-delay.ts";
import type { Change, State } from "../model/state.ts";
import { apply } from "../model/state.ts";
import { nextDueMs, settle as settlePassing } from "../model/lifecycle.ts";
import { type Caller, type Context, type Control, type Outcome, type Settings, usualSettings } from "../model/verb.ts";
import type { Blueprint } from "../plan/blueprint.ts";
import { changesNetwork, plan } from "../plan/plan.ts";
import type { Store } from "./store.ts";

export interface Region extends Control {
  /** Names the one who carries blueprints out; the newest one is handed over at once. Resolves when it is held. */
  readonly carryOut: (apply: (blueprint: Blueprint, state: State) => Promise<void>) => Promise<void>;
}

type Verb<V> = (state: State, context: Context) => Outcome<V>;

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

export interface RegionOptions {
  readonly store: Store;
  readonly initial: State;
  readonly nowMs: () => number;
  /** How long a changed policy is not in force yet. */
  readonly policyDelayMs: number;
  readonly settings?: Settings;
}

export function openRegion(options: RegionOptions): Region {
  const { store, initial, nowMs, policyDelayMs, settings = usualSettings } = options;
  let state = initial;
  let delayed: PolicyDelay = { inForce: initial, waiting: [] };
  let blueprint = plan(state);
  let queue: Waiting[] = [];
  let alarm: NodeJS.Timeout | undefined;
  let carry: ((blueprint: Blueprint, state: State) => Promise<void>) | undefined;

  /** Runs all that waits on one growing state, commits once, then answers each. */
  function flush(): void {
    const batch = queue;
    queue = [];
    let next = state;
    const accepted: Accepted[] = [];
    for (const waiting of batch) {
      try {
        const outcome = waiting.verb(next, contextOf(waiting.caller, nowMs(), settings));
        if (!outcome.ok) waiting.resolve(outcome);
        else {
          accepted.push({ waiting, ...outcome.value });
          if (outcome.value.changes.length > 0) next = apply(next, outcome.value.changes);
        }
      } catch (error) {
        waiting.reject(error);
      }
    }
    settle(accepted, next);
  }

  function settle(accepted: readonly Accepted[], next: State): void {
    const changeSets = accepted.map((one) => one.changes).filter((changes) => changes.length > 0);
    try {
      if (changeSets.length > 0) store.commit(state.revision, changeSets);
    } catch (error) {
      for (const { waiting } of accepted) waiting.reject(error);
      return;
    }
    state = next;
    if (changeSets.length > 0) wakeWhenDue();
    if (policyDelayMs > 0) delayed = delay(elapse(delayed, nowMs()), changeSets.flat(), nowMs() + policyDelayMs);
    const held = changeSets.some(changesNetwork) ? carryOutNow() : Promise.resolve();
    for (const { waiting, value, changes } of accepted) {
      const answer = (): void => waiting.resolve({ ok: true, value });
      if (changesNetwork(changes)) held.then(answer, waiting.reject);
      else answer();
    }
  }

  function current(): State {
    if (delayed.waiting.length === 0) return state;
    delayed = elapse(delayed, nowMs());
    return delayed.waiting.length === 0 ? state : { ...state, policies: delayed.inForce };
  }

  /** One timer, for the next resource that leaves a passing state. It keeps no process alive. */
  function wakeWhenDue(): void {
    clearTimeout(alarm);
    const dueMs = nextDueMs(state);
    if (dueMs === undefined) return;
    // Again after each try: a timer may ring early, and a commit may fail.
    const move = (): void => void run(settlePassing, wakeful).then(wakeWhenDue, wakeWhenDue);
    alarm = setTimeout(move, Math.max(10, dueMs - nowMs()));
    alarm.unref();
  }

  function run<V>(verb: Verb<V>, caller: Caller): Promise<Result<V, ApiError>> {
    return new Promise((resolve, reject) => {
      queue.push({ verb, caller, resolve: resolve as Waiting["resolve"], reject });
      if (queue.length === 1) setImmediate(flush);
    });
  }

  async function carryOutNow(): Promise<void> {
    blueprint = plan(state, blueprint);
    await carry?.(blueprint, state);
  }

  // What was on its way when the last daemon stopped goes on.
  wakeWhenDue();
  return {
    state: current,
    run,
    carryOut: async (apply_) => {
      carry = apply_;
      await carryOutNow();
    },
  };
}

/** In whose name resources move on: everybody's. */
const wakeful: Caller = { accountId: "000000000000", region: "aws-global" };

function contextOf(caller: Caller, nowMs: number, settings: Settings): Context {
  return {
    nowMs,
    settings,
    accountId: caller.accountId,
    region: caller.region,
    hex: (digits) =>
      randomBytes(Math.ceil(digits / 2))
        .toString("hex")
        .slice(0, digits),
  };
}
