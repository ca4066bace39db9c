/** A region made ready for other people's test suites: cleared between tests, with their account and their keys. */

import { CreateVpcCommand, DescribeVpcsCommand, EC2Client } from "@aws-sdk/client-ec2";
import { CreateBucketCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { up } from "../src/cli/up.ts";
import type { CredentialRules } from "../src/model/credential.ts";
import { type Daemon, startDaemon } from "../src/daemon/daemon.ts";

const account = "123456789012";
const regions: Daemon[] = [];
let open: Daemon;
let closed: Daemon;

const start = async (credentials: CredentialRules): Promise<Daemon> => {
  const daemon = await startDaemon({
    port: 0,
    host: "127.0.0.1",
    stateFolder: undefined,
    region: "us-east-1",
    dataplane: "userspace",
    credentials,
    policyDelayMs: 0,
    log: () => {},
  });
  regions.push(daemon);
  return daemon;
};

beforeAll(async () => {
  open = await start({ defaultAccountId: account, unknownKeys: "root" });
  closed = await start({ defaultAccountId: account, unknownKeys: "refused" });
});

afterAll(async () => {
  await Promise.all(regions.map((one) => one.stop()));
});

const settings = (daemon: Daemon, accessKeyId: string, secretAccessKey = "test", sessionToken?: string) => ({
  endpoint: daemon.endpoint,
  region: "us-east-1",
  forcePathStyle: true,
  maxAttempts: 1,
  credentials: { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) },
});

const accountOf = async (daemon: Daemon, ...keys: [string, string?, string?]): Promise<string | undefined> =>
  (await new STSClient(settings(daemon, ...keys)).send(new GetCallerIdentityCommand({}))).Account;

test("reset leaves what an account begins with, and the region goes on", async () => {
  const ec2 = new EC2Client(settings(closed, "test"));
  const s3 = new S3Client(settings(closed, "test"));
  const fill = async (): Promise<void> => {
    await ec2.send(new CreateVpcCommand({ CidrBlock: "10.0.0.0/16" }));
    await s3.send(new CreateBucketCommand({ Bucket: "suite" }));
  };
  await fill();
  await s3.send(new PutObjectCommand({ Bucket: "suite", Key: "a/small", Body: "one" }));
  await s3.send(new PutObjectCommand({ Bucket: "suite", Key: "large", Body: Buffer.alloc(300_000) }));
  const answer = await fetch(`${closed.endpoint}/moto-api/reset`, { method: "POST" });
  expect({ status: answer.status, body: await answer.json() }).toEqual({ status: 200, body: { status: "ok" } });
  const [vpc, ...others] = (await ec2.send(new DescribeVpcsCommand({}))).Vpcs!;
  expect({ isDefault: vpc?.IsDefault, others }).toEqual({ isDefault: true, others: [] });
  await fill();
  expect((await s3.send(new ListObjectsV2Command({ Bucket: "suite" }))).KeyCount).toBe(0);
});

test("a web page cannot reset the region", async () => {
  const headers = { origin: "http://evil.example" };
  const answer = await fetch(`${closed.endpoint}/moto-api/reset`, { method: "POST", headers });
  expect(answer.status).toBe(403);
});

test("the account of `test` is the one that was given", async () => {
  expect(await accountOf(closed, "test")).toBe(account);
  expect(await accountOf(closed, "210987654321")).toBe("210987654321");
  expect(closed.status()).toMatchObject({ accountId: account, credentials: "checked" });
});

test("unknown keys are let in only where that is asked for", async () => {
  expect(await accountOf(open, "testing", "whatever", "token")).toBe(account);
  await expect(accountOf(closed, "testing", "whatever")).rejects.toMatchObject({ name: "InvalidClientTokenId" });
  expect(open.status()).toMatchObject({ credentials: "any" });
});

test("with unknown keys also uploads signed by chunks are taken", async () => {
  const s3 = new S3Client(settings(open, "testing", "whatever"));
  await s3.send(new CreateBucketCommand({ Bucket: "any" }));
  await s3.send(new PutObjectCommand({ Bucket: "any", Key: "key", Body: "text" }));
  expect((await s3.send(new ListObjectsV2Command({ Bucket: "any" }))).KeyCount).toBe(1);
});

test("a key that somebody has is checked all the same", async () => {
  await expect(accountOf(open, "test", "wrong")).rejects.toMatchObject({ name: "SignatureDoesNotMatch" });
});

test("any keys together with an address that others reach are refused", async () => {
  const options = {
    port: 0,
    host: "0.0.0.0",
    ephemeral: true,
    region: "us-east-1",
    dataplane: "userspace",
    account,
    credentials: "any",
    policyDelay: 0,
    transitionDelay: 0,
    quotas: "aws",
    defaultVpc: "on",
  } as const;
  await expect(up(options)).rejects.toThrow("`--credentials any` lets everybody in");
});
