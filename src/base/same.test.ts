import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { expect, test } from "vitest";
import { isSame } from "./same.ts";

const check = (a: unknown, b: unknown, expected: boolean): void => {
  expect(isSame(a, b)).toBe(expected);
  expect(isSame(b, a)).toBe(expected);
};

test.each<[string, unknown, unknown, boolean]>([
  ["equal parts", { a: [1, { b: "c" }] }, { a: [1, { b: "c" }] }, true],
  ["another order of names", { a: 1, b: 2 }, { b: 2, a: 1 }, true],
  ["another order of a list", [1, 2], [2, 1], false],
  ["a longer list", [1], [1, 2], false],
  ["one name more", { a: 1 }, { a: 1, b: 2 }, false],
  ["another name", { a: undefined }, { b: undefined }, false],
  ["text and number", "1", 1, false],
  ["a list and an object", [], {}, false],
  ["null and an object", null, {}, false],
])("%s", (_what, ...row) => check(...row));

test("it is equality of what is written", () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
      // JSON has one zero; the value -0 is written as 0.
      const [left, right] = [JSON.parse(JSON.stringify(a)) as unknown, JSON.parse(JSON.stringify(b)) as unknown];
      expect(isSame(left, structuredClone(left))).toBe(true);
      expect(isSame(left, right)).toBe(isDeepStrictEqual(left, right));
    }),
  );
});
