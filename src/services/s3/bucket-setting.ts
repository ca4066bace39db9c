/**
 * Settings of a bucket beside its policy and its list: who owns the objects, what blocks public access, how objects are
 * encrypted.
 * Source: Amazon S3 API Reference, "PutBucketOwnershipControls", "PutPublicAccessBlock", "PutBucketEncryption" and their kin.
 */

import type {
  DeleteBucketEncryptionCommandInput,
  DeleteBucketEncryptionCommandOutput,
  DeleteBucketOwnershipControlsCommandInput,
  DeleteBucketOwnershipControlsCommandOutput,
  DeletePublicAccessBlockCommandInput,
  DeletePublicAccessBlockCommandOutput,
  GetBucketEncryptionCommandInput,
  GetBucketEncryptionCommandOutput,
  GetBucketOwnershipControlsCommandInput,
  GetBucketOwnershipControlsCommandOutput,
  GetBucketPolicyStatusCommandInput,
  GetBucketPolicyStatusCommandOutput,
  GetPublicAccessBlockCommandInput,
  GetPublicAccessBlockCommandOutput,
  PutBucketEncryptionCommandInput,
  PutBucketEncryptionCommandOutput,
  PutBucketOwnershipControlsCommandInput,
  PutBucketOwnershipControlsCommandOutput,
  PutPublicAccessBlockCommandInput,
  PutPublicAccessBlockCommandOutput,
} from "@aws-sdk/client-s3";
import { err, ok, type Result } from "../../base/result.ts";
import { changeBucket, type ObjectOwnership } from "../../model/bucket.ts";
import { isPublicByPolicy, setObjectOwnership, setPublicAccessBlock } from "../../model/bucket-access.ts";
import type { State } from "../../model/state.ts";
import type { Outcome } from "../../model/verb.ts";
import { bucketOf, type Handler, type S3Call } from "./call.ts";
import { fromApiError, refuse, type S3Error } from "./s3-error.ts";

export const getBucketOwnershipControls: Handler<
  GetBucketOwnershipControlsCommandInput,
  GetBucketOwnershipControlsCommandOutput
> = async (_, call) => {
  const { objectOwnership: ObjectOwnership, id } = bucketOf(call);
  return ObjectOwnership === undefined
    ? refuse("OwnershipControlsNotFoundError", { details: { BucketName: id } })
    : ok({ output: { OwnershipControls: { Rules: [{ ObjectOwnership }] } } });
};

export const putBucketOwnershipControls: Handler<
  PutBucketOwnershipControlsCommandInput,
  PutBucketOwnershipControlsCommandOutput
> = async (input, call) => {
  const rules = input.OwnershipControls?.Rules ?? [];
  const wanted = rules[0]?.ObjectOwnership;
  if (rules.length !== 1 || !isOwnership(wanted)) return refuse("MalformedXML");
  return setOwnership(call, wanted);
};

export const deleteBucketOwnershipControls: Handler<
  DeleteBucketOwnershipControlsCommandInput,
  DeleteBucketOwnershipControlsCommandOutput
> = (_, call) => setOwnership(call, undefined);

export const getPublicAccessBlock: Handler<
  GetPublicAccessBlockCommandInput,
  GetPublicAccessBlockCommandOutput
> = async (_, call) => {
  const { publicAccessBlock: block, id } = bucketOf(call);
  if (block === undefined) return refuse("NoSuchPublicAccessBlockConfiguration", { details: { BucketName: id } });
  const configuration = {
    BlockPublicAcls: block.blockPublicAcls,
    IgnorePublicAcls: block.ignorePublicAcls,
    BlockPublicPolicy: block.blockPublicPolicy,
    RestrictPublicBuckets: block.restrictPublicBuckets,
  };
  return ok({ output: { PublicAccessBlockConfiguration: configuration } });
};

