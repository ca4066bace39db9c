/**
 * Flow log records: what an interface's flows of one interval come to, as AWS writes them.
 * Source: Amazon VPC User Guide, "Flow log records" (fields, traffic paths) and "Flow log record examples".
 */

import { parseIp } from "../base/ip.ts";
import type { FlowLog } from "../model/flow-log.ts";
import { type FlowLogField, fieldsOfFormat, versionOfFields } from "../model/flow-log-format.ts";
import { isNitro } from "../model/instance-type.ts";
import type { NetworkInterface } from "../model/network-interface.ts";
import { find, type State } from "../model/state.ts";
import { findRegion } from "../model/region.ts";
import { awsServiceName } from "../network/aws-service-name.ts";
import type { FlowCount } from "../network/traffic-count.ts";

/** All packets of one flow within an interval. */
export interface RecordedFlow extends FlowCount {
  readonly startMs: number;
  readonly endMs: number;
}

export interface RecordWindow {
  readonly startMs: number;
  readonly endMs: number;
  /** Whether flows of the interface may be missing. */
  readonly skipped: boolean;
}

/** The first line of every file. */
export function recordHeader(log: FlowLog): string {
  return fieldsOf(log).join(" ");
}

/**
 * The records of one interface, a line each. An interface without packets has one that says NODATA, and one whose flows may
 * be missing one that says SKIPDATA beside the rest; where the log asks for one action alone, others count as no packets.
 */
export function recordsOf(
  state: State,
  log: FlowLog,
  holder: NetworkInterface,
  { flows, window }: { readonly flows: readonly RecordedFlow[]; readonly window: RecordWindow },
): readonly string[] {
  const wanted = flows.filter(({ action }) => log.trafficType === "ALL" || log.trafficType === action);
  const fields = fieldsOf(log);
  const own = ownValues(state, holder, versionOfFields(fields));
  const line = (values: Values): string => fields.map((field) => values[field] ?? own[field] ?? "-").join(" ");
  const [start, end] = [seconds(window.startMs), seconds(window.endMs)];
  const lines = wanted.map((flow) => line(flowValues(state, holder, flow)));
  if (window.skipped) return [...lines, line({ start, end, "log-status": "SKIPDATA" })];
  return lines.length === 0 ? [line({ start, end, "log-status": "NODATA" })] : lines;
}

type Values = Readonly<Partial<Record<FlowLogField, string>>>;

function fieldsOf(log: FlowLog): readonly FlowLogField[] {
  const fields = fieldsOfFormat(log.logFormat);
  // A log of a state folder from before formats were checked may ask for anything; what is not known is left out.
  if (fields.ok) return fields.value;
  return log.logFormat.split(/\s+/).flatMap((word) => {
    const one = fieldsOfFormat(word);
    return one.ok ? one.value : [];
  });
}

/** What is the same in every record of the interface. */
function ownValues(state: State, holder: NetworkInterface, version: number): Values {
  const zoneId = zoneIdOf(state, holder);
  const instanceId = holder.attachment?.instanceId;
  return {
    version: `${version}`,
    "account-id": holder.accountId,
    "interface-id": holder.id,
    "vpc-id": holder.vpcId,
    "subnet-id": holder.subnetId,
    region: holder.region,
    ...(zoneId !== undefined && { "az-id": zoneId }),
    ...(instanceId !== undefined && { "instance-id": instanceId }),
  };
}

function zoneIdOf(state: State, holder: NetworkInterface): string | undefined {
  const zone = find(state, "subnet", holder.subnetId)?.availabilityZone;
  return findRegion(holder.region)?.zones.find(({ name }) => name === zone)?.id;
}

function flowValues(state: State, holder: NetworkInterface, flow: RecordedFlow): Values {
  const isIpv4 = parseIp(flow.sourceIp)?.width === 32;
  const isEgress = flow.direction === "egress";
  // The interface's own end is always its primary address; what the packet itself said stands in the fields `pkt-`.
  const own = isIpv4 ? holder.privateIpAddress : undefined;
  const path = trafficPath(state, holder, flow);
  return {
    srcaddr: isEgress ? (own ?? flow.sourceIp) : flow.sourceIp,
    dstaddr: isEgress ? flow.destinationIp : (own ?? flow.destinationIp),
    srcport: `${flow.sourcePort}`,
    dstport: `${flow.destinationPort}`,
    protocol: `${flow.protocol}`,
    packets: `${flow.packets}`,
    bytes: `${flow.bytes}`,
    start: seconds(flow.startMs),
    end: seconds(flow.endMs),
    action: flow.action,
    "log-status": "OK",
    "tcp-flags": `${flow.tcpFlags}`,
    type: isIpv4 ? "IPv4" : "IPv6",
    "pkt-srcaddr": flow.sourceIp,
    "pkt-dstaddr": flow.destinationIp,
    ...serviceValue("pkt-src-aws-service", flow.sourceIp),
    ...serviceValue("pkt-dst-aws-service", flow.destinationIp),
    "flow-direction": flow.direction,
    ...(path !== undefined && { "traffic-path": `${path}` }),
  };
}

function serviceValue(field: "pkt-src-aws-service" | "pkt-dst-aws-service", ip: string): Values {
  const name = awsServiceName(ip);
  return name === undefined ? {} : { [field]: name };
}

/**
 * Of what leaves and is let through alone. Source: Amazon VPC User Guide, "Flow log records", traffic-path.
 *
 * ASSUMPTION: what leaves by an egress-only internet gateway has the traffic path of an internet gateway.
 */
const PATH = {
  sameVpc: 1,
  gatewayOrEndpoint: 2,
  vpnGateway: 3,
  peeringInRegion: 4,
  peeringAcrossRegions: 5,
  gatewayEndpoint: 7,
  internetGateway: 8,
} as const;

function trafficPath(state: State, holder: NetworkInterface, { action, door }: FlowCount): number | undefined {
  if (action === "REJECT") return undefined;
  switch (door?.kind) {
    case "interface":
      return PATH.sameVpc;
    case "gateway-endpoint":
      return isOnNitro(state, holder) ? PATH.gatewayEndpoint : PATH.gatewayOrEndpoint;
    case "internet-gateway":
      return isOnNitro(state, holder) ? PATH.internetGateway : PATH.gatewayOrEndpoint;
    case "vpc-peering-connection": {
      const peering = find(state, "vpc-peering-connection", door.vpcPeeringConnectionId);
      const isNear = peering?.requester.region === peering?.accepter.region;
      return isNear ? PATH.peeringInRegion : PATH.peeringAcrossRegions;
    }
    case "vpn-gateway":
      return PATH.vpnGateway;
    case undefined:
      return undefined;
  }
}

function isOnNitro(state: State, holder: NetworkInterface): boolean {
  const instance = find(state, "instance", holder.attachment?.instanceId ?? "");
  return instance === undefined || isNitro(instance.instanceType);
}

function seconds(atMs: number): string {
  return `${Math.floor(atMs / 1000)}`;
}
