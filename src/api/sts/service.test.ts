/** STS through real HTTP by AWS's SDK: who may open which session, what it carries and when it ends. */

import * as iamSdk from "@aws-sdk/client-iam";
import * as sdk from "@aws-sdk/client-sts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { expiredSessions } from "../../model/session.ts";
import { all } from "../../model/state.ts";
import { type Keys, openRegion, type TestRegion } from "../iam/testdata/region.ts";

let region: TestRegion;
let accounts = 0;

beforeAll(async () => {
  region = await openRegion();
});

afterAll(async () => {
  expect(region.faults).toEqual([]);
  await region[Symbol.asyncDispose]();
});

const readOnly = "arn:aws:iam::aws:policy/ReadOnlyAccess";

function statements(...list: readonly object[]): string {
  return JSON.stringify({ Version: "2012-10-17", Statement: list });
}

const allow = (Action: string | readonly string[], Resource = "*", more: object = {}): string =>
  statements({ Effect: "Allow", Action, Resource, ...more });
const trust = (AWS: string | readonly string[], more: object = {}): string =>
  statements({ Effect: "Allow", Principal: { AWS }, Action: "sts:AssumeRole", ...more });

/** An account of its own with a user `ann`, her keys, and what the root user can do for them. */
async function openAccount() {
  accounts += 1;
  const account = String(200_000_000_000 + accounts);
  const root = region.iam(account);
  await root.send(new iamSdk.CreateUserCommand({ UserName: "ann" }));
  const made = await root.send(new iamSdk.CreateAccessKeyCommand({ UserName: "ann" }));
  const keys: Keys = { accessKeyId: made.AccessKey!.AccessKeyId!, secretAccessKey: made.AccessKey!.SecretAccessKey! };
  return {
    account,
    root,
    keys,
    ann: `arn:aws:iam::${account}:user/ann`,
    role: (name: string): string => `arn:aws:iam::${account}:role/${name}`,
    /** Ann may do this. */
    permit: (document: string) =>
      root.send(new iamSdk.PutUserPolicyCommand({ UserName: "ann", PolicyName: "p", PolicyDocument: document })),
    makeRole: (document: string, more: Partial<iamSdk.CreateRoleCommandInput> = {}) =>
      root.send(new iamSdk.CreateRoleCommand({ RoleName: "app", AssumeRolePolicyDocument: document, ...more })),
  };
}

type Account = Awaited<ReturnType<typeof openAccount>>;

function assume(
  by: Keys | string,
  RoleArn: string,
  more: Partial<sdk.AssumeRoleCommandInput> = {},
): Promise<sdk.AssumeRoleCommandOutput> {
  return region.sts(by).send(new sdk.AssumeRoleCommand({ RoleArn, RoleSessionName: "s1", ...more }));
}

function keysOf(answer: { readonly Credentials?: sdk.Credentials | undefined }): Keys {
  const { AccessKeyId, SecretAccessKey, SessionToken } = answer.Credentials!;
  return { accessKeyId: AccessKeyId!, secretAccessKey: SecretAccessKey!, sessionToken: SessionToken! };
}

async function whoIs(keys: Keys | string): Promise<unknown> {
  const { UserId, Account, Arn } = await region.sts(keys).send(new sdk.GetCallerIdentityCommand({}));
  return { UserId, Account, Arn };
}

