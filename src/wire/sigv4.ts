/**
 * Verifies Signature Version 4 in a header or in a presigned URL.
 *
 * Query servers have the body at hand and call `verifyRequest(head, body, options)`. S3 calls `verifyHead(head, options)`
 * before the body, then reads the body through `openPayload` of `payload.ts`, which checks what `verified.payload`
 * claims while it streams. Failures are values by kind: each service words its own error from them.
 *
 * Source: IAM User Guide, "Signing AWS API requests"; S3 API Reference, "Authenticating Requests (AWS Signature Version 4)".
 */

import { createHmac, createSecretKey, hash, type KeyObject, timingSafeEqual } from "node:crypto";
import { err, ok, type Result } from "../base/result.ts";
import { canonicalRequestOf, headersOf, queryPairs, type RequestHead, splitTarget } from "./canonical-request.ts";
import { readSignature, type Scope, type Signature, type SignatureFormFailure } from "./signature.ts";

/** What the caller knows of an access key. */
export interface SigningSecret {
  readonly secretAccessKey: string;
  /** Set for temporary credentials, whose requests must carry it. */
  readonly sessionToken?: string | undefined;
  readonly expiresAtMs?: number | undefined;
  /** Set where whoever runs the region lets the key in without a look at its signature, its token and its time. */
  readonly unchecked?: true | undefined;
}

export interface VerifyOptions<K extends SigningSecret> {
  /** As in the credential scope: `s3`, `ec2`, `iam`, `sts`. */
  readonly service: string;
  /** When set, the scope must name it; global services (IAM) are signed for us-east-1. */
  readonly region?: string | undefined;
  readonly lookup: (accessKeyId: string) => K | undefined;
  readonly nowMs: number;
  /** How far the clocks may differ. Default: 15 minutes for S3, 5 for all others. */
  readonly skewMs?: number | undefined;
}

export interface Verified<K> {
  readonly version: "AWS4-HMAC-SHA256";
  readonly accessKeyId: string;
  readonly key: K;
  readonly form: Signature["form"];
  readonly scope: Scope;
  readonly signedHeaders: readonly string[];
  readonly payload: PayloadClaim;
  /** For the signatures of chunks. */
  readonly signing: ChunkSigning;
}

/** What the signature says of the body. */
export type PayloadClaim =
  | { readonly kind: "unsigned" }
  /** Lower-case hexadecimal. */
  | { readonly kind: "sha256"; readonly hex: string }
  | { readonly kind: "chunks"; readonly signed: boolean; readonly trailer: boolean };

export interface ChunkSigning {
  readonly key: KeyObject;
  readonly amzDate: string;
  /** `20130524/us-east-1/s3/aws4_request`. */
  readonly scope: string;
  readonly seedSignature: string;
  /** Set where nothing is checked: see `SigningSecret.unchecked`. */
  readonly unchecked?: true;
}

export type SignatureFailure =
  | SignatureFormFailure
  | {
      readonly kind: "wrong-scope";
      readonly what: "region" | "service";
      readonly given: string;
      readonly expected: string;
    }
  | { readonly kind: "unknown-key"; readonly accessKeyId: string }
  | { readonly kind: "bad-token"; readonly accessKeyId: string; readonly why: "absent" | "unexpected" | "different" }
  | { readonly kind: "expired-token"; readonly accessKeyId: string; readonly expiredAtMs: number }
  | { readonly kind: "skewed"; readonly requestMs: number; readonly nowMs: number; readonly allowedMs: number }
  | {
      readonly kind: "expired-url";
      readonly expiresSeconds: number;
      readonly expiredAtMs: number;
      readonly nowMs: number;
    }
  /** Headers that must be signed when they are present. */
  | { readonly kind: "unsigned-headers"; readonly headers: readonly string[] }
  | {
      readonly kind: "wrong-signature";
      readonly accessKeyId: string;
      readonly signatureProvided: string;
      readonly canonicalRequest: string;
      readonly stringToSign: string;
    }
  | { readonly kind: "payload-mismatch"; readonly claimed: string; readonly actual: string };

