/** The hops of a flow in the order in which its packets and answers meet them, laid out from what `reach` asked. */

import { formatIp } from "../base/ip.ts";
import { isOnPremises, type OnPremisesHost } from "../model/on-premises-host.ts";
import type { Instance } from "../model/instance.ts";
import type { NetworkInterface } from "../model/network-interface.ts";
import { find, type State } from "../model/state.ts";
import { echoHost, isEchoHost } from "../network/echo-host.ts";
import { vpcBehindVpn } from "../network/on-premises.ts";
import { type Packet, packetText, replyTo } from "../network/packet.ts";
import {
  type Answering,
  type Arrival,
  arrivalOf,
  type FilterStep,
  firstPacket,
  type Flow,
  ipOf,
  type Reach,
} from "../network/reach.ts";
import { type Sender, senderOf } from "../network/sender.ts";
import { serviceAt } from "../network/service-address.ts";
import { networkOf, type VpcNetwork } from "../network/vpc-network.ts";
import { type NatHop, type RouteChoice, routeChoice } from "../network/walk.ts";
import type { FilterHop, GatewayHop, Hop, HostHop, InterfaceHop } from "./flow-trace.ts";
import type { FilterTrace } from "./request-trace.ts";
import { filterTrace } from "./way.ts";

export interface FlowWay {
  readonly source: Instance | OnPremisesHost;
  readonly flow: Flow;
  readonly reached: Reach;
}

/** None where the source is not there: an instance that does not run, a VPN connection that leads to no VPC. */
export function hopsOf(state: State, way: FlowWay): readonly Hop[] {
  const { source } = way;
  const vpcId = isOnPremises(source) ? vpcBehindVpn(state, source) : source.vpcId;
  const network = vpcId === undefined ? undefined : networkOf(state, vpcId);
  if (network === undefined) return [];
  const width = ipOf(way.flow.destinationIp).width;
  const isGone = !isOnPremises(source) && source.state !== "running";
  const sender = isOnPremises(source) ? undefined : senderOf(network, source, width, way.flow.sourceIp);
  if (isGone || (sender === undefined && !isOnPremises(source))) return [];
  const target = arrivalOf(state, network, way.reached);
  const hops: Hop[] = [];
  for (const hop of walkHops({ ...way, state, network, sender, target, left: [...way.reached.filters] })) {
    hops.push(hop);
    if (hop.kind === "filter" && !hop.allowed) break;
  }
  return hops;
}

interface Course extends FlowWay {
  readonly state: State;
  /** Of the VPC where the flow begins, or comes in from on premises. */
  readonly network: VpcNetwork;
  /** Absent of what comes from on premises. */
  readonly sender: Sender | undefined;
  readonly target: Arrival | undefined;
  /** The filters that no hop has told yet: each is taken off as it is. */
  readonly left: FilterStep[];
}

type Hops = Generator<Hop, void, undefined>;

function* walkHops(course: Course): Hops {
  yield* requestHops(course);
  if (isAnswered(course)) yield* replyHops(course);
}

/** What an instance sends to itself or to a service of the VPC comes back by no route and past no filter. */
function isAnswered({ reached: { exit, route }, sender }: Course): boolean {
  if (exit.kind === "none" || exit.kind === "vpc-service") return false;
  if (exit.kind === "local" && exit.networkInterfaceId === undefined) return false;
  return sender === undefined || route !== undefined;
}

function* requestHops(course: Course): Hops {
  const { network, reached, sender, source, state, target } = course;
  if (sender !== undefined) yield interfaceHop(network, sender.holder, sender.ip);
  if (isOnPremises(source)) {
    yield hostHop(source);
    if (reached.exit.kind !== "on-premises") yield* vpnHop(course, source);
  }
  yield* taken(course, "security-group", "egress");
  if (reached.route !== undefined) yield { kind: "route", leg: "request", route: reached.route };
  for (const hop of reached.nats ?? []) {
    yield* taken(course, "network-acl", "egress");
    yield* taken(course, "network-acl", "ingress");
    yield* taken(course, "nat-gateway", "ingress");
    yield natHop(hop, reached.translatedIp);
    yield { kind: "route", leg: "request", route: hop.route };
  }
  yield* taken(course, "network-acl", "egress");
  yield* doorHops(course);
  yield* taken(course, "network-acl", "ingress");
  yield* taken(course, "security-group", "ingress");
  yield* endHop(state, course, target);
}

function* vpnHop({ network }: Course, { vpnConnectionId }: OnPremisesHost): Hops {
  if (network.vpn === undefined) return;
  const { vpnGatewayId: gatewayId } = network.vpn;
  yield { kind: "gateway", leg: "request", gatewayId, vpnConnectionId, vpcId: network.vpc.id };
}

/** By which the packet leaves its VPC, and comes into another one. */
function* doorHops({ reached: { exit, overInternet, peering } }: Course): Generator<GatewayHop, void, undefined> {
  const common = { kind: "gateway", leg: "request" } as const;
  if (peering !== undefined) {
    yield { ...common, gatewayId: peering.vpcPeeringConnectionId, vpcId: peering.vpcId };
  }
  if (overInternet !== undefined) {
    const { fromGatewayId, privateIp, sourceIp, toGatewayId, vpcId } = overInternet;
    yield { ...common, gatewayId: fromGatewayId, sourceIp };
    yield { ...common, gatewayId: toGatewayId, destinationIp: privateIp, vpcId };
  }
  switch (exit.kind) {
    case "internet":
      yield { ...common, gatewayId: exit.internetGatewayId, sourceIp: exit.sourceIp };
      return;
    case "gateway-endpoint":
      yield { ...common, gatewayId: exit.vpcEndpointId };
      return;
    case "on-premises":
      yield { ...common, gatewayId: exit.vpnGatewayId, vpnConnectionId: exit.vpnConnectionId };
      return;
    case "interface-endpoint":
    case "local":
    case "vpc-service":
    case "none":
      return;
  }
}

