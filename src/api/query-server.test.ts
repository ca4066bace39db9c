import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import {
  CreateRouteTableCommand,
  CreateSubnetCommand,
  CreateVpcCommand,
  CreateVpcEndpointCommand,
  DescribeInstancesCommand,
  DescribeRouteTablesCommand,
  EC2Client,
  RunInstancesCommand,
} from "@aws-sdk/client-ec2";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { RequestRecord } from "../analyse/request-record.ts";
import { memoryControl } from "../model/memory-control.ts";
import { ec2Service } from "./ec2/service.ts";
import { queryServer } from "./query-server.ts";

let server: Server;
let endpoint: string;
let records: RequestRecord[] = [];
let lines: string[] = [];
let digits = 0;

beforeAll(async () => {
  const handle = queryServer({
    services: [ec2Service],
    control: memoryControl({ nowMs: Date.now, hex: (count) => (digits++).toString(16).padStart(count, "0") }),
    record: (record) => records.push(record),
    log: (line) => lines.push(line),
    nowMs: Date.now,
  });
  server = createServer((request, response) => {
    void handle(request, response, { kind: "host", sourceIp: "127.0.0.1" });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

beforeEach(() => {
  records = [];
  lines = [];
});

afterAll(() => new Promise((resolve) => server.close(resolve)));

function clientOf(credentials = { accessKeyId: "test", secretAccessKey: "test" }, region = "us-east-1"): EC2Client {
  return new EC2Client({ endpoint, region, credentials, maxAttempts: 1 });
}

test("a VPC, its subnet, an instance and an endpoint, as the SDK sees them", async () => {
  const ec2 = clientOf();
  const { Vpc } = await ec2.send(
    new CreateVpcCommand({
      CidrBlock: "10.0.0.7/16",
      TagSpecifications: [{ ResourceType: "vpc", Tags: [{ Key: "Name", Value: "one" }] }],
    }),
  );
  expect(Vpc).toMatchObject({ CidrBlock: "10.0.0.0/16", State: "pending", Tags: [{ Key: "Name", Value: "one" }] });
  const { Subnet } = await ec2.send(new CreateSubnetCommand({ VpcId: Vpc!.VpcId, CidrBlock: "10.0.1.0/24" }));
  expect(Subnet).toMatchObject({ AvailableIpAddressCount: 251, AvailabilityZone: "us-east-1a" });
  const { RouteTable } = await ec2.send(new CreateRouteTableCommand({ VpcId: Vpc!.VpcId }));
  const { VpcEndpoint } = await ec2.send(
    new CreateVpcEndpointCommand({
      VpcId: Vpc!.VpcId,
      ServiceName: "com.amazonaws.us-east-1.s3",
      RouteTableIds: [RouteTable!.RouteTableId!],
    }),
  );
  expect(VpcEndpoint).toMatchObject({ State: "available", VpcEndpointType: "Gateway", Tags: [], Groups: [] });
  const { RouteTables } = await ec2.send(
    new DescribeRouteTablesCommand({ Filters: [{ Name: "route.gateway-id", Values: ["vpce-*"] }] }),
  );
  expect(RouteTables).toHaveLength(1);
  expect(RouteTables![0]!.Routes).toEqual([
    { DestinationCidrBlock: "10.0.0.0/16", GatewayId: "local", Origin: "CreateRouteTable", State: "active" },
    {
      DestinationPrefixListId: "pl-63a5400a",
      GatewayId: VpcEndpoint!.VpcEndpointId,
      Origin: "CreateRoute",
      State: "active",
    },
  ]);
  const run = await ec2.send(
    new RunInstancesCommand({ ImageId: "ami-12345678", MinCount: 2, MaxCount: 2, SubnetId: Subnet!.SubnetId }),
  );
  expect(run.Instances!.map((one) => one.PrivateIpAddress)).toEqual(["10.0.1.4", "10.0.1.5"]);
  const { Reservations } = await ec2.send(new DescribeInstancesCommand({}));
  expect(Reservations![0]!.Instances!.map((one) => one.State!.Name)).toEqual(["running", "running"]);
});
