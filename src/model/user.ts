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
}

export interface InlinePolicy {
  readonly name: string;
  /** The policy exactly as it was written. */
  readonly document: string;
}
