/** What links between namespaces are made of, and the words that kernel objects of all kinds are written with. */

import type { Width } from "../../base/ip.ts";
import { formatPrefix, parsePrefixMasked } from "../../base/prefix.ts";
import { RecentMap } from "../../base/recent-map.ts";
import { servicePorts } from "../../network/echo-host.ts";
import {
  type Door,
  type KernelObject,
  LOCAL_TABLE,
  MAIN_TABLE,
  type RouteBy,
  type RouteObject,
} from "./kernel-object.ts";

/** The one device of an endpoint or an instance, and the router's side of a gateway. */
export const ONLY_DEVICE = 2;

export const GATEWAY_NEXTHOP = 1;
export const VPN_NEXTHOP = 2;
export const NOWHERE_NEXTHOP = 3;
export const EGRESS_ONLY_NEXTHOP = 4;
export const ENDPOINT_NEXTHOPS = 0x1000;
export const NAT_NEXTHOPS = 0x2000;
export const PEER_NEXTHOPS = 0x4000;
export const HOST_NEXTHOPS = 0x10000;
/** Nexthops of both families have one numbering. */
const IPV6_NEXTHOPS = 0x100000;

/** Neighbours on an unnumbered link, never seen in a packet. */
export const NEAR_IP = { 32: "169.254.0.1", 128: "fe80::1" } as const;
export const FAR_IP = { 32: "169.254.0.2", 128: "fe80::2" } as const;
export const NEAR_MAC = "02:00:00:00:00:01";
export const FAR_MAC = "02:00:00:00:00:02";

/** Source: Amazon EC2 User Guide, "Network maximum transmission unit": 9001 inside a VPC. */
export const VPC_MTU = 9001;

export interface DeviceName {
  readonly namespace: string;
  readonly index: number;
}

export interface End extends DeviceName {
  readonly name: string;
}

interface UnnumberedLink {
  readonly mtu: number;
  readonly group?: number;
  /** IPv4 alone where absent. */
  readonly widths?: readonly Width[];
  /** Whether nobody answers ARP for what is behind it; absent for no. */
  readonly isSilent?: boolean;
}

/** A link whose ends know each other beforehand and need neither addresses nor ARP. */
export function unnumberedLink(near: End, far: End, wish: UnnumberedLink): KernelObject[] {
  const { mtu, group = 0, isSilent = false, widths = [32] } = wish;
  return [
    {
      kind: "link",
      ...near,
      macAddress: NEAR_MAC,
      group,
      mtu,
      proxyArp: false,
      ...(isSilent && { isSilent }),
      peer: { ...far, macAddress: FAR_MAC },
    },
    ...widths.flatMap((width): KernelObject[] => [
      { kind: "neighbor", namespace: near.namespace, index: near.index, ip: FAR_IP[width], macAddress: FAR_MAC },
      { kind: "neighbor", namespace: far.namespace, index: far.index, ip: NEAR_IP[width], macAddress: NEAR_MAC },
    ]),
  ];
}

export function nexthopId(id: number, width: Width): number {
  return width === 32 ? id : IPV6_NEXTHOPS + id;
}

/** By the other end of an unnumbered link. */
export function nexthop({ index, namespace }: DeviceName, id: number, width: Width): KernelObject {
  return { kind: "nexthop", namespace, index, id: nexthopId(id, width), gateway: FAR_IP[width] };
}

export function serviceListeners(namespace: string, door: Door, width: Width, device?: number): KernelObject[] {
  const ip = width === 32 ? "0.0.0.0" : "::";
  const where = { namespace, ip, ...(device !== undefined && { device }) };
  return servicePorts.map((port) => ({ kind: "listener", transport: "tcp", ...where, port, door }));
}

/** Of the route that says what becomes of everything else. */
export const LAST_METRIC = 0xfffffffe;

export interface TableName {
  readonly namespace: string;
  readonly table: number;
}

export function mainOf(namespace: string): TableName {
  return { namespace, table: MAIN_TABLE };
}

export function route(where: TableName, cidrBlock: string, by: RouteBy, metric = 0): RouteObject {
  return { kind: "route", ...where, cidrBlock, metric, by };
}

export function anyOf(width: Width): string {
  return width === 32 ? "0.0.0.0/0" : "::/0";
}

/** Whole blocks that a namespace answers for. */
export function ownAddresses(namespace: string, cidrBlocks: readonly string[]): KernelObject[] {
  const where = { namespace, table: LOCAL_TABLE };
  return cidrBlocks.map((cidrBlock) => route(where, maskedCidr(cidrBlock), { kind: "local" }));
}

/** The kernel keeps no host bits, and two spellings of one prefix would be one route. */
export function maskedCidr(cidrBlock: string): string {
  const known = masked.get(cidrBlock);
  if (known !== undefined) return known;
  const prefix = parsePrefixMasked(cidrBlock);
  if (prefix === undefined) throw new Error(`no CIDR block: \`${cidrBlock}\``);
  const text = formatPrefix(prefix);
  masked.set(cidrBlock, text);
  return text;
}

// A memo of a pure result: the blocks of a prefix list come again with every route table.
const masked = new RecentMap<string, string>(4096);
