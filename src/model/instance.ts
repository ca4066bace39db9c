/** Instances: network hosts that run programs of this machine. Source: Amazon EC2 User Guide, "Instance lifecycle". */

import type { Id } from "../base/id.ts";
import type { Resource } from "./resource.ts";

export type InstanceState = "pending" | "running" | "shutting-down" | "terminated" | "stopping" | "stopped";

export interface Instance extends Resource {
  readonly id: Id<"i">;
  readonly reservationId: Id<"r">;
  readonly launchIndex: number;
  readonly imageId: string;
  readonly instanceType: string;
  readonly keyName?: string;
  readonly vpcId: Id<"vpc">;
  readonly subnetId: Id<"subnet">;
  /** In the order of their device index; the first is the primary interface. Empty once terminated. */
  readonly networkInterfaceIds: readonly Id<"eni">[];
  readonly state: InstanceState;
  /** Set with `terminated`; the document goes about an hour later. */
  readonly terminatedAtMs?: number;
  readonly clientToken?: string;
}
