/**
 * Interfaces by themselves: made, given other groups and addresses, attached to instances and taken off again.
 * Source: Amazon EC2 User Guide, "Elastic network interfaces"; EC2 API Reference, "AttachNetworkInterface".
 */

import { type Id, makeId } from "../base/id.ts";
import { ok, type Result } from "../base/result.ts";
import { addressWishes, ipv6Wishes, primaryWishes, takeEach } from "./address-wish.ts";
import { idempotency, madeBefore } from "./client-token.ts";
import { releaseAssociations } from "./elastic-ip.ts";
import { type ApiError, fail } from "./error.ts";
import { isEnding } from "./instance-transition.ts";
import { checkNitro } from "./instance-type.ts";
import { lookup } from "./lookup.ts";
import { ipv6Addresses, isInUse, type NetworkInterface, newInterface, privateAddresses } from "./network-interface.ts";
import { checkQuota } from "./quota.ts";
import type { Tags } from "./resource.ts";
import { groupsForInterface } from "./security-group.ts";
import { type Change, countBy, find, findBy, ownerKey, put, remove, type State } from "./state.ts";
import type { Subnet } from "./subnet.ts";
import { checkTags } from "./tag.ts";
import { accept, type Caller, type Context, type Outcome } from "./verb.ts";

export interface CreateNetworkInterfaceInput {
  readonly subnetId: string;
  readonly description?: string;
  readonly privateIpAddress?: string;
  readonly secondaryPrivateIpAddresses: readonly string[];
  readonly secondaryPrivateIpAddressCount?: number;
  readonly ipv6Addresses: readonly string[];
  /** Absent for what the subnet says. */
  readonly ipv6AddressCount?: number;
  readonly securityGroupIds: readonly string[];
  readonly clientToken?: string;
  readonly tags: Tags;
}

/** An interface that nothing uses yet. */
export function createNetworkInterface(
  state: State,
  input: CreateNetworkInterfaceInput,
  context: Context,
): Outcome<NetworkInterface> {
  const before = madeBefore(state, "network-interface", input, context);
  if (!before.ok) return before;
  if (before.value[0] !== undefined) return accept(before.value[0], []);
  const subnet = lookup(state, "subnet", input.subnetId, context);
  if (!subnet.ok) return subnet;
  const { id: subnetId, vpcId } = subnet.value;
  const groups = groupsForInterface(state, { groupIds: input.securityGroupIds, vpcId, subnetId }, context);
  if (!groups.ok) return groups;
  const addresses = addressesOf(state, input, subnet.value, context);
  if (!addresses.ok) return addresses;
  const tags = checkTags(input.tags);
  if (!tags.ok) return tags;
  const held = countBy(state, "network-interface", "owner", ownerKey(context.accountId, context.region));
  const quota = checkQuota("networkInterfacesPerRegion", held, context);
  if (!quota.ok) return quota;
  const made = newInterface(
    {
      subnet: subnet.value,
      description: input.description ?? "",
      ...addresses.value,
      securityGroupIds: groups.value,
      tags: tags.value,
    },
    context,
  );
  const one = { ...made, ...idempotency(input) };
  return accept(one, [put("network-interface", one)]);
}

/** Fails with InvalidParameterValue while the interface is in use. Its Elastic IPs stay with the account. */
export function deleteNetworkInterface(
  state: State,
  input: { readonly networkInterfaceId: string },
  context: Context,
): Outcome<void> {
  const found = lookup(state, "network-interface", input.networkInterfaceId, context);
  if (!found.ok) return found;
  const { id } = found.value;
  if (isInUse(found.value)) return inUse(id);
  return accept(undefined, [...releaseAssociations(state, id), remove("network-interface", id)]);
}

export interface AttachNetworkInterfaceInput {
  readonly networkInterfaceId: string;
  readonly instanceId: string;
  readonly deviceIndex: number;
}

