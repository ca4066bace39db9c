/** Multipart uploads and copies as the AWS SDK for JavaScript v3 sees them. */

import { createHash } from "node:crypto";
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteBucketCommand,
  GetObjectAttributesCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  type ListMultipartUploadsCommandOutput,
  ListPartsCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
  UploadPartCopyCommand,
} from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { checksumOf } from "../../wire/checksum.ts";
import { startTestServer, type TestServer } from "./test-server.ts";

const megabyte = 1024 * 1024;
const Bucket = "parts";
let server: TestServer;
let s3: S3Client;

beforeAll(async () => {
  server = await startTestServer();
  s3 = server.client();
  await s3.send(new CreateBucketCommand({ Bucket }));
});

afterAll(() => server[Symbol.asyncDispose]());

const pieces = [Buffer.alloc(5 * megabyte, "first"), Buffer.alloc(5 * megabyte + 1, "second"), Buffer.from("last")];
const whole = Buffer.concat(pieces);
const md5 = (data: Buffer): Buffer => createHash("md5").update(data).digest();
const expectedETag = `"${md5(Buffer.concat(pieces.map(md5))).toString("hex")}-3"`;

async function begin(Key: string, options: object = {}): Promise<string> {
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key, ...options }));
  return UploadId!;
}

async function upload(Key: string, UploadId: string, PartNumber: number, Body: Buffer) {
  const { $metadata: _, ...part } = await s3.send(new UploadPartCommand({ Bucket, Key, UploadId, PartNumber, Body }));
  return { PartNumber, ...part };
}

async function complete(Key: string, UploadId: string, Parts: object[]) {
  return s3.send(new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts } }));
}

async function bytesOf(Key: string, options: object = {}): Promise<Buffer> {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key, ...options }));
  return Buffer.from(await Body!.transformToByteArray());
}

