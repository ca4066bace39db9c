/**
 * Prefix lists on the wire: AWS's own, and customers' beside them.
 * Source: Amazon EC2 API Reference, "DescribePrefixLists", "DescribeManagedPrefixLists", "GetManagedPrefixListEntries".
 */

import type {
  DescribeManagedPrefixListsRequest,
  DescribeManagedPrefixListsResult,
  DescribePrefixListsRequest,
  DescribePrefixListsResult,
  Filter,
  GetManagedPrefixListEntriesRequest,
  GetManagedPrefixListEntriesResult,
  ManagedPrefixList as WireList,
} from "@aws-sdk/client-ec2";
import { isId } from "../../base/id.ts";
import { ok, type Result } from "../../base/result.ts";
import { type ApiError, fail } from "../../model/error.ts";
import { owned } from "../../model/lookup.ts";
import { entriesOfVersion, type PrefixListEntry } from "../../model/managed-prefix-list.ts";
import type { Tags } from "../../model/resource.ts";
import { find, findBy, ownerKey } from "../../model/state.ts";
import { findPrefixList, type PrefixList, prefixListArn, prefixListsOf } from "../../model/prefix-list.ts";
import type { Call, Handler } from "../handler.ts";
import { action, type Actions } from "./action.ts";
import { type FilterTable, readFilters, tagFilters } from "./filter.ts";
import { wireList } from "./managed-prefix-list.ts";
import { type Page, type PageBounds, type PageInput, pageOf } from "./page.ts";
import { onAnything, onExisting, regionKeys } from "./target.ts";

/** Source: "DescribePrefixLists", "GetManagedPrefixListEntries". */
const plainBounds: PageBounds = { least: 1, most: 1000, above: "cut" };
const managedBounds: PageBounds = { least: 1, most: 100, above: "refused" };

const describe: Handler<DescribePrefixListsRequest, DescribePrefixListsResult> = async (input, call) => {
  const page = pageOfAws(input, { filters: plainFilters, bounds: plainBounds }, call);
  if (!page.ok) return page;
  const lists = page.value.items.map((one) => ({
    Cidrs: [...one.cidrBlocks],
    PrefixListId: one.id,
    PrefixListName: one.name,
  }));
  return ok({ NextToken: page.value.nextToken, PrefixLists: lists });
};

/** Of all that the caller sees: AWS's lists, then his own. */
interface SeenList {
  readonly id: string;
  readonly name: string;
  readonly ownerId: string;
  readonly tags: Tags;
  readonly wire: WireList;
}

const describeManaged: Handler<DescribeManagedPrefixListsRequest, DescribeManagedPrefixListsResult> = async (
  input,
  call,
) => {
  const checked = checkIds(input.PrefixListIds ?? [], call);
  if (!checked.ok) return checked;
  const passing = readFilters(input.Filters, managedFilters);
  if (!passing.ok) return passing;
  const ids = input.PrefixListIds ?? [];
  const lists = seenLists(call).filter(
    (one) => (ids.length === 0 || ids.includes(one.id)) && passing.value.matches(one),
  );
  const page = pageOf(lists, keyOfSeen, input, managedBounds);
  if (!page.ok) return page;
  return ok({ NextToken: page.value.nextToken, PrefixLists: page.value.items.map((one) => one.wire) });
};

function seenLists(call: Call): readonly SeenList[] {
  const managed = prefixListsOf(call.region).map((one): SeenList => {
    const wire: WireList = {
      PrefixListId: one.id,
      AddressFamily: one.width === 32 ? "IPv4" : "IPv6",
      State: "create-complete",
      PrefixListArn: prefixListArn(one),
      PrefixListName: one.name,
      Tags: [],
      OwnerId: "AWS",
    };
    return { id: one.id, name: one.name, ownerId: "AWS", tags: [], wire };
  });
  const own = findBy(call.state(), "prefix-list", "owner", ownerKey(call.accountId, call.region)).map(
    (one): SeenList => ({ id: one.id, name: one.name, ownerId: one.accountId, tags: one.tags, wire: wireList(one) }),
  );
  return [...managed, ...own].toSorted((a, b) => (keyOfSeen(a) < keyOfSeen(b) ? -1 : 1));
}

