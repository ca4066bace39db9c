/** The entry of the query protocols over real HTTP: who may call, what is understood, and what AWS answers otherwise. */

import { CreateVpcCommand, DeleteVpcCommand, DescribeRegionsCommand, DescribeVpcsCommand } from "@aws-sdk/client-ec2";
import { CreateAccessKeyCommand, CreateUserCommand, ListUsersCommand, PutUserPolicyCommand } from "@aws-sdk/client-iam";
import { GetCallerIdentityCommand } from "@aws-sdk/client-sts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ec2Service } from "./ec2/service.ts";
import type { QueryService } from "./handler.ts";
import { elementOf, type RawCall, rawCall } from "./testdata/raw-call.ts";
import { type Keys, type ServedRegion, serveRegion } from "./testdata/served-region.ts";

let region: ServedRegion;

beforeAll(async () => {
  region = await serveRegion();
});

afterAll(async () => {
  expect(region.faults).toEqual([]);
  await region[Symbol.asyncDispose]();
});

const form = (...pairs: string[]): string => pairs.join("&");
const ec2 = { service: "ec2" };
const iam = { service: "iam" };
const sts = { service: "sts" };

interface Refused extends RawCall {
  readonly when: string;
  readonly status: number;
  readonly code: string;
  readonly text?: string | RegExp;
}

async function check(wanted: Refused): Promise<void> {
  const answer = await rawCall(region.url, wanted);
  expect({ status: answer.status, code: elementOf(answer.body, "Code") }).toEqual({
    status: wanted.status,
    code: wanted.code,
  });
  expect(unescapeXml(elementOf(answer.body, "Message") ?? "")).toMatch(wanted.text ?? "");
  const id = elementOf(answer.body, "RequestID") ?? elementOf(answer.body, "RequestId");
  expect(answer.headers["x-amzn-requestid"]).toBe(id);
  expect(region.records.at(-1)).toMatchObject({ requestId: id, status: wanted.status, errorCode: wanted.code });
}

const unescapeXml = (text: string): string => text.replaceAll("&apos;", "'").replaceAll("&quot;", '"');

const describeVpcs = form("Action=DescribeVpcs", "Version=2016-11-15");
const listUsers = form("Action=ListUsers", "Version=2010-05-08");
const whoAmI = form("Action=GetCallerIdentity", "Version=2011-06-15");
const notValidated = "AWS was not able to validate the provided access credentials";
const minuteMs = 60_000;

describe("a signature that does not hold", () => {
  test.for<Refused>([
    { when: "EC2, none", body: describeVpcs, status: 401, code: "AuthFailure", text: notValidated },
    {
      when: "EC2, wrong secret",
      body: describeVpcs,
      signature: { ...ec2, secretAccessKey: "no" },
      status: 401,
      code: "AuthFailure",
      text: notValidated,
    },
    {
      when: "EC2, unknown key",
      body: describeVpcs,
      signature: { ...ec2, accessKeyId: "AKIAUNKNOWN" },
      status: 401,
      code: "AuthFailure",
      text: notValidated,
    },
    {
      when: "EC2, a session token nobody asked for",
      body: describeVpcs,
      signature: { ...ec2, sessionToken: "x" },
      status: 401,
      code: "AuthFailure",
    },
    {
      when: "EC2, a region that does not exist",
      body: describeVpcs,
      signature: { ...ec2, region: "eu-nowhere-1" },
      status: 401,
      code: "AuthFailure",
      text: "Credential should be scoped to a valid region, not 'eu-nowhere-1'.",
    },
    {
      when: "EC2, another region than the host's",
      body: describeVpcs,
      host: "ec2.eu-west-1.amazonaws.com",
      signature: ec2,
      status: 401,
      code: "AuthFailure",
      text: "Credential should be scoped to a valid region, not 'us-east-1'.",
    },
    {
      when: "EC2, an old clock",
      body: describeVpcs,
      signature: { ...ec2, aheadMs: -16 * minuteMs },
      status: 400,
      code: "RequestExpired",
      text: "Request has expired.",
    },
    {
      when: "IAM, none",
      body: listUsers,
      status: 403,
      code: "MissingAuthenticationToken",
      text: "Request is missing Authentication Token",
    },
    {
      when: "IAM, wrong secret",
      body: listUsers,
      signature: { ...iam, secretAccessKey: "no" },
      status: 403,
      code: "SignatureDoesNotMatch",
      text: /^The request signature we calculated does not match/,
    },
    {
      when: "IAM, unknown key",
      body: listUsers,
      signature: { ...iam, accessKeyId: "AKIAUNKNOWN" },
      status: 403,
      code: "InvalidClientTokenId",
      text: "The security token included in the request is invalid.",
    },
    {
      when: "STS, an old clock",
      body: whoAmI,
      signature: { ...sts, aheadMs: -16 * minuteMs },
      status: 403,
      code: "SignatureDoesNotMatch",
      text: /^Signature expired: \d{8}T\d{6}Z is now earlier than \d{8}T\d{6}Z \(\d{8}T\d{6}Z - 5 min\.\)$/,
    },
    {
      when: "STS, a clock ahead",
      body: whoAmI,
      signature: { ...sts, aheadMs: 16 * minuteMs },
      status: 403,
      code: "SignatureDoesNotMatch",
      text: /^Signature not yet current: /,
    },
    {
      when: "STS by its host's name, signed for IAM",
      body: whoAmI,
      host: "sts.us-east-1.amazonaws.com",
      signature: iam,
      status: 403,
      code: "SignatureDoesNotMatch",
      text: "Credential should be scoped to correct service: 'sts'.",
    },
  ])("$when", check);
});

