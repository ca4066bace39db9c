/**
 * What one policy says about a request, by the plain reading of the rules: the specification. It tries every statement
 * in order and says of each that does not match which element failed first. The compiled form must agree with it.
 * Source: IAM User Guide, "IAM JSON policy elements reference" and "Policy evaluation logic".
 */

import type { Miss } from "./decision.ts";
import { type Glob, matchGlob, splitGlob, star } from "./glob.ts";
import type { Operator } from "./operator.ts";
import type { ActionElement, Condition, ResourceElement, Statement, TemplateEntry } from "./policy.ts";
import { type Grant, grantOf, isSpared, nameOf } from "./principal.ts";
import type { PolicyRequest, RequestContext } from "./request.ts";
import { parseBase64, parseBool, parseDate, parseIpRange, parseNumeric, splitArn } from "./value.ts";
import { containsIp } from "../base/prefix.ts";
import { parseIp } from "../base/ip.ts";
import { expand } from "./variable.ts";
import { type NamedPolicy, type PolicyVerdict, refTo, strengthOf } from "./verdict.ts";

/** The verdict, with a miss for each statement that did not match. */
export function interpret(named: NamedPolicy, request: PolicyRequest): PolicyVerdict {
  const misses: Miss[] = [];
  let deny: PolicyVerdict["deny"];
  let allow: PolicyVerdict["allow"];
  for (const statement of named.policy.statements) {
    const failure = failureOf(statement, named, request);
    if (failure !== undefined) {
      misses.push({ statement: refTo(named, statement.index), effect: statement.effect, ...failure });
      continue;
    }
    if (statement.effect === "Deny") deny ??= refTo(named, statement.index);
    else {
      const grant = grantBy(statement, named, request) ?? "direct";
      if (allow === undefined || strengthOf[grant] > strengthOf[allow.grant]) {
        allow = { statement: refTo(named, statement.index), grant };
      }
    }
  }
  if (deny !== undefined) return { deny, misses };
  return allow === undefined ? { misses } : { allow, misses };
}

type Failure = Omit<Miss, "statement" | "effect">;

/** The first element that does not match, or undefined when the statement applies. */
function failureOf(statement: Statement, named: NamedPolicy, request: PolicyRequest): Failure | undefined {
  const { principal, action, resource, conditions } = statement;
  if (principal !== undefined && grantBy(statement, named, request) === undefined) {
    const expected = principal.entries.map((entry) => entry.text);
    return { element: principal.negated ? "NotPrincipal" : "Principal", expected, actual: [nameOf(request.principal)] };
  }
  if (matchesAction(action, request.action) === action.negated) {
    const expected = action.entries.map((entry) => entry.text);
    return { element: action.negated ? "NotAction" : "Action", expected, actual: [request.action] };
  }
  if (resource !== undefined && matchesResource(resource, request) === resource.negated) {
    const expected = resource.entries.map((entry) => entry.text);
    return { element: resource.negated ? "NotResource" : "Resource", expected, actual: [request.resource] };
  }
  const failed = conditions.find((condition) => !holds(condition, request.context));
  return failed === undefined ? undefined : conditionFailure(failed, request.context);
}

function conditionFailure(condition: Condition, context: RequestContext): Failure {
  const key = condition.key.toLowerCase();
  const absentBecause = context.absent.get(key);
  const actual = context.values.get(key) ?? [];
  return {
    element: "Condition",
    operator: condition.operator.name,
    key: condition.key,
    expected: condition.values.map((value) => value.text),
    actual,
    ...(actual.length === 0 && absentBecause !== undefined ? { absentBecause } : {}),
  };
}

/** How strongly the statement names the caller; `direct` where policies have no principal; undefined when it does not. */
function grantBy(statement: Statement, named: NamedPolicy, request: PolicyRequest): Grant | undefined {
  const { principal, effect } = statement;
  if (principal === undefined) return "direct";
  const gateway = named.policy.kind === "gateway-endpoint";
  const naming = {
    request,
    gateway,
    ...(named.principalIds === undefined ? {} : { principalIds: named.principalIds }),
  };
  if (principal.negated && effect === "Deny") return isSpared(principal.entries, naming) ? undefined : "direct";
  const grants = principal.entries.map((entry) => grantOf(entry, naming));
  // ASSUMPTION: an Allow with NotPrincipal grants to every caller whom no entry names.
  if (principal.negated) return grants.every((grant) => grant === undefined) ? "direct" : undefined;
  return (["direct", "role", "account"] as const).find((grant) => grants.includes(grant));
}

