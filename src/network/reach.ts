/**
 * Whether a flow gets where its route leads, and back: the walk, and every filter that its packets and their answers meet.
 * Source: Amazon VPC User Guide, "Security groups" (stateful: asked once, where the flow begins), "Network ACLs"
 * (stateless: asked for every packet that crosses the border of a subnet).
 *
 * Neither is asked about traffic of the resolver and the instance metadata service. Source: "Security group basics",
 * "Network ACL basics".
 */

import { assert } from "../base/assert.ts";
import type { Id } from "../base/id.ts";
import { addToIp, equalIp, type Ip, parseIp, type Width } from "../base/ip.ts";
import { containsIp, sizeOfPrefix } from "../base/prefix.ts";
import { storedPrefix } from "../model/cidr.ts";
import type { Instance } from "../model/instance.ts";
import type { NetworkInterface } from "../model/network-interface.ts";
import { find, type State } from "../model/state.ts";
import { type AclVerdict, aclVerdict } from "./acl.ts";
import { type CompiledRoute, targetText } from "./compiled-table.ts";
import { type GroupVerdict, groupVerdict } from "./firewall.ts";
import {
  anyPort,
  ephemeralPorts,
  hasPorts,
  natPorts,
  type Packet,
  type PortRange,
  protocolNumbers,
  replyTo,
} from "./packet.ts";
import { homewardGateway } from "./internet.ts";
import { networkOf, type VpcNetwork } from "./vpc-network.ts";
import { isIpv6, type Sender, senderOf } from "./sender.ts";
import { type Walk, walk } from "./walk.ts";

/** A flow that an instance would open. */
export interface Flow {
  readonly destinationIp: string;
  /** One of the instance's addresses; absent for the primary one of the destination's family. */
  readonly sourceIp?: string;
  readonly opens: Opening;
  /** Whether it is open already: security groups track it then and are not asked again, network ACLs are. */
  readonly isTracked?: boolean;
}

export type Opening =
  | {
      readonly kind: "tcp" | "udp";
      readonly port: number;
      /** Absent where it may be any of the ports that systems choose from. */
      readonly sourcePort?: number;
    }
  /** An echo request. */
  | { readonly kind: "ping" }
  | { readonly kind: "protocol"; readonly number: number };

export interface Reach extends Walk {
  /** Every filter that was asked, in the order in which packets meet them; a filter that drops is the last. */
  readonly filters: readonly FilterStep[];
  /** The filter that drops the flow, or its answers; absent where all let it pass. */
  readonly dropped?: FilterStep;
  /** Why the answers do not come back though no filter drops them; absent where they do. */
  readonly astray?: string;
  /** The route tables that answers were led by, in order: the last one astray, where they go so. Absent for none. */
  readonly answers?: readonly AnsweringInOrder[];
}

/** An interface that sends answers on: that of who answers, or of a NAT gateway. */
export interface Answering {
  readonly vpcId: Id<"vpc">;
  readonly networkInterfaceId: Id<"eni">;
  /** Whose route table leads them. */
  readonly subnetId: Id<"subnet">;
  /** Whom they are for, as the interface sees it. */
  readonly toIp: string;
}

export interface AnsweringInOrder extends Answering {
  /** How many filters were asked before it sends on. */
  readonly filtersBefore: number;
}

export interface FilterStep {
  readonly leg: "request" | "reply";
  /** As the filter saw it. */
  readonly packet: Packet;
  readonly verdict: GroupVerdict | SubnetVerdict | NatVerdict;
}

/** An ACL's word on a packet at the border of a subnet. */
export interface SubnetVerdict extends AclVerdict {
  readonly subnetId: string;
}

/** A NAT gateway's word on a protocol that it does not translate. */
export interface NatVerdict {
  readonly kind: "nat-gateway";
  readonly natGatewayId: string;
  readonly allowed: false;
}

/** What becomes of a flow that an instance opens. */
export function reach(state: State, instanceId: string, flow: Flow): Reach {
  const walked = walk(state, instanceId, flow.destinationIp, flow.sourceIp);
  const instance = find(state, "instance", instanceId);
  const network = instance && networkOf(state, instance.vpcId);
  const width = parseIp(flow.destinationIp)?.width;
  const source = width && senderOf(network, instance, width, flow.sourceIp);
  if (instance !== undefined && network !== undefined && source !== undefined && isForNobody(walked)) {
    return isSent(network, instance, { source, flow })
      ? followed(walked, leavingSteps(network, source, flow))
      : { ...walked, filters: [] };
  }
  if (network === undefined || source === undefined || !meetsFilters(walked)) return { ...walked, filters: [] };
  return followed(walked, stepsOf({ network, source, walked, target: arrivalOf(state, network, walked) }, flow));
}

