import { describe, expect, it } from "vitest";
import { decide, decideInFull, type NamedPolicy, type Policies } from "./decide.ts";
import type { Layer } from "./decision.ts";
import { denialText } from "./denial.ts";
import { parsePolicy } from "./parse.ts";
import type { PolicyKind } from "./policy.ts";
import type { PolicyRequest, Principal } from "./request.ts";

const own = "111122223333";
const other = "444455556666";

const user: Principal = {
  kind: "user",
  accountId: own,
  arn: `arn:aws:iam::${own}:user/ann`,
  userId: "AIDAAAAAAAAAAAAAAAAAA",
  userName: "ann",
};
const role: Principal = {
  kind: "assumed-role",
  accountId: own,
  arn: `arn:aws:sts::${own}:assumed-role/app/s1`,
  roleArn: `arn:aws:iam::${own}:role/app`,
  roleId: "AROAAAAAAAAAAAAAAAAAA",
  sessionName: "s1",
};
const root: Principal = { kind: "root", accountId: own };
const anonymous: Principal = { kind: "anonymous" };
const service: Principal = { kind: "service", service: "logs.amazonaws.com" };
const federated: Principal = {
  kind: "federated-user",
  accountId: own,
  arn: `arn:aws:sts::${own}:federated-user/f`,
  name: "f",
};

const canonicalUserId = "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be";

/** A statement about the action of every case: `Allow` or `Deny`, with what `more` adds. */
function policy(kind: PolicyKind, ...statements: readonly object[]): NamedPolicy {
  const resource = kind === "trust" ? {} : { Resource: "*" };
  const action = kind === "trust" ? "sts:AssumeRole" : "s3:GetObject";
  const full = statements.map((more) => ({ Effect: "Allow", Action: action, ...resource, ...more }));
  const parsed = parsePolicy(JSON.stringify({ Version: "2012-10-17", Statement: full }), kind);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error));
  return { name: kind, policy: parsed.value };
}

const allow = {};
const deny = { Effect: "Deny" };
const elsewhere = { Action: "s3:ListBucket" };
const identity = policy("identity", allow);
const no: readonly NamedPolicy[] = [];

function bucket(principal: unknown, more: object = {}): NamedPolicy {
  return policy("bucket", { Principal: principal, ...more });
}

function notPrincipal(effect: string, entries: readonly string[]): NamedPolicy {
  return policy("bucket", { Effect: effect, NotPrincipal: { AWS: entries } });
}

interface Case {
  readonly what: string;
  readonly principal: Principal;
  readonly policies: Policies;
  /** Of the resource; the caller's own unless said otherwise. */
  readonly owner?: string;
  readonly context?: Readonly<Record<string, string>>;
  /** `allow <layer>`, `deny <layer>` (a Deny matched), or `<layer>` (it lacks an Allow). */
  readonly expected: `${"allow " | "deny " | ""}${Layer}` | "allow";
}

/** The decision and who settled it; both ways of asking must agree. */
function check({ principal, policies, owner = own, context = {}, expected }: Case): void {
  const values = new Map(Object.entries(context).map(([key, value]) => [key.toLowerCase(), [value]] as const));
  const trust = policies.resource?.policy.kind === "trust" || policies.resourceMustAllow === true;
  const request: PolicyRequest = {
    principal,
    canonicalUserId,
    action: trust ? "sts:AssumeRole" : "s3:GetObject",
    resource: trust ? `arn:aws:iam::${owner}:role/app` : "arn:aws:s3:::b/k",
    resourceAccountId: owner,
    context: { values, absent: new Map() },
  };
  for (const decision of [decide(request, policies), decideInFull(request, policies)]) {
    const by = decision.decidedBy;
    const words = { "explicit-deny": `deny ${by?.layer}`, "no-allow": `${by?.layer}`, allow: `allow ${by?.layer}` };
    expect(by === undefined ? "allow" : words[by.reason]).toBe(expected);
    expect(decision.allowed).toBe(expected.startsWith("allow"));
  }
}

function group(source: string, cases: readonly Case[]): void {
  describe(`${source}`, () => {
    for (const one of cases) it(`${one.what}: ${one.expected}`, () => check(one));
  });
}

