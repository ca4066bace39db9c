/**
 * The loop that joins all: a verb changes the state, the change is made durable, the network is made to hold it, and only
 * then is the answer sent. Calls that do not change the network do not wait for it.
 */

import { randomBytes } from "node:crypto";
import { nextDueMs, settle } from "../model/lifecycle.ts";
import { delay, elapse, type PolicyDelay } from "../model/policy-delay.ts";
import type { Change, State } from "../model/state.ts";
import { type Caller, type Context, type Control, type Settings, usualSettings } from "../model/verb.ts";
import type { Blueprint } from "../plan/blueprint.ts";
import { changesNetwork, plan } from "../plan/plan.ts";
import { openCommitQueue } from "./commit-queue.ts";
import type { Store } from "./store.ts";

export interface Region extends Control {
  /** Names the one who carries blueprints out; the newest one is handed over at once. Resolves when it is held. */
  readonly carryOut: (apply: CarryOut) => Promise<void>;
}

export type CarryOut = (blueprint: Blueprint, state: State) => Promise<void>;

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
  const calls = openCommitQueue({
    store,
    initial,
    contextFor: (caller) => contextOf(caller, nowMs(), settings),
    onCommit,
    waits: changesNetwork,
  });
  let delayed: PolicyDelay = { inForce: initial, waiting: [] };
  let blueprint = plan(initial);
  let alarm: NodeJS.Timeout | undefined;
  let carry: CarryOut | undefined;

  async function onCommit(changeSets: readonly (readonly Change[])[]): Promise<void> {
    wakeWhenDue();
    if (policyDelayMs > 0) delayed = delay(elapse(delayed, nowMs()), changeSets.flat(), nowMs() + policyDelayMs);
    if (changeSets.some(changesNetwork)) await carryOutNow();
  }

  function current(): State {
    const state = calls.state();
    if (delayed.waiting.length === 0) return state;
    delayed = elapse(delayed, nowMs());
    return delayed.waiting.length === 0 ? state : { ...state, policies: delayed.inForce };
  }

  /** One timer, for the next resource that leaves a passing state. It keeps no process alive. */
  function wakeWhenDue(): void {
    clearTimeout(alarm);
    const dueMs = nextDueMs(calls.state());
    if (dueMs === undefined) return;
    // Again after each try: a timer may ring early, and a commit may fail.
    const move = (): void => void calls.run(settle, wakeful).then(wakeWhenDue, wakeWhenDue);
    alarm = setTimeout(move, Math.max(10, dueMs - nowMs()));
    alarm.unref();
  }

  async function carryOutNow(): Promise<void> {
    const state = calls.state();
    blueprint = plan(state, blueprint);
    await carry?.(blueprint, state);
  }

  // What was on its way when the last daemon stopped goes on.
  wakeWhenDue();
  return {
    state: current,
    run: calls.run,
    carryOut: async (apply) => {
      carry = apply;
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
