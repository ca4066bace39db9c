/** What the region tells of its endpoints: connections from the accepted sockets, the rest from what the plane counted. */

import type { EndpointCounts, EndpointFigures, Figures, SubnetFigures } from "../api/underpass/figures.ts";
import { allAddressesOf } from "../model/network-interface.ts";
import { all, find, type State } from "../model/state.ts";
import type { EndpointAttachment, GatewayVpcEndpoint, PrivateVpcEndpoint } from "../model/vpc-endpoint.ts";
import type { DropCount, EndpointCount } from "../network/traffic-count.ts";
import type { Connections } from "./connections.ts";
import type { Traffic } from "./traffic.ts";

interface FigureSources {
  readonly traffic: Traffic;
  readonly connections: Connections;
  readonly nowMs: () => number;
}

export async function figuresOf(state: () => State, { traffic, connections, nowMs }: FigureSources): Promise<Figures> {
  // While the plane starts again there is nothing to read; the sums stand.
  await traffic.collect().catch(() => {});
  const drops = traffic.drops();
  const counted: Counted = {
    connections,
    dropped: droppedPackets(drops),
    carried: new Map(traffic.endpoints().map((one) => [one.networkInterfaceId ?? one.vpcEndpointId, one])),
  };
  const now = state();
  const endpoints = [...all(now, "vpc-endpoint")].map((endpoint): EndpointFigures => {
    const { id: vpcEndpointId, kind: endpointType, vpcId, serviceName } = endpoint;
    const what = { vpcEndpointId, endpointType, vpcId, serviceName };
    if (endpoint.kind === "Gateway") return { ...what, subnets: [], ...countsOfGateway(counted, endpoint) };
    const subnets = endpoint.attachments.map((one) => subnetFigures(now, counted, { endpoint, attachment: one }));
    return { ...what, subnets, ...sumOf(subnets) };
  });
  return {
    atMs: nowMs(),
    endpoints: endpoints.toSorted((a, b) => (a.vpcEndpointId < b.vpcEndpointId ? -1 : 1)),
    drops,
  };
}

interface Counted {
  readonly connections: Connections;
  /** By gateway endpoint, and by interface. */
  readonly dropped: ReadonlyMap<string, number>;
  readonly carried: ReadonlyMap<string, EndpointCount>;
}

/**
 * At each interface, and for each endpoint on the way to it and back. A gateway endpoint has no interface where anything
 * could drop, so what its clients' filters do counts; an interface endpoint's own filters are those of its interfaces.
 */
function droppedPackets(drops: readonly DropCount[]): ReadonlyMap<string, number> {
  const dropped = new Map<string, number>();
  for (const drop of drops) {
    if (drop.kind === "network-acl-rule") continue;
    for (const place of [drop.networkInterfaceId, drop.vpcEndpointId]) {
      if (place !== undefined) dropped.set(place, (dropped.get(place) ?? 0) + drop.packets);
    }
  }
  return dropped;
}

function countsOfGateway({ connections, dropped, carried }: Counted, { id }: GatewayVpcEndpoint): EndpointCounts {
  const { bytesIn = 0, bytesOut = 0, resets = 0 } = carried.get(id) ?? {};
  const { active, opened } = connections.through(id);
  return {
    activeConnections: active,
    newConnections: opened,
    bytesIn,
    bytesOut,
    packetsDropped: dropped.get(id) ?? 0,
    rstPacketsReceived: resets,
  };
}

function subnetFigures(
  state: State,
  { connections, dropped, carried }: Counted,
  { endpoint, attachment }: { readonly endpoint: PrivateVpcEndpoint; readonly attachment: EndpointAttachment },
): SubnetFigures {
  const { networkInterfaceId, subnetId } = attachment;
  const { bytesIn = 0, bytesOut = 0, resets = 0 } = carried.get(networkInterfaceId) ?? {};
  const holder = find(state, "network-interface", networkInterfaceId);
  const ways = (holder === undefined ? [] : allAddressesOf(holder)).map((ip) => connections.through(endpoint.id, ip));
  return {
    subnetId,
    networkInterfaceId,
    activeConnections: ways.reduce((sum, { active }) => sum + active, 0),
    newConnections: ways.reduce((sum, { opened }) => sum + opened, 0),
    bytesIn,
    bytesOut,
    packetsDropped: dropped.get(networkInterfaceId) ?? 0,
    rstPacketsReceived: resets,
  };
}

function sumOf(parts: readonly EndpointCounts[]): EndpointCounts {
  const sum = (value: (one: EndpointCounts) => number): number => parts.reduce((all, one) => all + value(one), 0);
  return {
    activeConnections: sum((one) => one.activeConnections),
    newConnections: sum((one) => one.newConnections),
    bytesIn: sum((one) => one.bytesIn),
    bytesOut: sum((one) => one.bytesOut),
    packetsDropped: sum((one) => one.packetsDropped),
    rstPacketsReceived: sum((one) => one.rstPacketsReceived),
  };
}
