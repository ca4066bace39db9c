/**
 * The routes of a table, all of them: the local ones of the VPC's blocks, the static ones, and those that gateway
 * endpoints put there; and the verbs for the static ones.
 * Source: Amazon VPC User Guide, "Configure route tables"; PrivateLink guide, "Gateway endpoints: routing".
 */

import { unreachable } from "../base/assert.ts";
import { containsPrefix, equalPrefix, formatPrefix } from "../base/prefix.ts";
import { ok, type Result } from "../base/result.ts";
import { readCidr, readIpv6Cidr, storedPrefix } from "./cidr.ts";
import { type ApiError, fail } from "./error.ts";
import { lookup } from "./lookup.ts";
import { readReferredList } from "./managed-prefix-list.ts";
import { isLiveGateway } from "./nat-gateway.ts";
import { prefixListsOfEndpoint } from "./prefix-list.ts";
import { checkQuota } from "./quota.ts";
import type { RouteDestination, RouteTable, RouteTarget, StaticRoute } from "./route-table.ts";
import { find, findBy, put, type State } from "./state.ts";
import { accept, type Caller, type Context, type Outcome } from "./verb.ts";
import { findPeering } from "./vpc-peering.ts";
import { prefixesOfVpc } from "./vpc.ts";
import { connectionStateOf, type VpnConnection } from "./vpn-connection.ts";

export interface Route {
  readonly destination: RouteDestination;
  readonly target: RouteTarget;
  readonly origin: "local" | "static" | "endpoint" | "propagated";
  readonly state: "active" | "blackhole";
}

/** Every route of a table: local, static, those of endpoints, propagated ones. No two have the same destination. */
export function routesOf(state: State, table: RouteTable): readonly Route[] {
  const vpc = find(state, "vpc", table.vpcId);
  const blocks = vpc === undefined ? [] : [...vpc.cidrBlocks, ...vpc.ipv6CidrBlocks];
  const local = blocks.map(({ cidrBlock }): Route => ({
    destination: { kind: "cidr", cidrBlock },
    target: { kind: "local" },
    origin: "local",
    state: "active",
  }));
  const fixed = table.routes.map((route): Route => ({
    ...route,
    origin: "static",
    state: stateOfTarget(state, table, route.target),
  }));
  return [...local, ...fixed, ...endpointRoutes(state, table), ...propagatedRoutes(state, table, [...local, ...fixed])];
}

/** The text of a destination: a CIDR block or `pl-…`. */
export function formatDestination(destination: RouteDestination): string {
  return destination.kind === "cidr" ? destination.cidrBlock : destination.prefixListId;
}

/** A destination and a target as a call names them, not yet looked up. */
export interface RouteInput {
  readonly routeTableId: string;
  readonly destination: DestinationInput;
  readonly target: TargetInput;
}

export type DestinationInput =
  /** Of either family; `family` says which parameter it came in. */
  | { readonly kind: "cidr"; readonly cidrBlock: string; readonly family?: "ipv6" }
  | { readonly kind: "prefix-list"; readonly prefixListId: string };

export type TargetInput =
  | { readonly kind: "local" }
  | { readonly kind: "gateway"; readonly gatewayId: string }
  | { readonly kind: "vpc-endpoint"; readonly vpcEndpointId: string }
  | { readonly kind: "network-interface"; readonly networkInterfaceId: string }
  | { readonly kind: "instance"; readonly instanceId: string }
  | { readonly kind: "nat-gateway"; readonly natGatewayId: string }
  | { readonly kind: "egress-only-internet-gateway"; readonly egressOnlyInternetGatewayId: string }
  | { readonly kind: "vpc-peering-connection"; readonly vpcPeeringConnectionId: string };

