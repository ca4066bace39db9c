/**
 * What IAM keeps of an account itself: its alias, its rules for passwords and the time of its last credential report.
 * Source: IAM API Reference, "CreateAccountAlias", "UpdateAccountPasswordPolicy", "GenerateCredentialReport".
 */

import { ok } from "../base/result.ts";
import { fail } from "./error.ts";
import { checked } from "./iam-constraint.ts";
import { iamRegion } from "./iam-name.ts";
import type { Resource } from "./resource.ts";
import { all, find, put, type State } from "./state.ts";
import type { Context, Outcome } from "./verb.ts";

export interface AccountSetting extends Resource {
  /** The account's number. */
  readonly id: string;
  readonly alias?: string;
  readonly passwordPolicy?: PasswordPolicy;
  /** Deletions of service-linked roles that were asked for, the newest last. */
  readonly deletionTaskIds: readonly string[];
  readonly reportedAtMs?: number;
}

export interface PasswordPolicy {
  readonly minimumLength: number;
  readonly requireSymbols: boolean;
  readonly requireNumbers: boolean;
  readonly requireUppercase: boolean;
  readonly requireLowercase: boolean;
  readonly allowUsersToChange: boolean;
  readonly maxAgeDays?: number;
  readonly reusePrevention?: number;
  readonly hardExpiry?: boolean;
}

/** Those of the account; undefined as long as nothing was set. */
export function accountSetting(state: State, accountId: string): AccountSetting | undefined {
  return find(state, "account-setting", accountId);
}

/** Sets the alias, in place of the one that there was. Failures: ValidationError, EntityAlreadyExists. */
export function setAccountAlias(state: State, alias: string, context: Context): Outcome<undefined> {
  const wrong = checked([aliasConstraint(alias)]);
  if (!wrong.ok) return wrong;
  const taken = [...all(state, "account-setting")].some((one) => one.alias === alias);
  if (taken) return fail("EntityAlreadyExists", { message: `The account alias ${alias} already exists.` });
  return change(state, context, (setting) => ({ ...setting, alias }));
}

export function deleteAccountAlias(state: State, alias: string, context: Context): Outcome<undefined> {
  const wrong = checked([aliasConstraint(alias)]);
  if (!wrong.ok) return wrong;
  if (accountSetting(state, context.accountId)?.alias !== alias) {
    return fail("NoSuchEntity", { message: `The account alias ${alias} cannot be found.` });
  }
  return change(state, context, ({ alias: _gone, ...rest }) => rest);
}

export function setPasswordPolicy(state: State, passwordPolicy: PasswordPolicy, context: Context): Outcome<undefined> {
  const { minimumLength, maxAgeDays, reusePrevention } = passwordPolicy;
  const wrong = checked([
    { parameter: "minimumPasswordLength", value: minimumLength, min: 6, max: 128 },
    { parameter: "maxPasswordAge", value: maxAgeDays, min: 1, max: 1095 },
    { parameter: "passwordReusePrevention", value: reusePrevention, min: 1, max: 24 },
  ]);
  return wrong.ok ? change(state, context, (setting) => ({ ...setting, passwordPolicy })) : wrong;
}

export function deletePasswordPolicy(state: State, context: Context): Outcome<undefined> {
  if (accountSetting(state, context.accountId)?.passwordPolicy === undefined) {
    return fail("NoSuchEntity", { message: "The account policy with name PasswordPolicy cannot be found." });
  }
  return change(state, context, ({ passwordPolicy: _gone, ...rest }) => rest);
}

/** Notes that a credential report was made now. */
export function noteReport(state: State, context: Context): Outcome<undefined> {
  return change(state, context, (setting) => ({ ...setting, reportedAtMs: context.nowMs }));
}

/** Tasks that are remembered. */
const maxTasks = 100;

/** The settings of the account with one more deletion of a service-linked role. */
export function withDeletionTask(state: State, taskId: string, context: Context): AccountSetting {
  const setting = settingOf(state, context);
  return { ...setting, deletionTaskIds: [...setting.deletionTaskIds, taskId].slice(-maxTasks) };
}

/**
 * Whether the password satisfies the account's rules, or AWS's own where the account has none.
 * Source: IAM User Guide, "Set an account password policy for IAM users": eight characters of three kinds by default.
 */
export function isGoodPassword(password: string, policy: PasswordPolicy | undefined): boolean {
  const has = { upper: /[A-Z]/, lower: /[a-z]/, number: /[0-9]/, symbol: /[!@#$%^&*()_+\-=[\]{}|']/ };
  if (policy === undefined) {
    const kinds = Object.values(has).filter((kind) => kind.test(password)).length;
    return password.length >= 8 && kinds >= 3;
  }
  return (
    password.length >= policy.minimumLength &&
    (!policy.requireUppercase || has.upper.test(password)) &&
    (!policy.requireLowercase || has.lower.test(password)) &&
    (!policy.requireNumbers || has.number.test(password)) &&
    (!policy.requireSymbols || has.symbol.test(password))
  );
}

function aliasConstraint(alias: string) {
  const pattern = /^[a-z0-9]([a-z0-9]|-(?!-)){1,61}[a-z0-9]$/u;
  return { parameter: "accountAlias", value: alias, min: 3, max: 63, pattern };
}

function change(state: State, context: Context, edit: (setting: AccountSetting) => AccountSetting): Outcome<undefined> {
  return ok({ changes: [put("account-setting", edit(settingOf(state, context)))], value: undefined });
}

function settingOf(state: State, { accountId, nowMs }: Context): AccountSetting {
  const fresh = { id: accountId, accountId, region: iamRegion, createdAtMs: nowMs, tags: [], deletionTaskIds: [] };
  return accountSetting(state, accountId) ?? fresh;
}
