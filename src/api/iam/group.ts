/** Groups and their members on the wire. Source: IAM API Reference, CreateGroup, AddUserToGroup and their likes. */

import type * as sdk from "@aws-sdk/client-iam";
import type { Result } from "../../base/result.ts";
import { ok } from "../../base/result.ts";
import type { ApiError } from "../../model/error.ts";
import { createGroup, deleteGroup, groupsOf, membersOf, updateGroup } from "../../model/group.ts";
import { checked, pathPrefixConstraint } from "../../model/iam-constraint.ts";
import { listed, named } from "../../model/iam-name.ts";
import { addUserToGroup, removeUserFromGroup } from "../../model/user.ts";
import type { Call } from "../handler.ts";
import { defined, present } from "./input.ts";
import { page } from "./page.ts";
import { under } from "./user.ts";
import { shownGroup, shownUser } from "./view.ts";

export const groupHandlers = {
  CreateGroup: async (
    input: sdk.CreateGroupRequest,
    call: Call,
  ): Promise<Result<sdk.CreateGroupResponse, ApiError>> => {
    const fresh = { name: present(input.GroupName), path: input.Path ?? "/" };
    const group = await call.run((state, context) => createGroup(state, fresh, context));
    return group.ok ? ok({ Group: shownGroup(group.value) }) : group;
  },

  /** The group with its members. */
  GetGroup: async (input: sdk.GetGroupRequest, call: Call): Promise<Result<sdk.GetGroupResponse, ApiError>> => {
    const state = call.state();
    const group = named(state, "group", call.accountId, present(input.GroupName));
    if (!group.ok) return group;
    const some = page(membersOf(state, group.value), input, (one) => one.id);
    if (!some.ok) return some;
    const { items, ...rest } = some.value;
    return ok({ Group: shownGroup(group.value), Users: items.map((one) => shownUser(one, "list")), ...rest });
  },

  ListGroups: async (input: sdk.ListGroupsRequest, call: Call): Promise<Result<sdk.ListGroupsResponse, ApiError>> => {
    const wrong = checked([pathPrefixConstraint(input.PathPrefix)]);
    if (!wrong.ok) return wrong;
    const groups = under(listed(call.state(), "group", call.accountId), input.PathPrefix);
    const some = page(groups, input, (one) => one.id);
    if (!some.ok) return some;
    const { items, ...rest } = some.value;
    return ok({ Groups: items.map(shownGroup), ...rest });
  },

  ListGroupsForUser: async (
    input: sdk.ListGroupsForUserRequest,
    call: Call,
  ): Promise<Result<sdk.ListGroupsForUserResponse, ApiError>> => {
    const state = call.state();
    const user = named(state, "user", call.accountId, present(input.UserName));
    if (!user.ok) return user;
    const some = page(groupsOf(state, user.value), input, (one) => one.id);
    if (!some.ok) return some;
    const { items, ...rest } = some.value;
    return ok({ Groups: items.map(shownGroup), ...rest });
  },

  UpdateGroup: async (input: sdk.UpdateGroupRequest, call: Call): Promise<Result<undefined, ApiError>> => {
    const update = {
      name: present(input.GroupName),
      ...defined({ newName: input.NewGroupName, newPath: input.NewPath }),
    };
    return call.run((state, context) => updateGroup(state, update, context));
  },

  DeleteGroup: async (input: sdk.DeleteGroupRequest, call: Call): Promise<Result<undefined, ApiError>> =>
    call.run((state, context) => deleteGroup(state, present(input.GroupName), context)),

  AddUserToGroup: async (input: sdk.AddUserToGroupRequest, call: Call): Promise<Result<undefined, ApiError>> => {
    const membership = { userName: present(input.UserName), groupName: present(input.GroupName) };
    return call.run((state, context) => addUserToGroup(state, membership, context));
  },

  RemoveUserFromGroup: async (
    input: sdk.RemoveUserFromGroupRequest,
    call: Call,
  ): Promise<Result<undefined, ApiError>> => {
    const membership = { userName: present(input.UserName), groupName: present(input.GroupName) };
    return call.run((state, context) => removeUserFromGroup(state, membership, context));
  },
};