export const putPublicAccessBlock: Handler<PutPublicAccessBlockCommandInput, PutPublicAccessBlockCommandOutput> = (
  input,
  call,
) => {
  const wanted = input.PublicAccessBlockConfiguration;
  const block = {
    blockPublicAcls: wanted?.BlockPublicAcls === true,
    ignorePublicAcls: wanted?.IgnorePublicAcls === true,
    blockPublicPolicy: wanted?.BlockPublicPolicy === true,
    restrictPublicBuckets: wanted?.RestrictPublicBuckets === true,
  };
  return set(call, (state) => setPublicAccessBlock(state, call.bucketName, block));
};

export const deletePublicAccessBlock: Handler<
  DeletePublicAccessBlockCommandInput,
  DeletePublicAccessBlockCommandOutput
> = (_, call) => set(call, (state) => setPublicAccessBlock(state, call.bucketName, undefined));

export const getBucketPolicyStatus: Handler<
  GetBucketPolicyStatusCommandInput,
  GetBucketPolicyStatusCommandOutput
> = async (_, call) => {
  const bucket = bucketOf(call);
  const IsPublic = isPublicByPolicy(bucket);
  return IsPublic === undefined
    ? refuse("NoSuchBucketPolicy", { details: { BucketName: bucket.id } })
    : ok({ output: { PolicyStatus: { IsPublic } } });
};

/** Always there: without a setting, and after its deletion, it is encryption with S3's own keys. */
export const getBucketEncryption: Handler<GetBucketEncryptionCommandInput, GetBucketEncryptionCommandOutput> = async (
  _,
  call,
) => {
  const { bucketKeyEnabled: BucketKeyEnabled = false } = bucketOf(call);
  const rule = { ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "AES256" as const }, BucketKeyEnabled };
  return ok({ output: { ServerSideEncryptionConfiguration: { Rules: [rule] } } });
};

export const putBucketEncryption: Handler<PutBucketEncryptionCommandInput, PutBucketEncryptionCommandOutput> = async (
  input,
  call,
) => {
  const rules = input.ServerSideEncryptionConfiguration?.Rules ?? [];
  const [rule] = rules;
  const wanted = rule?.ApplyServerSideEncryptionByDefault;
  if (rules.length !== 1 || rule === undefined) return refuse("MalformedXML");
  const algorithm: string = wanted?.SSEAlgorithm ?? "AES256";
  if (algorithm === "aws:kms" || algorithm === "aws:kms:dsse") {
    return refuse("NotImplemented", {
      message: `S3 encrypts with keys of KMS (${algorithm}), this region does not serve it`,
    });
  }
  if (algorithm !== "AES256") return refuse("MalformedXML");
  if (wanted?.KMSMasterKeyID !== undefined) {
    const message = "a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse";
    return refuse("InvalidArgument", { message, details: { ArgumentName: "ApplyServerSideEncryptionByDefault" } });
  }
  const bucketKeyEnabled = rule.BucketKeyEnabled === true;
  return set(call, (state) => changeBucket(state, call.bucketName, (bucket) => ({ ...bucket, bucketKeyEnabled })));
};

export const deleteBucketEncryption: Handler<
  DeleteBucketEncryptionCommandInput,
  DeleteBucketEncryptionCommandOutput
> = (_, call) =>
  set(call, (state) => changeBucket(state, call.bucketName, ({ bucketKeyEnabled: _off, ...bucket }) => bucket));

export function isOwnership(text: string | undefined): text is ObjectOwnership {
  return text === "BucketOwnerEnforced" || text === "BucketOwnerPreferred" || text === "ObjectWriter";
}

async function setOwnership(
  call: S3Call,
  wanted: ObjectOwnership | undefined,
): Promise<Result<{ readonly output: object }, S3Error>> {
  const { id, accountId, region } = bucketOf(call);
  const done = await call.control.run((state) => setObjectOwnership(state, id, wanted), { accountId, region });
  if (!done.ok) return err(fromApiError(done.error));
  return done.value ? ok({ output: {} }) : refuse("InvalidBucketAclWithObjectOwnership");
}

async function set(
  call: S3Call,
  verb: (state: State) => Outcome<undefined>,
): Promise<Result<{ readonly output: object }, S3Error>> {
  const { accountId, region } = bucketOf(call);
  const done = await call.control.run(verb, { accountId, region });
  return done.ok ? ok({ output: {} }) : err(fromApiError(done.error));
}
