/**
 * What a blueprint means on Linux. Every VPC is a router namespace; endpoints, internet gateways and instances are
 * namespaces around it, each on its own layer-3 link, so that no packet passes between two of them unrouted. Device and
 * nexthop numbers follow from the blueprint's keys: the same blueprint always means the same objects.
 */

import { formatPrefix, parsePrefix, parsePrefixMasked } from "../../base/prefix.ts";
import type {
  Blueprint,
  EndpointBlueprint,
  HostBlueprint,
  InternetGatewayBlueprint,
  NatGatewayBlueprint,
  RouteTableBlueprint,
  SubnetBlueprint,
  TargetBlueprint,
  VpcBlueprint,
} from "../../plan/blueprint.ts";
import {
  deviceOfEndpoint,
  deviceOfHost,
  deviceOfNatGateway,
  devicesOf,
  GATEWAY_DEVICE,
  LOOPBACK,
  routerOf,
} from "./device.ts";
import {
  bordersOf,
  chainsOfGroup,
  groupsOf,
  leadsToGroup,
  memberOf,
  namedGroups,
  namedPrefixLists,
  objectsOfAcl,
  objectsOfPrefixList,
  placesOfGroups,
  rulesOfGroup,
  setOfMembers,
} from "./filter.ts";
import { type Door, type KernelObject, LOCAL_TABLE, MAIN_TABLE, type RouteBy } from "./kernel-object.ts";
import { LOGGED_SET } from "./metering.ts";
import { type AddPart, type AddSection, NOTHING, type Objects, objectsOf, partsOf, type Wanted } from "./part.ts";

export const INTERNET = "internet";

/** The one device of an endpoint or an instance, and the router's side of a gateway. */
const ONLY_DEVICE = 2;
const GATEWAY_INTERNET_DEVICE = 3;
const INTERNET_DEVICES = 0x1000;

const GATEWAY_NEXTHOP = 1;
const ENDPOINT_NEXTHOPS = 0x1000;
const NAT_NEXTHOPS = 0x2000;
const HOST_NEXTHOPS = 0x10000;

/** Neighbours on an unnumbered link, never seen in a packet. */
const NEAR_IP = "169.254.0.1";
const FAR_IP = "169.254.0.2";
const NEAR_MAC = "02:00:00:00:00:01";
const FAR_MAC = "02:00:00:00:00:02";

/** Source: Amazon EC2 User Guide, "Network maximum transmission unit": 9001 inside a VPC, 1500 through its gateway. */
const VPC_MTU = 9001;
const INTERNET_MTU = 1500;

const SERVICE_PORTS = [80, 443];
const DNS_PORT = 53;
/** Source: Amazon EC2 User Guide, "Access instance metadata for an EC2 instance". */
const METADATA_IP = "169.254.169.254";
const METADATA_PORT = 80;
const LAST_METRIC = 0xfffffffe;

/** What a blueprint means; what means the same as in `before` is taken from there. */
export function wantedParts(blueprint: Blueprint, before: Wanted = NOTHING): Wanted {
  const { internetCidrs } = blueprint;
  return partsOf(before, (add) => {
    add(INTERNET, [internetCidrs], (part) => part(INTERNET, [internetCidrs], () => objectsOfInternet(internetCidrs)));
    for (const vpc of blueprint.vpcs) addVpc(vpc, (name, ...rest) => add(`${vpc.vpcId} ${name}`, ...rest));
    const { loggedInterfaceIds = NO_IDS } = blueprint;
    for (const vpc of loggedInterfaceIds.length === 0 ? [] : blueprint.vpcs) {
      add(`${vpc.vpcId} flow-logs`, [loggedInterfaceIds, vpc.hosts, vpc.natGateways], (part) =>
        part("logged", [loggedInterfaceIds, vpc.hosts, vpc.natGateways], () => loggedDevices(vpc, loggedInterfaceIds)),
      );
    }
  });
}

/** All objects of the blueprint by their key. */
export function wantedObjects(blueprint: Blueprint): Objects {
  return objectsOf(wantedParts(blueprint));
}

