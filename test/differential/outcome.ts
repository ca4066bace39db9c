/** What became of a connection attempt: by the pure functions, and in words that every data plane can be held against. */

import type { Path } from "../../src/network/path.ts";
import { allAddressesOf } from "../../src/model/network-interface.ts";
import { find, type State } from "../../src/model/state.ts";
import { portsOnInternet, servicePorts } from "../../src/network/echo-host.ts";
import { type FilterStep, type Reach, reach } from "../../src/network/reach.ts";
import { pathOf } from "../../src/network/path-origin.ts";
import { ports, type Trial } from "./trial.ts";

/** `endpoint vpce-… of vpc-… from 10.0.1.4`, `internet by igw-… from 2600:…`, `instance i-…`, `nothing`. */
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

/** Whether connections between instances are carried by the plane in question. */
export type Carries = "instances" | "services alone";

export interface Expectation {
  readonly outcome: Outcome;
  /** What the flow meets, for the count: `security-group`, `network-acl`, `network-acl for answers`, `nat-gateway`, `NAT64`. */
  readonly meets: readonly string[];
}

/** What the pure functions say becomes of a trial; undefined where that hangs on a port that a NAT gateway chooses. */
export function expectedOutcome(
  state: State,
  instanceId: string,
  { kind, ip, port, sourceIp, sourcePort }: Trial,
  carries: Carries,
): Expectation | undefined {
  const chosen = carries === "instances" ? { sourcePort } : {};
  const reached = reach(state, instanceId, {
    destinationIp: ip,
    ...(sourceIp !== undefined && carries === "instances" && { sourceIp }),
    opens: { kind, port, ...chosen },
  });
  const { dropped, nats = [], overInternet, peering } = reached;
  if (dropped !== undefined && !isWhole(dropped) && carries === "instances") return undefined;
  const outcome = outcomeOf(state, instanceId, { kind, ip, port, reached, carries });
  const filter = dropped && `${dropped.verdict.kind}${dropped.leg === "reply" ? " for answers" : ""}`;
  return {
    outcome,
    meets: [
      ...(filter === undefined ? [] : [filter]),
      ...nats.map(() => "nat-gateway"),
      ...(overInternet === undefined ? [] : [outcome === "nothing" ? "over internet" : "over internet through"]),
      ...(reached.translatedIp === undefined || outcome === "nothing" ? [] : ["NAT64"]),
      ...(peering === undefined ? [] : [outcome === "nothing" ? "peering" : "peering through"]),
    ],
  };
}

interface Reached extends Pick<Trial, "kind" | "ip" | "port"> {
  readonly reached: Reach;
  readonly carries: Carries;
}

function outcomeOf(state: State, instanceId: string, { kind, ip, port, reached, carries }: Reached): Outcome {
  const instance = find(state, "instance", instanceId);
  if (instance === undefined || reached.dropped !== undefined || reached.astray !== undefined) return "nothing";
  const path = pathOf(instance, reached, ip);
  if (path !== undefined) {
    const open =
      path.kind === "interface-endpoint" ? servicePorts : (portsOnInternet(reached.translatedIp ?? ip) ?? []);
    const isServed = kind === "tcp" && listens(open, port);
    return isServed ? outcomeOfPath(path) : "nothing";
  }
  if (reached.exit.kind !== "local" || carries === "services alone") return "nothing";
  const holder = find(state, "network-interface", reached.exit.networkInterfaceId ?? "");
  const target = holder?.attachment?.instanceId;
  const called = reached.overInternet?.privateIp ?? reached.translatedIp ?? ip;
  if (holder === undefined || target === undefined || !allAddressesOf(holder).includes(called)) return "nothing";
  return listens(ports[kind], port) ? `instance ${target}` : "nothing";
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
