import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { addToIp, equalIp, type Ip } from "./ip.ts";
import {
  containsIp,
  containsPrefix,
  equalPrefix,
  formatPrefix,
  hostPrefix,
  maskIp,
  overlaps,
  parsePrefix,
  parsePrefixMasked,
  type Prefix,
  sizeOfPrefix,
} from "./prefix.ts";

const word = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const ip: fc.Arbitrary<Ip> = fc.oneof(
  word.map((one): Ip => ({ width: 32, words: [one] })),
  fc.array(word, { minLength: 4, maxLength: 4 }).map((words): Ip => ({ width: 128, words })),
);
const prefix = ip.chain((one) =>
  fc.integer({ min: 0, max: one.width }).map((bits): Prefix => ({ ip: maskIp(one, bits), bits })),
);
/** Small numbers, so that prefixes meet often. */
const near = fc
  .tuple(fc.integer({ min: 0, max: 15 }), fc.integer({ min: 26, max: 32 }))
  .map(([host, bits]): Prefix => ({ ip: maskIp({ width: 32, words: [host] }, bits), bits }));

const mustParse = (text: string): Prefix => parsePrefix(text)!;

describe("text", () => {
  const check = (text: string, strict: string | undefined, masked: string | undefined): void => {
    const parsed = parsePrefix(text);
    const cut = parsePrefixMasked(text);
    expect([parsed && formatPrefix(parsed), cut && formatPrefix(cut)]).toEqual([strict, masked]);
  };

  test.each([
    ["10.0.0.0/16", "10.0.0.0/16", "10.0.0.0/16"],
    ["10.0.0.7/16", undefined, "10.0.0.0/16"],
    ["0.0.0.0/0", "0.0.0.0/0", "0.0.0.0/0"],
    ["255.255.255.255/32", "255.255.255.255/32", "255.255.255.255/32"],
    ["255.255.255.255/1", undefined, "128.0.0.0/1"],
    ["2001:db8::/32", "2001:db8::/32", "2001:db8::/32"],
    ["2001:db8::1/64", undefined, "2001:db8::/64"],
    ["::/0", "::/0", "::/0"],
    ["10.0.0.0", undefined, undefined],
    ["10.0.0.0/33", undefined, undefined],
    ["10.0.0.0/08", undefined, undefined],
    ["10.0.0.0/-1", undefined, undefined],
    ["10.0.0.0/", undefined, undefined],
    ["10.0.0.0/16/16", undefined, undefined],
    ["::/129", undefined, undefined],
    ["", undefined, undefined],
  ])("%s is %s, masked %s", (text, strict, masked) => check(text!, strict, masked));

  test("round trip", () => {
    fc.assert(
      fc.property(prefix, (one) => {
        expect(parsePrefix(formatPrefix(one))).toEqual(one);
      }),
    );
  });
});

describe("sets of addresses", () => {
  test("masking is idempotent and gives the lowest address", () => {
    fc.assert(
      fc.property(ip, fc.nat(128), (one, any) => {
        const bits = Math.min(any, one.width);
        const masked = maskIp(one, bits);
        expect(maskIp(masked, bits)).toEqual(masked);
        expect(containsIp({ ip: masked, bits }, one)).toBe(true);
      }),
    );
  });

  test("containment agrees with the addresses one by one", () => {
    const addresses = (one: Prefix): string[] =>
      Array.from({ length: sizeOfPrefix(one) }, (_, at) => String(addToIp(one.ip, at).words[0]));
    fc.assert(
      fc.property(near, near, (a, b) => {
        const [left, right] = [new Set(addresses(a)), addresses(b)];
        expect(containsPrefix(a, b)).toBe(right.every((one) => left.has(one)));
        expect(overlaps(a, b)).toBe(right.some((one) => left.has(one)));
        expect(equalPrefix(a, b)).toBe(left.size === right.length && right.every((one) => left.has(one)));
      }),
    );
  });

  test("the address behind the last one is outside", () => {
    fc.assert(
      fc.property(near, (one) => {
        expect(containsIp(one, addToIp(one.ip, sizeOfPrefix(one) - 1))).toBe(true);
        expect(containsIp(one, addToIp(one.ip, sizeOfPrefix(one)))).toBe(false);
      }),
    );
  });

  test("a host prefix holds itself alone", () => {
    fc.assert(
      fc.property(ip, ip, (a, b) => {
        expect(containsIp(hostPrefix(a), b)).toBe(equalIp(a, b));
      }),
    );
  });

  test("the families never meet", () => {
    expect(containsIp(mustParse("::/0"), { width: 32, words: [1] })).toBe(false);
    expect(overlaps(mustParse("::/0"), mustParse("0.0.0.0/0"))).toBe(false);
    expect(equalPrefix(mustParse("::/0"), mustParse("0.0.0.0/0"))).toBe(false);
  });
});
