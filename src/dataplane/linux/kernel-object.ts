/**
 * Everything that the Linux plane asks the kernel to hold, one flat value for each: what a blueprint means on Linux is
 * a list of these, two lists compare without knowing a VPC, and the kernel's own dumps read back into the same values.
 */

import type { Width } from "../../base/ip.ts";
import type { TrafficBlueprint } from "../../plan/blueprint.ts";

export type KernelObject =
  | NamespaceObject
  | LinkObject
  | AddressObject
  | NeighborObject
  | NexthopObject
  | RouteObject
  | RouteListObject
  | RuleObject
  | SetObject
  | ChainObject
  | FilterRuleObject
  | ElementObject
  | ListenerObject;

export type NamespaceRole =
  | "internet"
  | "router"
  | "internet-gateway"
  | "egress-only-internet-gateway"
  | "nat-gateway"
  | "translator"
  | "vpn-gateway"
  | "on-premises-router"
  | "endpoint"
  | "host";

/** A network namespace with its loopback up, its settings and its empty nf_tables. */
export interface NamespaceObject {
  readonly kind: "namespace";
  readonly namespace: string;
  readonly role: NamespaceRole;
}

/** A veth pair, both ends up, without ARP answers of its own unless `proxyArp`. */
export interface LinkObject {
  readonly kind: "link";
  readonly namespace: string;
  readonly name: string;
  /** The device's number, chosen by us so that nothing must be asked back; unique in its namespace. */
  readonly index: number;
  readonly macAddress: string;
  readonly group: number;
  readonly mtu: number;
  /** Whether segments that it carries are no longer than a plain header can say, of either family; absent for no. */
  readonly isPlain?: boolean;
  /** Whether this end answers ARP for every address it has a route to, but for those behind a silent link. */
  readonly proxyArp: boolean;
  /** Whether nobody answers ARP for what is behind this end; absent for no. */
  readonly isSilent?: boolean;
  readonly peer: {
    readonly namespace: string;
    readonly name: string;
    readonly index: number;
    readonly macAddress: string;
  };
}

export interface AddressObject {
  readonly kind: "address";
  readonly namespace: string;
  readonly index: number;
  readonly ip: string;
  readonly bits: number;
}

/** A fixed entry of the neighbour table: nobody on the link can claim the address by ARP or neighbour discovery. */
export interface NeighborObject {
  readonly kind: "neighbor";
  readonly namespace: string;
  readonly index: number;
  readonly ip: string;
  readonly macAddress: string;
}

export interface NexthopObject {
  readonly kind: "nexthop";
  readonly namespace: string;
  readonly id: number;
  readonly index: number;
  readonly gateway: string;
}

export interface RouteObject {
  readonly kind: "route";
  readonly namespace: string;
  /** 254 is the kernel's main table, 255 its table of own addresses. */
  readonly table: number;
  readonly cidrBlock: string;
  /** 0 is the first of all, in either family. */
  readonly metric: number;
  readonly by: RouteBy;
}

/** Routes of one table that differ in their CIDR block alone. */
export interface RouteListObject {
  readonly kind: "route-list";
  readonly namespace: string;
  readonly table: number;
  readonly metric: number;
  /** The id of the nexthop that all of them lead to. */
  readonly nexthop: number;
  readonly cidrBlocks: readonly string[];
}

export type RouteBy =
  | { readonly kind: "nexthop"; readonly id: number }
  | { readonly kind: "device"; readonly index: number }
  /** `source` is the address that packets come from where a program does not choose. */
  | { readonly kind: "gateway"; readonly index: number; readonly gateway: string; readonly source?: string }
  /** As if this table held nothing: the next rule goes on. */
  | { readonly kind: "throw" }
  /** Dropped without a word. */
  | { readonly kind: "blackhole" }
  /** The namespace answers for every address in it. */
  | { readonly kind: "local" };

/** Packets of this family that have this mark, or come from this address, are looked up in this table. */
export interface RuleObject {
  readonly kind: "rule";
  readonly namespace: string;
  readonly width: Width;
  readonly by: { readonly mark: number } | { readonly source: string };
  readonly table: number;
}

/** A set beside those of the namespace's ruleset; its name says what it holds, see `set-shape.ts`. */
export interface SetObject {
  readonly kind: "set";
  readonly namespace: string;
  readonly set: string;
}

/** A chain that rules of a security group or network ACL are in. */
export interface ChainObject {
  readonly kind: "chain";
  readonly namespace: string;
  readonly chain: string;
}

/** A rule of such a chain; `filter-rule.ts` and `port-map.ts` say what it is in the kernel. */
export interface FilterRuleObject {
  readonly kind: "filter-rule";
  readonly namespace: string;
  readonly chain: string;
  /** Unique in the chain. A number is also its place; others stand before all numbers, in any order. */
  readonly name: string;
  /** Which end of the packet is asked for. */
  readonly end: "source" | "destination";
  /** A CIDR block, or `@` and the name of a set. */
  readonly peer: string;
  readonly traffic: TrafficBlueprint;
  readonly verdict: "accept" | "drop";
}

/** An element of one of the namespace's sets or maps; see `ruleset.ts` for what they are. */
export interface ElementObject {
  readonly kind: "element";
  readonly namespace: string;
  readonly set: string;
  readonly key: readonly string[];
  /** Of a map. */
  readonly value?: string;
}

