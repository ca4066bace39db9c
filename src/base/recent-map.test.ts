import { expect, test } from "vitest";
import { RecentMap } from "./recent-map.ts";

test("the last entries are there, and no more than twice as many", () => {
  const map = new RecentMap<number, string>(10);
  for (let at = 0; at < 1000; at++) {
    map.set(at, `v${at}`);
    for (let back = 0; back < Math.min(10, at + 1); back++) expect(map.get(at - back)).toBe(`v${at - back}`);
    expect(map.get(at - 20)).toBeUndefined();
  }
});

test("what is set again is the newer value", () => {
  const map = new RecentMap<string, number>(2);
  map.set("a", 1);
  map.set("b", 1);
  map.set("c", 1);
  map.set("a", 2);
  expect([map.get("a"), map.get("b"), map.get("c")]).toEqual([2, 1, 1]);
});
