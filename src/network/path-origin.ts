/** The two ends of a path: which one a walk gives, and who is at the beginning of one. */

import type { Instance } from "../model/instance.ts";
import type { NatGateway } from "../model/nat-gateway.ts";
import { type NetworkInterface, primaryAddressOf } from "../model/network-interface.ts";
import { find, type State } from "../model/state.ts";
import { embeddedIn } from "./dns64.ts";
import type { Path } from "./path.ts";
import { holderOf, isIpv6, mappedBy, type Sender } from "./sender.ts";
import { networkOf } from "./vpc-network.ts";
import { type Walk, walk } from "./walk.ts";

/** The path of a connection that a walk let out of the VPC; undefined when it ends inside or nowhere. */
export function pathOf(instance: Instance, { exit, translatedIp }: Walk, calledIp: string): Path | undefined {
  const destinationIp = translatedIp ?? calledIp;
  switch (exit.kind) {
    case "gateway-endpoint": {
      const { kind, vpcEndpointId, sourceIp } = exit;
      return { kind, vpcEndpointId, vpcId: instance.vpcId, sourceIp, destinationIp };
    }
    case "internet":
      return {
        kind: "internet",
        sourceIp: exit.sourceIp,
        destinationIp,
        ...(isIpv6(exit.sourceIp) && { gatewayId: exit.internetGatewayId }),
      };
    case "interface-endpoint": {
      const { kind, vpcEndpointId, vpcId, service, sourceIp } = exit;
      return { kind, vpcEndpointId, vpcId, service, sourceIp, destinationIp };
    }
    case "local":
    case "on-premises":
    case "vpc-service":
    case "none":
      return undefined;
  }
}

/** The instance that has an address in a VPC. */
export function instanceAt(state: State, vpcId: string, ip: string): Instance | undefined {
  return holderOf(state, networkOf(state, vpcId)?.interfaceByIp.get(ip));
}

/** The instance that an internet gateway maps a public address to. */
export function instanceByPublicIp(state: State, publicIp: string): Instance | undefined {
  return holderOf(state, mappedBy(state, publicIp)?.holder);
}

/**
 * The instance at the beginning of a path; undefined for the host, for addresses that nobody has (any more), and behind a
 * NAT gateway: the far side sees the gateway's address alone.
 */
export function findInstance(state: State, path: Path): Instance | undefined {
  return holderOf(state, senderBehind(state, path)?.holder);
}

/** The NAT gateway whose address the far side of a path sees, or undefined. */
export function natGatewayOf(state: State, path: Path): NatGateway | undefined {
  const requester = senderBehind(state, path)?.holder.requester;
  return requester?.kind === "nat-gateway" ? find(state, "natgateway", requester.natGatewayId) : undefined;
}

/** The running instances whose packets to an address a NAT gateway is the last to send on. */
export function instancesBehind(state: State, gateway: NatGateway, destinationIp: string): readonly Instance[] {
  const running = (networkOf(state, gateway.vpcId)?.instances ?? []).filter((one) => one.state === "running");
  // Which NAT gateway takes a packet is a matter of the subnet: one interface asks for all.
  const passes = new Map<string, boolean>();
  const called = [destinationIp, embeddedIn(destinationIp)].flatMap((ip) => ip ?? []);
  const leads = (instanceId: string, holder: NetworkInterface, ip: string): boolean => {
    const sourceIp = primaryAddressOf(holder, isIpv6(ip) ? 128 : 32);
    const { nats } = sourceIp === undefined ? {} : walk(state, instanceId, ip, sourceIp);
    return nats?.at(-1)?.natGatewayId === gateway.id;
  };
  return running.filter(({ id, networkInterfaceIds }) =>
    networkInterfaceIds.some((one) => {
      const holder = find(state, "network-interface", one);
      if (holder === undefined) return false;
      const place = `${holder.subnetId} ${holder.ipv6Addresses.length > 0}`;
      const known = passes.get(place) ?? called.some((ip) => leads(id, holder, ip));
      passes.set(place, known);
      return known;
    }),
  );
}

/** The interface whose address the far side of a path sees, with the own address that it stands for. */
export function senderBehind(state: State, path: Path): Sender | undefined {
  switch (path.kind) {
    case "host":
      return undefined;
    case "internet":
      return mappedBy(state, path.sourceIp);
    case "gateway-endpoint": {
      const holder = networkOf(state, path.vpcId)?.interfaceByIp.get(path.sourceIp);
      return holder && { holder, ip: path.sourceIp };
    }
    case "interface-endpoint": {
      // The blocks of peers do not overlap, so one VPC at most has the address.
      const network = networkOf(state, path.vpcId);
      const places = [path.vpcId, ...[...(network?.peers.values() ?? [])].map((one) => one.vpcId)];
      const [holder] = places.flatMap((vpcId) => networkOf(state, vpcId)?.interfaceByIp.get(path.sourceIp) ?? []);
      return holder && { holder, ip: path.sourceIp };
    }
  }
}
