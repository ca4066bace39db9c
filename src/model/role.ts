/** IAM roles. Source: IAM API Reference, "Role". */

import type { Resource } from "./resource.ts";
import type { InlinePolicy } from "./user.ts";

export interface Role extends Resource {
  /** `AROA…`. */
  readonly id: string;
  readonly name: string;
  readonly path: string;
  readonly description?: string;
  /** Who may assume the role, exactly as it was written. */
  readonly assumeRolePolicyDocument: string;
  readonly maxSessionDurationSeconds: number;
  readonly inlinePolicies: readonly InlinePolicy[];
  readonly attachedPolicyArns: readonly string[];
}
