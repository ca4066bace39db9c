/**
 * What would let a flow to any target pass: the next step that is missing, with the call that does it. Each step is said on
 * the state before it, so that following the advice and asking again leads to the end.
 * Source: Amazon VPC User Guide, "Internet gateways" (a route and a public address), "NAT gateways"; Amazon VPC peering guide,
 * "Update your route tables"; AWS Site-to-Site VPN User Guide, "Configure routing".
 */

import { type Ip, parseIp } from "../base/ip.ts";
import { containsIp, formatPrefix, overlaps, parsePrefix, type Prefix } from "../base/prefix.ts";
import type { Instance } from "../model/instance.ts";
import { isOnPremises, type OnPremisesHost } from "../model/on-premises-host.ts";
import { all, find, type State } from "../model/state.ts";
import type { Vpc } from "../model/vpc.ts";
import { livingPeeringsOf } from "../model/vpc-peering.ts";
import { vpcBehindVpn } from "../network/on-premises.ts";
import type { Flow, Reach } from "../network/reach.ts";
import { isIpv6, mappedBy, senderOf } from "../network/sender.ts";
import { networkOf, type VpcNetwork } from "../network/vpc-network.ts";
import { siteFor } from "../network/vpn.ts";
import { type RouteChoice, routeChoice } from "../network/walk.ts";
import { adviceOf, dropAdvice } from "./advice.ts";
import type { FlowTarget } from "./flow-target.ts";
import { adviceOnPremises } from "./on-premises-advice.ts";

export interface FlowCase {
  readonly source: Instance | OnPremisesHost;
  readonly flow: Flow;
  readonly reached: Reach;
  readonly target: FlowTarget;
  readonly isReachable: boolean;
}

/** None where nothing needs to be mended. */
export function flowAdvice(state: State, asked: FlowCase): readonly string[] {
  const { source, flow, reached } = asked;
  if (isOnPremises(source)) return adviceForHost(state, source, asked);
  if (source.state === "stopped") return [startText(source)];
  const known = adviceOf(state, source, flow, reached);
  if (asked.isReachable || reached.dropped !== undefined || known.length > 0) return known;
  const network = networkOf(state, source.vpcId);
  const line = network && missingStep(state, network, { ...asked, source });
  return line === undefined ? [] : [line];
}

function startText({ id }: Instance): string {
  return `start ${id}: aws ec2 start-instances --instance-ids ${id}`;
}

function adviceForHost(state: State, host: OnPremisesHost, { flow, reached, target }: FlowCase): readonly string[] {
  const network = networkOf(state, vpcBehindVpn(state, host) ?? "");
  if (network === undefined) return [];
  const drop = dropAdvice(state, network, reached);
  if (drop !== undefined) return [drop];
  const back = reached.astray === undefined ? undefined : routeBackOverVpn(state, network, reached);
  const own = back ?? targetAdvice(target, reached);
  if (own !== undefined) return [own];
  return adviceOnPremises(state, host, { destinationIp: flow.destinationIp, reached });
}

interface InstanceCase extends FlowCase {
  readonly source: Instance;
}

function missingStep(state: State, network: VpcNetwork, asked: InstanceCase): string | undefined {
  const { flow, reached, target } = asked;
  const ip = parseIp(flow.destinationIp);
  if (ip === undefined) return undefined;
  if (reached.astray !== undefined) return routeBack(state, network, reached);
  return (
    targetAdvice(target, reached) ??
    vpnStep(network, asked, ip) ??
    peeringStep(state, network, asked) ??
    internetStep(state, network, asked)
  );
}

/** The instance at the end of the way is there and does not run. */
function targetAdvice({ place }: FlowTarget, { exit }: Reach): string | undefined {
  return exit.kind === "local" && place.kind === "instance" && place.instance.state === "stopped"
    ? startText(place.instance)
    : undefined;
}

interface RouteWish {
  readonly routeTableId: string;
  /** What the table has now for the address. */
  readonly route: RouteChoice | undefined;
  readonly block: string;
  readonly targetId: string;
}

/** `aws ec2 create-route …`, or `replace-route` where the table has a route to the same block. */
function routeText({ block, route, routeTableId, targetId }: RouteWish): string {
  const verb = route?.chosen?.destination === block ? "replace-route" : "create-route";
  const destination = isIpv6(block) ? "--destination-ipv6-cidr-block" : "--destination-cidr-block";
  const option = targetOptions[targetId.slice(0, targetId.indexOf("-"))] ?? "--gateway-id";
  return (
    `lead ${block} to ${targetId} in ${routeTableId}: aws ec2 ${verb} --route-table-id ${routeTableId} ` +
    `${destination} ${block} ${option} ${targetId}`
  );
}

const targetOptions: Readonly<Record<string, string>> = {
  nat: "--nat-gateway-id",
  pcx: "--vpc-peering-connection-id",
  eigw: "--egress-only-internet-gateway-id",
};

