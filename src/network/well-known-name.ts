/**
 * Names that every resolver of a VPC knows by itself, and domains that exist for the sake of names below them.
 * Source: Amazon Route 53 Developer Guide, "Domain names that VPC Resolver creates autodefined system rules for": with
 * enableDnsHostnames localhost, localdomain, their reverse domains and that of the metadata service are answered in the VPC.
 *
 * ASSUMPTION: where AWS says only that a VPC's resolver answers them itself, localhost and localdomain lead to the loopback
 * addresses, as RFC 6761 section 6.3 asks, and 169.254.169.254 is instance-data, as reports of AWS's answers show.
 */

import { formatIp, type Ip } from "../base/ip.ts";
import { allRegions, findRegion, privateDnsSuffix, publicDnsSuffix } from "../model/region.ts";
import type { Vpc } from "../model/vpc.ts";
import { echoHost } from "./echo-host.ts";

const metadataIp = "169.254.169.254";
const loopbackIps = ["127.0.0.1", "::1"];

/** The addresses of such a name in a VPC with host names. */
export function wellKnownAddresses(vpc: Vpc, name: string): readonly string[] | undefined {
  if (/^(?:.+\.)?localhost(?:\.localdomain)?$/.test(name)) return loopbackIps;
  return name === instanceDataName(vpc) ? [metadataIp] : undefined;
}

/** The name of such an address. */
export function wellKnownName(vpc: Vpc, ip: Ip): string | undefined {
  const text = formatIp(ip);
  if (text === metadataIp) return instanceDataName(vpc);
  return loopbackIps.includes(text) ? "localhost" : undefined;
}

function instanceDataName({ region }: Vpc): string {
  return `instance-data.${privateDnsSuffix(region)}`;
}

/**
 * Whether the name has no records of its own, but names below it: then it exists. Source: RFC 8020. A resolver in between
 * that hears of no such name asks for none below it any more.
 */
export function isNonTerminal(vpc: Vpc | undefined, name: string): boolean {
  const own = vpc?.enableDnsHostnames === true ? [privateDnsSuffix(vpc.region), "localdomain"] : [];
  return [...domains, ...own].some((one) => isAtOrAbove(name, one)) || isPartOfAddress(name) || isOfAws(name);
}

const domains = ["amazonaws.com", "api.aws", echoHost.name, "in-addr.arpa", "ip6.arpa"];

/** The root is above all. */
function isAtOrAbove(name: string, domain: string): boolean {
  return name === domain || name === "" || domain.endsWith(`.${name}`);
}

/** `1.0.10.in-addr.arpa` is above names of whole addresses. */
function isPartOfAddress(name: string): boolean {
  const [labels, count] = name.endsWith(".in-addr.arpa")
    ? [name.slice(0, -".in-addr.arpa".length), 4]
    : [name.endsWith(".ip6.arpa") ? name.slice(0, -".ip6.arpa".length) : "", 32];
  const pattern = count === 4 ? /^(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)$/ : /^[0-9a-f]$/;
  const parts = labels.split(".");
  return parts.length < count && parts.every((one) => pattern.test(one));
}

/** `us-east-1.amazonaws.com`, `dualstack.us-east-1.amazonaws.com`, `us-east-1.vpce.amazonaws.com`. */
function isOfAws(name: string): boolean {
  const domain = ["amazonaws.com", "api.aws"].find((one) => name.endsWith(`.${one}`));
  if (domain === undefined) return false;
  const before = name.slice(0, -domain.length - 1);
  if (["compute", "global", "vpce"].includes(before)) return true;
  const labels = before.split(".");
  const [first = "", second] = labels;
  if (labels.length > 2) return false;
  if (second === undefined) return findRegion(first) !== undefined || publicDomains().has(name);
  if (first === "dualstack") return findRegion(second) !== undefined;
  return (second === "vpce" && findRegion(first) !== undefined) || publicDomains().has(name);
}

/** Above the public names of instances: `compute-1.amazonaws.com`. */
function publicDomains(): ReadonlySet<string> {
  return new Set(allRegions().map(({ name }) => publicDnsSuffix(name)));
}