describe("a request that is not understood", () => {
  test.for<Refused>([
    {
      when: "EC2, an action that does not exist",
      body: form("Action=MakeCoffee", "Version=2016-11-15"),
      signature: ec2,
      status: 400,
      code: "InvalidAction",
      text: "The action MakeCoffee is not valid for this web service.",
    },
    {
      when: "EC2, an action named like a property of every object",
      body: form("Action=constructor", "Version=2016-11-15"),
      signature: ec2,
      status: 400,
      code: "InvalidAction",
    },
    {
      when: "IAM, an action that does not exist",
      body: form("Action=MakeCoffee", "Version=2010-05-08"),
      signature: iam,
      status: 400,
      code: "InvalidAction",
      text: "Could not find operation MakeCoffee for version 2010-05-08",
    },
    {
      when: "EC2, an action that is not served",
      body: form("Action=PurchaseHostReservation", "Version=2016-11-15"),
      signature: ec2,
      status: 400,
      code: "UnsupportedOperation",
      text: "The operation PurchaseHostReservation is known but not served by Underpass",
    },
    { when: "EC2, no action", body: "", signature: ec2, status: 400, code: "MissingParameter" },
    { when: "IAM, no action", body: "", signature: iam, status: 400, code: "MissingAction" },
    {
      when: "a percent sign without digits",
      body: "Action=DescribeVpcs&VpcId.1=%zz",
      signature: ec2,
      status: 400,
      code: "MalformedQueryString",
    },
    {
      when: "bytes that are no UTF-8",
      body: "Action=DescribeVpcs&VpcId.1=%ff",
      signature: ec2,
      status: 400,
      code: "MalformedQueryString",
    },
    {
      when: "a parameter that does not exist",
      body: form(describeVpcs, "Colour=red"),
      signature: ec2,
      status: 400,
      code: "UnknownParameter",
      text: "The parameter Colour is not recognized",
    },
    {
      when: "text for a number",
      body: form(describeVpcs, "MaxResults=many"),
      signature: ec2,
      status: 400,
      code: "InvalidParameterValue",
    },
    {
      when: "a required parameter is absent",
      body: form("Action=CreateSubnet", "Version=2016-11-15"),
      signature: ec2,
      status: 400,
      code: "MissingParameter",
      text: "The request must contain the parameter VpcId",
    },
    {
      when: "JSON instead of a form",
      body: '{"Action":"DescribeVpcs"}',
      contentType: "application/json",
      signature: ec2,
      status: 400,
      code: "MissingParameter",
    },
    { when: "PUT", method: "PUT", signature: ec2, status: 405, code: "MethodNotAllowed" },
    {
      when: "a body above 1 MiB",
      body: `Action=DescribeVpcs&VpcId.1=${"x".repeat(1024 * 1024)}`,
      signature: ec2,
      status: 413,
      code: "RequestEntityTooLarge",
    },
    {
      when: "a service that is not of the query protocols",
      body: describeVpcs,
      signature: { service: "sqs" },
      status: 400,
      code: "InvalidAction",
    },
  ])("$when", check);
});

test("a query in the URL is one as well", async () => {
  const target = "/?Action=DescribeRegions&Version=2016-11-15&RegionName.1=eu-west-1";
  const answer = await rawCall(region.url, { method: "GET", target, signature: ec2 });
  expect(answer.status).toBe(200);
  expect(answer.body).toContain("<regionName>eu-west-1</regionName>");
});

test("the record of a request keeps what cannot be worked out later, and no signature", async () => {
  const target = "/?Action=DescribeRegions&Version=2016-11-15&X-Amz-Security-Token=secret";
  await rawCall(region.url, { method: "GET", target });
  expect(region.records.at(-1)!.target).toBe("/?Action=DescribeRegions&Version=2016-11-15&X-Amz-Security-Token=…");
  await region.ec2("300000000001").send(new DescribeVpcsCommand({}));
  expect(region.records.at(-1)).toMatchObject({
    service: "ec2",
    operation: "DescribeVpcs",
    method: "POST",
    status: 200,
    path: { kind: "host", sourceIp: "127.0.0.1" },
    asks: [{ action: "ec2:DescribeVpcs", resource: "*", principal: { kind: "root", accountId: "300000000001" } }],
  });
});

