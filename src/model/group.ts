/** IAM groups: users that share policies. Membership is kept with the user. Source: IAM API Reference, "Group". */

import type { Result } from "../base/result.ts";
import { ok } from "../base/result.ts";
import type { ApiError } from "./error.ts";
import { fail } from "./error.ts";
import { checkedName, checkedPath } from "./iam-constraint.ts";
import { makeUniqueId } from "./iam-id.ts";
import { byName, findByName, iamRegion, named, roomFor } from "./iam-name.ts";
import { deleteConflict, withoutPolicies } from "./identity.ts";
import type { Resource } from "./resource.ts";
import type { State } from "./state.ts";
import { find, findBy, put, remove } from "./state.ts";
import type { InlinePolicy, User } from "./user.ts";
import type { Context, Outcome } from "./verb.ts";

export interface Group extends Resource {
  /** `AGPA…`. */
  readonly id: string;
  readonly name: string;
  /** Begins and ends with a slash. */
  readonly path: string;
  readonly inlinePolicies: readonly InlinePolicy[];
  readonly attachedPolicyArns: readonly string[];
}

export interface NewGroup {
  readonly name: string;
  readonly path: string;
}

export function createGroup(state: State, input: NewGroup, context: Context): Outcome<Group> {
  const { accountId } = context;
  const { name, path } = input;
  const wrong = wrongWithNames("groupName", name, path);
  if (!wrong.ok) return wrong;
  if (findByName(state, "group", accountId, name) !== undefined) return exists(name);
  const room = roomFor(state, "group", accountId);
  if (!room.ok) return room;
  const group: Group = {
    id: makeUniqueId("AGPA", context.hex),
    accountId,
    region: iamRegion,
    createdAtMs: context.nowMs,
    tags: [],
    name,
    path,
    inlinePolicies: [],
    attachedPolicyArns: [],
  };
  return ok({ changes: [put("group", group)], value: group });
}

function wrongWithNames(parameter: string, name: string, path: string): Result<undefined, ApiError> {
  const good = checkedName(parameter, name, 128);
  return good.ok ? checkedPath(path) : good;
}

function exists(name: string): Result<never, ApiError> {
  return fail("EntityAlreadyExists", { message: `Group with name ${name} already exists.` });
}

export interface GroupUpdate {
  readonly name: string;
  readonly newName?: string;
  readonly newPath?: string;
}

/** Renames and moves: the unique id stays, the ARN changes. */
export function updateGroup(state: State, input: GroupUpdate, context: Context): Outcome<undefined> {
  const group = named(state, "group", context.accountId, input.name);
  if (!group.ok) return group;
  const { newName = group.value.name, newPath = group.value.path } = input;
  const wrong = wrongWithNames("newGroupName", newName, newPath);
  if (!wrong.ok) return wrong;
  const other = findByName(state, "group", context.accountId, newName);
  if (other !== undefined && other.id !== group.value.id) return exists(newName);
  return ok({ changes: [put("group", { ...group.value, name: newName, path: newPath })], value: undefined });
}

export function deleteGroup(state: State, name: string, context: Context): Outcome<undefined> {
  const group = named(state, "group", context.accountId, name);
  if (!group.ok) return group;
  if (findBy(state, "user", "groupId", group.value.id).length > 0) return deleteConflict("remove users from group");
  const policies = withoutPolicies(group.value);
  if (!policies.ok) return policies;
  return ok({ changes: [remove("group", group.value.id)], value: undefined });
}

/** Ordered by name. */
export function membersOf(state: State, group: Group): readonly User[] {
  return findBy(state, "user", "groupId", group.id).toSorted(byName);
}

/** Ordered by name. */
export function groupsOf(state: State, user: User): readonly Group[] {
  return user.groupIds.flatMap((id) => find(state, "group", id) ?? []).toSorted(byName);
}
