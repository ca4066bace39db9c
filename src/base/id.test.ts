import fc from "fast-check";
import { expect, test } from "vitest";
import { isId, makeId } from "./id.ts";

const hexDigits = (digits: number): string => "0123456789abcdef0".slice(0, digits);

test("a made id is an id of its kind and of no other", () => {
  const id = makeId("vpc", hexDigits);
  expect(id).toBe("vpc-0123456789abcdef0");
  expect([isId("vpc", id), isId("vpce", id), isId("vp", id)]).toEqual([true, false, false]);
});

const check = (text: string, expected: boolean): void => expect(isId("vpce", text)).toBe(expected);

test.each([
  ["vpce-0123456789abcdef0", true],
  ["vpce-01234567", true],
  ["vpce-012345678", false],
  ["vpce-0123456789ABCDEF0", false],
  ["vpce-", false],
  ["vpce-0123456789abcdef0\n", false],
  [" vpce-01234567", false],
  ["vpc-01234567", false],
  ["", false],
])("%j: %s", (...row) => check(...row));

test("no text crashes it", () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect(typeof isId("i", text)).toBe("boolean");
    }),
  );
});
