import { describe, expect, it } from "vitest";
import type { AccessControlList, AclGrant } from "./access-control-list.ts";
import { decide, decideInFull, type NamedPolicy, type Policies } from "./decide.ts";
import { denialText } from "./denial.ts";
import { parsePolicy } from "./parse.ts";
import { isPublicPolicy, type PublicAccessBlock } from "./public-access.ts";
import type { PolicyRequest, Principal } from "./request.ts";

const own = "111122223333";
const other = "444455556666";
const canonicalUserId = "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be";

function policy(kind: "bucket" | "identity", statement: object): NamedPolicy {
  const full = { Effect: "Allow", Action: "s3:GetObject", Resource: "arn:aws:s3:::docs/*", ...statement };
  const parsed = parsePolicy(JSON.stringify({ Version: "2012-10-17", Statement: full }), kind);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error));
  return { name: kind, policy: parsed.value };
}

describe("S3 User Guide, The meaning of public", () => {
  const condition = (operator: string, key: string, value: unknown) => ({
    Principal: "*",
    Condition: { [operator]: { [key]: value } },
  });
  const cases: readonly (readonly [string, object, boolean])[] = [
    ["everyone", { Principal: "*" }, true],
    ["everyone by AWS", { Principal: { AWS: "*" } }, true],
    ["one account", { Principal: { AWS: other } }, false],
    ["one service", { Principal: { Service: "logs.amazonaws.com" } }, false],
    ["everyone but one", { Principal: undefined, NotPrincipal: { AWS: other } }, true],
    ["everyone denied", { Principal: "*", Effect: "Deny" }, false],
    ["a fixed VPC", condition("StringEquals", "aws:SourceVpc", "vpc-91237329"), false],
    ["a fixed endpoint", condition("StringLike", "aws:SourceVpce", "vpce-1"), false],
    ["any VPC", condition("StringLike", "aws:SourceVpc", "vpc-*"), true],
    ["all but a VPC", condition("StringNotEquals", "aws:SourceVpc", "vpc-1"), true],
    ["a VPC if there is one", condition("StringEqualsIfExists", "aws:SourceVpc", "vpc-1"), true],
    ["a set of addresses", condition("IpAddress", "aws:SourceIp", ["203.0.113.0/24", "2001:db8::/32"]), false],
    ["half of all addresses", condition("IpAddress", "aws:SourceIp", "0.0.0.0/1"), true],
    ["one set too wide", condition("IpAddress", "aws:SourceIp", ["203.0.113.0/24", "128.0.0.0/1"]), true],
    ["an organization", condition("StringEquals", "aws:PrincipalOrgID", "o-1"), false],
    ["a source account", condition("StringEquals", "aws:SourceAccount", other), false],
    ["ARNs of one account", condition("ArnLike", "aws:SourceArn", `arn:aws:sns:us-east-1:${other}:*`), false],
    ["ARNs of any account", condition("ArnLike", "aws:SourceArn", "arn:aws:sns:us-east-1:*:topic"), true],
    ["a user id", condition("StringEquals", "aws:userid", "AIDAEXAMPLE"), false],
    ["user ids of a pattern", condition("StringLike", "aws:userid", "AROAEXAMPLE:*"), true],
    ["a variable", condition("StringEquals", "aws:SourceVpc", "${aws:username}"), true],
    ["a key that fixes nothing", condition("Bool", "aws:SecureTransport", "true"), true],
    ["for all values", condition("ForAllValues:StringEquals", "aws:PrincipalOrgPaths", "o-1/r-1/"), true],
  ];
  it.each(cases)("%s", (_, statement, expected) => {
    expect(isPublicPolicy(policy("bucket", statement).policy)).toBe(expected);
  });
});

const user: Principal = {
  kind: "user",
  accountId: other,
  arn: `arn:aws:iam::${other}:user/eve`,
  userId: "AIDAEVE",
  userName: "eve",
};
const root: Principal = { kind: "root", accountId: other };
const anonymous: Principal = { kind: "anonymous" };
const identity = [policy("identity", { Resource: "*", Action: "s3:*" })];

function request(principal: Principal, action = "s3:GetObject"): PolicyRequest {
  const context = { values: new Map<string, readonly string[]>(), absent: new Map<string, string>() };
  return { principal, canonicalUserId, action, resource: "arn:aws:s3:::docs/a", resourceAccountId: own, context };
}

/** The caller is of another account. */
function check(principal: Principal, policies: Policies, expected: string, action?: string): void {
  const asked = request(principal, action);
  for (const decision of [decide(asked, policies), decideInFull(asked, policies)]) {
    const by = decision.decidedBy?.layer ?? "root";
    expect(decision.allowed ? `allow ${by}` : by).toBe(expected);
  }
}

