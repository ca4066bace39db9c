/**
 * Random networks, the same for the same seed: VPCs with overlapping blocks whose routes, endpoints and gateways are dealt
 * anew in every round, while most instances stay. A round is one topology for each VPC.
 */

import { find, findBy, type State } from "../../src/model/state.ts";
import { noQuotas } from "../../src/model/quota.ts";
import { dualStackVpc, ipv6OnlySubnet } from "../ipv6-builder.ts";
import { regionBuilder, type RegionBuilder, type TestInstance } from "../region-builder.ts";
import { dealAddresses, dropAddresses } from "./address-world.ts";
import { type Dice, diceOf, tryTo } from "./dice.ts";
import { dealFilters, type FilterPlace, openFilters } from "./filter-world.ts";
import { dealSiteTrials, dealTrials, type Draw, sourcePortsOf } from "./flow-world.ts";
import { dealAddressType, dealIpv6, dealIpv6Entry, dropIpv6, openIpv6 } from "./ipv6-world.ts";
import { dealInterfaces, dropInterfaces } from "./interface-world.ts";
import { dealListRoute, dealLists, openLists } from "./list-world.ts";
import { dealOnPremises, dropOnPremises, hostIdsOf } from "./on-premises-world.ts";
import { dealPeerings, dealPeerRoutes } from "./peering-world.ts";
import { dealCidr } from "./service-block.ts";
import type { Trial } from "./trial.ts";

export interface World {
  readonly state: () => State;
  /** Deals new topologies: one for each VPC. */
  readonly deal: () => void;
  /** Every running instance with what is to be tried from it. */
  readonly flows: () => readonly Trials[];
  /** The same from other ports. */
  readonly anew: (dealt: readonly Trials[]) => readonly Trials[];
}

export interface Trials {
  /** An instance, or a host behind a VPN connection. */
  readonly from: string;
  readonly isOnPremises: boolean;
  readonly trials: readonly Trial[];
}

interface Place {
  readonly vpcId: string;
  readonly subnetIds: readonly string[];
  readonly cidrBlock: string;
  readonly filters: FilterPlace;
  gatewayId: string;
  /** Groups of VPCs that it is peered with. */
  peerGroupIds: readonly string[];
  /** Customer-managed prefix lists, which all places share. */
  readonly listIds: readonly string[];
  /** The number of a protocol without ports, which is tried in this round. */
  protocol: number;
  natIds: string[];
  tableIds: string[];
  instances: { readonly subnetId: string; readonly made: TestInstance }[];
}

type Build = RegionBuilder;

export function openWorld(options: { readonly seed: number; readonly vpcs: number }): World {
  const build = regionBuilder({ seed: options.seed, quotas: noQuotas });
  const dice = diceOf(options.seed ^ 0x5bd1e995);
  const sourcePort = sourcePortsOf();
  let protocol = firstOtherProtocol;
  const listIds = openLists(build);
  const places = Array.from({ length: options.vpcs }, (_, at) => openPlace(build, dice, { at, listIds }));
  return {
    state: build.state,
    deal: () => {
      // Tracking knows protocols without ports by their addresses alone: of an earlier round it would let answers pass.
      protocol = protocol < lastOtherProtocol ? protocol + 1 : firstOtherProtocol;
      for (const place of places) place.protocol = protocol;
      dealLists(build, dice, listIds, {
        // Of services, of the VPCs themselves and of sites.
        ipv4: () => (dice.chance(60) ? dealCidr(dice) : dice.pick([`10.${dice.below(10)}.0.0/16`, "192.168.0.0/16"])),
        ipv6: () => dealIpv6Entry(build, dice, dice.pick(places)),
      });
      dealPeerings(build, dice, places);
      for (const place of places) dealPlace(build, dice, place);
      dealPeerRoutes(build, dice, places);
    },
    anew: (dealt) =>
      dealt.map(({ trials, ...rest }) => ({
        ...rest,
        trials: trials.map((trial) => ({ ...trial, sourcePort: sourcePort() })),
      })),
    flows: () => {
      const draw: Draw = { state: build.state(), dice, sourcePort, protocol };
      return places.flatMap(({ instances, vpcId }) => [
        ...instances.map(({ made }) => ({ from: made.id, isOnPremises: false, trials: dealTrials(draw, made) })),
        ...hostIdsOf(draw.state, vpcId).map((id) => ({
          from: id,
          isOnPremises: true,
          trials: dealSiteTrials(draw, id, vpcId),
        })),
      ]);
    },
  };
}

/** Source: IANA, "Protocol Numbers": of these none is assigned. */
const [firstOtherProtocol, lastOtherProtocol] = [149, 248];

function openPlace(
  build: Build,
  dice: Dice,
  { at, listIds }: { readonly at: number; readonly listIds: readonly string[] },
): Place {
  // Half of the VPCs share one block: addresses must never tell them apart.
  const second = at % 2 === 0 ? 0 : at;
  const cidrBlock = `10.${second}.0.0/16`;
  // A third of them has no IPv6.
  const isDualStack = at % 3 !== 2;
  const vpcId = isDualStack ? dualStackVpc(build, cidrBlock) : build.vpc(cidrBlock);
  const subnetIds = [1, 2, 3].map((third) => build.subnet(vpcId, `10.${second}.${third}.0/24`));
  if (isDualStack) openIpv6(build, subnetIds);
  // Some have a subnet of IPv6 alone beside.
  if (at % 3 === 1) subnetIds.push(ipv6OnlySubnet(build, vpcId, subnetIds.length));
  const filters = openFilters(build, vpcId);
  const gatewayId = build.gateway(vpcId);
  const place: Place = {
    vpcId,
    subnetIds,
    cidrBlock,
    filters,
    gatewayId,
    peerGroupIds: [],
    listIds,
    protocol: firstOtherProtocol,
    natIds: [],
    tableIds: [],
    instances: [],
  };
  for (const subnetId of subnetIds) launch(build, dice, place, subnetId);
  return place;
}

