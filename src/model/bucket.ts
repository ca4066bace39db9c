/**
 * S3 buckets: what decides over access to them. Their objects are the business of the store.
 * Source: Amazon S3 User Guide, "General purpose bucket naming rules"; S3 API Reference, "CreateBucket".
 */

import { parseIp } from "../base/ip.ts";
import { ok, type Result } from "../base/result.ts";
import type { AclGrant } from "../policy/access-control-list.ts";
import { parsePolicy } from "../policy/parse.ts";
import { isPublicPolicy, type PublicAccessBlock } from "../policy/public-access.ts";
import { s3PolicyText } from "../policy/policy-error.ts";
import { type ApiError, fail } from "./error.ts";
import { findRegion } from "./region.ts";
import type { Resource, Tags } from "./resource.ts";
import { find, put, remove, type State } from "./state.ts";
import { shownPolicy, trustedPrincipalIds } from "./trust-policy.ts";
import type { Context, Outcome } from "./verb.ts";

export interface Bucket extends Resource {
  /** The bucket's name, unique over all accounts. */
  readonly id: string;
  /** The bucket policy exactly as it was written. */
  readonly policyDocument?: string;
  /** The unique id that each user or role ARN of the policy had when it was saved; present with the policy. */
  readonly policyPrincipalIds?: Readonly<Record<string, string>>;
  /** Absent once it was deleted: then lists are in force and objects belong to who writes them, as with `ObjectWriter`. */
  readonly objectOwnership?: ObjectOwnership;
  /** Absent: the owner has full control and nobody else anything. */
  readonly acl?: readonly AclGrant[];
  /** Absent once it was deleted: nothing is blocked. */
  readonly publicAccessBlock?: PublicAccessBlock;
  /** Whether objects are to be encrypted with bucket keys, which says nothing as long as the keys are S3's own. */
  readonly bucketKeyEnabled?: boolean;
}

export type ObjectOwnership = "BucketOwnerEnforced" | "BucketOwnerPreferred" | "ObjectWriter";

export interface CreateBucketInput {
  readonly name: string;
  readonly locationConstraint?: string;
  readonly tags: Tags;
  readonly objectOwnership?: ObjectOwnership;
  readonly acl?: readonly AclGrant[];
}

/** Source: S3 User Guide, "Default settings for new S3 buckets FAQ": since April 2023 for every new bucket. */
const everythingBlocked: PublicAccessBlock = {
  blockPublicAcls: true,
  ignorePublicAcls: true,
  blockPublicPolicy: true,
  restrictPublicBuckets: true,
};

/**
 * Makes a bucket in the region of the call, or, through us-east-1, in any region. Failures: InvalidBucketName,
 * InvalidLocationConstraint, IllegalLocationConstraintException, BucketAlreadyExists, BucketAlreadyOwnedByYou (not in
 * us-east-1, where making one's own bucket again changes nothing), TooManyBuckets.
 */
export function createBucket(state: State, input: CreateBucketInput, context: Context): Outcome<Bucket> {
  const { name: bucketName, tags } = input;
  if (!isBucketName(bucketName)) return fail("InvalidBucketName", { bucketName });
  const region = regionFor(input.locationConstraint, context.region);
  if (!region.ok) return region;
  const taken = find(state, "bucket", bucketName);
  if (taken !== undefined) {
    if (taken.accountId !== context.accountId) return fail("BucketAlreadyExists", { bucketName });
    if (taken.region === "us-east-1" && region.value === "us-east-1") return ok({ changes: [], value: taken });
    return fail("BucketAlreadyOwnedByYou", { bucketName });
  }
  const { accountId, nowMs: createdAtMs } = context;
  const bucket: Bucket = {
    id: bucketName,
    accountId,
    region: region.value,
    createdAtMs,
    tags,
    objectOwnership: input.objectOwnership ?? "BucketOwnerEnforced",
    ...(input.acl === undefined ? {} : { acl: input.acl }),
    publicAccessBlock: everythingBlocked,
  };
  return ok({ changes: [put("bucket", bucket)], value: bucket });
}

/** Takes the bucket away; that it is empty is the caller's to know. */
export function deleteBucket(state: State, bucketName: string): Outcome<undefined> {
  if (find(state, "bucket", bucketName) === undefined) return fail("NoSuchBucket", { bucketName });
  return ok({ changes: [remove("bucket", bucketName)], value: undefined });
}

