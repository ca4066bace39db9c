/** The full story of one request, past or dry: every step of the one-way flow with its reason. `why` and `trace` print it. */

import type { Path } from "../network/path.ts";
import type { RouteChoice } from "../network/walk.ts";
import type { Decision } from "../policy/decision.ts";

export interface RequestTrace {
  /** What the client got as x-amz-request-id; of a dry trace `dry`. */
  readonly requestId: string;
  readonly atMs: number;
  readonly service: string;
  readonly operation?: string;
  /** `GET /key`. */
  readonly request: string;
  /** The name that was called, what it resolves to in the caller's VPC, and which rule of the resolver said so. */
  readonly name?: { readonly host: string; readonly ips: readonly string[]; readonly by: string };
  readonly instanceId?: string;
  /** Absent when nothing answers there. */
  readonly path?: Path;
  /** Why nothing answers, where `path` is absent. */
  readonly unreachable?: string;
  /** The route that the instance's packets took and those it beat; absent from the host. */
  readonly route?: RouteChoice;
  /** The caller's ARN or `anonymous`; absent when the signature was refused. */
  readonly principalArn?: string;
  /** One for each action that the operation needs. */
  readonly decisions: readonly TracedDecision[];
  /** Absent on a dry trace. */
  readonly status?: number;
  readonly errorCode?: string;
  readonly errorMessage?: string;
  readonly durationMs?: number;
}

export interface TracedDecision {
  readonly action: string;
  readonly resource: string;
  readonly decision: Decision;
  /** Condition keys that were set. */
  readonly present: Readonly<Record<string, readonly string[]>>;
  /** Condition keys that were not, and why. */
  readonly absent: Readonly<Record<string, string>>;
}