group("IAM User Guide, Policy evaluation for requests within a single account", [
  { what: "no policy at all", principal: user, policies: { identity: no }, expected: "identity-policy" },
  {
    what: "identity policy alone",
    principal: user,
    policies: { identity: [identity] },
    expected: "allow identity-policy",
  },
  {
    what: "an Allow in one of several identity policies",
    principal: user,
    policies: { identity: [policy("identity", elsewhere), identity] },
    expected: "allow identity-policy",
  },
  {
    what: "a Deny in one of several identity policies",
    principal: user,
    policies: { identity: [identity, policy("identity", deny)] },
    expected: "deny identity-policy",
  },
  {
    what: "a Deny beside an Allow in one policy",
    principal: user,
    policies: { identity: [policy("identity", allow, deny)] },
    expected: "deny identity-policy",
  },
  {
    what: "resource policy alone, naming the user",
    principal: user,
    policies: { identity: no, resource: bucket({ AWS: `arn:aws:iam::${own}:user/ann` }) },
    expected: "allow resource-policy",
  },
  {
    what: "resource policy alone, naming everyone",
    principal: user,
    policies: { identity: no, resource: bucket("*") },
    expected: "allow resource-policy",
  },
  {
    what: "resource policy that names the account delegates to it",
    principal: user,
    policies: { identity: no, resource: bucket({ AWS: own }) },
    expected: "identity-policy",
  },
  {
    what: "resource policy that names another user",
    principal: user,
    policies: { identity: no, resource: bucket({ AWS: `arn:aws:iam::${own}:user/bob` }) },
    expected: "identity-policy",
  },
  {
    what: "a Deny in the resource policy beats an identity Allow",
    principal: user,
    policies: { identity: [identity], resource: bucket("*", deny) },
    expected: "deny resource-policy",
  },
  {
    what: "a Deny in the identity policy beats a resource Allow",
    principal: user,
    policies: { identity: [policy("identity", deny)], resource: bucket("*") },
    expected: "deny identity-policy",
  },
]);

group("IAM User Guide, Cross-account policy evaluation logic", [
  {
    what: "identity alone",
    principal: user,
    owner: other,
    policies: { identity: [identity] },
    expected: "resource-policy",
  },
  {
    what: "resource alone, naming the user",
    principal: user,
    owner: other,
    policies: { identity: no, resource: bucket({ AWS: `arn:aws:iam::${own}:user/ann` }) },
    expected: "identity-policy",
  },
  {
    what: "both, the resource naming the account",
    principal: user,
    owner: other,
    policies: { identity: [identity], resource: bucket({ AWS: `arn:aws:iam::${own}:root` }) },
    expected: "allow identity-policy",
  },
  {
    what: "both, the resource naming everyone",
    principal: role,
    owner: other,
    policies: { identity: [identity], resource: bucket("*") },
    expected: "allow identity-policy",
  },
  {
    what: "both, but a boundary stands against it",
    principal: user,
    owner: other,
    policies: { identity: [identity], boundary: policy("permissions-boundary", elsewhere), resource: bucket("*") },
    expected: "permissions-boundary",
  },
  {
    what: "the root user of another account, named",
    principal: root,
    owner: other,
    policies: { identity: no, resource: bucket({ AWS: own }) },
    expected: "allow resource-policy",
  },
  {
    what: "the root user of another account, unnamed",
    principal: root,
    owner: other,
    policies: { identity: no },
    expected: "resource-policy",
  },
]);

group("IAM User Guide, Permissions boundaries; Policy evaluation logic, resource-based policies", [
  {
    what: "a boundary that does not allow it",
    principal: user,
    policies: { identity: [identity], boundary: policy("permissions-boundary", elsewhere) },
    expected: "permissions-boundary",
  },
  {
    what: "a boundary grants nothing by itself",
    principal: user,
    policies: { identity: no, boundary: policy("permissions-boundary", allow) },
    expected: "identity-policy",
  },
  {
    what: "a Deny in a boundary",
    principal: user,
    policies: { identity: [identity], boundary: policy("permissions-boundary", deny), resource: bucket("*") },
    expected: "deny permissions-boundary",
  },
  {
    what: "a resource policy that names the user is not limited by the boundary",
    principal: user,
    policies: {
      identity: no,
      boundary: policy("permissions-boundary", elsewhere),
      resource: bucket({ AWS: `arn:aws:iam::${own}:user/ann` }),
    },
    expected: "allow resource-policy",
  },
  {
    what: "one that names the role is limited by the boundary",
    principal: role,
    policies: {
      identity: no,
      boundary: policy("permissions-boundary", elsewhere),
      resource: bucket({ AWS: `arn:aws:iam::${own}:role/app` }),
    },
    expected: "permissions-boundary",
  },
  {
    what: "one that names the role needs no identity policy",
    principal: role,
    policies: { identity: no, resource: bucket({ AWS: `arn:aws:iam::${own}:role/app` }) },
    expected: "allow resource-policy",
  },
  {
    what: "one that names the role is limited by a session policy",
    principal: role,
    policies: {
      identity: no,
      session: [policy("session", elsewhere)],
      resource: bucket({ AWS: `arn:aws:iam::${own}:role/app` }),
    },
    expected: "session-policy",
  },
  {
    what: "one that names the session is not",
    principal: role,
    policies: {
      identity: no,
      boundary: policy("permissions-boundary", elsewhere),
      session: [policy("session", elsewhere)],
      resource: bucket({ AWS: `arn:aws:sts::${own}:assumed-role/app/s1` }),
    },
    expected: "allow resource-policy",
  },
  {
    what: "one that names another session does nothing",
    principal: role,
    policies: { identity: no, resource: bucket({ AWS: `arn:aws:sts::${own}:assumed-role/app/s2` }) },
    expected: "identity-policy",
  },
  {
    what: "everyone with a condition on aws:PrincipalArn is not limited",
    principal: role,
    context: { "aws:PrincipalArn": `arn:aws:iam::${own}:role/app` },
    policies: {
      identity: no,
      session: [policy("session", elsewhere)],
      boundary: policy("permissions-boundary", elsewhere),
      resource: bucket("*", { Condition: { ArnEquals: { "aws:PrincipalArn": `arn:aws:iam::${own}:role/app` } } }),
    },
    expected: "allow resource-policy",
  },
]);

