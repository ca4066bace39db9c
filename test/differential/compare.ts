/** Holds a data plane against the pure functions, topology by topology, connection by connection. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DataPlane, PlaneHost } from "../../src/dataplane/plane.ts";
import { all, type State } from "../../src/model/state.ts";
import type { TrafficReading } from "../../src/network/traffic-count.ts";
import type { Blueprint } from "../../src/plan/blueprint.ts";
import { plan } from "../../src/plan/plan.ts";
import { type Difference, judgeOutcomes, judgeTrails, type Tried } from "./judge.ts";
import { type Carries, type Expectation, expectedOutcome, outcomeOfPath } from "./outcome.ts";
import type { Prober } from "./prober.ts";
import type { Trial } from "./trial.ts";
import { openWorld, type Trials, type World } from "./world.ts";

export interface PlaneUnderTest {
  readonly open: (host: PlaneHost, state: () => State) => Promise<DataPlane>;
  readonly prober: (plane: DataPlane) => Prober;
  readonly carries: Carries;
}

export interface Comparison {
  readonly topologies: number;
  readonly flows: number;
  /**
   * How many flows ended where (`endpoint`, `internet`, `instance`, `nothing`, also of IPv6 alone), and how many met which
   * filter or gateway.
   */
  readonly ends: Readonly<Record<string, number>>;
  /** Rounds that were tried a second time since something differed at first. */
  readonly repeated: number;
  readonly differences: readonly (Difference & { readonly seed: number; readonly round: number })[];
}

export interface ComparisonOptions {
  readonly seed: number;
  readonly topologies: number;
  /** How many at a time. */
  readonly vpcs: number;
}

/** What answers must come within; silence is asked a second time with the longer limit when it was not expected. */
const limits = { firstMs: 250, againMs: 5000 };

export async function compare(under: PlaneUnderTest, options: ComparisonOptions): Promise<Comparison> {
  const ends: Record<string, number> = {};
  const differences: Comparison["differences"][number][] = [];
  let [flows, round, repeated] = [0, 0, 0];
  for await (const { found, isSecond, tried } of rounds(under, options)) {
    flows += tried.length;
    for (const { expectation, trial } of tried) for (const what of endsOf(expectation, trial)) add(ends, what);
    differences.push(...found.map((one) => ({ seed: options.seed, round, ...one })));
    round += 1;
    if (isSecond === true) repeated += 1;
  }
  return { topologies: round * options.vpcs, flows, ends, repeated, differences };
}

function endsOf({ meets, outcome }: Expectation, { ip, kind }: Trial): readonly string[] {
  const end = outcome.split(" ")[0] ?? "";
  const ofKind = kind === "tcp" ? [] : [`${kind}${end === "nothing" ? "" : " through"}`];
  return [end, ...(ip.includes(":") ? [`${end} by IPv6`] : []), ...ofKind, ...meets];
}

function add(ends: Record<string, number>, what: string): void {
  ends[what] = (ends[what] ?? 0) + 1;
}

export interface Round {
  readonly tried: readonly Tried[];
  /** What the kernel counted meanwhile; absent where the plane counts nothing by itself. */
  readonly reading?: TrafficReading;
  readonly found: readonly Difference[];
  /** Whether something differed at first. */
  readonly isSecond?: boolean;
}

/** Deals, applies and tries, round after round: each is a topology for every VPC. */
export async function* rounds(under: PlaneUnderTest, options: ComparisonOptions): AsyncGenerator<Round> {
  const folder = mkdtempSync(join(tmpdir(), "underpass-differential-"));
  try {
    const world = openWorld({ seed: options.seed, vpcs: options.vpcs });
    await using plane = await under.open(hostIn(folder), world.state);
    await using prober = under.prober(plane);
    const place: Place = { under, plane, prober, world };
    let blueprint: Blueprint | undefined;
    for (let topologies = 0; topologies < options.topologies; topologies += options.vpcs) {
      world.deal();
      blueprint = plan(world.state(), blueprint);
      yield await oneRound(place, blueprint);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Place {
  readonly under: PlaneUnderTest;
  readonly plane: DataPlane;
  readonly prober: Prober;
  readonly world: World;
}

async function oneRound(place: Place, blueprint: Blueprint): Promise<Round> {
  const { plane, prober, under, world } = place;
  const dealt = world.flows();
  // Where routers count flows, every interface is logged: records say who dropped what.
  const counts = under.carries === "packets";
  await prober.retire(new Set(dealt.map((one) => one.from)));
  await plane.apply({
    ...blueprint,
    ...(counts && { loggedInterfaceIds: [...all(world.state(), "network-interface")].map(({ id }) => id).toSorted() }),
  });
  // Everyone must be up before anyone is tried.
  await Promise.all(dealt.map(({ from }) => prober.probe(from, [], 0)));
  const first = await attempt(place, dealt);
  // A router that is pressed forgets to count a packet now and then: what differs must differ again, from other ports.
  return first.found.length === 0 ? first : { ...(await attempt(place, world.anew(dealt))), isSecond: true };
}

async function attempt(place: Place, dealt: readonly Trials[]): Promise<Round> {
  const { plane, under, world } = place;
  const counts = under.carries === "packets";
  if (counts) await plane.readTraffic();
  const certain = dealt.map((flow) => expectedOf(under, world.state(), flow));
  const tried = (await Promise.all(certain.map((flow) => tryFlow(place, flow)))).flat();
  const outcomes = judgeOutcomes(tried);
  if (!counts) return { tried, found: outcomes };
  let reading = await plane.readTraffic();
  let trails = judgeTrails(tried, reading);
  // A packet between two counters' readings is in the one and not yet in the other.
  for (let left = 2; trails.length > 0 && left > 0; left--) {
    reading = joined(reading, await plane.readTraffic());
    trails = judgeTrails(tried, reading);
  }
  return { tried, reading, found: [...outcomes, ...trails] };
}

function joined(a: TrafficReading, b: TrafficReading): TrafficReading {
  return {
    flows: [...a.flows, ...b.flows],
    drops: [...a.drops, ...b.drops],
    endpoints: [...a.endpoints, ...b.endpoints],
    overflown: [...a.overflown, ...b.overflown],
  };
}

interface Certain {
  readonly from: string;
  readonly trials: readonly { readonly trial: Trial; readonly expectation: Expectation }[];
}

function expectedOf(under: PlaneUnderTest, state: State, { from, trials }: Trials): Certain {
  const certain = trials.flatMap((trial) => {
    const expectation = expectedOutcome(state, from, trial, under.carries);
    return expectation === undefined ? [] : [{ trial, expectation }];
  });
  return { from, trials: certain };
}

async function tryFlow({ prober, under, world }: Place, { from, trials }: Certain): Promise<Tried[]> {
  const first = await prober.probe(
    from,
    trials.map((one) => one.trial),
    limits.firstMs,
  );
  const tried = trials.map((one, at): Tried => ({ from, ...one, found: first[at] ?? "nothing" }));
  const silent = tried.filter((one) => one.found === "nothing" && one.expectation.outcome !== "nothing");
  if (silent.length === 0) return tried;
  // From other ports: what the first attempt left behind, on either side, must not answer for the second.
  const others = silent.map((one): Trial => {
    for (let port = one.trial.sourcePort - 1; port > 32_768; port--) {
      const other = { ...one.trial, sourcePort: port };
      const expected = expectedOutcome(world.state(), from, other, under.carries)?.outcome;
      if (expected === one.expectation.outcome) return other;
    }
    return one.trial;
  });
  const again = await prober.probe(from, others, limits.againMs);
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
