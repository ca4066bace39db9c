/**
 * Reads back from the kernel what it holds, as the same values that were asked of it. Of rules and nexthops only those with
 * our protocol number count, of routes all but the kernel's own: somebody else's would lead packets astray.
 */

import { formatIp } from "../../base/ip.ts";
import { ipOfBytes } from "./address.ts";
import { placeOf, readListedRule, RULE } from "./filter-change.ts";
import { decodeRule } from "./filter-rule.ts";
import type { Kernel } from "./kernel.ts";
import type { KernelObject, LinkObject, RouteBy, SetObject } from "./kernel-object.ts";
import { AF_INET, AF_INET6 } from "./libc.ts";
import { METERING_CHAINS, TALLY_SETS } from "./metering.ts";
import type { Namespace } from "./namespace.ts";
import {
  type Attribute,
  attribute,
  decodeAttributes,
  findAttribute,
  type Message,
  type Received,
  textOf,
  u32,
} from "./netlink-message.ts";
import { chainOfMap, decodeBox, mapsOf } from "./port-map.ts";
import { getChains, getElements, getRules, getSets } from "./nftables.ts";
import { FIRST_METRIC, OUR_PROTOCOL, ROUTE_TYPE, RTM } from "./rtnetlink.ts";
import { shapesOf, TABLE } from "./ruleset.ts";
import { decodeElements, shapeByName, type SetShape } from "./set-shape.ts";

const LOOPBACK = 1;
const NUD_PERMANENT = 0x80;
/** Of routes that the kernel makes by itself. Source: uapi header linux/rtnetlink.h. */
const KERNEL_PROTOCOL = 2;

/** All that the kernel holds for the region, or for some of its namespaces, but listening sockets, which others hold. */
export function dumpKernel(kernel: Kernel, names?: readonly string[]): KernelObject[] {
  const devices = new Map([...kernel.namespaces].map(([name, namespace]) => [name, devicesOf(namespace)]));
  const chosen = [...kernel.namespaces].filter(([name]) => names === undefined || names.includes(name));
  return chosen.flatMap(([name, namespace]): KernelObject[] => [
    { kind: "namespace", namespace: name, role: namespace.role },
    ...linksOf(kernel, name, devices),
    ...addressesOf(name, namespace),
    ...neighborsOf(name, namespace),
    ...nexthopsOf(name, namespace),
    ...routesOf(name, namespace),
    ...rulesOf(name, namespace),
    ...filtersOf(name, namespace),
  ]);
}

interface Device {
  readonly index: number;
  readonly name: string;
  readonly macAddress: string;
  readonly mtu: number;
  readonly group: number;
  readonly proxyArp: boolean;
  readonly peerIndex: number;
  /** The peer's namespace, by the number that it has in this one. */
  readonly peerNamespaceId: number;
}

function devicesOf(namespace: Namespace): Device[] {
  const [PROXY_ARP, MEDIUM] = [2, 13];
  return list(namespace, RTM.getLink, 16, "links")
    .map(({ fixed, attributes }) => ({
      index: fixed.readInt32LE(4),
      name: text(attributes, 3),
      macAddress: macOf(findAttribute(attributes, 1)),
      mtu: number(attributes, 4),
      group: number(attributes, 27),
      proxyArp: deviceSetting(attributes, AF_INET, PROXY_ARP) === 1,
      ...(deviceSetting(attributes, AF_INET, MEDIUM) === -1 && { isSilent: true }),
      peerIndex: number(attributes, 5),
      peerNamespaceId: findAttribute(attributes, 37)?.readInt32LE(0) ?? -1,
    }))
    .filter(({ index }) => index !== LOOPBACK);
}

/** Links are written at the end that comes first here. */
const LINK_HOLDERS: readonly string[] = ["router", "internet", "vpn-gateway", "on-premises-router", "translator"];

