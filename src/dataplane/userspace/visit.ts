/**
 * The network interfaces that a connection passes, in the order in which its first packet and the answer to it meet them:
 * what flow logs are told. A packet that a filter drops goes no further.
 * Source: Amazon VPC User Guide, "Flow log record examples": each interface has records of its own.
 */

import { formatIp, parseIp } from "../../base/ip.ts";
import type { Instance } from "../../model/instance.ts";
import type { NetworkInterface } from "../../model/network-interface.ts";
import { isOnPremises, type OnPremisesHost } from "../../model/on-premises-host.ts";
import type { State } from "../../model/state.ts";
import { vpcBehindVpn } from "../../network/on-premises.ts";
import { arrivalOf, type FilterStep, type Reach } from "../../network/reach.ts";
import type { FlowDoor } from "../../network/traffic-count.ts";
import { networkOf } from "../../network/vpc-network.ts";
import { senderOf } from "../../network/sender.ts";
import type { RouteRef } from "../../network/walk.ts";

export interface Visit {
  readonly holder: NetworkInterface;
  readonly leg: FilterStep["leg"];
  readonly direction: "ingress" | "egress";
  /** Of the packet, as the interface sees it. */
  readonly sourceIp: string;
  readonly destinationIp: string;
  /** Where a packet that leaves the interface goes. */
  readonly door?: FlowDoor;
}

/** Empty where nothing leaves the place that it begins at, as what is for itself. */
export function visitsOf(
  state: State,
  source: Instance | OnPremisesHost,
  reached: Reach,
  destinationIp: string,
): readonly Visit[] {
  const ends = endsOf(state, source, reached, destinationIp);
  if (ends.every(({ holder }) => holder === undefined)) return [];
  const requests: Visit[] = [];
  const replies: Visit[] = [];
  for (const [at, from] of ends.entries()) {
    const to = ends[at + 1];
    if (to === undefined) break;
    const packet = { sourceIp: from.ip, destinationIp: to.calledIp };
    const answer = { sourceIp: to.calledIp, destinationIp: from.ip };
    if (from.holder !== undefined) {
      requests.push({ holder: from.holder, leg: "request", direction: "egress", ...packet, ...doorOf(to.door) });
      replies.unshift({ holder: from.holder, leg: "reply", direction: "ingress", ...answer });
    }
    if (to.holder !== undefined) {
      requests.push({ holder: to.holder, leg: "request", direction: "ingress", ...packet });
      replies.unshift({ holder: to.holder, leg: "reply", direction: "egress", ...answer, ...doorOf(from.doorBack) });
    }
  }
  return [...requests, ...replies];
}

function doorOf(door: FlowDoor | undefined): Pick<Visit, "door"> {
  return door === undefined ? {} : { door };
}

/** The interfaces that let the packets through, and the one whose filter drops them. */
export function visitsUntil(
  visits: readonly Visit[],
  step: FilterStep,
): { readonly passed: readonly Visit[]; readonly refusedAt?: Visit } {
  const { leg, packet, verdict } = step;
  if (verdict.kind === "nat-gateway") return { passed: visits };
  const at = visits.findIndex(({ holder, ...visit }) => {
    if (visit.leg !== leg || visit.direction !== verdict.direction) return false;
    if (visit.sourceIp !== formatIp(packet.sourceIp) || visit.destinationIp !== formatIp(packet.destinationIp))
      return false;
    return verdict.kind === "security-group"
      ? holder.id === verdict.networkInterfaceId
      : holder.subnetId === verdict.subnetId;
  });
  const refusedAt = visits[at];
  return refusedAt === undefined ? { passed: visits } : { passed: visits.slice(0, at), refusedAt };
}

/** Where a packet begins, each NAT gateway on its way, and where it ends. */
interface End {
  /** Absent outside of the VPCs. */
  readonly holder?: NetworkInterface;
  /** Where packets that begin or go on here come from. */
  readonly ip: string;
  /** To which packets on their way here are. */
  readonly calledIp: string;
  /** By which the packet gets here; absent where it does not. */
  readonly door?: FlowDoor | undefined;
  /** By which the answers get back here. */
  readonly doorBack: FlowDoor;
}

