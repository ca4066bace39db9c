/** Managed policies: the customer's, with up to five versions, and those that AWS keeps. Source: IAM API Reference, "Policy". */

import { parseArn } from "../base/arn.ts";
import type { Result } from "../base/result.ts";
import { ok } from "../base/result.ts";
import type { AwsManagedPolicy } from "./aws-managed-policy.ts";
import { allAwsManagedPolicies } from "./aws-managed-policy.ts";
import type { ApiError } from "./error.ts";
import { fail } from "./error.ts";
import { managedPolicyArn } from "./iam-arn.ts";
import { checked, checkedName, checkedPath, policyArnConstraint } from "./iam-constraint.ts";
import { checkedDocument, documentSize } from "./iam-document.ts";
import { makeUniqueId } from "./iam-id.ts";
import { byName, findByName, iamRegion, listed, overQuota, roomFor } from "./iam-name.ts";
import { checkedTags } from "./iam-tag.ts";
import type { Resource, Tags } from "./resource.ts";
import type { Group } from "./group.ts";
import type { Role } from "./role.ts";
import { stableHex } from "./stable-id.ts";
import type { State } from "./state.ts";
import { findBy, put, remove } from "./state.ts";
import type { User } from "./user.ts";
import type { Context, Outcome } from "./verb.ts";

export interface ManagedPolicy extends Resource {
  /** `ANPA…`. */
  readonly id: string;
  readonly name: string;
  /** Begins and ends with a slash. */
  readonly path: string;
  readonly description?: string;
  /** In the order they were made. INVARIANT: one to five; one of them is the default. */
  readonly versions: readonly ManagedPolicyVersion[];
  readonly defaultVersionId: string;
  /** The number of the newest version ever made: numbers are not used twice. */
  readonly lastVersionNumber: number;
  readonly updatedAtMs: number;
}

export interface ManagedPolicyVersion {
  /** `v1`. */
  readonly id: string;
  readonly document: string;
  readonly createdAtMs: number;
}

const maxVersions = 5;
/** Source: IAM User Guide, "IAM and AWS STS quotas": characters without white space. */
const maxDocumentSize = 6144;

/** The customer's or AWS's policy with this ARN. */
export function findPolicy(state: State, arn: string): ManagedPolicy | undefined {
  const parsed = parseArn(arn);
  if (parsed?.service !== "iam" || !parsed.resource.startsWith("policy/")) return undefined;
  if (parsed.accountId === "aws") return awsPolicies.get(arn);
  const name = parsed.resource.slice(parsed.resource.lastIndexOf("/") + 1);
  const policy = findByName(state, "managed-policy", parsed.accountId, name);
  return policy !== undefined && managedPolicyArn(policy) === arn ? policy : undefined;
}

/** The policy as `accountId` may use it: its own or AWS's; NoSuchEntity otherwise. */
export function policyFor(state: State, accountId: string, arn: string): Result<ManagedPolicy, ApiError> {
  const wrong = checkedPolicyArn(arn);
  if (!wrong.ok) return wrong;
  const policy = findPolicy(state, arn);
  if (policy !== undefined && (policy.accountId === accountId || policy.accountId === "aws")) return ok(policy);
  return fail("NoSuchEntity", { message: `Policy ${arn} was not found.` });
}

/** The same for a policy that is about to be attached: AWS words its absence otherwise. */
export function attachablePolicy(state: State, accountId: string, arn: string): Result<ManagedPolicy, ApiError> {
  const policy = policyFor(state, accountId, arn);
  if (policy.ok || policy.error.code !== "NoSuchEntity") return policy;
  return fail("NoSuchEntity", { message: `Policy ${arn} does not exist or is not attachable.` });
}

function checkedPolicyArn(arn: string): Result<undefined, ApiError> {
  const length = checked([policyArnConstraint(arn)]);
  if (!length.ok) return length;
  const parsed = parseArn(arn);
  if (parsed?.service === "iam" && parsed.resource.startsWith("policy/")) return ok(undefined);
  return fail("InvalidInput", { message: `ARN ${arn} is not valid.` });
}

export function policyVersion(policy: ManagedPolicy, versionId: string): Result<ManagedPolicyVersion, ApiError> {
  const wrong = checked([{ parameter: "versionId", value: versionId, pattern: /v[1-9][0-9]*(\.[A-Za-z0-9-]*)?/u }]);
  if (!wrong.ok) return wrong;
  const version = policy.versions.find((one) => one.id === versionId);
  if (version !== undefined) return ok(version);
  const arn = managedPolicyArn(policy);
  return fail("NoSuchEntity", {
    message: `Policy ${arn} version ${versionId} does not exist or is not attachable.`,
  });
}

