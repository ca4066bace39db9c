/** Sessions on the wire. Source: AWS STS API Reference, AssumeRole, GetSessionToken, GetFederationToken, GetCallerIdentity. */

import type * as sdk from "@aws-sdk/client-sts";
import type { Result } from "../../base/result.ts";
import { ok } from "../../base/result.ts";
import { credentialOf } from "../../model/credential.ts";
import type { ApiError } from "../../model/error.ts";
import { fail } from "../../model/error.ts";
import { assumedRoleArn, federatedUserArn } from "../../model/iam-arn.ts";
import { checked } from "../../model/iam-constraint.ts";
import type { Session, SessionRoot, SessionUser } from "../../model/session.ts";
import { assumeRole, getFederationToken, getSessionToken } from "../../model/session.ts";
import { nameOf } from "../../policy/principal.ts";
import type { Principal } from "../../policy/request.ts";
import type { Call } from "../handler.ts";
import { defined, present, tagsOf } from "../iam/input.ts";

export const sessionHandlers = {
  GetCallerIdentity: async (_input: object, call: Call): Promise<Result<sdk.GetCallerIdentityResponse, ApiError>> => {
    const { principal, accountId } = call;
    return ok({ UserId: userIdOf(principal, accountId), Account: accountId, Arn: nameOf(principal) });
  },

  /** Whose key it is, without a look at permissions. */
  GetAccessKeyInfo: async (
    input: sdk.GetAccessKeyInfoRequest,
    call: Call,
  ): Promise<Result<sdk.GetAccessKeyInfoResponse, ApiError>> => {
    const id = present(input.AccessKeyId);
    const known = credentialOf(call.state(), id)?.accountId;
    if (known !== undefined) return ok({ Account: known });
    const wrong = checked([{ parameter: "accessKeyId", value: id, min: 16, max: 128, pattern: /[\w]*/u }]);
    return wrong.ok ? fail("ValidationError", { message: `Access key ${id} is not known` }) : wrong;
  },

  /**
   * ASSUMPTION: the root user may assume a role that trusts his account, as the keys that everybody begins with are his; AWS
   * refuses every root user.
   */
  AssumeRole: async (input: sdk.AssumeRoleRequest, call: Call): Promise<Result<sdk.AssumeRoleResponse, ApiError>> => {
    const unable = cannotServe(input) ?? wrongExternalId(input);
    if (unable !== undefined) return unable;
    const roleArn = present(input.RoleArn);
    const sessionName = present(input.RoleSessionName);
    const wanted = {
      roleArn,
      sessionName,
      ...scopeOf(input),
      transitiveTagKeys: input.TransitiveTagKeys ?? [],
      callerName: nameOf(call.principal),
      ...defined({
        durationSeconds: input.DurationSeconds,
        sourceIdentity: input.SourceIdentity,
        callerSessionId: sessionIdOf(call.principal),
      }),
    };
    const issued = await call.run((state, context) => assumeRole(state, wanted, context));
    if (!issued.ok) return issued;
    const { session, role, packedPolicySize } = issued.value;
    return ok({
      Credentials: shownCredentials(session),
      AssumedRoleUser: {
        AssumedRoleId: `${role.id}:${sessionName}`,
        Arn: assumedRoleArn(role.accountId, role.name, sessionName),
      },
      ...defined({ PackedPolicySize: packedPolicySize, SourceIdentity: session.sourceIdentity }),
    });
  },

  GetSessionToken: async (
    input: sdk.GetSessionTokenRequest,
    call: Call,
  ): Promise<Result<sdk.GetSessionTokenResponse, ApiError>> => {
    const unable = cannotServe(input);
    if (unable !== undefined) return unable;
    const principal = longLived(call.principal, "GetSessionToken");
    if (!principal.ok) return principal;
    const wanted = { principal: principal.value, ...defined({ durationSeconds: input.DurationSeconds }) };
    const issued = await call.run((state, context) => getSessionToken(state, wanted, context));
    return issued.ok ? ok({ Credentials: shownCredentials(issued.value.session) }) : issued;
  },

  GetFederationToken: async (
    input: sdk.GetFederationTokenRequest,
    call: Call,
  ): Promise<Result<sdk.GetFederationTokenResponse, ApiError>> => {
    const principal = longLived(call.principal, "GetFederationToken");
    if (!principal.ok) return principal;
    const name = present(input.Name);
    const issuerUserId = principal.value.kind === "user" ? principal.value.userId : undefined;
    const wanted = { name, ...scopeOf(input), ...defined({ durationSeconds: input.DurationSeconds, issuerUserId }) };
    const issued = await call.run((state, context) => getFederationToken(state, wanted, context));
    if (!issued.ok) return issued;
    const { session, packedPolicySize } = issued.value;
    return ok({
      Credentials: shownCredentials(session),
      FederatedUser: {
        FederatedUserId: `${call.accountId}:${name}`,
        Arn: federatedUserArn(call.accountId, name),
      },
      ...defined({ PackedPolicySize: packedPolicySize }),
    });
  },
};

