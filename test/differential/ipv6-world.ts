/** IPv6 of the random networks: blocks, addresses, routes and gateways, dealt beside those of IPv4. */

import { formatIp, type Ip, parseIp } from "../../src/base/ip.ts";
import { formatPrefix, maskIp, type Prefix } from "../../src/base/prefix.ts";
import { deleteEgressOnlyInternetGateway } from "../../src/model/egress-only-internet-gateway.ts";
import { unassignIpv6Addresses } from "../../src/model/interface-address.ts";
import { prefixListOfService } from "../../src/model/prefix-list.ts";
import { all, find, findBy, type State } from "../../src/model/state.ts";
import { embeddedIn } from "../../src/network/dns64.ts";
import { echoHost } from "../../src/network/echo-host.ts";
import { serviceAddress } from "../../src/network/service-address.ts";
import { networkOf } from "../../src/network/vpc-network.ts";
import { carryIpv6, egressOnlyGateway, giveIpv6, giveIpv6Block } from "../ipv6-builder.ts";
import type { RegionBuilder, TestInstance } from "../region-builder.ts";
import { type Dice, tryTo } from "./dice.ts";
import { dealListRoute } from "./list-world.ts";

export interface Ipv6Place {
  readonly vpcId: string;
  readonly subnetIds: readonly string[];
  readonly gatewayId: string;
  readonly tableIds: readonly string[];
  readonly natIds: readonly string[];
  readonly instances: readonly { readonly made: TestInstance }[];
  /** Customer-managed prefix lists. */
  readonly listIds: readonly string[];
}

type Build = RegionBuilder;

/** The list that S3 has for IPv6. */
export const s3Ipv6List = prefixListOfService("us-east-1", "com.amazonaws.us-east-1.s3", 128);
const entries = s3Ipv6List?.prefixes ?? [];

export function openIpv6(build: Build, subnetIds: readonly string[]): void {
  for (const [at, subnetId] of subnetIds.entries()) giveIpv6Block(build, subnetId, at);
}

/** Of a VPC without IPv6 nothing. */
export function dealIpv6(build: Build, dice: Dice, place: Ipv6Place): void {
  const { vpcId } = place;
  if ((find(build.state(), "vpc", vpcId)?.ipv6CidrBlocks ?? []).length === 0) return;
  for (const { made } of place.instances) {
    for (let left = dice.pick([0, 1, 1, 1, 2]); left > 0; left--) giveIpv6(build, made);
  }
  const egressId = dice.chance(67) ? egressOnlyGateway(build, vpcId) : undefined;
  for (const tableId of place.tableIds) {
    for (let left = dice.below(5); left > 0; left--) dealRoute(build, dice, { place, tableId, egressId });
    if (dice.chance(30)) dealRouteOfList(build, dice, { place, tableId, egressId });
    if (place.natIds.length > 0 && dice.chance(60)) {
      tryTo(() => build.route(tableId, "64:ff9b::/96", dice.pick(place.natIds)));
    }
  }
  for (const endpoint of findBy(build.state(), "vpc-endpoint", "vpcId", vpcId)) {
    if (endpoint.kind !== "Gateway" || !dice.chance(60)) continue;
    // Those of DynamoDB refuse it, and those that find a route to the list.
    tryTo(() => carryIpv6(build, endpoint.id));
  }
  // Routes to a gateway that is gone are blackholes.
  if (egressId !== undefined && dice.chance(15)) dropEgressOnly(build, egressId);
}

/** Of an interface endpoint: most have both families where their subnets do, and IPv6 alone where these have that alone. */
export function dealAddressType(
  build: Build,
  dice: Dice,
  { subnetIds, vpcId }: Pick<Ipv6Place, "vpcId" | "subnetIds">,
): { readonly ipAddressType?: "dualstack" | "ipv6" } {
  if (subnetIds.every((id) => find(build.state(), "subnet", id)?.cidrBlock === undefined))
    return { ipAddressType: "ipv6" };
  const hasIpv6 = (find(build.state(), "vpc", vpcId)?.ipv6CidrBlocks ?? []).length > 0;
  return hasIpv6 && dice.chance(75) ? { ipAddressType: "dualstack" } : {};
}

