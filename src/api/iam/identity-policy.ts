/**
 * Inline policies, attached policies and boundaries on the wire: the same operations for users, roles and groups.
 * Source: IAM API Reference, PutUserPolicy, AttachUserPolicy, PutUserPermissionsBoundary and their likes.
 */

import type { Result } from "../../base/result.ts";
import { ok } from "../../base/result.ts";
import type { ApiError } from "../../model/error.ts";
import { checked, pathPrefixConstraint } from "../../model/iam-constraint.ts";
import { byName } from "../../model/iam-name.ts";
import type { IdentityKind, IdentityRef } from "../../model/identity.ts";
import {
  attachPolicy,
  deleteBoundary,
  deleteInlinePolicy,
  detachPolicy,
  identity,
  inlinePolicy,
  putBoundary,
  putInlinePolicy,
} from "../../model/identity.ts";
import { findPolicy } from "../../model/managed-policy.ts";
import type { Call, Handler } from "../handler.ts";
import { present } from "./input.ts";
import { page } from "./page.ts";
import { under } from "./user.ts";
import { encodedDocument } from "./view.ts";

/** The members of all these operations; which of them are required is the shape's business. */
interface Input {
  readonly UserName?: string;
  readonly RoleName?: string;
  readonly GroupName?: string;
  readonly PolicyName?: string;
  readonly PolicyDocument?: string;
  readonly PolicyArn?: string;
  readonly PermissionsBoundary?: string;
  readonly PathPrefix?: string;
  readonly Marker?: string;
  readonly MaxItems?: number;
}

type Answer = Promise<Result<unknown, ApiError>>;
type Handlers = Readonly<Record<string, Handler<never, unknown>>>;

const words = { user: "User", role: "Role", group: "Group" } as const;

export const identityPolicyHandlers: Handlers = {
  ...policyHandlers("user"),
  ...policyHandlers("role"),
  ...policyHandlers("group"),
  ...boundaryHandlers("user"),
  ...boundaryHandlers("role"),
};

function policyHandlers(kind: IdentityKind): Handlers {
  const word = words[kind];
  const plural = { user: "UserPolicies", role: "RolePolicies", group: "GroupPolicies" }[kind];
  const ref = (input: Input): IdentityRef<IdentityKind> => ({ kind, name: present(input[`${word}Name`]) });
  return {
    [`Put${word}Policy`]: async (input: Input, call: Call): Answer => {
      const policy = { name: present(input.PolicyName), document: present(input.PolicyDocument) };
      return call.run((state, context) => putInlinePolicy(state, { of: ref(input), policy }, context));
    },
    [`Get${word}Policy`]: async (input: Input, call: Call): Answer => getInline(ref(input), input, call),
    [`List${plural}`]: async (input: Input, call: Call): Answer => listInline(ref(input), input, call),
    [`Delete${word}Policy`]: async (input: Input, call: Call): Answer => {
      const which = { of: ref(input), policyName: present(input.PolicyName) };
      return call.run((state, context) => deleteInlinePolicy(state, which, context));
    },
    [`Attach${word}Policy`]: async (input: Input, call: Call): Answer => {
      const which = { to: ref(input), policyArn: present(input.PolicyArn) };
      return call.run((state, context) => attachPolicy(state, which, context));
    },
    [`Detach${word}Policy`]: async (input: Input, call: Call): Answer => {
      const which = { from: ref(input), policyArn: present(input.PolicyArn) };
      return call.run((state, context) => detachPolicy(state, which, context));
    },
    [`ListAttached${plural}`]: async (input: Input, call: Call): Answer => listAttached(ref(input), input, call),
  };
}

function boundaryHandlers(kind: "user" | "role"): Handlers {
  const word = words[kind];
  const ref = (input: Input): IdentityRef<"user" | "role"> => ({ kind, name: present(input[`${word}Name`]) });
  return {
    [`Put${word}PermissionsBoundary`]: async (input: Input, call: Call): Answer => {
      const which = { of: ref(input), policyArn: present(input.PermissionsBoundary) };
      return call.run((state, context) => putBoundary(state, which, context));
    },
    [`Delete${word}PermissionsBoundary`]: async (input: Input, call: Call): Answer =>
      call.run((state, context) => deleteBoundary(state, ref(input), context)),
  };
}

function getInline(of: IdentityRef<IdentityKind>, input: Input, call: Call): Result<unknown, ApiError> {
  const holder = identity(call.state(), call.accountId, of);
  if (!holder.ok) return holder;
  const policy = inlinePolicy(holder.value, of.kind, present(input.PolicyName));
  if (!policy.ok) return policy;
  return ok({
    [`${words[of.kind]}Name`]: holder.value.name,
    PolicyName: policy.value.name,
    PolicyDocument: encodedDocument(policy.value.document),
  });
}

function listInline(of: IdentityRef<IdentityKind>, input: Input, call: Call): Result<unknown, ApiError> {
  const holder = identity(call.state(), call.accountId, of);
  if (!holder.ok) return holder;
  const some = page(holder.value.inlinePolicies.toSorted(byName), input, (one) => one.name);
  if (!some.ok) return some;
  const { items, ...rest } = some.value;
  return ok({ PolicyNames: items.map((one) => one.name), ...rest });
}

function listAttached(of: IdentityRef<IdentityKind>, input: Input, call: Call): Result<unknown, ApiError> {
  const wrong = checked([pathPrefixConstraint(input.PathPrefix)]);
  if (!wrong.ok) return wrong;
  const state = call.state();
  const holder = identity(state, call.accountId, of);
  if (!holder.ok) return holder;
  const policies = holder.value.attachedPolicyArns.flatMap((arn) => {
    const policy = findPolicy(state, arn);
    return policy === undefined ? [] : [{ arn, name: policy.name, path: policy.path }];
  });
  const some = page(under(policies, input.PathPrefix), input, (one) => one.arn);
  if (!some.ok) return some;
  const { items, ...rest } = some.value;
  return ok({ AttachedPolicies: items.map((one) => ({ PolicyName: one.name, PolicyArn: one.arn })), ...rest });
}
