/** Holds a data plane against the pure functions, topology by topology, connection by connection. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DataPlane, PlaneHost } from "../../src/dataplane/plane.ts";
import type { State } from "../../src/model/state.ts";
import type { Blueprint } from "../../src/plan/blueprint.ts";
import { plan } from "../../src/plan/plan.ts";
import { type Carries, expectedOutcome, type Outcome, outcomeOfPath } from "./outcome.ts";
import type { Prober } from "./prober.ts";
import type { Trial } from "./trial.ts";
import { openWorld, type Trials } from "./world.ts";

export interface PlaneUnderTest {
  readonly open: (host: PlaneHost, state: () => State) => Promise<DataPlane>;
  readonly prober: (plane: DataPlane) => Prober;
  readonly carries: Carries;
}

export interface Difference {
  readonly seed: number;
  readonly round: number;
  readonly instanceId: string;
  readonly trial: Trial;
  readonly expected: Outcome;
  readonly found: Outcome;
}

export interface Comparison {
  readonly topologies: number;
  readonly flows: number;
  /**
   * How many flows ended where (`endpoint`, `internet`, `instance`, `nothing`, also of IPv6 alone), and how many met which
   * filter or gateway.
   */
  readonly ends: Readonly<Record<string, number>>;
  readonly differences: readonly Difference[];
}

export interface ComparisonOptions {
  readonly seed: number;
  readonly topologies: number;
  /** How many at a time. */
  readonly vpcs: number;
}

/** What answers must come within; silence is asked a second time with the longer limit when it was not expected. */
const limits = { firstMs: 500, againMs: 5000 };

export async function compare(under: PlaneUnderTest, options: ComparisonOptions): Promise<Comparison> {
  const folder = mkdtempSync(join(tmpdir(), "underpass-differential-"));
  try {
    return await compareIn(folder, under, options);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function compareIn(folder: string, under: PlaneUnderTest, options: ComparisonOptions): Promise<Comparison> {
  const world = openWorld({ seed: options.seed, vpcs: options.vpcs });
  await using plane = await under.open(hostIn(folder), world.state);
  await using prober = under.prober(plane);
  const ends: Record<string, number> = {};
  const differences: Difference[] = [];
  let blueprint: Blueprint | undefined;
  let [flows, topologies] = [0, 0];
  for (let round = 0; topologies < options.topologies; round++) {
    world.deal();
    blueprint = plan(world.state(), blueprint);
    await plane.apply(blueprint);
    const dealt = world.flows();
    await prober.retire(new Set(dealt.map((one) => one.instanceId)));
    // Everyone must be up before anyone is tried.
    await Promise.all(dealt.map(({ instanceId }) => prober.probe(instanceId, [], 0)));
    const found = await Promise.all(dealt.map((flow) => probeFlow({ under, prober, state: world.state() }, flow)));
    for (const one of found.flat()) {
      flows += 1;
      const end = one.expected.split(" ")[0] ?? "";
      const ofIpv6 = one.trial.ip.includes(":") ? [`${end} by IPv6`] : [];
      for (const what of [end, ...ofIpv6, ...one.meets]) ends[what] = (ends[what] ?? 0) + 1;
      const { meets: _meets, ...tried } = one;
      if (one.expected !== one.found) differences.push({ seed: options.seed, round, ...tried });
    }
    topologies += options.vpcs;
  }
  return { topologies, flows, ends, differences };
}

interface Tried {
  readonly instanceId: string;
  readonly trial: Trial;
  readonly expected: Outcome;
  readonly found: Outcome;
  readonly meets: readonly string[];
}

async function probeFlow(
  { under, prober, state }: { readonly under: PlaneUnderTest; readonly prober: Prober; readonly state: State },
  { instanceId, trials }: Trials,
): Promise<Tried[]> {
  const certain = trials.flatMap((trial) => {
    const expected = expectedOutcome(state, instanceId, trial, under.carries);
    return expected === undefined ? [] : [{ instanceId, trial, expected: expected.outcome, meets: expected.meets }];
  });
  const asked = certain.map((one) => one.trial);
  const first = await prober.probe(instanceId, asked, limits.firstMs);
  const tried = certain.map((one, at): Tried => ({ ...one, found: first[at] ?? "nothing" }));
  const silent = tried.filter((one) => one.found === "nothing" && one.expected !== "nothing");
  if (silent.length === 0) return tried;
  // From other ports: what the first attempt left behind, on either side, must not answer for the second.
  const others = silent.map((one): Trial => {
    for (let port = one.trial.sourcePort - 1; port > 32_768; port--) {
      const other = { ...one.trial, sourcePort: port };
      if (expectedOutcome(state, instanceId, other, under.carries)?.outcome === one.expected) return other;
    }
    return one.trial;
  });
  const again = await prober.probe(instanceId, others, limits.againMs);
  return tried.map((one) => (silent.includes(one) ? { ...one, found: again[silent.indexOf(one)] ?? "nothing" } : one));
}

/** A host whose only service says by which path a connection came. */
function hostIn(folder: string): PlaneHost {
  const caFile = join(folder, "ca.pem");
  writeFileSync(caFile, "");
  return {
    acceptMetadata: (socket) => void socket.destroy(),
    accept: (socket, path) => {
      socket.on("error", () => socket.destroy());
      socket.end(`${outcomeOfPath(path)}\n`);
    },
    answerDns: () => undefined,
    log: () => {},
    caBundleFile: caFile,
    caFile,
    secretFolder: folder,
    folder,
  };
}
