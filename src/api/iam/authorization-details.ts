/** Everything about who may do what, in one answer. Source: IAM API Reference, "GetAccountAuthorizationDetails". */

import type * as sdk from "@aws-sdk/client-iam";
import { ok, type Result } from "../../base/result.ts";
import type { ApiError } from "../../model/error.ts";
import type { Group } from "../../model/group.ts";
import { groupArn, managedPolicyArn, roleArn, userArn } from "../../model/iam-arn.ts";
import { checked } from "../../model/iam-constraint.ts";
import { byName, listed } from "../../model/iam-name.ts";
import { holderCount, holdersOf, type ManagedPolicy, policiesOf } from "../../model/managed-policy.ts";
import type { Role } from "../../model/role.ts";
import { find, findBy, type State } from "../../model/state.ts";
import { shownTrustPolicy } from "../../model/trust-policy.ts";
import type { InlinePolicy, User } from "../../model/user.ts";
import type { Call } from "../handler.ts";
import { page } from "./page.ts";
import { encodedDocument, shownBoundary, shownInstanceProfile, shownPolicy, shownTags, shownVersion } from "./view.ts";

type Item =
  | { readonly kind: "User"; readonly of: User }
  | { readonly kind: "Group"; readonly of: Group }
  | { readonly kind: "Role"; readonly of: Role }
  | { readonly kind: "LocalManagedPolicy" | "AWSManagedPolicy"; readonly of: ManagedPolicy };

const filters = ["User", "Role", "Group", "LocalManagedPolicy", "AWSManagedPolicy"];

export const authorizationDetailHandlers = {
  /** One page runs through the users, the groups, the roles and the policies. */
  GetAccountAuthorizationDetails: async (
    input: sdk.GetAccountAuthorizationDetailsRequest,
    call: Call,
  ): Promise<Result<sdk.GetAccountAuthorizationDetailsResponse, ApiError>> => {
    const wanted: readonly string[] = input.Filter ?? [];
    const wrong = checked(wanted.map((value) => ({ parameter: "filter", value, oneOf: filters })));
    if (!wrong.ok) return wrong;
    const state = call.state();
    const all = itemsOf(state, call.accountId).filter(({ kind }) => wanted.length === 0 || wanted.includes(kind));
    const some = page(all, input, ({ of }) => of.id);
    if (!some.ok) return some;
    const { items, ...rest } = some.value;
    return ok({
      UserDetailList: items.flatMap((one) => (one.kind === "User" ? [userDetail(state, one.of)] : [])),
      GroupDetailList: items.flatMap((one) => (one.kind === "Group" ? [groupDetail(one.of)] : [])),
      RoleDetailList: items.flatMap((one) => (one.kind === "Role" ? [roleDetail(one.of, call)] : [])),
      Policies: items.flatMap((one) =>
        one.kind === "LocalManagedPolicy" || one.kind === "AWSManagedPolicy" ? [policyDetail(one.of, call)] : [],
      ),
      ...rest,
    });
  },
};

/** ASSUMPTION: of AWS's managed policies GetAccountAuthorizationDetails tells those that are in use. */
function itemsOf(state: State, accountId: string): readonly Item[] {
  const isUsed = (policy: ManagedPolicy): boolean =>
    (["permissions", "boundary"] as const).some(
      (use) => holderCount(holdersOf(state, accountId, managedPolicyArn(policy), use)) > 0,
    );
  return [
    ...listed(state, "user", accountId).map((of) => ({ kind: "User" as const, of })),
    ...listed(state, "group", accountId).map((of) => ({ kind: "Group" as const, of })),
    ...listed(state, "role", accountId).map((of) => ({ kind: "Role" as const, of })),
    ...policiesOf(state, accountId, "Local").map((of) => ({ kind: "LocalManagedPolicy" as const, of })),
    ...policiesOf(state, accountId, "AWS")
      .filter(isUsed)
      .map((of) => ({ kind: "AWSManagedPolicy" as const, of })),
  ];
}

function userDetail(state: State, user: User): sdk.UserDetail {
  const groups = user.groupIds.flatMap((id) => find(state, "group", id) ?? []);
  return {
    Path: user.path,
    UserName: user.name,
    UserId: user.id,
    Arn: userArn(user),
    CreateDate: new Date(user.createdAtMs),
    ...(user.inlinePolicies.length === 0 ? {} : { UserPolicyList: inline(user.inlinePolicies) }),
    GroupList: groups.toSorted(byName).map(({ name }) => name),
    AttachedManagedPolicies: namesOf(user.attachedPolicyArns),
    ...shownBoundary(user.permissionsBoundaryArn),
    Tags: shownTags(user.tags),
  };
}

function groupDetail(group: Group): sdk.GroupDetail {
  return {
    Path: group.path,
    GroupName: group.name,
    GroupId: group.id,
    Arn: groupArn(group),
    CreateDate: new Date(group.createdAtMs),
    GroupPolicyList: inline(group.inlinePolicies),
    AttachedManagedPolicies: namesOf(group.attachedPolicyArns),
  };
}

function roleDetail(role: Role, call: Call): sdk.RoleDetail {
  const state = call.state();
  const profiles = findBy(state, "instance-profile", "roleId", role.id).toSorted(byName);
  return {
    Path: role.path,
    RoleName: role.name,
    RoleId: role.id,
    Arn: roleArn(role),
    CreateDate: new Date(role.createdAtMs),
    AssumeRolePolicyDocument: encodedDocument(shownTrustPolicy(state, role)),
    InstanceProfileList: profiles.map((one) => shownInstanceProfile(state, one, "list")),
    RolePolicyList: inline(role.inlinePolicies),
    AttachedManagedPolicies: namesOf(role.attachedPolicyArns),
    ...shownBoundary(role.permissionsBoundaryArn),
    Tags: shownTags(role.tags),
    RoleLastUsed: shownLastUse(role, call),
  };
}

/** Empty for a role that was never used. */
export function shownLastUse(role: Role, call: Call): sdk.RoleLastUsed {
  const use = call.keyUse.lastOf(role.id);
  return use === undefined ? {} : { LastUsedDate: new Date(use.atMs), Region: use.region };
}

function policyDetail(policy: ManagedPolicy, call: Call): sdk.ManagedPolicyDetail {
  const { Tags: _, ...shown } = shownPolicy(call.state(), policy, call.accountId, "full");
  const versions = policy.versions.toReversed().map((version) => shownVersion(policy, version, "full"));
  return { ...shown, PolicyVersionList: versions };
}

function inline(policies: readonly InlinePolicy[]): sdk.PolicyDetail[] {
  return policies.map(({ name, document }) => ({ PolicyName: name, PolicyDocument: encodedDocument(document) }));
}

function namesOf(arns: readonly string[]): sdk.AttachedPolicy[] {
  return arns.map((arn) => ({ PolicyName: arn.slice(arn.lastIndexOf("/") + 1), PolicyArn: arn }));
}
