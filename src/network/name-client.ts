/**
 * What instances are told of names when they start: whom to ask, and which domains to try behind a short name.
 * Source: Amazon VPC User Guide, "DHCP option sets in Amazon VPC" (domain-name, domain-name-servers, AmazonProvidedDNS).
 */

import { type DhcpOptions, defaultDhcpOptions } from "../model/default-dhcp-options.ts";
import { dhcpOptionsIdOf } from "../model/dhcp-options.ts";
import { find, type State } from "../model/state.ts";
import type { Vpc } from "../model/vpc.ts";

export interface NameClient {
  readonly dhcpOptionsId: string;
  /** Addresses, in the order in which they are asked; empty for a set that names none. */
  readonly servers: readonly string[];
  /** Whether the VPC's own resolver is what is asked. */
  readonly asksVpc: boolean;
  readonly searchDomains: readonly string[];
}

/** Where the resolver of every VPC with IPv6 answers over it. */
export const ipv6ResolverIp = "fd00:ec2::253";

/** `resolverIp` is the address of the VPC's own resolver by which it is told, whether or not it is on. */
export function nameClientOf(state: State, vpc: Vpc, resolverIp: string): NameClient {
  const options = optionsOf(state, vpc);
  const valuesOf = (key: string): readonly string[] =>
    options.configurations.find((one) => one.key === key)?.values ?? [];
  const servers = valuesOf("domain-name-servers").map((one) => (one === "AmazonProvidedDNS" ? resolverIp : one));
  return {
    dhcpOptionsId: dhcpOptionsIdOf(vpc),
    servers,
    asksVpc: servers.some((one) => one === resolverIp || vpcResolverIps.has(one)),
    // Linux takes several domains, separated by spaces, as one value.
    searchDomains: valuesOf("domain-name").flatMap((value) => value.split(/\s+/).filter((domain) => domain !== "")),
  };
}

/** Where the resolver of every VPC answers, beside the third address of its own block. */
const vpcResolverIps: ReadonlySet<string> = new Set(["169.254.169.253", ipv6ResolverIp]);

/** Sets never change and are not deleted while a VPC has them. */
function optionsOf(state: State, vpc: Vpc): DhcpOptions {
  const found = vpc.dhcpOptionsId === "default" ? undefined : find(state, "dhcp-options", vpc.dhcpOptionsId);
  return found ?? defaultDhcpOptions(state, vpc);
}
