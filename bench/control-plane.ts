/**
 * What the control plane takes: CreateVpcEndpoint durable, DescribeVpcEndpoints with 10, 1,000 and 100,000 endpoints (by id,
 * filtered, paged) and calls of all kinds mixed. `…PerCore` are calls a second of the daemon's CPU time; p99 is what a client
 * waits with four calls under way. Where moto is installed the same client asks it too, and the ratios are given.
 * `node bench/control-plane.ts [endpoints]`
 */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startRegionProcess } from "../demo/region-process.ts";
import { type Measured, measure, openQueryClient, type Prepared, type QueryClient } from "./query-client.ts";
import { type Figure, report, rounded } from "./report.ts";

const endpointsPerVpc = 100;
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
  await using region = await startRegionProcess({
    stateFolder: join(folder, "state"),
    dataplane: "userspace",
    more: ["--quotas", "none"],
  });
  using client = openQueryClient(region.endpoint, 16);
  const figures: Figures = {};
  const pid = region.process.pid ?? 0;
  const world = await openWorld(client);
  for (const size of [10, 1000, most]) {
    await world.fill(size);
    await describes(client, world, { size, pid, figures });
  }
  const creates = await perCore(pid, 4000, () => measure(4000, 16, (at) => world.create(at)));
  figures["createPerSecond"] = { value: creates.perSecond };
  figures["createPerCore"] = { value: creates.perCore, atLeast: 1000 };
  figures["createP99Ms"] = { value: creates.p99Ms };
  const mixed = await perCore(pid, 4000, () => measure(4000, 16, (at) => world.mixed(at)));
  figures["mixedPerSecond"] = { value: mixed.perSecond };
  figures["mixedPerCore"] = { value: mixed.perCore };
  figures["mixedP99Ms"] = { value: mixed.p99Ms };
  return figures;
}

interface Sized {
  readonly size: number;
  readonly pid: number;
  readonly figures: Figures;
}

async function describes(client: QueryClient, world: World, { size, pid, figures }: Sized): Promise<void> {
  const calls: Readonly<Record<string, Prepared>> = {
    byId: client.prepare("DescribeVpcEndpoints", { "VpcEndpointId.1": world.someEndpoint() }),
    byVpc: client.prepare("DescribeVpcEndpoints", { ...filter("vpc-id", world.someVpc()), MaxResults: "100" }),
    byTag: client.prepare("DescribeVpcEndpoints", filter("tag:Name", "one")),
    byType: client.prepare("DescribeVpcEndpoints", { ...filter("vpc-endpoint-type", "Interface"), MaxResults: "100" }),
    firstPage: client.prepare("DescribeVpcEndpoints", { MaxResults: "100" }),
  };
  for (const [name, prepared] of Object.entries(calls)) {
    const count = name === "byType" && size > 1000 ? 300 : 2000;
    const many = await perCore(pid, count, () => measure(count, 16, () => client.send(prepared)));
    const few = await measure(count, 4, () => client.send(prepared));
    const label = `describe${name[0]?.toUpperCase()}${name.slice(1)}At${size}`;
    figures[`${label}PerCore`] = {
      value: many.perCore,
      ...(name === "byId" && { atLeast: 2000 }),
    };
    figures[`${label}P99Ms`] = { value: few.p99Ms, ...(size > 1000 && { atMost: 20 }) };
  }
}

interface World {
  readonly someVpc: () => string;
  readonly someEndpoint: () => string;
  readonly fill: (size: number) => Promise<void>;
  readonly create: (at: number) => Promise<unknown>;
  readonly mixed: (at: number) => Promise<unknown>;
}

/** Endpoints of S3, a hundred to a VPC; one of them has a tag. */
async function openWorld(client: QueryClient): Promise<World> {
  const vpcIds: string[] = [];
  const creations: Prepared[] = [];
  const endpointIds: string[] = [];
  let made = 0;
  const createIn = async (at: number): Promise<void> => {
    const answer = await client.send(creations[at % creations.length] as Prepared);
    endpointIds.push(/<vpcEndpointId>([^<]+)/.exec(answer)?.[1] ?? "");
  };
  const newVpc = async (): Promise<void> => {
    const answer = await client.send(client.prepare("CreateVpc", { CidrBlock: "10.0.0.0/16" }));
    const vpcId = /<vpcId>([^<]+)/.exec(answer)?.[1] ?? "";
    vpcIds.push(vpcId);
    creations.push(client.prepare("CreateVpcEndpoint", creationIn(vpcId)));
  };
  const fill = async (size: number): Promise<void> => {
    const vpcs = Math.ceil(size / endpointsPerVpc) - vpcIds.length;
    await measure(vpcs, 16, newVpc);
    if (made === 0) {
      const tag = { "TagSpecification.1.ResourceType": "vpc-endpoint", "TagSpecification.1.Tag.1.Key": "Name" };
      const one = { ...creationIn(vpcIds[0] ?? ""), ...tag, "TagSpecification.1.Tag.1.Value": "one" };
      await client.send(client.prepare("CreateVpcEndpoint", one));
      made = 1;
    }
    await measure(size - made, 16, (at) => createIn(Math.floor((made + at) / endpointsPerVpc)));
    made = size;
  };
  const mixed = (at: number): Promise<unknown> => {
    switch (at % 4) {
      case 0:
        return createIn(at);
      case 1:
        return client.send(client.prepare("DeleteVpcEndpoints", { "VpcEndpointId.1": endpointIds.pop() ?? "" }));
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
    fill,
    create: createIn,
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
    const world = await openWorld(client);
    await world.fill(1000);
    const create = await measure(100, 4, (at) => world.create(at));
    const prepared = client.prepare("DescribeVpcEndpoints", { "VpcEndpointId.1": world.someEndpoint() });
    const describe = await measure(100, 4, () => client.send(prepared));
    return {
      createPerSecond: rounded(create.perSecond),
      describeByIdAt1000PerSecond: rounded(describe.perSecond),
      createRatio: rounded((figures["createPerCore"]?.value ?? 0) / create.perSecond),
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
