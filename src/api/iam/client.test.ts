/** IAM and STS by the AWS CLI and boto3, where they are installed. */

import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect } from "vitest";
import { lackOfAwsCli, lackOfBoto3, testWith } from "../../../test/need.ts";
import { openRegion, type TestRegion } from "./testdata/region.ts";

/** Each call of the CLI is a program of its own, on a machine that is busy. */
const timeoutMs = 120_000;

let region: TestRegion;

beforeAll(async () => {
  region = await openRegion();
});

afterAll(async () => {
  expect(region.faults).toEqual([]);
  await region[Symbol.asyncDispose]();
});

const run = promisify(execFile);
const environment = (more: Readonly<Record<string, string>>): Record<string, string | undefined> => ({
  ...process.env,
  AWS_ACCESS_KEY_ID: "test",
  AWS_SECRET_ACCESS_KEY: "test",
  AWS_DEFAULT_REGION: "us-east-1",
  AWS_CONFIG_FILE: "/dev/null",
  AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
  AWS_EC2_METADATA_DISABLED: "true",
  ...more,
});

testWith(lackOfBoto3)(
  "boto3",
  async () => {
    const tour = join(import.meta.dirname, "testdata", "boto3-tour.py");
    const { stdout } = await run("python3", [tour], { env: environment({ REGION_URL: region.url }) });
    expect(JSON.parse(stdout)).toEqual({
      account: "000000000000",
      users: ["a", "b", "c"],
      twice: ["EntityAlreadyExists", 409, "EntityAlreadyExistsException"],
      nobody: ["NoSuchEntity", 404, "NoSuchEntityException"],
      trust: true,
      document: true,
      attached: [{ PolicyName: "lists", PolicyArn: "arn:aws:iam::000000000000:policy/lists" }],
      inline: true,
      profile: ["app"],
      session: "arn:aws:sts::000000000000:assumed-role/app/tour",
      "session lists": 3,
      "session may not": ["AccessDenied", 403, "ClientError"],
      conflict: ["DeleteConflict", 409, "DeleteConflictException"],
      iterated: ["a", "b", "c"],
    });
  },
  timeoutMs,
);

testWith(lackOfAwsCli)(
  "AWS CLI",
  async () => {
    const account = "222233334444";
    const env = environment({ AWS_ENDPOINT_URL: region.url, AWS_ACCESS_KEY_ID: account });
    const aws = async (...args: readonly string[]): Promise<unknown> => {
      const { stdout } = await run("aws", [...args, "--output", "json"], { env });
      return stdout === "" ? undefined : JSON.parse(stdout);
    };
    expect(await aws("sts", "get-caller-identity")).toEqual({
      UserId: account,
      Account: account,
      Arn: `arn:aws:iam::${account}:root`,
    });
    const trust = {
      Version: "2012-10-17",
      Statement: [{ Effect: "Allow", Principal: { AWS: account }, Action: "sts:AssumeRole" }],
    };
    await aws(
      "iam",
      "create-role",
      "--role-name",
      "app",
      "--assume-role-policy-document",
      JSON.stringify(trust),
      "--tags",
      "Key=a,Value=b c",
    );
    expect(await aws("iam", "get-role", "--role-name", "app")).toMatchObject({
      Role: { AssumeRolePolicyDocument: trust, Tags: [{ Key: "a", Value: "b c" }] },
    });
    await expect(aws("iam", "get-user", "--user-name", "nil")).rejects.toThrow(
      "An error occurred (NoSuchEntity) when calling the GetUser operation: The user with name nil cannot be found.",
    );
    expect(
      await aws("sts", "assume-role", "--role-arn", `arn:aws:iam::${account}:role/app`, "--role-session-name", "cli"),
    ).toMatchObject({ AssumedRoleUser: { Arn: `arn:aws:sts::${account}:assumed-role/app/cli` } });
  },
  timeoutMs,
);
