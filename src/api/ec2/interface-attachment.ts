/** Making, attaching and changing interfaces on the wire. Source: Amazon EC2 API Reference, "CreateNetworkInterface" and others. */

import type {
  AssignIpv6AddressesRequest,
  AssignIpv6AddressesResult,
  AssignPrivateIpAddressesRequest,
  AssignPrivateIpAddressesResult,
  AttachNetworkInterfaceRequest,
  AttachNetworkInterfaceResult,
  CreateNetworkInterfaceRequest,
  CreateNetworkInterfaceResult,
  DeleteNetworkInterfaceRequest,
  DescribeNetworkInterfaceAttributeRequest,
  DescribeNetworkInterfaceAttributeResult,
  DetachNetworkInterfaceRequest,
  ModifyNetworkInterfaceAttributeRequest,
  NetworkInterfaceStatus,
  ResetNetworkInterfaceAttributeRequest,
  UnassignIpv6AddressesRequest,
  UnassignIpv6AddressesResult,
  UnassignPrivateIpAddressesRequest,
} from "@aws-sdk/client-ec2";
import { ok, type Result } from "../../base/result.ts";
import { type ApiError, fail } from "../../model/error.ts";
import {
  assignIpv6Addresses,
  assignPrivateIpAddresses,
  unassignIpv6Addresses,
  unassignPrivateIpAddresses,
} from "../../model/interface-address.ts";
import {
  attachNetworkInterface,
  createNetworkInterface,
  type CreateNetworkInterfaceInput,
  deleteNetworkInterface,
  detachNetworkInterface,
  type InterfaceAttribute,
  modifyNetworkInterfaceAttribute,
} from "../../model/interface-attachment.ts";
import { lookup } from "../../model/lookup.ts";
import { findBy } from "../../model/state.ts";
import type { Handler } from "../handler.ts";
import { action, type Actions } from "./action.ts";
import { groupSet, wireInterface } from "./network-interface.ts";
import { readTagSpecifications } from "./tag-set.ts";
import { onAnything, onExisting, onNew } from "./target.ts";

const create: Handler<CreateNetworkInterfaceRequest, CreateNetworkInterfaceResult> = async (input, call) => {
  const wanted = readCreation(input);
  if (!wanted.ok) return wanted;
  const made = await call.run((state, context) => createNetworkInterface(state, wanted.value, context));
  if (!made.ok) return made;
  // The answer says pending, as AWS's does though its model has no such status; the interface is there.
  const status: string = "pending";
  const one = { ...wireInterface(call.state(), made.value), Status: status as NetworkInterfaceStatus };
  return ok({ NetworkInterface: one, ClientToken: input.ClientToken });
};

function readCreation(input: CreateNetworkInterfaceRequest): Result<CreateNetworkInterfaceInput, ApiError> {
  const tags = readTagSpecifications(input.TagSpecifications, ["network-interface"]);
  if (!tags.ok) return tags;
  const foreign = (["Ipv4Prefixes", "Ipv4PrefixCount", "Ipv6Prefixes", "Ipv6PrefixCount"] as const).find(
    (name) => input[name] !== undefined,
  );
  if (foreign !== undefined || (input.InterfaceType !== undefined && input.InterfaceType !== ("interface" as string))) {
    const what = foreign ?? `The interface type ${input.InterfaceType}`;
    return fail("UnsupportedOperation", { message: `${what} is not served by Underpass` });
  }
  const listed = input.PrivateIpAddresses ?? [];
  const primary = input.PrivateIpAddress ?? listed.find((one) => one.Primary === true)?.PrivateIpAddress;
  const secondary = listed.flatMap((one) => (one.Primary === true ? [] : (one.PrivateIpAddress ?? [])));
  return ok({
    subnetId: input.SubnetId ?? "",
    ...(input.Description !== undefined && { description: input.Description }),
    ...(primary !== undefined && { privateIpAddress: primary }),
    secondaryPrivateIpAddresses: secondary.filter((ip) => ip !== primary),
    ...(input.SecondaryPrivateIpAddressCount !== undefined && {
      secondaryPrivateIpAddressCount: input.SecondaryPrivateIpAddressCount,
    }),
    ipv6Addresses: (input.Ipv6Addresses ?? []).map((one) => one.Ipv6Address ?? ""),
    ...(input.Ipv6AddressCount !== undefined && { ipv6AddressCount: input.Ipv6AddressCount }),
    securityGroupIds: input.Groups ?? [],
    ...(input.ClientToken !== undefined && { clientToken: input.ClientToken }),
    tags: tags.value["network-interface"],
  });
}

