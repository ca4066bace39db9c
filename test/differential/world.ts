/**
 * Random networks, the same for the same seed: VPCs with overlapping blocks whose routes, endpoints and gateways are dealt
 * anew in every round, while most instances stay. A round is one topology for each VPC.
 */

import { addToIp, formatIp, type Ip, parseIp } from "../../src/base/ip.ts";
import { formatPrefix, maskIp, type Prefix, sizeOfPrefix } from "../../src/base/prefix.ts";
import { allAddressesOf, privateAddressesOf } from "../../src/model/network-interface.ts";
import { prefixListOfService } from "../../src/model/prefix-list.ts";
import { all, find, findBy, type State } from "../../src/model/state.ts";
import { echoHost, echoPort } from "../../src/network/echo-host.ts";
import { serviceAddress } from "../../src/network/service-address.ts";
import { networkOf } from "../../src/network/vpc-network.ts";
import { ephemeralPorts } from "../../src/network/packet.ts";
import { noQuotas } from "../../src/model/quota.ts";
import { regionBuilder, type RegionBuilder, type TestInstance } from "../region-builder.ts";
import { dualStackVpc } from "../ipv6-builder.ts";
import { dealAddresses, dropAddresses } from "./address-world.ts";
import { type Dice, diceOf } from "./dice.ts";
import { dealAddressType, dealIpv6, dropIpv6, ipv6Destinations, isIpv6, openIpv6 } from "./ipv6-world.ts";
import { isPublic, publicAddresses, publicIpv6Addresses, publicOf } from "./internet-world.ts";
import { dealFilters, type FilterPlace, openFilters } from "./filter-world.ts";
import { dealPeerings, dealPeerRoutes, peerAddresses } from "./peering-world.ts";
import type { Trial } from "./trial.ts";

export interface World {
  readonly state: () => State;
  /** Deals new topologies: one for each VPC. */
  readonly deal: () => void;
  /** Every running instance with what is to be tried from it. */
  readonly flows: () => readonly Trials[];
}

export interface Trials {
  readonly instanceId: string;
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
  natIds: string[];
  tableIds: string[];
  instances: { readonly subnetId: string; readonly made: TestInstance }[];
}

type Build = RegionBuilder;

export function openWorld(options: { readonly seed: number; readonly vpcs: number }): World {
  const build = regionBuilder({ seed: options.seed, quotas: noQuotas });
  const dice = diceOf(options.seed ^ 0x5bd1e995);
  const sourcePorts = sourcePortsOf();
  const places = Array.from({ length: options.vpcs }, (_, at) => openPlace(build, dice, at));
  return {
    state: build.state,
    deal: () => {
      dealPeerings(build, dice, places);
      for (const place of places) dealPlace(build, dice, place);
      dealPeerRoutes(build, dice, places);
    },
    flows: () =>
      places.flatMap((place) =>
        place.instances.map(({ made }) => ({
          instanceId: made.id,
          trials: dealAllTrials(build.state(), dice, made, sourcePorts),
        })),
      ),
  };
}

/** Ports of Linux's range, all over it and none again soon: what connections of earlier rounds were tracked must not matter. */
function sourcePortsOf(): () => number {
  const { from, to } = ephemeralPorts;
  let count = 0;
  return () => from + ((count++ * 7919) % (to - from + 1));
}

/** From the addresses of the instance in turn. */
function dealAllTrials(state: State, dice: Dice, made: TestInstance, sourcePort: () => number): readonly Trial[] {
  const holders = [...all(state, "network-interface")];
  const own = holders.find((one) => one.id === made.eni);
  const secondary = new Set(
    holders.flatMap((one) => [...one.secondaryPrivateIpAddresses, ...one.ipv6Addresses.slice(1)]),
  );
  for (const ip of publicOf(state, secondary)) secondary.add(ip);
  const destinations = [
    ...destinationsFor(state, dice, made.id),
    ...ipv6Destinations(state, dice, made.id),
    ...publicAddresses(state, dice),
    ...(own?.ipv6Addresses.length === 0 ? [] : publicIpv6Addresses(state, dice)),
  ];
  return [...new Set(destinations)].flatMap((ip) =>
    dealTrials(dice, ip, sourcePort).flatMap((trial) => {
      // An answer to a datagram comes from the address that the system chooses, whichever was asked.
      if (trial.kind === "udp" && secondary.has(ip)) return [];
      const others = (isIpv6(ip) ? own?.ipv6Addresses.slice(1) : own?.secondaryPrivateIpAddresses) ?? [];
      const isToSelf = trial.kind === "udp" && own !== undefined && allAddressesOf(own).includes(ip);
      const sourceIp = others.length > 0 && !isToSelf && dice.chance(50) ? dice.pick(others) : undefined;
      return [{ ...trial, ...(sourceIp !== undefined && { sourceIp }) }];
    }),
  );
}

