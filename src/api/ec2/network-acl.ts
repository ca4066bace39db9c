/** Network ACLs on the wire. Source: Amazon EC2 API Reference, "CreateNetworkAcl" and the other operations below. */

import type {
  CreateNetworkAclEntryRequest,
  CreateNetworkAclRequest,
  CreateNetworkAclResult,
  DeleteNetworkAclEntryRequest,
  DeleteNetworkAclRequest,
  DescribeNetworkAclsRequest,
  DescribeNetworkAclsResult,
  NetworkAcl as WireNetworkAcl,
  NetworkAclEntry as WireEntry,
  ReplaceNetworkAclAssociationRequest,
  ReplaceNetworkAclAssociationResult,
  ReplaceNetworkAclEntryRequest,
} from "@aws-sdk/client-ec2";
import { ok, type Result } from "../../base/result.ts";
import { type ApiError, fail } from "../../model/error.ts";
import {
  createNetworkAcl,
  createNetworkAclEntry,
  deleteNetworkAcl,
  deleteNetworkAclEntry,
  type EntryInput,
  type NetworkAcl,
  type NetworkAclEntry,
  replaceNetworkAclAssociation,
  replaceNetworkAclEntry,
} from "../../model/network-acl.ts";
import { findBy } from "../../model/state.ts";
import { protocolNumber } from "../../model/traffic.ts";
import type { Handler } from "../handler.ts";
import { action, type Actions } from "./action.ts";
import { type FilterTable, tagFilters } from "./filter.ts";
import { list } from "./listing.ts";
import { readTagSpecifications, tagSet } from "./tag-set.ts";
import { onAnything, onExisting, onNew } from "./target.ts";

const create: Handler<CreateNetworkAclRequest, CreateNetworkAclResult> = async (input, call) => {
  const tags = readTagSpecifications(input.TagSpecifications, ["network-acl"]);
  if (!tags.ok) return tags;
  const { ClientToken: clientToken } = input;
  const wanted = {
    vpcId: input.VpcId ?? "",
    tags: tags.value["network-acl"],
    ...(clientToken !== undefined && { clientToken }),
  };
  const made = await call.run((state, context) => createNetworkAcl(state, wanted, context));
  return made.ok ? ok({ NetworkAcl: wireAcl(made.value), ClientToken: clientToken }) : made;
};

const describe: Handler<DescribeNetworkAclsRequest, DescribeNetworkAclsResult> = async (input, call) => {
  const listing = {
    kind: "network-acl",
    ids: input.NetworkAclIds,
    filters,
    indexed: { "vpc-id": "vpcId", "association.subnet-id": "subnetId" },
  } as const;
  const page = list(listing, input, call);
  if (!page.ok) return page;
  return ok({ NetworkAcls: page.value.items.map(wireAcl), NextToken: page.value.nextToken });
};

const remove: Handler<DeleteNetworkAclRequest, object> = async (input, call) => {
  const networkAclId = input.NetworkAclId ?? "";
  const gone = await call.run((state, context) => deleteNetworkAcl(state, { networkAclId }, context));
  return gone.ok ? ok({}) : gone;
};

const createEntry: Handler<CreateNetworkAclEntryRequest, object> = async (input, call) => {
  const entry = readEntry(input);
  if (!entry.ok) return entry;
  const done = await call.run((state, context) => createNetworkAclEntry(state, entry.value, context));
  return done.ok ? ok({}) : done;
};

const replaceEntry: Handler<ReplaceNetworkAclEntryRequest, object> = async (input, call) => {
  const entry = readEntry(input);
  if (!entry.ok) return entry;
  const done = await call.run((state, context) => replaceNetworkAclEntry(state, entry.value, context));
  return done.ok ? ok({}) : done;
};

const deleteEntry: Handler<DeleteNetworkAclEntryRequest, object> = async (input, call) => {
  const name = {
    networkAclId: input.NetworkAclId ?? "",
    ruleNumber: input.RuleNumber ?? 0,
    isEgress: input.Egress ?? false,
  };
  const done = await call.run((state, context) => deleteNetworkAclEntry(state, name, context));
  return done.ok ? ok({}) : done;
};

const replaceAssociation: Handler<ReplaceNetworkAclAssociationRequest, ReplaceNetworkAclAssociationResult> = async (
  input,
  call,
) => {
  const wanted = { associationId: input.AssociationId ?? "", networkAclId: input.NetworkAclId ?? "" };
  const done = await call.run((state, context) => replaceNetworkAclAssociation(state, wanted, context));
  return done.ok ? ok({ NewAssociationId: done.value }) : done;
};

function readEntry(input: CreateNetworkAclEntryRequest | ReplaceNetworkAclEntryRequest): Result<EntryInput, ApiError> {
  const { CidrBlock: ipv4, Ipv6CidrBlock: ipv6, PortRange: range, IcmpTypeCode: icmp } = input;
  if (ipv4 !== undefined && ipv6 !== undefined) {
    return fail("InvalidParameterCombination", {
      message: "The parameter cidrBlock cannot be used with the parameter ipv6CidrBlock",
    });
  }
  const cidr =
    ipv4 === undefined
      ? ipv6 === undefined
        ? undefined
        : ({ kind: "ipv6", cidrBlock: ipv6 } as const)
      : ({ kind: "ipv4", cidrBlock: ipv4 } as const);
  if (cidr === undefined) return fail("MissingParameter", { parameter: "cidrBlock or ipv6CidrBlock" });
  return ok({
    networkAclId: input.NetworkAclId ?? "",
    ruleNumber: input.RuleNumber ?? 0,
    isEgress: input.Egress ?? false,
    action: input.RuleAction ?? "",
    protocol: input.Protocol ?? "",
    cidr,
    ...(range?.From !== undefined && range.To !== undefined && { ports: { from: range.From, to: range.To } }),
    ...(icmp !== undefined && { icmp: { type: icmp.Type ?? -1, code: icmp.Code ?? -1 } }),
  });
}

