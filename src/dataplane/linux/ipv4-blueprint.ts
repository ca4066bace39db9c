/** What is left of a blueprint on a kernel without IPv6: all of IPv4, as if the VPCs had no other blocks. */

import { widthOf } from "../../base/ip.ts";
import type { Blueprint, GroupRuleBlueprint, HostBlueprint, VpcBlueprint } from "../../plan/blueprint.ts";

export function withoutIpv6(blueprint: Blueprint): Blueprint {
  return {
    ...blueprint,
    internetCidrs: blueprint.internetCidrs.filter(isIpv4),
    vpcs: blueprint.vpcs.map(vpcWithoutIpv6),
  };
}

/** The same object for the same VPC, so that what did not change is seen not to have. */
function vpcWithoutIpv6(vpc: VpcBlueprint): VpcBlueprint {
  if (vpc.cidrBlocks.every(isIpv4)) return vpc;
  const known = memo.get(vpc) ?? fresh(vpc);
  memo.set(vpc, known);
  return known;
}

const memo = new WeakMap<VpcBlueprint, VpcBlueprint>();

function fresh(whole: VpcBlueprint): VpcBlueprint {
  const { egressOnlyGateway: _, ...vpc } = whole;
  return {
    ...vpc,
    cidrBlocks: vpc.cidrBlocks.filter(isIpv4),
    resolverIps: vpc.resolverIps.filter(isIpv4),
    nameServers: vpc.nameServers.filter(isIpv4),
    routeTables: vpc.routeTables.map((table) => ({
      ...table,
      routes: table.routes.filter(({ cidrBlock }) => isIpv4(cidrBlock)),
    })),
    endpoints: vpc.endpoints.map((one) => ({ ...one, cidrBlocks: one.cidrBlocks.filter(isIpv4) })),
    securityGroups: vpc.securityGroups.map((group) => ({
      ...group,
      members: group.members.filter(isIpv4),
      ingress: group.ingress.flatMap(ruleWithoutIpv6),
      egress: group.egress.flatMap(ruleWithoutIpv6),
    })),
    networkAcls: vpc.networkAcls.map((acl) => ({
      ...acl,
      ingress: acl.ingress.filter(({ cidrBlock }) => isIpv4(cidrBlock)),
      egress: acl.egress.filter(({ cidrBlock }) => isIpv4(cidrBlock)),
    })),
    hosts: vpc.hosts.map((host): HostBlueprint => ({ ...host, ips: host.ips.filter(isIpv4) })),
    peers: vpc.peers.map((peer) => ({ ...peer, hasIpv6: false })),
    endpointInterfaces: vpc.endpointInterfaces.map((one) => ({ ...one, ips: one.ips.filter(isIpv4) })),
  };
}

function ruleWithoutIpv6(rule: GroupRuleBlueprint): readonly GroupRuleBlueprint[] {
  const { peer } = rule;
  switch (peer.kind) {
    case "cidr":
      return isIpv4(peer.cidrBlock) ? [rule] : [];
    case "group":
      return [rule];
    case "prefix-list":
      return [{ ...rule, peer: { ...peer, cidrBlocks: peer.cidrBlocks.filter(isIpv4) } }];
  }
}

/** Of an address or a block. */
function isIpv4(text: string): boolean {
  return widthOf(text) === 32;
}
