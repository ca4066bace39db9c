/** The region that the demo talks to: started as a user would, and spoken to as any AWS client does. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { RequestTrace } from "../src/analyse/request-trace.ts";
import type { Outcome } from "./instance-client.ts";

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export interface DemoRegion extends AsyncDisposable {
  readonly endpoint: string;
  readonly dataplane: string;
  /** Runs `instance-client.ts` inside an instance. */
  readonly request: (from: Inside, verb: "get" | "put", bucket: string, key: string) => Promise<Outcome>;
  readonly hold: (from: Inside, bucket: string, key: string) => Promise<HeldDownload>;
  /** What Underpass knows of a request that was made. */
  readonly why: (requestId: string) => Promise<RequestTrace>;
  /** What it says of one that is not made. */
  readonly trace: (from: Inside, action: string, target: string) => Promise<RequestTrace>;
}

export interface Inside {
  readonly instanceId: string;
  readonly credentials: Credentials;
}

export interface HeldDownload {
  /** The request id of the download that is under way. */
  readonly begun: string;
  /** Reads on; resolves with how it ended. */
  readonly goOn: () => Promise<Outcome>;
}

const launcher = join(import.meta.dirname, "../bin/underpass.js");
const client = join(import.meta.dirname, "instance-client.ts");

export async function startRegion(): Promise<DemoRegion> {
  const folder = mkdtempSync(join(tmpdir(), "underpass-demo-"));
  const daemon = spawn(process.execPath, [launcher, "up", "--port", "0", "--state", folder], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const end = async (): Promise<void> => {
    if (daemon.exitCode === null && daemon.signalCode === null) {
      daemon.kill("SIGTERM");
      await once(daemon, "exit");
    }
    rmSync(folder, { recursive: true, force: true });
  };
  const { endpoint, dataplane } = await announced(daemon).catch(async (error: unknown) => {
    await end();
    throw error;
  });
  const own = async <T>(path: string, body?: unknown): Promise<T> => {
    const response = await fetch(
      `${endpoint}/_underpass/${path}`,
      body === undefined ? {} : { method: "POST", body: JSON.stringify(body) },
    );
    if (!response.ok) throw new Error(`${path}: ${await response.text()}`);
    return (await response.json()) as T;
  };
  const inside = (from: Inside, words: readonly string[]): ChildProcess =>
    spawn(
      process.execPath,
      [launcher, "exec", "--endpoint", endpoint, from.instanceId, "--", process.execPath, client, ...words],
      {
        stdio: ["pipe", "pipe", "inherit"],
        env: {
          ...process.env,
          AWS_REGION: "us-east-1",
          AWS_ACCESS_KEY_ID: from.credentials.accessKeyId,
          AWS_SECRET_ACCESS_KEY: from.credentials.secretAccessKey,
        },
      },
    );
  return {
    endpoint,
    dataplane,
    request: async (from, verb, bucket, key) =>
      (await linesOf<Outcome>(inside(from, [verb, bucket, key])).next()).value as Outcome,
    hold: async (from, bucket, key) => {
      const child = inside(from, ["hold", bucket, key]);
      const lines = linesOf<Outcome & { begun?: string }>(child);
      const first = (await lines.next()).value as Outcome & { begun?: string };
      if (first.begun === undefined) throw new Error(`the download did not begin: ${JSON.stringify(first)}`);
      return {
        begun: first.begun,
        goOn: async () => {
          child.stdin?.write("\n");
          return (await lines.next()).value as Outcome;
        },
      };
    },
    why: (requestId) => own(`requests/${requestId}`),
    trace: (from, action, target) =>
      own("trace", { from: from.instanceId, action, target, accessKeyId: from.credentials.accessKeyId }),
    [Symbol.asyncDispose]: end,
  };
}

async function* linesOf<T>(child: ChildProcess): AsyncGenerator<T> {
  if (child.stdout === null) throw new Error("the program has no standard output");
  for await (const line of createInterface({ input: child.stdout })) yield JSON.parse(line) as T;
  throw new Error("the program inside the instance ended without a word");
}

async function announced(daemon: ChildProcess): Promise<{ endpoint: string; dataplane: string }> {
  if (daemon.stdout === null) throw new Error("the region has no standard output");
  let endpoint = "";
  for await (const line of createInterface({ input: daemon.stdout })) {
    endpoint = /^ {2}endpoint +(\S+)/.exec(line)?.[1] ?? endpoint;
    const dataplane = /^ {2}data plane +(.+)/.exec(line)?.[1];
    if (dataplane !== undefined) {
      daemon.stdout.resume();
      return { endpoint, dataplane };
    }
  }
  throw new Error("the region did not start; its message is above");
}
