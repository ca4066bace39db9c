import { expect, test } from "vitest";
import { WIDTHS } from "../../base/ip.ts";
import { decodeRule, expressionsOf } from "./filter-rule.ts";
import { rulesOfGroup } from "./filter.ts";
import { groupRules, vpcBlueprint } from "./testdata/blueprint.ts";

const [group] = vpcBlueprint(1).securityGroups;

test.each(["out", "in"] as const)("what is written for rules %s reads back", (direction) => {
  const rules = rulesOfGroup("router", { ...group!, egress: groupRules, ingress: groupRules }, direction, WIDTHS);
  // Each of both families that names a group, and one that names a list of both.
  expect(rules).toHaveLength(groupRules.length + 3);
  for (const object of rules) {
    if (object.kind !== "filter-rule") throw new Error(`a ${object.kind} among rules`);
    const { end, peer, traffic, verdict } = object;
    expect(decodeRule(Buffer.concat(expressionsOf(object, direction)))).toEqual({ end, peer, traffic, verdict });
  }
});
