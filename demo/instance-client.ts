/**
 * What the demo runs inside an instance: one S3 request by the ordinary AWS SDK, told on standard output as one line of
 * JSON. It knows nothing of Underpass.
 *
 *   node instance-client.ts get|put BUCKET KEY      one request
 *   node instance-client.ts hold BUCKET KEY         begins a download, waits for a line on standard input, reads the rest
 */

import { createInterface } from "node:readline";
import { GetObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";

export interface Outcome {
  /** Absent when no answer came. */
  readonly status?: number;
  readonly requestId?: string;
  /** `AccessDenied`, `TimeoutError`, `ECONNRESET`. */
  readonly error?: string;
  readonly bytes?: number;
}

const [verb, bucket, key] = process.argv.slice(2);
// Bucket names with dots do not fit the wildcard of S3's certificate: path style, as with AWS.
const s3 = new S3Client({
  forcePathStyle: true,
  maxAttempts: 1,
  requestHandler: { connectionTimeout: 1500, requestTimeout: 20_000 },
});

async function run(): Promise<Outcome> {
  if (verb === "put") {
    const { $metadata } = await s3.send(
      new PutObjectCommand({ Bucket: bucket, Key: key, Body: "written inside the instance\n" }),
    );
    return answered($metadata);
  }
  const { Body, $metadata } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
  if (Body === undefined) return answered($metadata);
  let bytes = 0;
  for await (const chunk of Body as AsyncIterable<Uint8Array>) {
    if (bytes === 0 && verb === "hold") await heldOpen($metadata.requestId);
    bytes += chunk.length;
  }
  return { ...answered($metadata), bytes };
}

/** Says that the download has begun, and goes on when told. */
async function heldOpen(requestId: string | undefined): Promise<void> {
  console.log(JSON.stringify({ begun: requestId }));
  for await (const _line of createInterface({ input: process.stdin })) return;
}

function answered(metadata: {
  readonly httpStatusCode?: number | undefined;
  readonly requestId?: string | undefined;
}): Outcome {
  return {
    ...(metadata.httpStatusCode === undefined ? {} : { status: metadata.httpStatusCode }),
    ...(metadata.requestId === undefined ? {} : { requestId: metadata.requestId }),
  };
}

function failed(error: unknown): Outcome {
  const known = error as { name?: string; code?: string; $metadata?: { httpStatusCode?: number; requestId?: string } };
  return { ...answered(known.$metadata ?? {}), error: known.code ?? known.name ?? String(error) };
}

console.log(JSON.stringify(await run().catch(failed)));
process.exit(0);
