/**
 * Hosts of the network behind a VPN connection. At AWS they are the customer's own machines, which no API knows; here they
 * are made by `underpass onprem`, so that something answers there.
 */

import { formatIp, parseIp } from "../base/ip.ts";
import { containsIp } from "../base/prefix.ts";
import { type Id, makeId } from "../base/id.ts";
import { storedPrefix } from "./cidr.ts";
import { fail } from "./error.ts";
import type { Instance } from "./instance.ts";
import type { Resource } from "./resource.ts";
import { all, type Change, find, findBy, put, remove, type State } from "./state.ts";
import { accept, type Context, type Outcome } from "./verb.ts";

export interface OnPremisesHost extends Resource {
  readonly id: Id<"onprem">;
  /** Unique among all of them: `exec` names hosts by it. */
  readonly name: string;
  readonly vpnConnectionId: Id<"vpn">;
  /** Of IPv4, in canonical text; unique behind its VPN connection. */
  readonly ip: string;
}

export interface CreateOnPremisesHostInput {
  readonly name: string;
  readonly vpnConnectionId: string;
  readonly ip: string;
}

/** A host behind the connection; it belongs to the connection's account, whoever makes it. */
export function createOnPremisesHost(
  state: State,
  { name, vpnConnectionId, ip }: CreateOnPremisesHostInput,
  context: Context,
): Outcome<OnPremisesHost> {
  const connection = find(state, "vpn-connection", vpnConnectionId);
  if (connection?.deletedAtMs !== undefined || connection === undefined) {
    return fail("InvalidVpnConnectionID.NotFound", { vpnConnectionId });
  }
  if (!/^(?!i-|host$|internet$)[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/.test(name)) {
    return invalid(
      `\`${name}\` is no name: letters, digits, dots, dashes and underscores, and none that means another`,
    );
  }
  if ([...all(state, "on-premises-host")].some((one) => one.name === name)) {
    return invalid(`there is an on-premises host \`${name}\` already`);
  }
  const address = parseIp(ip);
  // Source: AWS Site-to-Site VPN User Guide, "IPv4 and IPv6 traffic": a virtual private gateway carries IPv4 alone.
  if (address?.width !== 32) return invalid(`\`${ip}\` is no IPv4 address`);
  const { staticRoutes } = connection;
  if (!staticRoutes.some((route) => containsIp(storedPrefix(route), address))) {
    const held = staticRoutes.length === 0 ? "it has none" : staticRoutes.join(", ");
    return invalid(
      `${ip} is in no static route of ${vpnConnectionId} (${held}); add one with CreateVpnConnectionRoute`,
    );
  }
  const behind = findBy(state, "on-premises-host", "vpnConnectionId", connection.id);
  const taken = behind.find((one) => one.ip === formatIp(address));
  if (taken !== undefined) return invalid(`${ip} is the address of \`${taken.name}\``);
  const host: OnPremisesHost = {
    id: makeId("onprem", context.hex),
    accountId: connection.accountId,
    region: connection.region,
    createdAtMs: context.nowMs,
    tags: [],
    name,
    vpnConnectionId: connection.id,
    ip: formatIp(address),
  };
  return accept(host, [put("on-premises-host", host)]);
}

/** Named by its id or its name. */
export function deleteOnPremisesHost(state: State, named: string): Outcome<OnPremisesHost> {
  const host = findOnPremisesHost(state, named);
  if (host === undefined) return fail("NotFound", { message: `there is no on-premises host \`${named}\`` });
  return accept(host, [remove("on-premises-host", host.id)]);
}

/** By its id or its name. */
export function findOnPremisesHost(state: State, named: string): OnPremisesHost | undefined {
  return (
    find(state, "on-premises-host", named) ?? [...all(state, "on-premises-host")].find((one) => one.name === named)
  );
}

/** Whether a place where programs run is one of them and no instance. */
export function isOnPremises(place: Instance | OnPremisesHost): place is OnPremisesHost {
  return "vpnConnectionId" in place;
}

/** They go with their VPN connection. */
export function withoutHostsBehind(state: State, vpnConnectionId: string): readonly Change[] {
  const hosts = findBy(state, "on-premises-host", "vpnConnectionId", vpnConnectionId);
  return hosts.map((one) => remove("on-premises-host", one.id));
}

function invalid(message: string): ReturnType<typeof fail> {
  return fail("InvalidParameterValue", { message });
}
