/**
 * What the pure functions say of the traces that a flow leaves in the kernel: by which door it leaves its subnet, and which
 * filter of which interface drops it, by which rule.
 */

import { formatIp } from "../../src/base/ip.ts";
import { find, type State } from "../../src/model/state.ts";
import { portsOnInternet } from "../../src/network/echo-host.ts";
import { hasPorts, protocolNumbers } from "../../src/network/packet.ts";
import { vpcBehindVpn } from "../../src/network/on-premises.ts";
import { arrivalOf, type FilterStep, type Reach } from "../../src/network/reach.ts";
import { type FlowDoor, lastRuleNumber } from "../../src/network/traffic-count.ts";
import { networkOf } from "../../src/network/vpc-network.ts";
import { senderOf } from "../../src/network/sender.ts";
import type { Trial } from "./trial.ts";

export interface Trail {
  /**
   * The tuples, each behind a VPC in which records may tell of it, that filters see of the request, as its sender and then as each NAT gateway on the way sends it; none where the
   * pure functions ask no filter, since nothing would answer.
   */
  readonly requests: readonly string[];
  /** Of the answers to those. */
  readonly replies: readonly string[];
  /** Absent where no filter drops it. */
  readonly drop?: Drop;
  /** Absent for one that begins on premises. */
  readonly departure?: Departure;
}

export interface Drop {
  readonly vpcId: string;
  readonly networkInterfaceId: string;
  readonly direction: "ingress" | "egress";
  readonly filter: "security-group" | "network-acl";
  /** Of a network ACL. */
  readonly rule?: { readonly networkAclId: string; readonly ruleNumber: number };
  /** Of the records of the packet that is dropped. */
  readonly key: string;
}

export interface Departure {
  readonly networkInterfaceId: string;
  /** Of the records of the packet that leaves. */
  readonly key: string;
  /** What becomes of it behind its interface: `unsure` where it may be told of there or not. */
  readonly kind: "leaves" | "goes nowhere" | "unsure";
  /** The door, as `doorText` has it; absent where no route leads to one. */
  readonly door?: string;
}

/** Ports may be `*`, for any; they are 0 where the protocol has none. */
export interface Tuple {
  readonly protocol: number;
  readonly sourceIp: string;
  readonly sourcePort: number | "*";
  readonly destinationIp: string;
  readonly destinationPort: number | "*";
}

/** Addresses are only told apart within a VPC. */
export function recordKey(vpcId: string, tuple: Tuple): string {
  const { protocol, sourceIp, sourcePort, destinationIp, destinationPort } = tuple;
  return `${vpcId} ${protocol} ${sourceIp} ${sourcePort} ${destinationIp} ${destinationPort}`;
}

export function doorText(door: FlowDoor): string {
  switch (door.kind) {
    case "gateway-endpoint":
      return door.vpcEndpointId;
    case "vpc-peering-connection":
      return door.vpcPeeringConnectionId;
    case "internet-gateway":
    case "vpn-gateway":
    case "interface":
      return door.kind;
  }
}

export function trailOf(
  state: State,
  from: string,
  { trial, reached }: { readonly trial: Trial; readonly reached: Reach },
): Trail {
  const way = wayOf(state, from, { trial, reached });
  const { dropped } = reached;
  const requests = way.passes.map((pass) => keysOf(way, pass, requestOf(trial, pass)));
  const replies = way.passes.map((pass) => keysOf(way, pass, turned(requestOf(trial, pass))));
  const departure = departureOf(way);
  const common = departure === undefined ? {} : { departure };
  // Where nobody answers there is no answer to drop, and where the answers go astray nothing is said of them.
  const isAnswering = isAnswered(way) && reached.astray === undefined;
  if (dropped === undefined) {
    return reached.filters.length === 0
      ? { ...common, requests: [], replies: [] }
      : { ...common, requests: requests.flat(), replies: isAnswering ? replies.flat() : [] };
  }
  // What others send by the same NAT gateway, further on, is not of this flow.
  const at = passOf(way, dropped);
  if (dropped.leg === "request") {
    const drop = dropOf(way, dropped);
    return { ...common, requests: requests.slice(0, at + 1).flat(), replies: [], ...(drop && { drop }) };
  }
  if (!isAnswering) return { ...common, requests: requests.flat(), replies: [] };
  const drop = dropOf(way, dropped);
  return { ...common, requests: requests.flat(), replies: replies.slice(at).flat(), ...(drop && { drop }) };
}