function linksOf(kernel: Kernel, name: string, devices: ReadonlyMap<string, readonly Device[]>): LinkObject[] {
  const namespace = kernel.get(name);
  const rank = LINK_HOLDERS.indexOf(namespace.role);
  if (rank < 0) return [];
  const names = namesById(kernel, namespace);
  return (devices.get(name) ?? []).flatMap(({ peerIndex, peerNamespaceId, ...device }) => {
    const peerNamespace = names.get(peerNamespaceId);
    const peer = devices.get(peerNamespace ?? "")?.find(({ index }) => index === peerIndex);
    if (peerNamespace === undefined || peer === undefined) return [];
    // Between two routers the link is of the one whose name comes first.
    const { role } = kernel.get(peerNamespace);
    const peerRank = LINK_HOLDERS.indexOf(role);
    if (role === "router" && rank === 0 && peerNamespace < name) return [];
    if (peerRank >= 0 && peerRank < rank) return [];
    const { index, macAddress } = peer;
    return [
      {
        kind: "link",
        namespace: name,
        ...device,
        peer: { namespace: peerNamespace, index, macAddress, name: peer.name },
      },
    ];
  });
}

/** Namespaces by the numbers that `namespace` knows them by. Source: uapi header linux/net_namespace.h. */
function namesById(kernel: Kernel, namespace: Namespace): ReadonlyMap<number, string> {
  const GET_NAMESPACE_ID = 90;
  const ID = 1;
  const FD = 3;
  const names = new Map<number, string>();
  for (const [name, { fd }] of kernel.namespaces) {
    const body = Buffer.concat([Buffer.alloc(4), attribute(FD, u32(fd))]);
    const answers = namespace.route.ask({
      type: GET_NAMESPACE_ID,
      flags: 0,
      body,
      what: "ask for a namespace's number",
    });
    const id = answers.map((answer) => findAttribute(decodeAttributes(answer.body.subarray(4)), ID)?.readInt32LE(0));
    if (id[0] !== undefined && id[0] >= 0) names.set(id[0], name);
  }
  return names;
}

function addressesOf(name: string, namespace: Namespace): KernelObject[] {
  return list(namespace, RTM.getAddress, 8, "addresses").flatMap(({ fixed, attributes }): KernelObject[] => {
    // Of IPv6 the kernel tells the address alone, of IPv4 the local end first.
    const bytes = findAttribute(attributes, 2) ?? findAttribute(attributes, 1);
    const ip = bytes === undefined ? "" : formatIp(ipOfBytes(bytes));
    if (ip === "" || ip === "::1" || ip.startsWith("127.")) return [];
    return [{ kind: "address", namespace: name, index: fixed.readUInt32LE(4), ip, bits: fixed.readUInt8(1) }];
  });
}

function neighborsOf(name: string, namespace: Namespace): KernelObject[] {
  return list(namespace, RTM.getNeighbor, 12, "neighbours").flatMap(({ fixed, attributes }): KernelObject[] => {
    const ip = findAttribute(attributes, 1);
    if (ip === undefined || (fixed.readUInt16LE(8) & NUD_PERMANENT) === 0) return [];
    const macAddress = macOf(findAttribute(attributes, 2));
    return [
      { kind: "neighbor", namespace: name, index: fixed.readInt32LE(4), ip: formatIp(ipOfBytes(ip)), macAddress },
    ];
  });
}

function nexthopsOf(name: string, namespace: Namespace): KernelObject[] {
  return list(namespace, RTM.getNexthop, 8, "nexthops").flatMap(({ fixed, attributes }): KernelObject[] => {
    const gateway = findAttribute(attributes, 6);
    if (gateway === undefined || fixed.readUInt8(2) !== OUR_PROTOCOL) return [];
    const index = number(attributes, 5);
    return [
      { kind: "nexthop", namespace: name, id: number(attributes, 1), index, gateway: formatIp(ipOfBytes(gateway)) },
    ];
  });
}

