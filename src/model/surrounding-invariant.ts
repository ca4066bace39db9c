/** The invariants of load balancers, prefix lists, DHCP options, peering and VPN: what surrounds a VPC. */

import type { Listener } from "./listener.ts";
import type { LoadBalancer } from "./load-balancer.ts";
import { entriesOf, findReferredList, type ManagedPrefixList } from "./managed-prefix-list.ts";
import type { RouteTable } from "./route-table.ts";
import { all, type Documents, find, findBy, type State } from "./state.ts";
import type { TargetGroup } from "./target-group.ts";
import { isLiving, type VpcPeeringConnection } from "./vpc-peering.ts";
import type { Vpc } from "./vpc.ts";
import type { VpnConnection } from "./vpn-connection.ts";
import type { VpnGateway } from "./vpn-gateway.ts";

/** A sentence for each broken invariant; none for a sound state. */
export function brokenSurroundingInvariants(state: State): readonly string[] {
  return [
    ...told(state, "load-balancer", brokenBalancer),
    ...told(state, "listener", brokenListener),
    ...told(state, "target-group", brokenGroup),
    ...told(state, "prefix-list", brokenList),
    ...told(state, "route-table", brokenTable),
    ...told(state, "vpc", brokenVpc),
    ...told(state, "vpc-peering-connection", brokenPeering),
    ...told(state, "vpn-gateway", brokenGateway),
    ...told(state, "vpn-connection", brokenConnection),
  ];
}

type Claims = Readonly<Record<string, boolean>>;

function told<K extends keyof Documents>(
  state: State,
  kind: K,
  claimsOf: (state: State, document: Documents[K]) => Claims,
): readonly string[] {
  return [...all(state, kind)].flatMap((document) => {
    const claims = claimsOf(state, document);
    const broken = Object.keys(claims).filter((claim) => claims[claim] === false);
    return broken.map((claim) => `${document.id}: not true that ${claim}`);
  });
}

function brokenBalancer(state: State, balancer: LoadBalancer): Claims {
  const interfaces = balancer.zones.map((zone) => ({
    zone,
    held: find(state, "network-interface", zone.networkInterfaceId),
  }));
  const names = balancer.zones.map((zone) => zone.zoneName);
  const same = findBy(state, "load-balancer", "name", `${balancer.accountId}/${balancer.region}/${balancer.name}`);
  return {
    "it has a subnet": balancer.zones.length > 0,
    "it has an interface in each subnet": interfaces.every(({ zone, held }) => held?.subnetId === zone.subnetId),
    "its interfaces are of its VPC": interfaces.every(({ held }) => held?.vpcId === balancer.vpcId),
    "it has one subnet a zone": new Set(names).size === names.length,
    "nobody else has its name": same.length === 1,
  };
}

function brokenListener(state: State, listener: Listener): Claims {
  const balancer = find(state, "load-balancer", listener.loadBalancerArn);
  const groups = listener.forward.map((one) => find(state, "target-group", one.targetGroupArn));
  const others = listener.forward.flatMap((one) => findBy(state, "listener", "targetGroupArn", one.targetGroupArn));
  return {
    "its load balancer exists": balancer !== undefined,
    "it forwards to something": listener.forward.length > 0,
    "its target groups are of its load balancer's VPC": groups.every((group) => group?.vpcId === balancer?.vpcId),
    "its target groups serve one load balancer": others.every(
      (one) => one.loadBalancerArn === listener.loadBalancerArn,
    ),
  };
}

function brokenGroup(_state: State, group: TargetGroup): Claims {
  const keys = group.targets.map((target) => `${target.id}:${target.port}`);
  return { "it has no target twice": new Set(keys).size === keys.length };
}

function brokenList(_state: State, list: ManagedPrefixList): Claims {
  const blocks = entriesOf(list).map((entry) => entry.cidrBlock);
  return {
    "it has a version": list.versions.length > 0,
    "it has no more entries than it may": blocks.length <= list.maxEntries,
    "it has no entry twice": new Set(blocks).size === blocks.length,
  };
}

function brokenTable(state: State, table: RouteTable): Claims {
  const gateways = (table.propagatingVpnGatewayIds ?? []).map((id) => find(state, "vpn-gateway", id));
  const lists = table.routes.flatMap(({ destination }) =>
    destination.kind === "prefix-list" ? [findReferredList(state, table.region, destination.prefixListId)] : [],
  );
  return {
    "the gateways that it hears of are attached to its VPC": gateways.every((one) => one?.vpcId === table.vpcId),
    "the prefix lists of its routes exist": lists.every((list) => list !== undefined),
  };
}

function brokenVpc(state: State, vpc: Vpc): Claims {
  return {
    "its DHCP options exist":
      vpc.dhcpOptionsId === "default" || find(state, "dhcp-options", vpc.dhcpOptionsId) !== undefined,
    "it has at most one virtual private gateway": findBy(state, "vpn-gateway", "vpcId", vpc.id).length <= 1,
  };
}

function brokenPeering(state: State, peering: VpcPeeringConnection): Claims {
  const living = isLiving(peering);
  const vpcs = [peering.requester, peering.accepter].map((side) => find(state, "vpc", side.vpcId));
  return {
    "its VPCs exist while it lives": !living || vpcs.every((vpc) => vpc !== undefined),
    "it has an end just when it is over": living === (peering.endedAtMs === undefined),
  };
}

function brokenGateway(state: State, gateway: VpnGateway): Claims {
  return { "its VPC exists": gateway.vpcId === undefined || find(state, "vpc", gateway.vpcId) !== undefined };
}

function brokenConnection(state: State, connection: VpnConnection): Claims {
  return {
    "its gateways exist":
      connection.deletedAtMs !== undefined ||
      (find(state, "vpn-gateway", connection.vpnGatewayId) !== undefined &&
        find(state, "customer-gateway", connection.customerGatewayId) !== undefined),
    "it has no route twice": new Set(connection.staticRoutes).size === connection.staticRoutes.length,
  };
}
