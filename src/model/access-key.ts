/** Long-lived access keys of users. Source: IAM User Guide, "Access keys". */

import type { Result } from "../base/result.ts";
import { ok } from "../base/result.ts";
import type { ApiError } from "./error.ts";
import { fail } from "./error.ts";
import { checked } from "./iam-constraint.ts";
import { makeAccessKeyId, makeSecretAccessKey } from "./iam-id.ts";
import { iamRegion, named, overQuota } from "./iam-name.ts";
import type { Resource } from "./resource.ts";
import type { State } from "./state.ts";
import { find, findBy, put, remove } from "./state.ts";
import type { User } from "./user.ts";
import type { Context, Outcome } from "./verb.ts";

export interface AccessKey extends Resource {
  /** `AKIA…`. */
  readonly id: string;
  readonly secretAccessKey: string;
  readonly userId: string;
  readonly status: "Active" | "Inactive";
}

/** Active and inactive ones together. Source: IAM User Guide, "IAM and AWS STS quotas". */
export const maxAccessKeys = 2;

/** The key, whose secret is never told again. */
export function createAccessKey(state: State, userName: string, context: Context): Outcome<AccessKey> {
  const user = named(state, "user", context.accountId, userName);
  if (!user.ok) return user;
  const keys = findBy(state, "access-key", "userId", user.value.id);
  if (keys.length >= maxAccessKeys) return overQuota("AccessKeysPerUser", maxAccessKeys);
  const key: AccessKey = {
    id: makeAccessKeyId("AKIA", context.hex),
    accountId: context.accountId,
    region: iamRegion,
    createdAtMs: context.nowMs,
    tags: [],
    secretAccessKey: makeSecretAccessKey(context.hex),
    userId: user.value.id,
    status: "Active",
  };
  return ok({ changes: [put("access-key", key)], value: key });
}

/** In the order they were made. */
export function accessKeysOf(state: State, user: User): readonly AccessKey[] {
  return findBy(state, "access-key", "userId", user.id).toSorted(
    (a, b) => a.createdAtMs - b.createdAtMs || (a.id < b.id ? -1 : 1),
  );
}

export interface AccessKeyRef {
  readonly userName: string;
  readonly accessKeyId: string;
}

export function updateAccessKey(
  state: State,
  input: AccessKeyRef & { readonly status: string },
  context: Context,
): Outcome<undefined> {
  const { status } = input;
  const wrong = checked([{ parameter: "status", value: status, oneOf: ["Active", "Inactive"] }]);
  if (!wrong.ok) return wrong;
  const key = keyOf(state, input, context.accountId);
  if (!key.ok) return key;
  const next: AccessKey = { ...key.value, status: status === "Active" ? "Active" : "Inactive" };
  return ok({ changes: [put("access-key", next)], value: undefined });
}

export function deleteAccessKey(state: State, input: AccessKeyRef, context: Context): Outcome<undefined> {
  const key = keyOf(state, input, context.accountId);
  if (!key.ok) return key;
  return ok({ changes: [remove("access-key", key.value.id)], value: undefined });
}

function keyOf(state: State, input: AccessKeyRef, accountId: string): Result<AccessKey, ApiError> {
  const { userName, accessKeyId } = input;
  const wrong = checked([{ parameter: "accessKeyId", value: accessKeyId, min: 16, max: 128, pattern: /[\w]+/u }]);
  if (!wrong.ok) return wrong;
  const user = named(state, "user", accountId, userName);
  if (!user.ok) return user;
  const key = find(state, "access-key", accessKeyId);
  if (key !== undefined && key.userId === user.value.id) return ok(key);
  return fail("NoSuchEntity", { message: `The Access Key with id ${accessKeyId} cannot be found.` });
}