/** Adds a static route; fails with RouteAlreadyExists where a local, static or endpoint route has the destination. */
export function createRoute(state: State, input: RouteInput, context: Context): Outcome<void> {
  const table = lookup(state, "route-table", input.routeTableId, context);
  if (!table.ok) return table;
  const destination = readDestination(state, input.destination, context);
  if (!destination.ok) return destination;
  if (routeWith(state, table.value, destination.value) !== undefined) {
    return fail("RouteAlreadyExists", { message: alreadyExists(table.value, destination.value) });
  }
  const target = readTarget(state, table.value, input.target, context);
  if (!target.ok) return target;
  const refused =
    refusedFamily(destination.value, target.value) ??
    refusedInsideVpc(state, table.value, destination.value, target.value);
  if (refused !== undefined) return refused;
  const quota = checkQuota("routesPerRouteTable", table.value.routes.length, context);
  if (!quota.ok) return quota;
  const route: StaticRoute = { destination: destination.value, target: target.value };
  return accept(undefined, [put("route-table", { ...table.value, routes: [...table.value.routes, route] })]);
}

/** Gives a static route another target; the routes of endpoints are not touched by hand. */
export function replaceRoute(state: State, input: RouteInput, context: Context): Outcome<void> {
  const table = lookup(state, "route-table", input.routeTableId, context);
  if (!table.ok) return table;
  const destination = readDestination(state, input.destination, context);
  if (!destination.ok) return destination;
  const old = routeWith(state, table.value, destination.value);
  const text = formatDestination(destination.value);
  if (old === undefined) {
    return fail("InvalidParameterValue", {
      message: `There is no route defined for '${text}' in the route table. Use CreateRoute instead.`,
    });
  }
  if (old.origin !== "static") return refuse(`cannot replace ${nameOf(old)} in route table ${table.value.id}`);
  const target = readTarget(state, table.value, input.target, context);
  if (!target.ok) return target;
  const refused = refusedFamily(destination.value, target.value);
  if (refused !== undefined) return refused;
  const routes = table.value.routes.map((route) =>
    sameDestination(route.destination, destination.value) ? { ...route, target: target.value } : route,
  );
  return accept(undefined, [put("route-table", { ...table.value, routes })]);
}

/** Takes a static route away; fails with InvalidRoute.NotFound, or InvalidParameterValue for one that cannot go by hand. */
export function deleteRoute(
  state: State,
  input: { readonly routeTableId: string; readonly destination: DestinationInput },
  context: Context,
): Outcome<void> {
  const table = lookup(state, "route-table", input.routeTableId, context);
  if (!table.ok) return table;
  const destination = readDestination(state, input.destination, context);
  if (!destination.ok) return destination;
  const old = routeWith(state, table.value, destination.value);
  if (old === undefined) {
    const kind = destination.value.kind === "cidr" ? "destination-cidr-block" : "destination-prefix-list-id";
    return fail("InvalidRoute.NotFound", {
      destination: `${kind} ${formatDestination(destination.value)}`,
      routeTableId: table.value.id,
    });
  }
  if (old.origin !== "static") return refuse(`cannot remove ${nameOf(old)} in route table ${table.value.id}`);
  const routes = table.value.routes.filter((route) => !sameDestination(route.destination, destination.value));
  return accept(undefined, [put("route-table", { ...table.value, routes })]);
}

/** The text of RouteAlreadyExists for a destination that a table already has. */
export function alreadyExists(table: RouteTable, destination: RouteDestination): string {
  return destination.kind === "cidr"
    ? `The route identified by ${destination.cidrBlock} already exists.`
    : `route table ${table.id} already has a route with destination-prefix-list-id ${destination.prefixListId}`;
}

/** The route with just this destination, or undefined; one that is propagated gives way to any other. */
export function routeWith(state: State, table: RouteTable, destination: RouteDestination): Route | undefined {
  return routesOf(state, table).find(
    (route) => route.origin !== "propagated" && sameDestination(route.destination, destination),
  );
}

/** INVARIANT: a table has at most one endpoint of a service, so these have different destinations. */
function endpointRoutes(state: State, table: RouteTable): readonly Route[] {
  return findBy(state, "vpc-endpoint", "routeTableId", table.id).flatMap((endpoint): Route[] => {
    if (endpoint.kind !== "Gateway" || endpoint.state !== "available") return [];
    return prefixListsOfEndpoint(endpoint).map((list): Route => ({
      destination: { kind: "prefix-list", prefixListId: list.id },
      target: { kind: "vpc-endpoint", vpcEndpointId: endpoint.id },
      origin: "endpoint",
      state: "active",
    }));
  });
}

