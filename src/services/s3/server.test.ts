/** The service as the AWS SDK for JavaScript v3 sees it, over real HTTP. */

import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestServer, type TestServer } from "./test-server.ts";

let server: TestServer;
let s3: S3Client;

beforeAll(async () => {
  server = await startTestServer();
  s3 = server.client();
  await s3.send(new CreateBucketCommand({ Bucket: "first" }));
});

afterAll(() => server[Symbol.asyncDispose]());

test("an object comes back as it was put", async () => {
  const put = await s3.send(
    new PutObjectCommand({
      Bucket: "first",
      Key: "a folder/ä+1.txt",
      Body: "hello",
      ContentType: "text/plain",
      Metadata: { colour: "blue" },
    }),
  );
  expect(put.ETag).toBe('"5d41402abc4b2a76b9719d911017c592"');
  expect(put.ChecksumCRC32).toBe("NhCmhg==");
  const got = await s3.send(new GetObjectCommand({ Bucket: "first", Key: "a folder/ä+1.txt" }));
  expect(await got.Body!.transformToString()).toBe("hello");
  expect(got).toMatchObject({ ContentType: "text/plain", Metadata: { colour: "blue" }, ContentLength: 5 });
  const head = await s3.send(new HeadObjectCommand({ Bucket: "first", Key: "a folder/ä+1.txt" }));
  expect(head).toMatchObject({ ContentLength: 5, ETag: put.ETag });
});

test("a large body streams in and out", async () => {
  const body = Buffer.alloc(9 * 1024 * 1024 + 17, "large");
  await s3.send(new PutObjectCommand({ Bucket: "first", Key: "large", Body: body }));
  const got = await s3.send(new GetObjectCommand({ Bucket: "first", Key: "large" }));
  expect(Buffer.from(await got.Body!.transformToByteArray()).equals(body)).toBe(true);
  const part = await s3.send(new GetObjectCommand({ Bucket: "first", Key: "large", Range: "bytes=1048570-1048580" }));
  expect(Buffer.from(await part.Body!.transformToByteArray()).equals(body.subarray(1048570, 1048581))).toBe(true);
});

test("keys are listed, folded and deleted", async () => {
  await s3.send(new CreateBucketCommand({ Bucket: "lists" }));
  for (const Key of ["a/1", "a/2", "b/1", "c"])
    await s3.send(new PutObjectCommand({ Bucket: "lists", Key, Body: Key }));
  const listed = await s3.send(new ListObjectsV2Command({ Bucket: "lists", Delimiter: "/" }));
  expect(listed.CommonPrefixes).toEqual([{ Prefix: "a/" }, { Prefix: "b/" }]);
  expect(listed.Contents?.map((one) => one.Key)).toEqual(["c"]);
  await expect(s3.send(new DeleteBucketCommand({ Bucket: "lists" }))).rejects.toMatchObject({ name: "BucketNotEmpty" });
  await s3.send(new DeleteObjectCommand({ Bucket: "lists", Key: "c" }));
  const deleted = await s3.send(
    new DeleteObjectsCommand({
      Bucket: "lists",
      Delete: { Objects: [{ Key: "a/1" }, { Key: "a/2" }, { Key: "b/1" }, { Key: "never" }] },
    }),
  );
  expect(deleted.Deleted).toHaveLength(4);
  await s3.send(new DeleteBucketCommand({ Bucket: "lists" }));
  const { Buckets } = await s3.send(new ListBucketsCommand({}));
  expect(Buckets?.map((one) => one.Name)).toEqual(["first"]);
});
