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
  RouteBlueprint,
  RouteTableBlueprint,
  SubnetBlueprint,
  VpcBlueprint,
} from "../../plan/blueprint.ts";
import { type Door, type KernelObject, keyOf, LOCAL_TABLE, MAIN_TABLE, type RouteBy } from "./kernel-object.ts";

export const INTERNET = "internet";

const LOOPBACK = 1;
/** The one device of an endpoint or an instance, and the router's side of a gateway. */
const ONLY_DEVICE = 2;
const GATEWAY_INTERNET_DEVICE = 3;
const GATEWAY_DEVICE = 3;
const ENDPOINT_DEVICES = 0x1000;
const HOST_DEVICES = 0x10000;
const INTERNET_DEVICES = 0x1000;

const GATEWAY_NEXTHOP = 1;
const ENDPOINT_NEXTHOPS = 0x1000;
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
const LAST_METRIC = 0xfffffffe;

export type Objects = ReadonlyMap<string, KernelObject>;

/** All objects of the blueprint by their key. A VPC whose blueprint is the same value as before is not worked out again. */
export function wantedObjects(blueprint: Blueprint): Objects {
  const objects = new Map<string, KernelObject>();
  for (const object of objectsOfInternet(blueprint.internetCidrs)) objects.set(keyOf(object), object);
  for (const vpc of blueprint.vpcs) {
    for (const [key, object] of knownObjectsOfVpc(vpc)) objects.set(key, object);
  }
  return objects;
}

const known = new WeakMap<VpcBlueprint, Objects>();

function knownObjectsOfVpc(vpc: VpcBlueprint): Objects {
  const before = known.get(vpc);
  if (before !== undefined) return before;
  const objects = new Map(objectsOfVpc(vpc).map((object) => [keyOf(object), object]));
  known.set(vpc, objects);
  return objects;
}

function objectsOfInternet(cidrBlocks: readonly string[]): KernelObject[] {
  return [
    { kind: "namespace", namespace: INTERNET, role: "internet" },
    ...serviceListeners(INTERNET, { kind: "internet" }),
    ...ownAddresses(INTERNET, cidrBlocks),
  ];
}

