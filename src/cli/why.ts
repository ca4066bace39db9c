/** `underpass why`: the whole story of a request that was made. */

import type { RequestTrace } from "../analyse/request-trace.ts";
import { ask, type ClientOptions } from "./client.ts";
import { exitStatus } from "./failure.ts";
import { type OutputOptions, printJson } from "./output.ts";
import { formatTrace } from "./trace-text.ts";

export interface WhyOptions extends ClientOptions, OutputOptions {
  /** Every condition key, not only those that the policies name. */
  readonly all?: boolean;
}

export async function why(requestId: string, options: WhyOptions): Promise<number> {
  printTrace(await ask<RequestTrace>(options, `requests/${encodeURIComponent(requestId)}`), options);
  return exitStatus.ok;
}

export function printTrace(traced: RequestTrace, options: WhyOptions): void {
  if (options.output === "json") printJson(traced);
  else console.log(formatTrace(traced, options));
}
