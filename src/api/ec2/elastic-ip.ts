/** Elastic IP addresses on the wire. Source: Amazon EC2 API Reference, "AllocateAddress" and the other operations below. */

import type {
  Address,
  AddressAttribute,
  AllocateAddressRequest,
  AllocateAddressResult,
  AssociateAddressRequest,
  AssociateAddressResult,
  DescribeAddressesAttributeRequest,
  DescribeAddressesAttributeResult,
  DescribeAddressesRequest,
  DescribeAddressesResult,
  DisassociateAddressRequest,
  ModifyAddressAttributeRequest,
  ModifyAddressAttributeResult,
  ReleaseAddressRequest,
  ResetAddressAttributeRequest,
} from "@aws-sdk/client-ec2";
import { ok } from "../../base/result.ts";
import {
  allocateAddress,
  associateAddress,
  disassociateAddress,
  type ElasticIp,
  modifyAddressAttribute,
  releaseAddress,
} from "../../model/elastic-ip.ts";
import { fail } from "../../model/error.ts";
import { find, findBy, type State } from "../../model/state.ts";
import type { Call, Handler } from "../handler.ts";
import { action, type Actions } from "./action.ts";
import { readChoice } from "./choice.ts";
import { always, type FilterTable, maybe, tagFilters } from "./filter.ts";
import { list } from "./listing.ts";
import { optionalTags, readTagSpecifications } from "./tag-set.ts";
import { onAnything, onExisting, onNew } from "./target.ts";

const allocate: Handler<AllocateAddressRequest, AllocateAddressResult> = async (input, call) => {
  const tags = readTagSpecifications(input.TagSpecifications, ["elastic-ip"]);
  if (!tags.ok) return tags;
  const domain = readChoice(input.Domain, "domain", ["vpc", "standard"]);
  if (!domain.ok) return domain;
  if (input.CustomerOwnedIpv4Pool !== undefined || input.IpamPoolId !== undefined) {
    return fail("UnsupportedOperation", { message: "Address pools are not served by Underpass" });
  }
  if (input.PublicIpv4Pool !== undefined && input.PublicIpv4Pool !== "amazon") {
    return fail("UnsupportedOperation", { message: "Address pools are not served by Underpass" });
  }
  if (input.NetworkBorderGroup !== undefined && input.NetworkBorderGroup !== call.region) {
    return fail("InvalidParameterValue", {
      message: `Value (${input.NetworkBorderGroup}) for parameter networkBorderGroup is invalid.`,
    });
  }
  const wanted = {
    ...(input.Address !== undefined && { address: input.Address }),
    tags: tags.value["elastic-ip"],
  };
  const made = await call.run((state, context) => allocateAddress(state, wanted, context));
  if (!made.ok) return made;
  return ok({
    AllocationId: made.value.id,
    PublicIpv4Pool: "amazon",
    NetworkBorderGroup: made.value.region,
    Domain: "vpc",
    PublicIp: made.value.publicIp,
  });
};

const release: Handler<ReleaseAddressRequest, object> = async (input, call) => {
  const gone = await call.run((state, context) => releaseAddress(state, nameOf(input), context));
  return gone.ok ? ok({}) : gone;
};

const associate: Handler<AssociateAddressRequest, AssociateAddressResult> = async (input, call) => {
  const { InstanceId: instanceId, NetworkInterfaceId: networkInterfaceId, PrivateIpAddress: privateIpAddress } = input;
  const wanted = {
    ...nameOf(input),
    ...(instanceId !== undefined && { instanceId }),
    ...(networkInterfaceId !== undefined && { networkInterfaceId }),
    ...(privateIpAddress !== undefined && { privateIpAddress }),
    // Source: EC2 API Reference, "AssociateAddress", AllowReassociation: true by default.
    allowReassociation: input.AllowReassociation ?? true,
  };
  const done = await call.run((state, context) => associateAddress(state, wanted, context));
  return done.ok ? ok({ AssociationId: done.value }) : done;
};

const disassociate: Handler<DisassociateAddressRequest, object> = async (input, call) => {
  const wanted = {
    ...(input.AssociationId !== undefined && { associationId: input.AssociationId }),
    ...(input.PublicIp !== undefined && { publicIp: input.PublicIp }),
  };
  const done = await call.run((state, context) => disassociateAddress(state, wanted, context));
  return done.ok ? ok({}) : done;
};

/** Without pages: the operation has none. */
const describe: Handler<DescribeAddressesRequest, DescribeAddressesResult> = async (input, call) => {
  const state = call.state();
  const wanted = input.PublicIps ?? [];
  const own = (publicIp: string) =>
    findBy(state, "elastic-ip", "publicIp", publicIp).find(
      (one) => one.accountId === call.accountId && one.region === call.region,
    );
  const missing = wanted.find((publicIp) => own(publicIp) === undefined);
  if (missing !== undefined) return fail("InvalidAddress.NotFound", { publicIp: missing });
  const ids = [...(input.AllocationIds ?? []), ...wanted.flatMap((publicIp) => own(publicIp)?.id ?? [])];
  const listing = { kind: "elastic-ip", ids, filters: filtersIn(state) } as const;
  const page = list(listing, { Filters: input.Filters }, call);
  if (!page.ok) return page;
  return ok({ Addresses: page.value.items.map((one) => wireAddress(state, one)) });
};

