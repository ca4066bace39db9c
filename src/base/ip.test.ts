import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { addToIp, bytesOfIp, compareIp, equalIp, formatIp, type Ip, parseIp } from "./ip.ts";

const word = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const ipv4 = word.map((one): Ip => ({ width: 32, words: [one] }));
// Zero words are frequent, so that runs of zeros are.
const ipv6 = fc
  .array(fc.oneof(word, fc.constant(0), fc.integer({ min: 0, max: 65535 })), { minLength: 4, maxLength: 4 })
  .map((words): Ip => ({ width: 128, words }));
const ip = fc.oneof(ipv4, ipv6);

describe("text", () => {
  const check = (text: string, canonical: string | undefined): void => {
    const parsed = parseIp(text);
    expect(parsed && formatIp(parsed)).toBe(canonical);
  };

  test.each([
    ["10.0.0.1", "10.0.0.1"],
    ["255.255.255.255", "255.255.255.255"],
    ["0.0.0.0", "0.0.0.0"],
    ["::", "::"],
    ["::1", "::1"],
    ["1::", "1::"],
    ["2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
    ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
    ["1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"],
    ["0:0:0:1:0:0:0:0", "0:0:0:1::"],
    ["::ffff:1.2.3.4", "::ffff:102:304"],
    ["64:ff9b::192.0.2.33", "64:ff9b::c000:221"],
  ])("%s is %s", (...row) => check(...row));

  test.each([
    "",
    ".",
    "1.2.3",
    "1.2.3.4.5",
    "01.2.3.4",
    "256.1.1.1",
    "1.2.3.4 ",
    "+1.2.3.4",
    "1e1.2.3.4",
    "0x1.2.3.4",
    ":",
    ":::",
    "1::2::3",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "::1:2:3:4:5:6:7:8",
    "12345::",
    "g::",
    "::1.2.3",
    "1.2.3.4::",
    "fe80::1%eth0",
    ":1::",
    "1::1:",
  ])("%s is no address", (text) => check(text, undefined));

  test("round trip", () => {
    fc.assert(
      fc.property(ip, (one) => {
        expect(parseIp(formatIp(one))).toEqual(one);
      }),
    );
  });

  test("any text is an address or none, and its canonical form is stable", () => {
    const alphabet = fc.string({ unit: fc.constantFrom(..."0 1 9 a f F g : : :: .".split(" ")), maxLength: 45 });
    fc.assert(
      fc.property(alphabet, (text) => {
        const parsed = parseIp(text);
        expect(parsed && parseIp(formatIp(parsed))).toEqual(parsed);
      }),
      { numRuns: 2000 },
    );
  });
});

describe("order and arithmetic", () => {
  const bigOf = (one: Ip): bigint => one.words.reduce((sum, part) => sum * 2n ** 32n + BigInt(part), 0n);

  test("compare is the order of the numbers, IPv4 first", () => {
    fc.assert(
      fc.property(ip, ip, (a, b) => {
        const bigger = a.width === b.width ? bigOf(a) - bigOf(b) : BigInt(a.width - b.width);
        const sign = bigger > 0n ? 1 : bigger < 0n ? -1 : 0;
        expect(Math.sign(compareIp(a, b))).toBe(sign);
        expect(equalIp(a, b)).toBe(sign === 0);
      }),
    );
  });

  test("adding is addition in the family's width", () => {
    fc.assert(
      fc.property(ip, word, (one, offset) => {
        expect(bigOf(addToIp(one, offset))).toBe((bigOf(one) + BigInt(offset)) % 2n ** BigInt(one.width));
      }),
    );
  });

  test("bytes are in network order", () => {
    expect([...bytesOfIp({ width: 32, words: [0x0a000102] })]).toEqual([10, 0, 1, 2]);
    fc.assert(
      fc.property(ip, (one) => {
        const sum = bytesOfIp(one).reduce((so, byte) => so * 256n + BigInt(byte), 0n);
        expect(sum).toBe(bigOf(one));
      }),
    );
  });
});
