/**
 * One rule of a security group or a network ACL as the kernel keeps it: a row of expressions that look at the packet's
 * other end, then at its protocol, ports or ICMP type, then count it and end with the verdict. What was written reads back.
 */

import { bytesOfIp, formatIp } from "../../base/ip.ts";
import { parsePrefix } from "../../base/prefix.ts";
import type { TrafficBlueprint } from "../../plan/blueprint.ts";
import { ipOfBytes } from "./address.ts";
import {
  accept,
  ADDRESS_OFFSET,
  CMP,
  count,
  FAMILY_IPV4,
  FAMILY_IPV6,
  HEADER,
  isBetween,
  isEqual,
  isIn,
  isOfWidth,
  keepBits,
  loadMeta,
  loadPayload,
  META,
  PROTOCOL,
  REGISTER_1,
  VERDICT,
} from "./expression.ts";
import type { FilterRuleObject } from "./kernel-object.ts";
import { refuse } from "./metering.ts";
import { decodeAttributes, findAttribute, textOf } from "./netlink-message.ts";
import { widthOfSet } from "./set-shape.ts";

export type RuleBody = Pick<FilterRuleObject, "end" | "peer" | "traffic" | "verdict">;

/** Source: RFC 9293 section 3.1, RFC 768; RFC 792, RFC 4443 section 2.1. */
const DESTINATION_PORT = 2;
const ICMP_TYPE = 0;
const ICMP_CODE = 1;
const LAST_PORT = 65_535;

/** `direction` is that of the rule's chain. Groups only let through, so what drops is a rule of an ACL. */
export function expressionsOf(rule: RuleBody, direction: "out" | "in"): Buffer[] {
  return [
    ...expressionsOfPeer(rule),
    ...expressionsOfTraffic(rule.traffic),
    count(),
    rule.verdict === "accept" ? accept() : refuse(`acl_${direction}`),
  ];
}

/** The same traffic in its one spelling: all ports of TCP are all of protocol 6. */
export function plainTraffic(traffic: TrafficBlueprint): TrafficBlueprint {
  switch (traffic.kind) {
    case "protocol":
      switch (traffic.number) {
        case PROTOCOL.icmp:
          return { kind: "icmp" };
        case PROTOCOL.icmpv6:
          return { kind: "icmpv6" };
        case PROTOCOL.tcp:
          return { kind: "tcp", fromPort: 0, toPort: LAST_PORT };
        case PROTOCOL.udp:
          return { kind: "udp", fromPort: 0, toPort: LAST_PORT };
      }
      return traffic;
    case "all":
    case "tcp":
    case "udp":
    case "icmp":
    case "icmpv6":
      return traffic;
  }
}

function expressionsOfPeer({ end, peer }: RuleBody): Buffer[] {
  if (peer.startsWith("@")) {
    const set = peer.slice(1);
    const width = widthOfSet(set);
    return [
      ...isOfWidth(width),
      loadPayload(HEADER.network, ADDRESS_OFFSET[width][end], width / 8),
      isIn(set, REGISTER_1),
    ];
  }
  const prefix = parsePrefix(peer);
  if (prefix === undefined) throw new Error(`no CIDR block: \`${peer}\``);
  const { width } = prefix.ip;
  const family = isOfWidth(width);
  if (prefix.bits === 0) return family;
  // Whole bytes compare as they are; only a part of a byte needs a mask, over the whole address for the `nft` tool's sake.
  const isWhole = prefix.bits % 8 === 0;
  const bytes = isWhole ? prefix.bits / 8 : width / 8;
  const value = Buffer.from(bytesOfIp(prefix.ip)).subarray(0, bytes);
  return [
    ...family,
    loadPayload(HEADER.network, ADDRESS_OFFSET[width][end], bytes),
    ...(isWhole ? [] : [keepBits(maskOf(prefix.bits, bytes))]),
    isEqual(REGISTER_1, value),
  ];
}

function maskOf(bits: number, bytes: number): Buffer {
  return Buffer.from(Array.from({ length: bytes }, (_, at) => 0xff00 >> Math.min(8, Math.max(0, bits - at * 8))));
}

function expressionsOfTraffic(traffic: TrafficBlueprint): Buffer[] {
  switch (traffic.kind) {
    case "all":
      return [];
    case "tcp":
    case "udp":
      return [...isProtocol(PROTOCOL[traffic.kind]), ...expressionsOfPorts(traffic)];
    case "icmp":
    case "icmpv6": {
      const { type, code } = traffic;
      return [...isProtocol(PROTOCOL[traffic.kind]), ...isByte(ICMP_TYPE, type), ...isByte(ICMP_CODE, code)];
    }
    case "protocol":
      return isProtocol(traffic.number);
  }
}

function isProtocol(number: number): Buffer[] {
  return [loadMeta(META.l4proto, REGISTER_1), isEqual(REGISTER_1, Buffer.from([number]))];
}

function expressionsOfPorts({ fromPort, toPort }: { readonly fromPort: number; readonly toPort: number }): Buffer[] {
  if (fromPort === 0 && toPort === LAST_PORT) return [];
  const load = loadPayload(HEADER.transport, DESTINATION_PORT, 2);
  if (fromPort === toPort) return [load, isEqual(REGISTER_1, portBytes(fromPort))];
  return [load, ...isBetween(portBytes(fromPort), portBytes(toPort))];
}

function portBytes(port: number): Buffer {
  return Buffer.from([port >> 8, port & 0xff]);
}

