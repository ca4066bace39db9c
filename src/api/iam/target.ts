/**
 * What each call of IAM is about, for its authorisation: action, resource and condition keys.
 * Source: Service Authorization Reference, "Actions, resources, and condition keys for AWS Identity and Access Management (IAM)".
 */

import { parseArn } from "../../base/arn.ts";
import { groupArn, instanceProfileArn, managedPolicyArn, roleArn, rootArn, userArn } from "../../model/iam-arn.ts";
import { findByName } from "../../model/iam-name.ts";
import { findPolicy } from "../../model/managed-policy.ts";
import type { Tags } from "../../model/resource.ts";
import { find } from "../../model/state.ts";
import type { Call, Target } from "../handler.ts";

/** The members of all inputs that matter here. */
interface Input {
  readonly UserName?: string;
  readonly GroupName?: string;
  readonly RoleName?: string;
  readonly InstanceProfileName?: string;
  readonly PolicyName?: string;
  readonly PolicyArn?: string;
  readonly Path?: string;
  readonly PathPrefix?: string;
  readonly PermissionsBoundary?: string;
  readonly Tags?: readonly { readonly Key?: string; readonly Value?: string }[];
  readonly TagKeys?: readonly string[];
  readonly AWSServiceName?: string;
  readonly PolicySourceArn?: string;
  readonly AccessKeyId?: string;
}

type Keys = Readonly<Record<string, readonly string[]>>;

interface Subject {
  readonly arn: string;
  readonly tags?: Tags;
  readonly boundaryArn?: string;
}

/** All of them must be allowed. */
export function iamTargets(operation: string, input: unknown, call: Call): readonly Target[] {
  const given = (input ?? {}) as Input;
  const subject = subjectOf(operation, given, call);
  const { accountId } = call;
  const target = {
    action: `iam:${operation}`,
    resource: subject.arn,
    resourceAccountId: accountId,
    keys: { ...requestKeys(operation, given), ...subjectKeys(operation, subject) },
  };
  if (operation !== "AddRoleToInstanceProfile") return [target];
  // Handing out a role is a permission of its own.
  const role = roleSubject(given, call);
  return [
    target,
    { action: "iam:PassRole", resource: role.arn, resourceAccountId: accountId, keys: subjectKeys("PassRole", role) },
  ];
}

/** Lists of an account are about a path, and some calls about nothing in particular. */
function subjectOf(operation: string, input: Input, call: Call): Subject {
  const inPath = (type: string): Subject => ({
    arn: `arn:aws:iam::${call.accountId}:${type}${input.PathPrefix ?? "/"}`,
  });
  switch (operation) {
    case "ListUsers":
      return inPath("user");
    case "ListGroups":
      return inPath("group");
    case "ListRoles":
      return inPath("role");
    case "ListInstanceProfiles":
      return inPath("instance-profile");
    case "ListPolicies":
    case "CreateAccountAlias":
    case "DeleteAccountAlias":
    case "DeleteAccountPasswordPolicy":
    case "GenerateCredentialReport":
    case "GetAccountAuthorizationDetails":
    case "GetAccountPasswordPolicy":
    case "GetAccountSummary":
    case "GetContextKeysForCustomPolicy":
    case "GetCredentialReport":
    case "ListAccountAliases":
    case "ListVirtualMFADevices":
    case "SimulateCustomPolicy":
    case "UpdateAccountPasswordPolicy":
      return { arn: "*" };
    case "CreateServiceLinkedRole":
      return { arn: `arn:aws:iam::${call.accountId}:role/aws-service-role/${input.AWSServiceName ?? ""}/*` };
    case "GetServiceLinkedRoleDeletionStatus":
      return { arn: `arn:aws:iam::${call.accountId}:role/aws-service-role/*` };
    case "GetContextKeysForPrincipalPolicy":
    case "SimulatePrincipalPolicy":
      return { arn: parseArn(input.PolicySourceArn ?? "") === undefined ? "*" : (input.PolicySourceArn ?? "*") };
    case "GetAccessKeyLastUsed":
      return keyHolder(input.AccessKeyId, call);
    case "ListInstanceProfilesForRole":
      return roleSubject(input, call);
    case "AddUserToGroup":
    case "RemoveUserFromGroup":
      return groupSubject(input, call);
  }
  if (input.InstanceProfileName !== undefined) return instanceProfileSubject(input, call);
  if (input.RoleName !== undefined) return roleSubject(input, call);
  if (input.GroupName !== undefined) return groupSubject(input, call);
  if (operation === "CreatePolicy") return newPolicySubject(input, call);
  // Attaching is about the identity; the policy is a condition key.
  if (input.PolicyArn !== undefined && input.UserName === undefined) return policySubject(input.PolicyArn, call);
  return userSubject(input, call);
}

