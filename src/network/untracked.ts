/**
 * Connections that security groups do not track: they pass as long as a rule allows them and are cut with it, while tracked
 * ones outlive their rules.
 * Source: Amazon EC2 User Guide, "Security group connection tracking": untracked are TCP and UDP where a rule allows everyone
 * and a rule of the other direction allows everyone on all ports; connections through NAT gateways, egress-only internet
 * gateways, interface endpoints, network load balancers and endpoints of DynamoDB are tracked all the same.
 *
 * ASSUMPTION: whether a connection is tracked hangs on the rules in force before a change, not on those at its opening; and an
 * untracked one goes on when only the rule for its answers goes, as a new one would be tracked and allowed.
 */

import { parseIp } from "../base/ip.ts";
import type { NetworkInterface } from "../model/network-interface.ts";
import { all, find, type State } from "../model/state.ts";
import type { Traffic } from "../model/traffic.ts";
import { type CompiledGroup, type CompiledRule, type Firewall, groupVerdict } from "./firewall.ts";
import { hasPorts, type Packet, portsMatched } from "./packet.ts";
import { holderOf } from "./sender.ts";
import { networkOf, touchedVpcs, type VpcNetwork } from "./vpc-network.ts";
import { walk } from "./walk.ts";

type Direction = "ingress" | "egress";

/** An open connection of TCP or UDP, as its first packet passed the router of a VPC. */
export interface OpenConnection {
  readonly vpcId: string;
  /** IANA's number. */
  readonly protocol: number;
  readonly sourceIp: string;
  readonly sourcePort: number;
  readonly destinationIp: string;
  readonly destinationPort: number;
}

/** The VPCs where a rule that allowed everyone is gone or is another, from one state to the next. */
export function vpcsWithLostRules(before: State, after: State): readonly string[] {
  if (before === after) return [];
  const ids = touchedVpcs(before, after) ?? [...all(after, "vpc")].map(({ id }) => id);
  return [...ids].filter((id) => {
    const [then, now] = [networkOf(before, id), networkOf(after, id)];
    return then !== undefined && now !== undefined && then !== now && losesRules(then, now);
  });
}

function losesRules(then: VpcNetwork, now: VpcNetwork): boolean {
  if (then.interfaces !== now.interfaces && [...then.interfaces.values()].some((one) => isRegrouped(one, now)))
    return true;
  if (then.groups === now.groups) return false;
  return [...then.groups].some(([id, group]) => {
    const later = now.groups.get(id);
    if (later === group) return false;
    const kept = new Set(rulesOf(later));
    return rulesOf(group).some((rule) => isOpen(rule) && !kept.has(rule));
  });
}

function isRegrouped({ id, securityGroupIds }: NetworkInterface, now: VpcNetwork): boolean {
  const later = now.interfaces.get(id)?.securityGroupIds;
  return later !== undefined && securityGroupIds.some((groupId) => !later.includes(groupId));
}

function rulesOf(group: CompiledGroup | undefined): readonly CompiledRule[] {
  return group === undefined ? [] : [...group.ingress, ...group.egress];
}

/** Whether a change of the state cuts the connection: no group tracks it, and a new one like it would not be allowed. */
export function isCut(before: State, after: State, connection: OpenConnection): boolean {
  const [then, now] = [networkOf(before, connection.vpcId), networkOf(after, connection.vpcId)];
  const packet = packetOf(connection);
  if (then === undefined || now === undefined || packet === undefined) return false;
  return (["egress", "ingress"] as const).some((direction) => {
    const holder = then.interfaceByIp.get(direction === "egress" ? connection.sourceIp : connection.destinationIp);
    const later = holder && now.interfaces.get(holder.id);
    if (holder === undefined || later === undefined || groupVerdict(now, later, direction, packet).allowed)
      return false;
    return isUntracked(then, holder, direction, packet) && !isTrackedAnyway(before, then, connection);
  });
}

/** Whether the groups of the interface allow the connection to everyone, and its answers on whatever port. */
function isUntracked(firewall: Firewall, holder: NetworkInterface, direction: Direction, packet: Packet): boolean {
  if (!hasPorts(packet.protocol)) return false;
  const groups = holder.securityGroupIds.flatMap((id) => firewall.groups.get(id) ?? []);
  const isAnyone = (rule: CompiledRule): boolean => isOpen(rule) && isOfWidth(rule, packet);
  const back = direction === "egress" ? "ingress" : "egress";
  return (
    groups.some((one) =>
      one[direction].some((rule) => isAnyone(rule) && portsMatched(rule.rule.traffic, packet) !== undefined),
    ) && groups.some((one) => one[back].some((rule) => isAnyone(rule) && isOfAllPorts(rule.rule.traffic, packet)))
  );
}

function isOpen({ rule }: CompiledRule): boolean {
  return rule.peer.kind === "cidr" && rule.peer.cidrBlock.endsWith("/0");
}

function isOfWidth({ rule }: CompiledRule, { sourceIp }: Packet): boolean {
  return rule.peer.kind === "cidr" && rule.peer.cidrBlock.includes(":") === (sourceIp.width === 128);
}

function isOfAllPorts(traffic: Traffic, { protocol }: Packet): boolean {
  if (traffic.kind === "all") return true;
  return (
    traffic.kind === "ports" && traffic.protocol === protocol && traffic.fromPort === 0 && traffic.toPort === 65_535
  );
}

/** Whether it passes one of those by which every connection is tracked. */
function isTrackedAnyway(state: State, network: VpcNetwork, { sourceIp, destinationIp }: OpenConnection): boolean {
  const [source, destination] = [sourceIp, destinationIp].map((ip) => network.interfaceByIp.get(ip));
  if (source?.requester !== undefined || destination?.requester !== undefined) return true;
  const instance = holderOf(state, source);
  if (instance === undefined) return false;
  const { exit, nats = [] } = walk(state, instance.id, destinationIp, sourceIp);
  if (nats.length > 0) return true;
  switch (exit.kind) {
    case "interface-endpoint":
      return true;
    case "internet":
      return exit.internetGatewayId.startsWith("eigw-");
    case "gateway-endpoint":
      return find(state, "vpc-endpoint", exit.vpcEndpointId)?.serviceName.endsWith(".dynamodb") === true;
    case "local":
    case "on-premises":
    case "vpc-service":
    case "none":
      return false;
  }
}

function packetOf(connection: OpenConnection): Packet | undefined {
  const [sourceIp, destinationIp] = [parseIp(connection.sourceIp), parseIp(connection.destinationIp)];
  if (sourceIp === undefined || destinationIp === undefined) return undefined;
  const { protocol, sourcePort, destinationPort } = connection;
  return {
    protocol,
    sourceIp,
    destinationIp,
    sourcePorts: { from: sourcePort, to: sourcePort },
    destinationPorts: { from: destinationPort, to: destinationPort },
  };
}
