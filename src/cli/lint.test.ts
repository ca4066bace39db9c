import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it, vi } from "vitest";
import { guessKind, lint, lintAndFix, rules } from "../policy/lint/lint.ts";
import { formatFindings, sarifOf } from "../policy/lint/print.ts";
import type { PolicyKind } from "../policy/policy.ts";
import { lintCommand, type LintCommandOptions } from "./lint.ts";
import { readServiceFacts } from "./service-facts.ts";
import { filledIn, perimeterPolicies } from "./testdata/perimeter-policy.ts";

const facts = await readServiceFacts(['"s3:', '"ec2:', '"sts:', '"iam:', '"dynamodb:']);

type Body = object | readonly object[];

function document(statement: Body, Version: string | undefined = "2012-10-17"): string {
  return JSON.stringify({ ...(Version === undefined ? {} : { Version }), Statement: statement }, undefined, 2);
}

/** The ids of what is found, in order. */
function check(kind: PolicyKind, text: string, expected: readonly string[], service?: string): void {
  const found = lint(text, { kind, facts, ...(service === undefined ? {} : { service }) });
  expect(found.map((finding) => finding.ruleId)).toEqual(expected);
}

const open = { Effect: "Allow", Principal: "*", Action: "s3:*", Resource: "*" };
const own = { Effect: "Allow", Action: "s3:GetObject", Resource: "arn:aws:s3:::docs/*" };
const docs = ["arn:aws:s3:::docs", "arn:aws:s3:::docs/*"];

function when(condition: object, more: object = {}): object {
  return { ...open, Condition: condition, ...more };
}

function onVpce(more: object = {}): object {
  return when({ StringNotEquals: { "aws:SourceVpce": "vpce-1" } }, { Effect: "Deny", Resource: docs, ...more });
}

interface Case {
  readonly what: string;
  readonly kind: PolicyKind;
  readonly statement: Body;
  readonly expected: readonly string[];
  readonly service?: string;
  readonly version?: string;
}

