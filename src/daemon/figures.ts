/** What the region tells of its endpoints: connections from the accepted sockets, the rest from what the plane counted. */

import type { EndpointFigures, Figures } from "../api/underpass/figures.ts";
import { all, type State } from "../model/state.ts";
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
  const dropped = new Map<string, number>();
  for (const drop of drops) {
    if (drop.kind === "network-acl-rule" || drop.vpcEndpointId === undefined) continue;
    dropped.set(drop.vpcEndpointId, (dropped.get(drop.vpcEndpointId) ?? 0) + drop.packets);
  }
  const carried = traffic.endpoints();
  const endpoints = [...all(state(), "vpc-endpoint")].flatMap((endpoint): EndpointFigures[] => {
    if (endpoint.kind !== "Gateway") return [];
    const { bytesIn = 0, bytesOut = 0, resets = 0 } = carried.get(endpoint.id) ?? {};
    const { active, opened } = connections.through(endpoint.id);
    return [
      {
        vpcEndpointId: endpoint.id,
        vpcId: endpoint.vpcId,
        serviceName: endpoint.serviceName,
        activeConnections: active,
        newConnections: opened,
        bytesIn,
        bytesOut,
        packetsDropped: dropped.get(endpoint.id) ?? 0,
        rstPacketsReceived: resets,
      },
    ];
  });
  return {
    atMs: nowMs(),
    endpoints: endpoints.toSorted((a, b) => (a.vpcEndpointId < b.vpcEndpointId ? -1 : 1)),
    drops,
  };
}
