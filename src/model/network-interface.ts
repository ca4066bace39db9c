/** Elastic network interfaces and their addresses. Source: Amazon EC2 User Guide, "Elastic network interfaces". */

import { type Id, makeId } from "../base/id.ts";
import { addToIp, formatIp, parseIp, type Width } from "../base/ip.ts";
import { containsIp, maskIp, type Prefix, sizeOfPrefix } from "../base/prefix.ts";
import { ok, type Result } from "../base/result.ts";
import { storedPrefix } from "./cidr.ts";
import { type ApiError, fail } from "./error.ts";
import type { Idempotent } from "./idempotent.ts";
import type { Resource, Tags } from "./resource.ts";
import { findBy, type State } from "./state.ts";
import { assignableAddresses, isReservedAddress, type Subnet } from "./subnet.ts";
import type { Context } from "./verb.ts";

export interface NetworkInterface extends Resource, Idempotent {
  readonly id: Id<"eni">;
  readonly vpcId: Id<"vpc">;
  readonly subnetId: Id<"subnet">;
  readonly description: string;
  /** `02:…`, lower case. */
  readonly macAddress: string;
  /** The primary private IPv4 address; absent in a subnet of IPv6 alone. */
  readonly privateIpAddress?: string;
  /** None twice, in the order they came. */
  readonly secondaryPrivateIpAddresses: readonly string[];
  /** Canonical text, of the subnet's IPv6 block. */
  readonly ipv6Addresses: readonly string[];
  /** INVARIANT: of the interface's VPC, none twice; at least one but for NAT gateways and network load balancers. */
  readonly securityGroupIds: readonly Id<"sg">[];
  /**
   * The public address that an attached internet gateway maps to the primary private one: an Elastic IP where one is
   * associated with it. Elastic IPs of secondary addresses stand in `ElasticIp.association` alone. Absent without a
   * private one.
   */
  readonly publicIpAddress?: string;
  readonly sourceDestCheck: boolean;
  readonly attachment?: NetworkInterfaceAttachment;
  /** What it was made for, when AWS made it: only that lets it go. */
  readonly requester?: InterfaceRequester;
}

export type InterfaceRequester =
  | { readonly kind: "nat-gateway"; readonly natGatewayId: Id<"nat"> }
  | { readonly kind: "vpc-endpoint"; readonly vpcEndpointId: Id<"vpce"> }
  | { readonly kind: "load-balancer"; readonly loadBalancerArn: string };

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
  readonly privateIpAddress?: string;
  readonly secondaryPrivateIpAddresses?: readonly string[];
  readonly ipv6Addresses?: readonly string[];
  readonly securityGroupIds: readonly Id<"sg">[];
  readonly publicIpAddress?: string;
  readonly attachment?: NetworkInterfaceAttachment;
  readonly requester?: InterfaceRequester;
  readonly tags: Tags;
}

/** A new interface, not yet in any state. */
export function newInterface(input: NewInterface, context: Context): NetworkInterface {
  const { subnet, ...rest } = input;
  const { accountId, region, nowMs, hex } = context;
  const id = makeId("eni", hex);
  const macAddress = `02:${hex(10).replace(/..(?!$)/g, "$&:")}`;
  const own = { id, accountId, region, createdAtMs: nowMs, macAddress, sourceDestCheck: true };
  const addresses = { secondaryPrivateIpAddresses: [], ipv6Addresses: [] };
  return { ...own, ...addresses, vpcId: subnet.vpcId, subnetId: subnet.id, ...rest };
}

/** Every private IPv4 address, the primary one first. */
export function privateAddressesOf(one: NetworkInterface): readonly string[] {
  return one.privateIpAddress === undefined ? [] : [one.privateIpAddress, ...one.secondaryPrivateIpAddresses];
}

/** Its addresses of both families, those of IPv4 first, the primary one of each first. */
export function allAddressesOf(one: NetworkInterface): readonly string[] {
  return [...privateAddressesOf(one), ...one.ipv6Addresses];
}

