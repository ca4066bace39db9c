/**
 * From the state to all that the machine must hold. The same state gives the same blueprint, whatever came before, but for
 * the numbers: those a resource has it keeps as long as it lives.
 */

import { addToIp, formatIp } from "../base/ip.ts";
import { parsePrefix } from "../base/prefix.ts";
import { isSame } from "../base/same.ts";
import type { Instance } from "../model/instance.ts";
import type { NatGateway } from "../model/nat-gateway.ts";
import { allAddressesOf, type NetworkInterface, privateAddressesOf } from "../model/network-interface.ts";
import { all, type Change, type Kind, type State } from "../model/state.ts";
import type { Subnet } from "../model/subnet.ts";
import type { GatewayVpcEndpoint } from "../model/vpc-endpoint.ts";
import type { CompiledRoute, CompiledTable } from "../network/compiled-table.ts";
import type { CompiledGroup } from "../network/firewall.ts";
import { blocksOnInternet } from "../network/echo-host.ts";
import { servedServiceOf } from "../network/endpoint-service.ts";
import { networkOf, touchedVpcs, type VpcNetwork } from "../network/vpc-network.ts";
import type {
  Blueprint,
  EndpointInterfaceBlueprint,
  HostBlueprint,
  InternetGatewayBlueprint,
  NatGatewayBlueprint,
  RouteBlueprint,
  RouteTableBlueprint,
  SubnetBlueprint,
  TargetBlueprint,
  VpcBlueprint,
} from "./blueprint.ts";
import { aclOf, groupOf, groupsInUse, groupsNamedBy } from "./filter.ts";
import { loggedInterfaceIds } from "./logged-interface.ts";
import { endpointKeyRange, endpointOf, endpointsAfter, endpointsInUse } from "./endpoint.ts";
import { numberAll, numberOf, type Numbers } from "./numbering.ts";
import { strayRoutes } from "./stray-route.ts";
import { vpnGatewayOf } from "./vpn.ts";

/**
 * The blueprint of a state. Of `previous` it takes the numbers, and every VPC that did not change as the same object.
 * Throws when a VPC or the region holds more than its numbers reach.
 */
export function plan(state: State, previous?: Blueprint): Blueprint {
  const planned = (previous && planTouched(state, previous)) ?? planAll(state, previous);
  const logged = loggedInterfaceIds(state, previous?.loggedInterfaceIds);
  const complete = logged === undefined ? planned : { ...planned, loggedInterfaceIds: logged };
  states.set(complete, state);
  return complete;
}

/** Only the VPCs that the changes touch, where the VPCs are the same; undefined where more can have changed. */
function planTouched(state: State, previous: Blueprint): Blueprint | undefined {
  const before = states.get(previous);
  if (before === undefined || state.tables.vpc.byId !== before.tables.vpc.byId) return undefined;
  const touched = touchedVpcs(before, state);
  if (touched === undefined) return undefined;
  const planned = new Set(previous.vpcs.map((vpc) => vpc.vpcId));
  if ([...touched].some((id) => isPlanned(networkOf(state, id)) !== planned.has(id))) return undefined;
  const keys = numbersBefore(previous.vpcs, "vpcId", "key");
  const vpcs = previous.vpcs.map((vpc) => {
    const network = touched.has(vpc.vpcId) ? networkOf(state, vpc.vpcId) : undefined;
    return network === undefined ? vpc : planVpc(network, keys, vpc);
  });
  return { revision: state.revision, vpcs, internetCidrs: previous.internetCidrs };
}

// The state that a blueprint was made from. A memo: without it every VPC is looked at, with the same outcome.
const states = new WeakMap<Blueprint, State>();

function planAll(state: State, previous?: Blueprint): Blueprint {
  const vpcIds = [...all(state, "vpc")].flatMap(({ id }) => (isPlanned(networkOf(state, id)) ? [id] : [])).toSorted();
  const before = new Map(previous?.vpcs.map((vpc) => [vpc.vpcId, vpc]));
  const keys = numberAll(vpcIds, numbersBefore(previous?.vpcs, "vpcId", "key"), { from: 1, to: 4094, of: "VPCs" });
  const vpcs = vpcIds.flatMap((vpcId): VpcBlueprint[] => {
    const network = networkOf(state, vpcId);
    return network === undefined ? [] : [planVpc(network, keys, before.get(vpcId))];
  });
  return { revision: state.revision, vpcs, internetCidrs: blocksOnInternet() };
}