describe("completing", () => {
  test("lines the parts up, with entity tag, checksum and metadata", async () => {
    const Key = "whole";
    const id = await begin(Key, { ContentType: "text/x", Metadata: { a: "b" }, ChecksumAlgorithm: "CRC32" });
    const parts = [];
    // Uploaded in no order, and one of them twice.
    await upload(Key, id, 2, Buffer.alloc(100));
    for (const number of [3, 1, 2]) parts.push(await upload(Key, id, number, pieces[number - 1]!));
    parts.sort((a, b) => a.PartNumber - b.PartNumber);
    const listed = await s3.send(new ListPartsCommand({ Bucket, Key, UploadId: id, MaxParts: 2 }));
    expect(listed).toMatchObject({ IsTruncated: true, NextPartNumberMarker: "2", Parts: [{ Size: 5 * megabyte }, {}] });
    expect(await complete(Key, id, parts)).toMatchObject({ ETag: expectedETag, ChecksumType: "COMPOSITE" });
    expect((await bytesOf(Key)).equals(whole)).toBe(true);
    const edge = 5 * megabyte;
    expect((await bytesOf(Key, { Range: `bytes=${edge - 3}-${edge + 3}` })).toString()).toBe(
      whole.subarray(edge - 3, edge + 4).toString(),
    );
    expect((await bytesOf(Key, { PartNumber: 3 })).toString()).toBe("last");
    const head = await s3.send(new HeadObjectCommand({ Bucket, Key, PartNumber: 1 }));
    expect(head).toMatchObject({ PartsCount: 3, ContentLength: edge, ContentType: "text/x", Metadata: { a: "b" } });
    const got = await s3.send(new GetObjectCommand({ Bucket, Key, PartNumber: 3 }));
    expect(got.PartsCount).toBe(3);
    expect(await got.Body!.transformToString()).toBe("last");
    expect((await s3.send(new HeadObjectCommand({ Bucket, Key }))).PartsCount).toBeUndefined();
    expect((await s3.send(new HeadObjectCommand({ Bucket, Key, Range: "bytes=0-1" }))).PartsCount).toBeUndefined();
    const wanted = ["ObjectParts", "ObjectSize", "Checksum"] as const;
    expect(await s3.send(new GetObjectAttributesCommand({ Bucket, Key, ObjectAttributes: [...wanted] }))).toMatchObject(
      {
        ObjectSize: whole.length,
        ObjectParts: { TotalPartsCount: 3 },
        Checksum: { ChecksumType: "COMPOSITE" },
      },
    );
    await expect(s3.send(new ListPartsCommand({ Bucket, Key, UploadId: id }))).rejects.toMatchObject({
      name: "NoSuchUpload",
    });
  });

  test("a checksum of the full object is that of its bytes", async () => {
    const Key = "full";
    const id = await begin(Key, { ChecksumAlgorithm: "CRC32C", ChecksumType: "FULL_OBJECT" });
    const parts = [];
    for (const number of [1, 2, 3]) {
      const Body = pieces[number - 1]!;
      const part = { Bucket, Key, UploadId: id, PartNumber: number, Body, ChecksumAlgorithm: "CRC32C" as const };
      const { ETag } = await s3.send(new UploadPartCommand(part));
      parts.push({ PartNumber: number, ETag });
    }
    const done = await complete(Key, id, parts);
    expect(done.ChecksumCRC32C).toBe(checksumOf("CRC32C", whole));
  });

  test.each<[string, (parts: { PartNumber: number; ETag?: string | undefined }[]) => object[], string]>([
    ["no parts", () => [], "MalformedXML"],
    ["parts out of order", (parts) => [parts[1]!, parts[0]!], "InvalidPartOrder"],
    ["a part that is not there", (parts) => [...parts, { PartNumber: 9, ETag: parts[0]!.ETag }], "InvalidPart"],
    ["a part with another tag", (parts) => [{ ...parts[0]!, ETag: '"0"' }, parts[1]!], "InvalidPart"],
    ["a small part that is not the last", (parts) => parts, "EntityTooSmall"],
  ])("refuses %s, and the upload goes on", async (_, choose, name) => {
    const Key = "refused";
    const id = await begin(Key);
    const parts = [await upload(Key, id, 1, Buffer.from("small")), await upload(Key, id, 2, Buffer.from("last"))];
    await expect(complete(Key, id, choose(parts))).rejects.toMatchObject({ name });
    await complete(Key, id, parts.slice(1));
    expect((await bytesOf(Key)).toString()).toBe("last");
  });

  test.each([0, 10_001])("part number %i is refused", async (PartNumber) => {
    const id = await begin("number");
    const part = { Bucket, Key: "number", UploadId: id, PartNumber, Body: "x" };
    await expect(s3.send(new UploadPartCommand(part))).rejects.toMatchObject({ name: "InvalidArgument" });
    await s3.send(new AbortMultipartUploadCommand({ Bucket, Key: "number", UploadId: id }));
  });
});

