/**
 * What the control plane takes: CreateVpcEndpoint durable, DescribeVpcEndpoints with 10, 1,000 and 100,000 endpoints (by id,
 * filtered, paged) and calls of all kinds mixed. `…PerCore` are calls a second of the daemon's CPU time; p99 is what a client
 * waits with four calls under way, in the best of five rounds, since what else the machine does can only add to it. Each
 * region is warmed up before. Where moto is installed the same client asks it too, and the ratios are given.
 * `node bench/control-plane.ts [endpoints]`
 */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Filled, fillState } from "./filled-state.ts";
import { startRegionProcess } from "../demo/region-process.ts";
import { type Measured, measure, openQueryClient, type Prepared, type QueryClient } from "./query-client.ts";
import { type Figure, report, rounded } from "./report.ts";

const endpointsPerVpc = 100;
const rounds = 5;
const callsOfRound = 200;
const most = Number(process.argv[2] ?? 100_000);

type Figures = Record<string, Figure>;

const folder = mkdtempSync(join(tmpdir(), "underpass-bench-"));
try {
  const figures = await measureRegion();
  report("control-plane", figures, { moto: await besideMoto(figures) });
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function measureRegion(): Promise<Figures> {
  const figures: Figures = {};
  for (const size of new Set([10, 1000, most])) await measureAt(size, figures);
  return figures;
}

async function measureAt(size: number, figures: Figures): Promise<void> {
  const stateFolder = join(folder, `state-${size}`);
  const filled = await fillState(stateFolder, { endpoints: size, endpointsPerVpc });
  const startedMs = performance.now();
  await using region = await startRegionProcess({ stateFolder, dataplane: "userspace", more: ["--quotas", "none"] });
  const pid = region.process.pid ?? 0;
  if (size === most) {
    figures[`loadMsAt${size}`] = { value: performance.now() - startedMs };
    figures[`loadCpuMsAt${size}`] = { value: cpuSeconds(pid) * 1000, atMost: 10_000 };
  }
  using client = openQueryClient(region.endpoint, 16);
  const world = openWorld(client, filled);
  const sized = { size, pid, figures };
  await describes(client, world, sized);
  if (size > 10) await writes(world, sized);
}

interface Sized {
  readonly size: number;
  readonly pid: number;
  readonly figures: Figures;
}

async function describes(client: QueryClient, world: World, { size, pid, figures }: Sized): Promise<void> {
  const prepare = (parameters: Readonly<Record<string, string>>): Prepared =>
    client.prepare("DescribeVpcEndpoints", parameters);
  const byId = prepare({ "VpcEndpointId.1": world.someEndpoint() });
  await measure(2000, 16, () => client.send(byId));
  const firstPage = prepare({ MaxResults: "100" });
  const nextToken = /<nextToken>([^<]+)/.exec(await client.send(firstPage))?.[1];
  const calls: Readonly<Record<string, Prepared>> = {
    byId,
    byVpc: prepare({ ...filter("vpc-id", world.someVpc()), MaxResults: "100" }),
    byTag: prepare(filter("tag:Name", "one")),
    byTagKey: prepare(filter("tag-key", "N*")),
    byTagWildcard: prepare(filter("tag:Name", "*n?")),
    byIdWildcard: prepare({
      ...filter("vpc-endpoint-id", `*${world.someEndpoint().slice(9, 13)}*`),
      MaxResults: "100",
    }),
    byType: prepare({ ...filter("vpc-endpoint-type", "Interface"), MaxResults: "100" }),
    byState: prepare({ ...filter("vpc-endpoint-state", "available"), MaxResults: "100" }),
    byRegion: prepare(filter("service-region", "eu-west-1")),
    byServiceAndAddress: prepare({
      ...filter("service-name", "com.amazonaws.us-east-1.s3"),
      "Filter.2.Name": "ip-address-type",
      "Filter.2.Value.1": "ipv6",
    }),
    firstPage,
    ...(nextToken !== undefined && { nextPage: prepare({ MaxResults: "100", NextToken: nextToken }) }),
  };
  for (const [name, prepared] of Object.entries(calls)) {
    await measure(100, 4, () => client.send(prepared));
    const before = cpuSeconds(pid);
    const p99s: number[] = [];
    for (let round = 0; round < rounds; round++) {
      p99s.push((await measure(callsOfRound, 4, () => client.send(prepared))).p99Ms);
    }
    const perCore = (rounds * callsOfRound) / Math.max(0.01, cpuSeconds(pid) - before);
    const label = `describe${name[0]?.toUpperCase()}${name.slice(1)}`;
    figures[`${label}At${size}PerCore`] = { value: perCore, ...(name === "byId" && { atLeast: 2000 }) };
    figures[`${label}At${size}P99Ms`] = { value: Math.min(...p99s), ...(size > 1000 && { atMost: 20 }) };
  }
}

/** Durable: each answer waits for the disk. */
async function writes(world: World, { size, pid, figures }: Sized): Promise<void> {
  await measure(500, 16, (at) => world.create(at));
  const creates = await perCore(pid, 3000, () => measure(3000, 16, (at) => world.create(at)));
  const mixed = await perCore(pid, 3000, () => measure(3000, 16, (at) => world.mixed(at)));
  figures[`createAt${size}PerSecond`] = { value: creates.perSecond };
  figures[`createAt${size}PerCore`] = { value: creates.perCore, atLeast: 1000 };
  figures[`createAt${size}P99Ms`] = { value: creates.p99Ms };
  figures[`mixedAt${size}PerSecond`] = { value: mixed.perSecond };
  figures[`mixedAt${size}PerCore`] = { value: mixed.perCore };
  figures[`mixedAt${size}P99Ms`] = { value: mixed.p99Ms };
}

interface World {
  readonly someVpc: () => string;
  readonly someEndpoint: () => string;
  readonly create: (at: number) => Promise<unknown>;
  readonly mixed: (at: number) => Promise<unknown>;
}

/** Creations go to the VPCs in turn, so that none gets more endpoints than a VPC has at AWS. */
function openWorld(client: QueryClient, { vpcIds, endpointIds }: Filled): World {
  const creations = vpcIds.map((vpcId) => client.prepare("CreateVpcEndpoint", creationIn(vpcId)));
  const made: string[] = [];
  const create = async (at: number): Promise<void> => {
    const answer = await client.send(creations[at % creations.length] as Prepared);
    made.push(/<vpcEndpointId>([^<]+)/.exec(answer)?.[1] ?? "");
  };
  const mixed = (at: number): Promise<unknown> => {
    switch (at % 4) {
      case 0:
        return create(at);
      case 1:
        return client.send(client.prepare("DeleteVpcEndpoints", { "VpcEndpointId.1": made.pop() ?? "" }));
      case 2:
        return client.send(client.prepare("DescribeVpcEndpoints", { MaxResults: "10" }));
      default: {
        const parameters = { ...filter("vpc-id", vpcIds[at % vpcIds.length] ?? ""), MaxResults: "10" };
        return client.send(client.prepare("DescribeVpcEndpoints", parameters));
      }
    }
  };
  return {
    someVpc: () => vpcIds[vpcIds.length >> 1] ?? "",
    someEndpoint: () => endpointIds[endpointIds.length >> 1] ?? "",
    create,
    mixed,
  };
}

function creationIn(VpcId: string): Record<string, string> {
  return { VpcId, ServiceName: "com.amazonaws.us-east-1.s3" };
}

function filter(name: string, value: string): Record<string, string> {
  return { "Filter.1.Name": name, "Filter.1.Value.1": value };
}

/** Calls a second of CPU time: what one core would do were it given to the daemon alone. */
async function perCore(
  pid: number,
  count: number,
  work: () => Promise<Measured>,
): Promise<Measured & { readonly perCore: number }> {
  const before = cpuSeconds(pid);
  const measured = await work();
  return { ...measured, perCore: count / Math.max(0.01, cpuSeconds(pid) - before) };
}

/** Source: proc_pid_stat(5), fields 14 and 15, in ticks of 10 ms. */
function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/^.*\) /, "")
    .split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** The same calls to moto, with 1,000 endpoints; undefined where it is not installed. */
