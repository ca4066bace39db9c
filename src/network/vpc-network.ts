/**
 * A VPC with everything that steers its packets, compiled once and kept as long as none of it changes. A change elsewhere
 * (another VPC, a bucket, a policy) costs nothing here.
 */

import type { Id } from "../base/id.ts";
import { addToIp, formatIp, type Ip } from "../base/ip.ts";
import { type Difference, PersistentMap } from "../base/persistent-map.ts";
import { parsePrefix, type Prefix } from "../base/prefix.ts";
import type { EgressOnlyInternetGateway } from "../model/egress-only-internet-gateway.ts";
import type { ElasticIp } from "../model/elastic-ip.ts";
import type { InternetGateway } from "../model/internet-gateway.ts";
import type { Instance } from "../model/instance.ts";
import type { NatGateway } from "../model/nat-gateway.ts";
import { allAddressesOf, type NetworkInterface } from "../model/network-interface.ts";
import type { SecurityGroup } from "../model/security-group.ts";
import type { SecurityGroupRule } from "../model/security-group-rule.ts";
import { countBy, type Documents, find, type Kind, type State } from "../model/state.ts";
import type { Subnet } from "../model/subnet.ts";
import type { InterfaceVpcEndpoint, VpcEndpoint } from "../model/vpc-endpoint.ts";
import type { Vpc } from "../model/vpc.ts";
import { livingPeeringsOf } from "../model/vpc-peering.ts";
import { compileAcl, type CompiledAcl } from "./acl.ts";
import { compileTable, type CompiledTable } from "./compiled-table.ts";
import { compileGroup, type CompiledGroup, type Firewall, withRules } from "./firewall.ts";
import { ipv6ResolverIp, type NameClient, nameClientOf } from "./name-client.ts";
import { type Vpn, vpnOf } from "./vpn.ts";

export interface VpcNetwork extends Firewall {
  readonly vpc: Vpc;
  /** VPC+2, 169.254.169.253 and, where the VPC has IPv6, fd00:ec2::253; empty when the resolver is off. */
  readonly resolverIps: readonly string[];
  /** VPC+2, whether or not the resolver is on. */
  readonly resolverIp: Ip | undefined;
  /** What instances learn of names when they start. */
  readonly nameClient: NameClient;
  /** Of instances with IPv6 alone. */
  readonly ipv6NameClient: NameClient;
  readonly prefixes: readonly Prefix[];
  /** Lists are sorted by id. */
  readonly subnets: readonly Subnet[];
  readonly tables: readonly CompiledTable[];
  /** By subnet id. */
  readonly tableOf: ReadonlyMap<string, TableInForce>;
  /** Those of gateways. */
  readonly endpoints: readonly VpcEndpoint[];
  /** Those that carry packets. */
  readonly interfaceEndpoints: readonly InterfaceVpcEndpoint[];
  /** The attached one. */
  readonly internetGateway: InternetGateway | undefined;
  readonly egressOnlyGateway: EgressOnlyInternetGateway | undefined;
  /** Those that carry packets, by id. */
  readonly natGateways: ReadonlyMap<string, NatGateway>;
  readonly instances: readonly Instance[];
  readonly interfaces: ReadonlyMap<string, NetworkInterface>;
  /** By each of its addresses. */
  readonly interfaceByIp: ReadonlyMap<string, NetworkInterface>;
  /** What an address is outside, behind an internet gateway: of IPv4 what it is mapped to, of IPv6 itself. */
  readonly publicIpOf: ReadonlyMap<string, string>;
  /** The other sides of active peering connections, by the connection's id. */
  readonly peers: ReadonlyMap<string, Peer>;
  /** Of the attached VPN gateway; absent when none is. */
  readonly vpn: Vpn | undefined;
  /** Groups of peers that rules here may name, without their rules. */
  readonly foreignGroups: ReadonlyMap<string, CompiledGroup>;
  readonly acls: readonly CompiledAcl[];
  /** The one in force, by subnet id. */
  readonly aclOf: ReadonlyMap<string, CompiledAcl>;
}

