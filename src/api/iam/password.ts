/** Passwords of users and the rules for them. Source: IAM API Reference, "CreateLoginProfile", "UpdateAccountPasswordPolicy" and their kin. */

import type * as sdk from "@aws-sdk/client-iam";
import { ok, type Result } from "../../base/result.ts";
import { accountSetting, deletePasswordPolicy, setPasswordPolicy } from "../../model/account-setting.ts";
import { type ApiError, fail } from "../../model/error.ts";
import {
  createLoginProfile,
  deleteLoginProfile,
  loginProfileOf,
  updateLoginProfile,
} from "../../model/login-profile.ts";
import type { LoginProfile } from "../../model/user.ts";
import type { Call } from "../handler.ts";
import { defined, present, userNameOf } from "./input.ts";
import { userMeant } from "./user.ts";

export const passwordHandlers = {
  CreateLoginProfile: async (
    input: sdk.CreateLoginProfileRequest,
    call: Call,
  ): Promise<Result<sdk.CreateLoginProfileResponse, ApiError>> => {
    const userName = userNameOf(input.UserName, call);
    if (!userName.ok) return userName;
    const wanted = {
      userName: userName.value,
      ...defined({ password: input.Password, passwordResetRequired: input.PasswordResetRequired }),
    };
    const made = await call.run((state, context) => createLoginProfile(state, wanted, context));
    return made.ok ? ok({ LoginProfile: shown(userName.value, made.value) }) : made;
  },

  GetLoginProfile: async (
    input: sdk.GetLoginProfileRequest,
    call: Call,
  ): Promise<Result<sdk.GetLoginProfileResponse, ApiError>> => {
    const user = userMeant(input.UserName, call);
    if (!user.ok) return user;
    const profile = loginProfileOf(user.value);
    return profile.ok ? ok({ LoginProfile: shown(user.value.name, profile.value) }) : profile;
  },

  UpdateLoginProfile: async (
    input: sdk.UpdateLoginProfileRequest,
    call: Call,
  ): Promise<Result<undefined, ApiError>> => {
    const wanted = {
      userName: present(input.UserName),
      ...defined({ password: input.Password, passwordResetRequired: input.PasswordResetRequired }),
    };
    return call.run((state, context) => updateLoginProfile(state, wanted, context));
  },

  DeleteLoginProfile: async (
    input: sdk.DeleteLoginProfileRequest,
    call: Call,
  ): Promise<Result<undefined, ApiError>> => {
    const userName = userNameOf(input.UserName, call);
    if (!userName.ok) return userName;
    return call.run((state, context) => deleteLoginProfile(state, userName.value, context));
  },

  GetAccountPasswordPolicy: async (
    _input: object,
    call: Call,
  ): Promise<Result<sdk.GetAccountPasswordPolicyResponse, ApiError>> => {
    const policy = accountSetting(call.state(), call.accountId)?.passwordPolicy;
    if (policy === undefined) {
      const message = `The Password Policy with domain name ${call.accountId} cannot be found.`;
      return fail("NoSuchEntity", { message });
    }
    const { maxAgeDays, reusePrevention, hardExpiry } = policy;
    return ok({
      PasswordPolicy: {
        MinimumPasswordLength: policy.minimumLength,
        RequireSymbols: policy.requireSymbols,
        RequireNumbers: policy.requireNumbers,
        RequireUppercaseCharacters: policy.requireUppercase,
        RequireLowercaseCharacters: policy.requireLowercase,
        AllowUsersToChangePassword: policy.allowUsersToChange,
        ExpirePasswords: maxAgeDays !== undefined,
        ...defined({ MaxPasswordAge: maxAgeDays, PasswordReusePrevention: reusePrevention, HardExpiry: hardExpiry }),
      },
    });
  },

  /** What is not named goes back to its default: the call replaces the whole. */
  UpdateAccountPasswordPolicy: async (
    input: sdk.UpdateAccountPasswordPolicyRequest,
    call: Call,
  ): Promise<Result<undefined, ApiError>> => {
    const policy = {
      minimumLength: input.MinimumPasswordLength ?? 6,
      requireSymbols: input.RequireSymbols ?? false,
      requireNumbers: input.RequireNumbers ?? false,
      requireUppercase: input.RequireUppercaseCharacters ?? false,
      requireLowercase: input.RequireLowercaseCharacters ?? false,
      allowUsersToChange: input.AllowUsersToChangePassword ?? false,
      ...defined({
        maxAgeDays: input.MaxPasswordAge,
        reusePrevention: input.PasswordReusePrevention,
        hardExpiry: input.HardExpiry,
      }),
    };
    return call.run((state, context) => setPasswordPolicy(state, policy, context));
  },

  DeleteAccountPasswordPolicy: async (_input: object, call: Call): Promise<Result<undefined, ApiError>> =>
    call.run((state, context) => deletePasswordPolicy(state, context)),
};

function shown(UserName: string, profile: LoginProfile): sdk.LoginProfile {
  return {
    UserName,
    CreateDate: new Date(profile.createdAtMs),
    PasswordResetRequired: profile.passwordResetRequired,
  };
}
