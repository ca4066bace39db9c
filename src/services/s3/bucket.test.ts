/** Buckets, their configuration and their listings as the AWS SDK for JavaScript v3 sees them. */

import { Agent } from "node:http";
import type { LookupFunction } from "node:net";
import {
  CreateBucketCommand,
  DeleteBucketTaggingCommand,
  DeleteObjectTaggingCommand,
  GetBucketAclCommand,
  GetBucketCorsCommand,
  GetBucketEncryptionCommand,
  GetBucketLifecycleConfigurationCommand,
  GetBucketLocationCommand,
  GetBucketOwnershipControlsCommand,
  GetBucketReplicationCommand,
  GetBucketTaggingCommand,
  GetBucketVersioningCommand,
  GetBucketWebsiteCommand,
  GetObjectCommand,
  GetObjectLockConfigurationCommand,
  GetObjectTaggingCommand,
  GetPublicAccessBlockCommand,
  HeadBucketCommand,
  ListBucketsCommand,
  ListObjectsCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutBucketTaggingCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startTestServer, type TestServer } from "./test-server.ts";

const Bucket = "bucket";
let server: TestServer;
let s3: S3Client;

beforeAll(async () => {
  server = await startTestServer();
  s3 = server.client();
  await s3.send(new CreateBucketCommand({ Bucket }));
});

afterAll(() => server[Symbol.asyncDispose]());

describe("making", () => {
  const europe = { LocationConstraint: "eu-west-1" as const };
  test.each([
    ["us-east-1", "Upper", undefined, "InvalidBucketName"],
    ["us-east-1", "ab", undefined, "InvalidBucketName"],
    ["us-east-1", "192.168.0.1", undefined, "InvalidBucketName"],
    ["us-east-1", "xn--bucket", undefined, "InvalidBucketName"],
    ["us-east-1", "bucket-s3alias", undefined, "InvalidBucketName"],
    ["us-east-1", "two..dots", undefined, "InvalidBucketName"],
    ["us-east-1", "ok", { LocationConstraint: "us-east-1" }, "InvalidBucketName"],
    ["us-east-1", "named", { LocationConstraint: "us-east-1" }, "InvalidLocationConstraint"],
    ["us-east-1", "named", { LocationConstraint: "nowhere-1" }, "InvalidLocationConstraint"],
    ["eu-west-1", "named", { LocationConstraint: "eu-central-1" }, "IllegalLocationConstraintException"],
  ])("in %s: %s with %o is refused", async (region, name, configuration, code) => {
    const client = server.client({ region });
    const input = { Bucket: name, CreateBucketConfiguration: configuration as typeof europe | undefined };
    await expect(client.send(new CreateBucketCommand(input))).rejects.toMatchObject({ name: code });
  });

  test("one's own bucket again changes nothing in us-east-1, elsewhere it is an error", async () => {
    await s3.send(new CreateBucketCommand({ Bucket }));
    const client = server.client({ region: "eu-west-1" });
    const input = { Bucket: "made-in-europe", CreateBucketConfiguration: europe };
    expect((await client.send(new CreateBucketCommand(input))).Location).toBe("/made-in-europe");
    await expect(client.send(new CreateBucketCommand(input))).rejects.toMatchObject({
      name: "BucketAlreadyOwnedByYou",
    });
    expect(await client.send(new GetBucketLocationCommand(input))).toMatchObject(europe);
    expect((await s3.send(new GetBucketLocationCommand({ Bucket }))).LocationConstraint).toBeUndefined();
    expect(await s3.send(new HeadBucketCommand({ Bucket }))).toMatchObject({ BucketRegion: "us-east-1" });
  });

  test("another account's name is taken", async () => {
    const other = server.client({ credentials: { accessKeyId: "111122223333", secretAccessKey: "test" } });
    await expect(other.send(new CreateBucketCommand({ Bucket }))).rejects.toMatchObject({
      name: "BucketAlreadyExists",
    });
    expect((await other.send(new ListBucketsCommand({}))).Buckets ?? []).toEqual([]);
  });

  test("the bucket may stand in the host name", async () => {
    // Not every machine resolves names under localhost.
    const loopback: LookupFunction = (_, __, done) => done(null, [{ address: "127.0.0.1", family: 4 }]);
    const client = server.client({
      endpoint: `http://localhost:${server.port}`,
      forcePathStyle: false,
      requestHandler: { httpAgent: new Agent({ lookup: loopback }) },
    });
    await client.send(new PutObjectCommand({ Bucket, Key: "by host", Body: "x" }));
    expect(server.records.at(-1)?.host).toBe(`${Bucket}.localhost:${server.port}`);
    const got = await s3.send(new GetObjectCommand({ Bucket, Key: "by host" }));
    expect(await got.Body!.transformToString()).toBe("x");
  });
});

describe("a bucket that was never configured", () => {
  const input = { Bucket };
  test.each([
    [new GetBucketAclCommand(input), { Grants: [{ Permission: "FULL_CONTROL" }] }],
    [new GetBucketVersioningCommand(input), {}],
    [new GetBucketEncryptionCommand(input), { ServerSideEncryptionConfiguration: { Rules: [{}] } }],
    [
      new GetBucketOwnershipControlsCommand(input),
      { OwnershipControls: { Rules: [{ ObjectOwnership: "BucketOwnerEnforced" }] } },
    ],
    [
      new GetPublicAccessBlockCommand(input),
      {
        PublicAccessBlockConfiguration: {
          BlockPublicAcls: true,
          IgnorePublicAcls: true,
          BlockPublicPolicy: true,
          RestrictPublicBuckets: true,
        },
      },
    ],
  ])("answers %o", async (command, expected) => {
    expect(await s3.send(command as GetBucketAclCommand)).toMatchObject(expected);
  });

  test.each([
    [new GetBucketTaggingCommand(input), "NoSuchTagSet"],
    [new GetBucketCorsCommand(input), "NoSuchCORSConfiguration"],
    [new GetBucketWebsiteCommand(input), "NoSuchWebsiteConfiguration"],
    [new GetBucketLifecycleConfigurationCommand(input), "NoSuchLifecycleConfiguration"],
    [new GetBucketReplicationCommand(input), "ReplicationConfigurationNotFoundError"],
    [new GetObjectLockConfigurationCommand(input), "ObjectLockConfigurationNotFoundError"],
    [new PutBucketVersioningCommand({ ...input, VersioningConfiguration: { Status: "Enabled" } }), "NotImplemented"],
  ])("refuses %o", async (command, name) => {
    await expect(s3.send(command as GetBucketCorsCommand)).rejects.toMatchObject({ name });
  });
});