const gateway = "gateway-endpoint";
const cases: readonly Case[] = [
  { what: "no policy", kind: gateway, statement: own, expected: ["UP001"] },
  {
    what: "a clean endpoint policy",
    kind: gateway,
    statement: { ...open, Action: ["s3:GetObject", "s3:ListBucket"], Resource: docs },
    expected: [],
  },
  { what: "only a Deny", kind: gateway, statement: { ...open, Effect: "Deny" }, expected: ["UP002"] },
  {
    what: "only a Deny on a bucket",
    kind: "bucket",
    statement: { ...open, Effect: "Deny", Resource: docs },
    expected: [],
  },
  {
    what: "an account on a gateway endpoint",
    kind: gateway,
    statement: { ...open, Principal: { AWS: "111122223333" } },
    expected: ["UP003"],
  },
  {
    what: "a role on a gateway endpoint",
    kind: gateway,
    statement: { ...open, Principal: { AWS: "arn:aws:iam::111122223333:role/app" } },
    expected: ["UP003"],
  },
  {
    what: "a role on an interface endpoint",
    kind: "interface-endpoint",
    statement: { ...open, Principal: { AWS: "arn:aws:iam::111122223333:role/app" } },
    expected: [],
  },
  { what: "two services", kind: gateway, statement: { ...open, Action: ["s3:*", "dynamodb:*"] }, expected: ["UP004"] },
  {
    what: "the other service",
    kind: gateway,
    statement: { ...open, Action: "dynamodb:*" },
    service: "s3",
    expected: ["UP004"],
  },
  { what: "an unknown service", kind: "identity", statement: { ...own, Action: "s4:GetObject" }, expected: ["UP005"] },
  { what: "an unknown action", kind: "identity", statement: { ...own, Action: "s3:GetObjekt" }, expected: ["UP006"] },
  {
    what: "a wildcard that matches no action",
    kind: "identity",
    statement: { ...own, Action: "s3:Fetch*" },
    expected: ["UP006"],
  },
  { what: "an action in another case", kind: "identity", statement: { ...own, Action: "S3:getobject" }, expected: [] },
  {
    what: "an unknown global key",
    kind: gateway,
    statement: when({ StringEquals: { "aws:SourceVpcEndpoint": "x" } }),
    expected: ["UP007"],
  },
  {
    what: "an unknown key of a service",
    kind: gateway,
    statement: when({ StringEquals: { "s3:prefixx": "x" } }),
    expected: ["UP007"],
  },
  {
    what: "a key of no service",
    kind: gateway,
    statement: when({ StringEquals: { "foo:bar": "x" } }),
    expected: ["UP007"],
  },
  {
    what: "a key of an identity provider",
    kind: "trust",
    statement: {
      Effect: "Allow",
      Principal: { Federated: "accounts.google.com" },
      Action: "sts:AssumeRoleWithWebIdentity",
      Condition: { StringEquals: { "accounts.google.com:aud": "x" } },
    },
    expected: [],
  },
  {
    what: "a tag key",
    kind: gateway,
    statement: when({ StringEquals: { "aws:PrincipalTag/dp:exclude:resource": "x" } }),
    expected: [],
  },
  {
    what: "a key of another action",
    kind: gateway,
    statement: when({ StringEquals: { "s3:prefix": "x" } }, { Action: ["s3:GetObject", "s3:ListBucket"] }),
    expected: ["UP008"],
  },
  {
    what: "a key of another action that need not be there",
    kind: gateway,
    statement: when({ StringEqualsIfExists: { "s3:prefix": "x" } }, { Action: "s3:GetObject" }),
    expected: [],
  },
  {
    what: "ListBucket on objects",
    kind: "identity",
    statement: { ...own, Action: ["s3:GetObject", "s3:ListBucket"] },
    expected: ["UP009"],
  },
  {
    what: "GetObject on a bucket",
    kind: "identity",
    statement: { ...own, Resource: "arn:aws:s3:::docs" },
    expected: ["UP009"],
  },
  {
    what: "ListAllMyBuckets on a bucket",
    kind: "identity",
    statement: { ...own, Action: "s3:ListAllMyBuckets", Resource: docs },
    expected: ["UP009"],
  },
  {
    what: "a resource with a variable",
    kind: "identity",
    statement: { ...own, Resource: "arn:aws:s3:::${aws:PrincipalTag/bucket}/*" },
    expected: [],
  },
  {
    what: "aws:SourceIp behind an endpoint",
    kind: gateway,
    statement: when({ IpAddress: { "aws:SourceIp": "10.0.0.0/8" } }),
    expected: ["UP010"],
  },
  {
    what: "NotIpAddress on a bucket",
    kind: "bucket",
    statement: when({ NotIpAddress: { "aws:SourceIp": "203.0.113.0/24" } }, { Effect: "Deny", Resource: docs }),
    expected: ["UP010"],
  },
  {
    what: "NotIpAddress on a bucket that knows its VPC",
    kind: "bucket",
    statement: when(
      {
        NotIpAddressIfExists: { "aws:SourceIp": "203.0.113.0/24" },
        StringNotEqualsIfExists: { "aws:SourceVpc": "vpc-1", "aws:PrincipalTag/exception": "true" },
      },
      { Effect: "Deny", Resource: docs },
    ),
    expected: [],
  },
  { what: "a bucket for one endpoint only", kind: "bucket", statement: onVpce(), expected: ["UP011"] },
  {
    what: "a bucket for one endpoint and the administrators",
    kind: "bucket",
    statement: onVpce({
      Condition: {
        StringNotEquals: { "aws:SourceVpce": "vpce-1" },
        ArnNotLike: { "aws:PrincipalArn": "arn:aws:iam::111122223333:role/Admin" },
      },
    }),
    expected: [],
  },
  {
    what: "objects for one endpoint only",
    kind: "bucket",
    statement: onVpce({ Action: "s3:GetObject", Resource: "arn:aws:s3:::docs/*" }),
    expected: [],
  },
  {
    what: "a negated list",
    kind: gateway,
    statement: when({ StringNotEquals: { "aws:SourceVpc": ["vpc-1", "vpc-2"] } }),
    expected: ["UP012"],
  },
  {
    what: "a wildcard in an account",
    kind: gateway,
    statement: when({ StringLike: { "aws:PrincipalAccount": "111122223*" } }),
    expected: ["UP013"],
  },
  {
    what: "an account as a number",
    kind: gateway,
    statement: when({ NumericEquals: { "aws:PrincipalAccount": "111122223333" } }),
    expected: ["UP013"],
  },
  {
    what: "a short pattern",
    kind: gateway,
    statement: when({ StringLike: { "aws:userid": "AR*" } }),
    expected: ["UP014"],
  },
  {
    what: "a pattern long enough",
    kind: gateway,
    statement: when({ StringLike: { "aws:userid": "AROAEXAMPLE:*" } }),
    expected: [],
  },
  {
    what: "an account half a wildcard",
    kind: gateway,
    statement: when({ ArnLike: { "aws:PrincipalArn": "arn:aws:iam::1111*:role/app" } }),
    expected: ["UP015"],
  },
  {
    what: "an account all wildcard",
    kind: gateway,
    statement: when({ ArnLike: { "aws:PrincipalArn": "arn:aws:iam::*:role/app" } }),
    expected: [],
  },
  {
    what: "a variable without version",
    kind: "identity",
    version: "2008-10-17",
    statement: { ...own, Resource: "arn:aws:s3:::docs/${aws:username}/*" },
    expected: ["UP016"],
  },
  { what: "a statement twice", kind: "identity", statement: [own, { ...own, Sid: "Again" }], expected: ["UP017"] },
  {
    what: "a statement within another",
    kind: "identity",
    statement: [own, { ...own, Action: "s3:*", Resource: "*" }],
    expected: ["UP017"],
  },
  {
    what: "an Allow that a Deny takes back",
    kind: "identity",
    statement: [own, { Effect: "Deny", Action: "s3:Get*", Resource: "*" }],
    expected: ["UP017"],
  },
  {
    what: "a Deny under a condition",
    kind: "identity",
    statement: [
      own,
      { Effect: "Deny", Action: "s3:Get*", Resource: "*", Condition: { Bool: { "aws:SecureTransport": "false" } } },
    ],
    expected: [],
  },
  {
    what: "statements that only touch",
    kind: "identity",
    statement: [own, { ...own, Resource: "arn:aws:s3:::*/a" }],
    expected: [],
  },
  {
    what: "a document nearly full",
    kind: gateway,
    statement: { ...open, Sid: "x".repeat(19_000) },
    expected: ["UP018"],
  },
  {
    what: "an open bucket",
    kind: "bucket",
    statement: { ...open, Action: "s3:GetObject", Resource: "arn:aws:s3:::docs/*" },
    expected: ["UP019"],
  },
  {
    what: "an open trust policy",
    kind: "trust",
    statement: { Effect: "Allow", Principal: { AWS: "*" }, Action: "sts:AssumeRole" },
    expected: ["UP019"],
  },
  {
    what: "NotPrincipal",
    kind: "bucket",
    statement: {
      Effect: "Deny",
      NotPrincipal: { AWS: "111122223333" },
      Action: "s3:GetObject",
      Resource: "arn:aws:s3:::docs/*",
    },
    expected: ["UP020"],
  },
  {
    what: "ForAllValues in an Allow",
    kind: "identity",
    statement: {
      ...own,
      Action: "ec2:CreateTags",
      Resource: "*",
      Condition: { "ForAllValues:StringEquals": { "aws:TagKeys": "a" } },
    },
    expected: ["UP021"],
  },
  {
    what: "ForAllValues with Null",
    kind: "identity",
    statement: {
      ...own,
      Action: "ec2:CreateTags",
      Resource: "*",
      Condition: { "ForAllValues:StringEquals": { "aws:TagKeys": "a" }, Null: { "aws:TagKeys": "false" } },
    },
    expected: [],
  },
  {
    what: "a set operator on a single value",
    kind: gateway,
    statement: when({ "ForAnyValue:StringEquals": { "aws:SourceVpce": "vpce-1" } }),
    expected: ["UP022"],
  },
  {
    what: "a list of values without a set operator",
    kind: "identity",
    statement: { ...own, Action: "ec2:CreateTags", Resource: "*", Condition: { StringEquals: { "aws:TagKeys": "a" } } },
    expected: ["UP022"],
  },
  {
    what: "a key in two cases",
    kind: gateway,
    statement: when({ StringEquals: { "aws:SourceVpce": "vpce-1", "aws:sourcevpce": "vpce-1" } }),
    expected: ["UP023"],
  },
  {
    what: "a wildcard taken literally",
    kind: gateway,
    statement: when({ StringEquals: { "aws:userid": "AROAEXAMPLE:*" } }),
    expected: ["UP024"],
  },
  {
    what: "text for an address",
    kind: gateway,
    statement: when({ StringEquals: { "aws:VpcSourceIp": "10.0.0.0/8" } }),
    expected: ["UP025"],
  },
  {
    what: "an address for an ARN",
    kind: gateway,
    statement: when({ IpAddress: { "aws:PrincipalArn": "10.0.0.0/8" } }),
    expected: ["UP025"],
  },
  {
    what: "a placeholder",
    kind: gateway,
    statement: when({ StringEquals: { "aws:PrincipalOrgID": "<my-org-id>" } }),
    expected: ["UP026"],
  },
  {
    what: "a resource of no type",
    kind: "identity",
    statement: { ...own, Action: "ec2:*", Resource: "arn:aws:ec2:us-east-1:111122223333:machine/i-1" },
    expected: ["UP027"],
  },
];