/** The user whose key it is. */
function keyHolder(accessKeyId: string | undefined, call: Call): Subject {
  const key = accessKeyId === undefined ? undefined : find(call.state(), "access-key", accessKeyId);
  const user = key?.accountId === call.accountId ? find(call.state(), "user", key.userId) : undefined;
  return user === undefined ? { arn: "*" } : { arn: userArn(user), tags: user.tags };
}

function userSubject(input: Input, call: Call): Subject {
  const { accountId, principal } = call;
  const own = principal.kind === "user" ? principal.userName : undefined;
  const name = input.UserName ?? own;
  if (name === undefined) return { arn: principal.kind === "root" ? rootArn(accountId) : "*" };
  const user = findByName(call.state(), "user", accountId, name);
  if (user === undefined) return { arn: userArn({ accountId, path: input.Path ?? "/", name }) };
  return { arn: userArn(user), tags: user.tags, ...boundary(user) };
}

function roleSubject(input: Input, call: Call): Subject {
  const { accountId } = call;
  const name = input.RoleName ?? "";
  const role = findByName(call.state(), "role", accountId, name);
  if (role === undefined) return { arn: roleArn({ accountId, path: input.Path ?? "/", name }) };
  return { arn: roleArn(role), tags: role.tags, ...boundary(role) };
}

function groupSubject(input: Input, call: Call): Subject {
  const { accountId } = call;
  const name = input.GroupName ?? "";
  const group = findByName(call.state(), "group", accountId, name);
  return { arn: groupArn(group ?? { accountId, path: input.Path ?? "/", name }) };
}

function instanceProfileSubject(input: Input, call: Call): Subject {
  const { accountId } = call;
  const name = input.InstanceProfileName ?? "";
  const profile = findByName(call.state(), "instance-profile", accountId, name);
  if (profile === undefined) return { arn: instanceProfileArn({ accountId, path: input.Path ?? "/", name }) };
  return { arn: instanceProfileArn(profile), tags: profile.tags };
}

function newPolicySubject(input: Input, call: Call): Subject {
  const { PolicyName: name = "", Path: path = "/" } = input;
  return { arn: managedPolicyArn({ accountId: call.accountId, path, name }) };
}

/** What is no ARN is about nothing in particular; the verb refuses it. */
function policySubject(arn: string, call: Call): Subject {
  if (parseArn(arn) === undefined) return { arn: "*" };
  const policy = findPolicy(call.state(), arn);
  return policy === undefined ? { arn } : { arn, tags: policy.tags };
}

function boundary(of: { readonly permissionsBoundaryArn?: string }): { readonly boundaryArn?: string } {
  return of.permissionsBoundaryArn === undefined ? {} : { boundaryArn: of.permissionsBoundaryArn };
}

function requestKeys(operation: string, input: Input): Keys {
  const keys: Record<string, readonly string[]> = {};
  const tagKeys = [...(input.Tags ?? []).flatMap((one) => one.Key ?? []), ...(input.TagKeys ?? [])];
  for (const { Key: key, Value: value } of input.Tags ?? []) {
    if (key !== undefined && value !== undefined) keys[`aws:RequestTag/${key}`] = [value];
  }
  if (tagKeys.length > 0) keys["aws:TagKeys"] = tagKeys;
  if (/^(Attach|Detach)/u.test(operation) && input.PolicyArn !== undefined) keys["iam:PolicyARN"] = [input.PolicyArn];
  if (input.AWSServiceName !== undefined) keys["iam:AWSServiceName"] = [input.AWSServiceName];
  if (input.PermissionsBoundary !== undefined) keys["iam:PermissionsBoundary"] = [input.PermissionsBoundary];
  return keys;
}

/** A change of an identity's permissions is judged by the boundary that it has. */
function subjectKeys(operation: string, subject: Subject): Keys {
  const keys: Record<string, readonly string[]> = {};
  for (const { key, value } of subject.tags ?? []) {
    keys[`aws:ResourceTag/${key}`] = [value];
    keys[`iam:ResourceTag/${key}`] = [value];
  }
  const changesPermissions = /^(Attach|Detach|Put|Delete)(User|Role)(Policy|PermissionsBoundary)$/u.test(operation);
  const sets = operation.endsWith("PermissionsBoundary") && operation.startsWith("Put");
  if (changesPermissions && !sets && subject.boundaryArn !== undefined) {
    keys["iam:PermissionsBoundary"] = [subject.boundaryArn];
  }
  return keys;
}
