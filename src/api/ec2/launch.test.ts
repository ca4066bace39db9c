/** Launches, over real HTTP with the SDK: several interfaces at once, a zone of the default VPC, public images. */

import * as sdk from "@aws-sdk/client-ec2";
import { afterAll, beforeAll, expect, test } from "vitest";
import { brokenInvariants } from "../../model/invariant.ts";
import { type ServedRegion, serveRegion } from "../testdata/served-region.ts";

let region: ServedRegion;
let ec2: sdk.EC2Client;

beforeAll(async () => {
  region = await serveRegion({ defaultVpcs: true });
  ec2 = region.ec2(region.freshAccount());
});

afterAll(async () => {
  expect(region.faults).toEqual([]);
  expect(brokenInvariants(region.control.state())).toEqual([]);
  await region[Symbol.asyncDispose]();
});

const launch = (more: Partial<sdk.RunInstancesRequest>): Promise<sdk.RunInstancesCommandOutput> =>
  ec2.send(new sdk.RunInstancesCommand({ ImageId: "ami-12345678", MinCount: 1, MaxCount: 1, ...more }));

async function newSubnet(): Promise<string> {
  const { Vpc } = await ec2.send(new sdk.CreateVpcCommand({ CidrBlock: "10.0.0.0/16" }));
  const made = await ec2.send(new sdk.CreateSubnetCommand({ VpcId: Vpc!.VpcId, CidrBlock: "10.0.1.0/24" }));
  return made.Subnet!.SubnetId!;
}

test("each instance of a launch gets all interfaces that it names, and they go with it", async () => {
  const SubnetId = await newSubnet();
  const NetworkInterfaces = [
    { DeviceIndex: 1, SubnetId, Description: "second" },
    { DeviceIndex: 0, SubnetId, Description: "first", SecondaryPrivateIpAddressCount: 1 },
  ];
  const asked = { MinCount: 2, MaxCount: 2, NetworkInterfaces, ClientToken: "two" };
  const { Instances } = await launch(asked);
  for (const instance of Instances!) {
    const shown = instance.NetworkInterfaces!.map((one) => [one.Attachment!.DeviceIndex, one.Description]);
    expect(shown).toEqual([
      [0, "first"],
      [1, "second"],
    ]);
    expect(instance.NetworkInterfaces!.every((one) => one.Attachment!.DeleteOnTermination === true)).toBe(true);
  }
  const again = await launch(asked);
  expect(again.Instances!.map((one) => one.InstanceId)).toEqual(Instances!.map((one) => one.InstanceId));
  const Filters = [{ Name: "subnet-id", Values: [SubnetId] }];
  const held = await ec2.send(new sdk.DescribeNetworkInterfacesCommand({ Filters }));
  expect(held.NetworkInterfaces).toHaveLength(4);
  const InstanceIds = Instances!.map((one) => one.InstanceId!);
  await ec2.send(new sdk.TerminateInstancesCommand({ InstanceIds }));
  expect((await ec2.send(new sdk.DescribeNetworkInterfacesCommand({ Filters }))).NetworkInterfaces).toEqual([]);
});

test("an interface that was there before stays when the instance goes", async () => {
  const SubnetId = await newSubnet();
  const { NetworkInterface } = await ec2.send(new sdk.CreateNetworkInterfaceCommand({ SubnetId }));
  const { NetworkInterfaceId } = NetworkInterface!;
  const { Instances } = await launch({
    NetworkInterfaces: [
      { DeviceIndex: 0, SubnetId },
      { DeviceIndex: 1, NetworkInterfaceId },
    ],
  });
  expect(Instances![0]!.NetworkInterfaces!.map((one) => one.NetworkInterfaceId)).toContain(NetworkInterfaceId);
  await ec2.send(new sdk.TerminateInstancesCommand({ InstanceIds: [Instances![0]!.InstanceId!] }));
  const NetworkInterfaceIds = [NetworkInterfaceId!];
  const left = await ec2.send(new sdk.DescribeNetworkInterfacesCommand({ NetworkInterfaceIds }));
  expect(left.NetworkInterfaces).toMatchObject([{ Status: "available" }]);
});

test("several interfaces take no public address, and each has an index of its own", async () => {
  const SubnetId = await newSubnet();
  const publicOne = { DeviceIndex: 0, SubnetId, AssociatePublicIpAddress: true };
  await expect(launch({ NetworkInterfaces: [publicOne, { DeviceIndex: 1, SubnetId }] })).rejects.toMatchObject({
    name: "InvalidParameterCombination",
  });
  const twice = [
    { DeviceIndex: 0, SubnetId },
    { DeviceIndex: 0, SubnetId },
  ];
  await expect(launch({ NetworkInterfaces: twice })).rejects.toMatchObject({ name: "InvalidParameterValue" });
});

test("a zone chooses the default subnet", async () => {
  const { Instances } = await launch({ Placement: { AvailabilityZone: "us-east-1c" } });
  expect(Instances).toMatchObject([{ Placement: { AvailabilityZone: "us-east-1c" } }]);
});

test("public images are found by owner and name", async () => {
  const Filters = [{ Name: "name", Values: ["ubuntu/images/*/ubuntu-jammy-22.04-amd64-server-*"] }];
  const images = async (Owners: string[]) =>
    (await ec2.send(new sdk.DescribeImagesCommand({ Owners, Filters }))).Images;
  expect(await images(["099720109477"])).toMatchObject([{ Architecture: "x86_64", Public: true, State: "available" }]);
  expect(await images(["self"])).toEqual([]);
});
