/**
 * Idempotency: a call with the client token of an earlier one answers what that one made.
 * Source: Amazon EC2 Developer Guide, "Ensuring idempotency in Amazon EC2 API requests".
 *
 * ASSUMPTION: a client token is forgotten with the last resource that it made; AWS remembers it for a time.
 */

import { ok, type Result } from "../base/result.ts";
import { type ApiError, fail } from "./error.ts";
import { clientTokenKey, type Idempotent } from "./idempotent.ts";
import { stableHex } from "./stable-id.ts";
import { type Documents, findBy, type State } from "./state.ts";
import type { Caller } from "./verb.ts";

/** The kinds whose documents remember a token: they have the index `clientToken`. */
export type IdempotentKind =
  | "route-table"
  | "instance"
  | "vpc-endpoint"
  | "vpc-endpoint-service"
  | "vpc-endpoint-connection-notification"
  | "network-interface"
  | "network-acl"
  | "natgateway"
  | "egress-only-internet-gateway"
  | "prefix-list"
  | "vpc-flow-log";

/** What a document made by this call has to keep; nothing without a token. */
export function idempotency(input: { readonly clientToken?: string }): Idempotent {
  const { clientToken } = input;
  return clientToken === undefined ? {} : { clientToken, clientFingerprint: fingerprintOf(input) };
}

/** What an earlier call with this token made, in no order: none without one. Fails with IdempotentParameterMismatch. */
export function madeBefore<K extends IdempotentKind>(
  state: State,
  kind: K,
  input: { readonly clientToken?: string },
  caller: Caller,
): Result<readonly Documents[K][], ApiError> {
  const { clientToken } = input;
  if (clientToken === undefined) return ok([]);
  const made = findBy(state, kind, "clientToken", clientTokenKey(caller, clientToken));
  const fingerprint = fingerprintOf(input);
  if (made.some((one) => one.clientFingerprint !== fingerprint)) {
    return fail("IdempotentParameterMismatch", {
      message: "Arguments on this idempotent request are inconsistent with arguments used in previous request(s).",
    });
  }
  return ok(made);
}

function fingerprintOf(input: object): string {
  return stableHex(canonical(input), 16);
}

/** JSON with sorted keys and without what is undefined. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  members.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${canonical(member)}`).join(",")}}`;
}