function list(
  grantee: AclGrant["grantee"],
  permission: AclGrant["permission"],
  of: AccessControlList["of"] = "object",
): readonly AccessControlList[] {
  return [{ of, grants: [{ grantee, permission }] }];
}

const everyone = { kind: "everyone" } as const;
const authenticated = { kind: "authenticated-users" } as const;
const named = { kind: "canonical-user", canonicalUserId } as const;
const off: PublicAccessBlock = {
  blockPublicAcls: false,
  ignorePublicAcls: false,
  blockPublicPolicy: false,
  restrictPublicBuckets: false,
};

describe("S3 User Guide, Access control list (ACL) overview", () => {
  it("grants beside the bucket policy", () => {
    check(anonymous, { identity: [], accessControlLists: list(everyone, "READ") }, "allow access-control-list");
    check(user, { identity, accessControlLists: list(named, "READ") }, "allow identity-policy");
    check(user, { identity, accessControlLists: list(authenticated, "READ") }, "allow identity-policy");
    check(root, { identity: [], accessControlLists: list(named, "FULL_CONTROL") }, "allow access-control-list");
  });

  it("needs the caller's own account to pass it on", () => {
    check(user, { identity: [], accessControlLists: list(named, "READ") }, "identity-policy");
  });

  it("grants what its permissions stand for and nothing else", () => {
    check(anonymous, { identity: [], accessControlLists: list(everyone, "READ_ACP") }, "resource-policy");
    check(
      anonymous,
      { identity: [], accessControlLists: list(everyone, "READ_ACP") },
      "allow access-control-list",
      "s3:GetObjectAcl",
    );
    check(
      anonymous,
      { identity: [], accessControlLists: list(everyone, "READ") },
      "resource-policy",
      "s3:DeleteObject",
    );
    check(
      anonymous,
      { identity: [], accessControlLists: list(everyone, "WRITE", "bucket") },
      "allow access-control-list",
      "s3:PutObject",
    );
    check(
      anonymous,
      { identity: [], accessControlLists: list(everyone, "READ", "bucket") },
      "allow access-control-list",
      "s3:ListBucket",
    );
    check(anonymous, { identity: [], accessControlLists: list(authenticated, "READ") }, "resource-policy");
    check(anonymous, { identity: [], accessControlLists: list(named, "READ") }, "resource-policy");
  });

  it("yields to a Deny", () => {
    const resource = policy("bucket", { Effect: "Deny", Principal: "*" });
    check(anonymous, { identity: [], resource, accessControlLists: list(everyone, "READ") }, "resource-policy");
  });
});

describe("S3 User Guide, Block public access settings", () => {
  const open = policy("bucket", { Principal: "*" });
  it("IgnorePublicAcls leaves public grants out and keeps the others", () => {
    const publicAccessBlock = { ...off, ignorePublicAcls: true };
    check(
      anonymous,
      { identity: [], publicAccessBlock, accessControlLists: list(everyone, "READ") },
      "resource-policy",
    );
    check(user, { identity, publicAccessBlock, accessControlLists: list(authenticated, "READ") }, "resource-policy");
    check(user, { identity, publicAccessBlock, accessControlLists: list(named, "READ") }, "allow identity-policy");
  });

  it("RestrictPublicBuckets shuts a public policy to the anonymous and to other accounts", () => {
    const publicAccessBlock = { ...off, restrictPublicBuckets: true };
    check(anonymous, { identity: [], resource: open, publicAccessBlock }, "public-access-block");
    check(user, { identity, resource: open, publicAccessBlock }, "public-access-block");
    check(
      user,
      { identity, resource: policy("bucket", { Principal: { AWS: other } }), publicAccessBlock },
      "allow identity-policy",
    );
    check({ ...user, accountId: own }, { identity: [], resource: open, publicAccessBlock }, "allow resource-policy");
    check(
      { kind: "service", service: "logs.amazonaws.com" },
      { identity: [], resource: open, publicAccessBlock },
      "allow resource-policy",
    );
    check(
      anonymous,
      { identity: [], resource: open, publicAccessBlock, accessControlLists: list(everyone, "READ") },
      "allow access-control-list",
    );
    check(anonymous, { identity: [], resource: open, publicAccessBlock: off }, "allow resource-policy");
  });

  it("says so", () => {
    const asked = request(anonymous);
    const policies = { identity: [], resource: open, publicAccessBlock: { ...off, restrictPublicBuckets: true } };
    expect(denialText(asked, decide(asked, policies))).toContain(
      "by the RestrictPublicBuckets setting in S3 Block Public Access",
    );
  });
});