export interface Peer {
  readonly vpcPeeringConnectionId: Id<"pcx">;
  readonly vpcId: Id<"vpc">;
  /** Rules of security groups name groups of peers in the same region alone. */
  readonly isSameRegion: boolean;
  /** Whether both VPCs have IPv6 blocks. */
  readonly hasIpv6: boolean;
}

export interface TableInForce {
  readonly table: CompiledTable;
  readonly by: "subnet association" | "main route table";
}

/** The compiled VPC, or undefined when it does not exist. The same object comes back until something in the VPC changes. */
export function networkOf(state: State, vpcId: string): VpcNetwork | undefined {
  const known = ofState.get(state) ?? new Map<string, VpcNetwork>();
  ofState.set(state, known);
  const network = known.get(vpcId) ?? findNetwork(state, vpcId);
  if (network !== undefined) known.set(vpcId, network);
  return network;
}

function findNetwork(state: State, vpcId: string): VpcNetwork | undefined {
  const vpc = find(state, "vpc", vpcId);
  if (vpc === undefined) return undefined;
  const own = [
    ...kinds.map((kind) => documentsOf(state, kind, vpcId)),
    state.tables["prefix-list"].byId,
    // The routes of its connections are propagated, and hosts are behind them.
    ...(countBy(state, "vpn-gateway", "vpcId", vpcId) === 0 ? [undefined, undefined] : siteTablesOf(state)),
    // Rules name groups of peers, so who is in those matters here.
    ...peersOf(state, vpc).flatMap((peer) => [
      documentsOf(state, "network-interface", peer.vpcId),
      documentsOf(state, "security-group", peer.vpcId),
      find(state, "vpc", peer.vpcId),
    ]),
  ];
  const rules = state.tables["security-group-rule"].byIndex["groupId"];
  const known = memo.get(vpc);
  const network = (known && adapted(state, known, own)) ?? compile(state, vpc);
  memo.set(vpc, { own, rules, network });
  return network;
}

function siteTablesOf({ tables }: State): readonly unknown[] {
  return [tables["vpn-connection"].byId, tables["on-premises-host"].byId];
}

/** The network before, where all that changed are gateway endpoints or the rules of groups; undefined where more did. */
function adapted(state: State, known: Known, own: Known["own"]): VpcNetwork | undefined {
  const changed = own.flatMap((part, at) => (part === known.own[at] ? [] : [at]));
  const regrouped = regroupedIds(state, known);
  if (changed.length === 0) return regrouped.length === 0 ? known.network : withGroups(state, known.network, regrouped);
  if (regrouped.length > 0 || changed.some((at) => at !== endpointsAt)) return undefined;
  const none = PersistentMap.empty<VpcEndpoint>();
  const [before, after] = [known.own[endpointsAt], own[endpointsAt]] as (PersistentMap<VpcEndpoint> | undefined)[];
  return withEndpoints(state, known.network, (after ?? none).differencesFrom(before ?? none));
}

/** The VPC's groups whose rules are others than those that its network was made from. */
function regroupedIds(state: State, { network, rules }: Known): string[] {
  return changedGroupIds(rules, state.tables["security-group-rule"].byIndex["groupId"]).filter((id) =>
    network.groups.has(id),
  );
}

type RulesByGroup = PersistentMap<PersistentMap<SecurityGroupRule>>;

function changedGroupIds(before: RulesByGroup | undefined, after: RulesByGroup | undefined): readonly string[] {
  if (before === after) return [];
  const none: RulesByGroup = PersistentMap.empty();
  return (after ?? none).differencesFrom(before ?? none).map(({ key }) => key);
}

/**
 * The VPCs whose networks can differ between two states: the indexes share what did not change. Undefined when all can,
 * as after a change of a prefix list.
 */
