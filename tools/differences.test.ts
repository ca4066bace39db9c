import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { assumptionsOf, differences } from "./differences.ts";

test("docs/differences.md lists every assumption of the code; `npm run differences` mends it", () => {
  expect(readFileSync(join(import.meta.dirname, "../docs/differences.md"), "utf8")).toBe(differences());
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
