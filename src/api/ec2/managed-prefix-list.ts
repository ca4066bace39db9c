/** Prefix lists that customers manage, on the wire. Source: Amazon EC2 API Reference, "CreateManagedPrefixList" and others. */

import type {
  AddPrefixListEntry,
  CreateManagedPrefixListRequest,
  CreateManagedPrefixListResult,
  DeleteManagedPrefixListRequest,
  DeleteManagedPrefixListResult,
  GetManagedPrefixListAssociationsRequest,
  GetManagedPrefixListAssociationsResult,
  ManagedPrefixList as WireList,
  ModifyManagedPrefixListRequest,
  ModifyManagedPrefixListResult,
  PrefixListState,
  RestoreManagedPrefixListVersionRequest,
  RestoreManagedPrefixListVersionResult,
} from "@aws-sdk/client-ec2";
import { ok } from "../../base/result.ts";
import { fail } from "../../model/error.ts";
import { ec2Arn, lookup } from "../../model/lookup.ts";
import {
  associationsOf,
  createManagedPrefixList,
  deleteManagedPrefixList,
  type ManagedPrefixList,
  modifyManagedPrefixList,
  type PrefixListEntry,
  restoreManagedPrefixList,
} from "../../model/managed-prefix-list.ts";
import type { Handler } from "../handler.ts";
import { action, type Actions } from "./action.ts";
import { pageOf, type PageBounds } from "./page.ts";
import { readTagSpecifications, tagSet } from "./tag-set.ts";
import { onExisting, onNew } from "./target.ts";

const create: Handler<CreateManagedPrefixListRequest, CreateManagedPrefixListResult> = async (input, call) => {
  const tags = readTagSpecifications(input.TagSpecifications, ["prefix-list"]);
  if (!tags.ok) return tags;
  const { AddressFamily: family = "", MaxEntries: maxEntries } = input;
  if (family !== "IPv4" && family !== "IPv6") {
    return fail("InvalidParameterValue", { message: `Value (${family}) for parameter addressFamily is invalid.` });
  }
  if (maxEntries === undefined) return fail("MissingParameter", { parameter: "MaxEntries" });
  const wanted = {
    name: input.PrefixListName ?? "",
    addressFamily: family,
    maxEntries,
    entries: readEntries(input.Entries),
    ...(input.ClientToken !== undefined && { clientToken: input.ClientToken }),
    tags: tags.value["prefix-list"],
  } as const;
  const made = await call.run((state, context) => createManagedPrefixList(state, wanted, context));
  return made.ok ? ok({ PrefixList: { ...wireList(made.value), State: "create-in-progress" } }) : made;
};

const modify: Handler<ModifyManagedPrefixListRequest, ModifyManagedPrefixListResult> = async (input, call) => {
  const wanted = {
    prefixListId: input.PrefixListId ?? "",
    ...(input.CurrentVersion !== undefined && { currentVersion: input.CurrentVersion }),
    ...(input.PrefixListName !== undefined && { name: input.PrefixListName }),
    ...(input.MaxEntries !== undefined && { maxEntries: input.MaxEntries }),
    addEntries: readEntries(input.AddEntries),
    removeCidrBlocks: (input.RemoveEntries ?? []).map((one) => one.Cidr ?? ""),
  };
  const done = await call.run((state, context) => modifyManagedPrefixList(state, wanted, context));
  return done.ok ? ok({ PrefixList: { ...wireList(done.value), State: "modify-in-progress" } }) : done;
};

const restore: Handler<RestoreManagedPrefixListVersionRequest, RestoreManagedPrefixListVersionResult> = async (
  input,
  call,
) => {
  const wanted = {
    prefixListId: input.PrefixListId ?? "",
    previousVersion: input.PreviousVersion ?? 0,
    currentVersion: input.CurrentVersion ?? 0,
  };
  const done = await call.run((state, context) => restoreManagedPrefixList(state, wanted, context));
  return done.ok ? ok({ PrefixList: { ...wireList(done.value), State: "restore-in-progress" } }) : done;
};

/** The call itself succeeds also where the list cannot go: its state tells later. */
const remove: Handler<DeleteManagedPrefixListRequest, DeleteManagedPrefixListResult> = async (input, call) => {
  const wanted = { prefixListId: input.PrefixListId ?? "" };
  const done = await call.run((state, context) => deleteManagedPrefixList(state, wanted, context));
  return done.ok ? ok({ PrefixList: { ...wireList(done.value.list), State: "delete-in-progress" } }) : done;
};

/** Source: EC2 API Reference, "GetManagedPrefixListAssociations", MaxResults: 5 to 255. */
const associationBounds: PageBounds = { least: 5, most: 255, above: "refused" };

const associations: Handler<GetManagedPrefixListAssociationsRequest, GetManagedPrefixListAssociationsResult> = async (
  input,
  call,
) => {
  const found = lookup(call.state(), "prefix-list", input.PrefixListId ?? "", call);
  if (!found.ok) return found;
  const rows = associationsOf(call.state(), found.value).toSorted((a, b) => (a.resourceId < b.resourceId ? -1 : 1));
  const page = pageOf(rows, (row) => row.resourceId, input, associationBounds);
  if (!page.ok) return page;
  return ok({
    PrefixListAssociations: page.value.items.map((one) => ({
      ResourceId: one.resourceId,
      ResourceOwner: one.resourceOwner,
    })),
    NextToken: page.value.nextToken,
  });
};

export function wireList(list: ManagedPrefixList): WireList {
  return {
    PrefixListId: list.id,
    AddressFamily: list.addressFamily,
    State: list.state satisfies PrefixListState,
    StateMessage: list.stateMessage,
    PrefixListArn: ec2Arn("prefix-list", list.id, list),
    PrefixListName: list.name,
    MaxEntries: list.maxEntries,
    Version: list.versions.length,
    Tags: tagSet(list.tags),
    OwnerId: list.accountId,
  };
}

function readEntries(entries: readonly AddPrefixListEntry[] | undefined): readonly PrefixListEntry[] {
  return (entries ?? []).map(({ Cidr: cidrBlock = "", Description: description }) =>
    description === undefined || description === "" ? { cidrBlock } : { cidrBlock, description },
  );
}

export const managedPrefixListActions: Actions = {
  CreateManagedPrefixList: action(create, (input, call) =>
    onNew("CreateManagedPrefixList", { kind: "prefix-list", tagSpecifications: input.TagSpecifications }, call),
  ),
  ModifyManagedPrefixList: action(modify, (input, call) =>
    onExisting("ModifyManagedPrefixList", "prefix-list", [input.PrefixListId], call),
  ),
  RestoreManagedPrefixListVersion: action(restore, (input, call) =>
    onExisting("RestoreManagedPrefixListVersion", "prefix-list", [input.PrefixListId], call),
  ),
  DeleteManagedPrefixList: action(remove, (input, call) =>
    onExisting("DeleteManagedPrefixList", "prefix-list", [input.PrefixListId], call),
  ),
  GetManagedPrefixListAssociations: action(associations, (input, call) =>
    onExisting("GetManagedPrefixListAssociations", "prefix-list", [input.PrefixListId], call),
  ),
};