/** `aws:userid`. Source: IAM User Guide, "AWS global condition context keys", "Principal key values". */
function userIdOf(principal: Principal, accountId: string): string {
  switch (principal.kind) {
    case "user":
      return principal.userId;
    case "assumed-role":
      return `${principal.roleId}:${principal.sessionName}`;
    case "federated-user":
      return `${accountId}:${principal.name}`;
    case "root":
    case "anonymous":
    case "service":
    case "web-identity":
      return accountId;
  }
}

interface Scoped {
  readonly Policy?: string | undefined;
  readonly PolicyArns?: readonly { readonly arn?: string | undefined }[] | undefined;
  readonly Tags?: readonly { readonly Key: string | undefined; readonly Value: string | undefined }[] | undefined;
}

function scopeOf(input: Scoped) {
  return {
    policyArns: (input.PolicyArns ?? []).flatMap((one) => one.arn ?? []),
    tags: tagsOf(input.Tags),
    ...defined({ policy: input.Policy }),
  };
}

function wrongExternalId(input: sdk.AssumeRoleRequest): Result<never, ApiError> | undefined {
  const pattern = /[\w+=,.@:/-]*/u;
  const wrong = checked([{ parameter: "externalId", value: input.ExternalId, min: 2, max: 1224, pattern }]);
  return wrong.ok ? undefined : wrong;
}

/** No MFA device and no context provider can be registered, so none that is named is the caller's. */
function cannotServe(input: {
  readonly SerialNumber?: string | undefined;
  readonly TokenCode?: string | undefined;
  readonly ProvidedContexts?: readonly unknown[] | undefined;
}): Result<never, ApiError> | undefined {
  if (input.SerialNumber !== undefined || input.TokenCode !== undefined) {
    return fail("AccessDenied", {
      message:
        "MultiFactorAuthentication failed, unable to validate MFA code. Please verify your MFA serial number is valid and associated with this user.",
    });
  }
  if (input.ProvidedContexts !== undefined && input.ProvidedContexts.length > 0) {
    return fail("ValidationError", { message: "ProvidedContexts is not served by Underpass" });
  }
  return undefined;
}

/** Who may hand out sessions of his own: users and the root user with their long-lived keys. */
function longLived(principal: Principal, action: string): Result<SessionUser | SessionRoot, ApiError> {
  if (sessionIdOf(principal) === undefined) {
    if (principal.kind === "user") return ok({ kind: "user", userId: principal.userId });
    if (principal.kind === "root") return ok({ kind: "root" });
  }
  return fail("AccessDenied", { message: `Cannot call ${action} with session credentials` });
}

function sessionIdOf(principal: Principal): string | undefined {
  return "sessionId" in principal ? principal.sessionId : undefined;
}

function shownCredentials(session: Session): sdk.Credentials {
  return {
    AccessKeyId: session.id,
    SecretAccessKey: session.secretAccessKey,
    SessionToken: session.sessionToken,
    Expiration: new Date(session.expiresAtMs),
  };
}