/** Takes away what a round dealt, but for routes. */
export function dropIpv6(build: Build, { vpcId, instances }: Ipv6Place): void {
  for (const { made } of instances) {
    const { ipv6Addresses = [], privateIpAddress } = find(build.state(), "network-interface", made.eni) ?? {};
    // One with IPv6 alone keeps one.
    const addresses = ipv6Addresses.slice(privateIpAddress === undefined ? 1 : 0);
    if (addresses.length > 0) build.run(unassignIpv6Addresses, { networkInterfaceId: made.eni, addresses });
  }
  for (const { id } of findBy(build.state(), "egress-only-internet-gateway", "vpcId", vpcId)) dropEgressOnly(build, id);
}

function dropEgressOnly(build: Build, egressOnlyInternetGatewayId: string): void {
  build.run(deleteEgressOnlyInternetGateway, { egressOnlyInternetGatewayId });
}

interface Spot {
  readonly place: Ipv6Place;
  readonly tableId: string;
  readonly egressId: string | undefined;
}

function dealRoute(build: Build, dice: Dice, { place, tableId, egressId }: Spot): void {
  const egress = egressId ?? place.gatewayId;
  const target = dice.pick([place.gatewayId, egress, egress, dice.pick(place.instances).made.id]);
  tryTo(() => build.route(tableId, dealIpv6Cidr(build, dice, place), target));
}

/** Of a list that may hold the VPC's own subnets too: what is for those then goes out, and comes in again. */
function dealRouteOfList(build: Build, dice: Dice, { place, tableId, egressId }: Spot): void {
  const listIds = place.listIds.filter((id) => find(build.state(), "prefix-list", id)?.addressFamily === "IPv6");
  dealListRoute(build, dice, {
    routeTableId: tableId,
    listIds,
    targetIds: [place.gatewayId, egressId ?? place.gatewayId],
  });
}

/** A block that has to do with the prefix list: the same, wider, narrower, beside; a subnet's; or the default route. */
function dealIpv6Cidr(build: Build, dice: Dice, { subnetIds }: Pick<Ipv6Place, "subnetIds">): string {
  const entry = dice.pick(entries);
  switch (dice.below(8)) {
    case 0:
    case 1:
    case 2:
      return "::/0";
    case 3:
      return formatPrefix(entry);
    case 4:
      return cidrOf(entry.ip, entry.bits - 1 - dice.below(10));
    case 5:
      return cidrOf(inside(dice, entry), entry.bits + 1 + dice.below(60));
    case 6:
      return cidrOf(moved(lastOf(entry), 1n), entry.bits);
    default:
      return subnetBlock(build, dice, { subnetIds });
  }
}

/** An entry of a prefix list: often the block of a subnet. */
export function dealIpv6Entry(build: Build, dice: Dice, place: Pick<Ipv6Place, "subnetIds">): string {
  return dice.chance(30) ? subnetBlock(build, dice, place) : dealIpv6Cidr(build, dice, place);
}

function subnetBlock(build: Build, dice: Dice, { subnetIds }: Pick<Ipv6Place, "subnetIds">): string {
  return find(build.state(), "subnet", dice.pick(subnetIds))?.ipv6CidrBlocks[0]?.cidrBlock ?? "::/0";
}

