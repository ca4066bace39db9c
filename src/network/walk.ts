/**
 * The way of a packet through a VPC: which route table, which route, which door, and why.
 * Source: Amazon VPC User Guide, "Route priority" and "NAT gateways"; PrivateLink guide, "Gateway endpoints: routing".
 *
 * ASSUMPTION: a NAT gateway uses its primary address alone; AWS spreads connections over all of them.
 */

import { assert } from "../base/assert.ts";
import type { Id } from "../base/id.ts";
import { equalIp, formatIp, type Ip, parseIp, type Width } from "../base/ip.ts";
import { containsIp, parsePrefix, type Prefix } from "../base/prefix.ts";
import type { Instance } from "../model/instance.ts";
import type { NatGateway } from "../model/nat-gateway.ts";
import type { RouteTarget } from "../model/route-table.ts";
import { find, type State } from "../model/state.ts";
import { type CompiledRoute, targetText } from "./compiled-table.ts";
import { ipv4Inside } from "./dns64.ts";
import { arrivalAt, type Exit, none, overVpn, viaInterface } from "./exit.ts";
import { type InternetHop, overInternet } from "./internet.ts";
import { isIpv6, type Sender, senderOf } from "./sender.ts";
import { networkOf, type TableInForce, type VpcNetwork } from "./vpc-network.ts";

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

export interface Walk {
  /** Absent where no route table takes part: link-local addresses, the resolver, the instance itself, one that does not run. */
  readonly route?: RouteChoice;
  /** The NAT gateways on the way, in order; absent for none. */
  readonly nats?: readonly NatHop[];
  /** The peering connection by which it leaves the VPC for another one; absent for none. */
  readonly peering?: PeeringHop;
  /** The way over the internet into a VPC, to an address that is public there; absent for none. */
  readonly overInternet?: InternetHop;
  /** What a NAT gateway made of a destination of IPv6; absent where none did. */
  readonly translatedIp?: string;
  readonly exit: Exit;
}

/** Over a peering connection into the VPC of the other side, where no route table is asked any more. */
export interface PeeringHop {
  readonly vpcPeeringConnectionId: Id<"pcx">;
  readonly vpcId: Id<"vpc">;
}

/** A NAT gateway that gives the packet its own private address, and the route by which it goes on. */
export interface NatHop {
  readonly natGatewayId: Id<"nat">;
  readonly networkInterfaceId: Id<"eni">;
  readonly subnetId: Id<"subnet">;
  readonly privateIp: string;
  readonly route: RouteChoice;
}

/**
 * Where a packet from an instance to `destinationIp` ends. It comes from `sourceIp`, one of the instance's own addresses;
 * systems choose the primary one of the destination's family where a program does not.
 */
export function walk(state: State, instanceId: string, destinationIp: string, sourceIp?: string): Walk {
  const instance = find(state, "instance", instanceId);
  if (instance === undefined) return nowhere(`no instance ${instanceId}`);
  const network = networkOf(state, instance.vpcId);
  if (network === undefined || instance.state !== "running") return nowhere(`${instanceId} is ${instance.state}`);
  const ip = parseIp(destinationIp);
  if (ip === undefined) return nowhere(`\`${destinationIp}\` is no address`);
  if (services[ip.width].isNeverRouted(ip)) return nowhere("such an address is never routed");
  const source = senderOf(network, instance, ip.width, sourceIp);
  if (source === undefined) {
    // Source: `linkLocalIp` of the blueprint: for that service alone an instance has an address of IPv4 without having IPv4.
    if (sourceIp === undefined && equalIp(ip, services[32].metadata)) return { exit: metadataService };
    return nowhere(
      sourceIp === undefined
        ? `${instanceId} has no address of ${familyNames[ip.width]}`
        : `${sourceIp} is none of ${instanceId}`,
    );
  }
  const aim = { state, network, ip, destinationIp: formatIp(ip) };
  // What an instance sends to itself never reaches a route table.
  const own = network.interfaceByIp.get(aim.destinationIp)?.id;
  if (own !== undefined && instance.networkInterfaceIds.includes(own))
    return { exit: { kind: "local", networkInterfaceId: own } };
  return serviceWalk(network, ip, instance) ?? routedWalk(aim, source, []);
}

