/** VPC endpoints: three types that share a state and a policy. Source: AWS PrivateLink guide, "Gateway endpoints". */

import type { Id } from "../base/id.ts";
import type { Resource } from "./resource.ts";

export type VpcEndpoint = GatewayVpcEndpoint;

/** On the wire lower camel, though the API's model says `Available`. */
export type VpcEndpointState =
  | "pendingAcceptance"
  | "pending"
  | "available"
  | "deleting"
  | "deleted"
  | "rejected"
  | "failed";

export interface GatewayVpcEndpoint extends Resource {
  readonly kind: "Gateway";
  readonly id: Id<"vpce">;
  readonly vpcId: Id<"vpc">;
  /** `com.amazonaws.us-east-1.s3`. */
  readonly serviceName: string;
  readonly state: VpcEndpointState;
  /** The policy exactly as it was written. */
  readonly policyDocument: string;
  readonly routeTableIds: readonly Id<"rtb">[];
  readonly clientToken?: string;
}
