/**
 * Prefix lists that customers manage: entries in versions, up to a size.
 * Source: Amazon VPC User Guide, "Customer-managed prefix lists"; EC2 API Reference, "ModifyManagedPrefixList".
 */

import { type Id, isId, makeId } from "../base/id.ts";
import { formatPrefix, parsePrefixMasked, type Prefix } from "../base/prefix.ts";
import { ok, type Result } from "../base/result.ts";
import { storedPrefix } from "./cidr.ts";
import { idempotency, madeBefore } from "./client-token.ts";
import { type ApiError, fail } from "./error.ts";
import type { Idempotent } from "./idempotent.ts";
import { lookup } from "./lookup.ts";
import { findPrefixList } from "./prefix-list.ts";
import { checkQuota } from "./quota.ts";
import type { Resource, Tags } from "./resource.ts";
import { countBy, find, findBy, ownerKey, put, remove, type State } from "./state.ts";
import { checkTags } from "./tag.ts";
import { accept, type Caller, type Context, type Outcome } from "./verb.ts";

export interface ManagedPrefixList extends Resource, Idempotent {
  readonly id: Id<"pl">;
  readonly name: string;
  readonly addressFamily: AddressFamily;
  /** How many rules or routes the list counts for where it is referred to. */
  readonly maxEntries: number;
  readonly state: "create-complete" | "modify-complete" | "restore-complete" | "delete-failed";
  /** Why the last change failed. */
  readonly stateMessage?: string;
  /** INVARIANT: at least one; none longer than `maxEntries` where it is the last. Version 1 first. */
  readonly versions: readonly (readonly PrefixListEntry[])[];
}

export type AddressFamily = "IPv4" | "IPv6";

export interface PrefixListEntry {
  /** Canonical CIDR text, none twice in a version. */
  readonly cidrBlock: string;
  readonly description?: string;
}

/** Source: EC2 API Reference, "CreateManagedPrefixList", Entry.N: at most 100 in one call. */
const entriesPerCall = 100;
const entriesPerList = 1000;

export interface CreateManagedPrefixListInput {
  readonly name: string;
  readonly addressFamily: AddressFamily;
  readonly maxEntries: number;
  readonly entries: readonly PrefixListEntry[];
  readonly clientToken?: string;
  readonly tags: Tags;
}

/** The list at version 1; fails with InvalidParameterValue, PrefixListMaxEntriesExceeded or PrefixListLimitExceeded. */
export function createManagedPrefixList(
  state: State,
  input: CreateManagedPrefixListInput,
  context: Context,
): Outcome<ManagedPrefixList> {
  const before = madeBefore(state, "prefix-list", input, context);
  if (!before.ok) return before;
  if (before.value[0] !== undefined) return accept(before.value[0], []);
  const named = checkName(input.name);
  if (!named.ok) return named;
  const sized = checkSize(input.maxEntries, input.entries.length);
  if (!sized.ok) return sized;
  if (input.entries.length > entriesPerCall) return tooManyAtOnce();
  const entries = withEntries([], input.entries, input.addressFamily);
  if (!entries.ok) return entries;
  const tags = checkTags(input.tags);
  if (!tags.ok) return tags;
  const held = countBy(state, "prefix-list", "owner", ownerKey(context.accountId, context.region));
  const quota = checkQuota("prefixListsPerRegion", held, context);
  if (!quota.ok) return quota;
  const list: ManagedPrefixList = {
    id: makeId("pl", context.hex),
    accountId: context.accountId,
    region: context.region,
    createdAtMs: context.nowMs,
    tags: tags.value,
    name: input.name,
    addressFamily: input.addressFamily,
    maxEntries: input.maxEntries,
    state: "create-complete",
    versions: [entries.value],
    ...idempotency(input),
  };
  return accept(list, [put("prefix-list", list)]);
}

export interface ModifyManagedPrefixListInput {
  readonly prefixListId: string;
  /** The version that the caller believes to be the newest; needed where entries change. */
  readonly currentVersion?: number;
  readonly name?: string;
  readonly maxEntries?: number;
  readonly addEntries: readonly PrefixListEntry[];
  readonly removeCidrBlocks: readonly string[];
}

