/** Subnets. Source: Amazon VPC User Guide, "Subnets for your VPC". */

import type { Id } from "../base/id.ts";
import type { Resource } from "./resource.ts";

export interface Subnet extends Resource {
  readonly id: Id<"subnet">;
  readonly vpcId: Id<"vpc">;
  /** Canonical CIDR text, inside one of the VPC's blocks. */
  readonly cidrBlock: string;
  /** `us-east-1a`. */
  readonly availabilityZone: string;
  readonly mapPublicIpOnLaunch: boolean;
}
