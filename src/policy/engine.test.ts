import { describe, expect, it } from "vitest";
import { type EngineRequest, openPolicies, type PolicyDocuments } from "./engine.ts";

const account = "111122223333";
const request: EngineRequest = {
  principal: {
    kind: "user",
    accountId: account,
    arn: `arn:aws:iam::${account}:user/ann`,
    userId: "AIDAANN",
    userName: "ann",
  },
  action: "s3:GetObject",
  resource: "arn:aws:s3:::docs/a.txt",
  keys: { "aws:SourceVpce": "vpce-1" },
};

const open = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}';
const onlyVpce = JSON.stringify({
  Version: "2012-10-17",
  Statement: {
    Sid: "OnlyVpce",
    Effect: "Deny",
    Principal: "*",
    Action: "s3:*",
    Resource: "*",
    Condition: { StringNotEquals: { "aws:SourceVpce": "vpce-1" } },
  },
});

function check(documents: PolicyDocuments, asked: EngineRequest, expected: string): void {
  const engine = openPolicies(documents);
  const text = engine.ok
    ? (engine.value.denialText(asked) ?? "allowed")
    : `${engine.error.document}: ${engine.error.text}`;
  expect(text).toContain(expected);
}

describe("the engine on its own", () => {
  it("decides over documents", () => {
    check({ identity: [open] }, request, "allowed");
    check({ identity: [open], bucket: onlyVpce }, request, "allowed");
    check(
      { identity: [open], bucket: onlyVpce },
      { ...request, keys: {} },
      "with an explicit deny in a resource-based policy",
    );
    check({ identity: [open], boundary: open.replace("s3:*", "ec2:*") }, request, "no permissions boundary allows");
    check({ identity: [open], session: [] }, request, "no session policy allows");
    check({ identity: [open], serviceControl: [[open], []] }, request, "no service control policy allows");
    const endpoint = { type: "Interface", document: onlyVpce } as const;
    check({ identity: [open], endpoint }, request, "no VPC endpoint policy allows");
    check(
      { identity: [open], trust: '{"Statement":{"Effect":"Allow","Principal":"*","Action":"sts:*"}}' },
      request,
      "no resource-based",
    );
  });

  it("names the document that is no policy", () => {
    check({ identity: [open, "{"] }, request, "identity[1]: line 1, column 2: a key is missing");
    check(
      { resourceControl: [[], [open]] },
      request,
      "resourceControl[1][0]: line 1, column 37, at Statement: there is no `Principal`",
    );
  });

  it("explains, and says what would turn it round", () => {
    const engine = openPolicies({ identity: [open], bucket: onlyVpce });
    expect(engine).toMatchObject({ ok: true });
    if (!engine.ok) return;
    const outside = { ...request, keys: {} };
    expect(engine.value.decide(outside).decidedBy).toMatchObject({ statement: { policy: "bucket", sid: "OnlyVpce" } });
    expect(engine.value.explain(request).layers.at(-1)?.misses).toMatchObject([
      { key: "aws:SourceVpce", actual: ["vpce-1"] },
    ]);
    expect(engine.value.counterfactual(outside)).toMatchObject({ kind: "key", to: "vpce-1" });
  });
});
