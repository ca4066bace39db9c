/**
 * The services of AWS that a VPC endpoint can be made for, region by region.
 * Source: AWS PrivateLink guide, "AWS services that integrate with AWS PrivateLink" and "Gateway endpoints".
 *
 * ASSUMPTION: every region offers every service, in all its zones but those that AWS's guides except.
 * ASSUMPTION: a service with public dual-stack names takes IPv6 at its interface endpoints too.
 * ASSUMPTION: service ids that AWS has not shown in public are made up, the same on every start.
 */

import type { Id } from "../base/id.ts";
import {
  dualStackHosts,
  interfaceServices,
  knownServiceIds,
  privateHosts,
  withIpv6,
  withoutPolicy,
  withoutPrivateName,
  withoutZones,
} from "./data/interface-service.ts";
import { findRegion, type Zone } from "./region.ts";
import { prefixListsOf } from "./prefix-list.ts";
import type { Tags } from "./resource.ts";
import { stableHex } from "./stable-id.ts";

export type VpcEndpointType = "Gateway" | "Interface" | "GatewayLoadBalancer";

export type IpAddressType = "ipv4" | "ipv6";

/** One way in which a service is offered; a service with two types has two of these under one name. */
export interface EndpointService {
  /** `com.amazonaws.us-east-1.s3`. */
  readonly name: string;
  readonly id: Id<"vpce-svc">;
  readonly type: VpcEndpointType;
  readonly region: string;
  /** `amazon` or an account. */
  readonly owner: string;
  /** `s3.us-east-1.amazonaws.com`. */
  readonly baseEndpointDnsNames: readonly string[];
  /** The names that private DNS answers for, the main one first. */
  readonly privateDnsNames: readonly string[];
  /** The service's public dual-stack names, for which private DNS answers where an endpoint carries IPv6. */
  readonly dualStackDnsNames: readonly string[];
  readonly privateDnsState?: "pendingVerification" | "verified" | "failed";
  readonly zones: readonly Zone[];
  readonly acceptanceRequired: boolean;
  readonly managesVpcEndpoints: boolean;
  readonly vpcEndpointPolicySupported: boolean;
  readonly supportedIpAddressTypes: readonly IpAddressType[];
  readonly payerResponsibility?: "ServiceOwner";
  readonly tags: Tags;
}

/** Every service of AWS in a region, sorted by name; none for an unknown region. */
export function endpointServicesOf(region: string): readonly EndpointService[] {
  const known = catalogue.get(region);
  if (known !== undefined) return known;
  const services = findRegion(region) === undefined ? [] : makeCatalogue(region);
  catalogue.set(region, services);
  return services;
}

/** The types in which a region offers AWS's service of this name: none when there is no such service. */
export function findEndpointServices(region: string, name: string): readonly EndpointService[] {
  let named = byName.get(region);
  if (named === undefined) {
    named = Map.groupBy(endpointServicesOf(region), (service) => service.name);
    byName.set(region, named);
  }
  return named.get(name) ?? [];
}

// Memos of pure results.
const catalogue = new Map<string, readonly EndpointService[]>();
const byName = new Map<string, ReadonlyMap<string, readonly EndpointService[]>>();

function makeCatalogue(region: string): readonly EndpointService[] {
  const gateways = ["dynamodb", "s3"].map((service) => gateway(region, service));
  const interfaces = interfaceServices.map((service) => interfaceService(region, service));
  const all = [...gateways, ...interfaces];
  return all.toSorted((a, b) => (a.name === b.name ? (a.type < b.type ? -1 : 1) : a.name < b.name ? -1 : 1));
}

/** It carries the families that there are prefix lists of. */
function gateway(region: string, service: string): EndpointService {
  const widths = prefixListsOf(region).flatMap((list) => (list.service === service ? [list.width] : []));
  return {
    ...offer(region, service, "Gateway"),
    baseEndpointDnsNames: [`${service}.${region}.amazonaws.com`],
    privateDnsNames: [],
    dualStackDnsNames: [],
    zones: findRegion(region)?.zones ?? [],
    supportedIpAddressTypes: widths.map((width) => (width === 32 ? "ipv4" : "ipv6")),
  };
}

function interfaceService(region: string, service: string): EndpointService {
  const hosts = withoutPrivateName.has(service) ? [] : (privateHosts[service] ?? [service]);
  const except = withoutZones[service] ?? [];
  return {
    ...offer(region, service, "Interface"),
    baseEndpointDnsNames: [`${service.split(".").toReversed().join(".")}.${region}.vpce.amazonaws.com`],
    privateDnsNames: hosts.map((host) => `${host}.${region}.amazonaws.com`),
    dualStackDnsNames: hosts.length === 0 ? [] : dualStackNames(region, service, hosts),
    ...(hosts.length > 0 && { privateDnsState: "verified" as const }),
    zones: (findRegion(region)?.zones ?? []).filter((zone) => !except.includes(zone.id)),
    supportedIpAddressTypes: withIpv6.has(service) || dualStackHosts.has(service) ? ["ipv6", "ipv4"] : ["ipv4"],
  };
}

/** Those of S3 are in its own domain. Source: Amazon S3 User Guide, "Using Amazon S3 dual-stack endpoints". */
function dualStackNames(region: string, service: string, hosts: readonly string[]): readonly string[] {
  if (service === "s3") return hosts.map((host) => `${host}.dualstack.${region}.amazonaws.com`);
  const host = dualStackHosts.get(service);
  return host === undefined ? [] : [`${host}.${region}.api.aws`];
}

function offer(region: string, service: string, type: VpcEndpointType) {
  const name = `com.amazonaws.${region}.${service}`;
  const key = `${name} ${type}`;
  return {
    name,
    id: (knownServiceIds[key] ?? `vpce-svc-${stableHex(key, 17)}`) as Id<"vpce-svc">,
    type,
    region,
    owner: "amazon",
    acceptanceRequired: false,
    managesVpcEndpoints: false,
    vpcEndpointPolicySupported: !withoutPolicy.has(service),
    tags: [],
  };
}
