/** What an account begins with in a region, over real HTTP with the SDK. */

import * as sdk from "@aws-sdk/client-ec2";
import { afterAll, beforeAll, expect, test } from "vitest";
import { brokenInvariants } from "../../model/invariant.ts";
import { type ServedRegion, serveRegion } from "../testdata/served-region.ts";

let region: ServedRegion;

beforeAll(async () => {
  region = await serveRegion({ defaultVpcs: true });
});

afterAll(async () => {
  expect(region.faults).toEqual([]);
  expect(brokenInvariants(region.control.state())).toEqual([]);
  await region[Symbol.asyncDispose]();
});

const vpcsOf = async (ec2: sdk.EC2Client): Promise<readonly sdk.Vpc[]> =>
  (await ec2.send(new sdk.DescribeVpcsCommand({}))).Vpcs!;

test("an account has a default VPC with all that AWS puts into it", async () => {
  const ec2 = region.ec2(region.freshAccount());
  const [vpc, ...others] = await vpcsOf(ec2);
  expect(others).toEqual([]);
  expect(vpc).toMatchObject({
    CidrBlock: "172.31.0.0/16",
    IsDefault: true,
    State: "available",
    InstanceTenancy: "default",
  });
  const { Subnets } = await ec2.send(new sdk.DescribeSubnetsCommand({}));
  expect(Subnets!.map((one) => one.AvailabilityZone).toSorted()).toEqual(
    ["a", "b", "c", "d", "e", "f"].map((letter) => `us-east-1${letter}`),
  );
  for (const subnet of Subnets!) {
    expect(subnet).toMatchObject({ DefaultForAz: true, MapPublicIpOnLaunch: true, AvailableIpAddressCount: 4091 });
  }
  const { RouteTables } = await ec2.send(new sdk.DescribeRouteTablesCommand({}));
  expect(RouteTables).toMatchObject([{ VpcId: vpc!.VpcId, Associations: [{ Main: true }] }]);
  const { InternetGateways } = await ec2.send(new sdk.DescribeInternetGatewaysCommand({}));
  expect(InternetGateways).toMatchObject([{ Attachments: [{ State: "available", VpcId: vpc!.VpcId }] }]);
  expect(RouteTables![0]!.Routes!.map((one) => [one.DestinationCidrBlock, one.GatewayId])).toEqual([
    ["172.31.0.0/16", "local"],
    ["0.0.0.0/0", InternetGateways![0]!.InternetGatewayId],
  ]);
  const { SecurityGroups } = await ec2.send(new sdk.DescribeSecurityGroupsCommand({}));
  expect(SecurityGroups).toMatchObject([{ GroupName: "default", VpcId: vpc!.VpcId }]);
  const { NetworkAcls } = await ec2.send(new sdk.DescribeNetworkAclsCommand({}));
  expect(NetworkAcls).toMatchObject([{ IsDefault: true, VpcId: vpc!.VpcId }]);
  expect(NetworkAcls![0]!.Associations).toHaveLength(6);
});

test("what names no subnet or VPC goes into the default one", async () => {
  const ec2 = region.ec2(region.freshAccount());
  const group = await ec2.send(new sdk.CreateSecurityGroupCommand({ GroupName: "web", Description: "web" }));
  const { Instances } = await ec2.send(
    new sdk.RunInstancesCommand({ ImageId: "ami-12345678", MinCount: 1, MaxCount: 1, SecurityGroups: ["web"] }),
  );
  const [vpc] = await vpcsOf(ec2);
  expect(Instances).toMatchObject([{ VpcId: vpc!.VpcId, SecurityGroups: [{ GroupId: group.GroupId }] }]);
});

test("each account has its own in each region, and calls at the same time make one", async () => {
  const account = region.freshAccount();
  const here = region.ec2(account);
  const seen = await Promise.all(Array.from({ length: 5 }, () => vpcsOf(here)));
  expect(new Set(seen.flat().map((vpc) => vpc.VpcId)).size).toBe(1);
  const [there] = await vpcsOf(region.ec2(account, "eu-west-1"));
  const [foreign] = await vpcsOf(region.ec2(region.freshAccount()));
  expect(new Set([seen[0]![0]!.VpcId, there!.VpcId, foreign!.VpcId]).size).toBe(3);
});

test("a dry run and a refused call find it as well", async () => {
  const ec2 = region.ec2(region.freshAccount());
  const dry = ec2.send(new sdk.DescribeVpcsCommand({ DryRun: true }));
  await expect(dry).rejects.toMatchObject({ name: "DryRunOperation" });
  expect(await vpcsOf(ec2)).toHaveLength(1);
});

test("who deletes it is without one until he asks for another", async () => {
  const ec2 = region.ec2(region.freshAccount());
  const [vpc] = await vpcsOf(ec2);
  const again = ec2.send(new sdk.CreateDefaultVpcCommand({}));
  await expect(again).rejects.toMatchObject({ name: "DefaultVpcAlreadyExists" });
  const { InternetGateways } = await ec2.send(new sdk.DescribeInternetGatewaysCommand({}));
  const InternetGatewayId = InternetGateways![0]!.InternetGatewayId;
  await ec2.send(new sdk.DetachInternetGatewayCommand({ InternetGatewayId, VpcId: vpc!.VpcId }));
  await ec2.send(new sdk.DeleteInternetGatewayCommand({ InternetGatewayId }));
  const { Subnets } = await ec2.send(new sdk.DescribeSubnetsCommand({}));
  for (const { SubnetId } of Subnets!) await ec2.send(new sdk.DeleteSubnetCommand({ SubnetId }));
  await ec2.send(new sdk.DeleteVpcCommand({ VpcId: vpc!.VpcId }));
  expect(await vpcsOf(ec2)).toEqual([]);
  const { Vpc } = await ec2.send(new sdk.CreateDefaultVpcCommand({}));
  expect(await vpcsOf(ec2)).toMatchObject([{ VpcId: Vpc!.VpcId, IsDefault: true }]);
});

test("without the setting accounts begin empty", async () => {
  await using bare = await serveRegion();
  expect(await vpcsOf(bare.ec2())).toEqual([]);
});
