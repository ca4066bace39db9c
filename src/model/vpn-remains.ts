/**
 * What is left of VPN connections and their gateways after they were deleted: AWS shows them as `deleted` for a while, and
 * clients wait for that state. Source: EC2 API Reference, "VpnConnection", "VpnGateway" and "CustomerGateway", State.
 *
 * ASSUMPTION: deleted VPN connections, VPN gateways and customer gateways are shown for an hour; AWS does not say how long.
 */

import { ok, type Result } from "../base/result.ts";
import type { ApiError } from "./error.ts";
import { lookup, notFound } from "./lookup.ts";
import { type Change, type Documents, findBy, ownerKey, put, remove, type State } from "./state.ts";
import type { Caller, Context } from "./verb.ts";

export type VpnKind = "vpn-connection" | "vpn-gateway" | "customer-gateway";

/** What each of them carries. */
export interface Deletable {
  readonly deletedAtMs?: number;
}

const deletedKeptMs = 3_600_000;

/** The caller's resource that is not deleted; fails as `lookup` does. */
export function lookupLiving<K extends VpnKind>(
  state: State,
  kind: K,
  id: string,
  caller: Caller,
): Result<Documents[K], ApiError> {
  const found = lookup(state, kind, id, caller);
  if (!found.ok) return found;
  return found.value.deletedAtMs === undefined ? ok(found.value) : notFound(kind, id);
}

/** The caller's resources that are not deleted. */
export function livingOf<K extends VpnKind>(state: State, kind: K, caller: Caller): readonly Documents[K][] {
  const own = findBy(state, kind, "owner", ownerKey(caller.accountId, caller.region));
  return own.filter((one) => one.deletedAtMs === undefined);
}

/** Marks one as deleted and takes away those of its kind that have been shown long enough. */
export function remains<K extends VpnKind>(
  state: State,
  kind: K,
  document: Documents[K],
  context: Context,
): readonly Change[] {
  const old = findBy(state, kind, "owner", ownerKey(context.accountId, context.region));
  const forgotten = old.filter((one) => isForgottenRemains(one, context.nowMs)).map((one) => remove(kind, one.id));
  return [...forgotten, put(kind, { ...document, deletedAtMs: context.nowMs })];
}

/** As AWS names it; what is made is there at once. */
export function stateOf({ deletedAtMs }: Deletable): "available" | "deleted" {
  return deletedAtMs === undefined ? "available" : "deleted";
}

/** Whether it is no longer shown. */
export function isForgottenRemains({ deletedAtMs }: Deletable, nowMs: number): boolean {
  return deletedAtMs !== undefined && nowMs - deletedAtMs > deletedKeptMs;
}
