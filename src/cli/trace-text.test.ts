import { expect, test } from "vitest";
import type { RequestTrace } from "../analyse/request-trace.ts";
import { formatTrace } from "./trace-text.ts";

const denied: RequestTrace = {
  requestId: "4442587FB7D0A2F9",
  atMs: Date.UTC(2026, 10, 22, 8, 0, 0),
  service: "s3",
  operation: "GetObject",
  request: "GET /report.pdf",
  name: { host: "docs.s3.us-east-1.amazonaws.com", ips: ["52.216.0.10"], by: "service name" },
  instanceId: "i-0a",
  transport: "https",
  path: {
    kind: "gateway-endpoint",
    vpcEndpointId: "vpce-0b" as never,
    vpcId: "vpc-0c" as never,
    sourceIp: "10.0.1.4",
    destinationIp: "52.216.0.10",
  },
  route: {
    routeTableId: "rtb-0d",
    routeTableBy: "subnet association",
    chosen: {
      destination: "pl-63a5400a",
      cidrBlock: "52.216.0.0/15",
      target: "vpce-0b",
      state: "active",
      origin: "endpoint",
    },
    beaten: [{ destination: "0.0.0.0/0", cidrBlock: "0.0.0.0/0", target: "igw-0e", state: "active", origin: "static" }],
  },
  principalArn: "arn:aws:iam::000000000000:user/ann",
  decisions: [
    {
      action: "s3:GetObject",
      resource: "arn:aws:s3:::docs/report.pdf",
      askedKeys: ["aws:sourceip", "s3:prefix"],
      present: { "aws:sourcevpce": ["vpce-0b"], "aws:securetransport": ["true"] },
      absent: { "aws:sourceip": "the request came through vpce-0b", "aws:calledvia": "no AWS service" },
      decision: {
        allowed: false,
        decidedBy: { layer: "endpoint-policy", reason: "no-allow" },
        layers: [
          {
            layer: "endpoint-policy",
            verdict: "no-allow",
            misses: [
              {
                statement: { policy: "vpce-0b", index: 0, sid: "OneBucket" },
                effect: "Allow",
                element: "Resource",
                expected: ["arn:aws:s3:::other/*"],
                actual: ["arn:aws:s3:::docs/report.pdf"],
              },
            ],
          },
          {
            layer: "identity-policy",
            verdict: "allow",
            statement: { policy: "inline policy reader of user ann", index: 1 },
            misses: [],
          },
          {
            layer: "resource-policy",
            verdict: "no-allow",
            misses: [
              {
                statement: { policy: "bucket docs", index: 0 },
                effect: "Deny",
                element: "Condition",
                operator: "IpAddress",
                key: "aws:SourceIp",
                expected: ["203.0.113.0/24"],
                actual: [],
                absentBecause: "the request came through vpce-0b",
              },
            ],
          },
        ],
      },
    },
  ],
  status: 403,
  errorCode: "AccessDenied",
  errorMessage: "Access Denied",
  durationMs: 1.25,
};

test("a denied request, from name to answer", () => {
  expect(formatTrace(denied)).toMatchInlineSnapshot(`
    "request    4442587FB7D0A2F9  s3:GetObject  GET /report.pdf
    at         2026-11-22T08:00:00.000Z
    caller     arn:aws:iam::000000000000:user/ann
    from       i-0a
    door       gateway endpoint vpce-0b of vpc-0c: source 10.0.1.4, destination 52.216.0.10, over https
    answer     403 AccessDenied: Access Denied after 1.3 ms
    verdict    denied: nothing in the endpoint-policy allows it
    name       docs.s3.us-east-1.amazonaws.com is 52.216.0.10 (service name)
    table      rtb-0d by subnet association
    route      52.216.0.0/15 of pl-63a5400a  to vpce-0b  endpoint
      beat     0.0.0.0/0                     to igw-0e   static
    action     s3:GetObject on arn:aws:s3:::docs/report.pdf
      layers   endpoint-policy         no-allow
                 Allow statement 1 (OneBucket) of vpce-0b did not match: Resource wants arn:aws:s3:::other/*; it is arn:aws:s3:::docs/report.pdf
               identity-policy         allow  by statement 2 of inline policy reader of user ann
               resource-policy         no-allow
                 Deny statement 1 of bucket docs did not match: Condition IpAddress aws:SourceIp wants 203.0.113.0/24; it is absent (the request came through vpce-0b)
      keys     aws:sourcevpce = vpce-0b
      absent   aws:sourceip     the request came through vpce-0b
               s3:prefix        the request does not carry it
      more     2 keys that no policy here names: --all"
  `);
});