const metadataService: Exit = { kind: "vpc-service", service: "instance-metadata" };

const familyNames: Readonly<Record<Width, string>> = { 32: "IPv4", 128: "IPv6" };

/** Where a packet goes that a NAT gateway sends on to `destinationIp` (IPv4). */
export function walkFromNat(state: State, gateway: NatGateway, destinationIp: string): Walk {
  const network = networkOf(state, gateway.vpcId);
  const source = network && natSender(network, gateway.id);
  if (network === undefined || source === undefined) return nowhere(`${gateway.id} is ${gateway.state}`);
  const ip = parseIp(destinationIp);
  if (ip?.width !== 32) return nowhere(`\`${destinationIp}\` is no IPv4 address`);
  return routedWalk({ state, network, ip, destinationIp }, source, [gateway.id]);
}

/** What a NAT gateway sends on comes from its interface's primary address; undefined for one that is not available. */
function natSender(network: VpcNetwork, natGatewayId: string): Sender | undefined {
  const gateway = network.natGateways.get(natGatewayId);
  const holder = gateway && network.interfaces.get(gateway.networkInterfaceId);
  const ip = holder?.privateIpAddress;
  return holder && ip !== undefined ? { holder, ip } : undefined;
}

function serviceWalk(network: VpcNetwork, ip: Ip, { attributes, id }: Instance): Walk | undefined {
  const { block, metadata, resolver: ownResolver } = services[ip.width];
  const isOfServices = containsIp(block, ip);
  if (isOfServices && equalIp(ip, metadata)) {
    if (ip.width === 128 && attributes.metadata.httpProtocolIpv6 === "disabled") {
      return nowhere(`HttpProtocolIpv6 is off in the metadata options of ${id}`);
    }
    return { exit: metadataService };
  }
  const resolver = isOfServices
    ? equalIp(ip, ownResolver)
    : network.resolverIp !== undefined && equalIp(ip, network.resolverIp);
  if (resolver && network.vpc.enableDnsSupport) return { exit: { kind: "vpc-service", service: "resolver" } };
  if (resolver) return nowhere(`the resolver is off: enableDnsSupport of ${network.vpc.id} is off`);
  return isOfServices ? nowhere("nothing has this address of the VPC's own services") : undefined;
}

interface Aim {
  readonly state: State;
  readonly network: VpcNetwork;
  readonly ip: Ip;
  /** The same address as text. */
  readonly destinationIp: string;
}

/** The way from an interface on. `passed` are the NAT gateways before it, which a packet does not meet twice. */
function routedWalk(aim: Aim, source: Sender, passed: readonly string[]): Walk {
  const { network, ip, destinationIp } = aim;
  const { subnetId } = source.holder;
  const inForce = network.tableOf.get(subnetId);
  if (inForce === undefined) return nowhere(`${subnetId} has no route table`);
  const held = routesHolding(inForce, ip);
  const [chosen] = held;
  const route = choiceOf(inForce, held);
  if (chosen === undefined) return { route, exit: none(`${route.routeTableId} has no route to ${destinationIp}`) };
  if (!chosen.active) {
    const target = targetText(chosen.target);
    return { route, exit: none(`the route ${chosen.destination} of ${route.routeTableId} is a blackhole: ${target}`) };
  }
  if (chosen.target.kind === "nat-gateway") return throughNat(aim, { route, id: chosen.target.natGatewayId, passed });
  if (chosen.target.kind === "vpc-peering-connection") {
    return { route, ...overPeering(aim, source, chosen.target.vpcPeeringConnectionId) };
  }
  const exit = exitOf(aim, source, chosen.target);
  return { route, ...(exit.kind === "internet" ? overInternet(aim.state, exit, destinationIp) : { exit }) };
}