export function touchedVpcs(before: State, after: State): ReadonlySet<string> | undefined {
  const [then, now] = [before.tables, after.tables];
  if (then["prefix-list"].byId !== now["prefix-list"].byId) return undefined;
  const touched = new Set<string>();
  for (const kind of kinds) {
    const earlier: PersistentMap<unknown> | undefined = then[kind].byIndex["vpcId"];
    const later: PersistentMap<unknown> | undefined = now[kind].byIndex["vpcId"];
    if (earlier === undefined || later === undefined) return undefined;
    for (const { key } of later.differencesFrom(earlier)) touched.add(key);
  }
  for (const { key } of now.vpc.byId.differencesFrom(then.vpc.byId)) touched.add(key);
  const earlier = siteTablesOf(before);
  if (siteTablesOf(after).some((table, at) => table !== earlier[at])) {
    for (const { vpcId } of now["vpn-gateway"].byId.values()) if (vpcId !== undefined) touched.add(vpcId);
  }
  const peers = [...touched].flatMap((id) => livingPeeringsOf(after, id));
  const [rulesThen, rulesNow] = [then, now].map((tables) => tables["security-group-rule"].byIndex["groupId"]);
  for (const id of changedGroupIds(rulesThen, rulesNow)) {
    // Of a group that is gone the VPC is touched already.
    const group = find(after, "security-group", id);
    if (group !== undefined) touched.add(group.vpcId);
  }
  for (const { requester, accepter } of peers) touched.add(requester.vpcId).add(accepter.vpcId);
  return touched;
}

type PartKind = (typeof kinds)[number];

const kinds = [
  "subnet",
  "route-table",
  "internet-gateway",
  "natgateway",
  "instance",
  "network-interface",
  "elastic-ip",
  "vpc-endpoint",
  "security-group",
  "network-acl",
  // Of these the routes' targets need to know whether they stand.
  "egress-only-internet-gateway",
  "vpc-peering-connection",
  "vpn-gateway",
] as const satisfies readonly Kind[];

const endpointsAt = kinds.indexOf("vpc-endpoint");

interface Known {
  /** Of each kind the documents of the VPC, and the prefix lists that anything may refer to. */
  readonly own: readonly unknown[];
  /** The rules of every security group, by its id. */
  readonly rules: RulesByGroup | undefined;
  readonly network: VpcNetwork;
}

// Memos of pure results: the first for packet after packet on one state, the second from state to state. The indexes keep
// the identity of their parts, so that looking for a change compares a few pointers.
const ofState = new WeakMap<State, Map<string, VpcNetwork>>();
const memo = new WeakMap<Vpc, Known>();

function documentsOf<K extends Kind>(state: State, kind: K, vpcId: string): PersistentMap<Documents[K]> | undefined {
  return state.tables[kind].byIndex["vpcId"]?.get(vpcId);
}

