/**
 * A request's body with all that its headers and signature claim of it checked while it streams: chunk signatures,
 * the hash of the whole, its length, Content-MD5 and checksums in headers or trailer.
 *
 * The S3 server calls `openPayload` after `verifyHead`, reads `body` to its end, and only then uses what it read.
 * Source: S3 User Guide, "Checking object integrity"; RFC 1864.
 */

import { createHash } from "node:crypto";
import { err, ok, type Result } from "../base/result.ts";
import { decodeAwsChunked } from "./aws-chunked.ts";
import { type Checksum, type ChecksumAlgorithm, checksumAlgorithms, openChecksum } from "./checksum.ts";
import { PayloadError, type PayloadFailure } from "./payload-error.ts";
import { headerValue, type RestRequest } from "./rest-route.ts";
import type { ChunkSigning, PayloadClaim } from "./sigv4.ts";

export interface PayloadOptions {
  /** The request itself, or any bytes. */
  readonly source: AsyncIterable<Uint8Array>;
  /** From `Verified.payload`, or `payloadClaimOf` of the header for an anonymous request. */
  readonly claim: PayloadClaim;
  /** From `Verified.signing`; undefined for an anonymous request. */
  readonly signing: ChunkSigning | undefined;
  readonly headers: RestRequest["headers"];
  /** `of-object` where the checksum headers are of the object and not of this body (CompleteMultipartUpload). */
  readonly checksumHeaders?: "of-body" | "of-object";
  /** To be computed whether claimed or not. */
  readonly compute?: readonly ChecksumAlgorithm[];
}

export interface Payload {
  /** Of the decoded body, as the headers tell; undefined when they do not. */
  readonly declaredBytes: number | undefined;
  /** The checksum that the client sends or will send in the trailer. */
  readonly algorithm: ChecksumAlgorithm | undefined;
  /** Throws a `PayloadError`: what was read of it must then be dropped. */
  readonly body: AsyncGenerator<Uint8Array, void, undefined>;
  /** In base64, those claimed and those in `compute`; complete when `body` has ended. */
  readonly checksums: ReadonlyMap<ChecksumAlgorithm, string>;
}

/** The body, opened; fails when its headers contradict themselves. */
export function openPayload(options: PayloadOptions): Result<Payload, PayloadFailure> {
  const claims = readClaims(options.headers, options.checksumHeaders ?? "of-body");
  if (!claims.ok) return claims;
  const { claim } = options;
  if (claim.kind === "chunks" && claim.signed && options.signing === undefined) {
    return err({ kind: "malformed-chunk", detail: "signed chunks without a signature of the request" });
  }
  const declaredBytes = lengthOf(
    headerValue(options.headers, claim.kind === "chunks" ? "x-amz-decoded-content-length" : "content-length"),
  );
  if (claim.kind === "chunks" && declaredBytes === undefined) return err({ kind: "missing-length" });
  const algorithms = new Set([...claims.value.map(({ algorithm }) => algorithm), ...(options.compute ?? [])]);
  const checksums = new Map<ChecksumAlgorithm, string>();
  const body = checked(options, { claims: claims.value, declaredBytes, algorithms, checksums });
  const algorithm = claims.value.find(({ header }) => header !== "content-md5")?.algorithm;
  return ok({ declaredBytes, algorithm, body, checksums });
}

/** A checksum that the client claims. */
interface Claim {
  readonly algorithm: ChecksumAlgorithm;
  readonly header: string;
  /** Base64; undefined when the trailer will tell. */
  readonly value: string | undefined;
}

interface Expectation {
  readonly claims: readonly Claim[];
  readonly declaredBytes: number | undefined;
  readonly algorithms: ReadonlySet<ChecksumAlgorithm>;
  readonly checksums: Map<ChecksumAlgorithm, string>;
}

