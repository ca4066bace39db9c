/**
 * JSON with positions: every value knows where it stands, and an object that names a key twice is an error, since AWS
 * refuses such policies while `JSON.parse` would silently keep the last one.
 * Source: RFC 8259.
 */

import type { Result } from "../base/result.ts";
import { err, ok } from "../base/result.ts";

/** Offsets in UTF-16 units; `end` is the first one behind. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

export type Json = JsonObject | JsonArray | JsonString | JsonNumber | JsonBoolean | JsonNull;

export interface JsonObject {
  readonly kind: "object";
  readonly span: Span;
  /** In the order of the text. INVARIANT: no key twice. */
  readonly members: readonly JsonMember[];
}

export interface JsonMember {
  readonly key: string;
  readonly keySpan: Span;
  readonly value: Json;
}

interface JsonArray {
  readonly kind: "array";
  readonly span: Span;
  readonly items: readonly Json[];
}

interface JsonString {
  readonly kind: "string";
  readonly span: Span;
  readonly value: string;
}

interface JsonNumber {
  readonly kind: "number";
  readonly span: Span;
  /** As it was written. */
  readonly text: string;
}

interface JsonBoolean {
  readonly kind: "boolean";
  readonly span: Span;
  readonly value: boolean;
}

interface JsonNull {
  readonly kind: "null";
  readonly span: Span;
}

export interface JsonError {
  readonly offset: number;
  readonly problem: string;
  readonly expected: string;
}

/** Deeper nesting than any policy needs is refused, so that no document can exhaust the stack. */
const maxDepth = 32;

/** The value that `text` writes, with nothing but white space around it. */
export function parseJson(text: string): Result<Json, JsonError> {
  const cursor: Cursor = { text, at: 0, error: undefined };
  const value = parseValue(cursor, 0);
  if (value === undefined)
    return err(cursor.error ?? { offset: cursor.at, problem: "no value", expected: "a JSON value" });
  skipSpace(cursor);
  if (cursor.at < text.length) {
    return err({
      offset: cursor.at,
      problem: "text after the end of the document",
      expected: "the end of the document",
    });
  }
  return ok(value);
}

/** Line and column, both from 1; a column counts UTF-16 units. */
export function positionOf(text: string, offset: number): { readonly line: number; readonly column: number } {
  let line = 1;
  let lineStart = 0;
  for (let at = text.indexOf("\n"); at >= 0 && at < offset; at = text.indexOf("\n", at + 1)) {
    line++;
    lineStart = at + 1;
  }
  return { line, column: offset - lineStart + 1 };
}

interface Cursor {
  readonly text: string;
  at: number;
  error: JsonError | undefined;
}

function parseValue(cursor: Cursor, depth: number): Json | undefined {
  skipSpace(cursor);
  const start = cursor.at;
  const next = cursor.text[start];
  if (next === undefined) return fail(cursor, "the document ends here", "a JSON value");
  if (next === "{") return parseObject(cursor, depth);
  if (next === "[") return parseArray(cursor, depth);
  if (next === '"') {
    const value = parseString(cursor);
    return value === undefined ? undefined : { kind: "string", span: { start, end: cursor.at }, value };
  }
  return parseNumber(cursor) ?? parseWord(cursor);
}

function parseObject(cursor: Cursor, depth: number): JsonObject | undefined {
  const start = cursor.at;
  if (depth >= maxDepth) return fail(cursor, "the nesting is too deep", `at most ${maxDepth} levels`);
  cursor.at++;
  const members: JsonMember[] = [];
  const seen = new Set<string>();
  if (skipIf(cursor, "}")) return { kind: "object", span: { start, end: cursor.at }, members };
  for (;;) {
    skipSpace(cursor);
    const keyStart = cursor.at;
    if (cursor.text[keyStart] !== '"') return fail(cursor, "a key is missing", "a key in double quotes");
    const key = parseString(cursor);
    if (key === undefined) return undefined;
    if (seen.has(key)) {
      cursor.at = keyStart;
      return fail(cursor, `the key \`${key}\` stands twice in one object`, "each key once");
    }
    seen.add(key);
    const keySpan = { start: keyStart, end: cursor.at };
    if (!skipIf(cursor, ":")) return fail(cursor, "a colon is missing", "`:` after the key");
    const value = parseValue(cursor, depth + 1);
    if (value === undefined) return undefined;
    members.push({ key, keySpan, value });
    if (skipIf(cursor, "}")) return { kind: "object", span: { start, end: cursor.at }, members };
    if (!skipIf(cursor, ",")) return fail(cursor, "the object does not go on", "`,` or `}`");
  }
}