/** The attachment's id. It does not go with the instance unless told so afterwards. */
export function attachNetworkInterface(
  state: State,
  input: AttachNetworkInterfaceInput,
  context: Context,
): Outcome<Id<"eni-attach">> {
  const found = lookup(state, "network-interface", input.networkInterfaceId, context);
  if (!found.ok) return found;
  const instance = lookup(state, "instance", input.instanceId, context);
  if (!instance.ok) return instance;
  const { id, vpcId, subnetId } = found.value;
  if (isInUse(found.value)) return fail("InvalidParameterValue", { message: `Interface: [${id}] in use.` });
  if (isEnding(instance.value)) {
    return fail("IncorrectInstanceState", { message: `Instance '${instance.value.id}' is not in a valid state.` });
  }
  const zones = [subnetId, instance.value.subnetId].map((one) => find(state, "subnet", one)?.availabilityZone);
  if (vpcId !== instance.value.vpcId || zones[0] !== zones[1]) {
    return fail("InvalidParameterCombination", {
      message: "You may not attach a network interface to an instance if they are not in the same availability zone",
    });
  }
  const typed = found.value.privateIpAddress === undefined ? checkNitro(instance.value.instanceType) : ok(undefined);
  if (!typed.ok) return typed;
  const { deviceIndex } = input;
  const held = instance.value.networkInterfaceIds.flatMap((one) => find(state, "network-interface", one) ?? []);
  if (deviceIndex < 1 || held.some((one) => one.attachment?.deviceIndex === deviceIndex)) {
    return fail("InvalidParameterValue", {
      message: `Instance '${instance.value.id}' already has an interface attached at device index '${deviceIndex}'.`,
    });
  }
  // ASSUMPTION: every instance type takes eight interfaces; AWS's number depends on the type.
  if (held.length >= 8) {
    return fail("AttachmentLimitExceeded", {
      message: `Interface count ${held.length + 1} exceeds the limit for ${instance.value.instanceType}`,
    });
  }
  const attachment = {
    id: makeId("eni-attach", context.hex),
    instanceId: instance.value.id,
    deviceIndex,
    deleteOnTermination: false,
    attachedAtMs: context.nowMs,
  };
  const order = [...held, { ...found.value, attachment }].toSorted(
    (a, b) => (a.attachment?.deviceIndex ?? 0) - (b.attachment?.deviceIndex ?? 0),
  );
  return accept(attachment.id, [
    put("network-interface", { ...found.value, attachment }),
    put("instance", { ...instance.value, networkInterfaceIds: order.map((one) => one.id) }),
  ]);
}

/** Takes a secondary interface off its instance; the primary one stays. */
export function detachNetworkInterface(
  state: State,
  input: { readonly attachmentId: string },
  context: Context,
): Outcome<void> {
  const found = byAttachment(state, input.attachmentId, context);
  if (!found.ok) return found;
  const { attachment } = found.value;
  const instance = attachment && find(state, "instance", attachment.instanceId);
  if (attachment === undefined || instance === undefined) {
    return fail("InvalidAttachmentID.NotFound", { attachmentId: input.attachmentId });
  }
  if (attachment.deviceIndex === 0) {
    return fail("OperationNotPermitted", {
      message: "The network interface at device index 0 cannot be detached.",
    });
  }
  const rest = instance.networkInterfaceIds.filter((id) => id !== found.value.id);
  return accept(undefined, [
    put("network-interface", withoutAttachment(found.value)),
    put("instance", { ...instance, networkInterfaceIds: rest }),
  ]);
}

/** One attribute, as each call changes one. */
export type InterfaceAttribute =
  | { readonly description: string }
  | { readonly sourceDestCheck: boolean }
  | { readonly securityGroupIds: readonly string[] }
  | { readonly attachmentId: string; readonly deleteOnTermination: boolean };

