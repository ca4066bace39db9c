import { describe, expect, test } from "vitest";
import { ec2Table } from "./generated/ec2.ts";
import { iamTable } from "./generated/iam.ts";
import { stsTable } from "./generated/sts.ts";
import { parseQuery, queryLimits, readInput } from "./query.ts";
import { writeQueryAnswer } from "./query-answer.ts";
import { type RequestError, wordRequestError } from "./request-error.ts";

function check(service: "ec2" | "iam" | "sts", form: string): unknown {
  const tables = { ec2: ec2Table, iam: iamTable, sts: stsTable };
  const protocol = service === "ec2" ? "ec2Query" : "awsQuery";
  const query = parseQuery(form);
  const result = query.ok
    ? readInput(query.value, tables[service].operations[query.value.action ?? ""]!, protocol)
    : query;
  if (result.ok) return result.value;
  const { code, message } = wordRequestError(protocol, result.error);
  return `${code}: ${message}`;
}

const notEncoded =
  "MalformedQueryString: The query string contains a syntax error: a percent sign without two hexadecimal digits or bytes that are no UTF-8";

const notInXml = (parameter: string): string =>
  `MalformedQueryString: The query string contains a syntax error: a character in ${parameter} that XML cannot hold`;

describe("EC2", () => {
  test.each([
    ["Action=DescribeVpcs", {}],
    ["Action=DescribeVpcs&Version=2016-11-15&DryRun=TRUE", { DryRun: true }],
    ["Action=DescribeVpcs&VpcId.1=a&VpcId.2=b", { VpcIds: ["a", "b"] }],
    ["Action=DescribeVpcs&VpcId.7=b&VpcId.2=a", { VpcIds: ["a", "b"] }],
    [
      "Action=DescribeVpcs&Filter.1.Name=tag%3AName&Filter.1.Value.1=a+b&Filter.1.Value.2=c%2Bd",
      { Filters: [{ Name: "tag:Name", Values: ["a b", "c+d"] }] },
    ],
    ["Action=DescribeVpcs&MaxResults=5&X-Amz-Signature=00&X-Amz-Date=1&", { MaxResults: 5 }],
    [
      "Action=CreateRoute&RouteTableId=rtb-1&DestinationCidrBlock=",
      { RouteTableId: "rtb-1", DestinationCidrBlock: "" },
    ],
    [
      "Action=ModifyVpcAttribute&VpcId=v&EnableDnsSupport.Value=false",
      { VpcId: "v", EnableDnsSupport: { Value: false } },
    ],
    [
      "Action=RunInstances&ImageId=ami-1&MinCount=1&MaxCount=1&NetworkInterface.1.DeviceIndex=0&NetworkInterface.1.SecurityGroupId.1=sg-1",
      { ImageId: "ami-1", MinCount: 1, MaxCount: 1, NetworkInterfaces: [{ DeviceIndex: 0, Groups: ["sg-1"] }] },
    ],
  ])("%s", (form, input) => {
    expect(check("ec2", form)).toEqual(input);
  });

  test.each([
    ["Action=DescribeVpcs&Nothing=1", "UnknownParameter: The parameter Nothing is not recognized"],
    ["Action=DescribeVpcs&NextToken=a%00", notInXml("NextToken")],
    ["Action=DescribeVpcs&NextToken=%EF%BF%BF", notInXml("NextToken")],
    ["Action=DescribeVpcs&Next%1BToken=a", notInXml("Next?Token")],
    ["Action=DescribeVpcs&VpcId=vpc-1", "UnknownParameter: The parameter VpcId is not recognized"],
    ["Action=DescribeVpcs&VpcId.x=1", "UnknownParameter: The parameter VpcId.x is not recognized"],
    ["Action=DescribeVpcs&VpcId.0=1", "UnknownParameter: The parameter VpcId.0 is not recognized"],
    ["Action=DescribeVpcs&VpcId.1.Name=1", "UnknownParameter: The parameter VpcId.1.Name is not recognized"],
    ["Action=DescribeVpcs&Filter.1.Nome=1", "UnknownParameter: The parameter Filter.1.Nome is not recognized"],
    ["Action=DescribeVpcs&Filter.1=x", "UnknownParameter: The parameter Filter.1 is not recognized"],
    ["Action=DescribeVpcs&__proto__=1", "UnknownParameter: The parameter __proto__ is not recognized"],
    [
      "Action=DescribeVpcs&MaxResults=many",
      "InvalidParameterValue: Value (many) for parameter MaxResults is invalid. Expected an integer",
    ],
    [
      "Action=DescribeVpcs&DryRun=yes",
      "InvalidParameterValue: Value (yes) for parameter DryRun is invalid. Expected true or false",
    ],
    [
      "Action=DescribeVpcs&MaxResults=1&MaxResults=2",
      "InvalidParameterValue: The parameter MaxResults may only be specified once",
    ],
    [
      "Action=DescribeVpcs&Action=DescribeSubnets",
      "InvalidParameterValue: The parameter Action may only be specified once",
    ],
    [
      "Action=DescribeVpcs&VpcId.10001=a",
      "InvalidParameterValue: The index of the parameter VpcId.10001 exceeds the limit of 10000",
    ],
    [
      `Action=DescribeVpcs&a${".1".repeat(30)}=a`,
      "InvalidParameterValue: The depth of the parameter a.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1 exceeds the limit of 24",
    ],
    ["Action=CreateRoute", "MissingParameter: The request must contain the parameter routeTableId"],
    ["Action=CreateVpcEndpoint&ServiceName=s", "MissingParameter: The request must contain the parameter VpcId"],
    ["Action=DescribeVpcs&VpcId.1=%zz", notEncoded],
    ["Action=DescribeVpcs&VpcId.1=%ff", notEncoded],
    ["Action=DescribeVpcs&VpcId.1=%", notEncoded],
  ])("%s is refused", (form, text) => {
    expect(check("ec2", form)).toBe(text);
  });
});

