/**
 * Which actions an operation needs, on what, before a byte of its body is read.
 * Source: Amazon S3 User Guide, "Required permissions for Amazon S3 API operations"; Service Authorization Reference,
 * "Actions, resources, and condition keys for Amazon S3".
 */

import type { IncomingHttpHeaders } from "node:http";
import type { S3Need } from "../../analyse/s3-ask.ts";

export interface Asked {
  readonly operation: string;
  /** Empty: none. */
  readonly bucketName: string;
  /** Empty: none. */
  readonly key: string;
  readonly headers: IncomingHttpHeaders;
  readonly query: ReadonlyMap<string, string>;
}

/** All must be allowed; empty for operations that ask for each key by themselves. */
export function needsOf(asked: Asked): readonly S3Need[] {
  const { operation, bucketName, key } = asked;
  if (perKey.has(operation)) return [];
  const at = { ...(bucketName === "" ? {} : { bucketName }), ...(key === "" ? {} : { key }) };
  const action = actionOf(asked);
  const keys = listing.has(operation) ? listKeys(asked.query) : undefined;
  const needs: S3Need[] = [{ action: `s3:${action}`, ...at, ...(keys === undefined ? {} : { keys }) }];
  if (writesObject.has(operation)) {
    if (asked.headers["x-amz-tagging"] !== undefined) needs.push({ action: "s3:PutObjectTagging", ...at });
    if (setsAcl(asked.headers)) needs.push({ action: "s3:PutObjectAcl", ...at });
  }
  if (operation === "GetObjectAttributes") needs.push({ action: "s3:GetObjectAttributes", ...at });
  return needs;
}

const perKey: ReadonlySet<string> = new Set(["DeleteObjects"]);
const writesObject: ReadonlySet<string> = new Set(["PutObject", "CopyObject", "CreateMultipartUpload"]);
const listing: ReadonlySet<string> = new Set(["ListObjects", "ListObjectsV2", "ListObjectVersions"]);

/** Where the action is not called as the operation. */
const renamed: Readonly<Record<string, string>> = {
  CompleteMultipartUpload: "PutObject",
  CopyObject: "PutObject",
  CreateMultipartUpload: "PutObject",
  DeleteBucketCors: "PutBucketCORS",
  DeleteBucketEncryption: "PutEncryptionConfiguration",
  DeleteBucketLifecycle: "PutLifecycleConfiguration",
  DeleteBucketOwnershipControls: "PutBucketOwnershipControls",
  DeleteBucketReplication: "PutReplicationConfiguration",
  DeleteBucketTagging: "PutBucketTagging",
  DeletePublicAccessBlock: "PutBucketPublicAccessBlock",
  GetBucketAccelerateConfiguration: "GetAccelerateConfiguration",
  GetBucketCors: "GetBucketCORS",
  GetBucketEncryption: "GetEncryptionConfiguration",
  GetBucketLifecycleConfiguration: "GetLifecycleConfiguration",
  GetBucketNotificationConfiguration: "GetBucketNotification",
  GetBucketReplication: "GetReplicationConfiguration",
  GetObjectAttributes: "GetObject",
  GetObjectLockConfiguration: "GetBucketObjectLockConfiguration",
  GetPublicAccessBlock: "GetBucketPublicAccessBlock",
  HeadBucket: "ListBucket",
  HeadObject: "GetObject",
  ListBuckets: "ListAllMyBuckets",
  ListMultipartUploads: "ListBucketMultipartUploads",
  ListObjects: "ListBucket",
  ListObjectsV2: "ListBucket",
  ListObjectVersions: "ListBucketVersions",
  ListParts: "ListMultipartUploadParts",
  PutBucketAccelerateConfiguration: "PutAccelerateConfiguration",
  PutBucketCors: "PutBucketCORS",
  PutBucketEncryption: "PutEncryptionConfiguration",
  PutBucketLifecycleConfiguration: "PutLifecycleConfiguration",
  PutBucketNotificationConfiguration: "PutBucketNotification",
  PutBucketReplication: "PutReplicationConfiguration",
  PutObjectLockConfiguration: "PutBucketObjectLockConfiguration",
  PutPublicAccessBlock: "PutBucketPublicAccessBlock",
  UploadPart: "PutObject",
  UploadPartCopy: "PutObject",
};

/** Actions that have a twin for a named version. */
const versioned: Readonly<Record<string, string>> = {
  DeleteObject: "DeleteObjectVersion",
  DeleteObjectTagging: "DeleteObjectVersionTagging",
  GetObject: "GetObjectVersion",
  GetObjectAcl: "GetObjectVersionAcl",
  GetObjectTagging: "GetObjectVersionTagging",
  PutObjectTagging: "PutObjectVersionTagging",
};

function actionOf({ operation, query }: Asked): string {
  const action = renamed[operation] ?? operation;
  return query.has("versionId") ? (versioned[action] ?? action) : action;
}

function listKeys(query: ReadonlyMap<string, string>): Readonly<Record<string, readonly string[]>> {
  const keys: Record<string, readonly string[]> = {};
  for (const name of ["prefix", "delimiter", "max-keys"]) {
    const value = query.get(name);
    if (value !== undefined) keys[`s3:${name}`] = [value];
  }
  return keys;
}

/** Whether the request sets an ACL; `private` is what an object has anyway, but asks for the permission all the same. */
export function setsAcl(headers: IncomingHttpHeaders): boolean {
  return Object.keys(headers).some((name) => name === "x-amz-acl" || name.startsWith("x-amz-grant-"));
}
