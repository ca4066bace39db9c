/** Pages of ELBv2's lists. Source: Elastic Load Balancing API Reference, "DescribeLoadBalancers", Marker and PageSize. */

import { ok, type Result } from "../../base/result.ts";
import { type ApiError, fail } from "../../model/error.ts";

export interface PageInput {
  readonly Marker?: string | undefined;
  readonly PageSize?: number | undefined;
}

export interface Page<T> {
  readonly items: readonly T[];
  readonly NextMarker: string | undefined;
}

/** At most PageSize items behind the one that the marker names; oldest first. */
export function page<T extends { readonly id: string; readonly createdAtMs: number }>(
  items: readonly T[],
  input: PageInput,
): Result<Page<T>, ApiError> {
  const size = input.PageSize ?? 400;
  if (size < 1 || size > 400) return refuse("PageSize must be between 1 and 400");
  const sorted = items.toSorted((a, b) => a.createdAtMs - b.createdAtMs || (a.id < b.id ? -1 : 1));
  const marker = input.Marker === undefined ? undefined : Buffer.from(input.Marker, "base64url").toString();
  const after = marker === undefined ? -1 : sorted.findIndex((one) => one.id === marker);
  if (marker !== undefined && after < 0) return refuse("The Marker is not valid");
  const some = sorted.slice(after + 1, after + 1 + size);
  const last = some.at(-1);
  const more = last !== undefined && after + 1 + some.length < sorted.length;
  return ok({ items: some, NextMarker: more ? Buffer.from(last.id).toString("base64url") : undefined });
}

function refuse(message: string): Result<never, ApiError> {
  return fail("ValidationError", { message });
}
