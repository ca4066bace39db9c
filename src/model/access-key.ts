/** Long-lived access keys of users, and the temporary ones that STS hands out. Source: IAM User Guide, "Access keys". */

import type { Resource } from "./resource.ts";

export interface AccessKey extends Resource {
  /** `AKIA…`. */
  readonly id: string;
  readonly secretAccessKey: string;
  readonly userId: string;
  readonly status: "Active" | "Inactive";
}

export interface Session extends Resource {
  /** `ASIA…`. */
  readonly id: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly expiresAtMs: number;
  readonly principal: AssumedRole;
  /** Session policies: inline documents, exactly as passed. */
  readonly sessionPolicies: readonly string[];
  readonly sessionPolicyArns: readonly string[];
}

export interface AssumedRole {
  readonly kind: "assumed-role";
  readonly roleId: string;
  readonly sessionName: string;
}
