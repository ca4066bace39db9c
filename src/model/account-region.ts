/**
 * An account in a region: what is there before anybody made anything. It comes with the account's first call there.
 * Source: Amazon VPC User Guide, "Default VPCs": there is one in each region of an account, until somebody deletes it.
 */

import { createDefaultVpc, defaultVpcOf } from "./default-vpc.ts";
import { noQuotas } from "./quota.ts";
import { findRegion } from "./region.ts";
import type { Resource } from "./resource.ts";
import { find, ownerKey, put, type State } from "./state.ts";
import { accept, type Caller, type Context, type Outcome, usualSettings } from "./verb.ts";

/** That the account has got its default VPC in the region: who deletes it does not find it again. */
export interface AccountRegion extends Resource {
  /** `ownerKey(accountId, region)`. */
  readonly id: string;
}

/** Whether the account still has to get what it begins with; never in a region that AWS does not have. */
export function isUnopened(state: State, { accountId, region }: Caller): boolean {
  return find(state, "account-region", ownerKey(accountId, region)) === undefined && findRegion(region) !== undefined;
}

/** Makes the default VPC of an account that calls the region for the first time; never fails. */
export function openAccountRegion(state: State, context: Context): Outcome<void> {
  if (!isUnopened(state, context)) return accept(undefined, []);
  const { accountId, region, nowMs } = context;
  const opened: AccountRegion = { id: ownerKey(accountId, region), accountId, region, createdAtMs: nowMs, tags: [] };
  // An account whose state was kept by a region without default VPCs may stand at its quota already.
  const unlimited: Context = { ...context, settings: { ...usualSettings, ...context.settings, quotas: noQuotas } };
  const made = defaultVpcOf(state, context) === undefined ? createDefaultVpc(state, unlimited) : undefined;
  return accept(undefined, [put("account-region", opened), ...(made?.ok === true ? made.value.changes : [])]);
}