/** The destination is behind the VPC's own VPN gateway. */
function vpnStep({ vpn }: VpcNetwork, { reached, target }: InstanceCase, ip: Ip): string | undefined {
  const { route, exit } = reached;
  if (vpn === undefined || route === undefined || exit.kind === "on-premises") return undefined;
  const site = siteFor(vpn, ip);
  const leadsThere = route.chosen?.target === vpn.vpnGatewayId && route.chosen.state === "active";
  if (site === undefined) {
    if (!leadsThere || target.place.kind !== "host") return undefined;
    const { host } = target.place;
    return (
      `give ${host.vpnConnectionId} a static route to ${host.ip}: aws ec2 create-vpn-connection-route ` +
      `--vpn-connection-id ${host.vpnConnectionId} --destination-cidr-block ${host.ip}/32`
    );
  }
  if (leadsThere) return undefined;
  const block = site.prefixes.find((prefix) => containsIp(prefix, ip));
  if (block === undefined) return undefined;
  const { routeTableId } = route;
  return routeText({ routeTableId, route, block: formatPrefix(block), targetId: vpn.vpnGatewayId });
}

/** The destination is in another VPC: the one of the named instance, a peer, or the only other one that has the address. */
function peeringStep(state: State, network: VpcNetwork, { flow, reached, target }: InstanceCase): string | undefined {
  const ip = parseIp(flow.destinationIp);
  const { peering, route, nats } = reached;
  if (ip === undefined || route === undefined || peering !== undefined) return undefined;
  const far = otherVpc(state, network, { ip, target });
  const block = far && networkOf(state, far.id)?.prefixes.find((prefix) => containsIp(prefix, ip));
  if (far === undefined || block === undefined) return undefined;
  const { vpc } = network;
  const between = livingPeeringsOf(state, vpc.id).find(
    ({ accepter, requester }) => accepter.vpcId === far.id || requester.vpcId === far.id,
  );
  if (between === undefined) {
    const blocks = networkOf(state, far.id)?.prefixes ?? [];
    if (network.prefixes.some((own) => blocks.some((one) => overlaps(own, one)))) {
      return `the blocks of ${vpc.id} and ${far.id} overlap, so that they cannot be peered: call a public address of ${far.id}`;
    }
    return `${vpc.id} and ${far.id} are not peered: aws ec2 create-vpc-peering-connection --vpc-id ${vpc.id} --peer-vpc-id ${far.id}${farWords(vpc, far)}`;
  }
  if (between.status === "pending-acceptance") {
    return `accept ${between.id}: aws ec2 accept-vpc-peering-connection --vpc-peering-connection-id ${between.id}`;
  }
  if (!network.peers.has(between.id) || nats !== undefined) return undefined;
  const { routeTableId } = route;
  return routeText({ routeTableId, route, block: formatPrefix(block), targetId: between.id });
}

function farWords(vpc: Vpc, far: Vpc): string {
  const region = vpc.region === far.region ? "" : ` --peer-region ${far.region}`;
  return vpc.accountId === far.accountId ? region : `${region} --peer-owner-id ${far.accountId}`;
}

function otherVpc(
  state: State,
  network: VpcNetwork,
  { ip, target: { place } }: { readonly ip: Ip; readonly target: FlowTarget },
): Vpc | undefined {
  if (place.kind === "instance") {
    const { vpcId } = place.instance;
    return vpcId === network.vpc.id ? undefined : find(state, "vpc", vpcId);
  }
  const holds = (vpcId: string): boolean =>
    networkOf(state, vpcId)?.prefixes.some((prefix) => containsIp(prefix, ip)) === true;
  const peer = [...network.peers.values()].find(({ vpcId }) => holds(vpcId));
  if (peer !== undefined) return find(state, "vpc", peer.vpcId);
  // A public address of IPv6 is reached over the internet.
  if (ip.width === 128) return undefined;
  const { accountId, id, region } = network.vpc;
  const [one, another] = [...all(state, "vpc")].filter(
    (vpc) => vpc.id !== id && vpc.accountId === accountId && vpc.region === region && holds(vpc.id),
  );
  return another === undefined ? one : undefined;
}

