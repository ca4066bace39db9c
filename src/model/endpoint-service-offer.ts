/** What an account can make endpoints for: the services of AWS and those of customers that allow it. */

import { findRegion, findZone, type Zone } from "./region.ts";
import { type EndpointService, endpointServicesOf, findEndpointServices } from "./service-catalogue.ts";
import { all, find, findBy, type State } from "./state.ts";
import type { Caller } from "./verb.ts";
import type { VpcEndpointService } from "./endpoint-service.ts";
import type { PrivateVpcEndpoint } from "./vpc-endpoint.ts";

export interface Consumer {
  /** The caller's own ARN; absent for the root user. */
  readonly principalArn?: string;
}

/** The ways in which the service of this name is offered to the caller: none when it does not exist for him. */
export function offersTo(
  state: State,
  wanted: Consumer & { readonly name: string; readonly region: string },
  caller: Caller,
): readonly EndpointService[] {
  const ofAws = findEndpointServices(wanted.region, wanted.name);
  if (ofAws.length > 0) return ofAws;
  const service = findBy(state, "vpc-endpoint-service", "name", wanted.name)[0];
  if (service === undefined || !isOfferedIn(service, wanted.region, caller)) return [];
  return mayConnect(service, wanted, caller) ? [offerOfService(state, service)] : [];
}

/** All that the caller can see in a region. */
export function allOffers(
  state: State,
  wanted: Consumer & { readonly region: string },
  caller: Caller,
): readonly EndpointService[] {
  const customers: EndpointService[] = [];
  for (const service of all(state, "vpc-endpoint-service")) {
    if (isOfferedIn(service, wanted.region, caller) && mayConnect(service, wanted, caller)) {
      customers.push(offerOfService(state, service));
    }
  }
  if (customers.length === 0) return endpointServicesOf(wanted.region);
  return [...endpointServicesOf(wanted.region), ...customers].toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** The service of an endpoint that is there; undefined when its owner has deleted it. */
export function offerOf(state: State, endpoint: PrivateVpcEndpoint): EndpointService | undefined {
  const { serviceName, kind } = endpoint;
  const service = findBy(state, "vpc-endpoint-service", "name", serviceName)[0];
  if (service !== undefined) return offerOfService(state, service);
  const region = serviceName.split(".")[2] ?? endpoint.region;
  return findEndpointServices(region, serviceName).find((one) => one.type === kind);
}

/** A customer's service as consumers see it. */
function offerOfService(state: State, service: VpcEndpointService): EndpointService {
  const { privateDns } = service;
  return {
    name: service.name,
    id: service.id,
    type: service.kind,
    region: service.region,
    owner: service.accountId,
    baseEndpointDnsNames: [baseNameOf(service)],
    privateDnsNames: privateDns === undefined ? [] : [privateDns.name],
    dualStackDnsNames: [],
    ...(privateDns !== undefined && { privateDnsState: privateDns.state }),
    zones: zonesOf(state, service),
    acceptanceRequired: service.acceptanceRequired,
    managesVpcEndpoints: false,
    vpcEndpointPolicySupported: service.kind === "Interface",
    supportedIpAddressTypes: service.supportedIpAddressTypes,
    ...(service.payerResponsibility !== undefined && { payerResponsibility: service.payerResponsibility }),
    tags: service.tags,
  };
}

/** `vpce-svc-….us-east-1.vpce.amazonaws.com`. */
export function baseNameOf(service: VpcEndpointService): string {
  return `${service.id}.${service.region}.vpce.amazonaws.com`;
}

/** The zones of its load balancers, in the order of the region's. */
export function zonesOf(state: State, service: VpcEndpointService): readonly Zone[] {
  const names = new Set(
    service.loadBalancerArns.flatMap(
      (arn) => find(state, "load-balancer", arn)?.zones.map((one) => one.zoneName) ?? [],
    ),
  );
  const zones = findRegion(service.region)?.zones ?? [];
  return zones.filter((zone) => names.has(zone.name)).map((zone) => findZone(service.region, zone.name) ?? zone);
}

/** Whether the service is to be had by callers in their region under the region that they name. */
function isOfferedIn(service: VpcEndpointService, region: string, caller: Caller): boolean {
  if (service.state !== "Available" || service.region !== region) return false;
  return caller.region === service.region || service.supportedRegions.includes(caller.region);
}

/** Source: AWS PrivateLink guide, "Manage permissions": everyone, an account (by its root), a user or a role; the owner always. */
function mayConnect(service: VpcEndpointService, consumer: Consumer, caller: Caller): boolean {
  if (service.accountId === caller.accountId) return true;
  const names = new Set(["*", `arn:aws:iam::${caller.accountId}:root`, consumer.principalArn]);
  return service.permissions.some((one) => names.has(one.principal));
}
