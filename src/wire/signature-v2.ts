/**
 * Verifies Signature Version 2 of S3, in the query (what `generate_presigned_url` and `aws s3 presign` write when nobody
 * asks for version 4) or in the Authorization header. No other service is signed so.
 *
 * The signature covers the method, two content headers, the date, the `x-amz-` headers and the resource; of the query
 * only what names a resource of its own.
 * Source: S3 User Guide, "Signing and authenticating REST requests".
 */

import { createHmac, timingSafeEqual } from "node:crypto";
import { err, ok, type Result } from "../base/result.ts";
import { queryPairs, type RequestHead, splitTarget } from "./canonical-request.ts";
import {
  type PayloadClaim,
  payloadClaimOf,
  type SignatureFailure,
  type SigningSecret,
  tokenFailure,
  type VerifyOptions,
} from "./sigv4.ts";

export interface VerifyV2Options<K extends SigningSecret> extends Pick<VerifyOptions<K>, "lookup" | "nowMs"> {
  /** The bucket that the Host header names; undefined where the path begins with it. */
  readonly hostBucket: string | undefined;
}

export interface VerifiedV2<K> {
  readonly version: "AWS";
  readonly accessKeyId: string;
  readonly key: K;
  readonly form: "header" | "presigned";
  readonly payload: PayloadClaim;
}

export type SignatureV2Failure =
  | Extract<SignatureFailure, { readonly kind: "unknown-key" | "bad-token" | "expired-token" | "skewed" }>
  | { readonly kind: "two-mechanisms" }
  | { readonly kind: "malformed-header"; readonly authorization: string }
  /** `AWSAccessKeyId`, `Signature` or `Expires` is missing, or one of them is there twice. */
  | { readonly kind: "malformed-query" }
  | { readonly kind: "malformed-expires"; readonly given: string }
  | { readonly kind: "malformed-date" }
  | { readonly kind: "malformed-payload" }
  | { readonly kind: "expired"; readonly expiredAtMs: number }
  | {
      readonly kind: "wrong-v2-signature";
      readonly accessKeyId: string;
      readonly signatureProvided: string;
      readonly stringToSign: string;
    };

/** Whether the request claims to be signed in this version, however badly. */
export function isSignatureV2(head: RequestHead): boolean {
  if (isPresignedV2(head.target)) return true;
  return /^AWS( |$)/.test(headerOf(head, "authorization") ?? "");
}

function isPresignedV2(target: string): boolean {
  const { query } = splitTarget(target);
  return /(^|&)(Signature|AWSAccessKeyId)=/.test(query) && !/(^|&)X-Amz-(Algorithm|Signature|Credential)=/.test(query);
}

/** The caller of a request for which `isSignatureV2` holds. */
export function verifySignatureV2<K extends SigningSecret>(
  head: RequestHead,
  options: VerifyV2Options<K>,
): Result<VerifiedV2<K>, SignatureV2Failure> {
  const read = readSignature(head);
  if (!read.ok) return read;
  const { accessKeyId, form, dateLine } = read.value;
  const key = options.lookup(accessKeyId);
  if (key === undefined) return err({ kind: "unknown-key", accessKeyId });
  const payload = payloadClaimOf(headerOf(head, "x-amz-content-sha256") ?? "UNSIGNED-PAYLOAD");
  // The signature of a chunk continues one of version 4.
  if (payload === undefined || (payload.kind === "chunks" && payload.signed)) return err({ kind: "malformed-payload" });
  const verified = { version: "AWS", accessKeyId, key, form, payload } as const;
  if (key.unchecked === true) return ok(verified);
  const amzHeaders = amzHeadersOf(head);
  const failure =
    timeFailure(read.value, options.nowMs) ??
    tokenFailure({ accessKeyId, sessionToken: amzHeaders.get("x-amz-security-token") }, key, options.nowMs);
  if (failure !== undefined) return err(failure);
  const [first = "", ...others] = resourcesOf(head.target, options.hostBucket).map((resource) =>
    stringToSignOf({ head, dateLine, amzHeaders, resource }),
  );
  const { signature } = read.value;
  if ([first, ...others].some((text) => signs(key.secretAccessKey, text, signature))) return ok(verified);
  return err({ kind: "wrong-v2-signature", accessKeyId, signatureProvided: signature, stringToSign: first });
}

