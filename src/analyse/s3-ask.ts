/**
 * What S3 asks the policies for one action: who owns the thing, whose bucket policy takes part, and which keys are set. The
 * server that enforces and the trace that foretells ask by this one function.
 */

import { type Bucket, bucketArn, objectArn } from "../model/bucket.ts";
import { find, type State } from "../model/state.ts";
import type { Path } from "../network/path.ts";
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
  /** Condition keys beyond those of the request. */
  readonly keys?: Readonly<Record<string, readonly string[]>>;
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
  const owner = need.action === "s3:CreateBucket" ? accountOf(principal) : bucket?.accountId;
  return {
    principal,
    path,
    region,
    nowMs,
    secureTransport: secure,
    ...(userAgent === undefined ? {} : { userAgent }),
    action: need.action,
    resource: resourceOf(need),
    ...(owner === undefined ? {} : { resourceAccountId: owner }),
    ...(bucket === undefined || isLockout(principal, bucket, need.action) ? {} : { bucketName: bucket.id }),
    keys: {
      ...request.keys,
      ...(owner === undefined ? {} : { "s3:ResourceAccount": [owner] }),
      ...need.keys,
    },
  };
}

/** A bucket that is about to be made is the caller's: another of that name has no say. */
function bucketFor(state: State, need: S3Need): Bucket | undefined {
  if (need.bucketName === undefined || need.action === "s3:CreateBucket") return undefined;
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
