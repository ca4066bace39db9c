/**
 * Which packets a rule is about: protocol with ports or ICMP types. Security groups and network ACLs share it.
 * Source: IANA, "Protocol Numbers"; Amazon EC2 API Reference, "IpPermission" and "NetworkAclEntry".
 */

import { unreachable } from "../base/assert.ts";

export type Traffic =
  | { readonly kind: "all" }
  /** TCP (6) or UDP (17), with the first and the last port. */
  | { readonly kind: "ports"; readonly protocol: 6 | 17; readonly fromPort: number; readonly toPort: number }
  /** ICMP (1) or ICMPv6 (58); -1 is every type, or every code. */
  | { readonly kind: "icmp"; readonly protocol: 1 | 58; readonly type: number; readonly code: number }
  /** All of another protocol. */
  | { readonly kind: "protocol"; readonly protocol: number };

/** The protocol's number, `all`, or undefined for what is neither a number of 0 to 255 nor a name that AWS takes. */
export function parseProtocol(text: string): number | "all" | undefined {
  const named = numbers.get(text.toLowerCase());
  if (named !== undefined) return named;
  if (!/^\d{1,3}$/.test(text) || Number(text) > 255) return undefined;
  return Number(text);
}

/** The protocol as security groups write it: `tcp`, `udp`, `icmp`, `icmpv6`, `-1` or a number. */
export function protocolName(traffic: Traffic): string {
  if (traffic.kind === "all") return "-1";
  return names.get(traffic.protocol) ?? String(traffic.protocol);
}

/** The protocol as network ACLs write it: always a number, -1 for all. */
export function protocolNumber(traffic: Traffic): string {
  return traffic.kind === "all" ? "-1" : String(traffic.protocol);
}

/** A text that two equal traffics share. */
export function trafficKey(traffic: Traffic): string {
  switch (traffic.kind) {
    case "all":
      return "all";
    case "ports":
      return `${traffic.protocol} ${traffic.fromPort} ${traffic.toPort}`;
    case "icmp":
      return `${traffic.protocol} ${traffic.type} ${traffic.code}`;
    case "protocol":
      return String(traffic.protocol);
  }
  return unreachable(traffic);
}

const names: ReadonlyMap<number, string> = new Map([
  [1, "icmp"],
  [6, "tcp"],
  [17, "udp"],
  [58, "icmpv6"],
]);

const numbers: ReadonlyMap<string, number | "all"> = new Map<string, number | "all">([
  ["-1", "all"],
  ["all", "all"],
  ["tcp", 6],
  ["udp", 17],
  ["icmp", 1],
  ["icmpv6", 58],
]);
