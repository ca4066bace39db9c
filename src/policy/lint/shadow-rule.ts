/** Rules about statements that change nothing, since another one says as much or more. */

import type { Span } from "../json.ts";
import type {
  ActionElement,
  Condition,
  Entry,
  Policy,
  PrincipalElement,
  ResourceElement,
  Statement,
} from "../policy.ts";
import type { Fix, Issue, Rule } from "./finding.ts";
import { covers } from "./pattern.ts";

export const shadowed: Rule = {
  id: "UP017",
  name: "shadowed-statement",
  severity: "warning",
  why: "Taking the statement away changes no decision: it is dead weight, or it was meant otherwise.",
  source: "IAM User Guide, Policy evaluation logic",
  check: ({ policy }) =>
    policy.statements.flatMap((statement): Issue[] => {
      const over = policy.statements.find((other) => overrules(other, statement));
      if (over === undefined) return [];
      const how = over.effect === statement.effect ? "says all of it already" : "denies all of it";
      const fix = removal(policy, statement.span);
      const message = `${nameOf(over)} ${how}`;
      return [fix === undefined ? { span: statement.span, message } : { span: statement.span, message, fix }];
    }),
};

function nameOf({ sid, index }: Statement): string {
  return sid === undefined || sid === "" ? `statement ${index}` : `statement ${index} (${sid})`;
}

/** Whether `over` makes `under` superfluous. Of two that say the same, the later one is. */
function overrules(over: Statement, under: Statement): boolean {
  if (over === under || (over.effect !== under.effect && over.effect === "Allow")) return false;
  if (!coversStatement(over, under)) return false;
  return over.effect !== under.effect || over.index < under.index || !coversStatement(under, over);
}

function coversStatement(over: Statement, under: Statement): boolean {
  return (
    coversPrincipal(over.principal, under.principal) &&
    coversElement(over.action, under.action, (text) => text.toLowerCase()) &&
    coversElement(over.resource, under.resource, (text) => text) &&
    over.conditions.every((condition) => under.conditions.some((other) => isSame(condition, other)))
  );
}

function coversPrincipal(over: PrincipalElement | undefined, under: PrincipalElement | undefined): boolean {
  if (over === undefined || under === undefined) return over === under;
  if (over.negated || under.negated)
    return over.negated === under.negated && textsOf(over.entries) === textsOf(under.entries);
  if (over.entries.some((entry) => entry.type === "AWS" && entry.text === "*")) return true;
  return under.entries.every((entry) =>
    over.entries.some((other) => other.type === entry.type && other.text === entry.text),
  );
}

function coversElement(
  over: ActionElement | ResourceElement | undefined,
  under: ActionElement | ResourceElement | undefined,
  fold: (text: string) => string,
): boolean {
  if (over === undefined || under === undefined) return over === under;
  if (over.negated || under.negated)
    return over.negated === under.negated && textsOf(over.entries) === textsOf(under.entries);
  return under.entries.every((entry) => over.entries.some((other) => coversEntry(fold(other.text), fold(entry.text))));
}

/** Variables stand for anything, so only the very same text covers one. */
function coversEntry(over: string, under: string): boolean {
  return over === under || over === "*" || (!over.includes("${") && !under.includes("${") && covers(over, under));
}

function isSame(one: Condition, other: Condition): boolean {
  return (
    one.operator.name === other.operator.name &&
    one.key.toLowerCase() === other.key.toLowerCase() &&
    textsOf(one.values) === textsOf(other.values)
  );
}

function textsOf(entries: readonly Entry[]): string {
  return JSON.stringify(entries.map((entry) => entry.text).sort());
}

/** The statement with the comma that parts it from its neighbour; undefined for the only one. */
function removal({ text, statements }: Policy, span: Span): Fix | undefined {
  if (statements.length < 2) return undefined;
  const behind = /^\s*,\s*/.exec(text.slice(span.end))?.[0];
  const before = /\s*,\s*$/.exec(text.slice(0, span.start))?.[0];
  const edit =
    behind === undefined
      ? { start: span.start - (before?.length ?? 0), end: span.end }
      : { start: span.start, end: span.end + behind.length };
  return { title: "take the statement away", edits: [{ span: edit, replacement: "" }] };
}
