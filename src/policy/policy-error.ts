/** What is wrong with a policy document, where, and how each service words it. */

import { positionOf } from "./json.ts";

/** Which rule was broken: services word their errors by it. */
export type PolicyRule =
  | "json"
  | "size"
  | "structure"
  | "version"
  | "sid"
  | "effect"
  | "principal-missing"
  | "principal-forbidden"
  | "principal-invalid"
  | "action-missing"
  | "action-invalid"
  | "resource-missing"
  | "resource-forbidden"
  | "resource-invalid"
  | "condition-operator"
  | "condition-key"
  | "condition-value";

export interface PolicyError {
  readonly rule: PolicyRule;
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 units. */
  readonly column: number;
  /** `Statement[0].Condition.StringLike`; empty at the top. */
  readonly path: string;
  readonly problem: string;
  readonly expected: string;
  /** The entry at fault, where there is one. */
  readonly found?: string;
}

export interface Fault {
  readonly rule: PolicyRule;
  readonly offset: number;
  readonly path: string;
  readonly problem: string;
  readonly expected: string;
  readonly found?: string;
}

export function policyErrorAt(text: string, fault: Fault): PolicyError {
  const { offset, ...rest } = fault;
  return { ...rest, ...positionOf(text, offset) };
}

/** One line for people: `line 3, column 14, at Statement[0].Effect: …, expected …`. */
export function describePolicyError(error: PolicyError): string {
  const at = error.path === "" ? "" : `, at ${error.path}`;
  return `line ${error.line}, column ${error.column}${at}: ${error.problem}, expected ${error.expected}`;
}

/**
 * The text of IAM's MalformedPolicyDocument.
 * Source: texts that IAM answers, as collected in public bug trackers; those without a known text get IAM's general one.
 */
export function iamPolicyText(error: PolicyError): string {
  const found = error.found ?? "";
  switch (error.rule) {
    case "json":
      return "This policy contains invalid Json";
    case "sid":
      return `Statement IDs (SID) ${error.problem}.`;
    case "principal-missing":
      return "Missing required field Principal";
    case "principal-forbidden":
      return "Policy document should not specify a principal.";
    case "principal-invalid":
      return found === ""
        ? "Invalid principal in policy"
        : `Invalid principal in policy: ${principalText(error.path, found)}`;
    case "action-missing":
      return "Policy statement must contain actions.";
    case "action-invalid":
      return found.includes(":")
        ? "The policy failed legacy parsing"
        : "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.";
    case "resource-missing":
      return "Policy statement must contain resources.";
    case "resource-forbidden":
      return "Has prohibited field Resource";
    case "resource-invalid":
      return `Resource ${found} must be in ARN format or "*".`;
    case "condition-operator":
      return `Invalid Condition type : ${found}.`;
    case "condition-key":
      return "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.";
    case "size":
    case "structure":
    case "version":
    case "effect":
    case "condition-value":
      return "Syntax errors in policy.";
  }
}

/** `"AWS":"arn:…"`: the type of the principal stands last in the path. */
function principalText(path: string, found: string): string {
  const type = /\.(AWS|Service|Federated|CanonicalUser)$/.exec(path)?.[1];
  return type === undefined ? found : `"${type.toUpperCase()}":"${found}"`;
}

/** The text of S3's MalformedPolicy. Source: Amazon S3 User Guide, "Troubleshooting bucket policies"; AWS re:Post. */
export function s3PolicyText(error: PolicyError): string {
  switch (error.rule) {
    case "json":
      return "Policies must be valid JSON and the first byte must be '{'";
    case "size":
      return "Normalized policy document exceeds the maximum allowed size of 20480 bytes.";
    case "principal-missing":
      return "Missing required field Principal";
    case "principal-forbidden":
    case "principal-invalid":
      return "Invalid principal in policy";
    case "action-missing":
      return "Missing required field Action";
    case "action-invalid":
      return "Policy has invalid action";
    case "resource-missing":
      return "Missing required field Resource";
    case "resource-forbidden":
    case "resource-invalid":
      return "Policy has invalid resource";
    case "effect":
      return error.found === undefined ? "Missing required field Effect" : `Invalid effect: ${error.found}`;
    case "version":
      return "The policy must contain a valid version string";
    case "condition-operator":
      return `Invalid Condition type : ${error.found ?? ""}`;
    case "condition-key":
      return "Policy has an invalid condition key";
    case "condition-value":
    case "sid":
    case "structure":
      return "Invalid policy syntax.";
  }
}

/**
 * The text of EC2's InvalidPolicyDocument.
 * ASSUMPTION: the line and column in a refusal of a policy are ours; AWS says what is wrong without them.
 */
export function ec2PolicyText(error: PolicyError): string {
  return error.rule === "json"
    ? `This policy contains invalid Json (${describePolicyError(error)})`
    : `The policy is invalid: ${describePolicyError(error)}`;
}
