import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { regionBuilder } from "../../test/region-builder.ts";
import { find } from "../model/state.ts";
import type { Path } from "../network/path.ts";
import { serviceAddress } from "../network/service-address.ts";
import { authorise } from "./authorise.ts";
import type { RequestRecord } from "./request-record.ts";
import { traceDry, traceOf, type TraceQuestion } from "./trace.ts";

const nowMs = 1_700_000_000_000;
const s3 = serviceAddress("s3", "us-east-1")!;

/** A private subnet with an S3 endpoint, a public one with a gateway, one with nothing; a bucket that only the endpoint may reach. */
function small() {
  const build = regionBuilder();
  const vpc = build.vpc("10.0.0.0/16");
  const subnets = ["10.0.1.0/24", "10.0.2.0/24", "10.0.3.0/24"].map((cidr) => build.subnet(vpc, cidr));
  const tables = subnets.map((subnet) => build.table(vpc, subnet));
  build.route(tables[1]!, "0.0.0.0/0", build.gateway(vpc));
  const endpoint = build.endpoint(vpc, "s3", tables[0]!);
  const inside = build.instance(subnets[0]!, { name: "inside" });
  const outside = build.instance(subnets[1]!, { publicIp: true, name: "outside" });
  const lonely = build.instance(subnets[2]!, { name: "twin" });
  build.instance(subnets[2]!, { name: "twin" });
  build.bucket(
    "docs",
    JSON.stringify({
      Version: "2012-10-17",
      Statement: [
        {
          Sid: "EndpointOnly",
          Principal: "*",
          Action: "s3:*",
          Effect: "Deny",
          Resource: ["arn:aws:s3:::docs", "arn:aws:s3:::docs/*"],
          Condition: { StringNotEquals: { "aws:sourceVpce": endpoint } },
        },
      ],
    }),
  );
  build.bucket("open");
  return { build, vpc, tables, endpoint, inside, outside, lonely };
}

const made = small();
const question = (wish: Partial<TraceQuestion>): TraceQuestion => ({
  from: made.inside.id,
  action: "s3:GetObject",
  target: "s3://docs/a/b.txt",
  accessKeyId: "test",
  ...wish,
});
const dry = (wish: Partial<TraceQuestion>) => {
  const traced = traceDry(made.build.state(), question(wish), nowMs);
  if (!traced.ok) throw new Error(traced.error);
  return traced.value;
};

