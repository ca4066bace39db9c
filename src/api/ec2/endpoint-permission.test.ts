/** IAM for the endpoint calls: resources, condition keys, and refusals that can be decoded. */

import * as ec2 from "@aws-sdk/client-ec2";
import * as iam from "@aws-sdk/client-iam";
import { DecodeAuthorizationMessageCommand } from "@aws-sdk/client-sts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Keys, type ServedRegion, serveRegion } from "../testdata/served-region.ts";

let region: ServedRegion;
let account: string;
let vpc: string;
let table: string;
let group: string;

beforeAll(async () => {
  region = await serveRegion();
  account = region.freshAccount();
  const root = region.ec2(account);
  vpc = (await root.send(new ec2.CreateVpcCommand({ CidrBlock: "10.0.0.0/16" }))).Vpc!.VpcId!;
  table = (await root.send(new ec2.CreateRouteTableCommand({ VpcId: vpc }))).RouteTable!.RouteTableId!;
  const made = { VpcId: vpc, GroupName: "web", Description: "web" };
  group = (await root.send(new ec2.CreateSecurityGroupCommand(made))).GroupId!;
});

afterAll(async () => {
  expect(region.faults).toEqual([]);
  await region[Symbol.asyncDispose]();
});

let users = 0;

/** Keys of a new user with these statements. */
async function userWith(...Statement: readonly object[]): Promise<Keys> {
  const root = region.iam(account);
  const UserName = `user${++users}`;
  await root.send(new iam.CreateUserCommand({ UserName }));
  const PolicyDocument = JSON.stringify({ Version: "2012-10-17", Statement });
  await root.send(new iam.PutUserPolicyCommand({ UserName, PolicyName: "own", PolicyDocument }));
  const { AccessKey } = await root.send(new iam.CreateAccessKeyCommand({ UserName }));
  return { accessKeyId: AccessKey!.AccessKeyId!, secretAccessKey: AccessKey!.SecretAccessKey! };
}

type Send = (command: unknown) => Promise<unknown>;

/** `allowed`, or the code of the refusal. A dry run tells without doing. */
async function tried(keys: Keys, command: unknown): Promise<string> {
  try {
    await (region.ec2(keys).send as Send)(command);
    return "allowed";
  } catch (error) {
    const { name } = error as Error;
    return name === "DryRunOperation" ? "allowed" : name;
  }
}

const allow = (Action: string, Resource: string, Condition?: object): object => ({
  Effect: "Allow",
  Action,
  Resource,
  ...(Condition !== undefined && { Condition }),
});
const create = (more: Partial<ec2.CreateVpcEndpointRequest> = {}): ec2.CreateVpcEndpointCommand =>
  new ec2.CreateVpcEndpointCommand({
    DryRun: true,
    VpcId: vpc,
    ServiceName: "com.amazonaws.us-east-1.s3",
    RouteTableIds: [table],
    ...more,
  });
const tagged = (Value: string): Partial<ec2.CreateVpcEndpointRequest> => ({
  TagSpecifications: [{ ResourceType: "vpc-endpoint", Tags: [{ Key: "team", Value }] }],
});

interface Case {
  readonly does: string;
  readonly statements: () => readonly object[];
  readonly may: () => readonly ec2.CreateVpcEndpointCommand[];
  readonly mayNot: () => readonly ec2.CreateVpcEndpointCommand[];
}

const everywhere = (kind: string): string => `arn:aws:ec2:us-east-1:*:${kind}/*`;
const places = (): object[] => [
  allow("ec2:CreateVpcEndpoint", everywhere("vpc")),
  allow("ec2:CreateVpcEndpoint", everywhere("route-table")),
  allow("ec2:CreateVpcEndpoint", everywhere("security-group")),
];
const interfaceTo = (ServiceName: string): Partial<ec2.CreateVpcEndpointRequest> => ({
  VpcEndpointType: "Interface",
  ServiceName,
  RouteTableIds: [],
  SecurityGroupIds: [group],
});

