/**
 * The pure functions against the kernel and the proxy, on generated topologies: `node bench/differential.ts [topologies]`, 2,000
 * unless told. Budget: no difference.
 */

import { linuxPlaneLack } from "../src/dataplane/linux/plane.ts";
import { compare, type Comparison } from "../test/differential/compare.ts";
import { linuxUnderTest, userspaceUnderTest } from "../test/differential/plane-under-test.ts";
import { report } from "./report.ts";

const topologies = Number(process.argv[2] ?? 2000);
/** Worlds of ten VPCs that are dealt ten times each; the seed of a world is its number. */
const perWorld = 100;

async function compareAll(under: Parameters<typeof compare>[0]): Promise<Comparison> {
  let all: Comparison = { topologies: 0, flows: 0, ends: {}, repeated: 0, differences: [] };
  for (let seed = 1000; all.topologies < topologies; seed++) {
    const one = await compare(under, { seed, topologies: Math.min(perWorld, topologies - all.topologies), vpcs: 10 });
    for (const difference of one.differences) console.error(JSON.stringify(difference));
    all = {
      topologies: all.topologies + one.topologies,
      flows: all.flows + one.flows,
      ends: sum(all.ends, one.ends),
      repeated: all.repeated + one.repeated,
      differences: [...all.differences, ...one.differences],
    };
    if (process.stderr.isTTY) process.stderr.write(`\r${all.topologies} of ${topologies} topologies`);
  }
  if (process.stderr.isTTY) process.stderr.write("\n");
  return all;
}

function sum(a: Readonly<Record<string, number>>, b: Readonly<Record<string, number>>): Record<string, number> {
  const ends = new Set([...Object.keys(a), ...Object.keys(b)]);
  return Object.fromEntries([...ends].map((end) => [end, (a[end] ?? 0) + (b[end] ?? 0)]));
}

const lack = await linuxPlaneLack();
if (lack !== undefined) console.error(`the kernel is left out: ${lack}`);
const kernel = lack === undefined ? await compareAll(linuxUnderTest) : undefined;
const proxy = await compareAll(userspaceUnderTest);
report(
  "differential",
  {
    ...(kernel && { kernelDifferences: { value: kernel.differences.length, atMost: 0 } }),
    proxyDifferences: { value: proxy.differences.length, atMost: 0 },
  },
  {
    topologies,
    ...(kernel && { kernelFlows: kernel.flows, kernelRepeated: kernel.repeated, kernelEnds: kernel.ends }),
    proxyFlows: proxy.flows,
    proxyEnds: proxy.ends,
  },
);
