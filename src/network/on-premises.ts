/**
 * What a host behind a VPN connection reaches: the interfaces of the VPC that the VPN gateway is attached to, those of
 * interface endpoints among them, and nothing that only routes of the VPC lead to.
 * Source: AWS PrivateLink guide, "Gateway endpoints: considerations" (not from a VPN connection) and "Access an AWS service
 * using an interface VPC endpoint" (from on premises); Amazon VPC User Guide, "Amazon DNS server" (not from outside).
 *
 * ASSUMPTION: sites behind VPN connections of one virtual private gateway reach each other by their static routes, as they
 * do at AWS where their routes come by BGP.
 */

import { formatIp, type Ip, parseIp } from "../base/ip.ts";
import { containsIp, parsePrefix } from "../base/prefix.ts";
import type { OnPremisesHost } from "../model/on-premises-host.ts";
import { cidrBlocksOfEndpoint } from "../model/prefix-list.ts";
import { find, type State } from "../model/state.ts";
import { targetText } from "./compiled-table.ts";
import { groupVerdict } from "./firewall.ts";
import { replyTo } from "./packet.ts";
import type { Path } from "./path.ts";
import {
  answeringOf,
  type Arrival,
  arrivalOf,
  borders,
  firstPacket,
  type Flow,
  followed,
  ipOf,
  type Reach,
  type Steps,
} from "./reach.ts";
import { networkOf, type VpcNetwork } from "./vpc-network.ts";
import { siteFor, type Vpn } from "./vpn.ts";
import { arrivalAt, type Exit, overVpn } from "./exit.ts";
import type { Walk } from "./walk.ts";

/** Where a packet from an on-premises host to `destinationIp` ends. No route table of the VPC takes part. */
export function walkFromOnPremises(state: State, host: OnPremisesHost, destinationIp: string): Walk {
  const ip = parseIp(destinationIp);
  if (ip?.width !== 32)
    return { exit: none(`\`${destinationIp}\` is no IPv4 address, which VPN connections carry alone`) };
  const place = placeOf(state, host);
  return { exit: place === undefined ? none(lackOf(state, host)) : exitOf(state, { ...place, host, ip }) };
}

/** What becomes of a flow that an on-premises host opens. It has no filters of its own. */
export function reachFromOnPremises(state: State, host: OnPremisesHost, flow: Omit<Flow, "sourceIp">): Reach {
  const walked = walkFromOnPremises(state, host, flow.destinationIp);
  const place = placeOf(state, host);
  if (place === undefined) return { ...walked, filters: [] };
  if (walked.exit.kind === "on-premises") {
    const astray = siteAstray(place.vpn, host, walked.exit.vpnConnectionId);
    return { ...walked, filters: [], ...(astray !== undefined && { astray }) };
  }
  const target = arrivalOf(state, place.network, walked);
  return target === undefined
    ? { ...walked, filters: [] }
    : followed(walked, stepsOf(target, { host, vpn: place.vpn }, flow));
}

/** The path of a connection to a service; undefined when it ends elsewhere. */
export function pathFromOnPremises({ ip }: OnPremisesHost, { exit }: Walk, destinationIp: string): Path | undefined {
  if (exit.kind !== "interface-endpoint") return undefined;
  const { kind, vpcEndpointId, vpcId, service, sourceIp } = exit;
  return sourceIp === ip ? { kind, vpcEndpointId, vpcId, service, sourceIp, destinationIp } : undefined;
}

/** The on-premises host at the beginning of a path: its address is none of the VPC's and its peers'. */
export function onPremisesHostBehind(state: State, path: Path): OnPremisesHost | undefined {
  const vpn = path.kind === "interface-endpoint" ? networkOf(state, path.vpcId)?.vpn : undefined;
  const ip = vpn && parseIp(path.sourceIp);
  return ip && siteFor(vpn, ip)?.hosts.find((one) => one.ip === path.sourceIp);
}

/** The VPC that a host's VPN gateway is attached to, where its connection is available. */
export function vpcBehindVpn(state: State, host: OnPremisesHost): string | undefined {
  return placeOf(state, host)?.network.vpc.id;
}

interface Place {
  readonly network: VpcNetwork;
  readonly vpn: Vpn;
}

function placeOf(state: State, host: OnPremisesHost): Place | undefined {
  const connection = find(state, "vpn-connection", host.vpnConnectionId);
  const vpcId = connection && find(state, "vpn-gateway", connection.vpnGatewayId)?.vpcId;
  const network = vpcId === undefined ? undefined : networkOf(state, vpcId);
  const vpn = network?.vpn;
  const isThere = vpn?.sites.some((site) => site.vpnConnectionId === host.vpnConnectionId) === true;
  return network !== undefined && vpn !== undefined && isThere ? { network, vpn } : undefined;
}