function routesOf(name: string, namespace: Namespace): KernelObject[] {
  return list(namespace, RTM.getRoute, 12, "routes").flatMap(({ fixed, attributes }): KernelObject[] => {
    if (fixed.readUInt8(5) === KERNEL_PROTOCOL) return [];
    const family = fixed.readUInt8(0);
    const destination = findAttribute(attributes, 1) ?? Buffer.alloc(family === AF_INET ? 4 : 16);
    const metric = number(attributes, 6);
    return [
      {
        kind: "route",
        namespace: name,
        table: number(attributes, 15),
        cidrBlock: `${formatIp(ipOfBytes(destination))}/${fixed.readUInt8(1)}`,
        metric: metric === FIRST_METRIC[family] ? 0 : metric,
        by: routeByOf(fixed.readUInt8(7), attributes),
      },
    ];
  });
}

function routeByOf(type: number, attributes: readonly Attribute[]): RouteBy {
  switch (type) {
    case ROUTE_TYPE.throw:
      return { kind: "throw" };
    case ROUTE_TYPE.blackhole:
      return { kind: "blackhole" };
    case ROUTE_TYPE.local:
      return { kind: "local" };
  }
  if (findAttribute(attributes, 30) !== undefined) return { kind: "nexthop", id: number(attributes, 30) };
  const gateway = findAttribute(attributes, 5);
  const index = number(attributes, 4);
  if (gateway === undefined) return { kind: "device", index };
  const source = findAttribute(attributes, 7);
  const from = source === undefined ? {} : { source: formatIp(ipOfBytes(source)) };
  return { kind: "gateway", index, gateway: formatIp(ipOfBytes(gateway)), ...from };
}

function rulesOf(name: string, namespace: Namespace): KernelObject[] {
  return list(namespace, RTM.getRule, 12, "rules").flatMap(({ fixed, attributes }): KernelObject[] => {
    if (findAttribute(attributes, 21)?.[0] !== OUR_PROTOCOL) return [];
    const width = fixed.readUInt8(0) === AF_INET6 ? 128 : 32;
    const source = findAttribute(attributes, 2);
    const by = source === undefined ? { mark: number(attributes, 10) } : { source: formatIp(ipOfBytes(source)) };
    return [{ kind: "rule", namespace: name, width, by, table: number(attributes, 15) }];
  });
}

/** Of the tables of nf_tables: what came after the namespace's own ruleset, and the elements of all sets. */
function filtersOf(name: string, namespace: Namespace): KernelObject[] {
  if (shapesOf(namespace.role).length === 0) return [];
  const found = setsOf(name, namespace);
  const sets = found.filter(({ set }) => chainOfMap(set) === undefined);
  const shapes = [...shapesOf(namespace.role), ...sets.map(({ set }) => shapeByName(set))];
  const elements = shapes.flatMap((shape) => elementsOf(name, namespace, shape));
  const { rules, comments } = filterRulesOf(name, namespace);
  namespace.portMaps.clear();
  const boxes = found.flatMap(({ set }) => boxesOf(name, namespace, set, comments.has(set)));
  return [...sets, ...chainsOf(name, namespace), ...rules, ...boxes, ...elements];
}

/** Rules that are elements of a map, if a rule of their chain asks it; what is seen of the map is kept for changes. */
function boxesOf(name: string, namespace: Namespace, set: string, isAsked: boolean): KernelObject[] {
  const owner = chainOfMap(set);
  if (owner === undefined) return [];
  const { chain, width } = owner;
  const { asked, boxes } = mapsOf(namespace.portMaps, chain);
  asked.set(width, isAsked);
  if (!isAsked) return [];
  return listElements(namespace, set).map((listed): KernelObject => {
    const { box, body, ...rule } = decodeBox(chain, width, listed);
    boxes.set(rule.name, box);
    return { kind: "filter-rule", namespace: name, chain, ...rule, ...body };
  });
}

function setsOf(name: string, namespace: Namespace): SetObject[] {
  const own = new Set([...shapesOf(namespace.role).map((shape) => shape.name), ...TALLY_SETS]);
  const SET_NAME = 2;
  return listFilters(namespace, getSets(TABLE)).flatMap((attributes): SetObject[] => {
    const set = text(attributes, SET_NAME);
    return own.has(set) ? [] : [{ kind: "set", namespace: name, set }];
  });
}