export function modifyNetworkInterfaceAttribute(
  state: State,
  input: { readonly networkInterfaceId: string } & InterfaceAttribute,
  context: Context,
): Outcome<void> {
  const found = lookup(state, "network-interface", input.networkInterfaceId, context);
  if (!found.ok) return found;
  const one = found.value;
  if (one.requester !== undefined && !("description" in input)) {
    return fail("AuthFailure", { message: "You do not have permission to access the specified resource." });
  }
  if ("description" in input) return changed({ ...one, description: input.description });
  if ("sourceDestCheck" in input) return changed({ ...one, sourceDestCheck: input.sourceDestCheck });
  if ("securityGroupIds" in input) {
    const { vpcId, subnetId } = one;
    const groups = groupsForInterface(state, { groupIds: input.securityGroupIds, vpcId, subnetId }, context);
    return groups.ok ? changed({ ...one, securityGroupIds: groups.value }) : groups;
  }
  if (one.attachment?.id !== input.attachmentId) {
    return fail("InvalidAttachmentID.NotFound", { attachmentId: input.attachmentId });
  }
  const { deleteOnTermination } = input;
  return changed({ ...one, attachment: { ...one.attachment, deleteOnTermination } });
}

export function withoutAttachment(attached: NetworkInterface): NetworkInterface {
  const { attachment: _, ...one } = attached;
  return one;
}

/** Without the public address that it was given at launch; an Elastic IP stays. */
export function withoutLaunchAddress(state: State, one: NetworkInterface): NetworkInterface {
  const { publicIpAddress, ...rest } = one;
  const isElastic =
    publicIpAddress !== undefined && findBy(state, "elastic-ip", "publicIp", publicIpAddress).length > 0;
  return isElastic ? one : rest;
}

interface Addresses {
  readonly privateIpAddress?: string;
  readonly secondaryPrivateIpAddresses: readonly string[];
  readonly ipv6Addresses: readonly string[];
}

/** ASSUMPTION: a new interface first gets the addresses that the call names, then those that AWS is to choose. */
function addressesOf(
  state: State,
  input: CreateNetworkInterfaceInput,
  subnet: Subnet,
  context: Context,
): Result<Addresses, ApiError> {
  const { secondaryPrivateIpAddressCount: count = 0, secondaryPrivateIpAddresses: wished } = input;
  if (count > 0 && wished.length > 0) {
    return fail("InvalidParameterCombination", {
      message: "The parameter secondaryPrivateIpAddressCount cannot be used with the parameter privateIpAddresses",
    });
  }
  const secondary = addressWishes(wished, count);
  if (!secondary.ok) return secondary;
  const wishes = [...primaryWishes(subnet, input.privateIpAddress), ...secondary.value];
  const taken = takeEach(privateAddresses(state, subnet).take, wishes);
  if (!taken.ok) return taken;
  const ipv6Wished = ipv6Wishes(subnet, input);
  if (!ipv6Wished.ok) return ipv6Wished;
  const ipv6 = takeEach(ipv6Addresses(state, subnet, context).take, ipv6Wished.value);
  if (!ipv6.ok) return ipv6;
  const [privateIpAddress, ...secondaryPrivateIpAddresses] = taken.value;
  return ok({
    ...(privateIpAddress !== undefined && { privateIpAddress }),
    secondaryPrivateIpAddresses,
    ipv6Addresses: ipv6.value,
  });
}

function byAttachment(state: State, attachmentId: string, caller: Caller): Result<NetworkInterface, ApiError> {
  const found = findBy(state, "network-interface", "attachmentId", attachmentId).find(
    (one) => one.accountId === caller.accountId && one.region === caller.region,
  );
  return found === undefined ? fail("InvalidAttachmentID.NotFound", { attachmentId }) : ok(found);
}

/** Source: the text that AWS answers for an interface in use. */
function inUse(networkInterfaceId: string): Result<never, ApiError> {
  return fail("InvalidParameterValue", {
    message: `Network interface '${networkInterfaceId}' is currently in use.`,
  });
}

function changed(one: NetworkInterface): Outcome<void> {
  const changes: readonly Change[] = [put("network-interface", one)];
  return accept(undefined, changes);
}
