import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { PersistentMap } from "./persistent-map.ts";

type Step = readonly ["set", string, number] | readonly ["delete", string];

/** Few keys, so that histories hit the same ones again; ids as well as odd texts. */
const key = fc.oneof(
  fc.integer({ min: 0, max: 60 }).map((one) => `eni-${one.toString(16).padStart(17, "0")}`),
  fc.string({ maxLength: 2 }),
);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.tuple(fc.constant("set" as const), key, fc.integer()),
  fc.tuple(fc.constant("delete" as const), key),
);

const run = (map: PersistentMap<number>, [op, at, value]: Step): PersistentMap<number> =>
  op === "set" ? map.set(at, value) : map.delete(at);
const from = (steps: readonly Step[]): PersistentMap<number> => steps.reduce(run, PersistentMap.empty<number>());
const byKey = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number => (a < b ? -1 : 1);

describe("against Map", () => {
  test("the same history gives the same contents", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const map = from(steps);
        const plain = new Map<string, number>();
        for (const [op, at, value] of steps) {
          if (op === "set") plain.set(at, value);
          else plain.delete(at);
        }
        expect([...map.entries()].toSorted(byKey)).toEqual([...plain.entries()].toSorted(byKey));
        expect(map.size).toBe(plain.size);
        for (const [at, value] of plain) expect([map.get(at), map.has(at)]).toEqual([value, true]);
        expect(map.get("never set")).toBeUndefined();
      }),
    );
  });

  test("older maps stay as they were", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        let map = PersistentMap.empty<number>();
        const history: (readonly [PersistentMap<number>, string])[] = [];
        for (const one of steps) {
          history.push([map, JSON.stringify([...map.entries()])]);
          map = run(map, one);
        }
        for (const [old, contents] of history) expect(JSON.stringify([...old.entries()])).toBe(contents);
      }),
    );
  });
});

describe("laws", () => {
  test("equal contents iterate equally, whatever the history", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const map = from(steps);
        const straight = [...map.entries()].toSorted(byKey);
        const rebuilt = straight.reduce((so, [at, value]) => so.set(at, value), PersistentMap.empty<number>());
        const backwards = straight
          .toReversed()
          .reduce((so, [at, value]) => so.set(at, value), PersistentMap.empty<number>());
        expect([...rebuilt.entries()]).toEqual([...map.entries()]);
        expect([...backwards.keys()]).toEqual([...map.keys()]);
        expect([...backwards.values()]).toEqual([...map.values()]);
      }),
    );
  });

  test("adding and deleting leaves nothing", () => {
    fc.assert(
      fc.property(fc.array(key, { maxLength: 100 }), (keys) => {
        const full = keys.reduce((so, at) => so.set(at, 1), PersistentMap.empty<number>());
        const none = keys.reduce((so, at) => so.delete(at), full);
        expect(none).toBe(PersistentMap.empty());
      }),
    );
  });

  test("deleting what is not there gives the same map", () => {
    const map = PersistentMap.empty<number>().set("a", 1);
    expect(map.delete("b")).toBe(map);
    expect(PersistentMap.empty<number>().delete("b").size).toBe(0);
  });

  test("a value of undefined counts as absent for nobody", () => {
    const map = PersistentMap.empty<number | undefined>().set("a", undefined).set("a", undefined);
    expect([map.size, map.has("a"), [...map.keys()]]).toEqual([1, true, ["a"]]);
    expect(map.delete("a").size).toBe(0);
  });
});

test("keys with equal hashes live side by side", () => {
  const keys = collidingKeys();
  const map = keys.reduce((so, at, value) => so.set(at, value), PersistentMap.empty<number>());
  expect(map.size).toBe(keys.length);
  keys.forEach((at, value) => expect(map.get(at)).toBe(value));
  const rest = map.delete(keys[0]!);
  expect([rest.get(keys[0]!), rest.get(keys[1]!)]).toEqual([undefined, 1]);
});

test("100,000 entries: a change costs microseconds, not a copy", () => {
  let map = PersistentMap.empty<number>();
  for (let at = 0; at < 100_000; at++) map = map.set(`eni-${at.toString(16).padStart(17, "0")}`, at);
  const timesMs = [1, 2, 3, 4, 5].map((round) => {
    const startMs = performance.now();
    for (let at = 0; at < 200; at++) map = map.set(`eni-${(at * 97).toString(16).padStart(17, "0")}`, -at * round);
    return performance.now() - startMs;
  });
  // A copy of the map would take over 1 s for these; the best of five and the bound are for a loaded machine.
  expect(Math.min(...timesMs)).toBeLessThan(100);
  expect(map.size).toBe(100_000);
});

/** FNV-1a is weak enough that a birthday search over short texts finds whole collisions quickly. */
function collidingKeys(): string[] {
  const seen = new Map<number, string>();
  for (let at = 0; at < 400_000; at++) {
    const text = `${(Math.imul(at, 0x9e3779b1) >>> 0).toString(36)}${at.toString(36)}`;
    let hash = 0x811c9dc5;
    for (let unit = 0; unit < text.length; unit++) hash = Math.imul(hash ^ text.charCodeAt(unit), 0x01000193);
    const other = seen.get(hash);
    if (other !== undefined) return [other, text];
    seen.set(hash, text);
  }
  throw new Error("no collision found");
}
