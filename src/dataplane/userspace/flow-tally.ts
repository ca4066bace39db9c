/**
 * What the proxy carried and refused, told as a VPC would count it. It carries bytes, not packets: their number is that of the
 * segments that the bytes would fill, and the segments that open and close a connection are not counted.
 */

import type { Socket } from "node:net";
import { widthOf } from "../../base/ip.ts";
import type { NetworkInterface } from "../../model/network-interface.ts";
import {
  type DropCount,
  type EndpointCount,
  type FlowCount,
  lastRuleNumber,
  type TrafficReading,
} from "../../network/traffic-count.ts";
import { protocolNumbers } from "../../network/packet.ts";
import type { FilterStep } from "../../network/reach.ts";
import type { PlaceFlow, ServiceFlow } from "./dial.ts";
import type { LostPacket } from "./lost-packet.ts";
import { type Visit, visitsUntil } from "./visit.ts";

/** Source: RFC 9293 section 3.7.1, RFC 791 and RFC 8200: 1500 bytes without the two headers. */
const SEGMENT_BYTES = { 32: 1460, 128: 1440 } as const;
const HEADER_BYTES = { 32: 40, 128: 60 } as const;
const FLAGS = { fin: 1, syn: 2, reset: 4, synAck: 18 } as const;
/** The client's, where it has no connection of its own. Source: the first of `ephemeralPorts`. */
const UNKNOWN_PORT = 32_768;

interface OpenTally {
  readonly flow: ServiceFlow | PlaceFlow;
  readonly sourcePort: number;
  /** Bytes that the client has sent and got until now. */
  readonly carried: () => Carried;
  before: Carried;
  /** Of the segments that came since the last time and hold no bytes. */
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
  follow(flow: ServiceFlow | PlaceFlow, socket: Socket, clientBytes: "bytesRead" | "bytesWritten"): void {
    if (flow.visits.length === 0) return;
    const serverBytes = clientBytes === "bytesRead" ? "bytesWritten" : "bytesRead";
    const start = { sent: socket[clientBytes], received: socket[serverBytes] };
    const carried = (): Carried => ({
      sent: socket[clientBytes] - start.sent,
      received: socket[serverBytes] - start.received,
    });
    const sourcePort = socket.remotePort ?? UNKNOWN_PORT;
    const tally = { flow, sourcePort, carried, before: { sent: 0, received: 0 }, flags: FLAGS.syn };
    this.#open.add(tally);
    socket.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "ECONNRESET") this.#passed(flow, { bytesIn: 0, bytesOut: 0, resets: 1 });
    });
    socket.once("close", () => {
      tally.flags |= FLAGS.fin;
      this.#tell(tally);
      this.#open.delete(tally);
    });
  }

  /** The one packet that a filter dropped, or that came to where nothing listens, and what there was of an answer. */
  lose({ visits, dropped, isReset, isUnrouted, port }: LostPacket): void {
    const { passed, refusedAt } =
      dropped === undefined ? { passed: visits, refusedAt: undefined } : visitsUntil(visits, dropped);
    const answered = dropped !== undefined || isReset;
    const flagsOf = ({ leg }: Visit): number => {
      if (leg === "request") return FLAGS.syn;
      return dropped === undefined ? FLAGS.reset : FLAGS.synAck;
    };
    const told = [
      ...passed
        .filter(({ leg }) => leg === "request" || answered)
        .map((visit) => ({ visit, action: "ACCEPT" }) as const),
      ...(refusedAt === undefined ? [] : [{ visit: refusedAt, action: "REJECT" } as const]),
    ];
    for (const { action, visit } of told) {
      const ports = { sourcePort: UNKNOWN_PORT, port };
      this.#push(visit, { action, ports, tcpFlags: flagsOf(visit), packets: 1, bytes: headerBytes(visit) });
    }
    if (dropped !== undefined && refusedAt !== undefined) this.#drop(dropped, visits, refusedAt);
    const last = visits.findLast(({ leg, direction }) => leg === "request" && direction === "egress");
    if (!isUnrouted || dropped !== undefined || last === undefined) return;
    const { id: networkInterfaceId, vpcId } = last.holder;
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

  #drop({ verdict }: FilterStep, visits: readonly Visit[], { holder }: Visit): void {
    if (verdict.kind === "nat-gateway") return;
    const { vpcId, id: networkInterfaceId } = holder;
    const { direction } = verdict;
    const endpoint = endpointBeyond(visits, holder);
    this.#drops.push({ kind: verdict.kind, vpcId, networkInterfaceId, direction, packets: 1, ...endpoint });
    if (verdict.kind !== "network-acl") return;
    const { networkAclId } = verdict;
    const ruleNumber = verdict.ruleNumber === "*" ? lastRuleNumber : verdict.ruleNumber;
    this.#drops.push({ kind: "network-acl-rule", vpcId, networkAclId, ruleNumber, direction, packets: 1 });
  }

  /** What came since the last time. */
  #tell(tally: OpenTally): void {
    const { flow, sourcePort, before, flags } = tally;
    const now = tally.carried();
    const [sent, received] = [now.sent - before.sent, now.received - before.received];
    tally.before = now;
    tally.flags = 0;
    if (sent + received > 0) this.#passed(flow, { bytesIn: sent, bytesOut: received, resets: 0 });
    const isNews = flags !== 0 || sent > 0 || received > 0;
    if (!isNews) return;
    const ports = { sourcePort, port: flow.port };
    for (const visit of flow.visits) {
      const isAnswer = visit.leg === "reply";
      const tcpFlags = isAnswer && (flags & FLAGS.syn) !== 0 ? flags | FLAGS.synAck : flags;
      const size = sizeOf(visit, isAnswer ? received : sent);
      this.#push(visit, { action: "ACCEPT", ports, tcpFlags, ...size });
    }
  }

  #passed(flow: ServiceFlow | PlaceFlow, counted: Pick<EndpointCount, "bytesIn" | "bytesOut" | "resets">): void {
    const path = flow.kind === "service" ? flow.path : undefined;
    if (path?.kind !== "gateway-endpoint" && path?.kind !== "interface-endpoint") return;
    const { vpcEndpointId } = path;
    const networkInterfaceId = flow.visits.find(({ holder }) => isOf(holder, vpcEndpointId))?.holder.id;
    this.#endpoints.push({
      vpcEndpointId,
      ...(networkInterfaceId !== undefined && { networkInterfaceId }),
      ...counted,
    });
  }

  #push({ holder, leg, direction, sourceIp, destinationIp, door }: Visit, told: Told): void {
    if (!this.#logged.has(holder.id)) return;
    const { action, ports, tcpFlags, packets, bytes } = told;
    const [sourcePort, destinationPort] =
      leg === "request" ? [ports.sourcePort, ports.port] : [ports.port, ports.sourcePort];
    this.#flows.push({
      vpcId: holder.vpcId,
      networkInterfaceId: holder.id,
      direction,
      action,
      protocol: protocolNumbers.tcp,
      sourceIp,
      destinationIp,
      sourcePort,
      destinationPort,
      tcpFlags,
      packets,
      bytes,
      ...(door && { door }),
    });
  }
}

