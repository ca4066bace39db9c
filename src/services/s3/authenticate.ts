/**
 * Who calls: the signature judged, and each way in which it can be wrong in S3's words.
 * Source: Amazon S3 API Reference, "Error Responses"; texts as S3 answers them.
 */

import { ok, type Result } from "../../base/result.ts";
import { type Credential, credentialOf, type CredentialRules } from "../../model/credential.ts";
import type { State } from "../../model/state.ts";
import type { Principal } from "../../policy/request.ts";
import type { RequestHead } from "../../wire/canonical-request.ts";
import { isSignatureV2, type SignatureV2Failure, type VerifiedV2, verifySignatureV2 } from "../../wire/signature-v2.ts";
import { type SignatureFailure, type Verified, verifyHead } from "../../wire/sigv4.ts";
import { s3Error, type S3Error } from "./s3-error.ts";

export interface Caller {
  readonly principal: Principal;
  /** Absent for an anonymous caller. */
  readonly accountId?: string;
  /** Absent for an anonymous caller. */
  readonly verified?: Verified<Credential> | VerifiedV2<Credential>;
}

export interface AuthenticateOptions {
  readonly state: State;
  readonly nowMs: number;
  /** Absent for the usual ones. */
  readonly credentials?: CredentialRules | undefined;
  /** The only region that the signature may be for; absent when any will do. */
  readonly region?: string;
  /** The bucket that the Host header names, if it does. */
  readonly hostBucket?: string | undefined;
}

/** The caller; without any signature the anonymous one. */
export function authenticate(head: RequestHead, options: AuthenticateOptions): Result<Caller, S3Error> {
  const { state, nowMs, region, credentials, hostBucket } = options;
  const lookup = (accessKeyId: string): Credential | undefined => credentialOf(state, accessKeyId, credentials);
  if (isSignatureV2(head)) {
    const judged = verifySignatureV2(head, { lookup, nowMs, hostBucket });
    return judged.ok ? ok(callerOf(judged.value)) : { ok: false, error: wordV2Failure(judged.error, nowMs) };
  }
  const verified = verifyHead(head, { service: "s3", region, lookup, nowMs });
  if (verified.ok) return ok(callerOf(verified.value));
  if (verified.error.kind === "missing") return ok({ principal: { kind: "anonymous" } });
  return { ok: false, error: wordFailure(verified.error, nowMs) };
}

function callerOf(verified: NonNullable<Caller["verified"]>): Caller {
  const { principal, accountId } = verified.key;
  return { principal, accountId, verified };
}

type Failure = Exclude<SignatureFailure, { readonly kind: "missing" }>;

function wordFailure(failure: Failure, nowMs: number): S3Error {
  switch (failure.kind) {
    case "unsupported-algorithm":
      // A URL with some parameters of version 4 and no algorithm.
      return failure.algorithm === ""
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

function wordV2Failure(failure: SignatureV2Failure, nowMs: number): S3Error {
  switch (failure.kind) {
    case "unknown-key":
    case "bad-token":
    case "expired-token":
    case "skewed":
      return wordFailure(failure, nowMs);
    case "two-mechanisms":
      return wordMalformed({ kind: "malformed", form: "header", what: "two-mechanisms", detail: "" });
    case "malformed-date":
      return wordMalformed({ kind: "malformed", form: "header", what: "date", detail: "" });
    case "malformed-payload":
      return wordMalformed({ kind: "malformed", form: "header", what: "content-sha256", detail: "" });
    case "malformed-header":
      return s3Error("InvalidArgument", {
        message: "AWS authorization header is invalid.  Expected AwsAccessKeyId:signature",
        details: { ArgumentName: "Authorization", ArgumentValue: failure.authorization },
      });
    case "malformed-query":
      return s3Error("AccessDenied", {
        message: "Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters",
      });
    case "malformed-expires":
      return s3Error("AccessDenied", {
        message: `Invalid date (should be seconds since epoch): ${failure.given}`,
      });
    case "expired":
      return s3Error("AccessDenied", {
        message: "Request has expired",
        details: { Expires: isoSeconds(failure.expiredAtMs), ServerTime: isoSeconds(nowMs) },
      });
    case "wrong-v2-signature":
      return s3Error("SignatureDoesNotMatch", {
        details: {
          AWSAccessKeyId: failure.accessKeyId,
          StringToSign: failure.stringToSign,
          SignatureProvided: failure.signatureProvided,
          StringToSignBytes: spacedHex(failure.stringToSign),
        },
      });
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
