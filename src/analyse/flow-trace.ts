/** The story of a flow that nobody opened: every hop of its packets and of their answers. `underpass trace --to` prints it. */

import type { RouteChoice } from "../network/walk.ts";
import type { FilterTrace, RequestTrace } from "./request-trace.ts";

export interface FlowTrace {
  readonly atMs: number;
  /** Who would open it: an instance, or the host behind a VPN connection of that name. */
  readonly instanceId?: string;
  readonly onPremisesHost?: string;
  /** The target as it was asked for: `db:5432`. */
  readonly to: string;
  /** `tcp 5432`, `icmp type 8 code 0`; absent where the target has no address. */
  readonly opens?: string;
  /** Where the target is a host name: what that leads to, and which rule of the resolver said so. */
  readonly name?: RequestTrace["name"];
  readonly destinationIp?: string;
  /**
   * Whether the packets get there, and the answers back. Whether a program listens on an instance the network cannot tell;
   * of AWS's own services it is known.
   */
  readonly reachable: boolean;
  /** Why not. */
  readonly unreachable?: string;
  /** As packets meet them, to where the flow ends. */
  readonly hops: readonly Hop[];
  /** What would let the flow pass, or pass better: a sentence each, with the call that does it. */
  readonly advice?: readonly string[];
}

/** Each on the way of the packets (`request`) or of their answers (`reply`). */
export type Hop = FilterHop | RouteHop | InterfaceHop | GatewayHop | HostHop | ServiceHop;

/** A security group or a network ACL: answers that a group lets pass since it tracks their flow are told so. */
export interface FilterHop extends FilterTrace {
  readonly kind: "filter";
}

export interface RouteHop {
  readonly kind: "route";
  readonly leg: FilterTrace["leg"];
  readonly route: RouteChoice;
}

/** The network interface where the flow begins or ends. */
export interface InterfaceHop {
  readonly kind: "interface";
  readonly leg: "request";
  readonly networkInterfaceId: string;
  readonly subnetId: string;
  readonly vpcId: string;
  readonly ip: string;
  /** Absent where it is attached to none. */
  readonly instanceId?: string;
}

/** What leads out of a subnet: `igw-…`, `eigw-…`, `nat-…`, `pcx-…`, `vgw-…`, `vpce-…` of a gateway endpoint. */
export interface GatewayHop {
  readonly kind: "gateway";
  readonly leg: FilterTrace["leg"];
  readonly gatewayId: string;
  /** The address that it gives the packet to come from; absent where it leaves it. */
  readonly sourceIp?: string;
  /** The address that it gives the packet to go to; absent where it leaves it. */
  readonly destinationIp?: string;
  /** The VPC that it leads into. */
  readonly vpcId?: string;
  /** The VPN connection that it leads over. */
  readonly vpnConnectionId?: string;
}

/** On premises. */
export interface HostHop {
  readonly kind: "host";
  readonly leg: "request";
  readonly hostId: string;
  readonly name: string;
  readonly ip: string;
  readonly vpnConnectionId: string;
}

/** On the internet, behind a gateway endpoint, or of the VPC itself. */
export interface ServiceHop {
  readonly kind: "service";
  readonly leg: "request";
  /** `s3 of us-east-1`, `echo.internet.test`, `resolver`; absent where nobody has the address. */
  readonly service?: string;
  readonly ip: string;
}
