/** IAM groups: users that share policies. Membership is kept with the user. Source: IAM API Reference, "Group". */

import type { Resource } from "./resource.ts";
import type { InlinePolicy } from "./user.ts";

export interface Group extends Resource {
  /** `AGPA…`. */
  readonly id: string;
  readonly name: string;
  /** Begins and ends with a slash. */
  readonly path: string;
  readonly inlinePolicies: readonly InlinePolicy[];
  readonly attachedPolicyArns: readonly string[];
}

export function groupArn(group: Pick<Group, "accountId" | "path" | "name">): string {
  return `arn:aws:iam::${group.accountId}:group${group.path}${group.name}`;
}
