/** Making, finding and deleting buckets. Source: Amazon S3 API Reference, "CreateBucket", "ListBuckets", "DeleteBucket" … */

import type {
  CreateBucketCommandInput,
  CreateBucketCommandOutput,
  DeleteBucketCommandInput,
  DeleteBucketCommandOutput,
  GetBucketLocationCommandInput,
  GetBucketLocationCommandOutput,
  HeadBucketCommandInput,
  HeadBucketCommandOutput,
  ListBucketsCommandInput,
  ListBucketsCommandOutput,
} from "@aws-sdk/client-s3";
import { err, ok, type Result } from "../../base/result.ts";
import {
  type Bucket,
  bucketArn,
  createBucket as createBucketVerb,
  type CreateBucketInput,
  deleteBucket as deleteBucketVerb,
} from "../../model/bucket.ts";
import { canonicalUserId } from "../../model/canonical-user.ts";
import { all } from "../../model/state.ts";
import { isOwnersAlone, isPublicList, readAclHeaders } from "./acl.ts";
import { isOwnership } from "./bucket-setting.ts";
import { bucketOf, type Handler, ownerOf } from "./call.ts";
import { fromApiError, refuse, type S3Error, unservedHeader } from "./s3-error.ts";
import { maxBucketTags, tagsOfWire } from "./tag.ts";

export const createBucket: Handler<CreateBucketCommandInput, CreateBucketCommandOutput> = async (input, call) => {
  const accountId = call.caller.accountId;
  if (accountId === undefined) return refuse("AccessDenied");
  if (input.ObjectLockEnabledForBucket === true) return err(unservedHeader("x-amz-bucket-object-lock-enabled"));
  const access = accessOfNewBucket(input, accountId);
  if (!access.ok) return access;
  const configuration = input.CreateBucketConfiguration;
  const tags = tagsOfWire(configuration?.Tags ?? [], maxBucketTags);
  if (!tags.ok) return tags;
  const constraint = configuration?.LocationConstraint;
  const wanted = {
    name: call.bucketName,
    tags: tags.value,
    ...access.value,
    ...(constraint === undefined ? {} : { locationConstraint: constraint }),
  };
  const made = await call.control.run((state, context) => createBucketVerb(state, wanted, context), {
    accountId,
    region: call.region,
  });
  if (!made.ok) return err(fromApiError(made.error));
  const { id, region } = made.value;
  const location = region === call.region ? `/${id}` : `http://${id}.s3.amazonaws.com/`;
  return ok({ output: { Location: location, BucketArn: bucketArn(id) } });
};

/** A new bucket blocks public lists, and takes others only when its owner asks for lists. */
function accessOfNewBucket(
  input: CreateBucketCommandInput,
  accountId: string,
): Result<Pick<CreateBucketInput, "objectOwnership" | "acl">, S3Error> {
  const objectOwnership = input.ObjectOwnership ?? "BucketOwnerEnforced";
  if (!isOwnership(objectOwnership)) {
    return refuse("InvalidArgument", {
      message: "Invalid x-amz-object-ownership header: " + objectOwnership,
      details: { ArgumentName: "x-amz-object-ownership", ArgumentValue: objectOwnership },
    });
  }
  const owner = canonicalUserId(accountId);
  const acl = readAclHeaders(input, { owner, bucketOwner: owner });
  if (!acl.ok) return acl;
  if (acl.value === undefined || isOwnersAlone(acl.value, { owner, bucketOwner: owner }))
    return ok({ objectOwnership });
  if (objectOwnership === "BucketOwnerEnforced") return refuse("InvalidBucketAclWithObjectOwnership");
  if (isPublicList(acl.value)) return refuse("InvalidBucketAclWithBlockPublicAccessError");
  return ok({ objectOwnership, acl: acl.value });
}

/** ASSUMPTION: multipart uploads in progress do not keep a bucket from being deleted; they go with it. */
export const deleteBucket: Handler<DeleteBucketCommandInput, DeleteBucketCommandOutput> = async (_, call) => {
  const { accountId, region, id } = bucketOf(call);
  const deleted = await call.store.whileEmpty(id, () =>
    call.control.run((state) => deleteBucketVerb(state, id), { accountId, region }),
  );
  if (deleted === undefined) return refuse("BucketNotEmpty", { details: { BucketName: id } });
  return deleted.value.ok ? ok({ output: {} }) : err(fromApiError(deleted.value.error));
};

export const headBucket: Handler<HeadBucketCommandInput, HeadBucketCommandOutput> = async (_, call) => {
  const { region: BucketRegion, id } = bucketOf(call);
  return ok({ output: { BucketRegion, BucketArn: bucketArn(id), AccessPointAlias: false } });
};

export const getBucketLocation: Handler<GetBucketLocationCommandInput, GetBucketLocationCommandOutput> = async (
  _,
  call,
) => {
  const { region } = bucketOf(call);
  // us-east-1 is written by leaving it out.
  return ok({ output: region === "us-east-1" ? {} : { LocationConstraint: region as LocationConstraint } });
};

type LocationConstraint = NonNullable<GetBucketLocationCommandOutput["LocationConstraint"]>;

const maxBuckets = 10_000;

export const listBuckets: Handler<ListBucketsCommandInput, ListBucketsCommandOutput> = async (input, call) => {
  const accountId = call.caller.accountId;
  if (accountId === undefined) return refuse("AccessDenied");
  const { Prefix: prefix = "", BucketRegion: region, MaxBuckets: limit = maxBuckets } = input;
  if (limit < 1 || limit > maxBuckets) {
    const details = { ArgumentName: "max-buckets", ArgumentValue: String(limit) };
    return refuse("InvalidArgument", { message: "MaxBuckets must be between 1 and 10000", details });
  }
  const token = input.ContinuationToken;
  const after = token === undefined ? "" : Buffer.from(token, "base64").toString("utf8");
  const buckets = [...all(call.state, "bucket")]
    .filter((bucket) => bucket.accountId === accountId && bucket.id.startsWith(prefix) && bucket.id > after)
    .filter((bucket) => region === undefined || bucket.region === region)
    .sort((a, b) => (a.id < b.id ? -1 : 1));
  const page = buckets.slice(0, limit);
  const last = page.at(-1);
  const more = buckets.length > limit && last !== undefined;
  return ok({
    output: {
      Buckets: page.map(wireBucket),
      Owner: ownerOf(accountId),
      ...(prefix === "" ? {} : { Prefix: prefix }),
      ...(more ? { ContinuationToken: Buffer.from(last.id).toString("base64") } : {}),
    },
  });
};

function wireBucket(bucket: Bucket): { Name: string; CreationDate: Date; BucketRegion: string; BucketArn: string } {
  const { id, createdAtMs, region } = bucket;
  return { Name: id, CreationDate: new Date(createdAtMs), BucketRegion: region, BucketArn: bucketArn(id) };
}
