/**
 * Where the services of AWS live: one address of each family for each service of each region, and from an address back to
 * the service. Those of S3 and DynamoDB are inside the ranges that AWS publishes for them, so that prefix lists hold them.
 *
 * ASSUMPTION: EC2, IAM and STS have one address each, chosen from 54.239.0.0/16, a block of AWS's that holds no range of
 * S3 or DynamoDB, so that a gateway endpoint never takes their traffic. AWS's own addresses change all the time.
 * ASSUMPTION: the IPv6 addresses of all services but S3, for which AWS publishes no ranges, are chosen from 2600:1f70::/32.
 */

import { assert } from "../base/assert.ts";
import { addToIp, formatIp, type Ip, parseIp, type Width } from "../base/ip.ts";
import { compilePrefixTable, type PrefixTable } from "../base/prefix-table.ts";
import { formatPrefix, parsePrefix, type Prefix } from "../base/prefix.ts";
import { prefixListsOf } from "../model/prefix-list.ts";
import { allRegions } from "../model/region.ts";

export type Service = "s3" | "dynamodb" | "ec2" | "sts" | "iam";

/** A service in a region; `aws-global` for IAM, which has none. */
export interface RegionalService {
  readonly service: Service;
  readonly region: string;
}

export const globalRegion = "aws-global";

/** The address of a service in canonical text, or undefined when the region has no such service. */
export function serviceAddress(service: Service, region: string, width: Width = 32): string | undefined {
  return places().addresses.get(keyOf(service, region, width));
}

/** The service that answers at an address: at any address of its ranges, not only at the one that its name resolves to. */
export function serviceAt(address: string): RegionalService | undefined {
  const ip = parseIp(address);
  return ip && places().byPrefix.longestMatch(ip)?.value;
}

/** Every public CIDR block at which AWS answers, over all regions; each once, in a fixed order. */
export function internetCidrs(): readonly string[] {
  return places().cidrBlocks;
}

/** In a chosen address stands the region's place in the list of regions; in that of IAM this one. */
const globalPlace = 255;

const services: readonly Service[] = ["ec2", "sts", "iam", "dynamodb"];

interface Places {
  readonly addresses: ReadonlyMap<string, string>;
  readonly byPrefix: PrefixTable<RegionalService>;
  readonly cidrBlocks: readonly string[];
}

// A memo of a pure result.
let memo: Places | undefined;

function places(): Places {
  memo ??= compile();
  return memo;
}

function compile(): Places {
  const entries = allRegions().flatMap(({ name }, at) => [...rangesOf(name), ...chosenPlaces(name, at)]);
  const all = [...entries, ...chosenPlaces(globalRegion, globalPlace)];
  const addresses = new Map<string, string>();
  for (const { value, ip } of all) {
    const key = keyOf(value.service, value.region, ip.width);
    if (!addresses.has(key)) addresses.set(key, formatIp(ip));
  }
  const cidrBlocks = [...new Set(all.map((one) => formatPrefix(one.prefix)))];
  return { addresses, byPrefix: compilePrefixTable(all), cidrBlocks };
}

interface Place {
  readonly prefix: Prefix;
  readonly value: RegionalService;
  /** The address in the prefix that the service's name resolves to, if this prefix is the first that is large enough. */
  readonly ip: Ip;
}

/** The published ranges, the widest first: its address is the one that names resolve to. */
function rangesOf(region: string): Place[] {
  return prefixListsOf(region).flatMap(({ service, prefixes }) => {
    const widestFirst = prefixes.toSorted((a, b) => a.bits - b.bits);
    return widestFirst.map((prefix) => ({ prefix, value: { service, region }, ip: addToIp(prefix.ip, 10) }));
  });
}

/** Of the services of a region for which AWS publishes no ranges. */
function chosenPlaces(region: string, place: number): Place[] {
  const isGlobal = region === globalRegion;
  const both: readonly Service[] = isGlobal ? ["iam"] : ["ec2", "sts"];
  const ipv6: readonly Service[] = isGlobal ? both : [...both, "dynamodb"];
  return [
    ...both.map((service) => chosen(`54.239.${place}.${numberOf(service)}`, { service, region })),
    ...ipv6.map((service) => chosen(`2600:1f70:${place.toString(16)}::${numberOf(service)}`, { service, region })),
  ];
}

function numberOf(service: Service): number {
  return 10 + services.indexOf(service);
}

function chosen(text: string, value: RegionalService): Place {
  const ip = parseIp(text);
  const prefix = ip && parsePrefix(`${text}/${ip.width}`);
  assert(prefix !== undefined && ip !== undefined, `${text} is an address`);
  return { prefix, ip, value };
}

function keyOf(service: Service, region: string, width: Width): string {
  return `${service}/${region}/${width}`;
}