/** A default VPC takes nothing of the machine until something runs in it or reaches it: every account has one in every region. */
function isPlanned(network: VpcNetwork | undefined): boolean {
  if (network === undefined) return false;
  const isUsed =
    network.peers.size > 0 || network.vpn !== undefined || network.instances.some((one) => one.state === "running");
  return !network.vpc.isDefault || isUsed;
}

/** Whether changes can make another blueprint: the daemon need not plan for a bucket or a policy. */
export function changesNetwork(changes: readonly Change[]): boolean {
  return changes.some((change) => plannedKinds.has(change.kind));
}

const plannedKinds: ReadonlySet<Kind> = new Set<Kind>([
  "vpc",
  "subnet",
  "route-table",
  "internet-gateway",
  "instance",
  "network-interface",
  "elastic-ip",
  "vpc-endpoint",
  "security-group",
  "security-group-rule",
  "network-acl",
  "natgateway",
  "prefix-list",
  // Of these it matters whether they stand.
  "egress-only-internet-gateway",
  "vpc-peering-connection",
  "vpn-gateway",
  "vpn-connection",
  "on-premises-host",
  // Says which interfaces count their flows.
  "vpc-flow-log",
]);

// What a planned VPC was made from. A memo: without it the VPC is planned again, with the same outcome.
const sources = new WeakMap<VpcBlueprint, VpcNetwork>();

/** `keys` are those of all VPCs. */
function planVpc(network: VpcNetwork, keys: Numbers, before: VpcBlueprint | undefined): VpcBlueprint {
  if (before !== undefined && sources.get(before) === network) return before;
  const fresh =
    (before && (regroupedVpc(network, before) ?? withOtherEndpoints(network, before))) ??
    freshVpc(network, keys, before);
  // A change that moves no packet (a tag, a policy) leaves the same object, so that a data plane has nothing to compare.
  const planned = before !== undefined && isSame(before, fresh) ? before : fresh;
  sources.set(planned, network);
  return planned;
}

/** The VPC before with other rules of its groups, where nothing else changed; undefined where something did. */
function regroupedVpc(network: VpcNetwork, before: VpcBlueprint): VpcBlueprint | undefined {
  const source = sources.get(before);
  if (source === undefined || !isSameBut(source, network, ["groups"])) return undefined;
  const regrouped = new Map<string, CompiledGroup>();
  for (const [id, group] of network.groups) {
    const earlier = source.groups.get(id);
    if (earlier === group) continue;
    // With other names other groups are in use.
    if (earlier === undefined || !isSame(groupsNamedBy(earlier), groupsNamedBy(group))) return undefined;
    regrouped.set(id, group);
  }
  const keys = numbersBefore(before.securityGroups, "securityGroupId", "key");
  const securityGroups = before.securityGroups.map((one) => {
    const group = regrouped.get(one.securityGroupId);
    return group === undefined ? one : groupOf(network, keys, group);
  });
  return { ...before, securityGroups };
}

/** The VPC before with other endpoints and their routes, where nothing else changed; undefined where something did. */
function withOtherEndpoints(network: VpcNetwork, before: VpcBlueprint): VpcBlueprint | undefined {
  const source = sources.get(before);
  if (source === undefined || !isSameBut(source, network, ["endpoints", "tables", "tableOf"])) return undefined;
  const endpoints = endpointsAfter(network, source, before.endpoints);
  if (network.tables === source.tables) return { ...before, endpoints };
  const targets: Targets = {
    endpointKeys: numbersBefore(endpoints, "vpcEndpointId", "key"),
    tables: numbersBefore(before.routeTables, "routeTableId", "table"),
    hostIds: new Set(before.hosts.map((one) => one.networkInterfaceId)),
    natKeys: numbersBefore(before.natGateways, "natGatewayId", "key"),
    peerIds: new Set(network.peers.keys()),
    egressOnlyId: network.egressOnlyGateway?.id,
  };
  const routeTables = network.tables.map((table, at) => {
    const old = table === source.tables[at] ? before.routeTables[at] : undefined;
    return old ?? tableOf(network, targets, table);
  });
  return { ...before, endpoints, routeTables };
}

function isSameBut(a: VpcNetwork, b: VpcNetwork, parts: readonly (keyof VpcNetwork)[]): boolean {
  const left: readonly string[] = parts;
  for (const key in a) {
    const part = key as keyof VpcNetwork;
    if (a[part] !== b[part] && !left.includes(key)) return false;
  }
  return true;
}

