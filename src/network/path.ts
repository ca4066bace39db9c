/**
 * The way by which a request reached a service. It is read off the socket alone: the listening socket says which door,
 * the peer address who came through. No header takes part.
 */

import type { Id } from "../base/id.ts";
import type { ServedService } from "./endpoint-service.ts";

export type Path = HostPath | InternetPath | GatewayEndpointPath | InterfaceEndpointPath;

/** From a program on the machine itself to the region's own port: no VPC, taken as the internet. */
export interface HostPath {
  readonly kind: "host";
  readonly sourceIp: string;
}

/** Through an internet gateway; the source is the public address that it mapped, of the instance or of its NAT gateway. */
export interface InternetPath {
  readonly kind: "internet";
  readonly sourceIp: string;
  /** The service's public address that was called. */
  readonly destinationIp: string;
  /** Of IPv6, where the gateway maps no address: the gateway itself. */
  readonly gatewayId?: string;
}

/** Through a gateway endpoint; the source is the private address of the instance or of the NAT gateway that it came through. */
export interface GatewayEndpointPath {
  readonly kind: "gateway-endpoint";
  readonly vpcEndpointId: Id<"vpce">;
  readonly vpcId: Id<"vpc">;
  readonly sourceIp: string;
  readonly destinationIp: string;
}

/**
 * Through a network interface of an interface endpoint; the source may be of the endpoint's VPC or of one that is peered
 * with it.
 */
export interface InterfaceEndpointPath {
  readonly kind: "interface-endpoint";
  readonly vpcEndpointId: Id<"vpce">;
  /** The endpoint's. */
  readonly vpcId: Id<"vpc">;
  readonly service: ServedService;
  readonly sourceIp: string;
  /** The interface's. */
  readonly destinationIp: string;
}
