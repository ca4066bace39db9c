/** Long-lived access keys of users. Source: IAM User Guide, "Access keys". */

import type { Resource } from "./resource.ts";

export interface AccessKey extends Resource {
  /** `AKIA…`. */
  readonly id: string;
  readonly secretAccessKey: string;
  readonly userId: string;
  readonly status: "Active" | "Inactive";
}
