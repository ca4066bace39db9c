/** S3 buckets: what decides over access to them. Their objects are the business of the store. */

import type { Resource } from "./resource.ts";

export interface Bucket extends Resource {
  /** The bucket's name, unique over all accounts. */
  readonly id: string;
  /** The bucket policy exactly as it was written. */
  readonly policyDocument?: string;
}