function compile(state: State, vpc: Vpc): VpcNetwork {
  const list = <K extends PartKind>(kind: K): readonly Documents[K][] => {
    const documents: Documents[K][] = [...(documentsOf(state, kind, vpc.id)?.values() ?? [])];
    return documents.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  };
  const prefixes = [...vpc.cidrBlocks, ...vpc.ipv6CidrBlocks].flatMap(({ cidrBlock }) => parsePrefix(cidrBlock) ?? []);
  const resolverIp = prefixes[0] && addToIp(prefixes[0].ip, 2);
  const subnets = list("subnet");
  const tables = list("route-table").map((routeTable) => compileTable(state, routeTable));
  const interfaces = list("network-interface");
  const acls = list("network-acl").map(compileAcl);
  const peers = peersOf(state, vpc);
  const foreign = peers.filter((one) => one.isSameRegion).map((one) => one.vpcId);
  const foreignInterfaces = foreign.flatMap((vpcId) => [
    ...(documentsOf(state, "network-interface", vpcId)?.values() ?? []),
  ]);
  const natGateways = list("natgateway").filter((one) => one.state === "available");
  return {
    vpc,
    resolverIps: resolverIpsOf(vpc, resolverIp),
    resolverIp,
    ipv6NameClient: nameClientOf(state, vpc, ipv6ResolverIp),
    nameClient: nameClientOf(state, vpc, resolverIp === undefined ? "" : formatIp(resolverIp)),
    prefixes,
    subnets,
    tables,
    tableOf: tablesInForce(subnets, tables),
    endpoints: list("vpc-endpoint").filter((one) => one.kind === "Gateway"),
    interfaceEndpoints: list("vpc-endpoint")
      .filter((one) => one.kind === "Interface")
      .filter((one) => one.state === "available"),
    internetGateway: list("internet-gateway")[0],
    egressOnlyGateway: list("egress-only-internet-gateway")[0],
    natGateways: new Map(natGateways.map((one) => [one.id, one])),
    instances: list("instance"),
    interfaces: new Map(interfaces.map((one) => [one.id, one])),
    interfaceByIp: new Map(interfaces.flatMap((one) => allAddressesOf(one).map((ip) => [ip, one] as const))),
    publicIpOf: publicAddressesOf(interfaces, list("elastic-ip")),
    acls,
    aclOf: new Map(acls.flatMap((acl) => acl.acl.associations.map((one) => [one.subnetId, acl] as const))),
    peers: new Map(peers.map((one) => [one.vpcPeeringConnectionId, one])),
    groups: groupsOf(state, list("security-group")),
    vpn: vpnOf(state, list("vpn-gateway")[0]),
    foreignGroups: foreignGroupsOf(state, foreign),
    members: membersOf([...interfaces, ...foreignInterfaces]),
  };
}

/** Source: Amazon VPC User Guide, "Amazon DNS server". */
function resolverIpsOf(vpc: Vpc, resolverIp: Ip | undefined): readonly string[] {
  if (!vpc.enableDnsSupport || resolverIp === undefined) return [];
  return [formatIp(resolverIp), "169.254.169.253", ...(vpc.ipv6CidrBlocks.length > 0 ? [ipv6ResolverIp] : [])];
}

/** Of the primary addresses those that interfaces have, and the Elastic IPs of all. */
function publicAddressesOf(
  interfaces: readonly NetworkInterface[],
  elasticIps: readonly ElasticIp[],
): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const { ipv6Addresses, privateIpAddress, publicIpAddress } of interfaces) {
    for (const ip of ipv6Addresses) found.set(ip, ip);
    if (publicIpAddress !== undefined && privateIpAddress !== undefined) found.set(privateIpAddress, publicIpAddress);
  }
  for (const { association, publicIp } of elasticIps) {
    if (association !== undefined) found.set(association.privateIpAddress, publicIp);
  }
  return found;
}

function groupsOf(state: State, groups: readonly SecurityGroup[]): ReadonlyMap<string, CompiledGroup> {
  return new Map(groups.map((group) => [group.id, groupCompiled(state, group)]));
}

function peersOf(state: State, vpc: Vpc): readonly Peer[] {
  const active = livingPeeringsOf(state, vpc.id).filter((one) => one.status === "active");
  return active
    .map(({ id, requester, accepter }): Peer => {
      const { vpcId, region } = requester.vpcId === vpc.id ? accepter : requester;
      const hasIpv6 = [vpc, find(state, "vpc", vpcId)].every((one) => (one?.ipv6CidrBlocks.length ?? 0) > 0);
      return { vpcPeeringConnectionId: id, vpcId, isSameRegion: region === vpc.region, hasIpv6 };
    })
    .toSorted((a, b) => (a.vpcId < b.vpcId ? -1 : 1));
}

function foreignGroupsOf(state: State, vpcIds: readonly string[]): ReadonlyMap<string, CompiledGroup> {
  const groups = vpcIds.flatMap((vpcId) => [...(documentsOf(state, "security-group", vpcId)?.values() ?? [])]);
  return new Map(groups.map((group) => [group.id, ruleless(group)]));
}

