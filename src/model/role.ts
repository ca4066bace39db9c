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
  /**
   * The unique id that each user or role ARN of the trust policy had when it was saved: a principal that was deleted and made
   * again under the same ARN no longer matches. Source: IAM User Guide, "AWS JSON policy elements: Principal".
   */
  readonly trustedPrincipalIds: Readonly<Record<string, string>>;
  readonly maxSessionDurationSeconds: number;
  readonly inlinePolicies: readonly InlinePolicy[];
  readonly attachedPolicyArns: readonly string[];
  readonly permissionsBoundaryArn?: string;
}

export function roleArn(role: Pick<Role, "accountId" | "path" | "name">): string {
  return `arn:aws:iam::${role.accountId}:role${role.path}${role.name}`;
}
