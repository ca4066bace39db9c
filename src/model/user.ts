/** IAM users. Source: IAM API Reference, "User". */

import type { Result } from "../base/result.ts";
import { ok } from "../base/result.ts";
import type { ApiError } from "./error.ts";
import { fail } from "./error.ts";
import type { Group } from "./group.ts";
import { checkedName, checkedPath } from "./iam-constraint.ts";
import { makeUniqueId } from "./iam-id.ts";
import { findByName, iamRegion, named, overQuota, roomFor } from "./iam-name.ts";
import { checkedTags } from "./iam-tag.ts";
import { deleteConflict, withoutPolicies } from "./identity.ts";
import { attachablePolicy } from "./managed-policy.ts";
import type { Resource, Tags } from "./resource.ts";
import type { State } from "./state.ts";
import { findBy, put, remove } from "./state.ts";
import type { Context, Outcome } from "./verb.ts";

export interface User extends Resource {
  /** `AIDA…`. */
  readonly id: string;
  readonly name: string;
  /** Begins and ends with a slash. */
  readonly path: string;
  readonly inlinePolicies: readonly InlinePolicy[];
  readonly attachedPolicyArns: readonly string[];
  /** The unique ids of the groups that the user is in, in the order they were joined. */
  readonly groupIds: readonly string[];
  readonly permissionsBoundaryArn?: string;
  readonly loginProfile?: LoginProfile;
}

export interface LoginProfile {
  readonly createdAtMs: number;
  readonly passwordSetAtMs: number;
  readonly passwordResetRequired: boolean;
}

export interface InlinePolicy {
  readonly name: string;
  /** The policy exactly as it was written. */
  readonly document: string;
}

/** Source: IAM User Guide, "IAM and AWS STS quotas". */
const maxGroups = 10;

export interface NewUser {
  readonly name: string;
  readonly path: string;
  readonly permissionsBoundaryArn?: string;
  readonly tags: Tags;
}

export function createUser(state: State, input: NewUser, context: Context): Outcome<User> {
  const { accountId } = context;
  const wrong = wrongWithNew(state, input, accountId);
  if (!wrong.ok) return wrong;
  const { name, path, tags, permissionsBoundaryArn } = input;
  const user: User = {
    id: makeUniqueId("AIDA", context.hex),
    accountId,
    region: iamRegion,
    createdAtMs: context.nowMs,
    tags,
    name,
    path,
    inlinePolicies: [],
    attachedPolicyArns: [],
    groupIds: [],
    ...(permissionsBoundaryArn === undefined ? {} : { permissionsBoundaryArn }),
  };
  return ok({ changes: [put("user", user)], value: user });
}

function wrongWithNew(state: State, input: NewUser, accountId: string): Result<unknown, ApiError> {
  const name = checkedName("userName", input.name, 64);
  if (!name.ok) return name;
  const path = checkedPath(input.path);
  if (!path.ok) return path;
  const tags = checkedTags(input.tags);
  if (!tags.ok) return tags;
  if (findByName(state, "user", accountId, input.name) !== undefined) return exists(input.name);
  if (input.permissionsBoundaryArn !== undefined) {
    const boundary = attachablePolicy(state, accountId, input.permissionsBoundaryArn);
    if (!boundary.ok) return boundary;
  }
  return roomFor(state, "user", accountId);
}

function exists(name: string): Result<never, ApiError> {
  return fail("EntityAlreadyExists", { message: `User with name ${name} already exists.` });
}

export interface UserUpdate {
  readonly name: string;
  readonly newName?: string;
  readonly newPath?: string;
}

/** Renames and moves: the unique id stays, the ARN changes. */
export function updateUser(state: State, input: UserUpdate, context: Context): Outcome<undefined> {
  const user = named(state, "user", context.accountId, input.name);
  if (!user.ok) return user;
  const { newName = user.value.name, newPath = user.value.path } = input;
  const name = checkedName("newUserName", newName, 64);
  if (!name.ok) return name;
  const path = checkedPath(newPath);
  if (!path.ok) return path;
  const other = findByName(state, "user", context.accountId, newName);
  if (other !== undefined && other.id !== user.value.id) return exists(newName);
  return ok({ changes: [put("user", { ...user.value, name: newName, path: newPath })], value: undefined });
}

export function deleteUser(state: State, name: string, context: Context): Outcome<undefined> {
  const user = named(state, "user", context.accountId, name);
  if (!user.ok) return user;
  if (user.value.loginProfile !== undefined) return deleteConflict("delete login profile");
  const policies = withoutPolicies(user.value);
  if (!policies.ok) return policies;
  if (findBy(state, "access-key", "userId", user.value.id).length > 0) return deleteConflict("delete access keys");
  if (user.value.groupIds.length > 0) return deleteConflict("remove users from group");
  return ok({ changes: [remove("user", user.value.id)], value: undefined });
}

export interface Membership {
  readonly userName: string;
  readonly groupName: string;
}

/** Adding a member again changes nothing. */
export function addUserToGroup(state: State, input: Membership, context: Context): Outcome<undefined> {
  const both = userAndGroup(state, input, context.accountId);
  if (!both.ok) return both;
  const { user, group } = both.value;
  if (user.groupIds.includes(group.id)) return ok({ changes: [], value: undefined });
  if (user.groupIds.length >= maxGroups) return overQuota("GroupsPerUser", maxGroups);
  return ok({ changes: [put("user", { ...user, groupIds: [...user.groupIds, group.id] })], value: undefined });
}

/** Removing who is no member changes nothing. */
export function removeUserFromGroup(state: State, input: Membership, context: Context): Outcome<undefined> {
  const both = userAndGroup(state, input, context.accountId);
  if (!both.ok) return both;
  const { user, group } = both.value;
  if (!user.groupIds.includes(group.id)) return ok({ changes: [], value: undefined });
  const groupIds = user.groupIds.filter((id) => id !== group.id);
  return ok({ changes: [put("user", { ...user, groupIds })], value: undefined });
}

function userAndGroup(
  state: State,
  input: Membership,
  accountId: string,
): Result<{ readonly user: User; readonly group: Group }, ApiError> {
  const group = named(state, "group", accountId, input.groupName);
  if (!group.ok) return group;
  const user = named(state, "user", accountId, input.userName);
  if (!user.ok) return user;
  return ok({ user: user.value, group: group.value });
}
