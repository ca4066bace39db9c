/** An instance on Linux: a namespace where its programs run, with a link to the VPC's router for each interface. */

import { type Width, WIDTHS, widthOf } from "../../base/ip.ts";
import { parsePrefix } from "../../base/prefix.ts";
import type { HostBlueprint, SubnetBlueprint, VpcBlueprint } from "../../plan/blueprint.ts";
import { deviceOfHost, routerOf } from "./device.ts";
import { groupsOf } from "./filter.ts";
import type { KernelObject, RouteBy } from "./kernel-object.ts";
import {
  anyOf,
  type DeviceName,
  FAR_IP,
  HOST_NEXTHOPS,
  mainOf,
  NEAR_IP,
  NEAR_MAC,
  nexthop,
  ONLY_DEVICE,
  route,
  type TableName,
  VPC_MTU,
} from "./link-object.ts";
import { METADATA_IPS } from "./router-object.ts";
import { sourceSet } from "./set-shape.ts";

/** Of an interface that is not the primary one, by its device index. Source: amazon-ec2-net-utils, lib.sh (`rule_base`). */
const INTERFACE_TABLES = 10_000;

/**
 * The families that leave by this interface where a program does not choose: those that no interface before it has. `own`
 * holds all interfaces of the instance.
 */
export function familiesLedBy(host: HostBlueprint, own: readonly HostBlueprint[]): readonly Width[] {
  const before = own.filter(({ deviceIndex }) => deviceIndex < host.deviceIndex);
  return WIDTHS.filter((width) => has(host, width) && !before.some((other) => has(other, width)));
}

function has({ ips }: HostBlueprint, width: Width): boolean {
  return ips.some((ip) => widthOf(ip) === width);
}

interface HostPlace {
  readonly subnet: SubnetBlueprint | undefined;
  /** `familiesLedBy`. */
  readonly leads: readonly Width[];
}

/**
 * An interface of an instance; the namespace comes with the primary one. As Amazon Linux sets them up, packets leave by the
 * first one that has the family but for those that come from an address of another: each of those has routes of its own, in a
 * table that is asked for its addresses alone. Source: amazon-ec2-net-utils, lib.sh (`setup_interface`).
 */
export function objectsOfHost(vpc: VpcBlueprint, host: HostBlueprint, { subnet, leads }: HostPlace): KernelObject[] {
  if (subnet === undefined) throw new Error(`no subnet with group ${host.group} for ${host.networkInterfaceId}`);
  const { deviceIndex, instanceId, ips, macAddress } = host;
  const namespace = namespaceOfInstance(instanceId);
  const isPrimary = deviceIndex === 0;
  const near = { namespace: routerOf(vpc), index: deviceOfHost(host) };
  const far = { namespace, index: ONLY_DEVICE + deviceIndex };
  const own = { namespace, table: INTERFACE_TABLES + deviceIndex };
  const ways = WIDTHS.filter((width) => has(host, width)).map((width) => wayOut(host, subnet, width));
  return [
    ...(isPrimary ? [{ kind: "namespace", namespace, role: "host" } as const] : []),
    {
      kind: "link",
      ...near,
      name: `eni${host.key}`,
      macAddress: NEAR_MAC,
      group: host.group,
      mtu: VPC_MTU,
      proxyArp: true,
      peer: { ...far, name: `eth${deviceIndex}`, macAddress },
    },
    ...ips.map((ip, at): KernelObject => ({ kind: "address", ...far, ip, bits: bitsOf(host, subnet, at) })),
    ...ips.flatMap((ip) => leadsToHost(near, ip, macAddress)),
    ...(host.linkLocalIp === undefined ? [] : linkLocal(near, far, host.linkLocalIp, macAddress)),
    ...groupsOf(near.namespace, near.index, host.securityGroups),
    ...ways.flatMap((way): KernelObject[] => [
      { kind: "neighbor", ...far, ip: way.gateway, macAddress: NEAR_MAC },
      ...(leads.includes(widthOf(way.gateway)) ? [defaultRoute(mainOf(namespace), far, way)] : []),
      ...(isPrimary ? [] : [defaultRoute(own, far, way)]),
    ]),
    ...(isPrimary
      ? []
      : ips.map((ip): KernelObject => ({ kind: "rule", ...own, width: widthOf(ip), by: { source: ip } }))),
  ];
}