/** Replaces the policy; resolves with false where public policies are blocked. Failures: NoSuchBucket, MalformedPolicy. */
export function putBucketPolicy(state: State, bucketName: string, policyDocument: string): Outcome<boolean> {
  const policy = parsePolicy(policyDocument, "bucket");
  if (!policy.ok) return fail("MalformedPolicy", { message: s3PolicyText(policy.error) });
  const resources = policy.value.statements.flatMap(({ resource }) =>
    resource?.negated === false ? resource.entries : [],
  );
  if (!resources.every(({ text }) => belongsTo(text, bucketName))) {
    return fail("MalformedPolicy", { message: "Policy has invalid resource" });
  }
  const ids = trustedPrincipalIds(state, policyDocument);
  if (!ids.ok) return fail("MalformedPolicy", { message: "Invalid principal in policy" });
  const blocked = find(state, "bucket", bucketName)?.publicAccessBlock?.blockPublicPolicy === true;
  if (blocked && isPublicPolicy(policy.value)) return ok({ changes: [], value: false });
  const put = changeBucket(state, bucketName, (bucket) => ({
    ...bucket,
    policyDocument,
    policyPrincipalIds: ids.value,
  }));
  return put.ok ? ok({ ...put.value, value: true }) : put;
}

/** Without a policy nothing changes. */
export function deleteBucketPolicy(state: State, bucketName: string): Outcome<undefined> {
  return changeBucket(state, bucketName, (bucket) => {
    const { policyDocument: _, policyPrincipalIds: __, ...rest } = bucket;
    return rest;
  });
}

/** The policy as it is answered; undefined when there is none. */
export function shownBucketPolicy(state: State, bucket: Bucket): string | undefined {
  const { policyDocument, policyPrincipalIds = {} } = bucket;
  return policyDocument === undefined ? undefined : shownPolicy(state, policyDocument, policyPrincipalIds);
}

export function putBucketTags(state: State, bucketName: string, tags: Tags): Outcome<undefined> {
  return changeBucket(state, bucketName, (bucket) => ({ ...bucket, tags }));
}

export function bucketArn(bucketName: string): string {
  return `arn:aws:s3:::${bucketName}`;
}

export function objectArn(bucketName: string, key: string): string {
  return `arn:aws:s3:::${bucketName}/${key}`;
}

/** Whether S3 would take the name for a new bucket. */
export function isBucketName(name: string): boolean {
  return (
    /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name) &&
    !name.includes("..") &&
    parseIp(name) === undefined &&
    !/^\d+\.\d+\.\d+\.\d+$/.test(name) &&
    !reservedStarts.some((start) => name.startsWith(start)) &&
    !reservedEnds.some((end) => name.endsWith(end))
  );
}

/**
 * Whether a pattern can name the bucket or something in it and nothing else.
 *
 * ASSUMPTION: a bucket policy's resources must write the bucket's name out; S3 refuses `*` and patterns that begin
 * within the name.
 */
function belongsTo(pattern: string, bucketName: string): boolean {
  const arn = bucketArn(bucketName);
  return pattern.startsWith(arn) && /^($|[/*?])/.test(pattern.slice(arn.length));
}

const reservedStarts = ["xn--", "sthree-", "amzn-s3-demo-"];
const reservedEnds = ["-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"];

/** Replaces the bucket by what `edit` makes of it. Failures: NoSuchBucket. */
export function changeBucket(state: State, bucketName: string, edit: (bucket: Bucket) => Bucket): Outcome<undefined> {
  const bucket = find(state, "bucket", bucketName);
  if (bucket === undefined) return fail("NoSuchBucket", { bucketName });
  return ok({ changes: [put("bucket", edit(bucket))], value: undefined });
}

/** Source: S3 API Reference, "CreateBucket", LocationConstraint: `EU` is an old name of eu-west-1; us-east-1 is written by leaving it out. */
function regionFor(constraint: string | undefined, endpointRegion: string): Result<string, ApiError> {
  if (constraint === undefined || constraint === "") {
    return endpointRegion === "us-east-1"
      ? ok("us-east-1")
      : fail("IllegalLocationConstraintException", { constraint: "unspecified" });
  }
  const region = constraint === "EU" ? "eu-west-1" : constraint;
  if (findRegion(region) === undefined || constraint === "us-east-1") {
    return fail("InvalidLocationConstraint", { constraint });
  }
  if (endpointRegion !== "us-east-1" && endpointRegion !== region) {
    return fail("IllegalLocationConstraintException", { constraint });
  }
  return ok(region);
}
