import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compileGlob, matchCompiledGlob } from "./compiled-glob.ts";
import { type Glob, matchGlob, parseGlob, splitGlob } from "./glob.ts";
import { compileGlobSet } from "./glob-set.ts";
import { makeGlobPool } from "./glob-pool.ts";
import { indexText } from "./text-index.ts";

/** By the definition alone: a star stands for any number of characters. Exponential, so only for short patterns. */
function byDefinition(glob: Glob, text: readonly string[]): boolean {
  const [first, ...rest] = glob;
  if (first === undefined) return text.length === 0;
  if (first === -1) return byDefinition(rest, text) || (text.length > 0 && byDefinition(glob, text.slice(1)));
  const [next, ...others] = text;
  return next !== undefined && (first === -2 || first === next.codePointAt(0)) && byDefinition(rest, others);
}

const letters = ["a", "b", "ab", "😀", "/"];
const pattern = fc.array(fc.constantFrom(...letters, "*", "?", "*"), { maxLength: 9 }).map((parts) => parts.join(""));
const text = fc.array(fc.constantFrom(...letters), { maxLength: 9 }).map((parts) => parts.join(""));

describe("wildcards", () => {
  it("match as they are defined, in every form", () => {
    fc.assert(
      fc.property(pattern, text, (written, subject) => {
        const glob = parseGlob(written);
        const expected = byDefinition(glob, Array.from(subject));
        expect(matchGlob(glob, subject)).toBe(expected);
        expect(matchCompiledGlob(compileGlob(glob), subject)).toBe(expected);
      }),
      { numRuns: 5000 },
    );
  });

  it("match together as they match one by one", () => {
    const many = fc.array(
      pattern.map((written) => `b/${written}`),
      { minLength: 1, maxLength: 40 },
    );
    const long = fc.array(fc.constantFrom(...letters), { maxLength: 60 }).map((parts) => `b/${parts.join("")}`);
    fc.assert(
      fc.property(many, long, (written, subject) => {
        const globs = written.map(parseGlob);
        const set = compileGlobSet(globs.map((glob) => ({ glob, compiled: compileGlob(glob) })));
        expect([...set.match(subject)]).toEqual(globs.map((glob) => Number(matchGlob(glob, subject))));
      }),
      { numRuns: 1000 },
    );
  });

  it("match together where a pattern is longer than a word", () => {
    const glob = parseGlob(`${"a?".repeat(40)}*${"b".repeat(70)}*c`);
    const set = compileGlobSet(
      [parseGlob("*a*"), glob, parseGlob("*z")].map((one) => ({ glob: one, compiled: compileGlob(one) })),
    );
    expect([...set.match(`${"ax".repeat(40)}y${"b".repeat(71)}zc`)]).toEqual([1, 1, 0]);
    expect([...set.match(`${"ax".repeat(40)}y${"b".repeat(69)}zc`)]).toEqual([1, 0, 0]);
  });

  it("give the same answer once a text has cost too much", () => {
    const pool = makeGlobPool();
    const written = Array.from({ length: 200 }, (_, at) => `*a${at.toString(2)}*b*`);
    const tests = written.map((one) => pool.add(parseGlob(one)));
    pool.seal();
    const subject = `${"a1011".repeat(100)}b`;
    expect(tests.map((test) => test(subject))).toEqual(written.map((one) => matchGlob(parseGlob(one), subject)));
  });

  it("take microseconds where a backtracking matcher takes minutes", () => {
    const glob = parseGlob("*a".repeat(30) + "*b");
    const begun = performance.now();
    expect(matchGlob(glob, "a".repeat(60))).toBe(false);
    expect(matchCompiledGlob(compileGlob(glob), "a".repeat(60))).toBe(false);
    expect(performance.now() - begun).toBeLessThan(100);
  });

  it("are cut at separators, of which the last part keeps the rest", () => {
    expect(splitGlob(parseGlob("a:*:c:d"), ":", 3)).toEqual([parseGlob("a"), parseGlob("*"), parseGlob("c:d")]);
    expect(splitGlob(parseGlob("a"), ":", 3)).toEqual([parseGlob("a")]);
  });
});

describe("the index of a text", () => {
  it("knows every piece of the text and no other", () => {
    const subject = fc.array(fc.constantFrom("a", "b", "c", "é"), { maxLength: 40 }).map((parts) => parts.join(""));
    const piece = fc.array(fc.constantFrom("a", "b", "c", "é", "x"), { maxLength: 6 }).map((parts) => parts.join(""));
    fc.assert(
      fc.property(subject, fc.array(piece, { maxLength: 20 }), (whole, pieces) => {
        const index = indexText(whole);
        expect(pieces.map(index.contains)).toEqual(pieces.map((one) => whole.includes(one)));
      }),
      { numRuns: 1000 },
    );
  });

  it("holds for long texts and many characters too", () => {
    const long = "ab".repeat(3000);
    expect(indexText(long).contains("bab")).toBe(true);
    expect(indexText(long).contains("bb")).toBe(false);
    const rich = Array.from({ length: 100 }, (_, at) => String.fromCharCode(200 + at)).join("");
    expect(indexText(rich).contains(rich.slice(10, 90))).toBe(true);
    expect(indexText(rich).contains(rich.slice(1, 3) + rich.slice(4, 5))).toBe(false);
  });
});
