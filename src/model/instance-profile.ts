/** Instance profiles: what hands a role to an instance. Source: IAM API Reference, "InstanceProfile". */

import { ok } from "../base/result.ts";
import type { Result } from "../base/result.ts";
import type { ApiError } from "./error.ts";
import { fail } from "./error.ts";
import { checkedName, checkedPath } from "./iam-constraint.ts";
import { makeUniqueId } from "./iam-id.ts";
import { findByName, iamRegion, named, overQuota, roomFor } from "./iam-name.ts";
import { checkedTags } from "./iam-tag.ts";
import { deleteConflict } from "./identity.ts";
import type { Resource, Tags } from "./resource.ts";
import type { Role } from "./role.ts";
import type { State } from "./state.ts";
import { put, remove } from "./state.ts";
import type { Context, Outcome } from "./verb.ts";

export interface InstanceProfile extends Resource {
  /** `AIPA…`. */
  readonly id: string;
  readonly name: string;
  /** Begins and ends with a slash. */
  readonly path: string;
  /** The unique id of the one role that it may hold. */
  readonly roleId?: string;
}

export interface NewInstanceProfile {
  readonly name: string;
  readonly path: string;
  readonly tags: Tags;
}

export function createInstanceProfile(
  state: State,
  input: NewInstanceProfile,
  context: Context,
): Outcome<InstanceProfile> {
  const { accountId } = context;
  const wrong = wrongWithNew(state, input, accountId);
  if (!wrong.ok) return wrong;
  const profile: InstanceProfile = {
    id: makeUniqueId("AIPA", context.hex),
    accountId,
    region: iamRegion,
    createdAtMs: context.nowMs,
    tags: input.tags,
    name: input.name,
    path: input.path,
  };
  return ok({ changes: [put("instance-profile", profile)], value: profile });
}

function wrongWithNew(state: State, input: NewInstanceProfile, accountId: string): Result<unknown, ApiError> {
  const name = checkedName("instanceProfileName", input.name, 128);
  if (!name.ok) return name;
  const path = checkedPath(input.path);
  if (!path.ok) return path;
  const tags = checkedTags(input.tags);
  if (!tags.ok) return tags;
  if (findByName(state, "instance-profile", accountId, input.name) !== undefined) {
    return fail("EntityAlreadyExists", { message: `Instance Profile ${input.name} already exists.` });
  }
  return roomFor(state, "instance-profile", accountId);
}

export function deleteInstanceProfile(state: State, name: string, context: Context): Outcome<undefined> {
  const profile = named(state, "instance-profile", context.accountId, name);
  if (!profile.ok) return profile;
  if (profile.value.roleId !== undefined) return deleteConflict("remove roles from instance profile");
  return ok({ changes: [remove("instance-profile", profile.value.id)], value: undefined });
}

export interface ProfileRole {
  readonly profileName: string;
  readonly roleName: string;
}

/** A profile holds one role. */
export function addRoleToInstanceProfile(state: State, input: ProfileRole, context: Context): Outcome<undefined> {
  const both = profileAndRole(state, input, context.accountId);
  if (!both.ok) return both;
  const { profile, role } = both.value;
  if (profile.roleId !== undefined) return overQuota("InstanceSessionsPerInstanceProfile", 1);
  return ok({ changes: [put("instance-profile", { ...profile, roleId: role.id })], value: undefined });
}

export function removeRoleFromInstanceProfile(state: State, input: ProfileRole, context: Context): Outcome<undefined> {
  const both = profileAndRole(state, input, context.accountId);
  if (!both.ok) return both;
  const { profile, role } = both.value;
  if (profile.roleId !== role.id) {
    // ASSUMPTION: the text is ours where a role is taken off an instance profile that does not hold it; the code is
    // AWS's.
    return fail("NoSuchEntity", {
      message: `The role with name ${role.name} cannot be found in instance profile ${profile.name}.`,
    });
  }
  const { roleId: _, ...next } = profile;
  return ok({ changes: [put("instance-profile", next)], value: undefined });
}

function profileAndRole(
  state: State,
  input: ProfileRole,
  accountId: string,
): Result<{ readonly profile: InstanceProfile; readonly role: Role }, ApiError> {
  const profile = named(state, "instance-profile", accountId, input.profileName);
  if (!profile.ok) return profile;
  const role = named(state, "role", accountId, input.roleName);
  if (!role.ok) return role;
  return ok({ profile: profile.value, role: role.value });
}
