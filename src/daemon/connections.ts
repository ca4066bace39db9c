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

export interface Connections {
  readonly add: (socket: Socket, path: Path) => void;
  /** Resets every connection that the network of `state` would carry by another way; returns how many. */
  readonly resetStale: (state: State) => number;
  readonly resetAll: () => void;
  readonly size: () => number;
  /** Connections through an endpoint: those that are open, and all since the start. */
  readonly through: (vpcEndpointId: string) => { readonly active: number; readonly opened: number };
}

export function openConnections(): Connections {
  const open = new Map<Socket, Path>();
  const through = new Map<string, Count>();
  return {
    add: (socket, path) => {
      open.set(socket, path);
      const count = path.kind === "gateway-endpoint" ? countOf(through, path.vpcEndpointId) : undefined;
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
        socket.resetAndDestroy();
        count += 1;
      }
      return count;
    },
    resetAll: () => {
      for (const socket of open.keys()) socket.resetAndDestroy();
    },
    size: () => open.size,
    through: (vpcEndpointId) => through.get(vpcEndpointId) ?? { active: 0, opened: 0 },
  };
}

interface Count {
  active: number;
  opened: number;
}

function countOf(through: Map<string, Count>, vpcEndpointId: string): Count {
  const count = through.get(vpcEndpointId) ?? { active: 0, opened: 0 };
  through.set(vpcEndpointId, count);
  return count;
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
