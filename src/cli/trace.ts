/** `underpass trace`: the whole story of a request that was not made, or of a connection that was not opened. */

import type { FlowTrace } from "../analyse/flow-trace.ts";
import type { RequestTrace } from "../analyse/request-trace.ts";
import { checkedAction } from "./action-name.ts";
import { ask, type ClientOptions } from "./client.ts";
import { exitStatus } from "./failure.ts";
import { formatFlow } from "./flow-text.ts";
import { type OutputOptions, printJson } from "./output.ts";
import { printTrace, type WhyOptions } from "./why.ts";

export interface TraceOptions extends WhyOptions {
  /** An access key id; else the caller's own, else that of the root. */
  readonly as?: string;
}

/** `from` is an instance's id or Name tag, an on-premises host, or `host`. */
export interface AskedRequest {
  readonly from: string;
  readonly action: string;
  readonly target: string;
}

/** Ends with status 1 when the request would not get through, or would find no bucket. */
export async function trace({ from, action, target }: AskedRequest, options: TraceOptions): Promise<number> {
  const checked = await checkedAction(action, target);
  const accessKeyId = options.as ?? process.env["AWS_ACCESS_KEY_ID"] ?? "test";
  const traced = await ask<RequestTrace>(options, "trace", { from, action: checked, target, accessKeyId });
  printTrace(traced, options);
  const passes =
    traced.path !== undefined &&
    traced.errorCode === undefined &&
    traced.decisions.every(({ decision }) => decision.allowed);
  return passes ? exitStatus.ok : exitStatus.finding;
}

export interface AskedFlow {
  readonly from: string;
  /** `db:5432`, `10.0.3.4:53/udp`, `10.0.0.9/icmp`. */
  readonly to: string;
}

/** Ends with status 1 when packets would not get there, or no answer back. */
export async function traceFlow({ from, to }: AskedFlow, options: ClientOptions & OutputOptions): Promise<number> {
  const traced = await ask<FlowTrace>(options, "trace", { from, to });
  if (options.output === "json") printJson(traced);
  else console.log(formatFlow(traced));
  return traced.reachable ? exitStatus.ok : exitStatus.finding;
}
