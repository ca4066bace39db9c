/**
 * Route tables and what is in them. Source: Amazon VPC User Guide, "Configure route tables".
 *
 * INVARIANT: the routes of gateway endpoints are never stored here. They follow from `VpcEndpoint.routeTableIds` (see
 * `route.ts`), so a route table and an endpoint cannot contradict each other.
 */

import type { Id } from "../base/id.ts";
import type { Resource } from "./resource.ts";

export interface RouteTable extends Resource {
  readonly id: Id<"rtb">;
  readonly vpcId: Id<"vpc">;
  /** Static routes; the local routes of the VPC's CIDR blocks are implied. */
  readonly routes: readonly StaticRoute[];
  readonly associations: readonly RouteTableAssociation[];
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
  | { readonly kind: "network-interface"; readonly networkInterfaceId: Id<"eni"> };

/** INVARIANT: over all tables of a VPC just one main association, and at most one association per subnet. */
export type RouteTableAssociation =
  | { readonly kind: "main"; readonly id: Id<"rtbassoc"> }
  | { readonly kind: "subnet"; readonly id: Id<"rtbassoc">; readonly subnetId: Id<"subnet"> };
