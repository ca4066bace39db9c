/**
 * A VPN gateway and the networks behind it on Linux: a namespace beside the VPC's router for the gateway, one for the router
 * of each on-premises network, and around that the hosts. The tunnels are links: what is in them is not encrypted, as it
 * never leaves the machine.
 */

import { widthOf } from "../../base/ip.ts";
import { containsPrefix, parsePrefix } from "../../base/prefix.ts";
import type { SiteBlueprint, SiteHostBlueprint, VpcBlueprint, VpnGatewayBlueprint } from "../../plan/blueprint.ts";
import { routerOf, VPN_GATEWAY_DEVICE } from "./device.ts";
import { type Door, type KernelObject, type RouteBy } from "./kernel-object.ts";
import {
  anyOf,
  FAR_IP,
  mainOf,
  NEAR_IP,
  nexthop,
  ONLY_DEVICE,
  route,
  unnumberedLink,
  VPN_NEXTHOP,
} from "./link-object.ts";

/** Of a gateway, by the key of the site; of a site's router, by the key of the host. */
const SITE_DEVICES = 0x1000;
const SITE_HOST_DEVICES = 0x10000;
const LOOPBACK_DEVICE = 1;

/** Source: AWS Site-to-Site VPN User Guide, "Best practices for your customer gateway device": MTU 1446 at most. */
const VPN_MTU = 1446;
const SITE_MTU = 1500;
const NOBODY_METRIC = 100;
const DNS_PORT = 53;

/** Where an on-premises network's own name server answers, as the public DNS does. Source: RFC 5737 (the block). */
export const SITE_RESOLVER_IP = "192.0.2.53";

/**
 * What comes in by it is for the VPC's own interfaces, as with a peer. It sends no packet back into the VPC that came out of
 * it: blocks inside the VPC's are the VPC's, whatever a VPN connection says.
 */
export function objectsOfVpnGateway(vpc: VpcBlueprint, { sites, vpnGatewayId }: VpnGatewayBlueprint): KernelObject[] {
  const namespace = namespaceOfGateway(vpnGatewayId);
  const near = { namespace: routerOf(vpc), index: VPN_GATEWAY_DEVICE };
  const inside = vpc.cidrBlocks.filter((block) => widthOf(block) === 32);
  return [
    { kind: "namespace", namespace, role: "vpn-gateway" },
    ...unnumberedLink({ ...near, name: "vgw" }, { namespace, index: ONLY_DEVICE, name: "vpc" }, { mtu: VPN_MTU }),
    { kind: "element", namespace: near.namespace, set: "foreign", key: [`${near.index}`] },
    nexthop(near, VPN_NEXTHOP, 32),
    ...inside.map((block) => route(mainOf(namespace), block, toNear)),
    ...sites.flatMap((site) => {
      const index = SITE_DEVICES + site.key;
      const by: RouteBy = { kind: "gateway", index, gateway: FAR_IP[32] };
      return site.cidrBlocks
        .filter((block) => !inside.some((own) => isWithin(block, own)))
        .map((block) => route(mainOf(namespace), block, by));
    }),
  ];
}

/**
 * The router of an on-premises network sends all that is not its own to the VPN gateway: its own are the blocks that the
 * gateway sends here, but for what is the VPC's or, by a longer prefix, another site's.
 */
export function objectsOfSite(
  { cidrBlocks }: Pick<VpcBlueprint, "cidrBlocks">,
  { sites, vpnGatewayId }: VpnGatewayBlueprint,
  site: SiteBlueprint,
): KernelObject[] {
  const inside = cidrBlocks.filter((block) => widthOf(block) === 32);
  const isOfVpc = (block: string): boolean => inside.some((own) => isWithin(block, own));
  const others = sites.filter((one) => one !== site).flatMap((one) => one.cidrBlocks);
  const namespace = namespaceOfSite(site.vpnConnectionId);
  const near = { namespace: namespaceOfGateway(vpnGatewayId), index: SITE_DEVICES + site.key };
  const door: Door = { kind: "public-resolver" };
  const ip = SITE_RESOLVER_IP;
  return [
    { kind: "namespace", namespace, role: "on-premises-router" },
    ...unnumberedLink(
      { ...near, name: `vpn${site.key}` },
      { namespace, index: ONLY_DEVICE, name: "vpn" },
      { mtu: VPN_MTU },
    ),
    route(mainOf(namespace), anyOf(32), toNear),
    // What the gateway sends here is for hosts, which have routes of their own, or for nobody.
    ...site.cidrBlocks
      .filter((block) => !isOfVpc(block))
      .map((block) => route(mainOf(namespace), block, { kind: "blackhole" }, NOBODY_METRIC)),
    ...[...inside, ...others.filter((block) => !isOfVpc(block))].map((block) =>
      route(mainOf(namespace), block, toNear),
    ),
    { kind: "address", namespace, index: LOOPBACK_DEVICE, ip, bits: 32 },
    { kind: "listener", namespace, transport: "udp", ip, port: DNS_PORT, door },
    { kind: "listener", namespace, transport: "tcp", ip, port: DNS_PORT, door },
  ];
}

/** `namespace` is the host's. */
export function objectsOfSiteHost(
  site: SiteBlueprint,
  { ip, key }: SiteHostBlueprint,
  namespace: string,
): KernelObject[] {
  const near = { namespace: namespaceOfSite(site.vpnConnectionId), index: SITE_HOST_DEVICES + key };
  const far = { namespace, index: ONLY_DEVICE };
  return [
    { kind: "namespace", namespace, role: "host" },
    ...unnumberedLink({ ...near, name: `host${key}` }, { ...far, name: "eth0" }, { mtu: SITE_MTU }),
    { kind: "address", ...far, ip, bits: 32 },
    route(mainOf(namespace), anyOf(32), toNear),
    route(mainOf(near.namespace), `${ip}/32`, { kind: "gateway", index: near.index, gateway: FAR_IP[32] }),
  ];
}

const toNear: RouteBy = { kind: "gateway", index: ONLY_DEVICE, gateway: NEAR_IP[32] };

function isWithin(block: string, outer: string): boolean {
  const [inner, around] = [parsePrefix(block), parsePrefix(outer)];
  return inner !== undefined && around !== undefined && containsPrefix(around, inner);
}

function namespaceOfGateway(vpnGatewayId: string): string {
  return `vpn-gateway ${vpnGatewayId}`;
}

function namespaceOfSite(vpnConnectionId: string): string {
  return `on-premises ${vpnConnectionId}`;
}
