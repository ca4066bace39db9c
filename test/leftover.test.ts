/** Whatever ends a region, nothing of it stays: no process, no network namespace, no temporary folder. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CreateSubnetCommand, CreateVpcCommand, EC2Client, RunInstancesCommand } from "@aws-sdk/client-ec2";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { ended, launcher, type RegionProcess, startRegionProcess } from "../demo/region-process.ts";
import { linuxPlaneLack } from "../src/dataplane/linux/plane.ts";
import { testWith } from "./need.ts";

const kernelTest = testWith(await linuxPlaneLack());

/** A temporary folder of its own shows what the region leaves there. */
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "underpass-leftover-"));
});
afterEach(async () => {
  await endAll();
  rmSync(folder, { recursive: true, force: true });
});

interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
  readonly network: string;
}

function processes(): Process[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const command = readFileSync(`/proc/${name}/cmdline`, "utf8").replaceAll("\0", " ");
        const parent = Number(/\) \S (\d+)/.exec(readFileSync(`/proc/${name}/stat`, "utf8"))?.[1]);
        return [{ pid: Number(name), parent, command, network: readlinkSync(`/proc/${name}/ns/net`) }];
      } catch {
        return []; // It ended while we looked.
      }
    });
}

/** What tests have started, and how to know it: where one failed it would run on. */
const started: { readonly child: ChildProcess; readonly family: Process[] }[] = [];

async function endAll(): Promise<void> {
  for (const { child, family } of started.splice(0)) {
    family.push(...descendantsOf(child.pid!), ...keptPrograms());
    const isOver = child.exitCode !== null || child.signalCode !== null;
    const over = isOver ? undefined : once(child, "exit");
    for (const { command, pid } of family) {
      if (processes().some((one) => one.pid === pid && one.command === command)) endProcess(pid);
    }
    await over;
  }
}

function endProcess(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It ended while we looked.
  }
}

/** How long programs sleep that were let run on: a number of our own finds them among all that runs here. */
const sleepsFor = `1000.${process.pid}`;

/** They are of no family: their keepers have left it. */
function keptPrograms(): Process[] {
  const all = processes();
  const sleeping = all.filter((one) => one.command.startsWith(`sleep ${sleepsFor}`));
  const keepers = all.filter((one) => /keeper/.test(one.command) && sleeping.some(({ parent }) => parent === one.pid));
  return [...sleeping, ...keepers];
}

/** The region's processes: its descendants, and those that carry its folder in their command. */
function descendantsOf(pid: number): Process[] {
  const all = processes();
  const found = new Set([pid]);
  for (let before = 0; before !== found.size;) {
    before = found.size;
    for (const one of all) if (found.has(one.parent)) found.add(one.pid);
  }
  return all.filter((one) => found.has(one.pid));
}

async function regionWithInstance(): Promise<{ region: RegionProcess; family: Process[]; instanceId: string }> {
  const region = await startRegionProcess({ environment: { TMPDIR: folder } });
  const family = descendantsOf(region.process.pid!);
  started.push({ child: region.process, family });
  const ec2 = new EC2Client({
    endpoint: region.endpoint,
    region: "us-east-1",
    credentials: { accessKeyId: "test", secretAccessKey: "test" },
  });
  const { Vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock: "10.0.0.0/16" }));
  const { Subnet } = await ec2.send(new CreateSubnetCommand({ VpcId: Vpc!.VpcId, CidrBlock: "10.0.0.0/24" }));
  const { Instances } = await ec2.send(
    new RunInstancesCommand({ ImageId: "ami-1", MinCount: 1, MaxCount: 1, SubnetId: Subnet!.SubnetId }),
  );
  family.splice(0, family.length, ...descendantsOf(region.process.pid!));
  expect(family.length).toBeGreaterThan(1);
  return { region, family, instanceId: Instances![0]!.InstanceId! };
}

async function nothingIsLeft(family: readonly Process[]): Promise<void> {
  const ours = new Set([
    readlinkSync("/proc/self/ns/net"),
    ...processes()
      .filter((one) => one.pid === 1)
      .map((one) => one.network),
  ]);
  const namespaces = new Set(family.map((one) => one.network).filter((network) => !ours.has(network)));
  await vi.waitFor(
    () => {
      const now = processes();
      expect(now.filter((one) => family.some((old) => old.pid === one.pid && old.command === one.command))).toEqual([]);
      expect(now.filter((one) => namespaces.has(one.network))).toEqual([]);
      expect(readdirSync(folder)).toEqual([]);
    },
    { timeout: 10_000, interval: 20 },
  );
}

const isNetd = (one: Process): boolean => /netd/.test(one.command) && !/unshare/.test(one.command);

describe("nothing is left", () => {
  test("after a stop", async () => {
    const { region, family } = await regionWithInstance();
    expect(await region.stop()).toBe(0);
    await nothingIsLeft(family);
  });

  test("after kill -9 of the daemon", async () => {
    const { region, family } = await regionWithInstance();
    region.process.kill("SIGKILL");
    await once(region.process, "exit");
    await nothingIsLeft(family);
  });

  kernelTest("after kill -9 of the daemon and of netd, programs inside instances included", async () => {
    const { region, family, instanceId } = await regionWithInstance();
    const program = region.exec(instanceId, ["sleep", "1000"]);
    started.push({ child: program, family: [] });
    const inside = await vi.waitFor(
      () => {
        const found = descendantsOf(program.pid!);
        expect(found.some((one) => one.command.startsWith("sleep"))).toBe(true);
        return found;
      },
      { timeout: 10_000, interval: 20 },
    );
    family.push(...inside);
    for (const one of family.filter((it) => it.pid === region.process.pid || isNetd(it)))
      process.kill(one.pid, "SIGKILL");
    await once(region.process, "exit");
    await nothingIsLeft(family);
  });

  kernelTest.each(["SIGINT", "SIGKILL"] as const)(
    "after %s, programs that were let run on included",
    async (signal) => {
      const { region, family, instanceId } = await regionWithInstance();
      const words = [launcher, "exec", "-d", "--endpoint", region.endpoint, instanceId, "--", "sleep", sleepsFor];
      expect(await ended(spawn(process.execPath, words))).toMatchObject({ status: 0, stderr: "" });
      // The small programs that lead inside become the program only in the end.
      const inside = await vi.waitFor(
        () => {
          const found = keptPrograms();
          expect(found).toHaveLength(2);
          return found;
        },
        { timeout: 20_000, interval: 20 },
      );
      family.push(...inside);
      region.process.kill(signal);
      await once(region.process, "exit");
      await nothingIsLeft(family);
    },
  );

  kernelTest("of the old netd after its kill -9, while the region is whole again", async () => {
    const { region, family, instanceId } = await regionWithInstance();
    const netd = family.find(isNetd)!;
    process.kill(netd.pid, "SIGKILL");
    await vi.waitFor(
      async () => {
        expect(descendantsOf(region.process.pid!).filter((one) => isNetd(one) && one.pid !== netd.pid)).not.toEqual([]);
        expect(await ended(region.exec(instanceId, ["true"]))).toMatchObject({ status: 0 });
      },
      { timeout: 10_000, interval: 50 },
    );
    expect(await region.stop()).toBe(0);
    await nothingIsLeft(family);
  });
});
