/**
 * The pure functions against the kernel and the proxy, on generated topologies: `node bench/differential.ts [topologies] [seed]`,
 * 2,000 from seed 1000 unless told. Each plane has a process of its own, so that both are held against them at the same time.
 * Budget: no difference.
 */

import { fork } from "node:child_process";
import { linuxPlaneLack } from "../src/dataplane/linux/plane.ts";
import { compare, type Comparison } from "../test/differential/compare.ts";
import { linuxUnderTest, userspaceUnderTest } from "../test/differential/plane-under-test.ts";
import { report } from "./report.ts";

const planes = { kernel: linuxUnderTest, proxy: userspaceUnderTest };
type PlaneName = keyof typeof planes;

/** Worlds of ten VPCs that are dealt ten times each; the seed of a world is its number. */
const perWorld = 100;
/** What is left open after the last world keeps a process from ending. */
const longestEndMs = 30_000;

type Progress =
  | { readonly kind: "world"; readonly world: Comparison }
  | { readonly kind: "lingers"; readonly resources: readonly string[] };

async function compareAll(name: PlaneName, topologies: number, firstSeed: number): Promise<void> {
  const tell = (progress: Progress): Promise<void> =>
    new Promise((resolve) => process.send?.(progress, undefined, undefined, () => resolve()));
  for (let [seed, left] = [firstSeed, topologies]; left > 0; seed++) {
    const world = await compare(planes[name], { seed, topologies: Math.min(perWorld, left), vpcs: 10 });
    left -= world.topologies;
    await tell({ kind: "world", world });
  }
  const end = async (): Promise<void> => {
    await tell({ kind: "lingers", resources: process.getActiveResourcesInfo() });
    process.exit(1);
  };
  setTimeout(() => void end(), longestEndMs).unref();
  // The channel to the parent is no reason to stay.
  process.channel?.unref();
}

async function compareApart(
  name: PlaneName,
  { words, signal }: { readonly words: readonly string[]; readonly signal: AbortSignal },
  onWorld: (all: Comparison) => void,
): Promise<Comparison> {
  let all: Comparison = { topologies: 0, flows: 0, ends: {}, repeated: 0, differences: [] };
  const child = fork(import.meta.filename, [...words, name], { signal });
  child.once("error", (error) => error.name === "AbortError" || console.error(error));
  child.on("message", (progress: Progress) => {
    if (progress.kind === "lingers") return console.error(`${name} did not end: ${progress.resources.join(", ")}`);
    for (const difference of progress.world.differences) console.error(`${name}: ${JSON.stringify(difference)}`);
    all = joined(all, progress.world);
    onWorld(all);
  });
  const status = await new Promise<number | null>((resolve) => child.once("exit", resolve));
  if (status !== 0) throw new Error(`the comparison with the ${name} ended with status ${status}`);
  return all;
}

function joined(a: Comparison, b: Comparison): Comparison {
  return {
    topologies: a.topologies + b.topologies,
    flows: a.flows + b.flows,
    ends: sum(a.ends, b.ends),
    repeated: a.repeated + b.repeated,
    differences: [...a.differences, ...b.differences],
  };
}

function sum(a: Readonly<Record<string, number>>, b: Readonly<Record<string, number>>): Record<string, number> {
  const ends = new Set([...Object.keys(a), ...Object.keys(b)]);
  return Object.fromEntries([...ends].map((end) => [end, (a[end] ?? 0) + (b[end] ?? 0)]));
}

async function compareBoth(topologies: number, firstSeed: number): Promise<void> {
  const startedMs = performance.now();
  const lack = await linuxPlaneLack();
  if (lack !== undefined) console.error(`the kernel is left out: ${lack}`);
  const names: readonly PlaneName[] = lack === undefined ? ["kernel", "proxy"] : ["proxy"];
  const done = new Map<PlaneName, number>();
  const show = (end: string): void => {
    const counts = names.map((name) => `${name} ${done.get(name) ?? 0}`).join(", ");
    if (process.stderr.isTTY) process.stderr.write(`\r${counts} of ${topologies} topologies${end}`);
  };
  show("");
  // Where one process fails there is nothing to report, and the other need not go on.
  const failed = new AbortController();
  const run = { words: [`${topologies}`, `${firstSeed}`], signal: failed.signal };
  const compared = names.map(async (name) => {
    const all = await compareApart(name, run, (soFar) => {
      done.set(name, soFar.topologies);
      show("");
    });
    return [name, all] as const;
  });
  const found = await Promise.all(compared).catch((error: unknown) => {
    failed.abort();
    throw error;
  });
  show("\n");
  report(
    "differential",
    Object.fromEntries(
      found.map(([name, { differences }]) => [`${name}Differences`, { value: differences.length, atMost: 0 }]),
    ),
    {
      topologies,
      firstSeed,
      ...Object.fromEntries(found.map(([name, { ends, flows, repeated }]) => [name, { flows, repeated, ends }])),
      seconds: Math.round((performance.now() - startedMs) / 1000),
    },
  );
}

const [topologies = "2000", firstSeed = "1000", name] = process.argv.slice(2);
if (name === "kernel" || name === "proxy") await compareAll(name, Number(topologies), Number(firstSeed));
else await compareBoth(Number(topologies), Number(firstSeed));
