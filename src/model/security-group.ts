/**
 * Security groups: the groups themselves; their rules are in `security-group-rule.ts`.
 * Source: Amazon VPC User Guide, "Security groups" and "Default security groups"; EC2 API Reference, "CreateSecurityGroup".
 */

import { assert } from "../base/assert.ts";
import { type Id, isId, makeId } from "../base/id.ts";
import { ok, type Result } from "../base/result.ts";
import { type ApiError, fail } from "./error.ts";
import { lookup, lookupAll } from "./lookup.ts";
import { quotaOf } from "./quota.ts";
import type { Resource, Tags } from "./resource.ts";
import { newRule, rulesOfGroup } from "./security-group-rule.ts";
import { type Change, countBy, findBy, groupNameKey, ownerKey, put, remove, type State } from "./state.ts";
import { checkTags } from "./tag.ts";
import { accept, type Caller, type Context, type Outcome } from "./verb.ts";
import type { Vpc } from "./vpc.ts";

export interface SecurityGroup extends Resource {
  readonly id: Id<"sg">;
  /** Once in its VPC; `default` is the VPC's own. */
  readonly name: string;
  readonly description: string;
  readonly vpcId: Id<"vpc">;
}

/** Source: Amazon VPC User Guide, "Amazon VPC quotas", Security groups. */

export interface CreateSecurityGroupInput {
  readonly name: string;
  readonly description: string;
  /** Absent for the default VPC. */
  readonly vpcId?: string;
  readonly tags: Tags;
}

/** The group with its rule for everything that goes out; fails with InvalidGroup.Duplicate or InvalidParameterValue. */
export function createSecurityGroup(
  state: State,
  input: CreateSecurityGroupInput,
  context: Context,
): Outcome<SecurityGroup> {
  const words = checkWords(input);
  if (!words.ok) return words;
  const vpc = vpcOfGroup(state, input.vpcId, context);
  if (!vpc.ok) return vpc;
  const { id: vpcId } = vpc.value;
  if (groupNamed(state, vpcId, input.name) !== undefined) {
    return fail("InvalidGroup.Duplicate", { name: input.name, vpcId });
  }
  const owner = ownerKey(context.accountId, context.region);
  if (countBy(state, "security-group", "owner", owner) >= quotaOf("securityGroupsPerRegion", context)) {
    return fail("SecurityGroupLimitExceeded", { vpcId });
  }
  const tags = checkTags(input.tags);
  if (!tags.ok) return tags;
  const { name, description } = input;
  const group = newGroup({ name, description, vpcId, tags: tags.value }, context);
  return accept(group, [put("security-group", group), ...outboundRules(group, hasIpv6(vpc.value), context)]);
}

/** What names a group: its id, or in the default VPC its name. */
export interface GroupName {
  readonly groupId?: string;
  readonly groupName?: string;
}

/** Fails with CannotDelete for a default group and with DependencyViolation while an interface or a rule names it. */
export function deleteSecurityGroup(state: State, input: GroupName, context: Context): Outcome<Id<"sg">> {
  const found = findGroup(state, input, context);
  if (!found.ok) return found;
  const { id, name } = found.value;
  if (name === "default") return fail("CannotDelete", { groupId: id, name });
  if (isHeld(state, found.value)) {
    return fail("DependencyViolation", { message: `resource ${id} has a dependent object` });
  }
  return accept(id, withoutGroup(state, id));
}

/** The caller's group; fails with InvalidGroup.NotFound or MissingParameter. */
export function findGroup(state: State, input: GroupName, caller: Caller): Result<SecurityGroup, ApiError> {
  const { groupId, groupName } = input;
  if (groupId !== undefined) return lookup(state, "security-group", groupId, caller);
  if (groupName === undefined) {
    return fail("MissingParameter", { parameter: "GroupName or GroupId" });
  }
  const vpc = defaultVpcOf(state, caller);
  const found = vpc && groupNamed(state, vpc.id, groupName);
  if (found !== undefined) return ok(found);
  return fail("InvalidGroup.NotFound", {
    message: `The security group '${groupName}' does not exist in default VPC '${vpc?.id ?? "none"}'`,
  });
}

/** The ids of the caller's groups with these names in his default VPC; fails with InvalidGroup.NotFound. */
export function groupIdsNamed(state: State, names: readonly string[], caller: Caller): Result<Id<"sg">[], ApiError> {
  const ids: Id<"sg">[] = [];
  for (const groupName of names) {
    const group = findGroup(state, { groupName }, caller);
    if (!group.ok) return group;
    ids.push(group.value.id);
  }
  return ok(ids);
}

/** The default group of a VPC and its rules, for a VPC that is being made. */
export function defaultGroupOf(vpcId: Id<"vpc">, ipv6: boolean, context: Context): readonly Change[] {
  const group = newGroup({ name: "default", description: "default VPC security group", vpcId, tags: [] }, context);
  const peer = { kind: "security-group", groupId: group.id, accountId: context.accountId } as const;
  const inbound = newRule(group.id, { isEgress: false, traffic: { kind: "all" }, peer }, context);
  return [put("security-group", group), put("security-group-rule", inbound), ...outboundRules(group, ipv6, context)];
}

/** The default group of a VPC that exists. */
export function defaultSecurityGroupOf(state: State, vpcId: string): SecurityGroup {
  const group = groupNamed(state, vpcId, "default");
  assert(group !== undefined, `${vpcId} has a default security group`);
  return group;
}

