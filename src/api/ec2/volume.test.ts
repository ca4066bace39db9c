/** Volumes of instances over real HTTP. Source: EC2 API Reference, "RunInstances", BlockDeviceMapping; "DescribeVolumes". */

import * as sdk from "@aws-sdk/client-ec2";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type ServedRegion, serveRegion } from "../testdata/served-region.ts";

let region: ServedRegion;
let ec2: sdk.EC2Client;

beforeAll(async () => {
  region = await serveRegion({ defaultVpcs: true });
  ec2 = region.ec2(region.freshAccount());
});

afterAll(async () => {
  expect(region.faults).toEqual([]);
  await region[Symbol.asyncDispose]();
});

async function launch(options: Partial<sdk.RunInstancesCommandInput>): Promise<string> {
  const one = { ImageId: "ami-0abcdef1234567890", MinCount: 1, MaxCount: 1 };
  return (await ec2.send(new sdk.RunInstancesCommand({ ...one, ...options }))).Instances![0]!.InstanceId!;
}

const instance = async (id: string): Promise<sdk.Instance> =>
  (await ec2.send(new sdk.DescribeInstancesCommand({ InstanceIds: [id] }))).Reservations![0]!.Instances![0]!;

const volumes = async (id: string): Promise<sdk.Volume[]> => {
  const Filters = [{ Name: "attachment.instance-id", Values: [id] }];
  return (await ec2.send(new sdk.DescribeVolumesCommand({ Filters }))).Volumes!;
};

test("an instance comes with its root volume, and it goes with the instance", async () => {
  // Terraform writes an empty zone where its configuration names none.
  const id = await launch({ Placement: { AvailabilityZone: "" } });
  const shown = await instance(id);
  expect(shown.RootDeviceName).toBe("/dev/xvda");
  const [mapping] = shown.BlockDeviceMappings!;
  const VolumeId = mapping!.Ebs!.VolumeId!;
  expect(shown.BlockDeviceMappings).toMatchObject([
    { DeviceName: "/dev/xvda", Ebs: { DeleteOnTermination: true, Status: "attached" } },
  ]);
  expect(await volumes(id)).toMatchObject([
    {
      VolumeId,
      Size: 8,
      VolumeType: "gp3",
      Iops: 3000,
      Throughput: 125,
      State: "in-use",
      Encrypted: false,
      AvailabilityZone: shown.Placement!.AvailabilityZone,
      Attachments: [{ Device: "/dev/xvda", InstanceId: id, State: "attached", VolumeId, DeleteOnTermination: true }],
    },
  ]);
  const Tags = [{ Key: "Name", Value: "root" }];
  await ec2.send(new sdk.CreateTagsCommand({ Resources: [VolumeId], Tags }));
  expect((await ec2.send(new sdk.DescribeVolumesCommand({ VolumeIds: [VolumeId] }))).Volumes![0]!.Tags).toEqual(Tags);
  await ec2.send(new sdk.TerminateInstancesCommand({ InstanceIds: [id] }));
  expect((await instance(id)).BlockDeviceMappings).toEqual([]);
  await expect(ec2.send(new sdk.DescribeVolumesCommand({ VolumeIds: [VolumeId] }))).rejects.toMatchObject({
    name: "InvalidVolume.NotFound",
  });
});

test("a launch says what its volumes are, and which of them stay", async () => {
  const Tags = [{ Key: "Name", Value: "data" }];
  const id = await launch({
    BlockDeviceMappings: [
      { DeviceName: "/dev/sdf", Ebs: { VolumeSize: 100, DeleteOnTermination: false } },
      { DeviceName: "/dev/xvda", Ebs: { VolumeSize: 30, VolumeType: "io2", Iops: 500, Encrypted: true } },
      { DeviceName: "/dev/sdb", VirtualName: "ephemeral0" },
    ],
    TagSpecifications: [{ ResourceType: "volume", Tags }],
  });
  const shape = (await volumes(id)).map((one) => [one.Attachments![0]!.Device, one.Size, one.VolumeType, one.Iops]);
  expect(shape.toSorted()).toEqual([
    ["/dev/sdf", 100, "gp2", 300],
    ["/dev/xvda", 30, "io2", 500],
  ]);
  expect((await volumes(id)).every((one) => one.Tags?.[0]?.Value === "data")).toBe(true);
  await ec2.send(new sdk.TerminateInstancesCommand({ InstanceIds: [id] }));
  expect(await volumes(id)).toEqual([]);
  const left = await ec2.send(new sdk.DescribeVolumesCommand({}));
  expect(left.Volumes).toMatchObject([{ Size: 100, State: "available", Attachments: [] }]);
});

test.each([
  ["a root volume smaller than the image", { VolumeSize: 4 }, "InvalidBlockDeviceMapping"],
  ["a type that there is not", { VolumeType: "floppy" as sdk.VolumeType }, "InvalidParameterValue"],
  ["a size that the type does not have", { VolumeType: "st1" as const, VolumeSize: 20 }, "InvalidParameterValue"],
  ["provisioned speed without a number", { VolumeType: "io1" as const }, "MissingParameter"],
])("%s is refused", async (_, Ebs, name) => {
  const launched = launch({ BlockDeviceMappings: [{ DeviceName: "/dev/xvda", Ebs }] });
  await expect(launched).rejects.toMatchObject({ name });
});
