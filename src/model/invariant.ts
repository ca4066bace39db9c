/**
 * What must be true of every state, as a question: which of the model's invariants does this one break? The verbs keep
 * them; tests and whoever reads a state from elsewhere ask here.
 */

import { parseIp } from "../base/ip.ts";
import { containsIp, overlaps } from "../base/prefix.ts";
import { parsePolicy } from "../policy/parse.ts";
import { storedPrefix } from "./cidr.ts";
import type { VpcEndpointService } from "./endpoint-service.ts";
import type { Instance } from "./instance.ts";
import { brokenNetworkInvariants } from "./network-invariant.ts";
import { type NetworkInterface, publicBlock } from "./network-interface.ts";
import { formatDestination, routesOf } from "./route.ts";
import type { RouteTable } from "./route-table.ts";
import { all, find, findBy, type State } from "./state.ts";
import { isIpv6Native, isReservedAddress, type Subnet } from "./subnet.ts";
import type { GatewayVpcEndpoint, PrivateVpcEndpoint, VpcEndpoint } from "./vpc-endpoint.ts";
import { brokenSurroundingInvariants } from "./surrounding-invariant.ts";
import type { Volume } from "./volume.ts";
import { type Vpc, vpcBlockHolding } from "./vpc.ts";

/** A sentence for each broken invariant; none for a sound state. */
export function brokenInvariants(state: State): readonly string[] {
  return [
    ...each(state, "vpc", brokenVpc),
    ...each(state, "subnet", brokenSubnet),
    ...each(state, "route-table", brokenTable),
    ...each(state, "network-interface", brokenInterface),
    ...each(state, "instance", brokenInstance),
    ...each(state, "volume", brokenVolume),
    ...each(state, "vpc-endpoint", brokenEndpoint),
    ...each(state, "vpc-endpoint-service", brokenService),
    ...brokenNetworkInvariants(state),
    ...brokenSurroundingInvariants(state),
  ];
}

type Claims = Readonly<Record<string, boolean>>;

type Checked = {
  readonly vpc: Vpc;
  readonly subnet: Subnet;
  readonly "route-table": RouteTable;
  readonly "network-interface": NetworkInterface;
  readonly instance: Instance;
  readonly volume: Volume;
  readonly "vpc-endpoint": VpcEndpoint;
  readonly "vpc-endpoint-service": VpcEndpointService;
};

function each<K extends keyof Checked>(
  state: State,
  kind: K,
  claimsOf: (state: State, document: Checked[K]) => Claims,
): readonly string[] {
  return [...all(state, kind)].flatMap((document) => {
    // The kinds of `Checked` have in `Documents` the same types.
    const claims = claimsOf(state, document as unknown as Checked[K]);
    const broken = Object.keys(claims).filter((claim) => claims[claim] === false);
    return broken.map((claim) => `${document.id}: not true that ${claim}`);
  });
}

function brokenVpc(state: State, vpc: Vpc): Claims {
  const mains = findBy(state, "route-table", "vpcId", vpc.id).flatMap((table) =>
    table.associations.filter((one) => one.kind === "main"),
  );
  return {
    "it has just one main route table": mains.length === 1,
    "it has at most one internet gateway": findBy(state, "internet-gateway", "vpcId", vpc.id).length <= 1,
    "it has at most one egress-only internet gateway":
      findBy(state, "egress-only-internet-gateway", "vpcId", vpc.id).length <= 1,
    "it has a primary block": vpc.cidrBlocks.length > 0,
  };
}

function brokenSubnet(state: State, subnet: Subnet): Claims {
  const vpc = find(state, "vpc", subnet.vpcId);
  const blocks = [subnet, ...subnet.ipv6CidrBlocks].flatMap(({ cidrBlock }) => cidrBlock ?? []).map(storedPrefix);
  const [block] = subnet.cidrBlock === undefined ? [] : blocks;
  const siblings = findBy(state, "subnet", "vpcId", subnet.vpcId).filter((one) => one.id !== subnet.id);
  return {
    "its VPC exists": vpc?.accountId === subnet.accountId,
    "it has a block": blocks.length > 0,
    "it lies in a block of its VPC":
      vpc !== undefined && (block === undefined || vpcBlockHolding(vpc, block) !== undefined),
    "it overlaps no other subnet": !siblings.some((one) =>
      [one, ...one.ipv6CidrBlocks].some(
        ({ cidrBlock }) => cidrBlock !== undefined && blocks.some((own) => overlaps(storedPrefix(cidrBlock), own)),
      ),
    ),
    "without IPv4 its interfaces get IPv6": !isIpv6Native(subnet) || subnet.assignIpv6AddressOnCreation,
    "without IPv4 it gives no public addresses": !isIpv6Native(subnet) || !subnet.mapPublicIpOnLaunch,
    "it has at most one route table": findBy(state, "route-table", "subnetId", subnet.id).length <= 1,
  };
}

function brokenTable(state: State, table: RouteTable): Claims {
  const destinations = routesOf(state, table).map((route) => formatDestination(route.destination));
  const subnetIds = table.associations.flatMap((one) => (one.kind === "subnet" ? [one.subnetId] : []));
  return {
    "its VPC exists": find(state, "vpc", table.vpcId) !== undefined,
    "its subnets are of its VPC": subnetIds.every((id) => find(state, "subnet", id)?.vpcId === table.vpcId),
    "no two routes have one destination": new Set(destinations).size === destinations.length,
    "no route of a gateway endpoint is stored": table.routes.every(
      ({ target }) =>
        target.kind !== "vpc-endpoint" || find(state, "vpc-endpoint", target.vpcEndpointId)?.kind !== "Gateway",
    ),
  };
}