interface Told extends Pick<FlowCount, "action" | "tcpFlags" | "packets" | "bytes"> {
  readonly ports: { readonly sourcePort: number; readonly port: number };
}

/** The endpoint at the other end of a link, seen from an interface that is none of its own. */
function endpointBeyond(
  visits: readonly Visit[],
  holder: NetworkInterface,
): Pick<EndpointCount, "vpcEndpointId"> | undefined {
  const door = visits.find((one) => one.holder === holder && one.direction === "egress")?.door;
  if (door?.kind === "gateway-endpoint") return { vpcEndpointId: door.vpcEndpointId };
  const requester = visits.map((one) => one.holder.requester).find((one) => one?.kind === "vpc-endpoint");
  return requester === undefined || isOf(holder, requester.vpcEndpointId)
    ? undefined
    : { vpcEndpointId: requester.vpcEndpointId };
}

function isOf({ requester }: NetworkInterface, vpcEndpointId: string): boolean {
  return requester?.kind === "vpc-endpoint" && requester.vpcEndpointId === vpcEndpointId;
}

function headerBytes(visit: Visit): number {
  return HEADER_BYTES[widthOf(visit.sourceIp)];
}

function sizeOf(visit: Visit, payloadBytes: number): { readonly packets: number; readonly bytes: number } {
  const packets = Math.max(1, Math.ceil(payloadBytes / SEGMENT_BYTES[widthOf(visit.sourceIp)]));
  return { packets, bytes: payloadBytes + packets * headerBytes(visit) };
}
