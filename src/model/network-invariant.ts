/** The invariants of what filters and addresses packets: groups, ACLs, interfaces, Elastic IPs, gateways. */

import { parseIp } from "../base/ip.ts";
import { containsIp, containsPrefix, overlaps } from "../base/prefix.ts";
import { storedPrefix } from "./cidr.ts";
import type { ElasticIp } from "./elastic-ip.ts";
import type { NatGateway } from "./nat-gateway.ts";
import type { NetworkAcl } from "./network-acl.ts";
import { type NetworkInterface, privateAddressesOf } from "./network-interface.ts";
import { ruleKey, rulesOfGroup, type SecurityGroupRule } from "./security-group-rule.ts";
import type { SecurityGroup } from "./security-group.ts";
import { all, type Documents, find, findBy, type Kind, type State } from "./state.ts";
import type { Subnet } from "./subnet.ts";
import type { Vpc } from "./vpc.ts";

/** A sentence for each broken invariant; none for a sound state. */
export function brokenNetworkInvariants(state: State): readonly string[] {
  const each = <K extends Kind>(kind: K, claimsOf: (document: Documents[K]) => Claims): readonly string[] =>
    [...all(state, kind)].flatMap((document) =>
      Object.entries(claimsOf(document)).flatMap(([claim, holds]) =>
        holds ? [] : [`${document.id}: not true that ${claim}`],
      ),
    );
  return [
    ...each("vpc", (it) => vpcClaims(state, it)),
    ...each("subnet", (it) => subnetClaims(state, it)),
    ...each("security-group", (it) => groupClaims(state, it)),
    ...each("security-group-rule", (it) => ruleClaims(state, it)),
    ...each("network-acl", (it) => aclClaims(state, it)),
    ...each("network-interface", (it) => interfaceClaims(state, it)),
    ...each("elastic-ip", (it) => addressClaims(state, it)),
    ...each("natgateway", (it) => gatewayClaims(state, it)),
  ];
}

type Claims = Readonly<Record<string, boolean>>;

function vpcClaims(state: State, vpc: Vpc): Claims {
  const groups = findBy(state, "security-group", "vpcId", vpc.id);
  const blocks = [...vpc.cidrBlocks, ...vpc.ipv6CidrBlocks].map((one) => storedPrefix(one.cidrBlock));
  return {
    "it has just one default network ACL":
      findBy(state, "network-acl", "vpcId", vpc.id).filter((acl) => acl.isDefault).length === 1,
    "it has just one default security group": groups.filter((group) => group.name === "default").length === 1,
    "no two of its groups have one name": new Set(groups.map((group) => group.name)).size === groups.length,
    "its blocks do not overlap": !blocks.some((one, at) => blocks.slice(at + 1).some((other) => overlaps(one, other))),
  };
}

function subnetClaims(state: State, subnet: Subnet): Claims {
  const vpc = find(state, "vpc", subnet.vpcId);
  const inVpc = subnet.ipv6CidrBlocks.every((block) =>
    (vpc?.ipv6CidrBlocks ?? []).some((one) =>
      containsPrefix(storedPrefix(one.cidrBlock), storedPrefix(block.cidrBlock)),
    ),
  );
  return {
    "it has just one network ACL": findBy(state, "network-acl", "subnetId", subnet.id).length === 1,
    "its IPv6 block is one of its VPC's": inVpc,
  };
}

function groupClaims(state: State, group: SecurityGroup): Claims {
  const keys = rulesOfGroup(state, group.id).map(ruleKey);
  return {
    "its VPC exists": find(state, "vpc", group.vpcId) !== undefined,
    "no two of its rules say the same": new Set(keys).size === keys.length,
  };
}

function ruleClaims(state: State, rule: SecurityGroupRule): Claims {
  const { peer } = rule;
  return {
    "its group exists": find(state, "security-group", rule.groupId) !== undefined,
    "the group that it names exists, or was across a peering":
      peer.kind !== "security-group" ||
      peer.peering !== undefined ||
      find(state, "security-group", peer.groupId) !== undefined,
  };
}

function aclClaims(state: State, acl: NetworkAcl): Claims {
  const numbers = acl.entries.map((one) => `${one.isEgress} ${one.ruleNumber}`);
  return {
    "its VPC exists": find(state, "vpc", acl.vpcId) !== undefined,
    "its subnets are of its VPC": acl.associations.every(
      (one) => find(state, "subnet", one.subnetId)?.vpcId === acl.vpcId,
    ),
    "no two of its entries have one number": new Set(numbers).size === numbers.length,
  };
}

function interfaceClaims(state: State, one: NetworkInterface): Claims {
  const subnet = find(state, "subnet", one.subnetId);
  const inBlock = (text: string, block: string): boolean => {
    const ip = parseIp(text);
    return ip !== undefined && containsIp(storedPrefix(block), ip);
  };
  const siblings = findBy(state, "network-interface", "subnetId", one.subnetId).filter((other) => other.id !== one.id);
  const taken = new Set(siblings.flatMap((other) => [...privateAddressesOf(other), ...other.ipv6Addresses]));
  const own = [...privateAddressesOf(one), ...one.ipv6Addresses];
  return {
    "its groups are of its VPC": one.securityGroupIds.every(
      (id) => find(state, "security-group", id)?.vpcId === one.vpcId,
    ),
    "nobody else has one of its addresses": own.every((ip) => !taken.has(ip)) && new Set(own).size === own.length,
    "its private addresses are of its subnet":
      subnet !== undefined && privateAddressesOf(one).every((ip) => inBlock(ip, subnet.cidrBlock ?? "0.0.0.0/32")),
    "its IPv6 addresses are of its subnet": one.ipv6Addresses.every((ip) =>
      (subnet?.ipv6CidrBlocks ?? []).some((block) => inBlock(ip, block.cidrBlock)),
    ),
    "the NAT gateway that it was made for has it":
      one.requester?.kind !== "nat-gateway" ||
      find(state, "natgateway", one.requester.natGatewayId)?.networkInterfaceId === one.id,
  };
}

function addressClaims(state: State, address: ElasticIp): Claims {
  const { association, publicIp } = address;
  const holder = association && find(state, "network-interface", association.networkInterfaceId);
  const isPrimary = holder !== undefined && association?.privateIpAddress === holder.privateIpAddress;
  const shown = findBy(state, "network-interface", "publicIpAddress", publicIp).map((one) => one.id);
  return {
    "nobody else has its address": findBy(state, "elastic-ip", "publicIp", publicIp).length === 1,
    "what it stands for is there":
      association === undefined ||
      (holder !== undefined && privateAddressesOf(holder).includes(association.privateIpAddress)),
    "just the interface whose primary address it stands for shows it": isPrimary
      ? shown.length === 1 && shown[0] === holder.id
      : shown.length === 0,
  };
}

function gatewayClaims(state: State, gateway: NatGateway): Claims {
  const holder = find(state, "network-interface", gateway.networkInterfaceId);
  const isLive = gateway.state !== "deleted";
  const privates = gateway.addresses.map((one) => one.privateIp);
  const elastic = gateway.addresses.flatMap((one) => one.elastic ?? []);
  return {
    "it has its interface just while it lives": isLive === (holder !== undefined),
    "its interface has its addresses":
      holder === undefined || privateAddressesOf(holder).join(" ") === privates.join(" "),
    "its Elastic IPs stand for its interface":
      !isLive ||
      elastic.every(
        (one) => find(state, "elastic-ip", one.allocationId)?.association?.networkInterfaceId === holder?.id,
      ),
  };
}
