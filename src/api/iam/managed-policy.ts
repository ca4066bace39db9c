/** Managed policies on the wire. Source: IAM API Reference, CreatePolicy, CreatePolicyVersion and their likes. */

import type * as sdk from "@aws-sdk/client-iam";
import type { Result } from "../../base/result.ts";
import { ok } from "../../base/result.ts";
import type { ApiError } from "../../model/error.ts";
import { managedPolicyArn } from "../../model/iam-arn.ts";
import type { Constraint } from "../../model/iam-constraint.ts";
import { checked, pathPrefixConstraint } from "../../model/iam-constraint.ts";
import type { ManagedPolicy, PolicyHolders } from "../../model/managed-policy.ts";
import {
  createPolicy,
  createPolicyVersion,
  deletePolicy,
  deletePolicyVersion,
  holderCount,
  holdersOf,
  policiesOf,
  policyFor,
  policyVersion,
  setDefaultPolicyVersion,
} from "../../model/managed-policy.ts";
import type { Call } from "../handler.ts";
import { defined, present, tagsOf } from "./input.ts";
import { page } from "./page.ts";
import { under } from "./user.ts";
import { shownPolicy, shownVersion } from "./view.ts";

export const managedPolicyHandlers = {
  CreatePolicy: async (
    input: sdk.CreatePolicyRequest,
    call: Call,
  ): Promise<Result<sdk.CreatePolicyResponse, ApiError>> => {
    const fresh = {
      name: present(input.PolicyName),
      path: input.Path ?? "/",
      document: present(input.PolicyDocument),
      tags: tagsOf(input.Tags),
      ...defined({ description: input.Description }),
    };
    const policy = await call.run((state, context) => createPolicy(state, fresh, context));
    return policy.ok ? ok({ Policy: shownPolicy(call.state(), policy.value, call.accountId, "full") }) : policy;
  },

  GetPolicy: async (input: sdk.GetPolicyRequest, call: Call): Promise<Result<sdk.GetPolicyResponse, ApiError>> => {
    const policy = policyFor(call.state(), call.accountId, present(input.PolicyArn));
    return policy.ok ? ok({ Policy: shownPolicy(call.state(), policy.value, call.accountId, "full") }) : policy;
  },

  ListPolicies: async (
    input: sdk.ListPoliciesRequest,
    call: Call,
  ): Promise<Result<sdk.ListPoliciesResponse, ApiError>> => {
    const wrong = checked([
      pathPrefixConstraint(input.PathPrefix),
      { parameter: "scope", value: input.Scope, oneOf: ["All", "AWS", "Local"] },
      usageConstraint(input.PolicyUsageFilter),
    ]);
    if (!wrong.ok) return wrong;
    const some = page(wantedPolicies(input, call), input, managedPolicyArn);
    if (!some.ok) return some;
    const { items, ...rest } = some.value;
    const shown = items.map((one) => shownPolicy(call.state(), one, call.accountId, "list"));
    return ok({ Policies: shown, ...rest });
  },

  DeletePolicy: async (input: sdk.DeletePolicyRequest, call: Call): Promise<Result<undefined, ApiError>> =>
    call.run((state, context) => deletePolicy(state, present(input.PolicyArn), context)),

  CreatePolicyVersion: async (
    input: sdk.CreatePolicyVersionRequest,
    call: Call,
  ): Promise<Result<sdk.CreatePolicyVersionResponse, ApiError>> => {
    const fresh = {
      arn: present(input.PolicyArn),
      document: present(input.PolicyDocument),
      setAsDefault: input.SetAsDefault ?? false,
    };
    const made = await call.run((state, context) => createPolicyVersion(state, fresh, context));
    return made.ok ? ok({ PolicyVersion: shownVersion(made.value.policy, made.value.version, "list") }) : made;
  },

  GetPolicyVersion: async (
    input: sdk.GetPolicyVersionRequest,
    call: Call,
  ): Promise<Result<sdk.GetPolicyVersionResponse, ApiError>> => {
    const policy = policyFor(call.state(), call.accountId, present(input.PolicyArn));
    if (!policy.ok) return policy;
    const version = policyVersion(policy.value, present(input.VersionId));
    return version.ok ? ok({ PolicyVersion: shownVersion(policy.value, version.value, "full") }) : version;
  },

  /** The newest first. */
  ListPolicyVersions: async (
    input: sdk.ListPolicyVersionsRequest,
    call: Call,
  ): Promise<Result<sdk.ListPolicyVersionsResponse, ApiError>> => {
    const policy = policyFor(call.state(), call.accountId, present(input.PolicyArn));
    if (!policy.ok) return policy;
    const some = page(policy.value.versions.toReversed(), input, (one) => one.id);
    if (!some.ok) return some;
    const { items, ...rest } = some.value;
    return ok({ Versions: items.map((one) => shownVersion(policy.value, one, "list")), ...rest });
  },

  DeletePolicyVersion: async (
    input: sdk.DeletePolicyVersionRequest,
    call: Call,
  ): Promise<Result<undefined, ApiError>> => {
    const which = { arn: present(input.PolicyArn), versionId: present(input.VersionId) };
    return call.run((state, context) => deletePolicyVersion(state, which, context));
  },

  SetDefaultPolicyVersion: async (
    input: sdk.SetDefaultPolicyVersionRequest,
    call: Call,
  ): Promise<Result<undefined, ApiError>> => {
    const which = { arn: present(input.PolicyArn), versionId: present(input.VersionId) };
    return call.run((state, context) => setDefaultPolicyVersion(state, which, context));
  },

  /** One page runs through the groups, then the users, then the roles. */
  ListEntitiesForPolicy: async (
    input: sdk.ListEntitiesForPolicyRequest,
    call: Call,
  ): Promise<Result<sdk.ListEntitiesForPolicyResponse, ApiError>> => {
    const wrong = checked([
      {
        parameter: "entityFilter",
        value: input.EntityFilter,
        oneOf: ["User", "Role", "Group", "LocalManagedPolicy", "AWSManagedPolicy"],
      },
      usageConstraint(input.PolicyUsageFilter),
    ]);
    if (!wrong.ok) return wrong;
    const policy = policyFor(call.state(), call.accountId, present(input.PolicyArn));
    if (!policy.ok) return policy;
    const some = page(entitiesOf(input, call), input, (one) => one.id);
    if (!some.ok) return some;
    const { items, ...rest } = some.value;
    const of = (kind: Entity["kind"]): readonly Entity[] => items.filter((one) => one.kind === kind);
    return ok({
      PolicyGroups: of("Group").map((one) => ({ GroupName: one.name, GroupId: one.id })),
      PolicyUsers: of("User").map((one) => ({ UserName: one.name, UserId: one.id })),
      PolicyRoles: of("Role").map((one) => ({ RoleName: one.name, RoleId: one.id })),
      ...rest,
    });
  },
};