async function* checked(options: PayloadOptions, expected: Expectation): AsyncGenerator<Uint8Array, void, undefined> {
  const { claim } = options;
  let trailer: ReadonlyMap<string, string> = new Map();
  const source =
    claim.kind === "chunks"
      ? decodeAwsChunked({
          source: options.source,
          signing: claim.signed ? options.signing : undefined,
          trailer: claim.trailer,
          onTrailer: (fields) => {
            trailer = fields;
          },
        })
      : options.source;
  const running = new Map<ChecksumAlgorithm, Checksum>(
    [...expected.algorithms].map((algorithm) => [algorithm, openChecksum(algorithm)]),
  );
  const hasher = claim.kind === "sha256" ? createHash("sha256") : undefined;
  let actualBytes = 0;
  for await (const bytes of source) {
    actualBytes += bytes.length;
    if (expected.declaredBytes !== undefined && actualBytes > expected.declaredBytes)
      throw wrongLength(expected.declaredBytes, actualBytes);
    hasher?.update(bytes);
    for (const checksum of running.values()) checksum.update(bytes);
    yield bytes;
  }
  if (expected.declaredBytes !== undefined && actualBytes !== expected.declaredBytes)
    throw wrongLength(expected.declaredBytes, actualBytes);
  if (claim.kind === "sha256") checkHash(claim.hex, hasher?.digest("hex") ?? "");
  for (const [algorithm, checksum] of running) expected.checksums.set(algorithm, checksum.digest().toString("base64"));
  checkClaims(expected, trailer);
}

function checkHash(claimed: string, actual: string): void {
  if (claimed !== actual) throw new PayloadError({ kind: "payload-mismatch", claimed, actual });
}

function checkClaims({ claims, checksums }: Expectation, trailer: ReadonlyMap<string, string>): void {
  for (const header of trailer.keys()) {
    if (!claims.some((claim) => claim.header === header && claim.value === undefined))
      throw new PayloadError({ kind: "wrong-trailer", header });
  }
  for (const { algorithm, header, value } of claims) {
    const claimed = value ?? trailer.get(header);
    if (claimed === undefined) throw new PayloadError({ kind: "wrong-trailer", header });
    if (!isDigest(algorithm, claimed)) throw new PayloadError({ kind: "invalid-checksum", header, value: claimed });
    const actual = checksums.get(algorithm) ?? "";
    if (claimed !== actual) throw new PayloadError({ kind: "checksum-mismatch", algorithm, header, claimed, actual });
  }
}

const checksumPrefix = "x-amz-checksum-";
/** Headers of that prefix that are no checksums. */
const notChecksums = new Set(["x-amz-checksum-algorithm", "x-amz-checksum-type", "x-amz-checksum-mode"]);

function readClaims(
  headers: RestRequest["headers"],
  meaning: "of-body" | "of-object",
): Result<readonly Claim[], PayloadFailure> {
  const claims: Claim[] = [];
  for (const header of meaning === "of-body" ? checksumHeaders(headers) : []) {
    const algorithm = checksumAlgorithms.find((name) => checksumPrefix + name.toLowerCase() === header.name);
    if (algorithm === undefined) return err({ kind: "unsupported-checksum", header: header.name });
    if (header.value !== undefined && !isDigest(algorithm, header.value))
      return err({ kind: "invalid-checksum", header: header.name, value: header.value });
    claims.push({ algorithm, header: header.name, value: header.value });
  }
  if (claims.length > 1) return err({ kind: "several-checksums" });
  const md5 = headerValue(headers, "content-md5")?.trim();
  if (md5 === undefined) return ok(claims);
  if (!isDigest("MD5", md5)) return err({ kind: "invalid-checksum", header: "content-md5", value: md5 });
  return ok([...claims, { algorithm: "MD5", header: "content-md5", value: md5 }]);
}

/** Checksums in headers, then those that `x-amz-trailer` announces. */
function checksumHeaders(
  headers: RestRequest["headers"],
): readonly { readonly name: string; readonly value: string | undefined }[] {
  const given = Object.keys(headers)
    .filter((name) => name.startsWith(checksumPrefix) && !notChecksums.has(name))
    .map((name) => ({ name, value: headerValue(headers, name)?.trim() ?? "" }));
  const announced = (headerValue(headers, "x-amz-trailer") ?? "")
    .split(",")
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name.startsWith(checksumPrefix))
    .map((name) => ({ name, value: undefined }));
  return [...given, ...announced];
}

/** Source: the widths of the algorithms. */
const digestBytes: Readonly<Record<ChecksumAlgorithm, number>> = {
  CRC32: 4,
  CRC32C: 4,
  CRC64NVME: 8,
  SHA1: 20,
  SHA256: 32,
  MD5: 16,
};

function isDigest(algorithm: ChecksumAlgorithm, text: string): boolean {
  const bytes = Buffer.from(text, "base64");
  return bytes.length === digestBytes[algorithm] && bytes.toString("base64") === text;
}

function lengthOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

function wrongLength(declaredBytes: number, actualBytes: number): PayloadError {
  return new PayloadError({ kind: "wrong-length", declaredBytes, actualBytes });
}
