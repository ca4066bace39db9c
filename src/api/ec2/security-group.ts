/** Security groups on the wire. Source: Amazon EC2 API Reference, "CreateSecurityGroup" and the operations below. */

import type {
  CreateSecurityGroupRequest,
  CreateSecurityGroupResult,
  DeleteSecurityGroupRequest,
  DeleteSecurityGroupResult,
  DescribeSecurityGroupReferencesRequest,
  DescribeSecurityGroupReferencesResult,
  DescribeSecurityGroupsRequest,
  DescribeSecurityGroupsResult,
  DescribeStaleSecurityGroupsRequest,
  DescribeStaleSecurityGroupsResult,
  GetSecurityGroupsForVpcRequest,
  GetSecurityGroupsForVpcResult,
  IpPermission,
  StaleIpPermission,
} from "@aws-sdk/client-ec2";
import { ok } from "../../base/result.ts";
import { fail } from "../../model/error.ts";
import { ec2Arn, lookup, lookupAll } from "../../model/lookup.ts";
import { createSecurityGroup, deleteSecurityGroup, type SecurityGroup } from "../../model/security-group.ts";
import { rulesOfGroup, type SecurityGroupRule } from "../../model/security-group-rule.ts";
import { find, findBy, type State } from "../../model/state.ts";
import type { Handler } from "../handler.ts";
import { action, type Actions } from "./action.ts";
import { type FilterTable, tagFilters } from "./filter.ts";
import { list } from "./listing.ts";
import { type PageBounds, pageOf } from "./page.ts";
import { groupName } from "./security-group-input.ts";
import { permissionsOf, wireGroup } from "./security-group-wire.ts";
import { optionalTags, readTagSpecifications } from "./tag-set.ts";
import { onAnything, onExisting, onNew } from "./target.ts";

const create: Handler<CreateSecurityGroupRequest, CreateSecurityGroupResult> = async (input, call) => {
  const tags = readTagSpecifications(input.TagSpecifications, ["security-group"]);
  if (!tags.ok) return tags;
  if (input.GroupName === undefined) return fail("MissingParameter", { parameter: "groupName" });
  const wanted = {
    name: input.GroupName,
    description: input.Description ?? "",
    ...(input.VpcId !== undefined && { vpcId: input.VpcId }),
    tags: tags.value["security-group"],
  };
  const made = await call.run((state, context) => createSecurityGroup(state, wanted, context));
  if (!made.ok) return made;
  return ok({
    GroupId: made.value.id,
    ...optionalTags(made.value.tags),
    SecurityGroupArn: ec2Arn("security-group", made.value.id, made.value),
  });
};

const remove: Handler<DeleteSecurityGroupRequest, DeleteSecurityGroupResult> = async (input, call) => {
  const gone = await call.run((state, context) => deleteSecurityGroup(state, groupName(input), context));
  return gone.ok ? ok({ Return: true, GroupId: gone.value }) : gone;
};

const describe: Handler<DescribeSecurityGroupsRequest, DescribeSecurityGroupsResult> = async (input, call) => {
  const state = call.state();
  const names = input.GroupNames ?? [];
  const named = findNamed(state, names, call);
  if (!named.ok) return named;
  const ids = [...(input.GroupIds ?? []), ...named.value];
  const listing = {
    kind: "security-group",
    ids,
    filters: filtersIn(state),
    indexed: { "vpc-id": "vpcId" },
  } as const;
  const page = list(listing, input, call);
  if (!page.ok) return page;
  return ok({
    SecurityGroups: page.value.items.map((group) => wireGroup(state, group)),
    NextToken: page.value.nextToken,
  });
};