const NO_IDS: readonly string[] = [];

function loggedDevices(vpc: VpcBlueprint, loggedInterfaceIds: readonly string[]): KernelObject[] {
  const logged = new Set(loggedInterfaceIds);
  return [...devicesOf(vpc)].flatMap(([index, device]): KernelObject[] =>
    device.kind === "interface" && logged.has(device.networkInterfaceId)
      ? [{ kind: "element", namespace: routerOf(vpc), set: LOGGED_SET, key: [`${index}`] }]
      : [],
  );
}

/** Sections and parts say what they are made from, all of it: otherwise a change would pass them by. */
function addVpc(vpc: VpcBlueprint, add: AddSection): void {
  const { cidrBlocks, endpoints, hosts, internetGateway, natGateways, routeTables, subnets } = vpc;
  add("frame", [vpc], (part) => addFrame(vpc, part));
  add("public-addresses", [internetGateway, natGateways, vpc.key], (part) => addPublicAddresses(vpc, part));
  add("hosts", [hosts, subnets], (part) => {
    const byGroup = new Map(subnets.map((subnet) => [subnet.group, subnet]));
    for (const host of hosts) {
      const subnet = byGroup.get(host.group);
      part(host.instanceId, [host, subnet], () => objectsOfHost(vpc, host, subnet));
    }
  });
  add("routed-hosts", [hosts, routeTables], (part) => {
    for (const host of routedHosts(vpc)) part(host.instanceId, [host], () => [nexthopOfHost(vpc, host)]);
  });
  add("tables", [routeTables, cidrBlocks, endpoints, hosts, internetGateway, natGateways], (part) => {
    const ways = waysOf(vpc);
    for (const table of routeTables) {
      part(`${table.table}`, [table, cidrBlocks, ways], () => objectsOfRouteTable(vpc, table, ways));
    }
  });
  addFilters(vpc, routerOf(vpc), add);
}

function addFrame(vpc: VpcBlueprint, part: AddPart): void {
  part("router", [], () => objectsOfRouter(routerOf(vpc)));
  part("metadata", [], () => objectsOfMetadata(vpc));
  for (const ip of vpc.resolverIps) part(`resolver ${ip}`, [], () => objectsOfResolver(vpc, ip));
  for (const subnet of vpc.subnets) part(`subnet ${subnet.group}`, [subnet], () => objectsOfSubnet(vpc, subnet));
  for (const endpoint of vpc.endpoints) {
    part(`endpoint ${endpoint.vpcEndpointId}`, [endpoint], () => objectsOfEndpoint(vpc, endpoint));
  }
  for (const gateway of vpc.natGateways) {
    part(`nat-gateway ${gateway.natGatewayId}`, [gateway], () => objectsOfNatGateway(vpc, gateway));
  }
  if (vpc.internetGateway === undefined) return;
  const { internetGatewayId } = vpc.internetGateway;
  part(`internet-gateway ${internetGatewayId}`, [vpc.cidrBlocks, vpc.key], () =>
    objectsOfInternetGateway(vpc, internetGatewayId),
  );
}

function addPublicAddresses(vpc: VpcBlueprint, part: AddPart): void {
  if (vpc.internetGateway === undefined) return;
  const { addresses, internetGatewayId } = vpc.internetGateway;
  const mapped = new Map(addresses.map(({ privateIp, publicIp }) => [privateIp, publicIp]));
  for (const { privateIp, publicIp } of vpc.natGateways) if (publicIp !== undefined) mapped.set(privateIp, publicIp);
  for (const [privateIp, publicIp] of mapped) {
    const sources = [publicIp, internetGatewayId, vpc.key];
    part(privateIp, sources, () => objectsOfPublicAddress(vpc, internetGatewayId, { privateIp, publicIp }));
  }
}

