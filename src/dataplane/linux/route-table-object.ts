/** A route table on Linux: a routing table of the VPC's router, whose routes name nexthops that others share. */

import { type Width, widthOf } from "../../base/ip.ts";
import type { RouteBlueprint, RouteTableBlueprint, TargetBlueprint, VpcBlueprint } from "../../plan/blueprint.ts";
import { routerOf } from "./device.ts";
import { widthsOf } from "./filter.ts";
import { routedHosts } from "./host-object.ts";
import type { KernelObject, RouteBy } from "./kernel-object.ts";
import {
  anyOf,
  EGRESS_ONLY_NEXTHOP,
  ENDPOINT_NEXTHOPS,
  GATEWAY_NEXTHOP,
  HOST_NEXTHOPS,
  LAST_METRIC,
  maskedCidr,
  NAT_NEXTHOPS,
  nexthopId,
  NOWHERE_NEXTHOP,
  PEER_NEXTHOPS,
  route,
  VPN_NEXTHOP,
} from "./link-object.ts";
import { widthsOfPeer } from "./peer-object.ts";

/** Addresses of the VPC's own services, which never leave it. */
const SERVICE_BLOCK = { 32: "169.254.0.0/16", 128: "fd00:ec2::/32" } as const;
/** Of routes that follow from the prefix list of an endpoint. */
const PREFIX_LIST_METRIC = 20;

export function objectsOfRouteTable(vpc: VpcBlueprint, { table }: RouteTableBlueprint): KernelObject[] {
  const namespace = routerOf(vpc);
  const where = { namespace, table };
  return [
    ...widthsOf(vpc).flatMap((width): KernelObject[] => [
      { kind: "rule", namespace, width, by: { mark: table }, table },
      route(where, SERVICE_BLOCK[width], { kind: "throw" }),
      route(where, anyOf(width), nowhere(width), LAST_METRIC),
    ]),
    ...vpc.cidrBlocks.map((cidrBlock) => route(where, cidrBlock, { kind: "throw" })),
  ];
}

/** Those that an endpoint has in the table are a list: with a hundred tables there are thousands of them. */
export function objectsOfRoutes(vpc: VpcBlueprint, { table, routes }: RouteTableBlueprint, ways: Ways): KernelObject[] {
  const where = { namespace: routerOf(vpc), table };
  const objects: KernelObject[] = [];
  const lists = new Map<number, string[]>();
  // Routes of one endpoint stand together.
  let last: { readonly target: string; readonly width: Width; readonly list: string[] } | undefined;
  for (const entry of routes) {
    const { metric, target } = entry;
    const cidrBlock = maskedCidr(entry.cidrBlock);
    if (target.kind !== "endpoint" || metric !== PREFIX_LIST_METRIC) {
      objects.push(route(where, cidrBlock, byOf(ways, entry), metric));
      continue;
    }
    const width = widthOf(cidrBlock);
    if (last?.target !== target.vpcEndpointId || last.width !== width) {
      const by = byOf(ways, entry);
      if (by.kind !== "nexthop") {
        objects.push(route(where, cidrBlock, by, metric));
        continue;
      }
      last = { target: target.vpcEndpointId, width, list: lists.get(by.id) ?? [] };
      lists.set(by.id, last.list);
    }
    last.list.push(cidrBlock);
  }
  for (const [nexthop, cidrBlocks] of lists)
    objects.push({ kind: "route-list", ...where, metric: PREFIX_LIST_METRIC, nexthop, cidrBlocks });
  return objects;
}

/** Nexthops of everything that a route of the VPC may name, by target and family. */
type Ways = Readonly<Record<string, number>>;

export function waysOf(vpc: VpcBlueprint): Ways {
  const ways: Record<string, number> = {};
  const widths = widthsOf(vpc);
  const lead = (target: TargetBlueprint, id: number, carried: readonly Width[]): void => {
    for (const width of carried) ways[wayOf(target, width)] = nexthopId(id, width);
  };
  if (vpc.internetGateway !== undefined) lead({ kind: "internet-gateway" }, GATEWAY_NEXTHOP, widths);
  if (vpc.vpnGateway !== undefined) lead({ kind: "vpn-gateway" }, VPN_NEXTHOP, [32]);
  if (vpc.egressOnlyGateway !== undefined) lead({ kind: "egress-only-internet-gateway" }, EGRESS_ONLY_NEXTHOP, [128]);
  for (const { cidrBlocks, key, vpcEndpointId } of vpc.endpoints)
    lead({ kind: "endpoint", vpcEndpointId }, ENDPOINT_NEXTHOPS + key, widthsOf({ cidrBlocks }));
  for (const { natGatewayId, key } of vpc.natGateways)
    lead({ kind: "nat-gateway", natGatewayId }, NAT_NEXTHOPS + key, widths);
  for (const peer of vpc.peers) {
    const { key, vpcPeeringConnectionId } = peer;
    lead({ kind: "peer", vpcPeeringConnectionId }, PEER_NEXTHOPS + key, widthsOfPeer(peer));
  }
  for (const { networkInterfaceId, key } of routedHosts(vpc))
    lead({ kind: "host", networkInterfaceId }, HOST_NEXTHOPS + key, widths);
  return ways;
}

function wayOf(target: TargetBlueprint, width: Width): string {
  switch (target.kind) {
    case "internet-gateway":
    case "egress-only-internet-gateway":
    case "vpn-gateway":
    case "blackhole":
      return `${target.kind} ${width}`;
    case "endpoint":
      return `${target.kind} ${target.vpcEndpointId} ${width}`;
    case "nat-gateway":
      return `${target.kind} ${target.natGatewayId} ${width}`;
    case "peer":
      return `${target.kind} ${target.vpcPeeringConnectionId} ${width}`;
    case "host":
      return `${target.kind} ${target.networkInterfaceId} ${width}`;
  }
}

function byOf(ways: Ways, { cidrBlock, target }: RouteBlueprint): RouteBy {
  const width = widthOf(cidrBlock);
  const id = ways[wayOf(target, width)];
  return id === undefined ? nowhere(width) : { kind: "nexthop", id };
}

function nowhere(width: Width): RouteBy {
  return { kind: "nexthop", id: nexthopId(NOWHERE_NEXTHOP, width) };
}
