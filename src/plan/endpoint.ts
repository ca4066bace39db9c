/** Gateway endpoints in a blueprint: those that carry packets, and what becomes of them when others come and go. */

import { cidrBlocksOfEndpoint } from "../model/prefix-list.ts";
import type { GatewayVpcEndpoint } from "../model/vpc-endpoint.ts";
import type { VpcNetwork } from "../network/vpc-network.ts";
import type { EndpointBlueprint } from "./blueprint.ts";
import { numberMore, numberOf, type NumberRange, type Numbers } from "./numbering.ts";

export const endpointKeyRange: NumberRange = { from: 1, to: 4094, of: "endpoints of a VPC" };

/** Sorted by id. */
export function endpointsInUse({ endpoints }: VpcNetwork): readonly GatewayVpcEndpoint[] {
  return endpoints.filter((one): one is GatewayVpcEndpoint => one.kind === "Gateway" && one.state === "available");
}

export function endpointOf(keys: Numbers, endpoint: GatewayVpcEndpoint): EndpointBlueprint {
  return {
    vpcEndpointId: endpoint.id,
    key: numberOf(keys, endpoint.id),
    cidrBlocks: cidrBlocksOfEndpoint(endpoint),
  };
}

/** Those that stay as they are, and the newcomers; all lists are sorted by id, `before` is made from those of `source`. */
export function endpointsAfter(
  network: VpcNetwork,
  source: VpcNetwork,
  before: readonly EndpointBlueprint[],
): readonly EndpointBlueprint[] {
  const inUse = endpointsInUse(network);
  const wereInUse = endpointsInUse(source);
  const planned: (EndpointBlueprint | undefined)[] = [];
  const newcomers: string[] = [];
  let at = 0;
  for (const one of inUse) {
    // Most documents are the same objects as before.
    let was = wereInUse[at];
    while (was !== undefined && was !== one && was.id < one.id) was = wereInUse[++at];
    const old = was === one || was?.id === one.id ? before[at++] : undefined;
    planned.push(old === undefined || was === one ? old : endpointLike(old, one));
    if (old === undefined) newcomers.push(one.id);
  }
  if (newcomers.length === 0) return planned.flatMap((one) => one ?? []);
  const taken = new Uint8Array(endpointKeyRange.to + 1);
  for (const one of planned) taken[one?.key ?? 0] = 1;
  const keys = numberMore(newcomers, (number) => taken[number] === 1, endpointKeyRange);
  return inUse.map((one, place) => planned[place] ?? endpointOf(keys, one));
}

/** Blocks change with the families that an endpoint carries. */
function endpointLike(old: EndpointBlueprint, endpoint: GatewayVpcEndpoint): EndpointBlueprint {
  const cidrBlocks = cidrBlocksOfEndpoint(endpoint);
  return old.cidrBlocks === cidrBlocks ? old : { ...old, cidrBlocks };
}
