/** Multipart uploads. Source: Amazon S3 API Reference, "CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload" … */

import type {
  AbortMultipartUploadCommandInput,
  AbortMultipartUploadCommandOutput,
  CompleteMultipartUploadCommandInput,
  CompleteMultipartUploadCommandOutput,
  CreateMultipartUploadCommandInput,
  CreateMultipartUploadCommandOutput,
  UploadPartCommandInput,
  UploadPartCommandOutput,
  UploadPartCopyCommandInput,
  UploadPartCopyCommandOutput,
} from "@aws-sdk/client-s3";
import { err, ok, type Result } from "../../base/result.ts";
import { tokenBytes } from "../../wire/token-bytes.ts";
import { accessOfNewObject } from "./access-control.ts";
import { type Handler, isOpen, type S3Call } from "./call.ts";
import { copyBytes, findSource, readAlgorithm, sourceInput } from "./copy-object.ts";
import { chooseParts } from "./completion.ts";
import { checksumMembers, readAttributes, refuseUnserved } from "./object-header.ts";
import { refuseConditions, writeGuard } from "./object-write.ts";
import { readCopyRange } from "./range.ts";
import { maxUploadBytes } from "./request-body.ts";
import { refuse, type S3Error, s3Error } from "./s3-error.ts";
import type { Draft } from "./store/draft.ts";
import type { StoredChecksum, StoredPart, StoredUpload } from "./store/stored-object.ts";

export const createMultipartUpload: Handler<
  CreateMultipartUploadCommandInput,
  CreateMultipartUploadCommandOutput
> = async (input, call) => {
  const refused = refuseUnserved(call.headers);
  if (refused !== undefined) return err(refused);
  const attributes = readAttributes(call.headers);
  if (!attributes.ok) return attributes;
  const access = accessOfNewObject(call, input);
  if (!access.ok) return access;
  const algorithm = readAlgorithm(input.ChecksumAlgorithm);
  if (!algorithm.ok) return algorithm;
  const type = checksumTypeOf(algorithm.value, input.ChecksumType);
  if (type === undefined) {
    const message = `The ${input.ChecksumType} checksum type cannot be used with the ${algorithm.value} checksum algorithm.`;
    return refuse("InvalidRequest", { message });
  }
  const upload: StoredUpload = {
    id: tokenBytes(48).toString("base64url"),
    bucket: call.bucketName,
    key: call.key,
    createdAtMs: call.nowMs,
    initiator: initiatorOf(call),
    attributes: { ...attributes.value, ...access.value },
    checksumAlgorithm: algorithm.value,
    checksumType: type,
  };
  const created = await call.store.uploads.create(upload, () => (isOpen(call) ? undefined : noSuchBucket(call)));
  if (!created.ok) return created;
  const named = input.ChecksumAlgorithm === undefined ? {} : { ChecksumAlgorithm: input.ChecksumAlgorithm };
  return ok({
    output: {
      Bucket: call.bucketName,
      Key: call.key,
      UploadId: upload.id,
      ServerSideEncryption: "AES256",
      ...named,
      ChecksumType: type,
    },
  });
};

export const uploadPart: Handler<UploadPartCommandInput, UploadPartCommandOutput> = async (input, call) => {
  const upload = findUpload(call, input.UploadId);
  if (!upload.ok) return upload;
  const number = readPartNumber(input.PartNumber);
  if (!number.ok) return number;
  const { checksumAlgorithm } = upload.value;
  const received = await call.body.receive({ take: call.store.uploads.receive, algorithm: checksumAlgorithm });
  if (!received.ok) return received;
  await using draft = received.value.draft;
  const { checksum } = received.value;
  if (checksum.algorithm !== checksumAlgorithm && checksumAlgorithm !== "CRC64NVME") {
    const message = `Checksum Type mismatch occurred, expected checksum Type: ${checksumAlgorithm.toLowerCase()}, actual checksum Type: ${checksum.algorithm.toLowerCase()}`;
    return refuse("InvalidRequest", { message });
  }
  const stored = await storePart(call, upload.value, { number: number.value, draft, checksum });
  if (!stored.ok) return stored;
  const { ChecksumType: _, ...members } = checksumMembers(checksum);
  return ok({ output: { ETag: `"${stored.value.etag}"`, ServerSideEncryption: "AES256", ...members } });
};

