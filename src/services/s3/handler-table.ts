/** Every operation that is served, by its name. */

import type { Handler } from "./call.ts";
import { getBucketAcl, getObjectAcl, putBucketAcl, putObjectAcl } from "./access-control.ts";
import { configurationReads } from "./bucket-configuration.ts";
import { createBucket, deleteBucket, getBucketLocation, headBucket, listBuckets } from "./bucket-operation.ts";
import { deleteBucketPolicy, getBucketPolicy, putBucketPolicy } from "./bucket-policy.ts";
import {
  deleteBucketEncryption,
  deleteBucketOwnershipControls,
  deletePublicAccessBlock,
  getBucketEncryption,
  getBucketOwnershipControls,
  getBucketPolicyStatus,
  getPublicAccessBlock,
  putBucketEncryption,
  putBucketOwnershipControls,
  putPublicAccessBlock,
} from "./bucket-setting.ts";
import { listObjects, listObjectsV2, listObjectVersions } from "./list-objects.ts";
import { copyObject } from "./copy-object.ts";
import { listMultipartUploads, listParts } from "./list-uploads.ts";
import {
  abortMultipartUpload,
  completeMultipartUpload,
  createMultipartUpload,
  uploadPart,
  uploadPartCopy,
} from "./multipart.ts";
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
  AbortMultipartUpload: abortMultipartUpload,
  CompleteMultipartUpload: completeMultipartUpload,
  CopyObject: copyObject,
  CreateBucket: createBucket,
  CreateMultipartUpload: createMultipartUpload,
  DeleteBucket: deleteBucket,
  DeleteBucketEncryption: deleteBucketEncryption,
  DeleteBucketOwnershipControls: deleteBucketOwnershipControls,
  DeleteBucketPolicy: deleteBucketPolicy,
  DeleteBucketTagging: deleteBucketTagging,
  DeleteObject: deleteObject,
  DeleteObjectTagging: deleteObjectTagging,
  DeleteObjects: deleteObjects,
  DeletePublicAccessBlock: deletePublicAccessBlock,
  GetBucketAcl: getBucketAcl,
  GetBucketEncryption: getBucketEncryption,
  GetBucketLocation: getBucketLocation,
  GetBucketOwnershipControls: getBucketOwnershipControls,
  GetBucketPolicy: getBucketPolicy,
  GetBucketPolicyStatus: getBucketPolicyStatus,
  GetBucketTagging: getBucketTagging,
  GetObject: getObject,
  GetObjectAcl: getObjectAcl,
  GetObjectAttributes: getObjectAttributes,
  GetObjectTagging: getObjectTagging,
  GetPublicAccessBlock: getPublicAccessBlock,
  HeadBucket: headBucket,
  HeadObject: headObject,
  ListBuckets: listBuckets,
  ListMultipartUploads: listMultipartUploads,
  ListObjectVersions: listObjectVersions,
  ListObjects: listObjects,
  ListObjectsV2: listObjectsV2,
  ListParts: listParts,
  PutBucketAcl: putBucketAcl,
  PutBucketEncryption: putBucketEncryption,
  PutBucketOwnershipControls: putBucketOwnershipControls,
  PutBucketPolicy: putBucketPolicy,
  PutBucketTagging: putBucketTagging,
  PutObject: putObject,
  PutObjectAcl: putObjectAcl,
  PutObjectTagging: putObjectTagging,
  PutPublicAccessBlock: putPublicAccessBlock,
  UploadPart: uploadPart,
  UploadPartCopy: uploadPartCopy,
};

/** The handler, or undefined for an operation that is not served. */
export function handlerOf(operation: string): AnyHandler | undefined {
  if (Object.hasOwn(handlers, operation)) return handlers[operation];
  const read = Object.hasOwn(configurationReads, operation) ? configurationReads[operation] : undefined;
  return read === undefined ? undefined : (_, call) => Promise.resolve(read(call));
}
