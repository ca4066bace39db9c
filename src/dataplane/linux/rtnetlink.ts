/**
 * Links, addresses, neighbours, nexthops, routes and rules as rtnetlink messages.
 * Source: Linux manual page rtnetlink(7); uapi headers linux/if_link.h, rtnetlink.h, neighbour.h, nexthop.h, fib_rules.h.
 */

import { bytesOfIp } from "../../base/ip.ts";
import { parsePrefix } from "../../base/prefix.ts";
import { ipBytes } from "./address.ts";
import {
  type AddressObject,
  type LinkObject,
  type NeighborObject,
  type NexthopObject,
  type RouteListObject,
  type RouteObject,
  type RuleObject,
  textOfRule,
} from "./kernel-object.ts";
import { AF_INET, AF_INET6 } from "./libc.ts";
import {
  attribute,
  FLAG_CREATE,
  FLAG_EXCL,
  FLAG_REPLACE,
  mac,
  type Message,
  nested,
  numberAttribute,
  text,
  u16,
  u32,
  u64,
  u8,
} from "./netlink-message.ts";

export const RTM = {
  newLink: 16,
  delLink: 17,
  getLink: 18,
  setLink: 19,
  newAddress: 20,
  delAddress: 21,
  getAddress: 22,
  newRoute: 24,
  delRoute: 25,
  getRoute: 26,
  newNeighbor: 28,
  delNeighbor: 29,
  getNeighbor: 30,
  newRule: 32,
  delRule: 33,
  getRule: 34,
  setNeighborTable: 67,
  newNexthop: 104,
  delNexthop: 105,
  getNexthop: 106,
} as const;

/** Marks routes, rules and nexthops as ours among those that the kernel makes. Numbers above 4 are free for programs. */
export const OUR_PROTOCOL = 86;
const RULE_PRIORITY = 100;
export const ROUTE_TYPE = { unicast: 1, local: 2, blackhole: 6, throw: 9 } as const;

const IFF_UP = 1;
const NUD_PERMANENT = 0x80;
/** Nobody else can have the address, so it is not asked for before it is used. */
const IFA_F_NODAD = 2;
const RTNH_F_ONLINK = 4;
const FR_ACT_TO_TABLE = 1;
const SCOPE = { universe: 0, link: 253, host: 254, nowhere: 255 } as const;
/** Of both directions of a link: one segment may carry so many bytes over it ("BIG TCP"). The kernel's limit is 524,280. */
const SEGMENT_BYTES = 185_000;
const PLAIN_SEGMENT_BYTES = 65_536;
const IFLA = { address: 1, name: 3, mtu: 4, info: 18, families: 26, group: 27, namespaceFd: 28 } as const;
/** Of what is sent and what is put together again; those of IPv6 have no name of their own in the kernel. */
const IFLA_SEGMENTS = { ipv6: [41, 58], ipv4: [63, 64] } as const;
/** Above all groups of subnets. */
const DOOMED_GROUP = 0x10000;
const DEVCONF = { forwarding: 1, proxyArp: 3, sendRedirects: 6, medium: 14 } as const;
/** A proxy answers ARP for what is behind another medium than its own, and never for what is behind this one. */
const SILENT_MEDIUM = 0xffffffff;

/**
 * IPv6 writes the length of a longer segment into a header of its own (RFC 2675). With it, transfers through a router's
 * filters come to a stand, so IPv6 keeps to what its plain header can say.
 */
function segmentSizes({ isPlain = false }: LinkObject): Buffer[] {
  return [
    ...IFLA_SEGMENTS.ipv6.map((type) => attribute(type, u32(PLAIN_SEGMENT_BYTES))),
    ...IFLA_SEGMENTS.ipv4.map((type) => attribute(type, u32(isPlain ? PLAIN_SEGMENT_BYTES : SEGMENT_BYTES))),
  ];
}

/** A veth pair, down; `peerNamespaceFd` is open on the peer's namespace. */
export function newLink(link: LinkObject, peerNamespaceFd: number): Message {
  const { peer } = link;
  const peerInfo = Buffer.concat([
    interfaceInfo(peer.index),
    attribute(IFLA.name, text(peer.name)),
    attribute(IFLA.address, mac(peer.macAddress)),
    attribute(IFLA.mtu, u32(link.mtu)),
    attribute(IFLA.namespaceFd, u32(peerNamespaceFd)),
    ...segmentSizes(link),
  ]);
  const body = Buffer.concat([
    interfaceInfo(link.index),
    attribute(IFLA.name, text(link.name)),
    attribute(IFLA.address, mac(link.macAddress)),
    attribute(IFLA.mtu, u32(link.mtu)),
    attribute(IFLA.group, u32(link.group)),
    ...segmentSizes(link),
    nested(IFLA.info, attribute(1, text("veth")), nested(2, attribute(1, peerInfo))),
  ]);
  return { type: RTM.newLink, flags: FLAG_CREATE | FLAG_EXCL, body, what: `make link ${link.name}` };
}