function brokenInterface(state: State, one: NetworkInterface): Claims {
  const subnet = find(state, "subnet", one.subnetId);
  const { privateIpAddress } = one;
  const ip = privateIpAddress === undefined ? undefined : parseIp(privateIpAddress);
  const block = subnet?.cidrBlock === undefined ? undefined : storedPrefix(subnet.cidrBlock);
  const publicIp = one.publicIpAddress === undefined ? undefined : parseIp(one.publicIpAddress);
  const same = findBy(state, "network-interface", "subnetId", one.subnetId).filter(
    (other) => other.privateIpAddress === privateIpAddress,
  );
  const holders = findBy(state, "network-interface", "publicIpAddress", one.publicIpAddress ?? "");
  const { attachment } = one;
  const holder = attachment && find(state, "instance", attachment.instanceId);
  return {
    "its subnet is of its VPC": subnet?.vpcId === one.vpcId,
    "it has a private address just where its subnet has IPv4": (ip === undefined) === (block === undefined),
    "its address is one to be given out":
      ip === undefined || (block !== undefined && containsIp(block, ip) && !isReservedAddress(block, ip)),
    "nobody else has its address": ip === undefined || same.length === 1,
    "without a private address it has one of IPv6": ip !== undefined || one.ipv6Addresses.length > 0,
    "without a private address it has neither others nor a public one":
      ip !== undefined || (one.secondaryPrivateIpAddresses.length === 0 && publicIp === undefined),
    "nobody else has its public address": one.publicIpAddress === undefined || holders.length === 1,
    "its public address is of the public block": publicIp === undefined || containsIp(publicBlock, publicIp),
    "its instance knows it": attachment === undefined || holder?.networkInterfaceIds.includes(one.id) === true,
  };
}

function brokenInstance(state: State, instance: Instance): Claims {
  const gone = instance.state === "terminated";
  const ids = instance.networkInterfaceIds;
  return {
    "it has interfaces just while it lives": gone === (ids.length === 0),
    "its interfaces know it": ids.every(
      (id) => find(state, "network-interface", id)?.attachment?.instanceId === instance.id,
    ),
    "its subnet exists while it lives": gone || find(state, "subnet", instance.subnetId) !== undefined,
  };
}

function brokenVolume(state: State, { attachment }: Volume): Claims {
  const holder = attachment && find(state, "instance", attachment.instanceId);
  return {
    "it is attached to an instance that lives":
      attachment === undefined || (holder !== undefined && holder.state !== "terminated"),
  };
}

function brokenEndpoint(state: State, endpoint: VpcEndpoint): Claims {
  const vpc = { "its VPC exists": find(state, "vpc", endpoint.vpcId) !== undefined };
  return { ...vpc, ...(endpoint.kind === "Gateway" ? brokenGateway(state, endpoint) : brokenPrivate(state, endpoint)) };
}

function brokenGateway(state: State, endpoint: GatewayVpcEndpoint): Claims {
  const tables = endpoint.routeTableIds.map((id) => find(state, "route-table", id));
  const rivals = endpoint.routeTableIds.flatMap((id) =>
    findBy(state, "vpc-endpoint", "routeTableId", id).filter((one) => one.serviceName === endpoint.serviceName),
  );
  return {
    "its route tables are of its VPC": tables.every((table) => table?.vpcId === endpoint.vpcId),
    "no table is named twice": new Set(endpoint.routeTableIds).size === endpoint.routeTableIds.length,
    "no other endpoint of its service uses its tables": rivals.every((one) => one.id === endpoint.id),
    "its policy can be evaluated": parsePolicy(endpoint.policyDocument, "gateway-endpoint").ok,
  };
}

function brokenPrivate(state: State, endpoint: PrivateVpcEndpoint): Claims {
  const subnets = endpoint.attachments.map((one) => find(state, "subnet", one.subnetId));
  const zones = endpoint.attachments.map((one) => one.zoneName);
  const groups = endpoint.kind === "Interface" ? endpoint.securityGroupIds : [];
  const interfaces = endpoint.attachments.map((one) => find(state, "network-interface", one.networkInterfaceId));
  return {
    "its subnets are of its VPC": subnets.every((subnet) => subnet?.vpcId === endpoint.vpcId),
    "it is once in a zone": new Set(zones).size === zones.length,
    "its interfaces are where it says": interfaces.every(
      (held, at) => held?.subnetId === endpoint.attachments[at]?.subnetId && isFor(held, endpoint),
    ),
    "its groups are of its VPC": groups.every((id) => find(state, "security-group", id)?.vpcId === endpoint.vpcId),
    "its interfaces have its groups": interfaces.every(
      (held) => held?.securityGroupIds.join() === groups.join() || endpoint.kind === "GatewayLoadBalancer",
    ),
    "its policy can be evaluated":
      endpoint.kind === "GatewayLoadBalancer" || parsePolicy(endpoint.policyDocument, "interface-endpoint").ok,
  };
}

function isFor(held: NetworkInterface | undefined, endpoint: PrivateVpcEndpoint): boolean {
  return held?.requester?.kind === "vpc-endpoint" && held.requester.vpcEndpointId === endpoint.id;
}

function brokenService(state: State, service: VpcEndpointService): Claims {
  const balancers = service.loadBalancerArns.map((arn) => find(state, "load-balancer", arn));
  const kind = service.kind === "Interface" ? "network" : "gateway";
  return {
    "it has load balancers": balancers.length > 0,
    "its load balancers are of its kind": balancers.every((one) => one?.kind === kind),
    "nobody is allowed twice":
      new Set(service.permissions.map((one) => one.principal)).size === service.permissions.length,
  };
}