interface Way {
  readonly trial: Trial;
  readonly reached: Reach;
  /** Where it begins. */
  readonly vpcId: string;
  /** The request as it is on its way: translated by every NAT gateway, and where it goes over the internet. */
  readonly passes: readonly Pass[];
}

interface Pass {
  readonly sourceIp: string;
  readonly destinationIp: string;
  /** A NAT gateway chooses its port. */
  readonly isOfNat: boolean;
  /** The interfaces that it goes between; absent outside the VPC. */
  readonly from: Point | undefined;
  readonly to: Point | undefined;
}

interface Point {
  readonly networkInterfaceId: string;
  readonly vpcId: string;
}

function wayOf(
  state: State,
  from: string,
  { trial, reached }: { readonly trial: Trial; readonly reached: Reach },
): Way {
  const instance = find(state, "instance", from);
  const host = find(state, "on-premises-host", from);
  const vpcId = instance?.vpcId ?? (host && vpcBehindVpn(state, host)) ?? "";
  const network = networkOf(state, vpcId);
  const sender = senderOf(network, instance, trial.ip.includes(":") ? 128 : 32, trial.sourceIp);
  const target = network && arrivalOf(state, network, reached);
  const last = target && { networkInterfaceId: target.holder.id, vpcId: target.network.vpc.id };
  const { nats = [], overInternet } = reached;
  const askers = [
    { ip: sender?.ip ?? host?.ip ?? "", point: sender && { networkInterfaceId: sender.holder.id, vpcId } },
    ...nats.map(({ networkInterfaceId, privateIp }) => ({ ip: privateIp, point: { networkInterfaceId, vpcId } })),
  ];
  const door = overInternet === undefined ? last : undefined;
  const passes = askers.map(({ ip, point }, at): Pass => {
    const to = at + 1 < askers.length ? askers[at + 1]?.point : door;
    const destinationIp = at > 0 ? (reached.translatedIp ?? trial.ip) : trial.ip;
    return { sourceIp: ip, destinationIp, isOfNat: at > 0, from: point, to };
  });
  if (overInternet !== undefined) {
    const { privateIp: destinationIp, sourceIp } = overInternet;
    passes.push({ sourceIp, destinationIp, isOfNat: nats.length > 0, from: undefined, to: last });
  }
  return { trial, reached, vpcId, passes };
}

/** Of the VPCs on both sides of a pass; what leaves for elsewhere is in the first one's records. */
function keysOf({ vpcId }: Way, { from, to }: Pass, tuple: Tuple): readonly string[] {
  const vpcIds = [from, to].flatMap((point) => point?.vpcId ?? []);
  return [...new Set(vpcIds.length === 0 ? [vpcId] : vpcIds)].map((one) => recordKey(one, tuple));
}

/** Services answer by TCP alone, and at most of the internet's addresses there is nobody. */
function isAnswered({ reached, trial: { ip, kind } }: Way): boolean {
  switch (reached.exit.kind) {
    case "none":
    case "vpc-service":
      return false;
    case "internet":
      return kind === "tcp" && portsOnInternet(reached.translatedIp ?? ip) !== undefined;
    case "gateway-endpoint":
    case "interface-endpoint":
      return kind === "tcp";
    case "local":
    case "on-premises":
      return true;
  }
}

