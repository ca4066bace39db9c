/**
 * A VPC with everything that steers its packets, compiled once and kept as long as none of it changes. A change elsewhere
 * (another VPC, a bucket, a policy) costs nothing here.
 */

import { addToIp, formatIp, type Ip } from "../base/ip.ts";
import type { PersistentMap } from "../base/persistent-map.ts";
import { parsePrefix, type Prefix } from "../base/prefix.ts";
import type { InternetGateway } from "../model/internet-gateway.ts";
import type { Instance } from "../model/instance.ts";
import type { NetworkInterface } from "../model/network-interface.ts";
import { type Documents, find, type Kind, type State } from "../model/state.ts";
import type { Subnet } from "../model/subnet.ts";
import type { VpcEndpoint } from "../model/vpc-endpoint.ts";
import type { Vpc } from "../model/vpc.ts";
import { compileTable, type CompiledTable } from "./compiled-table.ts";

export interface VpcNetwork {
  readonly vpc: Vpc;
  /** VPC+2 and 169.254.169.253; empty when the resolver is off. */
  readonly resolverIps: readonly string[];
  /** VPC+2, whether or not the resolver is on. */
  readonly resolverIp: Ip | undefined;
  readonly prefixes: readonly Prefix[];
  /** Lists are sorted by id. */
  readonly subnets: readonly Subnet[];
  readonly tables: readonly CompiledTable[];
  /** By subnet id. */
  readonly tableOf: ReadonlyMap<string, TableInForce>;
  readonly endpoints: readonly VpcEndpoint[];
  /** The attached one. */
  readonly internetGateway: InternetGateway | undefined;
  readonly instances: readonly Instance[];
  readonly interfaces: ReadonlyMap<string, NetworkInterface>;
  readonly interfaceByIp: ReadonlyMap<string, NetworkInterface>;
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
  const parts = kinds.map((kind) => documentsOf(state, kind, vpcId));
  const known = memo.get(vpc);
  if (known?.parts.every((part, at) => part === parts[at]) === true) return known.network;
  const network = compile(state, vpc);
  memo.set(vpc, { parts, network });
  return network;
}

type PartKind = "subnet" | "route-table" | "internet-gateway" | "instance" | "network-interface" | "vpc-endpoint";

const kinds: readonly PartKind[] = [
  "subnet",
  "route-table",
  "internet-gateway",
  "instance",
  "network-interface",
  "vpc-endpoint",
];

// Memos of pure results: the first for packet after packet on one state, the second from state to state. The indexes keep
// the identity of their parts, so that looking for a change compares six pointers.
const ofState = new WeakMap<State, Map<string, VpcNetwork>>();
const memo = new WeakMap<Vpc, { readonly parts: readonly unknown[]; readonly network: VpcNetwork }>();

function documentsOf<K extends Kind>(state: State, kind: K, vpcId: string): PersistentMap<Documents[K]> | undefined {
  return state.tables[kind].byIndex["vpcId"]?.get(vpcId);
}

function compile(state: State, vpc: Vpc): VpcNetwork {
  const list = <K extends PartKind>(kind: K): readonly Documents[K][] => {
    const documents: Documents[K][] = [...(documentsOf(state, kind, vpc.id)?.values() ?? [])];
    return documents.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  };
  const prefixes = vpc.cidrBlocks.flatMap(({ cidrBlock }) => parsePrefix(cidrBlock) ?? []);
  const resolverIp = prefixes[0] && addToIp(prefixes[0].ip, 2);
  const subnets = list("subnet");
  const tables = list("route-table").map((routeTable) => compileTable(state, routeTable));
  const interfaces = list("network-interface");
  return {
    vpc,
    resolverIps: vpc.enableDnsSupport && resolverIp !== undefined ? [formatIp(resolverIp), "169.254.169.253"] : [],
    resolverIp,
    prefixes,
    subnets,
    tables,
    tableOf: tablesInForce(subnets, tables),
    endpoints: list("vpc-endpoint"),
    internetGateway: list("internet-gateway")[0],
    instances: list("instance"),
    interfaces: new Map(interfaces.map((one) => [one.id, one])),
    interfaceByIp: new Map(interfaces.map((one) => [one.privateIpAddress, one])),
  };
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
