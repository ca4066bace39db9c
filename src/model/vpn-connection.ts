/**
 * VPN connections between a virtual private gateway and a customer gateway, with their two tunnels and static routes.
 * Source: EC2 API Reference, "CreateVpnConnection"; AWS Site-to-Site VPN User Guide, "Tunnel options".
 */

import { type Id, makeId } from "../base/id.ts";
import { addToIp, formatIp, parseIp } from "../base/ip.ts";
import { containsIp, formatPrefix, type Prefix } from "../base/prefix.ts";
import { ok, type Result } from "../base/result.ts";
import { readCidr, storedPrefix } from "./cidr.ts";
import { type ApiError, fail } from "./error.ts";
import { withoutHostsBehind } from "./on-premises-host.ts";
import { publicBlock } from "./network-interface.ts";
import { checkQuota } from "./quota.ts";
import type { Resource, Tags } from "./resource.ts";
import { type Change, countBy, put, type State } from "./state.ts";
import { checkTags } from "./tag.ts";
import { lasting, passingFrom, type Transitional } from "./transition.ts";
import { accept, type Context, type Outcome } from "./verb.ts";
import { type Deletable, livingOf, lookupLiving, remains, stateOf } from "./vpn-remains.ts";

export interface VpnConnection extends Resource, Deletable, Transitional {
  readonly id: Id<"vpn">;
  readonly customerGatewayId: Id<"cgw">;
  readonly vpnGatewayId: Id<"vgw">;
  /** Whether routes are set by hand and not learned by BGP. */
  readonly staticRoutesOnly: boolean;
  readonly tunnels: readonly [VpnTunnel, VpnTunnel];
  /** Canonical CIDR text, none twice. */
  readonly staticRoutes: readonly string[];
}

export interface VpnTunnel {
  /** AWS's public end. */
  readonly outsideIp: string;
  /** A /30 of 169.254.0.0/16. */
  readonly insideCidr: string;
  readonly preSharedKey: string;
}

export interface TunnelWish {
  readonly insideCidr?: string;
  readonly preSharedKey?: string;
}

export interface CreateVpnConnectionInput {
  readonly customerGatewayId: string;
  readonly vpnGatewayId: string;
  readonly staticRoutesOnly: boolean;
  readonly tunnels: readonly TunnelWish[];
  readonly tags: Tags;
}

export function createVpnConnection(
  state: State,
  input: CreateVpnConnectionInput,
  context: Context,
): Outcome<VpnConnection> {
  const customer = lookupLiving(state, "customer-gateway", input.customerGatewayId, context);
  if (!customer.ok) return customer;
  const gateway = lookupLiving(state, "vpn-gateway", input.vpnGatewayId, context);
  if (!gateway.ok) return gateway;
  if (input.tunnels.length > 2) return invalid("At most two tunnels can be specified");
  const first = newTunnel(input.tunnels[0] ?? {}, context);
  if (!first.ok) return first;
  const second = newTunnel(input.tunnels[1] ?? {}, context);
  if (!second.ok) return second;
  const tags = checkTags(input.tags);
  if (!tags.ok) return tags;
  const perRegion = checkQuota("vpnConnectionsPerRegion", livingOf(state, "vpn-connection", context).length, context);
  if (!perRegion.ok) return perRegion;
  const onGateway = countBy(state, "vpn-connection", "vpnGatewayId", gateway.value.id);
  const perGateway = checkQuota("vpnConnectionsPerVpnGateway", onGateway, context);
  if (!perGateway.ok) return perGateway;
  const connection: VpnConnection = {
    id: makeId("vpn", context.hex),
    accountId: context.accountId,
    region: context.region,
    createdAtMs: context.nowMs,
    tags: tags.value,
    customerGatewayId: customer.value.id,
    vpnGatewayId: gateway.value.id,
    staticRoutesOnly: input.staticRoutesOnly,
    tunnels: [first.value, second.value],
    staticRoutes: [],
  };
  return accept(connection, [put("vpn-connection", { ...connection, ...passingFrom(context) })]);
}

export function deleteVpnConnection(
  state: State,
  input: { readonly vpnConnectionId: string },
  context: Context,
): Outcome<void> {
  const found = lookupLiving(state, "vpn-connection", input.vpnConnectionId, context);
  if (!found.ok) return found;
  const deleting: VpnConnection = { ...lasting(found.value), staticRoutes: [], ...passingFrom(context) };
  const hosts = withoutHostsBehind(state, found.value.id);
  return accept(undefined, [...hosts, ...remains(state, "vpn-connection", deleting, context)]);
}

/** What a connection in a passing state becomes. */
export function settledVpnConnection(connection: VpnConnection): readonly Change[] {
  return [put("vpn-connection", lasting(connection))];
}

