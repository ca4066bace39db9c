/** Reading objects. Source: Amazon S3 API Reference, "GetObject", "HeadObject", "GetObjectAttributes". */

import type {
  GetObjectAttributesCommandInput,
  GetObjectAttributesCommandOutput,
  GetObjectCommandInput,
  GetObjectCommandOutput,
  HeadObjectCommandInput,
  HeadObjectCommandOutput,
} from "@aws-sdk/client-s3";
import { err, ok, type Result } from "../../base/result.ts";
import type { Answer, Handler, S3Call } from "./call.ts";
import { checksumMembers, httpDate, objectHeaders } from "./object-header.ts";
import { refuseRead } from "./precondition.ts";
import { readRange } from "./range.ts";
import { refuse, s3Error, type S3Error } from "./s3-error.ts";
import type { ByteRange } from "./store/content-table.ts";
import type { StoredObject } from "./store/stored-object.ts";

export const getObject: Handler<GetObjectCommandInput, GetObjectCommandOutput> = (input, call) => {
  const read = readObject(input, call);
  if (!read.ok) return Promise.resolve(read);
  const { object, range, status, headers } = read.value;
  const open = call.store.open(object, range);
  const content = { open, sizeBytes: range.last - range.first + 1 };
  return Promise.resolve(ok({ output: {}, status, headers: { ...headers, ...overrides(input) }, content }));
};

export const headObject: Handler<HeadObjectCommandInput, HeadObjectCommandOutput> = (input, call) => {
  const read = readObject(input, call);
  if (!read.ok) return Promise.resolve(read);
  const { range, status, headers } = read.value;
  const length = { "content-length": String(range.last - range.first + 1) };
  return Promise.resolve(ok({ output: {}, status, headers: { ...headers, ...length, ...overrides(input) } }));
};

export const getObjectAttributes: Handler<GetObjectAttributesCommandInput, GetObjectAttributesCommandOutput> = (
  input,
  call,
) => {
  const found = findObject(call, call.key, input.VersionId);
  if (!found.ok) return Promise.resolve(found);
  const object = found.value;
  const wanted = new Set<string>(input.ObjectAttributes);
  const { checksum, parts } = object.attributes;
  const output: Answer<Omit<GetObjectAttributesCommandOutput, "$metadata">>["output"] = {
    LastModified: new Date(object.modifiedAtMs),
    ...(wanted.has("ETag") ? { ETag: object.etag } : {}),
    ...(wanted.has("Checksum") && checksum !== undefined ? { Checksum: checksumMembers(checksum) } : {}),
    ...(wanted.has("ObjectParts") && parts !== undefined ? { ObjectParts: { TotalPartsCount: parts.length } } : {}),
    ...(wanted.has("StorageClass") ? { StorageClass: "STANDARD" as const } : {}),
    ...(wanted.has("ObjectSize") ? { ObjectSize: object.sizeBytes } : {}),
  };
  return Promise.resolve(ok({ output, headers: { "last-modified": httpDate(object.modifiedAtMs) } }));
};

/**
 * The object, or the refusal: NoSuchKey only for those who may list the bucket; to others it is AccessDenied, so that
 * nobody learns by trying what there is. Source: S3 API Reference, "GetObject", permissions.
 */
export function findObject(call: S3Call, key: string, versionId: string | undefined): Result<StoredObject, S3Error> {
  const version = refuseVersion(versionId, key);
  if (version !== undefined) return err(version);
  const object = call.store.find({ bucket: call.bucketName, key });
  if (object !== undefined) return ok(object);
  return err(noSuchKey(call, call.bucketName, key));
}

export function noSuchKey(call: S3Call, bucketName: string, key: string): S3Error {
  return call.gate.refuse({ action: "s3:ListBucket", bucketName }) ?? s3Error("NoSuchKey", { details: { Key: key } });
}

/** Until buckets can be versioned every object has the version `null` alone. */
export function refuseVersion(versionId: string | undefined, key: string): S3Error | undefined {
  if (versionId === undefined || versionId === "null") return undefined;
  if (!/^[A-Za-z0-9._-]{32}$/.test(versionId)) {
    return s3Error("InvalidArgument", {
      message: "Invalid version id specified",
      details: { ArgumentName: "versionId", ArgumentValue: versionId },
    });
  }
  return s3Error("NoSuchVersion", { details: { Key: key, VersionId: versionId } });
}