function wireAcl(acl: NetworkAcl): WireNetworkAcl {
  const entries = (isEgress: boolean): WireEntry[] => [
    ...acl.entries.filter((one) => one.isEgress === isEgress).map(wireEntry),
    ...lastEntries(acl, isEgress),
  ];
  return {
    Associations: acl.associations.map((one) => ({
      NetworkAclAssociationId: one.id,
      NetworkAclId: acl.id,
      SubnetId: one.subnetId,
    })),
    Entries: [...entries(true), ...entries(false)],
    IsDefault: acl.isDefault,
    NetworkAclId: acl.id,
    Tags: tagSet(acl.tags),
    VpcId: acl.vpcId,
    OwnerId: acl.accountId,
  };
}

/** What denies all that no other entry matches; for IPv6 where an entry speaks of it. */
function lastEntries(acl: NetworkAcl, isEgress: boolean): readonly WireEntry[] {
  const last = { Egress: isEgress, Protocol: "-1", RuleAction: "deny" } as const;
  const hasIpv6 = acl.entries.some((one) => one.cidrBlock.includes(":"));
  return [
    { CidrBlock: "0.0.0.0/0", ...last, RuleNumber: 32_767 },
    ...(hasIpv6 ? [{ ...last, Ipv6CidrBlock: "::/0", RuleNumber: 32_768 }] : []),
  ];
}

function wireEntry(entry: NetworkAclEntry): WireEntry {
  const { traffic } = entry;
  const isIpv6 = entry.cidrBlock.includes(":");
  return {
    ...(isIpv6 ? {} : { CidrBlock: entry.cidrBlock }),
    Egress: entry.isEgress,
    ...(traffic.kind === "icmp" && { IcmpTypeCode: { Code: traffic.code, Type: traffic.type } }),
    ...(isIpv6 && { Ipv6CidrBlock: entry.cidrBlock }),
    ...(traffic.kind === "ports" && { PortRange: { From: traffic.fromPort, To: traffic.toPort } }),
    Protocol: protocolNumber(traffic),
    RuleAction: entry.action,
    RuleNumber: entry.ruleNumber,
  };
}

const entries =
  (pick: (entry: WireEntry) => string | number | boolean | undefined) =>
  (acl: NetworkAcl): readonly string[] =>
    (wireAcl(acl).Entries ?? []).flatMap((entry) => {
      const value = pick(entry);
      return value === undefined ? [] : [String(value)];
    });

const filters: FilterTable<NetworkAcl> = {
  ...tagFilters,
  "association.association-id": (it) => it.associations.map((one) => one.id),
  "association.network-acl-id": (it) => it.associations.map(() => it.id),
  "association.subnet-id": (it) => it.associations.map((one) => one.subnetId),
  default: (it) => [String(it.isDefault)],
  "entry.cidr": entries((it) => it.CidrBlock),
  "entry.egress": entries((it) => it.Egress),
  "entry.icmp.code": entries((it) => it.IcmpTypeCode?.Code),
  "entry.icmp.type": entries((it) => it.IcmpTypeCode?.Type),
  "entry.ipv6-cidr": entries((it) => it.Ipv6CidrBlock),
  "entry.port-range.from": entries((it) => it.PortRange?.From),
  "entry.port-range.to": entries((it) => it.PortRange?.To),
  "entry.protocol": entries((it) => it.Protocol),
  "entry.rule-action": entries((it) => it.RuleAction),
  "entry.rule-number": entries((it) => it.RuleNumber),
  "network-acl-id": (it) => [it.id],
  "owner-id": (it) => [it.accountId],
  "vpc-id": (it) => [it.vpcId],
};

export const networkAclActions: Actions = {
  CreateNetworkAcl: action(create, (input, call) => [
    ...onNew("CreateNetworkAcl", { kind: "network-acl", tagSpecifications: input.TagSpecifications }, call),
    ...onExisting("CreateNetworkAcl", "vpc", [input.VpcId], call),
  ]),
  DescribeNetworkAcls: action(describe, (_, call) => onAnything("DescribeNetworkAcls", call)),
  DeleteNetworkAcl: action(remove, (input, call) =>
    onExisting("DeleteNetworkAcl", "network-acl", [input.NetworkAclId], call),
  ),
  CreateNetworkAclEntry: action(createEntry, (input, call) =>
    onExisting("CreateNetworkAclEntry", "network-acl", [input.NetworkAclId], call),
  ),
  ReplaceNetworkAclEntry: action(replaceEntry, (input, call) =>
    onExisting("ReplaceNetworkAclEntry", "network-acl", [input.NetworkAclId], call),
  ),
  DeleteNetworkAclEntry: action(deleteEntry, (input, call) =>
    onExisting("DeleteNetworkAclEntry", "network-acl", [input.NetworkAclId], call),
  ),
  ReplaceNetworkAclAssociation: action(replaceAssociation, (input, call) => {
    const [held] = findBy(call.state(), "network-acl", "associationId", input.AssociationId ?? "");
    const joined = held?.associations.find((one) => one.id === input.AssociationId);
    return [
      ...onExisting("ReplaceNetworkAclAssociation", "network-acl", [input.NetworkAclId, held?.id], call),
      ...onExisting("ReplaceNetworkAclAssociation", "subnet", [joined?.subnetId], call),
    ];
  }),
};
