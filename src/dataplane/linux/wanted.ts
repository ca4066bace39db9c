/**
 * What a blueprint means on Linux. Every VPC is a router namespace; endpoints, internet gateways and instances are
 * namespaces around it, each on its own layer-3 link, so that no packet passes between two of them unrouted. Device and
 * nexthop numbers follow from the blueprint's keys: the same blueprint always means the same objects.
 */

import { type Width, widthOf } from "../../base/ip.ts";
import type {
  Blueprint,
  GroupRuleBlueprint,
  NetworkAclBlueprint,
  SecurityGroupBlueprint,
  VpcBlueprint,
  VpnGatewayBlueprint,
} from "../../plan/blueprint.ts";
import { devicesOf, routerOf } from "./device.ts";
import { objectsOfEndpointInterface } from "./endpoint-interface-object.ts";
import { objectsOfEndpoint } from "./endpoint-object.ts";
import {
  chainsOfGroup,
  leadsToGroup,
  memberOf,
  namedIn,
  objectsOfAcl,
  objectsOfPrefixList,
  placesOfGroups,
  objectsOfGroupRule,
  setOfMembers,
  widthsOf,
} from "./filter.ts";
import {
  hiddenAddresses,
  INTERNET,
  objectsOfEgressOnlyGateway,
  objectsOfInternet,
  objectsOfInternetGateway,
  objectsOfNatGateway,
  objectsOfPublicAddress,
} from "./gateway-object.ts";
import { familiesLedBy, namespaceOfInstance, nexthopOfHost, objectsOfHost, routedHosts } from "./host-object.ts";
import type { KernelObject } from "./kernel-object.ts";
import { LOGGED_SET } from "./metering.ts";
import { hasNat64, objectsOfTranslator, TRANSLATOR } from "./nat64-object.ts";
import { type Adder, nodesOf, NOTHING, type Objects, objectsOf, type Wanted } from "./part.ts";
import { objectsOfPeer } from "./peer-object.ts";
import { objectsOfRoutes, objectsOfRouteTable, waysOf } from "./route-table-object.ts";
import {
  objectsOfMetadata,
  objectsOfNowhere,
  objectsOfResolver,
  objectsOfRouter,
  objectsOfSubnet,
  objectsOfWayNowhere,
} from "./router-object.ts";
import { objectsOfSite, objectsOfSiteHost, objectsOfVpnGateway } from "./vpn-object.ts";

/** What a blueprint means; what means the same as in `before` is taken from there. */
export function wantedParts(blueprint: Blueprint, before: Wanted = NOTHING): Wanted {
  const { internetCidrs, loggedInterfaceIds = NO_IDS } = blueprint;
  return nodesOf(before, (add) => {
    add.part(INTERNET, [internetCidrs], () => objectsOfInternet(internetCidrs));
    add.part("nowhere", [], objectsOfNowhere);
    if (blueprint.vpcs.some(hasNat64)) add.part(TRANSLATOR, [], objectsOfTranslator);
    for (const vpc of blueprint.vpcs) {
      add.section(vpc.vpcId, [vpc, loggedInterfaceIds], (inside) => {
        addVpc(vpc, inside);
        const sources = [loggedInterfaceIds, vpc.hosts, vpc.natGateways, vpc.endpointInterfaces];
        inside.section("flow-logs", sources, ({ part }) =>
          part("logged", sources, () => loggedDevices(vpc, loggedInterfaceIds)),
        );
      });
    }
  });
}

/** All objects of the blueprint by their key. */
export function wantedObjects(blueprint: Blueprint): Objects {
  return objectsOf(wantedParts(blueprint));
}

const NO_IDS: readonly string[] = [];

function loggedDevices(vpc: VpcBlueprint, loggedInterfaceIds: readonly string[]): KernelObject[] {
  if (loggedInterfaceIds.length === 0) return [];
  const logged = new Set(loggedInterfaceIds);
  return [...devicesOf(vpc)].flatMap(([index, device]): KernelObject[] =>
    device.kind === "interface" && logged.has(device.networkInterfaceId)
      ? [{ kind: "element", namespace: routerOf(vpc), set: LOGGED_SET, key: [`${index}`] }]
      : [],
  );
}