group("IAM User Guide, Policies and permissions in IAM: Session policies", [
  {
    what: "both allow",
    principal: role,
    policies: { identity: [identity], session: [policy("session", allow)] },
    expected: "allow identity-policy",
  },
  {
    what: "the session policy does not allow it",
    principal: role,
    policies: { identity: [identity], session: [policy("session", elsewhere)] },
    expected: "session-policy",
  },
  {
    what: "the role does not allow it",
    principal: role,
    policies: { identity: no, session: [policy("session", allow)] },
    expected: "identity-policy",
  },
  {
    what: "a Deny in the session policy",
    principal: role,
    policies: { identity: [identity], session: [policy("session", allow, deny)] },
    expected: "deny session-policy",
  },
  {
    what: "a federated user without session policies may do nothing",
    principal: federated,
    policies: { identity: [identity], session: [] },
    expected: "session-policy",
  },
  {
    what: "a federated user whom the resource policy names",
    principal: federated,
    policies: { identity: no, session: [], resource: bucket({ AWS: `arn:aws:sts::${own}:federated-user/f` }) },
    expected: "allow resource-policy",
  },
]);

group("AWS Organizations User Guide, SCP evaluation; RCP evaluation", [
  {
    what: "every level allows",
    principal: user,
    policies: {
      identity: [identity],
      serviceControl: [[policy("service-control", allow)], [policy("service-control", allow)]],
    },
    expected: "allow identity-policy",
  },
  {
    what: "one level does not",
    principal: user,
    policies: {
      identity: [identity],
      serviceControl: [[policy("service-control", allow)], [policy("service-control", elsewhere)]],
    },
    expected: "service-control-policy",
  },
  {
    what: "one policy of a level is enough for the level",
    principal: user,
    policies: {
      identity: [identity],
      serviceControl: [[policy("service-control", elsewhere), policy("service-control", allow)]],
    },
    expected: "allow identity-policy",
  },
  {
    what: "a Deny at any level, the root user included",
    principal: root,
    policies: {
      identity: no,
      serviceControl: [[policy("service-control", allow)], [policy("service-control", allow, deny)]],
    },
    expected: "deny service-control-policy",
  },
  {
    what: "an SCP does not concern the anonymous",
    principal: anonymous,
    policies: { identity: no, serviceControl: [[policy("service-control", deny)]], resource: bucket("*") },
    expected: "allow resource-policy",
  },
  {
    what: "an RCP does",
    principal: anonymous,
    policies: {
      identity: no,
      resourceControl: [[policy("resource-control", { Principal: "*" }, { Principal: "*", ...deny })]],
      resource: bucket("*"),
    },
    expected: "deny resource-control-policy",
  },
  {
    what: "an RCP that does not allow it",
    principal: user,
    policies: {
      identity: [identity],
      resourceControl: [[policy("resource-control", { Principal: "*", ...elsewhere })]],
    },
    expected: "resource-control-policy",
  },
  {
    what: "a level without policies allows nothing",
    principal: user,
    policies: { identity: [identity], serviceControl: [[]] },
    expected: "service-control-policy",
  },
]);

