import { expect, test } from "vitest";
import { tokenSeal } from "./token.ts";

const seal = tokenSeal(Buffer.alloc(32, 7));
const nowMs = 1_800_000_000_000;
const token = seal.issue("i-a", 60, nowMs);

test.each<[string, string, string, number, number | undefined]>([
  ["at once", "i-a", token, 0, 60],
  ["near its end", "i-a", token, 59_999, 1],
  ["at its end", "i-a", token, 60_000, undefined],
  ["of another instance", "i-b", token, 0, undefined],
  ["with another letter", "i-a", `B${token.slice(1)}`, 0, undefined],
  ["cut short", "i-a", token.slice(0, -1), 0, undefined],
  ["with something after it", "i-a", `${token}AA`, 0, undefined],
  ["of nothing", "i-a", "", 0, undefined],
  ["sealed by another key", "i-a", tokenSeal(Buffer.alloc(32, 8)).issue("i-a", 60, nowMs), 0, undefined],
])("a token %s", (_what, instanceId, given, laterMs, left) => {
  expect(given.length === 0 || given.length >= 55).toBe(true);
  expect(seal.secondsLeft(instanceId, given, nowMs + laterMs)).toBe(left);
});
