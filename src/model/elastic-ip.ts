/**
 * Elastic IP addresses: public addresses that an account keeps, and what they stand for.
 * Source: Amazon EC2 User Guide, "Elastic IP addresses"; EC2 API Reference, "AssociateAddress".
 *
 * INVARIANT: the interface whose primary private address an Elastic IP is associated with has it as `publicIpAddress`.
 */

import { type Id, isId, makeId } from "../base/id.ts";
import { ok, type Result } from "../base/result.ts";
import { type ApiError, fail } from "./error.ts";
import { lookup } from "./lookup.ts";
import { type NetworkInterface, privateAddressesOf, publicAddresses } from "./network-interface.ts";
import { checkQuota } from "./quota.ts";
import type { Resource, Tags } from "./resource.ts";
import { type Change, countBy, find, findBy, ownerKey, put, remove, type State } from "./state.ts";
import { checkTags } from "./tag.ts";
import { accept, type Caller, type Context, type Outcome } from "./verb.ts";

export interface ElasticIp extends Resource {
  readonly id: Id<"eipalloc">;
  readonly publicIp: string;
  readonly association?: ElasticIpAssociation;
  /** The reverse name, with its dot at the end. */
  readonly domainName?: string;
}

export interface ElasticIpAssociation {
  readonly id: Id<"eipassoc">;
  readonly networkInterfaceId: Id<"eni">;
  /** Of the interface. */
  readonly vpcId: Id<"vpc">;
  /** One of the interface's private addresses. */
  readonly privateIpAddress: string;
}

/**
 * ASSUMPTION: AllocateAddress chooses the address; a wish for a certain one is refused as one that the account never
 * had.
 */
export function allocateAddress(
  state: State,
  input: { readonly address?: string; readonly tags: Tags },
  context: Context,
): Outcome<ElasticIp> {
  const tags = checkTags(input.tags);
  if (!tags.ok) return tags;
  if (input.address !== undefined) return fail("InvalidAddress.NotFound", { publicIp: input.address });
  const held = countBy(state, "elastic-ip", "owner", ownerKey(context.accountId, context.region));
  const quota = checkQuota("elasticIpsPerRegion", held, context);
  if (!quota.ok) return quota;
  const publicIp = publicAddresses(state, context).take();
  if (!publicIp.ok) return publicIp;
  const { accountId, region, nowMs, hex } = context;
  const address: ElasticIp = {
    id: makeId("eipalloc", hex),
    accountId,
    region,
    createdAtMs: nowMs,
    tags: tags.value,
    publicIp: publicIp.value,
  };
  return accept(address, [put("elastic-ip", address)]);
}

/** What names an address: its allocation, or the address itself. */
export interface AddressName {
  readonly allocationId?: string;
  readonly publicIp?: string;
}

/** Fails with InvalidIPAddress.InUse while it is associated. */
export function releaseAddress(state: State, input: AddressName, context: Context): Outcome<void> {
  const found = findAddress(state, input, context);
  if (!found.ok) return found;
  const { id, publicIp, association } = found.value;
  if (association !== undefined) return fail("InvalidIPAddress.InUse", { ip: publicIp });
  return accept(undefined, [remove("elastic-ip", id)]);
}

export interface AssociateAddressInput extends AddressName {
  readonly instanceId?: string;
  readonly networkInterfaceId?: string;
  /** Absent for the primary one. */
  readonly privateIpAddress?: string;
  /** Whether an address may be taken away from what it stands for. */
  readonly allowReassociation: boolean;
}