const describeAttribute: Handler<DescribeAddressesAttributeRequest, DescribeAddressesAttributeResult> = async (
  input,
  call,
) => {
  const attribute = readChoice(input.Attribute, "attribute", ["domain-name"]);
  if (!attribute.ok) return attribute;
  const listing = { kind: "elastic-ip", ids: input.AllocationIds, filters: {} } as const;
  const { MaxResults, NextToken } = input;
  const page = list(listing, { MaxResults, NextToken }, call);
  if (!page.ok) return page;
  return ok({ Addresses: page.value.items.map(wireAttribute), NextToken: page.value.nextToken });
};

const modifyAttribute: Handler<ModifyAddressAttributeRequest, ModifyAddressAttributeResult> = async (input, call) => {
  const { AllocationId: allocationId = "", DomainName: domainName } = input;
  if (domainName === undefined) return fail("MissingParameter", { parameter: "DomainName" });
  const done = await call.run((state, context) => modifyAddressAttribute(state, { allocationId, domainName }, context));
  return done.ok ? ok({ Address: wireAttribute(done.value) }) : done;
};

const resetAttribute: Handler<ResetAddressAttributeRequest, ModifyAddressAttributeResult> = async (input, call) => {
  const allocationId = input.AllocationId ?? "";
  const done = await call.run((state, context) => modifyAddressAttribute(state, { allocationId }, context));
  return done.ok ? ok({ Address: wireAttribute(done.value) }) : done;
};

function nameOf(input: { readonly AllocationId?: string | undefined; readonly PublicIp?: string | undefined }): {
  allocationId?: string;
  publicIp?: string;
} {
  return {
    ...(input.AllocationId !== undefined && { allocationId: input.AllocationId }),
    ...(input.PublicIp !== undefined && { publicIp: input.PublicIp }),
  };
}

function wireAddress(state: State, address: ElasticIp): Address {
  const { association } = address;
  const holder = association && find(state, "network-interface", association.networkInterfaceId);
  return {
    AllocationId: address.id,
    ...(association !== undefined && {
      AssociationId: association.id,
      NetworkInterfaceId: association.networkInterfaceId,
      NetworkInterfaceOwnerId: address.accountId,
      PrivateIpAddress: association.privateIpAddress,
    }),
    Domain: "vpc",
    ...optionalTags(address.tags),
    PublicIpv4Pool: "amazon",
    NetworkBorderGroup: address.region,
    ...(holder?.attachment !== undefined && { InstanceId: holder.attachment.instanceId }),
    PublicIp: address.publicIp,
  };
}

function wireAttribute(address: ElasticIp): AddressAttribute {
  return {
    PublicIp: address.publicIp,
    AllocationId: address.id,
    ...(address.domainName !== undefined && { PtrRecord: address.domainName }),
  };
}

function filtersIn(state: State): FilterTable<ElasticIp> {
  const wired =
    (pick: (wire: Address) => string | undefined) =>
    (one: ElasticIp): readonly string[] =>
      maybe(pick(wireAddress(state, one)));
  return {
    ...tagFilters,
    "allocation-id": (it) => [it.id],
    "association-id": (it) => maybe(it.association?.id),
    domain: always("vpc"),
    "instance-id": wired((it) => it.InstanceId),
    "network-border-group": (it) => [it.region],
    "network-interface-id": (it) => maybe(it.association?.networkInterfaceId),
    "network-interface-owner-id": wired((it) => it.NetworkInterfaceOwnerId),
    "private-ip-address": (it) => maybe(it.association?.privateIpAddress),
    "public-ip": (it) => [it.publicIp],
  };
}

/** The allocation that a call names by itself, by its address or by its association. */
function allocationOf(
  input: { readonly AllocationId?: string | undefined; readonly PublicIp?: string | undefined },
  call: Call,
): string {
  if (input.AllocationId !== undefined) return input.AllocationId;
  return findBy(call.state(), "elastic-ip", "publicIp", input.PublicIp ?? "")[0]?.id ?? "*";
}

export const elasticIpActions: Actions = {
  AllocateAddress: action(allocate, (input, call) =>
    onNew("AllocateAddress", { kind: "elastic-ip", tagSpecifications: input.TagSpecifications }, call),
  ),
  ReleaseAddress: action(release, (input, call) =>
    onExisting("ReleaseAddress", "elastic-ip", [allocationOf(input, call)], call),
  ),
  AssociateAddress: action(associate, (input, call) => [
    ...onExisting("AssociateAddress", "elastic-ip", [allocationOf(input, call)], call),
    ...onExisting("AssociateAddress", "instance", [input.InstanceId], call),
    ...onExisting("AssociateAddress", "network-interface", [input.NetworkInterfaceId], call),
  ]),
  DisassociateAddress: action(disassociate, (input, call) => {
    const [held] = findBy(call.state(), "elastic-ip", "associationId", input.AssociationId ?? "");
    return onExisting("DisassociateAddress", "elastic-ip", [held?.id ?? allocationOf(input, call)], call);
  }),
  DescribeAddresses: action(describe, (_, call) => onAnything("DescribeAddresses", call)),
  DescribeAddressesAttribute: action(describeAttribute, (_, call) => onAnything("DescribeAddressesAttribute", call)),
  ModifyAddressAttribute: action(modifyAttribute, (input, call) =>
    onExisting("ModifyAddressAttribute", "elastic-ip", [input.AllocationId], call),
  ),
  ResetAddressAttribute: action(resetAttribute, (input, call) =>
    onExisting("ResetAddressAttribute", "elastic-ip", [input.AllocationId], call),
  ),
};
