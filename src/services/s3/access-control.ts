/** The lists of buckets and objects. Source: Amazon S3 API Reference, "PutBucketAcl", "GetBucketAcl", "PutObjectAcl", "GetObjectAcl". */

import type {
  AccessControlPolicy,
  GetBucketAclCommandInput,
  GetBucketAclCommandOutput,
  GetObjectAclCommandInput,
  GetObjectAclCommandOutput,
  PutBucketAclCommandInput,
  PutBucketAclCommandOutput,
  PutObjectAclCommandInput,
  PutObjectAclCommandOutput,
} from "@aws-sdk/client-s3";
import { err, ok, type Result } from "../../base/result.ts";
import type { ListedObject, S3Need } from "../../analyse/s3-ask.ts";
import { bucketArn, objectArn } from "../../model/bucket.ts";
import { bucketGrants, fullControlOf, isBlocked, listsInForce, setBucketAcl } from "../../model/bucket-access.ts";
import { canonicalUserId } from "../../model/canonical-user.ts";
import { find } from "../../model/state.ts";
import type { AclGrant } from "../../policy/access-control-list.ts";
import { blockedText } from "../../policy/denial.ts";
import {
  type AclHeaders,
  anonymousOwner,
  isOwnersAlone,
  type Owners,
  readAclDocument,
  readAclHeaders,
  wireGrants,
} from "./acl.ts";
import { bucketOf, type Handler, ownerOf, type S3Call } from "./call.ts";
import { findObject, noSuchKey } from "./object-read.ts";
import { fromApiError, refuse, s3Error, type S3Error } from "./s3-error.ts";
import type { Attributes, StoredObject } from "./store/stored-object.ts";

export const getBucketAcl: Handler<GetBucketAclCommandInput, GetBucketAclCommandOutput> = async (_, call) => {
  const bucket = bucketOf(call);
  return ok({ output: { Owner: ownerOf(bucket.accountId), Grants: wireGrants(bucketGrants(bucket)) } });
};

export const putBucketAcl: Handler<PutBucketAclCommandInput, PutBucketAclCommandOutput> = async (input, call) => {
  const { id, accountId, region } = bucketOf(call);
  const owner = canonicalUserId(accountId);
  const grants = newGrants(call, input, { owner, bucketOwner: owner });
  if (!grants.ok) return grants;
  const blocked = refuseBlocked(call, grants.value, { action: "s3:PutBucketAcl", resource: bucketArn(id) });
  if (blocked !== undefined) return err(blocked);
  const done = await call.control.run((state) => setBucketAcl(state, id, grants.value), { accountId, region });
  return done.ok ? ok({ output: {} }) : err(fromApiError(done.error));
};

export const getObjectAcl: Handler<GetObjectAclCommandInput, GetObjectAclCommandOutput> = async (input, call) => {
  const found = findObject(call, call.key, input.VersionId);
  if (!found.ok) return found;
  const grants = objectGrants(call, found.value);
  return ok({ output: { Owner: { ID: objectOwner(call, found.value) }, Grants: wireGrants(grants) } });
};

export const putObjectAcl: Handler<PutObjectAclCommandInput, PutObjectAclCommandOutput> = async (input, call) => {
  const found = findObject(call, call.key, input.VersionId);
  if (!found.ok) return found;
  const { bucketName, key } = call;
  const owners = { owner: objectOwner(call, found.value), bucketOwner: canonicalUserId(bucketOf(call).accountId) };
  const grants = newGrants(call, input, owners);
  if (!grants.ok) return grants;
  const blocked = refuseBlocked(call, grants.value, {
    action: "s3:PutObjectAcl",
    resource: objectArn(bucketName, key),
  });
  if (blocked !== undefined) return err(blocked);
  const set = await call.store.setAttributes({ bucket: bucketName, key }, { acl: grants.value });
  return set ? ok({ output: {} }) : err(noSuchKey(call, bucketName, key));
};

/**
 * The list and the owner that a new object gets. Where lists are off the bucket's owner has it, and only a list that says
 * so may be sent along.
 */