/** A new version where entries change; the name and the size do not make one. */
export function modifyManagedPrefixList(
  state: State,
  input: ModifyManagedPrefixListInput,
  context: Context,
): Outcome<ManagedPrefixList> {
  const found = own(state, input.prefixListId, context);
  if (!found.ok) return found;
  const list = found.value;
  const named = input.name === undefined ? ok(undefined) : checkName(input.name);
  if (!named.ok) return named;
  const entriesChange = input.addEntries.length + input.removeCidrBlocks.length > 0;
  if (entriesChange && input.maxEntries !== undefined) {
    return invalid(
      "You cannot modify the entries and the maximum number of entries for the prefix list in the same request.",
    );
  }
  if (Math.max(input.addEntries.length, input.removeCidrBlocks.length) > entriesPerCall) return tooManyAtOnce();
  const versioned = checkVersion(list, input.currentVersion, entriesChange);
  if (!versioned.ok) return versioned;
  const entries = changedEntries(list, input);
  if (!entries.ok) return entries;
  const maxEntries = input.maxEntries ?? list.maxEntries;
  const sized = checkSize(maxEntries, entries.value.length);
  if (!sized.ok) return sized;
  const { stateMessage: _, ...rest } = list;
  const changed: ManagedPrefixList = {
    ...rest,
    name: input.name ?? list.name,
    maxEntries,
    state: "modify-complete",
    versions: entriesChange ? [...list.versions, entries.value] : list.versions,
  };
  return accept(changed, [put("prefix-list", changed)]);
}

/** Makes a new version with the entries of an old one. */
export function restoreManagedPrefixList(
  state: State,
  input: { readonly prefixListId: string; readonly previousVersion: number; readonly currentVersion: number },
  context: Context,
): Outcome<ManagedPrefixList> {
  const found = own(state, input.prefixListId, context);
  if (!found.ok) return found;
  const versioned = checkVersion(found.value, input.currentVersion, true);
  if (!versioned.ok) return versioned;
  const entries = entriesOfVersion(found.value, input.previousVersion);
  if (!entries.ok) return entries;
  const sized = checkSize(found.value.maxEntries, entries.value.length);
  if (!sized.ok) return sized;
  const changed: ManagedPrefixList = {
    ...found.value,
    state: "restore-complete",
    versions: [...found.value.versions, entries.value],
  };
  return accept(changed, [put("prefix-list", changed)]);
}

/** Deletes the list, or leaves it with the state `delete-failed` while something refers to it. */
export function deleteManagedPrefixList(
  state: State,
  input: { readonly prefixListId: string },
  context: Context,
): Outcome<{ readonly list: ManagedPrefixList; readonly gone: boolean }> {
  const found = own(state, input.prefixListId, context);
  if (!found.ok) return found;
  const holders = [...new Set(associationsOf(state, found.value).map((one) => one.resourceId))];
  if (holders.length === 0) return accept({ list: found.value, gone: true }, [remove("prefix-list", found.value.id)]);
  const stateMessage = `The prefix list is referenced by: ${holders.slice(0, 10).join(", ")}`;
  const list: ManagedPrefixList = { ...found.value, state: "delete-failed", stateMessage };
  return accept({ list, gone: false }, [put("prefix-list", list)]);
}

export interface PrefixListAssociation {
  readonly resourceId: string;
  readonly resourceOwner: string;
}

/** The route tables and security groups that refer to the list. */
export function associationsOf(state: State, list: ManagedPrefixList): readonly PrefixListAssociation[] {
  const owner = ownerKey(list.accountId, list.region);
  const tables = findBy(state, "route-table", "owner", owner).filter((table) =>
    table.routes.some(({ destination }) => destination.kind === "prefix-list" && destination.prefixListId === list.id),
  );
  const groups = findBy(state, "security-group-rule", "owner", owner).flatMap(({ peer, groupId }) =>
    peer.kind === "prefix-list" && peer.prefixListId === list.id ? [groupId] : [],
  );
  const ids = [...new Set([...groups, ...tables.map((table) => table.id)])];
  return ids.map((resourceId) => ({ resourceId, resourceOwner: list.accountId }));
}

/** The entries in force. */
export function entriesOf(list: ManagedPrefixList): readonly PrefixListEntry[] {
  return list.versions.at(-1) ?? [];
}

/** The entries of a version, from 1 on; fails with InvalidParameterValue for one that there is not. */
export function entriesOfVersion(
  list: ManagedPrefixList,
  version: number,
): Result<readonly PrefixListEntry[], ApiError> {
  const entries = list.versions[version - 1];
  if (entries !== undefined) return ok(entries);
  return invalid(
    `The specified value for version is not valid. The value must be between 1 and ${list.versions.length}.`,
  );
}

/** What a route or a rule may refer to: a list of AWS's or one of a customer's. */
export interface ReferredList {
  readonly id: Id<"pl">;
  readonly cidrBlocks: readonly string[];
  readonly prefixes: readonly Prefix[];
}

/** The list with this id in a region, whoever owns it; undefined when there is none. */
export function findReferredList(state: State, region: string, id: string): ReferredList | undefined {
  const managed = findPrefixList(region, id);
  if (managed !== undefined) return managed;
  const list = find(state, "prefix-list", id);
  if (list?.region !== region) return undefined;
  const cidrBlocks = entriesOf(list).map((entry) => entry.cidrBlock);
  return { id: list.id, cidrBlocks, prefixes: cidrBlocks.map(storedPrefix) };
}