/**
 * The static routes of the VPN connections that end at the gateways which the table hears of.
 * Source: Amazon VPC User Guide, "Route priority": a static route wins over a propagated one with the same destination.
 *
 * ASSUMPTION: a propagated route is listed while its connection is available, whether or not the tunnels are up, and not
 * where a static or local route has the same destination.
 */
function propagatedRoutes(state: State, table: RouteTable, others: readonly Route[]): readonly Route[] {
  const taken = new Set(others.map((route) => formatDestination(route.destination)));
  const routes: Route[] = [];
  for (const vpnGatewayId of table.propagatingVpnGatewayIds ?? []) {
    for (const cidrBlock of findBy(state, "vpn-connection", "vpnGatewayId", vpnGatewayId).flatMap(routesOfConnection)) {
      if (taken.has(cidrBlock)) continue;
      taken.add(cidrBlock);
      const destination: RouteDestination = { kind: "cidr", cidrBlock };
      routes.push({
        destination,
        target: { kind: "vpn-gateway", vpnGatewayId },
        origin: "propagated",
        state: "active",
      });
    }
  }
  return routes;
}

function routesOfConnection(connection: VpnConnection): readonly string[] {
  return connectionStateOf(connection) === "available" ? connection.staticRoutes : [];
}

function stateOfTarget(state: State, table: RouteTable, target: RouteTarget): "active" | "blackhole" {
  return targetStands(state, table, target) ? "active" : "blackhole";
}

function targetStands(state: State, table: RouteTable, target: RouteTarget): boolean {
  switch (target.kind) {
    case "local":
      return true;
    case "internet-gateway":
      return find(state, "internet-gateway", target.internetGatewayId)?.vpcId === table.vpcId;
    case "vpc-endpoint":
      return find(state, "vpc-endpoint", target.vpcEndpointId)?.vpcId === table.vpcId;
    case "network-interface":
      return find(state, "network-interface", target.networkInterfaceId)?.attachment !== undefined;
    case "nat-gateway":
      return isLiveGateway(find(state, "natgateway", target.natGatewayId));
    case "egress-only-internet-gateway":
      return find(state, "egress-only-internet-gateway", target.egressOnlyInternetGatewayId) !== undefined;
    case "vpc-peering-connection": {
      const peering = find(state, "vpc-peering-connection", target.vpcPeeringConnectionId);
      return peering?.status === "active";
    }
    case "vpn-gateway":
      return find(state, "vpn-gateway", target.vpnGatewayId)?.vpcId === table.vpcId;
  }
  return unreachable(target);
}

function readDestination(state: State, input: DestinationInput, caller: Caller): Result<RouteDestination, ApiError> {
  if (input.kind === "cidr") {
    const cidr =
      input.family === "ipv6"
        ? readIpv6Cidr(input.cidrBlock, "destinationIpv6CidrBlock")
        : readCidr(input.cidrBlock, "destinationCidrBlock");
    return cidr.ok ? ok({ kind: "cidr", cidrBlock: formatPrefix(cidr.value) }) : cidr;
  }
  const list = readReferredList(state, input.prefixListId, caller);
  return list.ok ? ok({ kind: "prefix-list", prefixListId: list.value.id }) : list;
}

function readTarget(
  state: State,
  table: RouteTable,
  input: TargetInput,
  caller: Caller,
): Result<RouteTarget, ApiError> {
  switch (input.kind) {
    case "local":
      return ok({ kind: "local" });
    case "gateway":
      return readGateway(state, table, input.gatewayId, caller);
    case "vpc-endpoint":
      return readEndpoint(state, table, input.vpcEndpointId, caller);
    case "network-interface":
      return readInterface(state, table, input.networkInterfaceId, caller);
    case "instance": {
      const instance = lookup(state, "instance", input.instanceId, caller);
      if (!instance.ok) return instance;
      const [primary] = instance.value.networkInterfaceIds;
      if (primary === undefined) return fail("InvalidInstanceID.NotFound", { instanceId: input.instanceId });
      return readInterface(state, table, primary, caller);
    }
    case "nat-gateway":
      return readNatGateway(state, input.natGatewayId, caller);
    case "egress-only-internet-gateway":
      return readEgressOnly(state, table, input.egressOnlyInternetGatewayId, caller);
    case "vpc-peering-connection":
      return readPeering(state, table, input.vpcPeeringConnectionId, caller);
  }
  return unreachable(input);
}

