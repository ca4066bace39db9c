/** Builds states for tests by the real verbs, with seeded ids: the same calls give the same state. */

import { makeId } from "../src/base/id.ts";
import { createBucket, putBucketPolicy } from "../src/model/bucket.ts";
import { allocateAddress, releaseAddress } from "../src/model/elastic-ip.ts";
import { textOf } from "../src/model/error.ts";
import { runInstances, terminateInstances } from "../src/model/instance.ts";
import {
  attachNetworkInterface,
  createNetworkInterface,
  modifyNetworkInterfaceAttribute,
} from "../src/model/interface-attachment.ts";
import { attachInternetGateway, createInternetGateway, detachInternetGateway } from "../src/model/internet-gateway.ts";
import { createNatGateway, deleteNatGateway } from "../src/model/nat-gateway.ts";
import { allAddressesOf, type NetworkInterface } from "../src/model/network-interface.ts";
import { createOnPremisesHost, type OnPremisesHost } from "../src/model/on-premises-host.ts";
import { createRoute, deleteRoute, type DestinationInput, type TargetInput } from "../src/model/route.ts";
import {
  associateRouteTable,
  createRouteTable,
  deleteRouteTable,
  disassociateRouteTable,
  mainRouteTableOf,
} from "../src/model/route-table.ts";
import { createSecurityGroup } from "../src/model/security-group.ts";
import { authorizeSecurityGroup } from "../src/model/security-group-permission.ts";
import { apply, emptyState, find, type State } from "../src/model/state.ts";
import { createSubnet } from "../src/model/subnet.ts";
import { type Context, type Outcome, type Settings, usualSettings } from "../src/model/verb.ts";
import { createVpc, modifyVpcAttribute, type VpcAttribute } from "../src/model/vpc.ts";
import {
  acceptVpcPeeringConnection,
  createVpcPeeringConnection,
  deleteVpcPeeringConnection,
} from "../src/model/vpc-peering.ts";
import {
  createVpcEndpoint,
  deleteVpcEndpoints,
  type DnsRecordIpType,
  type EndpointIpAddressType,
  modifyVpcEndpoint,
} from "../src/model/vpc-endpoint.ts";
import { createVpnConnection, createVpnConnectionRoute } from "../src/model/vpn-connection.ts";
import { attachVpnGateway, createCustomerGateway, createVpnGateway } from "../src/model/vpn-gateway.ts";

export type RegionBuilder = ReturnType<typeof regionBuilder>;

/** Random hexadecimal digits that are the same for the same seed (mulberry32). */
export function seededHex(seed: number): (digits: number) => string {
  let at = seed >>> 0;
  const next = (): number => {
    at = (at + 0x6d2b79f5) >>> 0;
    let word = Math.imul(at ^ (at >>> 15), at | 1);
    word ^= word + Math.imul(word ^ (word >>> 7), word | 61);
    return (word ^ (word >>> 14)) >>> 0;
  };
  return (digits) => Array.from({ length: digits }, () => (next() >>> 28).toString(16)).join("");
}

export interface BuilderOptions {
  readonly seed?: number;
  readonly region?: string;
  /** Absent for AWS's. */
  readonly quotas?: Settings["quotas"];
  /** How long passing states last; absent for no time. */
  readonly transitionMs?: number;
}