const remove: Handler<DeleteNetworkInterfaceRequest, object> = async (input, call) => {
  const networkInterfaceId = input.NetworkInterfaceId ?? "";
  const gone = await call.run((state, context) => deleteNetworkInterface(state, { networkInterfaceId }, context));
  return gone.ok ? ok({}) : gone;
};

const attach: Handler<AttachNetworkInterfaceRequest, AttachNetworkInterfaceResult> = async (input, call) => {
  const wanted = {
    networkInterfaceId: input.NetworkInterfaceId ?? "",
    instanceId: input.InstanceId ?? "",
    deviceIndex: input.DeviceIndex ?? 0,
  };
  const done = await call.run((state, context) => attachNetworkInterface(state, wanted, context));
  return done.ok ? ok({ AttachmentId: done.value, NetworkCardIndex: 0 }) : done;
};

const detach: Handler<DetachNetworkInterfaceRequest, object> = async (input, call) => {
  const attachmentId = input.AttachmentId ?? "";
  const done = await call.run((state, context) => detachNetworkInterface(state, { attachmentId }, context));
  return done.ok ? ok({}) : done;
};

const modify: Handler<ModifyNetworkInterfaceAttributeRequest, object> = async (input, call) => {
  const attribute = readAttribute(input);
  if (!attribute.ok) return attribute;
  const wanted = { networkInterfaceId: input.NetworkInterfaceId ?? "", ...attribute.value };
  const done = await call.run((state, context) => modifyNetworkInterfaceAttribute(state, wanted, context));
  return done.ok ? ok({}) : done;
};

function readAttribute(input: ModifyNetworkInterfaceAttributeRequest): Result<InterfaceAttribute, ApiError> {
  const given: InterfaceAttribute[] = [];
  const { Description: description, SourceDestCheck: check, Groups: groups, Attachment: attachment } = input;
  if (description?.Value !== undefined) given.push({ description: description.Value });
  if (check?.Value !== undefined) given.push({ sourceDestCheck: check.Value });
  if (groups !== undefined && groups.length > 0) given.push({ securityGroupIds: groups });
  if (attachment?.AttachmentId !== undefined && attachment.DeleteOnTermination !== undefined) {
    given.push({ attachmentId: attachment.AttachmentId, deleteOnTermination: attachment.DeleteOnTermination });
  }
  const [first, second] = given;
  if (first === undefined) return fail("MissingParameter", { parameter: "an attribute of the network interface" });
  if (second !== undefined) {
    return fail("InvalidParameterCombination", { message: "Only one attribute may be modified at a time" });
  }
  return ok(first);
}

const reset: Handler<ResetNetworkInterfaceAttributeRequest, object> = async (input, call) => {
  const wanted = { networkInterfaceId: input.NetworkInterfaceId ?? "", sourceDestCheck: true };
  const done = await call.run((state, context) => modifyNetworkInterfaceAttribute(state, wanted, context));
  return done.ok ? ok({}) : done;
};

const describeAttribute: Handler<
  DescribeNetworkInterfaceAttributeRequest,
  DescribeNetworkInterfaceAttributeResult
> = async (input, call) => {
  const state = call.state();
  const found = lookup(state, "network-interface", input.NetworkInterfaceId ?? "", call);
  if (!found.ok) return found;
  const NetworkInterfaceId = found.value.id;
  switch (input.Attribute) {
    case "description":
      return ok({ NetworkInterfaceId, Description: { Value: found.value.description } });
    case "sourceDestCheck":
      return ok({ NetworkInterfaceId, SourceDestCheck: { Value: found.value.sourceDestCheck } });
    case "groupSet":
      return ok({ NetworkInterfaceId, Groups: groupSet(state, found.value) });
    case "attachment":
      return ok({ NetworkInterfaceId, Attachment: wireInterface(state, found.value).Attachment });
    case "associatePublicIpAddress":
      return ok({ NetworkInterfaceId, AssociatePublicIpAddress: found.value.publicIpAddress !== undefined });
    case undefined:
      return fail("MissingParameter", { parameter: "attribute" });
    default:
      return fail("InvalidParameterValue", {
        message: `Value (${String(input.Attribute)}) for parameter attribute is invalid. Unknown network interface attribute.`,
      });
  }
};