function keyOfSeen(one: SeenList): string {
  return `${one.ownerId === "AWS" ? 0 : 1} ${one.name} ${one.id}`;
}

/** Lists of AWS's have one version, so that `TargetVersion` does not matter. */
const entries: Handler<GetManagedPrefixListEntriesRequest, GetManagedPrefixListEntriesResult> = async (input, call) => {
  const id = input.PrefixListId ?? "";
  const checked = checkIds([id], call);
  if (!checked.ok) return checked;
  const own = find(call.state(), "prefix-list", id);
  const versioned = own === undefined ? undefined : entriesOfVersion(own, input.TargetVersion ?? own.versions.length);
  if (versioned?.ok === false) return versioned;
  const managed = findPrefixList(call.region, id)?.cidrBlocks ?? [];
  const rows = versioned?.value ?? managed.map((cidrBlock): PrefixListEntry => ({ cidrBlock }));
  const sorted = rows.toSorted((a, b) => (a.cidrBlock < b.cidrBlock ? -1 : 1));
  const page = pageOf(sorted, (row) => row.cidrBlock, input, managedBounds);
  if (!page.ok) return page;
  const shown = page.value.items.map((row) => ({ Cidr: row.cidrBlock, Description: row.description }));
  return ok({ Entries: shown, NextToken: page.value.nextToken });
};

interface FindInput extends PageInput {
  readonly PrefixListIds?: readonly string[] | undefined;
  readonly Filters?: readonly Filter[] | undefined;
}

function pageOfAws(
  input: FindInput,
  how: { readonly filters: FilterTable<PrefixList>; readonly bounds: PageBounds },
  call: Call,
): Result<Page<PrefixList>, ApiError> {
  const checked = checkIds(input.PrefixListIds ?? [], call);
  if (!checked.ok) return checked;
  const passing = readFilters(input.Filters, how.filters);
  if (!passing.ok) return passing;
  const ids = input.PrefixListIds ?? [];
  const lists = prefixListsOf(call.region).filter(
    (one) => (ids.length === 0 || ids.includes(one.id)) && passing.value.matches(one),
  );
  return pageOf(lists, (one) => `${one.width === 32 ? 4 : 6} ${one.name}`, input, how.bounds);
}

function checkIds(ids: readonly string[], call: Call): Result<void, ApiError> {
  const malformed = ids.find((id) => !isId("pl", id));
  if (malformed !== undefined) return fail("InvalidPrefixListId.Malformed", { id: malformed });
  const unknown = ids.find(
    (id) => findPrefixList(call.region, id) === undefined && owned(call.state(), "prefix-list", id, call) === undefined,
  );
  return unknown === undefined ? ok(undefined) : fail("InvalidPrefixListID.NotFound", { prefixListId: unknown });
}

const plainFilters: FilterTable<PrefixList> = {
  "prefix-list-id": (it) => [it.id],
  "prefix-list-name": (it) => [it.name],
};

const managedFilters: FilterTable<SeenList> = {
  ...tagFilters,
  "owner-id": (it) => [it.ownerId],
  "prefix-list-id": (it) => [it.id],
  "prefix-list-name": (it) => [it.name],
};

export const prefixListActions: Actions = {
  DescribePrefixLists: action(describe, (_, call) => onAnything("DescribePrefixLists", call)),
  DescribeManagedPrefixLists: action(describeManaged, (_, call) => onAnything("DescribeManagedPrefixLists", call)),
  GetManagedPrefixListEntries: action(entries, ({ PrefixListId: id = "" }, call) => {
    const name = "GetManagedPrefixListEntries";
    const isAws = isId("pl", id) && findPrefixList(call.region, id) !== undefined;
    const resource = `arn:aws:ec2:${call.region}:aws:prefix-list/${id}`;
    return isAws
      ? [{ action: `ec2:${name}`, resource, keys: regionKeys(call) }]
      : onExisting(name, "prefix-list", [id], call);
  }),
};
