/**
 * From a policy document to a typed `Policy`, or to the first thing that is wrong with it and where. What passes here
 * can be evaluated without any further check.
 * Source: IAM User Guide, "Grammar of the IAM JSON policy language"; the rules of each kind are in `parse-kind.ts`.
 */

import type { Result } from "../base/result.ts";
import { err, ok } from "../base/result.ts";
import { parseGlob } from "./glob.ts";
import { type Json, type JsonMember, type JsonObject, parseJson } from "./json.ts";
import { parseConditions } from "./parse-condition.ts";
import { kindRules, sizeOf } from "./parse-kind.ts";
import { parsePrincipal } from "./parse-principal.ts";
import type { ActionElement, Entry, Policy, PolicyKind, ResourceElement, Statement, TemplateEntry } from "./policy.ts";
import { type Fault, type PolicyError, policyErrorAt, type PolicyRule } from "./policy-error.ts";
import { parseTemplate, plainTemplate } from "./variable.ts";

/** What is known where a document is read. */
export interface Reading {
  readonly kind: PolicyKind;
  readonly version: Policy["version"];
  /** Whether an entry is still to be filled in, so that nothing can be said about it. */
  readonly isOpen: (text: string) => boolean;
  /** Throws the fault; `parsePolicy` alone catches it. */
  readonly refuse: (fault: Fault) => never;
}

export interface ParseOptions {
  /** Takes documents that are longer than AWS would. */
  readonly anySize?: boolean;
  /** Takes entries in which a placeholder such as `<my-org-id>` stands, whatever the rest says: for lint only. */
  readonly placeholders?: boolean;
}

/** The policy, or the first error in it. Total over all texts; time is linear in the text. */
export function parsePolicy(text: string, kind: PolicyKind, options: ParseOptions = {}): Result<Policy, PolicyError> {
  const size = options.anySize === true ? undefined : sizeOf(text, kind);
  if (size !== undefined && size.used > size.limit) {
    const problem = `the document is ${size.used} long`;
    return refused(text, { rule: "size", offset: 0, path: "", problem, expected: `at most ${size.limit}` });
  }
  const json = parseJson(text);
  if (!json.ok) return refused(text, { rule: "json", path: "", ...json.error });
  if (json.value.kind !== "object") {
    const problem = `the document is a JSON ${json.value.kind}`;
    return refused(text, { rule: "json", offset: json.value.span.start, path: "", problem, expected: "a JSON object" });
  }
  try {
    return ok(policyOf(text, json.value, { kind, placeholders: options.placeholders === true }));
  } catch (thrown) {
    if (thrown instanceof Refusal) return refused(text, thrown.fault);
    throw thrown;
  }
}

/** Whether a text holds a placeholder such as `<my-org-id>`. */
export function hasPlaceholder(text: string): boolean {
  return /<[^<>]+>/.test(text);
}

/** Carries a fault out of the descent; never leaves this file. */
class Refusal extends Error {
  readonly fault: Fault;
  constructor(fault: Fault) {
    super(fault.problem);
    this.fault = fault;
  }
}

function refuse(fault: Fault): never {
  throw new Refusal(fault);
}

function refused(text: string, fault: Fault): Result<never, PolicyError> {
  return err(policyErrorAt(text, fault));
}

function policyOf(text: string, root: JsonObject, how: { kind: PolicyKind; placeholders: boolean }): Policy {
  const { kind, placeholders } = how;
  knownMembers(root, ["Version", "Id", "Statement"], "");
  const version = memberOf(root, "Version");
  if (version !== undefined && !isVersion(textOf(version.value))) {
    const problem = "the version is unknown";
    refuse({
      rule: "version",
      offset: version.value.span.start,
      path: "Version",
      problem,
      expected: "`2012-10-17` or `2008-10-17`",
    });
  }
  const versionText = version === undefined ? undefined : textOf(version.value);
  const reading: Reading = {
    kind,
    version: versionText === "2012-10-17" ? "2012-10-17" : "2008-10-17",
    isOpen: (entry) => placeholders && hasPlaceholder(entry),
    refuse,
  };
  const id = memberOf(root, "Id");
  if (id !== undefined && id.value.kind !== "string") {
    refuse(structure(id.value, "Id", "the id is no text", "a string"));
  }
  const idText = id === undefined ? undefined : textOf(id.value);
  return {
    kind,
    version: reading.version,
    ...(version === undefined ? {} : { versionSpan: version.value.span }),
    ...(idText === undefined ? {} : { id: idText }),
    statements: statementsOf(root, reading),
    text,
  };
}