group("IAM User Guide, AWS account root user", [
  { what: "allowed in its own account", principal: root, policies: { identity: no }, expected: "allow" },
  {
    what: "a Deny of the resource holds for it",
    principal: root,
    policies: { identity: no, resource: bucket("*", deny) },
    expected: "deny resource-policy",
  },
  {
    what: "an endpoint policy holds for it",
    principal: root,
    policies: { identity: no, endpoint: policy("gateway-endpoint", { Principal: "*", ...elsewhere }) },
    expected: "endpoint-policy",
  },
]);

group("IAM User Guide, AWS JSON policy elements: Principal", [
  {
    what: "everyone includes the anonymous",
    principal: anonymous,
    policies: { identity: no, resource: bucket("*") },
    expected: "allow resource-policy",
  },
  {
    what: "AWS: * as well",
    principal: anonymous,
    policies: { identity: no, resource: bucket({ AWS: "*" }) },
    expected: "allow resource-policy",
  },
  {
    what: "an account does not",
    principal: anonymous,
    policies: { identity: no, resource: bucket({ AWS: own }) },
    expected: "resource-policy",
  },
  {
    what: "user names are case-sensitive",
    principal: user,
    policies: { identity: no, resource: bucket({ AWS: `arn:aws:iam::${own}:user/Ann` }) },
    expected: "identity-policy",
  },
  {
    what: "a user by the unique id",
    principal: user,
    policies: { identity: no, resource: bucket({ AWS: "AIDAAAAAAAAAAAAAAAAAA" }) },
    expected: "allow resource-policy",
  },
  {
    what: "a role by the unique id",
    principal: role,
    policies: { identity: no, resource: bucket({ AWS: "AROAAAAAAAAAAAAAAAAAA" }) },
    expected: "allow resource-policy",
  },
  {
    what: "a user made again under the same name",
    principal: user,
    policies: {
      identity: no,
      resource: {
        ...bucket({ AWS: `arn:aws:iam::${own}:user/ann` }),
        principalIds: { [`arn:aws:iam::${own}:user/ann`]: "AIDAGONE" },
      },
    },
    expected: "identity-policy",
  },
  {
    what: "a role made again under the same name",
    principal: role,
    policies: {
      identity: no,
      resource: {
        ...bucket({ AWS: `arn:aws:iam::${own}:role/app` }),
        principalIds: { [`arn:aws:iam::${own}:role/app`]: "AROAGONE" },
      },
    },
    expected: "identity-policy",
  },
  {
    what: "a condition on aws:PrincipalArn survives that",
    principal: user,
    context: { "aws:PrincipalArn": `arn:aws:iam::${own}:user/ann` },
    policies: {
      identity: no,
      resource: bucket("*", { Condition: { StringEquals: { "aws:PrincipalArn": `arn:aws:iam::${own}:user/ann` } } }),
    },
    expected: "allow resource-policy",
  },
  {
    what: "a service",
    principal: service,
    policies: { identity: no, resource: bucket({ Service: "logs.amazonaws.com" }) },
    expected: "allow resource-policy",
  },
  {
    what: "another service",
    principal: service,
    policies: { identity: no, resource: bucket({ Service: "sns.amazonaws.com" }) },
    expected: "resource-policy",
  },
  {
    what: "a canonical user id delegates to its account",
    principal: user,
    policies: { identity: no, resource: bucket({ CanonicalUser: canonicalUserId }) },
    expected: "identity-policy",
  },
  {
    what: "and names its root user",
    principal: root,
    owner: other,
    policies: { identity: no, resource: bucket({ CanonicalUser: canonicalUserId }) },
    expected: "allow resource-policy",
  },
]);