/** Source: "NAT gateway basics": what it sends on follows the route table of its own subnet. */
function throughNat(
  aim: Aim,
  { route, id, passed }: { readonly route: RouteChoice; readonly id: Id<"nat">; readonly passed: readonly string[] },
): Walk {
  const sender = natSender(aim.network, id);
  if (sender === undefined) return { route, exit: none(`${id} is no NAT gateway of ${aim.network.vpc.id}`) };
  if (passed.includes(id)) return { route, exit: none(`${id} sends packets to itself`) };
  const ip = translated(aim.ip);
  if (ip === undefined) return { route, exit: none(`${id} translates no ${aim.destinationIp}`) };
  const next = { ...aim, ip, destinationIp: formatIp(ip) };
  const rest = routedWalk(next, sender, [...passed, id]);
  const nextRoute = rest.route;
  if (nextRoute === undefined) return { route, exit: rest.exit };
  const { holder, ip: privateIp } = sender;
  const { id: networkInterfaceId, subnetId } = holder;
  const hop: NatHop = { natGatewayId: id, networkInterfaceId, subnetId, privateIp, route: nextRoute };
  const changed = ip === aim.ip ? {} : { translatedIp: next.destinationIp };
  return { ...rest, ...changed, route, nats: [hop, ...(rest.nats ?? [])] };
}

/** What a NAT gateway sends a packet on to; undefined where it drops it. Source: Amazon VPC User Guide, "DNS64 and NAT64". */
function translated(ip: Ip): Ip | undefined {
  if (ip.width === 32) return ip;
  const inside = ipv4Inside(ip);
  const { block, isNeverRouted } = services[32];
  return inside === undefined || isNeverRouted(inside) || containsIp(block, inside) ? undefined : inside;
}

/**
 * Into the VPC of the other side and no further: neither its gateways, endpoints and other peers nor its resolver are
 * reached. Source: Amazon VPC peering guide, "Edge to edge routing through a gateway or private connection" and
 * "Transitive peering"; "VPC peering limitations" (Amazon DNS server of a peer).
 */
function overPeering(aim: Aim, source: Sender, id: string): Pick<Walk, "peering" | "exit"> {
  const { state, network, ip, destinationIp } = aim;
  const peer = network.peers.get(id);
  const far = peer && networkOf(state, peer.vpcId);
  if (peer === undefined || far === undefined) return { exit: none(`${id} is not active`) };
  const { vpcPeeringConnectionId, vpcId } = peer;
  const peering = { vpcPeeringConnectionId, vpcId };
  if (!far.prefixes.some((prefix) => containsIp(prefix, ip))) {
    return { peering, exit: none(`${destinationIp} is outside ${vpcId}: ${id} leads no further than that VPC`) };
  }
  return { peering, exit: arrivalAt(state, source, far.interfaceByIp.get(destinationIp)) };
}

type DirectTarget = Exclude<RouteTarget, { kind: "nat-gateway" | "vpc-peering-connection" }>;

