/** The one way in which all Describe operations find documents: by id, by filter, in a stable order, in pages. */

import type { Filter } from "@aws-sdk/client-ec2";
import { ok, type Result } from "../../base/result.ts";
import { type ApiError, fail } from "../../model/error.ts";
import { type Ec2Kind, lookupAll } from "../../model/lookup.ts";
import { countBy, type Documents, type IndexName, ownerKey, tagKey } from "../../model/state.ts";
import type { Call } from "../handler.ts";
import { inOrder, keyOf } from "./age.ts";
import { countOf, type Facet, valuesWith } from "./facet.ts";
import { type FilterRefusal, type Filters, type FilterTable, readFilters, type Test } from "./filter.ts";
import { facetBy, orderedBy, type Shelf, worthKeeping } from "./ordered.ts";
import { type Page, type PageBounds, type PageInput, pageOfMatching, usualBounds } from "./page.ts";

export interface ListingInput extends PageInput {
  readonly Filters?: readonly Filter[] | undefined;
}

export interface Listing<K extends Ec2Kind> {
  readonly kind: K;
  /** Ids that the call names: each must exist. */
  readonly ids: readonly string[] | undefined;
  /** How AWS's messages name the parameters of the ids and of `MaxResults`, where one excludes the other; else absent. */
  readonly excluding?: readonly [string, string];
  readonly filters: FilterTable<Documents[K]>;
  /** Filters that an index answers: the name of the filter and of the index. */
  readonly indexed?: Readonly<Record<string, IndexName<K>>>;
  /** The index by whole tags (`tagKey`), where the kind has one. */
  readonly taggedBy?: IndexName<K>;
  /** Set where the filters look at nothing but the document, so that facets of large lists answer them. */
  readonly faceted?: true;
  readonly bounds?: PageBounds;
  /** The code for filters that there are not. */
  readonly refusal?: FilterRefusal;
  /** What is there but not shown. */
  readonly hidden?: (document: Documents[K]) => boolean;
}

/** The caller's documents that pass, oldest first. */
export function list<K extends Ec2Kind>(
  listing: Listing<K>,
  input: ListingInput,
  call: Call,
): Result<Page<Documents[K]>, ApiError> {
  const { ids, excluding, bounds = usualBounds } = listing;
  const byId = ids !== undefined && ids.length > 0;
  if (byId && excluding !== undefined && input.MaxResults !== undefined) {
    return fail("InvalidParameterCombination", {
      message: `The parameter ${excluding[0]} cannot be used with the parameter ${excluding[1]}`,
    });
  }
  const filters = readFilters(input.Filters, listing.filters, listing.refusal);
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

/** The smallest set in order that holds all that can pass: what a filter finds in an index or a facet, else all of the owner. */
function candidates<K extends Ec2Kind>(
  listing: Listing<K>,
  filters: Filters<Documents[K]>,
  call: Call,
): readonly Documents[K][] {
  const state = call.state();
  const { kind } = listing;
  const everything: Shelf<K> = { kind, index: "owner", key: ownerKey(call.accountId, call.region) };
  const everyone = countBy(state, kind, everything.index, everything.key);
  let best: Narrowed<Documents[K]> = { size: everyone, lists: () => [orderedBy(state, everything)] };
  const consider = (other: Narrowed<Documents[K]> | undefined): void => {
    if (other !== undefined && other.size < best.size) best = other;
  };
  for (const test of filters.tests) consider(byIndex(listing, test, call));
  for (const test of filters.tests) {
    if (listing.faceted !== true || best.size < worthKeeping) break;
    const facet = facetBy(state, everything, test);
    if (facet !== undefined) consider(byFacet(facet, test, best.size / worthCollecting));
  }
  const lists = best.lists();
  if (lists.length === 1) return lists[0] ?? [];
  // A page of many is found sooner than they are put in order.
  if (best.size > worthKeeping && best.size > everyone / worthCollecting) return orderedBy(state, everything);
  return inOrder([...new Set(lists.flat())]);
}

/** What one filter leaves: lists in order that may overlap, and how many documents they hold at most. */
interface Narrowed<D> {
  readonly size: number;
  readonly lists: () => readonly (readonly D[])[];
}

/** By an index of the state, where the kind has one for the filter and no value a wildcard. */
function byIndex<K extends Ec2Kind>(
  { kind, indexed, taggedBy }: Listing<K>,
  { name, exact, globs }: Test<Documents[K]>,
  call: Call,
): Narrowed<Documents[K]> | undefined {
  if (globs.length > 0) return undefined;
  const tagged = name.startsWith("tag:");
  const index = tagged ? taggedBy : indexed?.[name];
  if (index === undefined) return undefined;
  const keyOfValue = (value: string): string => (tagged ? tagKey(call, name.slice("tag:".length), value) : value);
  const state = call.state();
  const shelves = [...exact].map((value): Shelf<K> => ({ kind, index, key: keyOfValue(value) }));
  return {
    size: shelves.reduce((sum, one) => sum + countBy(state, kind, index, one.key), 0),
    lists: () => shelves.map((one) => orderedBy(state, one)),
  };
}

/** By the values of a facet; undefined when more than `most` documents have one that a wildcard matches. */
function byFacet<D>(facet: Facet<D>, { exact, globs }: Test<D>, most: number): Narrowed<D> | undefined {
  const values = new Set([...exact].filter((value) => facet.byValue.has(value)));
  let size = 0;
  for (const value of values) size += countOf(facet, value);
  for (const { literal, matches } of globs) {
    for (const value of valuesWith(facet, literal)) {
      if (values.has(value) || !matches(value)) continue;
      values.add(value);
      size += countOf(facet, value);
      if (size > most) return undefined;
    }
  }
  return { size, lists: () => [...values].map((value) => facet.byValue.get(value) ?? []) };
}

/** The share of all documents up to which those with one of many values are worth being put together. */
const worthCollecting = 8;
