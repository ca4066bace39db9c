/**
 * Who calls a service of the query protocols, and in which region: read off the signature. Each service words a refusal
 * in its own way.
 * Source: Amazon EC2 API Reference, "Error codes"; IAM API Reference, "Common Errors"; AWS STS API Reference, "Common
 * Errors".
 */

import { err, ok, type Result } from "../base/result.ts";
import { type Credential, credentialOf, type CredentialRules } from "../model/credential.ts";
import { findRegion } from "../model/region.ts";
import type { State } from "../model/state.ts";
import { parseServiceHost } from "../network/service-host.ts";
import type { RequestHead } from "../wire/canonical-request.ts";
import type { Refusal } from "../wire/request-error.ts";
import { readSignature } from "../wire/signature.ts";
import { type SignatureFailure, verifyRequest } from "../wire/sigv4.ts";
import type { QueryService } from "./handler.ts";

export interface Signed {
  readonly accessKeyId: string;
  readonly credential: Credential;
  readonly region: string;
}

export interface Arrived {
  readonly head: RequestHead;
  readonly host: string | undefined;
  readonly body: Uint8Array;
}

/** The service that the Host header names, else that of the signature's scope; undefined for a service of other servers. */
export function serviceOfRequest(arrived: Arrived): string | undefined {
  const named = hostOf(arrived)?.service;
  if (named !== undefined) return named;
  const signature = readSignature(arrived.head);
  return signature.ok ? signature.value.scope.service : undefined;
}

/** The caller; fails with the refusal that the service answers. */
export function authenticate(
  state: State,
  arrived: Arrived,
  service: Pick<QueryService, "name" | "signingName">,
  options: { readonly nowMs: number; readonly credentials?: CredentialRules | undefined },
): Result<Signed, Refusal> {
  const host = hostOf(arrived);
  const region = host?.regionNamed === true ? host.region : undefined;
  const verified = verifyRequest(arrived.head, arrived.body, {
    service: signingNameOf(service),
    region,
    lookup: (accessKeyId) => credentialOf(state, accessKeyId, options.credentials),
    nowMs: options.nowMs,
  });
  if (!verified.ok) return err(service.name === "ec2" ? wordForEc2(verified.error) : wordForQuery(verified.error));
  const { accessKeyId, key, scope } = verified.value;
  if (findRegion(scope.region) === undefined) {
    const failure = { kind: "wrong-scope", what: "region", given: scope.region, expected: "us-east-1" } as const;
    return err(service.name === "ec2" ? wordForEc2(failure) : wordForQuery(failure));
  }
  return ok({ accessKeyId, credential: key, region: scope.region });
}

/** The service as the scope of a signature names it. */
export function signingNameOf(service: Pick<QueryService, "name" | "signingName">): string {
  return service.signingName ?? service.name;
}

function hostOf(arrived: Arrived): ReturnType<typeof parseServiceHost> {
  return parseServiceHost((arrived.host ?? "").replace(/:\d+$/, ""));
}

function wordForEc2(failure: SignatureFailure): Refusal {
  switch (failure.kind) {
    case "skewed":
    case "expired-url":
    case "expired-token":
      return { code: "RequestExpired", message: "Request has expired.", status: 400 };
    case "wrong-scope":
      return { code: "AuthFailure", message: scopeText(failure), status: 401 };
    case "missing":
    case "malformed":
    case "unsupported-algorithm":
    case "unknown-key":
    case "bad-token":
    case "unsigned-headers":
    case "wrong-signature":
    case "payload-mismatch":
      return {
        code: "AuthFailure",
        message: "AWS was not able to validate the provided access credentials",
        status: 401,
      };
  }
}

function wordForQuery(failure: SignatureFailure): Refusal {
  switch (failure.kind) {
    case "missing":
      return forbidden("MissingAuthenticationToken", "Request is missing Authentication Token");
    case "unsupported-algorithm":
      return incomplete(`Unsupported AWS 'algorithm': '${failure.algorithm}'.`);
    case "malformed":
      return incomplete(failure.detail);
    case "unknown-key":
    case "bad-token":
      return forbidden("InvalidClientTokenId", "The security token included in the request is invalid.");
    case "expired-token":
      return forbidden("ExpiredToken", "The security token included in the request is expired");
    case "skewed":
      return forbidden("SignatureDoesNotMatch", skewText(failure));
    case "expired-url":
      return forbidden(
        "SignatureDoesNotMatch",
        `Signature expired: ${stamp(failure.expiredAtMs)} is now earlier than ${stamp(failure.nowMs)}`,
      );
    case "wrong-scope":
      return forbidden("SignatureDoesNotMatch", scopeText(failure));
    case "wrong-signature":
      return forbidden(
        "SignatureDoesNotMatch",
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.",
      );
    case "payload-mismatch":
      return forbidden(
        "SignatureDoesNotMatch",
        "The provided 'x-amz-content-sha256' header does not match what was computed.",
      );
    case "unsigned-headers":
      return forbidden("SignatureDoesNotMatch", `These headers must be signed: ${failure.headers.join(", ")}`);
  }
}

type Of<K extends SignatureFailure["kind"]> = Extract<SignatureFailure, { readonly kind: K }>;

function scopeText(failure: Of<"wrong-scope">): string {
  return failure.what === "region"
    ? `Credential should be scoped to a valid region, not '${failure.given}'. `
    : `Credential should be scoped to correct service: '${failure.expected}'. `;
}

function skewText({ requestMs, nowMs, allowedMs }: Of<"skewed">): string {
  const minutes = `${allowedMs / 60_000} min.`;
  return requestMs > nowMs
    ? `Signature not yet current: ${stamp(requestMs)} is still later than ${stamp(nowMs + allowedMs)} (${stamp(nowMs)} + ${minutes})`
    : `Signature expired: ${stamp(requestMs)} is now earlier than ${stamp(nowMs - allowedMs)} (${stamp(nowMs)} - ${minutes})`;
}

/** `20130524T000000Z`. */
function stamp(ms: number): string {
  return new Date(ms).toISOString().replace(/[-:]|\.\d+/g, "");
}

function forbidden(code: string, message: string): Refusal {
  return { code, message, status: 403 };
}

function incomplete(message: string): Refusal {
  return { code: "IncompleteSignature", message, status: 400 };
}
