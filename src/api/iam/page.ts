/** IAM's pagination: at most MaxItems, from Marker on. Source: IAM API Reference, "ListUsers", Marker and MaxItems. */

import type { Result } from "../../base/result.ts";
import { ok } from "../../base/result.ts";
import type { ApiError } from "../../model/error.ts";
import { fail } from "../../model/error.ts";
import { checked } from "../../model/iam-constraint.ts";

export interface PageInput {
  readonly Marker?: string | undefined;
  readonly MaxItems?: number | undefined;
}

export interface Page<T> {
  readonly items: readonly T[];
  readonly IsTruncated: boolean;
  readonly Marker?: string;
}

/**
 * The items after the marker. `keyOf` tells them apart and does not change: a marker names the last item of a page, and
 * stays good while that item is there.
 */
export function page<T>(items: readonly T[], input: PageInput, keyOf: (item: T) => string): Result<Page<T>, ApiError> {
  const { Marker: marker, MaxItems: maxItems } = input;
  const wrong = checked([
    { parameter: "marker", value: marker, min: 1 },
    { parameter: "maxItems", value: maxItems, min: 1, max: 1000 },
  ]);
  if (!wrong.ok) return wrong;
  const after = marker === undefined ? -1 : items.findIndex((item) => markerOf(keyOf(item)) === marker);
  if (marker !== undefined && after < 0) return fail("ValidationError", { message: "Invalid Marker." });
  const some = items.slice(after + 1, after + 1 + (maxItems ?? 100));
  const last = some.at(-1);
  if (last === undefined || after + 1 + some.length >= items.length) return ok({ items: some, IsTruncated: false });
  return ok({ items: some, IsTruncated: true, Marker: markerOf(keyOf(last)) });
}

function markerOf(key: string): string {
  return Buffer.from(key, "utf8").toString("base64url");
}