function launch(build: Build, dice: Dice, place: Place, subnetId: string): void {
  const hasIpv4 = find(build.state(), "subnet", subnetId)?.cidrBlock !== undefined;
  place.instances.push({ subnetId, made: build.instance(subnetId, { publicIp: dice.chance(75) && hasIpv4 }) });
}

function dealPlace(build: Build, dice: Dice, place: Place): void {
  clear(build, place);
  dealNats(build, dice, place);
  if (dice.chance(30)) relaunch(build, dice, place);
  const tableIds = [build.mainTable(place.vpcId)];
  for (const subnetId of place.subnetIds) {
    if (dice.chance(70)) tableIds.push(build.table(place.vpcId, subnetId));
  }
  place.tableIds = tableIds;
  for (const tableId of tableIds) {
    for (let left = dice.below(7); left > 0; left--) dealRoute(build, dice, { place, tableId });
    const targetIds = [place.gatewayId, ...place.natIds, dice.pick(place.instances).made.id];
    if (dice.chance(40)) dealListRoute(build, dice, { routeTableId: tableId, listIds: place.listIds, targetIds });
  }
  for (const service of ["s3", "s3", "dynamodb"] as const) {
    const chosen = tableIds.filter(() => dice.chance(40));
    tryTo(() => build.endpoint(place.vpcId, service, ...chosen));
  }
  dealInterfaceEndpoints(build, dice, place);
  // Routes to an instance that is gone are blackholes.
  if (dice.chance(30)) relaunch(build, dice, place);
  if (dice.chance(25)) dealGateway(build, dice, place);
  // NAT gateways that are gone are blackholes too.
  if (dice.chance(15)) dropNats(build, place);
  dealIpv6(build, dice, place);
  dealOnPremises(build, dice, place);
  dealFilters(build, dice, place);
  dealAddresses(build, dice, place);
  dealInterfaces(build, dice, place);
}

/** Several of one service; the last is one that nothing answers for. */
function dealInterfaceEndpoints(build: Build, dice: Dice, { filters, subnetIds, vpcId }: Place): void {
  for (const service of ["s3", "s3", "ec2", "sqs"]) {
    if (!dice.chance(45)) continue;
    const groupId = dice.chance(60) ? filters.openGroupId : dice.pick(filters.groupIds);
    const chosen = [...new Set([dice.pick(subnetIds), dice.pick(subnetIds)])];
    const securityGroupIds = [...new Set([groupId, dice.pick(filters.groupIds)])];
    const wish = { subnetIds: chosen, securityGroupIds, ...dealAddressType(build, dice, { vpcId, subnetIds: chosen }) };
    tryTo(() => build.interfaceEndpoint(vpcId, service, wish));
  }
}

/** Takes away all that a round dealt. */
function clear(build: Build, place: Place): void {
  const { vpcId, gatewayId } = place;
  dropInterfaces(build, place);
  for (const { made } of place.instances) dropAddresses(build, made.eni);
  dropIpv6(build, place);
  dropOnPremises(build, vpcId);
  dropNats(build, place);
  if (findBy(build.state(), "internet-gateway", "vpcId", vpcId).length === 0) build.attach(gatewayId, vpcId);
  for (const endpoint of findBy(build.state(), "vpc-endpoint", "vpcId", vpcId)) build.deleteEndpoint(endpoint.id);
  for (const table of findBy(build.state(), "route-table", "vpcId", vpcId)) build.dropTable(table.id);
}

/** Public or private; sometimes one of each. */
function dealNats(build: Build, dice: Dice, place: Place): void {
  for (let left = dice.below(3); left > 0; left--) {
    const subnetId = dice.pick(place.subnetIds);
    tryTo(() => place.natIds.push(build.nat(subnetId, dice.chance(75) ? "public" : "private")));
  }
}

function dropNats(build: Build, place: Place): void {
  for (const natId of place.natIds) build.dropNat(natId);
  place.natIds = [];
}

function relaunch(build: Build, dice: Dice, place: Place): void {
  const leaving = dice.pick(place.instances);
  build.terminate(leaving.made.id);
  place.instances = place.instances.filter((one) => one !== leaving);
  launch(build, dice, place, leaving.subnetId);
}

/** The gateway goes, and its routes turn into blackholes; another one may take its place. */
function dealGateway(build: Build, dice: Dice, place: Place): void {
  dropNats(build, place);
  const mapped = place.instances.filter((one) => one.made.publicIp !== undefined);
  for (const { made } of mapped) build.terminate(made.id);
  build.detach(place.gatewayId, place.vpcId);
  if (dice.chance(40)) place.gatewayId = build.gateway(place.vpcId);
  place.instances = place.instances.filter((one) => !mapped.includes(one));
  for (const { subnetId } of mapped) launch(build, dice, place, subnetId);
}

function dealRoute(build: Build, dice: Dice, { place, tableId }: { place: Place; tableId: string }): void {
  const [gateway, instance] = [place.gatewayId, dice.pick(place.instances).made.id];
  const nats = place.natIds.length === 0 ? [gateway] : place.natIds;
  const target = dice.pick([gateway, gateway, instance, dice.pick(nats), dice.pick(nats)]);
  const inside = dice.chance(10);
  const cidr = inside ? (find(build.state(), "subnet", dice.pick(place.subnetIds))?.cidrBlock ?? "") : dealCidr(dice);
  tryTo(() => build.route(tableId, cidr, target));
}
