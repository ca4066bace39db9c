/**
 * What the proxy carried and refused, told as a VPC would count it. It carries bytes, not packets: their number is that of the
 * segments that the bytes would fill, and the segments that open and close a connection are not counted.
 */

import type { Socket } from "node:net";
import { formatIp } from "../../base/ip.ts";
import type { NetworkInterface } from "../../model/network-interface.ts";
import type { State } from "../../model/state.ts";
import { type DropCount, type EndpointCount, type FlowCount, lastRuleNumber } from "../../network/traffic-count.ts";
import type { TrafficReading } from "../../network/traffic-count.ts";
import { aclVerdict } from "../../network/acl.ts";
import { groupVerdict } from "../../network/firewall.ts";
import { type Packet, protocolNumbers } from "../../network/packet.ts";
import { type FilterStep, firstPacket, type Reach } from "../../network/reach.ts";
import { networkOf } from "../../network/vpc-network.ts";
import { type Walk, walk } from "../../network/walk.ts";
import type { LostPacket, ServiceFlow } from "./dial.ts";
import { doorAt, holderOfStep, type Station, type Way, wayOf } from "./flow-way.ts";

/** Source: RFC 9293 section 3.7.1 and RFC 791: 1500 bytes without the two headers. */
const SEGMENT_BYTES = 1460;
const HEADER_BYTES = 40;
const FLAGS = { syn: 2, synAck: 18, fin: 1 } as const;

interface OpenTally {
  readonly way: Way;
  readonly flow: ServiceFlow;
  readonly sourcePort: number;
  /** Bytes that the instance has sent and got until now. */
  readonly carried: () => Carried;
  before: Carried;
  flags: number;
}

interface Carried {
  readonly sent: number;
  readonly received: number;
}

export class FlowTally {
  readonly #open = new Set<OpenTally>();
  #flows: FlowCount[] = [];
  #drops: DropCount[] = [];
  #endpoints: EndpointCount[] = [];
  #logged: ReadonlySet<string> = new Set();

  /** Whose flows are told from now on; what came until now is told of those before. */
  log(networkInterfaceIds: readonly string[]): void {
    for (const tally of this.#open) this.#tell(tally);
    this.#logged = new Set(networkInterfaceIds);
  }

  /** Follows a connection until its socket closes. `clientBytes` is which of the socket's counters the client's bytes are. */
  follow(state: State, flow: ServiceFlow, socket: Socket, clientBytes: "bytesRead" | "bytesWritten"): void {
    const way = wayOf(state, flow.instanceId, walk(state, flow.instanceId, flow.destinationIp), flow.destinationIp);
    if (way === undefined) return;
    const serviceBytes = clientBytes === "bytesRead" ? "bytesWritten" : "bytesRead";
    const start = { sent: socket[clientBytes], received: socket[serviceBytes] };
    const carried = (): Carried => ({
      sent: socket[clientBytes] - start.sent,
      received: socket[serviceBytes] - start.received,
    });
    const sourcePort = socket.remotePort ?? 0;
    const tally = { way, flow, sourcePort, carried, before: { sent: 0, received: 0 }, flags: FLAGS.syn };
    this.#open.add(tally);
    socket.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "ECONNRESET") this.#passed(tally, { bytesIn: 0, bytesOut: 0, resets: 1 });
    });
    socket.once("close", () => {
      tally.flags |= FLAGS.fin;
      this.#tell(tally);
      this.#open.delete(tally);
    });
  }

  /** The packet that did not get through: its interface let it go, unless a filter of its own was the one that dropped it. */
  lose(state: State, instanceId: string, { destinationIp, port, reached }: LostPacket): void {
    const way = wayOf(state, instanceId, reached, destinationIp);
    if (way === undefined) return;
    const [source] = way.stations;
    if (source === undefined) return;
    const packet = firstPacket(source, { destinationIp, opens: { kind: "tcp", port } });
    // Where nothing answers, the filters of the interface were not asked yet.
    const step =
      reached.dropped ?? (reached.exit.kind === "none" ? droppedOnLeaving(state, source, packet) : undefined);
    const holder = step && holderOfStep(way, step);
    if (step !== undefined && holder !== undefined) this.#refuse(holder, { step, exit: reached.exit });
    if (holder === source.holder && step?.leg === "request") return;
    if (step === undefined) this.#countUnrouted(way, reached);
    this.#push({
      ...flowOfPacket(source.holder, packet),
      action: "ACCEPT",
      direction: "egress",
      tcpFlags: FLAGS.syn,
      ...((way.stations.length > 1 || way.door !== undefined) && { door: doorAt(way, 0) }),
    });
  }

  /** At the last interface, where its route is missing or a blackhole. */
  #countUnrouted({ stations }: Way, { exit, nats, route }: Reach): void {
    const holder = stations.at(-1)?.holder;
    const { chosen } = nats?.at(-1)?.route ?? route ?? {};
    if (holder === undefined || exit.kind !== "none" || chosen?.state === "active") return;
    const { id: networkInterfaceId, vpcId } = holder;
    this.#drops.push({ kind: "no-route", vpcId, networkInterfaceId, direction: "egress", packets: 1 });
  }

  read(): TrafficReading {
    for (const tally of this.#open) this.#tell(tally);
    const reading = { flows: this.#flows, drops: this.#drops, endpoints: this.#endpoints, overflown: [] };
    this.#endpoints = [];
    this.#flows = [];
    this.#drops = [];
    return reading;
  }

  /** One packet that a filter dropped at an interface: on its way there, or its answer on the way back. */
  #refuse(holder: NetworkInterface, { step, exit }: { readonly step: FilterStep; readonly exit: Walk["exit"] }): void {
    const { packet, verdict, leg } = step;
    if (verdict.kind === "nat-gateway") return;
    const { direction } = verdict;
    const common = { vpcId: holder.vpcId, networkInterfaceId: holder.id, direction, packets: 1 };
    this.#drops.push({ kind: verdict.kind, ...common, ...endpointBeyond(holder, exit) });
    if (verdict.kind === "network-acl") {
      const { networkAclId } = verdict;
      const ruleNumber = verdict.ruleNumber === "*" ? lastRuleNumber : verdict.ruleNumber;
      const { vpcId } = holder;
      this.#drops.push({ kind: "network-acl-rule", vpcId, networkAclId, ruleNumber, direction, packets: 1 });
    }
    const tcpFlags = leg === "request" ? FLAGS.syn : FLAGS.synAck;
    this.#push({ ...flowOfPacket(holder, packet), action: "REJECT", direction, tcpFlags });
  }

  /** What came since the last time, at every interface of the way. */
  #tell(tally: OpenTally): void {
    const { way, flow, sourcePort, before, flags } = tally;
    const now = tally.carried();
    const [sent, received] = [now.sent - before.sent, now.received - before.received];
    tally.before = now;
    tally.flags = 0;
    if (sent + received > 0) this.#passed(tally, { bytesIn: sent, bytesOut: received, resets: 0 });
    const isNews = flags !== 0 || sent > 0 || received > 0;
    if (!isNews) return;
    const answerFlags = (flags & FLAGS.syn) === 0 ? flags : flags | FLAGS.synAck;
    for (const [at, { holder, ip }] of way.stations.entries()) {
      const destinationIp = at === 0 || flow.path.kind === "host" ? flow.destinationIp : flow.path.destinationIp;
      const there = { sourceIp: ip, destinationIp, sourcePort, destinationPort: flow.port };
      const back = {
        sourceIp: destinationIp,
        destinationIp: ip,
        sourcePort: flow.port,
        destinationPort: sourcePort,
      };
      const asked = { ...there, tcpFlags: flags, ...sizeOf(sent) };
      const answered = { ...back, tcpFlags: answerFlags, ...sizeOf(received) };
      this.#push({ ...accepted(holder, "egress"), ...asked, door: doorAt(way, at) });
      this.#push({ ...accepted(holder, "ingress"), ...answered });
      const next = way.stations[at + 1]?.holder ?? way.target;
      if (next === undefined) continue;
      this.#push({ ...accepted(next, "ingress"), ...asked });
      this.#push({ ...accepted(next, "egress"), ...answered, door: { kind: "interface" } });
    }
  }

  #passed({ flow: { path }, way }: OpenTally, counted: Pick<EndpointCount, "bytesIn" | "bytesOut" | "resets">): void {
    if (path.kind !== "gateway-endpoint" && path.kind !== "interface-endpoint") return;
    const networkInterfaceId = way.target?.id;
    const { vpcEndpointId } = path;
    this.#endpoints.push({
      vpcEndpointId,
      ...(networkInterfaceId !== undefined && { networkInterfaceId }),
      ...counted,
    });
  }

  #push(flow: FlowCount): void {
    if (this.#logged.has(flow.networkInterfaceId)) this.#flows.push(flow);
  }
}