export function regionBuilder(options: BuilderOptions = {}) {
  let state: State = emptyState;
  let context = firstContext(options);

  function run<I, V>(verb: Verb<I, V>, input: I): V {
    const outcome = verb(state, input, context);
    if (!outcome.ok) throw new Error(`${verb.name}: ${outcome.error.code}: ${textOf(outcome.error)}`);
    if (outcome.value.changes.length > 0) state = apply(state, outcome.value.changes);
    return outcome.value.value;
  }

  return {
    run,
    /** What a verb would do; nothing changes. */
    attempt: <I, V>(verb: Verb<I, V>, input: I): Outcome<V> => verb(state, input, context),
    state: (): State => state,
    rewind: (to: State): State => (state = to),
    /** Lets time go by; what is due then moves on with the verb `settle`. */
    pass: (ms: number): void => {
      context = { ...context, nowMs: context.nowMs + ms };
    },
    vpc: (cidrBlock: string): string => run(createVpc, { cidrBlock, tags: [] }).id,
    attribute: (vpcId: string, attribute: VpcAttribute, value: boolean): void =>
      run(modifyVpcAttribute, { vpcId, attribute, value }),
    subnet: (vpcId: string, cidrBlock: string): string => run(createSubnet, { vpcId, cidrBlock, tags: [] }).id,
    mainTable: (vpcId: string): string => mainRouteTableOf(state, vpcId).id,
    /** A route table, associated with the subnets. */
    table: (vpcId: string, ...subnetIds: string[]): string => {
      const { id } = run(createRouteTable, { vpcId, tags: [] });
      for (const subnetId of subnetIds) run(associateRouteTable, { routeTableId: id, subnetId });
      return id;
    },
    gateway: (vpcId: string): string => makeGateway(run, vpcId),
    detach: (internetGatewayId: string, vpcId: string): void =>
      run(detachInternetGateway, { internetGatewayId, vpcId }),
    attach: (internetGatewayId: string, vpcId: string): void =>
      run(attachInternetGateway, { internetGatewayId, vpcId }),
    /** Deletes a table with its associations; of a main table its routes alone. */
    dropTable: (routeTableId: string): void => dropTable({ run, state: () => state }, routeTableId),
    /** The target is told from the id. */
    route: (routeTableId: string, cidrBlock: string, targetId: string): void =>
      run(createRoute, { routeTableId, destination: destinationOf(cidrBlock), target: targetOf(targetId) }),
    unroute: (routeTableId: string, cidrBlock: string): void =>
      run(deleteRoute, { routeTableId, destination: destinationOf(cidrBlock) }),
    endpoint: (vpcId: string, service: "s3" | "dynamodb", ...routeTableIds: string[]): string =>
      run(createVpcEndpoint, {
        type: "Gateway",
        vpcId,
        serviceName: `com.amazonaws.${context.region}.${service}`,
        ...tableChanges(routeTableIds, []).add,
        tags: [],
      }).id,
    interfaceEndpoint: (vpcId: string, service: string, wish: InterfaceEndpointWish): string =>
      makeInterfaceEndpoint(run, context.region, { vpcId, service, wish }),
    /** Gives an interface other security groups. */
    regroup: (networkInterfaceId: string, ...securityGroupIds: string[]): unknown =>
      run(modifyNetworkInterfaceAttribute, { networkInterfaceId, securityGroupIds }),
    /** Puts an endpoint on route tables and takes it off others. */
    reroute: (vpcEndpointId: string, addRouteTableIds: string[], removeRouteTableIds: string[] = []): unknown =>
      run(modifyVpcEndpoint, { vpcEndpointId, ...tableChanges(addRouteTableIds, removeRouteTableIds) }),
    deleteEndpoint: (vpcEndpointId: string): unknown => run(deleteVpcEndpoints, { vpcEndpointIds: [vpcEndpointId] }),
    instance: (subnetId: string, wish: LaunchWish = {}): TestInstance =>
      launch({ run, state: () => state }, subnetId, wish),
    /** A NAT gateway, public unless said otherwise, with an address of its own. */
    nat: (subnetId: string, connectivity: "public" | "private" = "public"): string =>
      makeNat(run, subnetId, connectivity),
    /** Deletes a NAT gateway and releases its address. */
    dropNat: (natGatewayId: string): void => dropNat({ run, state: () => state }, natGatewayId),
    /** A peering connection, accepted. */
    peer: (vpcId: string, peerVpcId: string): string => peer(run, vpcId, peerVpcId),
    unpeer: (vpcPeeringConnectionId: string): void => run(deleteVpcPeeringConnection, { vpcPeeringConnectionId }),
    /** A VPN gateway, attached, and a connection with these static routes. */
    vpn: (vpcId: string, ...cidrBlocks: string[]): TestVpn => makeVpn(run, vpcId, cidrBlocks),
    /** A host behind a VPN connection. */
    onPremises: (vpnConnectionId: string, name: string, ip: string): OnPremisesHost =>
      run(createOnPremisesHost, { vpnConnectionId, name, ip }),
    terminate: (instanceId: string): unknown => run(terminateInstances, { instanceIds: [instanceId] }),
    bucket: (name: string, policyDocument?: string): void => makeBucket(run, name, policyDocument),
    /** An id that names nothing. */
    ghost: <P extends string>(prefix: P): string => makeId(prefix, context.hex),
  };
}

