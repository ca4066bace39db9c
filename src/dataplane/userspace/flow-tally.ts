/**
 * What the proxy carried and refused, told as a VPC would count it. It carries bytes, not packets: their number is that of the
 * segments that the bytes would fill, and the segments that open and close a connection are not counted.
 */

import type { Socket } from "node:net";
import { formatIp } from "../../base/ip.ts";
import type { NetworkInterface } from "../../model/network-interface.ts";
import { find, type State } from "../../model/state.ts";
import {
  type DropCount,
  type EndpointCount,
  type FlowCount,
  type FlowDoor,
  lastRuleNumber,
} from "../../network/traffic-count.ts";
import type { TrafficReading } from "../../network/traffic-count.ts";
import { protocolNumbers } from "../../network/packet.ts";
import type { Drop, ServiceFlow } from "./dial.ts";

/** Source: RFC 9293 section 3.7.1 and RFC 791: 1500 bytes without the two headers. */
const SEGMENT_BYTES = 1460;
const HEADER_BYTES = 40;
const FLAGS = { syn: 2, synAck: 18, fin: 1 } as const;

interface OpenTally {
  readonly holder: NetworkInterface;
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

  /** Whose flows are told from now on. */
  log(networkInterfaceIds: readonly string[]): void {
    this.#logged = new Set(networkInterfaceIds);
  }

  /** Follows a connection until its socket closes. `clientBytes` is which of the socket's counters the client's bytes are. */
  follow(state: State, flow: ServiceFlow, socket: Socket, clientBytes: "bytesRead" | "bytesWritten"): void {
    const holder = holderOf(state, flow.instanceId);
    if (holder === undefined) return;
    const serviceBytes = clientBytes === "bytesRead" ? "bytesWritten" : "bytesRead";
    const start = { sent: socket[clientBytes], received: socket[serviceBytes] };
    const carried = (): Carried => ({
      sent: socket[clientBytes] - start.sent,
      received: socket[serviceBytes] - start.received,
    });
    const sourcePort = socket.remotePort ?? 0;
    const tally = { holder, flow, sourcePort, carried, before: { sent: 0, received: 0 }, flags: FLAGS.syn };
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

  /** One packet that a filter dropped: on its way out, or its answer on the way back. */
  refuse(state: State, instanceId: string, { step, exit }: Drop): void {
    const { packet, verdict, leg } = step;
    const holder = holderOf(state, instanceId);
    if (holder === undefined || verdict.kind === "nat-gateway") return;
    const { direction } = verdict;
    const common = { vpcId: holder.vpcId, networkInterfaceId: holder.id, direction, packets: 1 };
    const endpoint = exit.kind === "gateway-endpoint" ? { vpcEndpointId: exit.vpcEndpointId } : {};
    this.#drops.push({ kind: verdict.kind, ...common, ...endpoint });
    if (verdict.kind === "network-acl") {
      const { networkAclId } = verdict;
      const ruleNumber = verdict.ruleNumber === "*" ? lastRuleNumber : verdict.ruleNumber;
      this.#drops.push({
        kind: "network-acl-rule",
        vpcId: holder.vpcId,
        networkAclId,
        ruleNumber,
        direction,
        packets: 1,
      });
    }
    this.#push({
      ...common,
      action: "REJECT",
      protocol: packet.protocol,
      sourceIp: formatIp(packet.sourceIp),
      destinationIp: formatIp(packet.destinationIp),
      sourcePort: packet.sourcePorts.from,
      destinationPort: packet.destinationPorts.from,
      tcpFlags: leg === "request" ? FLAGS.syn : FLAGS.synAck,
      bytes: HEADER_BYTES,
    });
  }

  read(): TrafficReading {
    for (const tally of this.#open) this.#tell(tally);
    const reading = { flows: this.#flows, drops: this.#drops, endpoints: this.#endpoints, overflown: [] };
    this.#endpoints = [];
    this.#flows = [];
    this.#drops = [];
    return reading;
  }

  /** What came since the last time. */
  #tell(tally: OpenTally): void {
    const { holder, flow, sourcePort, before, flags } = tally;
    const now = tally.carried();
    const [sent, received] = [now.sent - before.sent, now.received - before.received];
    tally.before = now;
    tally.flags = 0;
    if (sent + received > 0) this.#passed(flow, { bytesIn: sent, bytesOut: received, resets: 0 });
    const isNews = flags !== 0 || sent > 0 || received > 0;
    if (!isNews) return;
    const common = {
      vpcId: holder.vpcId,
      networkInterfaceId: holder.id,
      action: "ACCEPT",
      protocol: protocolNumbers.tcp,
    } as const;
    const { privateIpAddress } = holder;
    this.#push({
      ...common,
      direction: "egress",
      sourceIp: privateIpAddress,
      destinationIp: flow.destinationIp,
      sourcePort,
      destinationPort: flow.port,
      tcpFlags: flags,
      ...sizeOf(sent),
      door: doorOf(holder, flow),
    });
    this.#push({
      ...common,
      direction: "ingress",
      sourceIp: flow.destinationIp,
      destinationIp: privateIpAddress,
      sourcePort: flow.port,
      destinationPort: sourcePort,
      tcpFlags: (flags & FLAGS.syn) === 0 ? flags : flags | FLAGS.synAck,
      ...sizeOf(received),
    });
  }

  #passed({ path }: ServiceFlow, counted: Omit<EndpointCount, "vpcEndpointId">): void {
    if (path.kind === "gateway-endpoint") this.#endpoints.push({ vpcEndpointId: path.vpcEndpointId, ...counted });
  }

  #push(flow: FlowCount): void {
    if (this.#logged.has(flow.networkInterfaceId)) this.#flows.push(flow);
  }
}

function holderOf(state: State, instanceId: string): NetworkInterface | undefined {
  return find(state, "network-interface", find(state, "instance", instanceId)?.networkInterfaceIds[0] ?? "");
}

function sizeOf(payloadBytes: number): { readonly packets: number; readonly bytes: number } {
  const packets = Math.max(1, Math.ceil(payloadBytes / SEGMENT_BYTES));
  return { packets, bytes: payloadBytes + packets * HEADER_BYTES };
}

/** Another source than the instance's own is that of the NAT gateway on the way. */
function doorOf(holder: NetworkInterface, { path }: ServiceFlow): FlowDoor {
  switch (path.kind) {
    case "gateway-endpoint":
      return path.sourceIp === holder.privateIpAddress
        ? { kind: path.kind, vpcEndpointId: path.vpcEndpointId }
        : { kind: "interface" };
    case "internet":
      return { kind: path.sourceIp === holder.publicIpAddress ? "internet-gateway" : "interface" };
    case "interface-endpoint":
    case "host":
      return { kind: "interface" };
  }
}