// A memo, so that the same group stays the same object.
const rulelessGroups = new WeakMap<SecurityGroup, CompiledGroup>();

function ruleless(group: SecurityGroup): CompiledGroup {
  const known = rulelessGroups.get(group) ?? { group, ingress: [], egress: [] };
  rulelessGroups.set(group, known);
  return known;
}

// A memo of a pure result: of a VPC's groups one changes at a time, and of its rules few.
const compiledGroups = new WeakMap<
  SecurityGroup,
  {
    readonly rules: PersistentMap<SecurityGroupRule> | undefined;
    readonly prefixLists: unknown;
    readonly group: CompiledGroup;
  }
>();

function groupCompiled(state: State, group: SecurityGroup): CompiledGroup {
  const rules = state.tables["security-group-rule"].byIndex["groupId"]?.get(group.id);
  const prefixLists = state.tables["prefix-list"].byId;
  const known = compiledGroups.get(group);
  const isReady = known?.prefixLists === prefixLists;
  if (isReady && known.rules === rules) return known.group;
  const compiled =
    isReady && rules !== undefined && known.rules !== undefined
      ? withRules(state, known.group, rules.differencesFrom(known.rules))
      : compileGroup(state, group);
  compiledGroups.set(group, { rules, prefixLists, group: compiled });
  return compiled;
}

/** Of a VPC only whose gateway endpoints changed; undefined where others did, which routes can name as their targets. */
function withEndpoints(
  state: State,
  network: VpcNetwork,
  changes: readonly Difference<VpcEndpoint>[],
): VpcNetwork | undefined {
  const endpoints = [...network.endpoints];
  const tableIds = new Set<string>();
  for (const { before, after } of changes) {
    for (const one of [before, after]) {
      if (one === undefined) continue;
      if (one.kind !== "Gateway") return undefined;
      for (const id of one.routeTableIds) tableIds.add(id);
    }
    const id = before?.id ?? after?.id ?? "";
    const at = endpoints.findIndex((one) => one.id >= id);
    endpoints.splice(
      at < 0 ? endpoints.length : at,
      before === undefined ? 0 : 1,
      ...(after === undefined ? [] : [after]),
    );
  }
  if (tableIds.size === 0) return { ...network, endpoints };
  const tables = network.tables.map((table) =>
    tableIds.has(table.routeTable.id) ? compileTable(state, table.routeTable) : table,
  );
  return { ...network, endpoints, tables, tableOf: tablesInForce(network.subnets, tables) };
}

/** Of a VPC where only the rules of these groups changed. */
function withGroups(state: State, network: VpcNetwork, ids: readonly string[]): VpcNetwork {
  const groups = new Map(network.groups);
  for (const id of ids) {
    const known = network.groups.get(id);
    if (known !== undefined) groups.set(id, groupCompiled(state, known.group));
  }
  return { ...network, groups };
}

function membersOf(interfaces: readonly NetworkInterface[]): ReadonlyMap<string, ReadonlySet<string>> {
  const members = new Map<string, Set<string>>();
  for (const one of interfaces) {
    for (const id of one.securityGroupIds) {
      const held = members.get(id) ?? new Set();
      members.set(id, held);
      for (const ip of allAddressesOf(one)) held.add(ip);
    }
  }
  return members;
}

/** The table that a subnet is associated with, else the VPC's main one. */
function tablesInForce(
  subnets: readonly Subnet[],
  tables: readonly CompiledTable[],
): ReadonlyMap<string, TableInForce> {
  const found = new Map<string, TableInForce>();
  const main = tables.find(({ routeTable }) => routeTable.associations.some((one) => one.kind === "main"));
  if (main !== undefined) for (const { id } of subnets) found.set(id, { table: main, by: "main route table" });
  for (const table of tables) {
    for (const one of table.routeTable.associations) {
      if (one.kind === "subnet") found.set(one.subnetId, { table, by: "subnet association" });
    }
  }
  return found;
}
