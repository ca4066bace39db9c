/** IAM users. Source: IAM API Reference, "User". */

import type { Resource } from "./resource.ts";

export interface User extends Resource {
  /** `AIDA…`. */
  readonly id: string;
  readonly name: string;
  /** Begins and ends with a slash. */
  readonly path: string;
  readonly inlinePolicies: readonly InlinePolicy[];
  readonly attachedPolicyArns: readonly string[];
  /** The unique ids of the groups that the user is in, in the order they were joined. */
  readonly groupIds: readonly string[];
  readonly permissionsBoundaryArn?: string;
}

export interface InlinePolicy {
  readonly name: string;
  /** The policy exactly as it was written. */
  readonly document: string;
}

export function userArn(user: Pick<User, "accountId" | "path" | "name">): string {
  return `arn:aws:iam::${user.accountId}:user${user.path}${user.name}`;
}