/** Sections and parts say what they are made from, all of it: otherwise a change would pass them by. */
function addVpc(vpc: VpcBlueprint, add: Adder): void {
  const { cidrBlocks, endpointInterfaces, endpoints, hosts, internetGateway, natGateways, routeTables, subnets } = vpc;
  const gateways = [internetGateway, natGateways, vpc.egressOnlyGateway, vpc.peers, vpc.vpnGateway];
  const frame = [vpc.key, cidrBlocks, vpc.resolverIps, subnets, endpoints, endpointInterfaces, ...gateways];
  add.section("frame", frame, ({ part }) => addFrame(vpc, part));
  add.section("public-addresses", [internetGateway, natGateways, vpc.key], ({ part }) => addPublicAddresses(vpc, part));
  add.section("hosts", [hosts, subnets], ({ part }) => {
    const byGroup = new Map(subnets.map((subnet) => [subnet.group, subnet]));
    const byInstance = Map.groupBy(hosts, ({ instanceId }) => instanceId);
    for (const host of hosts) {
      const subnet = byGroup.get(host.group);
      const leads = familiesLedBy(host, byInstance.get(host.instanceId) ?? []);
      part(host.networkInterfaceId, [host, subnet, leads], () => objectsOfHost(vpc, host, { subnet, leads }));
    }
  });
  add.section("routed-hosts", [hosts, routeTables], ({ part }) => {
    for (const host of routedHosts(vpc)) {
      for (const width of widthsOf(vpc))
        part(`${host.networkInterfaceId} ${width}`, [host], () => nexthopOfHost(vpc, host, width));
    }
  });
  add.section("tables", [routeTables, cidrBlocks, endpoints, hosts, ...gateways], ({ part }) => {
    const ways = waysOf(vpc);
    for (const table of routeTables) {
      part(table.table, [cidrBlocks], () => objectsOfRouteTable(vpc, table));
      part(`${table.table} routes`, [table.routes, ways], () => objectsOfRoutes(vpc, table, ways));
    }
  });
  addFilters(vpc, routerOf(vpc), add);
}

function addFrame(vpc: VpcBlueprint, part: Adder["part"]): void {
  const widths = widthsOf(vpc);
  for (const width of widths) part(`router ${width}`, [], () => objectsOfRouter(routerOf(vpc), width));
  part("nowhere", [vpc.cidrBlocks, vpc.key], () => objectsOfWayNowhere(vpc));
  for (const width of widths) part(`metadata ${width}`, [], () => objectsOfMetadata(vpc, width));
  for (const ip of vpc.resolverIps) part(`resolver ${ip}`, [], () => objectsOfResolver(vpc, ip));
  for (const subnet of vpc.subnets) part(`subnet ${subnet.group}`, [subnet], () => objectsOfSubnet(vpc, subnet));
  for (const endpoint of vpc.endpoints) {
    part(`endpoint ${endpoint.vpcEndpointId}`, [endpoint], () => objectsOfEndpoint(vpc, endpoint));
  }
  for (const gateway of vpc.natGateways) {
    const name = `nat-gateway ${gateway.natGatewayId}`;
    part(name, [gateway, vpc.cidrBlocks, vpc.key], () => objectsOfNatGateway(vpc, gateway));
  }
  if (vpc.egressOnlyGateway !== undefined) {
    const { egressOnlyInternetGatewayId } = vpc.egressOnlyGateway;
    part(`egress-only ${egressOnlyInternetGatewayId}`, [vpc.cidrBlocks, vpc.key], () =>
      objectsOfEgressOnlyGateway(vpc, egressOnlyInternetGatewayId),
    );
  }
  for (const one of vpc.endpointInterfaces) {
    part(`endpoint-interface ${one.networkInterfaceId}`, [one], () => objectsOfEndpointInterface(vpc, one));
  }
  for (const peer of vpc.peers) part(`peer ${peer.vpcId}`, [peer, vpc.key], () => objectsOfPeer(vpc, peer));
  if (vpc.vpnGateway !== undefined) addVpn(vpc, vpc.vpnGateway, part);
  if (vpc.internetGateway === undefined) return;
  const { internetGatewayId } = vpc.internetGateway;
  part(`internet-gateway ${internetGatewayId}`, [vpc.cidrBlocks, vpc.key, hiddenAddresses(vpc)], () =>
    objectsOfInternetGateway(vpc, internetGatewayId),
  );
}

