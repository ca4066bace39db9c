/** The full story of one request, past or dry: every step of the one-way flow with its reason. `why` and `trace` print it. */

import type { Path } from "../network/path.ts";
import type { RouteChoice } from "../network/walk.ts";
import type { Counterfactual } from "../policy/counterfactual.ts";
import type { Decision } from "../policy/decision.ts";

export interface RequestTrace {
  /** What the client got as x-amz-request-id; of a dry trace `dry`. */
  readonly requestId: string;
  readonly atMs: number;
  readonly service: string;
  readonly operation?: string;
  /** `GET /key`. */
  readonly request: string;
  /** The name that was called, what it resolves to in the caller's VPC, and which rule of the resolver said so. */
  readonly name?: { readonly host: string; readonly ips: readonly string[]; readonly by: string };
  /** Absent from the host, and behind a NAT gateway: services see the gateway's address alone. */
  readonly instanceId?: string;
  /** The name of the host behind a VPN connection that the request comes from; absent for every other place. */
  readonly onPremisesHost?: string;
  /** Behind a NAT gateway the instances that may have made the request. */
  readonly candidateIds?: readonly string[];
  /** Absent when nothing answers there. */
  readonly path?: Path;
  /** Absent of a request that asked for no permission. */
  readonly transport?: "http" | "https";
  /** Why nothing answers, where `path` is absent. */
  readonly unreachable?: string;
  /** The route that the instance's packets took and those it beat; absent where the instance is not known. */
  readonly route?: RouteChoice;
  /** The NAT gateways on the way, in order; absent for none. */
  readonly nats?: readonly NatTrace[];
  /**
   * Every filter that packets and their answers meet, in order; one that drops is the last. Absent of a request that came by
   * a connection which the filters of its time would not let open.
   */
  readonly filters?: readonly FilterTrace[];
  /** What would let the request pass, or take the endpoint: a sentence each, with the call that does it. */
  readonly advice?: readonly string[];
  /** The caller's ARN or `anonymous`; absent when the signature was refused. */
  readonly principalArn?: string;
  /** One for each action that the operation needs. */
  readonly decisions: readonly TracedDecision[];
  /** Absent on a dry trace. */
  readonly status?: number;
  readonly errorCode?: string;
  readonly errorMessage?: string;
  readonly durationMs?: number;
}

export interface NatTrace {
  readonly natGatewayId: string;
  readonly subnetId: string;
  /** By which it sends on: of its own subnet. */
  readonly route: RouteChoice;
}

export interface FilterTrace {
  readonly leg: "request" | "reply";
  /** `eni-…` for security groups, `subnet-…` for a network ACL. */
  readonly at: string;
  readonly direction: "ingress" | "egress";
  readonly allowed: boolean;
  /** `sgr-… of sg-…`, `rule 100 of acl-…`. */
  readonly by: string;
  /** `tcp 443 from 10.0.1.4 to 52.216.0.10`. */
  readonly packet: string;
}

export interface TracedDecision {
  readonly action: string;
  readonly resource: string;
  readonly decision: Decision;
  /** The condition keys that the policies which took part name, in lower case and in order. */
  readonly askedKeys: readonly string[];
  /** Condition keys that were set. */
  readonly present: Readonly<Record<string, readonly string[]>>;
  /** Condition keys that were not, and why. */
  readonly absent: Readonly<Record<string, string>>;
  /** Of a refusal: the smallest single change that would let the request through, where one is enough. */
  readonly unless?: Counterfactual;
}
