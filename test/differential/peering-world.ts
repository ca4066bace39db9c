/** Peering connections between the random VPCs, with routes to them on both sides, on one, or on none. */

import { parsePrefix } from "../../src/base/prefix.ts";
import { addToIp, formatIp } from "../../src/base/ip.ts";
import { allAddressesOf } from "../../src/model/network-interface.ts";
import { find, findBy, type State } from "../../src/model/state.ts";
import { livingPeeringsOf } from "../../src/model/vpc-peering.ts";
import type { RegionBuilder } from "../region-builder.ts";
import type { Dice } from "./dice.ts";
import { dealListRoute } from "./list-world.ts";

interface Place {
  readonly vpcId: string;
  readonly cidrBlock: string;
  readonly tableIds: readonly string[];
  readonly subnetIds: readonly string[];
  readonly natIds: readonly string[];
  readonly listIds: readonly string[];
  peerGroupIds: readonly string[];
  readonly filters: { readonly groupIds: readonly string[] };
}

/** Other connections than before; before the places themselves are dealt, so that their rules can name peers' groups. */
export function dealPeerings(build: RegionBuilder, dice: Dice, places: readonly Place[]): void {
  for (const place of places) {
    place.peerGroupIds = [];
    for (const { id } of livingPeeringsOf(build.state(), place.vpcId)) build.unpeer(id);
  }
  for (let left = places.length; left > 0; left--) {
    const [one, other] = [dice.pick(places), dice.pick(places)];
    if (one.cidrBlock === other.cidrBlock || peersOf(build.state(), one.vpcId).includes(other.vpcId)) continue;
    build.peer(one.vpcId, other.vpcId);
    one.peerGroupIds = [...one.peerGroupIds, ...other.filters.groupIds];
    other.peerGroupIds = [...other.peerGroupIds, ...one.filters.groupIds];
  }
}

/** Routes to peers, on most tables; then some connections go, and leave blackholes. */
export function dealPeerRoutes(build: RegionBuilder, dice: Dice, places: readonly Place[]): void {
  for (const { vpcId, tableIds, natIds, listIds } of places) {
    for (const { id, requester, accepter } of livingPeeringsOf(build.state(), vpcId)) {
      const far = places.find((one) => one.vpcId === (requester.vpcId === vpcId ? accepter : requester).vpcId);
      if (far === undefined) continue;
      const subnet = find(build.state(), "subnet", dice.pick(far.subnetIds));
      const ipv4 = [far.cidrBlock, far.cidrBlock, subnet?.cidrBlock ?? far.cidrBlock, "172.16.0.0/12"];
      const ipv6 = [find(build.state(), "vpc", far.vpcId), subnet].flatMap((one) =>
        (one?.ipv6CidrBlocks ?? []).map(({ cidrBlock }) => cidrBlock),
      );
      for (const tableId of tableIds) {
        for (const blocks of [ipv4, ipv6].filter((one) => one.length > 0)) {
          if (dice.chance(20)) continue;
          const cidrBlock = dice.pick(blocks);
          // By a NAT gateway the peer sees the gateway's address.
          const target = blocks === ipv4 && natIds.length > 0 && dice.chance(40) ? dice.pick(natIds) : id;
          // Chance may deal the same destination twice, which the model refuses.
          if (!findRoute(build.state(), tableId, cidrBlock)) build.route(tableId, cidrBlock, target);
        }
        if (dice.chance(15)) dealListRoute(build, dice, { routeTableId: tableId, listIds, targetIds: [id] });
      }
    }
  }
  for (const place of places) {
    const [first] = livingPeeringsOf(build.state(), place.vpcId);
    if (first !== undefined && dice.chance(8)) build.unpeer(first.id);
  }
}

/** Addresses of peers: of interfaces, of a router and of a resolver, and one that nobody has. */
export function peerAddresses(state: State, dice: Dice, vpcId: string): string[] {
  return peersOf(state, vpcId).flatMap((peerId) => {
    const interfaces = findBy(state, "network-interface", "vpcId", peerId);
    const block = parsePrefix(find(state, "vpc", peerId)?.cidrBlocks[0]?.cidrBlock ?? "");
    const own = block === undefined ? [] : [2, 257, 1000].map((offset) => formatIp(addToIp(block.ip, offset)));
    return [...interfaces.flatMap(allAddressesOf).filter(() => dice.chance(60)), dice.pick(own)];
  });
}

function peersOf(state: State, vpcId: string): string[] {
  return livingPeeringsOf(state, vpcId).map(({ requester, accepter }) =>
    requester.vpcId === vpcId ? accepter.vpcId : requester.vpcId,
  );
}

function findRoute(state: State, tableId: string, cidrBlock: string): boolean {
  const routes = find(state, "route-table", tableId)?.routes ?? [];
  return routes.some(({ destination }) => destination.kind === "cidr" && destination.cidrBlock === cidrBlock);
}
