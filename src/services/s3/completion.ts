/**
 * Which parts a completed upload is made of, and its entity tag and checksum.
 * Source: Amazon S3 API Reference, "CompleteMultipartUpload"; S3 User Guide, "Amazon S3 multipart upload limits".
 */

import { createHash } from "node:crypto";
import type { CompletedPart, CompleteMultipartUploadCommandInput } from "@aws-sdk/client-s3";
import { ok, type Result } from "../../base/result.ts";
import { openChecksum } from "../../wire/checksum.ts";
import { combineCrcs } from "./crc-combine.ts";
import { refuse, type S3Error } from "./s3-error.ts";
import type { Completion } from "./store/upload-table.ts";
import type { ObjectPart, StoredChecksum, StoredPart, StoredUpload } from "./store/stored-object.ts";

/** All parts but the last must have this size at least. */
const minPartBytes = 5 * 1024 * 1024;

/** At most. Source: S3 User Guide, "Amazon S3 multipart upload limits". */
const maxObjectBytes = 48.8 * 1024 ** 4;

export interface CompletionRequest {
  readonly input: CompleteMultipartUploadCommandInput;
  /** Those that were uploaded. */
  readonly parts: readonly StoredPart[];
  readonly upload: StoredUpload;
  readonly nowMs: number;
}

/** The object to be. Failures: MalformedXML, InvalidPartOrder, InvalidPart, EntityTooSmall, EntityTooLarge, BadDigest, InvalidRequest. */
export function chooseParts(request: CompletionRequest): Result<Completion, S3Error> {
  const { input, upload, nowMs } = request;
  const wanted = input.MultipartUpload?.Parts ?? [];
  if (wanted.length === 0) return refuse("MalformedXML");
  const chosen = match(wanted, request);
  if (!chosen.ok) return chosen;
  const parts = chosen.value;
  const sizeBytes = parts.reduce((sum, part) => sum + part.sizeBytes, 0);
  if (sizeBytes > maxObjectBytes) return refuse("EntityTooLarge");
  if (input.MpuObjectSize !== undefined && input.MpuObjectSize !== sizeBytes) {
    return refuse("InvalidRequest", {
      message: `The provided 'x-amz-mp-object-size' header value ${input.MpuObjectSize} does not match what was computed: ${sizeBytes}`,
    });
  }
  const checksum = checksumOfParts(upload, parts);
  if (checksum !== undefined && checksum.type === "FULL_OBJECT") {
    const claimed = claimedChecksum(input, checksum.algorithm);
    if (claimed !== undefined && claimed !== checksum.value) {
      return refuse("BadDigest", {
        message: `The ${checksum.algorithm} you specified did not match the calculated checksum.`,
      });
    }
  }
  const { headers, metadata, tags } = upload.attributes;
  const attributes = { headers, metadata, tags, parts: parts.map(objectPart) };
  return ok({
    parts,
    object: {
      etag: etagOf(parts),
      modifiedAtMs: nowMs,
      attributes: checksum === undefined ? attributes : { ...attributes, checksum },
    },
  });
}

function match(wanted: readonly CompletedPart[], request: CompletionRequest): Result<readonly StoredPart[], S3Error> {
  const byNumber = new Map(request.parts.map((part) => [part.number, part]));
  const chosen: StoredPart[] = [];
  let last = 0;
  for (const { PartNumber: number = 0 } of wanted) {
    if (number <= last) return refuse("InvalidPartOrder", { details: { UploadId: request.upload.id } });
    last = number;
  }
  for (const one of wanted) {
    const part = byNumber.get(one.PartNumber ?? 0);
    if (part === undefined || !isSame(one, part)) {
      const details = { UploadId: request.upload.id, PartNumber: String(one.PartNumber ?? ""), ETag: one.ETag ?? "" };
      return refuse("InvalidPart", { details });
    }
    chosen.push(part);
  }
  const small = chosen.slice(0, -1).find((part) => part.sizeBytes < minPartBytes);
  if (small === undefined) return ok(chosen);
  return refuse("EntityTooSmall", {
    details: {
      ProposedSize: String(small.sizeBytes),
      MinSizeAllowed: String(minPartBytes),
      PartNumber: String(small.number),
      ETag: small.etag,
    },
  });
}

function isSame(wanted: CompletedPart, part: StoredPart): boolean {
  if (wanted.ETag?.replace(/^"(.*)"$/, "$1") !== part.etag) return false;
  const claimed = claimedChecksum(wanted, part.checksum?.algorithm);
  return claimed === undefined || claimed === part.checksum?.value;
}

interface Checksums {
  readonly ChecksumCRC32?: string | undefined;
  readonly ChecksumCRC32C?: string | undefined;
  readonly ChecksumCRC64NVME?: string | undefined;
  readonly ChecksumSHA1?: string | undefined;
  readonly ChecksumSHA256?: string | undefined;
}

function claimedChecksum(from: Checksums, algorithm: StoredChecksum["algorithm"] | undefined): string | undefined {
  switch (algorithm) {
    case "CRC32":
      return from.ChecksumCRC32;
    case "CRC32C":
      return from.ChecksumCRC32C;
    case "CRC64NVME":
      return from.ChecksumCRC64NVME;
    case "SHA1":
      return from.ChecksumSHA1;
    case "SHA256":
      return from.ChecksumSHA256;
    case "MD5":
    case undefined:
      return undefined;
  }
}

/** The MD5 of the parts' MD5s, and how many there are. */
function etagOf(parts: readonly StoredPart[]): string {
  const md5 = createHash("md5");
  for (const part of parts) md5.update(Buffer.from(part.etag, "hex"));
  return `${md5.digest("hex")}-${parts.length}`;
}

/** Absent when parts came with different algorithms. */
function checksumOfParts(upload: StoredUpload, parts: readonly StoredPart[]): StoredChecksum | undefined {
  const algorithm = parts[0]?.checksum?.algorithm;
  if (algorithm === undefined || parts.some((part) => part.checksum?.algorithm !== algorithm)) return undefined;
  const pieces = parts.map((part) => ({ checksum: part.checksum?.value ?? "", sizeBytes: part.sizeBytes }));
  if (upload.checksumType === "FULL_OBJECT") {
    const value = combineCrcs(algorithm, pieces);
    return value === undefined ? undefined : { algorithm, value, type: "FULL_OBJECT" };
  }
  const checksum = openChecksum(algorithm);
  for (const piece of pieces) checksum.update(Buffer.from(piece.checksum, "base64"));
  return { algorithm, value: `${checksum.digest().toString("base64")}-${parts.length}`, type: "COMPOSITE" };
}

function objectPart(part: StoredPart): ObjectPart {
  const { number, sizeBytes, checksum } = part;
  return { number, sizeBytes, ...(checksum === undefined ? {} : { checksum: checksum.value }) };
}
