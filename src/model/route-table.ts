/**
 * Route tables and what is in them. Source: Amazon VPC User Guide, "Configure route tables".
 *
 * INVARIANT: the routes of gateway endpoints are never stored here. They follow from `VpcEndpoint.routeTableIds` (see
 * `route.ts`), so a route table and an endpoint cannot contradict each other.
 */

import { assert } from "../base/assert.ts";
import { type Id, makeId } from "../base/id.ts";
import { ok, type Result } from "../base/result.ts";
import { idempotency, madeBefore } from "./client-token.ts";
import { type ApiError, fail } from "./error.ts";
import type { Idempotent } from "./idempotent.ts";
import { lookup } from "./lookup.ts";
import { checkQuota } from "./quota.ts";
import type { Resource, Tags } from "./resource.ts";
import { type Change, countBy, find, findBy, put, remove, type State } from "./state.ts";
import { checkTags } from "./tag.ts";
import { accept, type Caller, type Context, type Outcome } from "./verb.ts";

export interface RouteTable extends Resource, Idempotent {
  readonly id: Id<"rtb">;
  readonly vpcId: Id<"vpc">;
  /** Static routes; the local routes of the VPC's CIDR blocks are implied. */
  readonly routes: readonly StaticRoute[];
  readonly associations: readonly RouteTableAssociation[];
  /** The virtual private gateways whose routes it hears of; absent for none. */
  readonly propagatingVpnGatewayIds?: readonly Id<"vgw">[];
}

export interface StaticRoute {
  readonly destination: RouteDestination;
  readonly target: RouteTarget;
}

export type RouteDestination =
  | { readonly kind: "cidr"; readonly cidrBlock: string }
  | { readonly kind: "prefix-list"; readonly prefixListId: Id<"pl"> };

/** Where packets go. Whether the target still stands (active) or not (blackhole) follows from the state. */
export type RouteTarget =
  | { readonly kind: "local" }
  | { readonly kind: "internet-gateway"; readonly internetGatewayId: Id<"igw"> }
  | { readonly kind: "vpc-endpoint"; readonly vpcEndpointId: Id<"vpce"> }
  | { readonly kind: "network-interface"; readonly networkInterfaceId: Id<"eni"> }
  | { readonly kind: "nat-gateway"; readonly natGatewayId: Id<"nat"> }
  | { readonly kind: "egress-only-internet-gateway"; readonly egressOnlyInternetGatewayId: Id<"eigw"> }
  | { readonly kind: "vpc-peering-connection"; readonly vpcPeeringConnectionId: Id<"pcx"> }
  | { readonly kind: "vpn-gateway"; readonly vpnGatewayId: Id<"vgw"> };

/** INVARIANT: over all tables of a VPC just one main association, and at most one association per subnet. */
export type RouteTableAssociation =
  | { readonly kind: "main"; readonly id: Id<"rtbassoc"> }
  | { readonly kind: "subnet"; readonly id: Id<"rtbassoc">; readonly subnetId: Id<"subnet"> };

export function createRouteTable(
  state: State,
  input: { readonly vpcId: string; readonly tags: Tags; readonly clientToken?: string },
  context: Context,
): Outcome<RouteTable> {
  const before = madeBefore(state, "route-table", input, context);
  if (!before.ok) return before;
  if (before.value[0] !== undefined) return accept(before.value[0], []);
  const vpc = lookup(state, "vpc", input.vpcId, context);
  if (!vpc.ok) return vpc;
  const tags = checkTags(input.tags);
  if (!tags.ok) return tags;
  const quota = checkQuota("routeTablesPerVpc", countBy(state, "route-table", "vpcId", vpc.value.id), context);
  if (!quota.ok) return quota;
  const table = { ...newRouteTable(vpc.value.id, [], tags.value, context), ...idempotency(input) };
  return accept(table, [put("route-table", table)]);
}

/** Fails with DependencyViolation while the table is the main one or a subnet is associated with it. */
export function deleteRouteTable(
  state: State,
  input: { readonly routeTableId: string },
  context: Context,
): Outcome<void> {
  const table = lookup(state, "route-table", input.routeTableId, context);
  if (!table.ok) return table;
  const { id, associations } = table.value;
  if (associations.length > 0) {
    return fail("DependencyViolation", { message: `The routeTable '${id}' has dependencies and cannot be deleted.` });
  }
  // ASSUMPTION: a gateway endpoint that names the table does not hold it: it loses the association, as AWS's guide on
  // deleting route tables names subnets alone as holders.
  return accept(undefined, [...endpointsWithout(state, table.value), remove("route-table", id)]);
}

/** The id of the association. Associating a subnet with the table that it already has changes nothing. */
export function associateRouteTable(
  state: State,
  input: { readonly routeTableId: string; readonly subnetId: string },
  context: Context,
): Outcome<Id<"rtbassoc">> {
  const table = lookup(state, "route-table", input.routeTableId, context);
  if (!table.ok) return table;
  const subnet = lookup(state, "subnet", input.subnetId, context);
  if (!subnet.ok) return subnet;
  if (subnet.value.vpcId !== table.value.vpcId) {
    return fail("InvalidParameterValue", {
      message: `Route table ${table.value.id} and subnet ${subnet.value.id} belong to different networks`,
    });
  }
  const held = associationOfSubnet(state, subnet.value.id);
  if (held !== undefined && held.table.id === table.value.id) return accept(held.association.id, []);
  if (held !== undefined) {
    return fail("Resource.AlreadyAssociated", {
      message: `the specified association for route table ${table.value.id} conflicts with an existing association`,
    });
  }
  const id = makeId("rtbassoc", context.hex);
  return accept(id, [
    put("route-table", withAssociation(table.value, { kind: "subnet", id, subnetId: subnet.value.id })),
  ]);
}

