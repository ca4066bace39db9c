import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { assumptionsOf, differences } from "./differences.ts";

test("docs/differences.md lists every assumption of the code; `npm run differences` mends it", () => {
  expect(readFileSync(join(import.meta.dirname, "../docs/differences.md"), "utf8")).toBe(differences());
});

test("every assumption can be understood by itself: six words are the least", () => {
  const [, entries = ""] = differences().split("Taken from the code by");
  const texts = [...entries.matchAll(/^- (.*) \(`src\/[^`]*`\)$/gm)].map(([, text = ""]) => text);
  expect(texts.length).toBeGreaterThan(50);
  expect(texts.filter((text) => text.split(/\s+/).length < 6)).toEqual([]);
});

test.each([
  ["/** ASSUMPTION: one. */", ["one."]],
  [
    "/**\n * Opens.\n *\n * ASSUMPTION: two\n * lines.\n * ASSUMPTION: and another.\n */",
    ["two lines.", "and another."],
  ],
  ["  // ASSUMPTION: a line,\n  // and one more.\n  call();", ["a line, and one more."]],
  ["/** Text. ASSUMPTION: code. Source: a page. */", ["code."]],
  ["const text = 'nothing';", []],
])("of %j", (source, expected) => {
  expect(assumptionsOf(source)).toEqual(expected);
});
