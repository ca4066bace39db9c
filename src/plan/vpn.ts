/** What the machine must hold of a VPN gateway and of the networks behind its connections. */

import { formatPrefix } from "../base/prefix.ts";
import type { Site, Vpn } from "../network/vpn.ts";
import type { SiteBlueprint, VpnGatewayBlueprint } from "./blueprint.ts";
import { numberAll, numberOf } from "./numbering.ts";

export function vpnGatewayOf(vpn: Vpn, before: VpnGatewayBlueprint | undefined): VpnGatewayBlueprint {
  const known = before?.vpnGatewayId === vpn.vpnGatewayId ? before.sites : [];
  const ids = vpn.sites.map((site) => site.vpnConnectionId);
  const keys = numberAll(ids, new Map(known.map((one) => [one.vpnConnectionId, one.key])), siteRange);
  const taken = new Set<string>();
  return {
    vpnGatewayId: vpn.vpnGatewayId,
    sites: vpn.sites.map((site) => {
      // Of equal routes the first site's counts, as it does in `walk`.
      const cidrBlocks = site.prefixes.map(formatPrefix).filter((block) => !taken.has(block));
      for (const block of cidrBlocks) taken.add(block);
      const old = known.find((one) => one.vpnConnectionId === site.vpnConnectionId);
      return { ...siteOf(site, old), key: numberOf(keys, site.vpnConnectionId), cidrBlocks };
    }),
  };
}

const siteRange = { from: 1, to: 4094, of: "VPN connections of a gateway" };
const hostRange = { from: 1, to: 65_535, of: "hosts behind a VPN connection" };

function siteOf({ hosts, vpnConnectionId }: Site, before: SiteBlueprint | undefined) {
  const known = new Map((before?.hosts ?? []).map((one) => [one.hostId, one.key]));
  const ids = hosts.map((host) => host.id);
  const keys = numberAll(ids, known, hostRange);
  return { vpnConnectionId, hosts: hosts.map(({ id, ip }) => ({ hostId: id, key: numberOf(keys, id), ip })) };
}
