/**
 * Who calls: the signature judged, and each way in which it can be wrong in S3's words.
 * Source: Amazon S3 API Reference, "Error Responses"; texts as S3 answers them.
 */

import { ok, type Result } from "../../base/result.ts";
import { type Credential, credentialOf, type CredentialRules } from "../../model/credential.ts";
import type { State } from "../../model/state.ts";
import type { Principal } from "../../policy/request.ts";
import type { RequestHead } from "../../wire/canonical-request.ts";
import { type SignatureFailure, type Verified, verifyHead } from "../../wire/sigv4.ts";
import { s3Error, type S3Error } from "./s3-error.ts";

export interface Caller {
  readonly principal: Principal;
  /** Absent for an anonymous caller. */
  readonly accountId?: string;
  /** Absent for an anonymous caller. */
  readonly verified?: Verified<Credential>;
}

export interface AuthenticateOptions {
  readonly state: State;
  readonly nowMs: number;
  /** Absent for the usual ones. */
  readonly credentials?: CredentialRules | undefined;
  /** The only region that the signature may be for; absent when any will do. */
  readonly region?: string;
}

/** The caller; without any signature the anonymous one. */
export function authenticate(head: RequestHead, options: AuthenticateOptions): Result<Caller, S3Error> {
  const { state, nowMs, region, credentials } = options;
  const lookup = (accessKeyId: string): Credential | undefined => credentialOf(state, accessKeyId, credentials);
  const verified = verifyHead(head, { service: "s3", region, lookup, nowMs });
  if (verified.ok) {
    const { principal, accountId } = verified.value.key;
    return ok({ principal, accountId, verified: verified.value });
  }
  if (verified.error.kind === "missing") return ok({ principal: { kind: "anonymous" } });
  return { ok: false, error: wordFailure(verified.error, nowMs) };
}

type Failure = Exclude<SignatureFailure, { readonly kind: "missing" }>;

function wordFailure(failure: Failure, nowMs: number): S3Error {
  switch (failure.kind) {
    case "unsupported-algorithm":
      // Signature version 2: `AWS` in the header, no algorithm at all in a URL.
      return failure.algorithm === "AWS" || failure.algorithm === ""
        ? s3Error("InvalidRequest", {
            message: "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.",
          })
        : s3Error("InvalidArgument", {
            message: "Unsupported Authorization Type",
            details: { ArgumentName: "Authorization", ArgumentValue: failure.algorithm },
          });
    case "malformed":
      return wordMalformed(failure);
    case "wrong-scope":
      return wordScope(failure);
    case "unknown-key":
      return s3Error("InvalidAccessKeyId", { details: { AWSAccessKeyId: failure.accessKeyId } });
    case "bad-token":
      return failure.why === "absent"
        ? s3Error("InvalidAccessKeyId", { details: { AWSAccessKeyId: failure.accessKeyId } })
        : s3Error("InvalidToken");
    case "expired-token":
      return s3Error("ExpiredToken");
    case "skewed":
      return s3Error("RequestTimeTooSkewed", {
        details: {
          RequestTime: isoSeconds(failure.requestMs),
          ServerTime: isoSeconds(nowMs),
          MaxAllowedSkewMilliseconds: String(failure.allowedMs),
        },
      });
    case "expired-url":
      return s3Error("AccessDenied", {
        message: "Request has expired",
        details: {
          "X-Amz-Expires": String(failure.expiresSeconds),
          Expires: isoSeconds(failure.expiredAtMs),
          ServerTime: isoSeconds(nowMs),
        },
      });
    case "unsigned-headers":
      return s3Error("AccessDenied", {
        message: "There were headers present in the request which were not signed",
        details: { HeadersNotSigned: failure.headers.join(", ") },
      });
    case "wrong-signature":
      return s3Error("SignatureDoesNotMatch", {
        details: {
          AWSAccessKeyId: failure.accessKeyId,
          StringToSign: failure.stringToSign,
          SignatureProvided: failure.signatureProvided,
          StringToSignBytes: spacedHex(failure.stringToSign),
          CanonicalRequest: failure.canonicalRequest,
          CanonicalRequestBytes: spacedHex(failure.canonicalRequest),
        },
      });
    case "payload-mismatch":
      return payloadMismatch(failure.claimed, failure.actual);
  }
}

export function payloadMismatch(claimed: string, actual: string): S3Error {
  const details = { ClientComputedContentSHA256: claimed, S3ComputedContentSHA256: actual };
  return s3Error("XAmzContentSHA256Mismatch", { details });
}

function wordMalformed(failure: Extract<Failure, { readonly kind: "malformed" }>): S3Error {
  const { form, what, detail } = failure;
  switch (what) {
    case "content-sha256":
      return detail.startsWith("missing")
        ? s3Error("InvalidRequest", { message: "Missing required header for this request: x-amz-content-sha256" })
        : s3Error("InvalidArgument", {
            message:
              "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER or a valid sha256 value.",
            details: { ArgumentName: "x-amz-content-sha256" },
          });
    case "two-mechanisms":
      return s3Error("InvalidArgument", {
        message:
          "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter or the Authorization header should be specified",
        details: { ArgumentName: "Authorization" },
      });
    case "date":
      if (form === "presigned") break;
      return s3Error("AccessDenied", { message: "AWS authentication requires a valid Date or x-amz-date header" });
    case "authorization":
    case "credential":
    case "signed-headers":
    case "signature":
    case "expires":
      break;
  }
  return form === "header"
    ? s3Error("AuthorizationHeaderMalformed", { message: `The authorization header is malformed; ${detail}` })
    : s3Error("AuthorizationQueryParametersError", { message: detail });
}

function wordScope(failure: Extract<Failure, { readonly kind: "wrong-scope" }>): S3Error {
  if (failure.what === "service") {
    const message = `The authorization header is malformed; incorrect service "${failure.given}". This endpoint belongs to "s3".`;
    return s3Error("AuthorizationHeaderMalformed", { message });
  }
  return s3Error("AuthorizationHeaderMalformed", {
    message: `The authorization header is malformed; the region '${failure.given}' is wrong; expecting '${failure.expected}'`,
    details: { Region: failure.expected },
    headers: { "x-amz-bucket-region": failure.expected },
  });
}

function isoSeconds(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

function spacedHex(text: string): string {
  return Buffer.from(text, "latin1")
    .toString("hex")
    .replace(/..(?=.)/g, "$& ");
}
