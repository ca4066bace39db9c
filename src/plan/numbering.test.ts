import { expect, test } from "vitest";
import { numberAll, numberOf } from "./numbering.ts";

const range = { from: 1, to: 3, of: "doors" };
const check = (ids: string[], before: [string, number][], expected: [string, number][]): void =>
  expect(numberAll(ids, new Map(before), range)).toEqual(new Map(expected));

test.each<[string, string[], [string, number][], [string, number][]]>([
  [
    "from nothing, in order",
    ["a", "b"],
    [],
    [
      ["a", 1],
      ["b", 2],
    ],
  ],
  [
    "kept, and the gap filled",
    ["a", "b"],
    [["b", 1]],
    [
      ["a", 2],
      ["b", 1],
    ],
  ],
  [
    "the number of one that is gone is free",
    ["a", "c"],
    [
      ["a", 1],
      ["b", 2],
    ],
    [
      ["a", 1],
      ["c", 2],
    ],
  ],
  [
    "two that claim one number: the first has it",
    ["a", "b"],
    [
      ["a", 1],
      ["b", 1],
    ],
    [
      ["a", 1],
      ["b", 2],
    ],
  ],
  ["nothing", [], [["a", 1]], []],
])("%s", (_what, ...rest) => check(...rest));

test("a range that is too small says what does not fit", () => {
  expect(() => numberAll(["a", "b", "c", "d"], new Map(), range)).toThrow("no more than 3 doors fit");
});

test("an id without a number is a bug", () => {
  expect(() => numberOf(new Map(), "a")).toThrow("a has a number");
});
