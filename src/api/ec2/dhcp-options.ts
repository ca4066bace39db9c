/** DHCP option sets on the wire. Source: Amazon EC2 API Reference, "CreateDhcpOptions" and the others below. */

import type {
  AssociateDhcpOptionsRequest,
  CreateDhcpOptionsRequest,
  CreateDhcpOptionsResult,
  DeleteDhcpOptionsRequest,
  DescribeDhcpOptionsRequest,
  DescribeDhcpOptionsResult,
  DhcpOptions as WireDhcpOptions,
} from "@aws-sdk/client-ec2";
import { ok } from "../../base/result.ts";
import { defaultDhcpOptions, type DhcpOptions } from "../../model/default-dhcp-options.ts";
import { associateDhcpOptions, createDhcpOptions, deleteDhcpOptions } from "../../model/dhcp-options.ts";
import { lookup } from "../../model/lookup.ts";
import { findBy, ownerKey } from "../../model/state.ts";
import type { Handler } from "../handler.ts";
import { action, type Actions } from "./action.ts";
import { type FilterTable, readFilters, tagFilters } from "./filter.ts";
import { pageOf } from "./page.ts";
import { readTagSpecifications, tagSet } from "./tag-set.ts";
import { onAnything, onExisting, onNew } from "./target.ts";

const create: Handler<CreateDhcpOptionsRequest, CreateDhcpOptionsResult> = async (input, call) => {
  const tags = readTagSpecifications(input.TagSpecifications, ["dhcp-options"]);
  if (!tags.ok) return tags;
  const configurations = (input.DhcpConfigurations ?? []).map((one) => ({
    key: one.Key ?? "",
    values: one.Values ?? [],
  }));
  const wanted = { configurations, tags: tags.value["dhcp-options"] };
  const made = await call.run((state, context) => createDhcpOptions(state, wanted, context));
  return made.ok ? ok({ DhcpOptions: wireOptions(made.value) }) : made;
};

/** The default set of the account is there from the start. */
const describe: Handler<DescribeDhcpOptionsRequest, DescribeDhcpOptionsResult> = async (input, call) => {
  const passing = readFilters(input.Filters, filters);
  if (!passing.ok) return passing;
  const ids = input.DhcpOptionsIds ?? [];
  const first = defaultDhcpOptions(call.state(), call);
  for (const id of ids.filter((one) => one !== first.id)) {
    const found = lookup(call.state(), "dhcp-options", id, call);
    if (!found.ok) return found;
  }
  const own = findBy(call.state(), "dhcp-options", "owner", ownerKey(call.accountId, call.region));
  const hits = [first, ...own.filter((one) => one.id !== first.id)]
    .filter((one) => (ids.length === 0 || ids.includes(one.id)) && passing.value.matches(one))
    .sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  const page = pageOf(hits, keyOf, input);
  if (!page.ok) return page;
  return ok({ DhcpOptions: page.value.items.map(wireOptions), NextToken: page.value.nextToken });
};

const remove: Handler<DeleteDhcpOptionsRequest, object> = async (input, call) => {
  const wanted = { dhcpOptionsId: input.DhcpOptionsId ?? "" };
  const done = await call.run((state, context) => deleteDhcpOptions(state, wanted, context));
  return done.ok ? ok({}) : done;
};

const associate: Handler<AssociateDhcpOptionsRequest, object> = async (input, call) => {
  const wanted = { dhcpOptionsId: input.DhcpOptionsId ?? "", vpcId: input.VpcId ?? "" };
  const done = await call.run((state, context) => associateDhcpOptions(state, wanted, context));
  return done.ok ? ok({}) : done;
};

function keyOf(options: DhcpOptions): string {
  return `${String(options.createdAtMs).padStart(15, "0")} ${options.id}`;
}

function wireOptions(options: DhcpOptions): WireDhcpOptions {
  return {
    OwnerId: options.accountId,
    Tags: tagSet(options.tags),
    DhcpOptionsId: options.id,
    DhcpConfigurations: options.configurations.map((one) => ({
      Key: one.key,
      Values: one.values.map((Value) => ({ Value })),
    })),
  };
}

const filters: FilterTable<DhcpOptions> = {
  ...tagFilters,
  "dhcp-options-id": (it) => [it.id],
  key: (it) => it.configurations.map((one) => one.key),
  "owner-id": (it) => [it.accountId],
  value: (it) => it.configurations.flatMap((one) => one.values),
};

export const dhcpOptionsActions: Actions = {
  CreateDhcpOptions: action(create, (input, call) =>
    onNew("CreateDhcpOptions", { kind: "dhcp-options", tagSpecifications: input.TagSpecifications }, call),
  ),
  DescribeDhcpOptions: action(describe, (_, call) => onAnything("DescribeDhcpOptions", call)),
  DeleteDhcpOptions: action(remove, (input, call) =>
    onExisting("DeleteDhcpOptions", "dhcp-options", [input.DhcpOptionsId], call),
  ),
  AssociateDhcpOptions: action(associate, (input, call) => [
    ...onExisting("AssociateDhcpOptions", "dhcp-options", [input.DhcpOptionsId], call),
    ...onExisting("AssociateDhcpOptions", "vpc", [input.VpcId], call),
  ]),
};