/** Brings the near end up; forwarding is on in every namespace that has near ends. */
export function startLink(link: LinkObject): Message[] {
  const settings: (readonly [number, number])[] = [[DEVCONF.sendRedirects, 0]];
  if (link.proxyArp) settings.push([DEVCONF.proxyArp, 1], [DEVCONF.medium, link.index]);
  if (link.isSilent === true) settings.push([DEVCONF.medium, SILENT_MEDIUM]);
  const configuration = settings.map(([setting, value]) => attribute(setting, u32(value)));
  const body = Buffer.concat([
    interfaceInfo(link.index, IFF_UP),
    nested(IFLA.families, nested(AF_INET, nested(1, ...configuration))),
  ]);
  const up: Message = { type: RTM.setLink, flags: 0, body, what: `bring up link ${link.name}` };
  return link.proxyArp ? [up, answerArpAtOnce(link)] : [up];
}

/** As the kernel puts it, a proxy waits up to 0.8 s before it answers ARP, lest the owner would. */
function answerArpAtOnce(link: LinkObject): Message {
  const INDEX = 1;
  const PROXY_DELAY = 13;
  const parameters = nested(6, attribute(INDEX, u32(link.index)), attribute(PROXY_DELAY, u64(0)));
  const body = Buffer.concat([Buffer.from([AF_INET, 0, 0, 0]), attribute(1, text("arp_cache")), parameters]);
  return { type: RTM.setNeighborTable, flags: 0, body, what: `set the ARP delay of link ${link.name}` };
}

export function setLinkUp(index: number): Message {
  return { type: RTM.setLink, flags: 0, body: interfaceInfo(index, IFF_UP), what: `bring up device ${index}` };
}

/** Changes what may change while the link lives. */
export function changeLink(link: LinkObject): Message {
  const body = Buffer.concat([
    interfaceInfo(link.index, IFF_UP),
    attribute(IFLA.group, u32(link.group)),
    attribute(IFLA.mtu, u32(link.mtu)),
  ]);
  return { type: RTM.setLink, flags: 0, body, what: `change link ${link.name}` };
}

/** The peer goes too, and all that either end carried. */
function deleteLink(link: LinkObject): Message {
  return { type: RTM.delLink, flags: 0, body: interfaceInfo(link.index), what: `delete link ${link.name}` };
}

/**
 * Deletes links of one namespace. Each deletion alone waits for every processor to have seen it, so many go as one: they
 * are put into a group of their own and the group is deleted.
 */
export function deleteLinks(links: readonly LinkObject[]): Message[] {
  const [only] = links;
  if (only !== undefined && links.length === 1) return [deleteLink(only)];
  const doomed = attribute(IFLA.group, u32(DOOMED_GROUP));
  const moves = links.map((link) => ({
    type: RTM.setLink,
    flags: 0,
    body: Buffer.concat([interfaceInfo(link.index), doomed]),
    what: `delete link ${link.name}`,
  }));
  const body = Buffer.concat([interfaceInfo(0), doomed]);
  return [...moves, { type: RTM.delLink, flags: 0, body, what: `delete ${links.length} links` }];
}

export function newAddress(address: AddressObject): Message {
  return { ...addressMessage(address), type: RTM.newAddress, flags: FLAG_CREATE | FLAG_EXCL };
}

export function deleteAddress(address: AddressObject): Message {
  return { ...addressMessage(address), type: RTM.delAddress };
}

function addressMessage({ index, ip, bits }: AddressObject): Message {
  const bytes = ipBytes(ip);
  const family = familyOf(bytes);
  const fixed = Buffer.from([family, bits, family === AF_INET6 ? IFA_F_NODAD : 0, SCOPE.universe, 0, 0, 0, 0]);
  fixed.writeUInt32LE(index, 4);
  const body = Buffer.concat([fixed, attribute(2, bytes), attribute(1, bytes)]);
  return { type: 0, flags: 0, body, what: `address ${ip}/${bits} of device ${index}` };
}

export function putNeighbor(neighbor: NeighborObject): Message {
  return { ...neighborMessage(neighbor), type: RTM.newNeighbor, flags: FLAG_CREATE | FLAG_REPLACE };
}