/** Filters and interfaces that answer, as a flow meets them; in the end why its answers go astray, if they do. */
export type Steps = Generator<FilterStep | Answering, string | undefined, undefined>;

/** Asks filters until one drops. */
export function followed(walked: Walk, steps: Steps): Reach {
  const filters: FilterStep[] = [];
  const answers: AnsweringInOrder[] = [];
  for (;;) {
    const { done, value } = steps.next();
    const way = { ...walked, filters, ...(answers.length > 0 && { answers }) };
    if (done === true) return { ...way, ...(value !== undefined && { astray: value }) };
    if (!("verdict" in value)) {
      answers.push({ ...value, filtersBefore: filters.length });
      continue;
    }
    filters.push(value);
    if (!value.verdict.allowed) return { ...way, dropped: value };
  }
}

/** Nothing is asked where nothing would answer, nor of what an instance sends to itself, which has no route. */
function meetsFilters({ route, exit }: Walk): boolean {
  switch (exit.kind) {
    case "none":
    case "vpc-service":
      return false;
    case "local":
      return route !== undefined && exit.networkInterfaceId !== undefined;
    case "interface-endpoint":
    case "gateway-endpoint":
    case "internet":
    case "on-premises":
      return true;
  }
}

/** To an address of the sender's own VPC that no interface has. */
function isForNobody({ exit, nats, peering, route }: Walk): boolean {
  const isNobody = exit.kind === "local" && exit.networkInterfaceId === undefined;
  return isNobody && route !== undefined && nats === undefined && peering === undefined;
}

/**
 * Whether such a packet leaves its instance: by IPv4 nobody answers ARP for it in the primary interface's own subnet, and
 * nothing is sent to that subnet's broadcast address. What is for the VPC's router ends there. Source: Amazon VPC User Guide,
 * "Subnet sizing" (the router has the second address of a block, and the last one is reserved).
 */
function isSent(
  { interfaces, subnets }: VpcNetwork,
  { networkInterfaceIds }: Instance,
  { flow, source: { holder } }: { readonly flow: Flow; readonly source: Sender },
): boolean {
  const ip = ipOf(flow.destinationIp);
  const blocks = subnets.flatMap(({ cidrBlock, id }) =>
    cidrBlock === undefined ? [] : [{ subnetId: id, block: storedPrefix(cidrBlock) }],
  );
  const around = blocks.find(({ block }) => containsIp(block, ip));
  if (around === undefined) return true;
  const { block, subnetId } = around;
  if (equalIp(addToIp(block.ip, 1), ip)) return false;
  const primary = interfaces.get(networkInterfaceIds[0] ?? "");
  if (subnetId !== primary?.subnetId) return true;
  return holder !== primary && !equalIp(addToIp(block.ip, sizeOfPrefix(block) - 1), ip);
}

/** The filters of the sender alone. */
function* leavingSteps(network: VpcNetwork, source: Sender, flow: Flow): Steps {
  const packet = firstPacket(source, flow);
  const { holder } = source;
  if (flow.isTracked !== true) {
    yield { leg: "request", packet, verdict: groupVerdict(network, holder, "egress", packet) };
  }
  const border = { from: { network, subnetId: holder.subnetId }, to: { network }, packet };
  for (const verdict of borders(border)) yield { leg: "request", packet, verdict };
  return undefined;
}

interface WayOfFlow {
  /** Of the VPC where the flow begins. */
  readonly network: VpcNetwork;
  readonly source: Sender;
  readonly walked: Walk;
  /** The interface at the end, in this VPC or a peer; absent where the flow leaves for a service. */
  readonly target: Arrival | undefined;
}

export interface Arrival {
  readonly network: VpcNetwork;
  readonly holder: NetworkInterface;
}

export function arrivalOf(state: State, network: VpcNetwork, walked: Walk): Arrival | undefined {
  const { exit } = walked;
  const far = networkAtEnd(state, network, walked);
  const isInside = exit.kind === "local" || exit.kind === "interface-endpoint";
  const holder = isInside ? far?.interfaces.get(exit.networkInterfaceId ?? "") : undefined;
  return far !== undefined && holder !== undefined ? { network: far, holder } : undefined;
}

