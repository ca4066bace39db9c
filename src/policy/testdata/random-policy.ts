/**
 * Random policy sets with requests that they concern: small alphabets, so that statements match, nearly match and
 * contradict each other. The same seed gives the same case again.
 */

import type { NamedPolicy, Policies } from "../decide.ts";
import { operatorNames } from "../operator.ts";
import { parsePolicy } from "../parse.ts";
import type { PolicyKind } from "../policy.ts";
import type { PolicyRequest, Principal } from "../request.ts";

export interface Case {
  readonly request: PolicyRequest;
  readonly policies: Policies;
}

/** Numbers of 0 up to 1; mulberry32. */
export type Random = () => number;

export function randomFrom(seed: number): Random {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

export function randomCase(random: Random): Case {
  return { request: randomRequest(random), policies: randomPolicies(random) };
}

export function pick<T>(random: Random, from: readonly T[]): T {
  const one = from[Math.floor(random() * from.length)];
  if (one === undefined) throw new Error("broken invariant: nothing to pick from");
  return one;
}

/** A document that `parsePolicy` takes for this kind. */
export function randomDocument(random: Random, kind: PolicyKind): string {
  const count = random() < 0.15 ? 9 + Math.floor(random() * 20) : 1 + Math.floor(random() * 4);
  const statements = Array.from({ length: count }, () => randomStatement(random, kind));
  const version = pick(random, ["2012-10-17", "2012-10-17", "2012-10-17", "2008-10-17", "none"]);
  return JSON.stringify({ ...(version === "none" ? {} : { Version: version }), Statement: statements });
}

const accounts = ["111111111111", "222222222222"];
const userIds = ["AIDAAAAAAAAAAAAAAAAA1", "AIDAAAAAAAAAAAAAAAAA2"];
const roleIds = ["AROAAAAAAAAAAAAAAAAA1", "AROAAAAAAAAAAAAAAAAA2"];
const canonicalIds = ["0", "1"].map((digit) => digit.repeat(64));

function randomPrincipal(random: Random): Principal {
  const accountId = pick(random, accounts);
  const userName = pick(random, ["ann", "*"]);
  switch (pick(random, ["anonymous", "root", "user", "user", "role", "role", "federated", "service", "web"] as const)) {
    case "anonymous":
      return { kind: "anonymous" };
    case "root":
      return { kind: "root", accountId };
    case "user":
      return {
        kind: "user",
        accountId,
        arn: `arn:aws:iam::${accountId}:user/${userName}`,
        userId: pick(random, userIds),
        userName,
      };
    case "role": {
      const roleArn = `arn:aws:iam::${accountId}:role/app`;
      const arn = `arn:aws:sts::${accountId}:assumed-role/app/s1`;
      return { kind: "assumed-role", accountId, arn, roleArn, roleId: pick(random, roleIds), sessionName: "s1" };
    }
    case "federated":
      return { kind: "federated-user", accountId, arn: `arn:aws:sts::${accountId}:federated-user/f`, name: "f" };
    case "service":
      return { kind: "service", service: "ec2.amazonaws.com" };
    case "web":
      return { kind: "web-identity", provider: "accounts.google.com" };
  }
}

const actions = [
  "s3:GetObject",
  "s3:PutObject",
  "s3:ListBucket",
  "S3:getobject",
  "s3:DeleteBucketPolicy",
  "sts:AssumeRole",
];
const keyParts = ["a", "b", "ab", "ba", "/", "-", ":", "*", "?", "é", "😀", "\n", "ann", "x"];

function randomText(random: Random, longest: number): string {
  return Array.from({ length: Math.floor(random() * longest) }, () => pick(random, keyParts)).join("");
}

function randomResource(random: Random): string {
  if (random() < 0.1) return "*";
  const bucket = pick(random, ["b", "bb", "log"]);
  if (random() < 0.05) return `arn:aws:s3:::b/${longText(random)}`;
  return random() < 0.2
    ? `arn:aws:s3:::${bucket}`
    : `arn:aws:s3:::${bucket}/${randomText(random, random() < 0.1 ? 60 : 5)}`;
}

function longText(random: Random): string {
  const letters = random() < 0.5 ? ["a", "b"] : ["a", "b", "😀"];
  return Array.from({ length: 30 }, () => pick(random, letters)).join("");
}

const contextValues: Readonly<Record<string, readonly string[]>> = {
  "aws:sourcevpce": ["vpce-1", "vpce-2"],
  "aws:sourceip": ["10.0.0.1", "10.0.1.1", "2001:db8::1", "nonsense", "10.0.0.01"],
  "aws:vpcsourceip": ["10.0.0.7", "192.168.1.1"],
  "aws:principalarn": [
    "arn:aws:iam::111111111111:role/app",
    "arn:aws:iam::111111111111:user/ann",
    "short",
    "arn:aws:x:iam::111111111111:role/app",
  ],
  "aws:username": ["ann", "a*b", "*", "?", ""],
  "aws:securetransport": ["true", "false", "TRUE"],
  "aws:currenttime": ["2026-01-01T00:00:00Z", "2026-06-15T12:30:00+02:00", "1767225600"],
  "aws:epochtime": ["1767225600", "1", "x"],
  "aws:tagkeys": ["a", "b", "ab", ""],
  "s3:prefix": ["", "a", "ab/a", "*"],
  "s3:max-keys": ["1", "10", "1e1", "ten"],
  "ex:blob": ["AQID", "AQI=", "AQI", "!"],
};
const keyNames = Object.keys(contextValues);

export function randomRequest(random: Random): PolicyRequest {
  const values = new Map<string, readonly string[]>();
  for (const key of keyNames) {
    if (random() < 0.3) continue;
    const count = key === "aws:tagkeys" ? Math.floor(random() * 4) : random() < 0.05 ? 2 : 1;
    values.set(
      key,
      Array.from({ length: count }, () => pick(random, contextValues[key] ?? [])),
    );
  }
  if (random() < 0.1) values.set("s3:prefix", [longText(random)]);
  const principal = randomPrincipal(random);
  const accountId = pick(random, [...accounts, "nobody"]);
  return {
    principal,
    ...(random() < 0.3 ? { canonicalUserId: pick(random, canonicalIds) } : {}),
    action: pick(random, actions),
    resource: randomResource(random),
    ...(accountId === "nobody" ? {} : { resourceAccountId: accountId }),
    context: { values, absent: new Map([["aws:sourceip", "it is hidden"]]) },
  };
}

function oneOrMany<T>(random: Random, make: () => T): T | readonly T[] {
  return random() < 0.6 ? make() : Array.from({ length: 1 + Math.floor(random() * 3) }, make);
}

function randomAction(random: Random, kind: PolicyKind): string {
  if (kind === "trust") return pick(random, ["sts:AssumeRole", "sts:*", "*"]);
  const action = pick(random, [
    "*",
    "s3:*",
    "s3:Get*",
    "s3:?etObject",
    "s3:GetObject",
    "S3:PUTOBJECT",
    "s3:*Object",
    "s3:List*",
  ]);
  return kind === "bucket" || random() < 0.8 ? action : pick(random, ["sts:AssumeRole", "ec2:*"]);
}

const variables = [
  "${aws:username}",
  "${AWS:UserName}",
  "${aws:tagkeys}",
  "${aws:username, 'ann'}",
  "${*}",
  "${?}",
  "${$}",
  "${s3:prefix}",
  "${}",
];

function randomPattern(random: Random, longest: number): string {
  const parts = Array.from({ length: Math.floor(random() * longest) }, () =>
    random() < 0.35 ? pick(random, ["*", "?", "*"]) : random() < 0.2 ? pick(random, variables) : pick(random, keyParts),
  );
  return parts.join("");
}

function randomResourcePattern(random: Random): string {
  if (random() < 0.25) return "*";
  const head = pick(random, [
    "arn:aws:s3:::",
    "arn:aws:s3:::",
    "arn:*:s3:::",
    "arn:aws:s3:*",
    "arn:${aws:username}:s3:::",
  ]);
  const bucket = pick(random, ["b", "b*", "*", "log", "b?", "${aws:username}"]);
  return random() < 0.3 ? head + bucket : `${head}${bucket}/${randomPattern(random, 5)}`;
}

function randomPrincipalElement(random: Random, kind: PolicyKind): unknown {
  if (kind === "resource-control" || random() < 0.35) return "*";
  const accountId = pick(random, accounts);
  const entry = (): string =>
    pick(random, [
      "*",
      accountId,
      `arn:aws:iam::${accountId}:root`,
      `arn:aws:iam::${accountId}:user/ann`,
      `arn:aws:iam::${accountId}:role/app`,
      `arn:aws:sts::${accountId}:assumed-role/app/s1`,
      `arn:aws:sts::${accountId}:federated-user/f`,
      pick(random, userIds),
      pick(random, roleIds),
    ]);
  switch (pick(random, ["AWS", "AWS", "AWS", "AWS", "many", "Service", "Federated", "CanonicalUser"] as const)) {
    case "AWS":
      return { AWS: oneOrMany(random, entry) };
    case "many":
      return { AWS: [entry(), entry(), entry(), entry()], Service: "ec2.amazonaws.com" };
    case "Service":
      return { Service: ["lambda.amazonaws.com", "ec2.amazonaws.com"] };
    case "Federated":
      return { Federated: random() < 0.5 ? "*" : "accounts.google.com" };
    case "CanonicalUser":
      return { CanonicalUser: pick(random, canonicalIds) };
  }
}

function randomValue(random: Random, operator: string): string {
  if (operator.startsWith("Numeric")) return pick(random, ["1", "10", "10.0", "-1"]);
  if (operator.startsWith("Date")) return pick(random, ["2026-01-01", "2026-06-15T10:30:00Z", "1767225600", "2026"]);
  if (operator === "Null" || operator === "Bool") return pick(random, ["true", "false"]);
  if (operator === "BinaryEquals") return pick(random, ["AQID", "AQI="]);
  if (operator.includes("Ip")) return pick(random, ["10.0.0.0/16", "10.0.0.1", "0.0.0.0/0", "2001:db8::/32", "::/0"]);
  if (operator.startsWith("Arn")) {
    return pick(random, [
      "arn:aws:iam::111111111111:role/*",
      "arn:aws:iam::*:user/${aws:username}",
      "arn:*:iam::111111111111:*",
      "arn:aws:*:iam::*:role/app",
      "arn:aws:iam*111111111111:role/app",
      "*",
      "arn:aws:iam::111111111111:role/app",
    ]);
  }
  return random() < 0.6 ? pick(random, contextValues[pick(random, keyNames)] ?? []) : randomPattern(random, 4);
}

const operators = operatorNames();

function randomCondition(random: Random): Record<string, Record<string, unknown>> {
  const condition: Record<string, Record<string, unknown>> = {};
  for (let left = 1 + Math.floor(random() * 2); left > 0; left--) {
    const base = pick(random, operators);
    const quantifier = random() < 0.2 ? pick(random, ["ForAllValues:", "ForAnyValue:"]) : "";
    const suffix = base !== "Null" && random() < 0.25 ? "IfExists" : "";
    const key = pick(random, keyNames);
    condition[`${quantifier}${base}${suffix}`] = {
      [random() < 0.5 ? key : key.toUpperCase()]: oneOrMany(random, () => randomValue(random, base)),
    };
  }
  return condition;
}

/** A statement with so many wildcards that the patterns are run together. */
function hardStatement(random: Random): object {
  const pattern = (): string =>
    Array.from({ length: 12 }, () => pick(random, ["a", "b", "*", "?", "ab", "a", "b", "*", "?", "😀"])).join("");
  const many = Array.from({ length: 100 }, pattern);
  const resources = random() < 0.5 ? many.map((one) => `arn:aws:s3:::b/${one}`) : ["*"];
  const Condition = {
    [pick(random, ["StringLike", "StringNotLike", "ForAnyValue:StringLike"])]: { "s3:prefix": many },
  };
  return { Effect: "Deny", Action: "*", Resource: resources, ...(random() < 0.5 ? { Condition } : {}) };
}

function randomStatement(random: Random, kind: PolicyKind): object {
  if (kind === "identity" && random() < 0.01) return hardStatement(random);
  const negate = (element: string, chance: number): string => (random() < chance ? `Not${element}` : element);
  const everyoneOnly = kind === "resource-control";
  const hasPrincipal = everyoneOnly || kind === "bucket" || kind === "trust" || kind.endsWith("endpoint");
  return {
    Effect: random() < 0.7 ? "Allow" : "Deny",
    ...(hasPrincipal
      ? { [everyoneOnly ? "Principal" : negate("Principal", 0.15)]: randomPrincipalElement(random, kind) }
      : {}),
    [everyoneOnly ? "Action" : negate("Action", 0.1)]: oneOrMany(random, () => randomAction(random, kind)),
    ...(kind === "trust" ? {} : { [negate("Resource", 0.1)]: oneOrMany(random, () => randomResourcePattern(random)) }),
    ...(random() < 0.5 ? { Condition: randomCondition(random) } : {}),
  };
}

function randomNamed(random: Random, kind: PolicyKind): NamedPolicy {
  const parsed = parsePolicy(randomDocument(random, kind), kind);
  if (!parsed.ok && parsed.error.rule === "size") return randomNamed(random, kind);
  if (!parsed.ok) throw new Error(`broken invariant: random documents are policies: ${JSON.stringify(parsed.error)}`);
  const principalIds = { [`arn:aws:iam::${pick(random, accounts)}:user/ann`]: pick(random, userIds) };
  return { name: kind, policy: parsed.value, ...(random() < 0.2 ? { principalIds } : {}) };
}

function several(random: Random, most: number, kind: PolicyKind): readonly NamedPolicy[] {
  return Array.from({ length: Math.floor(random() * (most + 1)) }, () => randomNamed(random, kind));
}

function randomPolicies(random: Random): Policies {
  const maybe = (chance: number, part: () => Partial<Policies>): Partial<Policies> => (random() < chance ? part() : {});
  return {
    identity: several(random, 3, "identity"),
    ...maybe(0.2, () => ({
      serviceControl: [several(random, 2, "service-control"), several(random, 2, "service-control")],
    })),
    ...maybe(0.1, () => ({ resourceControl: [several(random, 2, "resource-control")] })),
    ...maybe(0.5, () => ({
      endpoint: randomNamed(random, pick(random, ["gateway-endpoint", "interface-endpoint"] as const)),
    })),
    ...maybe(0.2, () => ({ boundary: randomNamed(random, "permissions-boundary") })),
    ...maybe(0.2, () => ({ session: several(random, 2, "session") })),
    ...maybe(0.6, () => ({ resource: randomNamed(random, random() < 0.8 ? "bucket" : "trust") })),
    ...maybe(0.1, () => ({ resourceMustAllow: true })),
  };
}
