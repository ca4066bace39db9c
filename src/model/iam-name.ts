/**
 * Finding what IAM names. A name is unique within its account and kind; case is kept but makes no difference.
 * Source: IAM User Guide, "IAM and AWS STS quotas", section "IAM name requirements".
 */

import type { Result } from "../base/result.ts";
import { ok } from "../base/result.ts";
import type { ApiError } from "./error.ts";
import { fail } from "./error.ts";
import type { Documents, State } from "./state.ts";
import { findBy, ownerKey } from "./state.ts";

/** IAM knows no regions. */
export const iamRegion = "aws-global";

export type NamedKind = "user" | "role" | "group" | "managed-policy" | "instance-profile";

/** ASSUMPTION: a name is found whatever its case; AWS only documents that two names may not differ in case alone. */
export function findByName<K extends NamedKind>(
  state: State,
  kind: K,
  accountId: string,
  name: string,
): Documents[K] | undefined {
  return findBy(state, kind, "name", `${accountId}/${name.toLowerCase()}`)[0];
}

/** The user, role, group or instance profile, or NoSuchEntity. */
export function named<K extends "user" | "role" | "group" | "instance-profile">(
  state: State,
  kind: K,
  accountId: string,
  name: string,
): Result<Documents[K], ApiError> {
  const document = findByName(state, kind, accountId, name);
  if (document !== undefined) return ok(document);
  const message =
    kind === "instance-profile"
      ? `Instance Profile ${name} cannot be found.`
      : `The ${kind} with name ${name} cannot be found.`;
  return fail("NoSuchEntity", { message });
}

/** All of a kind in an account, ordered by name. */
export function listed<K extends NamedKind>(state: State, kind: K, accountId: string): readonly Documents[K][] {
  return findBy(state, kind, "owner", ownerKey(accountId, iamRegion)).toSorted(byName);
}

export function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  const [left, right] = [a.name.toLowerCase(), b.name.toLowerCase()];
  return left < right ? -1 : left > right ? 1 : 0;
}

/** Quotas of an account that IAM counts. Source: IAM User Guide, "IAM and AWS STS quotas", default quotas. */
export const accountQuotas = {
  user: { name: "UsersPerAccount", limit: 5000 },
  group: { name: "GroupsPerAccount", limit: 300 },
  role: { name: "RolesPerAccount", limit: 1000 },
  "managed-policy": { name: "PoliciesPerAccount", limit: 1500 },
  "instance-profile": { name: "InstanceProfilesPerAccount", limit: 1000 },
} as const satisfies Record<NamedKind, { readonly name: string; readonly limit: number }>;

/** Fails with LimitExceeded when the account has as many of this kind as it may. */
export function roomFor(state: State, kind: NamedKind, accountId: string): Result<undefined, ApiError> {
  const { name, limit } = accountQuotas[kind];
  const count = findBy(state, kind, "owner", ownerKey(accountId, iamRegion)).length;
  return count < limit ? ok(undefined) : overQuota(name, limit);
}

export function overQuota(name: string, limit: number): Result<never, ApiError> {
  return fail("LimitExceeded", { message: `Cannot exceed quota for ${name}: ${limit}` });
}
