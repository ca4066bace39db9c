/** A plan that starts from an earlier one is the plan of the state, whatever the calls between the two were. */

import { expect, test } from "vitest";
import { seededHex } from "../../test/region-builder.ts";
import { apply, emptyState } from "../model/state.ts";
import { accounts, randomCall } from "../model/testdata/random-call.ts";
import type { Blueprint } from "./blueprint.ts";
import { plan } from "./plan.ts";

test.each([1, 2, 3])("random calls of seed %i", (seed) => {
  const hex = seededHex(seed);
  const dice = (limit: number): number => Number.parseInt(hex(8), 16) % limit;
  let state = emptyState;
  let step = plan(state);
  for (let turn = 0; turn < 400; turn++) {
    const { call } = randomCall(state, dice);
    const accountId = accounts[0] ?? "";
    const outcome = call(state, { nowMs: turn, hex, accountId, region: "us-east-1" });
    if (!outcome.ok) continue;
    state = apply(state, outcome.value.changes);
    const afresh = plan(state, copyOf(step));
    step = plan(state, step);
    expect(step).toEqual(afresh);
  }
});

/** The same numbers, but nothing to start from. */
function copyOf(blueprint: Blueprint): Blueprint {
  return structuredClone(blueprint);
}
