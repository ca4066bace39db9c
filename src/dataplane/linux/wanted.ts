/**
 * What a blueprint means on Linux. Every VPC is a router namespace; endpoints, internet gateways and instances are
 * namespaces around it, each on its own layer-3 link, so that no packet passes between two of them unrouted. Device and
 * nexthop numbers follow from the blueprint's keys: the same blueprint always means the same objects.
 */

import type { Width } from "../../base/ip.ts";
import { formatPrefix, parsePrefix, parsePrefixMasked } from "../../base/prefix.ts";
import { RecentMap } from "../../base/recent-map.ts";
import type {
  Blueprint,
  EndpointBlueprint,
  HostBlueprint,
  RouteBlueprint,
  RouteTableBlueprint,
  SubnetBlueprint,
  TargetBlueprint,
  VpcBlueprint,
  VpnGatewayBlueprint,
} from "../../plan/blueprint.ts";
import { deviceOfEndpoint, deviceOfHost, devicesOf, LOOPBACK, routerOf } from "./device.ts";
import { objectsOfEndpointInterface } from "./endpoint-interface-object.ts";
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
  objectsOfGroupRule,
  setOfMembers,
  widthsOf,
} from "./filter.ts";
import {
  INTERNET,
  objectsOfEgressOnlyGateway,
  objectsOfInternetGateway,
  objectsOfNatGateway,
  objectsOfPublicAddress,
} from "./gateway-object.ts";
import { type Door, type KernelObject, LOCAL_TABLE, type RouteBy } from "./kernel-object.ts";
import {
  anyOf,
  type DeviceName,
  EGRESS_ONLY_NEXTHOPS,
  ENDPOINT_NEXTHOPS,
  GATEWAY_NEXTHOP,
  HOST_NEXTHOPS,
  mainOf,
  NAT_NEXTHOPS,
  FAR_IP,
  NEAR_IP,
  NEAR_MAC,
  nexthop,
  nexthopId,
  ONLY_DEVICE,
  PEER_NEXTHOPS,
  VPN_NEXTHOP,
  route,
  serviceListeners,
  unnumberedLink,
  VPC_MTU,
  widthOf,
} from "./link-object.ts";
import { LOGGED_SET } from "./metering.ts";
import { objectsOfPeer, widthsOfPeer } from "./peer-object.ts";
import { sourceSet } from "./set-shape.ts";
import { objectsOfSite, objectsOfSiteHost, objectsOfVpnGateway } from "./vpn-object.ts";
import { type AddPart, type AddSection, NOTHING, type Objects, objectsOf, partsOf, type Wanted } from "./part.ts";

/** Addresses of the VPC's own services, which never leave it. */
const SERVICE_BLOCK = { 32: "169.254.0.0/16", 128: "fd00:ec2::/32" } as const;

const DNS_PORT = 53;
/** Source: Amazon EC2 User Guide, "Access instance metadata for an EC2 instance". */
const METADATA_IPS = { 32: "169.254.169.254", 128: "fd00:ec2::254" } as const;
const METADATA_PORT = 80;
/** Of routes that follow from the prefix list of an endpoint. */
const PREFIX_LIST_METRIC = 20;
const LAST_METRIC = 0xfffffffe;

