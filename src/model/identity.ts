/**
 * What users, roles and groups have in common: inline policies, attached policies and, but for groups, a boundary.
 * Source: IAM API Reference, PutUserPolicy, AttachUserPolicy, PutUserPermissionsBoundary and their likes.
 */

import type { Result } from "../base/result.ts";
import { ok } from "../base/result.ts";
import type { ApiError } from "./error.ts";
import { fail } from "./error.ts";
import { checked, nameConstraint } from "./iam-constraint.ts";
import { checkedDocument, documentSize } from "./iam-document.ts";
import { named, overQuota } from "./iam-name.ts";
import { attachablePolicy, policyFor } from "./managed-policy.ts";
import type { Documents, State } from "./state.ts";
import { put } from "./state.ts";
import type { InlinePolicy } from "./user.ts";
import type { Context, Outcome } from "./verb.ts";

export type IdentityKind = "user" | "role" | "group";

/** An identity of the caller's account, by name. */
export interface IdentityRef<K extends IdentityKind> {
  readonly kind: K;
  readonly name: string;
}

/**
 * Quotas of one identity: all its inline policies together, in characters without white space, and its attached policies.
 * Source: IAM User Guide, "IAM and AWS STS quotas".
 */
export const identityQuotas = {
  user: { inlineSize: 2048, attached: 10, attachedName: "PoliciesPerUser" },
  role: { inlineSize: 10_240, attached: 10, attachedName: "PoliciesPerRole" },
  group: { inlineSize: 5120, attached: 10, attachedName: "PoliciesPerGroup" },
} as const satisfies Record<IdentityKind, object>;

/** The identity, or NoSuchEntity. */
export function identity<K extends IdentityKind>(
  state: State,
  accountId: string,
  ref: IdentityRef<K>,
): Result<Documents[K], ApiError> {
  return named(state, ref.kind, accountId, ref.name);
}

/** Where the roles lie that services of AWS's have in an account. */
export const linkedPath = "/aws-service-role/";

/** Fails with UnmodifiableEntity for a role of a service's. */
export function modifiable(role: { readonly name: string; readonly path: string }): Result<undefined, ApiError> {
  if (!role.path.startsWith(linkedPath)) return ok(undefined);
  return fail("UnmodifiableEntity", {
    message: `Cannot perform the operation on the protected role '${role.name}' - this role is only modifiable by AWS`,
  });
}

/** The identity when its permissions are people's to change. */
function changeable<K extends IdentityKind>(
  state: State,
  accountId: string,
  ref: IdentityRef<K>,
): Result<Documents[K], ApiError> {
  const found = identity(state, accountId, ref);
  if (!found.ok || ref.kind !== "role") return found;
  const free = modifiable(found.value);
  return free.ok ? found : free;
}

/** Adds the policy, or replaces the one of that name. */
export function putInlinePolicy<K extends IdentityKind>(
  state: State,
  input: { readonly of: IdentityRef<K>; readonly policy: InlinePolicy },
  context: Context,
): Outcome<undefined> {
  const { of, policy } = input;
  const wrong = checked([nameConstraint("policyName", policy.name)]);
  if (!wrong.ok) return wrong;
  const holder = changeable(state, context.accountId, of);
  if (!holder.ok) return holder;
  const document = checkedDocument("identity", policy.document);
  if (!document.ok) return document;
  const had = holder.value.inlinePolicies;
  const isNew = !had.some((one) => one.name === policy.name);
  const inlinePolicies = isNew ? [...had, policy] : had.map((one) => (one.name === policy.name ? policy : one));
  const { inlineSize } = identityQuotas[of.kind];
  if (inlinePolicies.reduce((sum, one) => sum + documentSize(one.document), 0) > inlineSize) {
    return fail("LimitExceeded", {
      message: `Maximum policy size of ${inlineSize} bytes exceeded for ${of.kind} ${holder.value.name}`,
    });
  }
  return ok({ changes: [put(of.kind, { ...holder.value, inlinePolicies })], value: undefined });
}

/** The inline policy of that name, or NoSuchEntity. */
export function inlinePolicy<K extends IdentityKind>(
  holder: Documents[K],
  kind: K,
  policyName: string,
): Result<InlinePolicy, ApiError> {
  const policy = holder.inlinePolicies.find((one) => one.name === policyName);
  if (policy !== undefined) return ok(policy);
  return fail("NoSuchEntity", { message: `The ${kind} policy with name ${policyName} cannot be found.` });
}