/** The destination is public: a route to a gateway, a gateway, and of IPv4 an address for it to map. */
function internetStep(state: State, network: VpcNetwork, { flow, reached, source }: InstanceCase): string | undefined {
  const { exit, nats = [], translatedIp } = reached;
  const destinationIp = translatedIp ?? flow.destinationIp;
  const ip = parseIp(destinationIp);
  if (exit.kind !== "none" || ip === undefined || !isPublic(ip) || isInside(state, destinationIp)) return undefined;
  const hop = nats.at(-1);
  const sender = hop === undefined ? senderOf(network, source, ip.width, flow.sourceIp) : undefined;
  const route = hop?.route ?? reached.route;
  const holderId = hop?.networkInterfaceId ?? sender?.holder.id;
  const from = hop?.privateIp ?? sender?.ip;
  if (route === undefined || from === undefined || holderId === undefined) return undefined;
  const { routeTableId } = route;
  const block = ip.width === 128 ? "::/0" : "0.0.0.0/0";
  const lead = (targetId: string): string => routeText({ routeTableId, route, block, targetId });
  const isPublicThere = network.publicIpOf.has(from);
  const nat = ip.width === 32 && !isPublicThere ? publicNatOf(network) : undefined;
  if (nat !== undefined && hop === undefined && route.chosen?.target !== nat) return lead(nat);
  const gatewayId = network.internetGateway?.id ?? (ip.width === 128 ? network.egressOnlyGateway?.id : undefined);
  if (gatewayId === undefined) return gatewayStep(state, network.vpc);
  if (route.chosen?.target !== gatewayId || route.chosen.state !== "active") return lead(gatewayId);
  return isPublicThere || ip.width === 128 ? undefined : addressStep(state, network.vpc, holderId);
}

function publicNatOf({ natGateways }: VpcNetwork): string | undefined {
  return [...natGateways.values()].find(({ connectivity }) => connectivity === "public")?.id;
}

/** Whether a VPC has the public address, and lets nobody in. */
function isInside(state: State, ip: string): boolean {
  const holder = mappedBy(state, ip)?.holder;
  return holder !== undefined && networkOf(state, holder.vpcId)?.internetGateway === undefined;
}

function gatewayStep(state: State, { accountId, id, region }: Vpc): string {
  const free = [...all(state, "internet-gateway")].find(
    (one) => one.vpcId === undefined && one.accountId === accountId && one.region === region,
  );
  return free === undefined
    ? `${id} has no internet gateway: aws ec2 create-internet-gateway`
    : `attach ${free.id} to ${id}: aws ec2 attach-internet-gateway --internet-gateway-id ${free.id} --vpc-id ${id}`;
}

function addressStep(state: State, { accountId, region }: Vpc, networkInterfaceId: string): string {
  const free = [...all(state, "elastic-ip")].find(
    (one) => one.association === undefined && one.accountId === accountId && one.region === region,
  );
  return free === undefined
    ? `${networkInterfaceId} needs a public address: aws ec2 allocate-address --domain vpc`
    : `give ${networkInterfaceId} the address ${free.publicIp}: aws ec2 associate-address --allocation-id ${free.id} ` +
        `--network-interface-id ${networkInterfaceId}`;
}

/** Source: RFC 1918, RFC 6598 (shared), RFC 4193 (of IPv6). */
const privateBlocks: readonly Prefix[] = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"]
  .map((text) => parsePrefix(text))
  .filter((prefix) => prefix !== undefined);

function isPublic(ip: Ip): boolean {
  return !privateBlocks.some((prefix) => prefix.ip.width === ip.width && containsIp(prefix, ip));
}

/** The table of who answers in another VPC, or in the same one to a host on premises. */
function routeBack(state: State, network: VpcNetwork, reached: Reach): string | undefined {
  const { overInternet, peering } = reached;
  const end = backEnd(state, reached);
  if (end === undefined) return undefined;
  const { route, toIp } = end;
  const holds = (prefix: Prefix): boolean => containsIp(prefix, toIp);
  const block = network.prefixes.find(holds);
  const wish = { routeTableId: route.routeTableId, route };
  if (peering !== undefined && block !== undefined) {
    return `the answers need a way back: ${routeText({ ...wish, block: formatPrefix(block), targetId: peering.vpcPeeringConnectionId })}`;
  }
  if (overInternet === undefined || route.chosen?.target === overInternet.toGatewayId) return undefined;
  const everything = toIp.width === 128 ? "::/0" : "0.0.0.0/0";
  return `the answers need a way back: ${routeText({ ...wish, block: everything, targetId: overInternet.toGatewayId })}`;
}

function routeBackOverVpn(state: State, { vpn }: VpcNetwork, reached: Reach): string | undefined {
  const end = backEnd(state, reached);
  if (vpn === undefined || end === undefined || end.route.chosen?.target === vpn.vpnGatewayId) return undefined;
  const { route, toIp } = end;
  const block = siteFor(vpn, toIp)?.prefixes.find((prefix) => containsIp(prefix, toIp));
  if (block === undefined) return undefined;
  const { routeTableId } = route;
  const text = routeText({ routeTableId, route, block: formatPrefix(block), targetId: vpn.vpnGatewayId });
  return `the answers need a way back: ${text}`;
}

interface BackEnd {
  readonly route: RouteChoice;
  readonly toIp: Ip;
}

function backEnd(state: State, { answers }: Reach): BackEnd | undefined {
  const answering = answers?.at(-1);
  const far = answering && networkOf(state, answering.vpcId);
  const toIp = answering && parseIp(answering.toIp);
  const route = far && toIp && routeChoice(far, answering.subnetId, toIp);
  return route && { route, toIp };
}