type Wish = Pick<Trial, "kind" | "port">;

/** Of the instances one port on which nothing listens. */
const nearWishes: readonly Wish[] = [
  { kind: "tcp", port: 80 },
  { kind: "tcp", port: 8080 },
  { kind: "tcp", port: 8081 },
  { kind: "udp", port: 5000 },
];

function dealTrials(dice: Dice, ip: string, sourcePort: () => number): readonly Trial[] {
  const isNear = ["10.", "2600:1f1", "64:ff9b::a0"].some((start) => ip.startsWith(start)) || isPublic(ip);
  const wishes = isNear ? nearWishes : [{ kind: "tcp", port: dice.pick([80, 80, 443, echoPort]) } as const];
  return wishes.map((wish) => ({ ...wish, ip, sourcePort: sourcePort() }));
}

const lists = (["s3", "dynamodb"] as const).map((service) => {
  const list = prefixListOfService("us-east-1", `com.amazonaws.us-east-1.${service}`);
  if (list === undefined) throw new Error(`${service} has no prefix list`);
  return list;
});
const entries = lists.flatMap((list) => list.prefixes);

function openPlace(build: Build, dice: Dice, at: number): Place {
  // Half of the VPCs share one block: addresses must never tell them apart.
  const second = at % 2 === 0 ? 0 : at;
  const cidrBlock = `10.${second}.0.0/16`;
  // A third of them has no IPv6.
  const isDualStack = at % 3 !== 2;
  const vpcId = isDualStack ? dualStackVpc(build, cidrBlock) : build.vpc(cidrBlock);
  const subnetIds = [1, 2, 3].map((third) => build.subnet(vpcId, `10.${second}.${third}.0/24`));
  if (isDualStack) openIpv6(build, subnetIds);
  const filters = openFilters(build, vpcId);
  const gatewayId = build.gateway(vpcId);
  const place: Place = {
    vpcId,
    subnetIds,
    cidrBlock,
    filters,
    gatewayId,
    peerGroupIds: [],
    natIds: [],
    tableIds: [],
    instances: [],
  };
  for (const subnetId of subnetIds) launch(build, dice, place, subnetId);
  return place;
}

function launch(build: Build, dice: Dice, place: Place, subnetId: string): void {
  place.instances.push({ subnetId, made: build.instance(subnetId, { publicIp: dice.chance(75) }) });
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
  for (const tableId of tableIds)
    for (let left = dice.below(7); left > 0; left--) dealRoute(build, dice, { place, tableId });
  for (const service of ["s3", "s3", "dynamodb"] as const) {
    const chosen = tableIds.filter(() => dice.chance(40));
    tryTo(() => build.endpoint(place.vpcId, service, ...chosen));
  }
  // The last is one that nothing answers for.
  for (const service of ["s3", "ec2", "sqs"]) {
    if (!dice.chance(60)) continue;
    const { groupIds, openGroupId } = place.filters;
    const groupId = dice.chance(70) ? openGroupId : dice.pick(groupIds);
    const wish = {
      subnetIds: [dice.pick(place.subnetIds)],
      securityGroupIds: [groupId],
      ...dealAddressType(build, dice, place),
    };
    tryTo(() => build.interfaceEndpoint(place.vpcId, service, wish));
  }
  // Routes to an instance that is gone are blackholes.
  if (dice.chance(30)) relaunch(build, dice, place);
  if (dice.chance(25)) dealGateway(build, dice, place);
  // NAT gateways that are gone are blackholes too.
  if (dice.chance(15)) dropNats(build, place);
  dealIpv6(build, dice, place);
  dealFilters(build, dice, place);
  dealAddresses(build, dice, place);
}