function exitOf({ state, network, ip, destinationIp }: Aim, source: Sender, target: DirectTarget): Exit {
  switch (target.kind) {
    case "local":
      return arrivalAt(state, source, network.interfaceByIp.get(destinationIp));
    case "vpc-endpoint": {
      const { vpcEndpointId } = target;
      // Those of gateway load balancers can be the target of a route too.
      const isGateway = network.endpoints.some((endpoint) => endpoint.id === vpcEndpointId);
      return isGateway
        ? { kind: "gateway-endpoint", vpcEndpointId, sourceIp: source.ip }
        : none(`${vpcEndpointId} carries no packets yet`);
    }
    case "internet-gateway": {
      const { internetGatewayId } = target;
      const publicIp = network.publicIpOf.get(source.ip);
      if (publicIp !== undefined) return { kind: "internet", internetGatewayId, sourceIp: publicIp };
      const which = source.ip === source.holder.privateIpAddress ? "" : `${source.ip} of `;
      return none(`${which}${source.holder.id} has no public address that ${internetGatewayId} could map`);
    }
    case "network-interface":
      return viaInterface(network, target.networkInterfaceId, destinationIp);
    case "egress-only-internet-gateway": {
      const { egressOnlyInternetGatewayId: internetGatewayId } = target;
      return isIpv6(source.ip)
        ? { kind: "internet", internetGatewayId, sourceIp: source.ip }
        : none(`${internetGatewayId} carries IPv6 alone`);
    }
    case "vpn-gateway":
      return overVpn(network, target.vpnGatewayId, ip);
  }
}

/** By which route of its table a subnet sends packets to an address; undefined where it has no table. */
export function routeChoice({ tableOf }: VpcNetwork, subnetId: string, ip: Ip): RouteChoice | undefined {
  const inForce = tableOf.get(subnetId);
  return inForce && choiceOf(inForce, routesHolding(inForce, ip));
}

/** The best first. */
function routesHolding({ table }: TableInForce, ip: Ip): readonly CompiledRoute[] {
  return table.byPrefix.allMatches(ip).map((match) => match.value);
}

function choiceOf(inForce: TableInForce, [chosen, ...beaten]: readonly CompiledRoute[]): RouteChoice {
  return {
    routeTableId: inForce.table.routeTable.id,
    routeTableBy: inForce.by,
    ...(chosen && { chosen: refOf(chosen) }),
    beaten: beaten.map(refOf),
  };
}

function refOf(route: CompiledRoute): RouteRef {
  return {
    destination: route.destination,
    cidrBlock: route.cidrBlock,
    target: targetText(route.target),
    state: route.active ? "active" : "blackhole",
    origin: route.origin,
  };
}

function nowhere(reason: string): Walk {
  return { exit: none(reason) };
}

function mustParse<T>(value: T | undefined, text: string): T {
  assert(value !== undefined, `${text} parses`);
  return value;
}

interface ServiceAddresses {
  /** Which no route leads to or away from. */
  readonly block: Prefix;
  readonly metadata: Ip;
  readonly resolver: Ip;
  readonly isNeverRouted: (ip: Ip) => boolean;
}

/**
 * Source: Amazon VPC User Guide, "Amazon DNS server"; Amazon EC2 User Guide, "Instance metadata". Over IPv6 an instance has
 * no metadata service unless its options say so. Source: RFC 1122 section 3.2.1.3 (this network, loopback), RFC 1112 section 4
 * (multicast), RFC 919 (broadcast); RFC 4291 section 2.4 (loopback, link-local, multicast), section 2.5.5 (IPv4 inside).
 */
const services: Readonly<Record<Width, ServiceAddresses>> = {
  32: {
    block: mustParse(parsePrefix("169.254.0.0/16"), "the link-local block"),
    metadata: mustParse(parseIp("169.254.169.254"), "the metadata address"),
    resolver: mustParse(parseIp("169.254.169.253"), "the resolver's link-local address"),
    isNeverRouted: ({ words: [first = 0] }) => {
      const top = first >>> 24;
      return top === 0 || top === 127 || top >= 224;
    },
  },
  128: {
    block: mustParse(parsePrefix("fd00:ec2::/32"), "the block of services"),
    metadata: mustParse(parseIp("fd00:ec2::254"), "the metadata service's address"),
    resolver: mustParse(parseIp("fd00:ec2::253"), "the resolver's address"),
    isNeverRouted: ({ words: [first = 0, second = 0, third = 0] }) =>
      first >>> 22 === 0x3fa ||
      first >>> 24 === 0xff ||
      (first === 0 && second === 0 && (third === 0 || third === 0xffff)),
  },
};