/** The filter of the packet's own interface that drops it; undefined where they all let it go. */
function droppedOnLeaving(state: State, { holder }: Station, packet: Packet): FilterStep | undefined {
  const network = networkOf(state, holder.vpcId);
  const acl = network?.aclOf.get(holder.subnetId);
  if (network === undefined) return undefined;
  const { subnetId } = holder;
  const verdicts = [
    groupVerdict(network, holder, "egress", packet),
    ...(acl === undefined ? [] : [{ ...aclVerdict(acl, "egress", packet), subnetId }]),
  ];
  const verdict = verdicts.find(({ allowed }) => !allowed);
  return verdict && { leg: "request", packet, verdict };
}

/** The endpoint at the other end, seen from an interface that is none of its own. */
function endpointBeyond(
  holder: NetworkInterface,
  exit: Walk["exit"],
): Pick<EndpointCount, "vpcEndpointId"> | undefined {
  if (exit.kind === "gateway-endpoint") return { vpcEndpointId: exit.vpcEndpointId };
  const isBeyond = exit.kind === "interface-endpoint" && exit.networkInterfaceId !== holder.id;
  return isBeyond ? { vpcEndpointId: exit.vpcEndpointId } : undefined;
}

function accepted(
  { id, vpcId }: NetworkInterface,
  direction: FlowCount["direction"],
): Pick<FlowCount, "vpcId" | "networkInterfaceId" | "action" | "direction" | "protocol"> {
  return { vpcId, networkInterfaceId: id, action: "ACCEPT", direction, protocol: protocolNumbers.tcp };
}

/** Of one packet. */
function flowOfPacket(
  { id, vpcId }: NetworkInterface,
  packet: Packet,
): Omit<FlowCount, "action" | "direction" | "tcpFlags" | "door"> {
  return {
    vpcId,
    networkInterfaceId: id,
    protocol: packet.protocol,
    sourceIp: formatIp(packet.sourceIp),
    destinationIp: formatIp(packet.destinationIp),
    sourcePort: packet.sourcePorts.from,
    destinationPort: packet.destinationPorts.from,
    packets: 1,
    bytes: HEADER_BYTES,
  };
}

function sizeOf(payloadBytes: number): { readonly packets: number; readonly bytes: number } {
  const packets = Math.max(1, Math.ceil(payloadBytes / SEGMENT_BYTES));
  return { packets, bytes: payloadBytes + packets * HEADER_BYTES };
}