describe("of a request that nobody made", () => {
  test("through the endpoint", () => {
    expect(dry({})).toMatchObject({
      requestId: "dry",
      atMs: nowMs,
      service: "s3",
      operation: "GetObject",
      request: "GET /a/b.txt",
      name: { host: "docs.s3.us-east-1.amazonaws.com", ips: [s3], by: "service name" },
      instanceId: made.inside.id,
      path: {
        kind: "gateway-endpoint",
        vpcEndpointId: made.endpoint,
        vpcId: made.vpc,
        sourceIp: made.inside.ip,
        destinationIp: s3,
      },
      route: { routeTableId: made.tables[0], chosen: { target: made.endpoint } },
      principalArn: "arn:aws:iam::000000000000:root",
      decisions: [
        {
          action: "s3:GetObject",
          resource: "arn:aws:s3:::docs/a/b.txt",
          decision: { allowed: true },
          present: { "aws:sourcevpce": [made.endpoint], "aws:vpcsourceip": [made.inside.ip] },
          absent: { "aws:sourceip": expect.stringContaining(made.endpoint) },
        },
      ],
    });
  });

  test("over the internet the bucket's policy denies, and is named", () => {
    const traced = dry({ from: "outside" });
    expect(traced.path).toEqual({ kind: "internet", sourceIp: made.outside.publicIp, destinationIp: s3 });
    expect(traced.decisions[0]!.decision).toMatchObject({
      allowed: false,
      decidedBy: { layer: "resource-policy", reason: "explicit-deny", statement: { sid: "EndpointOnly" } },
    });
    expect(traced.decisions[0]!.present).toMatchObject({ "aws:sourceip": [made.outside.publicIp] });
  });

  test("without a route nothing is decided", () => {
    expect(dry({ from: made.lonely.id })).toMatchObject({
      unreachable: `${made.tables[2]} has no route to ${s3}`,
      decisions: [],
      route: { routeTableId: made.tables[2], beaten: [] },
    });
    expect(dry({ from: made.lonely.id }).path).toBeUndefined();
  });

  test("from the host", () => {
    expect(dry({ from: "host", target: "s3://open/x" })).toMatchObject({
      path: { kind: "host" },
      decisions: [{ decision: { allowed: true } }],
    });
  });

  test("from the host no name is looked up", () => {
    expect(dry({ from: "host", target: "s3://open/x" }).name).toBeUndefined();
  });

  test("from the host over plain HTTP, as its port speaks; from an instance over TLS", () => {
    const keysOf = (from: string) => {
      const { transport, decisions } = dry({ from, target: "s3://open/x" });
      const { present, absent } = decisions[0]!;
      return [transport, present["aws:securetransport"], present["s3:tlsversion"], absent["s3:tlsversion"]];
    };
    expect(keysOf("host")).toEqual(["http", ["false"], undefined, "the request came over plain HTTP"]);
    expect(keysOf("inside")).toEqual(["https", ["true"], ["1.3"], undefined]);
  });

  test("an operation whose actions are called otherwise asks for those", () => {
    const asked = (action: string, target: string) => {
      const { operation, decisions } = dry({ action, target });
      return [operation, decisions.map((one) => one.action)];
    };
    expect(asked("s3:ListObjectsV2", "s3://docs")).toEqual(["ListObjectsV2", ["s3:ListBucket"]]);
    expect(asked("s3:GetObjectAttributes", "s3://docs/a")).toEqual([
      "GetObjectAttributes",
      ["s3:GetObject", "s3:GetObjectAttributes"],
    ]);
    expect(asked("s3:DeleteObjects", "s3://docs/a")).toEqual(["DeleteObjects", ["s3:DeleteObject"]]);
  });

  test("the keys that the policies name are told apart", () => {
    expect(dry({}).decisions[0]!.askedKeys).toEqual(["aws:sourcevpce"]);
    expect(dry({ from: "host", target: "s3://open/x" }).decisions[0]!.askedKeys).toEqual([]);
  });

  test("other services take other ways", () => {
    expect(dry({ action: "ec2:DescribeVpcs", target: "*" })).toMatchObject({
      name: { host: "ec2.us-east-1.amazonaws.com" },
      unreachable: `${made.tables[0]} has no route to ${serviceAddress("ec2", "us-east-1")}`,
    });
    expect(dry({ from: "outside", action: "iam:GetUser", target: "arn:aws:iam::000000000000:user/ann" })).toMatchObject(
      {
        path: { kind: "internet" },
        decisions: [{ action: "iam:GetUser", decision: { allowed: true } }],
      },
    );
  });

  test("a bucket that is not there", () => {
    expect(dry({ target: "s3://nowhere/x" })).toMatchObject({ errorCode: "NoSuchBucket" });
    expect(dry({ target: "s3://nowhere", action: "s3:CreateBucket" }).errorCode).toBeUndefined();
  });

  test("the owner's root user is never locked out of the bucket policy, here as at the gate", () => {
    const decisions = (action: string): boolean[] =>
      dry({ from: "host", action, target: "s3://docs" }).decisions.map((one) => one.decision.allowed);
    expect([decisions("s3:GetBucketPolicy"), decisions("s3:ListBucket")]).toEqual([[true], [false]]);
  });

  test("without the resolver the name leads nowhere", () => {
    const { build, vpc, inside } = small();
    build.attribute(vpc, "enableDnsSupport", false);
    const traced = traceDry(build.state(), question({ from: inside.id }), nowMs);
    expect(traced).toMatchObject({
      ok: true,
      value: { unreachable: expect.stringContaining("enableDnsSupport"), name: { ips: [] } },
    });
  });

  const check = (wish: Partial<Record<keyof TraceQuestion, unknown>>, sentence: string): void =>
    expect(traceDry(made.build.state(), question(wish as Partial<TraceQuestion>), nowMs)).toEqual({
      ok: false,
      error: sentence,
    });

  test.each<[Partial<Record<keyof TraceQuestion, unknown>>, string]>([
    [{ from: "i-none" }, "no instance `i-none`"],
    [{ accessKeyId: "AKIAUNKNOWN" }, "no access key `AKIAUNKNOWN`"],
    [{ action: "GetObject" }, "`GetObject` is not an action; one looks like s3:GetObject"],
    [{ action: "sqs:SendMessage" }, "no service `sqs`: traces are of s3, ec2, iam and sts"],
    [{ target: "docs/x" }, "`docs/x` is neither s3://bucket/key nor an ARN of S3 nor `*`"],
    [{ action: "ec2:RunInstances", target: "x" }, "`x` is neither an ARN nor `*`"],
    [{ from: 7 }, "`from` must be a string"],
    [{ target: undefined }, "`target` must be a string"],
    [{ accessKeyId: { $gt: "" } }, "`accessKeyId` must be a string"],
  ])("%j is refused", (wish, sentence) => check(wish, sentence));

  test("a name that two instances have is refused", () => {
    expect(traceDry(made.build.state(), question({ from: "twin" }), nowMs)).toEqual({
      ok: false,
      error: expect.stringMatching(/^`twin` names i-\w+ and i-\w+; use the id$/),
    });
  });

  test("no question crashes it", () => {
    const text = fc.oneof(
      fc.string(),
      fc.constantFrom("host", "s3://docs", "*", "s3:GetObject", "arn:aws:s3:::docs/x", "test", "inside"),
    );
    fc.assert(
      fc.property(fc.record({ from: text, action: text, target: text, accessKeyId: text }), (asked) => {
        expect(typeof traceDry(made.build.state(), asked, nowMs).ok).toBe("boolean");
      }),
      { numRuns: 500 },
    );
  });
});

