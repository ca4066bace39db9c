/** The `Principal` and `NotPrincipal` elements. Source: IAM User Guide, "AWS JSON policy elements: Principal". */

import type { Json, JsonObject } from "./json.ts";
import type { Reading } from "./parse.ts";
import { kindRules } from "./parse-kind.ts";
import type { PrincipalElement, PrincipalEntry, PrincipalType } from "./policy.ts";

/** The element, or undefined in kinds of policies that have none. */
export function parsePrincipal(json: JsonObject, path: string, reading: Reading): PrincipalElement | undefined {
  const rule = kindRules[reading.kind];
  const members = json.members.filter(({ key }) => key === "Principal" || key === "NotPrincipal");
  const [member, second] = members;
  if (member === undefined) {
    if (rule.principal === "forbidden") return undefined;
    const problem = "there is no `Principal`";
    return reading.refuse({
      rule: "principal-missing",
      offset: json.span.start,
      path,
      problem,
      expected: "a `Principal`",
    });
  }
  if (rule.principal === "forbidden") {
    const problem = `\`${member.key}\` is not allowed in this kind of policy`;
    return reading.refuse({
      rule: "principal-forbidden",
      offset: member.keySpan.start,
      path,
      problem,
      expected: "no such element",
    });
  }
  if (second !== undefined) {
    const problem = "`Principal` and `NotPrincipal` stand side by side";
    reading.refuse({ rule: "structure", offset: second.keySpan.start, path, problem, expected: "just one of them" });
  }
  const at = `${path}.${member.key}`;
  const entries = principalEntries(member.value, at, reading);
  const negated = member.key === "NotPrincipal";
  if (rule.everyoneOnly && (negated || entries.some((entry) => entry.text !== "*"))) {
    const problem = "only everyone can be named here";
    reading.refuse({
      rule: "principal-invalid",
      offset: member.value.span.start,
      path: at,
      problem,
      expected: '`"Principal": "*"`',
    });
  }
  return { negated, span: member.value.span, entries };
}

function principalEntries(json: Json, path: string, reading: Reading): readonly PrincipalEntry[] {
  if (json.kind === "string" && json.value === "*") return [{ type: "AWS", text: "*", span: json.span }];
  if (json.kind !== "object" || json.members.length === 0) {
    const found = json.kind === "string" ? json.value : "";
    const expected = '`"*"` or an object with `AWS`, `Service`, `Federated` or `CanonicalUser`';
    return reading.refuse({
      rule: "principal-invalid",
      offset: json.span.start,
      path,
      problem: "this names nobody",
      expected,
      found,
    });
  }
  return json.members.flatMap(({ key, keySpan, value }) => {
    if (!isPrincipalType(key)) {
      const expected = "`AWS`, `Service`, `Federated` or `CanonicalUser`";
      const problem = `\`${key}\` is no type of principal`;
      return reading.refuse({ rule: "principal-invalid", offset: keySpan.start, path, problem, expected, found: key });
    }
    return typedEntries(key, value, `${path}.${key}`, reading);
  });
}

function typedEntries(type: PrincipalType, json: Json, path: string, reading: Reading): readonly PrincipalEntry[] {
  const items = json.kind === "array" ? json.items : [json];
  const expected = formsOf[type].expected;
  if (items.length === 0) {
    reading.refuse({
      rule: "principal-invalid",
      offset: json.span.start,
      path,
      problem: "the list is empty",
      expected,
    });
  }
  return items.map((item) => {
    const text = item.kind === "string" ? item.value : "";
    if (!formsOf[type].pattern.test(text) && !reading.isOpen(text)) {
      const problem = item.kind === "string" ? `\`${text}\` names no principal` : `the entry is a JSON ${item.kind}`;
      reading.refuse({ rule: "principal-invalid", offset: item.span.start, path, problem, expected, found: text });
    }
    return { type, text, span: item.span };
  });
}

const formsOf: Readonly<Record<PrincipalType, { readonly pattern: RegExp; readonly expected: string }>> = {
  AWS: {
    // Wildcards cannot stand for a part of a principal.
    pattern:
      /^(\*|\d{12}|(AIDA|AROA|AGPA)[A-Z0-9]{8,124}|arn:aws[a-z-]*:(iam::\d{12}:(root|(user|role)\/[^*?]+)|sts::\d{12}:(assumed-role|federated-user)\/[^*?]+))$/,
    expected: "`*`, an account id, or the ARN of an account, a user, a role or a session",
  },
  Service: {
    pattern: /^[a-z0-9.-]+\.(amazonaws\.com(\.cn)?|amazon\.com|aws\.internal)$/,
    expected: "a name such as `ec2.amazonaws.com`",
  },
  Federated: {
    pattern: /^(\*|arn:aws[a-z-]*:iam::\d{12}:(saml|oidc)-provider\/\S+|[a-z0-9.-]+\.[a-z]+)$/,
    expected: "the ARN or the name of an identity provider",
  },
  CanonicalUser: { pattern: /^[0-9a-f]{64}$/, expected: "64 hexadecimal digits" },
};

function isPrincipalType(key: string): key is PrincipalType {
  return Object.hasOwn(formsOf, key);
}
