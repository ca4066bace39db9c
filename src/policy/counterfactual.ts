/**
 * The smallest single change that would turn a decision round: one condition key of the request, else one statement. Each
 * candidate is tried by deciding again, so what is proposed is true.
 */

import { formatIp } from "../base/ip.ts";
import { decide, type NamedPolicy, type Policies } from "./decide.ts";
import type { Decision, Layer, StatementRef } from "./decision.ts";
import { interpret } from "./interpret.ts";
import { parsePolicy } from "./parse.ts";
import { kindRules } from "./parse-kind.ts";
import type { Condition, PolicyKind, Statement } from "./policy.ts";
import type { PolicyRequest } from "./request.ts";
import { parseDate, parseIpRange, parseNumeric } from "./value.ts";
import { expand } from "./variable.ts";
import { refTo } from "./verdict.ts";

export type Counterfactual =
  /** `to` is undefined where the key would have to be absent. */
  | {
      readonly kind: "key";
      /** As the policy writes it. */
      readonly key: string;
      readonly from: readonly string[];
      readonly to: string | undefined;
      /** The statement whose condition it concerns. */
      readonly statement: StatementRef;
    }
  | { readonly kind: "without-statement"; readonly statement: StatementRef }
  /** An Allow for this very request, in a policy of this layer. */
  | { readonly kind: "with-statement"; readonly layer: Layer; readonly statement: SuggestedStatement };

interface SuggestedStatement {
  readonly Effect: "Allow";
  readonly Principal?: "*";
  readonly Action: string;
  readonly Resource?: string;
}

/** The change, or undefined when no single one is enough. */
export function counterfactual(request: PolicyRequest, policies: Policies): Counterfactual | undefined {
  const decision = decide(request, policies);
  const flips = (asked: PolicyRequest, by: Policies): boolean => decide(asked, by).allowed !== decision.allowed;
  return (
    byKey(request, policies, (asked) => flips(asked, policies)) ??
    (decision.allowed ? withoutAllow(decision, policies, (by) => flips(request, by)) : undefined) ??
    withoutDeny(decision, policies, (by) => flips(request, by)) ??
    withAllow(request, decision, policies, (by) => flips(request, by))
  );
}

function byKey(
  request: PolicyRequest,
  policies: Policies,
  flips: (asked: PolicyRequest) => boolean,
): Counterfactual | undefined {
  const conditions = allPolicies(policies).flatMap((named) => hinging(named, request));
  const removals: Counterfactual[] = [];
  for (const { condition, statement } of conditions) {
    const key = condition.key.toLowerCase();
    const from = request.context.values.get(key) ?? [];
    for (const to of samplesOf(condition, request)) {
      if (from.length === 1 && from[0] === to) continue;
      if (flips(withKey(request, key, to))) return { kind: "key", key: condition.key, from, to, statement };
    }
    if (from.length > 0 && removals.length === 0 && flips(withKey(request, key, undefined))) {
      removals.push({ kind: "key", key: condition.key, from, to: undefined, statement });
    }
  }
  return removals[0];
}

interface Hinge {
  readonly condition: Condition;
  readonly statement: StatementRef;
}

/** Conditions of the statements that nothing but conditions could keep from matching. */
function hinging(named: NamedPolicy, request: PolicyRequest): readonly Hinge[] {
  const { misses } = interpret(named, request);
  const missed = new Set(misses.filter((miss) => miss.element !== "Condition").map((miss) => miss.statement.index));
  return named.policy.statements
    .filter((statement) => !missed.has(statement.index))
    .flatMap((statement) =>
      statement.conditions.map((condition) => ({ condition, statement: refTo(named, statement.index) })),
    );
}

function withKey(request: PolicyRequest, key: string, value: string | undefined): PolicyRequest {
  const values = new Map(request.context.values);
  if (value === undefined) values.delete(key);
  else values.set(key, [value]);
  return { ...request, context: { ...request.context, values } };
}

/** Values that make the condition true or false: each wanted one, its neighbours, and one that is none of them. */
function samplesOf(condition: Condition, request: PolicyRequest): readonly string[] {
  const wanted = condition.values.flatMap((value) => {
    const text = expand(value.template, request.context)?.text;
    return text === undefined ? [] : [text];
  });
  switch (condition.operator.family) {
    case "String":
    case "Arn":
      return [...wanted.map((text) => text.replaceAll("*", "").replaceAll("?", "x")), ...wanted, "other"];
    case "Numeric":
      return wanted.flatMap((text) => neighbours(parseNumeric(text), 1)).map(String);
    case "Date":
      return wanted.flatMap((text) => neighbours(parseDate(text), 1000)).map((ms) => String(ms / 1000));
    case "Bool":
      return ["true", "false"];
    case "Ip":
      return [...wanted.flatMap(firstAddress), "192.0.2.1", "2001:db8::1"];
    case "Binary":
      return [...wanted, ""];
    case "Null":
      return ["any"];
  }
}

function neighbours(value: number | undefined, step: number): readonly number[] {
  return value === undefined ? [] : [value, value - step, value + step];
}

function firstAddress(text: string): readonly string[] {
  const range = parseIpRange(text);
  return range === undefined ? [] : [formatIp(range.ip)];
}

function withoutAllow(
  { decidedBy }: Decision,
  policies: Policies,
  flips: (by: Policies) => boolean,
): Counterfactual | undefined {
  const statement = decidedBy?.statement;
  return statement !== undefined && flips(without(policies, statement))
    ? { kind: "without-statement", statement }
    : undefined;
}

