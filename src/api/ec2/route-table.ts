/** Route tables on the wire. Source: Amazon EC2 API Reference, "CreateRouteTable" and the other operations below. */

import type {
  AssociateRouteTableRequest,
  AssociateRouteTableResult,
  CreateRouteTableRequest,
  CreateRouteTableResult,
  DeleteRouteTableRequest,
  DescribeRouteTablesRequest,
  DescribeRouteTablesResult,
  DisassociateRouteTableRequest,
  ReplaceRouteTableAssociationRequest,
  ReplaceRouteTableAssociationResult,
  Route as WireRoute,
  RouteTable as WireRouteTable,
  RouteTableAssociation as WireAssociation,
} from "@aws-sdk/client-ec2";
import { unreachable } from "../../base/assert.ts";
import { ok } from "../../base/result.ts";
import { fail } from "../../model/error.ts";
import { type Route, routesOf } from "../../model/route.ts";
import {
  associateRouteTable,
  createRouteTable,
  deleteRouteTable,
  disassociateRouteTable,
  replaceRouteTableAssociation,
  type RouteTable,
  type RouteTableAssociation,
} from "../../model/route-table.ts";
import { find, findBy, type State } from "../../model/state.ts";
import type { Call, Handler } from "../handler.ts";
import { action, type Actions } from "./action.ts";
import { type FilterTable, maybe, never, tagFilters } from "./filter.ts";
import { list } from "./listing.ts";
import { readTagSpecifications, tagSet } from "./tag-set.ts";
import { onAnything, onExisting, onNew } from "./target.ts";

const create: Handler<CreateRouteTableRequest, CreateRouteTableResult> = async (input, call) => {
  const tags = readTagSpecifications(input.TagSpecifications, ["route-table"]);
  if (!tags.ok) return tags;
  const { ClientToken: clientToken } = input;
  const wanted = {
    vpcId: input.VpcId ?? "",
    tags: tags.value["route-table"],
    ...(clientToken !== undefined && { clientToken }),
  };
  const made = await call.run((state, context) => createRouteTable(state, wanted, context));
  return made.ok ? ok({ RouteTable: wireTable(call.state(), made.value), ClientToken: clientToken }) : made;
};

const describe: Handler<DescribeRouteTablesRequest, DescribeRouteTablesResult> = async (input, call) => {
  const state = call.state();
  const listing = {
    kind: "route-table",
    ids: input.RouteTableIds,
    filters: filtersIn(state),
    indexed: { "vpc-id": "vpcId", "association.subnet-id": "subnetId" },
  } as const;
  const page = list(listing, input, call);
  if (!page.ok) return page;
  return ok({ RouteTables: page.value.items.map((one) => wireTable(state, one)), NextToken: page.value.nextToken });
};

const remove: Handler<DeleteRouteTableRequest, object> = async (input, call) => {
  const routeTableId = input.RouteTableId ?? "";
  const gone = await call.run((state, context) => deleteRouteTable(state, { routeTableId }, context));
  return gone.ok ? ok({}) : gone;
};

const associate: Handler<AssociateRouteTableRequest, AssociateRouteTableResult> = async (input, call) => {
  const { SubnetId: subnetId, GatewayId: gatewayId, RouteTableId: routeTableId = "" } = input;
  if (gatewayId !== undefined || input.PublicIpv4Pool !== undefined) {
    return fail("UnsupportedOperation", { message: "Edge associations are not served by Underpass yet" });
  }
  if (subnetId === undefined) return fail("MissingParameter", { parameter: "subnetId" });
  const done = await call.run((state, context) => associateRouteTable(state, { routeTableId, subnetId }, context));
  return done.ok ? ok({ AssociationId: done.value, AssociationState: { State: "associated" } }) : done;
};

const disassociate: Handler<DisassociateRouteTableRequest, object> = async (input, call) => {
  const associationId = input.AssociationId ?? "";
  const done = await call.run((state, context) => disassociateRouteTable(state, { associationId }, context));
  return done.ok ? ok({}) : done;
};

const replaceAssociation: Handler<ReplaceRouteTableAssociationRequest, ReplaceRouteTableAssociationResult> = async (
  input,
  call,
) => {
  const wanted = { associationId: input.AssociationId ?? "", routeTableId: input.RouteTableId ?? "" };
  const done = await call.run((state, context) => replaceRouteTableAssociation(state, wanted, context));
  return done.ok ? ok({ NewAssociationId: done.value, AssociationState: { State: "associated" } }) : done;
};

function wireTable(state: State, table: RouteTable): WireRouteTable {
  return {
    Associations: table.associations.map((one) => wireAssociation(table, one)),
    PropagatingVgws: (table.propagatingVpnGatewayIds ?? []).map((GatewayId) => ({ GatewayId })),
    RouteTableId: table.id,
    Routes: routesOf(state, table).map((route) => wireRoute(state, route)),
    Tags: tagSet(table.tags),
    VpcId: table.vpcId,
    OwnerId: table.accountId,
  };
}

function wireAssociation(table: RouteTable, association: RouteTableAssociation): WireAssociation {
  return {
    Main: association.kind === "main",
    RouteTableAssociationId: association.id,
    RouteTableId: table.id,
    ...(association.kind === "subnet" && { SubnetId: association.subnetId }),
    AssociationState: { State: "associated" },
  };
}

/** Source: EC2 API Reference, "Route", Origin. */
const origins: Readonly<Record<Route["origin"], NonNullable<WireRoute["Origin"]>>> = {
  local: "CreateRouteTable",
  static: "CreateRoute",
  endpoint: "CreateRoute",
  propagated: "EnableVgwRoutePropagation",
};