describe("uploads", () => {
  test("an aborted one is gone with its parts", async () => {
    const id = await begin("aborted");
    await upload("aborted", id, 1, pieces[0]!);
    await s3.send(new AbortMultipartUploadCommand({ Bucket, Key: "aborted", UploadId: id }));
    await expect(upload("aborted", id, 2, pieces[2]!)).rejects.toMatchObject({ name: "NoSuchUpload" });
    await expect(
      s3.send(new AbortMultipartUploadCommand({ Bucket, Key: "aborted", UploadId: id })),
    ).rejects.toMatchObject({ name: "NoSuchUpload" });
  });

  test("are listed by key and id, a page at a time, folded", async () => {
    const Bucket = "uploads";
    await s3.send(new CreateBucketCommand({ Bucket }));
    const started: string[] = [];
    for (const Key of ["a/1", "a/1", "a/2", "b", "b", "c/1"]) {
      const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key }));
      started.push(`${Key} ${UploadId}`);
    }
    const seen: string[] = [];
    let marker: { KeyMarker?: string; UploadIdMarker?: string } | undefined = {};
    while (marker !== undefined) {
      const page: ListMultipartUploadsCommandOutput = await s3.send(
        new ListMultipartUploadsCommand({ Bucket, MaxUploads: 2, ...marker }),
      );
      seen.push(...page.Uploads!.map((one) => `${one.Key} ${one.UploadId}`));
      marker = page.IsTruncated
        ? { KeyMarker: page.NextKeyMarker!, UploadIdMarker: page.NextUploadIdMarker! }
        : undefined;
    }
    expect(seen).toEqual([...started].sort());
    const folded = await s3.send(new ListMultipartUploadsCommand({ Bucket, Delimiter: "/" }));
    expect(folded.CommonPrefixes).toEqual([{ Prefix: "a/" }, { Prefix: "c/" }]);
    expect(folded.Uploads).toHaveLength(2);
    // They do not keep their bucket.
    await s3.send(new DeleteBucketCommand({ Bucket }));
    await s3.send(new CreateBucketCommand({ Bucket }));
    expect((await s3.send(new ListMultipartUploadsCommand({ Bucket }))).Uploads).toBeUndefined();
  });
});

describe("copies", () => {
  test("of an object keep or replace what is said of it", async () => {
    const source = { Bucket, Key: "source ä+", Body: "text", ContentType: "text/x", Tagging: "t=1" };
    await s3.send(new PutObjectCommand({ ...source, Metadata: { a: "b" } }));
    const CopySource = `${Bucket}/${encodeURIComponent("source ä+")}`;
    const copied = await s3.send(new CopyObjectCommand({ Bucket, Key: "kept", CopySource }));
    expect(copied.CopyObjectResult).toMatchObject({ ETag: `"${md5(Buffer.from("text")).toString("hex")}"` });
    const kept = await s3.send(new GetObjectCommand({ Bucket, Key: "kept" }));
    expect(kept).toMatchObject({ ContentType: "text/x", Metadata: { a: "b" }, TagCount: 1 });
    const replace = { MetadataDirective: "REPLACE" as const, ContentType: "text/y", Metadata: {} };
    await s3.send(new CopyObjectCommand({ Bucket, Key: "kept", CopySource: `/${Bucket}/kept`, ...replace }));
    const replaced = await s3.send(new HeadObjectCommand({ Bucket, Key: "kept" }));
    expect(replaced).toMatchObject({ ContentType: "text/y", Metadata: {} });
    await expect(
      s3.send(new CopyObjectCommand({ Bucket, Key: "kept", CopySource: `${Bucket}/kept` })),
    ).rejects.toMatchObject({ name: "InvalidRequest" });
    const unless = { CopySourceIfNoneMatch: copied.CopyObjectResult!.ETag! };
    await expect(s3.send(new CopyObjectCommand({ Bucket, Key: "again", CopySource, ...unless }))).rejects.toMatchObject(
      { name: "PreconditionFailed" },
    );
  });

  test("of ranges become parts", async () => {
    await s3.send(new PutObjectCommand({ Bucket, Key: "long", Body: whole }));
    const Key = "from ranges";
    const id = await begin(Key);
    const half = 6 * megabyte;
    const Parts = [];
    for (const [at, range] of [`0-${half - 1}`, `${half}-${whole.length - 1}`].entries()) {
      const part = { Bucket, Key, UploadId: id, PartNumber: at + 1, CopySource: `${Bucket}/long` };
      const { CopyPartResult } = await s3.send(
        new UploadPartCopyCommand({ ...part, CopySourceRange: `bytes=${range}` }),
      );
      Parts.push({ PartNumber: at + 1, ETag: CopyPartResult!.ETag! });
    }
    await complete(Key, id, Parts);
    expect((await bytesOf(Key)).equals(whole)).toBe(true);
  });
});
