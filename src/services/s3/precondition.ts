/**
 * Conditional requests. Source: RFC 9110 section 13.2.2 (the order of evaluation); Amazon S3 API Reference, "GetObject":
 * If-Match beats If-Unmodified-Since, If-None-Match beats If-Modified-Since; "PutObject": If-Match and If-None-Match.
 */

import { type S3Error, s3Error } from "./s3-error.ts";
import type { StoredObject } from "./store/stored-object.ts";

export interface Conditions {
  readonly ifMatch?: string | undefined;
  readonly ifNoneMatch?: string | undefined;
  readonly ifModifiedSince?: Date | undefined;
  readonly ifUnmodifiedSince?: Date | undefined;
}

type Validators = Pick<StoredObject, "etag" | "modifiedAtMs">;

/** Why a read is not answered with the object, or undefined when it is. */
export function refuseRead(object: Validators, conditions: Conditions): S3Error | undefined {
  const { ifMatch, ifNoneMatch, ifModifiedSince, ifUnmodifiedSince } = conditions;
  if (ifMatch !== undefined) {
    if (!matches(ifMatch, object.etag)) return failed("If-Match");
  } else if (ifUnmodifiedSince !== undefined && isLater(object, ifUnmodifiedSince)) {
    return failed("If-Unmodified-Since");
  }
  if (ifNoneMatch !== undefined) return matches(ifNoneMatch, object.etag) ? notModified(object) : undefined;
  return ifModifiedSince !== undefined && !isLater(object, ifModifiedSince) ? notModified(object) : undefined;
}

/** Why a copy does not take this source, or undefined: as for a read, but with 412 throughout. */
export function refuseCopySource(object: Validators, conditions: Conditions): S3Error | undefined {
  const { ifMatch, ifNoneMatch, ifModifiedSince, ifUnmodifiedSince } = conditions;
  if (ifMatch !== undefined) {
    if (!matches(ifMatch, object.etag)) return failed("x-amz-copy-source-If-Match");
  } else if (ifUnmodifiedSince !== undefined && isLater(object, ifUnmodifiedSince)) {
    return failed("x-amz-copy-source-If-Unmodified-Since");
  }
  if (ifNoneMatch !== undefined) {
    return matches(ifNoneMatch, object.etag) ? failed("x-amz-copy-source-If-None-Match") : undefined;
  }
  return ifModifiedSince !== undefined && !isLater(object, ifModifiedSince)
    ? failed("x-amz-copy-source-If-Modified-Since")
    : undefined;
}

/** Why an object is not written over (or deleted from) what stands there, or undefined. */
export function refuseWrite(
  current: Pick<StoredObject, "etag" | "key"> | undefined,
  conditions: Pick<Conditions, "ifMatch" | "ifNoneMatch">,
): S3Error | undefined {
  const { ifMatch, ifNoneMatch } = conditions;
  if (ifMatch !== undefined) {
    if (current === undefined) return s3Error("NoSuchKey");
    if (!matches(ifMatch, current.etag)) return failed("If-Match");
  }
  if (ifNoneMatch !== undefined && current !== undefined && matches(ifNoneMatch, current.etag)) {
    return failed("If-None-Match");
  }
  return undefined;
}

/** Whether a list of entity tags, or `*`, holds this one. S3 also takes tags without quotes. */
function matches(list: string, etag: string): boolean {
  if (list.trim() === "*") return true;
  return list.split(",").some(
    (one) =>
      one
        .trim()
        .replace(/^W\//, "")
        .replace(/^"(.*)"$/, "$1") === etag,
  );
}

/** HTTP dates count seconds: what is within the same second is not later. */
function isLater(object: Validators, date: Date): boolean {
  return Math.floor(object.modifiedAtMs / 1000) > Math.floor(date.getTime() / 1000);
}

function failed(condition: string): S3Error {
  return s3Error("PreconditionFailed", { details: { Condition: condition } });
}

function notModified(object: Validators): S3Error {
  const headers = { etag: `"${object.etag}"`, "last-modified": new Date(object.modifiedAtMs).toUTCString() };
  return s3Error("NotModified", { headers });
}
