/**
 * Which actions S3's operations need. The server that enforces, the trace that foretells and the command line read the same facts.
 * Source: Amazon S3 User Guide, "Required permissions for Amazon S3 API operations"; Service Authorization Reference,
 * "Actions, resources, and condition keys for Amazon S3".
 */

/** The actions without the service's prefix; all must be allowed. What is no operation with an action of another name is its own. */
export function s3ActionsOf(operation: string): readonly string[] {
  if (operation === "GetObjectAttributes") return ["GetObject", "GetObjectAttributes"];
  return [renamed.get(operation) ?? operation];
}

/** The action on a named version of an object; the same where it has no twin. */
export function s3ActionOfVersion(action: string): string {
  return ofVersion.get(action) ?? action;
}

/** The operations whose action is called otherwise: with the actions, all names that a caller may use. */
export function renamedS3Operations(): readonly string[] {
  return [...renamed.keys()];
}

const renamed: ReadonlyMap<string, string> = new Map(
  Object.entries({
    CompleteMultipartUpload: "PutObject",
    CopyObject: "PutObject",
    CreateMultipartUpload: "PutObject",
    DeleteBucketAnalyticsConfiguration: "PutAnalyticsConfiguration",
    DeleteBucketCors: "PutBucketCORS",
    DeleteBucketEncryption: "PutEncryptionConfiguration",
    DeleteBucketIntelligentTieringConfiguration: "PutIntelligentTieringConfiguration",
    DeleteBucketInventoryConfiguration: "PutInventoryConfiguration",
    DeleteBucketLifecycle: "PutLifecycleConfiguration",
    DeleteBucketMetricsConfiguration: "PutMetricsConfiguration",
    DeleteBucketOwnershipControls: "PutBucketOwnershipControls",
    DeleteBucketReplication: "PutReplicationConfiguration",
    DeleteBucketTagging: "PutBucketTagging",
    DeleteObjects: "DeleteObject",
    DeletePublicAccessBlock: "PutBucketPublicAccessBlock",
    GetBucketAccelerateConfiguration: "GetAccelerateConfiguration",
    GetBucketAnalyticsConfiguration: "GetAnalyticsConfiguration",
    GetBucketCors: "GetBucketCORS",
    GetBucketEncryption: "GetEncryptionConfiguration",
    GetBucketIntelligentTieringConfiguration: "GetIntelligentTieringConfiguration",
    GetBucketInventoryConfiguration: "GetInventoryConfiguration",
    GetBucketLifecycleConfiguration: "GetLifecycleConfiguration",
    GetBucketMetricsConfiguration: "GetMetricsConfiguration",
    GetBucketNotificationConfiguration: "GetBucketNotification",
    GetBucketReplication: "GetReplicationConfiguration",
    GetObjectLockConfiguration: "GetBucketObjectLockConfiguration",
    GetPublicAccessBlock: "GetBucketPublicAccessBlock",
    HeadBucket: "ListBucket",
    HeadObject: "GetObject",
    ListBucketAnalyticsConfigurations: "GetAnalyticsConfiguration",
    ListBucketIntelligentTieringConfigurations: "GetIntelligentTieringConfiguration",
    ListBucketInventoryConfigurations: "GetInventoryConfiguration",
    ListBucketMetricsConfigurations: "GetMetricsConfiguration",
    ListBuckets: "ListAllMyBuckets",
    ListMultipartUploads: "ListBucketMultipartUploads",
    ListObjectVersions: "ListBucketVersions",
    ListObjects: "ListBucket",
    ListObjectsV2: "ListBucket",
    ListParts: "ListMultipartUploadParts",
    PutBucketAccelerateConfiguration: "PutAccelerateConfiguration",
    PutBucketAnalyticsConfiguration: "PutAnalyticsConfiguration",
    PutBucketCors: "PutBucketCORS",
    PutBucketEncryption: "PutEncryptionConfiguration",
    PutBucketIntelligentTieringConfiguration: "PutIntelligentTieringConfiguration",
    PutBucketInventoryConfiguration: "PutInventoryConfiguration",
    PutBucketLifecycleConfiguration: "PutLifecycleConfiguration",
    PutBucketMetricsConfiguration: "PutMetricsConfiguration",
    PutBucketNotificationConfiguration: "PutBucketNotification",
    PutBucketReplication: "PutReplicationConfiguration",
    PutObjectLockConfiguration: "PutBucketObjectLockConfiguration",
    PutPublicAccessBlock: "PutBucketPublicAccessBlock",
    SelectObjectContent: "GetObject",
    UploadPart: "PutObject",
    UploadPartCopy: "PutObject",
  }),
);

/** Actions that have a twin for a named version. */
const ofVersion: ReadonlyMap<string, string> = new Map(
  Object.entries({
    DeleteObject: "DeleteObjectVersion",
    DeleteObjectTagging: "DeleteObjectVersionTagging",
    GetObject: "GetObjectVersion",
    GetObjectAcl: "GetObjectVersionAcl",
    GetObjectAttributes: "GetObjectVersionAttributes",
    GetObjectTagging: "GetObjectVersionTagging",
    PutObjectAcl: "PutObjectVersionAcl",
    PutObjectTagging: "PutObjectVersionTagging",
  }),
);
