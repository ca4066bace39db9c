/** IAM's documents as they are answered. Policies are percent-encoded. Source: IAM API Reference, data types; RFC 3986. */

import type {
  Group,
  InstanceProfile,
  PermissionsBoundaryAttachmentType,
  Policy,
  PolicyVersion,
  Role,
  User,
} from "@aws-sdk/client-iam";
import type * as model from "../../model/group.ts";
import { groupArn, instanceProfileArn, managedPolicyArn, roleArn, userArn } from "../../model/iam-arn.ts";
import type * as profile from "../../model/instance-profile.ts";
import type { ManagedPolicy, ManagedPolicyVersion } from "../../model/managed-policy.ts";
import { holderCount, holdersOf } from "../../model/managed-policy.ts";
import type { Tags } from "../../model/resource.ts";
import type * as role from "../../model/role.ts";
import type { State } from "../../model/state.ts";
import { find } from "../../model/state.ts";
import { shownTrustPolicy } from "../../model/trust-policy.ts";
import type * as user from "../../model/user.ts";

/** Percent-encoded as RFC 3986, section 2.3, has it: all but letters, digits and `-._~`. */
export function encodedDocument(document: string): string {
  return encodeURIComponent(document).replaceAll(
    /[!'()*]/gu,
    (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

export function shownTags(tags: Tags): { Key: string; Value: string }[] {
  return tags.map(({ key, value }) => ({ Key: key, Value: value }));
}

/** Lists leave out tags and boundaries. */
export function shownUser(it: user.User, detail: "list" | "full"): User {
  return {
    Path: it.path,
    UserName: it.name,
    UserId: it.id,
    Arn: userArn(it),
    CreateDate: new Date(it.createdAtMs),
    ...(detail === "full" ? shownBoundary(it.permissionsBoundaryArn) : {}),
    ...(detail === "full" && it.tags.length > 0 ? { Tags: shownTags(it.tags) } : {}),
  };
}

export function shownGroup(it: model.Group): Group {
  return {
    Path: it.path,
    GroupName: it.name,
    GroupId: it.id,
    Arn: groupArn(it),
    CreateDate: new Date(it.createdAtMs),
  };
}

/** Lists leave out tags and boundaries. */
export function shownRole(state: State, it: role.Role, detail: "list" | "full"): Role {
  return {
    Path: it.path,
    RoleName: it.name,
    RoleId: it.id,
    Arn: roleArn(it),
    CreateDate: new Date(it.createdAtMs),
    AssumeRolePolicyDocument: encodedDocument(shownTrustPolicy(state, it)),
    ...(it.description === undefined ? {} : { Description: it.description }),
    MaxSessionDuration: it.maxSessionDurationSeconds,
    ...(detail === "full" ? shownBoundary(it.permissionsBoundaryArn) : {}),
    ...(detail === "full" && it.tags.length > 0 ? { Tags: shownTags(it.tags) } : {}),
  };
}

/** What IAM answers; the API's model knows only `PermissionsBoundaryPolicy`. Source: AWS CLI, examples of `get-user`. */
const boundaryType = "Policy" as string as PermissionsBoundaryAttachmentType;

export function shownBoundary(arn: string | undefined): Pick<User, "PermissionsBoundary"> {
  if (arn === undefined) return {};
  return { PermissionsBoundary: { PermissionsBoundaryType: boundaryType, PermissionsBoundaryArn: arn } };
}

/** Counts are those of `accountId`. Lists leave out the description and the tags. */
export function shownPolicy(state: State, it: ManagedPolicy, accountId: string, detail: "list" | "full"): Policy {
  const arn = managedPolicyArn(it);
  return {
    PolicyName: it.name,
    PolicyId: it.id,
    Arn: arn,
    Path: it.path,
    DefaultVersionId: it.defaultVersionId,
    AttachmentCount: holderCount(holdersOf(state, accountId, arn, "permissions")),
    PermissionsBoundaryUsageCount: holderCount(holdersOf(state, accountId, arn, "boundary")),
    IsAttachable: true,
    ...(detail === "full" && it.description !== undefined ? { Description: it.description } : {}),
    CreateDate: new Date(it.createdAtMs),
    UpdateDate: new Date(it.updatedAtMs),
    ...(detail === "full" && it.tags.length > 0 ? { Tags: shownTags(it.tags) } : {}),
  };
}

/** Only GetPolicyVersion tells the document. */
export function shownVersion(
  policy: ManagedPolicy,
  version: ManagedPolicyVersion,
  detail: "list" | "full",
): PolicyVersion {
  return {
    ...(detail === "full" ? { Document: encodedDocument(version.document) } : {}),
    VersionId: version.id,
    IsDefaultVersion: version.id === policy.defaultVersionId,
    CreateDate: new Date(version.createdAtMs),
  };
}

export function shownInstanceProfile(
  state: State,
  it: profile.InstanceProfile,
  detail: "list" | "full",
): InstanceProfile {
  const held = it.roleId === undefined ? undefined : find(state, "role", it.roleId);
  return {
    Path: it.path,
    InstanceProfileName: it.name,
    InstanceProfileId: it.id,
    Arn: instanceProfileArn(it),
    CreateDate: new Date(it.createdAtMs),
    Roles: held === undefined ? [] : [shownRole(state, held, "list")],
    ...(detail === "full" && it.tags.length > 0 ? { Tags: shownTags(it.tags) } : {}),
  };
}
