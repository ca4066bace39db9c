/** `underpass why`: the whole story of a request that was made. `underpass trace`: of one that was not. */

import type { RequestTrace } from "../analyse/request-trace.ts";
import { checkedAction } from "./action-name.ts";
import { ask, type ClientOptions } from "./client.ts";
import { exitStatus } from "./failure.ts";
import { type OutputOptions, printJson } from "./output.ts";
import { formatTrace } from "./trace-text.ts";

export interface WhyOptions extends ClientOptions, OutputOptions {
  /** Every condition key, not only those that the policies name. */
  readonly all?: boolean;
}

export async function why(requestId: string, options: WhyOptions): Promise<number> {
  print(await ask<RequestTrace>(options, `requests/${encodeURIComponent(requestId)}`), options);
  return exitStatus.ok;
}

export interface TraceOptions extends WhyOptions {
  /** An instance's id or Name tag, or `host`. */
  readonly from: string;
  /** An access key id; else the caller's own, else that of the root. */
  readonly as?: string;
}

/** Ends with status 1 when the request would not get through, or would find no bucket. */
export async function trace(action: string, target: string, options: TraceOptions): Promise<number> {
  const checked = await checkedAction(action, target);
  const accessKeyId = options.as ?? process.env["AWS_ACCESS_KEY_ID"] ?? "test";
  const traced = await ask<RequestTrace>(options, "trace", {
    from: options.from,
    action: checked,
    target,
    accessKeyId,
  });
  print(traced, options);
  const passes =
    traced.path !== undefined &&
    traced.errorCode === undefined &&
    traced.decisions.every(({ decision }) => decision.allowed);
  return passes ? exitStatus.ok : exitStatus.finding;
}

function print(traced: RequestTrace, options: WhyOptions): void {
  if (options.output === "json") printJson(traced);
  else console.log(formatTrace(traced, options));
}
