/**
 * Decisions a second on one core: `node bench/policy.ts`. Identity, endpoint and bucket policy of 4 to 10,000 statements on
 * 1,000 mixed requests; a full explanation; the largest policies made of hard wildcards; compiling; two other engines.
 * Figures are processor time of this thread, so that other programs on the machine count little.
 */

import { compile } from "../src/policy/compile.ts";
import { decide, decideInFull } from "../src/policy/decide.ts";
import { parsePolicy } from "../src/policy/parse.ts";
import type { PolicyRequest } from "../src/policy/request.ts";
import { longKeys, pathologicalPolicies } from "./pathological-policy.ts";
import { casbinRival, cedarRival, type Rival } from "./policy-rivals.ts";
import { policiesOf, requests, scenario } from "./policy-scenario.ts";
import { type Figure, report, rounded } from "./report.ts";

const budgets: ReadonlyMap<number, number> = new Map([
  [4, 300_000],
  [100, 150_000],
  [1000, 100_000],
  [10_000, 40_000],
]);

const figures: Record<string, Figure> = {};
for (const [size, atLeast] of budgets) {
  const policies = policiesOf(scenario(size));
  const value = 1 / secondsOf(requests(size, 1000), (request) => decide(request, policies));
  figures[`decisionsPerSecond${size}`] = { value, atLeast };
}

const hundred = policiesOf(scenario(100));
const explainSeconds = secondsOf(requests(100, 1000), (request) => decideInFull(request, hundred));
figures["explanationUs100"] = { value: explainSeconds * 1e6, atMost: 200 };

const hard = pathologicalPolicies().map((one) => ({ ...one, ...measureHard(one.document) }));
figures["pathologicalMs"] = { value: Math.max(...hard.map((one) => one.decideMs)), atMost: 1 };
figures["compileMs"] = { value: Math.max(...hard.map((one) => one.compileMs)), atMost: 10 };

const ratios = Object.fromEntries(
  await Promise.all([4, 100, 1000].map(async (size) => [size, await ratiosAt(size)] as const)),
);
const pathological = Object.fromEntries(
  hard.map(({ name, decideMs, compileMs }) => [name, [rounded(decideMs), rounded(compileMs)]]),
);
report("policy", figures, { timesFaster: ratios, pathological });

/** Mean processor seconds a call, over about two seconds after a warm-up of one. */
function secondsOf(all: readonly PolicyRequest[], run: (request: PolicyRequest) => unknown, seconds = 2): number {
  let next = 0;
  const spend = (limit: number): number => {
    const begun = processorSeconds();
    let calls = 0;
    for (let spent = 0; spent < limit; spent = processorSeconds() - begun) {
      for (let batch = 0; batch < 20; batch++) {
        const request = all[next++ % all.length];
        if (request !== undefined) run(request);
      }
      calls += 20;
    }
    return (processorSeconds() - begun) / calls;
  };
  spend(seconds / 2);
  return spend(seconds);
}

function processorSeconds(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1e6;
}

/** The slowest key counts. Compiling includes parsing and is the mean of twenty. */
function measureHard(document: string): { readonly decideMs: number; readonly compileMs: number } {
  const read = () => {
    const parsed = parsePolicy(document, "gateway-endpoint");
    if (!parsed.ok) throw new Error(`read a pathological policy: ${parsed.error.problem}`);
    compile(parsed.value);
    return { name: "vpce", policy: parsed.value };
  };
  read();
  const begun = processorSeconds();
  for (let round = 0; round < 20; round++) read();
  const compileMs = ((processorSeconds() - begun) / 20) * 1000;
  const endpoint = read();
  const decideMs = longKeys().map((key) => {
    const asked = Array.from({ length: 50 }, (_, at) => longRequest(`${key}${1000 + at}`));
    return secondsOf(asked, (request) => decide(request, { identity: [], endpoint }), 0.4) * 1000;
  });
  return { decideMs: Math.max(...decideMs), compileMs };
}

function longRequest(key: string): PolicyRequest {
  const values = new Map([
    ["s3:prefix", [key]],
    ["aws:username", ["aaaaaaaa"]],
  ]);
  const context = { values, absent: new Map<string, string>() };
  return { principal: { kind: "anonymous" }, action: "s3:GetObject", resource: `arn:aws:s3:::b/${key}`, context };
}

/** How many times faster we are; all engines must agree on every request. */
async function ratiosAt(size: number): Promise<Readonly<Record<string, number>>> {
  const all = requests(size, 1000);
  const policies = policiesOf(scenario(size));
  const rivals: readonly (readonly [string, Rival])[] = [
    ["cedar", cedarRival(scenario(size), `size-${size}`)],
    ["casbin", await casbinRival(scenario(size))],
  ];
  const own = secondsOf(all, (request) => decide(request, policies), 1);
  const entries = rivals.map(([name, rival]) => {
    for (const request of all.slice(0, 200)) {
      if (rival(request) !== decide(request, policies).allowed)
        throw new Error(`${name} decides otherwise: ${request.resource}`);
    }
    return [name, rounded(secondsOf(all, rival, 1) / own)] as const;
  });
  return Object.fromEntries(entries);
}