function addFilters(vpc: VpcBlueprint, router: string, add: AddSection): void {
  add("groups", [vpc.securityGroups], (part) => {
    for (const key of namedGroups(vpc)) part(`members ${key}`, [], () => [setOfMembers(router, key)]);
    for (const [id, cidrBlocks] of namedPrefixLists(vpc)) {
      part(`prefix-list ${id}`, [cidrBlocks], () => objectsOfPrefixList(router, id, cidrBlocks));
    }
    for (const group of vpc.securityGroups) {
      const { egress, ingress, key } = group;
      part(`${key}`, [], () => chainsOfGroup(router, key));
      part(`${key} out`, [egress], () => rulesOfGroup(router, group, "out"));
      part(`${key} in`, [ingress], () => rulesOfGroup(router, group, "in"));
    }
  });
  add("group-places", [vpc.hosts], (part) => {
    for (const [place, groups] of placesOfGroups(vpc.hosts).entries()) {
      for (const key of groups) part(`${key} ${place}`, [], () => leadsToGroup(router, key, place));
    }
  });
  for (const { key, members } of vpc.securityGroups) {
    add(`members ${key}`, [members], (part) => {
      for (const ip of members) part(ip, [], () => [memberOf(router, key, ip)]);
    });
  }
  add("acls", [vpc.networkAcls], (part) => {
    for (const acl of vpc.networkAcls) part(`${acl.key}`, [acl], () => objectsOfAcl(router, acl));
  });
}

function objectsOfInternet(cidrBlocks: readonly string[]): KernelObject[] {
  return [
    { kind: "namespace", namespace: INTERNET, role: "internet" },
    ...serviceListeners(INTERNET, { kind: "internet" }),
    ...ownAddresses(INTERNET, cidrBlocks),
  ];
}

function objectsOfRouter(router: string): KernelObject[] {
  return [
    { kind: "namespace", namespace: router, role: "router" },
    // Nothing but the addresses of the VPC itself is reachable without a route table's word.
    route(mainOf(router), anyOf(32), { kind: "blackhole" }, LAST_METRIC),
  ];
}

function objectsOfResolver(vpc: VpcBlueprint, ip: string): KernelObject[] {
  const namespace = routerOf(vpc);
  const door: Door = { kind: "resolver", vpcId: vpc.vpcId };
  return [
    { kind: "address", namespace, index: LOOPBACK, ip, bits: widthOf(ip) },
    { kind: "listener", namespace, transport: "udp", ip, port: DNS_PORT, door },
    { kind: "listener", namespace, transport: "tcp", ip, port: DNS_PORT, door },
  ];
}

/** In every VPC, whatever its routes and filters say: the router itself answers. */
function objectsOfMetadata(vpc: VpcBlueprint): KernelObject[] {
  const namespace = routerOf(vpc);
  const door: Door = { kind: "metadata", vpcId: vpc.vpcId };
  return [
    { kind: "address", namespace, index: LOOPBACK, ip: METADATA_IP, bits: widthOf(METADATA_IP) },
    { kind: "listener", namespace, transport: "tcp", ip: METADATA_IP, port: METADATA_PORT, door },
  ];
}

function objectsOfSubnet(vpc: VpcBlueprint, subnet: SubnetBlueprint): KernelObject[] {
  const namespace = routerOf(vpc);
  return [
    { kind: "address", namespace, index: LOOPBACK, ip: subnet.routerIp, bits: widthOf(subnet.routerIp) },
    { kind: "element", namespace, set: "subnet_table", key: [`${subnet.group}`], value: `${subnet.table}` },
    ...bordersOf(namespace, subnet),
  ];
}

function objectsOfEndpoint(vpc: VpcBlueprint, endpoint: EndpointBlueprint): KernelObject[] {
  const namespace = `endpoint ${endpoint.vpcEndpointId}`;
  const near = { namespace: routerOf(vpc), index: deviceOfEndpoint(endpoint) };
  const door: Door = { kind: "gateway-endpoint", vpcId: vpc.vpcId, vpcEndpointId: endpoint.vpcEndpointId };
  return [
    { kind: "namespace", namespace, role: "endpoint" },
    ...serviceListeners(namespace, door),
    ...ownAddresses(namespace, endpoint.cidrBlocks),
    ...unnumberedLink(
      { ...near, name: `vpce${endpoint.key}` },
      { namespace, index: ONLY_DEVICE, name: "eth0" },
      { mtu: VPC_MTU },
    ),
    route(mainOf(namespace), anyOf(32), { kind: "gateway", index: ONLY_DEVICE, gateway: NEAR_IP }),
    { kind: "nexthop", ...near, id: ENDPOINT_NEXTHOPS + endpoint.key, gateway: FAR_IP },
  ];
}

