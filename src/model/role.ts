/** IAM roles. Source: IAM API Reference, "Role". */

import type { Result } from "../base/result.ts";
import { ok } from "../base/result.ts";
import type { ApiError } from "./error.ts";
import { fail } from "./error.ts";
import type { Constraint } from "./iam-constraint.ts";
import { checked, checkedName, checkedPath } from "./iam-constraint.ts";
import { checkedDocument, documentSize } from "./iam-document.ts";
import { makeUniqueId } from "./iam-id.ts";
import { findByName, iamRegion, named, overQuota, roomFor } from "./iam-name.ts";
import { checkedTags } from "./iam-tag.ts";
import { deleteConflict, modifiable, withoutPolicies } from "./identity.ts";
import { attachablePolicy } from "./managed-policy.ts";
import type { Resource, Tags } from "./resource.ts";
import type { State } from "./state.ts";
import { findBy, put, remove } from "./state.ts";
import { trustedPrincipalIds } from "./trust-policy.ts";
import type { InlinePolicy } from "./user.ts";
import type { Context, Outcome } from "./verb.ts";

export interface Role extends Resource {
  /** `AROA…`. */
  readonly id: string;
  readonly name: string;
  readonly path: string;
  readonly description?: string;
  /** Who may assume the role, exactly as it was written. */
  readonly assumeRolePolicyDocument: string;
  /**
   * The unique id that each user or role ARN of the trust policy had when it was saved: a principal that was deleted and made
   * again under the same ARN no longer matches. Source: IAM User Guide, "AWS JSON policy elements: Principal".
   */
  readonly trustedPrincipalIds: Readonly<Record<string, string>>;
  readonly maxSessionDurationSeconds: number;
  readonly inlinePolicies: readonly InlinePolicy[];
  readonly attachedPolicyArns: readonly string[];
  readonly permissionsBoundaryArn?: string;
}

/** Source: IAM User Guide, "IAM and AWS STS quotas": role trust policy length, without white space. */
const maxTrustPolicySize = 2048;

export interface NewRole {
  readonly name: string;
  readonly path: string;
  readonly description?: string;
  readonly assumeRolePolicyDocument: string;
  readonly maxSessionDurationSeconds: number;
  readonly permissionsBoundaryArn?: string;
  readonly tags: Tags;
}

export function createRole(state: State, input: NewRole, context: Context): Outcome<Role> {
  const { accountId } = context;
  const wrong = wrongWithNew(state, input, accountId);
  if (!wrong.ok) return wrong;
  const trusted = trust(state, input.assumeRolePolicyDocument, "assumeRolePolicyDocument");
  if (!trusted.ok) return trusted;
  const { description, permissionsBoundaryArn } = input;
  const role: Role = {
    id: makeUniqueId("AROA", context.hex),
    accountId,
    region: iamRegion,
    createdAtMs: context.nowMs,
    tags: input.tags,
    name: input.name,
    path: input.path,
    ...(description === undefined ? {} : { description }),
    assumeRolePolicyDocument: input.assumeRolePolicyDocument,
    trustedPrincipalIds: trusted.value,
    maxSessionDurationSeconds: input.maxSessionDurationSeconds,
    inlinePolicies: [],
    attachedPolicyArns: [],
    ...(permissionsBoundaryArn === undefined ? {} : { permissionsBoundaryArn }),
  };
  return ok({ changes: [put("role", role)], value: role });
}

function wrongWithNew(state: State, input: NewRole, accountId: string): Result<unknown, ApiError> {
  const name = checkedName("roleName", input.name, 64);
  if (!name.ok) return name;
  const path = checkedPath(input.path);
  if (!path.ok) return path;
  const settings = checked(settingConstraints(input));
  if (!settings.ok) return settings;
  const tags = checkedTags(input.tags);
  if (!tags.ok) return tags;
  if (findByName(state, "role", accountId, input.name) !== undefined) {
    return fail("EntityAlreadyExists", { message: `Role with name ${input.name} already exists.` });
  }
  if (input.permissionsBoundaryArn !== undefined) {
    const boundary = attachablePolicy(state, accountId, input.permissionsBoundaryArn);
    if (!boundary.ok) return boundary;
  }
  return roomFor(state, "role", accountId);
}

function settingConstraints(input: {
  readonly description?: string;
  readonly maxSessionDurationSeconds?: number;
}): readonly Constraint[] {
  // AWS's own pattern.
  // oxlint-disable-next-line no-control-regex
  const pattern = /[\u0009\u000A\u000D\u0020-\u007E\u00A1-\u00FF]*/u;
  return [
    { parameter: "description", value: input.description, max: 1000, pattern },
    { parameter: "maxSessionDuration", value: input.maxSessionDurationSeconds, min: 3600, max: 43_200 },
  ];
}

/** The unique ids that the document names now, when IAM takes it as a trust policy. */
function trust(state: State, document: string, parameter: string): Result<Record<string, string>, ApiError> {
  const good = checkedDocument("trust", document, parameter);
  if (!good.ok) return good;
  if (documentSize(document) > maxTrustPolicySize) return overQuota("ACLSizePerRole", maxTrustPolicySize);
  return trustedPrincipalIds(state, document);
}

export interface RoleUpdate {
  readonly name: string;
  readonly description?: string;
  readonly maxSessionDurationSeconds?: number;
}

/** What is not named stays. */
export function updateRole(state: State, input: RoleUpdate, context: Context): Outcome<Role> {
  const role = named(state, "role", context.accountId, input.name);
  if (!role.ok) return role;
  const wrong = checked(settingConstraints(input));
  if (!wrong.ok) return wrong;
  const next: Role = {
    ...role.value,
    ...(input.description === undefined ? {} : { description: input.description }),
    maxSessionDurationSeconds: input.maxSessionDurationSeconds ?? role.value.maxSessionDurationSeconds,
  };
  return ok({ changes: [put("role", next)], value: next });
}

export interface TrustUpdate {
  readonly name: string;
  readonly document: string;
}

/** Sessions that exist stay valid. */
export function updateAssumeRolePolicy(state: State, input: TrustUpdate, context: Context): Outcome<undefined> {
  const role = named(state, "role", context.accountId, input.name);
  if (!role.ok) return role;
  const free = modifiable(role.value);
  if (!free.ok) return free;
  const trusted = trust(state, input.document, "policyDocument");
  if (!trusted.ok) return trusted;
  const next = { ...role.value, assumeRolePolicyDocument: input.document, trustedPrincipalIds: trusted.value };
  return ok({ changes: [put("role", next)], value: undefined });
}

export function deleteRole(state: State, name: string, context: Context): Outcome<undefined> {
  const role = named(state, "role", context.accountId, name);
  if (!role.ok) return role;
  const free = modifiable(role.value);
  if (!free.ok) return free;
  if (findBy(state, "instance-profile", "roleId", role.value.id).length > 0) {
    return deleteConflict("remove roles from instance profile");
  }
  const policies = withoutPolicies(role.value);
  if (!policies.ok) return policies;
  return ok({ changes: [remove("role", role.value.id)], value: undefined });
}