const cases: readonly Case[] = [
  {
    does: "ec2:VpceServiceName chooses services",
    statements: () => [
      ...places(),
      allow("ec2:CreateVpcEndpoint", everywhere("vpc-endpoint"), {
        StringEquals: { "ec2:VpceServiceName": ["com.amazonaws.us-east-1.s3"] },
      }),
    ],
    may: () => [create()],
    mayNot: () => [create({ ServiceName: "com.amazonaws.us-east-1.dynamodb" })],
  },
  {
    does: "ec2:VpceServiceOwner tells AWS's services from others",
    statements: () => [
      ...places(),
      allow("ec2:CreateVpcEndpoint", everywhere("vpc-endpoint"), {
        StringEquals: { "ec2:VpceServiceOwner": "amazon" },
      }),
    ],
    may: () => [create(), create(interfaceTo("com.amazonaws.us-east-1.sqs"))],
    mayNot: () => [create(interfaceTo("com.amazonaws.vpce.us-east-1.vpce-svc-0123456789abcdef0"))],
  },
  {
    does: "every resource that is named must be allowed",
    statements: () => [
      allow("ec2:CreateVpcEndpoint", everywhere("vpc-endpoint")),
      allow("ec2:CreateVpcEndpoint", everywhere("vpc")),
    ],
    may: () => [create({ RouteTableIds: [] })],
    mayNot: () => [create(), create(interfaceTo("com.amazonaws.us-east-1.sqs"))],
  },
  {
    does: "ec2:RouteTableID of the route table, for which AWS lists no ec2:Vpc",
    statements: () => [
      allow("ec2:CreateVpcEndpoint", everywhere("vpc-endpoint")),
      allow("ec2:CreateVpcEndpoint", everywhere("vpc")),
      allow("ec2:CreateVpcEndpoint", everywhere("route-table"), {
        StringEquals: { "ec2:RouteTableID": table },
        ArnEqualsIfExists: { "ec2:Vpc": `arn:aws:ec2:us-east-1:${account}:vpc/vpc-0123456789abcdef0` },
      }),
    ],
    may: () => [create()],
    mayNot: () => [create({ RouteTableIds: ["rtb-0123456789abcdef0"] })],
  },
  {
    does: "tags of the request, which also need the right to tag",
    statements: () => [
      ...places(),
      allow("ec2:CreateVpcEndpoint", everywhere("vpc-endpoint"), {
        StringEquals: { "aws:RequestTag/team": "blue" },
        "ForAllValues:StringEquals": { "aws:TagKeys": ["team"] },
      }),
      allow("ec2:CreateTags", everywhere("vpc-endpoint"), {
        StringEquals: { "ec2:CreateAction": "CreateVpcEndpoint" },
      }),
    ],
    may: () => [create(tagged("blue"))],
    mayNot: () => [create(), create(tagged("red"))],
  },
];

test.each(cases)("$does", async ({ statements, may, mayNot }) => {
  const keys = await userWith(...statements());
  for (const command of may()) expect(await tried(keys, command)).toBe("allowed");
  for (const command of mayNot()) expect(await tried(keys, command)).toBe("UnauthorizedOperation");
});

test("tags of an endpoint decide who may change it, and tagging alone is another right", async () => {
  const root = region.ec2(account);
  const made = await root.send(create({ ...tagged("blue"), DryRun: false, RouteTableIds: [] }));
  const VpcEndpointId = made.VpcEndpoint!.VpcEndpointId!;
  const modify = new ec2.ModifyVpcEndpointCommand({ DryRun: true, VpcEndpointId, ResetPolicy: true });
  const tag = new ec2.CreateTagsCommand({ DryRun: true, Resources: [VpcEndpointId], Tags: [{ Key: "a", Value: "b" }] });
  const ofTeam = (team: string): Promise<Keys> =>
    userWith(
      allow("ec2:ModifyVpcEndpoint", everywhere("vpc-endpoint"), { StringEquals: { "aws:ResourceTag/team": team } }),
      allow("ec2:CreateTags", "*", { StringEquals: { "ec2:CreateAction": "CreateVpcEndpoint" } }),
    );
  expect(await tried(await ofTeam("blue"), modify)).toBe("allowed");
  expect(await tried(await ofTeam("red"), modify)).toBe("UnauthorizedOperation");
  expect(await tried(await ofTeam("blue"), tag)).toBe("UnauthorizedOperation");
});

test("a refusal is decoded for whoever may, in the account that it was made in", async () => {
  const keys = await userWith(
    { Effect: "Deny", Action: "ec2:DeleteVpcEndpoints", Resource: "*", Sid: "keep" },
    allow("*", "*"),
  );
  const refusal: unknown = await region
    .ec2(keys)
    .send(new ec2.DeleteVpcEndpointsCommand({ VpcEndpointIds: ["vpce-0123456789abcdef0"] }))
    .catch((error: Error) => error.message);
  const EncodedMessage = /Encoded authorization failure message: ([\w-]+)$/.exec(refusal as string)![1]!;
  const decode = new DecodeAuthorizationMessageCommand({ EncodedMessage });
  const { DecodedMessage } = await region.sts(keys).send(decode);
  expect(JSON.parse(DecodedMessage!)).toMatchObject({
    allowed: false,
    explicitDeny: true,
    matchedStatements: { items: [{ statementId: "keep", effect: "DENY" }] },
    context: {
      principal: { id: expect.stringMatching(/^AIDA/), arn: expect.stringContaining(":user/") },
      action: "ec2:DeleteVpcEndpoints",
      resource: `arn:aws:ec2:us-east-1:${account}:vpc-endpoint/vpce-0123456789abcdef0`,
      conditions: {
        items: expect.arrayContaining([{ key: "ec2:region", values: { items: [{ value: "us-east-1" }] } }]),
      },
    },
  });
  const invalid = { name: "InvalidAuthorizationMessageException" };
  await expect(region.sts(region.freshAccount()).send(decode)).rejects.toMatchObject(invalid);
  const forged = new DecodeAuthorizationMessageCommand({ EncodedMessage: `${EncodedMessage}A` });
  await expect(region.sts(keys).send(forged)).rejects.toMatchObject(invalid);
  const nobody = await userWith(allow("ec2:*", "*"));
  await expect(region.sts(nobody).send(decode)).rejects.toMatchObject({ name: "AccessDenied" });
});