/** The id of the association. A public address that the interface was given at launch goes back. */
export function associateAddress(
  state: State,
  input: AssociateAddressInput,
  context: Context,
): Outcome<Id<"eipassoc">> {
  const found = findAddress(state, input, context);
  if (!found.ok) return found;
  const target = targetOf(state, input, context);
  if (!target.ok) return target;
  const { holder, privateIpAddress } = target.value;
  const { association: before } = found.value;
  if (before?.networkInterfaceId === holder.id && before.privateIpAddress === privateIpAddress) {
    return accept(before.id, []);
  }
  const beforeHolder = before && find(state, "network-interface", before.networkInterfaceId);
  if (beforeHolder?.requester !== undefined) {
    return fail("AuthFailure", { message: "You do not have permission to access the specified resource." });
  }
  if (before !== undefined && !input.allowReassociation) {
    return fail("Resource.AlreadyAssociated", {
      message: `resource ${found.value.id} is already associated with associate-id ${before.id}`,
    });
  }
  if (findBy(state, "internet-gateway", "vpcId", holder.vpcId).length === 0) {
    return fail("Gateway.NotAttached", { message: `Network ${holder.vpcId} is not attached to any internet gateway` });
  }
  const other = addressOn(state, holder.id, privateIpAddress);
  if (other !== undefined && !input.allowReassociation) {
    return fail("Resource.AlreadyAssociated", {
      message: `resource ${holder.id} is already associated with associate-id ${other.association?.id ?? ""}`,
    });
  }
  const changes = [
    ...(other === undefined ? [] : [put("elastic-ip", withoutAssociation(other))]),
    ...leaveHolder(state, found.value),
  ];
  const joined = joinAddress(found.value, holder, privateIpAddress, context);
  return accept(joined.associationId, [...changes, ...joined.changes]);
}

/** Fails with InvalidAssociationID.NotFound, or InvalidAddress.NotFound where the address stands for nothing. */
export function disassociateAddress(
  state: State,
  input: { readonly associationId?: string; readonly publicIp?: string },
  context: Context,
): Outcome<void> {
  const { associationId } = input;
  const found =
    associationId === undefined
      ? findAddress(state, input, context)
      : addressOfAssociation(state, associationId, context);
  if (!found.ok) return found;
  const { association } = found.value;
  if (association === undefined) {
    return fail("InvalidAssociationID.NotFound", { associationId: input.publicIp ?? "" });
  }
  const holder = find(state, "network-interface", association.networkInterfaceId);
  if (holder?.requester !== undefined) {
    return fail("AuthFailure", { message: "You do not have permission to access the specified resource." });
  }
  return accept(undefined, [...leaveHolder(state, found.value), put("elastic-ip", withoutAssociation(found.value))]);
}

/** Sets or takes away the reverse name. */
export function modifyAddressAttribute(
  state: State,
  input: { readonly allocationId: string; readonly domainName?: string },
  context: Context,
): Outcome<ElasticIp> {
  const found = lookup(state, "elastic-ip", input.allocationId, context);
  if (!found.ok) return found;
  const { domainName: _, ...rest } = found.value;
  const { domainName } = input;
  if (domainName !== undefined && !/^(?=.{1,253}$)([a-z0-9-]{1,63}\.)+[a-z0-9-]{1,63}\.?$/i.test(domainName)) {
    return fail("InvalidParameterValue", { message: `The domain name ${domainName} is not valid` });
  }
  const changed =
    domainName === undefined ? rest : { ...rest, domainName: domainName.endsWith(".") ? domainName : `${domainName}.` };
  return accept(changed, [put("elastic-ip", changed)]);
}

/** Joins an address that stands for nothing with an interface's private address. */
export function joinAddress(
  address: ElasticIp,
  holder: NetworkInterface,
  privateIpAddress: string,
  context: Context,
): { readonly associationId: Id<"eipassoc">; readonly changes: readonly Change[] } {
  const associationId = makeId("eipassoc", context.hex);
  const { id: networkInterfaceId, vpcId } = holder;
  const association = { id: associationId, networkInterfaceId, vpcId, privateIpAddress };
  const isPrimary = privateIpAddress === holder.privateIpAddress;
  return {
    associationId,
    changes: [
      put("elastic-ip", { ...address, association }),
      ...(isPrimary ? [put("network-interface", { ...holder, publicIpAddress: address.publicIp })] : []),
    ],
  };
}

/** The addresses of an interface that goes: they stay with the account. */
export function releaseAssociations(state: State, networkInterfaceId: string): readonly Change[] {
  return findBy(state, "elastic-ip", "networkInterfaceId", networkInterfaceId).map((one) =>
    put("elastic-ip", withoutAssociation(one)),
  );
}

/** The Elastic IP that stands for an interface's private address, or undefined. */
export function addressOn(state: State, networkInterfaceId: string, privateIpAddress: string): ElasticIp | undefined {
  return findBy(state, "elastic-ip", "networkInterfaceId", networkInterfaceId).find(
    (one) => one.association?.privateIpAddress === privateIpAddress,
  );
}