function statementsOf(root: JsonObject, reading: Reading): readonly Statement[] {
  const member = memberOf(root, "Statement");
  if (member === undefined) {
    return refuse(
      structure(root, "", "there is no `Statement`", "a `Statement` with an object or an array of objects"),
    );
  }
  const items = member.value.kind === "array" ? member.value.items : [member.value];
  if (items.length === 0)
    refuse(structure(member.value, "Statement", "there are no statements", "at least one statement"));
  const statements = items.map((item, index) => {
    const path = member.value.kind === "array" ? `Statement[${index}]` : "Statement";
    if (item.kind !== "object")
      return refuse(structure(item, path, `the statement is a JSON ${item.kind}`, "an object"));
    return statementOf(item, index, path, reading);
  });
  if (kindRules[reading.kind].strictSid) refuseRepeatedSids(statements);
  return statements;
}

function refuseRepeatedSids(statements: readonly Statement[]): void {
  const seen = new Set<string>();
  for (const { sid, span, index } of statements) {
    if (sid === undefined || sid === "") continue;
    if (seen.has(sid)) {
      const problem = "in a single policy must be unique";
      refuse({
        rule: "sid",
        offset: span.start,
        path: `Statement[${index}].Sid`,
        problem,
        expected: "each Sid once",
        found: sid,
      });
    }
    seen.add(sid);
  }
}

const statementMembers = [
  "Sid",
  "Effect",
  "Principal",
  "NotPrincipal",
  "Action",
  "NotAction",
  "Resource",
  "NotResource",
  "Condition",
];

function statementOf(json: JsonObject, index: number, path: string, reading: Reading): Statement {
  knownMembers(json, statementMembers, path);
  const sid = sidOf(json, path, reading);
  const { effect, effectSpan } = effectOf(json, path);
  const principal = parsePrincipal(json, path, reading);
  const action = actionOf(json, path, reading);
  const resource = resourceOf(json, path, reading);
  const condition = memberOf(json, "Condition");
  return {
    index,
    span: json.span,
    ...(sid === undefined ? {} : { sid }),
    effect,
    effectSpan,
    ...(principal === undefined ? {} : { principal }),
    action,
    ...(resource === undefined ? {} : { resource }),
    conditions: condition === undefined ? [] : parseConditions(condition.value, `${path}.Condition`, reading),
  };
}

function sidOf(json: JsonObject, path: string, reading: Reading): string | undefined {
  const member = memberOf(json, "Sid");
  if (member === undefined) return undefined;
  const sid = textOf(member.value);
  if (sid === undefined) return refuse(structure(member.value, `${path}.Sid`, "the Sid is no text", "a string"));
  if (kindRules[reading.kind].strictSid && !/^[A-Za-z0-9]*$/.test(sid)) {
    const problem = "must be alpha-numeric. Check that the input satisfies the regular expression [0-9A-Za-z]*";
    refuse({
      rule: "sid",
      offset: member.value.span.start,
      path: `${path}.Sid`,
      problem,
      expected: "letters and digits",
      found: sid,
    });
  }
  return sid;
}

function effectOf(json: JsonObject, path: string): Pick<Statement, "effect" | "effectSpan"> {
  const member = memberOf(json, "Effect");
  const effect = member === undefined ? undefined : textOf(member.value);
  if (member !== undefined && (effect === "Allow" || effect === "Deny"))
    return { effect, effectSpan: member.value.span };
  const expected = "`Allow` or `Deny`, spelled so";
  if (member === undefined) {
    return refuse({ rule: "effect", offset: json.span.start, path, problem: "there is no `Effect`", expected });
  }
  const problem = effect === undefined ? `the effect is a JSON ${member.value.kind}` : `the effect is \`${effect}\``;
  return refuse({
    rule: "effect",
    offset: member.value.span.start,
    path: `${path}.Effect`,
    problem,
    expected,
    found: effect ?? "",
  });
}