async function besideMoto(figures: Figures): Promise<Readonly<Record<string, number>> | undefined> {
  const port = 20_000 + (process.pid % 20_000);
  const moto = spawn("python3", ["-m", "moto.server", "-p", String(port)], { stdio: "ignore" });
  try {
    using client = openQueryClient(`http://127.0.0.1:${port}`, 4);
    if (!(await answers(moto, client))) return undefined;
    const answer = await client.send(client.prepare("CreateVpc", { CidrBlock: "10.0.0.0/16" }));
    const vpcId = /<vpcId>([^<]+)/.exec(answer)?.[1] ?? "";
    const creation = client.prepare("CreateVpcEndpoint", creationIn(vpcId));
    const first = /<vpcEndpointId>([^<]+)/.exec(await client.send(creation))?.[1] ?? "";
    await measure(999, 4, () => client.send(creation));
    const world = openWorld(client, { vpcIds: [vpcId], endpointIds: [first] });
    const create = await measure(100, 4, (at) => world.create(at));
    const prepared = client.prepare("DescribeVpcEndpoints", { "VpcEndpointId.1": world.someEndpoint() });
    const describe = await measure(100, 4, () => client.send(prepared));
    return {
      createPerSecond: rounded(create.perSecond),
      describeByIdAt1000PerSecond: rounded(describe.perSecond),
      createRatio: rounded((figures["createAt1000PerCore"]?.value ?? 0) / create.perSecond),
      describeRatio: rounded((figures["describeByIdAt1000PerCore"]?.value ?? 0) / describe.perSecond),
    };
  } finally {
    moto.kill("SIGTERM");
    if (moto.exitCode === null && moto.signalCode === null) await once(moto, "exit");
  }
}

async function answers(moto: ChildProcess, client: QueryClient): Promise<boolean> {
  for (let tries = 0; tries < 100 && moto.exitCode === null; tries++) {
    try {
      await client.send(client.prepare("DescribeVpcs"));
      return true;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
  return false;
}
