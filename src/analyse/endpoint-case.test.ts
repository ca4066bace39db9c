import { describe, expect, it } from "vitest";
import type { Id } from "../base/id.ts";
import type { Bucket } from "../model/bucket.ts";
import type { Role } from "../model/role.ts";
import { apply, type Change, emptyState, put, type State } from "../model/state.ts";
import type { User } from "../model/user.ts";
import type { Path } from "../network/path.ts";
import { denialText } from "../policy/denial.ts";
import type { Principal } from "../policy/request.ts";
import { type Ask, authorise, explain } from "./authorise.ts";
import { type Caller, doorGroups, type EndpointCase } from "./testdata/endpoint-case.ts";
import { policyGroups } from "./testdata/endpoint-condition-case.ts";

const account = "111122223333";
const otherAccount = "444455556666";
const placeholders: Readonly<Record<string, string>> = {
  "<account>": account,
  "<other-account>": otherAccount,
  "<vpce>": "vpce-0123456789abcdef0",
  "<other-vpce>": "vpce-0123456789abcdef1",
  "<vpc>": "vpc-0123456789abcdef0",
  "<other-vpc>": "vpc-0123456789abcdef1",
  "<user>": `arn:aws:iam::${account}:user/ann`,
  "<role>": `arn:aws:iam::${account}:role/app`,
  "<ip>": "10.0.1.5",
};

function filled(text: string): string {
  return Object.entries(placeholders).reduce((done, [name, value]) => done.replaceAll(name, value), text);
}

function document(statements: readonly object[], version = "2012-10-17"): string {
  return filled(JSON.stringify({ Version: version, Statement: statements }));
}

const everything = [{ Effect: "Allow", Action: "s3:*", Resource: "*" }];
const open = [{ Effect: "Allow", Principal: "*", Action: "*", Resource: "*" }];

function worldOf(one: EndpointCase): State {
  const [, resource = ""] = filled(one.ask).split(" ");
  const asked = resource.split("/")[0] ?? "";
  const changes: Change[] = [
    put("user", user("ann", account, one.identity ?? everything)),
    put("user", user("eve", otherAccount, everything)),
    put("role", role(one.identity ?? everything)),
    put("session", session),
    endpoint("<vpce>", "<vpc>", document(one.endpoint ?? open, one.version)),
    endpoint("<other-vpce>", "<vpc>", document(open)),
    endpoint("vpce-0123456789abcdef2", "<other-vpc>", document(open)),
    put("bucket", bucket(asked, one.bucket)),
  ];
  return apply(emptyState, changes);
}

const base = { region: "us-east-1", createdAtMs: Date.UTC(2026, 0, 1), tags: [] };

function endpoint(id: string, vpcId: string, policyDocument: string): Change {
  const own = { ...base, accountId: account, id: filled(id) as Id<"vpce">, vpcId: filled(vpcId) as Id<"vpc"> };
  const serviceName = "com.amazonaws.us-east-1.s3";
  return put("vpc-endpoint", {
    ...own,
    kind: "Gateway",
    serviceName,
    state: "available",
    policyDocument,
    routeTableIds: [],
  });
}

function user(name: string, accountId: string, statements: readonly object[]): User {
  const inlinePolicies = statements.length === 0 ? [] : [{ name: "own", document: document(statements) }];
  const id = `AIDA${name.toUpperCase().padEnd(17, "A")}`;
  return { ...base, accountId, id, name, path: "/", inlinePolicies, attachedPolicyArns: [], groupIds: [] };
}

const roleId = "AROAAPPAAAAAAAAAAAAAA";

function role(statements: readonly object[]): Role {
  const inlinePolicies = statements.length === 0 ? [] : [{ name: "own", document: document(statements) }];
  const own = {
    ...base,
    accountId: account,
    id: roleId,
    name: "app",
    path: "/",
    inlinePolicies,
    attachedPolicyArns: [],
  };
  return { ...own, assumeRolePolicyDocument: "{}", trustedPrincipalIds: {}, maxSessionDurationSeconds: 3600 };
}

const session = {
  ...base,
  accountId: account,
  id: "ASIAAAAAAAAAAAAAAAAA",
  secretAccessKey: "secret",
  sessionToken: "token",
  expiresAtMs: Date.UTC(2027, 0, 1),
  principal: { kind: "assumed-role", roleId, sessionName: "s1" },
  sessionPolicies: [],
  sessionPolicyArns: [],
  transitiveTagKeys: [],
} as const;

