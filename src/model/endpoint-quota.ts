/** How many endpoints there may be. Source: AWS PrivateLink guide, "AWS PrivateLink quotas". */

import { ok, type Result } from "../base/result.ts";
import { type ApiError, fail } from "./error.ts";
import { quotaOf } from "./quota.ts";
import type { VpcEndpointType } from "./service-catalogue.ts";
import { countBy, findBy, ownerKey, type State } from "./state.ts";
import type { Context } from "./verb.ts";

/** Fails with VpcEndpointLimitExceeded when one more would be too many; never where there is no quota. */
export function checkEndpointQuota(
  state: State,
  wanted: { readonly kind: VpcEndpointType; readonly vpcId: string },
  context: Context,
): Result<void, ApiError> {
  const privatePerVpc = quotaOf("interfaceEndpointsPerVpc", context);
  if (wanted.kind === "Gateway") {
    const gatewaysPerRegion = quotaOf("gatewayEndpointsPerRegion", context);
    // Few accounts have more endpoints than the smaller quota: only then are the gateways counted one by one.
    const owner = ownerKey(context.accountId, context.region);
    if (countBy(state, "vpc-endpoint", "owner", owner) < gatewaysPerRegion) return ok(undefined);
    const gateways = findBy(state, "vpc-endpoint", "owner", owner).filter((one) => one.kind === "Gateway");
    const inVpc = gateways.filter((one) => one.vpcId === wanted.vpcId);
    return gateways.length < gatewaysPerRegion && inVpc.length < quotaOf("gatewayEndpointsPerVpc", context)
      ? ok(undefined)
      : exceeded();
  }
  if (countBy(state, "vpc-endpoint", "vpcId", wanted.vpcId) < privatePerVpc) return ok(undefined);
  const there = findBy(state, "vpc-endpoint", "vpcId", wanted.vpcId).filter((one) => one.kind !== "Gateway");
  return there.length < privatePerVpc ? ok(undefined) : exceeded();
}

function exceeded(): Result<never, ApiError> {
  return fail("VpcEndpointLimitExceeded", {});
}
