/**
 * How the state changes: a verb takes a state, its input and a context and returns changes with the value to answer.
 * The daemon makes the changes durable before anybody sees the value.
 */

import { ok, type Result } from "../base/result.ts";
import type { ApiError } from "./error.ts";
import { localQuotas, type Quotas } from "./quota.ts";
import type { Change, State } from "./state.ts";

/** All that a verb may know beside the state and its input. The same context gives the same outcome. */
export interface Context {
  /** Milliseconds since the epoch. */
  readonly nowMs: number;
  /** Random lower-case hexadecimal digits. */
  readonly hex: (digits: number) => string;
  /** The caller's account. */
  readonly accountId: string;
  /** The region that the call was made in. */
  readonly region: string;
  /** Absent for the usual ones. */
  readonly settings?: Settings;
}

/** What whoever runs the region has chosen. */
export interface Settings {
  /** How long a resource stays `pending` or `deleting`; with 0 it is at once what it becomes. */
  readonly transitionMs: number;
  readonly quotas: Quotas;
}

export const usualSettings: Settings = { transitionMs: 0, quotas: localQuotas };

export type Outcome<V> = Result<{ readonly changes: readonly Change[]; readonly value: V }, ApiError>;

/**
 * What the servers see of the running region. `run` calls the verb on the newest state, makes its changes durable and
 * carries them out (the network included) before it resolves; of a verb that fails nothing remains.
 */
export interface Control {
  readonly state: () => State;
  readonly run: <V>(
    verb: (state: State, context: Context) => Outcome<V>,
    caller: Caller,
  ) => Promise<Result<V, ApiError>>;
}

export interface Caller {
  readonly accountId: string;
  readonly region: string;
}

/** What a verb that succeeds returns. */
export function accept<V>(value: V, changes: readonly Change[]): Outcome<V> {
  return ok({ changes, value });
}
