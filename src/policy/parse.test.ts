import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parsePolicy } from "./parse.ts";
import type { PolicyKind } from "./policy.ts";
import { describePolicyError, ec2PolicyText, iamPolicyText, s3PolicyText } from "./policy-error.ts";
import { mutant } from "./testdata/mutate.ts";
import { randomFrom } from "./testdata/random-policy.ts";

/** `ok`, or the one line that says what is wrong. */
function check(kind: PolicyKind, document: string | object, expected: string | RegExp): void {
  const parsed = parsePolicy(typeof document === "string" ? document : JSON.stringify(document), kind);
  expect(parsed.ok ? "ok" : describePolicyError(parsed.error)).toMatch(
    typeof expected === "string" ? new RegExp(`^${escaped(expected)}$`) : expected,
  );
}

function escaped(text: string): string {
  return text.replaceAll(/[$()*+.?[\\\]^{|}]/g, String.raw`\$&`);
}

const full = { Effect: "Allow", Principal: "*", Action: "s3:*", Resource: "arn:aws:s3:::b/*" };
const own = { Effect: "Allow", Action: "s3:*", Resource: "*" };
const trusting = { Effect: "Allow", Principal: { AWS: "111122223333" }, Action: "sts:AssumeRole" };

function one(statement: object): object {
  return { Version: "2012-10-17", Statement: statement };
}

describe("JSON with positions (RFC 8259)", () => {
  it("says line and column", () => {
    check(
      "identity",
      '{\n  "Version": "2012-10-17",\n  "Statement": [,]\n}',
      /^line 3, column 17: `,` begins no value/,
    );
  });
  it("refuses a key that stands twice", () => {
    check(
      "identity",
      '{"Statement":[],"Statement":[]}',
      /^line 1, column 17: the key `Statement` stands twice in one object/,
    );
    check(
      "identity",
      '{"Statement":{"Effect":"Allow","Effect":"Deny","Action":"*","Resource":"*"}}',
      /`Effect` stands twice/,
    );
  });
  it.each([
    ["", /the document ends here/],
    ["[]", /the document is a JSON array, expected a JSON object/],
    ['"x"', /a JSON string/],
    ["{", /a key is missing/],
    ['{"a"', /a colon is missing/],
    ['{"a":1 "b":2}', /the object does not go on/],
    ["{} {}", /text after the end/],
    ['{"a":"\u0001"}', /a control character/],
    ['{"a":"\\x"}', /an unknown escape/],
    ['{"a":"\\ud800"}', /half a surrogate pair/],
    ['{"a":"x', /the string does not end/],
    ['{"a":[1,2', /the array does not go on/],
    ['{"a":01}', /the object does not go on/],
    [`{"a":${"[".repeat(100)}`, /the nesting is too deep/],
    ["\uFEFF{}", /begins no value/],
  ])("%j", (text, expected) => check("identity", text, expected));
});