/** As AWS names it. */
export function connectionStateOf(connection: VpnConnection): "pending" | "available" | "deleting" | "deleted" {
  if (connection.settlesAtMs === undefined) return stateOf(connection);
  return connection.deletedAtMs === undefined ? "pending" : "deleting";
}

interface RouteInput {
  readonly vpnConnectionId: string;
  readonly destinationCidrBlock: string;
}

/** A route that is there already stays. Fails for a connection that learns its routes by BGP. */
export function createVpnConnectionRoute(state: State, input: RouteInput, context: Context): Outcome<void> {
  const found = lookupLiving(state, "vpn-connection", input.vpnConnectionId, context);
  if (!found.ok) return found;
  const cidr = readCidr(input.destinationCidrBlock, "destinationCidrBlock");
  if (!cidr.ok) return cidr;
  if (!found.value.staticRoutesOnly) {
    return fail("UnsupportedOperation", {
      message: `The vpnConnection '${found.value.id}' does not use static routes.`,
    });
  }
  const text = formatPrefix(cidr.value);
  const staticRoutes = [...found.value.staticRoutes.filter((one) => one !== text), text];
  return accept(undefined, [put("vpn-connection", { ...found.value, staticRoutes })]);
}

export function deleteVpnConnectionRoute(state: State, input: RouteInput, context: Context): Outcome<void> {
  const found = lookupLiving(state, "vpn-connection", input.vpnConnectionId, context);
  if (!found.ok) return found;
  const cidr = readCidr(input.destinationCidrBlock, "destinationCidrBlock");
  if (!cidr.ok) return cidr;
  const text = formatPrefix(cidr.value);
  if (!found.value.staticRoutes.includes(text)) {
    return fail("InvalidRoute.NotFound", {
      destination: `destination-cidr-block ${text}`,
      routeTableId: found.value.id,
    });
  }
  const staticRoutes = found.value.staticRoutes.filter((one) => one !== text);
  return accept(undefined, [put("vpn-connection", { ...found.value, staticRoutes })]);
}

/** The two ends inside a tunnel: AWS's address is the first of the block, the customer's the second. */
export function insideAddresses(tunnel: VpnTunnel): { readonly amazon: string; readonly customer: string } {
  const { ip } = storedPrefix(tunnel.insideCidr);
  return { amazon: formatIp(addToIp(ip, 1)), customer: formatIp(addToIp(ip, 2)) };
}

function newTunnel(wish: TunnelWish, context: Context): Result<VpnTunnel, ApiError> {
  const insideCidr = wish.insideCidr ?? randomInside(context);
  const inside = readInside(insideCidr);
  if (!inside.ok) return inside;
  const preSharedKey = wish.preSharedKey ?? context.hex(32);
  // Source: "Tunnel options": 8 to 64 letters, digits, dots and underscores, not starting with zero.
  if (!/^[A-Za-z1-9._][A-Za-z0-9._]{7,63}$/.test(preSharedKey) && wish.preSharedKey !== undefined) {
    return invalid("The pre-shared key must have 8 to 64 letters, digits, periods and underscores, not zero first");
  }
  const offset = 1 + (Number.parseInt(context.hex(8), 16) % (2 ** (32 - publicBlock.bits) - 2));
  return ok({
    outsideIp: formatIp(addToIp(publicBlock.ip, offset)),
    insideCidr: formatPrefix(inside.value),
    preSharedKey: wish.preSharedKey ?? `k${preSharedKey.slice(1)}`,
  });
}

function randomInside(context: Context): string {
  const word = Number.parseInt(context.hex(4), 16);
  return `169.254.${8 + ((word >> 8) % 200)}.${word & 0xff & ~3}/30`;
}

/** Source: "Tunnel options", inside tunnel IPv4 CIDR: a /30 of 169.254.0.0/16, of which some are AWS's own. */
function readInside(text: string): Result<Prefix, ApiError> {
  const cidr = readCidr(text, "tunnelInsideCidr");
  if (!cidr.ok) return cidr;
  const ip = parseIp("169.254.0.0");
  const inRange = ip !== undefined && cidr.value.bits === 30 && containsIp(linkLocal, cidr.value.ip);
  const taken = ["0", "1", "2", "3", "4", "5"].map((part) => `169.254.${part}.0/30`);
  const reserved = taken.includes(formatPrefix(cidr.value)) || formatPrefix(cidr.value) === "169.254.169.252/30";
  return inRange && !reserved ? cidr : invalid(`Value (${text}) for parameter tunnelInsideCidr is invalid.`);
}

const linkLocal = storedPrefix("169.254.0.0/16");

function invalid(message: string): Result<never, ApiError> {
  return fail("InvalidParameterValue", { message });
}
