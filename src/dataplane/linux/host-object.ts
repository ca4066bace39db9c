/** An instance on Linux: a namespace on its subnet by a link of its own, where its programs run. */

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
  VPC_MTU,
  widthOf,
} from "./link-object.ts";
import { sourceSet } from "./set-shape.ts";

export function objectsOfHost(
  vpc: VpcBlueprint,
  host: HostBlueprint,
  subnet: SubnetBlueprint | undefined,
): KernelObject[] {
  const prefix = subnet && parsePrefix(subnet.cidrBlock);
  if (subnet === undefined || prefix === undefined)
    throw new Error(`no subnet with group ${host.group} for ${host.instanceId}`);
  const namespace = namespaceOfInstance(host.instanceId);
  const near = { namespace: routerOf(vpc), index: deviceOfHost(host) };
  const far = { namespace, index: ONLY_DEVICE };
  return [
    { kind: "namespace", namespace, role: "host" },
    {
      kind: "link",
      ...near,
      name: `eni${host.key}`,
      macAddress: NEAR_MAC,
      group: host.group,
      mtu: VPC_MTU,
      proxyArp: true,
      peer: { ...far, name: "eth0", macAddress: host.macAddress },
    },
    { kind: "address", ...far, ip: host.privateIp, bits: prefix.bits },
    // By themselves, so that the kernel takes the primary one where a program does not choose.
    ...host.secondaryIps.map((ip): KernelObject => ({ kind: "address", ...far, ip, bits: widthOf(ip) })),
    ...[host.privateIp, ...host.secondaryIps].flatMap((ip) => leadsToHost(near, ip, host.macAddress)),
    ...groupsOf(near.namespace, near.index, host.securityGroups),
    ...defaultRoute(far, subnet.routerIp),
    ...host.secondaryIps
      .filter((ip) => widthOf(ip) === 128)
      .slice(0, 1)
      .flatMap((ip) => defaultRoute(far, NEAR_IP[128], ip)),
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

/** Of an instance by its router, from `source` where a program does not choose. */
function defaultRoute({ namespace, index }: DeviceName, gateway: string, source?: string): KernelObject[] {
  const by: RouteBy = { kind: "gateway", index, gateway, ...(source !== undefined && { source }) };
  return [
    { kind: "neighbor", namespace, index, ip: gateway, macAddress: NEAR_MAC },
    route(mainOf(namespace), anyOf(widthOf(gateway)), by),
  ];
}

/** Instances that a route names as its target. */
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