/** Those of an account that hold the policy: as permissions or as their boundary. */
export interface PolicyHolders {
  readonly users: readonly User[];
  readonly roles: readonly Role[];
  readonly groups: readonly Group[];
}

export type PolicyUse = "permissions" | "boundary";

export function holdersOf(state: State, accountId: string, arn: string, use: PolicyUse): PolicyHolders {
  const holds = (it: User | Role | Group): boolean =>
    it.accountId === accountId &&
    (use === "permissions"
      ? it.attachedPolicyArns.includes(arn)
      : "permissionsBoundaryArn" in it && it.permissionsBoundaryArn === arn);
  return {
    users: findBy(state, "user", "policyArn", arn).filter(holds),
    roles: findBy(state, "role", "policyArn", arn).filter(holds),
    groups: findBy(state, "group", "policyArn", arn).filter(holds),
  };
}

export function holderCount(holders: PolicyHolders): number {
  return holders.users.length + holders.roles.length + holders.groups.length;
}

export interface NewPolicy {
  readonly name: string;
  readonly path: string;
  readonly description?: string;
  readonly document: string;
  readonly tags: Tags;
}

export function createPolicy(state: State, input: NewPolicy, context: Context): Outcome<ManagedPolicy> {
  const { accountId, nowMs, hex } = context;
  const wrong = wrongWithNew(state, input, accountId);
  if (!wrong.ok) return wrong;
  const policy: ManagedPolicy = {
    id: makeUniqueId("ANPA", hex),
    accountId,
    region: iamRegion,
    createdAtMs: nowMs,
    tags: input.tags,
    name: input.name,
    path: input.path,
    ...(input.description === undefined ? {} : { description: input.description }),
    versions: [{ id: "v1", document: input.document, createdAtMs: nowMs }],
    defaultVersionId: "v1",
    lastVersionNumber: 1,
    updatedAtMs: nowMs,
  };
  return ok({ changes: [put("managed-policy", policy)], value: policy });
}

function wrongWithNew(state: State, input: NewPolicy, accountId: string): Result<unknown, ApiError> {
  const name = checkedName("policyName", input.name, 128);
  if (!name.ok) return name;
  const path = checkedPath(input.path, "policy");
  if (!path.ok) return path;
  const description = checked([{ parameter: "description", value: input.description, max: 1000 }]);
  if (!description.ok) return description;
  const tags = checkedTags(input.tags);
  if (!tags.ok) return tags;
  const document = checkedPolicyDocument(input.document);
  if (!document.ok) return document;
  if (findByName(state, "managed-policy", accountId, input.name) !== undefined) {
    return fail("EntityAlreadyExists", {
      message: `A policy called ${input.name} already exists. Duplicate names are not allowed.`,
    });
  }
  return roomFor(state, "managed-policy", accountId);
}

function checkedPolicyDocument(document: string): Result<undefined, ApiError> {
  const good = checkedDocument("identity", document);
  if (!good.ok) return good;
  return documentSize(document) <= maxDocumentSize ? ok(undefined) : overQuota("PolicySize", maxDocumentSize);
}

/** The caller's own policy: those of AWS cannot be changed. */
function ownPolicy(state: State, accountId: string, arn: string): Result<ManagedPolicy, ApiError> {
  const policy = policyFor(state, accountId, arn);
  if (!policy.ok || policy.value.accountId === accountId) return policy;
  return fail("AccessDenied", { message: `Policy ${arn} is an AWS managed policy and cannot be changed` });
}

export function deletePolicy(state: State, arn: string, context: Context): Outcome<undefined> {
  const policy = ownPolicy(state, context.accountId, arn);
  if (!policy.ok) return policy;
  if (findBy(state, "user", "policyArn", arn).length > 0) return attached();
  if (findBy(state, "role", "policyArn", arn).length > 0) return attached();
  if (findBy(state, "group", "policyArn", arn).length > 0) return attached();
  if (policy.value.versions.length > 1) {
    return fail("DeleteConflict", {
      message:
        "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.",
    });
  }
  return ok({ changes: [remove("managed-policy", policy.value.id)], value: undefined });
}

