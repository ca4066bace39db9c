/** IAM for calls beyond endpoints: roles that are handed over, attributes that are changed, tags that come with the making. */

import * as ec2 from "@aws-sdk/client-ec2";
import * as iam from "@aws-sdk/client-iam";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Keys, type ServedRegion, serveRegion } from "../testdata/served-region.ts";

const accountId = "444455556666";
let region: ServedRegion;
let VpcId: string;
let SubnetId: string;
let GroupId: string;

beforeAll(async () => {
  region = await serveRegion();
  const root = region.ec2(accountId);
  VpcId = (await root.send(new ec2.CreateVpcCommand({ CidrBlock: "10.0.0.0/16" }))).Vpc!.VpcId!;
  SubnetId = (await root.send(new ec2.CreateSubnetCommand({ VpcId, CidrBlock: "10.0.1.0/24" }))).Subnet!.SubnetId!;
  const group = new ec2.CreateSecurityGroupCommand({ VpcId, GroupName: "web", Description: "web" });
  GroupId = (await root.send(group)).GroupId!;
  const trust = { Effect: "Allow", Principal: { Service: "ec2.amazonaws.com" }, Action: "sts:AssumeRole" };
  const AssumeRolePolicyDocument = JSON.stringify({ Statement: trust });
  const admin = region.iam(accountId);
  await admin.send(new iam.CreateRoleCommand({ RoleName: "app", AssumeRolePolicyDocument }));
  await admin.send(new iam.CreateInstanceProfileCommand({ InstanceProfileName: "web" }));
  await admin.send(new iam.AddRoleToInstanceProfileCommand({ InstanceProfileName: "web", RoleName: "app" }));
});

afterAll(async () => {
  expect(region.faults).toEqual([]);
  await region[Symbol.asyncDispose]();
});

let users = 0;

async function userWith(...Statement: readonly object[]): Promise<Keys> {
  const admin = region.iam(accountId);
  const UserName = `user${++users}`;
  await admin.send(new iam.CreateUserCommand({ UserName }));
  const PolicyDocument = JSON.stringify({ Version: "2012-10-17", Statement });
  await admin.send(new iam.PutUserPolicyCommand({ UserName, PolicyName: "own", PolicyDocument }));
  const { AccessKey } = await admin.send(new iam.CreateAccessKeyCommand({ UserName }));
  return { accessKeyId: AccessKey!.AccessKeyId!, secretAccessKey: AccessKey!.SecretAccessKey! };
}

const allow = (Action: string, Condition?: object, Resource = "*"): object => ({
  Effect: "Allow",
  Action,
  Resource,
  ...(Condition === undefined ? {} : { Condition }),
});
const launch = (more: object = {}) =>
  new ec2.RunInstancesCommand({ DryRun: true, ImageId: "ami-12345678", MinCount: 1, MaxCount: 1, SubnetId, ...more });
const withProfile = () => launch({ IamInstanceProfile: { Name: "web" } });
const attribute = (name: "EnableDnsHostnames" | "EnableDnsSupport", Value: boolean) =>
  new ec2.ModifyVpcAttributeCommand({ VpcId, [name]: { Value } });
const rule = (Tags?: ec2.Tag[]) =>
  new ec2.AuthorizeSecurityGroupIngressCommand({
    DryRun: true,
    GroupId,
    IpPermissions: [{ IpProtocol: "tcp", FromPort: 80, ToPort: 80, IpRanges: [{ CidrIp: "0.0.0.0/0" }] }],
    ...(Tags === undefined ? {} : { TagSpecifications: [{ ResourceType: "security-group-rule" as const, Tags }] }),
  });

interface Case {
  readonly does: string;
  readonly statements: () => readonly object[];
  readonly command: () => unknown;
  readonly allowed: boolean;
}

const run = allow("ec2:RunInstances");
const passing = { StringEquals: { "iam:PassedToService": "ec2.amazonaws.com" } };
const tagging = allow("ec2:CreateTags", { StringEquals: { "ec2:CreateAction": "AuthorizeSecurityGroupIngress" } });
const authorise = allow("ec2:AuthorizeSecurityGroupIngress");

const cases: readonly Case[] = [
  { does: "a launch without a profile", statements: () => [run], command: () => launch(), allowed: true },
  {
    does: "a launch with a profile and no right to its role",
    statements: () => [run],
    command: withProfile,
    allowed: false,
  },
  {
    does: "a launch with a profile and its role",
    statements: () => [run, allow("iam:PassRole", passing, `arn:aws:iam::${accountId}:role/app`)],
    command: withProfile,
    allowed: true,
  },
  {
    does: "a role that may go to another service",
    statements: () => [run, allow("iam:PassRole", { StringEquals: { "iam:PassedToService": "lambda.amazonaws.com" } })],
    command: withProfile,
    allowed: false,
  },
  {
    does: "a type that is allowed",
    statements: () => [allow("ec2:RunInstances", { StringEqualsIfExists: { "ec2:InstanceType": "t3.micro" } })],
    command: () => launch({ InstanceType: "t3.micro" }),
    allowed: true,
  },
  {
    does: "a type that is not",
    statements: () => [allow("ec2:RunInstances", { StringEqualsIfExists: { "ec2:InstanceType": "t3.micro" } })],
    command: () => launch({ InstanceType: "m5.large" }),
    allowed: false,
  },
  {
    does: "instances in one VPC",
    statements: () => [
      allow("ec2:RunInstances", { ArnEqualsIfExists: { "ec2:Vpc": `arn:aws:ec2:us-east-1:${accountId}:vpc/vpc-0` } }),
    ],
    command: () => launch(),
    allowed: false,
  },
  {
    does: "the attribute that is allowed",
    statements: () => [allow("ec2:ModifyVpcAttribute", { StringEquals: { "ec2:Attribute": "EnableDnsHostnames" } })],
    command: () => attribute("EnableDnsHostnames", true),
    allowed: true,
  },
  {
    does: "another attribute",
    statements: () => [allow("ec2:ModifyVpcAttribute", { StringEquals: { "ec2:Attribute": "EnableDnsHostnames" } })],
    command: () => attribute("EnableDnsSupport", true),
    allowed: false,
  },
  {
    does: "the value that is allowed",
    statements: () => [allow("ec2:ModifyVpcAttribute", { Bool: { "ec2:Attribute/EnableDnsHostnames": "true" } })],
    command: () => attribute("EnableDnsHostnames", false),
    allowed: false,
  },
  { does: "a rule without tags", statements: () => [authorise], command: () => rule(), allowed: true },
  {
    does: "a rule with tags and no right to tag",
    statements: () => [authorise],
    command: () => rule([{ Key: "a", Value: "b" }]),
    allowed: false,
  },
  {
    does: "a rule with tags and the right to tag in this",
    statements: () => [authorise, tagging],
    command: () => rule([{ Key: "a", Value: "b" }]),
    allowed: true,
  },
];

test.each(cases)("$does: allowed is $allowed", async ({ statements, command, allowed }) => {
  const client = region.ec2(await userWith(...statements()));
  const refusal = await (client.send as (command: unknown) => Promise<unknown>)(command()).then(
    () => "DryRunOperation",
    (error: unknown) => (error as Error).name,
  );
  expect(refusal).toBe(allowed ? "DryRunOperation" : "UnauthorizedOperation");
});
