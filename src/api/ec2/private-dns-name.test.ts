/** The host names of instances. Source: Amazon EC2 User Guide, "EC2 instance hostnames and domains". */

import * as sdk from "@aws-sdk/client-ec2";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type ServedRegion, serveRegion } from "../testdata/served-region.ts";

let region: ServedRegion;
let ec2: sdk.EC2Client;
let SubnetId: string | undefined;

beforeAll(async () => {
  region = await serveRegion();
  ec2 = region.ec2(region.freshAccount());
  const { Vpc } = await ec2.send(new sdk.CreateVpcCommand({ CidrBlock: "10.0.0.0/16" }));
  ({ SubnetId } = (
    await ec2.send(new sdk.CreateSubnetCommand({ VpcId: Vpc?.VpcId, CidrBlock: "10.0.0.0/24" }))
  ).Subnet!);
  for (const change of [
    { PrivateDnsHostnameTypeOnLaunch: "resource-name" as const },
    { EnableResourceNameDnsARecordOnLaunch: { Value: true } },
  ]) {
    await ec2.send(new sdk.ModifySubnetAttributeCommand({ SubnetId, ...change }));
  }
});

afterAll(async () => {
  expect(region.faults).toEqual([]);
  await region[Symbol.asyncDispose]();
});

async function launch(options?: sdk.PrivateDnsNameOptionsRequest): Promise<sdk.Instance> {
  const { Instances } = await ec2.send(
    new sdk.RunInstancesCommand({
      ImageId: "ami-1",
      MinCount: 1,
      MaxCount: 1,
      SubnetId,
      PrivateDnsNameOptions: options,
    }),
  );
  return Instances![0]!;
}

async function named(filter: string, value: string): Promise<(string | undefined)[]> {
  const Filters = [{ Name: `private-dns-name-options.${filter}`, Values: [value] }];
  const { Reservations } = await ec2.send(new sdk.DescribeInstancesCommand({ Filters }));
  return Reservations!.flatMap((one) => one.Instances!.map((it) => it.InstanceId));
}

test("the subnet says what an instance is called, unless the launch does", async () => {
  const byResource = await launch();
  expect(byResource).toMatchObject({
    PrivateDnsName: `${byResource.InstanceId}.ec2.internal`,
    PrivateDnsNameOptions: {
      HostnameType: "resource-name",
      EnableResourceNameDnsARecord: true,
      EnableResourceNameDnsAAAARecord: false,
    },
  });
  const byIp = await launch({ HostnameType: "ip-name" });
  expect(byIp).toMatchObject({
    PrivateDnsName: `ip-${byIp.PrivateIpAddress!.replaceAll(".", "-")}.ec2.internal`,
    PrivateDnsNameOptions: { HostnameType: "ip-name", EnableResourceNameDnsARecord: true },
  });
  expect(await named("hostname-type", "ip-name")).toEqual([byIp.InstanceId]);
  expect(await named("enable-resource-name-dns-a-record", "true")).toHaveLength(2);
});

test("the type of name changes while the instance is stopped, records at any time", async () => {
  const { InstanceId } = await launch();
  const change = (input: Partial<sdk.ModifyPrivateDnsNameOptionsRequest>) =>
    ec2.send(new sdk.ModifyPrivateDnsNameOptionsCommand({ InstanceId, ...input }));
  expect(await change({ EnableResourceNameDnsARecord: false })).toMatchObject({ Return: true });
  await expect(change({ PrivateDnsHostnameType: "ip-name" })).rejects.toMatchObject({ name: "IncorrectInstanceState" });
  await ec2.send(new sdk.StopInstancesCommand({ InstanceIds: [InstanceId!] }));
  await change({ PrivateDnsHostnameType: "ip-name" });
  const { Reservations } = await ec2.send(new sdk.DescribeInstancesCommand({ InstanceIds: [InstanceId!] }));
  expect(Reservations![0]!.Instances![0]).toMatchObject({
    PrivateDnsName: expect.stringMatching(/^ip-10-0-0-\d+\.ec2\.internal$/),
    PrivateDnsNameOptions: { HostnameType: "ip-name", EnableResourceNameDnsARecord: false },
  });
});
