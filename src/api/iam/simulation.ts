/** The policy simulator on the wire. Source: IAM API Reference, "SimulateCustomPolicy", "SimulatePrincipalPolicy", "GetContextKeysForCustomPolicy" and "…PrincipalPolicy". */

import type * as sdk from "@aws-sdk/client-iam";
import { policiesOfIdentity } from "../../analyse/applicable-policy.ts";
import { contextKeysOf, simulate, type Simulated, type Simulation } from "../../analyse/simulate.ts";
import { parseArn } from "../../base/arn.ts";
import { ok, type Result } from "../../base/result.ts";
import { type ApiError, fail } from "../../model/error.ts";
import { assumedRoleArn, userArn } from "../../model/iam-arn.ts";
import { findByName } from "../../model/iam-name.ts";
import type { Policies } from "../../policy/decide.ts";
import { parsePolicy } from "../../policy/parse.ts";
import type { Policy, PolicyKind } from "../../policy/policy.ts";
import { iamPolicyText } from "../../policy/policy-error.ts";
import type { Principal } from "../../policy/request.ts";
import type { NamedPolicy } from "../../policy/verdict.ts";
import type { Call } from "../handler.ts";
import { present } from "./input.ts";
import { page } from "./page.ts";

type Simulate = Omit<sdk.SimulateCustomPolicyRequest, "PolicyInputList">;

export const simulationHandlers = {
  SimulateCustomPolicy: async (
    input: sdk.SimulateCustomPolicyRequest,
    call: Call,
  ): Promise<Result<sdk.SimulatePolicyResponse, ApiError>> => {
    const identity = readAll("PolicyInputList", present(input.PolicyInputList), "identity");
    if (!identity.ok) return identity;
    const userName = "simulated";
    const arn = userArn({ accountId: call.accountId, path: "/", name: userName });
    const principal: Principal = { kind: "user", accountId: call.accountId, arn, userId: userName, userName };
    return answer(input, { principal, own: { identity: identity.value }, given: new Map() }, call);
  },

  SimulatePrincipalPolicy: async (
    input: sdk.SimulatePrincipalPolicyRequest,
    call: Call,
  ): Promise<Result<sdk.SimulatePolicyResponse, ApiError>> => {
    const source = sourceOf(present(input.PolicySourceArn), call);
    if (!source.ok) return source;
    const more = readAll("PolicyInputList", input.PolicyInputList ?? [], "identity");
    if (!more.ok) return more;
    const { own } = source.value;
    const identity = [...own.identity, ...more.value];
    return answer(input, { ...source.value, own: { ...own, identity } }, call);
  },

  GetContextKeysForCustomPolicy: async (
    input: sdk.GetContextKeysForCustomPolicyRequest,
  ): Promise<Result<sdk.GetContextKeysForPolicyResponse, ApiError>> => {
    const policies = readAll("PolicyInputList", present(input.PolicyInputList), "identity");
    return policies.ok ? ok({ ContextKeyNames: [...contextKeysOf(policies.value.map(policyOf))] }) : policies;
  },

  GetContextKeysForPrincipalPolicy: async (
    input: sdk.GetContextKeysForPrincipalPolicyRequest,
    call: Call,
  ): Promise<Result<sdk.GetContextKeysForPolicyResponse, ApiError>> => {
    const source = sourceOf(present(input.PolicySourceArn), call);
    if (!source.ok) return source;
    const more = readAll("PolicyInputList", input.PolicyInputList ?? [], "identity");
    if (!more.ok) return more;
    const all = [...source.value.own.identity, ...more.value];
    return ok({ ContextKeyNames: [...contextKeysOf(all.map(policyOf))] });
  },
};

interface Source {
  readonly principal: Principal;
  readonly own: Pick<Policies, "identity" | "boundary">;
  /** Condition keys that follow from who asks. */
  readonly given: ReadonlyMap<string, readonly string[]>;
}

/** Whose policies are meant. Failures: InvalidInput, NoSuchEntity. */
function sourceOf(text: string, call: Call): Result<Source, ApiError> {
  const arn = parseArn(text);
  const [kind = "", ...rest] = arn?.resource.split("/") ?? [];
  const name = rest.at(-1) ?? "";
  if (arn?.service !== "iam" || (kind !== "user" && kind !== "group" && kind !== "role") || name === "") {
    return fail("InvalidInput", {
      message: `Invalid Entity Arn: ${text} does not clearly define entity type and name.`,
    });
  }
  const state = call.state();
  const { accountId } = call;
  const document = findByName(state, kind, accountId, name);
  if (document === undefined || arn.accountId !== accountId) {
    return fail("NoSuchEntity", { message: `The ${kind} with name ${name} cannot be found.` });
  }
  const own = policiesOfIdentity(state, kind, document);
  const given = new Map<string, readonly string[]>([["aws:PrincipalArn", [text]]]);
  if (kind === "role") {
    const session = assumedRoleArn(accountId, document.name, "simulated");
    const role = { roleArn: text, roleId: document.id, sessionName: "simulated" };
    return ok({ principal: { kind: "assumed-role", accountId, arn: session, ...role }, own, given });
  }
  const user = { arn: text, userId: document.id, userName: document.name };
  if (kind === "user") {
    given.set("aws:username", [document.name]);
    given.set("aws:userid", [document.id]);
  }
  return ok({ principal: { kind: "user", accountId, ...user }, own, given });
}

