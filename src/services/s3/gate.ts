/** Asks the policies for one request and remembers what was asked. */

import { type Ask, authorise } from "../../analyse/authorise.ts";
import { type Bucket, bucketArn, objectArn } from "../../model/bucket.ts";
import { find, type State } from "../../model/state.ts";
import type { Path } from "../../network/path.ts";
import type { Decision } from "../../policy/decision.ts";
import { denialText } from "../../policy/denial.ts";
import type { Principal } from "../../policy/request.ts";
import { type S3Error, s3Error } from "./s3-error.ts";

/** One action on one thing. */
export interface Need {
  /** `s3:GetObject`. */
  readonly action: string;
  /** Absent: `*`. */
  readonly bucketName?: string;
  /** Absent: the bucket itself. */
  readonly key?: string;
  /** Condition keys beyond those of the request. */
  readonly keys?: Readonly<Record<string, readonly string[]>>;
}

export interface Gate {
  /** The refusal, or undefined when all is allowed. */
  readonly refuse: (need: Need) => S3Error | undefined;
  /** What was asked so far, in order. */
  readonly asks: () => readonly Ask[];
}

export interface GateOptions {
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

export function openGate(options: GateOptions): Gate {
  const asks: Ask[] = [];
  return {
    asks: () => asks,
    refuse: (need) => {
      const ask = askOf(options, need);
      asks.push(ask);
      const decision = authorise(options.state, ask);
      return decision.allowed ? undefined : denied(ask, decision);
    },
  };
}

function askOf(options: GateOptions, need: Need): Ask {
  const { principal, path, region, nowMs, secure, userAgent } = options;
  const bucket = bucketFor(options.state, need);
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
      ...options.keys,
      ...(owner === undefined ? {} : { "s3:ResourceAccount": [owner] }),
      ...need.keys,
    },
  };
}

/** A bucket that is about to be made is the caller's: another of that name has no say. */
function bucketFor(state: State, need: Need): Bucket | undefined {
  if (need.bucketName === undefined || need.action === "s3:CreateBucket") return undefined;
  return find(state, "bucket", need.bucketName);
}

function accountOf(principal: Principal): string | undefined {
  return "accountId" in principal ? principal.accountId : undefined;
}

function resourceOf(need: Need): string {
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

function denied(ask: Ask, decision: Decision): S3Error {
  const headers = { "x-underpass-denied-by": deniedBy(decision) };
  // S3 tells an anonymous caller nothing more.
  return ask.principal.kind === "anonymous"
    ? s3Error("AccessDenied", { headers })
    : s3Error("AccessDenied", { message: denialText(ask, decision), headers });
}

/** `endpoint-policy; no-allow`, `resource-policy; explicit-deny; policy="bucket docs"; statement=0; sid="OnlyVpc"`. */
function deniedBy(decision: Decision): string {
  const by = decision.decidedBy;
  if (by === undefined) return "no-allow";
  const { layer, reason, statement } = by;
  if (statement === undefined) return `${layer}; ${reason}`;
  const sid = statement.sid === undefined ? "" : `; sid=${quoted(statement.sid)}`;
  return `${layer}; ${reason}; policy=${quoted(statement.policy)}; statement=${statement.index}${sid}`;
}

/** Header values are visible ASCII. */
function quoted(text: string): string {
  return `"${text.replace(/[^\x20-\x7e]|["\\]/g, "?")}"`;
}
