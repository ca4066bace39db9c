/**
 * The gateways of a VPC on Linux: each is a namespace between the VPC's router and the internet, or, for a NAT gateway, one
 * on the router alone.
 */

import { type Width, widthOf } from "../../base/ip.ts";
import { echoHost, echoPort } from "../../network/echo-host.ts";
import type { InternetGatewayBlueprint, NatGatewayBlueprint, VpcBlueprint } from "../../plan/blueprint.ts";
import { deviceOfNatGateway, EGRESS_ONLY_GATEWAY_DEVICE, GATEWAY_DEVICE, routerOf } from "./device.ts";
import { widthsOf } from "./filter.ts";
import { hasNat64, objectsOfNat64 } from "./nat64-object.ts";
import type { Door, KernelObject, NamespaceObject, RouteBy } from "./kernel-object.ts";
import {
  anyOf,
  type End,
  EGRESS_ONLY_NEXTHOP,
  FAR_IP,
  GATEWAY_NEXTHOP,
  LAST_METRIC,
  mainOf,
  NAT_NEXTHOPS,
  NEAR_IP,
  nexthop,
  ONLY_DEVICE,
  ownAddresses,
  route,
  serviceListeners,
  unnumberedLink,
  VPC_MTU,
} from "./link-object.ts";

export const INTERNET = "internet";

const GATEWAY_INTERNET_DEVICE = 3;
/** On the internet's side, by the key of the VPC; a VPC has one internet gateway and one that is egress-only. */
const INTERNET_DEVICES = 0x1000;
const INTERNET_EGRESS_ONLY_DEVICES = 0x10000;

/** Source: Amazon EC2 User Guide, "Network maximum transmission unit": 1500 through an internet gateway. */
const INTERNET_MTU = 1500;

/**
 * The namespace that AWS's services and the rest of the internet answer in. From one gateway to another it sends on what is
 * for an address that is public in a VPC, and nothing else.
 */
export function objectsOfInternet(cidrBlocks: readonly string[]): KernelObject[] {
  return [
    { kind: "namespace", namespace: INTERNET, role: "internet" },
    // Those for IPv6 are of one gateway each.
    ...serviceListeners(INTERNET, { kind: "internet" }, 32),
    echoListener({ kind: "internet" }, 32),
    ...ownAddresses(INTERNET, cidrBlocks),
    ...widthsOf({ cidrBlocks }).map((width) =>
      route(mainOf(INTERNET), anyOf(width), { kind: "blackhole" }, LAST_METRIC),
    ),
  ];
}

function echoListener(door: Door, width: Width, device?: number): KernelObject {
  const at = { namespace: INTERNET, ip: echoHost.ips[width], port: echoPort };
  return { kind: "listener", transport: "tcp", ...at, door, ...(device !== undefined && { device }) };
}

export function objectsOfInternetGateway(vpc: VpcBlueprint, internetGatewayId: string): KernelObject[] {
  const namespace = namespaceOfGateway(internetGatewayId);
  return [
    ...objectsOfGateway(vpc, {
      gatewayId: internetGatewayId,
      namespace: { kind: "namespace", namespace, role: "internet-gateway" },
      near: { namespace: routerOf(vpc), index: GATEWAY_DEVICE, name: "igw" },
      far: { namespace: INTERNET, index: INTERNET_DEVICES + vpc.key, name: `igw${vpc.key}` },
      nexthopId: GATEWAY_NEXTHOP,
      widths: widthsOf(vpc),
      metric: 0,
    }),
    ...hiddenAddresses(vpc).map((ip) => route(mainOf(namespace), `${ip}/128`, { kind: "blackhole" })),
  ];
}

/** Addresses of IPv6 that the internet does not reach. Source: EC2 API Reference, "NetworkInterface" (denyAllIgwTraffic). */
export function hiddenAddresses({ endpointInterfaces }: VpcBlueprint): string[] {
  return endpointInterfaces.flatMap(({ ips }) => ips.filter((ip) => widthOf(ip) === 128));
}

/** The internet sends by it where the VPC has no internet gateway. */
export function objectsOfEgressOnlyGateway(vpc: VpcBlueprint, egressOnlyInternetGatewayId: string): KernelObject[] {
  const namespace = `egress-only-internet-gateway ${egressOnlyInternetGatewayId}`;
  const near = { namespace: routerOf(vpc), index: EGRESS_ONLY_GATEWAY_DEVICE, name: "eigw" };
  return [
    ...objectsOfGateway(vpc, {
      gatewayId: egressOnlyInternetGatewayId,
      namespace: { kind: "namespace", namespace, role: "egress-only-internet-gateway" },
      near,
      far: { namespace: INTERNET, index: INTERNET_EGRESS_ONLY_DEVICES + vpc.key, name: `eigw${vpc.key}` },
      nexthopId: EGRESS_ONLY_NEXTHOP,
      widths: [128],
      metric: 100,
    }),
    { kind: "element", namespace: near.namespace, set: "egress_only", key: [`${near.index}`] },
  ];
}

