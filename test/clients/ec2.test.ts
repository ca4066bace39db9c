/**
 * EC2 as programs written for AWS drive it: every operation that the region serves, with every waiter and paginator that
 * botocore has for it, called with success by boto3 and by the AWS CLI. The stories in `ec2/` do the calling; what they
 * have not called fails the test.
 */

import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect } from "vitest";
import type { Coverage } from "../../src/api/underpass/server.ts";
import { type Daemon, startDaemon } from "../../src/daemon/daemon.ts";
import { lackOfAwsCli, lackOfAwsCliAsModule, lackOfBoto3, testWith } from "../need.ts";

const run = promisify(execFile);
/** Where many tests share a machine, some hundred calls take their time. */
const programTimeoutMs = 600_000;
let daemon: Daemon;
const faults: string[] = [];

beforeAll(async () => {
  daemon = await startDaemon({
    port: 0,
    host: "127.0.0.1",
    stateFolder: undefined,
    region: "us-east-1",
    dataplane: "userspace",
    policyDelayMs: 0,
    log: (line) => faults.push(line),
  });
});

afterAll(async () => {
  await daemon.stop();
  expect(faults).toEqual([]);
});

interface Told {
  /** As boto3 names its methods. */
  readonly operations: readonly string[];
  readonly waiters: readonly string[];
  readonly paginators: readonly string[];
  readonly known: readonly {
    readonly operation: string;
    readonly method: string;
    readonly paginated: boolean;
    readonly waiters: readonly string[];
  }[];
}

async function servedOperations(): Promise<readonly string[]> {
  const answer = await fetch(`${daemon.endpoint}/_underpass/coverage`);
  const services = (await answer.json()) as readonly Coverage[];
  return services.find((one) => one.service === "ec2")?.served ?? [];
}

/** Waiters for what can never come: no instance has a Windows password. Volumes come and go with instances alone. */
const inVain = ["password_data_available", "volume_available", "volume_in_use"];

for (const { way, lack } of [
  { way: "boto3", lack: lackOfBoto3 },
  { way: "cli", lack: lackOfAwsCliAsModule },
]) {
  testWith(lack)(
    `${way} calls every served operation, waiter and paginator`,
    async () => {
      await fetch(`${daemon.endpoint}/moto-api/reset`, { method: "POST" });
      const script = fileURLToPath(new URL("ec2/tell.py", import.meta.url));
      const env = { PATH: process.env["PATH"], HOME: process.env["HOME"], AWS_PAGER: "", AWS_CONFIG_FILE: "/dev/null" };
      const { stdout } = await run("python3", [script, way, daemon.endpoint], { env, maxBuffer: 1 << 24 });
      const told = JSON.parse(stdout) as Told;
      const names = await servedOperations();
      const served = told.known.filter((one) => names.includes(one.operation));
      expect(names.length).toBe(served.length);
      const missed = (wanted: readonly string[], used: readonly string[]): readonly string[] =>
        wanted.filter((name) => !used.includes(name));
      const waiters = served.flatMap((one) => one.waiters);
      const paginators = served.filter((one) => one.paginated).map((one) => one.method);
      expect({
        operations: missed(
          served.map((one) => one.method),
          told.operations,
        ),
        waiters: missed(waiters, told.waiters).toSorted(),
        paginators: missed(paginators, told.paginators),
      }).toEqual({ operations: [], waiters: inVain, paginators: [] });
    },
    programTimeoutMs,
  );
}

testWith(lackOfAwsCli)(
  "the command `aws`: an endpoint on the main route table",
  async () => {
    const env = {
      PATH: process.env["PATH"],
      HOME: process.env["HOME"],
      AWS_ACCESS_KEY_ID: "666666666666",
      AWS_SECRET_ACCESS_KEY: "test",
      AWS_DEFAULT_REGION: "us-east-1",
      AWS_ENDPOINT_URL: daemon.endpoint,
      AWS_PAGER: "",
    };
    const aws = async (...words: string[]): Promise<string> => {
      const { stdout } = await run("aws", ["ec2", ...words, "--output", "text"], { env });
      return stdout.trim();
    };
    const vpc = await aws("create-vpc", "--cidr-block", "10.0.0.0/16", "--query", "Vpc.VpcId");
    const onlyVpc = `Name=vpc-id,Values=${vpc}`;
    const table = await aws("describe-route-tables", "--filters", onlyVpc, "--query", "RouteTables[].RouteTableId");
    const service = "com.amazonaws.us-east-1.s3";
    const made = ["create-vpc-endpoint", "--vpc-id", vpc, "--service-name", service, "--route-table-ids", table];
    const endpoint = await aws(...made, "--query", "VpcEndpoint.VpcEndpointId");
    expect(
      await aws("describe-route-tables", "--filters", onlyVpc, "--query", "RouteTables[].Routes[].GatewayId"),
    ).toBe(`local\t${endpoint}`);
    await expect(aws(...made)).rejects.toThrow(/\(RouteAlreadyExists\) when calling the CreateVpcEndpoint operation/);
    expect(await aws("delete-vpc-endpoints", "--vpc-endpoint-ids", endpoint)).toBe("");
  },
  programTimeoutMs,
);