/**
 * The primary address has its whole subnet around it; on a further interface the kernel would send by it what is for another
 * one's subnet. Others stand by themselves, so that the kernel takes the primary one where a program does not choose.
 */
function bitsOf({ deviceIndex, ips }: HostBlueprint, { ipv4 }: SubnetBlueprint, at: number): number {
  const width = widthOf(ips[at] ?? "");
  const prefix = at === 0 && width === 32 && deviceIndex === 0 && ipv4 ? parsePrefix(ipv4.cidrBlock) : undefined;
  return prefix?.bits ?? width;
}

interface WayOut {
  readonly gateway: string;
  /** Of packets for which a program chooses none. */
  readonly source?: string;
}

/** To the router: of IPv4 by the subnet's own address of it. */
function wayOut({ ips }: HostBlueprint, { ipv4 }: SubnetBlueprint, width: Width): WayOut {
  if (width === 32) return { gateway: ipv4?.routerIp ?? NEAR_IP[32] };
  const source = ips.find((ip) => widthOf(ip) === 128);
  return { gateway: NEAR_IP[128], ...(source !== undefined && { source }) };
}

/** An address of IPv4 for one purpose: nothing but the metadata service has a route. */
function linkLocal(near: DeviceName, far: DeviceName, ip: string, macAddress: string): KernelObject[] {
  const gateway = NEAR_IP[32];
  return [
    { kind: "address", ...far, ip, bits: 32 },
    { kind: "neighbor", ...far, ip: gateway, macAddress: NEAR_MAC },
    route(mainOf(far.namespace), `${METADATA_IPS[32]}/32`, { kind: "gateway", index: far.index, gateway }),
    ...leadsToHost(near, ip, macAddress),
  ];
}

/** By the device alone an address of an instance is reached, and from it alone packets with the address come. */
function leadsToHost(near: DeviceName, ip: string, macAddress: string): KernelObject[] {
  return [
    { kind: "neighbor", ...near, ip, macAddress },
    {
      kind: "element",
      namespace: near.namespace,
      set: sourceSet(widthOf(ip)),
      key: [`${near.index}`, ip],
    },
    route(mainOf(near.namespace), `${ip}/${widthOf(ip)}`, { kind: "device", index: near.index }),
  ];
}

function defaultRoute(where: TableName, { index }: DeviceName, way: WayOut): KernelObject {
  const by: RouteBy = { kind: "gateway", index, ...way };
  return route(where, anyOf(widthOf(way.gateway)), by);
}

/** Interfaces of instances that a route names as its target. */
export function routedHosts(vpc: VpcBlueprint): HostBlueprint[] {
  const targets = new Set<string>();
  for (const table of vpc.routeTables) {
    for (const { target } of table.routes) if (target.kind === "host") targets.add(target.networkInterfaceId);
  }
  return targets.size === 0 ? [] : vpc.hosts.filter((host) => targets.has(host.networkInterfaceId));
}

/** Where it has no address of its own of IPv4, and for IPv6, by one that every instance answers to on its link. */
export function nexthopOfHost(vpc: VpcBlueprint, host: HostBlueprint, width: Width): KernelObject[] {
  const near = { namespace: routerOf(vpc), index: deviceOfHost(host) };
  const id = HOST_NEXTHOPS + host.key;
  const own = host.ips.find((ip) => widthOf(ip) === 32);
  if (width === 32 && own !== undefined) return [{ kind: "nexthop", ...near, id, gateway: own }];
  return [{ kind: "neighbor", ...near, ip: FAR_IP[width], macAddress: host.macAddress }, nexthop(near, id, width)];
}

/** The namespace that programs of an instance or an on-premises host run in. */
export function namespaceOfInstance(instanceId: string): string {
  return `host ${instanceId}`;
}
