/**
 * A changed policy is in force only after a delay, with the old one until then, as at AWS, where it takes minutes.
 * Source: PrivateLink guide, "Control access to VPC endpoints using endpoint policies".
 *
 * The policies in force are those of a second state that follows the first: what is new there is new here at once, what
 * changes or goes is so only when its delay is over.
 */

import { apply, type Change, find, type Kind, type State } from "./state.ts";

export interface PolicyDelay {
  /** The state that policies are taken from. */
  readonly inForce: State;
  /** What it does not show yet, the oldest first. */
  readonly waiting: readonly { readonly dueMs: number; readonly changes: readonly Change[] }[];
}

/** Kinds whose documents hold policies or say which apply. */
const withPolicy: ReadonlySet<Kind> = new Set<Kind>([
  "vpc-endpoint",
  "bucket",
  "user",
  "group",
  "role",
  "managed-policy",
]);

/** The delay after these changes were accepted. They are due at `dueMs`. */
export function delay(before: PolicyDelay, changes: readonly Change[], dueMs: number): PolicyDelay {
  const late = changes.filter((change) => isLate(before, change));
  const atOnce = changes.filter((change) => !late.includes(change));
  return {
    inForce: atOnce.length === 0 ? before.inForce : apply(before.inForce, atOnce),
    waiting: late.length === 0 ? before.waiting : [...before.waiting, { dueMs, changes: late }],
  };
}

/** The delay at a time: what is due is in force. */
export function elapse(before: PolicyDelay, nowMs: number): PolicyDelay {
  const due = before.waiting.filter((one) => one.dueMs <= nowMs);
  if (due.length === 0) return before;
  return {
    inForce: due.reduce((state, one) => apply(state, one.changes), before.inForce),
    waiting: before.waiting.filter((one) => one.dueMs > nowMs),
  };
}

/** Late is also what follows a change of the same document that is waiting: it must not overtake that one. */
function isLate({ inForce, waiting }: PolicyDelay, change: Change): boolean {
  if (!withPolicy.has(change.kind)) return false;
  const id = idOf(change);
  const waits = waiting.some(({ changes }) => changes.some((one) => one.kind === change.kind && idOf(one) === id));
  return waits || find(inForce, change.kind, id) !== undefined;
}

function idOf(change: Change): string {
  return change.op === "put" ? change.document.id : change.id;
}
