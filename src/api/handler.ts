/** What an operation of the control plane sees: its typed input and the call; it answers a typed output or an `ApiError`. */

import type { Result } from "../base/result.ts";
import type { ApiError } from "../model/error.ts";
import type { KeyUse } from "../model/key-use.ts";
import type { State } from "../model/state.ts";
import type { Context, Outcome } from "../model/verb.ts";
import type { Principal } from "../policy/request.ts";
import type { Operation } from "../wire/shape.ts";

export interface Call {
  readonly state: () => State;
  /** Runs a verb in the caller's account and region; resolves when its changes are durable and carried out. */
  readonly run: <V>(verb: (state: State, context: Context) => Outcome<V>) => Promise<Result<V, ApiError>>;
  readonly principal: Principal;
  readonly accessKeyId: string;
  readonly accountId: string;
  readonly region: string;
  readonly nowMs: number;
  readonly requestId: string;
  readonly keyUse: KeyUse;
}

export type Handler<I, O> = (input: I, call: Call) => Promise<Result<O, ApiError>>;

/** One service of the query protocols, ready to be served. */
export interface QueryService {
  readonly name: "ec2" | "iam" | "sts" | "elbv2" | "sns" | "ssm";
  /** As a signature's scope has it, where that is not `name`: `elasticloadbalancing`. */
  readonly signingName?: string;
  readonly protocol: "ec2Query" | "awsQuery" | "awsJson";
  readonly xmlNamespace: string;
  /** Whether an account's first call makes what it begins with in the region: its default VPC. */
  readonly opensAccounts?: boolean;
  /** Served operations with their shapes. */
  readonly operations: Readonly<Record<string, Operation>>;
  /** Names that AWS knows beyond those served: they answer a text that says so. */
  readonly unserved: ReadonlySet<string>;
  /** Those of them that come without a signature. */
  readonly unsigned?: ReadonlySet<string>;
  // Each handler has its own types; the codec makes the input fit.
  readonly handlers: Readonly<Record<string, Handler<never, unknown>>>;
  /** What the call is about, for its authorisation: ARNs (or `*`) and condition keys. All must be allowed. */
  readonly targets: (operation: string, input: unknown, call: Call) => readonly Target[];
}

export interface Target {
  /** `ec2:CreateVpc`. */
  readonly action: string;
  readonly resource: string;
  readonly resourceAccountId?: string;
  readonly keys: Readonly<Record<string, readonly string[]>>;
}
