/**
 * What an operation needs to be allowed, on what, before a byte of its body is read.
 * Source: Amazon S3 User Guide, "Required permissions for Amazon S3 API operations"; Service Authorization Reference,
 * "Actions, resources, and condition keys for Amazon S3".
 */

import type { IncomingHttpHeaders } from "node:http";
import { s3ActionOfVersion, s3ActionsOf } from "../../analyse/s3-action.ts";
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
  const { operation, bucketName, key, query } = asked;
  if (perKey.has(operation)) return [];
  const at = { ...(bucketName === "" ? {} : { bucketName }), ...(key === "" ? {} : { key }) };
  const keys = listing.has(operation) ? listKeys(query) : undefined;
  const isOfVersion = query.has("versionId");
  const needs: S3Need[] = s3ActionsOf(operation).map((action) => ({
    action: `s3:${isOfVersion ? s3ActionOfVersion(action) : action}`,
    ...at,
    ...(keys === undefined ? {} : { keys }),
  }));
  if (writesObject.has(operation)) {
    if (asked.headers["x-amz-tagging"] !== undefined) needs.push({ action: "s3:PutObjectTagging", ...at });
    if (setsAcl(asked.headers)) needs.push({ action: "s3:PutObjectAcl", ...at, isNewObject: true });
  }
  if (operation === "CreateBucket") {
    if (setsAcl(asked.headers)) needs.push({ action: "s3:PutBucketAcl", ...at, isNew: true });
    if (asked.headers["x-amz-object-ownership"] !== undefined) {
      needs.push({ action: "s3:PutBucketOwnershipControls", ...at, isNew: true });
    }
  }
  return needs;
}

const perKey: ReadonlySet<string> = new Set(["DeleteObjects"]);
const writesObject: ReadonlySet<string> = new Set(["PutObject", "CopyObject", "CreateMultipartUpload"]);
const listing: ReadonlySet<string> = new Set(["ListObjects", "ListObjectsV2", "ListObjectVersions"]);

function listKeys(query: ReadonlyMap<string, string>): Readonly<Record<string, readonly string[]>> {
  const keys: Record<string, readonly string[]> = {};
  for (const name of ["prefix", "delimiter", "max-keys"]) {
    const value = query.get(name);
    if (value !== undefined) keys[`s3:${name}`] = [value];
  }
  return keys;
}

/** Whether the request sets an ACL; `private` is what an object has anyway, but asks for the permission all the same. */
function setsAcl(headers: IncomingHttpHeaders): boolean {
  return Object.keys(headers).some((name) => name === "x-amz-acl" || name.startsWith("x-amz-grant-"));
}