function addVpn(vpc: VpcBlueprint, gateway: VpnGatewayBlueprint, part: Adder["part"]): void {
  part("vpn-gateway", [gateway, vpc.cidrBlocks], () => objectsOfVpnGateway(vpc, gateway));
  for (const site of gateway.sites) {
    part(`site ${site.vpnConnectionId}`, [gateway, vpc.cidrBlocks], () => objectsOfSite(vpc, gateway, site));
    for (const host of site.hosts) {
      const namespace = namespaceOfInstance(host.hostId);
      part(`site-host ${host.hostId}`, [host], () => objectsOfSiteHost(site, host, namespace));
    }
  }
}

function addPublicAddresses(vpc: VpcBlueprint, part: Adder["part"]): void {
  if (vpc.internetGateway === undefined) return;
  const { addresses, internetGatewayId } = vpc.internetGateway;
  const mapped = new Map(addresses.map(({ privateIp, publicIp }) => [privateIp, publicIp]));
  for (const { privateIp, publicIp } of vpc.natGateways) if (publicIp !== undefined) mapped.set(privateIp, publicIp);
  for (const [privateIp, publicIp] of mapped) {
    const sources = [publicIp, internetGatewayId, vpc.key];
    part(privateIp, sources, () => objectsOfPublicAddress(vpc, internetGatewayId, { privateIp, publicIp }));
  }
}

function addFilters(vpc: VpcBlueprint, router: string, { each, section }: Adder): void {
  const { endpointInterfaces, hosts, networkAcls, securityGroups } = vpc;
  const widths = widthsOf(vpc);
  const groups = [securityGroups, widths.length];
  section("named", groups, ({ part }) => {
    const named = namedIn(vpc);
    const keys = [...named.groups];
    const make = (): KernelObject[] => keys.flatMap((key) => widths.map((width) => setOfMembers(router, key, width)));
    part("members", [keys, widths], make);
    for (const [id, cidrBlocks] of named.lists) {
      part(id, [cidrBlocks], () => objectsOfPrefixList(router, id, cidrBlocks));
    }
  });
  const groupItems = { items: securityGroups, nameOf: keyOfFilter, sources: [widths.length] };
  each("groups", groupItems, (group, add) => {
    add.section(group.key, [group, widths.length], (inside) => addGroup(group, router, widths, inside));
  });
  section("group-places", [hosts, endpointInterfaces], ({ part }) => {
    for (const [place, keys] of placesOfGroups([...hosts, ...endpointInterfaces]).entries()) {
      for (const key of keys) part(`${key} ${place}`, [], () => leadsToGroup(router, key, place));
    }
  });
  each("acls", { items: networkAcls, nameOf: keyOfFilter, sources: [] }, (acl, { part }) => {
    part(acl.key, [acl], () => objectsOfAcl(router, acl));
  });
}

function keyOfFilter({ key }: SecurityGroupBlueprint | NetworkAclBlueprint): number {
  return key;
}

function addGroup(group: SecurityGroupBlueprint, router: string, widths: readonly Width[], add: Adder): void {
  const { egress, ingress, key, members } = group;
  add.part("chains", [], () => chainsOfGroup(router, key));
  for (const direction of ["out", "in"] as const) {
    const rules = direction === "out" ? egress : ingress;
    const side = { namespace: router, key, direction };
    const items = { items: rules, nameOf: ({ ruleId }: GroupRuleBlueprint) => ruleId, sources: [widths.length] };
    add.each(direction, items, (rule, { part }) => {
      part(rule.ruleId, [rule, widths.length], () => objectsOfGroupRule(side, rule, widths));
    });
  }
  const items = { items: members, nameOf: (ip: string) => ip, sources: [widths.length] };
  add.each("members", items, (ip, { part }) => {
    // Those of a peer's group may have IPv6 where this VPC has none.
    if (widths.includes(widthOf(ip))) part(ip, [], () => [memberOf(router, key, ip)]);
  });
}