describe("IAM User Guide, Grammar of the IAM JSON policy language", () => {
  it("takes a statement or a list of statements, with or without version, id and sid", () => {
    check("identity", { Statement: own }, "ok");
    check("identity", { Id: "x", Version: "2008-10-17", Statement: [{ ...own, Sid: "A1" }, own] }, "ok");
    check("bucket", one({ ...full, Sid: "with spaces and-dashes" }), "ok");
  });
  it("takes numbers and booleans without quotes in conditions", () => {
    const Condition = { Bool: { "aws:SecureTransport": false }, NumericLessThan: { "s3:max-keys": [10, "20"] } };
    check("identity", one({ ...own, Condition }), "ok");
  });
  const wrong: readonly (readonly [string, object, RegExp])[] = [
    ["no statement", { Version: "2012-10-17" }, /there is no `Statement`/],
    ["an empty list", one([]), /at Statement: there are no statements/],
    ["a statement that is text", one(["x"]), /at Statement\[0\]: the statement is a JSON string, expected an object/],
    [
      "an unknown version",
      { Version: "2012-10-18", Statement: own },
      /at Version: the version is unknown, expected `2012-10-17`/,
    ],
    [
      "an unknown element",
      one({ ...own, Resources: "*" }),
      /`Resources` is no element, expected one of `Sid`, `Effect`/,
    ],
    ["an element in lower case", one({ ...own, effect: "Allow" }), /`effect` is no element/],
    ["no effect", one({ Action: "*", Resource: "*" }), /there is no `Effect`, expected `Allow` or `Deny`, spelled so/],
    ["an effect in lower case", one({ ...own, Effect: "allow" }), /at Statement\.Effect: the effect is `allow`/],
    ["an effect that is a boolean", one({ ...own, Effect: true }), /the effect is a JSON boolean/],
    ["no action", one({ Effect: "Allow", Resource: "*" }), /there is no `Action` and no `NotAction`/],
    ["both actions", one({ ...own, NotAction: "*" }), /`Action` and `NotAction` stand side by side/],
    ["an empty list of actions", one({ ...own, Action: [] }), /the list is empty, expected at least one entry/],
    ["an action without a service", one({ ...own, Action: "GetObject" }), /`GetObject` is no action/],
    ["a wildcard in the service", one({ ...own, Action: "s*:GetObject" }), /`s\*:GetObject` is no action/],
    ["an action that is a number", one({ ...own, Action: 7 }), /the entry is a JSON number, expected a string/],
    ["no resource", one({ Effect: "Allow", Action: "s3:*" }), /there is no `Resource` and no `NotResource`/],
    ["both resources", one({ ...own, NotResource: "*" }), /stand side by side/],
    [
      "a resource that is no ARN",
      one({ ...own, Resource: "bucket/*" }),
      /`bucket\/\*` is no ARN, expected an ARN or `\*`/,
    ],
    ["a condition that is text", one({ ...own, Condition: "x" }), /at Statement\.Condition: this is a JSON string/],
    [
      "an unknown operator",
      one({ ...own, Condition: { StringIs: { "a:b": "c" } } }),
      /`StringIs` is no condition operator/,
    ],
    [
      "an operator in lower case",
      one({ ...own, Condition: { stringequals: { "a:b": "c" } } }),
      /is no condition operator/,
    ],
    ["IfExists of Null", one({ ...own, Condition: { NullIfExists: { "a:b": "true" } } }), /is no condition operator/],
    [
      "an operator without keys",
      one({ ...own, Condition: { StringEquals: ["c"] } }),
      /this is a JSON array, expected an object/,
    ],
    [
      "a key without a service",
      one({ ...own, Condition: { StringEquals: { SourceVpce: "c" } } }),
      /`SourceVpce` is no condition key/,
    ],
    ["a value that is null", one({ ...own, Condition: { StringEquals: { "a:b": null } } }), /the value is a JSON null/],
    [
      "a value that is no number",
      one({ ...own, Condition: { NumericEquals: { "a:b": "ten" } } }),
      /`ten` cannot be compared by `NumericEquals`, expected a number/,
    ],
    [
      "a value that is no date",
      one({ ...own, Condition: { DateLessThan: { "a:b": "2026-13-01" } } }),
      /expected an ISO 8601 date/,
    ],
    [
      "a value that is no address",
      one({ ...own, Condition: { IpAddress: { "a:b": "10.0.0.0/33" } } }),
      /expected an address or a CIDR block/,
    ],
    [
      "a value that is no boolean for Null",
      one({ ...own, Condition: { Null: { "a:b": "yes" } } }),
      /expected `true` or `false`/,
    ],
    ["a value that is no base64", one({ ...own, Condition: { BinaryEquals: { "a:b": "a" } } }), /expected base64/],
    ["a Sid with a dash", one({ ...own, Sid: "a-b" }), /at Statement\.Sid/],
    [
      "a Sid twice",
      one([
        { ...own, Sid: "A" },
        { ...own, Sid: "A" },
      ]),
      /in a single policy must be unique/,
    ],
  ];
  it.each(wrong)("%s", (_, document, expected) => check("identity", document, expected));
});

describe("what kinds of policies differ in", () => {
  const cases: readonly (readonly [string, PolicyKind, object, string | RegExp])[] = [
    ["an identity policy has no principal", "identity", one(full), /`Principal` is not allowed in this kind of policy/],
    ["a boundary has no principal", "permissions-boundary", one(full), /not allowed/],
    ["a session policy has no principal", "session", one(full), /not allowed/],
    [
      "a session policy has 2,048 characters",
      "session",
      one({ ...own, Sid: "x".repeat(2048) }),
      /the document is \d+ long, expected at most 2048/,
    ],
    ["an SCP has no principal", "service-control", one(full), /not allowed/],
    [
      "an RCP names everyone",
      "resource-control",
      one({ ...full, Principal: { AWS: "111122223333" } }),
      /only everyone can be named here/,
    ],
    [
      "an RCP has no NotAction",
      "resource-control",
      one({ Effect: "Deny", Principal: "*", NotAction: "s3:*", Resource: "*" }),
      /`NotAction` is not supported here/,
    ],
    ["an RCP", "resource-control", one({ ...full, Effect: "Deny" }), "ok"],
    ["an endpoint policy has a principal", "gateway-endpoint", one(own), /there is no `Principal`/],
    [
      "an endpoint policy has a resource",
      "interface-endpoint",
      one({ Effect: "Allow", Principal: "*", Action: "*" }),
      /there is no `Resource`/,
    ],
    [
      "an endpoint policy has 20,480 characters",
      "gateway-endpoint",
      one({ ...full, Sid: "x".repeat(20_480) }),
      /expected at most 20480/,
    ],
    ["a bucket policy has a principal", "bucket", one(own), /there is no `Principal`/],
    [
      "a bucket policy has actions of S3",
      "bucket",
      one({ ...full, Action: "ec2:CreateVpc" }),
      /`ec2:CreateVpc` is of another service/,
    ],
    ["a bucket policy may say every action", "bucket", one({ ...full, Action: "*" }), "ok"],
    ["a bucket policy has 20 KB", "bucket", one({ ...full, Sid: "é".repeat(10_300) }), /the document is 2\d{4} long/],
    ["a trust policy has no resource", "trust", one({ ...trusting, Resource: "*" }), /`Resource` is not allowed/],
    ["a trust policy has actions of STS", "trust", one({ ...trusting, Action: "s3:*" }), /is of another service/],
    ["a trust policy", "trust", one(trusting), "ok"],
  ];
  it.each(cases)("%s", (_, kind, document, expected) => check(kind, document, expected));
});