function objectsOfInternetGateway(vpc: VpcBlueprint, internetGatewayId: string): KernelObject[] {
  const namespace = namespaceOfGateway(internetGatewayId);
  const near = { namespace: routerOf(vpc), index: GATEWAY_DEVICE };
  const far = { namespace: INTERNET, index: INTERNET_DEVICES + vpc.key };
  return [
    { kind: "namespace", namespace, role: "internet-gateway" },
    ...unnumberedLink({ ...near, name: "igw" }, { namespace, index: ONLY_DEVICE, name: "vpc" }, { mtu: INTERNET_MTU }),
    ...unnumberedLink(
      { ...far, name: `igw${vpc.key}` },
      { namespace, index: GATEWAY_INTERNET_DEVICE, name: "internet" },
      { mtu: INTERNET_MTU },
    ),
    ...vpc.cidrBlocks.map((cidrBlock) =>
      route(mainOf(namespace), cidrBlock, { kind: "gateway", index: ONLY_DEVICE, gateway: NEAR_IP }),
    ),
    route(mainOf(namespace), anyOf(32), { kind: "gateway", index: GATEWAY_INTERNET_DEVICE, gateway: NEAR_IP }),
    { kind: "nexthop", ...near, id: GATEWAY_NEXTHOP, gateway: FAR_IP },
  ];
}

function objectsOfPublicAddress(
  vpc: VpcBlueprint,
  internetGatewayId: string,
  { privateIp, publicIp }: InternetGatewayBlueprint["addresses"][number],
): KernelObject[] {
  const namespace = namespaceOfGateway(internetGatewayId);
  const index = INTERNET_DEVICES + vpc.key;
  return [
    { kind: "element", namespace, set: "source_nat", key: [privateIp], value: publicIp },
    { kind: "element", namespace, set: "destination_nat", key: [publicIp], value: privateIp },
    { kind: "element", namespace, set: "public_address", key: [publicIp] },
    route(mainOf(INTERNET), `${publicIp}/${widthOf(publicIp)}`, { kind: "gateway", index, gateway: FAR_IP }),
  ];
}

/**
 * A NAT gateway stands on its subnet like an instance: the subnet's route table and ACL hold for it. What comes in leaves
 * again by the same device with the gateway's own source address, and the answers the other way round.
 */
function objectsOfNatGateway(vpc: VpcBlueprint, gateway: NatGatewayBlueprint): KernelObject[] {
  const { natGatewayId, key, group, privateIp } = gateway;
  const namespace = `nat-gateway ${natGatewayId}`;
  const near = { namespace: routerOf(vpc), index: deviceOfNatGateway(gateway) };
  const own = `${privateIp}/${widthOf(privateIp)}`;
  return [
    { kind: "namespace", namespace, role: "nat-gateway" },
    ...unnumberedLink(
      { ...near, name: `nat${key}` },
      { namespace, index: ONLY_DEVICE, name: "eth0" },
      { mtu: VPC_MTU, group },
    ),
    route(mainOf(namespace), anyOf(32), { kind: "gateway", index: ONLY_DEVICE, gateway: NEAR_IP }),
    // What answers no connection of its own is not for anybody behind it.
    route(mainOf(namespace), own, { kind: "blackhole" }),
    { kind: "element", namespace, set: "own_address", key: [privateIp] },
    { kind: "element", namespace, set: "translation", key: [`${ONLY_DEVICE}`], value: privateIp },
    { kind: "element", namespace: near.namespace, set: "any_source", key: [`${near.index}`] },
    { kind: "element", namespace: near.namespace, set: "groupless", key: [`${near.index}`] },
    { kind: "nexthop", ...near, id: NAT_NEXTHOPS + key, gateway: FAR_IP },
    route(mainOf(near.namespace), own, { kind: "gateway", index: near.index, gateway: FAR_IP }),
  ];
}

