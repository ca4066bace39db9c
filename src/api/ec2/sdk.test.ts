/** The SDK's own waiters and paginators; the compiler holds what they are given and what they answer to the SDK's types. */

import * as sdk from "@aws-sdk/client-ec2";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type ServedRegion, serveRegion } from "../testdata/served-region.ts";

let region: ServedRegion;
let client: sdk.EC2Client;

beforeAll(async () => {
  region = await serveRegion();
  client = region.ec2();
});

afterAll(async () => {
  expect(region.faults).toEqual([]);
  await region[Symbol.asyncDispose]();
});

const patience = () => ({ client, maxWaitTime: 60, minDelay: 1, maxDelay: 1 });

async function gathered<P, T>(pages: AsyncIterable<P>, items: (page: P) => readonly T[] | undefined): Promise<T[]> {
  const all: T[] = [];
  for await (const page of pages) all.push(...(items(page) ?? []));
  return all;
}

test("a network, its instances and its endpoint", async () => {
  const { Vpc } = await client.send(new sdk.CreateVpcCommand({ CidrBlock: "10.0.0.0/16" }));
  const VpcId = Vpc!.VpcId!;
  await sdk.waitUntilVpcAvailable(patience(), { VpcIds: [VpcId] });
  const { Subnet } = await client.send(new sdk.CreateSubnetCommand({ VpcId, CidrBlock: "10.0.1.0/24" }));
  const SubnetId = Subnet!.SubnetId!;
  await sdk.waitUntilSubnetAvailable(patience(), { SubnetIds: [SubnetId] });

  const { Instances } = await client.send(
    new sdk.RunInstancesCommand({ ImageId: "ami-12345678", MinCount: 7, MaxCount: 7, SubnetId }),
  );
  const InstanceIds = Instances!.map((one) => one.InstanceId!);
  await sdk.waitUntilInstanceRunning(patience(), { InstanceIds });
  const pages = sdk.paginateDescribeInstances({ client, pageSize: 5 }, {});
  const reservations = await gathered(pages, (page: sdk.DescribeInstancesCommandOutput) => page.Reservations);
  const seen = reservations.flatMap((one) => one.Instances!.map((instance) => instance.InstanceId!));
  expect(seen.toSorted()).toEqual(InstanceIds.toSorted());

  const ServiceName = "com.amazonaws.us-east-1.s3";
  const { VpcEndpoint } = await client.send(new sdk.CreateVpcEndpointCommand({ VpcId, ServiceName }));
  const endpoints = await gathered(
    sdk.paginateDescribeVpcEndpoints({ client, pageSize: 5 }, {}),
    (page: sdk.DescribeVpcEndpointsCommandOutput) => page.VpcEndpoints,
  );
  expect(endpoints.map((one) => [one.VpcEndpointId, one.State, one.CreationTimestamp instanceof Date])).toEqual([
    [VpcEndpoint!.VpcEndpointId, "available", true],
  ]);

  await client.send(new sdk.TerminateInstancesCommand({ InstanceIds }));
  await sdk.waitUntilInstanceTerminated(patience(), { InstanceIds });
  await client.send(new sdk.DeleteVpcEndpointsCommand({ VpcEndpointIds: [VpcEndpoint!.VpcEndpointId!] }));
  await client.send(new sdk.DeleteSubnetCommand({ SubnetId }));
  await client.send(new sdk.DeleteVpcCommand({ VpcId }));
  const gone = client.send(new sdk.DescribeVpcsCommand({ VpcIds: [VpcId] }));
  await expect(gone).rejects.toMatchObject({ name: "InvalidVpcID.NotFound" });
});