describe("IAM User Guide, AWS JSON policy elements: Principal", () => {
  const good: readonly unknown[] = [
    "*",
    { AWS: "*" },
    { AWS: "111122223333" },
    { AWS: ["arn:aws:iam::111122223333:root", "arn:aws:iam::111122223333:user/path/ann"] },
    { AWS: "arn:aws:iam::111122223333:role/app" },
    { AWS: "arn:aws:sts::111122223333:assumed-role/app/session" },
    { AWS: "AIDAJQABLZS4A3QDU576Q" },
    { Service: ["ec2.amazonaws.com", "ecs-tasks.amazonaws.com"] },
    { Federated: "cognito-identity.amazonaws.com" },
    { Federated: "*" },
    { Federated: "arn:aws:iam::111122223333:saml-provider/p" },
    { CanonicalUser: "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be" },
    { AWS: "*", Service: "ec2.amazonaws.com" },
  ];
  it.each(good.map((principal) => [principal]))("%j", (Principal) =>
    check("bucket", one({ ...full, Principal }), "ok"),
  );
  const bad: readonly unknown[] = [
    "arn:aws:iam::111122223333:root",
    "",
    {},
    { aws: "*" },
    { AWS: [] },
    { AWS: "1111" },
    { AWS: "arn:aws:iam::*:root" },
    { AWS: "arn:aws:iam::111122223333:user/*" },
    { AWS: "arn:aws:iam::111122223333:group/g" },
    { AWS: 111122223333 },
    { Service: "*" },
    { CanonicalUser: "79a5" },
    ["*"],
  ];
  it.each(bad.map((principal) => [principal]))("not %j", (Principal) => {
    check("bucket", one({ ...full, Principal }), /Principal/);
  });
});

describe("the words of each service", () => {
  function errorOf(kind: PolicyKind, document: string | object) {
    const parsed = parsePolicy(typeof document === "string" ? document : JSON.stringify(document), kind);
    if (parsed.ok) throw new Error("this should be wrong");
    return parsed.error;
  }
  it("IAM", () => {
    expect(iamPolicyText(errorOf("identity", "{"))).toBe("This policy contains invalid Json");
    expect(iamPolicyText(errorOf("identity", one(full)))).toBe("Policy document should not specify a principal.");
    expect(iamPolicyText(errorOf("identity", one({ ...own, Resource: "x" })))).toBe(
      'Resource x must be in ARN format or "*".',
    );
    expect(iamPolicyText(errorOf("identity", one({ ...own, effect: 1 })))).toBe("Syntax errors in policy.");
    expect(iamPolicyText(errorOf("trust", one({ ...trusting, Resource: "*" })))).toBe("Has prohibited field Resource");
  });
  it("S3", () => {
    expect(s3PolicyText(errorOf("bucket", "x"))).toBe("Policies must be valid JSON and the first byte must be '{'");
    expect(s3PolicyText(errorOf("bucket", one(own)))).toBe("Missing required field Principal");
    expect(s3PolicyText(errorOf("bucket", one({ ...full, Principal: { AWS: "x" } })))).toBe(
      "Invalid principal in policy",
    );
    expect(s3PolicyText(errorOf("bucket", one({ ...full, Action: "ec2:*" })))).toBe("Policy has invalid action");
  });
  it("EC2", () => {
    expect(ec2PolicyText(errorOf("gateway-endpoint", "x"))).toContain("This policy contains invalid Json");
  });
});

describe("any document at all", () => {
  it("is read or refused, never thrown at", () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const { kind, text } = mutant(randomFrom(seed));
        const parsed = parsePolicy(text, kind);
        expect(parsed.ok ? isJson(text) : parsed.error.line > 0 && parsed.error.column > 0).toBe(true);
      }),
      { numRuns: 10_000 },
    );
  });
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
