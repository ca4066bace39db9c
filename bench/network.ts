/**
 * What changes of a network cost on the Linux data plane, from the new state to the kernel holding it: `node bench/network.ts`.
 * Budgets: 1,000 instances at 5 ms and 0.5 MB each; one rule of a security group among 10,000 in 1 ms (median); an endpoint
 * on 100 route tables in 20 ms; open connections over a route that changed are reset within 50 ms. `plan` is told apart.
 */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { linuxPlaneLack, openLinuxPlane } from "../src/dataplane/linux/plane.ts";
import type { DataPlane, Entry } from "../src/dataplane/plane.ts";
import { runInstances, terminateInstances } from "../src/model/instance.ts";
import { authorizeSecurityGroup, revokeSecurityGroup } from "../src/model/security-group-permission.ts";
import { createSecurityGroup } from "../src/model/security-group.ts";
import type { Blueprint } from "../src/plan/blueprint.ts";
import { plan } from "../src/plan/plan.ts";
import { regionBuilder } from "../test/region-builder.ts";
import { median, report } from "./report.ts";

const instances = 1000;
const tables = 100;
const rulesPerDirection = 60;
const groupCount = Math.ceil(10_000 / (2 * rulesPerDirection));
const connections = 50;

const lack = await linuxPlaneLack();
if (lack !== undefined) {
  console.error(lack);
  process.exit(4);
}
const folder = mkdtempSync(join(tmpdir(), "underpass-bench-"));
const caFile = join(folder, "ca.pem");
writeFileSync(caFile, "");
const plane: DataPlane = await openLinuxPlane({
  acceptMetadata: (socket) => socket.destroy(),
  accept: (socket) => socket.on("error", () => {}).resume(),
  answerDns: () => undefined,
  log: console.error,
  caBundleFile: caFile,
  caFile,
  secretFolder: folder,
  folder,
});
const build = regionBuilder();
const vpc = build.vpc("10.0.0.0/16");
const subnet = build.subnet(vpc, "10.0.0.0/20");
let blueprint: Blueprint = plan(build.state());
await plane.apply(blueprint);

interface Took {
  readonly planMs: number;
  readonly applyMs: number;
  /** Of this process alone, both together. */
  readonly cpuMs: number;
}

/** Makes the network hold the state. */
async function carryOut(): Promise<Took> {
  const cpuBefore = process.cpuUsage();
  const begunMs = performance.now();
  blueprint = plan(build.state(), blueprint);
  const plannedMs = performance.now();
  await plane.apply(blueprint);
  const cpu = process.cpuUsage(cpuBefore);
  return {
    planMs: plannedMs - begunMs,
    applyMs: performance.now() - plannedMs,
    cpuMs: (cpu.user + cpu.system) / 1000,
  };
}

/** The median over `times` changes, each carried out by itself. */
async function medianOf(times: number, change: (round: number) => void): Promise<Took> {
  const took: Took[] = [];
  for (let round = 0; round < times; round++) {
    change(round);
    took.push(await carryOut());
  }
  const of = (key: keyof Took): number => median(took.map((one) => one[key]));
  return { planMs: of("planMs"), applyMs: of("applyMs"), cpuMs: of("cpuMs") };
}

const launchInput = (count: number, securityGroupIds: readonly string[] = []) => ({
  imageId: "ami-0abcdef1234567890",
  minCount: count,
  maxCount: count,
  primary: { subnetId: subnet, associatePublicIpAddress: false, securityGroupIds },
  instanceTags: [],
  interfaceTags: [],
});

/** Memory that the whole machine could still give, in MB. */
function availableMb(): number {
  const kb = /^MemAvailable:\s+(\d+) kB$/m.exec(readFileSync("/proc/meminfo", "utf8"))?.[1];
  return Number(kb) / 1024;
}

// One endpoint on all tables, attached and detached.
const tableIds = Array.from({ length: tables }, () => build.table(vpc));
const gateway = build.gateway(vpc);
for (const tableId of [...tableIds, build.mainTable(vpc)]) build.route(tableId, "0.0.0.0/0", gateway);
const endpoint = build.endpoint(vpc, "s3");
await carryOut();
const attach = await medianOf(10, (round) =>
  round % 2 === 0 ? build.reroute(endpoint, tableIds) : build.reroute(endpoint, [], tableIds),
);

// Open connections, moved from the internet to the endpoint and back.
const changeoverMs: number[] = [];
const client = build.instance(subnet, { publicIp: true });
await carryOut();
for (const round of [0, 1, 2, 3]) changeoverMs.push(await changeover(round % 2 === 0));