function wireRoute(state: State, route: Route): WireRoute {
  const { destination } = route;
  return {
    ...(destination.kind === "cidr"
      ? {
          [destination.cidrBlock.includes(":") ? "DestinationIpv6CidrBlock" : "DestinationCidrBlock"]:
            destination.cidrBlock,
        }
      : { DestinationPrefixListId: destination.prefixListId }),
    ...wireTarget(state, route),
    Origin: origins[route.origin],
    State: route.state,
  };
}

function wireTarget(state: State, { target }: Route): WireRoute {
  switch (target.kind) {
    case "local":
      return { GatewayId: "local" };
    case "internet-gateway":
      return { GatewayId: target.internetGatewayId };
    case "vpc-endpoint":
      return { GatewayId: target.vpcEndpointId };
    case "network-interface": {
      const found = find(state, "network-interface", target.networkInterfaceId);
      return {
        NetworkInterfaceId: target.networkInterfaceId,
        ...(found?.attachment !== undefined && {
          InstanceId: found.attachment.instanceId,
          InstanceOwnerId: found.accountId,
        }),
      };
    }
    case "nat-gateway":
      return { NatGatewayId: target.natGatewayId };
    case "egress-only-internet-gateway":
      return { EgressOnlyInternetGatewayId: target.egressOnlyInternetGatewayId };
    case "vpc-peering-connection":
      return { VpcPeeringConnectionId: target.vpcPeeringConnectionId };
    case "vpn-gateway":
      return { GatewayId: target.vpnGatewayId };
  }
  return unreachable(target);
}

function filtersIn(state: State): FilterTable<RouteTable> {
  const routes =
    (pick: (route: WireRoute) => string | undefined) =>
    (table: RouteTable): readonly string[] =>
      routesOf(state, table).flatMap((route) => maybe(pick(wireRoute(state, route))));
  return {
    ...tagFilters,
    "association.gateway-id": never,
    "association.main": (it) => it.associations.map((one) => String(one.kind === "main")),
    "association.route-table-association-id": (it) => it.associations.map((one) => one.id),
    "association.route-table-id": (it) => it.associations.map(() => it.id),
    "association.subnet-id": (it) => it.associations.flatMap((one) => (one.kind === "subnet" ? [one.subnetId] : [])),
    "owner-id": (it) => [it.accountId],
    "route-table-id": (it) => [it.id],
    "route.destination-cidr-block": routes((route) => route.DestinationCidrBlock),
    "route.destination-ipv6-cidr-block": routes((route) => route.DestinationIpv6CidrBlock),
    "route.destination-prefix-list-id": routes((route) => route.DestinationPrefixListId),
    "route.egress-only-internet-gateway-id": routes((route) => route.EgressOnlyInternetGatewayId),
    "route.gateway-id": routes((route) => route.GatewayId),
    "route.instance-id": routes((route) => route.InstanceId),
    "route.nat-gateway-id": routes((route) => route.NatGatewayId),
    "route.network-interface-id": routes((route) => route.NetworkInterfaceId),
    "route.origin": routes((route) => route.Origin),
    "route.state": routes((route) => route.State),
    "route.transit-gateway-id": never,
    "route.vpc-peering-connection-id": routes((route) => route.VpcPeeringConnectionId),
    "transit-gateway-id": never,
    "vpc-id": (it) => [it.vpcId],
  };
}

function tableOfAssociation(associationId: string | undefined, call: Call): RouteTable | undefined {
  return findBy(call.state(), "route-table", "associationId", associationId ?? "")[0];
}

function subnetOfAssociation(associationId: string | undefined, call: Call): string | undefined {
  const held = tableOfAssociation(associationId, call)?.associations.find((one) => one.id === associationId);
  return held?.kind === "subnet" ? held.subnetId : undefined;
}

function gatewayOfKind(prefix: "igw" | "vgw", id: string | undefined): readonly string[] {
  return id?.startsWith(`${prefix}-`) === true ? [id] : [];
}

export const routeTableActions: Actions = {
  CreateRouteTable: action(create, (input, call) => [
    ...onNew("CreateRouteTable", { kind: "route-table", tagSpecifications: input.TagSpecifications }, call),
    ...onExisting("CreateRouteTable", "vpc", [input.VpcId], call),
  ]),
  DescribeRouteTables: action(describe, (_, call) => onAnything("DescribeRouteTables", call)),
  DeleteRouteTable: action(remove, (input, call) =>
    onExisting("DeleteRouteTable", "route-table", [input.RouteTableId], call),
  ),
  AssociateRouteTable: action(associate, (input, call) => [
    ...onExisting("AssociateRouteTable", "route-table", [input.RouteTableId], call),
    ...onExisting("AssociateRouteTable", "subnet", [input.SubnetId], call),
    ...onExisting("AssociateRouteTable", "internet-gateway", gatewayOfKind("igw", input.GatewayId), call),
    ...onExisting("AssociateRouteTable", "vpn-gateway", gatewayOfKind("vgw", input.GatewayId), call),
  ]),
  DisassociateRouteTable: action(disassociate, (input, call) => [
    ...onExisting(
      "DisassociateRouteTable",
      "route-table",
      [tableOfAssociation(input.AssociationId, call)?.id ?? "*"],
      call,
    ),
    ...onExisting("DisassociateRouteTable", "subnet", [subnetOfAssociation(input.AssociationId, call)], call),
  ]),
  ReplaceRouteTableAssociation: action(replaceAssociation, (input, call) => [
    ...onExisting(
      "ReplaceRouteTableAssociation",
      "route-table",
      [input.RouteTableId, tableOfAssociation(input.AssociationId, call)?.id],
      call,
    ),
    ...onExisting("ReplaceRouteTableAssociation", "subnet", [subnetOfAssociation(input.AssociationId, call)], call),
  ]),
};
