/** The numbers of a router's devices, and what stands behind each. They follow from the blueprint's keys alone. */

import type {
  EndpointBlueprint,
  EndpointInterfaceBlueprint,
  HostBlueprint,
  NatGatewayBlueprint,
  VpcBlueprint,
} from "../../plan/blueprint.ts";

export const LOOPBACK = 1;
export const GATEWAY_DEVICE = 3;
export const VPN_GATEWAY_DEVICE = 4;
/** Of what no route leads anywhere: nothing passes it. */
export const NOWHERE_DEVICE = 5;
export const EGRESS_ONLY_GATEWAY_DEVICE = 6;
const ENDPOINT_DEVICES = 0x1000;
const NAT_DEVICES = 0x2000;
const PEER_DEVICES = 0x4000;
const ENDPOINT_INTERFACE_DEVICES = 0x5000;
const HOST_DEVICES = 0x10000;

/** What is at the other end of a device. */
export type Device =
  /** Or one that is egress-only. */
  | { readonly kind: "internet-gateway" }
  | { readonly kind: "gateway-endpoint"; readonly vpcEndpointId: string }
  /** `vpcEndpointId` where it is one of an interface endpoint. */
  | { readonly kind: "interface"; readonly networkInterfaceId: string; readonly vpcEndpointId?: string }
  | { readonly kind: "vpc-peering-connection"; readonly vpcPeeringConnectionId: string }
  | { readonly kind: "vpn-gateway" };

export function deviceOfEndpoint({ key }: Pick<EndpointBlueprint, "key">): number {
  return ENDPOINT_DEVICES + key;
}

export function deviceOfNatGateway({ key }: Pick<NatGatewayBlueprint, "key">): number {
  return NAT_DEVICES + key;
}

/** That leads to another VPC's router, by the key of that VPC. */
export function deviceOfPeer({ key }: Pick<VpcBlueprint, "key">): number {
  return PEER_DEVICES + key;
}

export function deviceOfEndpointInterface({ key }: Pick<EndpointInterfaceBlueprint, "key">): number {
  return ENDPOINT_INTERFACE_DEVICES + key;
}

export function deviceOfHost({ key }: Pick<HostBlueprint, "key">): number {
  return HOST_DEVICES + key;
}

/** Of a gateway endpoint, or of an interface of an interface endpoint. */
export function isDeviceOfEndpoint(index: number): boolean {
  const isOfInterface = index > ENDPOINT_INTERFACE_DEVICES && index < HOST_DEVICES;
  return isOfInterface || (index > ENDPOINT_DEVICES && index < NAT_DEVICES);
}

/** All devices of the VPC's router, by their numbers. */
export function devicesOf(vpc: VpcBlueprint): ReadonlyMap<number, Device> {
  const known = memo.get(vpc);
  if (known !== undefined) return known;
  const devices = listDevices(vpc);
  memo.set(vpc, devices);
  return devices;
}

// A memo of a pure result: with flow logs several ask at every change.
const memo = new WeakMap<VpcBlueprint, ReadonlyMap<number, Device>>();

function listDevices(vpc: VpcBlueprint): ReadonlyMap<number, Device> {
  const devices = new Map<number, Device>();
  if (vpc.internetGateway !== undefined) devices.set(GATEWAY_DEVICE, { kind: "internet-gateway" });
  if (vpc.vpnGateway !== undefined) devices.set(VPN_GATEWAY_DEVICE, { kind: "vpn-gateway" });
  if (vpc.egressOnlyGateway !== undefined) devices.set(EGRESS_ONLY_GATEWAY_DEVICE, { kind: "internet-gateway" });
  for (const endpoint of vpc.endpoints) {
    const { vpcEndpointId } = endpoint;
    devices.set(deviceOfEndpoint(endpoint), { kind: "gateway-endpoint", vpcEndpointId });
  }
  for (const gateway of vpc.natGateways) {
    const { networkInterfaceId } = gateway;
    devices.set(deviceOfNatGateway(gateway), { kind: "interface", networkInterfaceId });
  }
  for (const peer of vpc.peers) {
    const { vpcPeeringConnectionId } = peer;
    devices.set(deviceOfPeer(peer), { kind: "vpc-peering-connection", vpcPeeringConnectionId });
  }
  for (const endpoint of vpc.endpointInterfaces) {
    const { networkInterfaceId, vpcEndpointId } = endpoint;
    devices.set(deviceOfEndpointInterface(endpoint), { kind: "interface", networkInterfaceId, vpcEndpointId });
  }
  for (const host of vpc.hosts) {
    const { networkInterfaceId } = host;
    devices.set(deviceOfHost(host), { kind: "interface", networkInterfaceId });
  }
  return devices;
}

export function routerOf({ vpcId }: Pick<VpcBlueprint, "vpcId">): string {
  return `router ${vpcId}`;
}
