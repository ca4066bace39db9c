/** Roles on the wire. Source: IAM API Reference, CreateRole and its likes. */

import type * as sdk from "@aws-sdk/client-iam";
import type { Result } from "../../base/result.ts";
import { ok } from "../../base/result.ts";
import { accountSetting } from "../../model/account-setting.ts";
import { type ApiError, fail } from "../../model/error.ts";
import { checked, pathPrefixConstraint } from "../../model/iam-constraint.ts";
import { listed, named } from "../../model/iam-name.ts";
import { createRole, deleteRole, updateAssumeRolePolicy, updateRole } from "../../model/role.ts";
import { createServiceLinkedRole, deleteServiceLinkedRole } from "../../model/service-linked-role.ts";
import type { Call } from "../handler.ts";
import { shownLastUse } from "./authorization-details.ts";
import { defined, present, tagsOf } from "./input.ts";
import { page } from "./page.ts";
import { under } from "./user.ts";
import { shownRole } from "./view.ts";

export const roleHandlers = {
  CreateRole: async (input: sdk.CreateRoleRequest, call: Call): Promise<Result<sdk.CreateRoleResponse, ApiError>> => {
    const fresh = {
      name: present(input.RoleName),
      path: input.Path ?? "/",
      assumeRolePolicyDocument: present(input.AssumeRolePolicyDocument),
      maxSessionDurationSeconds: input.MaxSessionDuration ?? 3600,
      tags: tagsOf(input.Tags),
      ...defined({ description: input.Description, permissionsBoundaryArn: input.PermissionsBoundary }),
    };
    const role = await call.run((state, context) => createRole(state, fresh, context));
    return role.ok ? ok({ Role: shownRole(call.state(), role.value, "full") }) : role;
  },

  GetRole: async (input: sdk.GetRoleRequest, call: Call): Promise<Result<sdk.GetRoleResponse, ApiError>> => {
    const role = named(call.state(), "role", call.accountId, present(input.RoleName));
    if (!role.ok) return role;
    const lastUsed = { RoleLastUsed: shownLastUse(role.value, call) };
    return ok({ Role: { ...shownRole(call.state(), role.value, "full"), ...lastUsed } });
  },

  ListRoles: async (input: sdk.ListRolesRequest, call: Call): Promise<Result<sdk.ListRolesResponse, ApiError>> => {
    const wrong = checked([pathPrefixConstraint(input.PathPrefix)]);
    if (!wrong.ok) return wrong;
    const state = call.state();
    const some = page(under(listed(state, "role", call.accountId), input.PathPrefix), input, (one) => one.id);
    if (!some.ok) return some;
    const { items, ...rest } = some.value;
    return ok({ Roles: items.map((one) => shownRole(state, one, "list")), ...rest });
  },

  UpdateRole: async (input: sdk.UpdateRoleRequest, call: Call): Promise<Result<sdk.UpdateRoleResponse, ApiError>> => {
    const update = {
      name: present(input.RoleName),
      ...defined({ description: input.Description, maxSessionDurationSeconds: input.MaxSessionDuration }),
    };
    const role = await call.run((state, context) => updateRole(state, update, context));
    return role.ok ? ok({}) : role;
  },

  UpdateRoleDescription: async (
    input: sdk.UpdateRoleDescriptionRequest,
    call: Call,
  ): Promise<Result<sdk.UpdateRoleDescriptionResponse, ApiError>> => {
    const update = { name: present(input.RoleName), description: present(input.Description) };
    const role = await call.run((state, context) => updateRole(state, update, context));
    return role.ok ? ok({ Role: shownRole(call.state(), role.value, "list") }) : role;
  },

  UpdateAssumeRolePolicy: async (
    input: sdk.UpdateAssumeRolePolicyRequest,
    call: Call,
  ): Promise<Result<undefined, ApiError>> => {
    const update = { name: present(input.RoleName), document: present(input.PolicyDocument) };
    return call.run((state, context) => updateAssumeRolePolicy(state, update, context));
  },

  DeleteRole: async (input: sdk.DeleteRoleRequest, call: Call): Promise<Result<undefined, ApiError>> =>
    call.run((state, context) => deleteRole(state, present(input.RoleName), context)),

  CreateServiceLinkedRole: async (
    input: sdk.CreateServiceLinkedRoleRequest,
    call: Call,
  ): Promise<Result<sdk.CreateServiceLinkedRoleResponse, ApiError>> => {
    const fresh = {
      serviceName: present(input.AWSServiceName),
      ...defined({ description: input.Description, customSuffix: input.CustomSuffix }),
    };
    const role = await call.run((state, context) => createServiceLinkedRole(state, fresh, context));
    return role.ok ? ok({ Role: shownRole(call.state(), role.value, "full") }) : role;
  },

  DeleteServiceLinkedRole: async (
    input: sdk.DeleteServiceLinkedRoleRequest,
    call: Call,
  ): Promise<Result<sdk.DeleteServiceLinkedRoleResponse, ApiError>> => {
    const task = await call.run((state, context) => deleteServiceLinkedRole(state, present(input.RoleName), context));
    return task.ok ? ok({ DeletionTaskId: task.value }) : task;
  },

  GetServiceLinkedRoleDeletionStatus: async (
    input: sdk.GetServiceLinkedRoleDeletionStatusRequest,
    call: Call,
  ): Promise<Result<sdk.GetServiceLinkedRoleDeletionStatusResponse, ApiError>> => {
    const tasks = accountSetting(call.state(), call.accountId)?.deletionTaskIds ?? [];
    if (tasks.includes(present(input.DeletionTaskId))) return ok({ Status: "SUCCEEDED" });
    return fail("NoSuchEntity", { message: `Deletion task ${input.DeletionTaskId ?? ""} cannot be found.` });
  },
};
