import { describe, expect, it } from "vitest";
import { parsePolicy } from "../policy/parse.ts";
import { allAwsManagedPolicies, findAwsManagedPolicy } from "./aws-managed-policy.ts";

describe("AWS managed policies", () => {
  it("can each be read as an identity policy and found by its ARN", () => {
    for (const policy of allAwsManagedPolicies()) {
      const parsed = parsePolicy(policy.document, "identity");
      expect({ name: policy.name, error: parsed.ok ? undefined : parsed.error }).toEqual({ name: policy.name });
      expect(findAwsManagedPolicy(policy.arn)).toBe(policy);
    }
  });

  it("are sorted by name", () => {
    const names = allAwsManagedPolicies().map((policy) => policy.name);
    expect(names).toEqual(names.toSorted());
  });
});