export function deleteNeighbor(neighbor: NeighborObject): Message {
  return { ...neighborMessage(neighbor), type: RTM.delNeighbor };
}

function neighborMessage({ index, ip, macAddress }: NeighborObject): Message {
  const bytes = ipBytes(ip);
  const fixed = Buffer.concat([Buffer.from([familyOf(bytes), 0, 0, 0]), u32(index), u16(NUD_PERMANENT), u8(0), u8(0)]);
  const body = Buffer.concat([fixed, attribute(1, bytes), attribute(2, mac(macAddress))]);
  return { type: 0, flags: 0, body, what: `neighbour ${ip} of device ${index}` };
}

/** In one step for all routes that name it. */
export function putNexthop({ id, index, gateway }: NexthopObject): Message {
  const bytes = ipBytes(gateway);
  const fixed = Buffer.concat([Buffer.from([familyOf(bytes), 0, OUR_PROTOCOL, 0]), u32(RTNH_F_ONLINK)]);
  const body = Buffer.concat([fixed, attribute(1, u32(id)), attribute(5, u32(index)), attribute(6, bytes)]);
  return { type: RTM.newNexthop, flags: FLAG_CREATE | FLAG_REPLACE, body, what: `nexthop ${id} by ${gateway}` };
}

/** Its routes go too. */
export function deleteNexthop({ id }: NexthopObject): Message {
  const body = Buffer.concat([Buffer.from([0, 0, 0, 0]), u32(0), attribute(1, u32(id))]);
  return { type: RTM.delNexthop, flags: 0, body, what: `delete nexthop ${id}` };
}

/** In one step where the table holds a route with this prefix and metric already. */
export function putRoute(route: RouteObject): Message {
  const flags = route.by.kind === "gateway" ? RTNH_F_ONLINK : 0;
  const head = { type: routeTypeOf(route), scope: scopeOf(route), flags, protocol: OUR_PROTOCOL };
  const message = routeMessage(route, head);
  return {
    ...message,
    type: RTM.newRoute,
    flags: FLAG_CREATE | FLAG_REPLACE,
    body: Buffer.concat([message.body, ...targetOf(route)]),
  };
}

/** Whoever made it. */
export function deleteRoute(route: RouteObject): Message {
  const head = { type: routeTypeOf(route), scope: SCOPE.nowhere, flags: 0, protocol: 0 };
  return { ...routeMessage(route, head), type: RTM.delRoute };
}

/** As `putRoute`, all routes of the list. */
export function putRoutes(list: RouteListObject): Message[] {
  const head = { type: ROUTE_TYPE.unicast, scope: SCOPE.universe, flags: 0, protocol: OUR_PROTOCOL };
  const nexthop = [numberAttribute(30, list.nexthop)];
  return listMessages(list, { type: RTM.newRoute, flags: FLAG_CREATE | FLAG_REPLACE, head, nexthop });
}

export function deleteRoutes(list: RouteListObject): Message[] {
  const head = { type: ROUTE_TYPE.unicast, scope: SCOPE.nowhere, flags: 0, protocol: 0 };
  return listMessages(list, { type: RTM.delRoute, flags: 0, head, nexthop: [] });
}

interface ListMessage {
  readonly type: number;
  readonly flags: number;
  readonly head: RouteHead;
  readonly nexthop: readonly Buffer[];
}

/** They differ in the destination alone: there may be thousands, so the rest is written once. */
function listMessages({ table, metric, cidrBlocks }: RouteListObject, message: ListMessage): Message[] {
  const { type, flags, head, nexthop } = message;
  const attributes = Buffer.concat([...tableAndMetric(table, metric), ...nexthop]);
  const what = `routes metric ${metric} of table ${table}`;
  return cidrBlocks.map((cidrBlock) => {
    const { family, bits, destination } = destinationOf(cidrBlock);
    return {
      type,
      flags,
      body: Buffer.concat([routeHead(family, bits, table, head), ...destination, attributes]),
      what,
    };
  });
}

/** IPv6 has no metric 0: left out, it becomes 1024. */
export const FIRST_METRIC: Readonly<Record<number, number>> = { [AF_INET]: 0, [AF_INET6]: 1 };

interface RouteHead {
  readonly type: number;
  readonly scope: number;
  readonly flags: number;
  readonly protocol: number;
}

