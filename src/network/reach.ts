/**
 * Whether a flow gets where its route leads, and back: the walk, and every filter that its packets and their answers meet.
 * Source: Amazon VPC User Guide, "Security groups" (stateful: asked once, where the flow begins), "Network ACLs"
 * (stateless: asked for every packet that crosses the border of a subnet).
 *
 * Neither is asked about traffic of the resolver and the instance metadata service. Source: "Security group basics",
 * "Network ACL basics".
 */

import { assert } from "../base/assert.ts";
import { type Ip, parseIp } from "../base/ip.ts";
import type { NetworkInterface } from "../model/network-interface.ts";
import type { RouteTarget } from "../model/route-table.ts";
import { find, type State } from "../model/state.ts";
import { type AclVerdict, aclVerdict } from "./acl.ts";
import { targetText } from "./compiled-table.ts";
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
import { networkOf, type VpcNetwork } from "./vpc-network.ts";
import { type Sender, senderOf, type Walk, walk } from "./walk.ts";

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
  if (network === undefined || source === undefined || !meetsFilters(walked)) return { ...walked, filters: [] };
  const filters: FilterStep[] = [];
  for (const step of stepsOf(network, source, walked, flow)) {
    filters.push(step);
    if (!step.verdict.allowed) return { ...walked, filters, dropped: step };
  }
  const astray = answersAstray(network, source, walked);
  return { ...walked, filters, ...(astray !== undefined && { astray }) };
}

/** Nothing is asked where nothing would answer, nor of what an instance sends to itself, which has no route. */
function meetsFilters({ route, exit }: Walk): boolean {
  switch (exit.kind) {
    case "none":
    case "vpc-service":
      return false;
    case "local":
      return route !== undefined && exit.networkInterfaceId !== undefined;
    case "gateway-endpoint":
    case "internet":
      return true;
  }
}

/** Between two points a packet crosses the borders of their subnets where these differ. */
interface Point {
  /** Absent outside: behind an endpoint or an internet gateway. */
  readonly subnetId?: string;
}

interface Segment {
  readonly from: Point;
  readonly to: Point;
  /** As it travels on this segment. */
  readonly packet: Packet;
}

function* stepsOf(
  network: VpcNetwork,
  source: Sender,
  walked: Walk,
  flow: Flow,
): Generator<FilterStep, void, undefined> {
  const segments = segmentsOf(network, source, walked, flow);
  const [first] = segments;
  const last = segments.at(-1);
  assert(first !== undefined && last !== undefined, "a way has a segment");
  const request = (packet: Packet, verdict: FilterStep["verdict"]): FilterStep => ({ leg: "request", packet, verdict });
  const isNew = flow.isTracked !== true;
  if (isNew) yield request(first.packet, groupVerdict(network, source.holder, "egress", first.packet));
  for (const [at, segment] of segments.entries()) {
    for (const verdict of borders(network, segment)) yield request(segment.packet, verdict);
    const hop = walked.nats?.[at];
    if (hop !== undefined && !translated.has(segment.packet.protocol)) {
      yield request(segment.packet, { kind: "nat-gateway", natGatewayId: hop.natGatewayId, allowed: false });
    }
  }
  const target = targetOf(network, walked);
  if (isNew && target !== undefined) yield request(last.packet, groupVerdict(network, target, "ingress", last.packet));
  for (const { from, to, packet } of segments.toReversed()) {
    const reply = { from: to, to: from, packet: replyTo(packet) };
    for (const verdict of borders(network, reply)) yield { leg: "reply", packet: reply.packet, verdict };
  }
}

/** Source: Amazon VPC User Guide, "NAT gateway basics": TCP, UDP and ICMP. */
const translated: ReadonlySet<number> = new Set([protocolNumbers.icmp, protocolNumbers.tcp, protocolNumbers.udp]);

/** One more than there are NAT gateways on the way. */
function segmentsOf(network: VpcNetwork, source: Sender, walked: Walk, flow: Flow): readonly Segment[] {
  const target = targetOf(network, walked);
  const hops = walked.nats ?? [];
  const points: Point[] = [source.holder, ...hops, target ?? {}];
  const first = firstPacket(source, flow);
  return points.slice(1).map((to, at): Segment => {
    const hop = hops[at - 1];
    const packet = hop === undefined ? first : afterNat(first, hop.privateIp);
    return { from: points[at] ?? source.holder, to, packet };
  });
}

/** An instance and a NAT gateway answer by the route table of their own subnet; an endpoint and the internet come straight. */
function answersAstray(network: VpcNetwork, source: Sender, walked: Walk): string | undefined {
  const hops = (walked.nats ?? []).flatMap((hop) => {
    const holder = network.interfaces.get(hop.networkInterfaceId);
    return holder === undefined ? [] : [{ holder, ip: hop.privateIp }];
  });
  const target = targetOf(network, walked);
  const points: Sender[] = [source, ...hops, ...(target === undefined ? [] : [{ holder: target, ip: "" }])];
  for (const [at, answering] of points.slice(1).entries()) {
    const asking = points[at];
    const table = network.tableOf.get(answering.holder.subnetId)?.table;
    const route = asking && table?.byPrefix.longestMatch(ipOf(asking.ip))?.value;
    // INVARIANT: every table has a local route for every block of the VPC.
    assert(asking !== undefined && table !== undefined && route !== undefined, "a route leads to every interface");
    if (route.active && leadsTo(route.target, asking.holder)) continue;
    const way = `the route ${route.destination} of ${table.routeTable.id} to ${targetText(route.target)}`;
    return `the answers of ${answering.holder.id} take ${way}`;
  }
  return undefined;
}

function leadsTo(target: RouteTarget, holder: NetworkInterface): boolean {
  return target.kind === "local" || (target.kind === "network-interface" && target.networkInterfaceId === holder.id);
}

function targetOf(network: VpcNetwork, { exit }: Walk): NetworkInterface | undefined {
  return exit.kind === "local" ? network.interfaces.get(exit.networkInterfaceId ?? "") : undefined;
}

function* borders(network: VpcNetwork, { from, to, packet }: Segment): Generator<SubnetVerdict, void, undefined> {
  if (from.subnetId === to.subnetId) return;
  for (const [subnetId, direction] of [
    [from.subnetId, "egress"],
    [to.subnetId, "ingress"],
  ] as const) {
    const acl = subnetId === undefined ? undefined : network.aclOf.get(subnetId);
    if (acl !== undefined && subnetId !== undefined) yield { ...aclVerdict(acl, direction, packet), subnetId };
  }
}

function firstPacket(source: Sender, { destinationIp, opens }: Flow): Packet {
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

function afterNat(packet: Packet, privateIp: string): Packet {
  const sourcePorts = hasPorts(packet.protocol) ? natPorts : packet.sourcePorts;
  return { ...packet, sourceIp: ipOf(privateIp), sourcePorts };
}

function onePort(port: number): PortRange {
  return { from: port, to: port };
}

/** INVARIANT: `walk` found a way, so these are addresses. */
function ipOf(text: string): Ip {
  const ip = parseIp(text);
  assert(ip !== undefined, `${text} is an address`);
  return ip;
}
