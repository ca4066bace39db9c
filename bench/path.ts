/**
 * What the door costs: GETs of 1 KiB, 8 MiB and 1 GiB from inside an instance through the gateway endpoint, past a security
 * group of 60 outbound rules and a network ACL of 20 rules in each direction, against the same server called over loopback,
 * interleaved; beside them the same through nginx and haproxy, where they are installed. `node bench/path.ts`. Budgets are
 * medians of the ratios of rounds, each from runs a moment apart, in both orders: 0.90 in bulk, 0.85 for 1 KiB. Two Node
 * processes that do the same differ by up to a tenth for as long as they live, so several sets of them take turns; what
 * loopback gives against loopback (`noise`) says how far the figures can be trusted.
 */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface, type Interface } from "node:readline";
import { EC2Client } from "@aws-sdk/client-ec2";
import { CreateBucketCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { launcher, startRegionProcess } from "../demo/region-process.ts";
import { aclRules, buildNetwork, groupRules } from "./path-network.ts";
import { startProxies } from "./proxy-hop.ts";
import { median, report, rounded } from "./report.ts";

const mebibyte = 1024 * 1024;

interface Size {
  readonly key: string;
  readonly sizeBytes: number;
  /** GETs a round. */
  readonly count: number;
  /** Of each set of clients. */
  readonly rounds: number;
  readonly budget: number;
}

const sizes: readonly Size[] = [
  { key: "1KiB", sizeBytes: 1024, count: 400, rounds: 4, budget: 0.85 },
  { key: "8MiB", sizeBytes: 8 * mebibyte, count: 12, rounds: 6, budget: 0.9 },
  { key: "1GiB", sizeBytes: 1024 * mebibyte, count: 1, rounds: 4, budget: 0.9 },
];

const sets = 7;

await using region = await startRegionProcess();
const config = {
  endpoint: region.endpoint,
  region: "us-east-1",
  credentials: { accessKeyId: "test", secretAccessKey: "test" },
};
const s3 = new S3Client({ ...config, forcePathStyle: true });
const instanceId = await buildNetwork(new EC2Client(config));
await s3.send(new CreateBucketCommand({ Bucket: "bench" }));
for (const { key, sizeBytes } of sizes) {
  await s3.send(new PutObjectCommand({ Bucket: "bench", Key: key, Body: Buffer.alloc(sizeBytes, key) }));
}

interface Client {
  readonly get: (key: string, count: number) => Promise<number>;
  /** Resolves when the process has ended. */
  readonly end: () => Promise<unknown>;
}

/** A client process that makes GETs over one kept connection when told how many, and says how long they took. */
function clientOf(command: string, words: readonly string[]): Client {
  const child = spawn(command, words, {
    stdio: ["pipe", "pipe", "inherit"],
    env: { ...process.env, AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test" },
  });
  const lines = (createInterface({ input: child.stdout }) as Interface)[Symbol.asyncIterator]();
  return {
    get: async (key, count) => {
      child.stdin.write(`${key} ${count}\n`);
      const { value } = await lines.next();
      return Number(value);
    },
    end: () => {
      const ended = once(child, "exit");
      child.stdin.end();
      return ended;
    },
  };
}

const program = (endpoint: string): readonly string[] => [join(import.meta.dirname, "path-client.ts"), endpoint];
const inside = ["exec", "--endpoint", region.endpoint, instanceId, "--", process.execPath];
await using proxies = await startProxies(region.endpoint);
const startClients = (): Readonly<Record<string, Client>> => ({
  loopback: clientOf(process.execPath, program(region.endpoint)),
  endpoint: clientOf(process.execPath, [launcher, ...inside, ...program("http://s3.us-east-1.amazonaws.com")]),
  again: clientOf(process.execPath, program(region.endpoint)),
  ...Object.fromEntries(
    Object.entries(proxies.endpoints).map(([name, url]) => [name, clientOf(process.execPath, program(url))]),
  ),
});

/** Milliseconds a GET, by size, client and round. */
const tookMs: Record<string, Record<string, number[]>> = {};
for (let set = 0; set < sets; set++) {
  const clients = startClients();
  for (const { key, count, rounds } of sizes) {
    const took: Record<string, number[]> = (tookMs[key] ??= {});
    for (const client of Object.values(clients)) await client.get(key, count);
    for (let round = 0; round < rounds; round++) {
      const inOrder = Object.entries(clients);
      if (round % 2 === 1) inOrder.reverse();
      for (const [name, client] of inOrder) (took[name] ??= []).push((await client.get(key, count)) / count);
    }
  }
  await Promise.all(Object.values(clients).map((client) => client.end()));
}

const ratio = (key: string, name: string): number => {
  const took = tookMs[key]?.[name] ?? [];
  return median((tookMs[key]?.["loopback"] ?? []).map((loopbackMs, round) => loopbackMs / (took[round] ?? NaN)));
};
report(
  "path",
  Object.fromEntries(
    sizes.map(({ key, budget }) => [`ratio${key}`, { value: ratio(key, "endpoint"), atLeast: budget }]),
  ),
  {
    dataplane: region.dataplane,
    groupRules,
    aclRules,
    noise: Object.fromEntries(sizes.map(({ key }) => [key, rounded(ratio(key, "again"))])),
    proxyRatios: Object.fromEntries(
      Object.keys(proxies.endpoints).map((name) => [
        name,
        Object.fromEntries(sizes.map(({ key }) => [key, rounded(ratio(key, name))])),
      ]),
    ),
    medianMs: Object.fromEntries(
      Object.entries(tookMs).map(([key, byClient]) => [
        key,
        Object.fromEntries(Object.entries(byClient).map(([name, took]) => [name, rounded(median(took))])),
      ]),
    ),
  },
);