const account = `arn:aws:iam::${own}:root`;
group("IAM User Guide, AWS JSON policy elements: NotPrincipal", [
  {
    what: "a Deny spares whom it lists",
    principal: user,
    policies: { identity: [identity], resource: notPrincipal("Deny", [account, `arn:aws:iam::${own}:user/ann`]) },
    expected: "allow identity-policy",
  },
  {
    what: "the user without the account is denied",
    principal: user,
    policies: { identity: [identity], resource: notPrincipal("Deny", [`arn:aws:iam::${own}:user/ann`]) },
    expected: "deny resource-policy",
  },
  {
    what: "the account without the user is denied",
    principal: user,
    policies: { identity: [identity], resource: notPrincipal("Deny", [account]) },
    expected: "deny resource-policy",
  },
  {
    what: "account, role and session all listed",
    principal: role,
    policies: {
      identity: [identity],
      resource: notPrincipal("Deny", [own, `arn:aws:iam::${own}:role/app`, `arn:aws:sts::${own}:assumed-role/app/s1`]),
    },
    expected: "allow identity-policy",
  },
  {
    what: "the session is missing",
    principal: role,
    policies: { identity: [identity], resource: notPrincipal("Deny", [own, `arn:aws:iam::${own}:role/app`]) },
    expected: "deny resource-policy",
  },
  {
    what: "the root user by the account alone",
    principal: root,
    policies: { identity: no, resource: notPrincipal("Deny", [account]) },
    expected: "allow",
  },
  {
    what: "the anonymous are denied",
    principal: anonymous,
    policies: { identity: no, resource: notPrincipal("Deny", [account]) },
    expected: "deny resource-policy",
  },
  {
    what: "an Allow leaves out whom it lists",
    principal: user,
    policies: { identity: no, resource: notPrincipal("Allow", [`arn:aws:iam::${own}:user/ann`]) },
    expected: "identity-policy",
  },
  {
    what: "an Allow takes all others",
    principal: user,
    policies: { identity: no, resource: notPrincipal("Allow", [`arn:aws:iam::${own}:user/bob`]) },
    expected: "allow resource-policy",
  },
]);

const trust = (principal: unknown): Pick<Policies, "resource" | "resourceMustAllow"> => ({
  resource: policy("trust", { Principal: principal }),
  resourceMustAllow: true,
});
const mayAssume = policy("identity", { Action: "sts:AssumeRole" });
group("IAM User Guide, Policy evaluation logic: IAM role trust policies must explicitly allow access", [
  {
    what: "identity alone is not enough in the same account",
    principal: user,
    policies: { identity: [mayAssume], ...trust({ AWS: other }) },
    expected: "resource-policy",
  },
  {
    what: "a trust policy that names the user is enough",
    principal: user,
    policies: { identity: no, ...trust({ AWS: `arn:aws:iam::${own}:user/ann` }) },
    expected: "allow resource-policy",
  },
  {
    what: "one that names the account needs the identity policy too",
    principal: user,
    policies: { identity: no, ...trust({ AWS: own }) },
    expected: "identity-policy",
  },
  {
    what: "both",
    principal: user,
    policies: { identity: [mayAssume], ...trust({ AWS: own }) },
    expected: "allow identity-policy",
  },
  {
    what: "no trust policy at all",
    principal: user,
    policies: { identity: [mayAssume], resourceMustAllow: true },
    expected: "resource-policy",
  },
  {
    what: "from another account both are needed",
    principal: user,
    owner: other,
    policies: { identity: no, ...trust({ AWS: `arn:aws:iam::${own}:user/ann` }) },
    expected: "identity-policy",
  },
  {
    what: "a service",
    principal: service,
    policies: { identity: no, ...trust({ Service: "logs.amazonaws.com" }) },
    expected: "allow resource-policy",
  },
  {
    what: "an identity provider",
    principal: { kind: "web-identity", provider: "accounts.google.com" },
    policies: { identity: no, ...trust({ Federated: "accounts.google.com" }) },
    expected: "allow resource-policy",
  },
]);

describe("IAM User Guide, Troubleshoot access denied error messages", () => {
  const ann = `arn:aws:iam::${own}:user/ann`;
  const request = { principal: user, action: "s3:GetObject", resource: "arn:aws:s3:::b/k" };
  const head = `User: ${ann} is not authorized to perform: s3:GetObject on resource: "arn:aws:s3:::b/k"`;
  const texts: readonly (readonly [Layer, string, string])[] = [
    ["service-control-policy", "no service control policy allows", "a service control policy"],
    ["resource-control-policy", "no resource control policy allows", "a resource control policy"],
    ["endpoint-policy", "no VPC endpoint policy allows", "a VPC endpoint policy"],
    ["permissions-boundary", "no permissions boundary allows", "a permissions boundary"],
    ["session-policy", "no session policy allows", "a session policy"],
    ["identity-policy", "no identity-based policy allows", "an identity-based policy"],
    ["resource-policy", "no resource-based policy allows", "a resource-based policy"],
  ];
  it.each(texts)("%s", (layer, lacking, naming) => {
    const implicit = { allowed: false, decidedBy: { layer, reason: "no-allow" }, layers: [] } as const;
    expect(denialText(request, implicit)).toBe(`${head} because ${lacking} the s3:GetObject action`);
    const explicit = { allowed: false, decidedBy: { layer, reason: "explicit-deny" }, layers: [] } as const;
    expect(denialText(request, explicit)).toBe(`${head} with an explicit deny in ${naming}`);
  });
});
