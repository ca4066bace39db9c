/**
 * What the policies would say to actions that nobody has asked for: the policy simulator of IAM.
 * Source: IAM API Reference, "SimulateCustomPolicy", "SimulatePrincipalPolicy", "EvaluationResult".
 */

import type { Policies } from "../policy/decide.ts";
import { decide } from "../policy/decide.ts";
import { interpret } from "../policy/interpret.ts";
import { positionOf } from "../policy/json.ts";
import type { Policy, Statement } from "../policy/policy.ts";
import type { PolicyRequest, Principal } from "../policy/request.ts";
import type { NamedPolicy } from "../policy/verdict.ts";

export interface Simulation {
  readonly principal: Principal;
  readonly policies: Policies;
  /** The owner of the resources. */
  readonly resourceAccountId: string;
  /** By condition key, in any case. */
  readonly keys: ReadonlyMap<string, readonly string[]>;
}

export interface Simulated {
  readonly verdict: "allowed" | "explicitDeny" | "implicitDeny";
  /** Those that made the verdict: every Deny that matched, or every Allow. */
  readonly matched: readonly MatchedStatement[];
  /** As the policies write them. */
  readonly missingKeys: readonly string[];
  /** Whether the boundary allows it, where there is one. */
  readonly allowedByBoundary?: boolean;
}

export interface MatchedStatement {
  readonly policy: string;
  readonly start: Position;
  readonly end: Position;
}

interface Position {
  readonly line: number;
  readonly column: number;
}

/** The verdict on one action and one resource. */
export function simulate(simulation: Simulation, action: string, resource: string): Simulated {
  const { principal, policies, resourceAccountId, keys } = simulation;
  const values = new Map([...keys].map(([key, given]) => [key.toLowerCase(), given] as const));
  const request: PolicyRequest = {
    principal,
    action,
    resource,
    resourceAccountId,
    context: { values, absent: new Map() },
  };
  const decision = decide(request, policies);
  const denied = decision.decidedBy?.reason === "explicit-deny";
  const verdict = decision.allowed ? "allowed" : denied ? "explicitDeny" : "implicitDeny";
  const wanted = verdict === "implicitDeny" ? undefined : denied ? "Deny" : "Allow";
  const { boundary } = policies;
  return {
    verdict,
    matched: wanted === undefined ? [] : namedIn(policies).flatMap((one) => matchesOf(one, wanted, request)),
    missingKeys: contextKeysOf(namedIn(policies).map(({ policy }) => policy)).filter(
      (key) => !values.has(key.toLowerCase()),
    ),
    ...(boundary === undefined ? {} : { allowedByBoundary: interpret(boundary, request).allow !== undefined }),
  };
}

/** The condition keys that policies ask for, as they write them, each once and in order. */
export function contextKeysOf(policies: readonly Policy[]): readonly string[] {
  const byName = new Map<string, string>();
  for (const key of policies.flatMap(({ statements }) => statements.flatMap(keysOf))) {
    if (!byName.has(key.toLowerCase())) byName.set(key.toLowerCase(), key);
  }
  return [...byName.values()].toSorted();
}

function keysOf({ conditions, resource }: Statement): readonly string[] {
  const templates = [...(resource?.entries ?? []), ...conditions.flatMap(({ values }) => values)];
  const variables = templates.flatMap(({ template }) =>
    template.flatMap((part) => (part.kind === "variable" ? [part.key] : [])),
  );
  return [...conditions.map(({ key }) => key), ...variables];
}

/** All that takes part. */
function namedIn({ identity, resource, boundary }: Policies): readonly NamedPolicy[] {
  return [...identity, resource, boundary].filter((one) => one !== undefined);
}

function matchesOf(named: NamedPolicy, effect: "Allow" | "Deny", request: PolicyRequest): readonly MatchedStatement[] {
  const { policy, name } = named;
  return policy.statements
    .filter((statement) => statement.effect === effect)
    .filter((statement) => {
      const { allow, deny } = interpret({ ...named, policy: { ...policy, statements: [statement] } }, request);
      return allow !== undefined || deny !== undefined;
    })
    .map(({ span }) => ({
      policy: name,
      // AWS points behind both braces.
      start: positionOf(policy.text, span.start + 1),
      end: positionOf(policy.text, span.end),
    }));
}