describe("IAM and STS", () => {
  test.each([
    ["iam", "Action=ListUsers", {}],
    [
      "iam",
      "Action=CreateUser&UserName=u&Tags.member.1.Key=k&Tags.member.1.Value=v",
      { UserName: "u", Tags: [{ Key: "k", Value: "v" }] },
    ],
    ["iam", "Action=CreateUser&UserName=u&Tags=", { UserName: "u", Tags: [] }],
    [
      "sts",
      "Action=AssumeRole&RoleArn=a&RoleSessionName=s&DurationSeconds=900",
      { RoleArn: "a", RoleSessionName: "s", DurationSeconds: 900 },
    ],
    ["sts", "Action=GetCallerIdentity&Version=2011-06-15", {}],
  ] as const)("%s %s", (service, form, input) => {
    expect(check(service, form)).toEqual(input);
  });

  test.each([
    [
      "sts",
      "Action=AssumeRole",
      "ValidationError: 2 validation errors detected: Value null at 'roleArn' failed to satisfy constraint: Member must not be null; Value null at 'roleSessionName' failed to satisfy constraint: Member must not be null",
    ],
    [
      "iam",
      "Action=CreateUser&UserName=u&Tags.member.1.Value=v",
      "ValidationError: 1 validation error detected: Value null at 'tags.1.member.key' failed to satisfy constraint: Member must not be null",
    ],
    [
      "iam",
      "Action=CreateUser&UserName=u&Tags.1.Key=k",
      "InvalidQueryParameter: The parameter Tags.1.Key is not recognized",
    ],
    ["sts", "Action=GetCallerIdentity&X=1", "InvalidQueryParameter: The parameter X is not recognized"],
  ] as const)("%s %s is refused", (service, form, text) => {
    expect(check(service, form)).toBe(text);
  });
});

describe("limits", () => {
  test("length", () => {
    expect(parseQuery("a".repeat(queryLimits.bytes + 1))).toMatchObject({ error: { kind: "too-large" } });
  });
  test("count", () => {
    expect(parseQuery("a=1&".repeat(queryLimits.parameters + 1))).toMatchObject({ error: { kind: "too-large" } });
  });
  test("the largest request is read at once", () => {
    const form = Array.from({ length: queryLimits.index }, (_, at) => `VpcId.${at + 1}=v`).join("&");
    const startedMs = performance.now();
    expect(check("ec2", `Action=DescribeVpcs&${form}`)).toMatchObject({ VpcIds: { length: queryLimits.index } });
    expect(performance.now() - startedMs).toBeLessThan(1000);
  });
});

test("bytes as well as text", () => {
  expect(parseQuery(Buffer.from("Action=A&Name=ä"))).toEqual({
    ok: true,
    value: { action: "A", version: undefined, parameters: [["Name", "ä"]] },
  });
});

test.each(["ec2Query", "awsQuery", "restXml"] as const)("%s words every error as a client's fault", (protocol) => {
  const errors: readonly RequestError[] = [
    { kind: "malformed-query", detail: "d" },
    { kind: "unknown-parameter", parameter: "p" },
    { kind: "repeated-parameter", parameter: "p" },
    { kind: "invalid-value", parameter: "p", value: "v", expected: "an integer" },
    { kind: "missing", missing: [{ parameter: "p", path: "p", where: "header" }] },
    { kind: "missing-body" },
    { kind: "too-large", what: "w", limit: 1 },
    { kind: "malformed-xml", detail: "d" },
  ];
  for (const error of errors) {
    const refusal = wordRequestError(protocol, error);
    expect(refusal.status).toBe(400);
    expect(refusal.code).toMatch(/^[A-Z][A-Za-z]+$/);
    expect(refusal.message).not.toBe("");
  }
});

describe("answers", () => {
  const ec2 = (name: string, output: unknown): string =>
    writeQueryAnswer({
      protocol: "ec2Query",
      xmlNamespace: ec2Table.xmlNamespace,
      operation: ec2Table.operations[name]!,
      output,
      requestId: "r",
    });

  test("empty lists are written, absent ones are not", () => {
    expect(ec2("DescribeVpcs", { Vpcs: [] })).toContain("<requestId>r</requestId><vpcSet/></DescribeVpcsResponse>");
    expect(ec2("DescribeVpcs", {})).toContain("<requestId>r</requestId></DescribeVpcsResponse>");
  });

  test("an EC2 operation without output answers true", () => {
    expect(ec2("DeleteVpc", {})).toContain("<return>true</return></DeleteVpcResponse>");
  });

  test("an IAM operation without output has no result, and times have no fraction", () => {
    const iam = (name: string, output: unknown): string =>
      writeQueryAnswer({
        protocol: "awsQuery",
        xmlNamespace: iamTable.xmlNamespace,
        operation: iamTable.operations[name]!,
        output,
        requestId: "r",
      });
    expect(iam("DeleteUser", undefined)).toBe(
      '<?xml version="1.0" encoding="UTF-8"?>\n<DeleteUserResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></DeleteUserResponse>',
    );
    expect(iam("GetUser", { User: { CreateDate: new Date(1234) } })).toContain(
      "<CreateDate>1970-01-01T00:00:01Z</CreateDate>",
    );
  });

  test("what XML cannot hold is escaped or replaced", () => {
    expect(ec2("DescribeVpcs", { NextToken: 'a<b>&"c\r\n\u0001\ud800😀' })).toContain(
      "<nextToken>a&lt;b&gt;&amp;&quot;c&#xd;\n&#x1;\ufffd😀</nextToken>",
    );
  });
});
