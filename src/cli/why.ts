/** `underpass why`: the whole story of a request that was made. `underpass trace`: of one that was not. */

import type { RequestTrace } from "../analyse/request-trace.ts";
import { ask, type ClientOptions } from "./client.ts";
import { exitStatus, Failure } from "./failure.ts";
import { type OutputOptions, printJson } from "./output.ts";
import { formatTrace } from "./trace-text.ts";

export async function why(requestId: string, options: ClientOptions & OutputOptions): Promise<number> {
  print(await ask<RequestTrace>(options, `requests/${encodeURIComponent(requestId)}`), options);
  return exitStatus.ok;
}

export interface TraceOptions extends ClientOptions, OutputOptions {
  /** An instance's id or Name tag, or `host`. */
  readonly from: string;
  /** An access key id; else the caller's own, else that of the root. */
  readonly as?: string;
}

/** Ends with status 1 when the request would not get through. */
export async function trace(action: string, target: string, options: TraceOptions): Promise<number> {
  if (!/^[a-z0-9]+:[A-Za-z]+$/.test(action)) {
    throw new Failure(exitStatus.usage, `\`${action}\` is not an action; one looks like s3:GetObject`);
  }
  const accessKeyId = options.as ?? process.env["AWS_ACCESS_KEY_ID"] ?? "test";
  const traced = await ask<RequestTrace>(options, "trace", { from: options.from, action, target, accessKeyId });
  print(traced, options);
  const allowed = traced.path !== undefined && traced.decisions.every(({ decision }) => decision.allowed);
  return allowed ? exitStatus.ok : exitStatus.finding;
}

function print(traced: RequestTrace, options: OutputOptions): void {
  if (options.output === "json") printJson(traced);
  else console.log(formatTrace(traced));
}
