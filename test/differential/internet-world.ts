/** Addresses of the random instances and NAT gateways by which the internet knows them. */

import { all, type State } from "../../src/model/state.ts";
import type { Dice } from "./dice.ts";

/** Of every VPC, the asker's own too. */
export function publicAddresses(state: State, dice: Dice): string[] {
  const shown = [...all(state, "network-interface")].flatMap((one) => one.publicIpAddress ?? []);
  const elastic = [...all(state, "elastic-ip")].map((one) => one.publicIp);
  return [...new Set([...shown, ...elastic])].filter(() => dice.chance(15));
}

/** Of IPv6 every address is such a one. */
export function publicIpv6Addresses(state: State, dice: Dice): string[] {
  return [...all(state, "network-interface")].flatMap((one) => one.ipv6Addresses).filter(() => dice.chance(15));
}

/** Elastic IPs of addresses that are not an interface's first. */
export function publicOf(state: State, privateIps: ReadonlySet<string>): string[] {
  return [...all(state, "elastic-ip")].flatMap(({ association, publicIp }) =>
    association !== undefined && privateIps.has(association.privateIpAddress) ? [publicIp] : [],
  );
}

/** Whether an instance may have the address outside. */
export function isPublic(ip: string): boolean {
  return /^54\.1(4[4-9]|5\d)\./.test(ip);
}
