/**
 * What beside the bucket policy decides who gets at a bucket: who owns its objects, its access control list, and the
 * four switches that block public access.
 * Source: Amazon S3 User Guide, "Controlling ownership of objects and disabling ACLs for your bucket", "Blocking public
 * access to your Amazon S3 storage", "Access control list (ACL) overview".
 */

import { ok } from "../base/result.ts";
import { type AccessControlList, type AclGrant, isPublicGrant } from "../policy/access-control-list.ts";
import { parsePolicy } from "../policy/parse.ts";
import { isPublicPolicy, type PublicAccessBlock } from "../policy/public-access.ts";
import { type Bucket, changeBucket, type ObjectOwnership } from "./bucket.ts";
import { canonicalUserId } from "./canonical-user.ts";
import { fail } from "./error.ts";
import { find, put, type State } from "./state.ts";
import type { Outcome } from "./verb.ts";

/** Whether lists grant anything here. */
export function listsInForce({ objectOwnership }: Bucket): boolean {
  return objectOwnership !== "BucketOwnerEnforced";
}

/** The grants as they are shown: where lists are off, the owner has it all. */
export function bucketGrants(bucket: Bucket): readonly AclGrant[] {
  const own = [fullControlOf(canonicalUserId(bucket.accountId))];
  return listsInForce(bucket) ? (bucket.acl ?? own) : own;
}

/** The bucket's list as the policies ask it; undefined where lists are off. */
export function bucketList(bucket: Bucket): AccessControlList | undefined {
  return listsInForce(bucket) ? { of: "bucket", grants: bucketGrants(bucket) } : undefined;
}

export function fullControlOf(id: string): AclGrant {
  return { grantee: { kind: "canonical-user", canonicalUserId: id }, permission: "FULL_CONTROL" };
}

/** Whether a new list may be put there at all: not when it is public and such lists are blocked. */
export function isBlocked({ publicAccessBlock }: Bucket, grants: readonly AclGrant[]): boolean {
  return publicAccessBlock?.blockPublicAcls === true && grants.some(isPublicGrant);
}

/**
 * Sets who owns the objects; undefined deletes the setting. Resolves with false when lists are to be switched off while
 * the bucket's own still grants something to others. Failures: NoSuchBucket.
 */
export function setObjectOwnership(
  state: State,
  bucketName: string,
  objectOwnership: ObjectOwnership | undefined,
): Outcome<boolean> {
  const bucket = find(state, "bucket", bucketName);
  if (bucket === undefined) return fail("NoSuchBucket", { bucketName });
  const own = canonicalUserId(bucket.accountId);
  if (objectOwnership === "BucketOwnerEnforced" && !bucketGrants(bucket).every((grant) => isGrantTo(grant, own))) {
    return ok({ changes: [], value: false });
  }
  const { objectOwnership: _, ...rest } = bucket;
  const changed = objectOwnership === undefined ? rest : { ...rest, objectOwnership };
  return ok({ changes: [put("bucket", changed)], value: true });
}

/** Replaces the bucket's list. Failures: NoSuchBucket. */
export function setBucketAcl(state: State, bucketName: string, acl: readonly AclGrant[]): Outcome<undefined> {
  return changeBucket(state, bucketName, (bucket) => ({ ...bucket, acl }));
}

/** Sets the four switches; undefined deletes them, which blocks nothing. Failures: NoSuchBucket. */
export function setPublicAccessBlock(
  state: State,
  bucketName: string,
  publicAccessBlock: PublicAccessBlock | undefined,
): Outcome<undefined> {
  return changeBucket(state, bucketName, (bucket) => {
    const { publicAccessBlock: _, ...rest } = bucket;
    return publicAccessBlock === undefined ? rest : { ...rest, publicAccessBlock };
  });
}

/** Whether the bucket's policy is public; undefined without a policy. */
export function isPublicByPolicy({ policyDocument }: Bucket): boolean | undefined {
  if (policyDocument === undefined) return undefined;
  const policy = parsePolicy(policyDocument, "bucket");
  return policy.ok && isPublicPolicy(policy.value);
}

function isGrantTo({ grantee }: AclGrant, id: string): boolean {
  return grantee.kind === "canonical-user" && grantee.canonicalUserId === id;
}
