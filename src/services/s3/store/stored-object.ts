/** What the store keeps of an object, a multipart upload and a part. Source: Amazon S3 API Reference, "Object". */

import type { Tags } from "../../../model/resource.ts";
import type { AclGrant } from "../../../policy/access-control-list.ts";
import type { ChecksumAlgorithm } from "../../../wire/checksum.ts";

export interface StoredObject {
  readonly bucket: string;
  readonly key: string;
  /** `null` as long as the bucket has never been versioned. */
  readonly versionId: string;
  readonly sizeBytes: number;
  /** Without quotes: the MD5 in hexadecimal, or `md5-of-md5s-N` of a multipart upload. */
  readonly etag: string;
  readonly modifiedAtMs: number;
  readonly attributes: Attributes;
  readonly contentId: number;
}

export interface Attributes {
  /** System headers that come back as they were sent, by name in lower case: `content-type`, `cache-control`, `expires` … */
  readonly headers: Readonly<Record<string, string>>;
  /** User metadata by name in lower case, without `x-amz-meta-`. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly checksum?: StoredChecksum;
  readonly tags: Tags;
  /** Absent: the owner has full control and nobody else anything. */
  readonly acl?: readonly AclGrant[];
  /** Absent: the bucket's owner. `anonymous` owns what was written without a signature. */
  readonly ownerAccountId?: string;
  /** Sizes and checksums of the parts that a multipart upload was made of. */
  readonly parts?: readonly ObjectPart[];
}

export interface StoredChecksum {
  readonly algorithm: ChecksumAlgorithm;
  /** Base64; of a composite one with `-N` behind. */
  readonly value: string;
  readonly type: "FULL_OBJECT" | "COMPOSITE";
}

export interface ObjectPart {
  readonly number: number;
  readonly sizeBytes: number;
  /** Base64. */
  readonly checksum?: string;
}

export interface StoredUpload {
  readonly id: string;
  readonly bucket: string;
  readonly key: string;
  readonly createdAtMs: number;
  /** The ARN of who began it. */
  readonly initiator: string;
  readonly attributes: Attributes;
  readonly checksumAlgorithm: ChecksumAlgorithm;
  readonly checksumType: StoredChecksum["type"];
}

export interface StoredPart {
  readonly uploadId: string;
  /** 1 to 10,000. */
  readonly number: number;
  readonly sizeBytes: number;
  /** The MD5 in hexadecimal. */
  readonly etag: string;
  readonly modifiedAtMs: number;
  readonly checksum?: StoredChecksum;
  readonly contentId: number;
}
