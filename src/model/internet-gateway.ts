/** Internet gateways. Source: Amazon VPC User Guide, "Enable internet access for a VPC using an internet gateway". */

import type { Id } from "../base/id.ts";
import type { Resource } from "./resource.ts";

export interface InternetGateway extends Resource {
  readonly id: Id<"igw">;
  /** The VPC it is attached to; at most one gateway a VPC. */
  readonly vpcId?: Id<"vpc">;
}