function withoutDeny(
  { layers }: Decision,
  policies: Policies,
  flips: (by: Policies) => boolean,
): Counterfactual | undefined {
  for (const { verdict, statement } of layers) {
    if (verdict !== "explicit-deny" || statement === undefined) continue;
    if (flips(without(policies, statement))) return { kind: "without-statement", statement };
  }
  return undefined;
}

/** The policies without one statement. */
function without(policies: Policies, gone: StatementRef): Policies {
  return mapPolicies(policies, (named) =>
    named.name === gone.policy ? changed(named, (statement) => statement.index !== gone.index) : named,
  );
}

function withAllow(
  request: PolicyRequest,
  { allowed, decidedBy }: Decision,
  policies: Policies,
  flips: (by: Policies) => boolean,
): Counterfactual | undefined {
  if (allowed || decidedBy?.reason !== "no-allow") return undefined;
  // Where his own account must agree too, a resource policy that names the caller is as good and is tried behind it.
  const layers: readonly Layer[] =
    decidedBy.layer === "identity-policy" ? ["identity-policy", "resource-policy"] : [decidedBy.layer];
  for (const layer of layers) {
    const kind = kindsOf[layer]?.(policies);
    if (kind === undefined) continue;
    const statement = suggestion(request, kind);
    const added = addedTo(policies, layer, statement, kind);
    if (added !== undefined && flips(added)) return { kind: "with-statement", layer, statement };
  }
  return undefined;
}

function suggestion(request: PolicyRequest, kind: PolicyKind): SuggestedStatement {
  const { principal, resource } = kindRules[kind];
  return {
    Effect: "Allow",
    ...(principal === "required" ? { Principal: "*" as const } : {}),
    Action: request.action,
    ...(resource === "required" ? { Resource: escaped(request.resource) } : {}),
  };
}

/** Wildcards in a key are meant as characters; a lone `*` stands for actions without a resource. */
function escaped(resource: string): string {
  return resource === "*" ? resource : resource.replaceAll(/[*?$]/g, (mark) => `\${${mark}}`);
}

/** Layers that are no policies have none. */
const kindsOf: Readonly<Partial<Record<Layer, (policies: Policies) => PolicyKind>>> = {
  "service-control-policy": () => "service-control",
  "resource-control-policy": () => "resource-control",
  "endpoint-policy": (policies) => policies.endpoint?.policy.kind ?? "gateway-endpoint",
  "permissions-boundary": () => "permissions-boundary",
  "session-policy": () => "session",
  "identity-policy": () => "identity",
  "resource-policy": (policies) => policies.resource?.policy.kind ?? (policies.resourceMustAllow ? "trust" : "bucket"),
};

function addedTo(
  policies: Policies,
  layer: Layer,
  statement: SuggestedStatement,
  kind: PolicyKind,
): Policies | undefined {
  const parsed = parsePolicy(JSON.stringify({ Version: "2012-10-17", Statement: statement }), kind);
  if (!parsed.ok) return undefined;
  const named = { name: "suggestion", policy: parsed.value };
  const [added] = parsed.value.statements;
  const joined = (one: NamedPolicy): NamedPolicy => ({
    ...one,
    policy: {
      ...one.policy,
      statements: [
        ...one.policy.statements,
        ...(added === undefined ? [] : [{ ...added, index: one.policy.statements.length }]),
      ],
    },
  });
  switch (layer) {
    case "service-control-policy":
      return { ...policies, serviceControl: (policies.serviceControl ?? []).map((level) => [...level, named]) };
    case "resource-control-policy":
      return { ...policies, resourceControl: (policies.resourceControl ?? []).map((level) => [...level, named]) };
    case "endpoint-policy":
      return policies.endpoint && { ...policies, endpoint: joined(policies.endpoint) };
    case "permissions-boundary":
      return policies.boundary && { ...policies, boundary: joined(policies.boundary) };
    case "session-policy":
      return { ...policies, session: [...(policies.session ?? []), named] };
    case "identity-policy":
      return { ...policies, identity: [...policies.identity, named] };
    case "resource-policy":
      return { ...policies, resource: policies.resource === undefined ? named : joined(policies.resource) };
    case "access-control-list":
    case "public-access-block":
      return undefined;
  }
}

function changed(named: NamedPolicy, keep: (statement: Statement) => boolean): NamedPolicy {
  return { ...named, policy: { ...named.policy, statements: named.policy.statements.filter(keep) } };
}

function mapPolicies(policies: Policies, change: (named: NamedPolicy) => NamedPolicy): Policies {
  const { serviceControl, resourceControl, endpoint, boundary, session, identity, resource } = policies;
  return {
    ...policies,
    ...(serviceControl === undefined ? {} : { serviceControl: serviceControl.map((level) => level.map(change)) }),
    ...(resourceControl === undefined ? {} : { resourceControl: resourceControl.map((level) => level.map(change)) }),
    ...(endpoint === undefined ? {} : { endpoint: change(endpoint) }),
    ...(boundary === undefined ? {} : { boundary: change(boundary) }),
    ...(session === undefined ? {} : { session: session.map(change) }),
    identity: identity.map(change),
    ...(resource === undefined ? {} : { resource: change(resource) }),
  };
}

/** In the order of the layers: ceilings first. */
function allPolicies(policies: Policies): readonly NamedPolicy[] {
  const { serviceControl = [], resourceControl = [], endpoint, boundary, session = [], identity, resource } = policies;
  const single = [endpoint, boundary].filter((named) => named !== undefined);
  const last = resource === undefined ? [] : [resource];
  return [...serviceControl.flat(), ...resourceControl.flat(), ...single, ...session, ...identity, ...last];
}
