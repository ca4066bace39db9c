/** Second interfaces of the random instances, in any subnet, some with an Elastic IP or IPv6, and routes to them. */

import { allocateAddress, associateAddress, releaseAddress } from "../../src/model/elastic-ip.ts";
import {
  attachNetworkInterface,
  createNetworkInterface,
  deleteNetworkInterface,
  detachNetworkInterface,
} from "../../src/model/interface-attachment.ts";
import { assignIpv6Addresses } from "../../src/model/interface-address.ts";
import { allAddressesOf, type NetworkInterface } from "../../src/model/network-interface.ts";
import { all, find, type State } from "../../src/model/state.ts";
import type { RegionBuilder, TestInstance } from "../region-builder.ts";
import { dropAddresses } from "./address-world.ts";
import type { Dice } from "./dice.ts";
import type { FilterPlace } from "./filter-world.ts";

interface Place {
  readonly subnetIds: readonly string[];
  readonly tableIds: readonly string[];
  readonly filters: FilterPlace;
  readonly instances: readonly { readonly made: TestInstance }[];
}

export function dealInterfaces(build: RegionBuilder, dice: Dice, place: Place): void {
  for (const { made } of place.instances) {
    if (!dice.chance(40)) continue;
    const subnetId = dice.pick(place.subnetIds);
    const { groupIds, openGroupId } = place.filters;
    const securityGroupIds = [dice.pick([openGroupId, ...groupIds])];
    const counts = {
      secondaryPrivateIpAddresses: [],
      secondaryPrivateIpAddressCount:
        find(build.state(), "subnet", subnetId)?.cidrBlock === undefined ? 0 : dice.below(2),
      ipv6Addresses: [],
    };
    const { id } = build.run(createNetworkInterface, { subnetId, securityGroupIds, ...counts, tags: [] });
    build.run(attachNetworkInterface, { networkInterfaceId: id, instanceId: made.id, deviceIndex: 1 + dice.below(3) });
    if (dice.chance(60)) giveElasticIp(build, id);
    const ipv6 = { networkInterfaceId: id, addresses: [], count: 1 };
    if (dice.chance(60) && build.attempt(assignIpv6Addresses, ipv6).ok) build.run(assignIpv6Addresses, ipv6);
    if (dice.chance(30)) dealRoute(build, dice, { place, networkInterfaceId: dice.pick([made.eni, id]), subnetId });
  }
}

/** Takes them away; routes to them are of tables that go as well. */
export function dropInterfaces(build: RegionBuilder, place: Pick<Place, "instances">): void {
  for (const { made } of place.instances) {
    for (const { attachment, id } of interfacesBeside(build.state(), made)) {
      dropAddresses(build, id);
      build.run(detachNetworkInterface, { attachmentId: attachment?.id ?? "" });
      build.run(deleteNetworkInterface, { networkInterfaceId: id });
    }
  }
}

/** All but the primary one. */
export function interfacesBeside(state: State, { eni, id }: TestInstance): NetworkInterface[] {
  return [...all(state, "network-interface")].filter((one) => one.attachment?.instanceId === id && one.id !== eni);
}

/** Of all interfaces that are not the primary ones of their instances. */
export function addressesBeside(state: State): string[] {
  const beside = [...all(state, "network-interface")].filter((one) => (one.attachment?.deviceIndex ?? 0) > 0);
  return beside.flatMap(allAddressesOf);
}

function giveElasticIp(build: RegionBuilder, networkInterfaceId: string): void {
  const { id: allocationId } = build.run(allocateAddress, { tags: [] });
  const wish = { allocationId, networkInterfaceId, allowReassociation: false };
  // The model refuses it where no internet gateway is attached.
  if (build.attempt(associateAddress, wish).ok) build.run(associateAddress, wish);
  else build.run(releaseAddress, { allocationId });
}

interface Spot {
  readonly place: Place;
  readonly networkInterfaceId: string;
  readonly subnetId: string;
}

/** Of the subnet where the second interface is: to that one, or to the primary one, which is not what packets are for. */
function dealRoute(build: RegionBuilder, dice: Dice, { place, networkInterfaceId, subnetId }: Spot): void {
  const cidrBlock = find(build.state(), "subnet", subnetId)?.cidrBlock ?? "";
  try {
    build.route(dice.pick(place.tableIds), cidrBlock, networkInterfaceId);
  } catch {
    // The table has such a route already.
  }
}