function attached(): Result<never, ApiError> {
  return fail("DeleteConflict", { message: "Cannot delete a policy attached to entities." });
}

export interface NewPolicyVersion {
  readonly arn: string;
  readonly document: string;
  readonly setAsDefault: boolean;
}

export function createPolicyVersion(
  state: State,
  input: NewPolicyVersion,
  context: Context,
): Outcome<{ readonly policy: ManagedPolicy; readonly version: ManagedPolicyVersion }> {
  const policy = ownPolicy(state, context.accountId, input.arn);
  if (!policy.ok) return policy;
  const document = checkedPolicyDocument(input.document);
  if (!document.ok) return document;
  if (policy.value.versions.length >= maxVersions) {
    return fail("LimitExceeded", {
      message: `A managed policy can have up to ${maxVersions} versions. Before you create a new version, you must delete an existing version.`,
    });
  }
  const number = policy.value.lastVersionNumber + 1;
  const version = { id: `v${number}`, document: input.document, createdAtMs: context.nowMs };
  const next: ManagedPolicy = {
    ...policy.value,
    versions: [...policy.value.versions, version],
    defaultVersionId: input.setAsDefault ? version.id : policy.value.defaultVersionId,
    lastVersionNumber: number,
    updatedAtMs: context.nowMs,
  };
  return ok({ changes: [put("managed-policy", next)], value: { policy: next, version } });
}

export interface PolicyVersionRef {
  readonly arn: string;
  readonly versionId: string;
}

export function deletePolicyVersion(state: State, input: PolicyVersionRef, context: Context): Outcome<undefined> {
  const policy = ownPolicy(state, context.accountId, input.arn);
  if (!policy.ok) return policy;
  const version = policyVersion(policy.value, input.versionId);
  if (!version.ok) return version;
  if (policy.value.defaultVersionId === input.versionId) {
    return fail("DeleteConflict", { message: "Cannot delete the default version of a policy." });
  }
  const versions = policy.value.versions.filter((one) => one.id !== input.versionId);
  const next = { ...policy.value, versions, updatedAtMs: context.nowMs };
  return ok({ changes: [put("managed-policy", next)], value: undefined });
}

export function setDefaultPolicyVersion(state: State, input: PolicyVersionRef, context: Context): Outcome<undefined> {
  const policy = ownPolicy(state, context.accountId, input.arn);
  if (!policy.ok) return policy;
  const version = policyVersion(policy.value, input.versionId);
  if (!version.ok) return version;
  const next = { ...policy.value, defaultVersionId: input.versionId, updatedAtMs: context.nowMs };
  return ok({ changes: [put("managed-policy", next)], value: undefined });
}

/** The caller's own policy, to be tagged. */
export function taggablePolicy(state: State, arn: string, context: Context): Result<ManagedPolicy, ApiError> {
  return ownPolicy(state, context.accountId, arn);
}

/** The customer's policies, AWS's or both, ordered by name. */
export function policiesOf(state: State, accountId: string, scope: "All" | "AWS" | "Local"): readonly ManagedPolicy[] {
  const local = scope === "AWS" ? [] : listed(state, "managed-policy", accountId);
  return scope === "Local" ? local : [...local, ...awsPolicies.values()].toSorted(byName);
}

/** When AWS made its first managed policies: 2015-02-06. */
const awsPoliciesAtMs = Date.UTC(2015, 1, 6, 18, 39, 46);

/**
 * AWS's policies as documents, by ARN. ASSUMPTION: unique ids, dates and version numbers of AWS's managed policies
 * differ from AWS's own.
 */
const awsPolicies: ReadonlyMap<string, ManagedPolicy> = new Map(
  allAwsManagedPolicies().map((policy) => [policy.arn, awsDocument(policy)]),
);

function awsDocument(policy: AwsManagedPolicy): ManagedPolicy {
  const { name, path, description, document } = policy;
  return {
    id: makeUniqueId("ANPA", (digits) => stableHex(policy.arn, digits)),
    accountId: "aws",
    region: iamRegion,
    createdAtMs: awsPoliciesAtMs,
    tags: [],
    name,
    path,
    description,
    versions: [{ id: "v1", document, createdAtMs: awsPoliciesAtMs }],
    defaultVersionId: "v1",
    lastVersionNumber: 1,
    updatedAtMs: awsPoliciesAtMs,
  };
}
