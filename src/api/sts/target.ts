/**
 * What each call of STS is about, for its authorisation.
 * Source: Service Authorization Reference, "Actions, resources, and condition keys for AWS Security Token Service".
 */

import { parseArn } from "../../base/arn.ts";
import { federatedUserArn } from "../../model/iam-arn.ts";
import type { Call, Target } from "../handler.ts";

interface Input {
  readonly RoleArn?: string;
  readonly RoleSessionName?: string;
  readonly ExternalId?: string;
  readonly SourceIdentity?: string;
  readonly Name?: string;
  readonly Tags?: readonly { readonly Key?: string; readonly Value?: string }[];
  readonly TransitiveTagKeys?: readonly string[];
}

/** GetCallerIdentity, GetSessionToken and GetAccessKeyInfo ask for no permission. */
export function stsTargets(operation: string, input: unknown, call: Call): readonly Target[] {
  const given = (input ?? {}) as Input;
  switch (operation) {
    case "AssumeRole":
      return assumeRoleTargets(given);
    case "GetFederationToken": {
      const resource = federatedUserArn(call.accountId, given.Name ?? "");
      const federate = { resource, resourceAccountId: call.accountId, keys: tagKeys(given) };
      const actions = hasTags(given) ? ["sts:GetFederationToken", "sts:TagSession"] : ["sts:GetFederationToken"];
      return actions.map((action) => ({ action, ...federate }));
    }
    case "DecodeAuthorizationMessage":
      return [{ action: "sts:DecodeAuthorizationMessage", resource: "*", resourceAccountId: call.accountId, keys: {} }];
    default:
      return [];
  }
}

/** The role's trust policy must allow each of them. */
function assumeRoleTargets(input: Input): readonly Target[] {
  const { RoleArn: roleArn = "" } = input;
  const accountId = parseArn(roleArn)?.accountId;
  // What is no ARN is no role: no trust policy allows it.
  const resource = accountId === undefined ? "*" : roleArn;
  const actions = ["sts:AssumeRole"];
  if (hasTags(input)) actions.push("sts:TagSession");
  if (input.SourceIdentity !== undefined) actions.push("sts:SetSourceIdentity");
  const keys: Record<string, readonly string[]> = { ...tagKeys(input) };
  if (input.RoleSessionName !== undefined) keys["sts:RoleSessionName"] = [input.RoleSessionName];
  if (input.ExternalId !== undefined) keys["sts:ExternalId"] = [input.ExternalId];
  if (input.SourceIdentity !== undefined) keys["sts:SourceIdentity"] = [input.SourceIdentity];
  return actions.map((action) => ({
    action,
    resource,
    ...(accountId === undefined || accountId === "" ? {} : { resourceAccountId: accountId }),
    keys,
  }));
}

function hasTags(input: Input): boolean {
  return (input.Tags ?? []).length > 0;
}

function tagKeys(input: Input): Readonly<Record<string, readonly string[]>> {
  const keys: Record<string, readonly string[]> = {};
  for (const { Key: key, Value: value } of input.Tags ?? []) {
    if (key !== undefined && value !== undefined) keys[`aws:RequestTag/${key}`] = [value];
  }
  if (hasTags(input)) keys["aws:TagKeys"] = (input.Tags ?? []).flatMap((one) => one.Key ?? []);
  if ((input.TransitiveTagKeys ?? []).length > 0) keys["sts:TransitiveTagKeys"] = input.TransitiveTagKeys ?? [];
  return keys;
}
