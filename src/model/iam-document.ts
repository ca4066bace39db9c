/**
 * Policy documents as IAM takes them in: well formed for their kind and within the quota. White space is not counted.
 * Source: IAM User Guide, "IAM and AWS STS quotas", section "IAM and STS character limits".
 */

import type { Result } from "../base/result.ts";
import { ok } from "../base/result.ts";
import type { ApiError } from "./error.ts";
import { fail } from "./error.ts";
import { checked, documentConstraint } from "./iam-constraint.ts";

/** What the policy will be: permissions of an identity (also as a boundary or for a session) or who may assume a role. */
export type IamDocumentKind = "identity" | "trust";

/** Whether IAM takes the text. `parameter` names it in a ValidationError; fails with MalformedPolicyDocument otherwise. */
export function checkedDocument(
  kind: IamDocumentKind,
  text: string,
  parameter = "policyDocument",
): Result<undefined, ApiError> {
  const plain = checked([documentConstraint(parameter, text)]);
  if (!plain.ok) return plain;
  return wellFormed(kind, text);
}

/** Characters that count against a quota. */
export function documentSize(text: string): number {
  return text.replaceAll(/\s/gu, "").length;
}

function wellFormed(_kind: IamDocumentKind, text: string): Result<undefined, ApiError> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && "Statement" in value) return ok(undefined);
  } catch {
    // Not JSON: answered below.
  }
  return fail("MalformedPolicyDocument", { message: "Syntax errors in policy." });
}