/** A listening socket, handed over to the services. */
export interface ListenerObject {
  readonly kind: "listener";
  readonly namespace: string;
  readonly transport: "tcp" | "udp";
  /** Of IPv6 the socket takes IPv6 alone. */
  readonly ip: string;
  readonly port: number;
  /** The one device that it takes connections from; absent for all. */
  readonly device?: number;
  readonly door: Door;
}

/** What a listening socket stands for: the whole identity of the connections that it accepts. */
export type Door =
  /** `gatewayId` where the socket is of one gateway of a VPC alone. */
  | { readonly kind: "internet"; readonly gatewayId?: string }
  | { readonly kind: "gateway-endpoint"; readonly vpcId: string; readonly vpcEndpointId: string }
  | {
      readonly kind: "interface-endpoint";
      readonly vpcId: string;
      readonly vpcEndpointId: string;
      readonly service: string;
    }
  | { readonly kind: "resolver"; readonly vpcId: string }
  /** Answers as the public DNS. */
  | { readonly kind: "public-resolver" }
  | { readonly kind: "metadata"; readonly vpcId: string };

export const MAIN_TABLE = 254;
export const LOCAL_TABLE = 255;

/** The name under which two lists look for the same object. */
export function keyOf(object: KernelObject): string {
  switch (object.kind) {
    case "namespace":
      return `namespace ${object.namespace}`;
    case "link":
      return `link ${object.namespace} ${object.index}`;
    case "address":
      return `address ${object.namespace} ${object.index} ${object.ip}`;
    case "neighbor":
      return `neighbor ${object.namespace} ${object.index} ${object.ip}`;
    case "nexthop":
      return `nexthop ${object.namespace} ${object.id}`;
    case "route":
      return `route ${object.namespace} ${object.table} ${object.cidrBlock} ${object.metric}`;
    case "route-list":
      return `route-list ${object.namespace} ${object.table} ${object.metric} nexthop ${object.nexthop}`;
    case "rule":
      return `rule ${object.namespace} ${object.width} ${textOfRule(object)}`;
    case "set":
      return `set ${object.namespace} ${object.set}`;
    case "chain":
      return `chain ${object.namespace} ${object.chain}`;
    case "filter-rule":
      return `filter-rule ${object.namespace} ${object.chain} ${object.name}`;
    case "element":
      return `element ${object.namespace} ${object.set} ${object.key.join(" ")}`;
    case "listener":
      return keyOfListener(object);
  }
}

/** `mark 1000`, `from 10.0.1.5`. */
export function textOfRule({ by }: RuleObject): string {
  return "mark" in by ? `mark ${by.mark}` : `from ${by.source}`;
}

function keyOfListener({ device, ip, namespace, port, transport }: ListenerObject): string {
  const key = `listener ${namespace} ${transport} ${ip} ${port}`;
  return device === undefined ? key : `${key} ${device}`;
}

/** The rest of the object as text: equal exactly when nothing about it differs. */
export function contentOf(object: KernelObject): string {
  switch (object.kind) {
    case "namespace":
      return object.role;
    case "link":
      return `${hardContentOf(object)} ${object.group} ${object.mtu}`;
    case "address":
      return `${object.bits}`;
    case "neighbor":
      return object.macAddress;
    case "nexthop":
      return `${object.index} ${object.gateway}`;
    case "route":
      return contentOfBy(object.by);
    case "route-list":
      return object.cidrBlocks.join(" ");
    case "rule":
      return `${object.table}`;
    case "set":
    case "chain":
      return "";
    case "filter-rule":
      return `${object.end} ${object.peer} ${contentOfTraffic(object.traffic)} ${object.verdict}`;
    case "element":
      return object.value ?? "";
    case "listener":
      return contentOfDoor(object.door);
  }
}

/** The part of a link that cannot change while it lives. */
export function hardContentOf(link: LinkObject): string {
  const { isSilent = false, peer } = link;
  return [
    link.name,
    link.macAddress,
    link.proxyArp,
    isSilent,
    peer.namespace,
    peer.name,
    peer.index,
    peer.macAddress,
  ].join(" ");
}

function contentOfBy(by: RouteBy): string {
  switch (by.kind) {
    case "nexthop":
      return `nexthop ${by.id}`;
    case "device":
      return `device ${by.index}`;
    case "gateway":
      return `gateway ${by.index} ${by.gateway} ${by.source ?? ""}`;
    case "throw":
    case "blackhole":
    case "local":
      return by.kind;
  }
}

function contentOfTraffic(traffic: TrafficBlueprint): string {
  switch (traffic.kind) {
    case "all":
      return "all";
    case "tcp":
    case "udp":
      return `${traffic.kind} ${traffic.fromPort}-${traffic.toPort}`;
    case "icmp":
    case "icmpv6":
      return `${traffic.kind} ${traffic.type ?? "*"} ${traffic.code ?? "*"}`;
    case "protocol":
      return `protocol ${traffic.number}`;
  }
}

function contentOfDoor(door: Door): string {
  switch (door.kind) {
    case "internet":
      return `${door.kind} ${door.gatewayId ?? ""}`;
    case "gateway-endpoint":
      return `${door.kind} ${door.vpcId} ${door.vpcEndpointId}`;
    case "interface-endpoint":
      return `${door.kind} ${door.vpcId} ${door.vpcEndpointId} ${door.service}`;
    case "resolver":
    case "metadata":
      return `${door.kind} ${door.vpcId}`;
    case "public-resolver":
      return door.kind;
  }
}