/**
 * The groups that an interface of a VPC is to have: those named, else the VPC's default one. Fails with
 * InvalidGroup.NotFound, InvalidParameter for one of another VPC, or SecurityGroupsPerInterfaceLimitExceeded.
 */
export function groupsForInterface(
  state: State,
  input: { readonly groupIds: readonly string[]; readonly vpcId: Id<"vpc">; readonly subnetId: string },
  context: Context,
): Result<readonly Id<"sg">[], ApiError> {
  const { groupIds, vpcId, subnetId } = input;
  if (groupIds.length === 0) return ok([defaultSecurityGroupOf(state, vpcId).id]);
  const groups = lookupAll(state, "security-group", groupIds, context);
  if (!groups.ok) return groups;
  const foreign = groups.value.find((one) => one.vpcId !== vpcId);
  if (foreign !== undefined) {
    return fail("InvalidParameter", {
      message: `Security group ${foreign.id} and subnet ${subnetId} belong to different networks.`,
    });
  }
  if (groups.value.length > quotaOf("securityGroupsPerInterface", context))
    return fail("SecurityGroupsPerInterfaceLimitExceeded", {});
  return ok(groups.value.map((one) => one.id));
}

/** The group of that name in a VPC, or undefined. */
function groupNamed(state: State, vpcId: string, name: string): SecurityGroup | undefined {
  return findBy(state, "security-group", "name", groupNameKey(vpcId, name))[0];
}

/** Takes a group and its rules away. */
export function withoutGroup(state: State, groupId: string): readonly Change[] {
  const rules = rulesOfGroup(state, groupId).map((rule) => remove("security-group-rule", rule.id));
  return [...rules, remove("security-group", groupId)];
}

/** The caller's default VPC in the region, or undefined. */
export function defaultVpcOf(state: State, caller: Caller): Vpc | undefined {
  return findBy(state, "vpc", "owner", ownerKey(caller.accountId, caller.region)).find((one) => one.isDefault);
}

/** Rules of other VPCs, through peering, do not hold a group: they turn stale. */
function isHeld(state: State, group: SecurityGroup): boolean {
  const rules = findBy(state, "security-group-rule", "referencedGroupId", group.id);
  const vpcOf = (groupId: string): string | undefined => state.tables["security-group"].byId.get(groupId)?.vpcId;
  return (
    findBy(state, "network-interface", "securityGroupId", group.id).length > 0 ||
    rules.some((rule) => rule.groupId !== group.id && vpcOf(rule.groupId) === group.vpcId)
  );
}

function newGroup(
  own: { readonly name: string; readonly description: string; readonly vpcId: Id<"vpc">; readonly tags: Tags },
  context: Context,
): SecurityGroup {
  const { accountId, region, nowMs, hex } = context;
  return { id: makeId("sg", hex), accountId, region, createdAtMs: nowMs, ...own };
}

/** Source: "Default security groups": everything may go out, over IPv6 too where the VPC has a block of it. */
function outboundRules(group: SecurityGroup, ipv6: boolean, context: Context): readonly Change[] {
  const blocks = ipv6 ? ["0.0.0.0/0", "::/0"] : ["0.0.0.0/0"];
  return blocks.map((cidrBlock, position) => {
    const peer = { kind: "cidr", cidrBlock } as const;
    const rule = newRule(group.id, { isEgress: true, traffic: { kind: "all" }, peer, position }, context);
    return put("security-group-rule", rule);
  });
}

function hasIpv6(vpc: Vpc): boolean {
  return vpc.ipv6CidrBlocks.length > 0;
}

function vpcOfGroup(state: State, vpcId: string | undefined, caller: Caller): Result<Vpc, ApiError> {
  if (vpcId !== undefined) return lookup(state, "vpc", vpcId, caller);
  const vpc = defaultVpcOf(state, caller);
  return vpc === undefined ? fail("VPCIdNotSpecified", { message: "No default VPC for this user" }) : ok(vpc);
}

/** Source: EC2 API Reference, "CreateSecurityGroup": up to 255 of `a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*`; the texts are AWS's. */
function checkWords({ name, description }: CreateSecurityGroupInput): Result<void, ApiError> {
  if (name === "") return fail("MissingParameter", { parameter: "groupName" });
  if (description === "") return fail("MissingParameter", { parameter: "GroupDescription" });
  if (name === "default")
    return fail("InvalidParameterValue", { message: `Cannot use reserved security group name: ${name}` });
  if (name.startsWith("sg-") || isId("sg", name)) {
    return refuse(name, "GroupName", "Group names may not be in the format sg-*.");
  }
  for (const [parameter, text] of [
    ["GroupName", name],
    ["GroupDescription", description],
  ] as const) {
    if (text.length > 255) return refuse(text, parameter, "Name exceeds the maximum length of 255 characters.");
    if (!wordPattern.test(text)) return refuse(text, parameter, "Character sets beyond ASCII are not supported.");
  }
  return ok(undefined);
}

const wordPattern = /^[a-zA-Z0-9. _\-:/()#,@[\]+=&;{}!$*]*$/;

function refuse(value: string, parameter: string, why: string): Result<never, ApiError> {
  return fail("InvalidParameterValue", { message: `Value (${value}) for parameter ${parameter} is invalid. ${why}` });
}
