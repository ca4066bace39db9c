/**
 * Block Public Access of S3: four switches, and what they take for public.
 * Source: Amazon S3 User Guide, "Blocking public access to your Amazon S3 storage": "The meaning of public".
 */

import { sizeOfPrefix } from "../base/prefix.ts";
import { hasWildcard } from "./glob.ts";
import type { Condition, Policy, Statement } from "./policy.ts";
import { accountOf } from "./principal.ts";
import type { PolicyRequest } from "./request.ts";
import { parseIpRange } from "./value.ts";
import { hasVariable } from "./variable.ts";

/** Those of the bucket and of its account together: a switch counts where either has it on. */
export interface PublicAccessBlock {
  /** New lists that are public are refused. */
  readonly blockPublicAcls: boolean;
  /** Public grants of lists count for nothing. */
  readonly ignorePublicAcls: boolean;
  /** New bucket policies that are public are refused. */
  readonly blockPublicPolicy: boolean;
  /** A public bucket policy opens nothing to other accounts and the anonymous. */
  readonly restrictPublicBuckets: boolean;
}

/** Whether a bucket policy is public: some Allow is open to others than fixed principals, networks or resources. */
export function isPublicPolicy(policy: Policy): boolean {
  const known = memory.get(policy);
  if (known !== undefined) return known;
  const isPublic = policy.statements.some((statement) => statement.effect === "Allow" && isPublicStatement(statement));
  memory.set(policy, isPublic);
  return isPublic;
}

const memory = new WeakMap<Policy, boolean>();

/** Whether RestrictPublicBuckets shuts this caller out: all but services and the owner's own account. */
export function isOutsider({ principal, resourceAccountId }: PolicyRequest): boolean {
  if (principal.kind === "service") return false;
  const accountId = accountOf(principal);
  return accountId === undefined || accountId !== resourceAccountId;
}

function isPublicStatement({ principal, conditions }: Statement): boolean {
  if (principal === undefined) return false;
  const everyone = principal.negated || principal.entries.some((entry) => entry.text === "*");
  return everyone && !conditions.some(isFixing);
}

/** Keys that fix who is let in. */
const fixingKeys = new Set([
  "aws:principalaccount",
  "aws:principalarn",
  "aws:principalorgid",
  "aws:principalorgpaths",
  "aws:sourceaccount",
  "aws:sourcearn",
  "aws:sourceorgid",
  "aws:sourceowner",
  "aws:sourcevpc",
  "aws:sourcevpce",
  "aws:userid",
  "s3:dataaccesspointaccount",
  "s3:dataaccesspointarn",
  "s3:x-amz-server-side-encryption-aws-kms-key-id",
]);

/**
 * ASSUMPTION: a bucket policy for IPv4 blocks wider than /8 or IPv6 blocks wider than /32 is public; AWS says only
 * "very broad".
 */
const widestBlock = { 32: 2 ** 24, 128: 2 ** 96 } as const;

/**
 * Whether the condition lets in fixed values alone. Those that let in requests without the key fix nothing.
 * ASSUMPTION: a bucket policy stays non-public with a wildcard in the resource part of an ARN, not with one behind
 * the colon of aws:userid.
 */
function isFixing({ operator, key, values }: Condition): boolean {
  const { family, negated, ifExists, quantifier } = operator;
  if (negated || ifExists || quantifier === "ForAllValues" || values.length === 0) return false;
  if (values.some((value) => hasVariable(value.template))) return false;
  const name = key.toLowerCase();
  if (family === "Ip") return name === "aws:sourceip" && values.every(({ text }) => isNarrow(text));
  if (!fixingKeys.has(name) || (family !== "String" && family !== "Arn")) return false;
  return operator.comparison !== "like" || values.every(({ text }) => isFixed(name, text));
}

function isNarrow(text: string): boolean {
  const range = parseIpRange(text);
  return range !== undefined && sizeOfPrefix(range) <= widestBlock[range.ip.width];
}

function isFixed(key: string, text: string): boolean {
  if (!hasWildcard(text)) return true;
  return key.endsWith("arn") && text.startsWith("arn:") && !hasWildcard(text.split(":").slice(0, 5).join(":"));
}
