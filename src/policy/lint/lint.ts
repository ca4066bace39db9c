/** Lint: reads a policy and tells what in it does not do what it seems to. */

import { positionOf, type Span } from "../json.ts";
import { parsePolicy } from "../parse.ts";
import type { Policy, PolicyKind } from "../policy.ts";
import { otherResource, otherService, unknownAction, unknownResource, unknownService } from "./action-rule.ts";
import {
  accountPattern,
  keyNeverPresent,
  keyOfOtherAction,
  lockOut,
  shortPattern,
  systemIdPattern,
  unknownKey,
} from "./condition-rule.ts";
import type { Edit, Finding, Rule, RuleId, Severity } from "./finding.ts";
import { forAllValues, keyTwice, literalWildcard, negatedList, operatorType, setOperator } from "./operator-rule.ts";
import { nearSizeLimit, nothingAllowed, placeholderLeft, variableWithoutVersion } from "./policy-rule.ts";
import { gatewayPrincipal, notPrincipal, openToEveryone } from "./principal-rule.ts";
import type { ServiceFacts } from "./service-facts.ts";
import { shadowed } from "./shadow-rule.ts";

/** Documents that are no policy of their kind; the finding's message says what is wrong with them. */
const notAPolicy = {
  id: "UP001",
  name: "not-a-policy",
  severity: "error",
  why: "AWS refuses this document.",
  source: "IAM User Guide, Grammar of the IAM JSON policy language",
} as const;

/** Every rule, by id. */
export const rules: readonly Omit<Rule, "check">[] = [
  notAPolicy,
  nothingAllowed,
  gatewayPrincipal,
  otherService,
  unknownService,
  unknownAction,
  unknownKey,
  keyOfOtherAction,
  otherResource,
  keyNeverPresent,
  lockOut,
  negatedList,
  systemIdPattern,
  shortPattern,
  accountPattern,
  variableWithoutVersion,
  shadowed,
  nearSizeLimit,
  openToEveryone,
  notPrincipal,
  forAllValues,
  setOperator,
  keyTwice,
  literalWildcard,
  operatorType,
  placeholderLeft,
  unknownResource,
];

const checking: readonly Rule[] = rules.filter((rule): rule is Rule => "check" in rule);

export interface LintOptions {
  readonly kind: PolicyKind;
  readonly facts: ServiceFacts;
  /** Of an endpoint: the prefix of its service's actions (`s3`), where it is known. */
  readonly service?: string;
}

/** The findings in the order of the text. */
export function lint(text: string, { kind, facts, service }: LintOptions): readonly Finding[] {
  const parsed = parsePolicy(text, kind, { placeholders: true });
  if (!parsed.ok) {
    const { line, column, path, problem, expected } = parsed.error;
    const message = `${path === "" ? "" : `${path}: `}${problem}, expected ${expected}`;
    return [{ ...headOf(notAPolicy), message, line, column, endLine: line, endColumn: column + 1 }];
  }
  const subject = { policy: parsed.value, facts, ...(service === undefined ? {} : { service }) };
  const found = checking.flatMap((rule) => rule.check(subject).map((issue) => ({ rule, issue })));
  found.sort((one, other) => one.issue.span.start - other.issue.span.start || one.rule.id.localeCompare(other.rule.id));
  return found.map(({ rule, issue }) => {
    const { message, fix, span } = issue;
    return { ...headOf(rule), message, ...placeOf(text, span), ...(fix === undefined ? {} : { fix }) };
  });
}

type Head = Pick<Finding, "ruleId" | "name" | "severity" | "why" | "source">;

function headOf(rule: { id: RuleId; name: string; severity: Severity; why: string; source: string }): Head {
  return { ruleId: rule.id, name: rule.name, severity: rule.severity, why: rule.why, source: rule.source };
}

function placeOf(text: string, span: Span): Pick<Finding, "line" | "column" | "endLine" | "endColumn"> {
  const end = positionOf(text, span.end);
  return { ...positionOf(text, span.start), endLine: end.line, endColumn: end.column };
}

/** Mending one thing can show or mend another, so it is done in rounds. */
const maxRounds = 500;

/** The text with everything mended that has a fix, and what is left to say about it. */
export function lintAndFix(
  text: string,
  options: LintOptions,
): { readonly text: string; readonly findings: readonly Finding[]; readonly mended: number } {
  let fixed = text;
  let mended = 0;
  for (let round = 0; round < maxRounds; round++) {
    const findings = lint(fixed, options);
    const fix = findings.find((finding) => finding.fix !== undefined)?.fix;
    if (fix === undefined) return { text: fixed, findings, mended };
    fixed = withEdits(fixed, fix.edits);
    mended++;
  }
  return { text: fixed, findings: lint(fixed, options), mended };
}

function withEdits(text: string, edits: readonly Edit[]): string {
  const backwards = [...edits].sort((one, other) => other.span.start - one.span.start);
  return backwards.reduce(
    (done, { span, replacement }) => done.slice(0, span.start) + replacement + done.slice(span.end),
    text,
  );
}

/**
 * What kind of policy a document seems to be: by its file name, else by its elements; undefined when it is no policy.
 * Without principals it is an identity policy; a trust policy has no resources; a bucket policy speaks of S3 alone and of
 * one bucket; any other is an endpoint policy.
 */
export function guessKind(text: string, fileName: string): PolicyKind | undefined {
  const byName = kindsByName.find(([pattern]) => pattern.test(fileName))?.[1];
  if (byName !== undefined) return byName;
  const readable = (kind: PolicyKind): Policy | undefined => {
    const parsed = parsePolicy(text, kind, { placeholders: true, anySize: true });
    return parsed.ok ? parsed.value : undefined;
  };
  if (readable("identity") !== undefined) return "identity";
  if (readable("trust") !== undefined) return "trust";
  const bucket = readable("bucket");
  if (bucket !== undefined && isOfOneBucket(bucket)) return "bucket";
  return readable("gateway-endpoint") === undefined ? undefined : "gateway-endpoint";
}

const kindsByName: readonly (readonly [RegExp, PolicyKind])[] = [
  [/interface.?endpoint/i, "interface-endpoint"],
  [/(s3|dynamodb|gateway).?endpoint|endpoint.*(s3|dynamodb|gateway)/i, "gateway-endpoint"],
  [/endpoint/i, "interface-endpoint"],
  [/trust/i, "trust"],
  [/bucket/i, "bucket"],
  [/(^|[^a-z])scp([^a-z]|$)|service.?control/i, "service-control"],
  [/(^|[^a-z])rcp([^a-z]|$)|resource.?control/i, "resource-control"],
  [/boundary/i, "permissions-boundary"],
  [/session/i, "session"],
];

function isOfOneBucket({ statements }: Policy): boolean {
  const names = new Set<string>();
  for (const { resource } of statements) {
    for (const { text } of resource?.entries ?? []) names.add(/^arn:[^:]*:s3:::([^/]+)/.exec(text)?.[1] ?? "*");
  }
  const [name = "*"] = names;
  return names.size === 1 && !name.includes("*");
}
