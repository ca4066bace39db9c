/**
 * IPv4 addresses inside of IPv6: what DNS64 makes of a name without IPv6, and what a NAT gateway takes out again.
 * Source: RFC 6052 section 2 (the well-known prefix, addresses in its last 32 bits), RFC 6147; Amazon VPC User Guide, "DNS64 and
 * NAT64": the resolver does it for every subnet whose DNS64 is on, for private addresses too.
 *
 * ASSUMPTION: where DNS64 is on, an address of the prefix has the name of the address inside, as RFC 6147 demands; AWS does not
 * say.
 */

import { formatIp, type Ip, parseIp } from "../base/ip.ts";
import { find, type State } from "../model/state.ts";

/** `64:ff9b::`, then the four bytes of the address. */
export function embeddedIn(ipv4: string): string | undefined {
  const ip = parseIp(ipv4);
  return ip?.width === 32 ? formatIp({ width: 128, words: [...wellKnown, ip.words[0] ?? 0] }) : undefined;
}

/** The IPv4 address in an address of the well-known prefix; undefined for every other one. */
export function ipv4Inside({ width, words }: Ip): Ip | undefined {
  const isInside = width === 128 && wellKnown.every((word, at) => words[at] === word);
  return isInside ? { width: 32, words: [words[3] ?? 0] } : undefined;
}

export function hasDns64(state: State, subnetId: string | undefined): boolean {
  return subnetId !== undefined && find(state, "subnet", subnetId)?.enableDns64 === true;
}

const wellKnown = [0x0064_ff9b, 0, 0];
