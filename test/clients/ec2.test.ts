/**
 * EC2 as programs written for AWS drive it: every operation that the region serves, with every waiter and paginator that
 * botocore has for it, called with success by boto3 and by the AWS CLI. The stories in `ec2/` do the calling; what they
 * have not called fails the test.
 */

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect } from "vitest";
import { lackOfAwsCli, testWith } from "../need.ts";
import { clientRegion, missedCalls, ways } from "./missed-call.ts";

const run = promisify(execFile);
/** Where many tests share a machine, some hundred calls take their time. */
const programTimeoutMs = 600_000;
const regionEndpoint = clientRegion();

/** Waiters for what can never come: no instance has a Windows password. Volumes come and go with instances alone. */
const inVain = ["password_data_available", "volume_available", "volume_in_use"];

for (const { way, lack } of ways) {
  testWith(lack)(
    `${way} calls every served operation, waiter and paginator`,
    async () => {
      await fetch(`${regionEndpoint()}/moto-api/reset`, { method: "POST" });
      const { servedCount, ...missed } = await missedCalls(regionEndpoint(), { folder: "ec2", way, services: ["ec2"] });
      expect(servedCount).toBeGreaterThanOrEqual(175);
      expect(missed).toEqual({ operations: [], waiters: inVain, paginators: [] });
    },
    programTimeoutMs,
  );
}

testWith(lackOfAwsCli)(
  "the command `aws`: an endpoint on the main route table",
  async () => {
    const env = {
      PATH: process.env["PATH"],
      HOME: process.env["HOME"],
      AWS_ACCESS_KEY_ID: "666666666666",
      AWS_SECRET_ACCESS_KEY: "test",
      AWS_DEFAULT_REGION: "us-east-1",
      AWS_ENDPOINT_URL: regionEndpoint(),
      AWS_PAGER: "",
    };
    const aws = async (...words: string[]): Promise<string> => {
      const { stdout } = await run("aws", ["ec2", ...words, "--output", "text"], { env });
      return stdout.trim();
    };
    const vpc = await aws("create-vpc", "--cidr-block", "10.0.0.0/16", "--query", "Vpc.VpcId");
    const onlyVpc = `Name=vpc-id,Values=${vpc}`;
    const table = await aws("describe-route-tables", "--filters", onlyVpc, "--query", "RouteTables[].RouteTableId");
    const service = "com.amazonaws.us-east-1.s3";
    const made = ["create-vpc-endpoint", "--vpc-id", vpc, "--service-name", service, "--route-table-ids", table];
    const endpoint = await aws(...made, "--query", "VpcEndpoint.VpcEndpointId");
    expect(
      await aws("describe-route-tables", "--filters", onlyVpc, "--query", "RouteTables[].Routes[].GatewayId"),
    ).toBe(`local\t${endpoint}`);
    await expect(aws(...made)).rejects.toThrow(/\(RouteAlreadyExists\) when calling the CreateVpcEndpoint operation/);
    expect(await aws("delete-vpc-endpoints", "--vpc-endpoint-ids", endpoint)).toBe("");
  },
  programTimeoutMs,
);
