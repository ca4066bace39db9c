/** Kills netd, and then the daemon, with SIGKILL while clients are at work, and takes the time until the region is whole again. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  CreateSubnetCommand,
  CreateVpcCommand,
  CreateVpcEndpointCommand,
  DescribeRouteTablesCommand,
  EC2Client,
  RunInstancesCommand,
} from "@aws-sdk/client-ec2";
import { CreateBucketCommand, HeadObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { ended, type RegionProcess, startRegionProcess } from "../demo/region-process.ts";
import type { InstanceEntry } from "../src/api/underpass/server.ts";

export interface Recovery {
  /** From the kill of netd until a program in an instance gets an answer through its endpoint. */
  readonly netdMs: number;
  /** From the start of the next daemon on the same state until the same. */
  readonly daemonMs: number;
  /** Requests by other ways while netd was gone and came back, and those of them that failed or needed another connection. */
  readonly elsewhere: number;
  readonly elsewhereBroken: number;
  /** Objects that were stored while the daemon was killed, and those of them that are gone. */
  readonly stored: number;
  readonly lost: number;
  /** Processes of the region that are left after its stop. */
  readonly left: number;
}

const clients = 4;
const bucket = "loaded";
const settings = { region: "us-east-1", credentials: { accessKeyId: "test", secretAccessKey: "test" }, maxAttempts: 1 };

export async function killUnderLoad(): Promise<Recovery> {
  const folder = mkdtempSync(join(tmpdir(), "underpass-load-"));
  const options = { stateFolder: join(folder, "state"), dataplane: "linux" } as const;
  const regions: RegionProcess[] = [];
  const start = async (): Promise<RegionProcess> => {
    const region = await startRegionProcess(options);
    regions.push(region);
    return region;
  };
  try {
    const region = await start();
    const instanceId = await buildNetwork(region);
    await untilAnswered(region, instanceId);
    const netd = await killNetd(region, instanceId);
    const stored = await storeUntilKilled(region);
    const startedMs = performance.now();
    const next = await start();
    await untilAnswered(next, instanceId);
    const daemonMs = performance.now() - startedMs;
    const lost = await missingAmong(next, stored);
    await next.stop();
    return { ...netd, daemonMs, stored: stored.length, lost, left: processesNaming(folder) };
  } finally {
    for (const { process: daemon } of regions) daemon.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  }
}

/** An instance whose only way to S3 is a gateway endpoint, and a bucket; resolves with the instance's id. */
async function buildNetwork({ endpoint }: RegionProcess): Promise<string> {
  const ec2 = new EC2Client({ ...settings, endpoint });
  const s3 = new S3Client({ ...settings, endpoint, forcePathStyle: true });
  const { Vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock: "10.0.0.0/16" }));
  const VpcId = Vpc?.VpcId ?? "";
  const { Subnet } = await ec2.send(new CreateSubnetCommand({ VpcId, CidrBlock: "10.0.0.0/24" }));
  const Filters = [{ Name: "vpc-id", Values: [VpcId] }];
  const { RouteTables = [] } = await ec2.send(new DescribeRouteTablesCommand({ Filters }));
  const RouteTableIds = RouteTables.map((table) => table.RouteTableId ?? "");
  await ec2.send(new CreateVpcEndpointCommand({ VpcId, ServiceName: "com.amazonaws.us-east-1.s3", RouteTableIds }));
  const launched = await ec2.send(
    new RunInstancesCommand({ ImageId: "ami-1", MinCount: 1, MaxCount: 1, SubnetId: Subnet?.SubnetId }),
  );
  await s3.send(new CreateBucketCommand({ Bucket: bucket }));
  ec2.destroy();
  s3.destroy();
  return launched.Instances?.[0]?.InstanceId ?? "";
}

/** Tries from inside the instance until S3 answers there, whatever it says. */
async function untilAnswered(region: RegionProcess, instanceId: string): Promise<void> {
  const deadlineMs = performance.now() + 60_000;
  while (!(await isAnswered(region, instanceId))) {
    if (performance.now() > deadlineMs) throw new Error("no answer inside the instance for a minute");
  }
}

