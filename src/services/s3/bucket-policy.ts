/** Bucket policies. Source: Amazon S3 API Reference, "PutBucketPolicy", "GetBucketPolicy", "DeleteBucketPolicy". */

import type {
  DeleteBucketPolicyCommandInput,
  DeleteBucketPolicyCommandOutput,
  GetBucketPolicyCommandInput,
  GetBucketPolicyCommandOutput,
  PutBucketPolicyCommandInput,
  PutBucketPolicyCommandOutput,
} from "@aws-sdk/client-s3";
import { err, ok } from "../../base/result.ts";
import { deleteBucketPolicy as deleteVerb, putBucketPolicy as putVerb, shownBucketPolicy } from "../../model/bucket.ts";
import { bucketOf, type Handler } from "./call.ts";
import { fromApiError, refuse } from "./s3-error.ts";

export const putBucketPolicy: Handler<PutBucketPolicyCommandInput, PutBucketPolicyCommandOutput> = async (
  input,
  call,
) => {
  const { id, accountId, region } = bucketOf(call);
  const document = input.Policy ?? "";
  const done = await call.control.run((state) => putVerb(state, id, document), { accountId, region });
  return done.ok ? ok({ output: {} }) : err(fromApiError(done.error));
};

export const getBucketPolicy: Handler<GetBucketPolicyCommandInput, GetBucketPolicyCommandOutput> = async (_, call) => {
  const bucket = bucketOf(call);
  const policy = shownBucketPolicy(call.state, bucket);
  if (policy === undefined) return refuse("NoSuchBucketPolicy", { details: { BucketName: bucket.id } });
  return ok({ output: { Policy: policy } });
};

export const deleteBucketPolicy: Handler<DeleteBucketPolicyCommandInput, DeleteBucketPolicyCommandOutput> = async (
  _,
  call,
) => {
  const { id, accountId, region } = bucketOf(call);
  const done = await call.control.run((state) => deleteVerb(state, id), { accountId, region });
  return done.ok ? ok({ output: {} }) : err(fromApiError(done.error));
};
