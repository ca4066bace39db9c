/**
 * What a client says of an object in headers, and how it comes back.
 * Source: Amazon S3 User Guide, "Working with object metadata"; S3 API Reference, "PutObject", "GetObject".
 */

import type { IncomingHttpHeaders } from "node:http";
import { ok, type Result } from "../../base/result.ts";
import type { Tags } from "../../model/resource.ts";
import { refuse, s3Error, type S3Error, unservedHeader } from "./s3-error.ts";
import type { Attributes, StoredObject } from "./store/stored-object.ts";
import { tagsOfHeader } from "./tag.ts";

/** System headers that are kept as they are. */
const keptHeaders = [
  "cache-control",
  "content-disposition",
  "content-encoding",
  "content-language",
  "content-type",
  "expires",
  "x-amz-website-redirect-location",
] as const;

/** User metadata at most, names and values together. Source: S3 User Guide, "User-defined object metadata". */
const maxMetadataBytes = 2048;
const metadataPrefix = "x-amz-meta-";

/** The attributes that the headers of an upload give. Failures: MetadataTooLarge, InvalidTag, InvalidArgument. */
export function readAttributes(headers: IncomingHttpHeaders): Result<Attributes, S3Error> {
  const kept: Record<string, string> = { "content-type": "binary/octet-stream" };
  for (const name of keptHeaders) {
    const value = headers[name];
    if (typeof value === "string" && value !== "") kept[name] = value;
  }
  const encoding = withoutChunked(kept["content-encoding"]);
  if (encoding === undefined) delete kept["content-encoding"];
  else kept["content-encoding"] = encoding;
  const metadata = readMetadata(headers);
  if (!metadata.ok) return metadata;
  const tags = readTags(headers);
  if (!tags.ok) return tags;
  return ok({ headers: kept, metadata: metadata.value, tags: tags.value });
}

/** The tags of `x-amz-tagging`. */
function readTags(headers: IncomingHttpHeaders): Result<Tags, S3Error> {
  const header = headers["x-amz-tagging"];
  return typeof header === "string" ? tagsOfHeader(header) : ok([]);
}

/**
 * Why an upload asks for something that is not served, or undefined. Such a header must not be overlooked: the client
 * would take an object for encrypted or locked that is neither.
 */
export function refuseUnserved(headers: IncomingHttpHeaders): S3Error | undefined {
  const storageClass = headers["x-amz-storage-class"];
  if (storageClass !== undefined && storageClass !== "STANDARD") {
    return storageClasses.has(String(storageClass))
      ? unservedHeader("x-amz-storage-class")
      : s3Error("InvalidStorageClass");
  }
  const encryption = headers["x-amz-server-side-encryption"];
  if (encryption !== undefined && encryption !== "AES256") {
    return String(encryption).startsWith("aws:kms")
      ? unservedHeader("x-amz-server-side-encryption")
      : s3Error("InvalidArgument", { message: "The encryption method specified is not supported" });
  }
  const name = Object.keys(headers).find((one) => unservedHeaders.some((start) => one.startsWith(start)));
  return name === undefined ? undefined : unservedHeader(name);
}

const unservedHeaders = [
  "x-amz-server-side-encryption-customer-",
  "x-amz-server-side-encryption-aws-kms-",
  "x-amz-server-side-encryption-context",
  "x-amz-object-lock-",
  "x-amz-write-offset-bytes",
];

const storageClasses: ReadonlySet<string> = new Set([
  "REDUCED_REDUNDANCY",
  "STANDARD_IA",
  "ONEZONE_IA",
  "INTELLIGENT_TIERING",
  "GLACIER",
  "DEEP_ARCHIVE",
  "OUTPOSTS",
  "GLACIER_IR",
  "SNOW",
  "EXPRESS_ONEZONE",
  "FSX_OPENZFS",
]);

/** The headers that come back with an object, checksums only when asked for. */
export function objectHeaders(object: StoredObject, withChecksum: boolean): Record<string, string> {
  const { attributes } = object;
  const headers: Record<string, string> = {
    ...attributes.headers,
    etag: `"${object.etag}"`,
    "last-modified": httpDate(object.modifiedAtMs),
    "accept-ranges": "bytes",
    // Every object at S3 is encrypted with keys of S3's own since 2023. Source: S3 User Guide, "Setting default encryption".
    "x-amz-server-side-encryption": "AES256",
  };
  for (const name in attributes.metadata) headers[metadataPrefix + name] = attributes.metadata[name] ?? "";
  if (attributes.tags.length > 0) headers["x-amz-tagging-count"] = String(attributes.tags.length);
  return withChecksum ? { ...headers, ...checksumHeaders(attributes.checksum) } : headers;
}

function checksumHeaders(checksum: Attributes["checksum"]): Record<string, string> {
  if (checksum === undefined) return {};
  const { algorithm, value, type } = checksum;
  return { [`x-amz-checksum-${algorithm.toLowerCase()}`]: value, "x-amz-checksum-type": type };
}

/** The checksum as the members of the SDK's outputs: `ChecksumCRC32`, `ChecksumType`. */
export function checksumMembers(checksum: Attributes["checksum"]): Record<string, string> {
  if (checksum === undefined) return {};
  return { [`Checksum${checksum.algorithm}`]: checksum.value, ChecksumType: checksum.type };
}

export function httpDate(ms: number): string {
  return new Date(ms).toUTCString();
}

/** `aws-chunked` names the way of the upload, not the object. */
function withoutChunked(encoding: string | undefined): string | undefined {
  const rest = encoding
    ?.split(",")
    .map((one) => one.trim())
    .filter((one) => one !== "aws-chunked" && one !== "");
  return rest === undefined || rest.length === 0 ? undefined : rest.join(",");
}

function readMetadata(headers: IncomingHttpHeaders): Result<Record<string, string>, S3Error> {
  const metadata: Record<string, string> = {};
  let bytes = 0;
  for (const name in headers) {
    const value = headers[name];
    if (!name.startsWith(metadataPrefix) || typeof value !== "string") continue;
    metadata[name.slice(metadataPrefix.length)] = value;
    bytes += name.length - metadataPrefix.length + value.length;
  }
  if (bytes <= maxMetadataBytes) return ok(metadata);
  return refuse("MetadataTooLarge", { details: { Size: String(bytes), MaxSizeAllowed: String(maxMetadataBytes) } });
}
