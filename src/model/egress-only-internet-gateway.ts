/**
 * Egress-only internet gateways: IPv6 out of a VPC and not in. Source: Amazon VPC User Guide, "Egress-only internet gateways"
 * and "Amazon VPC quotas" (a VPC has one at a time).
 *
 * ASSUMPTION: a second egress-only internet gateway of a VPC is refused with the code and the words of a second internet gateway.
 */

import { type Id, makeId } from "../base/id.ts";
import { idempotency, madeBefore } from "./client-token.ts";
import { fail } from "./error.ts";
import type { Idempotent } from "./idempotent.ts";
import { lookup } from "./lookup.ts";
import { checkQuota } from "./quota.ts";
import type { Resource, Tags } from "./resource.ts";
import { countBy, ownerKey, put, remove, type State } from "./state.ts";
import { checkTags } from "./tag.ts";
import { accept, type Context, type Outcome } from "./verb.ts";

export interface EgressOnlyInternetGateway extends Resource, Idempotent {
  readonly id: Id<"eigw">;
  /** It is made attached and stays so. */
  readonly vpcId: Id<"vpc">;
}

/** Fails with InvalidParameterValue where the VPC has one. */
export function createEgressOnlyInternetGateway(
  state: State,
  input: { readonly vpcId: string; readonly tags: Tags; readonly clientToken?: string },
  context: Context,
): Outcome<EgressOnlyInternetGateway> {
  const before = madeBefore(state, "egress-only-internet-gateway", input, context);
  if (!before.ok) return before;
  if (before.value[0] !== undefined) return accept(before.value[0], []);
  const vpc = lookup(state, "vpc", input.vpcId, context);
  if (!vpc.ok) return vpc;
  if (countBy(state, "egress-only-internet-gateway", "vpcId", vpc.value.id) > 0) {
    return fail("InvalidParameterValue", {
      message: `Network ${vpc.value.id} already has an egress-only internet gateway attached`,
    });
  }
  const tags = checkTags(input.tags);
  if (!tags.ok) return tags;
  const { accountId, region, nowMs, hex } = context;
  const held = countBy(state, "egress-only-internet-gateway", "owner", ownerKey(accountId, region));
  const quota = checkQuota("egressOnlyInternetGatewaysPerRegion", held, context);
  if (!quota.ok) return quota;
  const own = { id: makeId("eigw", hex), accountId, region, createdAtMs: nowMs, tags: tags.value };
  const gateway: EgressOnlyInternetGateway = { ...own, vpcId: vpc.value.id, ...idempotency(input) };
  return accept(gateway, [put("egress-only-internet-gateway", gateway)]);
}

/** Routes to it turn into blackholes. */
export function deleteEgressOnlyInternetGateway(
  state: State,
  input: { readonly egressOnlyInternetGatewayId: string },
  context: Context,
): Outcome<void> {
  const gateway = lookup(state, "egress-only-internet-gateway", input.egressOnlyInternetGatewayId, context);
  if (!gateway.ok) return gateway;
  return accept(undefined, [remove("egress-only-internet-gateway", gateway.value.id)]);
}
