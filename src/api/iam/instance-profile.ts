/** Instance profiles on the wire. Source: IAM API Reference, CreateInstanceProfile and its likes. */

import type * as sdk from "@aws-sdk/client-iam";
import type { Result } from "../../base/result.ts";
import { ok } from "../../base/result.ts";
import type { ApiError } from "../../model/error.ts";
import { checked, pathPrefixConstraint } from "../../model/iam-constraint.ts";
import { byName, listed, named } from "../../model/iam-name.ts";
import {
  addRoleToInstanceProfile,
  createInstanceProfile,
  deleteInstanceProfile,
  removeRoleFromInstanceProfile,
} from "../../model/instance-profile.ts";
import { findBy } from "../../model/state.ts";
import type { Call } from "../handler.ts";
import { present, tagsOf } from "./input.ts";
import { page } from "./page.ts";
import { under } from "./user.ts";
import { shownInstanceProfile } from "./view.ts";

export const instanceProfileHandlers = {
  CreateInstanceProfile: async (
    input: sdk.CreateInstanceProfileRequest,
    call: Call,
  ): Promise<Result<sdk.CreateInstanceProfileResponse, ApiError>> => {
    const fresh = { name: present(input.InstanceProfileName), path: input.Path ?? "/", tags: tagsOf(input.Tags) };
    const profile = await call.run((state, context) => createInstanceProfile(state, fresh, context));
    return profile.ok ? ok({ InstanceProfile: shownInstanceProfile(call.state(), profile.value, "full") }) : profile;
  },

  GetInstanceProfile: async (
    input: sdk.GetInstanceProfileRequest,
    call: Call,
  ): Promise<Result<sdk.GetInstanceProfileResponse, ApiError>> => {
    const state = call.state();
    const profile = named(state, "instance-profile", call.accountId, present(input.InstanceProfileName));
    return profile.ok ? ok({ InstanceProfile: shownInstanceProfile(state, profile.value, "full") }) : profile;
  },

  ListInstanceProfiles: async (
    input: sdk.ListInstanceProfilesRequest,
    call: Call,
  ): Promise<Result<sdk.ListInstanceProfilesResponse, ApiError>> => {
    const wrong = checked([pathPrefixConstraint(input.PathPrefix)]);
    if (!wrong.ok) return wrong;
    const state = call.state();
    const all = under(listed(state, "instance-profile", call.accountId), input.PathPrefix);
    const some = page(all, input, (one) => one.id);
    if (!some.ok) return some;
    const { items, ...rest } = some.value;
    return ok({ InstanceProfiles: items.map((one) => shownInstanceProfile(state, one, "list")), ...rest });
  },

  ListInstanceProfilesForRole: async (
    input: sdk.ListInstanceProfilesForRoleRequest,
    call: Call,
  ): Promise<Result<sdk.ListInstanceProfilesForRoleResponse, ApiError>> => {
    const state = call.state();
    const role = named(state, "role", call.accountId, present(input.RoleName));
    if (!role.ok) return role;
    const all = findBy(state, "instance-profile", "roleId", role.value.id).toSorted(byName);
    const some = page(all, input, (one) => one.id);
    if (!some.ok) return some;
    const { items, ...rest } = some.value;
    return ok({ InstanceProfiles: items.map((one) => shownInstanceProfile(state, one, "list")), ...rest });
  },

  DeleteInstanceProfile: async (
    input: sdk.DeleteInstanceProfileRequest,
    call: Call,
  ): Promise<Result<undefined, ApiError>> =>
    call.run((state, context) => deleteInstanceProfile(state, present(input.InstanceProfileName), context)),

  AddRoleToInstanceProfile: async (
    input: sdk.AddRoleToInstanceProfileRequest,
    call: Call,
  ): Promise<Result<undefined, ApiError>> => {
    const pair = { profileName: present(input.InstanceProfileName), roleName: present(input.RoleName) };
    return call.run((state, context) => addRoleToInstanceProfile(state, pair, context));
  },

  RemoveRoleFromInstanceProfile: async (
    input: sdk.RemoveRoleFromInstanceProfileRequest,
    call: Call,
  ): Promise<Result<undefined, ApiError>> => {
    const pair = { profileName: present(input.InstanceProfileName), roleName: present(input.RoleName) };
    return call.run((state, context) => removeRoleFromInstanceProfile(state, pair, context));
  },
};