/**
 * The `x-amz-` parameters of a presigned URL, which count as headers: clients write there what they would have signed.
 *
 * ASSUMPTION: a parameter `x-amz-…` of a URL presigned in version 2 does what the header of its name does.
 */
export function presignedHeadersV2(target: string): ReadonlyMap<string, string> {
  const headers = new Map<string, string>();
  if (!isPresignedV2(target)) return headers;
  for (const [given, value] of queryPairs(splitTarget(target).query)) {
    const name = given.toLowerCase();
    if (name.startsWith("x-amz-")) append(headers, name, value.trim());
  }
  return headers;
}

interface Read {
  readonly form: "header" | "presigned";
  readonly accessKeyId: string;
  readonly signature: string;
  readonly dateLine: string;
  readonly time:
    | { readonly kind: "made-at"; readonly atMs: number }
    | { readonly kind: "good-until"; readonly atMs: number };
}

const allowedSkewMs = 15 * 60_000;

function readSignature(head: RequestHead): Result<Read, SignatureV2Failure> {
  const authorization = headerOf(head, "authorization");
  if (!isPresignedV2(head.target)) return readHeader(head, authorization ?? "");
  return authorization === undefined ? readQuery(head.target) : err({ kind: "two-mechanisms" });
}

function readHeader(head: RequestHead, authorization: string): Result<Read, SignatureV2Failure> {
  const match = /^AWS ([^:\s]+):([A-Za-z0-9+/=]+)$/.exec(authorization);
  const [, accessKeyId, signature] = match ?? [];
  if (accessKeyId === undefined || signature === undefined) return err({ kind: "malformed-header", authorization });
  const amzDate = headerOf(head, "x-amz-date");
  const date = headerOf(head, "date");
  const atMs = Date.parse(amzDate ?? date ?? "");
  if (Number.isNaN(atMs)) return err({ kind: "malformed-date" });
  // With x-amz-date the date stands among the headers, and its own line is empty.
  const dateLine = amzDate === undefined ? (date ?? "") : "";
  return ok({ form: "header", accessKeyId, signature, dateLine, time: { kind: "made-at", atMs } });
}

function readQuery(target: string): Result<Read, SignatureV2Failure> {
  const fields = new Map<string, string>();
  for (const [name, value] of queryPairs(splitTarget(target).query)) {
    if (name !== "AWSAccessKeyId" && name !== "Signature" && name !== "Expires") continue;
    if (fields.has(name)) return err({ kind: "malformed-query" });
    fields.set(name, value);
  }
  const accessKeyId = fields.get("AWSAccessKeyId");
  // Base64 holds no space: it is a plus that was not encoded.
  const signature = fields.get("Signature")?.replaceAll(" ", "+");
  const expires = fields.get("Expires");
  if (!accessKeyId || !signature || expires === undefined) return err({ kind: "malformed-query" });
  if (!/^\d{1,12}$/.test(expires)) return err({ kind: "malformed-expires", given: expires });
  const time = { kind: "good-until", atMs: Number(expires) * 1000 } as const;
  return ok({ form: "presigned", accessKeyId, signature, dateLine: expires, time });
}

function timeFailure({ time }: Read, nowMs: number): SignatureV2Failure | undefined {
  switch (time.kind) {
    case "made-at":
      return Math.abs(nowMs - time.atMs) > allowedSkewMs
        ? { kind: "skewed", requestMs: time.atMs, nowMs, allowedMs: allowedSkewMs }
        : undefined;
    case "good-until":
      return nowMs > time.atMs ? { kind: "expired", expiredAtMs: time.atMs } : undefined;
  }
}