/** What a blueprint means; what means the same as in `before` is taken from there. */
export function wantedParts(blueprint: Blueprint, before: Wanted = NOTHING): Wanted {
  const { internetCidrs } = blueprint;
  return partsOf(before, (add) => {
    add(INTERNET, [internetCidrs], (part) => part(INTERNET, [internetCidrs], () => objectsOfInternet(internetCidrs)));
    for (const vpc of blueprint.vpcs) addVpc(vpc, (name, ...rest) => add(`${vpc.vpcId} ${name}`, ...rest));
    const { loggedInterfaceIds = NO_IDS } = blueprint;
    for (const vpc of loggedInterfaceIds.length === 0 ? [] : blueprint.vpcs) {
      const sources = [loggedInterfaceIds, vpc.hosts, vpc.natGateways, vpc.endpointInterfaces];
      add(`${vpc.vpcId} flow-logs`, sources, (part) =>
        part("logged", sources, () => loggedDevices(vpc, loggedInterfaceIds)),
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
    for (const host of routedHosts(vpc)) {
      for (const width of widthsOf(vpc))
        part(`${host.instanceId} ${width}`, [host], () => nexthopOfHost(vpc, host, width));
    }
  });
  const gateways = [internetGateway, natGateways, vpc.egressOnlyGateways, vpc.peers, vpc.vpnGateway];
  add("tables", [routeTables, cidrBlocks, endpoints, hosts, ...gateways], (part) => {
    const ways = waysOf(vpc);
    for (const table of routeTables) {
      part(`${table.table}`, [cidrBlocks], () => objectsOfRouteTable(vpc, table));
      part(`${table.table} routes`, [table.routes, ways], () => objectsOfRoutes(vpc, table, ways));
    }
  });
  addFilters(vpc, routerOf(vpc), add);
}

function addFrame(vpc: VpcBlueprint, part: AddPart): void {
  const widths = widthsOf(vpc);
  for (const width of widths) part(`router ${width}`, [], () => objectsOfRouter(routerOf(vpc), width));
  for (const width of widthsOf(vpc)) part(`metadata ${width}`, [], () => objectsOfMetadata(vpc, METADATA_IPS[width]));
  for (const ip of vpc.resolverIps) part(`resolver ${ip}`, [], () => objectsOfResolver(vpc, ip));
  for (const subnet of vpc.subnets) part(`subnet ${subnet.group}`, [subnet], () => objectsOfSubnet(vpc, subnet));
  for (const endpoint of vpc.endpoints) {
    part(`endpoint ${endpoint.vpcEndpointId}`, [endpoint], () => objectsOfEndpoint(vpc, endpoint));
  }
  for (const gateway of vpc.natGateways) {
    part(`nat-gateway ${gateway.natGatewayId}`, [gateway], () => objectsOfNatGateway(vpc, gateway));
  }
  for (const gateway of vpc.egressOnlyGateways) {
    const name = `egress-only ${gateway.egressOnlyInternetGatewayId}`;
    part(name, [gateway, vpc.cidrBlocks, vpc.key], () => objectsOfEgressOnlyGateway(vpc, gateway));
  }
  for (const one of vpc.endpointInterfaces) {
    part(`endpoint-interface ${one.networkInterfaceId}`, [one], () => objectsOfEndpointInterface(vpc, one));
  }
  for (const peer of vpc.peers) part(`peer ${peer.vpcId}`, [peer, vpc.key], () => objectsOfPeer(vpc, peer));
  if (vpc.vpnGateway !== undefined) addVpn(vpc, vpc.vpnGateway, part);
  if (vpc.internetGateway === undefined) return;
  const { internetGatewayId } = vpc.internetGateway;
  part(`internet-gateway ${internetGatewayId}`, [vpc.cidrBlocks, vpc.key], () =>
    objectsOfInternetGateway(vpc, internetGatewayId),
  );
}

function addVpn(vpc: VpcBlueprint, gateway: VpnGatewayBlueprint, part: AddPart): void {
  part("vpn-gateway", [gateway, vpc.cidrBlocks], () => objectsOfVpnGateway(vpc, gateway));
  for (const site of gateway.sites) {
    part(`site ${site.vpnConnectionId}`, [gateway.vpnGatewayId, site.key, site.cidrBlocks], () =>
      objectsOfSite(gateway, site),
    );
    for (const host of site.hosts) {
      const namespace = namespaceOfInstance(host.hostId);
      part(`site-host ${host.hostId}`, [host], () => objectsOfSiteHost(site, host, namespace));
    }
  }
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
  const widths = widthsOf(vpc);
  add("named-by-groups", [vpc.securityGroups, widths.length], (part) => {
    for (const key of namedGroups(vpc)) {
      for (const width of widths) part(`members ${key} ${width}`, [], () => [setOfMembers(router, key, width)]);
    }
    for (const [id, cidrBlocks] of namedPrefixLists(vpc)) {
      part(`prefix-list ${id}`, [cidrBlocks], () => objectsOfPrefixList(router, id, cidrBlocks));
    }
  });
  for (const { egress, ingress, key } of vpc.securityGroups) {
    add(`group ${key}`, [egress, ingress, widths.length], (part) => {
      part("chains", [], () => chainsOfGroup(router, key));
      for (const [direction, rules] of [
        ["out", egress],
        ["in", ingress],
      ] as const) {
        const side = { namespace: router, key, direction };
        for (const rule of rules)
          part(`${direction} ${rule.ruleId}`, [rule, widths], () => objectsOfGroupRule(side, rule, widths));
      }
    });
  }
  add("group-places", [vpc.hosts, vpc.endpointInterfaces], (part) => {
    for (const [place, groups] of placesOfGroups([...vpc.hosts, ...vpc.endpointInterfaces]).entries()) {
      for (const key of groups) part(`${key} ${place}`, [], () => leadsToGroup(router, key, place));
    }
  });
  for (const { key, members } of vpc.securityGroups) {
    add(`members ${key}`, [members, widths.length], (part) => {
      // Those of a peer's group may have IPv6 where this VPC has none.
      const carried = members.filter((ip) => widths.includes(widthOf(ip)));
      for (const ip of carried) part(ip, [], () => [memberOf(router, key, ip)]);
    });
  }
  add("acls", [vpc.networkAcls], (part) => {
    for (const acl of vpc.networkAcls) part(`${acl.key}`, [acl], () => objectsOfAcl(router, acl));
  });
}

function objectsOfInternet(cidrBlocks: readonly string[]): KernelObject[] {
  return [
    { kind: "namespace", namespace: INTERNET, role: "internet" },
    // Those for IPv6 are of one gateway each.
    ...serviceListeners(INTERNET, { kind: "internet" }, 32),
    ...ownAddresses(INTERNET, cidrBlocks),
  ];
}

/** The namespace comes with IPv4, which every VPC has. */
function objectsOfRouter(router: string, width: Width): KernelObject[] {
  return [
    ...(width === 32 ? [{ kind: "namespace", namespace: router, role: "router" } as const] : []),
    // Nothing but the addresses of the VPC itself is reachable without a route table's word.
    route(mainOf(router), anyOf(width), { kind: "blackhole" }, LAST_METRIC),
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
function objectsOfMetadata(vpc: VpcBlueprint, ip: string): KernelObject[] {
  const namespace = routerOf(vpc);
  const door: Door = { kind: "metadata", vpcId: vpc.vpcId };
  return [
    { kind: "address", namespace, index: LOOPBACK, ip, bits: widthOf(ip) },
    { kind: "listener", namespace, transport: "tcp", ip, port: METADATA_PORT, door },
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
  const widths = widthsOf(endpoint);
  return [
    { kind: "namespace", namespace, role: "endpoint" },
    ...widths.flatMap((width) => serviceListeners(namespace, door, width)),
    ...ownAddresses(namespace, endpoint.cidrBlocks),
    ...unnumberedLink(
      { ...near, name: `vpce${endpoint.key}` },
      { namespace, index: ONLY_DEVICE, name: "eth0" },
      { mtu: VPC_MTU, widths },
    ),
    ...widths.flatMap((width): KernelObject[] => [
      route(mainOf(namespace), anyOf(width), { kind: "gateway", index: ONLY_DEVICE, gateway: NEAR_IP[width] }),
      nexthop(near, ENDPOINT_NEXTHOPS + endpoint.key, width),
    ]),
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
    ...[host.privateIp, ...host.secondaryIps].flatMap((ip) => leadsToHost(near, ip, host.macAddress)),
    ...groupsOf(near.namespace, near.index, host.securityGroups),
    ...defaultRoute(far, subnet.routerIp),
    ...host.secondaryIps
      .filter((ip) => widthOf(ip) === 128)
      .slice(0, 1)
      .flatMap((ip) => defaultRoute(far, NEAR_IP[128], ip)),
  ];
}

/** By the device alone an address of an instance is reached, and from it alone packets with the address come. */
function leadsToHost(near: DeviceName, ip: string, macAddress: string): KernelObject[] {
  return [
    { kind: "neighbor", ...near, ip, macAddress },
    {
      kind: "element",
      namespace: near.namespace,
      set: sourceSet(widthOf(ip)),
      key: [`${near.index}`, ip],
    },
    route(mainOf(near.namespace), `${ip}/${widthOf(ip)}`, { kind: "device", index: near.index }),
  ];
}

/** Of an instance by its router, from `source` where a program does not choose. */
function defaultRoute({ namespace, index }: DeviceName, gateway: string, source?: string): KernelObject[] {
  const by: RouteBy = { kind: "gateway", index, gateway, ...(source !== undefined && { source }) };
  return [
    { kind: "neighbor", namespace, index, ip: gateway, macAddress: NEAR_MAC },
    route(mainOf(namespace), anyOf(widthOf(gateway)), by),
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

/** For IPv6 by an address that every instance answers to on its link, as not every one has an own. */
function nexthopOfHost(vpc: VpcBlueprint, host: HostBlueprint, width: Width): KernelObject[] {
  const near = { namespace: routerOf(vpc), index: deviceOfHost(host) };
  const id = HOST_NEXTHOPS + host.key;
  if (width === 32) return [{ kind: "nexthop", ...near, id, gateway: host.privateIp }];
  return [{ kind: "neighbor", ...near, ip: FAR_IP[width], macAddress: host.macAddress }, nexthop(near, id, width)];
}

function objectsOfRouteTable(vpc: VpcBlueprint, { table }: RouteTableBlueprint): KernelObject[] {
  const namespace = routerOf(vpc);
  const where = { namespace, table };
  return [
    ...widthsOf(vpc).flatMap((width): KernelObject[] => [
      { kind: "rule", namespace, width, mark: table, table },
      route(where, SERVICE_BLOCK[width], { kind: "throw" }),
      route(where, anyOf(width), { kind: "blackhole" }, LAST_METRIC),
    ]),
    ...vpc.cidrBlocks.map((cidrBlock) => route(where, cidrBlock, { kind: "throw" })),
  ];
}

/** Those that an endpoint has in the table are a list: with a hundred tables there are thousands of them. */
function objectsOfRoutes(vpc: VpcBlueprint, { table, routes }: RouteTableBlueprint, ways: Ways): KernelObject[] {
  const where = { namespace: routerOf(vpc), table };
  const objects: KernelObject[] = [];
  const lists = new Map<number, string[]>();
  // Routes of one endpoint stand together.
  let last: { readonly target: string; readonly width: Width; readonly list: string[] } | undefined;
  for (const entry of routes) {
    const { metric, target } = entry;
    const cidrBlock = maskedCidr(entry.cidrBlock);
    if (target.kind !== "endpoint" || metric !== PREFIX_LIST_METRIC) {
      objects.push(route(where, cidrBlock, byOf(ways, entry), metric));
      continue;
    }
    const width = widthOf(cidrBlock);
    if (last?.target !== target.vpcEndpointId || last.width !== width) {
      const by = byOf(ways, entry);
      if (by.kind !== "nexthop") {
        objects.push(route(where, cidrBlock, by, metric));
        continue;
      }
      last = { target: target.vpcEndpointId, width, list: lists.get(by.id) ?? [] };
      lists.set(by.id, last.list);
    }
    last.list.push(cidrBlock);
  }
  for (const [nexthop, cidrBlocks] of lists)
    objects.push({ kind: "route-list", ...where, metric: PREFIX_LIST_METRIC, nexthop, cidrBlocks });
  return objects;
}

/** Nexthops of everything that a route of the VPC may name, by target and family. */
type Ways = Readonly<Record<string, number>>;

function waysOf(vpc: VpcBlueprint): Ways {
  const ways: Record<string, number> = {};
  const widths = widthsOf(vpc);
  const lead = (target: TargetBlueprint, id: number, carried: readonly Width[]): void => {
    for (const width of carried) ways[wayOf(target, width)] = nexthopId(id, width);
  };
  if (vpc.internetGateway !== undefined) lead({ kind: "internet-gateway" }, GATEWAY_NEXTHOP, widths);
  if (vpc.vpnGateway !== undefined) lead({ kind: "vpn-gateway" }, VPN_NEXTHOP, [32]);
  for (const { egressOnlyInternetGatewayId, key } of vpc.egressOnlyGateways)
    lead({ kind: "egress-only-internet-gateway", egressOnlyInternetGatewayId }, EGRESS_ONLY_NEXTHOPS + key, [128]);
  for (const { cidrBlocks, key, vpcEndpointId } of vpc.endpoints)
    lead({ kind: "endpoint", vpcEndpointId }, ENDPOINT_NEXTHOPS + key, widthsOf({ cidrBlocks }));
  for (const { natGatewayId, key } of vpc.natGateways)
    lead({ kind: "nat-gateway", natGatewayId }, NAT_NEXTHOPS + key, [32]);
  for (const peer of vpc.peers) {
    const { key, vpcPeeringConnectionId } = peer;
    lead({ kind: "peer", vpcPeeringConnectionId }, PEER_NEXTHOPS + key, widthsOfPeer(peer));
  }
  for (const { networkInterfaceId, key } of routedHosts(vpc))
    lead({ kind: "host", networkInterfaceId }, HOST_NEXTHOPS + key, widths);
  return ways;
}

function wayOf(target: TargetBlueprint, width: Width): string {
  switch (target.kind) {
    case "internet-gateway":
    case "vpn-gateway":
    case "blackhole":
      return `${target.kind} ${width}`;
    case "egress-only-internet-gateway":
      return `${target.kind} ${target.egressOnlyInternetGatewayId} ${width}`;
    case "endpoint":
      return `${target.kind} ${target.vpcEndpointId} ${width}`;
    case "nat-gateway":
      return `${target.kind} ${target.natGatewayId} ${width}`;
    case "peer":
      return `${target.kind} ${target.vpcPeeringConnectionId} ${width}`;
    case "host":
      return `${target.kind} ${target.networkInterfaceId} ${width}`;
  }
}

function byOf(ways: Ways, { cidrBlock, target }: RouteBlueprint): RouteBy {
  const id = ways[wayOf(target, widthOf(cidrBlock))];
  return id === undefined ? { kind: "blackhole" } : { kind: "nexthop", id };
}

function ownAddresses(namespace: string, cidrBlocks: readonly string[]): KernelObject[] {
  const where = { namespace, table: LOCAL_TABLE };
  return cidrBlocks.map((cidrBlock) => route(where, maskedCidr(cidrBlock), { kind: "local" }));
}

/** The namespace that programs of an instance or an on-premises host run in. */
export function namespaceOfInstance(instanceId: string): string {
  return `host ${instanceId}`;
}

/** The kernel keeps no host bits, and two spellings of one prefix would be one route. */
function maskedCidr(cidrBlock: string): string {
  const known = masked.get(cidrBlock);
  if (known !== undefined) return known;
  const prefix = parsePrefixMasked(cidrBlock);
  if (prefix === undefined) throw new Error(`no CIDR block: \`${cidrBlock}\``);
  const text = formatPrefix(prefix);
  masked.set(cidrBlock, text);
  return text;
}

// A memo of a pure result: the blocks of a prefix list come again with every route table.
const masked = new RecentMap<string, string>(4096);