describe("rules", () => {
  for (const { what, kind, statement, expected, service, version } of cases) {
    it(`${what}: ${expected.join(", ") || "clean"}`, () =>
      check(kind, document(statement, version), expected, service));
  }

  it("have each a case here, and ids in order", () => {
    const ids = rules.map((rule) => rule.id);
    expect(ids).toEqual(ids.toSorted());
    expect(ids.filter((id) => !cases.some((one) => one.expected.includes(id)))).toEqual([]);
  });
});

describe("AWS's published endpoint policies for data perimeters", () => {
  for (const { fileName, document: text } of perimeterPolicies) {
    it(`${fileName}: no alarm`, async () => {
      const known = await readServiceFacts([text]);
      const kind = guessKind(text, fileName) ?? "identity";
      expect(kind).toMatch(/endpoint/);
      const asIs = lint(text, { kind, facts: known }).filter(({ severity }) => severity !== "note");
      expect(asIs).toEqual([]);
      expect(lint(filledIn(text), { kind, facts: await readServiceFacts([filledIn(text)]) })).toEqual([]);
    });
  }
});

describe("--fix", () => {
  it("mends what has one right form, and leaves the rest", () => {
    const before = document(
      [
        {
          ...open,
          Principal: { AWS: "111122223333" },
          Action: "s3:GetObjet",
          Resource: "arn:aws:s3:::docs/${aws:username}",
        },
        when({ StringEquals: { "aws:SourceVcpe": "vpce-*" } }),
        { ...open, Sid: "All" },
        { ...open, Sid: "Again" },
      ],
      undefined,
    );
    const { text, findings, mended } = lintAndFix(before, { kind: gateway, facts });
    expect(mended).toBe(3);
    expect(findings).toEqual([]);
    expect(JSON.parse(text)).toEqual({
      Version: "2012-10-17",
      Statement: [{ ...open, Sid: "All" }],
    });
  });

  it("says an account's principals by a condition", () => {
    const { text } = lintAndFix(document({ ...open, Principal: { AWS: ["111122223333"] } }), { kind: gateway, facts });
    expect(JSON.parse(text)).toMatchObject({
      Statement: { Principal: "*", Condition: { StringEquals: { "aws:PrincipalAccount": ["111122223333"] } } },
    });
  });

  it("does not guess where two letters are wrong", () => {
    const { mended, findings } = lintAndFix(document({ ...own, Action: "s3:GetObjct" }), { kind: "identity", facts });
    expect(mended).toBe(1);
    expect(findings).toEqual([]);
    expect(lintAndFix(document({ ...own, Action: "s3:GtObjkt" }), { kind: "identity", facts }).mended).toBe(0);
  });
});

