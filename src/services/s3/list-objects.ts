/** Listing keys. Source: Amazon S3 API Reference, "ListObjectsV2", "ListObjects", "ListObjectVersions". */

import type {
  _Object,
  ListObjectsCommandInput,
  ListObjectsCommandOutput,
  ListObjectsV2CommandInput,
  ListObjectsV2CommandOutput,
  ListObjectVersionsCommandInput,
  ListObjectVersionsCommandOutput,
} from "@aws-sdk/client-s3";
import { ok, type Result } from "../../base/result.ts";
import { objectOwner } from "./access-control.ts";
import { type Handler, type Owner, type S3Call } from "./call.ts";
import { refuse, type S3Error } from "./s3-error.ts";
import { foldedPrefix, type Page, type Position } from "./store/listing.ts";
import type { StoredObject } from "./store/stored-object.ts";

const maxEntries = 1000;

export const listObjectsV2: Handler<ListObjectsV2CommandInput, ListObjectsV2CommandOutput> = async (input, call) => {
  const token = input.ContinuationToken;
  const after = token === undefined ? keyPosition(input.StartAfter) : positionOfToken(token);
  if (token !== undefined && after === undefined) {
    return refuse("InvalidArgument", {
      message: "The continuation token provided is incorrect",
      details: { ArgumentName: "continuation-token" },
    });
  }
  const listing = list(call, input, after);
  if (!listing.ok) return listing;
  const { page, encode, common } = listing.value;
  const owner = input.FetchOwner === true ? ownersIn(call) : undefined;
  return ok({
    output: {
      ...common,
      KeyCount: page.entries.length,
      ...(token === undefined ? {} : { ContinuationToken: token }),
      ...(page.next === undefined ? {} : { NextContinuationToken: tokenOf(page.next) }),
      ...(input.StartAfter === undefined ? {} : { StartAfter: encode(input.StartAfter) }),
      Contents: contentsOf(page, encode, owner),
    },
  });
};

export const listObjects: Handler<ListObjectsCommandInput, ListObjectsCommandOutput> = async (input, call) => {
  const listing = list(call, input, markerPosition(input));
  if (!listing.ok) return listing;
  const { page, encode, common } = listing.value;
  const next = page.next;
  // Without a delimiter the client takes the last key for its next marker. Source: "ListObjects", NextMarker.
  const marker = next === undefined || !input.Delimiter ? {} : { NextMarker: encode(textOf(next)) };
  const owner = ownersIn(call);
  return ok({
    output: { ...common, Marker: encode(input.Marker ?? ""), ...marker, Contents: contentsOf(page, encode, owner) },
  });
};

/** Of a bucket that was never versioned: each object is the one and latest version `null`. */
export const listObjectVersions: Handler<ListObjectVersionsCommandInput, ListObjectVersionsCommandOutput> = async (
  input,
  call,
) => {
  const listing = list(call, input, markerPosition({ ...input, Marker: input.KeyMarker }));
  if (!listing.ok) return listing;
  const { page, encode, common } = listing.value;
  const owner = ownersIn(call);
  const next = page.next;
  const isKey = next?.kind === "key";
  return ok({
    output: {
      ...common,
      KeyMarker: encode(input.KeyMarker ?? ""),
      VersionIdMarker: input.VersionIdMarker ?? "",
      ...(next === undefined ? {} : { NextKeyMarker: encode(textOf(next)) }),
      ...(isKey ? { NextVersionIdMarker: "null" } : {}),
      Versions: contentsOf(page, encode, owner).map((one) => ({
        ...one,
        StorageClass: "STANDARD" as const,
        VersionId: "null",
        IsLatest: true,
      })),
    },
  });
};

interface ListInput {
  readonly Prefix?: string | undefined;
  readonly Delimiter?: string | undefined;
  readonly MaxKeys?: number | undefined;
  readonly EncodingType?: string | undefined;
}

interface Listing {
  readonly page: Page<StoredObject>;
  readonly encode: (text: string) => string;
  /** Members that every listing answers. */
  readonly common: Common;
}

interface Common {
  readonly Name: string;
  readonly Prefix: string;
  readonly Delimiter?: string;
  readonly MaxKeys: number;
  readonly EncodingType?: "url";
  readonly IsTruncated: boolean;
  readonly CommonPrefixes: { readonly Prefix: string }[];
}

function list(call: S3Call, input: ListInput, after: Position | undefined): Result<Listing, S3Error> {
  const limit = readLimit(input.MaxKeys, "max-keys");
  if (!limit.ok) return limit;
  const encode = encoder(input.EncodingType);
  if (!encode.ok) return encode;
  const { Prefix: prefix = "", Delimiter: delimiter } = input;
  const page = call.store.list(call.bucketName, {
    prefix: Buffer.from(prefix),
    ...(delimiter ? { delimiter: Buffer.from(delimiter) } : {}),
    ...(after === undefined ? {} : { after }),
    limit: limit.value,
  });
  const common: Common = {
    Name: call.bucketName,
    Prefix: encode.value(prefix),
    ...(delimiter ? { Delimiter: encode.value(delimiter) } : {}),
    MaxKeys: limit.value,
    ...(input.EncodingType === "url" ? { EncodingType: "url" as const } : {}),
    IsTruncated: page.next !== undefined,
    CommonPrefixes: commonPrefixes(page, encode.value),
  };
  return ok({ page, encode: encode.value, common });
}

