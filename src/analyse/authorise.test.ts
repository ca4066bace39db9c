import { describe, expect, it } from "vitest";
import type { Id } from "../base/id.ts";
import type { Bucket } from "../model/bucket.ts";
import type { Role } from "../model/role.ts";
import { apply, type Change, emptyState, put, type State } from "../model/state.ts";
import type { User } from "../model/user.ts";
import type { GatewayVpcEndpoint } from "../model/vpc-endpoint.ts";
import type { Path } from "../network/path.ts";
import { denialText } from "../policy/denial.ts";
import { type Ask, authorise, explain } from "./authorise.ts";

const account = "111122223333";
const resource = { accountId: account, region: "us-east-1", createdAtMs: 0, tags: [] };
const vpce = "vpce-0123456789abcdef0" as Id<"vpce">;
const vpc = "vpc-0123456789abcdef0" as Id<"vpc">;

function policy(...statements: readonly object[]): string {
  return JSON.stringify({ Version: "2012-10-17", Statement: statements });
}

const allowAll = policy({ Effect: "Allow", Principal: "*", Action: "*", Resource: "*" });

function user(more: Partial<User> = {}): User {
  return {
    ...resource,
    region: "aws-global",
    id: "AIDAAAAAAAAAAAAAAAAAA",
    name: "ann",
    path: "/",
    inlinePolicies: [{ name: "s3", document: policy({ Effect: "Allow", Action: "s3:*", Resource: "*" }) }],
    attachedPolicyArns: [],
    groupIds: [],
    ...more,
  };
}

function role(more: Partial<Role> = {}): Role {
  return {
    ...resource,
    region: "aws-global",
    id: "AROAAAAAAAAAAAAAAAAAA",
    name: "app",
    path: "/",
    assumeRolePolicyDocument: policy({ Effect: "Allow", Principal: { AWS: account }, Action: "sts:AssumeRole" }),
    trustedPrincipalIds: {},
    maxSessionDurationSeconds: 3600,
    inlinePolicies: [],
    attachedPolicyArns: [],
    ...more,
  };
}

function endpoint(policyDocument: string): GatewayVpcEndpoint {
  return {
    ...resource,
    kind: "Gateway",
    id: vpce,
    vpcId: vpc,
    serviceName: "com.amazonaws.us-east-1.s3",
    state: "available",
    policyDocument,
    routeTableIds: [],
  };
}

function bucket(policyDocument?: string): Bucket {
  return { ...resource, id: "docs", ...(policyDocument === undefined ? {} : { policyDocument }) } as Bucket;
}

function stateOf(...changes: readonly Change[]): State {
  return apply(emptyState, changes);
}

const through: Path = {
  kind: "gateway-endpoint",
  vpcEndpointId: vpce,
  vpcId: vpc,
  sourceIp: "10.0.1.5",
  destinationIp: "52.216.0.1",
};
const internet: Path = { kind: "internet", sourceIp: "203.0.113.9", destinationIp: "52.216.0.1" };

const ann: Ask["principal"] = {
  kind: "user",
  accountId: account,
  arn: `arn:aws:iam::${account}:user/ann`,
  userId: "AIDAAAAAAAAAAAAAAAAAA",
  userName: "ann",
};

function ask(more: Partial<Ask> = {}): Ask {
  return {
    principal: ann,
    action: "s3:GetObject",
    resource: "arn:aws:s3:::docs/a.txt",
    resourceAccountId: account,
    bucketName: "docs",
    path: through,
    region: "us-east-1",
    nowMs: Date.UTC(2026, 10, 22, 7, 56, 1),
    secureTransport: true,
    keys: {},
    ...more,
  };
}

/** The verdict and who gave it: `allow identity-policy`, or the tail of AWS's text. Both ways of asking must agree. */
function check(state: State, one: Ask, expected: string): void {
  const decision = authorise(state, one);
  const full = explain(state, one).decision;
  expect({ ...full, layers: full.layers.map((layer) => ({ ...layer, misses: [] })) }).toEqual(decision);
  const text = denialText(one, decision).replace(/^.*?(with an explicit|because)/, "$1");
  expect(decision.allowed ? `allow ${decision.decidedBy?.layer ?? "root"}` : text).toBe(expected);
}

const none = (layer: string, action = "s3:GetObject") => `because no ${layer} allows the ${action} action`;

