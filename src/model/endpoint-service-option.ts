/** What an endpoint service may be made of: load balancers, address types, regions. */

import { ok, type Result } from "../base/result.ts";
import { type ApiError, fail } from "./error.ts";
import { findRegion } from "./region.ts";
import type { IpAddressType } from "./service-catalogue.ts";
import { find, type State } from "./state.ts";
import type { Caller } from "./verb.ts";

const arnForm = /^arn:aws:elasticloadbalancing:[a-z0-9-]+:\d{12}:loadbalancer\/(net|gwy)\/[A-Za-z0-9-]+\/[0-9a-f]{16}$/;

export interface ServiceBalancers {
  readonly kind: "Interface" | "GatewayLoadBalancer";
  readonly arns: readonly string[];
}

/**
 * The caller's load balancers, of one kind; fails with InvalidParameter, or with the .Malformed or .NotFound code of
 * the kind. ASSUMPTION: the texts that refuse the load balancers of an endpoint service are ours, and those for
 * gateway load balancers follow those for network ones.
 */
export function balancersOf(
  state: State,
  wanted: {
    readonly networkLoadBalancerArns: readonly string[];
    readonly gatewayLoadBalancerArns: readonly string[];
  },
  caller: Caller,
): Result<ServiceBalancers, ApiError> {
  const { networkLoadBalancerArns: networks, gatewayLoadBalancerArns: gateways } = wanted;
  if (networks.length > 0 && gateways.length > 0) {
    return invalid("Network Load Balancers and Gateway Load Balancers cannot be specified together.");
  }
  if (networks.length + gateways.length === 0) {
    return invalid("At least one Network Load Balancer or Gateway Load Balancer must be specified.");
  }
  const kind = networks.length > 0 ? "Interface" : "GatewayLoadBalancer";
  const arns = [...new Set([...networks, ...gateways])];
  for (const arn of arns) {
    if (!arnForm.test(arn)) {
      return kind === "Interface"
        ? fail("InvalidNetworkLoadBalancerArn.Malformed", { arn })
        : fail("InvalidGatewayLoadBalancerArn.Malformed", { arn });
    }
    const balancer = find(state, "load-balancer", arn);
    const own = balancer?.accountId === caller.accountId && balancer.region === caller.region;
    if (!own || balancer?.kind !== (kind === "Interface" ? "network" : "gateway")) {
      return kind === "Interface"
        ? fail("InvalidNetworkLoadBalancerArn.NotFound", { arn })
        : fail("InvalidGatewayLoadBalancerArn.NotFound", { arn });
    }
  }
  return ok({ kind, arns });
}

/** Source: EC2 API Reference, "CreateVpcEndpointServiceConfiguration", SupportedIpAddressTypes; IPv4 where a call names none. */
export function checkAddressTypes(types: readonly string[]): Result<readonly IpAddressType[], ApiError> {
  const bad = types.find((one) => one !== "ipv4" && one !== "ipv6");
  if (bad !== undefined) {
    return fail("InvalidParameterValue", { message: `Invalid value '${bad}' for SupportedIpAddressTypes.` });
  }
  const known = (["ipv4", "ipv6"] as const).filter((one) => types.includes(one));
  return ok(known.length === 0 ? ["ipv4"] : known);
}

export function checkRegions(regions: readonly string[]): Result<readonly string[], ApiError> {
  const bad = regions.find((one) => findRegion(one) === undefined);
  return bad === undefined ? ok([...new Set(regions)]) : invalid(`The region ${bad} is not valid.`);
}

function invalid(message: string): Result<never, ApiError> {
  return fail("InvalidParameter", { message });
}