async function isAnswered(region: RegionProcess, instanceId: string): Promise<boolean> {
  const entry = await region.own<InstanceEntry>(`instances/${instanceId}/entry`).catch(() => undefined);
  if (entry === undefined) return false;
  const ask = ["curl", "--silent", "--output", "/dev/null", "--write-out", "%{http_code}", "--max-time", "1"];
  const [command = "", ...words] = [...entry.command, ...ask, "http://s3.us-east-1.amazonaws.com/"];
  const { stdout } = await ended(spawn(command, words, { stdio: ["pipe", "pipe", "pipe"] }));
  return /^[1-5]\d\d$/.test(stdout) && stdout !== "000";
}

/** Kills netd while clients ask on the region's own port, each over one connection. */
async function killNetd(
  region: RegionProcess,
  instanceId: string,
): Promise<Pick<Recovery, "netdMs" | "elsewhere" | "elsewhereBroken">> {
  const { command } = await region.own<InstanceEntry>(`instances/${instanceId}/entry`);
  const netdPid = Number(/\/proc\/(\d+)\//.exec(command.join(" "))?.[1]);
  const load = { goesOn: true, asked: 0, broken: 0 };
  const working = Promise.all(Array.from({ length: clients }, () => askOn(region.endpoint, load)));
  const killedMs = performance.now();
  process.kill(netdPid, "SIGKILL");
  await untilAnswered(region, instanceId);
  const netdMs = performance.now() - killedMs;
  load.goesOn = false;
  await working;
  return { netdMs, elsewhere: load.asked, elsewhereBroken: load.broken };
}

interface Load {
  goesOn: boolean;
  asked: number;
  broken: number;
}

async function askOn(endpoint: string, load: Load): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  for (let isFirst = true; load.goesOn; isFirst = false) {
    load.asked += 1;
    const asked = request(`${endpoint}/${bucket}`, { agent });
    const answered = once(asked, "response");
    asked.end();
    const isWhole = await answered.then(
      async ([response]) => {
        await response.resume().toArray();
        return isFirst || asked.reusedSocket;
      },
      () => false,
    );
    if (!isWhole) load.broken += 1;
  }
  agent.destroy();
}

/** Stores objects one after the other and kills the daemon in the midst of it; resolves with the keys that were acknowledged. */
async function storeUntilKilled(region: RegionProcess): Promise<readonly string[]> {
  const s3 = new S3Client({ ...settings, endpoint: region.endpoint, forcePathStyle: true });
  const stored: string[] = [];
  const ending = once(region.process, "exit");
  const store = async (client: number): Promise<void> => {
    for (let number = 0; region.process.exitCode === null && region.process.signalCode === null; number++) {
      const Key = `${client}-${number}`;
      const isStored = await s3.send(new PutObjectCommand({ Bucket: bucket, Key, Body: Key })).then(
        () => true,
        () => false,
      );
      if (isStored && stored.push(Key) === clients * 5) region.process.kill("SIGKILL");
    }
  };
  await Promise.all(Array.from({ length: clients }, (_, client) => store(client)));
  await ending;
  s3.destroy();
  return stored;
}

async function missingAmong({ endpoint }: RegionProcess, keys: readonly string[]): Promise<number> {
  const s3 = new S3Client({ ...settings, endpoint, forcePathStyle: true });
  const found = await Promise.allSettled(keys.map((Key) => s3.send(new HeadObjectCommand({ Bucket: bucket, Key }))));
  s3.destroy();
  return found.filter(({ status }) => status === "rejected").length;
}

function processesNaming(folder: string): number {
  return readdirSync("/proc").filter((name) => {
    try {
      return /^\d+$/.test(name) && readFileSync(`/proc/${name}/cmdline`, "utf8").includes(folder);
    } catch {
      return false; // It ended while we looked.
    }
  }).length;
}
