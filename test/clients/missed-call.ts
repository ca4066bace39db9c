/**
 * What boto3 and the AWS CLI did not call of all that a region serves. Stories in Python do the calling and tell at their
 * end what they have called, beside all that botocore knows.
 */

import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect } from "vitest";
import type { Coverage } from "../../src/api/underpass/server.ts";
import { type Daemon, startDaemon } from "../../src/daemon/daemon.ts";
import { lackOfAwsCliAsModule, lackOfBoto3 } from "../need.ts";

const run = promisify(execFile);

/** Names in boto3's spelling; with the service in front where a story is of several. */
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

export interface Missed {
  /** How many operations the region serves of these services. */
  readonly servedCount: number;
  readonly operations: readonly string[];
  readonly waiters: readonly string[];
  readonly paginators: readonly string[];
}

/** The ways to call; each may be missing on a machine. */
export const ways = [
  { way: "boto3", lack: lackOfBoto3 },
  { way: "cli", lack: lackOfAwsCliAsModule },
] as const;

/** A region for the tests of a file; a line in its log is a fault. Gives its endpoint, once the tests run. */
export function clientRegion(): () => string {
  let daemon: Daemon | undefined;
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
    await daemon?.stop();
    expect(faults).toEqual([]);
  });
  return () => daemon?.endpoint ?? "";
}

/** Runs the stories of a folder beside this file and says what they missed. */
export async function missedCalls(
  endpoint: string,
  { folder, way, services }: { readonly folder: string; readonly way: string; readonly services: readonly string[] },
): Promise<Missed> {
  const script = fileURLToPath(new URL(`${folder}/tell.py`, import.meta.url));
  const env = {
    PATH: process.env["PATH"],
    HOME: process.env["HOME"],
    AWS_PAGER: "",
    AWS_CONFIG_FILE: "/dev/null",
    PYTHONDONTWRITEBYTECODE: "1",
  };
  const { stdout } = await run("python3", [script, way, endpoint], { env, maxBuffer: 1 << 24 });
  const told = JSON.parse(stdout) as Told;
  const names = await servedOperations(endpoint, services);
  const served = told.known.filter((one) => names.has(`${one.service} ${one.operation}`));
  // Every operation that is served is one of botocore's.
  expect(served.length).toBe(names.size);
  const missed = (wanted: readonly string[], used: readonly string[]): readonly string[] =>
    wanted.filter((name) => !used.includes(name)).toSorted();
  return {
    servedCount: names.size,
    operations: missed(
      served.map((one) => one.method),
      told.operations,
    ),
    waiters: missed(
      served.flatMap((one) => one.waiters),
      told.waiters,
    ),
    paginators: missed(
      served.filter((one) => one.paginated).map((one) => one.method),
      told.paginators,
    ),
  };
}

async function servedOperations(endpoint: string, services: readonly string[]): Promise<ReadonlySet<string>> {
  const answer = await fetch(`${endpoint}/_underpass/coverage`);
  const rows = ((await answer.json()) as readonly Coverage[]).filter(({ service }) => services.includes(service));
  return new Set(rows.flatMap(({ service, served }) => served.map((operation) => `${service} ${operation}`)));
}
