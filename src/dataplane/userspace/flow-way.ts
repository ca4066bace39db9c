/** The interfaces that the packets of a connection pass, at each of which a VPC counts them. */

import { parseIp, type Width } from "../../base/ip.ts";
import { type NetworkInterface, primaryAddressOf } from "../../model/network-interface.ts";
import { find, type State } from "../../model/state.ts";
import { arrivalOf, type FilterStep } from "../../network/reach.ts";
import type { FlowDoor } from "../../network/traffic-count.ts";
import { networkOf } from "../../network/vpc-network.ts";
import type { RouteRef, Walk } from "../../network/walk.ts";

/** An interface on the way, with the address that packets have as they leave it. */
export interface Station {
  readonly holder: NetworkInterface;
  readonly ip: string;
}

/** From the instance to the last interface that packets pass before they are where they go. */
export interface Way {
  /** The instance's interface, then those of NAT gateways; never empty. */
  readonly stations: readonly Station[];
  /** The interface of an interface endpoint at the end; absent where the way leads out of the VPC. */
  readonly target?: NetworkInterface;
  /** Of the last station; absent where the way leads nowhere. */
  readonly door?: FlowDoor;
}

/** Undefined for an instance without an address of the destination's family. */
export function wayOf(state: State, instanceId: string, walked: Walk, destinationIp: string): Way | undefined {
  const instance = find(state, "instance", instanceId);
  const network = instance && networkOf(state, instance.vpcId);
  const holder = network?.interfaces.get(instance?.networkInterfaceIds[0] ?? "");
  const width: Width = parseIp(destinationIp)?.width ?? 32;
  const ip = holder && primaryAddressOf(holder, width);
  if (network === undefined || holder === undefined || ip === undefined) return undefined;
  const hops = (walked.nats ?? []).flatMap(({ networkInterfaceId, privateIp }): Station[] => {
    const hop = network.interfaces.get(networkInterfaceId);
    return hop === undefined ? [] : [{ holder: hop, ip: privateIp }];
  });
  const target = arrivalOf(state, network, walked)?.holder;
  const door = doorOf(walked);
  return {
    stations: [{ holder, ip }, ...hops],
    ...(target !== undefined && { target }),
    ...(door !== undefined && { door }),
  };
}

function doorOf({ exit, peering, route }: Walk): FlowDoor | undefined {
  if (peering !== undefined) {
    const { vpcPeeringConnectionId } = peering;
    return { kind: "vpc-peering-connection", vpcPeeringConnectionId };
  }
  switch (exit.kind) {
    case "gateway-endpoint":
      return { kind: exit.kind, vpcEndpointId: exit.vpcEndpointId };
    case "internet":
      return { kind: "internet-gateway" };
    case "on-premises":
      return { kind: "vpn-gateway" };
    case "interface-endpoint":
    case "local":
    case "vpc-service":
      return { kind: "interface" };
    case "none":
      return doorOfGateway(route?.chosen);
  }
}

/** A gateway that lets packets go no further has them all the same. */
function doorOfGateway(route: RouteRef | undefined): FlowDoor | undefined {
  if (route?.state !== "active") return undefined;
  if (/^e?igw-/.test(route.target)) return { kind: "internet-gateway" };
  return route.target.startsWith("vgw-") ? { kind: "vpn-gateway" } : undefined;
}

/** By which door packets leave a station of the way. */
export function doorAt({ stations, door }: Way, at: number): FlowDoor {
  return at + 1 < stations.length || door === undefined ? { kind: "interface" } : door;
}

/** Whose filter it was. */
export function holderOfStep({ stations, target }: Way, { leg, verdict }: FilterStep): NetworkInterface | undefined {
  const holders = [...stations.map(({ holder }) => holder), ...(target === undefined ? [] : [target])];
  switch (verdict.kind) {
    case "security-group":
      return holders.find(({ id }) => id === verdict.networkInterfaceId);
    case "network-acl": {
      // One subnet may hold both ends: a packet leaves the first of them and comes to the last.
      const isNear = (leg === "request") === (verdict.direction === "egress");
      const inSubnet = holders.filter(({ subnetId }) => subnetId === verdict.subnetId);
      return isNear ? inSubnet[0] : inSubnet.at(-1);
    }
    case "nat-gateway":
      return undefined;
  }
}
