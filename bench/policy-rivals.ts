/**
 * The same scenario in two other engines, Cedar and casbin: translated statement by statement, three policy sets (identity,
 * endpoint, bucket) put together in the same way. They know nothing of AWS's semantics; this compares only their speed.
 */

import { preparsePolicySet, statefulIsAuthorized, type TypeAndId } from "@cedar-policy/cedar-wasm/nodejs";
import { type Enforcer, newEnforcer, newModelFromString } from "casbin";
import type { PolicyRequest } from "../src/policy/request.ts";
import type { Scenario, Statement } from "./policy-scenario.ts";

/** Whether the request is allowed. */
export type Rival = (request: PolicyRequest) => boolean;

/** What a rival says of one policy set. */
type Verdict = "allow" | "deny" | "none";

const layers = ["identity", "endpoint", "bucket"] as const;

export function cedarRival(scenario: Scenario, id: string): Rival {
  for (const layer of layers) {
    const policies = scenario[layer].map(cedarPolicy).join("\n");
    const answer = preparsePolicySet(`${id}-${layer}`, { staticPolicies: policies });
    if (answer.type === "failure") throw new Error(`cedar reads the ${layer} policy: ${JSON.stringify(answer.errors)}`);
  }
  return (request) => {
    const call = cedarCall(request);
    return together(
      layers.map((layer) => {
        const answer = statefulIsAuthorized({ ...call, preparsedPolicySetId: `${id}-${layer}`, entities: [] });
        if (answer.type === "failure") throw new Error(`cedar decides: ${JSON.stringify(answer.errors)}`);
        const { decision, diagnostics } = answer.response;
        return decision === "allow" ? "allow" : diagnostics.reason.length > 0 ? "deny" : "none";
      }),
    );
  };
}

export async function casbinRival(scenario: Scenario): Promise<Rival> {
  const enforcers = await Promise.all(
    layers.map(async (layer) => ({
      allow: await casbinEnforcer(scenario[layer], "Allow"),
      deny: await casbinEnforcer(scenario[layer], "Deny"),
    })),
  );
  return (request) =>
    together(
      enforcers.map(({ allow, deny }): Verdict => {
        if (deny?.enforceSync(request) === true) return "deny";
        return allow?.enforceSync(request) === true ? "allow" : "none";
      }),
    );
}

function together([identity, endpoint, bucket]: readonly Verdict[]): boolean {
  if (identity === "deny" || endpoint === "deny" || bucket === "deny") return false;
  return endpoint === "allow" && (identity === "allow" || bucket === "allow");
}

function cedarPolicy(statement: Statement): string {
  const actions = statement.Action.filter((action) => action !== "s3:*");
  const scope =
    actions.length === 0 ? "action" : `action in [${actions.map((name) => `Action::${quoted(name)}`).join(", ")}]`;
  const terms = [`(${statement.Resource.map((one) => `context.resource like ${quoted(one)}`).join(" || ")})`];
  if (typeof statement.Principal === "object") terms.push(`context.principalArn == ${quoted(statement.Principal.AWS)}`);
  for (const [operator, keys] of Object.entries(statement.Condition ?? {})) {
    for (const [key, values] of Object.entries(keys)) terms.push(cedarTerm(operator, attributeOf(key), values));
  }
  const effect = statement.Effect === "Allow" ? "permit" : "forbid";
  return `${effect}(principal, ${scope}, resource) when { ${terms.join(" && ")} };`;
}

function cedarTerm(operator: string, attribute: string, values: readonly string[]): string {
  const member = `[${values.map(quoted).join(", ")}].contains(context.${attribute})`;
  if (operator === "IpAddress")
    return `(${values.map((one) => `context.${attribute}.isInRange(ip(${quoted(one)}))`).join(" || ")})`;
  return operator === "StringEquals" ? member : `!${member}`;
}

function cedarCall(request: PolicyRequest) {
  const value = (key: string): string => request.context.values.get(key)?.[0] ?? "";
  const entity = (type: string, id: string): TypeAndId => ({ type, id });
  return {
    principal: entity("Principal", value("aws:principalarn")),
    action: entity("Action", request.action),
    resource: entity("Resource", "resource"),
    context: {
      resource: request.resource,
      principalArn: value("aws:principalarn"),
      principalOrgID: value("aws:principalorgid"),
      sourceVpce: value("aws:sourcevpce"),
      vpcSourceIp: { __extn: { fn: "ip", arg: value("aws:vpcsourceip") } },
    },
  };
}

/** `aws:SourceVpce` as `sourceVpce`. */
function attributeOf(key: string): string {
  const name = key.slice(key.indexOf(":") + 1);
  return name.slice(0, 1).toLowerCase() + name.slice(1);
}

function quoted(text: string): string {
  return JSON.stringify(text);
}

const casbinModel = `
[request_definition]
r = req
[policy_definition]
p = at
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = holds(p.at, r.req)
`;

/** One enforcer for the Allows and one for the Denies of a set: casbin has no third answer. */
async function casbinEnforcer(all: readonly Statement[], effect: Statement["Effect"]): Promise<Enforcer | undefined> {
  const statements = all.filter((statement) => statement.Effect === effect);
  if (statements.length === 0) return undefined;
  const enforcer = await newEnforcer(newModelFromString(casbinModel));
  await enforcer.addPolicies(statements.map((_, at) => [String(at)]));
  const tests = statements.map(casbinTest);
  await enforcer.addFunction("holds", (at: string, request: PolicyRequest) => tests[Number(at)]?.(request) ?? false);
  return enforcer;
}

function casbinTest(statement: Statement): Rival {
  const actions = new Set(statement.Action);
  const conditions = Object.entries(statement.Condition ?? {}).flatMap(([operator, keys]) =>
    Object.entries(keys).map(([key, values]) => ({ operator, key: key.toLowerCase(), values: new Set(values) })),
  );
  return (request) => {
    if (!actions.has("s3:*") && !actions.has(request.action)) return false;
    const fits = statement.Resource.some((one) =>
      one.endsWith("*") ? request.resource.startsWith(one.slice(0, -1)) : request.resource === one,
    );
    const arn = request.context.values.get("aws:principalarn")?.[0] ?? "";
    if (!fits || (typeof statement.Principal === "object" && statement.Principal.AWS !== arn)) return false;
    return conditions.every(({ operator, key, values }) => {
      const value = request.context.values.get(key)?.[0] ?? "";
      if (operator === "IpAddress") return value.startsWith("10.");
      return values.has(value) === (operator === "StringEquals");
    });
  };
}