/** Of the VPC where the way ends: the one where it began, or the one behind a peering connection or the internet. */
export function networkAtEnd(state: State, network: VpcNetwork, walked: Walk): VpcNetwork | undefined {
  const vpcId = walked.peering?.vpcId ?? walked.overInternet?.vpcId;
  return vpcId === undefined ? network : networkOf(state, vpcId);
}

/** Between two points a packet crosses the borders of their subnets where these differ. */
interface Point {
  /** Absent outside: behind an endpoint or an internet gateway. */
  readonly subnetId?: string;
  readonly network: VpcNetwork;
}

interface Segment {
  readonly from: Point;
  readonly to: Point;
  /** As it travels on this segment. */
  readonly packet: Packet;
}

/** Answers are asked of by filters only where their route leads back: elsewhere they meet others, or none. */
function* stepsOf(way: WayOfFlow, flow: Flow): Steps {
  const { network, source, target, walked } = way;
  const segments = segmentsOf(way, flow);
  const [first] = segments;
  const last = segments.at(-1);
  assert(first !== undefined && last !== undefined, "a way has a segment");
  const request = (packet: Packet, verdict: FilterStep["verdict"]): FilterStep => ({ leg: "request", packet, verdict });
  const isNew = flow.isTracked !== true;
  if (isNew) yield request(first.packet, groupVerdict(network, source.holder, "egress", first.packet));
  for (const [at, segment] of segments.entries()) {
    for (const verdict of borders(segment)) yield request(segment.packet, verdict);
    const hop = walked.nats?.[at];
    if (hop !== undefined && !translated[segment.packet.sourceIp.width].has(segment.packet.protocol)) {
      yield request(segment.packet, { kind: "nat-gateway", natGatewayId: hop.natGatewayId, allowed: false });
    }
  }
  if (isNew && target !== undefined) {
    yield request(last.packet, groupVerdict(target.network, target.holder, "ingress", last.packet));
  }
  for (const { at, ...reply } of repliesOf(way, segments)) {
    const sending = at === undefined ? undefined : answeringAt(way, at);
    if (sending !== undefined) yield answeringOf(sending, sending.toIp);
    const astray = sending && answersAstray(way, sending);
    if (astray !== undefined) return astray;
    for (const verdict of borders(reply)) yield { leg: "reply", packet: reply.packet, verdict };
  }
  return undefined;
}

/** Source: Amazon VPC User Guide, "NAT gateway basics": TCP, UDP and ICMP. */
const translated: Readonly<Record<Width, ReadonlySet<number>>> = {
  32: new Set([protocolNumbers.icmp, protocolNumbers.tcp, protocolNumbers.udp]),
  128: new Set([protocolNumbers.icmpv6, protocolNumbers.tcp, protocolNumbers.udp]),
};

/** One more than there are NAT gateways on the way, and another one behind the internet. */
function segmentsOf({ network, source, target, walked }: WayOfFlow, flow: Flow): readonly Segment[] {
  const { nats: hops = [], overInternet } = walked;
  const end: Point = target === undefined ? { network } : { network: target.network, subnetId: target.holder.subnetId };
  const door: Point = overInternet === undefined ? end : { network };
  const near = [source.holder, ...hops].map(({ subnetId }): Point => ({ network, subnetId }));
  const first = firstPacket(source, flow);
  const segments = near.map((from, at): Segment => {
    const hop = hops[at - 1];
    const packet = hop === undefined ? first : afterNat(first, hop.privateIp, walked.translatedIp);
    return { from, to: near[at + 1] ?? door, packet };
  });
  const last = segments.at(-1);
  if (overInternet === undefined || last === undefined) return segments;
  const { privateIp, sourceIp } = overInternet;
  const arriving = { ...last.packet, sourceIp: ipOf(sourceIp), destinationIp: ipOf(privateIp) };
  return [...segments, { from: door, to: end, packet: arriving }];
}

function isWithinVpc({ network, target }: WayOfFlow): boolean {
  return target?.network.vpc.id === network.vpc.id;
}

interface Reply extends Segment {
  /** The segment that it answers; absent where it only goes on. */
  readonly at?: number;
}