/** Groups of the default VPC by name. */
function findNamed(state: State, names: readonly string[], call: Parameters<typeof describe>[1]) {
  const vpc = findBy(state, "vpc", "owner", `${call.accountId}/${call.region}`).find((one) => one.isDefault);
  const groups = vpc === undefined ? [] : findBy(state, "security-group", "vpcId", vpc.id);
  const missing = names.find((name) => !groups.some((group) => group.name === name));
  if (missing !== undefined) {
    return fail("InvalidGroup.NotFound", {
      message: `The security group '${missing}' does not exist in default VPC '${vpc?.id ?? "none"}'`,
    });
  }
  return ok(groups.filter((group) => names.includes(group.name)).map((group) => group.id));
}

const describeReferences: Handler<
  DescribeSecurityGroupReferencesRequest,
  DescribeSecurityGroupReferencesResult
> = async (input, call) => {
  const state = call.state();
  const groups = lookupAll(state, "security-group", input.GroupId ?? [], call);
  if (!groups.ok) return groups;
  const references = groups.value.flatMap((group) =>
    findBy(state, "security-group-rule", "referencedGroupId", group.id).flatMap((rule) => {
      const peering = rule.peer.kind === "security-group" ? rule.peer.peering : undefined;
      const referencing = find(state, "security-group", rule.groupId);
      if (peering === undefined || referencing === undefined) return [];
      return [
        {
          GroupId: group.id,
          ReferencingVpcId: referencing.vpcId,
          VpcPeeringConnectionId: peering.vpcPeeringConnectionId,
        },
      ];
    }),
  );
  const once = new Map(references.map((one) => [`${one.GroupId} ${one.ReferencingVpcId}`, one]));
  return ok({ SecurityGroupReferenceSet: [...once.values()] });
};

const staleBounds: PageBounds = { least: 5, most: 255, above: "refused" };

const describeStale: Handler<DescribeStaleSecurityGroupsRequest, DescribeStaleSecurityGroupsResult> = async (
  input,
  call,
) => {
  const state = call.state();
  const vpc = lookup(state, "vpc", input.VpcId ?? "", call);
  if (!vpc.ok) return vpc;
  const stale = findBy(state, "security-group", "vpcId", vpc.value.id)
    .toSorted((a, b) => (a.id < b.id ? -1 : 1))
    .flatMap((group) => {
      const rules = rulesOfGroup(state, group.id).filter((rule) => isStale(state, rule));
      return rules.length === 0 ? [] : [{ group, rules }];
    });
  const page = pageOf(stale, (one) => one.group.id, input, staleBounds);
  if (!page.ok) return page;
  return ok({
    StaleSecurityGroupSet: page.value.items.map(({ group, rules }) => ({
      Description: group.description,
      GroupId: group.id,
      GroupName: group.name,
      StaleIpPermissions: staleOf(rules.filter((rule) => !rule.isEgress)),
      StaleIpPermissionsEgress: staleOf(rules.filter((rule) => rule.isEgress)),
      VpcId: group.vpcId,
    })),
    NextToken: page.value.nextToken,
  });
};

function staleOf(rules: readonly SecurityGroupRule[]): StaleIpPermission[] {
  return permissionsOf(rules).map(({ IpProtocol, FromPort, ToPort, UserIdGroupPairs }) => ({
    ...(FromPort !== undefined && { FromPort, ToPort }),
    IpProtocol,
    IpRanges: [],
    PrefixListIds: [],
    UserIdGroupPairs,
  }));
}

/** A rule that names a group of a peer VPC which is gone, or through a connection which is. */
function isStale(state: State, { peer }: SecurityGroupRule): boolean {
  return peer.kind === "security-group" && peer.peering !== undefined && !find(state, "security-group", peer.groupId);
}