function objectsOfVpc(vpc: VpcBlueprint): KernelObject[] {
  const router = routerOf(vpc);
  return [
    { kind: "namespace", namespace: router, role: "router" },
    // Nothing but the addresses of the VPC itself is reachable without a route table's word.
    route(mainOf(router), anyOf(32), { kind: "blackhole" }, LAST_METRIC),
    ...vpc.resolverIps.flatMap((ip) => objectsOfResolver(vpc, ip)),
    ...vpc.subnets.flatMap((subnet) => objectsOfSubnet(vpc, subnet)),
    ...vpc.endpoints.flatMap((endpoint) => objectsOfEndpoint(vpc, endpoint)),
    ...(vpc.internetGateway === undefined ? [] : objectsOfInternetGateway(vpc, vpc.internetGateway)),
    ...vpc.hosts.flatMap((host) => objectsOfHost(vpc, host)),
    ...routedHosts(vpc).map((host) => nexthopOfHost(vpc, host)),
    ...vpc.routeTables.flatMap((table) => objectsOfRouteTable(vpc, table)),
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

function objectsOfSubnet(vpc: VpcBlueprint, subnet: SubnetBlueprint): KernelObject[] {
  const namespace = routerOf(vpc);
  return [
    { kind: "address", namespace, index: LOOPBACK, ip: subnet.routerIp, bits: widthOf(subnet.routerIp) },
    { kind: "element", namespace, set: "subnet_table", key: [`${subnet.group}`], value: `${subnet.table}` },
  ];
}

function objectsOfEndpoint(vpc: VpcBlueprint, endpoint: EndpointBlueprint): KernelObject[] {
  const namespace = `endpoint ${endpoint.vpcEndpointId}`;
  const near = { namespace: routerOf(vpc), index: ENDPOINT_DEVICES + endpoint.key };
  const door: Door = { kind: "gateway-endpoint", vpcId: vpc.vpcId, vpcEndpointId: endpoint.vpcEndpointId };
  return [
    { kind: "namespace", namespace, role: "endpoint" },
    ...serviceListeners(namespace, door),
    ...ownAddresses(namespace, endpoint.cidrBlocks),
    ...unnumberedLink(
      { ...near, name: `vpce${endpoint.key}` },
      { namespace, index: ONLY_DEVICE, name: "eth0" },
      VPC_MTU,
    ),
    route(mainOf(namespace), anyOf(32), { kind: "gateway", index: ONLY_DEVICE, gateway: NEAR_IP }),
    { kind: "nexthop", ...near, id: ENDPOINT_NEXTHOPS + endpoint.key, gateway: FAR_IP },
  ];
}

function objectsOfInternetGateway(vpc: VpcBlueprint, gateway: InternetGatewayBlueprint): KernelObject[] {
  const namespace = `internet-gateway ${gateway.internetGatewayId}`;
  const near = { namespace: routerOf(vpc), index: GATEWAY_DEVICE };
  const far = { namespace: INTERNET, index: INTERNET_DEVICES + vpc.key };
  return [
    { kind: "namespace", namespace, role: "internet-gateway" },
    ...unnumberedLink({ ...near, name: "igw" }, { namespace, index: ONLY_DEVICE, name: "vpc" }, INTERNET_MTU),
    ...unnumberedLink(
      { ...far, name: `igw${vpc.key}` },
      { namespace, index: GATEWAY_INTERNET_DEVICE, name: "internet" },
      INTERNET_MTU,
    ),
    ...vpc.cidrBlocks.map((cidrBlock) =>
      route(mainOf(namespace), cidrBlock, { kind: "gateway", index: ONLY_DEVICE, gateway: NEAR_IP }),
    ),
    route(mainOf(namespace), anyOf(32), { kind: "gateway", index: GATEWAY_INTERNET_DEVICE, gateway: NEAR_IP }),
    { kind: "nexthop", ...near, id: GATEWAY_NEXTHOP, gateway: FAR_IP },
    ...gateway.addresses.flatMap(({ privateIp, publicIp }): KernelObject[] => [
      { kind: "element", namespace, set: "source_nat", key: [privateIp], value: publicIp },
      { kind: "element", namespace, set: "destination_nat", key: [publicIp], value: privateIp },
      { kind: "element", namespace, set: "public_address", key: [publicIp] },
      route(mainOf(INTERNET), `${publicIp}/${widthOf(publicIp)}`, {
        kind: "gateway",
        index: far.index,
        gateway: FAR_IP,
      }),
    ]),
  ];
}

function objectsOfHost(vpc: VpcBlueprint, host: HostBlueprint): KernelObject[] {
  const subnet = vpc.subnets.find((candidate) => candidate.group === host.group);
  const prefix = subnet && parsePrefix(subnet.cidrBlock);
  if (subnet === undefined || prefix === undefined)
    throw new Error(`no subnet with group ${host.group} for ${host.instanceId}`);
  const namespace = namespaceOfInstance(host.instanceId);
  const near = { namespace: routerOf(vpc), index: HOST_DEVICES + host.key };
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
    { kind: "neighbor", ...far, ip: subnet.routerIp, macAddress: NEAR_MAC },
    { kind: "neighbor", ...near, ip: host.privateIp, macAddress: host.macAddress },
    { kind: "element", namespace: near.namespace, set: "interface_source", key: [`${near.index}`, host.privateIp] },
    route(mainOf(near.namespace), `${host.privateIp}/${widthOf(host.privateIp)}`, {
      kind: "device",
      index: near.index,
    }),
    route(mainOf(namespace), anyOf(32), { kind: "gateway", index: ONLY_DEVICE, gateway: subnet.routerIp }),
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
  return { kind: "nexthop", namespace: routerOf(vpc), id, index: HOST_DEVICES + host.key, gateway: host.privateIp };
}

function objectsOfRouteTable(vpc: VpcBlueprint, { table, routes }: RouteTableBlueprint): KernelObject[] {
  const namespace = routerOf(vpc);
  const where = { namespace, table };
  return [
    { kind: "rule", namespace, mark: table, table },
    ...vpc.cidrBlocks.map((cidrBlock) => route(where, cidrBlock, { kind: "throw" })),
    // Link-local addresses belong to the VPC's own services and never leave it.
    route(where, "169.254.0.0/16", { kind: "throw" }),
    route(where, anyOf(32), { kind: "blackhole" }, LAST_METRIC),
    ...routes.map((entry) => route(where, maskedCidr(entry.cidrBlock), byOf(vpc, entry), entry.metric)),
  ];
}

function byOf(vpc: VpcBlueprint, { target }: RouteBlueprint): RouteBy {
  switch (target.kind) {
    case "internet-gateway":
      return vpc.internetGateway === undefined ? { kind: "blackhole" } : { kind: "nexthop", id: GATEWAY_NEXTHOP };
    case "endpoint": {
      const endpoint = vpc.endpoints.find((candidate) => candidate.vpcEndpointId === target.vpcEndpointId);
      return endpoint === undefined ? { kind: "blackhole" } : { kind: "nexthop", id: ENDPOINT_NEXTHOPS + endpoint.key };
    }
    case "host": {
      const host = vpc.hosts.find((candidate) => candidate.networkInterfaceId === target.networkInterfaceId);
      return host === undefined ? { kind: "blackhole" } : { kind: "nexthop", id: HOST_NEXTHOPS + host.key };
    }
    case "nat-gateway":
    case "blackhole":
      return { kind: "blackhole" };
  }
}

interface End {
  readonly namespace: string;
  readonly index: number;
  readonly name: string;
}

/** A link whose ends know each other beforehand and need neither addresses nor ARP. */
function unnumberedLink(near: End, far: End, mtu: number): KernelObject[] {
  return [
    {
      kind: "link",
      ...near,
      macAddress: NEAR_MAC,
      group: 0,
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

function routerOf(vpc: VpcBlueprint): string {
  return `router ${vpc.vpcId}`;
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
