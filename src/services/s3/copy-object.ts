/** Copies within the service. Source: Amazon S3 API Reference, "CopyObject", "UploadPartCopy". */

import type { CopyObjectCommandInput, CopyObjectCommandOutput } from "@aws-sdk/client-s3";
import { err, ok, type Result } from "../../base/result.ts";
import { find } from "../../model/state.ts";
import { type ChecksumAlgorithm, checksumAlgorithms, openChecksum } from "../../wire/checksum.ts";
import { accessOfNewObject } from "./access-control.ts";
import type { Handler, S3Call } from "./call.ts";
import { checksumMembers, readAttributes, refuseUnserved } from "./object-header.ts";
import { noSuchKey, refuseVersion } from "./object-read.ts";
import { refuseConditions, writeGuard } from "./object-write.ts";
import { type Conditions, refuseCopySource } from "./precondition.ts";
import { maxUploadBytes } from "./request-body.ts";
import { refuse, type S3Error } from "./s3-error.ts";
import type { ByteRange } from "./store/content-table.ts";
import type { Draft } from "./store/draft.ts";
import type { Attributes, StoredChecksum, StoredObject } from "./store/stored-object.ts";

export const copyObject: Handler<CopyObjectCommandInput, CopyObjectCommandOutput> = async (input, call) => {
  const guard = writeGuard(call, input);
  const at = { bucket: call.bucketName, key: call.key };
  const refused = refuseUnserved(call.headers) ?? refuseConditions(input.IfNoneMatch) ?? guard(call.store.find(at));
  if (refused !== undefined) return err(refused);
  const source = findSource(call, sourceInput(input));
  if (!source.ok) return source;
  const object = source.value;
  if (object.sizeBytes > maxUploadBytes) {
    const message = `The specified copy source is larger than the maximum allowable size for a copy source: ${maxUploadBytes}`;
    return refuse("InvalidRequest", { message });
  }
  const attributes = attributesFor(call, input, object);
  if (!attributes.ok) return attributes;
  const access = accessOfNewObject(call, input);
  if (!access.ok) return access;
  const algorithm = readAlgorithm(input.ChecksumAlgorithm, object.attributes.checksum?.algorithm);
  if (!algorithm.ok) return algorithm;
  const whole = { first: 0, last: object.sizeBytes - 1 };
  const copied = await copyBytes(call, object, whole, { algorithm: algorithm.value, take: call.store.receive });
  await using draft = copied.draft;
  const { checksum } = copied;
  const etag = draft.md5.toString("hex");
  const modifiedAtMs = call.nowMs;
  const copy = { ...at, etag, modifiedAtMs, attributes: { ...attributes.value, ...access.value, checksum } };
  const stored = await call.store.put(copy, draft, guard);
  if (!stored.ok) return stored;
  draft.adopt();
  const result = { ETag: `"${etag}"`, LastModified: new Date(modifiedAtMs), ...checksumMembers(checksum) };
  return ok({ output: { CopyObjectResult: result, ServerSideEncryption: "AES256" } });
};

export interface SourceInput {
  /** `x-amz-copy-source`: `/bucket/key?versionId=…`, the key percent-encoded. */
  readonly source: string;
  readonly conditions: Conditions;
}

/** What both kinds of copies say of their source. */
export function sourceInput(input: {
  readonly CopySource?: string | undefined;
  readonly CopySourceIfMatch?: string | undefined;
  readonly CopySourceIfNoneMatch?: string | undefined;
  readonly CopySourceIfModifiedSince?: Date | undefined;
  readonly CopySourceIfUnmodifiedSince?: Date | undefined;
}): SourceInput {
  return {
    source: input.CopySource ?? "",
    conditions: {
      ifMatch: input.CopySourceIfMatch,
      ifNoneMatch: input.CopySourceIfNoneMatch,
      ifModifiedSince: input.CopySourceIfModifiedSince,
      ifUnmodifiedSince: input.CopySourceIfUnmodifiedSince,
    },
  };
}

/** The source, when the caller may read it: on the same path as the copy itself. */
export function findSource(call: S3Call, { source, conditions }: SourceInput): Result<StoredObject, S3Error> {
  const named = readSource(source);
  if (named === undefined) {
    return refuse("InvalidArgument", {
      message: "Copy Source must mention the source bucket and key: sourcebucket/sourcekey",
      details: { ArgumentName: "x-amz-copy-source", ArgumentValue: source },
    });
  }
  const { bucketName, key, versionId } = named;
  if (find(call.state, "bucket", bucketName) === undefined) {
    return refuse("NoSuchBucket", { details: { BucketName: bucketName } });
  }
  const action = versionId === undefined ? "s3:GetObject" : "s3:GetObjectVersion";
  const denied = call.gate.refuse({ action, bucketName, key }) ?? refuseVersion(versionId, key);
  if (denied !== undefined) return err(denied);
  const object = call.store.find({ bucket: bucketName, key });
  if (object === undefined) return err(noSuchKey(call, bucketName, key));
  const refused = refuseCopySource(object, conditions);
  return refused === undefined ? ok(object) : err(refused);
}