export function accessOfNewObject(
  call: S3Call,
  headers: AclHeaders,
): Result<Pick<Attributes, "acl" | "ownerAccountId">, S3Error> {
  const bucket = bucketOf(call);
  const bucketOwner = canonicalUserId(bucket.accountId);
  const writer = call.caller.accountId;
  const owner = writer === undefined ? anonymousOwner : canonicalUserId(writer);
  const grants = readAclHeaders(headers, { owner, bucketOwner });
  if (!grants.ok) return grants;
  if (!listsInForce(bucket)) {
    const canned = headers.ACL === "private" || headers.ACL === "bucket-owner-full-control";
    const harmless = grants.value === undefined || canned || isOwnersAlone(grants.value, { owner, bucketOwner });
    return harmless ? ok({}) : refuse("AccessControlListNotSupported");
  }
  const resource = objectArn(call.bucketName, call.key);
  const blocked = refuseBlocked(call, grants.value ?? [], { action: "s3:PutObject", resource });
  if (blocked !== undefined) return err(blocked);
  const handedOver = bucket.objectOwnership === "BucketOwnerPreferred" && headers.ACL === "bucket-owner-full-control";
  if (writer === bucket.accountId || handedOver) {
    return ok(grants.value === undefined || handedOver ? {} : { acl: grants.value });
  }
  return ok({ acl: grants.value ?? [fullControlOf(owner)], ownerAccountId: writer ?? "anonymous" });
}

/** The grants as they are shown and asked; where lists are off the bucket's owner has it all. */
function objectGrants(call: Pick<S3Call, "bucket">, object: StoredObject): readonly AclGrant[] {
  const { acl } = object.attributes;
  const own = [fullControlOf(objectOwner(call, object))];
  return call.bucket !== undefined && listsInForce(call.bucket) ? (acl ?? own) : own;
}

/** The canonical user id of an object's owner. */
export function objectOwner({ bucket }: Pick<S3Call, "bucket">, { attributes }: StoredObject): string {
  const { ownerAccountId } = attributes;
  if (bucket !== undefined && (!listsInForce(bucket) || ownerAccountId === undefined)) {
    return canonicalUserId(bucket.accountId);
  }
  return ownerAccountId === undefined || ownerAccountId === "anonymous"
    ? anonymousOwner
    : canonicalUserId(ownerAccountId);
}

/**
 * The object that an action is about, with its list, where lists are in force. Whether it may be written or deleted is the
 * bucket's affair; with which list it is written is its new owner's.
 */
export function listedObject(
  { state, store, caller }: Pick<S3Call, "state" | "store" | "caller">,
  { action, bucketName, key, isNewObject }: S3Need,
): ListedObject | undefined {
  if (bucketName === undefined || key === undefined) return undefined;
  if (action === "s3:PutObject" || action.startsWith("s3:DeleteObject")) return undefined;
  const bucket = find(state, "bucket", bucketName);
  if (bucket === undefined || !listsInForce(bucket)) return undefined;
  if (isNewObject === true) {
    const { accountId } = caller;
    return accountId === undefined ? undefined : { accountId, list: { of: "object", grants: [] } };
  }
  const object = store.find({ bucket: bucketName, key });
  if (object === undefined) return undefined;
  const { ownerAccountId } = object.attributes;
  return {
    list: { of: "object", grants: objectGrants({ bucket }, object) },
    ...(ownerAccountId === undefined || ownerAccountId === "anonymous" ? {} : { accountId: ownerAccountId }),
  };
}

interface AclInput extends AclHeaders {
  readonly AccessControlPolicy?: AccessControlPolicy | undefined;
}

function newGrants(call: S3Call, input: AclInput, owners: Owners): Result<readonly AclGrant[], S3Error> {
  if (!listsInForce(bucketOf(call))) return refuse("AccessControlListNotSupported");
  const ofHeaders = readAclHeaders(input, owners);
  if (!ofHeaders.ok) return ofHeaders;
  const document = input.AccessControlPolicy;
  if (ofHeaders.value === undefined) {
    if (document !== undefined) return readAclDocument(document, owners);
    return refuse("MissingSecurityHeader", { details: { MissingHeaderName: "x-amz-acl" } });
  }
  return document === undefined
    ? ok(ofHeaders.value)
    : refuse("UnexpectedContent", { message: "This request does not support content" });
}

/** The refusal of a public list where those are blocked. */
function refuseBlocked(
  call: S3Call,
  grants: readonly AclGrant[],
  asked: { readonly action: string; readonly resource: string },
): S3Error | undefined {
  if (!isBlocked(bucketOf(call), grants)) return undefined;
  return s3Error("AccessDenied", {
    message: blockedText({ principal: call.caller.principal, ...asked }, "BlockPublicAcls"),
    headers: { "x-underpass-denied-by": "public-access-block; BlockPublicAcls" },
  });
}
