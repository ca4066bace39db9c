/**
 * The host names of an endpoint with interfaces. Source: AWS PrivateLink guide, "DNS names for endpoints"; the order is that of
 * recorded answers: the regional name, one for each subnet, then the private names.
 */

import { endpointZoneIds } from "./data/interface-service.ts";
import { offerOf } from "./endpoint-service-offer.ts";
import { privateDualStackNamesOf, privateNamesOf } from "./private-dns.ts";
import { stableHex } from "./stable-id.ts";
import type { State } from "./state.ts";
import type { VpcEndpoint } from "./vpc-endpoint.ts";

export interface EndpointDnsEntry {
  readonly dnsName: string;
  readonly hostedZoneId: string;
  /** The zone of the one interface that the name leads to; absent where it leads to all. */
  readonly zoneName?: string;
}

/** None for gateway and Gateway Load Balancer endpoints. */
export function dnsEntriesOf(state: State, endpoint: VpcEndpoint): readonly EndpointDnsEntry[] {
  if (endpoint.kind !== "Interface") return [];
  const service = offerOf(state, endpoint);
  const region = service?.region ?? endpoint.region;
  const suffix = `${segmentOf(endpoint.serviceName)}.${region}.vpce.amazonaws.com`;
  const star = endpoint.serviceName.endsWith(".s3") ? "*." : "";
  const label = `${star}${endpoint.id}-${endpoint.dnsLabel}`;
  const hostedZoneId = endpointZoneIds[region] ?? hostedZone(`vpce ${region}`);
  const zonal = region === endpoint.region ? endpoint.attachments : [];
  return [
    { dnsName: `${label}.${suffix}`, hostedZoneId },
    ...zonal.map(({ zoneName }) => ({ dnsName: `${label}-${zoneName}.${suffix}`, hostedZoneId, zoneName })),
    ...[...privateNamesOf(state, endpoint), ...privateDualStackNamesOf(state, endpoint)].map((dnsName) => ({
      dnsName,
      hostedZoneId: hostedZone(`${endpoint.id} ${dnsName}`),
    })),
  ];
}

/** `s3`, `api.ecr` of `com.amazonaws.us-east-1.ecr.api`; the service's id for one of a customer. */
function segmentOf(serviceName: string): string {
  const parts = serviceName.split(".");
  return parts[2] === "vpce" ? (parts[4] ?? "") : parts.slice(3).toReversed().join(".");
}

/**
 * ASSUMPTION: hosted zone ids of endpoints are made up, the same on every start: `Z` and nineteen letters or digits.
 */
function hostedZone(text: string): string {
  return `Z${stableHex(text, 19).toUpperCase()}`;
}
