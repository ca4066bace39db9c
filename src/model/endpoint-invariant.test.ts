/** Ten thousand random calls, good and bad, keep every invariant; the changes that they made lead to the same state again. */

import { expect, test } from "vitest";
import { seededHex } from "../../test/region-builder.ts";
import { brokenInvariants } from "./invariant.ts";
import { localQuotas } from "./quota.ts";
import { all, apply, type Change, emptyState, kinds, type State } from "./state.ts";
import { accounts, randomCall, stepCount } from "./testdata/random-call.ts";

const callsPerRun = 1000;

test.each([
  [1, 0],
  [2, 0],
  [3, 0],
  [4, 0],
  [5, 0],
  [6, 5000],
  [7, 5000],
  [8, 5000],
  [9, 60_000],
  [10, 60_000],
])("calls of seed %i, transitions of %i ms", (seed, transitionMs) => {
  const { state, journal, accepted } = play(seed, transitionMs);
  expect(documentsOf(journal.reduce(apply, emptyState))).toEqual(documentsOf(state));
  for (const at of accepted) everAccepted.add(at);
});

const everAccepted = new Set<number>();

test("every kind of call succeeded now and then", () => {
  expect(Array.from({ length: stepCount }, (_, at) => at).filter((at) => !everAccepted.has(at))).toEqual([]);
});

function play(seed: number, transitionMs: number) {
  const hex = seededHex(seed);
  const dice = (limit: number): number => Number.parseInt(hex(8), 16) % limit;
  const journal: (readonly Change[])[] = [];
  const accepted = new Set<number>();
  let state: State = emptyState;
  for (let turn = 0; turn < callsPerRun; turn++) {
    const { at, call } = randomCall(state, dice);
    const accountId = accounts[dice(5) === 0 ? 1 : 0] ?? "";
    const settings = { transitionMs, quotas: localQuotas };
    const outcome = call(state, { nowMs: turn * 1000, hex, accountId, region: "us-east-1", settings });
    if (!outcome.ok) continue;
    accepted.add(at);
    journal.push(outcome.value.changes);
    state = apply(state, outcome.value.changes);
    const broken = brokenInvariants(state);
    if (broken.length > 0) throw new Error(`after ${turn + 1} calls, the last of kind ${at}: ${broken.join("; ")}`);
  }
  return { state, journal, accepted };
}

function documentsOf(state: State): unknown {
  return kinds.map((kind) => [...all(state, kind)].sort((a, b) => (a.id < b.id ? -1 : 1)));
}