const assignPrivate: Handler<AssignPrivateIpAddressesRequest, AssignPrivateIpAddressesResult> = async (input, call) => {
  const networkInterfaceId = input.NetworkInterfaceId ?? "";
  const wanted = {
    networkInterfaceId,
    addresses: input.PrivateIpAddresses ?? [],
    ...(input.SecondaryPrivateIpAddressCount !== undefined && { count: input.SecondaryPrivateIpAddressCount }),
    allowReassignment: input.AllowReassignment ?? false,
  };
  const done = await call.run((state, context) => assignPrivateIpAddresses(state, wanted, context));
  if (!done.ok) return done;
  return ok({
    NetworkInterfaceId: networkInterfaceId,
    AssignedPrivateIpAddresses: done.value.map((PrivateIpAddress) => ({ PrivateIpAddress })),
    AssignedIpv4Prefixes: [],
  });
};

const unassignPrivate: Handler<UnassignPrivateIpAddressesRequest, object> = async (input, call) => {
  const wanted = { networkInterfaceId: input.NetworkInterfaceId ?? "", addresses: input.PrivateIpAddresses ?? [] };
  const done = await call.run((state, context) => unassignPrivateIpAddresses(state, wanted, context));
  return done.ok ? ok({}) : done;
};

const assignIpv6: Handler<AssignIpv6AddressesRequest, AssignIpv6AddressesResult> = async (input, call) => {
  const networkInterfaceId = input.NetworkInterfaceId ?? "";
  const wanted = {
    networkInterfaceId,
    addresses: input.Ipv6Addresses ?? [],
    ...(input.Ipv6AddressCount !== undefined && { count: input.Ipv6AddressCount }),
  };
  const done = await call.run((state, context) => assignIpv6Addresses(state, wanted, context));
  if (!done.ok) return done;
  return ok({
    NetworkInterfaceId: networkInterfaceId,
    AssignedIpv6Addresses: [...done.value],
    AssignedIpv6Prefixes: [],
  });
};

const unassignIpv6: Handler<UnassignIpv6AddressesRequest, UnassignIpv6AddressesResult> = async (input, call) => {
  const networkInterfaceId = input.NetworkInterfaceId ?? "";
  const wanted = { networkInterfaceId, addresses: input.Ipv6Addresses ?? [] };
  const done = await call.run((state, context) => unassignIpv6Addresses(state, wanted, context));
  if (!done.ok) return done;
  return ok({ NetworkInterfaceId: networkInterfaceId, UnassignedIpv6Addresses: [...done.value] });
};

const onInterface =
  (name: string) =>
  (input: { readonly NetworkInterfaceId: string | undefined }, call: Parameters<typeof describeAttribute>[1]) =>
    onExisting(name, "network-interface", [input.NetworkInterfaceId], call);

export const interfaceAttachmentActions: Actions = {
  CreateNetworkInterface: action(create, (input, call) => [
    ...onNew("CreateNetworkInterface", { kind: "network-interface", tagSpecifications: input.TagSpecifications }, call),
    ...onExisting("CreateNetworkInterface", "subnet", [input.SubnetId], call),
    ...onExisting("CreateNetworkInterface", "security-group", input.Groups ?? [], call),
  ]),
  DeleteNetworkInterface: action(remove, onInterface("DeleteNetworkInterface")),
  AttachNetworkInterface: action(attach, (input, call) => [
    ...onInterface("AttachNetworkInterface")(input, call),
    ...onExisting("AttachNetworkInterface", "instance", [input.InstanceId], call),
  ]),
  DetachNetworkInterface: action(detach, (input, call) => {
    const [held] = findBy(call.state(), "network-interface", "attachmentId", input.AttachmentId ?? "");
    return [
      ...onExisting("DetachNetworkInterface", "network-interface", [held?.id ?? "*"], call),
      ...onExisting("DetachNetworkInterface", "instance", [held?.attachment?.instanceId], call),
    ];
  }),
  ModifyNetworkInterfaceAttribute: action(modify, (input, call) => [
    ...onInterface("ModifyNetworkInterfaceAttribute")(input, call),
    ...onExisting("ModifyNetworkInterfaceAttribute", "security-group", input.Groups ?? [], call),
  ]),
  ResetNetworkInterfaceAttribute: action(reset, onInterface("ResetNetworkInterfaceAttribute")),
  DescribeNetworkInterfaceAttribute: action(describeAttribute, (_, call) =>
    onAnything("DescribeNetworkInterfaceAttribute", call),
  ),
  AssignPrivateIpAddresses: action(assignPrivate, onInterface("AssignPrivateIpAddresses")),
  UnassignPrivateIpAddresses: action(unassignPrivate, onInterface("UnassignPrivateIpAddresses")),
  AssignIpv6Addresses: action(assignIpv6, onInterface("AssignIpv6Addresses")),
  UnassignIpv6Addresses: action(unassignIpv6, onInterface("UnassignIpv6Addresses")),
};
