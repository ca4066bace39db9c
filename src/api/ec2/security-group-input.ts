/** The permissions of calls on security groups: as a list, and in the flat parameters of older clients. */

import type { AuthorizeSecurityGroupIngressRequest, IpPermission, SecurityGroupRuleRequest } from "@aws-sdk/client-ec2";
import { ok, type Result } from "../../base/result.ts";
import { type ApiError, fail } from "../../model/error.ts";
import type { GroupName } from "../../model/security-group.ts";
import type { PeerInput, PermissionInput, RuleUpdate } from "../../model/security-group-permission.ts";

export type FlatRule = Pick<
  AuthorizeSecurityGroupIngressRequest,
  | "IpPermissions"
  | "IpProtocol"
  | "FromPort"
  | "ToPort"
  | "CidrIp"
  | "SourceSecurityGroupName"
  | "SourceSecurityGroupOwnerId"
>;

/** Fails with InvalidParameterCombination for a list beside flat parameters. */
export function readPermissions(input: FlatRule): Result<readonly PermissionInput[], ApiError> {
  const listed = (input.IpPermissions ?? []).map(readPermission);
  const flat = readFlat(input);
  if (flat === undefined) return ok(listed);
  if (listed.length > 0) {
    return fail("InvalidParameterCombination", {
      message: "The parameter ipPermissions may not be used in combination with ipProtocol",
    });
  }
  return ok([flat]);
}

export function groupName(input: {
  readonly GroupId?: string | undefined;
  readonly GroupName?: string | undefined;
}): GroupName {
  return {
    ...(input.GroupId !== undefined && { groupId: input.GroupId }),
    ...(input.GroupName !== undefined && { groupName: input.GroupName }),
  };
}

/** Just one peer, or none: then the rule keeps the one it has. */
export function readRuleUpdate(
  ruleId: string,
  rule: SecurityGroupRuleRequest | undefined,
): Result<RuleUpdate, ApiError> {
  const peers: PeerInput[] = [];
  const { Description: description } = rule ?? {};
  const described = description === undefined ? {} : { description };
  if (rule?.CidrIpv4 !== undefined) peers.push({ kind: "ipv4", cidrBlock: rule.CidrIpv4, ...described });
  if (rule?.CidrIpv6 !== undefined) peers.push({ kind: "ipv6", cidrBlock: rule.CidrIpv6, ...described });
  if (rule?.PrefixListId !== undefined) {
    peers.push({ kind: "prefix-list", prefixListId: rule.PrefixListId, ...described });
  }
  if (rule?.ReferencedGroupId !== undefined) {
    peers.push({ kind: "security-group", groupId: rule.ReferencedGroupId, ...described });
  }
  const [peer, second] = peers;
  if (second !== undefined) {
    return fail("InvalidParameterCombination", {
      message:
        "Only one of cidrIp, cidrIpv6, sourcePrefixListId, or sourceSecurityGroupId can be specified for a security group rule",
    });
  }
  const traffic = { protocol: rule?.IpProtocol ?? "", ...ports(rule ?? {}) };
  if (traffic.protocol === "") return fail("MissingParameter", { parameter: "IpProtocol" });
  return ok({ ruleId, rule: peer === undefined ? { ...traffic, ...described } : { ...traffic, peer } });
}

function readPermission(permission: IpPermission): PermissionInput {
  const described = (text: string | undefined): { description?: string } =>
    text === undefined ? {} : { description: text };
  const groups = (permission.UserIdGroupPairs ?? []).map((pair): PeerInput => ({
    kind: "security-group",
    ...(pair.GroupId !== undefined && { groupId: pair.GroupId }),
    ...(pair.GroupName !== undefined && { groupName: pair.GroupName }),
    ...(pair.UserId !== undefined && { accountId: pair.UserId }),
    ...described(pair.Description),
  }));
  const lists = (permission.PrefixListIds ?? []).map((one): PeerInput => ({
    kind: "prefix-list",
    prefixListId: one.PrefixListId ?? "",
    ...described(one.Description),
  }));
  const ipv4 = (permission.IpRanges ?? []).map((one): PeerInput => ({
    kind: "ipv4",
    cidrBlock: one.CidrIp ?? "",
    ...described(one.Description),
  }));
  const ipv6 = (permission.Ipv6Ranges ?? []).map((one): PeerInput => ({
    kind: "ipv6",
    cidrBlock: one.CidrIpv6 ?? "",
    ...described(one.Description),
  }));
  return {
    protocol: permission.IpProtocol ?? "-1",
    ...ports(permission),
    peers: [...ipv4, ...ipv6, ...groups, ...lists],
  };
}

function readFlat(input: FlatRule): PermissionInput | undefined {
  const { IpProtocol: protocol, CidrIp: cidrBlock, SourceSecurityGroupName: groupName } = input;
  if (protocol === undefined && cidrBlock === undefined && groupName === undefined) return undefined;
  const owner = input.SourceSecurityGroupOwnerId;
  const group: PeerInput[] =
    groupName === undefined
      ? []
      : [{ kind: "security-group", groupName, ...(owner !== undefined && { accountId: owner }) }];
  return {
    protocol: protocol ?? "-1",
    ...ports(input),
    peers: [...(cidrBlock === undefined ? [] : [{ kind: "ipv4", cidrBlock } as const]), ...group],
  };
}

function ports(input: { readonly FromPort?: number | undefined; readonly ToPort?: number | undefined }): {
  fromPort?: number;
  toPort?: number;
} {
  return {
    ...(input.FromPort !== undefined && { fromPort: input.FromPort }),
    ...(input.ToPort !== undefined && { toPort: input.ToPort }),
  };
}
