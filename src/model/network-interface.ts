/** Elastic network interfaces. Source: Amazon EC2 User Guide, "Elastic network interfaces". */

import type { Id } from "../base/id.ts";
import type { Resource } from "./resource.ts";

export interface NetworkInterface extends Resource {
  readonly id: Id<"eni">;
  readonly vpcId: Id<"vpc">;
  readonly subnetId: Id<"subnet">;
  readonly description: string;
  /** `02:…`, lower case. */
  readonly macAddress: string;
  /** The primary private IPv4 address. */
  readonly privateIpAddress: string;
  /** The public address that an attached internet gateway maps one to one. */
  readonly publicIpAddress?: string;
  readonly sourceDestCheck: boolean;
  readonly attachment?: NetworkInterfaceAttachment;
}

export interface NetworkInterfaceAttachment {
  readonly id: Id<"eni-attach">;
  readonly instanceId: Id<"i">;
  readonly deviceIndex: number;
  readonly deleteOnTermination: boolean;
  readonly attachedAtMs: number;
}
