/** VPN connections of the random networks, with the sites behind them: static and propagated routes, hosts, and what is gone. */

import { addToIp, formatIp, parseIp } from "../../src/base/ip.ts";
import { containsIp, parsePrefix } from "../../src/base/prefix.ts";
import { all, find, findBy, type State } from "../../src/model/state.ts";
import {
  connectionStateOf,
  createVpnConnection,
  createVpnConnectionRoute,
  deleteVpnConnection,
  deleteVpnConnectionRoute,
} from "../../src/model/vpn-connection.ts";
import {
  attachVpnGateway,
  createCustomerGateway,
  createVpnGateway,
  deleteVpnGateway,
  detachVpnGateway,
  setRoutePropagation,
} from "../../src/model/vpn-gateway.ts";
import { privateAddressesOf } from "../../src/model/network-interface.ts";
import type { RegionBuilder } from "../region-builder.ts";
import { type Dice, tryTo } from "./dice.ts";
import { livingPeeringsOf } from "../../src/model/vpc-peering.ts";
import { echoHost } from "../../src/network/echo-host.ts";
import { serviceAddress } from "../../src/network/service-address.ts";

export interface OnPremisesPlace {
  readonly vpcId: string;
  readonly cidrBlock: string;
  readonly tableIds: readonly string[];
  readonly natIds: readonly string[];
}

type Build = RegionBuilder;

/** Wider and narrower than each other, so that sites share addresses and the longest prefix decides. */
const blocks = ["192.168.0.0/16", "192.168.0.0/20", "192.168.1.0/24", "192.168.1.128/25", "172.20.0.0/16"];

/** A gateway with up to three connections in some VPCs, with routes; then parts of it may go. */
export function dealOnPremises(build: Build, dice: Dice, place: OnPremisesPlace): void {
  if (!dice.chance(45)) return;
  const { vpcId } = place;
  const { id: vpnGatewayId } = build.run(createVpnGateway, { tags: [] });
  build.run(attachVpnGateway, { vpnGatewayId, vpcId });
  const { id: customerGatewayId } = build.run(createCustomerGateway, { ipAddress: "198.51.100.200", tags: [] });
  const wish = { customerGatewayId, vpnGatewayId, staticRoutesOnly: true, tunnels: [], tags: [] };
  const connectionIds = Array.from({ length: 1 + dice.below(3) }, () => build.run(createVpnConnection, wish).id);
  for (const vpnConnectionId of connectionIds) dealSite(build, dice, { place, vpnConnectionId });
  for (const routeTableId of place.tableIds) {
    if (dice.chance(50)) build.run(setRoutePropagation, { routeTableId, vpnGatewayId, enabled: true });
    for (let left = dice.below(3); left > 0; left--) {
      // By a NAT gateway the site sees the gateway's address.
      const target = place.natIds.length > 0 && dice.chance(30) ? dice.pick(place.natIds) : vpnGatewayId;
      tryTo(() => build.route(routeTableId, dice.pick(blocks), target));
    }
  }
  // A gateway without its connection leads nowhere, one that is detached leaves blackholes.
  const [first = ""] = connectionIds;
  if (dice.chance(12)) build.run(deleteVpnConnection, { vpnConnectionId: first });
  if (dice.chance(12)) build.run(detachVpnGateway, { vpnGatewayId, vpcId });
}

function dealSite(
  build: Build,
  dice: Dice,
  { place, vpnConnectionId }: { readonly place: OnPremisesPlace; readonly vpnConnectionId: string },
): void {
  const routes = new Set(Array.from({ length: 1 + dice.below(3) }, () => dice.pick(blocks)));
  // Blocks of the VPC itself are the VPC's, whatever a connection says.
  if (dice.chance(15)) routes.add(place.cidrBlock);
  for (const destinationCidrBlock of routes)
    build.run(createVpnConnectionRoute, { vpnConnectionId, destinationCidrBlock });
  const own = parsePrefix(place.cidrBlock);
  for (let left = dice.below(3); left > 0; left--) {
    const prefix = parsePrefix(dice.pick([...routes]));
    if (prefix === undefined) continue;
    const ip = addToIp(prefix.ip, 10 + dice.below(3));
    if (own !== undefined && containsIp(own, ip)) continue;
    const name = `host-${[...all(build.state(), "on-premises-host")].length}-${dice.below(2 ** 32)}`;
    tryTo(() => build.onPremises(vpnConnectionId, name, formatIp(ip)));
  }
  // Hosts stay where the route to them goes.
  const [first = ""] = routes;
  if (dice.chance(15)) build.run(deleteVpnConnectionRoute, { vpnConnectionId, destinationCidrBlock: first });
}

