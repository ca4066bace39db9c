/**
 * Filters of the Describe operations: names must be known, a document passes when each filter has a value that matches.
 * Source: Amazon EC2 User Guide, "Filter your resources": values are case-sensitive, `*` and `?` are wildcards, a
 * backslash takes a wildcard's meaning away.
 */

import type { Filter } from "@aws-sdk/client-ec2";
import { ok, type Result } from "../../base/result.ts";
import { type ApiError, fail } from "../../model/error.ts";
import type { Tags } from "../../model/resource.ts";
import { any, type Glob, matchGlob, star } from "../../policy/glob.ts";

/** For each filter the document's values: it matches when one of them does. */
export type FilterTable<D> = Readonly<Record<string, (document: D) => readonly string[]>>;

/** What a call asks for, ready to be put to documents. */
export interface Filters<D> {
  readonly matches: (document: D) => boolean;
  readonly tests: readonly Test<D>[];
}

/** One filter of a call: passed by a document with a value that is one of `exact` or that one of `globs` matches. */
export interface Test<D> {
  readonly name: string;
  readonly valuesOf: (document: D) => readonly string[];
  readonly exact: ReadonlySet<string>;
  readonly globs: readonly ValueGlob[];
}

/** A pattern with wildcards, made ready for many values. */
export interface ValueGlob {
  /** The longest text without a wildcard that every match holds. */
  readonly literal: string;
  readonly matches: (value: string) => boolean;
}

/** Source: EC2 API Reference, "Error codes", FilterLimitExceeded; EC2 User Guide: 50 filters, 200 values. */
const filterLimit = 50;
const valueLimit = 200;

/** Source: what AWS answers: the operations on endpoints and endpoint services have a code of their own. */
export type FilterRefusal = "InvalidParameterValue" | "InvalidFilter";

/** Fails with `refusal` for a filter that the table does not have. */
export function readFilters<D>(
  filters: readonly Filter[] | undefined,
  table: FilterTable<D>,
  refusal: FilterRefusal = "InvalidParameterValue",
): Result<Filters<D>, ApiError> {
  const given = filters ?? [];
  if (given.length > filterLimit) return limit("filters", filterLimit);
  const tests: Test<D>[] = [];
  for (const { Name: name = "", Values: values = [] } of given) {
    const valuesOf = selectorOf(table, name);
    if (valuesOf === undefined) return fail(refusal, { message: `The filter '${name}' is invalid` });
    if (values.length > valueLimit) return limit("filter values", valueLimit);
    const [plain, wild] = [values.filter((value) => !isWild(value)), values.filter(isWild)];
    tests.push({ name, valuesOf, exact: new Set(plain), globs: wild.map(parsePattern) });
  }
  return ok({ matches: (document) => tests.every((test) => passes(test, document)), tests });
}

/** The filters that every resource with tags has, beside `tag:…`. */
export const tagFilters: FilterTable<{ readonly tags: Tags }> = {
  "tag-key": (it) => it.tags.map((tag) => tag.key),
  "tag-value": (it) => it.tags.map((tag) => tag.value),
};

/** A filter on something that no resource here has. */
export const never = (): readonly string[] => [];

/** A filter on what is the same for all. */
export function always(value: string): () => readonly string[] {
  return () => [value];
}

/** The values of what may be absent. */
export function maybe(value: string | undefined): readonly string[] {
  return value === undefined ? [] : [value];
}

function selectorOf<D>(table: FilterTable<D>, name: string): ((document: D) => readonly string[]) | undefined {
  if (Object.hasOwn(table, name)) return table[name];
  if (!name.startsWith("tag:") || !Object.hasOwn(table, "tag-key")) return undefined;
  const key = name.slice("tag:".length);
  return (document) => tagsOf(document).flatMap((tag) => (tag.key === key ? [tag.value] : []));
}

function tagsOf(document: unknown): Tags {
  return (document as { readonly tags: Tags }).tags;
}

function passes<D>({ valuesOf, exact, globs }: Test<D>, document: D): boolean {
  return valuesOf(document).some((value) => exact.has(value) || globs.some((glob) => glob.matches(value)));
}

function isWild(pattern: string): boolean {
  return /[*?\\]/.test(pattern);
}

function parsePattern(text: string): ValueGlob {
  const glob: number[] = [];
  let escaped = false;
  for (const character of text) {
    if (character === "\\" && !escaped) {
      escaped = true;
      continue;
    }
    glob.push(escaped ? codePoint(character) : (wildcards[character] ?? codePoint(character)));
    escaped = false;
  }
  if (escaped) glob.push(codePoint("\\"));
  return { literal: longestLiteral(glob), matches: (value) => matchGlob(glob, value) };
}

function longestLiteral(glob: Glob): string {
  let [longest, current] = ["", ""];
  for (const one of glob) {
    current = one === star || one === any ? "" : current + String.fromCodePoint(one);
    if (current.length > longest.length) longest = current;
  }
  return longest;
}

const wildcards: Readonly<Record<string, number>> = { "*": star, "?": any };

function codePoint(character: string): number {
  return character.codePointAt(0) ?? 0;
}

function limit(what: string, most: number): Result<never, ApiError> {
  return fail("FilterLimitExceeded", { message: `The maximum number of ${what} on a single call is ${most}` });
}
