/** Rules about conditions: the keys and whether they can be there. */

import { hasWildcard } from "../glob.ts";
import type { Span } from "../json.ts";
import { hasPlaceholder } from "../parse.ts";
import type { Condition, Statement } from "../policy.ts";
import { actionOf } from "./action-rule.ts";
import type { Issue, Rule, Subject } from "./finding.ts";
import { covers, nearest } from "./pattern.ts";
import { isEndpoint } from "./policy-rule.ts";
import { keyStem } from "./service-facts.ts";

/** Every condition with its statement. */
export function eachCondition(
  { policy }: Subject,
  check: (condition: Condition, statement: Statement) => readonly Issue[],
): readonly Issue[] {
  return policy.statements.flatMap((statement) =>
    statement.conditions.flatMap((condition) => check(condition, statement)),
  );
}

export const unknownKey: Rule = {
  id: "UP007",
  name: "unknown-key",
  severity: "error",
  why: "No request has this key: a condition on it is never true, and with a negated operator always.",
  source: "IAM User Guide, AWS global condition context keys; Service Authorization Reference",
  check: (subject) =>
    eachCondition(subject, ({ key, keySpan: span }) => {
      const { facts } = subject;
      if (hasPlaceholder(key) || facts.key(key) !== undefined) return [];
      const prefix = key.slice(0, key.indexOf(":")).toLowerCase();
      const service = facts.service(prefix);
      // Keys of identity providers are named after them.
      if (prefix !== "aws" && service === undefined)
        return prefix.includes(".") || prefix === "saml"
          ? []
          : [{ span, message: `no service has keys that begin with \`${prefix}:\`` }];
      return [suggestion(key, span, prefix === "aws" ? facts.globalKeys : (service?.keys ?? []))];
    }),
};

/** What follows the first slash is the name of a tag and stays. */
function suggestion(key: string, span: Span, known: readonly string[]): Issue {
  const slash = key.indexOf("/");
  const tag = slash < 0 ? "" : key.slice(slash);
  const stems = known.filter((name) => name.includes("/") === slash >= 0).map((name) => name.split("/")[0] ?? name);
  const meant = nearest(slash < 0 ? key : key.slice(0, slash), stems);
  const message = `there is no key \`${key}\``;
  if (meant === undefined) return { span, message };
  const right = meant.name + tag;
  const asked = `${message}; did you mean \`${right}\`?`;
  // A slip of one letter can be mended; anything further is only a guess.
  if (meant.far > 1) return { span, message: asked };
  return {
    span,
    message: asked,
    fix: { title: `write \`${right}\``, edits: [{ span, replacement: JSON.stringify(right) }] },
  };
}

export const keyOfOtherAction: Rule = {
  id: "UP008",
  name: "key-of-other-action",
  severity: "warning",
  why: "Requests for the action never have this key, so for it the condition is never true.",
  source: "Service Authorization Reference, Actions defined by each service, Condition keys",
  check: (subject) =>
    eachCondition(subject, (condition, { action }) => {
      const { key, keySpan: span } = condition;
      const prefix = key.slice(0, key.indexOf(":")).toLowerCase();
      if (
        action.negated ||
        !needsKey(condition) ||
        subject.facts.service(prefix) === undefined ||
        subject.facts.key(key) === undefined
      )
        return [];
      return action.entries.flatMap((entry): Issue[] => {
        const fact = actionOf(entry, subject);
        const own = entry.text.toLowerCase().startsWith(`${prefix}:`);
        if (fact === undefined || !own || fact.keys.has(keyStem(key))) return [];
        return [{ span, message: `requests for \`${entry.text}\` never have \`${key}\`` }];
      });
    }),
};

/** Whether the condition is false without its key. */
function needsKey({ operator }: Condition): boolean {
  const { family, negated, ifExists, quantifier } = operator;
  return family !== "Null" && !negated && !ifExists && quantifier !== "ForAllValues";
}

export const keyNeverPresent: Rule = {
  id: "UP010",
  name: "key-never-present",
  severity: "warning",
  why: "Through a VPC endpoint a request has no aws:SourceIp: IpAddress never matches and NotIpAddress always does. aws:VpcSourceIp is the private address, aws:SourceVpc and aws:SourceVpce say where it came from.",
  source:
    "S3 User Guide, Controlling access from VPC endpoints with bucket policies; IAM User Guide, AWS global condition context keys: aws:SourceIp",
  check: (subject) =>
    eachCondition(subject, ({ key, keySpan: span, operator }, statement) => {
      if (key.toLowerCase() !== "aws:sourceip" || operator.family === "Null") return [];
      const always = operator.negated || operator.ifExists;
      if (isEndpoint(subject.policy.kind)) {
        return [
          {
            span,
            message: `\`${key}\` is absent behind an endpoint: the condition is ${always ? "always" : "never"} true`,
          },
        ];
      }
      const denies = subject.policy.kind === "bucket" && statement.effect === "Deny" && operator.negated;
      return denies && !statement.conditions.some(knowsVpc)
        ? [{ span, message: "this denies every request that comes through a VPC endpoint" }]
        : [];
    }),
};

