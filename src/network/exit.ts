/** Where the way of a packet ends: at an interface, an endpoint, a host on premises, or nowhere. */

import type { Id } from "../base/id.ts";
import { formatIp, type Ip } from "../base/ip.ts";
import type { NetworkInterface } from "../model/network-interface.ts";
import { find, type State } from "../model/state.ts";
import { type ServedService, servedServiceOf } from "./endpoint-service.ts";
import type { Sender } from "./sender.ts";
import type { VpcNetwork } from "./vpc-network.ts";
import { siteFor } from "./vpn.ts";

export type Exit =
  | { readonly kind: "gateway-endpoint"; readonly vpcEndpointId: Id<"vpce">; readonly sourceIp: string }
  /** By an internet gateway or, of IPv6, an egress-only one. */
  | { readonly kind: "internet"; readonly internetGatewayId: string; readonly sourceIp: string }
  /** At an interface of an interface endpoint, of this VPC or of one beyond a peering connection. */
  | {
      readonly kind: "interface-endpoint";
      readonly vpcEndpointId: Id<"vpce">;
      readonly vpcId: Id<"vpc">;
      readonly service: ServedService;
      readonly networkInterfaceId: Id<"eni">;
      readonly sourceIp: string;
    }
  /** At an interface of a VPC: the same one, a peer, or one that is reached over the internet. */
  | { readonly kind: "local"; readonly networkInterfaceId?: string }
  /** At a host behind a VPN connection. */
  | {
      readonly kind: "on-premises";
      readonly vpnGatewayId: Id<"vgw">;
      readonly vpnConnectionId: Id<"vpn">;
      readonly hostId: Id<"onprem">;
    }
  /** A service of the VPC itself, which no route leads to or away from. */
  | { readonly kind: "vpc-service"; readonly service: "resolver" | "instance-metadata" }
  /** Nothing answers: `no-route`, a blackhole, or no public address behind an internet gateway. */
  | { readonly kind: "none"; readonly reason: string };

/**
 * What stands at an address: an interface of an endpoint answers for its service, one of a NAT gateway to nobody, any other for
 * itself. Source: Amazon VPC User Guide, "NAT gateways": nobody outside can open a connection by one.
 */
export function arrivalAt(state: State, source: Pick<Sender, "ip">, holder: NetworkInterface | undefined): Exit {
  if (holder === undefined) return { kind: "local" };
  const { id: networkInterfaceId, requester } = holder;
  if (requester?.kind === "nat-gateway")
    return none(`${requester.natGatewayId} takes no connection to its own address`);
  if (requester?.kind !== "vpc-endpoint") return { kind: "local", networkInterfaceId };
  const endpoint = find(state, "vpc-endpoint", requester.vpcEndpointId);
  if (endpoint?.kind !== "Interface") return none(`${requester.vpcEndpointId} carries no packets`);
  const { id: vpcEndpointId, serviceName, vpcId } = endpoint;
  if (endpoint.state !== "available") return none(`${vpcEndpointId} is ${endpoint.state}`);
  const service = servedServiceOf(endpoint);
  return service === undefined
    ? none(`${vpcEndpointId} accepts no connection: ${serviceName} is not served here`)
    : { kind: "interface-endpoint", vpcEndpointId, vpcId, service, networkInterfaceId, sourceIp: source.ip };
}

/** To a host behind one of the gateway's VPN connections. */
export function overVpn({ vpn }: VpcNetwork, id: string, ip: Ip): Exit {
  if (vpn?.vpnGatewayId !== id) return none(`${id} is not attached`);
  const site = siteFor(vpn, ip);
  const text = formatIp(ip);
  if (site === undefined) return none(`no VPN connection of ${id} that is available has a static route to ${text}`);
  const { vpnConnectionId } = site;
  const host = site.hosts.find((one) => one.ip === text);
  return host === undefined
    ? none(`nobody has ${text} behind ${vpnConnectionId}`)
    : { kind: "on-premises", vpnGatewayId: vpn.vpnGatewayId, vpnConnectionId, hostId: host.id };
}

/** An interface takes only packets to its own address, unless its source/destination check is off. */
export function viaInterface(network: VpcNetwork, networkInterfaceId: string, destinationIp: string): Exit {
  const holder = network.interfaces.get(networkInterfaceId);
  if (holder === undefined) return none(`${networkInterfaceId} does not exist`);
  if (holder.requester !== undefined) return none(`${networkInterfaceId} is AWS's own, and no target of routes`);
  if (network.interfaceByIp.get(destinationIp) === holder || !holder.sourceDestCheck)
    return { kind: "local", networkInterfaceId };
  return none(`the source/destination check of ${networkInterfaceId} drops packets that are not for itself`);
}

export function none(reason: string): Exit {
  return { kind: "none", reason };
}
