/** Rules about a policy as a whole. */

import { sizeOf } from "../parse-kind.ts";
import { hasPlaceholder } from "../parse.ts";
import type { Condition, Entry, PolicyKind, Statement, TemplateEntry } from "../policy.ts";
import type { Fix, Issue, Rule, Subject } from "./finding.ts";

export function isEndpoint(kind: PolicyKind): boolean {
  return kind === "gateway-endpoint" || kind === "interface-endpoint";
}

/** Kinds in which what no statement allows stays shut and that have no other policy beside them to open it. */
const openers: readonly PolicyKind[] = [
  "gateway-endpoint",
  "interface-endpoint",
  "permissions-boundary",
  "session",
  "trust",
];

export const nothingAllowed: Rule = {
  id: "UP002",
  name: "nothing-allowed",
  severity: "error",
  why: "Nothing passes that no statement allows: with Deny statements alone this policy shuts everything.",
  source: "PrivateLink guide, Control access to VPC endpoints using endpoint policies",
  check: ({ policy }) => {
    const [first] = policy.statements;
    if (first === undefined || !openers.includes(policy.kind)) return [];
    if (policy.statements.some((statement) => statement.effect === "Allow")) return [];
    return [{ span: first.effectSpan, message: "no statement allows anything" }];
  },
};

export const variableWithoutVersion: Rule = {
  id: "UP016",
  name: "variable-without-version",
  severity: "error",
  why: "Without `Version` 2012-10-17 a policy variable is plain text and matches nothing but itself.",
  source: "IAM User Guide, IAM JSON policy elements: Version",
  check: ({ policy }) => {
    if (policy.version === "2012-10-17") return [];
    const fix = versionFix({ policy });
    return policy.statements
      .flatMap(templateEntries)
      .filter(({ text }) => /\$\{[^{}]+\}/.test(text))
      .map(({ text, span }) => ({
        span,
        message: `\`${text}\` holds a variable, but the version is ${policy.version}`,
        fix,
      }));
  },
};

function versionFix({ policy }: Pick<Subject, "policy">): Fix {
  const title = "set `Version` to 2012-10-17";
  if (policy.versionSpan !== undefined)
    return { title, edits: [{ span: policy.versionSpan, replacement: '"2012-10-17"' }] };
  const start = policy.text.indexOf("{") + 1;
  const indent = /^\s*/.exec(policy.text.slice(start))?.[0] ?? "";
  return { title, edits: [{ span: { start, end: start }, replacement: `${indent}"Version": "2012-10-17",` }] };
}

/** From so much of the limit on. */
const nearlyFull = 0.9;

export const nearSizeLimit: Rule = {
  id: "UP018",
  name: "near-size-limit",
  severity: "warning",
  why: "The next statement may not fit: AWS refuses documents over the limit.",
  source:
    "PrivateLink guide, Control access to VPC endpoints using endpoint policies; IAM User Guide, IAM and AWS STS quotas",
  check: ({ policy }) => {
    const size = sizeOf(policy.text, policy.kind);
    if (size === undefined || size.used < nearlyFull * size.limit) return [];
    const start = policy.text.indexOf("{");
    return [{ span: { start, end: start + 1 }, message: `the document takes ${size.used} of ${size.limit}` }];
  },
};

export const placeholderLeft: Rule = {
  id: "UP026",
  name: "placeholder-left",
  severity: "note",
  why: "The document is a template: nothing can be said about an entry that is still to be filled in.",
  source: "AWS samples, data perimeter policy examples",
  check: ({ policy }) =>
    policy.statements
      .flatMap(allEntries)
      .filter(({ text }) => hasPlaceholder(text))
      .map(({ text, span }): Issue => ({ span, message: `\`${text}\` is still to be filled in` })),
};

function templateEntries({ resource, conditions }: Statement): readonly TemplateEntry[] {
  const texts = conditions.filter(hasTemplates).flatMap((condition) => condition.values);
  return [...(resource?.entries ?? []), ...texts];
}

function hasTemplates({ operator }: Condition): boolean {
  return operator.family === "String" || operator.family === "Arn";
}

function allEntries({ principal, action, resource, conditions }: Statement): readonly Entry[] {
  const values = conditions.flatMap((condition) => condition.values);
  return [...(principal?.entries ?? []), ...action.entries, ...(resource?.entries ?? []), ...values];
}
