/** The region that the demo talks to, and what it does inside the instances. */

import type { ChildProcess } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { RequestTrace } from "../src/analyse/request-trace.ts";
import type { Outcome } from "./instance-client.ts";
import { type RegionOptions, type RegionProcess, startRegionProcess } from "./region-process.ts";

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export interface Inside {
  readonly instanceId: string;
  readonly credentials: Credentials;
}

export interface DemoRegion extends RegionProcess {
  /** Runs `instance-client.ts` inside an instance. */
  readonly request: (from: Inside, verb: "get" | "put", bucket: string, key: string) => Promise<Outcome>;
  readonly hold: (from: Inside, bucket: string, key: string) => Promise<HeldDownload>;
  /** What Underpass knows of a request that was made. */
  readonly why: (requestId: string) => Promise<RequestTrace>;
  /** What it says of one that is not made. */
  readonly trace: (from: Inside, action: string, target: string) => Promise<RequestTrace>;
}

export interface HeldDownload {
  /** The request id of the download that is under way. */
  readonly begun: string;
  /** Reads on; resolves with how it ended. */
  readonly goOn: () => Promise<Outcome>;
}

const client = join(import.meta.dirname, "instance-client.ts");

export async function startRegion(options: RegionOptions): Promise<DemoRegion> {
  const region = await startRegionProcess(options);
  const inside = ({ instanceId, credentials }: Inside, words: readonly string[]): ChildProcess => {
    const child = region.exec(instanceId, [process.execPath, client, ...words], {
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    });
    child.stderr?.pipe(process.stderr);
    return child;
  };
  return {
    ...region,
    request: async (from, verb, bucket, key) => await nextOf<Outcome>(linesOf(inside(from, [verb, bucket, key]))),
    hold: async (from, bucket, key) => {
      const child = inside(from, ["hold", bucket, key]);
      const lines = linesOf(child);
      const first = await nextOf<{ begun?: string }>(lines);
      if (first.begun === undefined) throw new Error(`the download did not begin: ${JSON.stringify(first)}`);
      return {
        begun: first.begun,
        goOn: async () => {
          child.stdin?.write("\n");
          return await nextOf<Outcome>(lines);
        },
      };
    },
    why: async (requestId) => {
      // A request is remembered when the server is through with it; that of a client that was cut may take a moment.
      for (let tries = 0; tries < 100; tries++) {
        const response = await fetch(`${region.endpoint}/_underpass/requests/${requestId}`);
        if (response.ok) return (await response.json()) as RequestTrace;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      throw new Error(`the region does not remember request ${requestId}`);
    },
    trace: (from, action, target) =>
      region.own("trace", { from: from.instanceId, action, target, accessKeyId: from.credentials.accessKeyId }),
  };
}

function linesOf(child: ChildProcess): AsyncIterator<string> {
  if (child.stdout === null) throw new Error("the program has no standard output");
  return createInterface({ input: child.stdout })[Symbol.asyncIterator]();
}

async function nextOf<T>(lines: AsyncIterator<string>): Promise<T> {
  const line = await lines.next();
  if (line.done === true) throw new Error("the program inside the instance ended without a word; its message is above");
  return JSON.parse(line.value) as T;
}