interface ReadInput {
  readonly VersionId?: string | undefined;
  readonly PartNumber?: number | undefined;
  readonly Range?: string | undefined;
  readonly IfMatch?: string | undefined;
  readonly IfNoneMatch?: string | undefined;
  readonly IfModifiedSince?: Date | undefined;
  readonly IfUnmodifiedSince?: Date | undefined;
  readonly ChecksumMode?: string | undefined;
}

interface Read {
  readonly object: StoredObject;
  readonly range: ByteRange;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
}

function readObject(input: ReadInput, call: S3Call): Result<Read, S3Error> {
  const found = findObject(call, call.key, input.VersionId);
  if (!found.ok) return found;
  const object = found.value;
  const refused = refuseRead(object, {
    ifMatch: input.IfMatch,
    ifNoneMatch: input.IfNoneMatch,
    ifModifiedSince: input.IfModifiedSince,
    ifUnmodifiedSince: input.IfUnmodifiedSince,
  });
  if (refused !== undefined) return err(refused);
  const range = rangeOf(input, object);
  if (!range.ok) return range;
  // The checksum is that of the whole: beside a part clients would compare it and fail.
  const headers = objectHeaders(object, input.ChecksumMode === "ENABLED" && range.value === undefined);
  const { parts } = object.attributes;
  // Told only to who asks for a part. Source: S3 API Reference, "GetObject", x-amz-mp-parts-count.
  if (input.PartNumber !== undefined && parts !== undefined) headers["x-amz-mp-parts-count"] = String(parts.length);
  if (range.value === undefined) {
    return ok({ object, range: { first: 0, last: object.sizeBytes - 1 }, status: 200, headers });
  }
  const { first, last } = range.value;
  const contentRange = `bytes ${first}-${last}/${object.sizeBytes}`;
  return ok({ object, range: range.value, status: 206, headers: { ...headers, "content-range": contentRange } });
}

/** The part that is asked for by bytes or by part number; undefined for the whole. */
function rangeOf(input: ReadInput, object: StoredObject): Result<ByteRange | undefined, S3Error> {
  if (input.PartNumber !== undefined) {
    if (input.Range !== undefined) {
      return refuse("InvalidRequest", { message: "Cannot specify both Range header and partNumber query parameter" });
    }
    return partRange(input.PartNumber, object);
  }
  const verdict = readRange(input.Range, object.sizeBytes);
  switch (verdict.kind) {
    case "whole":
      return ok(undefined);
    case "part":
      return ok(verdict);
    case "unsatisfiable":
      return refuse("InvalidRange", {
        details: { RangeRequested: input.Range ?? "", ActualObjectSize: String(object.sizeBytes) },
        headers: { "content-range": `bytes */${object.sizeBytes}` },
      });
  }
}

function partRange(number: number, object: StoredObject): Result<ByteRange, S3Error> {
  const parts = object.attributes.parts ?? [{ number: 1, sizeBytes: object.sizeBytes }];
  let first = 0;
  for (const part of parts) {
    if (part.number === number) return ok({ first, last: first + part.sizeBytes - 1 });
    first += part.sizeBytes;
  }
  return refuse("InvalidPartNumber", {
    details: { PartNumberRequested: String(number), ActualPartCount: String(parts.length) },
  });
}

interface Overrides {
  readonly ResponseCacheControl?: string | undefined;
  readonly ResponseContentDisposition?: string | undefined;
  readonly ResponseContentEncoding?: string | undefined;
  readonly ResponseContentLanguage?: string | undefined;
  readonly ResponseContentType?: string | undefined;
  readonly ResponseExpires?: Date | undefined;
}

/** Headers that a (presigned) request sets on its own answer. */
function overrides(input: Overrides): Record<string, string> {
  const headers: Record<string, string | undefined> = {
    "cache-control": input.ResponseCacheControl,
    "content-disposition": input.ResponseContentDisposition,
    "content-encoding": input.ResponseContentEncoding,
    "content-language": input.ResponseContentLanguage,
    "content-type": input.ResponseContentType,
    expires: input.ResponseExpires?.toUTCString(),
  };
  const given: Record<string, string> = {};
  for (const name in headers) {
    const value = headers[name];
    if (value !== undefined) given[name] = value;
  }
  return given;
}