// 10,000 rules, all in force.
const groups = Array.from({ length: groupCount }, (_, at) => {
  const group = build.run(createSecurityGroup, { name: `group ${at}`, description: "bench", vpcId: vpc, tags: [] });
  for (const isEgress of [false, true]) {
    // A new group has one rule already: all may leave.
    const permissions = Array.from(
      { length: isEgress ? rulesPerDirection - 2 : rulesPerDirection - 1 },
      (_one, port) => ({
        protocol: "tcp",
        fromPort: 2000 + port,
        toPort: 2000 + port,
        peers: [{ kind: "ipv4" as const, cidrBlock: `172.16.${at}.0/24` }],
      }),
    );
    build.run(authorizeSecurityGroup, { groupId: group.id, isEgress, permissions, tags: [] });
  }
  return group.id;
});
const holders = groups.flatMap((groupId) => build.run(runInstances, launchInput(1, [groupId])).map(({ id }) => id));
await carryOut();
const someGroup = groups[Math.floor(groupCount / 2)] ?? "";
const rule = { protocol: "tcp", fromPort: 1, toPort: 1, peers: [{ kind: "ipv4" as const, cidrBlock: "192.0.2.0/24" }] };
const named = { groupId: someGroup, isEgress: false, permissions: [rule] };
const groupRule = await medianOf(60, (round) =>
  round % 2 === 0
    ? build.run(authorizeSecurityGroup, { ...named, tags: [] })
    : build.run(revokeSecurityGroup, { ...named, ruleIds: [] }),
);
const ruleCount = blueprint.vpcs.reduce(
  (sum, one) => sum + one.securityGroups.reduce((all, group) => all + group.ingress.length + group.egress.length, 0),
  0,
);
build.run(terminateInstances, { instanceIds: holders });
await carryOut();

// 1,000 instances at once, then one more at a time.
const memoryBefore = availableMb();
build.run(runInstances, launchInput(instances));
const launched = await carryOut();
const memoryMb = memoryBefore - availableMb();
const oneMore = await medianOf(20, () => build.instance(subnet));

await plane[Symbol.asyncDispose]();
rmSync(folder, { recursive: true, force: true });
report(
  "network",
  {
    instanceMs: { value: (launched.planMs + launched.applyMs) / instances, atMost: 5 },
    instanceMb: { value: memoryMb / instances, atMost: 0.5 },
    groupRuleMs: { value: groupRule.applyMs, atMost: 1 },
    attachMs: { value: attach.planMs + attach.applyMs, atMost: 20 },
    changeoverMs: { value: Math.max(...changeoverMs), atMost: 50 },
  },
  { instances, tables, connections, groupRules: ruleCount, oneMoreInstance: oneMore, groupRule, attach },
);

/** How long after the change the last of the open connections hears of it. */
async function changeover(toEndpoint: boolean): Promise<number> {
  const script = `
    const net = require("node:net");
    let open = 0, over = 0;
    for (let at = 0; at < ${connections}; at++) {
      const socket = net.connect(80, "${serviceIp()}", () => { if (++open === ${connections}) console.log("open"); });
      const timer = setInterval(() => socket.write("x"), 5);
      socket.on("error", () => clearInterval(timer)).on("close", () => {
        if (++over === ${connections}) { console.log(performance.timeOrigin + performance.now()); process.exit(); }
      });
    }`;
  const { command, environment } = await entryOf(client.id);
  const kept = Object.entries({ ...process.env, ...environment }).filter(([, value]) => value !== null);
  const [program = "", ...words] = [...command, process.execPath, "--eval", script];
  const child = spawn(program, words, {
    stdio: ["ignore", "pipe", "inherit"],
    env: Object.fromEntries(kept) as NodeJS.ProcessEnv,
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  await lines.next();
  if (toEndpoint) build.reroute(endpoint, [build.mainTable(vpc)]);
  else build.reroute(endpoint, [], [build.mainTable(vpc)]);
  const begunMs = performance.timeOrigin + performance.now();
  await carryOut();
  const { value } = await lines.next();
  if (child.exitCode === null) await once(child, "exit");
  return Number(value) - begunMs;
}

async function entryOf(instanceId: string): Promise<Entry> {
  const entry = await plane.entry(instanceId);
  if (entry === undefined) throw new Error(`the plane has no ${instanceId}`);
  return entry;
}

/** An address of the service that the endpoint is for. */
function serviceIp(): string {
  const [block = ""] = blueprint.vpcs[0]?.endpoints[0]?.cidrBlocks ?? [];
  return block.replace(/\.\d+\/\d+$/, ".10");
}
