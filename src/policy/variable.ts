/**
 * Policy variables: `${aws:username}`, with a default `${aws:username, 'nobody'}`, and the escapes `${*}`, `${?}` and `${$}`.
 * Source: IAM User Guide, "IAM policy elements: Variables and tags".
 */

import { type Glob, literalGlob, parseGlob } from "./glob.ts";
import type { RequestContext } from "./request.ts";

/** The text cut where variables stand; a lone text part, or none, where no variable does. */
export type Template = readonly TemplatePart[];

export type TemplatePart =
  /** Characters as written: wildcards act where the element knows them. */
  | { readonly kind: "text"; readonly text: string; readonly glob: Glob }
  /** Characters that never act as wildcards: of an escape. */
  | { readonly kind: "literal"; readonly text: string; readonly glob: Glob }
  /** `key` in lower case. */
  | { readonly kind: "variable"; readonly key: string; readonly fallback?: string };

/** What is left once the variables have their values. */
export interface Expanded {
  readonly text: string;
  /** Only characters as written act as wildcards. */
  readonly glob: Glob;
}

/** The template of a text in which variables count from `from` on; before it they are plain characters. */
export function parseTemplate(text: string, from = 0): Template {
  const parts: TemplatePart[] = [];
  const pattern = /\$\{([^{}]*)\}/g;
  pattern.lastIndex = from;
  let copied = 0;
  for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
    const part = partOf(match[1] ?? "");
    if (part === undefined) continue;
    if (match.index > copied) parts.push(textPart(text.slice(copied, match.index)));
    parts.push(part);
    copied = pattern.lastIndex;
  }
  if (copied < text.length || parts.length === 0) parts.push(textPart(text.slice(copied)));
  return parts;
}

/** The template of a text in which nothing is a variable: before version 2012-10-17. */
export function plainTemplate(text: string): Template {
  return [textPart(text)];
}

export function hasVariable(template: Template): boolean {
  return template.some((part) => part.kind === "variable");
}

/** The template with the request's values in place, or undefined when a variable has no value and no default. */
export function expand(template: Template, context: RequestContext): Expanded | undefined {
  const [only] = template;
  if (template.length === 1 && only !== undefined && only.kind !== "variable") return only;
  let text = "";
  const glob: number[] = [];
  for (const part of template) {
    const value = part.kind === "variable" ? valueOfPart(part, context) : part.text;
    if (value === undefined) return undefined;
    text += value;
    for (const code of part.kind === "variable" ? literalGlob(value) : part.glob) glob.push(code);
  }
  return { text, glob };
}

function textPart(text: string): TemplatePart {
  return { kind: "text", text, glob: parseGlob(text) };
}

/** What a variable stands for: its value, else its default; undefined without either. */
export function valueOfPart(
  part: TemplatePart & { readonly kind: "variable" },
  context: RequestContext,
): string | undefined {
  return valueOf(part.key, context) ?? part.fallback;
}

/**
 * The value of a key with just one.
 * ASSUMPTION: a policy variable of a key with several values has no value; AWS says only that such keys cannot be
 * used.
 */
function valueOf(key: string, context: RequestContext): string | undefined {
  const values = context.values.get(key);
  return values?.length === 1 ? values[0] : undefined;
}

/** What stands between the braces, or undefined when it is no variable and stays as written. */
function partOf(inner: string): TemplatePart | undefined {
  if (inner === "*" || inner === "?" || inner === "$")
    return { kind: "literal", text: inner, glob: literalGlob(inner) };
  const match = /^\s*([A-Za-z0-9_.+=@/:-]+(?: [A-Za-z0-9_.+=@/:-]+)*)\s*(?:,\s*'([^']*)')?\s*$/.exec(inner);
  const key = match?.[1];
  if (key === undefined || !key.includes(":")) return undefined;
  const fallback = match?.[2];
  return fallback === undefined
    ? { kind: "variable", key: key.toLowerCase() }
    : { kind: "variable", key: key.toLowerCase(), fallback };
}
