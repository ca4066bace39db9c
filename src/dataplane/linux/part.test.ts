import { describe, expect, test } from "vitest";
import type { KernelObject } from "./kernel-object.ts";
import { nodesOf, NOTHING, objectsBeside, objectsOf, type Wanted } from "./part.ts";

/** A section with an element for each key, made the `edition`th time; says which it looked into. */
function build(before: Wanted, keys: readonly string[], edition = 1): { wanted: Wanted; looked: string[] } {
  const looked: string[] = [];
  const wanted = nodesOf(before, ({ each }) => {
    each("keys", { items: keys, nameOf: (key) => key, sources: [edition] }, (key, { part }) => {
      looked.push(key);
      if (key !== "none") part(key, [edition], () => [elementOf(key)]);
    });
  });
  return { wanted, looked };
}

function elementOf(key: string): KernelObject {
  return { kind: "element", namespace: "vpc", set: "some", key: [key] };
}

function keysOf(wanted: Wanted): string[] {
  return [...objectsOf(wanted).values()].flatMap((object) => (object.kind === "element" ? object.key : [])).toSorted();
}

describe("a section with a node for each item", () => {
  const letters = ["a", "b", "c", "d"];

  test.each([
    { after: ["a", "b", "c", "d", "e"], looked: ["e"] },
    { after: ["x", "a", "b", "c", "d"], looked: ["x"] },
    { after: ["a", "x", "c", "d"], looked: ["x"] },
    { after: ["a", "d"], looked: [] },
    { after: ["d", "c", "b", "a"], looked: [] },
    { after: ["b", "none", "y", "a"], looked: ["none", "y"] },
    { after: [], looked: [] },
  ])("from a, b, c, d to $after it looks into $looked alone", ({ after, looked }) => {
    const before = build(NOTHING, letters);
    expect(before.looked).toEqual(letters);
    const next = build(before.wanted, after);
    expect(next.looked).toEqual(looked);
    expect(keysOf(next.wanted)).toEqual(after.filter((key) => key !== "none").toSorted());
    // The old one is left as it was.
    expect(keysOf(before.wanted)).toEqual(letters);
  });

  test("the same list is not looked at, and a change of what all follow from is one of each", () => {
    const before = build(NOTHING, letters);
    const again = build(before.wanted, letters);
    expect(again.looked).toEqual([]);
    expect(objectsBeside(again.wanted, before.wanted).size).toBe(0);
    expect(build(before.wanted, letters, 2).looked).toEqual(letters);
  });
});