function firstContext(options: BuilderOptions): Context {
  const { seed = 1, region = "us-east-1", transitionMs = 0, quotas = usualSettings.quotas } = options;
  return {
    nowMs: 1_700_000_000_000,
    hex: seededHex(seed),
    accountId: "000000000000",
    region,
    settings: { quotas, transitionMs },
  };
}

/** A new group of a VPC that lets everything in and out. */
export function allowAll({ run, state }: Runner, vpcId: string): string {
  const name = `open to all ${state().revision}`;
  const { id: groupId } = run(createSecurityGroup, { name, description: "-", vpcId, tags: [] });
  const peers = [
    { kind: "ipv4", cidrBlock: "0.0.0.0/0" },
    { kind: "ipv6", cidrBlock: "::/0" },
  ] as const;
  const permissions = [{ protocol: "-1", peers }];
  run(authorizeSecurityGroup, { groupId, isEgress: false, permissions, tags: [] });
  return groupId;
}

interface InterfaceEndpointWish {
  readonly subnetIds: readonly string[];
  /** Absent for the VPC's default one. */
  readonly securityGroupIds?: readonly string[];
  readonly policyDocument?: string;
  readonly privateDnsEnabled?: boolean;
  readonly inboundResolverOnly?: boolean;
  readonly ipAddressType?: EndpointIpAddressType;
  readonly dnsRecordIpType?: DnsRecordIpType;
}

function makeInterfaceEndpoint(
  run: Runner["run"],
  region: string,
  { vpcId, service, wish }: { readonly vpcId: string; readonly service: string; readonly wish: InterfaceEndpointWish },
): string {
  const { subnetIds, securityGroupIds = [], ...options } = wish;
  const made = run(createVpcEndpoint, {
    type: "Interface",
    vpcId,
    serviceName: `com.amazonaws.${region}.${service}`,
    routeTableIds: [],
    subnets: subnetIds.map((subnetId) => ({ subnetId })),
    securityGroupIds,
    ...options,
    tags: [],
  });
  return made.id;
}

function tableChanges(add: readonly string[], remove: readonly string[]) {
  return {
    add: { routeTableIds: add, subnets: [], securityGroupIds: [] },
    remove: { routeTableIds: remove, subnetIds: [], securityGroupIds: [] },
  };
}

type Verb<I, V> = (state: State, input: I, context: Context) => Outcome<V>;

interface Runner {
  /** Runs a verb; throws where it fails. */
  readonly run: <I, V>(verb: Verb<I, V>, input: I) => V;
  readonly state: () => State;
}

interface LaunchWish {
  readonly publicIp?: boolean;
  readonly name?: string;
  /** Absent for one of the Nitro System, as subnets of IPv6 alone demand. */
  readonly instanceType?: string;
}

function launch({ run, state }: Runner, subnetId: string, wish: LaunchWish): TestInstance {
  const [instance] = run(runInstances, {
    imageId: "ami-0abcdef1234567890",
    instanceType: wish.instanceType ?? "t3.micro",
    minCount: 1,
    maxCount: 1,
    primary: { subnetId, associatePublicIpAddress: wish.publicIp ?? false, securityGroupIds: [] },
    instanceTags: wish.name === undefined ? [] : [{ key: "Name", value: wish.name }],
    interfaceTags: [],
  });
  const holder = find(state(), "network-interface", instance?.networkInterfaceIds[0] ?? "");
  if (instance === undefined || holder === undefined) throw new Error("no instance was launched");
  return { id: instance.id, eni: holder.id, ip: firstAddressOf(holder), publicIp: holder.publicIpAddress };
}

function makeBucket(run: Runner["run"], name: string, policyDocument: string | undefined): void {
  run(createBucket, { name, tags: [] });
  if (policyDocument === undefined) return;
  run((now: State, document: string) => putBucketPolicy(now, name, document), policyDocument);
}

/** Another interface of an instance, on any subnet of its zone. */
export function secondInterface(
  { run }: Pick<RegionBuilder, "run">,
  { id: instanceId }: TestInstance,
  subnetId: string,
  deviceIndex = 1,
): { readonly id: string; readonly ip: string } {
  const lists = { securityGroupIds: [], secondaryPrivateIpAddresses: [], ipv6Addresses: [] };
  const made = run(createNetworkInterface, { subnetId, ...lists, tags: [] });
  const { id } = made;
  run(attachNetworkInterface, { networkInterfaceId: id, instanceId, deviceIndex });
  return { id, ip: firstAddressOf(made) };
}

