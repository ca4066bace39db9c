/** One operation of EC2: what it does and what it is about. Each resource's file gives its operations as such a map. */

import type { Call, Handler, Target } from "../handler.ts";

export interface Action<I, O> {
  readonly handle: Handler<I, O>;
  /** What must be allowed before it is done. */
  readonly targets: (input: I, call: Call) => readonly Target[];
}

/** Operations by name. The codec makes each input fit, which the types of a map cannot say. */
export type Actions = Readonly<Record<string, Action<never, unknown>>>;

export function action<I, O>(handle: Handler<I, O>, targets: Action<I, O>["targets"]): Action<I, O> {
  return { handle, targets };
}
