import fc from "fast-check";
import { expect, test } from "vitest";
import type { Ip } from "./ip.ts";
import { containsIp, maskIp, type Prefix } from "./prefix.ts";
import { compilePrefixTable, type PrefixEntry } from "./prefix-table.ts";

/** Addresses that share most bits, so that tables have many hits for one. */
const ip: fc.Arbitrary<Ip> = fc.oneof(
  fc
    .constantFrom(0, 1, 0x0a000001, 0x0a0000ff, 0x0a00ffff, 0x80000000, 2 ** 32 - 1)
    .map((one): Ip => ({ width: 32, words: [one] })),
  fc
    .tuple(fc.constantFrom(0, 0x20010db8), fc.constantFrom(0, 1), fc.constantFrom(0, 2 ** 31), fc.constantFrom(0, 1))
    .map((words): Ip => ({ width: 128, words })),
);
const prefix = ip.chain((one) =>
  fc.integer({ min: 0, max: one.width }).map((bits): Prefix => ({ ip: maskIp(one, bits), bits })),
);
const entries = fc
  .array(prefix, { maxLength: 40 })
  .map((all): PrefixEntry<number>[] => all.map((one, value) => ({ prefix: one, value })));

test("matches are those that a plain scan finds, longest first, then in the order given", () => {
  fc.assert(
    fc.property(entries, ip, (all, address) => {
      const table = compilePrefixTable(all);
      const scan = all
        .filter((one) => containsIp(one.prefix, address))
        .toSorted((a, b) => b.prefix.bits - a.prefix.bits || a.value - b.value);
      expect(table.allMatches(address)).toEqual(scan);
      expect(table.longestMatch(address)).toEqual(scan[0]);
    }),
    { numRuns: 500 },
  );
});

test("an empty table matches nothing", () => {
  expect(compilePrefixTable([]).longestMatch({ width: 32, words: [1] })).toBeUndefined();
});
