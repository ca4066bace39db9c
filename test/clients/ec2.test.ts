/** EC2 as boto3 and the AWS CLI drive it: programs that were written for AWS. */

import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect } from "vitest";
import { type ServedRegion, serveRegion } from "../../src/api/testdata/served-region.ts";
import { lackOfAwsCli, lackOfBoto3, testWith } from "../need.ts";

const run = promisify(execFile);
/** The command line takes seconds to start where many tests share a machine. */
const programTimeoutMs = 180_000;
let region: ServedRegion;

beforeAll(async () => {
  region = await serveRegion();
});

afterAll(async () => {
  expect(region.faults).toEqual([]);
  await region[Symbol.asyncDispose]();
});

testWith(lackOfBoto3)(
  "boto3: a VPC with all that is in it, made, described, waited for and deleted",
  async () => {
    const script = fileURLToPath(new URL("ec2.py", import.meta.url));
    const { stdout } = await run("python3", [script, region.url]);
    expect(stdout).toBe("done\n");
  },
  programTimeoutMs,
);

testWith(lackOfAwsCli)(
  "AWS CLI: an endpoint on the main route table",
  async () => {
    const env = {
      PATH: process.env["PATH"],
      HOME: process.env["HOME"],
      AWS_ACCESS_KEY_ID: "666666666666",
      AWS_SECRET_ACCESS_KEY: "test",
      AWS_DEFAULT_REGION: "us-east-1",
      AWS_ENDPOINT_URL: region.url,
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
    expect(await aws("describe-route-tables", "--query", "RouteTables[].Routes[].GatewayId")).toBe(
      `local\t${endpoint}`,
    );
    await expect(aws(...made)).rejects.toThrow(/\(RouteAlreadyExists\) when calling the CreateVpcEndpoint operation/);
    expect(await aws("delete-vpc-endpoints", "--vpc-endpoint-ids", endpoint)).toBe("");
  },
  programTimeoutMs,
);