function usageConstraint(value: string | undefined): Constraint {
  return { parameter: "policyUsageFilter", value, oneOf: ["PermissionsPolicy", "PermissionsBoundary"] };
}

function wantedPolicies(input: sdk.ListPoliciesRequest, call: Call): readonly ManagedPolicy[] {
  const state = call.state();
  const all = under(policiesOf(state, call.accountId, input.Scope ?? "All"), input.PathPrefix);
  const used = (policy: ManagedPolicy, use: "permissions" | "boundary"): boolean =>
    holderCount(holdersOf(state, call.accountId, managedPolicyArn(policy), use)) > 0;
  return all.filter((policy) => {
    switch (input.PolicyUsageFilter) {
      case "PermissionsPolicy":
        return used(policy, "permissions");
      case "PermissionsBoundary":
        return used(policy, "boundary");
      case undefined:
        return input.OnlyAttached !== true || used(policy, "permissions") || used(policy, "boundary");
    }
  });
}

interface Entity {
  readonly kind: "Group" | "User" | "Role";
  readonly id: string;
  readonly name: string;
  readonly path: string;
}

function entitiesOf(input: sdk.ListEntitiesForPolicyRequest, call: Call): readonly Entity[] {
  const arn = present(input.PolicyArn);
  const permissions = holdersOf(call.state(), call.accountId, arn, "permissions");
  const boundary = holdersOf(call.state(), call.accountId, arn, "boundary");
  const wanted = [
    ...(input.PolicyUsageFilter === "PermissionsBoundary" ? [] : entities(permissions)),
    ...(input.PolicyUsageFilter === "PermissionsPolicy" ? [] : entities(boundary)),
  ];
  const once = new Map(wanted.map((one) => [one.id, one]));
  const filtered = [...once.values()].filter(
    (one) => input.EntityFilter === undefined || one.kind === input.EntityFilter,
  );
  return under(filtered, input.PathPrefix).toSorted((a, b) => (a.kind + a.name < b.kind + b.name ? -1 : 1));
}

function entities(holders: PolicyHolders): readonly Entity[] {
  const shown = (kind: Entity["kind"]) => (one: Omit<Entity, "kind">) => ({
    kind,
    id: one.id,
    name: one.name,
    path: one.path,
  });
  return [
    ...holders.groups.map(shown("Group")),
    ...holders.users.map(shown("User")),
    ...holders.roles.map(shown("Role")),
  ];
}
