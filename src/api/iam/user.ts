/** Users and their access keys on the wire. Source: IAM API Reference, CreateUser, CreateAccessKey and their likes. */

import type * as sdk from "@aws-sdk/client-iam";
import type { Result } from "../../base/result.ts";
import { ok } from "../../base/result.ts";
import { accessKeysOf, createAccessKey, deleteAccessKey, updateAccessKey } from "../../model/access-key.ts";
import { type ApiError, fail } from "../../model/error.ts";
import { rootArn } from "../../model/iam-arn.ts";
import { checked, pathPrefixConstraint } from "../../model/iam-constraint.ts";
import { listed, named } from "../../model/iam-name.ts";
import { find } from "../../model/state.ts";
import type { User } from "../../model/user.ts";
import { createUser, deleteUser, updateUser } from "../../model/user.ts";
import type { Call } from "../handler.ts";
import { defined, present, tagsOf, userNameOf } from "./input.ts";
import { page } from "./page.ts";
import { shownUser } from "./view.ts";

export const userHandlers = {
  CreateUser: async (input: sdk.CreateUserRequest, call: Call): Promise<Result<sdk.CreateUserResponse, ApiError>> => {
    const fresh = {
      name: present(input.UserName),
      path: input.Path ?? "/",
      tags: tagsOf(input.Tags),
      ...defined({ permissionsBoundaryArn: input.PermissionsBoundary }),
    };
    const user = await call.run((state, context) => createUser(state, fresh, context));
    return user.ok ? ok({ User: shownUser(user.value, "full") }) : user;
  },

  /** Without a name: the caller, who may be the root user. */
  GetUser: async (input: sdk.GetUserRequest, call: Call): Promise<Result<sdk.GetUserResponse, ApiError>> => {
    if (input.UserName === undefined && call.principal.kind === "root") return ok({ User: shownRoot(call) });
    const user = userMeant(input.UserName, call);
    return user.ok ? ok({ User: shownUser(user.value, "full") }) : user;
  },

  ListUsers: async (input: sdk.ListUsersRequest, call: Call): Promise<Result<sdk.ListUsersResponse, ApiError>> => {
    const wrong = checked([pathPrefixConstraint(input.PathPrefix)]);
    if (!wrong.ok) return wrong;
    const users = listed(call.state(), "user", call.accountId);
    const some = page(under(users, input.PathPrefix), input, (one) => one.id);
    if (!some.ok) return some;
    const { items, ...rest } = some.value;
    return ok({ Users: items.map((one) => shownUser(one, "list")), ...rest });
  },

  UpdateUser: async (input: sdk.UpdateUserRequest, call: Call): Promise<Result<undefined, ApiError>> => {
    const update = {
      name: present(input.UserName),
      ...defined({ newName: input.NewUserName, newPath: input.NewPath }),
    };
    return call.run((state, context) => updateUser(state, update, context));
  },

  DeleteUser: async (input: sdk.DeleteUserRequest, call: Call): Promise<Result<undefined, ApiError>> =>
    call.run((state, context) => deleteUser(state, present(input.UserName), context)),

  CreateAccessKey: async (
    input: sdk.CreateAccessKeyRequest,
    call: Call,
  ): Promise<Result<sdk.CreateAccessKeyResponse, ApiError>> => {
    const user = userMeant(input.UserName, call);
    if (!user.ok) return user;
    const key = await call.run((state, context) => createAccessKey(state, user.value.name, context));
    if (!key.ok) return key;
    return ok({
      AccessKey: {
        UserName: user.value.name,
        AccessKeyId: key.value.id,
        Status: key.value.status,
        SecretAccessKey: key.value.secretAccessKey,
        CreateDate: new Date(key.value.createdAtMs),
      },
    });
  },

  GetAccessKeyLastUsed: async (
    input: sdk.GetAccessKeyLastUsedRequest,
    call: Call,
  ): Promise<Result<sdk.GetAccessKeyLastUsedResponse, ApiError>> => {
    const id = present(input.AccessKeyId);
    const key = find(call.state(), "access-key", id);
    const user = key?.accountId === call.accountId ? find(call.state(), "user", key.userId) : undefined;
    if (user === undefined) {
      return fail("NoSuchEntity", { message: `The Access Key with id ${id} cannot be found.` });
    }
    const use = call.keyUse.lastOf(id);
    return ok({
      UserName: user.name,
      AccessKeyLastUsed:
        use === undefined
          ? { ServiceName: "N/A", Region: "N/A", LastUsedDate: undefined }
          : { LastUsedDate: new Date(use.atMs), ServiceName: use.service, Region: use.region },
    });
  },

  ListAccessKeys: async (
    input: sdk.ListAccessKeysRequest,
    call: Call,
  ): Promise<Result<sdk.ListAccessKeysResponse, ApiError>> => {
    const user = userMeant(input.UserName, call);
    if (!user.ok) return user;
    const some = page(accessKeysOf(call.state(), user.value), input, (one) => one.id);
    if (!some.ok) return some;
    const { items, ...rest } = some.value;
    const shown = items.map((one) => ({
      UserName: user.value.name,
      AccessKeyId: one.id,
      Status: one.status,
      CreateDate: new Date(one.createdAtMs),
    }));
    return ok({ AccessKeyMetadata: shown, ...rest });
  },

  UpdateAccessKey: async (input: sdk.UpdateAccessKeyRequest, call: Call): Promise<Result<undefined, ApiError>> => {
    const userName = userNameOf(input.UserName, call);
    if (!userName.ok) return userName;
    const update = {
      userName: userName.value,
      accessKeyId: present(input.AccessKeyId),
      status: present(input.Status),
    };
    return call.run((state, context) => updateAccessKey(state, update, context));
  },

  DeleteAccessKey: async (input: sdk.DeleteAccessKeyRequest, call: Call): Promise<Result<undefined, ApiError>> => {
    const userName = userNameOf(input.UserName, call);
    if (!userName.ok) return userName;
    const key = { userName: userName.value, accessKeyId: present(input.AccessKeyId) };
    return call.run((state, context) => deleteAccessKey(state, key, context));
  },
};

/** The user of that name, else the caller. */
export function userMeant(name: string | undefined, call: Call): Result<User, ApiError> {
  const userName = userNameOf(name, call);
  return userName.ok ? named(call.state(), "user", call.accountId, userName.value) : userName;
}

/** Those whose path begins so; paths begin and end with a slash. */
export function under<T extends { readonly path: string }>(
  all: readonly T[],
  prefix: string | undefined,
): readonly T[] {
  return prefix === undefined || prefix === "/" ? all : all.filter((one) => one.path.startsWith(prefix));
}

/** ASSUMPTION: an account of the region has always been there, since the epoch. */
function shownRoot(call: Call): sdk.User {
  return {
    Path: undefined,
    UserName: undefined,
    UserId: call.accountId,
    Arn: rootArn(call.accountId),
    CreateDate: new Date(0),
  };
}
