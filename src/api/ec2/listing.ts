/** The one way in which all Describe operations find documents: by id, by filter, in a stable order, in pages. */

import type { Filter } from "@aws-sdk/client-ec2";
import { ok, type Result } from "../../base/result.ts";
import { type ApiError, fail } from "../../model/error.ts";
import { type Ec2Kind, lookupAll } from "../../model/lookup.ts";
import { countBy, type Documents, type IndexName, ownerKey, tagKey } from "../../model/state.ts";
import type { Call } from "../handler.ts";
import { type Filters, type FilterTable, readFilters } from "./filter.ts";
import { inOrder, keyOf, orderedBy } from "./ordered.ts";
import { type Page, type PageBounds, type PageInput, pageOfMatching, usualBounds } from "./page.ts";

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
  /** The index by whole tags (`tagKey`), where the kind has one. */
  readonly taggedBy?: IndexName<K>;
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
  const named = byId ? lookupAll(call.state(), listing.kind, ids, call) : ok(undefined);
  if (!named.ok) return named;
  const items = named.value === undefined ? candidates(listing, filters.value, call) : inOrder(named.value);
  const matches = (one: Documents[K]): boolean => isShown(listing, one, call) && filters.value.matches(one);
  return pageOfMatching(items, { keyOf, matches }, input, bounds);
}

function isShown<K extends Ec2Kind>(listing: Listing<K>, one: Documents[K], call: Call): boolean {
  return one.accountId === call.accountId && one.region === call.region && listing.hidden?.(one) !== true;
}

/** The smallest set in order that holds all that can pass: of an index that a filter names, else all of the owner. */
function candidates<K extends Ec2Kind>(
  listing: Listing<K>,
  filters: Filters<Documents[K]>,
  call: Call,
): readonly Documents[K][] {
  const { kind } = listing;
  const state = call.state();
  const owner = ownerKey(call.accountId, call.region);
  let best: Place = { index: "owner", keys: [owner], size: countBy(state, kind, "owner", owner) };
  for (const { index, keys } of places(listing, filters, call)) {
    const size = keys.reduce((sum, key) => sum + countBy(state, kind, index as IndexName<K>, key), 0);
    if (size < best.size) best = { index, keys, size };
  }
  const index = best.index as IndexName<K>;
  const [first, ...more] = best.keys.map((key) => orderedBy(state, kind, index, key));
  return more.length === 0 ? (first ?? []) : inOrder([...new Set([...(first ?? []), ...more.flat()])]);
}

interface Place {
  readonly index: string;
  readonly keys: readonly string[];
  readonly size: number;
}

/** The indexes that answer filters of the call, and the keys to look for. */
function places<K extends Ec2Kind>(
  listing: Listing<K>,
  filters: Filters<Documents[K]>,
  call: Call,
): readonly Omit<Place, "size">[] {
  const named = Object.entries(listing.indexed ?? {}).flatMap(([filter, index]) => {
    const keys = filters.exact(filter);
    return keys === undefined ? [] : [{ index: index as string, keys: [...new Set(keys)] }];
  });
  if (listing.taggedBy === undefined) return named;
  const tagged = filters.names.flatMap((name) => {
    const values = name.startsWith("tag:") ? filters.exact(name) : undefined;
    if (values === undefined) return [];
    const key = name.slice("tag:".length);
    return [{ index: listing.taggedBy as string, keys: [...new Set(values)].map((value) => tagKey(call, key, value)) }];
  });
  return [...named, ...tagged];
}