async function refused(promise: Promise<unknown>, code: string, status: number, text: string | RegExp): Promise<void> {
  const error: unknown = await promise.then(
    () => "no error",
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(Error);
  const { name, Code, message, $metadata } = error as sdk.STSServiceException & { readonly Code?: string };
  expect({ code: Code ?? name, status: $metadata.httpStatusCode }).toEqual({ code, status });
  expect(message).toMatch(text instanceof RegExp ? text : new RegExp(`^${RegExp.escape(text)}$`, "u"));
}

describe("GetCallerIdentity", () => {
  test("the root users", async () => {
    expect(await whoIs("test")).toEqual({
      UserId: "000000000000",
      Account: "000000000000",
      Arn: "arn:aws:iam::000000000000:root",
    });
    expect(await whoIs("123456789012")).toEqual({
      UserId: "123456789012",
      Account: "123456789012",
      Arn: "arn:aws:iam::123456789012:root",
    });
  });

  test("a user needs no permission for it, even against a Deny", async () => {
    const one = await openAccount();
    await one.permit(statements({ Effect: "Deny", Action: "*", Resource: "*" }));
    expect(await whoIs(one.keys)).toEqual({
      UserId: expect.stringMatching(/^AIDA/u),
      Account: one.account,
      Arn: one.ann,
    });
  });

  test("unknown keys, wrong secrets and wrong tokens", async () => {
    expect.hasAssertions();
    const one = await openAccount();
    const identity = (keys: Keys) => region.sts(keys).send(new sdk.GetCallerIdentityCommand({}));
    const invalid = "The security token included in the request is invalid.";
    await refused(identity({ ...one.keys, accessKeyId: "AKIAIOSFODNN7EXAMPLE" }), "InvalidClientTokenId", 403, invalid);
    await refused(identity({ ...one.keys, sessionToken: "x" }), "InvalidClientTokenId", 403, invalid);
    await refused(identity({ ...one.keys, secretAccessKey: "x" }), "SignatureDoesNotMatch", 403, /signature/u);
  });
});

interface Way {
  readonly does: string;
  readonly trusts: (one: Account) => string;
  readonly permits?: (one: Account) => string;
  readonly more?: Partial<sdk.AssumeRoleCommandInput>;
  readonly role?: Partial<iamSdk.CreateRoleCommandInput>;
  /** Undefined: Ann gets her session. */
  readonly refusal?: readonly [code: string, status: number, text: string | RegExp];
}

const deniedAssume = (why: RegExp): readonly [string, number, RegExp] => ["AccessDenied", 403, why];
const may = (one: Account): string => allow("sts:AssumeRole", one.role("app"));
const byIdentity =
  /is not authorized to perform: sts:AssumeRole on resource: .* because no identity-based policy allows/u;
const byTrust = /is not authorized to perform: sts:AssumeRole on resource: .* because no resource-based policy allows/u;

const ways: readonly Way[] = [
  { does: "named by her ARN: needs no policy of her own", trusts: (one) => trust(one.ann) },
  { does: "her account is named: needs a policy of her own", trusts: (one) => trust(one.account), permits: may },
  { does: "her account's root is named", trusts: (one) => trust(`arn:aws:iam::${one.account}:root`), permits: may },
  {
    does: "her account is named and she may not",
    trusts: (one) => trust(one.account),
    refusal: deniedAssume(byIdentity),
  },
  {
    does: "she may and nobody trusts her",
    trusts: () =>
      statements({ Effect: "Allow", Principal: { Service: "ec2.amazonaws.com" }, Action: "sts:AssumeRole" }),
    permits: may,
    refusal: deniedAssume(byTrust),
  },
  {
    does: "trusted and denied by her own policy",
    trusts: (one) => trust(one.ann),
    permits: () => statements({ Effect: "Deny", Action: "sts:*", Resource: "*" }),
    refusal: deniedAssume(/with an explicit deny in an identity-based policy$/u),
  },
  {
    does: "denied by the trust policy",
    trusts: (one) =>
      statements(
        { Effect: "Allow", Principal: "*", Action: "sts:AssumeRole" },
        { Effect: "Deny", Principal: { AWS: one.ann }, Action: "sts:AssumeRole" },
      ),
    permits: may,
    refusal: deniedAssume(/with an explicit deny in a resource-based policy$/u),
  },
  {
    does: "the right external id",
    trusts: (one) => trust(one.ann, { Condition: { StringEquals: { "sts:ExternalId": "42-x" } } }),
    more: { ExternalId: "42-x" },
  },
  {
    does: "a wrong external id",
    trusts: (one) => trust(one.ann, { Condition: { StringEquals: { "sts:ExternalId": "42-x" } } }),
    more: { ExternalId: "42-y" },
    refusal: deniedAssume(/sts:AssumeRole/u),
  },
  {
    does: "no external id",
    trusts: (one) => trust(one.ann, { Condition: { StringEquals: { "sts:ExternalId": "42-x" } } }),
    refusal: deniedAssume(/sts:AssumeRole/u),
  },
  {
    does: "a session's name that the trust policy asks for",
    trusts: (one) => trust(one.ann, { Condition: { StringLike: { "sts:RoleSessionName": "${aws:username}*" } } }),
    more: { RoleSessionName: "ann-1" },
  },
  {
    does: "another session's name",
    trusts: (one) => trust(one.ann, { Condition: { StringLike: { "sts:RoleSessionName": "${aws:username}*" } } }),
    more: { RoleSessionName: "bob" },
    refusal: deniedAssume(/sts:AssumeRole/u),
  },
  {
    does: "tags without sts:TagSession",
    trusts: (one) => trust(one.ann),
    more: { Tags: [{ Key: "team", Value: "net" }] },
    refusal: deniedAssume(/is not authorized to perform: sts:TagSession on resource:/u),
  },
  {
    does: "tags that are asked for",
    trusts: (one) =>
      trust(one.ann, {
        Action: ["sts:AssumeRole", "sts:TagSession"],
        Condition: {
          StringEquals: { "aws:RequestTag/team": "net" },
          "ForAllValues:StringEquals": { "aws:TagKeys": ["team"] },
        },
      }),
    more: { Tags: [{ Key: "team", Value: "net" }] },
  },
  {
    does: "a source identity without sts:SetSourceIdentity",
    trusts: (one) => trust(one.ann),
    more: { SourceIdentity: "ann" },
    refusal: deniedAssume(/is not authorized to perform: sts:SetSourceIdentity on resource:/u),
  },
  {
    does: "less than 900 seconds",
    trusts: (one) => trust(one.ann),
    more: { DurationSeconds: 899 },
    refusal: [
      "ValidationError",
      400,
      "1 validation error detected: Value '899' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 900",
    ],
  },
  {
    does: "more than the role's hour",
    trusts: (one) => trust(one.ann),
    more: { DurationSeconds: 3601 },
    refusal: [
      "ValidationError",
      400,
      "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
    ],
  },
  {
    does: "the role's two hours",
    trusts: (one) => trust(one.ann),
    role: { MaxSessionDuration: 7200 },
    more: { DurationSeconds: 7200 },
  },
  {
    does: "a session's name with a blank",
    trusts: (one) => trust(one.ann),
    more: { RoleSessionName: "a b" },
    refusal: [
      "ValidationError",
      400,
      "1 validation error detected: Value 'a b' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]*",
    ],
  },
  {
    does: "a session's name of one character",
    trusts: (one) => trust(one.ann),
    more: { RoleSessionName: "a" },
    refusal: ["ValidationError", 400, /Member must have length greater than or equal to 2$/u],
  },
  {
    does: "a session policy that is no policy",
    trusts: (one) => trust(one.ann),
    more: { Policy: "{}" },
    refusal: ["MalformedPolicyDocument", 400, "Syntax errors in policy."],
  },
  {
    does: "a session policy that is not there",
    trusts: (one) => trust(one.ann),
    more: { PolicyArns: [{ arn: "arn:aws:iam::aws:policy/Nothing" }] },
    refusal: ["ValidationError", 400, "Policy arn:aws:iam::aws:policy/Nothing was not found."],
  },
  {
    does: "more than fits",
    trusts: (one) => trust(one.ann, { Action: ["sts:AssumeRole", "sts:TagSession"] }),
    more: { Tags: Array.from({ length: 10 }, (_, at) => ({ Key: `k${at}`, Value: "x".repeat(250) })) },
    refusal: [
      "PackedPolicyTooLarge",
      400,
      /^Packed policy consumes 124% of allotted space, please use smaller policy\.$/u,
    ],
  },
  {
    does: "a transitive key without its tag",
    trusts: (one) => trust(one.ann, { Action: ["sts:AssumeRole", "sts:TagSession"] }),
    more: { Tags: [{ Key: "a", Value: "1" }], TransitiveTagKeys: ["b"] },
    refusal: ["ValidationError", 400, "The transitive tag key b must be among the session tags"],
  },
  {
    does: "an MFA device",
    trusts: (one) => trust(one.ann),
    more: { SerialNumber: "arn:aws:iam::1:mfa/x", TokenCode: "123456" },
    refusal: ["AccessDenied", 403, /^MultiFactorAuthentication failed/u],
  },
];

async function checkWay(way: Way): Promise<void> {
  const one = await openAccount();
  if (way.permits !== undefined) await one.permit(way.permits(one));
  const role = await one.makeRole(way.trusts(one), way.role);
  const answer = assume(one.keys, one.role("app"), way.more);
  if (way.refusal !== undefined) return refused(answer, ...way.refusal);
  const { Credentials, AssumedRoleUser } = await answer;
  const name = way.more?.RoleSessionName ?? "s1";
  const seconds = way.more?.DurationSeconds ?? 3600;
  expect(AssumedRoleUser).toEqual({
    AssumedRoleId: `${role.Role!.RoleId}:${name}`,
    Arn: `arn:aws:sts::${one.account}:assumed-role/app/${name}`,
  });
  expect(Credentials!.AccessKeyId).toMatch(/^ASIA[A-Z2-7]{16}$/u);
  expect(Math.abs(Credentials!.Expiration!.getTime() - Date.now() - seconds * 1000)).toBeLessThan(10_000);
  expect(await whoIs(keysOf({ Credentials }))).toEqual({
    UserId: `${role.Role!.RoleId}:${name}`,
    Account: one.account,
    Arn: AssumedRoleUser!.Arn,
  });
}

describe("AssumeRole", () => {
  test.each(ways)("$does", checkWay);

  test("a role that is not there is refused like one that may not be assumed", async () => {
    expect.hasAssertions();
    const one = await openAccount();
    const text = `User: arn:aws:iam::${one.account}:root is not authorized to perform: sts:AssumeRole on resource: ${one.role("nil")}`;
    await refused(
      assume(one.account, one.role("nil")),
      "AccessDenied",
      403,
      new RegExp(`^${RegExp.escape(text)}`, "u"),
    );
    await refused(assume(one.account, "arn:aws:s3:::docs-of-mine"), "AccessDenied", 403, /is not authorized/u);
  });

  test("from another account both sides must allow", async () => {
    const [home, away] = [await openAccount(), await openAccount()];
    await away.makeRole(trust(home.account));
    await refused(assume(home.keys, away.role("app")), "AccessDenied", 403, byIdentity);
    await home.permit(allow("sts:AssumeRole", away.role("app")));
    const session = keysOf(await assume(home.keys, away.role("app")));
    expect(await whoIs(session)).toMatchObject({ Account: away.account });
    await away.root.send(
      new iamSdk.UpdateAssumeRolePolicyCommand({ RoleName: "app", PolicyDocument: trust(away.account) }),
    );
    await refused(assume(home.keys, away.role("app")), "AccessDenied", 403, byTrust);
  });

  test("a user who was deleted and made again is another one", async () => {
    expect.hasAssertions();
    const one = await openAccount();
    await one.makeRole(trust(one.ann));
    await assume(one.keys, one.role("app"));
    await one.root.send(new iamSdk.DeleteAccessKeyCommand({ UserName: "ann", AccessKeyId: one.keys.accessKeyId }));
    await one.root.send(new iamSdk.DeleteUserCommand({ UserName: "ann" }));
    await one.root.send(new iamSdk.CreateUserCommand({ UserName: "ann" }));
    const made = await one.root.send(new iamSdk.CreateAccessKeyCommand({ UserName: "ann" }));
    const keys = { accessKeyId: made.AccessKey!.AccessKeyId!, secretAccessKey: made.AccessKey!.SecretAccessKey! };
    await one.permit(may(one));
    await refused(assume(keys, one.role("app")), "AccessDenied", 403, byTrust);
  });

  test("a session may do what its role may, less what its session policy leaves out", async () => {
    const one = await openAccount();
    await one.makeRole(trust(one.ann));
    const lists = new iamSdk.ListUsersCommand({});
    const gets = new iamSdk.GetUserCommand({ UserName: "ann" });
    const plain = region.iam(keysOf(await assume(one.keys, one.role("app"))));
    await refused(
      plain.send(lists),
      "AccessDenied",
      403,
      /assumed-role\/app\/s1 is not authorized to perform: iam:ListUsers/u,
    );
    await one.root.send(
      new iamSdk.PutRolePolicyCommand({ RoleName: "app", PolicyName: "p", PolicyDocument: allow("iam:*") }),
    );
    await plain.send(lists);
    const answer = await assume(one.keys, one.role("app"), { Policy: allow("iam:GetUser") });
    expect(answer.PackedPolicySize).toBeGreaterThan(0);
    const narrow = region.iam(keysOf(answer));
    await narrow.send(gets);
    await refused(
      narrow.send(lists),
      "AccessDenied",
      403,
      /because no session policy allows the iam:ListUsers action$/u,
    );
    const byArn = region.iam(keysOf(await assume(one.keys, one.role("app"), { PolicyArns: [{ arn: readOnly }] })));
    await byArn.send(lists);
    await refused(
      byArn.send(new iamSdk.DeleteUserCommand({ UserName: "ann" })),
      "AccessDenied",
      403,
      /session policy/u,
    );
  });

  test("without its token a session is nobody's; with its role it ends", async () => {
    expect.hasAssertions();
    const one = await openAccount();
    await one.makeRole(trust(one.ann));
    const { sessionToken: _, ...bare } = keysOf(await assume(one.keys, one.role("app")));
    const identity = new sdk.GetCallerIdentityCommand({});
    await refused(region.sts(bare).send(identity), "InvalidClientTokenId", 403, /invalid/u);
    const whole = keysOf(await assume(one.keys, one.role("app")));
    await one.root.send(new iamSdk.DeleteRoleCommand({ RoleName: "app" }));
    await refused(region.sts(whole).send(identity), "InvalidClientTokenId", 403, /invalid/u);
  });

  test("a chain: an hour at most, transitive tags and the source identity go on", async () => {
    const one = await openAccount();
    const actions = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"];
    const more = { Action: actions };
    await one.makeRole(trust(one.ann, more));
    await one.root.send(
      new iamSdk.PutRolePolicyCommand({ RoleName: "app", PolicyName: "p", PolicyDocument: allow("sts:*") }),
    );
    const condition = { StringEquals: { "aws:PrincipalTag/team": "net", "aws:SourceIdentity": "ann" } };
    await one.makeRole(trust(one.account, { ...more, Condition: condition }), {
      RoleName: "next",
      MaxSessionDuration: 7200,
    });
    const first = keysOf(
      await assume(one.keys, one.role("app"), {
        Tags: [
          { Key: "team", Value: "net" },
          { Key: "gone", Value: "x" },
        ],
        TransitiveTagKeys: ["team"],
        SourceIdentity: "ann",
      }),
    );
    const second = await assume(first, one.role("next"));
    expect(second.SourceIdentity).toBe("ann");
    const session = [...all(region.control.state(), "session")].find(
      (it) => it.id === second.Credentials!.AccessKeyId,
    )!;
    expect(session).toMatchObject({ tags: [{ key: "team", value: "net" }], transitiveTagKeys: ["team"] });
    await refused(
      assume(first, one.role("next"), { DurationSeconds: 3601 }),
      "ValidationError",
      400,
      "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
    );
    await refused(
      assume(first, one.role("next"), { Tags: [{ Key: "Team", Value: "other" }] }),
      "ValidationError",
      400,
      "The session tag Team is transitive and cannot be overridden",
    );
  });
});

describe("GetSessionToken", () => {
  test("a user's session is the user; it cannot open another", async () => {
    const one = await openAccount();
    const answer = await region.sts(one.keys).send(new sdk.GetSessionTokenCommand({ DurationSeconds: 129_600 }));
    const session = keysOf(answer);
    expect(await whoIs(session)).toMatchObject({ Arn: one.ann });
    await refused(
      region.sts(session).send(new sdk.GetSessionTokenCommand({})),
      "AccessDenied",
      403,
      "Cannot call GetSessionToken with session credentials",
    );
    await one.permit(allow("iam:ListUsers"));
    await region.iam(session).send(new iamSdk.ListUsersCommand({}));
  });

  test("the root user's lasts an hour", async () => {
    const one = await openAccount();
    const answer = await region.sts(one.account).send(new sdk.GetSessionTokenCommand({ DurationSeconds: 43_200 }));
    const leftMs = answer.Credentials!.Expiration!.getTime() - Date.now();
    expect(leftMs).toBeLessThanOrEqual(3_600_000);
    expect(await whoIs(keysOf(answer))).toMatchObject({ Arn: `arn:aws:iam::${one.account}:root` });
  });

  test("more than 36 hours", async () => {
    expect.hasAssertions();
    const one = await openAccount();
    await refused(
      region.sts(one.keys).send(new sdk.GetSessionTokenCommand({ DurationSeconds: 129_601 })),
      "ValidationError",
      400,
      /Member must have value less than or equal to 129600$/u,
    );
  });
});

describe("GetFederationToken", () => {
  const federate = (by: Keys | string, more: Partial<sdk.GetFederationTokenCommandInput> = {}) =>
    region.sts(by).send(new sdk.GetFederationTokenCommand({ Name: "guest", ...more }));

  test("the guest may do what both the user and the session policy allow", async () => {
    const one = await openAccount();
    await refused(
      federate(one.keys),
      "AccessDenied",
      403,
      /sts:GetFederationToken on resource: .*:federated-user\/guest/u,
    );
    await one.permit(allow(["sts:GetFederationToken", "iam:ListUsers", "iam:ListRoles"]));
    const answer = await federate(one.keys, { Policy: allow(["iam:ListUsers", "iam:ListGroups"]) });
    expect(answer.FederatedUser).toEqual({
      FederatedUserId: `${one.account}:guest`,
      Arn: `arn:aws:sts::${one.account}:federated-user/guest`,
    });
    expect(await whoIs(keysOf(answer))).toEqual({
      UserId: `${one.account}:guest`,
      Account: one.account,
      Arn: `arn:aws:sts::${one.account}:federated-user/guest`,
    });
    const guest = region.iam(keysOf(answer));
    await guest.send(new iamSdk.ListUsersCommand({}));
    await refused(guest.send(new iamSdk.ListRolesCommand({})), "AccessDenied", 403, /no session policy allows/u);
    await refused(
      guest.send(new iamSdk.ListGroupsCommand({})),
      "AccessDenied",
      403,
      /no identity-based policy allows/u,
    );
  });

  test("a guest opens no session", async () => {
    expect.hasAssertions();
    const one = await openAccount();
    const guest = keysOf(await federate(one.account, { Policy: allow("*") }));
    await refused(federate(guest), "AccessDenied", 403, "Cannot call GetFederationToken with session credentials");
  });
});

describe("time", () => {
  test("an expired session is told so, then forgotten", async () => {
    await using late = await openRegion();
    const answer = await late.sts("test").send(new sdk.GetSessionTokenCommand({ DurationSeconds: 900 }));
    const keys = keysOf(answer);
    const identity = new sdk.GetCallerIdentityCommand({});
    late.pass(899_000);
    await late.sts(keys).send(identity);
    late.pass(2000);
    await refused(
      late.sts(keys).send(identity),
      "ExpiredToken",
      403,
      "The security token included in the request is expired",
    );
    const state = late.control.state();
    const expiresAtMs = [...all(state, "session")][0]!.expiresAtMs;
    expect(expiredSessions(state, expiresAtMs + 3_599_999)).toEqual([]);
    expect(expiredSessions(state, expiresAtMs + 3_600_000)).toEqual([
      { op: "delete", kind: "session", id: keys.accessKeyId },
    ]);
  });
});

test("sessions by tokens of other providers are refused as not served, though nobody signs for them", async () => {
  const common = { RoleArn: "arn:aws:iam::000000000000:role/app", RoleSessionName: "s1" };
  const command = new sdk.AssumeRoleWithWebIdentityCommand({ ...common, WebIdentityToken: "token" });
  await expect(region.sts("test").send(command)).rejects.toMatchObject({
    name: "UnsupportedOperation",
    message: "The operation AssumeRoleWithWebIdentity is known but not served by Underpass",
    $metadata: { httpStatusCode: 400 },
  });
});