/** The address that packets of a family come from where nothing else is said; undefined where it has none. */
export function primaryAddressOf(one: NetworkInterface, width: Width): string | undefined {
  return width === 32 ? one.privateIpAddress : one.ipv6Addresses[0];
}

/** Whether it is attached to an instance or was made for something of AWS's. */
export function isInUse(one: NetworkInterface): boolean {
  return one.attachment !== undefined || one.requester !== undefined;
}

/**
 * Gives out private addresses of a subnet, none twice. `take` fails with InvalidParameterValue,
 * InvalidIPAddress.InUse or InsufficientFreeAddressesInSubnet. ASSUMPTION: a new interface gets the lowest free
 * address of its subnet; AWS takes any. ASSUMPTION: what needs an IPv4 address in a subnet of IPv6 alone is refused as in
 * a subnet without a free address, since AWS tells of such a subnet that it has 0 available.
 */
export function privateAddresses(
  state: State,
  subnet: Subnet,
): { readonly take: (wish: string | undefined) => Result<string, ApiError> } {
  const block = subnet.cidrBlock === undefined ? undefined : storedPrefix(subnet.cidrBlock);
  const held = new Set(findBy(state, "network-interface", "subnetId", subnet.id).flatMap(privateAddressesOf));
  const candidates = block === undefined ? [].values() : assignableAddresses(block);
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
    if (block === undefined || !containsIp(block, ip))
      return refuse(`Address ${wish} does not fall within the subnet's address range`);
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
 * Gives out IPv6 addresses of a subnet, none twice. `take` fails with InvalidParameterValue for a subnet without an IPv6
 * block or a wish that cannot be granted.
 */
export function ipv6Addresses(
  state: State,
  subnet: Subnet,
  context: Context,
): { readonly take: (wish: string | undefined) => Result<string, ApiError> } {
  const [block] = subnet.ipv6CidrBlocks;
  const prefix = block && storedPrefix(block.cidrBlock);
  const held = new Set(findBy(state, "network-interface", "subnetId", subnet.id).flatMap((one) => one.ipv6Addresses));
  const random = (of: Prefix): string => {
    const ip = { width: of.ip.width, words: of.ip.words.map(() => Number.parseInt(context.hex(8), 16)) };
    const network = maskIp(ip, of.bits);
    const words = ip.words.map((word, at) => ((word ^ (network.words[at] ?? 0)) | (of.ip.words[at] ?? 0)) >>> 0);
    return formatIp({ width: of.ip.width, words });
  };
  const take = (wish: string | undefined): Result<string, ApiError> => {
    if (prefix === undefined) return refuse(`Subnet ${subnet.id} has no IPv6 CIDR block`);
    if (wish !== undefined) {
      const ip = parseIp(wish);
      if (ip === undefined || !containsIp(prefix, ip)) {
        return refuse(`Address ${wish} does not fall within the subnet's IPv6 address range`);
      }
      const text = formatIp(ip);
      if (held.has(text)) return fail("InvalidIPAddress.InUse", { ip: wish });
      held.add(text);
      return ok(text);
    }
    let text = random(prefix);
    while (held.has(text)) text = random(prefix);
    held.add(text);
    return ok(text);
  };
  return { take };
}

/**
 * Addresses that AWS's ranges list for EC2 and that hold none of S3 or DynamoDB.
 * ASSUMPTION: every region gives out public addresses of 54.144.0.0/12.
 */
export const publicBlock = storedPrefix("54.144.0.0/12");

/** Gives out public addresses, none twice and none that an interface of any account holds. */
export function publicAddresses(state: State, context: Context): { readonly take: () => Result<string, ApiError> } {
  const size = sizeOfPrefix(publicBlock);
  const taken = new Set<string>();
  const isHeld = (ip: string): boolean =>
    taken.has(ip) ||
    findBy(state, "network-interface", "publicIpAddress", ip).length > 0 ||
    findBy(state, "elastic-ip", "publicIp", ip).length > 0;
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
