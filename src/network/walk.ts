/**
 * The way of a packet through a VPC: which route table, which route, which door, and why.
 * Source: Amazon VPC User Guide, "Route priority"; PrivateLink guide, "Gateway endpoints: routing".
 */

import type { State } from "../model/state.ts";

/** The route that won and those that hold the address too but lost, best first. */
export interface RouteChoice {
  readonly routeTableId: string;
  readonly routeTableBy: "subnet association" | "main route table";
  readonly chosen?: RouteRef;
  readonly beaten: readonly RouteRef[];
}

export interface RouteRef {
  readonly destination: string;
  /** The CIDR block that matched: of a prefix list the entry. */
  readonly cidrBlock: string;
  /** `local`, `igw-…`, `vpce-…`, `eni-…`. */
  readonly target: string;
  readonly state: "active" | "blackhole";
  readonly origin: "local" | "static" | "endpoint" | "propagated";
}

export type Exit =
  | { readonly kind: "gateway-endpoint"; readonly vpcEndpointId: string; readonly sourceIp: string }
  | { readonly kind: "internet"; readonly internetGatewayId: string; readonly sourceIp: string }
  | { readonly kind: "local"; readonly networkInterfaceId?: string }
  /** Nothing answers: `no-route`, a blackhole, or no public address behind an internet gateway. */
  | { readonly kind: "none"; readonly reason: string };

export interface Walk {
  readonly route: RouteChoice;
  readonly exit: Exit;
}

/** Where a packet from an instance to `destinationIp` ends. */
export function walk(_state: State, _instanceId: string, _destinationIp: string): Walk {
  throw new Error("not built yet");
}
