import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decide, decideInFull } from "./decide.ts";
import type { Decision } from "./decision.ts";
import { randomCase, randomFrom } from "./testdata/random-policy.ts";

/** The interpreter's decision as the compiled form would give it. */
function withoutMisses(decision: Decision): Decision {
  return { ...decision, layers: decision.layers.map((layer) => ({ ...layer, misses: [] })) };
}

describe("the compiled form", () => {
  it("decides as the interpreter does, over random policy sets", () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const { request, policies } = randomCase(randomFrom(seed));
        expect(decide(request, policies)).toEqual(withoutMisses(decideInFull(request, policies)));
      }),
      { numRuns: 10_000 },
    );
  });
});
