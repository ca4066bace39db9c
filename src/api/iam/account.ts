/**
 * The account as a whole, and what no account here can have: MFA devices and certificates cannot be made, so their lists
 * are empty and truly so. Clients ask for them before they delete a user.
 * Source: IAM API Reference, "GetAccountSummary", "ListMFADevices" and their likes.
 */

import type * as sdk from "@aws-sdk/client-iam";
import type { Result } from "../../base/result.ts";
import { ok } from "../../base/result.ts";
import { accountSetting, deleteAccountAlias, setAccountAlias } from "../../model/account-setting.ts";
import { maxAccessKeys } from "../../model/access-key.ts";
import type { ApiError } from "../../model/error.ts";
import { accountQuotas, iamRegion } from "../../model/iam-name.ts";
import { identityQuotas } from "../../model/identity.ts";
import { findBy, ownerKey } from "../../model/state.ts";
import type { Call } from "../handler.ts";
import { present } from "./input.ts";
import { userMeant } from "./user.ts";

interface OfUser {
  readonly UserName?: string;
}

export const accountHandlers = {
  GetAccountSummary: async (_input: object, call: Call): Promise<Result<sdk.GetAccountSummaryResponse, ApiError>> =>
    ok({ SummaryMap: summary(call) }),

  ListAccountAliases: async (_input: object, call: Call): Promise<Result<sdk.ListAccountAliasesResponse, ApiError>> => {
    const alias = accountSetting(call.state(), call.accountId)?.alias;
    return ok({ AccountAliases: alias === undefined ? [] : [alias], IsTruncated: false });
  },

  CreateAccountAlias: async (input: sdk.CreateAccountAliasRequest, call: Call): Promise<Result<undefined, ApiError>> =>
    call.run((state, context) => setAccountAlias(state, present(input.AccountAlias), context)),

  DeleteAccountAlias: async (input: sdk.DeleteAccountAliasRequest, call: Call): Promise<Result<undefined, ApiError>> =>
    call.run((state, context) => deleteAccountAlias(state, present(input.AccountAlias), context)),

  ListMFADevices: async (input: OfUser, call: Call): Promise<Result<sdk.ListMFADevicesResponse, ApiError>> =>
    empty(input, call, { MFADevices: [], IsTruncated: false }),

  ListVirtualMFADevices: async (): Promise<Result<sdk.ListVirtualMFADevicesResponse, ApiError>> =>
    ok({ VirtualMFADevices: [], IsTruncated: false }),

  ListSSHPublicKeys: async (input: OfUser, call: Call): Promise<Result<sdk.ListSSHPublicKeysResponse, ApiError>> =>
    empty(input, call, { SSHPublicKeys: [], IsTruncated: false }),

  ListSigningCertificates: async (
    input: OfUser,
    call: Call,
  ): Promise<Result<sdk.ListSigningCertificatesResponse, ApiError>> =>
    empty(input, call, { Certificates: [], IsTruncated: false }),

  ListServiceSpecificCredentials: async (
    input: OfUser,
    call: Call,
  ): Promise<Result<sdk.ListServiceSpecificCredentialsResponse, ApiError>> =>
    empty(input, call, { ServiceSpecificCredentials: [] }),
};

/** The empty list of a user who exists. */
function empty<T>(input: OfUser, call: Call, list: T): Result<T, ApiError> {
  if (input.UserName === undefined && call.principal.kind === "root") return ok(list);
  const user = userMeant(input.UserName, call);
  return user.ok ? ok(list) : user;
}

function summary(call: Call): Record<string, number> {
  const owner = ownerKey(call.accountId, iamRegion);
  const state = call.state();
  const policies = findBy(state, "managed-policy", "owner", owner);
  return {
    Users: findBy(state, "user", "owner", owner).length,
    UsersQuota: accountQuotas.user.limit,
    Groups: findBy(state, "group", "owner", owner).length,
    GroupsQuota: accountQuotas.group.limit,
    Roles: findBy(state, "role", "owner", owner).length,
    RolesQuota: accountQuotas.role.limit,
    Policies: policies.length,
    PoliciesQuota: accountQuotas["managed-policy"].limit,
    PolicyVersionsInUse: policies.reduce((sum, one) => sum + one.versions.length, 0),
    PolicyVersionsInUseQuota: 10_000,
    VersionsPerPolicyQuota: 5,
    InstanceProfiles: findBy(state, "instance-profile", "owner", owner).length,
    InstanceProfilesQuota: accountQuotas["instance-profile"].limit,
    AccessKeysPerUserQuota: maxAccessKeys,
    AccountAccessKeysPresent: 1,
    AccountMFAEnabled: 0,
    AccountPasswordPresent: 0,
    AccountSigningCertificatesPresent: 0,
    AssumeRolePolicySizeQuota: 2048,
    AttachedPoliciesPerUserQuota: identityQuotas.user.attached,
    AttachedPoliciesPerRoleQuota: identityQuotas.role.attached,
    AttachedPoliciesPerGroupQuota: identityQuotas.group.attached,
    UserPolicySizeQuota: identityQuotas.user.inlineSize,
    RolePolicySizeQuota: identityQuotas.role.inlineSize,
    GroupPolicySizeQuota: identityQuotas.group.inlineSize,
    PolicySizeQuota: 6144,
    GroupsPerUserQuota: 10,
    MFADevices: 0,
    MFADevicesInUse: 0,
    Providers: 0,
    ServerCertificates: 0,
    ServerCertificatesQuota: 20,
    SigningCertificatesPerUserQuota: 2,
    GlobalEndpointTokenVersion: 1,
  };
}
