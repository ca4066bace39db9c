/**
 * A route table made ready for packets: every CIDR block of every route, with the one order in which equal blocks beat
 * each other. `walk` reads it packet by packet and the planner writes it into a kernel: they cannot disagree.
 * Source: Amazon VPC User Guide, "Route priority" and "Prefix lists": the longest prefix first; of equal ones the local
 * route, then static routes, then routes of prefix lists, then propagated ones.
 */

import { compilePrefixTable, type PrefixEntry, type PrefixTable } from "../base/prefix-table.ts";
import { parsePrefix, type Prefix } from "../base/prefix.ts";
import { findReferredList } from "../model/managed-prefix-list.ts";
import { type Route, routesOf } from "../model/route.ts";
import type { RouteTable, RouteTarget } from "../model/route-table.ts";
import type { State } from "../model/state.ts";

/** What becomes of equal blocks: the lowest wins. */
export type Metric = 0 | 10 | 20 | 30;

export interface CompiledRoute {
  readonly prefix: Prefix;
  /** The block's text: of a prefix list the entry. */
  readonly cidrBlock: string;
  /** The destination as the route table writes it: a CIDR block or `pl-…`. */
  readonly destination: string;
  readonly metric: Metric;
  readonly target: RouteTarget;
  readonly active: boolean;
  readonly origin: Route["origin"];
}

export interface CompiledTable {
  readonly routeTable: RouteTable;
  /** Of equal blocks the winner first. */
  readonly routes: readonly CompiledRoute[];
  readonly byPrefix: PrefixTable<CompiledRoute>;
}

export function compileTable(state: State, routeTable: RouteTable): CompiledTable {
  const routes = routesOf(state, routeTable)
    .flatMap((route) => blocksOf(state, route, routeTable.region))
    .toSorted((a, b) => a.metric - b.metric || order(targetText(a.target), targetText(b.target)));
  const entries = routes.map((route): PrefixEntry<CompiledRoute> => ({ prefix: route.prefix, value: route }));
  // The planner asks for the routes alone.
  let byPrefix: PrefixTable<CompiledRoute> | undefined;
  return {
    routeTable,
    routes,
    get byPrefix() {
      return (byPrefix ??= compilePrefixTable(entries));
    },
  };
}

/** `local` or the target's id. */
export function targetText(target: RouteTarget): string {
  switch (target.kind) {
    case "local":
      return "local";
    case "internet-gateway":
      return target.internetGatewayId;
    case "vpc-endpoint":
      return target.vpcEndpointId;
    case "network-interface":
      return target.networkInterfaceId;
    case "nat-gateway":
      return target.natGatewayId;
    case "egress-only-internet-gateway":
      return target.egressOnlyInternetGatewayId;
    case "vpc-peering-connection":
      return target.vpcPeeringConnectionId;
    case "vpn-gateway":
      return target.vpnGatewayId;
  }
}

function blocksOf(state: State, route: Route, region: string): CompiledRoute[] {
  const { destination, target, origin } = route;
  const common = { metric: metricOf(route), target, origin, active: route.state === "active" };
  if (destination.kind === "cidr") {
    const prefix = parsePrefix(destination.cidrBlock);
    const cidrBlock = destination.cidrBlock;
    return prefix === undefined ? [] : [{ ...common, prefix, cidrBlock, destination: cidrBlock }];
  }
  const list = findReferredList(state, region, destination.prefixListId);
  return (list?.prefixes ?? []).map((prefix, at) => ({
    ...common,
    prefix,
    cidrBlock: list?.cidrBlocks[at] ?? "",
    destination: destination.prefixListId,
  }));
}

function metricOf({ origin, destination }: Route): Metric {
  if (origin === "local") return 0;
  if (origin === "propagated") return 30;
  return destination.kind === "prefix-list" ? 20 : 10;
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
