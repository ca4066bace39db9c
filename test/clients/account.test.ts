/**
 * IAM, STS, Elastic Load Balancing, SNS and Systems Manager as programs written for AWS drive them: every operation that
 * the region serves, with every waiter and paginator that botocore has for it, called with success by boto3 and by the AWS CLI. The
 * stories in `account/` do the calling; what they have not called fails the test.
 */

import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect } from "vitest";
import type { Coverage } from "../../src/api/underpass/server.ts";
import { type Daemon, startDaemon } from "../../src/daemon/daemon.ts";
import { lackOfAwsCliAsModule, lackOfBoto3, testWith } from "../need.ts";

const run = promisify(execFile);
/** Where many tests share a machine, some hundred calls take their time. */
const programTimeoutMs = 300_000;
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

/** Names as `service.name`, in boto3's spelling. */
interface Told {
  readonly operations: readonly string[];
  readonly waiters: readonly string[];
  readonly paginators: readonly string[];
  readonly known: readonly {
    readonly service: string;
    readonly operation: string;
    readonly method: string;
    readonly paginated: boolean;
    readonly waiters: readonly string[];
  }[];
}

const services: ReadonlySet<string> = new Set(["iam", "sts", "elbv2", "sns", "ssm"]);

async function servedOperations(): Promise<readonly string[]> {
  const answer = await fetch(`${daemon.endpoint}/_underpass/coverage`);
  const rows = (await answer.json()) as readonly Coverage[];
  return rows
    .filter(({ service }) => services.has(service))
    .flatMap(({ service, served }) => served.map((operation) => `${service} ${operation}`));
}

for (const { way, lack } of [
  { way: "boto3", lack: lackOfBoto3 },
  { way: "cli", lack: lackOfAwsCliAsModule },
]) {
  testWith(lack)(
    `${way} calls every served operation, waiter and paginator`,
    async () => {
      const script = fileURLToPath(new URL("account/tell.py", import.meta.url));
      const env = {
        PATH: process.env["PATH"],
        HOME: process.env["HOME"],
        AWS_CONFIG_FILE: "/dev/null",
        PYTHONDONTWRITEBYTECODE: "1",
      };
      const { stdout } = await run("python3", [script, way, daemon.endpoint], { env, maxBuffer: 1 << 24 });
      const told = JSON.parse(stdout) as Told;
      const names = await servedOperations();
      expect(names.length).toBeGreaterThanOrEqual(149);
      const served = told.known.filter((one) => names.includes(`${one.service} ${one.operation}`));
      expect(served.length).toBe(names.length);
      const missed = (wanted: readonly string[], used: readonly string[]): readonly string[] =>
        wanted.filter((name) => !used.includes(name));
      const methods = served.map((one) => one.method);
      const waiters = served.flatMap((one) => one.waiters);
      const paginators = served.filter((one) => one.paginated).map((one) => one.method);
      expect({
        operations: missed(methods, told.operations),
        waiters: missed(waiters, told.waiters),
        paginators: missed(paginators, told.paginators),
      }).toEqual({ operations: [], waiters: [], paginators: [] });
    },
    programTimeoutMs,
  );
}