/** Addresses of IPv6 at the edges of everything that could decide, and some of no account. */
export function ipv6Destinations(state: State, dice: Dice, instanceId: string): string[] {
  const instance = find(state, "instance", instanceId);
  const network = instance && networkOf(state, instance.vpcId);
  if (instance === undefined || network === undefined || network.vpc.ipv6CidrBlocks.length === 0) return [];
  const routes = network.tableOf.get(instance.subnetId)?.table.routes ?? [];
  const edges = routes
    .filter(({ prefix, target }) => prefix.ip.width === 128 && target.kind !== "local")
    .toSorted(() => dice.below(3) - 1)
    .slice(0, 4)
    .flatMap(({ prefix }) => [
      prefix.ip,
      lastOf(prefix),
      moved(prefix.ip, -1n),
      moved(lastOf(prefix), 1n),
      inside(dice, prefix),
    ]);
  const neighbours = [...all(state, "network-interface")]
    .filter((one) => one.vpcId === instance.vpcId)
    .flatMap((one) => one.ipv6Addresses);
  const services = Array.from({ length: 4 }, () => someService(dice));
  const isTranslated = routes.some(({ cidrBlock }) => cidrBlock === "64:ff9b::/96");
  const behind = isTranslated ? translatedDestinations(state, instance.vpcId) : [];
  const listed = [formatIp(inside(dice, dice.pick(entries))), formatIp(inside(dice, dice.pick(entries)))];
  return [
    ...new Set([...edges.map(formatIp), ...neighbours, ...services, ...listed, ...behind, "fd00:ec2::252"]),
  ].filter(isUnicast);
}

/** Of IPv4, behind NAT64: instances, services, a plain host and what is never routed. */
function translatedDestinations(state: State, vpcId: string): readonly string[] {
  const own = [...all(state, "network-interface")].filter((one) => one.vpcId === vpcId && one.requester === undefined);
  const services = [
    serviceAddress("s3", "us-east-1") ?? "",
    serviceAddress("ec2", "us-east-1") ?? "",
    echoHost.ips[32],
  ];
  const ipv4 = [...own.flatMap((one) => one.privateIpAddress ?? []), ...services, "169.254.169.254", "10.0.0.2"];
  return ipv4.flatMap((ip) => embeddedIn(ip) ?? []);
}

function someService(dice: Dice): string {
  const [service, region] = dice.pick([
    ["s3", "us-east-1"],
    ["s3", "us-east-1"],
    ["dynamodb", "us-east-1"],
    ["ec2", "us-east-1"],
    ["iam", "aws-global"],
    ["s3", "eu-west-1"],
  ] as const);
  return serviceAddress(service, region, 128) ?? "";
}

/** Addresses that a program of this machine could not even try to reach. */
function isUnicast(ip: string): boolean {
  return !/^(::|fe|ff)/.test(ip);
}

function bigOf({ words }: Ip): bigint {
  return words.reduce((sum, word) => sum * 2n ** 32n + BigInt(word), 0n);
}

function ipOf(number: bigint): Ip {
  const wrapped = BigInt.asUintN(128, number);
  return { width: 128, words: [96n, 64n, 32n, 0n].map((shift) => Number((wrapped >> shift) & 0xffff_ffffn)) };
}

function moved(ip: Ip, by: bigint): Ip {
  return ipOf(bigOf(ip) + by);
}

function lastOf({ bits, ip }: Prefix): Ip {
  return ipOf(bigOf(ip) + 2n ** BigInt(128 - bits) - 1n);
}

function inside(dice: Dice, { bits, ip }: Prefix): Ip {
  const random = Array.from({ length: 4 }, () => dice.below(2 ** 32)).reduce(
    (sum, word) => sum * 2n ** 32n + BigInt(word),
    0n,
  );
  return ipOf(bigOf(ip) + BigInt.asUintN(128 - bits, random));
}

function cidrOf(ip: Ip, bits: number): string {
  const at = Math.min(128, Math.max(1, bits));
  return formatPrefix({ ip: maskIp(ip, at), bits: at });
}

/** Whether a text is of IPv6. */
export function isIpv6(text: string): boolean {
  return parseIp(text.replace(/\/.*/, ""))?.width === 128;
}