/** The list that the caller may refer to: AWS's and his own. Fails with InvalidPrefixListID.NotFound. */
export function readReferredList(state: State, id: string, caller: Caller): Result<ReferredList, ApiError> {
  const list = findReferredList(state, caller.region, id);
  const owner = find(state, "prefix-list", id)?.accountId ?? caller.accountId;
  return list === undefined || owner !== caller.accountId
    ? fail("InvalidPrefixListID.NotFound", { prefixListId: id })
    : ok(list);
}

/** The caller's own list. Those of AWS's cannot be changed. */
function own(state: State, prefixListId: string, caller: Caller): Result<ManagedPrefixList, ApiError> {
  if (isId("pl", prefixListId) && findPrefixList(caller.region, prefixListId) !== undefined) {
    return fail("UnauthorizedOperation", { message: "You are not authorized to perform this operation." });
  }
  return lookup(state, "prefix-list", prefixListId, caller);
}

function checkName(name: string): Result<void, ApiError> {
  if (name.length < 1 || name.length > 255) return invalid("The name of a prefix list must have 1 to 255 characters");
  return name.startsWith("com.amazonaws")
    ? invalid(`Value (${name}) for parameter prefixListName is invalid. It cannot start with com.amazonaws.`)
    : ok(undefined);
}

function checkSize(maxEntries: number, count: number): Result<void, ApiError> {
  if (maxEntries < 1 || maxEntries > entriesPerList) {
    return invalid(`Value (${maxEntries}) for parameter maxEntries is invalid. Expecting a value from 1 to 1000.`);
  }
  return count <= maxEntries
    ? ok(undefined)
    : fail("PrefixListMaxEntriesExceeded", {
        message: `You've reached the maximum number of entries for the prefix list (${maxEntries}).`,
      });
}

/** ASSUMPTION: the texts are ours where a prefix list's CurrentVersion is missing or is not the current one. */
function checkVersion(list: ManagedPrefixList, given: number | undefined, needed: boolean): Result<void, ApiError> {
  if (given === undefined) {
    return needed ? fail("MissingParameter", { parameter: "CurrentVersion" }) : ok(undefined);
  }
  return given === list.versions.length
    ? ok(undefined)
    : fail("PrefixListVersionMismatch", {
        message: `The prefix list has the incorrect version number. The current version is ${list.versions.length}.`,
      });
}

/** Removals come first, so that one call may give an entry another description. */
function changedEntries(
  list: ManagedPrefixList,
  input: ModifyManagedPrefixListInput,
): Result<readonly PrefixListEntry[], ApiError> {
  let kept = entriesOf(list);
  for (const text of input.removeCidrBlocks) {
    const prefix = parsePrefixMasked(text);
    const cidrBlock = prefix && formatPrefix(prefix);
    if (!kept.some((entry) => entry.cidrBlock === cidrBlock)) {
      return invalid(`The entry ${text} does not exist in the prefix list ${list.id}`);
    }
    kept = kept.filter((entry) => entry.cidrBlock !== cidrBlock);
  }
  return withEntries(kept, input.addEntries, list.addressFamily);
}

/** An entry that is there gets the new description. */
function withEntries(
  kept: readonly PrefixListEntry[],
  added: readonly PrefixListEntry[],
  family: AddressFamily,
): Result<readonly PrefixListEntry[], ApiError> {
  const entries = new Map(kept.map((entry) => [entry.cidrBlock, entry]));
  const seen = new Set<string>();
  for (const { cidrBlock: text, description } of added) {
    const prefix = parsePrefixMasked(text);
    if (prefix === undefined || prefix.ip.width !== (family === "IPv4" ? 32 : 128)) {
      return invalid(`The CIDR ${text} is not a valid ${family} CIDR block`);
    }
    if (description !== undefined && description.length > 255) {
      return invalid("The description of an entry must have at most 255 characters");
    }
    const cidrBlock = formatPrefix(prefix);
    if (seen.has(cidrBlock)) return invalid(`The CIDR ${cidrBlock} is specified more than once`);
    seen.add(cidrBlock);
    entries.set(cidrBlock, { cidrBlock, ...(description !== undefined && { description }) });
  }
  return ok([...entries.values()]);
}

function tooManyAtOnce(): Result<never, ApiError> {
  return invalid(`At most ${entriesPerCall} entries can be specified in one request`);
}

function invalid(message: string): Result<never, ApiError> {
  return fail("InvalidParameterValue", { message });
}