function chainsOf(name: string, namespace: Namespace): KernelObject[] {
  const CHAIN_NAME = 3;
  const HOOK = 4;
  return listFilters(namespace, getChains()).flatMap((attributes): KernelObject[] => {
    const isOwn = METERING_CHAINS.has(text(attributes, CHAIN_NAME));
    if (isOwn || findAttribute(attributes, HOOK) !== undefined) return [];
    return [{ kind: "chain", namespace: name, chain: text(attributes, CHAIN_NAME) }];
  });
}

/** Rules with a name of ours; one that stands at a wrong place says so in its name. */
function filterRulesOf(
  name: string,
  namespace: Namespace,
): { readonly rules: readonly KernelObject[]; readonly comments: ReadonlySet<string> } {
  const places = new Map<string, number>();
  const comments = new Set<string>();
  const rules = listFilters(namespace, getRules(TABLE)).flatMap((attributes): KernelObject[] => {
    const chain = text(attributes, RULE.chain);
    const rule = readListedRule(attributes)?.name;
    if (rule === undefined) return [];
    comments.add(rule);
    const body = decodeRule(findAttribute(attributes, RULE.expressions) ?? Buffer.alloc(0));
    if (body === undefined) return [];
    const isOrdered = placeOf(rule) >= (places.get(chain) ?? 0);
    places.set(chain, placeOf(rule));
    return [{ kind: "filter-rule", namespace: name, chain, name: isOrdered ? rule : `${rule} out of place`, ...body }];
  });
  return { rules, comments };
}

function elementsOf(name: string, namespace: Namespace, shape: SetShape): KernelObject[] {
  return decodeElements(shape, listElements(namespace, shape.name)).map((element) => ({
    kind: "element",
    namespace: name,
    set: shape.name,
    ...element,
  }));
}

/** Each as its attributes. */
function listElements(namespace: Namespace, set: string): Buffer[] {
  const ELEMENTS = 3;
  return listFilters(namespace, getElements(TABLE, set)).flatMap((attributes) =>
    decodeAttributes(findAttribute(attributes, ELEMENTS) ?? Buffer.alloc(0)).map(({ value }) => value),
  );
}

function listFilters(namespace: Namespace, message: Message): Attribute[][] {
  return namespace.netfilter.dump(message).map(({ body }) => decodeAttributes(body.subarray(4)));
}

interface Listed {
  readonly fixed: Buffer;
  readonly attributes: readonly Attribute[];
}

export function list(namespace: Namespace, type: number, fixedBytes: number, what: string): Listed[] {
  // Of every family.
  const message: Message = { type, flags: 0, body: Buffer.alloc(fixedBytes), what: `list ${what}` };
  return namespace.route.dump(message).map((received: Received) => ({
    fixed: received.body.subarray(0, fixedBytes),
    attributes: decodeAttributes(received.body.subarray(fixedBytes)),
  }));
}

/** A setting of the device for a family, by its place in the kernel's list. */
export function deviceSetting(attributes: readonly Attribute[], family: number, place: number): number | undefined {
  const FAMILIES = 26;
  const VALUES = family === AF_INET ? 1 : 2;
  const families = decodeAttributes(findAttribute(attributes, FAMILIES) ?? Buffer.alloc(0));
  const own = decodeAttributes(findAttribute(families, family) ?? Buffer.alloc(0));
  const values = findAttribute(own, VALUES);
  return values === undefined || values.length < (place + 1) * 4 ? undefined : values.readInt32LE(place * 4);
}

/** Zero where the kernel leaves it out. */
function number(attributes: readonly Attribute[], type: number): number {
  return findAttribute(attributes, type)?.readUInt32LE(0) ?? 0;
}

function text(attributes: readonly Attribute[], type: number): string {
  return textOf(findAttribute(attributes, type));
}

function macOf(bytes: Buffer | undefined): string {
  return (bytes?.toString("hex") ?? "").replaceAll(/(..)(?=.)/g, "$1:");
}