/** The segments turned round, but where answers of IPv6 take another way inside the VPC. */
function repliesOf(way: WayOfFlow, segments: readonly Segment[]): readonly Reply[] {
  const turned = segments.map(({ from, to, packet }, at): Reply => ({
    at,
    from: to,
    to: from,
    packet: replyTo(packet),
  }));
  const [near, last] = [segments[0], turned.at(-1)];
  const other = otherWayBack(way);
  if (other === undefined || near === undefined || last === undefined) return turned.toReversed();
  const outside: Point = { network: way.network };
  return other === "straight"
    ? [{ ...last, to: near.from }]
    : [
        { ...last, to: outside },
        { from: outside, to: last.to, packet: last.packet },
      ];
}

/**
 * Addresses of IPv6 are nowhere translated: what leaves a VPC by its internet gateway and comes in again, as a route of a
 * prefix list may have it that holds a part of the VPC, is answered straight by the local route, and the other way round.
 * Undefined where answers take the way of the request.
 *
 * ASSUMPTION: a prefix list may hold parts of the VPC itself, and its routes lead there whatever their target is; AWS refuses
 * such a route to a gateway where its destination is a block.
 */
function otherWayBack(way: WayOfFlow): "straight" | "out and in" | undefined {
  const { source, target, walked } = way;
  if (target === undefined || !isWithinVpc(way) || walked.nats !== undefined || !isIpv6(source.ip)) return undefined;
  const leavesVpc = routeBack(target, source.ip)?.target.kind === "internet-gateway";
  if (leavesVpc === (walked.overInternet !== undefined)) return undefined;
  return leavesVpc ? "out and in" : "straight";
}

interface Answers extends Arrival {
  readonly toIp: string;
  /** The interface of the same VPC that they are for; absent where they leave it. */
  readonly asking?: NetworkInterface;
  /** Whether they may get there out of the VPC. */
  readonly mayLeave: boolean;
}

/** Who answers what comes by the `at`th segment by a route table; undefined of an endpoint and the internet: those come straight. */
function answeringAt(way: WayOfFlow, at: number): Answers | undefined {
  const { network, source, target, walked } = way;
  const nats = (walked.nats ?? []).flatMap(({ networkInterfaceId, privateIp: ip }) => {
    const holder = network.interfaces.get(networkInterfaceId);
    return holder === undefined ? [] : [{ holder, ip }];
  });
  const asking = [source, ...nats][at] ?? nats.at(-1) ?? source;
  const nat = nats[at];
  if (nat !== undefined) {
    return { network, holder: nat.holder, toIp: asking.ip, asking: asking.holder, mayLeave: false };
  }
  const { overInternet } = walked;
  // Where a way goes over the internet, its last segment but one ends at a gateway.
  if (target === undefined || at < nats.length + (overInternet === undefined ? 0 : 1)) return undefined;
  const toIp = overInternet?.sourceIp ?? asking.ip;
  const isInside = isWithinVpc(way) && (overInternet === undefined || isIpv6(toIp));
  return { ...target, toIp, ...(isInside && { asking: asking.holder }), mayLeave: true };
}

export function answeringOf({ holder, network }: Arrival, toIp: string): Answering {
  return { vpcId: network.vpc.id, networkInterfaceId: holder.id, subnetId: holder.subnetId, toIp };
}

/**
 * An instance and a NAT gateway answer by the route table of their own subnet. From another VPC answers need a route back.
 * Source: Amazon VPC peering guide, "Update your route tables".
 */
function answersAstray(way: WayOfFlow, { asking, mayLeave, toIp, ...from }: Answers): string | undefined {
  const back = routeBack(from, toIp);
  const leads = (asking !== undefined && leadsTo(back, asking)) || (mayLeave && leadsAcross(back, way, toIp));
  if (!leads) return wayOfAnswers(from, toIp);
  return back?.target.kind === "internet-gateway" ? answersStray(way, toIp) : undefined;
}

function routeBack({ holder, network }: Arrival, toIp: string): CompiledRoute | undefined {
  return network.tableOf.get(holder.subnetId)?.table.byPrefix.longestMatch(ipOf(toIp))?.value;
}

function wayOfAnswers(from: Arrival, toIp: string): string {
  const tableId = from.network.tableOf.get(from.holder.subnetId)?.table.routeTable.id;
  const route = routeBack(from, toIp);
  if (route === undefined) return `the answers of ${from.holder.id} have no route to ${toIp} in ${tableId}`;
  const { destination, target } = route;
  return `the answers of ${from.holder.id} take the route ${destination} of ${tableId} to ${targetText(target)}`;
}