function* endHop(state: State, { flow, network, reached }: Course, target: Arrival | undefined): Hops {
  const { exit, overInternet, translatedIp } = reached;
  const ip = overInternet?.privateIp ?? translatedIp ?? flow.destinationIp;
  switch (exit.kind) {
    case "local":
    case "interface-endpoint": {
      // What an instance sends to itself goes through none of its network.
      const holder = target?.holder ?? network.interfaces.get(exit.networkInterfaceId ?? "");
      if (holder !== undefined) yield interfaceHop(target?.network ?? network, holder, ip);
      return;
    }
    case "internet":
    case "gateway-endpoint": {
      const service = serviceText(ip);
      yield { kind: "service", leg: "request", ip, ...(service !== undefined && { service }) };
      return;
    }
    case "vpc-service":
      yield { kind: "service", leg: "request", ip, service: exit.service };
      return;
    case "on-premises": {
      const host = find(state, "on-premises-host", exit.hostId);
      if (host !== undefined) yield hostHop(host);
      return;
    }
    case "none":
      return;
  }
}

function serviceText(ip: string): string | undefined {
  if (isEchoHost(ip)) return echoHost.name;
  const at = serviceAt(ip);
  return at && `${at.service} of ${at.region}`;
}

function* replyHops(course: Course): Hops {
  const { left, network, reached, sender, state, target } = course;
  const { answers = [], astray, filters } = reached;
  if (target !== undefined) yield trackedHop(target.holder, "egress", left[0]?.packet ?? lastReply(course));
  const firstReply = filters.length - left.length;
  for (let place = firstReply; place <= filters.length; place++) {
    for (const answering of answers.filter(({ filtersBefore }) => filtersBefore === place)) {
      const gatewayId = natAt(network, answering);
      if (gatewayId !== undefined) yield { kind: "gateway", leg: "reply", gatewayId };
      const route = routeOf(state, answering);
      if (route !== undefined) yield { kind: "route", leg: "reply", route };
    }
    const step = filters[place];
    if (step !== undefined) yield { kind: "filter", ...filterTrace(step) };
  }
  if (sender === undefined || astray !== undefined) return;
  yield trackedHop(sender.holder, "ingress", replyTo(firstPacket(sender, course.flow)));
}

/** Of who answers at the end of the way. */
function lastReply({ flow, reached, sender, source }: Course): Packet {
  const request = reached.filters.findLast(({ leg }) => leg === "request")?.packet;
  return replyTo(request ?? firstPacket(sender ?? { ip: isOnPremises(source) ? source.ip : flow.destinationIp }, flow));
}

function routeOf(state: State, { subnetId, toIp, vpcId }: Answering): RouteChoice | undefined {
  const network = networkOf(state, vpcId);
  return network && routeChoice(network, subnetId, ipOf(toIp));
}

function natAt(network: VpcNetwork, { networkInterfaceId }: Answering): string | undefined {
  const requester = network.interfaces.get(networkInterfaceId)?.requester;
  return requester?.kind === "nat-gateway" ? requester.natGatewayId : undefined;
}

/** The next filters that the packet meets, as long as they are of this kind. */
function* taken(
  { left }: Course,
  kind: FilterStep["verdict"]["kind"],
  direction: FilterTrace["direction"],
): Generator<FilterHop, void, undefined> {
  for (let [next] = left; next !== undefined; [next] = left) {
    const told = filterTrace(next);
    if (next.leg !== "request" || next.verdict.kind !== kind || told.direction !== direction) return;
    left.shift();
    yield { kind: "filter", ...told };
  }
}

/** Source: Amazon VPC User Guide, "Security groups": answers of what was let through pass whatever the rules say. */
function trackedHop(holder: NetworkInterface, direction: FilterTrace["direction"], packet: Packet): FilterHop {
  const ends = `${formatIp(packet.sourceIp)} to ${formatIp(packet.destinationIp)}`;
  return {
    kind: "filter",
    leg: "reply",
    at: holder.id,
    direction,
    allowed: true,
    by: "connection tracking",
    packet: `${packetText(packet)} from ${ends}`,
  };
}

function interfaceHop({ vpc }: VpcNetwork, holder: NetworkInterface, ip: string): InterfaceHop {
  const instanceId = holder.attachment?.instanceId;
  return {
    kind: "interface",
    leg: "request",
    networkInterfaceId: holder.id,
    subnetId: holder.subnetId,
    vpcId: vpc.id,
    ip,
    ...(instanceId !== undefined && { instanceId }),
  };
}

function hostHop({ id: hostId, ip, name, vpnConnectionId }: OnPremisesHost): HostHop {
  return { kind: "host", leg: "request", hostId, name, ip, vpnConnectionId };
}

function natHop({ natGatewayId, privateIp }: NatHop, translatedIp: string | undefined): GatewayHop {
  const changed = translatedIp === undefined ? {} : { destinationIp: translatedIp };
  return { kind: "gateway", leg: "request", gatewayId: natGatewayId, sourceIp: privateIp, ...changed };
}