describe("authorisation", () => {
  let account: string;
  let keys: Keys;

  beforeAll(async () => {
    account = region.freshAccount();
    const root = region.iam(account);
    await root.send(new CreateUserCommand({ UserName: "ann" }));
    const { AccessKey } = await root.send(new CreateAccessKeyCommand({ UserName: "ann" }));
    keys = { accessKeyId: AccessKey!.AccessKeyId!, secretAccessKey: AccessKey!.SecretAccessKey! };
    const statements = [
      { Effect: "Allow", Action: "ec2:Describe*", Resource: "*" },
      {
        Effect: "Allow",
        Action: ["ec2:CreateVpc", "ec2:CreateTags"],
        Resource: "*",
        Condition: { StringEquals: { "aws:RequestTag/team": "blue" } },
      },
      {
        Effect: "Allow",
        Action: "ec2:DeleteVpc",
        Resource: `arn:aws:ec2:us-east-1:${account}:vpc/*`,
        Condition: { StringEquals: { "aws:ResourceTag/team": "blue" } },
      },
    ];
    const PolicyDocument = JSON.stringify({ Version: "2012-10-17", Statement: statements });
    await root.send(new PutUserPolicyCommand({ UserName: "ann", PolicyName: "blue", PolicyDocument }));
  });

  const tagged = (team: string): CreateVpcCommand =>
    new CreateVpcCommand({
      CidrBlock: "10.0.0.0/16",
      TagSpecifications: [{ ResourceType: "vpc", Tags: [{ Key: "team", Value: team }] }],
    });

  test("EC2 says who may not do what on which resource, and why", async () => {
    const resource = `arn:aws:ec2:us-east-1:${account}:vpc/*`;
    const user = `arn:aws:iam::${account}:user/ann`;
    await expect(region.ec2(keys).send(new CreateVpcCommand({ CidrBlock: "10.0.0.0/16" }))).rejects.toMatchObject({
      name: "UnauthorizedOperation",
      $metadata: { httpStatusCode: 403 },
      message: expect.stringMatching(
        new RegExp(
          `^You are not authorized to perform this operation\\. User: ${user} is not authorized to perform: ec2:CreateVpc on resource: ${resource.replace("*", "\\*")} because no identity-based policy allows the ec2:CreateVpc action\\. Encoded authorization failure message: [A-Za-z0-9_-]+$`,
        ),
      ),
    });
  });

  test("IAM answers AccessDenied", async () => {
    await expect(region.iam(keys).send(new ListUsersCommand({}))).rejects.toMatchObject({
      name: "AccessDenied",
      $metadata: { httpStatusCode: 403 },
    });
  });

  test("the caller's own identity needs no permission", async () => {
    const identity = await region.sts(keys).send(new GetCallerIdentityCommand({}));
    expect(identity.Arn).toBe(`arn:aws:iam::${account}:user/ann`);
  });

  test("tags of the request and of the resource count", async () => {
    const client = region.ec2(keys);
    await expect(client.send(tagged("red"))).rejects.toMatchObject({ name: "UnauthorizedOperation" });
    const { Vpc: blue } = await client.send(tagged("blue"));
    const { Vpc: red } = await region.ec2(account).send(tagged("red"));
    await expect(client.send(new DeleteVpcCommand({ VpcId: red!.VpcId }))).rejects.toMatchObject({
      name: "UnauthorizedOperation",
    });
    await client.send(new DeleteVpcCommand({ VpcId: blue!.VpcId }));
  });

  test("a dry run tells the forbidden, the faulty and the possible apart, and does nothing", async () => {
    const client = region.ec2(account);
    const before = region.control.state().revision;
    const dry = (CidrBlock: string): CreateVpcCommand => new CreateVpcCommand({ CidrBlock, DryRun: true });
    await expect(region.ec2(keys).send(dry("10.0.0.0/16"))).rejects.toMatchObject({ name: "UnauthorizedOperation" });
    await expect(client.send(dry("10.0.0.0/8"))).rejects.toMatchObject({ name: "InvalidVpc.Range" });
    for (const command of [dry("10.0.0.0/16"), new DescribeRegionsCommand({ DryRun: true })]) {
      await expect((client.send as (it: unknown) => Promise<unknown>)(command)).rejects.toMatchObject({
        name: "DryRunOperation",
        message: "Request would have succeeded, but DryRun flag is set.",
        $metadata: { httpStatusCode: 412 },
      });
    }
    expect(region.control.state().revision).toBe(before);
  });
});

test("a fault of the server's own is logged and answered 500, and the next call is served", async () => {
  const faulty: QueryService = {
    ...ec2Service,
    handlers: {
      ...ec2Service.handlers,
      DescribeVpcs: () => {
        throw new Error("a bug");
      },
    },
  };
  await using broken = await serveRegion({ services: [faulty] });
  const answer = await rawCall(broken.url, { body: describeVpcs, signature: ec2 });
  expect(answer.status).toBe(500);
  expect(elementOf(answer.body, "Code")).toBe("InternalError");
  expect(broken.faults).toHaveLength(1);
  expect(broken.faults[0]).toContain(`request ${elementOf(answer.body, "RequestID")} DescribeVpcs: Error: a bug`);
  const next = await rawCall(broken.url, {
    body: form("Action=DescribeRegions", "Version=2016-11-15"),
    signature: ec2,
  });
  expect(next.status).toBe(200);
});