function matchesAction(element: ActionElement, action: string): boolean {
  return element.entries.some((entry) => matchGlob(entry.glob, action.toLowerCase()));
}

/** ASSUMPTION: a Resource entry with a variable that has no value matches no resource, also under NotResource. */
function matchesResource(element: ResourceElement, request: PolicyRequest): boolean {
  return element.entries.some((entry) => {
    const pattern = expand(entry.template, request.context);
    return pattern !== undefined && matchGlob(pattern.glob, request.resource);
  });
}

/** Whether a condition is true of the context. Source: IAM User Guide, "Conditions with multiple context keys or values". */
function holds(condition: Condition, context: RequestContext): boolean {
  const { operator, key, values } = condition;
  const actual = context.values.get(key.toLowerCase()) ?? [];
  if (operator.family === "Null") return values.some((value) => parseBool(value.text) === (actual.length === 0));
  if (actual.length === 0) return holdsWithoutKey(operator);
  const matches = (text: string): boolean => values.some((value) => compare(operator, value, { text, context }));
  // An empty text is no value for the operators on sets.
  const set = actual.filter((text) => text !== "");
  if (operator.quantifier === "ForAllValues") return set.every((text) => matches(text) !== operator.negated);
  if (operator.quantifier === "ForAnyValue") return set.some((text) => matches(text) !== operator.negated);
  // ASSUMPTION: where a request has several values of a key and the condition no operator on sets, any of them will
  // do.
  return actual.some(matches) !== operator.negated;
}

/** ASSUMPTION: `IfExists` is stronger than `ForAnyValue`: with both, an absent key makes the condition true. */
function holdsWithoutKey(operator: Operator): boolean {
  if (operator.ifExists || operator.quantifier === "ForAllValues") return true;
  return operator.quantifier === "ForAnyValue" ? false : operator.negated;
}

/** Whether one value of the request compares with one of the policy, before any negation. */
function compare(
  operator: Operator,
  wanted: TemplateEntry,
  actual: { text: string; context: RequestContext },
): boolean {
  switch (operator.family) {
    case "String":
      return compareText(operator, wanted, actual);
    case "Numeric":
      return compareNumber(operator, parseNumeric(actual.text), parseNumeric(wanted.text));
    case "Date":
      return compareNumber(operator, parseDate(actual.text), parseDate(wanted.text));
    case "Bool":
      return equalIfKnown(parseBool(actual.text), parseBool(wanted.text));
    case "Binary":
      return equalIfKnown(parseBase64(actual.text), parseBase64(wanted.text));
    case "Ip": {
      const ip = parseIp(actual.text);
      const range = parseIpRange(wanted.text);
      return ip !== undefined && range !== undefined && containsIp(range, ip);
    }
    case "Arn": {
      const pattern = expand(wanted.template, actual.context);
      return pattern !== undefined && matchesArn(pattern.glob, actual.text);
    }
    case "Null":
      return false;
  }
}

function compareText(
  operator: Operator,
  wanted: TemplateEntry,
  actual: { text: string; context: RequestContext },
): boolean {
  const pattern = expand(wanted.template, actual.context);
  if (pattern === undefined) return false;
  if (operator.comparison === "like") return matchGlob(pattern.glob, actual.text);
  if (operator.comparison === "equals") return actual.text === pattern.text;
  return actual.text.toLowerCase() === pattern.text.toLowerCase();
}

function compareNumber(operator: Operator, actual: number | undefined, wanted: number | undefined): boolean {
  if (actual === undefined || wanted === undefined) return false;
  switch (operator.comparison) {
    case "equals":
      return actual === wanted;
    case "less":
      return actual < wanted;
    case "less-or-equal":
      return actual <= wanted;
    case "greater":
      return actual > wanted;
    case "greater-or-equal":
      return actual >= wanted;
    case "equals-ignore-case":
    case "like":
    case "in-range":
    case "absent":
      return false;
  }
}

function equalIfKnown<T>(actual: T | undefined, wanted: T | undefined): boolean {
  return actual !== undefined && actual === wanted;
}

/**
 * Each of the six parts on its own: a wildcard does not reach over a colon but in the last part.
 * ASSUMPTION: an ARN pattern with fewer than six parts matches no ARN, but for a lone `*`, which matches every one.
 */
function matchesArn(pattern: Glob, arn: string): boolean {
  const actual = splitArn(arn);
  if (actual === undefined) return false;
  if (pattern.length === 1 && pattern[0] === star) return true;
  const wanted = splitGlob(pattern, ":", 6);
  return wanted.length === 6 && wanted.every((glob, at) => matchGlob(glob, actual[at] ?? ""));
}
