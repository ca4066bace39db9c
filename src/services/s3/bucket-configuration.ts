/**
 * What a bucket answers that was made a moment ago and never configured: infrastructure tools read all of it. What
 * cannot be set here is set nowhere, so these answers are the truth.
 * Source: Amazon S3 API Reference, the Get operations of each configuration; S3 User Guide, "Default settings for new buckets".
 */

import { ok, type Result } from "../../base/result.ts";
import type { Answer, S3Call } from "./call.ts";
import { findObject } from "./object-read.ts";
import { refuse, type S3Error, type S3ErrorCode } from "./s3-error.ts";

/** Reads a configuration that a new bucket has, or says that it has none. */
type Read = (call: S3Call) => Result<Answer<object>, S3Error>;

const empty: Read = () => ok({ output: {} });

function absent(code: S3ErrorCode): Read {
  return (call) => refuse(code, { details: { BucketName: call.bucketName } });
}

/** Those of an object answer only when it is there. */
function ofObject(read: Read): Read {
  return (call) => {
    const found = findObject(call, call.key, call.query.get("versionId"));
    return found.ok ? read(call) : found;
  };
}

export const configurationReads: Readonly<Record<string, Read>> = {
  GetBucketAccelerateConfiguration: empty,
  GetBucketCors: absent("NoSuchCORSConfiguration"),
  GetBucketLifecycleConfiguration: absent("NoSuchLifecycleConfiguration"),
  GetBucketLogging: empty,
  GetBucketNotificationConfiguration: empty,
  GetBucketReplication: absent("ReplicationConfigurationNotFoundError"),
  GetBucketRequestPayment: () => ok({ output: { Payer: "BucketOwner" } }),
  GetBucketVersioning: empty,
  GetBucketWebsite: absent("NoSuchWebsiteConfiguration"),
  GetObjectLegalHold: ofObject(absent("NoSuchObjectLockConfiguration")),
  GetObjectLockConfiguration: absent("ObjectLockConfigurationNotFoundError"),
  GetObjectRetention: ofObject(absent("NoSuchObjectLockConfiguration")),
};
