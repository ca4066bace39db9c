import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { notEnforced } from "./lack.ts";

test("docs/differences.md lists what this plane lacks, in the same words", () => {
  const text = readFileSync(join(import.meta.dirname, "../../../docs/differences.md"), "utf8");
  const [, section = ""] = /- \*\*The userspace plane\*\*[^\n]*\n((?: {2}.*\n)+)/.exec(text) ?? [];
  const listed = section.split(/^ {2}- /m).map((item) => item.replaceAll(/\s+/g, " ").trim());
  expect(listed.filter((item) => item !== "")).toEqual(notEnforced);
});
