/** Routes that lead to an interface of an instance, and with it past the ones that the packets are for. */

import { parseIp } from "../base/ip.ts";
import { allAddressesOf, type NetworkInterface } from "../model/network-interface.ts";
import type { CompiledTable } from "../network/compiled-table.ts";
import type { VpcNetwork } from "../network/vpc-network.ts";
import type { RouteBlueprint } from "./blueprint.ts";

/**
 * A system takes packets to any of its addresses by each of its interfaces. What a route sends to one of them and is for
 * another, the source/destination check drops: a route of its own does that here.
 */
export function strayRoutes(network: VpcNetwork, table: CompiledTable): readonly RouteBlueprint[] {
  return table.routes.flatMap((route): RouteBlueprint[] => {
    const { target } = route;
    const holder = target.kind === "network-interface" ? network.interfaces.get(target.networkInterfaceId) : undefined;
    if (holder?.sourceDestCheck !== true) return [];
    return besideIn(network, holder)
      .flatMap(allAddressesOf)
      .flatMap((text): RouteBlueprint[] => {
        const ip = parseIp(text);
        const isTaken = ip !== undefined && table.byPrefix.longestMatch(ip)?.value === route;
        return isTaken ? [{ cidrBlock: `${text}/${ip.width}`, metric: 10, target: { kind: "blackhole" } }] : [];
      });
  });
}

/** The other interfaces of the same instance. */
function besideIn({ instances, interfaces }: VpcNetwork, { attachment, id }: NetworkInterface): NetworkInterface[] {
  const instance = attachment && instances.find((one) => one.id === attachment.instanceId);
  const ids = instance?.networkInterfaceIds ?? [];
  return ids.flatMap((one) => (one === id ? [] : (interfaces.get(one) ?? [])));
}