function freshVpc(network: VpcNetwork, keys: Numbers, before: VpcBlueprint | undefined): VpcBlueprint {
  const view = viewOf(network, before);
  const internetGateway = network.internetGateway && gatewayOf(network, network.internetGateway.id, view);
  return {
    vpcId: network.vpc.id,
    key: numberOf(keys, network.vpc.id),
    cidrBlocks: [...network.vpc.cidrBlocks, ...network.vpc.ipv6CidrBlocks].map((one) => one.cidrBlock),
    resolverIps: network.resolverIps,
    nameServers: network.nameClient.servers,
    ...(network.vpc.ipv6CidrBlocks.length > 0 && { ipv6NameServers: network.ipv6NameClient.servers }),
    searchDomains: network.nameClient.searchDomains,
    subnets: network.subnets.flatMap((subnet) => subnetOf(network, view, subnet)),
    routeTables: network.tables.map((table) => tableOf(network, view, table)),
    endpoints: view.endpoints.map((endpoint) => endpointOf(view.endpointKeys, endpoint)),
    securityGroups: view.securityGroups.map((group) => groupOf(network, view.securityGroupKeys, group)),
    networkAcls: network.acls.map((acl) => aclOf(network, view.aclKeys, acl)),
    natGateways: view.nats.map((nat) => natOf(view, nat)),
    ...(internetGateway && { internetGateway }),
    ...(view.egressOnlyId !== undefined && {
      egressOnlyGateway: { egressOnlyInternetGatewayId: view.egressOnlyId },
    }),
    ...(network.vpn && { vpnGateway: vpnGatewayOf(network.vpn, before?.vpnGateway) }),
    hosts: view.running.map((host) => hostOf(view, host)),
    endpointInterfaces: view.endpointInterfaces.map((one) => endpointInterfaceOf(view, one)),
    peers: [...network.peers.values()].map(({ hasIpv6, vpcId, vpcPeeringConnectionId }) => ({
      vpcPeeringConnectionId,
      vpcId,
      key: numberOf(keys, vpcId),
      hasIpv6,
    })),
  };
}

interface ServingInterface {
  readonly vpcEndpointId: string;
  readonly service: string;
  readonly holder: NetworkInterface;
}

interface RunningHost {
  readonly instance: Instance;
  /** One of its network interfaces. */
  readonly holder: NetworkInterface;
}

interface RunningNat {
  readonly gateway: NatGateway;
  readonly holder: NetworkInterface;
  readonly privateIp: string;
}

/** What takes part in the plan of a VPC, and its numbers by id. */
interface View {
  readonly running: readonly RunningHost[];
  readonly hostIds: ReadonlySet<string>;
  readonly peerIds: ReadonlySet<string>;
  readonly endpointInterfaces: readonly ServingInterface[];
  readonly endpointInterfaceKeys: Numbers;
  readonly endpoints: readonly GatewayVpcEndpoint[];
  readonly nats: readonly RunningNat[];
  readonly securityGroups: readonly CompiledGroup[];
  readonly groups: Numbers;
  readonly tables: Numbers;
  readonly endpointKeys: Numbers;
  readonly hostKeys: Numbers;
  readonly natKeys: Numbers;
  readonly egressOnlyId: string | undefined;
  readonly securityGroupKeys: Numbers;
  readonly aclKeys: Numbers;
}

/** What the targets of routes are looked up in. */
type Targets = Pick<View, "tables" | "endpointKeys" | "hostIds" | "natKeys" | "egressOnlyId" | "peerIds">;