/** Takes away all that a round dealt. */
function clear(build: Build, place: Place): void {
  const { vpcId, gatewayId } = place;
  for (const { made } of place.instances) dropAddresses(build, made.eni);
  dropIpv6(build, place);
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

/** A block that has to do with the prefix lists: the same, wider, narrower, beside; or the default route. */
function dealCidr(dice: Dice): string {
  const entry = dice.pick(entries);
  switch (dice.below(7)) {
    case 0:
    case 6:
      return "0.0.0.0/0";
    case 1:
      return formatPrefix(entry);
    case 2:
      return cidrOf(entry.ip, Math.max(1, entry.bits - 1 - dice.below(10)));
    case 3:
      return cidrOf(inside(dice, entry), Math.min(32, entry.bits + 1 + dice.below(8)));
    case 4:
      return cidrOf(parseIp(someService(dice)) ?? entry.ip, 24 + dice.below(9));
    default:
      return cidrOf(addToIp(entry.ip, sizeOfPrefix(entry)), entry.bits);
  }
}

function someService(dice: Dice): string {
  if (dice.chance(10)) return echoHost.ips[32];
  const [service, region] = dice.pick([
    ["s3", "us-east-1"],
    ["s3", "us-east-1"],
    ["dynamodb", "us-east-1"],
    ["ec2", "us-east-1"],
    ["sts", "us-east-1"],
    ["iam", "aws-global"],
    ["s3", "eu-west-1"],
    ["dynamodb", "ap-south-1"],
  ] as const);
  return serviceAddress(service, region) ?? "";
}

/** Addresses at the edges of everything that could decide, and some of no account. */
function destinationsFor(state: State, dice: Dice, instanceId: string): string[] {
  const instance = find(state, "instance", instanceId);
  const network = instance && networkOf(state, instance.vpcId);
  const routes = instance === undefined ? [] : (network?.tableOf.get(instance.subnetId)?.table.routes ?? []);
  const edges = routes
    .filter(({ prefix, target }) => prefix.ip.width === 32 && target.kind !== "local")
    .toSorted(() => dice.below(3) - 1)
    .slice(0, 8)
    .flatMap(({ prefix }) => [
      prefix.ip,
      addToIp(prefix.ip, sizeOfPrefix(prefix) - 1),
      addToIp(prefix.ip, 2 ** 32 - 1),
      addToIp(prefix.ip, sizeOfPrefix(prefix)),
      inside(dice, prefix),
    ]);
  const neighbours = [...all(state, "network-interface")]
    .filter((one) => one.vpcId === instance?.vpcId)
    .flatMap(privateAddressesOf);
  const peers = instance === undefined ? [] : peerAddresses(state, dice, instance.vpcId);
  const services = Array.from({ length: 8 }, () => someService(dice));
  const random = Array.from({ length: 4 }, () => formatIp({ width: 32, words: [dice.below(2 ** 32)] }));
  const listed = Array.from({ length: 4 }, () => formatIp(inside(dice, dice.pick(entries))));
  return [...new Set([...edges.map(formatIp), ...neighbours, ...peers, ...services, ...random, ...listed])].filter(
    isUnicast,
  );
}

/** Addresses that a program of this machine could not even try to reach. */
function isUnicast(ip: string): boolean {
  const top = Number(ip.split(".")[0]);
  return top !== 0 && top !== 127 && top < 224;
}

function inside(dice: Dice, prefix: Prefix): Ip {
  return addToIp(prefix.ip, dice.below(Math.min(2 ** 31, sizeOfPrefix(prefix))));
}

function cidrOf(ip: Ip, bits: number): string {
  return formatPrefix({ ip: maskIp(ip, bits), bits });
}

/** The model refuses some of what chance deals; then the topology is without it. */
function tryTo(act: () => void): void {
  try {
    act();
  } catch {
    // As said.
  }
}
