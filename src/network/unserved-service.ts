/**
 * The names of AWS's services that are not served here: they resolve, as they do at AWS, and nothing answers there. So a
 * trace can say which way a call to them takes, and an interface endpoint has a name to take over.
 *
 * ASSUMPTION: each such service has one address of each family in each region, chosen from 54.240.0.0/15, a block that holds
 * no range of S3 or DynamoDB, and from 2600:1f70::/32; AWS's own addresses change all the time.
 */

import { allRegions } from "../model/region.ts";
import { endpointServicesOf } from "../model/service-catalogue.ts";

export interface UnservedService {
  /** `lambda`, as in `com.amazonaws.us-east-1.lambda`. */
  readonly service: string;
  readonly region: string;
  /** Of its dual-stack names of both families, of others IPv4 alone. */
  readonly ips: readonly string[];
}

/** The service that a lower-case host name is of, or undefined; also of those that are served. */
export function unservedService(name: string): UnservedService | undefined {
  const suffix = suffixes.find((one) => name.endsWith(one));
  const region = suffix === undefined ? undefined : name.slice(0, -suffix.length).split(".").at(-1);
  const named = region === undefined ? undefined : servicesOf(region);
  const dot = name.indexOf(".");
  // A wildcard holds for one label: `123456789012.dkr.ecr…` stands under `*.dkr.ecr…`.
  return named?.get(name) ?? named?.get(`*${name.slice(dot)}`);
}

/** The service that an address was chosen for, as `lambda`; undefined for every other address. */
export function unservedServiceAt(ip: string): string | undefined {
  const [, ipv4] = /^54\.24[01]\.(\d+)\.\d+$/.exec(ip) ?? [];
  const [, ipv6] = /^2600:1f70:([0-9a-f]+):1::[0-9a-f]+$/.exec(ip) ?? [];
  const place = ipv4 === undefined ? Number.parseInt(ipv6 ?? "", 16) : Number(ipv4);
  const region = Number.isNaN(place) ? undefined : allRegions()[place]?.name;
  if (region === undefined) return undefined;
  return [...servicesOf(region).values()].find(({ ips }) => ips.includes(ip))?.service;
}

const suffixes = [".amazonaws.com", ".api.aws"];

/** Services that share the third byte of an address, which says the region. */
const perBlock = 250;

// A memo of a pure result.
const byRegion = new Map<string, ReadonlyMap<string, UnservedService>>();

function servicesOf(region: string): ReadonlyMap<string, UnservedService> {
  const known = byRegion.get(region);
  if (known !== undefined) return known;
  const place = allRegions().findIndex((one) => one.name === region);
  const interfaces = endpointServicesOf(region).filter((one) => one.type === "Interface");
  const named = interfaces.flatMap(({ name, privateDnsNames, dualStackDnsNames }, at) => {
    const ipv4 = `54.${240 + Math.floor(at / perBlock)}.${place}.${(at % perBlock) + 1}`;
    const ipv6 = `2600:1f70:${place.toString(16)}:1::${(at + 1).toString(16)}`;
    const service = name.slice(`com.amazonaws.${region}.`.length);
    const of = (hosts: readonly string[], ips: readonly string[]) =>
      hosts.map((host) => [host, { service, region, ips }] as const);
    return [...of(privateDnsNames, [ipv4]), ...of(dualStackDnsNames, [ipv4, ipv6])];
  });
  const services = new Map(named);
  byRegion.set(region, services);
  return services;
}
