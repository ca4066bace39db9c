/** What became of a connection attempt: by the pure functions, and in words that every data plane can be held against. */

import { allAddressesOf } from "../../src/model/network-interface.ts";
import type { OnPremisesHost } from "../../src/model/on-premises-host.ts";
import { all, find, type State } from "../../src/model/state.ts";
import { portsOnInternet, servicePorts } from "../../src/network/echo-host.ts";
import { pathFromOnPremises, reachFromOnPremises } from "../../src/network/on-premises.ts";
import { pathOf } from "../../src/network/path-origin.ts";
import type { Path } from "../../src/network/path.ts";
import { type FilterStep, type Opening, type Reach, reach } from "../../src/network/reach.ts";
import { type Trail, trailOf } from "./trail.ts";
import { ports, type Trial } from "./trial.ts";

/** `endpoint vpce-… of vpc-… from 10.0.1.4`, `internet by igw-… from 2600:…`, `instance i-…`, `echo`, `nothing`. */
export type Outcome = string;

export function outcomeOfPath(path: Path): Outcome {
  switch (path.kind) {
    case "gateway-endpoint":
      return `endpoint ${path.vpcEndpointId} of ${path.vpcId} from ${path.sourceIp} to ${path.destinationIp}`;
    case "interface-endpoint":
      return `interface ${path.vpcEndpointId} of ${path.vpcId} for ${path.service} from ${path.sourceIp} to ${path.destinationIp}`;
    case "internet":
      return `internet by ${path.gatewayId ?? "any gateway"} from ${path.sourceIp} to ${path.destinationIp}`;
    case "host":
      return "host";
  }
}

/** What the plane in question carries: packets from the address and port that a program chooses, or connections of TCP. */
export type Carries = "packets" | "connections";

export interface Expectation {
  readonly outcome: Outcome;
  /** What the flow meets, for the count: `security-group`, `network-acl`, `network-acl for answers`, `nat-gateway`, `NAT64`. */
  readonly meets: readonly string[];
  readonly trail: Trail;
}

/** Who tries: an instance, or a host behind a VPN connection. */
export type Trier = string;

/** What the pure functions say becomes of a trial; undefined where that hangs on a port that a NAT gateway chooses. */
export function expectedOutcome(state: State, from: Trier, asked: Trial, carries: Carries): Expectation | undefined {
  const { sourceIp: _, ...plain } = asked;
  // Through a proxy a program chooses neither the address nor the port that it comes from.
  const trial = carries === "packets" ? asked : plain;
  const host = find(state, "on-premises-host", from);
  const reached =
    host === undefined ? reachFrom(state, from, trial, carries) : reachFromHost(state, host, trial, carries);
  const { dropped } = reached;
  if (dropped !== undefined && !isWhole(dropped) && carries === "packets") return undefined;
  const outcome = outcomeOf(state, from, { trial, reached, carries });
  const trail = trailOf(state, from, { trial, reached });
  const isSecond = outcome !== "nothing" && isOfSecond(state, carries === "packets" ? asked.sourceIp : undefined);
  const meets = [
    ...meetsOf(reached, outcome, host !== undefined),
    ...(isSecond ? ["second interface through"] : []),
    ...(outcome !== "nothing" && isOfIpv6Alone(state, from) ? ["from IPv6 alone through"] : []),
  ];
  return { outcome, trail, meets };
}

/** Whether an address is of an interface that is not an instance's primary one. */
function isOfSecond(state: State, ip: string | undefined): boolean {
  const holders = [...all(state, "network-interface")].filter((one) => (one.attachment?.deviceIndex ?? 0) > 0);
  return ip !== undefined && holders.some((one) => allAddressesOf(one).includes(ip));
}

/** Whether an instance's primary interface has no IPv4. */
function isOfIpv6Alone(state: State, from: Trier): boolean {
  const [first = ""] = find(state, "instance", from)?.networkInterfaceIds ?? [];
  const primary = find(state, "network-interface", first);
  return primary !== undefined && primary.privateIpAddress === undefined;
}

function reachFrom(state: State, from: Trier, trial: Trial, carries: Carries): Reach {
  const { ip, sourceIp } = trial;
  const opens = openingOf(trial, carries === "packets");
  return reach(state, from, { destinationIp: ip, ...(sourceIp !== undefined && { sourceIp }), opens });
}