const forVpc: Handler<GetSecurityGroupsForVpcRequest, GetSecurityGroupsForVpcResult> = async (input, call) => {
  const vpc = lookup(call.state(), "vpc", input.VpcId ?? "", call);
  if (!vpc.ok) return vpc;
  const vpcFilter = { Name: "vpc-id", Values: [vpc.value.id] };
  const listing = {
    kind: "security-group",
    ids: undefined,
    filters: forVpcFilters,
    indexed: { "vpc-id": "vpcId" },
  } as const;
  const page = list(listing, { ...input, Filters: [...(input.Filters ?? []), vpcFilter] }, call);
  if (!page.ok) return page;
  return ok({
    NextToken: page.value.nextToken,
    SecurityGroupForVpcs: page.value.items.map((group) => ({
      Description: group.description,
      GroupName: group.name,
      OwnerId: group.accountId,
      GroupId: group.id,
      ...optionalTags(group.tags),
      PrimaryVpcId: group.vpcId,
    })),
  });
};

const ownFilters: FilterTable<SecurityGroup> = {
  ...tagFilters,
  description: (it) => [it.description],
  "group-id": (it) => [it.id],
  "group-name": (it) => [it.name],
  "owner-id": (it) => [it.accountId],
  "vpc-id": (it) => [it.vpcId],
};

const forVpcFilters: FilterTable<SecurityGroup> = { ...ownFilters, "primary-vpc-id": (it) => [it.vpcId] };

function filtersIn(state: State): FilterTable<SecurityGroup> {
  const permissions = (isEgress: boolean, prefix: string): FilterTable<SecurityGroup> => {
    const each =
      (pick: (permission: IpPermission) => readonly (string | number | undefined)[]) =>
      (group: SecurityGroup): readonly string[] =>
        permissionsOf(rulesOfGroup(state, group.id).filter((rule) => rule.isEgress === isEgress))
          .flatMap(pick)
          .filter((value) => value !== undefined)
          .map(String);
    const groups = (it: IpPermission) => it.UserIdGroupPairs ?? [];
    return {
      [`${prefix}.cidr`]: each((it) => (it.IpRanges ?? []).map((one) => one.CidrIp)),
      [`${prefix}.from-port`]: each((it) => [it.FromPort]),
      [`${prefix}.group-id`]: each((it) => groups(it).map((one) => one.GroupId)),
      [`${prefix}.group-name`]: each((it) =>
        groups(it).map((one) => find(state, "security-group", one.GroupId ?? "")?.name),
      ),
      [`${prefix}.ipv6-cidr`]: each((it) => (it.Ipv6Ranges ?? []).map((one) => one.CidrIpv6)),
      [`${prefix}.prefix-list-id`]: each((it) => (it.PrefixListIds ?? []).map((one) => one.PrefixListId)),
      [`${prefix}.protocol`]: each((it) => [it.IpProtocol]),
      [`${prefix}.to-port`]: each((it) => [it.ToPort]),
      [`${prefix}.user-id`]: each((it) => groups(it).map((one) => one.UserId)),
    };
  };
  return { ...ownFilters, ...permissions(false, "ip-permission"), ...permissions(true, "egress.ip-permission") };
}

export const securityGroupActions: Actions = {
  CreateSecurityGroup: action(create, (input, call) => [
    ...onNew("CreateSecurityGroup", { kind: "security-group", tagSpecifications: input.TagSpecifications }, call),
    ...onExisting("CreateSecurityGroup", "vpc", [input.VpcId], call),
  ]),
  DescribeSecurityGroups: action(describe, (_, call) => onAnything("DescribeSecurityGroups", call)),
  DeleteSecurityGroup: action(remove, (input, call) =>
    onExisting("DeleteSecurityGroup", "security-group", [input.GroupId ?? "*"], call),
  ),
  DescribeSecurityGroupReferences: action(describeReferences, (input, call) =>
    onExisting("DescribeSecurityGroupReferences", "security-group", input.GroupId ?? [], call),
  ),
  DescribeStaleSecurityGroups: action(describeStale, (_, call) => onAnything("DescribeStaleSecurityGroups", call)),
  GetSecurityGroupsForVpc: action(forVpc, (input, call) =>
    onExisting("GetSecurityGroupsForVpc", "vpc", [input.VpcId], call),
  ),
};
