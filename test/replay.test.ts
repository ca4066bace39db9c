/** Ten thousand random calls through the daemon's loop into a journal on disk: opened again, it holds the same state. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openJournal } from "../src/daemon/journal.ts";
import { openRegion } from "../src/daemon/region.ts";
import { brokenInvariants } from "../src/model/invariant.ts";
import { all, kinds, type State } from "../src/model/state.ts";
import { accounts, randomCall } from "../src/model/testdata/random-call.ts";
import { seededHex } from "./region-builder.ts";

const calls = 10_000;
const atOnce = 50;

test("the journal of 10,000 calls replays to the state that they left", { timeout: 120_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), "underpass-replay-"));
  try {
    const left = await play(folder);
    await using again = openJournal(folder);
    const { state, messages } = again.load();
    expect(messages).toEqual([]);
    expect(state.revision).toBe(left.revision);
    expect(documentsOf(state)).toEqual(documentsOf(left));
    expect(brokenInvariants(state)).toEqual([]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

async function play(folder: string): Promise<State> {
  await using store = openJournal(folder);
  const { state } = store.load();
  let nowMs = 0;
  const region = openRegion({ store, initial: state, nowMs: () => nowMs, policyDelayMs: 0 });
  const hex = seededHex(42);
  const dice = (limit: number): number => Number.parseInt(hex(8), 16) % limit;
  for (let made = 0; made < calls; made += atOnce) {
    nowMs += 1000;
    const batch = Array.from({ length: atOnce }, () => {
      const { call } = randomCall(region.state(), dice);
      return region.run(call, { accountId: accounts[dice(5) === 0 ? 1 : 0] ?? "", region: "us-east-1" });
    });
    await Promise.all(batch);
  }
  return region.state();
}

function documentsOf(state: State): unknown {
  return kinds.map((kind) => [...all(state, kind)].sort((a, b) => (a.id < b.id ? -1 : 1)));
}
