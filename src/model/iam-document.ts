/**
 * Policy documents as IAM takes them in: well formed for their kind and within the quota. White space is not counted.
 * Source: IAM User Guide, "IAM and AWS STS quotas", section "IAM and STS character limits".
 */

import type { Result } from "../base/result.ts";
import { ok } from "../base/result.ts";
import { parsePolicy } from "../policy/parse.ts";
import { iamPolicyText } from "../policy/policy-error.ts";
import type { ApiError } from "./error.ts";
import { fail } from "./error.ts";
import { checked, documentConstraint } from "./iam-constraint.ts";

/** Whether IAM or STS takes the text as such a policy. `parameter` names it in a ValidationError; else MalformedPolicyDocument. */
export function checkedDocument(
  kind: "identity" | "trust" | "session",
  text: string,
  parameter = "policyDocument",
): Result<undefined, ApiError> {
  const plain = checked([documentConstraint(parameter, text)]);
  if (!plain.ok) return plain;
  const policy = parsePolicy(text, kind);
  return policy.ok ? ok(undefined) : fail("MalformedPolicyDocument", { message: iamPolicyText(policy.error) });
}

/** Characters that count against a quota. */
export function documentSize(text: string): number {
  return text.replaceAll(/\s/gu, "").length;
}