function readGateway(
  state: State,
  table: RouteTable,
  gatewayId: string,
  caller: Caller,
): Result<RouteTarget, ApiError> {
  if (gatewayId === "local") return ok({ kind: "local" });
  if (gatewayId.startsWith("vpce-")) return readEndpoint(state, table, gatewayId, caller);
  if (gatewayId.startsWith("vgw-")) return readVpnGateway(state, table, gatewayId, caller);
  const gateway = lookup(state, "internet-gateway", gatewayId, caller);
  if (!gateway.ok) return gateway;
  if (gateway.value.vpcId !== table.vpcId) {
    return refuse(`route table ${table.id} and network gateway ${gateway.value.id} belong to different networks`);
  }
  return ok({ kind: "internet-gateway", internetGatewayId: gateway.value.id });
}

/**
 * Only Gateway Load Balancer endpoints. Source: Amazon VPC User Guide (2021), "Gateway VPC endpoints": the route of a
 * gateway endpoint cannot be added, modified or deleted by hand. ASSUMPTION: codes and texts are ours where a route
 * to a VPC endpoint is refused.
 */
function readEndpoint(
  state: State,
  table: RouteTable,
  vpcEndpointId: string,
  caller: Caller,
): Result<RouteTarget, ApiError> {
  const endpoint = lookup(state, "vpc-endpoint", vpcEndpointId, caller);
  if (!endpoint.ok) return endpoint;
  const { id, kind, vpcId } = endpoint.value;
  if (kind === "GatewayLoadBalancer") {
    return vpcId === table.vpcId
      ? ok({ kind: "vpc-endpoint", vpcEndpointId: id })
      : refuse(`route table ${table.id} and VPC endpoint ${id} belong to different networks`);
  }
  if (kind === "Interface") return refuse(`VPC endpoint ${id} of the type Interface cannot be the target of a route`);
  return refuse(`cannot add VPC endpoint route to ${vpcEndpointId}: modify the route tables of the endpoint instead`);
}

function readInterface(
  state: State,
  table: RouteTable,
  networkInterfaceId: string,
  caller: Caller,
): Result<RouteTarget, ApiError> {
  const found = lookup(state, "network-interface", networkInterfaceId, caller);
  if (!found.ok) return found;
  if (found.value.vpcId !== table.vpcId) {
    return refuse(`route table ${table.id} and interface ${found.value.id} belong to different networks`);
  }
  return ok({ kind: "network-interface", networkInterfaceId: found.value.id });
}

function readVpnGateway(state: State, table: RouteTable, id: string, caller: Caller): Result<RouteTarget, ApiError> {
  const gateway = lookup(state, "vpn-gateway", id, caller);
  if (!gateway.ok) return gateway;
  if (gateway.value.vpcId !== table.vpcId) {
    return refuse(`route table ${table.id} and network gateway ${id} belong to different networks`);
  }
  return ok({ kind: "vpn-gateway", vpnGatewayId: gateway.value.id });
}

/** Source: VPC peering guide, "Update your route tables": also while the connection is pending. */
function readPeering(state: State, table: RouteTable, id: string, caller: Caller): Result<RouteTarget, ApiError> {
  const found = findPeering(state, id, caller);
  if (!found.ok) return found;
  const { requester, accepter, status } = found.value;
  if (status !== "active" && status !== "pending-acceptance") {
    return fail("InvalidVpcPeeringConnectionID.NotFound", { vpcPeeringConnectionId: id });
  }
  if (requester.vpcId !== table.vpcId && accepter.vpcId !== table.vpcId) {
    return refuse(`route table ${table.id} and VPC peering connection ${id} belong to different networks`);
  }
  return ok({ kind: "vpc-peering-connection", vpcPeeringConnectionId: found.value.id });
}

