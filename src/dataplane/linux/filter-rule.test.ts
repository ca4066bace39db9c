import { expect, test } from "vitest";
import { WIDTHS } from "../../base/ip.ts";
import { decodeRule, expressionsOf } from "./filter-rule.ts";
import { objectsOfGroupRule } from "./filter.ts";
import { groupRules } from "./testdata/blueprint.ts";

test.each(["out", "in"] as const)("what is written for rules %s reads back", (direction) => {
  const side = { namespace: "router", key: 1, direction };
  const rules = groupRules.flatMap((rule) => objectsOfGroupRule(side, rule, WIDTHS));
  // Each of both families that names a group, and one that names a list of both.
  expect(rules).toHaveLength(groupRules.length + 3);
  for (const object of rules) {
    if (object.kind !== "filter-rule") throw new Error(`a ${object.kind} among rules`);
    const { end, peer, traffic, verdict } = object;
    expect(decodeRule(Buffer.concat(expressionsOf(object, direction)))).toEqual({ end, peer, traffic, verdict });
  }
});
