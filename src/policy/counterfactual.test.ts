import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { counterfactual } from "./counterfactual.ts";
import { decide, type NamedPolicy, type Policies } from "./decide.ts";
import { parsePolicy } from "./parse.ts";
import type { PolicyKind } from "./policy.ts";
import type { PolicyRequest } from "./request.ts";
import { randomCase, randomFrom } from "./testdata/random-policy.ts";

const account = "111122223333";

function policy(kind: PolicyKind, ...statements: readonly object[]): NamedPolicy {
  const full = statements.map((more) => ({ Effect: "Allow", Action: "s3:GetObject", Resource: "*", ...more }));
  const parsed = parsePolicy(JSON.stringify({ Version: "2012-10-17", Statement: full }), kind);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error));
  return { name: kind, policy: parsed.value };
}

function request(keys: Readonly<Record<string, string>> = {}): PolicyRequest {
  return {
    principal: {
      kind: "user",
      accountId: account,
      arn: `arn:aws:iam::${account}:user/ann`,
      userId: "AIDAANN",
      userName: "ann",
    },
    action: "s3:GetObject",
    resource: "arn:aws:s3:::docs/what?.txt",
    resourceAccountId: account,
    context: { values: new Map(Object.entries(keys).map(([key, value]) => [key, [value]])), absent: new Map() },
  };
}

function check(policies: Policies, keys: Readonly<Record<string, string>>, expected: object | "none"): void {
  expect({ found: counterfactual(request(keys), policies) ?? "none" }).toMatchObject({ found: expected });
}

const identity = [policy("identity", {})];
const onlyVpce = policy("bucket", {
  Effect: "Deny",
  Principal: "*",
  Condition: { StringNotEquals: { "aws:SourceVpce": ["vpce-1", "vpce-2"] } },
});

describe("counterfactual", () => {
  it("names the endpoint through which a bucket policy would let the request pass", () => {
    check({ identity, resource: onlyVpce }, {}, { kind: "key", key: "aws:SourceVpce", from: [], to: "vpce-1" });
    check({ identity, resource: onlyVpce }, { "aws:sourcevpce": "vpce-9" }, { from: ["vpce-9"], to: "vpce-1" });
  });

  it("turns an allowed request round as well", () => {
    check(
      { identity, resource: onlyVpce },
      { "aws:sourcevpce": "vpce-1" },
      { kind: "key", from: ["vpce-1"], to: "other" },
    );
    check({ identity }, {}, { kind: "without-statement", statement: { policy: "identity", index: 0 } });
  });

  it("finds a value for each kind of operator", () => {
    const only = (Condition: object) => ({ identity: [policy("identity", { Condition })] });
    check(only({ StringLike: { "s3:prefix": "a*?" } }), {}, { key: "s3:prefix", to: "ax" });
    check(
      only({ IpAddress: { "aws:SourceIp": "203.0.113.0/24" } }),
      { "aws:sourceip": "8.8.8.8" },
      { to: "203.0.113.0" },
    );
    check(only({ NotIpAddress: { "aws:SourceIp": "8.0.0.0/8" } }), { "aws:sourceip": "8.8.8.8" }, { to: "192.0.2.1" });
    check(only({ Bool: { "aws:SecureTransport": "true" } }), { "aws:securetransport": "false" }, { to: "true" });
    check(only({ NumericLessThan: { "s3:max-keys": "10" } }), { "s3:max-keys": "10" }, { to: "9" });
    check(only({ DateGreaterThan: { "aws:CurrentTime": "1970-01-01T00:00:10Z" } }), {}, { to: "11" });
    check(only({ Null: { "aws:TokenIssueTime": "true" } }), { "aws:tokenissuetime": "x" }, { to: undefined });
    check(only({ Null: { "aws:TokenIssueTime": "false" } }), {}, { to: "any" });
    check(only({ ArnLike: { "aws:PrincipalArn": "arn:aws:iam::1:role/*" } }), {}, { to: "arn:aws:iam::1:role/" });
  });

  it("proposes an Allow for this very request, in the layer that lacks one", () => {
    const Resource = "arn:aws:s3:::docs/what${?}.txt";
    check(
      { identity: [] },
      {},
      { kind: "with-statement", layer: "identity-policy", statement: { Action: "s3:GetObject", Resource } },
    );
    const endpoint = policy("gateway-endpoint", { Principal: "*", Action: "s3:PutObject" });
    check(
      { identity, endpoint },
      {},
      { kind: "with-statement", layer: "endpoint-policy", statement: { Principal: "*", Resource } },
    );
    check(
      { identity, boundary: policy("permissions-boundary", { Action: "s3:*Acl" }) },
      {},
      { layer: "permissions-boundary" },
    );
    check({ identity, session: [] }, {}, { layer: "session-policy" });
    check({ identity, serviceControl: [[]] }, {}, { layer: "service-control-policy" });
  });

  it("proposes to drop a Deny where no key helps", () => {
    const denied = [policy("identity", {}, { Effect: "Deny", Sid: "No" })];
    check({ identity: denied }, {}, { kind: "without-statement", statement: { index: 1, sid: "No" } });
  });

  it("is silent where one change is not enough", () => {
    const endpoint = policy("gateway-endpoint", { Principal: "*", Action: "s3:PutObject" });
    check({ identity: [], endpoint }, {}, "none");
  });

  it("is true: with the key so, the decision is the other one", () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const { request: asked, policies } = randomCase(randomFrom(seed));
        const found = counterfactual(asked, policies);
        if (found?.kind !== "key") return true;
        const values = new Map(asked.context.values);
        if (found.to === undefined) values.delete(found.key.toLowerCase());
        else values.set(found.key.toLowerCase(), [found.to]);
        const changed = { ...asked, context: { ...asked.context, values } };
        return decide(changed, policies).allowed !== decide(asked, policies).allowed;
      }),
      { numRuns: 500 },
    );
  });
});
