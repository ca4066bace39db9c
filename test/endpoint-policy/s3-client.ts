/**
 * Stays inside an instance and makes S3 requests by the ordinary AWS SDK: one line of JSON in is one request, one line out
 * says how it was answered. It knows nothing of Underpass.
 */

import { createInterface } from "node:readline";
import {
  DeleteObjectCommand,
  GetBucketPolicyCommand,
  GetObjectCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";

export interface Wish {
  /** The action's name: `GetObject`, `ListBucket`. */
  readonly operation: string;
  readonly bucket?: string;
  readonly key?: string;
  /** `prefix`, `x-amz-storage-class` and their like. */
  readonly options: Readonly<Record<string, string>>;
  /** Absent for an anonymous request. */
  readonly credentials?: { accessKeyId: string; secretAccessKey: string; sessionToken?: string };
  /** Without TLS. */
  readonly plain: boolean;
}

export interface Answered {
  /** Absent when no answer came. */
  readonly status?: number;
  readonly error?: string;
  /** What the answer says of who denied it. */
  readonly deniedBy?: string;
  readonly message?: string;
}

const clients = new Map<string, S3Client>();

function clientFor({ credentials, plain }: Wish): S3Client {
  const name = `${credentials?.accessKeyId ?? "anonymous"}/${plain}`;
  const known = clients.get(name);
  if (known !== undefined) return known;
  const made = new S3Client({
    forcePathStyle: true,
    maxAttempts: 1,
    endpoint: `${plain ? "http" : "https"}://s3.us-east-1.amazonaws.com`,
    requestHandler: { connectionTimeout: 3000, requestTimeout: 20_000 },
    ...(credentials === undefined ? { signer: { sign: async (request) => request } } : { credentials }),
  });
  clients.set(name, made);
  return made;
}

async function send(wish: Wish): Promise<{ $metadata: { httpStatusCode?: number | undefined } }> {
  const s3 = clientFor(wish);
  const { bucket: Bucket, key: Key, options } = wish;
  const target = { Bucket, Key };
  switch (wish.operation) {
    case "GetObject": {
      const answer = await s3.send(new GetObjectCommand(target));
      await answer.Body?.transformToByteArray();
      return answer;
    }
    case "PutObject":
      return await s3.send(
        new PutObjectCommand({
          ...target,
          Body: "written inside the instance",
          ...(options["x-amz-storage-class"] === undefined ? {} : { StorageClass: "STANDARD" }),
          ...(options["x-amz-server-side-encryption"] === undefined ? {} : { ServerSideEncryption: "AES256" }),
        }),
      );
    case "DeleteObject":
      return await s3.send(new DeleteObjectCommand(target));
    case "GetBucketPolicy":
      return await s3.send(new GetBucketPolicyCommand({ Bucket }));
    case "ListAllMyBuckets":
      return await s3.send(new ListBucketsCommand({}));
    case "ListBucket": {
      const { prefix: Prefix, delimiter: Delimiter } = options;
      const most = options["max-keys"];
      return await s3.send(
        new ListObjectsV2Command({
          Bucket,
          Prefix,
          Delimiter,
          ...(most === undefined ? {} : { MaxKeys: Number(most) }),
        }),
      );
    }
    default:
      throw new Error(`no such operation: ${wish.operation}`);
  }
}

async function answer(wish: Wish): Promise<Answered> {
  try {
    const { httpStatusCode } = (await send(wish)).$metadata;
    return httpStatusCode === undefined ? {} : { status: httpStatusCode };
  } catch (error) {
    const known = error as {
      name?: string;
      message?: string;
      $metadata?: { httpStatusCode?: number };
      $response?: { headers?: Record<string, string> };
    };
    const status = known.$metadata?.httpStatusCode;
    const deniedBy = known.$response?.headers?.["x-underpass-denied-by"];
    return {
      error: known.name ?? String(error),
      ...(status === undefined ? {} : { status }),
      ...(deniedBy === undefined ? {} : { deniedBy }),
      ...(known.message === undefined ? {} : { message: known.message }),
    };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await answer(JSON.parse(line) as Wish)));
}
process.exit(0);