/** Whether a route leads to an interface of the same VPC, which may be the one of the NAT gateway that the route names. */
function leadsTo(route: CompiledRoute | undefined, holder: NetworkInterface): boolean {
  if (route?.active !== true) return false;
  const { target } = route;
  const { id, requester } = holder;
  switch (target.kind) {
    case "local":
      return true;
    case "network-interface":
      return target.networkInterfaceId === id;
    case "nat-gateway":
      return requester?.kind === "nat-gateway" && requester.natGatewayId === target.natGatewayId;
    case "internet-gateway":
    case "egress-only-internet-gateway":
    case "vpc-endpoint":
    case "vpc-peering-connection":
    case "vpn-gateway":
      return false;
  }
}

/**
 * Whether a route leads from the VPC at the end of a way to the one where it began, or out of that VPC and in again. Addresses
 * of IPv6 are nowhere translated, so that their answers may take another way than the request, but none by an egress-only
 * gateway.
 */
function leadsAcross(route: CompiledRoute | undefined, way: WayOfFlow, toIp: string): boolean {
  if (route?.active !== true) return false;
  const { network, walked } = way;
  const { target } = route;
  if (target.kind === "internet-gateway") return walked.overInternet !== undefined || isIpv6(toIp);
  if (target.kind !== "vpc-peering-connection" || isWithinVpc(way)) return false;
  const { vpcPeeringConnectionId: id } = target;
  return isIpv6(toIp) ? network.peers.has(id) : walked.peering?.vpcPeeringConnectionId === id;
}

/** Over the internet: an egress-only gateway lets in only what answers a packet that went out by it. */
function answersStray({ network, walked }: WayOfFlow, toIp: string): string | undefined {
  const home = homewardGateway(network);
  if (!isIpv6(toIp) || (home !== undefined && home === network.internetGateway?.id)) return undefined;
  if (home === undefined) return `${network.vpc.id} has no gateway by which answers to ${toIp} come in`;
  return home === walked.overInternet?.fromGatewayId
    ? undefined
    : `the answers come back by ${home}, which saw no request go out`;
}

export function* borders({ from, to, packet }: Segment): Generator<SubnetVerdict, void, undefined> {
  if (from.subnetId === to.subnetId) return;
  for (const [{ network, subnetId }, direction] of [
    [from, "egress"],
    [to, "ingress"],
  ] as const) {
    const acl = subnetId === undefined ? undefined : network.aclOf.get(subnetId);
    if (acl !== undefined && subnetId !== undefined) yield { ...aclVerdict(acl, direction, packet), subnetId };
  }
}

export function firstPacket(source: Pick<Sender, "ip">, { destinationIp, opens }: Flow): Packet {
  const addresses = { sourceIp: ipOf(source.ip), destinationIp: ipOf(destinationIp) };
  switch (opens.kind) {
    case "tcp":
    case "udp": {
      const { port, sourcePort } = opens;
      const sourcePorts = sourcePort === undefined ? ephemeralPorts : onePort(sourcePort);
      return { protocol: protocolNumbers[opens.kind], ...addresses, sourcePorts, destinationPorts: onePort(port) };
    }
    case "ping":
      return {
        ...echoRequests[addresses.destinationIp.width],
        ...addresses,
        sourcePorts: anyPort,
        destinationPorts: anyPort,
      };
    case "protocol":
      return { protocol: opens.number, ...addresses, sourcePorts: anyPort, destinationPorts: anyPort };
  }
}

/** Source: RFC 792, RFC 4443 section 4.1. */
const echoRequests = {
  32: { protocol: protocolNumbers.icmp, icmp: { type: 8, code: 0 } },
  128: { protocol: protocolNumbers.icmpv6, icmp: { type: 128, code: 0 } },
} as const;

function afterNat(packet: Packet, privateIp: string, translatedIp: string | undefined): Packet {
  const sourcePorts = hasPorts(packet.protocol) ? natPorts : packet.sourcePorts;
  const sent = { ...packet, sourceIp: ipOf(privateIp), sourcePorts };
  if (translatedIp === undefined) return sent;
  const echo = packet.icmp === undefined ? {} : echoRequests[32];
  return { ...sent, ...echo, destinationIp: ipOf(translatedIp) };
}

function onePort(port: number): PortRange {
  return { from: port, to: port };
}

/** INVARIANT: `walk` found a way, so these are addresses. */
export function ipOf(text: string): Ip {
  const ip = parseIp(text);
  assert(ip !== undefined, `${text} is an address`);
  return ip;
}
