/**
 * What filters see of a packet, and whether a rule's traffic is of its kind. Security groups and network ACLs share it.
 * Source: IANA, "Protocol Numbers"; RFC 792 (ICMP); RFC 4443 section 4 (ICMPv6).
 */

import type { Ip } from "../base/ip.ts";
import type { Traffic } from "../model/traffic.ts";

export interface Packet {
  /** IANA's number: 0 to 255. */
  readonly protocol: number;
  readonly sourceIp: Ip;
  readonly destinationIp: Ip;
  /** Of TCP and UDP: more than one port where it may come from any of them. `anyPort` for other protocols. */
  readonly sourcePorts: PortRange;
  readonly destinationPorts: PortRange;
  /** Of ICMP and ICMPv6. */
  readonly icmp?: { readonly type: number; readonly code: number };
}

export interface PortRange {
  readonly from: number;
  readonly to: number;
}

export const anyPort: PortRange = { from: 0, to: 65_535 };

/** What Linux gives to a connection that asks for no port. Source: Linux, Documentation/networking/ip-sysctl, "ip_local_port_range". */
export const ephemeralPorts: PortRange = { from: 32_768, to: 60_999 };

/** Source: Amazon VPC User Guide, "NAT gateway basics": "A NAT gateway uses ports 1024–65535". */
export const natPorts: PortRange = { from: 1024, to: 65_535 };

export const protocolNumbers = { icmp: 1, tcp: 6, udp: 17, icmpv6: 58 } as const;

/**
 * The destination ports of a packet that a rule is about, or undefined when it is about none. Ports of rules are always
 * those of the destination, in either direction. Source: Amazon VPC User Guide, "Network ACL rules".
 */
export function portsMatched(traffic: Traffic, packet: Packet): PortRange | undefined {
  const { destinationPorts: asked } = packet;
  if (traffic.kind === "all") return asked;
  if (traffic.protocol !== packet.protocol) return undefined;
  switch (traffic.kind) {
    case "protocol":
      return asked;
    case "ports": {
      const range = { from: Math.max(traffic.fromPort, asked.from), to: Math.min(traffic.toPort, asked.to) };
      return range.from > range.to ? undefined : range;
    }
    case "icmp": {
      const { type, code } = packet.icmp ?? noIcmp;
      const matches = (traffic.type === -1 || traffic.type === type) && (traffic.code === -1 || traffic.code === code);
      return matches ? asked : undefined;
    }
  }
}

/** What answers a packet: addresses and ports change sides, an echo request becomes its reply. */
export function replyTo(packet: Packet): Packet {
  const { icmp } = packet;
  return {
    protocol: packet.protocol,
    sourceIp: packet.destinationIp,
    destinationIp: packet.sourceIp,
    sourcePorts: packet.destinationPorts,
    destinationPorts: packet.sourcePorts,
    ...(icmp && { icmp: { type: echoReplies.get(icmp.type) ?? icmp.type, code: icmp.code } }),
  };
}

/** `tcp 443`, `udp 1024-65535`, `icmp type 8 code 0`, `protocol 50`. */
export function packetText(packet: Packet): string {
  const name = names.get(packet.protocol) ?? `protocol ${packet.protocol}`;
  if (packet.icmp !== undefined) return `${name} type ${packet.icmp.type} code ${packet.icmp.code}`;
  return hasPorts(packet.protocol) ? `${name} ${portsText(packet.destinationPorts)}` : name;
}

function portsText({ from, to }: PortRange): string {
  return from === to ? String(from) : `${from}-${to}`;
}

export function hasPorts(protocol: number): boolean {
  return protocol === protocolNumbers.tcp || protocol === protocolNumbers.udp;
}

const noIcmp = { type: -1, code: -1 };

const echoReplies: ReadonlyMap<number, number> = new Map([
  [8, 0],
  [128, 129],
]);

const names: ReadonlyMap<number, string> = new Map(Object.entries(protocolNumbers).map(([name, of]) => [of, name]));
