/** The router of a VPC on Linux: what it answers itself, and where its subnets begin. */

import { type Width, widthOf } from "../../base/ip.ts";
import type { SubnetBlueprint, VpcBlueprint } from "../../plan/blueprint.ts";
import { LOOPBACK, NOWHERE_DEVICE, routerOf } from "./device.ts";
import { bordersOf, widthsOf } from "./filter.ts";
import type { Door, KernelObject } from "./kernel-object.ts";
import {
  anyOf,
  LAST_METRIC,
  mainOf,
  maskedCidr,
  nexthop,
  nexthopId,
  NOWHERE_NEXTHOP,
  route,
  unnumberedLink,
  VPC_MTU,
} from "./link-object.ts";

const DNS_PORT = 53;
/** Source: Amazon EC2 User Guide, "Access instance metadata for an EC2 instance". */
export const METADATA_IPS = { 32: "169.254.169.254", 128: "fd00:ec2::254" } as const;
const METADATA_PORT = 80;
/** At the far end, by the key of the VPC. */
const NOWHERE_DEVICES = 0x1000;

/** The namespace comes with IPv4, which every VPC has. */
export function objectsOfRouter(router: string, width: Width): KernelObject[] {
  return [
    ...(width === 32 ? [{ kind: "namespace", namespace: router, role: "router" } as const] : []),
    // Nothing but the addresses of the VPC itself is reachable without a route table's word.
    route(mainOf(router), anyOf(width), { kind: "blackhole" }, LAST_METRIC),
  ];
}

const NOWHERE = "nowhere";

/** The one place where routes that lead nowhere end. Nobody is there, and it forwards nothing. */
export function objectsOfNowhere(): KernelObject[] {
  return [{ kind: "namespace", namespace: NOWHERE, role: "endpoint" }];
}

/**
 * The way there, on which the router drops everything: a packet meets the filters of its interface first and is counted,
 * which it would not be if the kernel found no route for it. `docs/decisions/009-flows-counted-in-sets.md`
 *
 * What is for an address of the VPC that no interface has goes there too. For such an address nobody answers ARP, so an
 * instance does not send what is for its own subnet.
 */
export function objectsOfWayNowhere(vpc: VpcBlueprint): KernelObject[] {
  const widths = widthsOf(vpc);
  const near = { namespace: routerOf(vpc), index: NOWHERE_DEVICE, name: "nowhere" };
  const far = { namespace: NOWHERE, index: NOWHERE_DEVICES + vpc.key, name: `vpc${vpc.key}` };
  return [
    ...unnumberedLink(near, far, { mtu: VPC_MTU, widths, isSilent: true }),
    ...widths.map((width) => nexthop(near, NOWHERE_NEXTHOP, width)),
    ...vpc.cidrBlocks.map((cidrBlock) => {
      const by = { kind: "nexthop", id: nexthopId(NOWHERE_NEXTHOP, widthOf(cidrBlock)) } as const;
      return route(mainOf(near.namespace), maskedCidr(cidrBlock), by);
    }),
  ];
}

export function objectsOfResolver(vpc: VpcBlueprint, ip: string): KernelObject[] {
  const namespace = routerOf(vpc);
  const door: Door = { kind: "resolver", vpcId: vpc.vpcId };
  return [
    { kind: "address", namespace, index: LOOPBACK, ip, bits: widthOf(ip) },
    { kind: "listener", namespace, transport: "udp", ip, port: DNS_PORT, door },
    { kind: "listener", namespace, transport: "tcp", ip, port: DNS_PORT, door },
  ];
}

/** In every VPC, whatever its routes and filters say: the router itself answers. */
export function objectsOfMetadata(vpc: VpcBlueprint, width: Width): KernelObject[] {
  const ip = METADATA_IPS[width];
  const namespace = routerOf(vpc);
  const door: Door = { kind: "metadata", vpcId: vpc.vpcId };
  return [
    { kind: "address", namespace, index: LOOPBACK, ip, bits: width },
    { kind: "listener", namespace, transport: "tcp", ip, port: METADATA_PORT, door },
  ];
}

export function objectsOfSubnet(vpc: VpcBlueprint, subnet: SubnetBlueprint): KernelObject[] {
  const namespace = routerOf(vpc);
  const { ipv4 } = subnet;
  return [
    ...(ipv4 === undefined
      ? []
      : [{ kind: "address", namespace, index: LOOPBACK, ip: ipv4.routerIp, bits: widthOf(ipv4.routerIp) } as const]),
    { kind: "element", namespace, set: "subnet_table", key: [`${subnet.group}`], value: `${subnet.table}` },
    ...bordersOf(namespace, subnet),
  ];
}
