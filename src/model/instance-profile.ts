/** Instance profiles: what hands a role to an instance. Source: IAM API Reference, "InstanceProfile". */

import type { Resource } from "./resource.ts";

export interface InstanceProfile extends Resource {
  /** `AIPA…`. */
  readonly id: string;
  readonly name: string;
  /** Begins and ends with a slash. */
  readonly path: string;
  /** The unique id of the one role that it may hold. */
  readonly roleId?: string;
}

export function instanceProfileArn(profile: Pick<InstanceProfile, "accountId" | "path" | "name">): string {
  return `arn:aws:iam::${profile.accountId}:instance-profile${profile.path}${profile.name}`;
}
