/** The rules of security groups on the wire. Source: Amazon EC2 API Reference, "AuthorizeSecurityGroupIngress" and others. */

import type {
  AuthorizeSecurityGroupEgressRequest,
  AuthorizeSecurityGroupIngressRequest,
  AuthorizeSecurityGroupIngressResult,
  DescribeSecurityGroupRulesRequest,
  DescribeSecurityGroupRulesResult,
  ModifySecurityGroupRulesRequest,
  ModifySecurityGroupRulesResult,
  RevokeSecurityGroupEgressRequest,
  RevokeSecurityGroupIngressRequest,
  RevokeSecurityGroupIngressResult,
  TagSpecification,
  UpdateSecurityGroupRuleDescriptionsIngressRequest,
  UpdateSecurityGroupRuleDescriptionsIngressResult,
} from "@aws-sdk/client-ec2";
import { ok } from "../../base/result.ts";
import { fail } from "../../model/error.ts";
import {
  authorizeSecurityGroup,
  modifySecurityGroupRules,
  revokeSecurityGroup,
  type RuleUpdate,
  updateRuleDescriptions,
} from "../../model/security-group-permission.ts";
import type { SecurityGroupRule } from "../../model/security-group-rule.ts";
import type { Call, Handler, Target } from "../handler.ts";
import { action, type Actions } from "./action.ts";
import { type FilterTable, tagFilters } from "./filter.ts";
import { list } from "./listing.ts";
import { groupName, readPermissions, readRuleUpdate } from "./security-group-input.ts";
import { wireRule } from "./security-group-wire.ts";
import { readTagSpecifications } from "./tag-set.ts";
import { onAnything, onExisting, onNew } from "./target.ts";

type AuthorizeRequest = AuthorizeSecurityGroupIngressRequest | AuthorizeSecurityGroupEgressRequest;
type RevokeRequest = RevokeSecurityGroupIngressRequest | RevokeSecurityGroupEgressRequest;

const authorize =
  (isEgress: boolean): Handler<AuthorizeRequest, AuthorizeSecurityGroupIngressResult> =>
  async (input, call) => {
    const tags = readTagSpecifications(input.TagSpecifications, ["security-group-rule"]);
    if (!tags.ok) return tags;
    const permissions = readPermissions(input);
    if (!permissions.ok) return permissions;
    if (permissions.value.length === 0) return fail("MissingParameter", { parameter: "ipPermissions" });
    const wanted = {
      ...groupName(input),
      isEgress,
      permissions: permissions.value,
      tags: tags.value["security-group-rule"],
    };
    const made = await call.run((state, context) => authorizeSecurityGroup(state, wanted, context));
    return made.ok ? ok({ Return: true, SecurityGroupRules: made.value.map(wireRule) }) : made;
  };

const revoke =
  (isEgress: boolean): Handler<RevokeRequest, RevokeSecurityGroupIngressResult> =>
  async (input, call) => {
    const permissions = readPermissions(input);
    if (!permissions.ok) return permissions;
    const ruleIds = input.SecurityGroupRuleIds ?? [];
    if (permissions.value.length === 0 && ruleIds.length === 0) {
      return fail("MissingParameter", { parameter: "ipPermissions" });
    }
    const wanted = { ...groupName(input), isEgress, permissions: permissions.value, ruleIds };
    const gone = await call.run((state, context) => revokeSecurityGroup(state, wanted, context));
    if (!gone.ok) return gone;
    return ok({
      Return: true,
      RevokedSecurityGroupRules: gone.value.map((rule) => {
        const {
          SecurityGroupRuleArn: _,
          GroupOwnerId: __,
          Tags: ___,
          ReferencedGroupInfo: group,
          ...wire
        } = wireRule(rule);
        return { ...wire, ...(group !== undefined && { ReferencedGroupId: group.GroupId }) };
      }),
    });
  };