describe("authorise", () => {
  it("needs the endpoint policy and the identity policy", () => {
    const only = policy({ Effect: "Allow", Principal: "*", Action: "s3:GetObject", Resource: "arn:aws:s3:::docs/*" });
    const state = stateOf(put("user", user()), put("bucket", bucket()), put("vpc-endpoint", endpoint(only)));
    check(state, ask(), "allow identity-policy");
    check(state, ask({ action: "s3:PutObject" }), none("VPC endpoint policy", "s3:PutObject"));
    check(state, ask({ action: "s3:PutObject", path: internet }), "allow identity-policy");
    check(stateOf(put("user", user({ inlinePolicies: [] }))), ask({ path: internet }), none("identity-based policy"));
  });

  it("knows a bucket policy that admits one endpoint or one VPC only", () => {
    for (const [key, value] of [
      ["aws:sourceVpce", vpce],
      ["aws:sourceVpc", vpc],
    ]) {
      const deny = policy({
        Effect: "Deny",
        Principal: "*",
        Action: "s3:*",
        Resource: ["arn:aws:s3:::docs", "arn:aws:s3:::docs/*"],
        Condition: { StringNotEquals: { [key!]: value } },
      });
      const state = stateOf(put("user", user()), put("bucket", bucket(deny)), put("vpc-endpoint", endpoint(allowAll)));
      check(state, ask(), "allow identity-policy");
      check(state, ask({ path: internet }), "with an explicit deny in a resource-based policy");
      const forged = ask({ path: internet, keys: { "aws:SourceVpce": [vpce], "aws:SourceVpc": [vpc] } });
      check(state, forged, "with an explicit deny in a resource-based policy");
      // The owner's root user can always mend the policy.
      const root = ask({
        path: internet,
        principal: { kind: "root", accountId: account },
        action: "s3:DeleteBucketPolicy",
      });
      check(state, root, "allow root");
      check(state, { ...root, action: "s3:ListBucket" }, "with an explicit deny in a resource-based policy");
    }
  });

  it("lets an anonymous caller through the endpoint policy and the bucket policy only", () => {
    const open = policy({ Effect: "Allow", Principal: "*", Action: "s3:GetObject", Resource: "arn:aws:s3:::docs/*" });
    const anonymous = ask({ principal: { kind: "anonymous" } });
    const withPolicy = (text: string) => stateOf(put("bucket", bucket(open)), put("vpc-endpoint", endpoint(text)));
    check(withPolicy(allowAll), anonymous, "allow resource-policy");
    const closed = policy({
      Effect: "Allow",
      Principal: "*",
      Action: "s3:GetObject",
      Resource: "arn:aws:s3:::other/*",
    });
    check(withPolicy(closed), anonymous, none("VPC endpoint policy"));
    check(stateOf(put("bucket", bucket())), { ...anonymous, path: internet }, none("resource-based policy"));
  });

  it("asks a role's trust policy, and the caller's own where it names the account", () => {
    const assume = ask({
      action: "sts:AssumeRole",
      resource: `arn:aws:iam::${account}:role/app`,
      path: { kind: "host", sourceIp: "127.0.0.1" },
    });
    const { bucketName: _, ...bare } = assume;
    const may = { name: "sts", document: policy({ Effect: "Allow", Action: "sts:*", Resource: "*" }) };
    check(stateOf(put("user", user()), put("role", role())), bare, none("identity-based policy", "sts:AssumeRole"));
    check(stateOf(put("user", user({ inlinePolicies: [may] })), put("role", role())), bare, "allow identity-policy");
    const byName = policy({ Effect: "Allow", Principal: { AWS: ann.arn }, Action: "sts:AssumeRole" });
    const named = (id: string) => role({ assumeRolePolicyDocument: byName, trustedPrincipalIds: { [ann.arn]: id } });
    check(stateOf(put("user", user()), put("role", named(ann.userId))), bare, "allow resource-policy");
    check(
      stateOf(put("user", user()), put("role", named("AIDAZ"))),
      bare,
      none("identity-based policy", "sts:AssumeRole"),
    );
    const stranger = role({ assumeRolePolicyDocument: byName.replaceAll("ann", "bob") });
    const mayDo = user({ inlinePolicies: [may] });
    check(stateOf(put("user", mayDo), put("role", stranger)), bare, none("resource-based policy", "sts:AssumeRole"));
    check(stateOf(put("user", mayDo)), bare, none("resource-based policy", "sts:AssumeRole"));
  });

  it("says what would let a refused request through", () => {
    const onlyVpce = policy({
      Effect: "Deny",
      Principal: "*",
      Action: "s3:*",
      Resource: ["arn:aws:s3:::docs", "arn:aws:s3:::docs/*"],
      Condition: { StringNotEquals: { "aws:SourceVpce": vpce } },
    });
    const state = stateOf(
      put("user", user()),
      put("bucket", bucket(onlyVpce)),
      put("vpc-endpoint", endpoint(allowAll)),
    );
    expect(explain(state, ask({ path: internet })).unless).toMatchObject({
      kind: "key",
      key: "aws:SourceVpce",
      to: vpce,
    });
    expect(explain(state, ask()).unless).toBeUndefined();
    const poor = stateOf(put("user", user({ inlinePolicies: [] })));
    expect(explain(poor, ask({ path: internet })).unless).toMatchObject({
      kind: "with-statement",
      layer: "identity-policy",
    });
  });

  it("says which keys the path sets and why the others are absent", () => {
    const state = stateOf(put("user", user()), put("vpc-endpoint", endpoint(allowAll)));
    const { values, absent } = explain(state, ask()).context;
    expect(values.get("aws:sourcevpce")).toEqual([vpce]);
    expect(values.get("aws:vpcsourceip")).toEqual(["10.0.1.5"]);
    expect(values.get("aws:sourcevpcarn")).toEqual([`arn:aws:ec2:us-east-1:${account}:vpc/${vpc}`]);
    expect(values.get("aws:currenttime")).toEqual(["2026-11-22T07:56:01Z"]);
    expect(absent.get("aws:sourceip")).toContain(`the request came through ${vpce}`);
    const direct = explain(state, ask({ path: internet })).context;
    expect(direct.values.get("aws:sourceip")).toEqual(["203.0.113.9"]);
    expect(direct.absent.get("aws:sourcevpce")).toContain("not through a VPC endpoint");
  });

  it("closes the door where a stored document is damaged", () => {
    const state = stateOf(put("user", user()), put("bucket", bucket("{")));
    check(state, ask({ path: internet }), "with an explicit deny in a resource-based policy");
  });
});
