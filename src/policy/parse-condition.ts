/** The `Condition` element. Source: IAM User Guide, "IAM JSON policy elements: Condition". */

import type { Json, JsonMember } from "./json.ts";
import { type Operator, type OperatorFamily, parseOperator } from "./operator.ts";
import type { Reading } from "./parse.ts";
import type { Condition, Entry, TemplateEntry } from "./policy.ts";
import { parseBase64, parseBool, parseDate, parseIpRange, parseNumeric } from "./value.ts";
import { parseTemplate, plainTemplate } from "./variable.ts";

/** One condition for each operator and key, in the order of the text. */
export function parseConditions(json: Json, path: string, reading: Reading): readonly Condition[] {
  return membersOf(json, path, reading).flatMap((member) => {
    const operator = parseOperator(member.key);
    if (operator === undefined) {
      return reading.refuse({
        rule: "condition-operator",
        offset: member.keySpan.start,
        path,
        problem: `\`${member.key}\` is no condition operator`,
        expected: "an operator such as `StringEquals`, spelled so",
        found: member.key,
      });
    }
    const at = `${path}.${member.key}`;
    return membersOf(member.value, at, reading).map((key) => conditionOf(operator, member, key, { reading, path: at }));
  });
}

function conditionOf(
  operator: Operator,
  member: JsonMember,
  key: JsonMember,
  at: { reading: Reading; path: string },
): Condition {
  if (!/^[^\s:]+:\S/.test(key.key)) {
    at.reading.refuse({
      rule: "condition-key",
      offset: key.keySpan.start,
      path: at.path,
      problem: `\`${key.key}\` is no condition key`,
      expected: "a key with the prefix of its service, such as `aws:SourceVpce`",
      found: key.key,
    });
  }
  const path = `${at.path}.${key.key}`;
  const items = key.value.kind === "array" ? key.value.items : [key.value];
  const values = items.map((item) => valueOf(operator, item, path, at.reading));
  return { operator, operatorSpan: member.keySpan, key: key.key, keySpan: key.keySpan, values };
}

function valueOf(operator: Operator, json: Json, path: string, reading: Reading): TemplateEntry {
  const entry = textOf(json);
  if (entry === undefined) {
    const problem = `the value is a JSON ${json.kind}`;
    return reading.refuse({
      rule: "condition-value",
      offset: json.span.start,
      path,
      problem,
      expected: "a string, a number or a boolean",
    });
  }
  const expected = expectedOf(operator.family);
  if (expected !== undefined && !expected.test(entry.text) && !reading.isOpen(entry.text)) {
    const problem = `\`${entry.text}\` cannot be compared by \`${operator.name}\``;
    reading.refuse({
      rule: "condition-value",
      offset: entry.span.start,
      path,
      problem,
      expected: expected.name,
      found: entry.text,
    });
  }
  const variables = reading.version === "2012-10-17" && (operator.family === "String" || operator.family === "Arn");
  return { ...entry, template: variables ? parseTemplate(entry.text) : plainTemplate(entry.text) };
}

/** What a value must be for its operator; undefined where any text will do. */
function expectedOf(
  family: OperatorFamily,
): { readonly test: (text: string) => boolean; readonly name: string } | undefined {
  switch (family) {
    case "Numeric":
      return { test: (text) => parseNumeric(text) !== undefined, name: "a number" };
    case "Date":
      return { test: (text) => parseDate(text) !== undefined, name: "an ISO 8601 date or epoch seconds" };
    case "Ip":
      return { test: (text) => parseIpRange(text) !== undefined, name: "an address or a CIDR block" };
    case "Null":
      return { test: (text) => parseBool(text) !== undefined, name: "`true` or `false`" };
    case "Binary":
      return { test: (text) => parseBase64(text) !== undefined, name: "base64" };
    // A text that is neither true nor false is accepted by IAM and equals nothing.
    case "Bool":
    case "String":
    case "Arn":
      return undefined;
  }
}

/** Numbers and booleans may stand without quotes. */
function textOf(json: Json): Entry | undefined {
  switch (json.kind) {
    case "string":
      return { text: json.value, span: json.span };
    case "number":
      return { text: json.text, span: json.span };
    case "boolean":
      return { text: String(json.value), span: json.span };
    case "null":
    case "array":
    case "object":
      return undefined;
  }
}

function membersOf(json: Json, path: string, reading: Reading): readonly JsonMember[] {
  if (json.kind === "object") return json.members;
  const problem = `this is a JSON ${json.kind}`;
  return reading.refuse({ rule: "structure", offset: json.span.start, path, problem, expected: "an object" });
}