function endsOf(state: State, source: Instance | OnPremisesHost, reached: Reach, destinationIp: string): End[] {
  const near = nearEnd(state, source, destinationIp);
  if (near === undefined || isNowhere(reached)) return [];
  const { vpcId, end } = near;
  const network = networkOf(state, vpcId);
  const { overInternet, peering, translatedIp: sentTo = destinationIp } = reached;
  const inside = { calledIp: sentTo, door: { kind: "interface" }, doorBack: { kind: "interface" } } as const;
  const hops = (reached.nats ?? []).flatMap((hop, at): End[] => {
    const holder = network?.interfaces.get(hop.networkInterfaceId);
    const calledIp = at === 0 ? destinationIp : sentTo;
    return holder === undefined ? [] : [{ ...inside, holder, ip: hop.privateIp, calledIp }];
  });
  const target = network && arrivalOf(state, network, reached)?.holder;
  const door = lastDoor(reached);
  const far: End = { ...inside, ...(target && { holder: target }), ip: destinationIp, door };
  const close = [end, ...hops];
  if (overInternet !== undefined) {
    const { privateIp, sourceIp } = overInternet;
    const outside: End = { ...inside, ip: sourceIp, door: byInternet, doorBack: byInternet };
    return [...close, outside, { ...far, ip: privateIp, calledIp: privateIp }];
  }
  if (peering === undefined || door === undefined) return [...close, far];
  return [...close.map((one, at) => (at === close.length - 1 ? { ...one, doorBack: door } : one)), far];
}

const byInternet: FlowDoor = { kind: "internet-gateway" };

function nearEnd(
  state: State,
  source: Instance | OnPremisesHost,
  destinationIp: string,
): { readonly vpcId: string; readonly end: End } | undefined {
  const calledIp = destinationIp;
  if (isOnPremises(source)) {
    const vpcId = vpcBehindVpn(state, source);
    const doorBack: FlowDoor = { kind: "vpn-gateway" };
    return vpcId === undefined ? undefined : { vpcId, end: { ip: source.ip, calledIp, doorBack } };
  }
  const { vpcId } = source;
  const width = parseIp(destinationIp)?.width;
  const sender = width && senderOf(networkOf(state, vpcId), source, width);
  const doorBack: FlowDoor = { kind: "interface" };
  return sender && { vpcId, end: { holder: sender.holder, ip: sender.ip, calledIp, doorBack } };
}

/** Where no packet reaches a router, or none that it would tell of. */
function isNowhere({ exit, filters, route }: Reach): boolean {
  switch (exit.kind) {
    case "vpc-service":
      return true;
    case "none":
      return route === undefined;
    case "local":
      // What is for an address that nobody has meets the filters of its sender, where it leaves it.
      return filters.length === 0 && (exit.networkInterfaceId === undefined || route === undefined);
    case "gateway-endpoint":
    case "interface-endpoint":
    case "internet":
    case "on-premises":
      return false;
  }
}

/** The door to where the way ends, or to the VPC of the other side; undefined where it leads nowhere. */
function lastDoor({ exit, nats, peering, route }: Reach): FlowDoor | undefined {
  if (peering !== undefined) {
    const { vpcPeeringConnectionId } = peering;
    return { kind: "vpc-peering-connection", vpcPeeringConnectionId };
  }
  switch (exit.kind) {
    case "gateway-endpoint":
      return { kind: exit.kind, vpcEndpointId: exit.vpcEndpointId };
    case "internet":
      return byInternet;
    case "on-premises":
      return { kind: "vpn-gateway" };
    case "local":
      return exit.networkInterfaceId === undefined ? undefined : { kind: "interface" };
    case "interface-endpoint":
    case "vpc-service":
      return { kind: "interface" };
    case "none":
      return doorOfGateway(nats?.at(-1)?.route.chosen ?? route?.chosen);
  }
}

/** A gateway that lets packets go no further has them all the same. */
function doorOfGateway(route: RouteRef | undefined): FlowDoor | undefined {
  if (route?.state !== "active") return undefined;
  if (/^e?igw-/.test(route.target)) return byInternet;
  return route.target.startsWith("vgw-") ? { kind: "vpn-gateway" } : undefined;
}