test("every key on demand", () => {
  const text = formatTrace(denied, { all: true });
  expect(text).toMatch(/aws:securetransport = true\n/);
  expect(text).toMatch(/aws:calledvia +no AWS service/);
  expect(text).not.toContain("--all");
});

test("the statement that decided stands below the verdict; more decisions than one are told apart", () => {
  const statement = { policy: "bucket docs", index: 1, sid: "OnlyVpc" };
  const [first] = denied.decisions;
  const refused = {
    ...first!,
    decision: {
      allowed: false,
      decidedBy: { layer: "resource-policy", reason: "explicit-deny", statement },
      layers: [],
    },
  } as const;
  const verdict = (decisions: RequestTrace["decisions"]): readonly string[] =>
    formatTrace({ ...denied, operation: "GetObjectAttributes", decisions })
      .split("\n")
      .filter((line) => /^(verdict| {2}by|action)/.test(line));
  expect(verdict([refused, { ...refused, action: "s3:GetObjectAttributes" }])).toMatchInlineSnapshot(`
    [
      "verdict    s3:GetObject denied by the resource-policy",
      "  by       statement 2 (OnlyVpc) of bucket docs",
      "verdict    s3:GetObjectAttributes denied by the resource-policy",
      "  by       statement 2 (OnlyVpc) of bucket docs",
      "action     s3:GetObject, which GetObjectAttributes needs, on arn:aws:s3:::docs/report.pdf",
      "action     s3:GetObjectAttributes on arn:aws:s3:::docs/report.pdf",
    ]
  `);
  expect(verdict([refused])[0]).toBe("verdict    denied by the resource-policy");
});

test("a request that gets nowhere", () => {
  const { path: _path, status: _status, errorCode: _code, errorMessage: _message, durationMs: _ms, ...rest } = denied;
  const traced = {
    ...rest,
    requestId: "dry",
    unreachable: "rtb-0d has no route to 52.216.0.10",
    decisions: [],
    route: { routeTableId: "rtb-0d", routeTableBy: "main route table", beaten: [] },
  } as const;
  expect(formatTrace(traced)).toMatchInlineSnapshot(`
    "request    dry  s3:GetObject  GET /report.pdf
    at         2026-11-22T08:00:00.000Z
    caller     arn:aws:iam::000000000000:user/ann
    from       i-0a
    door       none: rtb-0d has no route to 52.216.0.10
    answer     the connection would fail
    name       docs.s3.us-east-1.amazonaws.com is 52.216.0.10 (service name)
    table      rtb-0d by main route table
    route      none holds the address"
  `);
});

test("a request of an unknown caller to the host", () => {
  const { instanceId: _instance, route: _route, principalArn: _principal, name: _name, ...rest } = denied;
  expect(formatTrace({ ...rest, path: { kind: "host", sourceIp: "127.0.0.1" }, decisions: [] })).toMatchInlineSnapshot(`
    "request    4442587FB7D0A2F9  s3:GetObject  GET /report.pdf
    at         2026-11-22T08:00:00.000Z
    caller     not known: no permission was asked for
    from       the host
    door       the region's own port, from 127.0.0.1: taken as the internet, over https
    answer     403 AccessDenied: Access Denied after 1.3 ms"
  `);
});