function objectsOfHost(vpc: VpcBlueprint, host: HostBlueprint, subnet: SubnetBlueprint | undefined): KernelObject[] {
  const prefix = subnet && parsePrefix(subnet.cidrBlock);
  if (subnet === undefined || prefix === undefined)
    throw new Error(`no subnet with group ${host.group} for ${host.instanceId}`);
  const namespace = namespaceOfInstance(host.instanceId);
  const near = { namespace: routerOf(vpc), index: deviceOfHost(host) };
  const far = { namespace, index: ONLY_DEVICE };
  return [
    { kind: "namespace", namespace, role: "host" },
    {
      kind: "link",
      ...near,
      name: `eni${host.key}`,
      macAddress: NEAR_MAC,
      group: host.group,
      mtu: VPC_MTU,
      proxyArp: true,
      peer: { ...far, name: "eth0", macAddress: host.macAddress },
    },
    { kind: "address", ...far, ip: host.privateIp, bits: prefix.bits },
    // By themselves, so that the kernel takes the primary one where a program does not choose.
    ...host.secondaryIps.map((ip): KernelObject => ({ kind: "address", ...far, ip, bits: widthOf(ip) })),
    { kind: "neighbor", ...far, ip: subnet.routerIp, macAddress: NEAR_MAC },
    ...[host.privateIp, ...host.secondaryIps].flatMap((ip) => leadsToHost(near, ip, host.macAddress)),
    ...groupsOf(near.namespace, near.index, host.securityGroups),
    route(mainOf(namespace), anyOf(32), { kind: "gateway", index: ONLY_DEVICE, gateway: subnet.routerIp }),
  ];
}

/** By the device alone an address of an instance is reached, and from it alone packets with the address come. */
function leadsToHost(
  near: { readonly namespace: string; readonly index: number },
  ip: string,
  macAddress: string,
): KernelObject[] {
  return [
    { kind: "neighbor", ...near, ip, macAddress },
    { kind: "element", namespace: near.namespace, set: "interface_source", key: [`${near.index}`, ip] },
    route(mainOf(near.namespace), `${ip}/${widthOf(ip)}`, { kind: "device", index: near.index }),
  ];
}

/** Instances that a route names as its target. */
function routedHosts(vpc: VpcBlueprint): HostBlueprint[] {
  const targets = new Set<string>();
  for (const table of vpc.routeTables) {
    for (const { target } of table.routes) if (target.kind === "host") targets.add(target.networkInterfaceId);
  }
  return targets.size === 0 ? [] : vpc.hosts.filter((host) => targets.has(host.networkInterfaceId));
}

function nexthopOfHost(vpc: VpcBlueprint, host: HostBlueprint): KernelObject {
  const id = HOST_NEXTHOPS + host.key;
  return { kind: "nexthop", namespace: routerOf(vpc), id, index: deviceOfHost(host), gateway: host.privateIp };
}

function objectsOfRouteTable(vpc: VpcBlueprint, { table, routes }: RouteTableBlueprint, ways: Ways): KernelObject[] {
  const namespace = routerOf(vpc);
  const where = { namespace, table };
  return [
    { kind: "rule", namespace, mark: table, table },
    ...vpc.cidrBlocks.map((cidrBlock) => route(where, cidrBlock, { kind: "throw" })),
    // Link-local addresses belong to the VPC's own services and never leave it.
    route(where, "169.254.0.0/16", { kind: "throw" }),
    route(where, anyOf(32), { kind: "blackhole" }, LAST_METRIC),
    ...routes.map((entry) => route(where, maskedCidr(entry.cidrBlock), byOf(ways, entry.target), entry.metric)),
  ];
}

