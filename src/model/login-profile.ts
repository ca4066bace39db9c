/**
 * Passwords of users. Nobody can sign in with one, since there is no console, so the password itself is checked and
 * forgotten.
 * Source: IAM API Reference, "CreateLoginProfile", "UpdateLoginProfile".
 */

import { ok, type Result } from "../base/result.ts";
import { accountSetting, isGoodPassword } from "./account-setting.ts";
import { type ApiError, fail } from "./error.ts";
import { named } from "./iam-name.ts";
import { put, type State } from "./state.ts";
import type { LoginProfile, User } from "./user.ts";
import type { Context, Outcome } from "./verb.ts";

export interface LoginProfileInput {
  readonly userName: string;
  /** Absent: the password stays. */
  readonly password?: string;
  readonly passwordResetRequired?: boolean;
}

export function createLoginProfile(state: State, input: LoginProfileInput, context: Context): Outcome<LoginProfile> {
  const user = named(state, "user", context.accountId, input.userName);
  if (!user.ok) return user;
  if (user.value.loginProfile !== undefined) {
    return fail("EntityAlreadyExists", { message: `Login Profile for user ${user.value.name} already exists.` });
  }
  const wrong = checkedPassword(state, input.password ?? "", context);
  if (!wrong.ok) return wrong;
  const { nowMs } = context;
  const loginProfile: LoginProfile = {
    createdAtMs: nowMs,
    passwordSetAtMs: nowMs,
    passwordResetRequired: input.passwordResetRequired ?? false,
  };
  return ok({ changes: [put("user", { ...user.value, loginProfile })], value: loginProfile });
}

/** The user's profile, or NoSuchEntity. */
export function loginProfileOf({ name, loginProfile }: User): Result<LoginProfile, ApiError> {
  return loginProfile === undefined
    ? fail("NoSuchEntity", { message: `Login Profile for User ${name} cannot be found.` })
    : ok(loginProfile);
}

export function updateLoginProfile(state: State, input: LoginProfileInput, context: Context): Outcome<undefined> {
  const user = named(state, "user", context.accountId, input.userName);
  if (!user.ok) return user;
  const had = loginProfileOf(user.value);
  if (!had.ok) return had;
  const wrong = input.password === undefined ? ok(undefined) : checkedPassword(state, input.password, context);
  if (!wrong.ok) return wrong;
  const loginProfile: LoginProfile = {
    ...had.value,
    ...(input.password === undefined ? {} : { passwordSetAtMs: context.nowMs }),
    passwordResetRequired: input.passwordResetRequired ?? had.value.passwordResetRequired,
  };
  return ok({ changes: [put("user", { ...user.value, loginProfile })], value: undefined });
}

export function deleteLoginProfile(state: State, userName: string, context: Context): Outcome<undefined> {
  const user = named(state, "user", context.accountId, userName);
  if (!user.ok) return user;
  const had = loginProfileOf(user.value);
  if (!had.ok) return had;
  const { loginProfile: _, ...rest } = user.value;
  return ok({ changes: [put("user", rest)], value: undefined });
}

function checkedPassword(state: State, password: string, { accountId }: Context): Result<undefined, ApiError> {
  const policy = accountSetting(state, accountId)?.passwordPolicy;
  return isGoodPassword(password, policy)
    ? ok(undefined)
    : fail("PasswordPolicyViolation", { message: "Password does not conform to the account password policy." });
}