/** Buckets of AWS are public for reading. */
function bucket(name: string, statements: readonly object[] | undefined): Bucket {
  const ofAws = name.endsWith(".amazonaws.com");
  const readable = [{ ...open[0], Action: "s3:GetObject", Resource: `arn:aws:s3:::${name}/*` }];
  const policy = statements ?? (ofAws ? readable : undefined);
  return {
    ...base,
    accountId: ownerOf(name),
    id: name,
    ...(policy === undefined ? {} : { policyDocument: document(policy) }),
  };
}

function ownerOf(bucketName: string): string {
  return bucketName === "docs" ? account : otherAccount;
}

function principalOf(caller: Caller): Principal {
  switch (caller) {
    case "user":
      return userPrincipal("ann", account);
    case "stranger":
      return userPrincipal("eve", otherAccount);
    case "root":
      return { kind: "root", accountId: account };
    case "anonymous":
      return { kind: "anonymous" };
    case "role": {
      const arn = `arn:aws:sts::${account}:assumed-role/app/s1`;
      const roleArn = filled("<role>");
      return {
        kind: "assumed-role",
        accountId: account,
        arn,
        roleArn,
        roleId,
        sessionName: "s1",
        sessionId: session.id,
      };
    }
  }
}

function userPrincipal(name: string, accountId: string): Principal {
  const arn = `arn:aws:iam::${accountId}:user/${name}`;
  return { kind: "user", accountId, arn, userId: `AIDA${name.toUpperCase().padEnd(17, "A")}`, userName: name };
}

function pathOf(one: EndpointCase): Path {
  const through = (vpcEndpointId: string, vpcId: string, sourceIp: string): Path => ({
    kind: "gateway-endpoint",
    vpcEndpointId: filled(vpcEndpointId) as Id<"vpce">,
    vpcId: filled(vpcId) as Id<"vpc">,
    sourceIp,
    destinationIp: "52.216.0.1",
  });
  switch (one.from ?? "endpoint") {
    case "endpoint":
      return through("<vpce>", "<vpc>", filled("<ip>"));
    case "other-endpoint":
      return through("<other-vpce>", "<vpc>", "10.0.2.5");
    case "other-vpc":
      return through("vpce-0123456789abcdef2", "<other-vpc>", "10.1.0.5");
    case "internet":
      return { kind: "internet", sourceIp: "198.51.100.7", destinationIp: "52.216.0.1" };
  }
}

/** `ListBucket docs prefix=a/` as the action, its resource and its condition keys. */
function askOf(one: EndpointCase): Ask {
  const [operation = "", target, ...options] = filled(one.ask).split(" ");
  const keys = options
    .map((option) => option.split("="))
    .map(([key = "", value = ""]) => [`s3:${key}`, [value]] as const);
  const name = target?.split("/")[0];
  return {
    principal: principalOf(one.as ?? "user"),
    action: `s3:${operation}`,
    resource: target === undefined ? "*" : `arn:aws:s3:::${target}`,
    resourceAccountId: name === undefined ? account : ownerOf(name),
    ...(name === undefined ? {} : { bucketName: name }),
    path: pathOf(one),
    region: "us-east-1",
    nowMs: Date.UTC(2026, 10, 22),
    secureTransport: one.plain !== true,
    userAgent: "test",
    keys: Object.fromEntries(keys),
  };
}

/** The verdict in AWS's words; the interpreter and the compiled form must both give it. */
function check(one: EndpointCase): void {
  const state = worldOf(one);
  const ask = askOf(one);
  for (const decision of [authorise(state, ask), explain(state, ask).decision]) {
    const text = denialText(ask, decision);
    const tail = /with an (explicit deny in .*)$|because (no .*) allows the .* action$/.exec(text);
    expect(decision.allowed ? "allowed" : (tail?.[1] ?? tail?.[2])).toBe(one.expected);
  }
}

for (const { source, cases } of [...doorGroups, ...policyGroups]) {
  describe(`${source}`, () => {
    for (const one of cases) it(`${one.ask}, ${one.what}: ${one.expected}`, () => check(one));
  });
}