describe("of a request that was made", () => {
  function record(path: Path, wish: Partial<RequestRecord> = {}): RequestRecord {
    return {
      requestId: "A1B2",
      atMs: nowMs,
      service: "s3",
      operation: "GetObject",
      method: "GET",
      target: "/a.txt",
      host: "docs.s3.us-east-1.amazonaws.com:443",
      path,
      state: made.build.state(),
      asks: [
        {
          principal: { kind: "anonymous" },
          action: "s3:GetObject",
          resource: "arn:aws:s3:::docs/a.txt",
          resourceAccountId: "000000000000",
          bucketName: "docs",
          path,
          region: "us-east-1",
          nowMs,
          secureTransport: true,
          keys: {},
        },
      ],
      status: 403,
      errorCode: "AccessDenied",
      errorMessage: "Access Denied",
      durationMs: 1.5,
      ...wish,
    };
  }
  const internet: Path = { kind: "internet", sourceIp: made.outside.publicIp!, destinationIp: s3 };

  test("its steps are worked out again from the state that it was decided on", () => {
    const traced = traceOf(record(internet));
    expect(traced).toMatchObject({
      requestId: "A1B2",
      request: "GET /a.txt",
      name: { host: "docs.s3.us-east-1.amazonaws.com", ips: [s3] },
      instanceId: made.outside.id,
      path: internet,
      route: { routeTableId: made.tables[1], chosen: { cidrBlock: "0.0.0.0/0" } },
      principalArn: "anonymous",
      status: 403,
      errorCode: "AccessDenied",
      durationMs: 1.5,
      transport: "https",
      filters: expect.arrayContaining([expect.objectContaining({ leg: "reply", allowed: true })]),
      decisions: [{ decision: { allowed: false } }],
    });
  });

  test("the verdict told is the verdict given", () => {
    for (const principal of [
      { kind: "anonymous" },
      { kind: "root", accountId: "000000000000" },
      { kind: "root", accountId: "123456789012" },
    ] as const) {
      for (const path of [internet, { kind: "host", sourceIp: "127.0.0.1" }, dry({}).path!] satisfies Path[]) {
        const [ask] = record(path).asks;
        const given = authorise(made.build.state(), { ...ask!, principal });
        const told = traceOf(record(path, { asks: [{ ...ask!, principal }] })).decisions[0]!.decision;
        expect([told.allowed, told.decidedBy]).toEqual([given.allowed, given.decidedBy]);
      }
    }
  });

  test("a request that was refused before anybody was known", () => {
    const traced = traceOf(record({ kind: "host", sourceIp: "127.0.0.1" }, { asks: [], host: "127.0.0.1:4566" }));
    expect([traced.principalArn, traced.name, traced.instanceId, traced.route]).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
    expect(traced.decisions).toEqual([]);
  });

  test("an instance that is gone by now was there then", () => {
    const { build, outside } = small();
    const before = build.state();
    build.terminate(outside.id);
    const path: Path = { kind: "internet", sourceIp: outside.publicIp!, destinationIp: s3 };
    expect(traceOf(record(path, { state: before })).instanceId).toBe(outside.id);
    expect(traceOf(record(path, { state: build.state() })).instanceId).toBeUndefined();
    expect(find(build.state(), "instance", outside.id)?.state).toBe("terminated");
  });
});
