/** Virtual private clouds. Source: Amazon VPC User Guide, "Virtual private clouds (VPC)". */

import type { Id } from "../base/id.ts";
import type { Resource } from "./resource.ts";

export interface Vpc extends Resource {
  readonly id: Id<"vpc">;
  /** The first is the primary one. Canonical CIDR text. */
  readonly cidrBlocks: readonly VpcCidrBlock[];
  readonly instanceTenancy: "default" | "dedicated";
  readonly isDefault: boolean;
  readonly dhcpOptionsId: Id<"dopt"> | "default";
  readonly enableDnsSupport: boolean;
  readonly enableDnsHostnames: boolean;
  readonly enableNetworkAddressUsageMetrics: boolean;
}

export interface VpcCidrBlock {
  readonly associationId: Id<"vpc-cidr-assoc">;
  readonly cidrBlock: string;
}
