/** Every operation that is served, by its name. */

import type { Handler } from "./call.ts";
import { configurationReads } from "./bucket-configuration.ts";
import { createBucket, deleteBucket, getBucketLocation, headBucket, listBuckets } from "./bucket-operation.ts";
import { deleteBucketPolicy, getBucketPolicy, putBucketPolicy } from "./bucket-policy.ts";
import { listObjects, listObjectsV2, listObjectVersions } from "./list-objects.ts";
import { getObject, getObjectAttributes, headObject } from "./object-read.ts";
import { deleteObject, deleteObjects, putObject } from "./object-write.ts";
import {
  deleteBucketTagging,
  deleteObjectTagging,
  getBucketTagging,
  getObjectTagging,
  putBucketTagging,
  putObjectTagging,
} from "./tagging.ts";

// Each handler has its own types; the codec makes the input fit.
export type AnyHandler = Handler<never, object>;

const handlers: Readonly<Record<string, AnyHandler>> = {
  CreateBucket: createBucket,
  DeleteBucket: deleteBucket,
  DeleteBucketPolicy: deleteBucketPolicy,
  DeleteBucketTagging: deleteBucketTagging,
  DeleteObject: deleteObject,
  DeleteObjects: deleteObjects,
  DeleteObjectTagging: deleteObjectTagging,
  GetBucketLocation: getBucketLocation,
  GetBucketPolicy: getBucketPolicy,
  GetBucketTagging: getBucketTagging,
  GetObject: getObject,
  GetObjectAttributes: getObjectAttributes,
  GetObjectTagging: getObjectTagging,
  HeadBucket: headBucket,
  HeadObject: headObject,
  ListBuckets: listBuckets,
  ListObjects: listObjects,
  ListObjectsV2: listObjectsV2,
  ListObjectVersions: listObjectVersions,
  PutBucketPolicy: putBucketPolicy,
  PutBucketTagging: putBucketTagging,
  PutObject: putObject,
  PutObjectTagging: putObjectTagging,
};

/** The handler, or undefined for an operation that is not served. */
export function handlerOf(operation: string): AnyHandler | undefined {
  if (Object.hasOwn(handlers, operation)) return handlers[operation];
  const read = Object.hasOwn(configurationReads, operation) ? configurationReads[operation] : undefined;
  return read === undefined ? undefined : (_, call) => Promise.resolve(read(call));
}