/** The caller of a request whose body is still to come; only for S3, where a header tells the body's hash. */
export function verifyHead<K extends SigningSecret>(
  head: RequestHead,
  options: VerifyOptions<K>,
): Result<Verified<K>, SignatureFailure> {
  const signature = readSignature(head);
  if (!signature.ok) return signature;
  const payloadHash =
    signature.value.contentSha256 ?? (signature.value.form === "presigned" ? "UNSIGNED-PAYLOAD" : undefined);
  const payload = payloadClaimOf(payloadHash);
  if (payloadHash === undefined || payload === undefined) {
    const detail =
      payloadHash === undefined
        ? "missing required header for this request: x-amz-content-sha256"
        : "x-amz-content-sha256 is no hash and no word for one";
    return err({ kind: "malformed", form: signature.value.form, what: "content-sha256", detail });
  }
  const unsigned = unsignedHeaders(head, signature.value);
  if (unsigned.length > 0) return err({ kind: "unsigned-headers", headers: unsigned });
  return judge(signature.value, { head, payloadHash, payload }, options);
}

/** The caller of a request with its whole body. A claimed hash of the body must be the right one. */
export function verifyRequest<K extends SigningSecret>(
  head: RequestHead,
  body: Uint8Array | string,
  options: VerifyOptions<K>,
): Result<Verified<K>, SignatureFailure> {
  const signature = readSignature(head);
  if (!signature.ok) return signature;
  const actual = hash("sha256", body, "hex");
  const claimed = signature.value.contentSha256;
  if (claimed !== undefined && /^[0-9a-f]{64}$/.test(claimed) && claimed !== actual)
    return err({ kind: "payload-mismatch", claimed, actual });
  return judge(signature.value, { head, payloadHash: actual, payload: { kind: "sha256", hex: actual } }, options);
}

/** The HMAC key of one day, region and service; kept, since deriving it costs four hashes. */
export function signingKeyOf(secretAccessKey: string, scope: Scope): KeyObject {
  const id = `${secretAccessKey}\n${scope.date}/${scope.region}/${scope.service}`;
  const known = signingKeys.get(id);
  if (known !== undefined) return known;
  let key = Buffer.from(`AWS4${secretAccessKey}`);
  for (const step of [scope.date, scope.region, scope.service, "aws4_request"])
    key = createHmac("sha256", key).update(step).digest();
  const kept = createSecretKey(key);
  if (signingKeys.size >= maximumSigningKeys) signingKeys.delete(signingKeys.keys().next().value ?? "");
  signingKeys.set(id, kept);
  return kept;
}

export function scopeText(scope: Scope): string {
  return `${scope.date}/${scope.region}/${scope.service}/aws4_request`;
}

/** Whether two hexadecimal texts are equal, in a time that does not tell where they differ. */
export function equalHex(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
}

const minuteMs = 60_000;
const maximumSigningKeys = 2000;
const signingKeys = new Map<string, KeyObject>();

interface Signed {
  readonly head: RequestHead;
  readonly payloadHash: string;
  readonly payload: PayloadClaim;
}

function judge<K extends SigningSecret>(
  signature: Signature,
  signed: Signed,
  options: VerifyOptions<K>,
): Result<Verified<K>, SignatureFailure> {
  const { accessKeyId, scope } = signature;
  const key = options.lookup(accessKeyId);
  if (key === undefined) return err({ kind: "unknown-key", accessKeyId });
  const failure =
    scopeFailure(signature, options) ??
    (key.unchecked === true
      ? undefined
      : (timeFailure(signature, options) ?? tokenFailure(signature, key, options.nowMs)));
  if (failure !== undefined) return err(failure);
  const canonicalRequest = canonicalRequestOf({
    head: signed.head,
    signedHeaders: signature.signedHeaders,
    payloadHash: signed.payloadHash,
    s3: scope.service === "s3",
    without: signature.form === "presigned" ? "X-Amz-Signature" : undefined,
  });
  const hashed = hash("sha256", Buffer.from(canonicalRequest, "latin1"), "hex");
  const stringToSign = `AWS4-HMAC-SHA256\n${signature.amzDate}\n${scopeText(scope)}\n${hashed}`;
  const signingKey = signingKeyOf(key.secretAccessKey, scope);
  const expected = createHmac("sha256", signingKey).update(stringToSign).digest("hex");
  if (key.unchecked !== true && !equalHex(expected, signature.signature)) {
    return err({
      kind: "wrong-signature",
      accessKeyId,
      signatureProvided: signature.signature,
      canonicalRequest,
      stringToSign,
    });
  }
  return ok({
    version: "AWS4-HMAC-SHA256",
    accessKeyId,
    key,
    form: signature.form,
    scope,
    signedHeaders: signature.signedHeaders,
    payload: signed.payload,
    signing: {
      key: signingKey,
      amzDate: signature.amzDate,
      scope: scopeText(scope),
      seedSignature: signature.signature,
      ...(key.unchecked === true && { unchecked: true }),
    },
  });
}

