/**
 * S3's condition keys that follow from the head of a request.
 * Source: Service Authorization Reference, "Condition keys for Amazon S3"; S3 API Reference, "Amazon S3 Signature Version
 * 4 Authentication Specific Policy Keys".
 */

import type { IncomingHttpHeaders } from "node:http";
import type { Caller } from "./authenticate.ts";

export interface RequestFacts {
  readonly caller: Caller;
  readonly headers: IncomingHttpHeaders;
  readonly query: ReadonlyMap<string, string>;
  readonly nowMs: number;
  /** `TLSv1.3`; absent without TLS. */
  readonly tlsProtocol?: string;
}

export type ConditionKeys = Readonly<Record<string, readonly string[]>>;

/** The keys; those that the request gives no value for are absent. */
export function conditionKeys(facts: RequestFacts): ConditionKeys {
  const keys: Record<string, readonly string[]> = {};
  for (const name in facts.headers) {
    const value = facts.headers[name];
    if (typeof value !== "string") continue;
    if (headerKeys.has(name) || name.startsWith("x-amz-grant-") || name.startsWith("x-amz-server-side-encryption")) {
      keys[`s3:${name}`] = [value];
    }
  }
  const version = facts.query.get("versionId");
  if (version !== undefined) keys["s3:VersionId"] = [version];
  if (facts.tlsProtocol !== undefined) keys["s3:TlsVersion"] = [facts.tlsProtocol.replace("TLSv", "")];
  return { ...keys, ...signatureKeys(facts), ...tagKeys(facts.headers["x-amz-tagging"]) };
}

const headerKeys: ReadonlySet<string> = new Set([
  "x-amz-acl",
  "x-amz-content-sha256",
  "x-amz-copy-source",
  "x-amz-metadata-directive",
  "x-amz-object-ownership",
  "x-amz-storage-class",
  "x-amz-website-redirect-location",
  "if-match",
  "if-none-match",
]);

function signatureKeys({ caller, query, nowMs }: RequestFacts): ConditionKeys {
  const verified = caller.verified;
  if (verified === undefined) return {};
  const presigned = verified.form === "presigned";
  const hash = query.get("X-Amz-Content-Sha256");
  return {
    "s3:signatureversion": [verified.version],
    "s3:authType": [presigned ? "REST-QUERY-STRING" : "REST-HEADER"],
    // The age says something only where a signature is meant to be used later; version 2 does not tell it.
    ...(presigned && verified.version !== "AWS"
      ? { "s3:signatureAge": [String(Math.max(0, nowMs - amzDateMs(verified.signing.amzDate)))] }
      : {}),
    ...(presigned && hash !== undefined ? { "s3:x-amz-content-sha256": [hash] } : {}),
  };
}

/** `x-amz-tagging: a=1&b=2` gives `s3:RequestObjectTag/a` and so on. */
function tagKeys(header: string | readonly string[] | undefined): ConditionKeys {
  if (typeof header !== "string") return {};
  const pairs = [...new URLSearchParams(header)];
  const named = pairs.map(([key, value]) => [`s3:RequestObjectTag/${key}`, [value]] as const);
  return { ...Object.fromEntries(named), "s3:RequestObjectTagKeys": pairs.map(([key]) => key) };
}

/** Milliseconds of `20130524T000000Z`. */
function amzDateMs(text: string): number {
  return Date.parse(text.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z"));
}
