import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decide, decideInFull } from "./decide.ts";
import type { Decision } from "./decision.ts";
import { randomCase, randomFrom, randomRequest } from "./testdata/random-policy.ts";

/** The interpreter's decision as the compiled form would give it. */
function withoutMisses(decision: Decision): Decision {
  return { ...decision, layers: decision.layers.map((layer) => ({ ...layer, misses: [] })) };
}

describe("the compiled form", () => {
  it("decides as the interpreter does, over random policy sets", () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const random = randomFrom(seed);
        const { request, policies } = randomCase(random);
        // Making a policy set costs most, so each meets ten requests: ten thousand pairs in all.
        for (const asked of [request, ...Array.from({ length: 9 }, () => randomRequest(random))]) {
          expect(decide(asked, policies)).toEqual(withoutMisses(decideInFull(asked, policies)));
        }
      }),
      { numRuns: 1000 },
    );
  });
});