/** Its private address, or where it has IPv6 alone the first of that. */
function firstAddressOf(holder: NetworkInterface): string {
  const [ip] = allAddressesOf(holder);
  if (ip === undefined) throw new Error(`${holder.id} has no address`);
  return ip;
}

/** An internet gateway, attached. */
function makeGateway(run: Runner["run"], vpcId: string): string {
  const { id } = run(createInternetGateway, { tags: [] });
  run(attachInternetGateway, { internetGatewayId: id, vpcId });
  return id;
}

function peer(run: Runner["run"], vpcId: string, peerVpcId: string): string {
  const { id } = run(createVpcPeeringConnection, { vpcId, peerVpcId, tags: [] });
  run(acceptVpcPeeringConnection, { vpcPeeringConnectionId: id });
  return id;
}

export interface TestVpn {
  readonly vpnGatewayId: string;
  readonly vpnConnectionId: string;
}

function makeVpn(run: Runner["run"], vpcId: string, cidrBlocks: readonly string[]): TestVpn {
  const { id: vpnGatewayId } = run(createVpnGateway, { tags: [] });
  run(attachVpnGateway, { vpnGatewayId, vpcId });
  const { id: customerGatewayId } = run(createCustomerGateway, { ipAddress: "198.51.100.200", tags: [] });
  const wish = { customerGatewayId, vpnGatewayId, staticRoutesOnly: true, tunnels: [], tags: [] };
  const { id: vpnConnectionId } = run(createVpnConnection, wish);
  for (const destinationCidrBlock of cidrBlocks)
    run(createVpnConnectionRoute, { vpnConnectionId, destinationCidrBlock });
  return { vpnGatewayId, vpnConnectionId };
}

function makeNat(run: Runner["run"], subnetId: string, connectivity: "public" | "private"): string {
  const allocation = connectivity === "public" ? { allocationId: run(allocateAddress, { tags: [] }).id } : {};
  const secondary = { secondaryAllocationIds: [], secondaryPrivateIpAddresses: [] };
  return run(createNatGateway, { subnetId, connectivity, ...allocation, ...secondary, tags: [] }).id;
}

function dropNat({ run, state }: Runner, natGatewayId: string): void {
  const gateway = find(state(), "natgateway", natGatewayId);
  run(deleteNatGateway, { natGatewayId });
  for (const { elastic } of gateway?.addresses ?? []) {
    if (elastic !== undefined) run(releaseAddress, { allocationId: elastic.allocationId });
  }
}

function dropTable({ run, state }: Runner, routeTableId: string): void {
  const table = find(state(), "route-table", routeTableId);
  for (const { destination } of table?.routes ?? []) {
    const found = destination.kind === "cidr" ? destinationOf(destination.cidrBlock) : destination;
    run(deleteRoute, { routeTableId, destination: found });
  }
  const held = table?.associations.filter((one) => one.kind === "subnet") ?? [];
  for (const { id } of held) run(disassociateRouteTable, { associationId: id });
  if (table?.associations.some((one) => one.kind === "main") === false) run(deleteRouteTable, { routeTableId });
}

export interface TestInstance {
  readonly id: string;
  readonly eni: string;
  readonly ip: string;
  readonly publicIp: string | undefined;
}

function destinationOf(cidrBlock: string): DestinationInput {
  return { kind: "cidr", cidrBlock, ...(cidrBlock.includes(":") && { family: "ipv6" }) };
}

/** Told from the id. */
export function targetOf(id: string): TargetInput {
  if (id === "local") return { kind: "local" };
  if (id.startsWith("igw-")) return { kind: "gateway", gatewayId: id };
  if (id.startsWith("vpce-")) return { kind: "vpc-endpoint", vpcEndpointId: id };
  if (id.startsWith("eigw-")) return { kind: "egress-only-internet-gateway", egressOnlyInternetGatewayId: id };
  if (id.startsWith("nat-")) return { kind: "nat-gateway", natGatewayId: id };
  if (id.startsWith("vgw-")) return { kind: "gateway", gatewayId: id };
  if (id.startsWith("pcx-")) return { kind: "vpc-peering-connection", vpcPeeringConnectionId: id };
  if (id.startsWith("i-")) return { kind: "instance", instanceId: id };
  return { kind: "network-interface", networkInterfaceId: id };
}