function viewOf(network: VpcNetwork, before: VpcBlueprint | undefined): View {
  const running = network.instances.flatMap((instance): RunningHost[] => {
    const holders = instance.networkInterfaceIds.flatMap((id) => network.interfaces.get(id) ?? []);
    return instance.state === "running" ? holders.map((holder) => ({ instance, holder })) : [];
  });
  const nats = [...network.natGateways.values()].flatMap((gateway): RunningNat[] => {
    const holder = network.interfaces.get(gateway.networkInterfaceId);
    const privateIp = holder?.privateIpAddress;
    return holder === undefined || privateIp === undefined ? [] : [{ gateway, holder, privateIp }];
  });
  const endpoints = endpointsInUse(network);
  const endpointInterfaces = servingInterfaces(network);
  const securityGroups = groupsInUse(
    network,
    [...running, ...endpointInterfaces].flatMap((one) => one.holder.securityGroupIds),
  );
  const ids = (documents: readonly { readonly id: string }[]): string[] => documents.map((one) => one.id);
  const tables = network.tables.map((one) => one.routeTable);
  const hosts = running.map((one) => one.holder);
  return {
    running,
    hostIds: new Set(ids(hosts)),
    peerIds: new Set(network.peers.keys()),
    endpoints,
    nats,
    securityGroups,
    groups: numberAll(ids(network.subnets), numbersBefore(before?.subnets, "subnetId", "group"), ranges.subnet),
    tables: numberAll(ids(tables), numbersBefore(before?.routeTables, "routeTableId", "table"), ranges.table),
    endpointKeys: numberAll(ids(endpoints), numbersBefore(before?.endpoints, "vpcEndpointId", "key"), endpointKeyRange),
    endpointInterfaces,
    endpointInterfaceKeys: numberAll(
      endpointInterfaces.map((one) => one.holder.id),
      numbersBefore(before?.endpointInterfaces, "networkInterfaceId", "key"),
      ranges.endpointInterface,
    ),
    hostKeys: numberAll(ids(hosts), numbersBefore(before?.hosts, "networkInterfaceId", "key"), ranges.host),
    natKeys: numberAll(
      [...network.natGateways.keys()],
      numbersBefore(before?.natGateways, "natGatewayId", "key"),
      ranges.nat,
    ),
    egressOnlyId: network.egressOnlyGateway?.id,
    securityGroupKeys: numberAll(
      securityGroups.map((one) => one.group.id),
      numbersBefore(before?.securityGroups, "securityGroupId", "key"),
      ranges.securityGroup,
    ),
    aclKeys: numberAll(
      network.acls.map((one) => one.acl.id),
      numbersBefore(before?.networkAcls, "networkAclId", "key"),
      ranges.acl,
    ),
  };
}

const ranges = {
  subnet: { from: 1, to: 65535, of: "subnets of a VPC" },
  table: { from: 1000, to: 65535, of: "route tables of a VPC" },
  // One link-local address for each.
  host: { from: 1, to: 252 * 256, of: "interfaces of instances of a VPC" },
  endpointInterface: { from: 1, to: 4094, of: "interfaces of endpoints of a VPC" },
  nat: { from: 1, to: 4094, of: "NAT gateways of a VPC" },
  securityGroup: { from: 1, to: 65535, of: "security groups of a VPC" },
  acl: { from: 1, to: 65535, of: "network ACLs of a VPC" },
};

function numbersBefore<I extends string, N extends string>(
  list: readonly ({ readonly [K in I]: string } & { readonly [K in N]: number })[] | undefined,
  id: I,
  number: N,
): Numbers {
  return new Map((list ?? []).map((one) => [one[id], one[number]]));
}

function subnetOf(network: VpcNetwork, view: View, subnet: Subnet): SubnetBlueprint[] {
  const inForce = network.tableOf.get(subnet.id);
  const acl = network.aclOf.get(subnet.id);
  if (inForce === undefined || acl === undefined) return [];
  const { cidrBlock } = subnet;
  const prefix = cidrBlock === undefined ? undefined : parsePrefix(cidrBlock);
  return [
    {
      subnetId: subnet.id,
      group: numberOf(view.groups, subnet.id),
      ...(prefix !== undefined &&
        cidrBlock !== undefined && { ipv4: { cidrBlock, routerIp: formatIp(addToIp(prefix.ip, 1)) } }),
      table: numberOf(view.tables, inForce.table.routeTable.id),
      networkAcl: numberOf(view.aclKeys, acl.acl.id),
    },
  ];
}

function tableOf(network: VpcNetwork, view: Targets, table: CompiledTable): RouteTableBlueprint {
  const { vpc } = network;
  const routes = new Map<string, RouteBlueprint>();
  for (const route of table.routes) {
    const { cidrBlock, metric } = route;
    if (route.prefix.ip.width === 128 && vpc.ipv6CidrBlocks.length === 0) continue;
    const target = targetOf(view, route);
    if (metric === 0 || target === undefined) continue;
    // Of equal routes the first wins, as it does in `walk`.
    const place = `${cidrBlock} ${metric}`;
    if (!routes.has(place)) routes.set(place, { cidrBlock, metric, target });
  }
  for (const route of strayRoutes(network, table)) routes.set(`${route.cidrBlock} ${route.metric}`, route);
  const routeTableId = table.routeTable.id;
  return { routeTableId, table: numberOf(view.tables, routeTableId), routes: [...routes.values()] };
}