function routeMessage({ table, cidrBlock, metric }: RouteObject, head: RouteHead): Message {
  const { family, bits, destination } = destinationOf(cidrBlock);
  const first = Math.max(metric, FIRST_METRIC[family] ?? 0);
  const body = Buffer.concat([routeHead(family, bits, table, head), ...destination, ...tableAndMetric(table, first)]);
  return { type: 0, flags: 0, body, what: `route ${cidrBlock} metric ${metric} of table ${table}` };
}

function routeHead(family: number, bits: number, table: number, head: RouteHead): Buffer {
  const short = table < 256 ? table : 0;
  return Buffer.from([family, bits, 0, 0, short, head.protocol, head.scope, head.type, head.flags, 0, 0, 0]);
}

/** Left out, the metric of IPv4 is 0. */
function tableAndMetric(table: number, metric: number): Buffer[] {
  return [numberAttribute(15, table), ...(metric === 0 ? [] : [numberAttribute(6, metric)])];
}

interface Destination {
  readonly family: number;
  readonly bits: number;
  /** None for the route of everything. */
  readonly destination: readonly Buffer[];
}

// A memo: the blocks of a service come in every route table that its endpoint is on.
const destinations = new Map<string, Destination>();
const DESTINATIONS_KEPT = 10_000;

function destinationOf(cidrBlock: string): Destination {
  const known = destinations.get(cidrBlock);
  if (known !== undefined) return known;
  const prefix = parsePrefix(cidrBlock);
  if (prefix === undefined) throw new Error(`no CIDR block: \`${cidrBlock}\``);
  const { bits } = prefix;
  const bytes = Buffer.from(bytesOfIp(prefix.ip));
  const found = { family: familyOf(bytes), bits, destination: bits === 0 ? [] : [attribute(1, bytes)] };
  if (destinations.size >= DESTINATIONS_KEPT) destinations.clear();
  destinations.set(cidrBlock, found);
  return found;
}

function routeTypeOf({ by }: RouteObject): number {
  switch (by.kind) {
    case "nexthop":
    case "device":
    case "gateway":
      return ROUTE_TYPE.unicast;
    case "throw":
    case "blackhole":
    case "local":
      return ROUTE_TYPE[by.kind];
  }
}

function scopeOf({ by }: RouteObject): number {
  switch (by.kind) {
    case "device":
      return SCOPE.link;
    case "local":
      return SCOPE.host;
    case "nexthop":
    case "gateway":
    case "throw":
    case "blackhole":
      return SCOPE.universe;
  }
}

function targetOf({ by }: RouteObject): Buffer[] {
  const LOOPBACK = 1;
  switch (by.kind) {
    case "nexthop":
      return [numberAttribute(30, by.id)];
    case "device":
      return [numberAttribute(4, by.index)];
    case "gateway":
      return [
        attribute(5, ipBytes(by.gateway)),
        numberAttribute(4, by.index),
        ...(by.source === undefined ? [] : [attribute(7, ipBytes(by.source))]),
      ];
    case "local":
      return [numberAttribute(4, LOOPBACK)];
    case "throw":
    case "blackhole":
      return [];
  }
}

export function newRule(rule: RuleObject): Message {
  return { ...ruleMessage(rule), type: RTM.newRule, flags: FLAG_CREATE | FLAG_EXCL };
}

export function deleteRule(rule: RuleObject): Message {
  return { ...ruleMessage(rule), type: RTM.delRule };
}

function ruleMessage(rule: RuleObject): Message {
  const { by, table, width } = rule;
  const short = table < 256 ? table : 0;
  const sourceBits = "mark" in by ? 0 : width;
  const body = Buffer.concat([
    Buffer.from([width === 32 ? AF_INET : AF_INET6, 0, sourceBits, 0, short, 0, 0, FR_ACT_TO_TABLE]),
    u32(0),
    attribute(6, u32(RULE_PRIORITY)),
    ...("mark" in by
      ? [attribute(10, u32(by.mark)), attribute(16, u32(0xffffffff))]
      : [attribute(2, ipBytes(by.source))]),
    attribute(15, u32(table)),
    attribute(21, u8(OUR_PROTOCOL)),
  ]);
  return { type: 0, flags: 0, body, what: `rule for packets ${textOfRule(rule)}` };
}

/** `up` is IFF_UP to bring the device up; otherwise its state stays. */
function interfaceInfo(index: number, up = 0): Buffer {
  const fixed = Buffer.alloc(16);
  fixed.writeInt32LE(index, 4);
  fixed.writeUInt32LE(up, 8);
  fixed.writeUInt32LE(up, 12);
  return fixed;
}

function familyOf(bytes: Buffer): number {
  return bytes.length === 4 ? AF_INET : AF_INET6;
}
