/**
 * The trace of a flow that nobody opened, from an instance or an on-premises host to any target: told by the functions that
 * the data planes are held to. Nothing changes by it.
 */

import { err, ok, type Result } from "../base/result.ts";
import type { Instance } from "../model/instance.ts";
import { allAddressesOf } from "../model/network-interface.ts";
import { isOnPremises, type OnPremisesHost } from "../model/on-premises-host.ts";
import { find, type State } from "../model/state.ts";
import { dropText } from "../network/drop-text.ts";
import { portsOnInternet, servicePorts } from "../network/echo-host.ts";
import { reachFromOnPremises } from "../network/on-premises.ts";
import { firstPacket, type Flow, type Opening, type Reach, reach } from "../network/reach.ts";
import { packetText } from "../network/packet.ts";
import { namePlaceOf, resolveAddresses } from "../network/resolve.ts";
import { flowAdvice } from "./flow-advice.ts";
import { type FlowTarget, parseTarget } from "./flow-target.ts";
import type { FlowTrace } from "./flow-trace.ts";
import { hopsOf } from "./hop.ts";
import { sourceOf } from "./trace-source.ts";

export interface FlowQuestion {
  /** An instance's id, its Name tag where just one running instance has it, or an on-premises host's name. */
  readonly from: string;
  /** `db:5432`, `10.0.3.4:53/udp`, `[2001:db8::7]:80`, `10.0.0.9/icmp`. */
  readonly to: string;
}

/** Fails with a sentence about what is wrong with the question. */
export function traceFlow(state: State, { from, to }: FlowQuestion, nowMs: number): Result<FlowTrace, string> {
  for (const [member, value] of Object.entries({ from, to })) {
    // The question comes as JSON from outside.
    if (typeof value !== "string") return err(`\`${member}\` must be a string`);
  }
  const found = sourceOf(state, from);
  if (!found.ok) return found;
  const source = found.value;
  if (source === undefined) {
    return err("`host` is in none of the region's networks; trace from an instance or an on-premises host");
  }
  const target = parseTarget(state, to);
  if (!target.ok) return target;
  const who = isOnPremises(source) ? { onPremisesHost: source.name } : { instanceId: source.id };
  const common = { atMs: nowMs, ...who, to };
  const { place, opens } = target.value;
  const named = place.kind === "name" ? nameOf(state, source, place.name) : undefined;
  const ips = place.kind === "name" ? (named?.ips ?? []) : [place.ip];
  const ways = ips.map((ip) => wayTo(state, { source, ip, opens, target: target.value }));
  // Clients go on to the next address when one does not answer. Source: RFC 8305.
  const way = ways.find(({ reachable }) => reachable) ?? ways[0];
  const name = named && { name: named };
  if (way !== undefined) return ok({ ...common, ...name, ...way });
  const unreachable = `${named?.host ?? to} does not resolve: ${named?.by ?? "it has no address"}`;
  return ok({ ...common, ...name, reachable: false, unreachable, hops: [] });
}

function nameOf(state: State, source: Instance | OnPremisesHost, host: string): NonNullable<FlowTrace["name"]> {
  const place = namePlaceOf(state, isOnPremises(source) ? undefined : source);
  return { host, ...resolveAddresses(state, place, host) };
}

interface Asked {
  readonly source: Instance | OnPremisesHost;
  readonly ip: string;
  readonly opens: Opening;
  readonly target: FlowTarget;
}

type Way = Pick<FlowTrace, "opens" | "destinationIp" | "reachable" | "unreachable" | "hops" | "advice">;

function wayTo(state: State, { source, ip, opens, target }: Asked): Way {
  const flow: Flow = { destinationIp: ip, opens };
  const reached = isOnPremises(source) ? reachFromOnPremises(state, source, flow) : reach(state, source.id, flow);
  const unreachable = unreachableText(state, flow, reached);
  const advice = flowAdvice(state, { source, flow, reached, target, isReachable: unreachable === undefined });
  return {
    // The addresses do not matter to the text.
    opens: packetText(firstPacket({ ip }, flow)),
    destinationIp: ip,
    reachable: unreachable === undefined,
    ...(unreachable !== undefined && { unreachable }),
    hops: hopsOf(state, { source, flow, reached }),
    ...(advice.length > 0 && { advice }),
  };
}

/** Why a flow does not get there and back; undefined where it does. */
function unreachableText(state: State, flow: Flow, reached: Reach): string | undefined {
  if (reached.dropped !== undefined) return dropText(reached.dropped);
  return reached.astray ?? lackAtEnd(state, flow, reached);
}

/** Why nothing answers at the end of a way. */
function lackAtEnd(state: State, flow: Flow, reached: Reach): string | undefined {
  const { exit, overInternet, translatedIp } = reached;
  const ip = overInternet?.privateIp ?? translatedIp ?? flow.destinationIp;
  switch (exit.kind) {
    case "none":
      return exit.reason;
    case "local":
      return exit.networkInterfaceId === undefined
        ? `nobody in ${reached.peering?.vpcId ?? "the VPC"} has ${ip}`
        : lackAtInterface(state, exit.networkInterfaceId, ip);
    case "interface-endpoint":
      return lackOfPort(`${exit.vpcEndpointId} for ${exit.service}`, servicePorts, flow.opens);
    case "gateway-endpoint":
    case "internet": {
      const ports = portsOnInternet(ip);
      return ports === undefined ? `nobody on the internet has ${ip}` : lackOfPort(ip, ports, flow.opens);
    }
    case "vpc-service":
      return exit.service === "resolver"
        ? lackOfPort("the VPC's resolver", [53], flow.opens, ["tcp", "udp"])
        : lackOfPort("the instance metadata service", [80], flow.opens);
    case "on-premises":
      return undefined;
  }
}

function lackAtInterface(state: State, networkInterfaceId: string, ip: string): string | undefined {
  const holder = find(state, "network-interface", networkInterfaceId);
  const instance = holder && find(state, "instance", holder.attachment?.instanceId ?? "");
  if (instance === undefined) return `${networkInterfaceId} is attached to no instance: nothing answers there`;
  if (instance.state !== "running") return `${instance.id} is ${instance.state}`;
  return holder === undefined || allAddressesOf(holder).includes(ip)
    ? undefined
    : `${networkInterfaceId} of ${instance.id} takes what is for ${ip}, which is no address of its own: nothing answers there`;
}

function lackOfPort(
  who: string,
  ports: readonly number[],
  opens: Opening,
  kinds: readonly string[] = ["tcp"],
): string | undefined {
  if ((opens.kind === "tcp" || opens.kind === "udp") && kinds.includes(opens.kind) && ports.includes(opens.port)) {
    return undefined;
  }
  return `${who} answers ${kinds.join(" and ")} ${ports.join(", ")} alone`;
}
