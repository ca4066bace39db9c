/**
 * The routes of a table, all of them: the local ones of the VPC's blocks, the static ones, and those that gateway
 * endpoints put there; and the verbs for the static ones.
 * Source: Amazon VPC User Guide, "Configure route tables"; PrivateLink guide, "Gateway endpoints: routing".
 */

import { unreachable } from "../base/assert.ts";
import { containsPrefix, equalPrefix, formatPrefix, type Prefix } from "../base/prefix.ts";
import { ok, type Result } from "../base/result.ts";
import { readCidr, storedPrefix } from "./cidr.ts";
import { type ApiError, fail } from "./error.ts";
import { lookup } from "./lookup.ts";
import { findPrefixList, prefixListOfService } from "./prefix-list.ts";
import type { RouteDestination, RouteTable, RouteTarget, StaticRoute } from "./route-table.ts";
import { find, findBy, put, type State } from "./state.ts";
import { accept, type Caller, type Context, type Outcome } from "./verb.ts";
import { prefixesOfVpc } from "./vpc.ts";

export interface Route {
  readonly destination: RouteDestination;
  readonly target: RouteTarget;
  readonly origin: "local" | "static" | "endpoint";
  readonly state: "active" | "blackhole";
}

/** Every route of a table: local, then static, then those of endpoints. No two have the same destination. */
export function routesOf(state: State, table: RouteTable): readonly Route[] {
  const vpc = find(state, "vpc", table.vpcId);
  const local = (vpc?.cidrBlocks ?? []).map(({ cidrBlock }): Route => ({
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
  return [...local, ...fixed, ...endpointRoutes(state, table)];
}

/** The blocks that a destination stands for; of a prefix list those of the region. */
export function prefixesOfDestination(region: string, destination: RouteDestination): readonly Prefix[] {
  return destination.kind === "cidr"
    ? [storedPrefix(destination.cidrBlock)]
    : (findPrefixList(region, destination.prefixListId)?.prefixes ?? []);
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
  | { readonly kind: "cidr"; readonly cidrBlock: string }
  | { readonly kind: "prefix-list"; readonly prefixListId: string };

export type TargetInput =
  | { readonly kind: "local" }
  | { readonly kind: "gateway"; readonly gatewayId: string }
  | { readonly kind: "vpc-endpoint"; readonly vpcEndpointId: string }
  | { readonly kind: "network-interface"; readonly networkInterfaceId: string }
  | { readonly kind: "instance"; readonly instanceId: string };

/** Adds a static route; fails with RouteAlreadyExists where a local, static or endpoint route has the destination. */
export function createRoute(state: State, input: RouteInput, context: Context): Outcome<void> {
  const table = lookup(state, "route-table", input.routeTableId, context);
  if (!table.ok) return table;
  const destination = readDestination(input.destination, context);
  if (!destination.ok) return destination;
  if (routeWith(state, table.value, destination.value) !== undefined) {
    return fail("RouteAlreadyExists", { message: alreadyExists(table.value, destination.value) });
  }
  const target = readTarget(state, table.value, input.target, context);
  if (!target.ok) return target;
  const refused = refusedInsideVpc(state, table.value, destination.value, target.value);
  if (refused !== undefined) return refused;
  const route: StaticRoute = { destination: destination.value, target: target.value };
  return accept(undefined, [put("route-table", { ...table.value, routes: [...table.value.routes, route] })]);
}

/** Gives a static route another target; the routes of endpoints are not touched by hand. */
export function replaceRoute(state: State, input: RouteInput, context: Context): Outcome<void> {
  const table = lookup(state, "route-table", input.routeTableId, context);
  if (!table.ok) return table;
  const destination = readDestination(input.destination, context);
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
  const destination = readDestination(input.destination, context);
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

/** The route with just this destination, or undefined. */
export function routeWith(state: State, table: RouteTable, destination: RouteDestination): Route | undefined {
  return routesOf(state, table).find((route) => sameDestination(route.destination, destination));
}

/** INVARIANT: a table has at most one endpoint of a service, so these have different destinations. */
function endpointRoutes(state: State, table: RouteTable): readonly Route[] {
  return findBy(state, "vpc-endpoint", "routeTableId", table.id).flatMap((endpoint): Route[] => {
    const list = prefixListOfService(endpoint.region, endpoint.serviceName);
    if (list === undefined || endpoint.state !== "available") return [];
    return [
      {
        destination: { kind: "prefix-list", prefixListId: list.id },
        target: { kind: "vpc-endpoint", vpcEndpointId: endpoint.id },
        origin: "endpoint",
        state: "active",
      },
    ];
  });
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
  }
  return unreachable(target);
}

function readDestination(input: DestinationInput, caller: Caller): Result<RouteDestination, ApiError> {
  if (input.kind === "cidr") {
    const cidr = readCidr(input.cidrBlock, "destinationCidrBlock");
    return cidr.ok ? ok({ kind: "cidr", cidrBlock: formatPrefix(cidr.value) }) : cidr;
  }
  const list = findPrefixList(caller.region, input.prefixListId);
  return list === undefined
    ? fail("InvalidPrefixListID.NotFound", { prefixListId: input.prefixListId })
    : ok({ kind: "prefix-list", prefixListId: list.id });
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
      return endpointByHand(state, input.vpcEndpointId, caller);
    case "network-interface":
      return readInterface(state, table, input.networkInterfaceId, caller);
    case "instance": {
      const instance = lookup(state, "instance", input.instanceId, caller);
      if (!instance.ok) return instance;
      const [primary] = instance.value.networkInterfaceIds;
      if (primary === undefined) return fail("InvalidInstanceID.NotFound", { instanceId: input.instanceId });
      return readInterface(state, table, primary, caller);
    }
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
  if (gatewayId.startsWith("vpce-")) return endpointByHand(state, gatewayId, caller);
  const gateway = lookup(state, "internet-gateway", gatewayId, caller);
  if (!gateway.ok) return gateway;
  if (gateway.value.vpcId !== table.vpcId) {
    return refuse(`route table ${table.id} and network gateway ${gateway.value.id} belong to different networks`);
  }
  return ok({ kind: "internet-gateway", internetGatewayId: gateway.value.id });
}

/**
 * Always a failure. Source: Amazon VPC User Guide (2021), "Gateway VPC endpoints": an endpoint route cannot be added,
 * modified or deleted by hand. ASSUMPTION: code and text.
 */
function endpointByHand(state: State, vpcEndpointId: string, caller: Caller): Result<never, ApiError> {
  const endpoint = lookup(state, "vpc-endpoint", vpcEndpointId, caller);
  if (!endpoint.ok) return endpoint;
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

/** Source: Amazon VPC User Guide, "Routing for a middlebox appliance": inside the VPC only to an interface. */
function refusedInsideVpc(
  state: State,
  table: RouteTable,
  destination: RouteDestination,
  target: RouteTarget,
): ReturnType<typeof refuse> | undefined {
  const vpc = find(state, "vpc", table.vpcId);
  if (vpc === undefined || destination.kind !== "cidr" || target.kind === "network-interface") return undefined;
  const prefix = storedPrefix(destination.cidrBlock);
  const inside = prefixesOfVpc(vpc).some((block) => containsPrefix(block, prefix));
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