interface Signed {
  readonly head: RequestHead;
  readonly dateLine: string;
  readonly amzHeaders: ReadonlyMap<string, string>;
  readonly resource: string;
}

/** Its characters are bytes (Latin-1). */
function stringToSignOf({ head, dateLine, amzHeaders, resource }: Signed): string {
  const names = [...amzHeaders.keys()].sort(compareText);
  return [
    head.method,
    headerOf(head, "content-md5") ?? "",
    headerOf(head, "content-type") ?? "",
    dateLine,
    ...names.map((name) => `${name}:${amzHeaders.get(name) ?? ""}`),
    resource,
  ].join("\n");
}

/** By name, those of the query behind those of the head: one that is added to the other spoils the signature. */
function amzHeadersOf(head: RequestHead): ReadonlyMap<string, string> {
  const headers = new Map<string, string>();
  for (let at = 0; at + 1 < head.rawHeaders.length; at += 2) {
    const name = (head.rawHeaders[at] ?? "").toLowerCase();
    if (name.startsWith("x-amz-")) append(headers, name, (head.rawHeaders[at + 1] ?? "").trim());
  }
  for (const [name, value] of presignedHeadersV2(head.target)) append(headers, name, bytesOf(value));
  return headers;
}

/**
 * The canonical resource. For a bucket in the path there are two, with and without a last slash: the documentation takes
 * the path as it is, botocore ends it with a slash in what it signs and without in what it sends.
 */
function resourcesOf(target: string, hostBucket: string | undefined): readonly string[] {
  const { path, query } = splitTarget(target);
  const pairs = queryPairs(query).filter(([name]) => signedParameters.has(name));
  const parameters = pairs
    .map(([name, value]) => ({ name, text: bytesOf(value === "" ? name : `${name}=${value}`) }))
    .sort((a, b) => compareText(a.name, b.name))
    .map(({ text }) => text)
    .join("&");
  const suffix = parameters === "" ? "" : `?${parameters}`;
  if (hostBucket !== undefined) return [`/${hostBucket}${path}${suffix}`];
  return /^\/[^/]+$/.test(path) ? [path + suffix, `${path}/${suffix}`] : [path + suffix];
}

/**
 * ASSUMPTION: the documentation's list ends before S3's later subresources; they are signed as well, so that nobody makes
 * a URL for one thing into a URL for another.
 */
const signedParameters: ReadonlySet<string> = new Set(
  `accelerate acl analytics attributes cors defaultObjectAcl delete encryption intelligent-tiering inventory legal-hold
  lifecycle location logging metrics notification object-lock ownershipControls partNumber policy policyStatus
  publicAccessBlock replication requestPayment restore retention select select-type session storageClass tagging torrent
  uploadId uploads versionId versioning versions website response-cache-control response-content-disposition
  response-content-encoding response-content-language response-content-type response-expires`.split(/\s+/),
);

function signs(secretAccessKey: string, stringToSign: string, signature: string): boolean {
  const expected = createHmac("sha1", secretAccessKey).update(stringToSign, "latin1").digest();
  const given = Buffer.from(signature, "base64");
  return given.byteLength === expected.byteLength && timingSafeEqual(given, expected);
}

/** The values of a header, trimmed and joined by commas. */
function headerOf(head: RequestHead, wanted: string): string | undefined {
  let found: string | undefined;
  for (let at = 0; at + 1 < head.rawHeaders.length; at += 2) {
    if ((head.rawHeaders[at] ?? "").toLowerCase() !== wanted) continue;
    const value = (head.rawHeaders[at + 1] ?? "").trim();
    found = found === undefined ? value : `${found},${value}`;
  }
  return found;
}

function append(headers: Map<string, string>, name: string, value: string): void {
  const before = headers.get(name);
  headers.set(name, before === undefined ? value : `${before},${value}`);
}

function bytesOf(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
