/**
 * What an attached VPN gateway leads to: of each available VPN connection the static routes and the hosts behind it.
 * Source: AWS Site-to-Site VPN User Guide, "Site-to-Site VPN routing options" (the longest prefix wins).
 */

import type { Id } from "../base/id.ts";
import type { Ip } from "../base/ip.ts";
import { containsIp, type Prefix } from "../base/prefix.ts";
import { storedPrefix } from "../model/cidr.ts";
import type { OnPremisesHost } from "../model/on-premises-host.ts";
import { findBy, type State } from "../model/state.ts";
import { connectionStateOf } from "../model/vpn-connection.ts";
import type { VpnGateway } from "../model/vpn-gateway.ts";

export interface Vpn {
  readonly vpnGatewayId: Id<"vgw">;
  /** Sorted by id. */
  readonly sites: readonly Site[];
}

/** The network behind a VPN connection. */
export interface Site {
  readonly vpnConnectionId: Id<"vpn">;
  readonly prefixes: readonly Prefix[];
  /** Sorted by id. */
  readonly hosts: readonly OnPremisesHost[];
}

export function vpnOf(state: State, gateway: VpnGateway | undefined): Vpn | undefined {
  if (gateway === undefined || gateway.deletedAtMs !== undefined) return undefined;
  const connections = findBy(state, "vpn-connection", "vpnGatewayId", gateway.id)
    .filter((one) => connectionStateOf(one) === "available")
    .toSorted(byId);
  const sites = connections.map(({ id, staticRoutes }): Site => ({
    vpnConnectionId: id,
    prefixes: staticRoutes.map(storedPrefix),
    hosts: findBy(state, "on-premises-host", "vpnConnectionId", id).toSorted(byId),
  }));
  return { vpnGatewayId: gateway.id, sites };
}

/** The site that the gateway sends an address to; of equal routes the first site's. */
export function siteFor(vpn: Vpn, ip: Ip): Site | undefined {
  let best: { readonly site: Site; readonly bits: number } | undefined;
  for (const site of vpn.sites) {
    for (const prefix of site.prefixes) {
      if (containsIp(prefix, ip) && prefix.bits > (best?.bits ?? -1)) best = { site, bits: prefix.bits };
    }
  }
  return best?.site;
}

function byId(a: { readonly id: string }, b: { readonly id: string }): number {
  return a.id < b.id ? -1 : 1;
}
