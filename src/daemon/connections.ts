/**
 * The open connections of instances to the services, so that a changed network can cut those whose way it changed.
 *
 * The kernel resets a connection when its next packet takes another way; one that is idle has no next packet. AWS cuts
 * both: "existing connections that use the route are dropped". Source: PrivateLink guide, "Gateway endpoints: considerations".
 */

import type { Socket } from "node:net";
import type { State } from "../model/state.ts";
import { onPremisesHostBehind, walkFromOnPremises } from "../network/on-premises.ts";
import type { Path } from "../network/path.ts";
import { findInstance, instancesBehind, natGatewayOf, senderBehind } from "../network/path-origin.ts";
import { type Walk, walk, walkFromNat } from "../network/walk.ts";
import { resetSocket } from "../wire/reset.ts";

export interface Connections {
  readonly add: (socket: Socket, path: Path) => void;
  /** Resets every connection that the network of `state` would carry by another way; returns how many. */
  readonly resetStale: (state: State) => number;
  readonly resetAll: () => void;
  readonly size: () => number;
  /** Connections to what the address is of, an interface of the endpoint; absent for a gateway endpoint, which has none. */
  readonly through: (vpcEndpointId: string, interfaceIp?: string) => ConnectionCount;
}

export interface ConnectionCount {
  /** Those that are open. */
  readonly active: number;
  /** All since the start. */
  readonly opened: number;
}

export function openConnections(): Connections {
  const open = new Map<Socket, Path>();
  const through = new Map<string, Count>();
  return {
    add: (socket, path) => {
      open.set(socket, path);
      const place = placeOf(path);
      const count = place === undefined ? undefined : countAt(through, place);
      if (count !== undefined) {
        count.active += 1;
        count.opened += 1;
      }
      socket.once("close", () => {
        open.delete(socket);
        if (count !== undefined) count.active -= 1;
      });
    },
    resetStale: (state) => {
      let count = 0;
      for (const [socket, path] of open) {
        if (stillHolds(state, path)) continue;
        resetSocket(socket);
        count += 1;
      }
      return count;
    },
    resetAll: () => {
      for (const socket of open.keys()) resetSocket(socket);
    },
    size: () => open.size,
    through: (vpcEndpointId, interfaceIp) =>
      through.get(placeName(vpcEndpointId, interfaceIp)) ?? { active: 0, opened: 0 },
  };
}

interface Count {
  active: number;
  opened: number;
}

function countAt(through: Map<string, Count>, place: string): Count {
  const count = through.get(place) ?? { active: 0, opened: 0 };
  through.set(place, count);
  return count;
}

/** Where a path is counted; undefined for those through no endpoint. */
function placeOf(path: Path): string | undefined {
  switch (path.kind) {
    case "gateway-endpoint":
      return placeName(path.vpcEndpointId);
    case "interface-endpoint":
      return placeName(path.vpcEndpointId, path.destinationIp);
    case "host":
    case "internet":
      return undefined;
  }
}

function placeName(vpcEndpointId: string, interfaceIp = ""): string {
  return `${vpcEndpointId} ${interfaceIp}`;
}

/**
 * Whether a new connection between the same two addresses would take this very path. Behind a NAT gateway the instance is not
 * known: the gateway's own way decides, and whether any instance still comes through it.
 */
export function stillHolds(state: State, path: Path): boolean {
  if (path.kind === "host") return true;
  const instance = findInstance(state, path);
  const sourceIp = senderBehind(state, path)?.ip;
  if (instance !== undefined) return isSameExit(walk(state, instance.id, path.destinationIp, sourceIp), path);
  const host = onPremisesHostBehind(state, path);
  if (host !== undefined) return isSameExit(walkFromOnPremises(state, host, path.destinationIp), path);
  const gateway = natGatewayOf(state, path);
  if (gateway === undefined) return false;
  const { destinationIp } = path;
  return (
    isSameExit(walkFromNat(state, gateway, destinationIp), path) &&
    instancesBehind(state, gateway, destinationIp).length > 0
  );
}

function isSameExit({ exit }: Walk, path: Exclude<Path, { kind: "host" }>): boolean {
  if (path.kind === "internet") {
    const { gatewayId, sourceIp } = path;
    if (exit.kind !== "internet" || exit.sourceIp !== sourceIp) return false;
    return gatewayId === undefined || gatewayId === exit.internetGatewayId;
  }
  if (path.kind === "interface-endpoint") {
    const { kind, sourceIp, vpcEndpointId } = path;
    return exit.kind === kind && exit.vpcEndpointId === vpcEndpointId && exit.sourceIp === sourceIp;
  }
  return (
    exit.kind === "gateway-endpoint" && exit.vpcEndpointId === path.vpcEndpointId && exit.sourceIp === path.sourceIp
  );
}
