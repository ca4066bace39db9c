import { expect, test } from "vitest";
import { readCopyRange, readRange } from "./range.ts";

const whole = { kind: "whole" };
const unsatisfiable = { kind: "unsatisfiable" };
const part = (first: number, last: number) => ({ kind: "part", first, last });

test.each([
  [undefined, 10, whole],
  ["bytes=0-0", 10, part(0, 0)],
  ["bytes=2-5", 10, part(2, 5)],
  ["bytes=2-", 10, part(2, 9)],
  ["bytes=-3", 10, part(7, 9)],
  ["bytes=-30", 10, part(0, 9)],
  ["bytes=9-100", 10, part(9, 9)],
  ["bytes=10-", 10, unsatisfiable],
  ["bytes=10-20", 10, unsatisfiable],
  ["bytes=-0", 10, unsatisfiable],
  ["bytes=0-", 0, unsatisfiable],
  ["bytes=-1", 0, unsatisfiable],
  // Several, reversed, malformed or in other units: ignored, as RFC 9110 allows.
  ["bytes=0-1,3-4", 10, whole],
  ["bytes=5-2", 10, whole],
  ["bytes=-", 10, whole],
  ["bytes=a-b", 10, whole],
  ["items=0-1", 10, whole],
])("%s of %i bytes", (header, sizeBytes, expected) => {
  expect(readRange(header, sizeBytes)).toEqual(expected);
});

test.each([
  ["bytes=0-9", 10, { first: 0, last: 9 }],
  ["bytes=0-10", 10, undefined],
  ["bytes=5-", 10, undefined],
  ["bytes=5-2", 10, undefined],
])("copy range %s of %i bytes", (header, sizeBytes, expected) => {
  expect(readCopyRange(header, sizeBytes)).toEqual(expected);
});
