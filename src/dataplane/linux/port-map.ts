/**
 * Rules of a security group about ports of TCP or UDP and a CIDR block, as elements of maps that one rule of the group's
 * chain asks. At every new rule the kernel walks all the rules of a router; a new element that only accepts costs nothing of
 * that. Such a map takes no overlap, so a rule that shares packets with an element is a rule in its own right. Which of the
 * two it is makes no difference to packets, and what reads back is the same.
 */

import { bytesOfIp, formatIp, type Width } from "../../base/ip.ts";
import { parsePrefix } from "../../base/prefix.ts";
import { ipOfBytes } from "./address.ts";
import {
  ADDRESS_OFFSET,
  HEADER,
  isOfWidth,
  loadMeta,
  loadPayload,
  META,
  PROTOCOL,
  REGISTERS,
  VERDICT,
  verdictBy,
} from "./expression.ts";
import type { RuleBody } from "./filter-rule.ts";
import type { FilterRuleObject } from "./kernel-object.ts";
import { decodeAttributes, findAttribute, type Message } from "./netlink-message.ts";
import { addRange, commentOf, deleteRange, deleteSet, newRangeMap, newRule, type RangeElement } from "./nftables.ts";

/** Source: RFC 9293 section 3.1, RFC 768. */
const DESTINATION_PORT = 2;
/** Each part of a key begins at a word. */
const WORD = 4;

/** The packets of a rule: from one key to another in every part of it. */
export interface Box extends RangeElement {
  readonly width: Width;
}

/** The maps of a chain as the kernel holds them. */
export interface ChainMaps {
  /** By the name of the rule. */
  readonly boxes: Map<string, Box>;
  /** Those there are, and whether a rule of the chain asks them. */
  readonly asked: Map<Width, boolean>;
}

/** What the maps of a namespace are known to hold, by chain. */
export type PortMaps = Map<string, ChainMaps>;

export function mapsOf(maps: PortMaps, chain: string): ChainMaps {
  const known = maps.get(chain) ?? { boxes: new Map<string, Box>(), asked: new Map<Width, boolean>() };
  maps.set(chain, known);
  return known;
}

/** The element that the rule can be in the maps as they are; undefined where it must be a rule. */
export function boxThatFits(rule: FilterRuleObject, maps: ChainMaps): Box | undefined {
  if (!GROUP_CHAIN.test(rule.chain)) return undefined;
  const box = boxOf(rule);
  if (box === undefined) return undefined;
  for (const other of maps.boxes.values()) if (overlaps(box, other)) return undefined;
  return box;
}

/** Puts the element in, in a map that is made where there is none. */
export function addBox(table: string, { chain, name }: FilterRuleObject, box: Box, maps: ChainMaps): Message[] {
  const map = mapName(chain, box.width);
  maps.boxes.set(name, box);
  const addition = addRange(table, map, box, name);
  const isAsked = maps.asked.get(box.width);
  if (isAsked === true) return [addition];
  maps.asked.set(box.width, true);
  return [
    // Somebody took away the rule that asked it; what it holds is not in force.
    ...(isAsked === false ? [deleteSet(table, map)] : []),
    newRangeMap(table, { name: map, keyParts: [1, 2, box.width / 8], keyType: KEY_TYPE[box.width] }),
    newRule(table, { chain, expressions: question(chain, box.width, map), comment: map }),
    addition,
  ];
}

export function removeBox(table: string, chain: string, name: string, maps: ChainMaps): Message[] {
  const box = maps.boxes.get(name);
  maps.boxes.delete(name);
  return box === undefined ? [] : [deleteRange(table, mapName(chain, box.width), box)];
}

/** Takes the maps of a chain away, which is gone by then. */
export function deleteMaps(table: string, chain: string, maps: PortMaps): Message[] {
  const { asked } = mapsOf(maps, chain);
  maps.delete(chain);
  return [...asked.keys()].map((width) => deleteSet(table, mapName(chain, width)));
}

/** The chain that a map of this name belongs to; undefined for another set. */
export function chainOfMap(set: string): { readonly chain: string; readonly width: Width } | undefined {
  const [, chain, suffix] = /^(sg\d+_(?:out|in))_ports(_ipv6)?$/.exec(set) ?? [];
  return chain === undefined ? undefined : { chain, width: suffix === undefined ? 32 : 128 };
}