function withoutAssociation(associated: ElasticIp): ElasticIp {
  const { association: _, ...address } = associated;
  return address;
}

/** The caller's address; fails with InvalidAllocationID.NotFound, InvalidAddress.NotFound or MissingParameter. */
function findAddress(state: State, input: AddressName, caller: Caller): Result<ElasticIp, ApiError> {
  const { allocationId, publicIp } = input;
  if (allocationId !== undefined) return lookup(state, "elastic-ip", allocationId, caller);
  if (publicIp === undefined) return fail("MissingParameter", { parameter: "AllocationId" });
  const found = findBy(state, "elastic-ip", "publicIp", publicIp).find((one) => isOwn(one, caller));
  return found === undefined ? fail("InvalidAddress.NotFound", { publicIp }) : ok(found);
}

function addressOfAssociation(state: State, associationId: string, caller: Caller): Result<ElasticIp, ApiError> {
  const found = findBy(state, "elastic-ip", "associationId", associationId).find((one) => isOwn(one, caller));
  if (found !== undefined) return ok(found);
  return isId("eipassoc", associationId)
    ? fail("InvalidAssociationID.NotFound", { associationId })
    : fail("InvalidParameterValue", {
        message: `Invalid value '${associationId}' for associationId. Value must be an eipassoc-... id`,
      });
}

interface AddressTarget {
  readonly holder: NetworkInterface;
  readonly privateIpAddress: string;
}

function targetOf(state: State, input: AssociateAddressInput, caller: Caller): Result<AddressTarget, ApiError> {
  const { instanceId, networkInterfaceId } = input;
  if (instanceId !== undefined && networkInterfaceId !== undefined) {
    return fail("InvalidParameterCombination", {
      message: "The parameter instanceId cannot be used with the parameter networkInterfaceId",
    });
  }
  const holder =
    networkInterfaceId === undefined
      ? primaryOf(state, instanceId, caller)
      : lookup(state, "network-interface", networkInterfaceId, caller);
  if (!holder.ok) return holder;
  if (holder.value.requester !== undefined) {
    return fail("AuthFailure", { message: "You do not have permission to access the specified resource." });
  }
  const privateIpAddress = input.privateIpAddress ?? holder.value.privateIpAddress;
  if (privateIpAddress === undefined) {
    // ASSUMPTION: code and text are ours where an Elastic IP is for an interface of a subnet of IPv6 alone.
    return fail("InvalidParameterValue", { message: `${holder.value.id} has no private IPv4 address` });
  }
  if (!privateAddressesOf(holder.value).includes(privateIpAddress)) {
    return fail("InvalidParameterValue", {
      message: `Invalid value '${privateIpAddress}' for privateIpAddress. The address is not assigned to ${holder.value.id}`,
    });
  }
  return ok({ holder: holder.value, privateIpAddress });
}

function primaryOf(state: State, instanceId: string | undefined, caller: Caller): Result<NetworkInterface, ApiError> {
  if (instanceId === undefined) return fail("MissingParameter", { parameter: "InstanceId or NetworkInterfaceId" });
  const instance = lookup(state, "instance", instanceId, caller);
  if (!instance.ok) return instance;
  const [first, second] = instance.value.networkInterfaceIds;
  const holder = first && find(state, "network-interface", first);
  if (holder === undefined) {
    return fail("IncorrectInstanceState", { message: `The instance '${instanceId}' is not in a valid state` });
  }
  if (second !== undefined) {
    return fail("InvalidInstanceID", {
      message: `There are multiple interfaces attached to instance '${instanceId}'. Please specify an interface ID for the operation instead.`,
    });
  }
  return ok(holder);
}

/** What the interface loses when its primary address's Elastic IP goes elsewhere. */
function leaveHolder(state: State, address: ElasticIp): readonly Change[] {
  const { association } = address;
  const holder = association && find(state, "network-interface", association.networkInterfaceId);
  if (holder?.publicIpAddress !== address.publicIp) return [];
  const { publicIpAddress: _, ...rest } = holder;
  return [put("network-interface", rest)];
}

function isOwn(one: ElasticIp, caller: Caller): boolean {
  return one.accountId === caller.accountId && one.region === caller.region;
}