function parseArray(cursor: Cursor, depth: number): JsonArray | undefined {
  const start = cursor.at;
  if (depth >= maxDepth) return fail(cursor, "the nesting is too deep", `at most ${maxDepth} levels`);
  cursor.at++;
  const items: Json[] = [];
  if (skipIf(cursor, "]")) return { kind: "array", span: { start, end: cursor.at }, items };
  for (;;) {
    const item = parseValue(cursor, depth + 1);
    if (item === undefined) return undefined;
    items.push(item);
    if (skipIf(cursor, "]")) return { kind: "array", span: { start, end: cursor.at }, items };
    if (!skipIf(cursor, ",")) return fail(cursor, "the array does not go on", "`,` or `]`");
  }
}

/** The text between the quotes with its escapes undone. */
function parseString(cursor: Cursor): string | undefined {
  const { text } = cursor;
  let value = "";
  let copied = ++cursor.at;
  for (;;) {
    const unit = text.charCodeAt(cursor.at);
    if (unit === 34) {
      value += text.slice(copied, cursor.at);
      if (!value.isWellFormed()) return fail(cursor, "half a surrogate pair in a string", "whole Unicode characters");
      cursor.at++;
      return value;
    }
    if (Number.isNaN(unit)) return fail(cursor, "the string does not end", '`"`');
    if (unit < 32) return fail(cursor, "a control character in a string", "an escape, such as `\\n`");
    if (unit !== 92) {
      cursor.at++;
      continue;
    }
    value += text.slice(copied, cursor.at);
    const escaped = parseEscape(cursor);
    if (escaped === undefined) return undefined;
    value += escaped;
    copied = cursor.at;
  }
}

const escapes: Readonly<Record<string, string>> = {
  '"': '"',
  "\\": "\\",
  "/": "/",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
};

function parseEscape(cursor: Cursor): string | undefined {
  const letter = cursor.text[cursor.at + 1] ?? "";
  const hex = cursor.text.slice(cursor.at + 2, cursor.at + 6);
  if (letter === "u" && /^[0-9a-fA-F]{4}$/.test(hex)) {
    cursor.at += 6;
    return String.fromCharCode(Number.parseInt(hex, 16));
  }
  if (!Object.hasOwn(escapes, letter)) {
    return fail(cursor, "an unknown escape", 'one of `\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX`');
  }
  cursor.at += 2;
  return escapes[letter];
}

function parseNumber(cursor: Cursor): JsonNumber | undefined {
  const pattern = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
  pattern.lastIndex = cursor.at;
  const text = pattern.exec(cursor.text)?.[0];
  if (text === undefined) return undefined;
  const start = cursor.at;
  cursor.at += text.length;
  return { kind: "number", span: { start, end: cursor.at }, text };
}

function parseWord(cursor: Cursor): JsonBoolean | JsonNull | undefined {
  const start = cursor.at;
  for (const word of ["true", "false", "null"]) {
    if (!cursor.text.startsWith(word, start)) continue;
    cursor.at += word.length;
    const span = { start, end: cursor.at };
    return word === "null" ? { kind: "null", span } : { kind: "boolean", span, value: word === "true" };
  }
  return fail(cursor, `\`${cursor.text[start] ?? ""}\` begins no value`, "a JSON value");
}

function skipSpace(cursor: Cursor): void {
  for (;;) {
    const unit = cursor.text.charCodeAt(cursor.at);
    if (unit !== 32 && unit !== 10 && unit !== 13 && unit !== 9) return;
    cursor.at++;
  }
}

function skipIf(cursor: Cursor, mark: string): boolean {
  skipSpace(cursor);
  if (cursor.text[cursor.at] !== mark) return false;
  cursor.at++;
  return true;
}

function fail(cursor: Cursor, problem: string, expected: string): undefined {
  cursor.error ??= { offset: cursor.at, problem, expected };
  return undefined;
}
