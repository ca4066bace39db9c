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
import {
  bucketArn,
  deleteBucketPolicy as deleteVerb,
  putBucketPolicy as putVerb,
  shownBucketPolicy,
} from "../../model/bucket.ts";
import { blockedText } from "../../policy/denial.ts";
import { bucketOf, type Handler } from "./call.ts";
import { fromApiError, refuse } from "./s3-error.ts";

export const putBucketPolicy: Handler<PutBucketPolicyCommandInput, PutBucketPolicyCommandOutput> = async (
  input,
  call,
) => {
  const { id, accountId, region } = bucketOf(call);
  const document = input.Policy ?? "";
  const done = await call.control.run((state) => putVerb(state, id, document), { accountId, region });
  if (!done.ok) return err(fromApiError(done.error));
  if (done.value) return ok({ output: {} });
  const asked = { principal: call.caller.principal, action: "s3:PutBucketPolicy", resource: bucketArn(id) };
  return refuse("AccessDenied", {
    message: blockedText(asked, "BlockPublicPolicy"),
    headers: { "x-underpass-denied-by": "public-access-block; BlockPublicPolicy" },
  });
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
