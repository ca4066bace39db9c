/** Asks the policies for one request and remembers what was asked. */

import { type Ask, authorise } from "../../analyse/authorise.ts";
import { type ListedObject, s3Ask, type S3Need, type S3Request } from "../../analyse/s3-ask.ts";
import type { Decision } from "../../policy/decision.ts";
import { denialText } from "../../policy/denial.ts";
import { type S3Error, s3Error } from "./s3-error.ts";

export interface Gate {
  /** The refusal, or undefined when all is allowed. */
  readonly refuse: (need: S3Need) => S3Error | undefined;
  /** What was asked so far, in order. */
  readonly asks: () => readonly Ask[];
}

/** `objectAt` gives the object's own list, where lists are in force. */
export function openGate(options: S3Request, objectAt: (need: S3Need) => ListedObject | undefined): Gate {
  const asks: Ask[] = [];
  return {
    asks: () => asks,
    refuse: (need) => {
      const object = objectAt(need);
      const ask = s3Ask(options, object === undefined ? need : { ...need, object });
      asks.push(ask);
      const decision = authorise(options.state, ask);
      return decision.allowed ? undefined : denied(ask, decision);
    },
  };
}

function denied(ask: Ask, decision: Decision): S3Error {
  const headers = { "x-underpass-denied-by": deniedBy(decision) };
  // S3 tells an anonymous caller nothing more.
  return ask.principal.kind === "anonymous"
    ? s3Error("AccessDenied", { headers })
    : s3Error("AccessDenied", { message: denialText(ask, decision), headers });
}

/** `endpoint-policy; no-allow`, `resource-policy; explicit-deny; policy="bucket docs"; statement=0; sid="OnlyVpc"`. */
function deniedBy(decision: Decision): string {
  const by = decision.decidedBy;
  if (by === undefined) return "no-allow";
  const { layer, reason, statement } = by;
  if (statement === undefined) return `${layer}; ${reason}`;
  const sid = statement.sid === undefined ? "" : `; sid=${quoted(statement.sid)}`;
  return `${layer}; ${reason}; policy=${quoted(statement.policy)}; statement=${statement.index}${sid}`;
}

/** Header values are visible ASCII. */
function quoted(text: string): string {
  return `"${text.replace(/[^\x20-\x7e]|["\\]/g, "?")}"`;
}
