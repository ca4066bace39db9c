/** Elastic network interfaces and their addresses. Source: Amazon EC2 User Guide, "Elastic network interfaces". */

import { type Id, makeId } from "../base/id.ts";
import { addToIp, formatIp, parseIp } from "../base/ip.ts";
import { containsIp, sizeOfPrefix } from "../base/prefix.ts";
import { ok, type Result } from "../base/result.ts";
import { storedPrefix } from "./cidr.ts";
import { type ApiError, fail } from "./error.ts";
import type { Resource, Tags } from "./resource.ts";
import { findBy, type State } from "./state.ts";
import { assignableAddresses, isReservedAddress, type Subnet } from "./subnet.ts";
import type { Context } from "./verb.ts";

export interface NetworkInterface extends Resource {
  readonly id: Id<"eni">;
  readonly vpcId: Id<"vpc">;
  readonly subnetId: Id<"subnet">;
  readonly description: string;
  /** `02:…`, lower case. */
  readonly macAddress: string;
  /** The primary private IPv4 address. */
  readonly privateIpAddress: string;
  /** The public address that an attached internet gateway maps one to one. */
  readonly publicIpAddress?: string;
  readonly sourceDestCheck: boolean;
  readonly attachment?: NetworkInterfaceAttachment;
}

export interface NetworkInterfaceAttachment {
  readonly id: Id<"eni-attach">;
  readonly instanceId: Id<"i">;
  readonly deviceIndex: number;
  readonly deleteOnTermination: boolean;
  readonly attachedAtMs: number;
}

export interface NewInterface {
  readonly subnet: Subnet;
  readonly description: string;
  readonly privateIpAddress: string;
  readonly publicIpAddress?: string;
  readonly attachment?: NetworkInterfaceAttachment;
  readonly tags: Tags;
}

/** A new interface, not yet in any state. */
export function newInterface(input: NewInterface, context: Context): NetworkInterface {
  const { subnet, ...rest } = input;
  const { accountId, region, nowMs, hex } = context;
  const id = makeId("eni", hex);
  const macAddress = `02:${hex(10).replace(/..(?!$)/g, "$&:")}`;
  const own = { id, accountId, region, createdAtMs: nowMs, macAddress, sourceDestCheck: true };
  return { ...own, vpcId: subnet.vpcId, subnetId: subnet.id, ...rest };
}

/**
 * Gives out private addresses of a subnet, none twice. `take` fails with InvalidParameterValue, InvalidIPAddress.InUse
 * or InsufficientFreeAddressesInSubnet. ASSUMPTION: the lowest free address is taken; AWS takes any.
 */
export function privateAddresses(
  state: State,
  subnet: Subnet,
): { readonly take: (wish: string | undefined) => Result<string, ApiError> } {
  const block = storedPrefix(subnet.cidrBlock);
  const held = new Set(findBy(state, "network-interface", "subnetId", subnet.id).map((one) => one.privateIpAddress));
  const candidates = assignableAddresses(block);
  const next = (): Result<string, ApiError> => {
    for (let step = candidates.next(); step.done !== true; step = candidates.next()) {
      const ip = formatIp(step.value);
      if (!held.has(ip)) return ok(ip);
    }
    return fail("InsufficientFreeAddressesInSubnet", {});
  };
  const wished = (wish: string): Result<string, ApiError> => {
    const ip = parseIp(wish);
    if (ip === undefined)
      return refuse(`Value (${wish}) for parameter privateIpAddress is invalid. Invalid IPv4 address.`);
    if (!containsIp(block, ip)) return refuse(`Address ${wish} does not fall within the subnet's address range`);
    if (isReservedAddress(block, ip)) return refuse(`Address ${wish} is in subnet's reserved address range`);
    return held.has(formatIp(ip)) ? fail("InvalidIPAddress.InUse", { ip: wish }) : ok(formatIp(ip));
  };
  const take = (wish: string | undefined): Result<string, ApiError> => {
    const taken = wish === undefined ? next() : wished(wish);
    if (taken.ok) held.add(taken.value);
    return taken;
  };
  return { take };
}

/**
 * Addresses that AWS's ranges list for EC2 and that hold none of S3 or DynamoDB.
 * ASSUMPTION: every region gives out addresses of this one block.
 */
export const publicBlock = storedPrefix("54.144.0.0/12");

/** Gives out public addresses, none twice and none that an interface of any account holds. */
export function publicAddresses(state: State, context: Context): { readonly take: () => Result<string, ApiError> } {
  const size = sizeOfPrefix(publicBlock);
  const taken = new Set<string>();
  const isHeld = (ip: string): boolean =>
    taken.has(ip) || findBy(state, "network-interface", "publicIpAddress", ip).length > 0;
  const take = (): Result<string, ApiError> => {
    const start = Number.parseInt(context.hex(8), 16) % size;
    for (let step = 0; step < size; step++) {
      const ip = formatIp(addToIp(publicBlock.ip, (start + step) % size));
      if (ip.endsWith(".0") || ip.endsWith(".255") || isHeld(ip)) continue;
      taken.add(ip);
      return ok(ip);
    }
    return fail("InsufficientAddressCapacity", {});
  };
  return { take };
}

function refuse(message: string): Result<never, ApiError> {
  return fail("InvalidParameterValue", { message });
}
