import { describe, expect, it } from "vitest";
import { evaluate } from "./compile.ts";
import { interpret } from "./interpret.ts";
import { parsePolicy } from "./parse.ts";
import type { PolicyRequest } from "./request.ts";
import { conditionGroups } from "./testdata/condition-case.ts";
import { elementGroups, type LanguageCase } from "./testdata/element-case.ts";

/** The interpreter and the compiled form must both say whether the statement applies. */
function check({ statement, context = {}, action, resource, applies, version }: LanguageCase): void {
  const base = { Effect: "Allow", Action: "s3:GetObject", Resource: "*", ...statement };
  const document = JSON.stringify({
    ...(version === "none" ? {} : { Version: version ?? "2012-10-17" }),
    Statement: base,
  });
  const parsed = parsePolicy(document, "identity");
  expect(parsed).toMatchObject({ ok: true });
  if (!parsed.ok) return;
  const values = Object.entries(context).map(([key, value]) => [key.toLowerCase(), [value].flat()] as const);
  const request: PolicyRequest = {
    principal: { kind: "anonymous" },
    action: action ?? "s3:GetObject",
    resource: resource ?? "arn:aws:s3:::b/k",
    context: { values: new Map(values), absent: new Map() },
  };
  const named = { name: "policy", policy: parsed.value };
  expect(interpret(named, request).allow !== undefined).toBe(applies);
  expect(evaluate(named, request).allow !== undefined).toBe(applies);
}

for (const { source, cases } of [...elementGroups, ...conditionGroups]) {
  describe(`${source}`, () => {
    for (const one of cases) {
      it(`${one.what}: ${one.applies ? "applies" : "does not apply"}`, () => check(one));
    }
  });
}