/** ASSUMPTION: a route to a NAT gateway that is gone does not find it, though AWS still shows it. */
function readNatGateway(state: State, natGatewayId: string, caller: Caller): Result<RouteTarget, ApiError> {
  const found = lookup(state, "natgateway", natGatewayId, caller);
  if (!found.ok && found.error.code === "NatGatewayMalformed") return found;
  if (!found.ok || !isLiveGateway(found.value)) {
    return fail("InvalidNatGatewayID.NotFound", { natGatewayId });
  }
  return ok({ kind: "nat-gateway", natGatewayId: found.value.id });
}

function readEgressOnly(state: State, table: RouteTable, id: string, caller: Caller): Result<RouteTarget, ApiError> {
  const found = lookup(state, "egress-only-internet-gateway", id, caller);
  if (!found.ok) return found;
  if (found.value.vpcId !== table.vpcId) {
    return refuse(`route table ${table.id} and network gateway ${id} belong to different networks`);
  }
  return ok({ kind: "egress-only-internet-gateway", egressOnlyInternetGatewayId: found.value.id });
}

/** An egress-only gateway takes IPv6 alone, a NAT gateway of IPv6 the prefix of NAT64 alone. */
function refusedFamily(destination: RouteDestination, target: RouteTarget): ReturnType<typeof refuse> | undefined {
  if (destination.kind !== "cidr") return undefined;
  const isIpv6 = destination.cidrBlock.includes(":");
  if (target.kind === "egress-only-internet-gateway" && !isIpv6) {
    return refuse(
      `The destination CIDR block ${destination.cidrBlock} is not valid for an egress-only internet gateway`,
    );
  }
  // Source: Amazon VPC User Guide, "DNS64 and NAT64": 64:ff9b::/96 is the one IPv6 destination of a NAT gateway.
  if (target.kind === "nat-gateway" && isIpv6 && destination.cidrBlock !== "64:ff9b::/96") {
    return refuse(`Route with IPv6 destination ${destination.cidrBlock} cannot have a NAT gateway as its target`);
  }
  return undefined;
}

/** Source: Amazon VPC User Guide, "Routing for a middlebox appliance": inside the VPC only to an interface. */
function refusedInsideVpc(
  state: State,
  table: RouteTable,
  destination: RouteDestination,
  target: RouteTarget,
): ReturnType<typeof refuse> | undefined {
  const vpc = find(state, "vpc", table.vpcId);
  if (vpc === undefined || destination.kind !== "cidr" || toMiddlebox(target)) return undefined;
  const prefix = storedPrefix(destination.cidrBlock);
  const blocks = [...prefixesOfVpc(vpc), ...vpc.ipv6CidrBlocks.map((one) => storedPrefix(one.cidrBlock))];
  const inside = blocks.some((block) => containsPrefix(block, prefix));
  if (inside) {
    return refuse(
      `The destination CIDR block ${destination.cidrBlock} is equal to or more specific than one of this VPC's CIDR blocks. This route can target only an interface or an instance.`,
    );
  }
  return target.kind === "local" ? refuse("A local route can target only a CIDR block of the VPC") : undefined;
}

function sameDestination(a: RouteDestination, b: RouteDestination): boolean {
  if (a.kind === "cidr" && b.kind === "cidr") return equalPrefix(storedPrefix(a.cidrBlock), storedPrefix(b.cidrBlock));
  return a.kind === "prefix-list" && b.kind === "prefix-list" && a.prefixListId === b.prefixListId;
}

function nameOf(route: Route): string {
  const kind = route.origin === "endpoint" ? "VPC endpoint" : "local";
  return `${kind} route ${formatDestination(route.destination)}`;
}

function refuse(message: string): ReturnType<typeof fail<"InvalidParameterValue">> {
  return fail("InvalidParameterValue", { message });
}

function toMiddlebox(target: RouteTarget): boolean {
  return target.kind === "network-interface" || target.kind === "nat-gateway" || target.kind === "vpc-endpoint";
}
