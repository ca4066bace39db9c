import fc from "fast-check";
import { expect, test } from "vitest";
import { pageOf } from "./page.ts";

test("pages put together are the list, whatever their size", () => {
  const sizes = fc.array(fc.integer({ min: 5, max: 1000 }), { minLength: 1, maxLength: 5 });
  const keys = fc.uniqueArray(fc.string({ unit: "binary" }), { maxLength: 60 });
  fc.assert(
    fc.property(keys, sizes, (list, ofPage) => {
      const items = list.map((key) => Buffer.from(key).toString()).sort();
      const unique = [...new Set(items)];
      const seen: string[] = [];
      let NextToken: string | undefined;
      let turn = 0;
      do {
        const MaxResults = ofPage[turn++ % ofPage.length]!;
        const page = pageOf(unique, (key) => key, { MaxResults, NextToken });
        if (!page.ok) throw new Error(page.error.code);
        seen.push(...page.value.items);
        NextToken = page.value.nextToken;
      } while (NextToken !== undefined);
      expect(seen).toEqual(unique);
    }),
  );
});

test("any text that is no token of ours is refused as one", () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1 }), (NextToken) => {
      const page = pageOf(["a"], (key) => key, { NextToken });
      expect(page.ok ? page.value.items.length <= 1 : page.error.code === "InvalidNextToken").toBe(true);
    }),
  );
  expect(pageOf(["a"], (key) => key, { NextToken: "x" })).toMatchObject({ ok: false });
});