/** Takes an association away, so that the subnet falls back to the main table; the main one cannot go. */
export function disassociateRouteTable(
  state: State,
  input: { readonly associationId: string },
  context: Context,
): Outcome<void> {
  const held = associationById(state, input.associationId, context);
  if (!held.ok) return held;
  const { table, association } = held.value;
  if (association.kind === "main") {
    return fail("InvalidParameterValue", {
      message: `cannot disassociate the main route table association ${association.id}`,
    });
  }
  return accept(undefined, [put("route-table", withoutAssociation(table, association.id))]);
}

/** The id of the new association: the subnet, or the role of main table, goes over to another table. */
export function replaceRouteTableAssociation(
  state: State,
  input: { readonly associationId: string; readonly routeTableId: string },
  context: Context,
): Outcome<Id<"rtbassoc">> {
  const held = associationById(state, input.associationId, context);
  if (!held.ok) return held;
  const table = lookup(state, "route-table", input.routeTableId, context);
  if (!table.ok) return table;
  const { table: from, association } = held.value;
  if (from.vpcId !== table.value.vpcId) {
    return fail("InvalidParameterValue", {
      message: `Route table ${table.value.id} and route table ${from.id} belong to different networks`,
    });
  }
  if (from.id === table.value.id) return accept(association.id, []);
  const id = makeId("rtbassoc", context.hex);
  const left = withoutAssociation(from, association.id);
  const moved = withAssociation(table.value, { ...association, id });
  return accept(id, [put("route-table", left), put("route-table", moved)]);
}

/** A new table, not yet in any state. */
export function newRouteTable(
  vpcId: Id<"vpc">,
  associations: readonly RouteTableAssociation[],
  tags: Tags,
  context: Context,
): RouteTable {
  const { accountId, region, nowMs, hex } = context;
  return { id: makeId("rtb", hex), accountId, region, createdAtMs: nowMs, tags, vpcId, routes: [], associations };
}

/** The main route table of a VPC that exists. */
export function mainRouteTableOf(state: State, vpcId: string): RouteTable {
  const [main] = findBy(state, "route-table", "mainOfVpcId", vpcId);
  assert(main !== undefined, `${vpcId} has a main route table`);
  return main;
}

/** The table in force for a subnet that exists: its own or the VPC's main one. */
export function routeTableOfSubnet(
  state: State,
  subnetId: string,
): { readonly table: RouteTable; readonly by: "subnet association" | "main route table" } {
  const [own] = findBy(state, "route-table", "subnetId", subnetId);
  if (own !== undefined) return { table: own, by: "subnet association" };
  const subnet = find(state, "subnet", subnetId);
  assert(subnet !== undefined, `${subnetId} exists`);
  return { table: mainRouteTableOf(state, subnet.vpcId), by: "main route table" };
}

/** The changes that free a subnet of its association. */
export function withoutSubnet(state: State, subnetId: string): readonly Change[] {
  const held = associationOfSubnet(state, subnetId);
  return held === undefined ? [] : [put("route-table", withoutAssociation(held.table, held.association.id))];
}

interface HeldAssociation {
  readonly table: RouteTable;
  readonly association: RouteTableAssociation;
}

function associationOfSubnet(state: State, subnetId: string): HeldAssociation | undefined {
  const [table] = findBy(state, "route-table", "subnetId", subnetId);
  const association = table?.associations.find((one) => one.kind === "subnet" && one.subnetId === subnetId);
  return table === undefined || association === undefined ? undefined : { table, association };
}

function associationById(state: State, associationId: string, caller: Caller): Result<HeldAssociation, ApiError> {
  const [table] = findBy(state, "route-table", "associationId", associationId);
  const association = table?.associations.find((one) => one.id === associationId);
  const own = table?.accountId === caller.accountId && table.region === caller.region;
  if (table === undefined || association === undefined || !own) {
    return fail("InvalidAssociationID.NotFound", { associationId });
  }
  return ok({ table, association });
}

function withAssociation(table: RouteTable, association: RouteTableAssociation): RouteTable {
  return { ...table, associations: [...table.associations, association] };
}

function withoutAssociation(table: RouteTable, associationId: string): RouteTable {
  return { ...table, associations: table.associations.filter((one) => one.id !== associationId) };
}

function endpointsWithout(state: State, table: RouteTable): readonly Change[] {
  return findBy(state, "vpc-endpoint", "routeTableId", table.id).flatMap((endpoint) =>
    endpoint.kind === "Gateway"
      ? [put("vpc-endpoint", { ...endpoint, routeTableIds: endpoint.routeTableIds.filter((id) => id !== table.id) })]
      : [],
  );
}
