/** What documents keep of the call that made them, so that the same call again is told from another one. */

import type { Caller } from "./verb.ts";

export interface Idempotent {
  readonly clientToken?: string;
  /** Of the call's other parameters; set with `clientToken`. */
  readonly clientFingerprint?: string;
}

/** The key of the index `clientToken`. */
export function clientTokenKey(caller: Caller, clientToken: string): string {
  return `${caller.accountId}/${caller.region}/${clientToken}`;
}

/** The keys of a document in the index `clientToken`. */
export function clientTokenKeys(document: Caller & Idempotent): readonly string[] {
  return document.clientToken === undefined ? [] : [clientTokenKey(document, document.clientToken)];
}
