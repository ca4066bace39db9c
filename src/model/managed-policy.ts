/** Customer managed policies. Source: IAM API Reference, "Policy". */

import type { Resource } from "./resource.ts";

export interface ManagedPolicy extends Resource {
  /** `ANPA…`. */
  readonly id: string;
  readonly name: string;
  readonly path: string;
  readonly description?: string;
  /** At most five; one is the default. */
  readonly versions: readonly ManagedPolicyVersion[];
  readonly defaultVersionId: string;
  readonly updatedAtMs: number;
}

export interface ManagedPolicyVersion {
  /** `v1`. */
  readonly id: string;
  readonly document: string;
  readonly createdAtMs: number;
}
