/** The way of a request from an instance to a service: route, NAT gateways, filters, and what would mend it where it ends. */

import { formatIp } from "../base/ip.ts";
import type { Instance } from "../model/instance.ts";
import { isOnPremises, type OnPremisesHost } from "../model/on-premises-host.ts";
import type { State } from "../model/state.ts";
import { dropText } from "../network/drop-text.ts";
import { onPremisesHostBehind, pathFromOnPremises, reachFromOnPremises } from "../network/on-premises.ts";
import { packetText } from "../network/packet.ts";
import type { Path } from "../network/path.ts";
import { type FilterStep, type Flow, reach, type Reach } from "../network/reach.ts";
import { namePlaceOf, resolveAddresses } from "../network/resolve.ts";
import { findInstance, instancesBehind, natGatewayOf, pathOf, senderBehind } from "../network/path-origin.ts";
import { type RouteChoice, walkFromNat } from "../network/walk.ts";
import { adviceOf } from "./advice.ts";
import { adviceOnPremises } from "./on-premises-advice.ts";
import type { FilterTrace, NatTrace } from "./request-trace.ts";

/** What traces say of a way. */
export interface TracedWay {
  readonly route?: RouteChoice;
  readonly nats?: readonly NatTrace[];
  readonly filters?: readonly FilterTrace[];
  readonly advice?: readonly string[];
}

export interface Way extends TracedWay {
  readonly ips: readonly string[];
  readonly by: string;
  readonly path?: Path;
  /** Set where `path` is not. */
  readonly unreachable: string;
}

/**
 * The way that a request over TLS from an instance or an on-premises host (from the machine itself without one) to a
 * service's host name would take.
 */
export function wayOf(state: State, source: Instance | OnPremisesHost | undefined, host: string): Way {
  const instance = source === undefined || isOnPremises(source) ? undefined : source;
  const { by, ips } = resolveAddresses(state, namePlaceOf(state, instance), host);
  const common = { ips, by };
  if (source === undefined) return { ...common, path: { kind: "host", sourceIp: "127.0.0.1" }, unreachable: "" };
  const ways = ips.map((ip) => ({
    ...common,
    ...(isOnPremises(source) ? wayFromOnPremises(state, source, ip) : wayTo(state, source, ip)),
  }));
  // Clients go on to the next address when one does not answer. Source: RFC 8305.
  const taken = ways.find(({ path }) => path !== undefined) ?? ways[0];
  return taken ?? { ...common, unreachable: `${host} does not resolve: ${by}` };
}

function wayTo(state: State, instance: Instance, ip: string): Omit<Way, "ips" | "by"> {
  const flow: Flow = { destinationIp: ip, opens: { kind: "tcp", port: 443 } };
  const reached = reach(state, instance.id, flow);
  const path = passes(reached) ? pathOf(instance, reached, ip) : undefined;
  const advice = adviceOf(state, instance, flow, reached);
  return {
    ...tracedWay(reached),
    ...(advice.length > 0 && { advice }),
    ...(path && { path }),
    unreachable: unreachableText(reached, ip),
  };
}

function wayFromOnPremises(state: State, host: OnPremisesHost, ip: string): Omit<Way, "ips" | "by"> {
  const reached = reachFromOnPremises(state, host, { destinationIp: ip, opens: { kind: "tcp", port: 443 } });
  const path = passes(reached) ? pathFromOnPremises(host, reached, ip) : undefined;
  const advice = adviceOnPremises(state, host, { destinationIp: ip, reached });
  return {
    ...tracedWay(reached),
    ...(advice.length > 0 && { advice }),
    ...(path && { path }),
    unreachable: unreachableText(reached, ip),
  };
}

function passes({ dropped, astray }: Pick<Reach, "dropped" | "astray">): boolean {
  return dropped === undefined && astray === undefined;
}

/** Who made a request that came by a path, and by which way. */
export interface Origin extends TracedWay {
  readonly instance?: Instance;
  readonly onPremisesHost?: OnPremisesHost;
  /** Behind a NAT gateway: those that may have. */
  readonly candidateIds?: readonly string[];
  /** The VPC that the request came out of, as far as it is known. */
  readonly vpcId?: string;
}

/**
 * The beginning of a path, on the state that a request was decided on. A service behind a NAT gateway sees the gateway's
 * address alone: the instance is not known then, only those that it may be. `port` is the one that was called.
 */
export function originOf(state: State, path: Path, port: number): Origin {
  if (path.kind === "host") return {};
  const instance = findInstance(state, path);
  if (instance !== undefined) {
    const sourceIp = senderBehind(state, path)?.ip;
    const flow: Flow = {
      destinationIp: path.destinationIp,
      ...(sourceIp !== undefined && { sourceIp }),
      opens: { kind: "tcp", port },
    };
    const reached = reach(state, instance.id, flow);
    // A connection outlives the rules that let it open: of such a one the filters of now tell nothing.
    const { filters, ...rest } = reached;
    const way = tracedWay(reached.dropped === undefined ? { ...rest, filters } : rest);
    return { instance, vpcId: instance.vpcId, ...way };
  }
  const host = onPremisesHostBehind(state, path);
  if (host !== undefined) {
    const flow: Flow = { destinationIp: path.destinationIp, opens: { kind: "tcp", port } };
    const { dropped, filters, ...rest } = reachFromOnPremises(state, host, flow);
    return { onPremisesHost: host, ...tracedWay(dropped === undefined ? { ...rest, filters } : rest) };
  }
  const gateway = natGatewayOf(state, path);
  if (gateway === undefined) return {};
  const { route } = walkFromNat(state, gateway, path.destinationIp);
  const candidateIds = instancesBehind(state, gateway, path.destinationIp).map((one) => one.id);
  const nats = route === undefined ? [] : [{ natGatewayId: gateway.id, subnetId: gateway.subnetId, route }];
  return { vpcId: gateway.vpcId, candidateIds, nats };
}

function tracedWay({ route, nats, filters = [] }: Pick<Reach, "route" | "nats"> & Partial<Reach>): TracedWay {
  return {
    ...(route && { route }),
    ...(nats && {
      nats: nats.map(({ natGatewayId, subnetId, route: next }) => ({ natGatewayId, subnetId, route: next })),
    }),
    ...(filters.length > 0 && { filters: filters.map(filterTrace) }),
  };
}

function unreachableText({ dropped, astray, exit }: Reach, ip: string): string {
  if (dropped !== undefined) return dropText(dropped);
  if (astray !== undefined) return astray;
  return exit.kind === "none" ? exit.reason : `${ip} stays in the VPC`;
}

export function filterTrace({ leg, packet, verdict }: FilterStep): FilterTrace {
  const { allowed } = verdict;
  const ends = `${formatIp(packet.sourceIp)} to ${formatIp(packet.destinationIp)}`;
  const common = { leg, allowed, packet: `${packetText(packet)} from ${ends}` };
  switch (verdict.kind) {
    case "security-group": {
      const { networkInterfaceId: at, direction, rule, securityGroupIds } = verdict;
      const by =
        rule === undefined ? `no rule of ${securityGroupIds.join(", ")}` : `${rule.ruleId} of ${rule.securityGroupId}`;
      return { ...common, at, direction, by };
    }
    case "network-acl":
      return {
        ...common,
        at: verdict.subnetId,
        direction: verdict.direction,
        by: `rule ${verdict.ruleNumber} of ${verdict.networkAclId}`,
      };
    case "nat-gateway":
      return { ...common, at: verdict.natGatewayId, direction: "ingress", by: "the protocols of NAT gateways" };
  }
}