function knowsVpc({ key }: Condition): boolean {
  return /^aws:(sourcevpc|sourcevpce|vpcsourceip|sourcevpcarn|vpceaccount|vpceorgid|vpceorgpaths)$/i.test(key);
}

export const lockOut: Rule = {
  id: "UP011",
  name: "lock-out",
  severity: "warning",
  why: "Whoever is not behind that endpoint is denied, the console and the account's own administrators included: then only the root user can still mend the policy. Leave the administrators out by a condition with ArnNotLike on aws:PrincipalArn.",
  source: "S3 User Guide, Controlling access from VPC endpoints with bucket policies: Important",
  check: (subject) =>
    eachCondition(subject, ({ key, keySpan: span, operator }, statement) => {
      const byPath = /^aws:(sourcevpc|sourcevpce|sourcevpcarn|vpceaccount)$/i.test(key) && operator.negated;
      if (subject.policy.kind !== "bucket" || statement.effect !== "Deny" || !byPath) return [];
      const { action, principal, conditions } = statement;
      const everyone = principal?.entries.some((entry) => entry.text === "*") === true && !principal.negated;
      const mending =
        !action.negated && action.entries.some((entry) => covers(entry.text.toLowerCase(), "s3:putbucketpolicy"));
      const spares = conditions.some((condition) => /^aws:(principal|userid|username)/i.test(condition.key));
      return everyone && mending && !spares
        ? [{ span, message: "this locks out the account's own administrators" }]
        : [];
    }),
};

/** Ids that AWS makes. Tags, paths and names are not among them. */
const systemIds = new Set([
  "aws:principalaccount",
  "aws:principalorgid",
  "aws:resourceaccount",
  "aws:resourceorgid",
  "aws:sourceaccount",
  "aws:sourceorgid",
  "aws:sourcevpc",
  "aws:sourcevpce",
  "aws:vpceaccount",
  "aws:vpceorgid",
  "s3:resourceaccount",
]);

export const systemIdPattern: Rule = {
  id: "UP013",
  name: "system-id-pattern",
  severity: "error",
  why: "AWS makes these ids at random: a wildcard or a numeric comparison takes in accounts and networks of others.",
  source: "IAM User Guide, AWS global condition context keys; data perimeter whitepaper",
  check: (subject) =>
    eachCondition(subject, ({ key, keySpan, operator, values }) => {
      if (!systemIds.has(key.toLowerCase()) || operator.family === "Null") return [];
      if (operator.family === "Numeric") return [{ span: keySpan, message: `\`${key}\` is an id, not a number` }];
      if (operator.comparison !== "like") return [];
      return values
        .filter(({ text }) => hasWildcard(text) && !hasPlaceholder(text))
        .map(({ text, span }) => ({ span, message: `\`${text}\` holds a wildcard, but \`${key}\` is an id` }));
    }),
};

/** As many characters have to stand beside a wildcard. */
const besideWildcard = 6;

export const shortPattern: Rule = {
  id: "UP014",
  name: "short-pattern",
  severity: "warning",
  why: "A pattern with so few characters beside its wildcard can be met by others' values as well.",
  source: "PrivateLink guide, Control access to VPC endpoints using endpoint policies",
  check: (subject) =>
    eachCondition(subject, ({ key, operator, values }) => {
      const global = /^aws:(?!principaltag|resourcetag|requesttag|tagkeys|useragent|referer)/i.test(key);
      if (!isEndpoint(subject.policy.kind) || operator.family !== "String" || operator.comparison !== "like" || !global)
        return [];
      return values
        .filter(({ text }) => isShort(text) && !hasPlaceholder(text))
        .map(({ text, span }) => ({
          span,
          message: `fewer than ${besideWildcard} characters stand beside a wildcard of \`${text}\``,
        }));
    }),
};

function isShort(text: string): boolean {
  const pieces = text.split(/[*?]/);
  return pieces
    .slice(1)
    .some((piece, at) => piece.length < besideWildcard && (pieces[at]?.length ?? 0) < besideWildcard);
}

export const accountPattern: Rule = {
  id: "UP015",
  name: "account-pattern",
  severity: "error",
  why: "The account of an ARN is an id or a wildcard. A mix of both takes in accounts of others whose ids happen to be alike.",
  source: "PrivateLink guide, Control access to VPC endpoints using endpoint policies",
  check: (subject) =>
    eachCondition(subject, ({ values, operator }) =>
      operator.family !== "Arn" && operator.family !== "String"
        ? []
        : values
            .filter(({ text }) => /^arn:[^:]*:[^:]*:[^:]*:(?!\*:)[^:$<]*[*?][^:$<]*:/.test(text))
            .map(({ text, span }) => ({ span, message: `the account of \`${text}\` is neither an id nor a wildcard` })),
    ),
};