function answer(input: Simulate, source: Source, call: Call): Result<sdk.SimulatePolicyResponse, ApiError> {
  const simulation = simulationOf(input, source, call);
  if (!simulation.ok) return simulation;
  const actions = present(input.ActionNames);
  const unnamed = actions.find((action) => !/^[\w-]+:[\w*?]+$/.test(action));
  if (unnamed !== undefined) return fail("InvalidInput", { message: `Invalid Action: ${unnamed}` });
  const resources = input.ResourceArns ?? ["*"];
  const pairs = actions.flatMap((action) => resources.map((resource) => ({ action, resource })));
  const some = page(pairs, input, ({ action, resource }) => `${action} ${resource}`);
  if (!some.ok) return some;
  const { items, ...rest } = some.value;
  const results = items.map(({ action, resource }) =>
    shown(simulate(simulation.value, action, resource), action, resource),
  );
  return ok({ EvaluationResults: results, ...rest });
}

function simulationOf(input: Simulate, source: Source, call: Call): Result<Simulation, ApiError> {
  const limits = readAll(
    "PermissionsBoundaryPolicyInputList",
    input.PermissionsBoundaryPolicyInputList ?? [],
    "identity",
  );
  if (!limits.ok) return limits;
  const resource =
    input.ResourcePolicy === undefined ? ok([]) : readAll("ResourcePolicy", [input.ResourcePolicy], "bucket");
  if (!resource.ok) return resource;
  const [limit] = limits.value;
  const [ofResource] = resource.value;
  const keys = new Map(source.given);
  for (const { ContextKeyName: name, ContextKeyValues: values } of input.ContextEntries ?? []) {
    if (name !== undefined && values !== undefined) keys.set(name, values);
  }
  const owner = /^(?:arn:aws:iam::)?(\d{12})/.exec(input.ResourceOwner ?? "")?.[1];
  return ok({
    principal: source.principal,
    policies: {
      ...source.own,
      ...(limit === undefined ? {} : { boundary: limit }),
      ...(ofResource === undefined ? {} : { resource: ofResource }),
    },
    resourceAccountId: owner ?? call.accountId,
    keys,
  });
}

/** Policies as texts, called after their place in the input. Failures: InvalidInput. */
function readAll(
  list: string,
  documents: readonly string[],
  kind: PolicyKind,
): Result<readonly NamedPolicy[], ApiError> {
  const read: NamedPolicy[] = [];
  for (const [at, document] of documents.entries()) {
    const policy = parsePolicy(document, kind);
    if (!policy.ok) return fail("InvalidInput", { message: iamPolicyText(policy.error) });
    read.push({ name: `${list}.${at + 1}`, policy: policy.value });
  }
  return ok(read);
}

function policyOf({ policy }: NamedPolicy): Policy {
  return policy;
}

function shown(simulated: Simulated, action: string, resource: string): sdk.EvaluationResult {
  const { verdict, matched, missingKeys, allowedByBoundary } = simulated;
  return {
    EvalActionName: action,
    EvalResourceName: resource,
    EvalDecision: verdict,
    MatchedStatements: matched.map((one) => ({
      SourcePolicyId: sourceName(one.policy),
      SourcePolicyType: sourceType,
      StartPosition: { Line: one.start.line, Column: one.start.column },
      EndPosition: { Line: one.end.line, Column: one.end.column },
    })),
    MissingContextValues: [...missingKeys],
    ...(allowedByBoundary === undefined
      ? {}
      : { PermissionsBoundaryDecisionDetail: { AllowedByPermissionsBoundary: allowedByBoundary } }),
  };
}

/** What IAM answers for every policy, though its model knows other words. */
const sourceType = "IAM Policy" as string as sdk.PolicySourceType;

/** The name of the policy alone. */
function sourceName(policy: string): string {
  const inline = /^inline policy (\S+) of /.exec(policy)?.[1];
  return inline ?? policy.slice(policy.lastIndexOf("/") + 1);
}
