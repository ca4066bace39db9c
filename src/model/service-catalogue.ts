/**
 * The services of AWS that a VPC endpoint can be made for, region by region.
 * Source: AWS PrivateLink guide, "AWS services that integrate with AWS PrivateLink" and "Gateway endpoints".
 *
 * ASSUMPTION: service ids that AWS has not shown in public are made up, the same on every start.
 */

import type { Id } from "../base/id.ts";
import { allRegions, findRegion, type Zone } from "./region.ts";
import { stableHex } from "./stable-id.ts";

export type VpcEndpointType = "Gateway" | "Interface" | "GatewayLoadBalancer";

/** One way in which a service is offered; a service with two types has two of these under one name. */
export interface EndpointService {
  /** `com.amazonaws.us-east-1.s3`. */
  readonly name: string;
  readonly id: Id<"vpce-svc">;
  readonly type: VpcEndpointType;
  readonly region: string;
  readonly owner: "amazon";
  /** `s3.us-east-1.amazonaws.com`. */
  readonly baseEndpointDnsNames: readonly string[];
  readonly zones: readonly Zone[];
  readonly acceptanceRequired: boolean;
  readonly managesVpcEndpoints: boolean;
  readonly vpcEndpointPolicySupported: boolean;
  readonly supportedIpAddressTypes: readonly ("ipv4" | "ipv6")[];
}

/** Every service of a region, sorted by name; none for an unknown region. */
export function endpointServicesOf(region: string): readonly EndpointService[] {
  return catalogue.get(region) ?? [];
}

/** The types in which a region offers the service of this name: none when there is no such service. */
export function findEndpointServices(region: string, name: string): readonly EndpointService[] {
  return endpointServicesOf(region).filter((service) => service.name === name);
}

/** The region that a name speaks of when it is the name of a service of another region. */
export function regionOfServiceName(name: string): string | undefined {
  return allRegions().find((region) => endpointServicesOf(region.name).some((service) => service.name === name))?.name;
}

const knownIds: Readonly<Record<string, string>> = {
  "com.amazonaws.us-east-1.s3 Gateway": "vpce-svc-0aa7c06513d4872d5",
  "com.amazonaws.us-east-1.dynamodb Gateway": "vpce-svc-099eb39957ebe7ecc",
};

const catalogue: ReadonlyMap<string, readonly EndpointService[]> = new Map(
  allRegions().map((region) => [region.name, [gateway(region.name, "dynamodb"), gateway(region.name, "s3")]]),
);

function gateway(region: string, service: string): EndpointService {
  const name = `com.amazonaws.${region}.${service}`;
  return {
    name,
    id: (knownIds[`${name} Gateway`] ?? `vpce-svc-${stableHex(`${name} Gateway`, 17)}`) as Id<"vpce-svc">,
    type: "Gateway",
    region,
    owner: "amazon",
    baseEndpointDnsNames: [`${service}.${region}.amazonaws.com`],
    zones: findRegion(region)?.zones ?? [],
    acceptanceRequired: false,
    managesVpcEndpoints: false,
    vpcEndpointPolicySupported: true,
    supportedIpAddressTypes: ["ipv4"],
  };
}
