/**
 * The compiled policies against the plain interpreter, and the parser against wounded documents:
 * `node bench/policy-differential.ts [pairs] [documents] [seed]`, a million of each by default. No difference, no throw
 * and no document over 50 ms are allowed. A case that differs is printed with its seed.
 */

import { isDeepStrictEqual } from "node:util";
import { decide, decideInFull, type Policies } from "../src/policy/decide.ts";
import type { Decision } from "../src/policy/decision.ts";
import { parsePolicy } from "../src/policy/parse.ts";
import type { PolicyRequest } from "../src/policy/request.ts";
import { mutant } from "../src/policy/testdata/mutate.ts";
import { randomCase, randomFrom, randomRequest } from "../src/policy/testdata/random-policy.ts";
import { report } from "./report.ts";

const pairs = Number(process.argv[2] ?? 1_000_000);
const documents = Number(process.argv[3] ?? 1_000_000);
const firstSeed = Number(process.argv[4] ?? 1);

/** Making a policy set costs most, so each meets several requests. */
const requestsPerSet = 10;

const outcomes: Record<string, number> = {};
let differences = 0;
for (let done = 0, seed = firstSeed; done < pairs; seed++) {
  const random = randomFrom(seed);
  const { request, policies } = randomCase(random);
  const asked = [request, ...Array.from({ length: requestsPerSet - 1 }, () => randomRequest(random))];
  for (const one of asked.slice(0, pairs - done)) {
    const expected = withoutMisses(decideInFull(one, policies));
    const actual = decideOrThrown(one, policies);
    if (!isDeepStrictEqual(actual, expected)) {
      differences++;
      if (differences <= 5) console.error(JSON.stringify({ seed, expected, actual }, undefined, 1));
    }
    const outcome = `${expected.decidedBy?.reason ?? "allow"} ${expected.decidedBy?.layer ?? "root"}`;
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
    done++;
  }
}

let thrown = 0;
let refused = 0;
let slowestMs = 0;
for (let done = 0, seed = firstSeed; done < documents; done++, seed++) {
  const { kind, text } = mutant(randomFrom(seed));
  try {
    // Another program can take the processor from us meanwhile: only what is slow ten times is slow.
    let certainMs = Infinity;
    for (let tries = 0; tries < 10 && certainMs > 5; tries++) {
      certainMs = Math.min(
        certainMs,
        timeMs(() => parsePolicy(text, kind)),
      );
    }
    slowestMs = Math.max(slowestMs, certainMs);
    if (!parsePolicy(text, kind).ok) refused++;
  } catch (error) {
    thrown++;
    if (thrown <= 5) console.error(JSON.stringify({ seed, kind, text, error: String(error) }));
  }
}

report(
  "policy-differential",
  {
    differences: { value: differences, atMost: 0 },
    thrown: { value: thrown, atMost: 0 },
    slowestDocumentMs: { value: slowestMs, atMost: 50 },
  },
  { pairs, documents, refused, firstSeed, outcomes },
);

function withoutMisses(decision: Decision): Decision {
  return { ...decision, layers: decision.layers.map((layer) => ({ ...layer, misses: [] })) };
}

function decideOrThrown(request: PolicyRequest, policies: Policies): Decision | string {
  try {
    return decide(request, policies);
  } catch (error) {
    return String(error);
  }
}

function timeMs(run: () => unknown): number {
  const begun = performance.now();
  run();
  return performance.now() - begun;
}