export function dropOnPremises(build: Build, vpcId: string): void {
  for (const { id } of all(build.state(), "vpn-gateway")) {
    const gateway = find(build.state(), "vpn-gateway", id);
    const isHere = gateway?.vpcId === vpcId || gateway?.detachedFromVpcId === vpcId;
    if (!isHere || gateway.deletedAtMs !== undefined) continue;
    for (const connection of findBy(build.state(), "vpn-connection", "vpnGatewayId", id)) {
      if (connection.deletedAtMs === undefined) build.run(deleteVpnConnection, { vpnConnectionId: connection.id });
    }
    if (gateway.vpcId === vpcId) build.run(detachVpnGateway, { vpnGatewayId: id, vpcId });
    tryTo(() => build.run(deleteVpnGateway, { vpnGatewayId: id }));
  }
}

/** The hosts that run: their gateway is attached and their connection available. */
export function hostIdsOf(state: State, vpcId: string): readonly string[] {
  return findBy(state, "vpn-gateway", "vpcId", vpcId)
    .flatMap(({ id }) => findBy(state, "vpn-connection", "vpnGatewayId", id))
    .filter((one) => connectionStateOf(one) === "available")
    .flatMap(({ id }) => findBy(state, "on-premises-host", "vpnConnectionId", id))
    .map(({ id }) => id);
}

/** Addresses at the sites of a VPC: of hosts, and at the edges of what connections have routes to. */
export function siteAddresses(state: State, dice: Dice, vpcId: string): string[] {
  const hosts = hostIdsOf(state, vpcId).flatMap((id) => find(state, "on-premises-host", id)?.ip ?? []);
  if (findBy(state, "vpn-gateway", "vpcId", vpcId).length === 0) return dice.chance(20) ? ["192.168.1.10"] : [];
  return [...hosts, dice.pick(["192.168.0.1", "192.168.1.129", "192.168.16.0", "172.20.255.255"])];
}

/** What a host at a site tries: the VPC's interfaces, hosts, and all that only routes of the VPC lead to. */
export function destinationsFromSite(state: State, dice: Dice, vpcId: string): string[] {
  const inside = findBy(state, "network-interface", "vpcId", vpcId).flatMap(privateAddressesOf);
  const peers = livingPeeringsOf(state, vpcId).flatMap(({ accepter, requester }) =>
    findBy(state, "network-interface", "vpcId", requester.vpcId === vpcId ? accepter.vpcId : requester.vpcId),
  );
  const block = parsePrefix(find(state, "vpc", vpcId)?.cidrBlocks[0]?.cidrBlock ?? "");
  const nobody = block === undefined ? [] : [2, 257, 1000].map((offset) => formatIp(addToIp(block.ip, offset)));
  const outside = [
    serviceAddress("s3", "us-east-1"),
    serviceAddress("ec2", "us-east-1"),
    echoHost.ips[32],
    "169.254.169.254",
  ];
  return [
    ...inside.filter(() => dice.chance(70)),
    ...siteAddresses(state, dice, vpcId),
    ...peers.slice(0, 1).flatMap((one) => one.privateIpAddress ?? []),
    ...outside.flatMap((ip) => ip ?? []),
    ...nobody,
  ];
}

/** Whether an address is of the blocks that sites have. */
export function isOfSites(ip: string): boolean {
  const parsed = parseIp(ip);
  return (
    parsed?.width === 32 && blocks.some((block) => containsIp(parsePrefix(block) ?? { ip: parsed, bits: 32 }, parsed))
  );
}
