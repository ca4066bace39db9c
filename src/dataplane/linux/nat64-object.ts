/**
 * NAT64 of a NAT gateway on Linux: a link to the namespace of the translator, which gives each client of IPv6 an IPv4 address
 * there. What comes back by it the gateway translates like every other packet of its clients.
 */

import { widthOf } from "../../base/ip.ts";
import type { NatGatewayBlueprint, VpcBlueprint } from "../../plan/blueprint.ts";
import { deviceOfNatGateway, routerOf } from "./device.ts";
import { widthsOf } from "./filter.ts";
import type { KernelObject } from "./kernel-object.ts";
import {
  FAR_MAC,
  mainOf,
  NAT_NEXTHOPS,
  NEAR_IP,
  NEAR_MAC,
  nexthop,
  ONLY_DEVICE,
  route,
  VPC_MTU,
} from "./link-object.ts";
import { CLIENT_BLOCK } from "./nat64-packet.ts";

export const TRANSLATOR = "translator";

/** Source: Amazon VPC User Guide, "DNS64 and NAT64". */
const PREFIX = "64:ff9b::/96";
/** Of the gateway. */
const TRANSLATOR_DEVICE = 3;
/** Of the translator's namespace, by the keys of the VPC and of the gateway. */
const DEVICES_PER_VPC = 0x1000;
/** A translated packet is twenty bytes longer, and more with a header for fragments. */
const TRANSLATOR_MTU = VPC_MTU + 100;

/** Whether gateways of the VPC can have clients of IPv6. */
export function hasNat64(vpc: Pick<VpcBlueprint, "cidrBlocks" | "natGateways">): boolean {
  return vpc.natGateways.length > 0 && widthsOf(vpc).includes(128);
}

export function objectsOfTranslator(): KernelObject[] {
  return [{ kind: "namespace", namespace: TRANSLATOR, role: "translator" }];
}

/** Beside those that every NAT gateway has. */
export function objectsOfNat64(vpc: VpcBlueprint, gateway: NatGatewayBlueprint, namespace: string): KernelObject[] {
  const { key } = gateway;
  const near = { namespace: routerOf(vpc), index: deviceOfNatGateway(gateway) };
  const far = { namespace, index: TRANSLATOR_DEVICE };
  const blocks = vpc.cidrBlocks.filter((cidrBlock) => widthOf(cidrBlock) === 128);
  return [
    {
      kind: "link",
      namespace: TRANSLATOR,
      index: vpc.key * DEVICES_PER_VPC + key,
      name: `nat${vpc.key}.${key}`,
      macAddress: NEAR_MAC,
      group: 0,
      mtu: TRANSLATOR_MTU,
      isPlain: true,
      proxyArp: false,
      peer: { ...far, name: "nat64", macAddress: FAR_MAC },
    },
    ...([32, 128] as const).flatMap((width): KernelObject[] => [
      { kind: "neighbor", ...far, ip: NEAR_IP[width], macAddress: NEAR_MAC },
      route(mainOf(namespace), width === 32 ? CLIENT_BLOCK : PREFIX, {
        kind: "gateway",
        index: TRANSLATOR_DEVICE,
        gateway: NEAR_IP[width],
      }),
    ]),
    ...blocks.map((cidrBlock) =>
      route(mainOf(namespace), cidrBlock, { kind: "gateway", index: ONLY_DEVICE, gateway: NEAR_IP[128] }),
    ),
    nexthop(near, NAT_NEXTHOPS + key, 128),
  ];
}