const modify: Handler<ModifySecurityGroupRulesRequest, ModifySecurityGroupRulesResult> = async (input, call) => {
  const rules: RuleUpdate[] = [];
  for (const { SecurityGroupRuleId: id = "", SecurityGroupRule: rule } of input.SecurityGroupRules ?? []) {
    const update = readRuleUpdate(id, rule);
    if (!update.ok) return update;
    rules.push(update.value);
  }
  if (rules.length === 0) return fail("MissingParameter", { parameter: "SecurityGroupRule" });
  const wanted = { groupId: input.GroupId ?? "", rules };
  const done = await call.run((state, context) => modifySecurityGroupRules(state, wanted, context));
  return done.ok ? ok({ Return: true }) : done;
};

const updateDescriptions =
  (
    isEgress: boolean,
  ): Handler<UpdateSecurityGroupRuleDescriptionsIngressRequest, UpdateSecurityGroupRuleDescriptionsIngressResult> =>
  async (input, call) => {
    const permissions = readPermissions(input);
    if (!permissions.ok) return permissions;
    const descriptions = (input.SecurityGroupRuleDescriptions ?? []).map((one) => ({
      ruleId: one.SecurityGroupRuleId ?? "",
      ...(one.Description !== undefined && { description: one.Description }),
    }));
    if (permissions.value.length === 0 && descriptions.length === 0) {
      return fail("MissingParameter", { parameter: "ipPermissions" });
    }
    const wanted = { ...groupName(input), isEgress, permissions: permissions.value, descriptions };
    const done = await call.run((state, context) => updateRuleDescriptions(state, wanted, context));
    return done.ok ? ok({ Return: true }) : done;
  };

const describe: Handler<DescribeSecurityGroupRulesRequest, DescribeSecurityGroupRulesResult> = async (input, call) => {
  const listing = {
    kind: "security-group-rule",
    ids: input.SecurityGroupRuleIds,
    filters,
    indexed: { "group-id": "groupId" },
  } as const;
  const page = list(listing, input, call);
  if (!page.ok) return page;
  return ok({ SecurityGroupRules: page.value.items.map(wireRule), NextToken: page.value.nextToken });
};

const filters: FilterTable<SecurityGroupRule> = {
  ...tagFilters,
  "group-id": (it) => [it.groupId],
  "security-group-rule-id": (it) => [it.id],
};

/** The group and, with tags, the rules to be made. Source: Service Authorization Reference, "AuthorizeSecurityGroupIngress". */
function targets(
  name: string,
): (
  input: { readonly GroupId?: string | undefined; readonly TagSpecifications?: TagSpecification[] | undefined },
  call: Call,
) => readonly Target[] {
  return (input, call) => {
    const tagSpecifications = input.TagSpecifications;
    const group = onExisting(name, "security-group", [input.GroupId ?? "*"], call);
    if ((tagSpecifications ?? []).every((one) => (one.Tags ?? []).length === 0)) return group;
    return [...group, ...onNew(name, { kind: "security-group-rule", tagSpecifications }, call)];
  };
}

export const securityGroupRuleActions: Actions = {
  AuthorizeSecurityGroupIngress: action(authorize(false), targets("AuthorizeSecurityGroupIngress")),
  AuthorizeSecurityGroupEgress: action(authorize(true), targets("AuthorizeSecurityGroupEgress")),
  RevokeSecurityGroupIngress: action(revoke(false), targets("RevokeSecurityGroupIngress")),
  RevokeSecurityGroupEgress: action(revoke(true), targets("RevokeSecurityGroupEgress")),
  ModifySecurityGroupRules: action(modify, (input, call) => [
    ...onExisting("ModifySecurityGroupRules", "security-group", [input.GroupId], call),
    ...onExisting(
      "ModifySecurityGroupRules",
      "security-group-rule",
      (input.SecurityGroupRules ?? []).map((one) => one.SecurityGroupRuleId),
      call,
    ),
  ]),
  UpdateSecurityGroupRuleDescriptionsIngress: action(
    updateDescriptions(false),
    targets("UpdateSecurityGroupRuleDescriptionsIngress"),
  ),
  UpdateSecurityGroupRuleDescriptionsEgress: action(
    updateDescriptions(true),
    targets("UpdateSecurityGroupRuleDescriptionsEgress"),
  ),
  DescribeSecurityGroupRules: action(describe, (_, call) => onAnything("DescribeSecurityGroupRules", call)),
};