/** A limit of a page: 1,000 when none is given or more is asked for. Failure: InvalidArgument. */
export function readLimit(given: number | undefined, name: string): Result<number, S3Error> {
  if (given === undefined) return ok(maxEntries);
  if (Number.isInteger(given) && given >= 0 && given <= 2 ** 31 - 1) return ok(Math.min(given, maxEntries));
  return refuse("InvalidArgument", {
    message: `Argument ${name} must be an integer between 0 and 2147483647`,
    details: { ArgumentName: name, ArgumentValue: String(given) },
  });
}

/** How keys are written: as they are, or percent-encoded as in a form. Failure: InvalidArgument. */
export function encoder(encodingType: string | undefined): Result<(text: string) => string, S3Error> {
  if (encodingType === undefined || encodingType === "") return ok((text) => text);
  if (encodingType === "url") return ok(encodeKey);
  return refuse("InvalidArgument", {
    message: "Invalid Encoding Method specified in Request",
    details: { ArgumentName: "encoding-type", ArgumentValue: encodingType },
  });
}

export function commonPrefixes(page: Page<unknown>, encode: (text: string) => string): { Prefix: string }[] {
  return page.entries.flatMap((entry) =>
    entry.kind === "prefix" ? [{ Prefix: encode(entry.prefix.toString("utf8")) }] : [],
  );
}

/**
 * Where a marker of the older listings goes on: behind the key, or, when it is itself a common prefix, behind all that
 * is folded into it, since NextMarker may have been one.
 *
 * ASSUMPTION: a `start-after` of ListObjectsV2 is always a key, so a common prefix that holds it is listed again.
 */
export function markerPosition(input: {
  readonly Marker?: string | undefined;
  readonly Prefix?: string | undefined;
  readonly Delimiter?: string | undefined;
}): Position | undefined {
  const { Marker: marker, Prefix: prefix = "", Delimiter: delimiter } = input;
  if (!marker) return undefined;
  const key = Buffer.from(marker);
  if (delimiter && marker.startsWith(prefix)) {
    const folded = foldedPrefix(key, { prefix: Buffer.from(prefix), delimiter: Buffer.from(delimiter) });
    if (folded?.length === key.length) return { kind: "prefix", prefix: key };
  }
  return { kind: "key", key };
}

/** Space becomes `+`, the slash stays. */
function encodeKey(text: string): string {
  return encodeURIComponent(text.toWellFormed())
    .replace(/[!'()~]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll("%2F", "/")
    .replaceAll("%20", "+");
}

function ownersIn(call: S3Call): (object: StoredObject) => Owner {
  return (object) => ({ ID: objectOwner(call, object) });
}

function contentsOf(
  page: Page<StoredObject>,
  encode: (text: string) => string,
  owner: ((object: StoredObject) => Owner) | undefined,
): (_Object & { StorageClass: "STANDARD" })[] {
  return page.entries.flatMap((entry) => {
    if (entry.kind === "prefix") return [];
    const { key, modifiedAtMs, etag, sizeBytes, attributes } = entry.row;
    const checksum = attributes.checksum;
    return [
      {
        Key: encode(key),
        // Listings count seconds.
        LastModified: new Date(Math.floor(modifiedAtMs / 1000) * 1000),
        ETag: `"${etag}"`,
        ...(checksum === undefined || checksum.algorithm === "MD5"
          ? {}
          : { ChecksumAlgorithm: [checksum.algorithm], ChecksumType: checksum.type }),
        Size: sizeBytes,
        ...(owner === undefined ? {} : { Owner: owner(entry.row) }),
        StorageClass: "STANDARD" as const,
      },
    ];
  });
}

function keyPosition(key: string | undefined): Position | undefined {
  return key ? { kind: "key", key: Buffer.from(key) } : undefined;
}

function textOf(position: Position): string {
  return (position.kind === "key" ? position.key : position.prefix).toString("utf8");
}

/** Opaque to clients: `k` or `p` and the bytes. */
function tokenOf(position: Position): string {
  const bytes = position.kind === "key" ? position.key : position.prefix;
  return Buffer.concat([Buffer.from(position.kind === "key" ? "k" : "p"), bytes]).toString("base64");
}

function positionOfToken(token: string): Position | undefined {
  const bytes = Buffer.from(token, "base64");
  if (bytes.toString("base64") !== token) return undefined;
  const rest = bytes.subarray(1);
  if (bytes[0] === 0x6b) return { kind: "key", key: rest };
  return bytes[0] === 0x70 ? { kind: "prefix", prefix: rest } : undefined;
}
