/** What is tried in the random networks: from every instance and every host at a site, to all that could decide. */
import { addToIp, formatIp } from "../../src/base/ip.ts";
import { sizeOfPrefix } from "../../src/base/prefix.ts";
import { allAddressesOf, type NetworkInterface, privateAddressesOf } from "../../src/model/network-interface.ts";
import { all, find, type State } from "../../src/model/state.ts";
import { echoPort } from "../../src/network/echo-host.ts";
import { ephemeralPorts } from "../../src/network/packet.ts";
import { embeddedIn } from "../../src/network/dns64.ts";
import { networkOf } from "../../src/network/vpc-network.ts";
import type { TestInstance } from "../region-builder.ts";
import type { Dice } from "./dice.ts";
import { addressesBeside, interfacesBeside } from "./interface-world.ts";
import { isPublic, publicAddresses, publicIpv6Addresses, publicOf } from "./internet-world.ts";
import { ipv6Destinations, isIpv6 } from "./ipv6-world.ts";
import { destinationsFromSite, isOfSites, siteAddresses } from "./on-premises-world.ts";
import { peerAddresses } from "./peering-world.ts";
import { inside, listedPrefixes, someService } from "./service-block.ts";
import type { Trial } from "./trial.ts";

/** What the flows of a round are drawn from. */
export interface Draw {
  readonly state: State;
  readonly dice: Dice;
  readonly sourcePort: () => number;
  /** The number of the protocol without ports that is tried. */
  readonly protocol: number;
}

/** Ports of Linux's range, all over it and none again soon: what connections of earlier rounds were tracked must not matter. */
export function sourcePortsOf(): () => number {
  const { from, to } = ephemeralPorts;
  let count = 0;
  return () => from + ((count++ * 7919) % (to - from + 1));
}

/** From the addresses of the instance in turn. */
export function dealTrials(draw: Draw, made: TestInstance): readonly Trial[] {
  const { dice, state } = draw;
  const own = find(state, "network-interface", made.eni);
  const network = networkOf(state, own?.vpcId ?? "");
  if (own === undefined || network === undefined) return [];
  const beside = interfacesBeside(state, made).flatMap(allAddressesOf);
  const secondary = secondaryAddresses(state);
  const destinations = new Set([
    ...destinationsFor(state, dice, made.id),
    ...ipv6Destinations(state, dice, made.id),
    ...publicAddresses(state, dice),
    ...(own.ipv6Addresses.length === 0 ? [] : publicIpv6Addresses(state, dice)),
  ]);
  return [...destinations].flatMap((ip) =>
    wishesFor(draw, ip).flatMap((trial): Trial[] => {
      const isToSelf = [...allAddressesOf(own), ...beside].includes(ip);
      if (isDatagram(trial) && secondary.has(ip)) return [];
      const sourceIp = isToSelf && isDatagram(trial) ? undefined : dealSource(dice, { own, beside }, ip);
      const from = sourceIp ?? (isIpv6(ip) ? own.ipv6Addresses[0] : own.privateIpAddress) ?? "";
      const isHere = network.interfaceByIp.has(ip) || isOfSites(ip);
      if (!isTellable(trial, from, isHere && !isToSelf)) return [];
      const namesSource = sourceIp !== undefined || trial.kind === "protocol";
      return [{ ...trial, ...(namesSource && { sourceIp: from }) }];
    }),
  );
}

interface Sources {
  readonly own: NetworkInterface;
  /** Addresses of the instance's other interfaces. */
  readonly beside: readonly string[];
}

/** Undefined for the primary one. */
function dealSource(dice: Dice, { own, beside }: Sources, ip: string): string | undefined {
  const more = isIpv6(ip) ? own.ipv6Addresses.slice(1) : own.secondaryPrivateIpAddresses;
  const others = [...more, ...beside.filter((one) => isIpv6(one) === isIpv6(ip))];
  return others.length > 0 && dice.chance(50) ? dice.pick(others) : undefined;
}

/** From a host behind a VPN connection. */
export function dealSiteTrials(draw: Draw, hostId: string, vpcId: string): readonly Trial[] {
  const { dice, state } = draw;
  const own = find(state, "on-premises-host", hostId)?.ip ?? "";
  const secondary = secondaryAddresses(state);
  return [...new Set(destinationsFromSite(state, dice, vpcId))].flatMap((ip) =>
    wishesFor(draw, ip)
      .filter((trial) => !(isDatagram(trial) && secondary.has(ip)) && isTellable(trial, own, ip !== own))
      .map((trial) => ({ ...trial, ...(trial.kind === "protocol" && { sourceIp: own }) })),
  );
}

/** An answer to a datagram comes from the address that the system chooses, whichever was asked. */
function isDatagram({ kind }: Trial): boolean {
  return kind === "udp" || kind === "protocol";
}

function secondaryAddresses(state: State): ReadonlySet<string> {
  const holders = [...all(state, "network-interface")];
  const inside = new Set([
    ...holders.flatMap((one) => [...one.secondaryPrivateIpAddresses, ...one.ipv6Addresses.slice(1)]),
    ...addressesBeside(state),
  ]);
  const known = [...inside, ...publicOf(state, inside)];
  return new Set([...known, ...known.flatMap((ip) => embeddedIn(ip) ?? [])]);
}

/**
 * Records of protocols without ports tell neither which side asked nor which of two askers it was: of every pair of addresses
 * one asks the other, and only in one VPC.
 */
function isTellable({ ip, kind }: Trial, from: string, isHere: boolean): boolean {
  if (kind === "tcp" || kind === "udp") return true;
  const sum = Buffer.from(`${from}${ip}`).reduce((total, byte) => total + byte, 0);
  return from !== "" && isHere && from < ip === (sum % 2 === 0);
}

type Wish = Pick<Trial, "kind" | "port">;

/** Of the instances one port on which nothing listens. */
const nearWishes: readonly Wish[] = [
  { kind: "tcp", port: 80 },
  { kind: "tcp", port: 8080 },
  { kind: "tcp", port: 8081 },
  { kind: "udp", port: 5000 },
  { kind: "ping", port: 0 },
];

function wishesFor({ dice, protocol, sourcePort }: Draw, ip: string): readonly Trial[] {
  const isInside = ["10.", "2600:1f1", "64:ff9b::a0"].some((start) => ip.startsWith(start));
  const isNear = isInside || isOfSites(ip) || isPublic(ip);
  const far: Wish = { kind: "tcp", port: dice.pick([80, 80, 443, echoPort]) };
  // Some of all, so that there is time for more topologies.
  const wishes = isNear ? [...nearWishes, { kind: "protocol", port: protocol } as const] : [far];
  return wishes.filter(() => !isNear || dice.chance(50)).map((wish) => ({ ...wish, ip, sourcePort: sourcePort() }));
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
  const sites = instance === undefined ? [] : siteAddresses(state, dice, instance.vpcId);
  const services = Array.from({ length: 8 }, () => someService(dice));
  const random = Array.from({ length: 4 }, () => formatIp({ width: 32, words: [dice.below(2 ** 32)] }));
  const listed = Array.from({ length: 4 }, () => formatIp(inside(dice, dice.pick(listedPrefixes))));
  const found = [...edges.map(formatIp), ...neighbours, ...peers, ...sites, ...services, ...random, ...listed];
  return [...new Set(found)].filter(isUnicast);
}

/** Addresses that a program of this machine could not even try to reach. */
function isUnicast(ip: string): boolean {
  const top = Number(ip.split(".")[0]);
  return top !== 0 && top !== 127 && top < 224;
}
