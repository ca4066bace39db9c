/** Tags of buckets and objects. Source: Amazon S3 API Reference, "PutBucketTagging", "PutObjectTagging" … */

import type {
  DeleteBucketTaggingCommandInput,
  DeleteBucketTaggingCommandOutput,
  DeleteObjectTaggingCommandInput,
  DeleteObjectTaggingCommandOutput,
  GetBucketTaggingCommandInput,
  GetBucketTaggingCommandOutput,
  GetObjectTaggingCommandInput,
  GetObjectTaggingCommandOutput,
  PutBucketTaggingCommandInput,
  PutBucketTaggingCommandOutput,
  PutObjectTaggingCommandInput,
  PutObjectTaggingCommandOutput,
} from "@aws-sdk/client-s3";
import { err, ok, type Result } from "../../base/result.ts";
import { putBucketTags } from "../../model/bucket.ts";
import type { Tags } from "../../model/resource.ts";
import { type Answer, bucketOf, type Handler, type S3Call } from "./call.ts";
import { findObject, noSuchKey } from "./object-read.ts";
import { fromApiError, refuse, type S3Error } from "./s3-error.ts";
import { maxBucketTags, maxObjectTags, tagsOfWire, wireTags } from "./tag.ts";

export const getBucketTagging: Handler<GetBucketTaggingCommandInput, GetBucketTaggingCommandOutput> = async (
  _,
  call,
) => {
  const { tags, id } = bucketOf(call);
  return tags.length === 0
    ? refuse("NoSuchTagSet", { details: { BucketName: id } })
    : ok({ output: { TagSet: wireTags(tags) } });
};

export const putBucketTagging: Handler<PutBucketTaggingCommandInput, PutBucketTaggingCommandOutput> = async (
  input,
  call,
) => {
  const tags = tagsOfWire(input.Tagging?.TagSet ?? [], maxBucketTags);
  return tags.ok ? setBucketTags(call, tags.value) : tags;
};

export const deleteBucketTagging: Handler<DeleteBucketTaggingCommandInput, DeleteBucketTaggingCommandOutput> = (
  _,
  call,
) => setBucketTags(call, []);

export const getObjectTagging: Handler<GetObjectTaggingCommandInput, GetObjectTaggingCommandOutput> = async (
  input,
  call,
) => {
  const found = findObject(call, call.key, input.VersionId);
  return found.ok ? ok({ output: { TagSet: wireTags(found.value.attributes.tags) } }) : found;
};

export const putObjectTagging: Handler<PutObjectTaggingCommandInput, PutObjectTaggingCommandOutput> = async (
  input,
  call,
) => {
  const tags = tagsOfWire(input.Tagging?.TagSet ?? [], maxObjectTags);
  return tags.ok ? setObjectTags(call, input.VersionId, tags.value) : tags;
};

export const deleteObjectTagging: Handler<DeleteObjectTaggingCommandInput, DeleteObjectTaggingCommandOutput> = (
  input,
  call,
) => setObjectTags(call, input.VersionId, []);

async function setBucketTags(call: S3Call, tags: Tags): Promise<Result<Answer<object>, S3Error>> {
  const { id, accountId, region } = bucketOf(call);
  const done = await call.control.run((state) => putBucketTags(state, id, tags), { accountId, region });
  return done.ok ? ok({ output: {}, status: 204 }) : err(fromApiError(done.error));
}

async function setObjectTags(
  call: S3Call,
  versionId: string | undefined,
  tags: Tags,
): Promise<Result<Answer<object>, S3Error>> {
  const found = findObject(call, call.key, versionId);
  if (!found.ok) return found;
  const set = await call.store.setAttributes({ bucket: call.bucketName, key: call.key }, { tags });
  return set ? ok({ output: {} }) : err(noSuchKey(call, call.bucketName, call.key));
}
