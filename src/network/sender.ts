/** Who sends a packet: an interface and one of its addresses, as it is inside its VPC and as the internet sees it. */

import { parseIp, type Width } from "../base/ip.ts";
import type { Instance } from "../model/instance.ts";
import { type NetworkInterface, primaryAddressOf } from "../model/network-interface.ts";
import { find, findBy, type State } from "../model/state.ts";
import { networkOf, type VpcNetwork } from "./vpc-network.ts";

/** An interface and the one of its addresses that packets come from. */
export interface Sender {
  readonly holder: NetworkInterface;
  readonly ip: string;
}

/**
 * Who sends where an instance does: the interface whose address the program chose, else the first that has one of this width,
 * whatever the destination. Undefined where the address is none of its own. Source: amazon-ec2-net-utils, lib.sh
 * (`setup_interface`).
 */
export function senderOf(
  network: VpcNetwork | undefined,
  instance: Instance | undefined,
  width: Width,
  sourceIp?: string,
): Sender | undefined {
  if (network === undefined || instance === undefined) return undefined;
  if (sourceIp === undefined) {
    for (const id of instance.networkInterfaceIds) {
      const holder = network.interfaces.get(id);
      const ip = holder && primaryAddressOf(holder, width);
      if (holder !== undefined && ip !== undefined) return { holder, ip };
    }
    return undefined;
  }
  const holder = network.interfaceByIp.get(sourceIp);
  const isOwn = holder !== undefined && instance.networkInterfaceIds.includes(holder.id);
  return isOwn && parseIp(sourceIp)?.width === width ? { holder, ip: sourceIp } : undefined;
}

/** Whether an instance has an address of IPv6. */
export function hasIpv6(state: State, instance: Instance): boolean {
  return senderOf(networkOf(state, instance.vpcId), instance, 128) !== undefined;
}

/** What an internet gateway maps a public address to; IPv6 addresses are public themselves. */
export function mappedBy(state: State, publicIp: string): Sender | undefined {
  if (isIpv6(publicIp)) {
    const [own] = findBy(state, "network-interface", "ipv6Address", publicIp);
    return own && { holder: own, ip: publicIp };
  }
  const [shown] = findBy(state, "network-interface", "publicIpAddress", publicIp);
  if (shown?.privateIpAddress !== undefined) return { holder: shown, ip: shown.privateIpAddress };
  const association = findBy(state, "elastic-ip", "publicIp", publicIp)[0]?.association;
  const ip = association?.privateIpAddress;
  const holder = ip === undefined ? undefined : networkOf(state, association?.vpcId ?? "")?.interfaceByIp.get(ip);
  return holder && ip !== undefined ? { holder, ip } : undefined;
}

/** The instance that an interface is attached to. */
export function holderOf(state: State, holder: NetworkInterface | undefined): Instance | undefined {
  return holder?.attachment && find(state, "instance", holder.attachment.instanceId);
}

/** Whether a canonical text is of IPv6. */
export function isIpv6(ip: string): boolean {
  return ip.includes(":");
}