function reachFromHost(state: State, host: OnPremisesHost, trial: Trial, carries: Carries): Reach {
  return reachFromOnPremises(state, host, { destinationIp: trial.ip, opens: openingOf(trial, carries === "packets") });
}

function openingOf({ kind, port, sourcePort }: Trial, choosesPort: boolean): Opening {
  switch (kind) {
    case "tcp":
    case "udp":
      return { kind, port, ...(choosesPort && { sourcePort }) };
    case "protocol":
      return { kind, number: port };
    case "ping":
      return { kind };
  }
}

function meetsOf(
  { dropped, exit, nats = [], overInternet, peering, route, translatedIp }: Reach,
  outcome: Outcome,
  isHost: boolean,
): string[] {
  const filter = dropped && `${dropped.verdict.kind}${dropped.leg === "reply" ? " for answers" : ""}`;
  const through = outcome === "nothing" ? "" : " through";
  return [
    ...(filter === undefined ? [] : [filter]),
    ...nats.map(() => "nat-gateway"),
    ...(overInternet === undefined ? [] : [`over internet${through}`]),
    ...(isOutAndIn(overInternet) ? [`out and in by IPv6${through}`] : []),
    ...(translatedIp === undefined || outcome === "nothing" ? [] : ["NAT64"]),
    ...(peering === undefined ? [] : [`peering${through}`]),
    ...(peering === undefined || nats.length === 0 ? [] : [`nat-gateway over peering${through}`]),
    ...(exit.kind === "on-premises" ? [`to on-premises${isHost ? " from there" : ""}${through}`] : []),
    ...(isHost ? [`from on-premises${through}`] : []),
    ...(route !== undefined && route.chosen === undefined ? ["no route"] : []),
    ...(route?.chosen?.state === "blackhole" ? ["blackhole"] : []),
  ];
}

/** Whether it leaves a VPC and comes in again though the VPC has the address. */
function isOutAndIn(hop: Reach["overInternet"]): boolean {
  return hop !== undefined && hop.fromGatewayId === hop.toGatewayId && hop.sourceIp.includes(":");
}

interface Reached {
  readonly trial: Trial;
  readonly reached: Reach;
  readonly carries: Carries;
}

function outcomeOf(state: State, from: Trier, { trial, reached, carries }: Reached): Outcome {
  const { ip, kind, port } = trial;
  if (reached.dropped !== undefined || reached.astray !== undefined) return "nothing";
  const path = pathFrom(state, from, { trial, reached });
  if (path !== undefined) {
    const open =
      path.kind === "interface-endpoint" ? servicePorts : (portsOnInternet(reached.translatedIp ?? ip) ?? []);
    const isServed = kind === "tcp" && listens(open, port);
    return isServed ? outcomeOfPath(path) : "nothing";
  }
  if (kind !== "tcp" && carries === "connections") return "nothing";
  const holder = holderAt(state, reached, ip);
  if (holder === undefined) return "nothing";
  if (kind === "ping") return "echo";
  return kind === "protocol" || listens(ports[kind], port) ? `instance ${holder}` : "nothing";
}

function pathFrom(state: State, from: Trier, { trial, reached }: Pick<Reached, "trial" | "reached">): Path | undefined {
  const host = find(state, "on-premises-host", from);
  if (host !== undefined) return pathFromOnPremises(host, reached, trial.ip);
  const instance = find(state, "instance", from);
  return instance && pathOf(instance, reached, trial.ip);
}

/** The instance or on-premises host that answers there. */
function holderAt(state: State, { exit, overInternet, translatedIp }: Reach, ip: string): string | undefined {
  if (exit.kind === "on-premises") return exit.hostId;
  if (exit.kind !== "local") return undefined;
  const holder = find(state, "network-interface", exit.networkInterfaceId ?? "");
  const called = overInternet?.privateIp ?? translatedIp ?? ip;
  return holder !== undefined && allAddressesOf(holder).includes(called) ? holder.attachment?.instanceId : undefined;
}

function listens(list: readonly number[], port: number): boolean {
  return list.includes(port);
}

/** Whether the filter drops every port that the packet may be to. */
function isWhole({ packet, verdict }: FilterStep): boolean {
  if (verdict.kind !== "network-acl") return true;
  const { from, to } = packet.destinationPorts;
  return verdict.ports.from === from && verdict.ports.to === to;
}
