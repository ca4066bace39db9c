/** The manners of the command line: help, exit statuses, messages that say the next step. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { EC2Client, CreateSubnetCommand, CreateVpcCommand, RunInstancesCommand } from "@aws-sdk/client-ec2";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ended, type Ended, launcher, type RegionProcess, startRegionProcess } from "../demo/region-process.ts";
import type { Status } from "../src/api/underpass/server.ts";

let region: RegionProcess;
let instanceId: string;
const folder = mkdtempSync(join(tmpdir(), "underpass-cli-"));

beforeAll(async () => {
  region = await startRegionProcess({ stateFolder: join(folder, "state") });
  const ec2 = new EC2Client({
    endpoint: region.endpoint,
    region: "us-east-1",
    credentials: { accessKeyId: "test", secretAccessKey: "test" },
  });
  const { Vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock: "10.0.0.0/16" }));
  const { Subnet } = await ec2.send(new CreateSubnetCommand({ VpcId: Vpc!.VpcId, CidrBlock: "10.0.0.0/24" }));
  const { Instances } = await ec2.send(
    new RunInstancesCommand({
      ImageId: "ami-1",
      MinCount: 1,
      MaxCount: 1,
      SubnetId: Subnet!.SubnetId,
      TagSpecifications: [{ ResourceType: "instance", Tags: [{ Key: "Name", Value: "web" }] }],
    }),
  );
  instanceId = Instances![0]!.InstanceId!;
});

afterAll(async () => {
  expect(await region.stop()).toBe(0);
  rmSync(folder, { recursive: true, force: true });
});

const underpass = (...words: string[]): Promise<Ended> =>
  ended(
    spawn(process.execPath, [launcher, ...words], { env: { ...process.env, UNDERPASS_ENDPOINT: region.endpoint } }),
  );

interface Case {
  readonly words: () => readonly string[];
  readonly status: number;
  readonly says: RegExp;
}

const notADatabase = (): string => {
  const path = join(folder, "other");
  rmSync(path, { recursive: true, force: true });
  writeFileSync(join(folder, "other"), "a file where a folder should be");
  return path;
};

const cases: Readonly<Record<string, Case>> = {
  "an unknown verb": {
    words: () => ["stauts"],
    status: 2,
    says: /unknown command 'stauts'\n\(Did you mean status\?\)/,
  },
  "an unknown option": { words: () => ["status", "--prot"], status: 2, says: /unknown option '--prot'/ },
  "a port that is no number": {
    words: () => ["up", "--port", "x"],
    status: 2,
    says: /give a whole number from 0 to 65535/,
  },
  "a region that there is not": {
    words: () => ["up", "--ephemeral", "--region", "us-east-9"],
    status: 2,
    says: /no such region; did you mean us-east-1/,
  },
  "two places for the state": {
    words: () => ["up", "--ephemeral", "--state", "x"],
    status: 2,
    says: /give one of them/,
  },
  "a port that is taken": {
    words: () => ["up", "--ephemeral", "--port", new URL(region.endpoint).port],
    status: 4,
    says: /port \d+ on 127\.0\.0\.1 is taken.*`--port` another/,
  },
  "a state that another daemon holds": {
    words: () => ["up", "--port", "0", "--state", join(folder, "state")],
    status: 3,
    says: new RegExp(`is in use by another daemon \\(process \\d+\\).*give \`--state\` another folder`),
  },
  "a state that is no folder": {
    words: () => ["up", "--port", "0", "--state", notADatabase()],
    status: 3,
    says: /`--state`/,
  },
  "no region": {
    words: () => ["status", "--endpoint", "http://127.0.0.1:9"],
    status: 4,
    says: /start one with `underpass up`/,
  },
  "an endpoint that is none": { words: () => ["status", "--endpoint", "4566"], status: 2, says: /looks like http:/ },
  "no such instance, with the nearest": {
    words: () => ["exec", "wbe", "--", "true"],
    status: 3,
    says: /did you mean `web`\?/,
  },
  "no program": { words: () => ["exec", "web"], status: 2, says: /give the program after `--`/ },
  "a program that is not there": {
    words: () => ["exec", "web", "--", "no-such-program"],
    status: 127,
    says: /no-such-program/,
  },
  "no such request": { words: () => ["why", "ABCDEF"], status: 3, says: /no request `ABCDEF` is remembered/ },
  "an action that is none": {
    words: () => ["trace", "--from", "web", "GetObject", "s3://a/b"],
    status: 2,
    says: /looks like s3:GetObject/,
  },
  "a target that is none": {
    words: () => ["trace", "--from", "web", "s3:GetObject", "a/b"],
    status: 3,
    says: /s3:\/\//,
  },
  "an action that S3 does not have, with the nearest": {
    words: () => ["trace", "--from", "web", "s3:GetObjec", "s3://a/b"],
    status: 3,
    says: /did you mean `s3:GetObject`/,
  },
  "an action on objects of a bucket": {
    words: () => ["trace", "--from", "web", "s3:GetObject", "s3://a"],
    status: 3,
    says: /works on an object/,
  },
  "a trace of nothing": { words: () => ["trace", "--from", "web"], status: 2, says: /give an action and a target/ },
  "a trace without a beginning": {
    words: () => ["trace", "--to", "web:22"],
    status: 2,
    says: /`--from` where the connection begins/,
  },
  "a trace of two things": {
    words: () => ["trace", "--from", "web", "--to", "web:22", "s3:GetObject"],
    status: 2,
    says: /give either a request or a connection/,
  },
  "a connection to no port": {
    words: () => ["trace", "web", "--to", "web"],
    status: 3,
    says: /`web` names no port of tcp; one looks like db:5432/,
  },
  "a name asked from nowhere": {
    words: () => ["explain-dns", "s3.amazonaws.com", "--from", "wbe"],
    status: 3,
    says: /no instance `wbe`; a subnet, a VPC/,
  },
  "a trace from nowhere": {
    words: () => ["trace", "--from", "wbe", "s3:GetObject", "s3://a/b"],
    status: 3,
    says: /wbe/,
  },
};

test.each(Object.entries(cases))("%s", async (_what, { words, status, says }) => {
  const { status: found, stderr } = await underpass(...words());
  expect(stderr).toMatch(says);
  expect(found).toBe(status);
});

test.each([
  [[]],
  [["up"]],
  [["exec"]],
  [["why"]],
  [["trace"]],
  [["explain-dns"]],
  [["onprem"]],
  [["onprem", "add"]],
  [["logs"]],
  [["status"]],
  [["lint"]],
])("help of %j has examples", async (words) => {
  const { status, stdout } = await underpass(...words, "--help");
  expect(stdout).toMatch(/Examples?:\n +underpass /);
  expect(status).toBe(0);
});

test("a signal to the launcher ends the region, also where the launcher looks for another Node", async () => {
  const found = await ended(spawn("sh", ["-c", "command -v -p node || true"]));
  const anyNode = found.stdout.trim() || process.execPath;
  const daemon = spawn(anyNode, [launcher, "up", "--ephemeral", "--port", "0"], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  let endpoint: string | undefined;
  for await (const line of createInterface({ input: daemon.stdout })) {
    endpoint = /^ {2}endpoint +(\S+)/.exec(line)?.[1];
    if (endpoint !== undefined) break;
  }
  const end = once(daemon, "exit");
  daemon.kill("SIGTERM");
  expect(await end).toEqual([0, null]);
  await expect(fetch(`${endpoint}/_underpass/status`)).rejects.toThrow("fetch failed");
});

test("every command of the README's table is there", async () => {
  const readme = readFileSync(join(import.meta.dirname, "../README.md"), "utf8");
  const named = [...readme.matchAll(/^\| `underpass ([\w-]+)/gm)].map((match) => match[1]!);
  const { stdout } = await underpass("--help");
  expect(named.length).toBeGreaterThan(6);
  expect(named.filter((name) => !new RegExp(`^  ${name} `, "m").test(stdout))).toEqual([]);
});

test("status says what is in force", async () => {
  const text = await underpass("status");
  expect(text.stdout).toMatch(/data plane +(linux|userspace)/);
  const now = JSON.parse((await underpass("status", "-o", "json")).stdout) as Status;
  expect(now).toMatchObject({
    endpoint: region.endpoint,
    region: "us-east-1",
    // With the account's default VPC.
    counts: { instance: 1, vpc: 2, subnet: 7 },
  });
  expect(now.dataplane.kind === "linux").toBe(now.dataplane.notEnforced.length === 0);
});

test("a name is explained from one place and from outside", async () => {
  const { status, stdout } = await underpass("explain-dns", "s3.us-east-1.amazonaws.com", "--from", "web");
  expect(stdout).toMatch(
    /^asks +10\.0\.0\.2 \(dopt-\w+\)\ndomains +ec2\.internal\nhere +A +[\d.]+ for 5 s \(service name\)$/m,
  );
  expect(stdout).toMatch(/^way +[\d.]+ of pl-63a5400a to nowhere: rtb-\w+ has no route/m);
  expect(status).toBe(0);
  const unknown = await underpass("explain-dns", "no.such.example", "--from", "web", "-o", "json");
  expect(JSON.parse(unknown.stdout)).toMatchObject({ answers: [{ kind: "no-name" }, { kind: "no-name" }] });
  expect(unknown.status).toBe(1);
});

test("an instance is found by its name, and the caller's credentials come along but not its endpoint", async () => {
  const child = spawn(process.execPath, [launcher, "exec", "web", "--", "sh", "-c", "env | grep ^AWS_ | sort"], {
    env: {
      PATH: process.env["PATH"],
      UNDERPASS_ENDPOINT: region.endpoint,
      AWS_ACCESS_KEY_ID: "AKIAEXAMPLE",
      AWS_SECRET_ACCESS_KEY: "x",
      AWS_ENDPOINT_URL: region.endpoint,
      AWS_ENDPOINT_URL_S3: region.endpoint,
    },
  });
  const { stdout } = await ended(child);
  expect(stdout).toContain("AWS_ACCESS_KEY_ID=AKIAEXAMPLE\n");
  expect(stdout).toContain("AWS_REGION=us-east-1\n");
  expect(stdout).not.toContain("AWS_ENDPOINT_URL");
});

test("a dry trace ends with 1 when the request would not get through", async () => {
  const { status, stdout } = await underpass("trace", "--from", instanceId, "s3:GetObject", "s3://docs/a");
  expect(stdout).toMatch(/no route|rtb-/);
  expect(status).toBe(1);
});

test("a traced connection ends with 1 when it would not get through, else with 0", async () => {
  const closed = await underpass("trace", "web", "--to", "echo.internet.test:80");
  expect(closed.stdout).toMatch(/^answer +does not pass: rtb-\w+ has no route to 198\.51\.100\.7$/m);
  expect(closed.status).toBe(1);
  const itself = await underpass("trace", "--from", "web", "--to", `${instanceId}:8080`, "-o", "json");
  expect(JSON.parse(itself.stdout)).toMatchObject({ instanceId, reachable: true, opens: "tcp 8080" });
  expect(itself.status).toBe(0);
});

test("a dry trace ends with 1 when there is no bucket", async () => {
  const { status, stdout } = await underpass("trace", "--from", "host", "s3:ListObjectsV2", "s3://no-such-bucket");
  expect(stdout).toMatch(/over http\n/);
  expect(stdout).toMatch(/^answer +would be NoSuchBucket/m);
  expect(stdout).toMatch(/^action +s3:ListBucket, which ListObjectsV2 needs,/m);
  expect(status).toBe(1);
});

test("logs list requests, one a line", async () => {
  const table = await underpass("logs");
  expect(table.stdout).toMatch(/ec2:RunInstances/);
  const lines = (await underpass("logs", "-o", "json", "-n", "2")).stdout.trim().split("\n");
  expect(lines.map((line) => (JSON.parse(line) as { service: string }).service)).toEqual(["ec2", "ec2"]);
});