function targetOf(view: Targets, { target, active }: CompiledRoute): TargetBlueprint | undefined {
  if (!active) return { kind: "blackhole" };
  switch (target.kind) {
    case "local":
      return undefined;
    case "internet-gateway":
      return { kind: "internet-gateway" };
    case "vpc-endpoint":
      return view.endpointKeys.has(target.vpcEndpointId)
        ? { kind: "endpoint", vpcEndpointId: target.vpcEndpointId }
        : { kind: "blackhole" };
    case "network-interface": {
      const { networkInterfaceId } = target;
      return view.hostIds.has(networkInterfaceId) ? { kind: "host", networkInterfaceId } : { kind: "blackhole" };
    }
    case "nat-gateway": {
      const { natGatewayId } = target;
      return view.natKeys.has(natGatewayId) ? { kind: "nat-gateway", natGatewayId } : { kind: "blackhole" };
    }
    case "egress-only-internet-gateway": {
      const { kind, egressOnlyInternetGatewayId } = target;
      return egressOnlyInternetGatewayId === view.egressOnlyId ? { kind } : { kind: "blackhole" };
    }
    case "vpc-peering-connection": {
      const { vpcPeeringConnectionId } = target;
      return view.peerIds.has(vpcPeeringConnectionId)
        ? { kind: "peer", vpcPeeringConnectionId }
        : { kind: "blackhole" };
    }
    case "vpn-gateway":
      // One that is not attached is no active target.
      return { kind: "vpn-gateway" };
  }
}

function servingInterfaces(network: VpcNetwork): readonly ServingInterface[] {
  return network.interfaceEndpoints.flatMap((endpoint) => {
    const service = servedServiceOf(endpoint);
    return endpoint.attachments.flatMap(({ networkInterfaceId }): ServingInterface[] => {
      const holder = network.interfaces.get(networkInterfaceId);
      return holder === undefined || service === undefined ? [] : [{ vpcEndpointId: endpoint.id, service, holder }];
    });
  });
}

function endpointInterfaceOf(
  view: View,
  { vpcEndpointId, service, holder }: ServingInterface,
): EndpointInterfaceBlueprint {
  return {
    vpcEndpointId,
    service,
    networkInterfaceId: holder.id,
    key: numberOf(view.endpointInterfaceKeys, holder.id),
    group: numberOf(view.groups, holder.subnetId),
    ips: allAddressesOf(holder),
    securityGroups: holder.securityGroupIds.map((id) => numberOf(view.securityGroupKeys, id)).toSorted((a, b) => a - b),
  };
}

/**
 * Source: reports of instances in subnets of IPv6 alone, which have one such address by DHCP and reach the metadata service
 * at 169.254.169.254 from it: amazonlinux/amazon-ec2-utils, issue 27; rabbitmq/rabbitmq-server, issue 14974.
 */
function linkLocalIpOf(key: number): string {
  const block = 1 + Math.floor((key - 1) / 256);
  // 169.254.169.0/24 and the one behind it are the services' own, 169.254.0.0/24 that of the links.
  return `169.254.${block < 169 ? block : block + 2}.${(key - 1) % 256}`;
}

function hostOf(view: View, { instance, holder }: RunningHost): HostBlueprint {
  const key = numberOf(view.hostKeys, holder.id);
  const deviceIndex = holder.attachment?.deviceIndex ?? 0;
  const isWithoutIpv4 = deviceIndex === 0 && holder.privateIpAddress === undefined;
  return {
    instanceId: instance.id,
    networkInterfaceId: holder.id,
    deviceIndex,
    key,
    group: numberOf(view.groups, holder.subnetId),
    ips: allAddressesOf(holder),
    ...(isWithoutIpv4 && { linkLocalIp: linkLocalIpOf(key) }),
    macAddress: holder.macAddress,
    securityGroups: holder.securityGroupIds.map((id) => numberOf(view.securityGroupKeys, id)).toSorted((a, b) => a - b),
  };
}

function natOf(view: View, { gateway, holder, privateIp }: RunningNat): NatGatewayBlueprint {
  return {
    natGatewayId: gateway.id,
    key: numberOf(view.natKeys, gateway.id),
    group: numberOf(view.groups, holder.subnetId),
    networkInterfaceId: holder.id,
    privateIp,
    ...(holder.publicIpAddress !== undefined && { publicIp: holder.publicIpAddress }),
  };
}

function gatewayOf(network: VpcNetwork, internetGatewayId: string, { running, nats }: View): InternetGatewayBlueprint {
  const privateIps = [
    ...running.flatMap(({ holder }) => privateAddressesOf(holder)),
    ...nats.map(({ privateIp }) => privateIp),
  ];
  const addresses = privateIps.flatMap((privateIp) => {
    const publicIp = network.publicIpOf.get(privateIp);
    return publicIp === undefined ? [] : [{ privateIp, publicIp }];
  });
  return { internetGatewayId, addresses };
}
