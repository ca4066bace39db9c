/**
 * Prefix lists that AWS manages, on the wire.
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
} from "@aws-sdk/client-ec2";
import { isId } from "../../base/id.ts";
import { ok, type Result } from "../../base/result.ts";
import { type ApiError, fail } from "../../model/error.ts";
import { findPrefixList, type PrefixList, prefixListArn, prefixListsOf } from "../../model/prefix-list.ts";
import type { Call, Handler } from "../handler.ts";
import { action, type Actions } from "./action.ts";
import { always, type FilterTable, never, readFilters } from "./filter.ts";
import { type Page, type PageBounds, type PageInput, pageOf } from "./page.ts";
import { onAnything, regionKeys } from "./target.ts";

/** Source: "DescribePrefixLists", "GetManagedPrefixListEntries". */
const plainBounds: PageBounds = { least: 1, most: 1000, above: "cut" };
const managedBounds: PageBounds = { least: 1, most: 100, above: "refused" };

const describe: Handler<DescribePrefixListsRequest, DescribePrefixListsResult> = async (input, call) => {
  const page = find(input, { filters: plainFilters, bounds: plainBounds }, call);
  if (!page.ok) return page;
  const lists = page.value.items.map((one) => ({
    Cidrs: [...one.cidrBlocks],
    PrefixListId: one.id,
    PrefixListName: one.name,
  }));
  return ok({ NextToken: page.value.nextToken, PrefixLists: lists });
};

const describeManaged: Handler<DescribeManagedPrefixListsRequest, DescribeManagedPrefixListsResult> = async (
  input,
  call,
) => {
  const page = find(input, { filters: managedFilters, bounds: managedBounds }, call);
  if (!page.ok) return page;
  const lists = page.value.items.map((one) => ({
    PrefixListId: one.id,
    AddressFamily: "IPv4",
    State: "create-complete" as const,
    PrefixListArn: prefixListArn(one),
    PrefixListName: one.name,
    Tags: [],
    OwnerId: "AWS",
  }));
  return ok({ NextToken: page.value.nextToken, PrefixLists: lists });
};

/** Lists of AWS's have one version, so that `TargetVersion` does not matter. */
const entries: Handler<GetManagedPrefixListEntriesRequest, GetManagedPrefixListEntriesResult> = async (input, call) => {
  const id = input.PrefixListId ?? "";
  const checked = checkIds([id], call);
  if (!checked.ok) return checked;
  const blocks = findPrefixList(call.region, id)?.cidrBlocks ?? [];
  const page = pageOf(blocks.toSorted(), (cidr) => cidr, input, managedBounds);
  if (!page.ok) return page;
  return ok({ Entries: page.value.items.map((cidr) => ({ Cidr: cidr })), NextToken: page.value.nextToken });
};

interface FindInput extends PageInput {
  readonly PrefixListIds?: readonly string[] | undefined;
  readonly Filters?: readonly Filter[] | undefined;
}

function find(
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
  return pageOf(lists, (one) => one.name, input, how.bounds);
}

function checkIds(ids: readonly string[], call: Call): Result<void, ApiError> {
  const malformed = ids.find((id) => !isId("pl", id));
  if (malformed !== undefined) return fail("InvalidPrefixListId.Malformed", { id: malformed });
  const unknown = ids.find((id) => findPrefixList(call.region, id) === undefined);
  return unknown === undefined ? ok(undefined) : fail("InvalidPrefixListID.NotFound", { prefixListId: unknown });
}

const plainFilters: FilterTable<PrefixList> = {
  "prefix-list-id": (it) => [it.id],
  "prefix-list-name": (it) => [it.name],
};

const managedFilters: FilterTable<PrefixList> = {
  ...plainFilters,
  "owner-id": always("AWS"),
  "tag-key": never,
};

export const prefixListActions: Actions = {
  DescribePrefixLists: action(describe, (_, call) => onAnything("DescribePrefixLists", call)),
  DescribeManagedPrefixLists: action(describeManaged, (_, call) => onAnything("DescribeManagedPrefixLists", call)),
  GetManagedPrefixListEntries: action(entries, (input, call) => [
    {
      action: "ec2:GetManagedPrefixListEntries",
      resource: `arn:aws:ec2:${call.region}:aws:prefix-list/${input.PrefixListId ?? ""}`,
      keys: regionKeys(call),
    },
  ]),
};
