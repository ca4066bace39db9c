/** The set that every account has in every region from the start. Nothing of it is stored until it gets tags. */

import type { Id } from "../base/id.ts";
import { privateDnsSuffix } from "./region.ts";
import type { Resource } from "./resource.ts";
import { stableHex } from "./stable-id.ts";
import { find, type State } from "./state.ts";
import type { Caller } from "./verb.ts";

export interface DhcpOptions extends Resource {
  readonly id: Id<"dopt">;
  /** In the order of the call. */
  readonly configurations: readonly DhcpConfiguration[];
}

export interface DhcpConfiguration {
  readonly key: string;
  readonly values: readonly string[];
}

/** Its id is the same on every start. */
export function defaultDhcpOptionsId(caller: Caller): Id<"dopt"> {
  return `dopt-${stableHex(`${caller.accountId}/${caller.region}/default-dhcp-options`, 17)}` as Id<"dopt">;
}

/** The set of a VPC that has none of its own. */
export function defaultDhcpOptions(state: State, caller: Caller): DhcpOptions {
  const id = defaultDhcpOptionsId(caller);
  const stored = find(state, "dhcp-options", id);
  if (stored !== undefined) return stored;
  return {
    id,
    accountId: caller.accountId,
    region: caller.region,
    createdAtMs: 0,
    tags: [],
    configurations: [
      { key: "domain-name", values: [privateDnsSuffix(caller.region)] },
      { key: "domain-name-servers", values: [amazonDns] },
    ],
  };
}

export const amazonDns = "AmazonProvidedDNS";