function scopeFailure<K extends SigningSecret>(
  { scope }: Signature,
  options: VerifyOptions<K>,
): SignatureFailure | undefined {
  if (scope.service !== options.service)
    return { kind: "wrong-scope", what: "service", given: scope.service, expected: options.service };
  if (options.region === undefined || scope.region === options.region) return undefined;
  return { kind: "wrong-scope", what: "region", given: scope.region, expected: options.region };
}

function timeFailure<K extends SigningSecret>(
  signature: Signature,
  options: VerifyOptions<K>,
): SignatureFailure | undefined {
  const { nowMs } = options;
  const allowedMs = options.skewMs ?? (options.service === "s3" ? 15 * minuteMs : 5 * minuteMs);
  const { dateMs, expiresSeconds } = signature;
  const early = dateMs - nowMs > allowedMs;
  if (early || (expiresSeconds === undefined && nowMs - dateMs > allowedMs)) {
    return { kind: "skewed", requestMs: dateMs, nowMs, allowedMs };
  }
  if (expiresSeconds === undefined) return undefined;
  const expiredAtMs = dateMs + expiresSeconds * 1000;
  return nowMs > expiredAtMs ? { kind: "expired-url", expiresSeconds, expiredAtMs, nowMs } : undefined;
}

/** Why the session token that came along is not the key's, or undefined. */
export function tokenFailure(
  signature: Pick<Signature, "accessKeyId" | "sessionToken">,
  key: SigningSecret,
  nowMs: number,
): Extract<SignatureFailure, { readonly kind: "bad-token" | "expired-token" }> | undefined {
  const { accessKeyId, sessionToken } = signature;
  if (key.sessionToken !== sessionToken) {
    const why = sessionToken === undefined ? "absent" : key.sessionToken === undefined ? "unexpected" : "different";
    return { kind: "bad-token", accessKeyId, why };
  }
  const { expiresAtMs } = key;
  return expiresAtMs !== undefined && nowMs >= expiresAtMs
    ? { kind: "expired-token", accessKeyId, expiredAtMs: expiresAtMs }
    : undefined;
}

/** S3 wants every `x-amz-` header signed that it is given. Source: S3 API Reference, "Signature Calculations", step 1. */
function unsignedHeaders(head: RequestHead, signature: Signature): readonly string[] {
  const signed = new Set(signature.signedHeaders);
  const query =
    signature.form === "presigned"
      ? new Set(queryPairs(splitTarget(head.target).query).map(([name]) => name.toLowerCase()))
      : undefined;
  const names = [...headersOf(head.rawHeaders).keys()];
  return names.filter((name) => name.startsWith("x-amz-") && !signed.has(name) && query?.has(name) !== true);
}

/** What `x-amz-content-sha256` says; undefined when it says nothing that S3 knows. */
export function payloadClaimOf(payloadHash: string | undefined): PayloadClaim | undefined {
  switch (payloadHash) {
    case undefined:
      return undefined;
    case "UNSIGNED-PAYLOAD":
      return { kind: "unsigned" };
    case "STREAMING-AWS4-HMAC-SHA256-PAYLOAD":
      return { kind: "chunks", signed: true, trailer: false };
    case "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER":
      return { kind: "chunks", signed: true, trailer: true };
    case "STREAMING-UNSIGNED-PAYLOAD-TRAILER":
      return { kind: "chunks", signed: false, trailer: true };
    default:
      return /^[0-9a-f]{64}$/.test(payloadHash) ? { kind: "sha256", hex: payloadHash } : undefined;
  }
}