describe("where and how it is told", () => {
  const text = document(when({ StringEquals: { "aws:SourceVcpe": "x" } }));
  const findings = lint(text, { kind: gateway, facts });

  it("says line and column of the thing itself", () => {
    const [first] = findings;
    expect(text.split("\n")[(first?.line ?? 0) - 1]?.slice((first?.column ?? 0) - 1)).toMatch(/^"aws:SourceVcpe"/);
    expect(formatFindings([{ file: "a.json", findings }])).toMatch(
      /^a\.json:10:9: error UP007 unknown-key: there is no key `aws:SourceVcpe`; did you mean `aws:SourceVpce`\?\n {4}No request has this key.*\n {4}--fix would write `aws:SourceVpce`\n1 error, 0 warnings, 0 notes$/,
    );
  });

  it("writes SARIF 2.1.0", () => {
    expect(sarifOf([{ file: "a b.json", findings }], "1.2.3")).toMatchObject({
      version: "2.1.0",
      runs: [
        {
          tool: { driver: { name: "underpass lint", version: "1.2.3" } },
          results: [
            {
              ruleId: "UP007",
              ruleIndex: 6,
              level: "error",
              locations: [
                {
                  physicalLocation: {
                    artifactLocation: { uri: "a%20b.json" },
                    region: { startLine: 10, startColumn: 9, endLine: 10 },
                  },
                },
              ],
            },
          ],
        },
      ],
    });
  });

  it.each([
    ["policy.json", { ...own }, "identity"],
    [
      "policy.json",
      { Effect: "Allow", Principal: { Service: "ec2.amazonaws.com" }, Action: "sts:AssumeRole" },
      "trust",
    ],
    ["policy.json", { ...open, Resource: docs }, "bucket"],
    ["policy.json", open, "gateway-endpoint"],
    ["my-boundary.json", own, "permissions-boundary"],
    ["deny_all_scp.json", own, "service-control"],
    ["ec2_endpoint_policy.json", open, "interface-endpoint"],
    ["s3_endpoint_policy.json", open, "gateway-endpoint"],
  ] as const)("%s is guessed: %j", (fileName, statement, kind) => {
    expect(guessKind(document(statement), fileName)).toBe(kind);
  });
});