function isByte(offset: number, value: number | undefined): Buffer[] {
  if (value === undefined) return [];
  return [loadPayload(HEADER.transport, offset, 1), isEqual(REGISTER_1, Buffer.from([value]))];
}

/** What a row of expressions asks of a packet, in order. */
interface Question {
  readonly subject: "family" | "protocol" | "network" | "transport";
  readonly offset: number;
  readonly bytes: number;
  readonly mask?: Buffer;
  readonly set?: string;
  readonly comparisons: readonly { readonly operator: number; readonly value: Buffer }[];
}

/** The rule that the kernel listed as `expressions`, or undefined when it is none of ours. */
export function decodeRule(expressions: Buffer): RuleBody | undefined {
  const { questions, verdict } = questionsOf(expressions);
  const family = questions.find(({ subject }) => subject === "family")?.comparisons[0]?.value[0];
  if (verdict === undefined || (family !== FAMILY_IPV4 && family !== FAMILY_IPV6)) return undefined;
  const width = family === FAMILY_IPV4 ? 32 : 128;
  const address = questions.find(({ subject }) => subject === "network");
  const traffic = trafficOf(questions);
  // A rule about everybody does not look at an address, and which end it is about makes no difference.
  if (address === undefined) return { end: "source", peer: width === 32 ? "0.0.0.0/0" : "::/0", traffic, verdict };
  const end = address.offset === ADDRESS_OFFSET[width].source ? "source" : "destination";
  return { end, peer: peerOf(address, width), traffic, verdict };
}

function questionsOf(expressions: Buffer): { questions: Question[]; verdict: RuleBody["verdict"] | undefined } {
  const questions: Question[] = [];
  let verdict: RuleBody["verdict"] | undefined;
  const amendLast = (more: (last: Question) => Partial<Question>): void => {
    const last = questions.pop();
    if (last !== undefined) questions.push({ ...last, ...more(last) });
  };
  for (const { value } of decodeAttributes(expressions)) {
    const parts = decodeAttributes(value);
    const data = decodeAttributes(findAttribute(parts, 2) ?? Buffer.alloc(0));
    const number = (type: number): number => findAttribute(data, type)?.readUInt32BE(0) ?? 0;
    const bytes = (type: number): Buffer => innerOf(findAttribute(data, type), 1);
    switch (textOf(findAttribute(parts, 1))) {
      case "meta":
        questions.push({
          subject: number(2) === META.nfproto ? "family" : "protocol",
          offset: 0,
          bytes: 1,
          comparisons: [],
        });
        break;
      case "payload": {
        const subject = number(2) === HEADER.network ? "network" : "transport";
        questions.push({ subject, offset: number(3), bytes: number(4), comparisons: [] });
        break;
      }
      case "bitwise":
        amendLast(() => ({ mask: bytes(4) }));
        break;
      case "cmp":
        amendLast(({ comparisons }) => ({ comparisons: [...comparisons, { operator: number(2), value: bytes(3) }] }));
        break;
      case "lookup":
        amendLast(() => ({ set: textOf(findAttribute(data, 1)) }));
        break;
      case "immediate":
        verdict = innerOf(innerOf(findAttribute(data, 2), 2), 1).readUInt32BE(0) === VERDICT.accept ? "accept" : "drop";
    }
  }
  return { questions, verdict };
}

function innerOf(bytes: Buffer | undefined, type: number): Buffer {
  return findAttribute(decodeAttributes(bytes ?? Buffer.alloc(0)), type) ?? Buffer.alloc(0);
}

function peerOf({ set, mask, bytes, comparisons }: Question, width: 32 | 128): string {
  if (set !== undefined) return `@${set}`;
  const whole = Buffer.alloc(width / 8);
  comparisons[0]?.value.copy(whole);
  const bits = mask === undefined ? bytes * 8 : mask.reduce((sum, byte) => sum + onesOf(byte), 0);
  return `${formatIp(ipOfBytes(whole))}/${bits}`;
}

function onesOf(byte: number): number {
  return byte.toString(2).replaceAll("0", "").length;
}

function trafficOf(questions: readonly Question[]): TrafficBlueprint {
  const protocol = questions.find(({ subject }) => subject === "protocol")?.comparisons[0]?.value[0];
  if (protocol === undefined) return { kind: "all" };
  const asked = questions.filter(({ subject }) => subject === "transport");
  switch (protocol) {
    case PROTOCOL.tcp:
      return { kind: "tcp", ...portsOf(asked[0]) };
    case PROTOCOL.udp:
      return { kind: "udp", ...portsOf(asked[0]) };
    case PROTOCOL.icmp:
    case PROTOCOL.icmpv6: {
      const byteAt = (offset: number): number | undefined =>
        asked.find((question) => question.offset === offset)?.comparisons[0]?.value[0];
      const [type, code] = [byteAt(ICMP_TYPE), byteAt(ICMP_CODE)];
      const kind = protocol === PROTOCOL.icmp ? "icmp" : "icmpv6";
      return { kind, ...(type !== undefined && { type }), ...(code !== undefined && { code }) };
    }
  }
  return { kind: "protocol", number: protocol };
}

function portsOf(question: Question | undefined): { readonly fromPort: number; readonly toPort: number } {
  const bound = (operator: number): number | undefined =>
    question?.comparisons.find((one) => one.operator === operator)?.value.readUInt16BE(0);
  const only = bound(CMP.equal);
  return { fromPort: only ?? bound(CMP.atLeast) ?? 0, toPort: only ?? bound(CMP.atMost) ?? LAST_PORT };
}