function requestOf({ kind, port, sourcePort }: Trial, { destinationIp, isOfNat, sourceIp }: Pass): Tuple {
  const protocol = protocolOf(kind, destinationIp) ?? port;
  const common = { protocol, sourceIp, destinationIp };
  if (!hasPorts(protocol)) return { ...common, sourcePort: 0, destinationPort: 0 };
  return { ...common, sourcePort: isOfNat ? "*" : sourcePort, destinationPort: port };
}

function protocolOf(kind: Trial["kind"], ip: string): number | undefined {
  switch (kind) {
    case "tcp":
    case "udp":
      return protocolNumbers[kind];
    case "protocol":
      return undefined;
    case "ping":
      return ip.includes(":") ? protocolNumbers.icmpv6 : protocolNumbers.icmp;
  }
}

function turned(tuple: Tuple): Tuple {
  return {
    protocol: tuple.protocol,
    sourceIp: tuple.destinationIp,
    sourcePort: tuple.destinationPort,
    destinationIp: tuple.sourceIp,
    destinationPort: tuple.sourcePort,
  };
}

function dropOf(way: Way, step: FilterStep): Drop | undefined {
  const { leg, verdict } = step;
  const pass = way.passes[passOf(way, step)];
  const point = pass && pointOf(pass, step);
  // What a NAT gateway does not translate is in no record.
  if (verdict.kind === "nat-gateway" || pass === undefined) return undefined;
  if (point === undefined) throw new Error(`a filter without an interface: ${JSON.stringify(verdict)}`);
  const request = requestOf(way.trial, pass);
  const key = recordKey(point.vpcId, leg === "request" ? request : turned(request));
  const common = { ...point, direction: verdict.direction, key };
  if (verdict.kind === "security-group") return { ...common, filter: verdict.kind };
  const { networkAclId, ruleNumber } = verdict;
  const rule = { networkAclId, ruleNumber: ruleNumber === "*" ? lastRuleNumber : ruleNumber };
  return { ...common, filter: verdict.kind, rule };
}

/** The number of the pass that a filter saw: by its address, and over the internet by the side that has an interface. */
function passOf({ passes }: Way, step: FilterStep): number {
  const { leg, packet, verdict } = step;
  const asker = formatIp(leg === "request" ? packet.sourceIp : packet.destinationIp);
  const isSeen = (pass: Pass): boolean => verdict.kind === "nat-gateway" || pointOf(pass, step) !== undefined;
  return passes.findIndex((pass) => pass.sourceIp === asker && isSeen(pass));
}

/** The interface at whose side of the pass the filter stands. */
function pointOf({ from, to }: Pass, { leg, verdict }: FilterStep): Point | undefined {
  if (verdict.kind === "nat-gateway") return to;
  return (verdict.direction === "egress") === (leg === "request") ? from : to;
}

function departureOf({ passes: [pass], reached, trial }: Way): Departure | undefined {
  if (pass?.from === undefined) return undefined;
  const { networkInterfaceId, vpcId } = pass.from;
  const key = recordKey(vpcId, requestOf(trial, pass));
  const { exit, nats, overInternet, peering, route } = reached;
  const chosen = route?.chosen;
  if (chosen?.state !== "active") return { networkInterfaceId, key, kind: "goes nowhere" };
  const door = doorOf(chosen.target);
  if (exit.kind === "none") return { networkInterfaceId, key, kind: "unsure", door };
  const isNobody = exit.kind === "local" && exit.networkInterfaceId === undefined;
  if (!isNobody) return { networkInterfaceId, key, kind: "leaves", door };
  const isHere = [nats, overInternet, peering].every((one) => one === undefined);
  return { networkInterfaceId, key, kind: isHere ? "goes nowhere" : "unsure", door };
}

/** Of a route's target. */
function doorOf(target: string): string {
  const prefix = /^(\w+)-/.exec(target)?.[1] ?? target;
  const kinds: Readonly<Record<string, FlowDoor["kind"]>> = {
    local: "interface",
    eni: "interface",
    nat: "interface",
    igw: "internet-gateway",
    eigw: "internet-gateway",
    vgw: "vpn-gateway",
  };
  return kinds[prefix] ?? target;
}
