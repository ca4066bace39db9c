/** Secondary private addresses of the random instances, some with an Elastic IP. */

import { allocateAddress, associateAddress, disassociateAddress, releaseAddress } from "../../src/model/elastic-ip.ts";
import { assignPrivateIpAddresses, unassignPrivateIpAddresses } from "../../src/model/interface-address.ts";
import { find, findBy } from "../../src/model/state.ts";
import type { RegionBuilder, TestInstance } from "../region-builder.ts";
import type { Dice } from "./dice.ts";

export function dealAddresses(
  build: RegionBuilder,
  dice: Dice,
  { instances }: { readonly instances: readonly { readonly made: TestInstance }[] },
): void {
  for (const { made } of instances) {
    if (!dice.chance(40) || find(build.state(), "network-interface", made.eni)?.privateIpAddress === undefined)
      continue;
    const input = { networkInterfaceId: made.eni, addresses: [], count: 1 + dice.below(2), allowReassignment: false };
    const [first] = build.run(assignPrivateIpAddresses, input);
    if (first === undefined || !dice.chance(60)) continue;
    const { id: allocationId } = build.run(allocateAddress, { tags: [] });
    const wish = { allocationId, networkInterfaceId: made.eni, privateIpAddress: first, allowReassociation: false };
    // The model refuses it where no internet gateway is attached.
    if (build.attempt(associateAddress, wish).ok) build.run(associateAddress, wish);
    else build.run(releaseAddress, { allocationId });
  }
}

export function dropAddresses(build: RegionBuilder, networkInterfaceId: string): void {
  for (const { id, association } of findBy(build.state(), "elastic-ip", "networkInterfaceId", networkInterfaceId)) {
    build.run(disassociateAddress, { associationId: association?.id ?? "" });
    build.run(releaseAddress, { allocationId: id });
  }
  const addresses = find(build.state(), "network-interface", networkInterfaceId)?.secondaryPrivateIpAddresses ?? [];
  if (addresses.length > 0) build.run(unassignPrivateIpAddresses, { networkInterfaceId, addresses });
}