interface Gateway {
  readonly gatewayId: string;
  readonly namespace: NamespaceObject;
  /** Of the router. */
  readonly near: End;
  /** Of the internet. */
  readonly far: End;
  readonly nexthopId: number;
  readonly widths: readonly Width[];
  /** Of the internet's routes for IPv6, each gateway's its own. */
  readonly metric: number;
}

/**
 * Between a router and the internet. IPv6 addresses are the instances' own, so they do not say by which of a VPC's gateways
 * an answer must go: each gateway has listeners of its own, whose connections stay on its device.
 */
function objectsOfGateway(vpc: VpcBlueprint, gateway: Gateway): KernelObject[] {
  const { near, far, widths } = gateway;
  const { namespace } = gateway.namespace;
  const door: Door = { kind: "internet", gatewayId: gateway.gatewayId };
  const link = { mtu: INTERNET_MTU, widths };
  const blocks = vpc.cidrBlocks.filter((cidrBlock) => widths.includes(widthOf(cidrBlock)));
  return [
    gateway.namespace,
    ...unnumberedLink(near, { namespace, index: ONLY_DEVICE, name: "vpc" }, link),
    ...unnumberedLink(far, { namespace, index: GATEWAY_INTERNET_DEVICE, name: "internet" }, link),
    ...blocks.map((cidrBlock) => {
      const by: RouteBy = { kind: "gateway", index: ONLY_DEVICE, gateway: NEAR_IP[widthOf(cidrBlock)] };
      return route(mainOf(namespace), cidrBlock, by);
    }),
    ...widths.flatMap((width): KernelObject[] => [
      route(mainOf(namespace), anyOf(width), {
        kind: "gateway",
        index: GATEWAY_INTERNET_DEVICE,
        gateway: NEAR_IP[width],
      }),
      nexthop(near, gateway.nexthopId, width),
    ]),
    ...blocks
      .filter((cidrBlock) => widthOf(cidrBlock) === 128)
      .map((cidrBlock) => {
        const by: RouteBy = { kind: "gateway", index: far.index, gateway: FAR_IP[128] };
        return route(mainOf(INTERNET), cidrBlock, by, gateway.metric);
      }),
    ...(widths.includes(128)
      ? [...serviceListeners(INTERNET, door, 128, far.index), echoListener(door, 128, far.index)]
      : []),
  ];
}

export function objectsOfPublicAddress(
  vpc: VpcBlueprint,
  internetGatewayId: string,
  { privateIp, publicIp }: InternetGatewayBlueprint["addresses"][number],
): KernelObject[] {
  const namespace = namespaceOfGateway(internetGatewayId);
  const index = INTERNET_DEVICES + vpc.key;
  return [
    { kind: "element", namespace, set: "source_nat", key: [privateIp], value: publicIp },
    { kind: "element", namespace, set: "destination_nat", key: [publicIp], value: privateIp },
    { kind: "element", namespace, set: "public_address", key: [publicIp] },
    route(mainOf(INTERNET), `${publicIp}/${widthOf(publicIp)}`, { kind: "gateway", index, gateway: FAR_IP[32] }),
  ];
}

/**
 * A NAT gateway stands on its subnet like an instance: the subnet's route table and ACL hold for it. What comes in leaves
 * again by the same device with the gateway's own source address, and the answers the other way round.
 */
export function objectsOfNatGateway(vpc: VpcBlueprint, gateway: NatGatewayBlueprint): KernelObject[] {
  const { natGatewayId, key, group, privateIp } = gateway;
  const namespace = `nat-gateway ${natGatewayId}`;
  const near = { namespace: routerOf(vpc), index: deviceOfNatGateway(gateway) };
  const own = `${privateIp}/${widthOf(privateIp)}`;
  return [
    { kind: "namespace", namespace, role: "nat-gateway" },
    ...unnumberedLink(
      { ...near, name: `nat${key}` },
      { namespace, index: ONLY_DEVICE, name: "eth0" },
      { mtu: VPC_MTU, group, widths: widthsOf(vpc) },
    ),
    route(mainOf(namespace), anyOf(32), { kind: "gateway", index: ONLY_DEVICE, gateway: NEAR_IP[32] }),
    // What answers no connection of its own is not for anybody behind it.
    route(mainOf(namespace), own, { kind: "blackhole" }),
    { kind: "element", namespace, set: "own_address", key: [privateIp] },
    { kind: "element", namespace, set: "translation", key: [`${ONLY_DEVICE}`], value: privateIp },
    { kind: "element", namespace: near.namespace, set: "any_source", key: [`${near.index}`] },
    { kind: "element", namespace: near.namespace, set: "groupless", key: [`${near.index}`] },
    { kind: "element", namespace: near.namespace, set: "foreign", key: [`${near.index}`] },
    nexthop(near, NAT_NEXTHOPS + key, 32),
    route(mainOf(near.namespace), own, { kind: "gateway", index: near.index, gateway: FAR_IP[32] }),
    ...(hasNat64(vpc) ? objectsOfNat64(vpc, gateway, namespace) : []),
  ];
}

function namespaceOfGateway(internetGatewayId: string): string {
  return `internet-gateway ${internetGatewayId}`;
}