test("a request that a filter drops behind a NAT gateway", () => {
  const { path: _path, status: _status, errorCode: _code, errorMessage: _message, durationMs: _ms, ...rest } = denied;
  const route = (routeTableId: string, target: string) =>
    ({
      routeTableId,
      routeTableBy: "subnet association",
      chosen: { destination: "0.0.0.0/0", cidrBlock: "0.0.0.0/0", target, state: "active", origin: "static" },
      beaten: [],
    }) as const;
  const out = { leg: "request", direction: "egress", packet: "tcp 443 from 10.0.1.4 to 52.216.0.10" } as const;
  const traced: RequestTrace = {
    ...rest,
    requestId: "dry",
    unreachable: "outbound rule 40 of acl-0f denies it",
    decisions: [],
    route: route("rtb-0d", "nat-0a"),
    nats: [{ natGatewayId: "nat-0a", subnetId: "subnet-0b", route: route("rtb-0e", "igw-0e") }],
    filters: [
      { ...out, at: "eni-0a", allowed: true, by: "sgr-0a of sg-0a" },
      { ...out, at: "subnet-0a", allowed: false, by: "rule 40 of acl-0f" },
    ],
    advice: ["add an outbound rule"],
  };
  expect(formatTrace(traced)).toMatchInlineSnapshot(`
    "request    dry  s3:GetObject  GET /report.pdf
    at         2026-11-22T08:00:00.000Z
    caller     arn:aws:iam::000000000000:user/ann
    from       i-0a
    door       none: outbound rule 40 of acl-0f denies it
    answer     the connection would fail
    advice     add an outbound rule
    name       docs.s3.us-east-1.amazonaws.com is 52.216.0.10 (service name)
    table      rtb-0d by subnet association
    route      0.0.0.0/0  to nat-0a  static
    nat        nat-0a of subnet-0b sends on
    table      rtb-0e by subnet association
    route      0.0.0.0/0  to igw-0e  static
    filters    request  passes   egress of eni-0a     by sgr-0a of sg-0a    tcp 443 from 10.0.1.4 to 52.216.0.10
               request  dropped  egress of subnet-0a  by rule 40 of acl-0f  tcp 443 from 10.0.1.4 to 52.216.0.10"
  `);
});

test("a request from behind a NAT gateway names those that may have made it", () => {
  const { instanceId: _instance, route: _route, ...rest } = denied;
  const nats = [{ natGatewayId: "nat-0a", subnetId: "subnet-0b", route: denied.route! }];
  const fromLine = (candidateIds: readonly string[]) =>
    formatTrace({ ...rest, nats, candidateIds })
      .split("\n")
      .find((line) => line.startsWith("from"));
  expect([fromLine(["i-0a", "i-0b"]), fromLine([])]).toMatchInlineSnapshot(`
    [
      "from       behind nat-0a, which hides the instance: one of i-0a, i-0b",
      "from       behind nat-0a, which hides the instance",
    ]
  `);
});

test("what would let the request through stands below the verdict", () => {
  const statement = { policy: "bucket docs", index: 1, sid: "OnlyVpc" };
  const [first] = denied.decisions;
  const unless = (change: NonNullable<RequestTrace["decisions"][number]["unless"]>): string | undefined =>
    formatTrace({ ...denied, decisions: [{ ...first!, unless: change }] })
      .split("\n")
      .find((line) => line.startsWith("  unless"));
  const key = { kind: "key", key: "aws:SourceVpc", statement } as const;
  expect(unless({ ...key, from: [], to: "vpc-0a" })).toBe(
    "  unless   aws:SourceVpc were vpc-0a; it is absent (statement 2 (OnlyVpc) of bucket docs)",
  );
  expect(unless({ ...key, from: ["vpc-0b"], to: undefined })).toBe(
    "  unless   aws:SourceVpc were absent; it is vpc-0b (statement 2 (OnlyVpc) of bucket docs)",
  );
  expect(unless({ kind: "without-statement", statement })).toBe(
    "  unless   statement 2 (OnlyVpc) of bucket docs were gone",
  );
  const added = { Effect: "Allow", Action: "s3:GetObject", Resource: "arn:aws:s3:::docs/a" } as const;
  expect(unless({ kind: "with-statement", layer: "identity-policy", statement: added })).toBe(
    `  unless   the identity-policy had ${JSON.stringify(added)}`,
  );
});
