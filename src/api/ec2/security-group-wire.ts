/** Security groups and their rules as EC2 writes them. Source: EC2 API Reference, "SecurityGroup" and "SecurityGroupRule". */

import type {
  IpPermission,
  SecurityGroup as WireSecurityGroup,
  SecurityGroupRule as WireSecurityGroupRule,
} from "@aws-sdk/client-ec2";
import { unreachable } from "../../base/assert.ts";
import { ec2Arn } from "../../model/lookup.ts";
import { rulesOfGroup, type SecurityGroupPeer, type SecurityGroupRule } from "../../model/security-group-rule.ts";
import type { SecurityGroup } from "../../model/security-group.ts";
import type { State } from "../../model/state.ts";
import { protocolName, type Traffic, trafficKey } from "../../model/traffic.ts";
import { optionalTags, tagSet } from "./tag-set.ts";

export function wireGroup(state: State, group: SecurityGroup): WireSecurityGroup {
  const rules = rulesOfGroup(state, group.id);
  return {
    GroupId: group.id,
    IpPermissionsEgress: permissionsOf(rules.filter((rule) => rule.isEgress)),
    ...optionalTags(group.tags),
    VpcId: group.vpcId,
    SecurityGroupArn: ec2Arn("security-group", group.id, group),
    OwnerId: group.accountId,
    GroupName: group.name,
    Description: group.description,
    IpPermissions: permissionsOf(rules.filter((rule) => !rule.isEgress)),
  };
}

export function wireRule(rule: SecurityGroupRule): WireSecurityGroupRule {
  const { traffic, description } = rule;
  const ports = portsOf(traffic);
  return {
    SecurityGroupRuleId: rule.id,
    GroupId: rule.groupId,
    GroupOwnerId: rule.accountId,
    IsEgress: rule.isEgress,
    IpProtocol: protocolName(traffic),
    FromPort: ports?.FromPort ?? -1,
    ToPort: ports?.ToPort ?? -1,
    ...wirePeer(rule),
    ...(description !== undefined && { Description: description }),
    Tags: tagSet(rule.tags),
    SecurityGroupRuleArn: ec2Arn("security-group-rule", rule.id, rule),
  };
}

/** Rules with the same traffic are one permission; permissions in the order in which their first rule was made. */
export function permissionsOf(rules: readonly SecurityGroupRule[]): IpPermission[] {
  const byTraffic = Map.groupBy(rules, (rule) => trafficKey(rule.traffic));
  return [...byTraffic.values()].flatMap((same) => {
    const [first] = same;
    return first === undefined ? [] : [permissionOf(first.traffic, same)];
  });
}

function permissionOf(traffic: Traffic, rules: readonly SecurityGroupRule[]): IpPermission {
  const described = (rule: SecurityGroupRule): { Description?: string } =>
    rule.description === undefined ? {} : { Description: rule.description };
  const blocks = (isIpv6: boolean): readonly (readonly [string, SecurityGroupRule])[] =>
    rules.flatMap((rule) =>
      rule.peer.kind === "cidr" && rule.peer.cidrBlock.includes(":") === isIpv6
        ? [[rule.peer.cidrBlock, rule] as const]
        : [],
    );
  return {
    IpProtocol: protocolName(traffic),
    ...portsOf(traffic),
    UserIdGroupPairs: rules.flatMap((rule) =>
      rule.peer.kind === "security-group"
        ? [{ ...described(rule), UserId: rule.peer.accountId, GroupId: rule.peer.groupId, ...peeringOf(rule.peer) }]
        : [],
    ),
    IpRanges: blocks(false).map(([CidrIp, rule]) => ({ ...described(rule), CidrIp })),
    Ipv6Ranges: blocks(true).map(([CidrIpv6, rule]) => ({ ...described(rule), CidrIpv6 })),
    PrefixListIds: rules.flatMap((rule) =>
      rule.peer.kind === "prefix-list" ? [{ ...described(rule), PrefixListId: rule.peer.prefixListId }] : [],
    ),
  };
}

function wirePeer({ peer }: SecurityGroupRule): WireSecurityGroupRule {
  switch (peer.kind) {
    case "cidr":
      return peer.cidrBlock.includes(":") ? { CidrIpv6: peer.cidrBlock } : { CidrIpv4: peer.cidrBlock };
    case "prefix-list":
      return { PrefixListId: peer.prefixListId };
    case "security-group":
      return { ReferencedGroupInfo: { GroupId: peer.groupId, UserId: peer.accountId, ...peeringOf(peer) } };
  }
  return unreachable(peer);
}

function peeringOf({ peering }: SecurityGroupPeer): {
  VpcId?: string;
  VpcPeeringConnectionId?: string;
  PeeringStatus?: string;
} {
  if (peering === undefined) return {};
  const { vpcId, vpcPeeringConnectionId } = peering;
  return { VpcId: vpcId, VpcPeeringConnectionId: vpcPeeringConnectionId, PeeringStatus: "active" };
}

/** Of ICMP the type and the code stand where the ports would. */
function portsOf(traffic: Traffic): { readonly FromPort: number; readonly ToPort: number } | undefined {
  switch (traffic.kind) {
    case "ports":
      return { FromPort: traffic.fromPort, ToPort: traffic.toPort };
    case "icmp":
      return { FromPort: traffic.type, ToPort: traffic.code };
    case "all":
    case "protocol":
      return undefined;
  }
  return unreachable(traffic);
}
