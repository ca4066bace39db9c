/**
 * What a server keeps of each request: only what cannot be worked out later. The state is immutable, so the record holds
 * it and `why` derives name, route and every miss from it when somebody asks; the request path pays nothing for that.
 */

import type { State } from "../model/state.ts";
import type { Path } from "../network/path.ts";
import type { Ask } from "./authorise.ts";

export interface RequestRecord {
  /** What the client got as x-amz-request-id. */
  readonly requestId: string;
  readonly atMs: number;
  readonly service: "s3" | "ec2" | "iam" | "sts" | "elbv2" | "sns" | "ssm";
  /** `GetObject`; absent when the request was refused before it was known. */
  readonly operation?: string;
  readonly method: string;
  /** The raw request target, without the values of signature parameters. */
  readonly target: string;
  /** The Host header: what was asked for, never who asked. */
  readonly host?: string;
  readonly path: Path;
  /** The state that the decision was made on. */
  readonly state: State;
  /** What was asked of the policies, in order; the last one is the one that was refused, if any was. */
  readonly asks: readonly Ask[];
  readonly status: number;
  readonly errorCode?: string;
  readonly errorMessage?: string;
  readonly durationMs: number;
}

export type RecordRequest = (record: RequestRecord) => void;