/** Nexthops of everything that a route of the VPC may name. */
type Ways = Readonly<Record<string, number>>;

function waysOf(vpc: VpcBlueprint): Ways {
  const ways: Record<string, number> = {};
  const lead = (target: TargetBlueprint, id: number): void => void (ways[wayOf(target)] = id);
  if (vpc.internetGateway !== undefined) lead({ kind: "internet-gateway" }, GATEWAY_NEXTHOP);
  for (const { vpcEndpointId, key } of vpc.endpoints)
    lead({ kind: "endpoint", vpcEndpointId }, ENDPOINT_NEXTHOPS + key);
  for (const { natGatewayId, key } of vpc.natGateways) lead({ kind: "nat-gateway", natGatewayId }, NAT_NEXTHOPS + key);
  for (const { networkInterfaceId, key } of routedHosts(vpc)) {
    lead({ kind: "host", networkInterfaceId }, HOST_NEXTHOPS + key);
  }
  return ways;
}

function wayOf(target: TargetBlueprint): string {
  switch (target.kind) {
    case "internet-gateway":
    case "blackhole":
      return target.kind;
    case "endpoint":
      return `${target.kind} ${target.vpcEndpointId}`;
    case "nat-gateway":
      return `${target.kind} ${target.natGatewayId}`;
    case "host":
      return `${target.kind} ${target.networkInterfaceId}`;
  }
}

function byOf(ways: Ways, target: TargetBlueprint): RouteBy {
  const id = ways[wayOf(target)];
  return id === undefined ? { kind: "blackhole" } : { kind: "nexthop", id };
}

interface End {
  readonly namespace: string;
  readonly index: number;
  readonly name: string;
}

/** A link whose ends know each other beforehand and need neither addresses nor ARP. */
function unnumberedLink(
  near: End,
  far: End,
  { mtu, group = 0 }: { readonly mtu: number; readonly group?: number },
): KernelObject[] {
  return [
    {
      kind: "link",
      ...near,
      macAddress: NEAR_MAC,
      group,
      mtu,
      proxyArp: false,
      peer: { ...far, macAddress: FAR_MAC },
    },
    { kind: "neighbor", namespace: near.namespace, index: near.index, ip: FAR_IP, macAddress: FAR_MAC },
    { kind: "neighbor", namespace: far.namespace, index: far.index, ip: NEAR_IP, macAddress: NEAR_MAC },
  ];
}

function serviceListeners(namespace: string, door: Door): KernelObject[] {
  return SERVICE_PORTS.map((port) => ({ kind: "listener", namespace, transport: "tcp", ip: "0.0.0.0", port, door }));
}

function ownAddresses(namespace: string, cidrBlocks: readonly string[]): KernelObject[] {
  const where = { namespace, table: LOCAL_TABLE };
  return cidrBlocks.map((cidrBlock) => route(where, maskedCidr(cidrBlock), { kind: "local" }));
}

interface TableName {
  readonly namespace: string;
  readonly table: number;
}

function mainOf(namespace: string): TableName {
  return { namespace, table: MAIN_TABLE };
}

function route(where: TableName, cidrBlock: string, by: RouteBy, metric = 0): KernelObject {
  return { kind: "route", ...where, cidrBlock, metric, by };
}

/** The namespace that programs of an instance run in. */
export function namespaceOfInstance(instanceId: string): string {
  return `host ${instanceId}`;
}

function namespaceOfGateway(internetGatewayId: string): string {
  return `internet-gateway ${internetGatewayId}`;
}

function anyOf(width: 32 | 128): string {
  return width === 32 ? "0.0.0.0/0" : "::/0";
}

function widthOf(ip: string): 32 | 128 {
  return ip.includes(":") ? 128 : 32;
}

/** The kernel keeps no host bits, and two spellings of one prefix would be one route. */
function maskedCidr(cidrBlock: string): string {
  const prefix = parsePrefixMasked(cidrBlock);
  if (prefix === undefined) throw new Error(`no CIDR block: \`${cidrBlock}\``);
  return formatPrefix(prefix);
}