export function deleteInlinePolicy<K extends IdentityKind>(
  state: State,
  input: { readonly of: IdentityRef<K>; readonly policyName: string },
  context: Context,
): Outcome<undefined> {
  const holder = changeable(state, context.accountId, input.of);
  if (!holder.ok) return holder;
  const policy = inlinePolicy(holder.value, input.of.kind, input.policyName);
  if (!policy.ok) return policy;
  const inlinePolicies = holder.value.inlinePolicies.filter((one) => one !== policy.value);
  return ok({ changes: [put(input.of.kind, { ...holder.value, inlinePolicies })], value: undefined });
}

/** Attaching what is attached already changes nothing. */
export function attachPolicy<K extends IdentityKind>(
  state: State,
  input: { readonly to: IdentityRef<K>; readonly policyArn: string },
  context: Context,
): Outcome<undefined> {
  const { to, policyArn } = input;
  const holder = changeable(state, context.accountId, to);
  if (!holder.ok) return holder;
  const policy = attachablePolicy(state, context.accountId, policyArn);
  if (!policy.ok) return policy;
  const had = holder.value.attachedPolicyArns;
  if (had.includes(policyArn)) return ok({ changes: [], value: undefined });
  const { attached, attachedName } = identityQuotas[to.kind];
  if (had.length >= attached) return overQuota(attachedName, attached);
  const attachedPolicyArns = [...had, policyArn];
  return ok({ changes: [put(to.kind, { ...holder.value, attachedPolicyArns })], value: undefined });
}

export function detachPolicy<K extends IdentityKind>(
  state: State,
  input: { readonly from: IdentityRef<K>; readonly policyArn: string },
  context: Context,
): Outcome<undefined> {
  const { from, policyArn } = input;
  const holder = changeable(state, context.accountId, from);
  if (!holder.ok) return holder;
  const policy = policyFor(state, context.accountId, policyArn);
  if (!policy.ok) return policy;
  const had = holder.value.attachedPolicyArns;
  if (!had.includes(policyArn)) return fail("NoSuchEntity", { message: `Policy ${policyArn} was not found.` });
  const attachedPolicyArns = had.filter((arn) => arn !== policyArn);
  return ok({ changes: [put(from.kind, { ...holder.value, attachedPolicyArns })], value: undefined });
}

/** Sets the boundary: a managed policy beyond which the identity may do nothing. */
export function putBoundary<K extends "user" | "role">(
  state: State,
  input: { readonly of: IdentityRef<K>; readonly policyArn: string },
  context: Context,
): Outcome<undefined> {
  const holder = changeable(state, context.accountId, input.of);
  if (!holder.ok) return holder;
  const policy = attachablePolicy(state, context.accountId, input.policyArn);
  if (!policy.ok) return policy;
  const document = { ...holder.value, permissionsBoundaryArn: input.policyArn };
  return ok({ changes: [put(input.of.kind, document)], value: undefined });
}

export function deleteBoundary<K extends "user" | "role">(
  state: State,
  of: IdentityRef<K>,
  context: Context,
): Outcome<undefined> {
  const holder = changeable(state, context.accountId, of);
  if (!holder.ok) return holder;
  if (holder.value.permissionsBoundaryArn === undefined) {
    const article = of.kind === "user" ? "User" : "Role";
    return fail("NoSuchEntity", { message: `${article} ${holder.value.name} does not have a permissions boundary.` });
  }
  const { permissionsBoundaryArn: _, ...document } = holder.value;
  return ok({ changes: [put(of.kind, document as Documents[K])], value: undefined });
}

/** Fails with DeleteConflict while the identity holds policies: they go first. */
export function withoutPolicies(holder: Documents[IdentityKind]): Result<undefined, ApiError> {
  if (holder.attachedPolicyArns.length > 0) return deleteConflict("detach all policies");
  if (holder.inlinePolicies.length > 0) return deleteConflict("delete policies");
  return ok(undefined);
}

export function deleteConflict(first: string): Result<never, ApiError> {
  return fail("DeleteConflict", { message: `Cannot delete entity, must ${first} first.` });
}