export const uploadPartCopy: Handler<UploadPartCopyCommandInput, UploadPartCopyCommandOutput> = async (input, call) => {
  const upload = findUpload(call, input.UploadId);
  if (!upload.ok) return upload;
  const number = readPartNumber(input.PartNumber);
  if (!number.ok) return number;
  const source = findSource(call, sourceInput(input));
  if (!source.ok) return source;
  const { sizeBytes } = source.value;
  const wanted = input.CopySourceRange;
  const range = wanted === undefined ? { first: 0, last: sizeBytes - 1 } : readCopyRange(wanted, sizeBytes);
  if (range === undefined) {
    return refuse("InvalidArgument", {
      message: `Range specified is not valid for source object of size: ${sizeBytes}`,
      details: { ArgumentName: "x-amz-copy-source-range", ArgumentValue: wanted ?? "" },
    });
  }
  if (range.last - range.first + 1 > maxUploadBytes) return refuse("EntityTooLarge");
  const copied = await copyBytes(call, source.value, range, {
    algorithm: upload.value.checksumAlgorithm,
    take: call.store.uploads.receive,
  });
  await using draft = copied.draft;
  const { checksum } = copied;
  const stored = await storePart(call, upload.value, { number: number.value, draft, checksum });
  if (!stored.ok) return stored;
  const { ChecksumType: _, ...members } = checksumMembers(checksum);
  const LastModified = new Date(stored.value.modifiedAtMs);
  const result = { ETag: `"${stored.value.etag}"`, LastModified, ...members };
  return ok({ output: { CopyPartResult: result, ServerSideEncryption: "AES256" } });
};

export const completeMultipartUpload: Handler<
  CompleteMultipartUploadCommandInput,
  CompleteMultipartUploadCommandOutput
> = async (input, call) => {
  const refused = refuseConditions(input.IfNoneMatch);
  if (refused !== undefined) return err(refused);
  const upload = findUpload(call, input.UploadId);
  if (!upload.ok) return upload;
  const choose = (parts: readonly StoredPart[]) =>
    chooseParts({ input, parts, upload: upload.value, nowMs: call.nowMs });
  const completed = await call.store.uploads.complete(upload.value, choose, writeGuard(call, input));
  if (completed === undefined) return err(noSuchUpload(upload.value.id));
  if (!completed.ok) return completed;
  const { etag, attributes } = completed.value;
  const { bucketName, key } = call;
  const path = key.split("/").map(encodeURIComponent).join("/");
  const Location = `https://${bucketName}.s3.${call.region}.amazonaws.com/${path}`;
  return ok({
    output: {
      Location,
      Bucket: bucketName,
      Key: key,
      ETag: `"${etag}"`,
      ServerSideEncryption: "AES256",
      ...checksumMembers(attributes.checksum),
    },
  });
};

export const abortMultipartUpload: Handler<
  AbortMultipartUploadCommandInput,
  AbortMultipartUploadCommandOutput
> = async (input, call) => {
  const upload = findUpload(call, input.UploadId);
  if (!upload.ok) return upload;
  const aborted = await call.store.uploads.abort(upload.value);
  return aborted ? ok({ output: {} }) : err(noSuchUpload(upload.value.id));
};

export function findUpload(call: S3Call, uploadId: string | undefined): Result<StoredUpload, S3Error> {
  const upload = call.store.uploads.find({ bucket: call.bucketName, key: call.key }, uploadId ?? "");
  return upload === undefined ? err(noSuchUpload(uploadId ?? "")) : ok(upload);
}

const maxPartNumber = 10_000;

function readPartNumber(number: number | undefined): Result<number, S3Error> {
  if (number !== undefined && Number.isInteger(number) && number >= 1 && number <= maxPartNumber) return ok(number);
  return refuse("InvalidArgument", {
    message: `Part number must be an integer between 1 and ${maxPartNumber}, inclusive`,
    details: { ArgumentName: "partNumber", ArgumentValue: String(number ?? "") },
  });
}

/** Source: S3 User Guide, "Checking object integrity": which algorithms know which type, and which is the default. */
function checksumTypeOf(algorithm: string, asked: string | undefined): StoredChecksum["type"] | undefined {
  switch (algorithm) {
    case "CRC64NVME":
      return asked === "COMPOSITE" ? undefined : "FULL_OBJECT";
    case "CRC32":
    case "CRC32C":
      return asked === "FULL_OBJECT" ? "FULL_OBJECT" : "COMPOSITE";
    default:
      return asked === "FULL_OBJECT" ? undefined : "COMPOSITE";
  }
}

interface PartToStore {
  readonly number: number;
  readonly draft: Draft;
  readonly checksum: StoredChecksum;
}

async function storePart(call: S3Call, upload: StoredUpload, part: PartToStore): Promise<Result<StoredPart, S3Error>> {
  const { number, draft, checksum } = part;
  const wanted = { number, modifiedAtMs: call.nowMs, checksum };
  const stored = await call.store.uploads.putPart(upload, wanted, draft);
  if (stored === undefined) return err(noSuchUpload(upload.id));
  draft.adopt();
  return ok(stored);
}

function initiatorOf(call: S3Call): string {
  const { principal, accountId } = call.caller;
  return "arn" in principal ? principal.arn : accountId === undefined ? "" : `arn:aws:iam::${accountId}:root`;
}

function noSuchUpload(uploadId: string): S3Error {
  return s3Error("NoSuchUpload", { details: { UploadId: uploadId } });
}

function noSuchBucket(call: S3Call): S3Error {
  return s3Error("NoSuchBucket", { details: { BucketName: call.bucketName } });
}