/** The rule that the kernel listed as an element. */
export function decodeBox(chain: string, width: Width, listed: Buffer): { name: string; box: Box; body: RuleBody } {
  const [KEY, DATA, COMMENT, KEY_END] = [1, 2, 6, 10];
  const attributes = decodeAttributes(listed);
  const valueOf = (type: number): Buffer => Buffer.from(innerOf(findAttribute(attributes, type), 1));
  const verdict = innerOf(innerOf(findAttribute(attributes, DATA), 2), 1).readUInt32BE(0);
  const box = { width, from: valueOf(KEY), to: valueOf(KEY_END) };
  const bits = sameBits(addressOf(box.from), addressOf(box.to));
  const peer = `${formatIp(ipOfBytes(addressOf(box.from)))}/${bits}`;
  const [fromPort, toPort] = [portOf(box.from), portOf(box.to)];
  const kind = box.from[0] === PROTOCOL.tcp ? "tcp" : "udp";
  // A rule about everybody asks for neither end, see `filter.ts`.
  const end = bits === 0 ? "source" : endOf(chain);
  return {
    name: commentOf(findAttribute(attributes, COMMENT)) || `nameless ${box.from.toString("hex")}`,
    box,
    body: { end, peer, traffic: { kind, fromPort, toPort }, verdict: verdict === VERDICT.accept ? "accept" : "drop" },
  };
}

function innerOf(bytes: Buffer | undefined, type: number): Buffer {
  const inner = findAttribute(decodeAttributes(bytes ?? Buffer.alloc(0)), type);
  if (inner === undefined) throw new Error("the kernel listed a torn element");
  return inner;
}

const GROUP_CHAIN = /^sg\d+_(out|in)$/;

function mapName(chain: string, width: Width): string {
  return `${chain}_ports${width === 32 ? "" : "_ipv6"}`;
}

function endOf(chain: string): RuleBody["end"] {
  return chain.endsWith("_out") ? "destination" : "source";
}

/** For the `nft` tool: the numbers of its types for protocols, ports and addresses, six bits each. */
const KEY_TYPE = { 32: (12 * 64 + 13) * 64 + 7, 128: (12 * 64 + 13) * 64 + 8 } as const;

function question(chain: string, width: Width, map: string): Buffer[] {
  const [protocol, port, address] = REGISTERS;
  return [
    ...isOfWidth(width),
    loadMeta(META.l4proto, protocol),
    loadPayload(HEADER.transport, DESTINATION_PORT, 2, port),
    loadPayload(HEADER.network, ADDRESS_OFFSET[width][endOf(chain)], width / 8, address),
    verdictBy(map, protocol),
  ];
}

function boxOf({ peer, traffic, verdict }: RuleBody): Box | undefined {
  if (verdict !== "accept" || (traffic.kind !== "tcp" && traffic.kind !== "udp") || peer.startsWith("@"))
    return undefined;
  const prefix = parsePrefix(peer);
  if (prefix === undefined) throw new Error(`no CIDR block: \`${peer}\``);
  const first = Buffer.from(bytesOfIp(prefix.ip));
  const last = Buffer.from(first.map((byte, at) => byte | (0xff >> Math.min(8, Math.max(0, prefix.bits - at * 8)))));
  const protocol = PROTOCOL[traffic.kind];
  return {
    width: prefix.ip.width,
    from: keyOf(protocol, traffic.fromPort, first),
    to: keyOf(protocol, traffic.toPort, last),
  };
}

function keyOf(protocol: number, port: number, address: Buffer): Buffer {
  return Buffer.concat([Buffer.from([protocol, 0, 0, 0, port >> 8, port & 0xff, 0, 0]), address]);
}

function portOf(key: Buffer): number {
  return key.readUInt16BE(WORD);
}

function addressOf(key: Buffer): Buffer {
  return key.subarray(2 * WORD);
}

/** Whether a packet can be of both. */
function overlaps(a: Box, b: Box): boolean {
  if (a.width !== b.width || a.from[0] !== b.from[0]) return false;
  if (portOf(a.from) > portOf(b.to) || portOf(b.from) > portOf(a.to)) return false;
  const [start, end] = [2 * WORD, 2 * WORD + a.width / 8];
  return a.from.compare(b.to, start, end, start, end) <= 0 && b.from.compare(a.to, start, end, start, end) <= 0;
}

function sameBits(first: Buffer, last: Buffer): number {
  for (const [at, byte] of first.entries()) {
    const differing = byte ^ (last[at] ?? 0);
    if (differing !== 0) return at * 8 + Math.clz32(differing) - 24;
  }
  return first.length * 8;
}
