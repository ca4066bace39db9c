/** An instance on Linux: a namespace where its programs run, with a link to the VPC's router for each interface. */

import type { Width } from "../../base/ip.ts";
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
  widthOf,
} from "./link-object.ts";
import { sourceSet } from "./set-shape.ts";

/** Of an interface that is not the primary one, by its device index. Source: amazon-ec2-net-utils, lib.sh (`rule_base`). */
const INTERFACE_TABLES = 10_000;

/** Of each instance the interface that its IPv6 leaves by where a program does not choose, by the instance's id. */
export function firstsWithIpv6(hosts: readonly HostBlueprint[]): ReadonlyMap<string, HostBlueprint> {
  const firsts = new Map<string, HostBlueprint>();
  for (const host of hosts) {
    const known = firsts.get(host.instanceId);
    if (ipv6Of(host) !== undefined && (known === undefined || host.deviceIndex < known.deviceIndex))
      firsts.set(host.instanceId, host);
  }
  return firsts;
}

interface HostPlace {
  readonly subnet: SubnetBlueprint | undefined;
  /** Whether it is the first of its instance's interfaces that has IPv6. */
  readonly isFirst: boolean;
}

/**
 * An interface of an instance; the namespace comes with the primary one. As Amazon Linux sets them up, packets leave by the
 * first one that has the family but for those that come from an address of another: each of those has routes of its own, in a
 * table that is asked for its addresses alone. Source: amazon-ec2-net-utils, lib.sh (`setup_interface`).
 */
export function objectsOfHost(vpc: VpcBlueprint, host: HostBlueprint, { subnet, isFirst }: HostPlace): KernelObject[] {
  const prefix = subnet && parsePrefix(subnet.cidrBlock);
  if (subnet === undefined || prefix === undefined)
    throw new Error(`no subnet with group ${host.group} for ${host.networkInterfaceId}`);
  const { deviceIndex, instanceId, macAddress, privateIp, secondaryIps } = host;
  const namespace = namespaceOfInstance(instanceId);
  const isPrimary = deviceIndex === 0;
  const near = { namespace: routerOf(vpc), index: deviceOfHost(host) };
  const far = { namespace, index: ONLY_DEVICE + deviceIndex };
  const where = isPrimary ? mainOf(namespace) : { namespace, table: INTERFACE_TABLES + deviceIndex };
  const ips = [privateIp, ...secondaryIps];
  const ipv6 = ipv6Of(host);
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
    // With its whole prefix the kernel would send by another interface what is for that one's subnet.
    { kind: "address", ...far, ip: privateIp, bits: isPrimary ? prefix.bits : widthOf(privateIp) },
    // By themselves, so that the kernel takes the primary one where a program does not choose.
    ...secondaryIps.map((ip): KernelObject => ({ kind: "address", ...far, ip, bits: widthOf(ip) })),
    ...ips.flatMap((ip) => leadsToHost(near, ip, macAddress)),
    ...groupsOf(near.namespace, near.index, host.securityGroups),
    ...defaultRoute(where, far, { gateway: subnet.routerIp }),
    ...(ipv6 === undefined ? [] : defaultRoute(where, far, { gateway: NEAR_IP[128], source: ipv6 })),
    ...(ipv6 === undefined || !isFirst || isPrimary
      ? []
      : [
          route(mainOf(namespace), anyOf(128), {
            kind: "gateway",
            index: far.index,
            gateway: NEAR_IP[128],
            source: ipv6,
          }),
        ]),
    ...(isPrimary
      ? []
      : ips.map((ip): KernelObject => ({ kind: "rule", ...where, width: widthOf(ip), by: { source: ip } }))),
  ];
}

function ipv6Of({ secondaryIps }: HostBlueprint): string | undefined {
  return secondaryIps.find((ip) => widthOf(ip) === 128);
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

/** Of an instance by its router, from `source` where a program does not choose. */
function defaultRoute(
  where: TableName,
  { namespace, index }: DeviceName,
  { gateway, source }: { readonly gateway: string; readonly source?: string },
): KernelObject[] {
  const by: RouteBy = { kind: "gateway", index, gateway, ...(source !== undefined && { source }) };
  return [
    { kind: "neighbor", namespace, index, ip: gateway, macAddress: NEAR_MAC },
    route(where, anyOf(widthOf(gateway)), by),
  ];
}

/** Interfaces of instances that a route names as its target. */
export function routedHosts(vpc: VpcBlueprint): HostBlueprint[] {
  const targets = new Set<string>();
  for (const table of vpc.routeTables) {
    for (const { target } of table.routes) if (target.kind === "host") targets.add(target.networkInterfaceId);
  }
  return targets.size === 0 ? [] : vpc.hosts.filter((host) => targets.has(host.networkInterfaceId));
}

/** For IPv6 by an address that every instance answers to on its link, as not every one has an own. */
export function nexthopOfHost(vpc: VpcBlueprint, host: HostBlueprint, width: Width): KernelObject[] {
  const near = { namespace: routerOf(vpc), index: deviceOfHost(host) };
  const id = HOST_NEXTHOPS + host.key;
  if (width === 32) return [{ kind: "nexthop", ...near, id, gateway: host.privateIp }];
  return [{ kind: "neighbor", ...near, ip: FAR_IP[width], macAddress: host.macAddress }, nexthop(near, id, width)];
}

/** The namespace that programs of an instance or an on-premises host run in. */
export function namespaceOfInstance(instanceId: string): string {
  return `host ${instanceId}`;
}
