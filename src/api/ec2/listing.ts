/** The one way in which all Describe operations find documents: by id, by filter, in a stable order, in pages. */

import type { Filter } from "@aws-sdk/client-ec2";
import { ok, type Result } from "../../base/result.ts";
import { type ApiError, fail } from "../../model/error.ts";
import { type Ec2Kind, lookupAll } from "../../model/lookup.ts";
import { type Documents, findBy, type IndexName, ownerKey } from "../../model/state.ts";
import type { Call } from "../handler.ts";
import { type Filters, type FilterTable, readFilters } from "./filter.ts";
import { type Page, type PageBounds, type PageInput, pageOf, usualBounds } from "./page.ts";

export interface ListingInput extends PageInput {
  readonly Filters?: readonly Filter[] | undefined;
}

export interface Listing<K extends Ec2Kind> {
  readonly kind: K;
  /** Ids that the call names: each must exist. */
  readonly ids: readonly string[] | undefined;
  /** The ids' parameter as AWS's messages name it: `vpcSet`. */
  readonly idsName: string;
  readonly filters: FilterTable<Documents[K]>;
  /** Filters that an index answers: the name of the filter and of the index. */
  readonly indexed?: Readonly<Record<string, IndexName<K>>>;
  readonly bounds?: PageBounds;
  /** What is there but not shown. */
  readonly hidden?: (document: Documents[K]) => boolean;
}

/** The caller's documents that pass, oldest first. */
export function list<K extends Ec2Kind>(
  listing: Listing<K>,
  input: ListingInput,
  call: Call,
): Result<Page<Documents[K]>, ApiError> {
  const { ids, bounds = usualBounds } = listing;
  const byId = ids !== undefined && ids.length > 0;
  if (byId && input.MaxResults !== undefined) {
    return fail("InvalidParameterCombination", {
      message: `The parameter ${listing.idsName} cannot be used with the parameter maxResults`,
    });
  }
  const filters = readFilters(input.Filters, listing.filters);
  if (!filters.ok) return filters;
  const named = byId ? lookupAll(call.state(), listing.kind, ids, call) : ok(candidates(listing, filters.value, call));
  if (!named.ok) return named;
  const hits = named.value.filter((one) => listing.hidden?.(one) !== true && filters.value.matches(one));
  return pageOf(sortedByKey(hits), keyOf, input, bounds);
}

/** Few enough documents to look at each: those of the index that a filter names, else all of the owner. */
function candidates<K extends Ec2Kind>(
  listing: Listing<K>,
  filters: Filters<Documents[K]>,
  call: Call,
): readonly Documents[K][] {
  for (const [filter, index] of Object.entries(listing.indexed ?? {})) {
    const values = filters.exact(filter);
    if (values === undefined) continue;
    const found = new Set(values.flatMap((value) => findBy(call.state(), listing.kind, index as IndexName<K>, value)));
    return [...found].filter((one) => one.accountId === call.accountId && one.region === call.region);
  }
  return findBy(call.state(), listing.kind, "owner", ownerKey(call.accountId, call.region));
}

/** Creation time first, so that the order is the one in which things came; the id makes it one of a kind. */
function keyOf(document: Documents[Ec2Kind]): string {
  return `${String(document.createdAtMs).padStart(15, "0")} ${document.id}`;
}

function sortedByKey<D extends Documents[Ec2Kind]>(documents: readonly D[]): readonly D[] {
  return documents.toSorted((a, b) => a.createdAtMs - b.createdAtMs || (a.id < b.id ? -1 : 1));
}
