/**
 * Pages of a list: `MaxResults` and `NextToken`. A token holds the key of the last item that was given out, so that what
 * is made or deleted between two pages neither repeats nor hides another item.
 * Source: Amazon EC2 API Reference, "Pagination"; the bounds stand with each operation.
 */

import { ok, type Result } from "../../base/result.ts";
import { type ApiError, fail } from "../../model/error.ts";

export interface PageInput {
  readonly MaxResults?: number | undefined;
  readonly NextToken?: string | undefined;
}

export interface PageBounds {
  readonly least: number;
  readonly most: number;
  /** What a number above `most` gives: a failure, or as many as `most`. */
  readonly above: "refused" | "cut";
  /** How many a call without a number gets; absent for all. */
  readonly usual?: number;
}

/** Source: EC2 API Reference, "DescribeVpcs", MaxResults: 5 to 1,000. */
export const usualBounds: PageBounds = { least: 5, most: 1000, above: "refused" };

export interface Page<T> {
  readonly items: readonly T[];
  readonly nextToken: string | undefined;
}

/** One page of `items`, which are sorted by `keyOf` in the order of code units. All of them without `MaxResults`. */
export function pageOf<T>(
  items: readonly T[],
  keyOf: (item: T) => string,
  input: PageInput,
  bounds: PageBounds = usualBounds,
): Result<Page<T>, ApiError> {
  return pageOfMatching(items, { keyOf, matches: () => true }, input, bounds);
}

/** One page of those items that match; items behind the page's end are looked at only until one matches. */
export function pageOfMatching<T>(
  items: readonly T[],
  look: { readonly keyOf: (item: T) => string; readonly matches: (item: T) => boolean },
  input: PageInput,
  bounds: PageBounds = usualBounds,
): Result<Page<T>, ApiError> {
  const size = readSize(input.MaxResults, bounds);
  if (!size.ok) return size;
  const after = readToken(input.NextToken);
  if (!after.ok) return after;
  const page: T[] = [];
  const start = after.value === undefined ? 0 : firstAfter(items, look.keyOf, after.value);
  for (let at = start; at < items.length; at++) {
    const item = items[at] as T;
    if (!look.matches(item)) continue;
    const last = page[size.value - 1];
    if (last !== undefined) return ok({ items: page, nextToken: writeToken(look.keyOf(last)) });
    page.push(item);
  }
  return ok({ items: page, nextToken: undefined });
}

function readSize(given: number | undefined, bounds: PageBounds): Result<number, ApiError> {
  if (given === undefined) return ok(bounds.usual ?? Number.POSITIVE_INFINITY);
  if (given < bounds.least) return outOfBounds(given, `greater than or equal to ${bounds.least}`);
  if (given > bounds.most && bounds.above === "refused") {
    return outOfBounds(given, `less than or equal to ${bounds.most}`);
  }
  return ok(Math.min(given, bounds.most));
}

function outOfBounds(given: number, expected: string): Result<never, ApiError> {
  return fail("InvalidParameterValue", {
    message: `Value ( ${given} ) for parameter maxResults is invalid. Expecting a value ${expected}.`,
  });
}

function writeToken(key: string): string {
  return Buffer.from(`1 ${key}`).toString("base64url");
}

function readToken(token: string | undefined): Result<string | undefined, ApiError> {
  if (token === undefined || token === "") return ok(undefined);
  const text = Buffer.from(token, "base64url").toString();
  if (!text.startsWith("1 ") || writeToken(text.slice(2)) !== token) return fail("InvalidNextToken", {});
  return ok(text.slice(2));
}

/** The index of the first item whose key comes after `key`. */
function firstAfter<T>(items: readonly T[], keyOf: (item: T) => string, key: string): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const item = items[middle];
    if (item !== undefined && keyOf(item) <= key) low = middle + 1;
    else high = middle;
  }
  return low;
}