function actionOf(json: JsonObject, path: string, reading: Reading): ActionElement {
  const { member, negated, name } = eitherOf(json, "Action", "NotAction", path);
  if (member === undefined) {
    const problem = "there is no `Action` and no `NotAction`";
    return refuse({ rule: "action-missing", offset: json.span.start, path, problem, expected: "one of them" });
  }
  const rule = kindRules[reading.kind];
  if (negated && rule.everyoneOnly) {
    refuse(structure(member.value, `${path}.${name}`, "`NotAction` is not supported here", "`Action`"));
  }
  const entries = entriesOf(member.value, `${path}.${name}`, "action-missing");
  for (const entry of entries) {
    if (reading.isOpen(entry.text)) continue;
    const fault = {
      rule: "action-invalid" as const,
      offset: entry.span.start,
      path: `${path}.${name}`,
      found: entry.text,
    };
    if (!/^(\*|\*:\*|[A-Za-z0-9-]+:[A-Za-z0-9_*?-]+)$/.test(entry.text)) {
      refuse({
        ...fault,
        problem: `\`${entry.text}\` is no action`,
        expected: "`service:Name`, with wildcards only in the name, or `*`",
      });
    }
    const service = entry.text.slice(0, entry.text.indexOf(":")).toLowerCase();
    if (rule.service !== undefined && entry.text !== "*" && service !== rule.service && service !== "*") {
      refuse({
        ...fault,
        problem: `\`${entry.text}\` is of another service`,
        expected: `an action of \`${rule.service}\``,
      });
    }
  }
  const patterns = entries.map((entry) => ({ ...entry, glob: parseGlob(entry.text.toLowerCase()) }));
  return { negated, span: member.value.span, entries: patterns };
}

function resourceOf(json: JsonObject, path: string, reading: Reading): ResourceElement | undefined {
  const { member, negated, name } = eitherOf(json, "Resource", "NotResource", path);
  const rule = kindRules[reading.kind].resource;
  if (member === undefined) {
    if (rule === "forbidden") return undefined;
    const problem = "there is no `Resource` and no `NotResource`";
    return refuse({ rule: "resource-missing", offset: json.span.start, path, problem, expected: "one of them" });
  }
  const at = `${path}.${name}`;
  if (rule === "forbidden") {
    const problem = `\`${name}\` is not allowed in this kind of policy`;
    return refuse({
      rule: "resource-forbidden",
      offset: member.keySpan.start,
      path: at,
      problem,
      expected: "no such element",
    });
  }
  const entries = entriesOf(member.value, at, "resource-missing").map((entry): TemplateEntry => {
    if (entry.text !== "*" && !entry.text.startsWith("arn:") && !reading.isOpen(entry.text)) {
      const problem = `\`${entry.text}\` is no ARN`;
      refuse({
        rule: "resource-invalid",
        offset: entry.span.start,
        path: at,
        problem,
        expected: "an ARN or `*`",
        found: entry.text,
      });
    }
    const variables = reading.version === "2012-10-17";
    return {
      ...entry,
      template: variables ? parseTemplate(entry.text, afterFifthColon(entry.text)) : plainTemplate(entry.text),
    };
  });
  return { negated, span: member.value.span, entries };
}

/** Where the resource part of an ARN begins: before it variables are plain text. */
function afterFifthColon(text: string): number {
  let at = -1;
  for (let colons = 0; colons < 5; colons++) {
    at = text.indexOf(":", at + 1);
    if (at < 0) return text.length;
  }
  return at + 1;
}

function eitherOf(json: JsonObject, plain: string, negated: string, path: string) {
  const first = memberOf(json, plain);
  const second = memberOf(json, negated);
  if (first !== undefined && second !== undefined) {
    refuse(structure(json, path, `\`${plain}\` and \`${negated}\` stand side by side`, "just one of them"));
  }
  return { member: first ?? second, negated: second !== undefined, name: second === undefined ? plain : negated };
}

/** The strings of a string or an array of strings; at least one. */
function entriesOf(json: Json, path: string, emptyRule: PolicyRule): readonly Entry[] {
  const items = json.kind === "array" ? json.items : [json];
  if (items.length === 0) {
    refuse({
      rule: emptyRule,
      offset: json.span.start,
      path,
      problem: "the list is empty",
      expected: "at least one entry",
    });
  }
  return items.map((item) => {
    if (item.kind !== "string") return refuse(structure(item, path, `the entry is a JSON ${item.kind}`, "a string"));
    return { text: item.value, span: item.span };
  });
}

function memberOf(json: JsonObject, key: string): JsonMember | undefined {
  return json.members.find((member) => member.key === key);
}

function knownMembers(json: JsonObject, known: readonly string[], path: string): void {
  for (const { key, keySpan } of json.members) {
    if (known.includes(key)) continue;
    const names = known.map((name) => `\`${name}\``).join(", ");
    refuse({
      rule: "structure",
      offset: keySpan.start,
      path,
      problem: `\`${key}\` is no element`,
      expected: `one of ${names}`,
      found: key,
    });
  }
}

function structure(json: Json, path: string, problem: string, expected: string): Fault {
  return { rule: "structure", offset: json.span.start, path, problem, expected };
}

function textOf(json: Json): string | undefined {
  return json.kind === "string" ? json.value : undefined;
}

function isVersion(text: string | undefined): boolean {
  return text === "2012-10-17" || text === "2008-10-17";
}