describe("tags", () => {
  const TagSet = [
    { Key: "team", Value: "ä b" },
    { Key: "empty", Value: "" },
  ];

  test("of a bucket are kept until they are deleted", async () => {
    await s3.send(new PutBucketTaggingCommand({ Bucket, Tagging: { TagSet } }));
    expect((await s3.send(new GetBucketTaggingCommand({ Bucket }))).TagSet).toEqual(TagSet);
    await s3.send(new DeleteBucketTaggingCommand({ Bucket }));
    await expect(s3.send(new GetBucketTaggingCommand({ Bucket }))).rejects.toMatchObject({ name: "NoSuchTagSet" });
  });

  test("of an object come with it or later", async () => {
    const at = { Bucket, Key: "tagged" };
    await s3.send(new PutObjectCommand({ ...at, Body: "x", Tagging: "team=a%20b&empty=" }));
    expect((await s3.send(new GetObjectCommand(at))).TagCount).toBe(2);
    await s3.send(new PutObjectTaggingCommand({ ...at, Tagging: { TagSet } }));
    expect((await s3.send(new GetObjectTaggingCommand(at))).TagSet).toEqual(TagSet);
    await s3.send(new DeleteObjectTaggingCommand(at));
    expect((await s3.send(new GetObjectTaggingCommand(at))).TagSet).toEqual([]);
  });

  test.each([
    [[{ Key: "", Value: "" }]],
    [[{ Key: "a", Value: "*" }]],
    [[{ Key: "aws:mine", Value: "" }]],
    [
      [
        { Key: "twice", Value: "1" },
        { Key: "twice", Value: "2" },
      ],
    ],
    [Array.from({ length: 11 }, (_, at) => ({ Key: String(at), Value: "" }))],
  ])("%o are refused", async (wrong) => {
    const at = { Bucket, Key: "tagged", Tagging: { TagSet: wrong } };
    await expect(s3.send(new PutObjectTaggingCommand(at))).rejects.toMatchObject({ name: "InvalidTag" });
  });
});

describe("listings", () => {
  const Bucket = "listings";
  const keys = ["a b+c/1", "a b+c/2", "plain", "ä/1", "ä/2", "z"];

  beforeAll(async () => {
    await s3.send(new CreateBucketCommand({ Bucket }));
    for (const Key of keys) await s3.send(new PutObjectCommand({ Bucket, Key, Body: Key }));
  });

  test("of the second kind go on by token", async () => {
    const seen: string[] = [];
    let ContinuationToken: string | undefined;
    do {
      const page = { Bucket, MaxKeys: 2, Delimiter: "/", ...(ContinuationToken ? { ContinuationToken } : {}) };
      const listed = await s3.send(new ListObjectsV2Command(page));
      expect(listed.KeyCount).toBeLessThanOrEqual(2);
      seen.push(...(listed.Contents ?? []).map((one) => one.Key!));
      seen.push(...(listed.CommonPrefixes ?? []).map((one) => one.Prefix!));
      ContinuationToken = listed.NextContinuationToken;
    } while (ContinuationToken !== undefined);
    expect(seen).toEqual(["plain", "a b+c/", "z", "ä/"]);
  });

  test("of the first kind go on by marker", async () => {
    const first = await s3.send(new ListObjectsCommand({ Bucket, MaxKeys: 1, Delimiter: "/" }));
    expect(first).toMatchObject({ IsTruncated: true, NextMarker: "a b+c/", CommonPrefixes: [{ Prefix: "a b+c/" }] });
    const second = await s3.send(
      new ListObjectsCommand({ Bucket, MaxKeys: 1, Delimiter: "/", Marker: first.NextMarker }),
    );
    expect(second).toMatchObject({ NextMarker: "plain", Contents: [{ Key: "plain", Size: 5 }] });
    expect(second.Contents![0]!.Owner?.ID).toMatch(/^[0-9a-f]{64}$/);
  });

  test("start behind a key and write keys as asked", async () => {
    const listed = await s3.send(
      new ListObjectsV2Command({ Bucket, StartAfter: "plain", Prefix: "ä", EncodingType: "url" }),
    );
    expect(listed.Contents?.map((one) => one.Key)).toEqual(["%C3%A4/1", "%C3%A4/2"]);
    const spaced = await s3.send(new ListObjectsV2Command({ Bucket, Prefix: "a", EncodingType: "url" }));
    expect(spaced.Contents?.[0]?.Key).toBe("a+b%2Bc/1");
    expect((await s3.send(new ListObjectsV2Command({ Bucket, MaxKeys: 0 }))).IsTruncated).toBe(false);
  });

  test("of versions show the one that each object has", async () => {
    const listed = await s3.send(new ListObjectVersionsCommand({ Bucket, Prefix: "plain" }));
    expect(listed.Versions).toMatchObject([{ Key: "plain", VersionId: "null", IsLatest: true }]);
  });
});
