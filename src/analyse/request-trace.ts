/** The record of one request: every step of the one-way flow leaves its reason here. `why` and `trace` print it. */

import type { Path } from "../network/path.ts";
import type { Decision } from "../policy/decision.ts";
import type { RouteChoice } from "../network/walk.ts";

export interface RequestTrace {
  /** What the client got as x-amz-request-id; of a dry trace `dry-…`. */
  readonly requestId: string;
  readonly atMs: number;
  /** `s3`, `ec2`, `iam`, `sts`. */
  readonly service: string;
  /** `GetObject`; absent when the request was refused before it was known. */
  readonly operation?: string;
  /** `s3:GetObject`, one for each decision. */
  readonly method: string;
  readonly url: string;
  /** The name that was called and the address it resolved to; from the host directly: absent. */
  readonly name?: { readonly host: string; readonly ip: string };
  readonly instanceId?: string;
  readonly path: Path;
  /** The route that the instance's packets took and those it beat; absent from the host. */
  readonly route?: RouteChoice;
  /** The caller's ARN, `anonymous`, or absent when the signature was refused. */
  readonly principalArn?: string;
  /** One for each action that the operation needs. */
  readonly decisions: readonly { readonly action: string; readonly resource: string; readonly decision: Decision; readonly context: TraceContext }[];
  readonly status: number;
  /** The error code of the answer, when it was one. */
  readonly errorCode?: string;
  readonly errorMessage?: string;
  readonly durationMs: number;
}

export interface TraceContext {
  readonly present: Readonly<Record<string, readonly string[]>>;
  readonly absent: Readonly<Record<string, string>>;
}