export interface CopyOptions {
  readonly algorithm: ChecksumAlgorithm;
  readonly take: (body: AsyncIterable<Uint8Array>) => Promise<Draft>;
}

export interface Copied {
  readonly draft: Draft;
  readonly checksum: StoredChecksum;
}

/** A draft of the bytes. To be called in the turn in which the object was found. */
export async function copyBytes(
  call: S3Call,
  object: StoredObject,
  range: ByteRange,
  options: CopyOptions,
): Promise<Copied> {
  using open = call.store.open(object, range);
  const { algorithm } = options;
  const checksum = openChecksum(algorithm);
  const draft = await options.take(observed(open.chunks(), checksum.update));
  return { draft, checksum: { algorithm, value: checksum.digest().toString("base64"), type: "FULL_OBJECT" } };
}

/** The algorithm that a request names, else the fallback, else the one that S3 takes when nobody says. Failure: InvalidRequest. */
export function readAlgorithm(
  name: string | undefined,
  fallback?: ChecksumAlgorithm,
): Result<ChecksumAlgorithm, S3Error> {
  if (name === undefined) return ok(fallback ?? "CRC64NVME");
  const known = checksumAlgorithms.find((one) => one === name.toUpperCase());
  if (known !== undefined) return ok(known);
  const message =
    "Checksum algorithm provided is unsupported. Please try again with any of the valid types: [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]";
  return refuse("InvalidRequest", { message });
}

async function* observed(
  chunks: AsyncIterable<Uint8Array>,
  observe: (chunk: Uint8Array) => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of chunks) {
    observe(chunk);
    yield chunk;
  }
}

interface NamedSource {
  readonly bucketName: string;
  readonly key: string;
  readonly versionId?: string;
}

function readSource(source: string): NamedSource | undefined {
  const [, path, versionId] = /^(.*?)(?:\?versionId=([^&]*))?$/s.exec(source) ?? [];
  const decoded = decode(path ?? "");
  const [, bucketName, key] = /^\/?([^/]+)\/(.+)$/s.exec(decoded ?? "") ?? [];
  if (bucketName === undefined || key === undefined || bucketName.startsWith("arn:")) return undefined;
  return { bucketName, key, ...(versionId === undefined ? {} : { versionId }) };
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** Those of the source, or with REPLACE those of the request; tags have a directive of their own. */
function attributesFor(call: S3Call, input: CopyObjectCommandInput, source: StoredObject): Result<Attributes, S3Error> {
  const wrong = refuseDirectives(input);
  if (wrong !== undefined) return wrong;
  const replaces = input.MetadataDirective === "REPLACE";
  const redirects = input.WebsiteRedirectLocation !== undefined;
  if (source.bucket === call.bucketName && source.key === call.key && !replaces && !redirects) {
    return refuse("InvalidRequest", {
      message:
        "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.",
    });
  }
  const given = readAttributes(call.headers);
  if (!given.ok) return given;
  // A redirect is never copied.
  const { "x-amz-website-redirect-location": _, ...headers } = source.attributes.headers;
  const base = replaces ? given.value : { headers, metadata: source.attributes.metadata };
  const redirect = given.value.headers["x-amz-website-redirect-location"];
  return ok({
    headers: { ...base.headers, ...(redirect === undefined ? {} : { "x-amz-website-redirect-location": redirect }) },
    metadata: base.metadata,
    tags: input.TaggingDirective === "REPLACE" ? given.value.tags : source.attributes.tags,
  });
}

function refuseDirectives(input: CopyObjectCommandInput) {
  for (const [name, value] of [
    ["x-amz-metadata-directive", input.MetadataDirective],
    ["x-amz-tagging-directive", input.TaggingDirective],
  ] as const) {
    if (value === undefined || value === "COPY" || value === "REPLACE") continue;
    const wording = name === "x-amz-metadata-directive" ? "metadata" : "tagging";
    const details = { ArgumentName: name, ArgumentValue: String(value) };
    return refuse("InvalidArgument", { message: `Unknown ${wording} directive.`, details });
  }
  return undefined;
}
