/**
 * The connections that a router keeps in mind, as netlink messages: to list them, and to have one forgotten. Its next
 * packet then asks the security groups like the first of a new one.
 * Source: uapi header linux/netfilter/nfnetlink_conntrack.h.
 */

import { formatIp } from "../../base/ip.ts";
import type { OpenConnection } from "../../network/untracked.ts";
import { ipBytes as bytesOf, ipOfBytes } from "./address.ts";
import { PROTOCOL } from "./expression.ts";
import { AF_INET, AF_INET6 } from "./libc.ts";
import type { Namespace } from "./namespace.ts";
import { attribute, decodeAttributes, findAttribute, type Message, nested, u8 } from "./netlink-message.ts";
import { NetlinkError } from "./netlink-socket.ts";

/** As its first packet went. */
export type TrackedConnection = Omit<OpenConnection, "vpcId">;

const SUBSYSTEM = 1;
const [GET, DELETE] = [1, 2];
const TUPLE = 1;
const [ADDRESSES, PORTS] = [1, 2];
const FAMILIES = [
  { family: AF_INET, ipBytes: 4, source: 1, destination: 2 },
  { family: AF_INET6, ipBytes: 16, source: 3, destination: 4 },
] as const;
const [PROTOCOL_NUMBER, SOURCE_PORT, DESTINATION_PORT] = [1, 2, 3];

export function listConnections({ netfilter }: Namespace): TrackedConnection[] {
  const listed = netfilter.dump(conntrackMessage(GET, 0, [], "list connections"));
  return listed.flatMap(({ body }) => {
    const tuple = findAttribute(decodeAttributes(body.subarray(4)), TUPLE);
    return tuple === undefined ? [] : (connectionOf(tuple) ?? []);
  });
}

/** One that is over by now is no failure. */
export function forgetConnections({ netfilter }: Namespace, connections: readonly TrackedConnection[]): void {
  for (const one of connections) {
    try {
      netfilter.request([forget(one)]);
    } catch (error) {
      if (!(error instanceof NetlinkError) || error.code !== "ENOENT") throw error;
    }
  }
}

function forget(connection: TrackedConnection): Message {
  const [source, destination] = [bytesOf(connection.sourceIp), bytesOf(connection.destinationIp)];
  const types = FAMILIES.find((one) => one.ipBytes === source.length) ?? FAMILIES[0];
  const tuple = nested(
    TUPLE,
    nested(ADDRESSES, attribute(types.source, source), attribute(types.destination, destination)),
    nested(
      PORTS,
      attribute(PROTOCOL_NUMBER, u8(connection.protocol)),
      attribute(SOURCE_PORT, portBytes(connection.sourcePort)),
      attribute(DESTINATION_PORT, portBytes(connection.destinationPort)),
    ),
  );
  return conntrackMessage(DELETE, types.family, [tuple], `forget a connection of ${connection.sourceIp}`);
}

/** Undefined for protocols without ports. */
function connectionOf(tuple: Buffer): TrackedConnection | undefined {
  const attributes = decodeAttributes(tuple);
  const addresses = decodeAttributes(findAttribute(attributes, ADDRESSES) ?? Buffer.alloc(0));
  const numbers = decodeAttributes(findAttribute(attributes, PORTS) ?? Buffer.alloc(0));
  const protocol = findAttribute(numbers, PROTOCOL_NUMBER)?.[0] ?? 0;
  if (protocol !== PROTOCOL.tcp && protocol !== PROTOCOL.udp) return undefined;
  const ip = (end: "source" | "destination"): string => {
    const [bytes] = FAMILIES.flatMap((types) => findAttribute(addresses, types[end]) ?? []);
    return bytes === undefined ? "" : formatIp(ipOfBytes(bytes));
  };
  const port = (type: number): number => findAttribute(numbers, type)?.readUInt16BE(0) ?? 0;
  return {
    protocol,
    sourceIp: ip("source"),
    sourcePort: port(SOURCE_PORT),
    destinationIp: ip("destination"),
    destinationPort: port(DESTINATION_PORT),
  };
}

function portBytes(port: number): Buffer {
  return Buffer.from([port >> 8, port & 0xff]);
}

/** `family` 0 is every one. */
function conntrackMessage(type: number, family: number, attributes: readonly Buffer[], what: string): Message {
  const head = Buffer.from([family, 0, 0, 0]);
  return { type: (SUBSYSTEM << 8) | type, flags: 0, body: Buffer.concat([head, ...attributes]), what };
}