function lackOf(state: State, { vpnConnectionId }: OnPremisesHost): string {
  const connection = find(state, "vpn-connection", vpnConnectionId);
  const gateway = connection && find(state, "vpn-gateway", connection.vpnGatewayId);
  if (gateway !== undefined && gateway.vpcId === undefined) return `${gateway.id} is attached to no VPC`;
  return `${vpnConnectionId} is not available`;
}

function exitOf(
  state: State,
  { network, vpn, host, ip }: Place & { readonly host: OnPremisesHost; readonly ip: Ip },
): Exit {
  const { vpcId, text } = { vpcId: network.vpc.id, text: formatIp(ip) };
  const { vpnGatewayId } = vpn;
  const own = vpn.sites.find((site) => site.vpnConnectionId === host.vpnConnectionId);
  const neighbor = own?.hosts.find((one) => one.ip === text);
  if (neighbor !== undefined) {
    return { kind: "on-premises", vpnGatewayId, vpnConnectionId: host.vpnConnectionId, hostId: neighbor.id };
  }
  if (network.resolverIps.includes(text)) {
    return none(`the resolver of ${vpcId} answers inside the VPC alone`);
  }
  if (network.prefixes.some((prefix) => containsIp(prefix, ip))) {
    return arrivalAt(state, host, network.interfaceByIp.get(text));
  }
  if (siteFor(vpn, ip) !== undefined) return overVpn(network, vpnGatewayId, ip);
  const endpoint = network.endpoints.find(
    (one) => one.kind === "Gateway" && cidrBlocksOfEndpoint(one).some((block) => holds(block, ip)),
  );
  return endpoint === undefined
    ? none(`${text} is outside ${vpcId}: ${vpnGatewayId} leads no further than that VPC`)
    : none(`${endpoint.id} is a gateway endpoint: it serves only its own VPC; use an interface endpoint`);
}

function holds(cidrBlock: string, ip: Ip): boolean {
  const prefix = parsePrefix(cidrBlock);
  return prefix !== undefined && containsIp(prefix, ip);
}

function* stepsOf(
  target: Arrival,
  { host, vpn }: { readonly host: OnPremisesHost; readonly vpn: Vpn },
  flow: Omit<Flow, "sourceIp">,
): Steps {
  const { holder, network } = target;
  const packet = firstPacket(host, flow);
  const [outside, inside] = [{ network }, { network, subnetId: holder.subnetId }];
  for (const verdict of borders({ from: outside, to: inside, packet })) yield { leg: "request", packet, verdict };
  if (flow.isTracked !== true) {
    yield { leg: "request", packet, verdict: groupVerdict(network, holder, "ingress", packet) };
  }
  yield answeringOf(target, host.ip);
  const astray = answersAstray(target, vpn, host);
  if (astray !== undefined) return astray;
  const reply = replyTo(packet);
  for (const verdict of borders({ from: inside, to: outside, packet: reply })) {
    yield { leg: "reply", packet: reply, verdict };
  }
  return undefined;
}

/** The interface answers by its subnet's route table, and the gateway by the static routes of its connections. */
function answersAstray({ holder, network }: Arrival, vpn: Vpn, host: OnPremisesHost): string | undefined {
  const table = network.tableOf.get(holder.subnetId)?.table;
  const tableId = table?.routeTable.id;
  const route = table?.byPrefix.longestMatch(ipOf(host.ip))?.value;
  if (route === undefined) return `the answers of ${holder.id} have no route to ${host.ip} in ${tableId}`;
  if (!route.active || route.target.kind !== "vpn-gateway") {
    const way = `the route ${route.destination} of ${tableId} to ${targetText(route.target)}`;
    return `the answers of ${holder.id} take ${way}`;
  }
  return gatewayAstray(vpn, host);
}

/** Within a site nothing comes by the gateway; the answers of another one leave it only where none of its own has the address. */
function siteAstray(vpn: Vpn, host: OnPremisesHost, answeringId: string): string | undefined {
  if (answeringId === host.vpnConnectionId) return undefined;
  const namesake = vpn.sites
    .find((site) => site.vpnConnectionId === answeringId)
    ?.hosts.find((one) => one.ip === host.ip);
  if (namesake !== undefined)
    return `the answers stay behind ${answeringId}, where ${namesake.name} has ${host.ip} too`;
  return gatewayAstray(vpn, host);
}

function gatewayAstray(vpn: Vpn, { ip, vpnConnectionId }: OnPremisesHost): string | undefined {
  if (siteFor(vpn, ipOf(ip))?.vpnConnectionId === vpnConnectionId) return undefined;
  return `${vpnConnectionId} has no static route to ${ip} by which ${vpn.vpnGatewayId} would send the answers`;
}

function none(reason: string): Exit {
  return { kind: "none", reason };
}
