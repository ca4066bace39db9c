/**
 * What S3 asks the policies for one action: who owns the thing, whose bucket policy takes part, and which keys are set. The
 * server that enforces and the trace that foretells ask by this one function.
 */

import { type Bucket, bucketArn, objectArn } from "../model/bucket.ts";
import { bucketList } from "../model/bucket-access.ts";
import { canonicalUserId } from "../model/canonical-user.ts";
import { find, type State } from "../model/state.ts";
import type { Path } from "../network/path.ts";
import type { AccessControlList } from "../policy/access-control-list.ts";
import type { Principal } from "../policy/request.ts";
import type { Ask } from "./authorise.ts";

/** One action on one thing. */
export interface S3Need {
  /** `s3:GetObject`. */
  readonly action: string;
  /** Absent: `*`. */
  readonly bucketName?: string;
  /** Absent: the bucket itself. */
  readonly key?: string;
  /** The bucket is about to be made, so that another of its name has no say. */
  readonly isNew?: true;
  /** The object is about to be made, so that it will be the caller's own where lists are in force. */
  readonly isNewObject?: true;
  /** The object that the action reads or changes, where there is one and lists are in force. */
  readonly object?: ListedObject;
  /** Condition keys beyond those of the request. */
  readonly keys?: Readonly<Record<string, readonly string[]>>;
}

export interface ListedObject {
  /** Who wrote it and owns it; absent for an anonymous writer. */
  readonly accountId?: string;
  readonly list: AccessControlList;
}

/** What the actions of one request have in common. */
export interface S3Request {
  readonly state: State;
  readonly principal: Principal;
  readonly path: Path;
  readonly region: string;
  readonly nowMs: number;
  readonly secure: boolean;
  readonly userAgent?: string;
  /** Condition keys of the request itself. */
  readonly keys: Readonly<Record<string, readonly string[]>>;
}

/** The question for one action of a request. */
export function s3Ask(request: S3Request, need: S3Need): Ask {
  const { principal, path, region, nowMs, secure, userAgent } = request;
  const bucket = bucketFor(request.state, need);
  const owner = isNew(need) ? accountOf(principal) : bucket?.accountId;
  const resourceAccountId = need.object?.accountId ?? owner;
  return {
    principal,
    path,
    region,
    nowMs,
    secureTransport: secure,
    ...(userAgent === undefined ? {} : { userAgent }),
    action: need.action,
    resource: resourceOf(need),
    ...(resourceAccountId === undefined ? {} : { resourceAccountId }),
    ...(bucket === undefined || isLockout(principal, bucket, need.action) ? {} : { bucketName: bucket.id }),
    ...(bucket === undefined ? {} : accessOf(bucket, need, principal)),
    keys: {
      ...request.keys,
      ...(owner === undefined ? {} : { "s3:ResourceAccount": [owner] }),
      ...need.keys,
    },
  };
}

/** What opens and shuts the bucket beside its policy. */
function accessOf(
  bucket: Bucket,
  need: S3Need,
  principal: Principal,
): Pick<Ask, "accessControlLists" | "publicAccessBlock" | "canonicalUserId"> {
  const { publicAccessBlock } = bucket;
  const block = publicAccessBlock === undefined ? {} : { publicAccessBlock };
  const list = bucketList(bucket);
  if (list === undefined) return block;
  const accountId = accountOf(principal);
  return {
    ...block,
    accessControlLists: need.object === undefined ? [list] : [list, need.object.list],
    ...(accountId === undefined ? {} : { canonicalUserId: canonicalUserId(accountId) }),
  };
}

function isNew(need: S3Need): boolean {
  return need.action === "s3:CreateBucket" || need.isNew === true;
}

/** A bucket that is about to be made is the caller's: another of that name has no say. */
function bucketFor(state: State, need: S3Need): Bucket | undefined {
  if (need.bucketName === undefined || isNew(need)) return undefined;
  return find(state, "bucket", need.bucketName);
}

function accountOf(principal: Principal): string | undefined {
  return "accountId" in principal ? principal.accountId : undefined;
}

function resourceOf(need: S3Need): string {
  if (need.bucketName === undefined) return "*";
  return need.key === undefined ? bucketArn(need.bucketName) : objectArn(need.bucketName, need.key);
}

/**
 * The bucket owner's root user may always get at the bucket policy, whatever it says, so that nobody is locked out for good.
 * Source: Amazon S3 API Reference, "PutBucketPolicy", "GetBucketPolicy", "DeleteBucketPolicy".
 */
function isLockout(principal: Principal, bucket: Bucket, action: string): boolean {
  return principal.kind === "root" && principal.accountId === bucket.accountId && bucketPolicyActions.has(action);
}

const bucketPolicyActions: ReadonlySet<string> = new Set([
  "s3:GetBucketPolicy",
  "s3:PutBucketPolicy",
  "s3:DeleteBucketPolicy",
]);