describe("the command", () => {
  const folder = mkdtempSync(join(tmpdir(), "underpass-lint-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  async function run(
    text: string,
    options: Partial<LintCommandOptions> = {},
  ): Promise<{ status: number; printed: string; text: string }> {
    const file = join(folder, "endpoint-s3.json");
    writeFileSync(file, text);
    const printing = vi.spyOn(console, "log").mockImplementation(() => undefined);
    try {
      const status = await lintCommand([file], { format: "text", fix: false, toolVersion: "0", ...options });
      return { status, printed: printing.mock.calls.flat().join("\n"), text: readFileSync(file, "utf8") };
    } finally {
      printing.mockRestore();
    }
  }

  it("ends with 0 where there is nothing, or only notes, and with 1 otherwise", async () => {
    expect(await run(document(open))).toMatchObject({ status: 0, printed: "0 errors, 0 warnings, 0 notes" });
    expect(await run(document(when({ StringEquals: { "aws:PrincipalOrgID": "<id>" } })))).toMatchObject({ status: 0 });
    expect(await run(document({ ...open, Action: "dynamodb:*" }), { type: "endpoint", service: "s3" })).toMatchObject({
      status: 1,
    });
    expect(await run("{")).toMatchObject({ status: 1 });
  });

  it("writes the mended document back", async () => {
    const { status, text } = await run(document({ ...open, Principal: { AWS: "111122223333" } }), { fix: true });
    expect(status).toBe(0);
    expect(text).toContain("aws:PrincipalAccount");
  });

  it("prints JSON that can be read", async () => {
    const { printed } = await run(document({ ...open, Effect: "Deny" }), { format: "json" });
    expect(JSON.parse(printed)).toMatchObject([{ ruleId: "UP002", severity: "error", line: 4 }]);
  });

  it("says which file it cannot read", async () => {
    await expect(
      lintCommand([join(folder, "none.json")], { format: "text", fix: false, toolVersion: "0" }),
    ).rejects.toThrow(/cannot read `.*none\.json`/);
  });
});
