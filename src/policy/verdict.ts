/** What one policy says about a request: the common ground of the interpreter and the compiled form. */

import type { Miss, StatementRef } from "./decision.ts";
import type { Policy } from "./policy.ts";
import type { Grant } from "./principal.ts";
import type { PolicyRequest } from "./request.ts";

export interface NamedPolicy {
  /** What a decision calls it: `vpce-0a…`, `bucket policy of docs`, an ARN. */
  readonly name: string;
  readonly policy: Policy;
  /** Of a stored resource policy: the unique id that each ARN of a user or role had when the policy was saved. */
  readonly principalIds?: Readonly<Record<string, string>>;
}

export interface PolicyVerdict {
  /** The first Deny that matched. */
  readonly deny?: StatementRef;
  /** Of the Allows that matched, the first of those with the strongest grant; absent beside a Deny. */
  readonly allow?: { readonly statement: StatementRef; readonly grant: Grant };
  /** One for each statement that did not match; empty where nobody asked for them. */
  readonly misses: readonly Miss[];
}

export type Evaluate = (named: NamedPolicy, request: PolicyRequest) => PolicyVerdict;

/** Greater is stronger. */
export const strengthOf: Readonly<Record<Grant, number>> = { account: 1, role: 2, direct: 3 };

export function refTo(named: NamedPolicy, index: number): StatementRef {
  const sid = named.policy.statements[index]?.sid;
  return sid === undefined ? { policy: named.name, index } : { policy: named.name, index, sid };
}
