/** The services that endpoints can be made for. Source: Amazon EC2 API Reference, "DescribeVpcEndpointServices". */

import type {
  DescribeVpcEndpointServicesRequest,
  DescribeVpcEndpointServicesResult,
  ServiceDetail,
} from "@aws-sdk/client-ec2";
import { ok, type Result } from "../../base/result.ts";
import { allOffers, offersTo } from "../../model/endpoint-service-offer.ts";
import { type ApiError, fail } from "../../model/error.ts";
import type { EndpointService } from "../../model/service-catalogue.ts";
import type { Call, Handler } from "../handler.ts";
import { action, type Actions } from "./action.ts";
import { type FilterTable, readFilters, tagFilters } from "./filter.ts";
import { type PageBounds, pageOf } from "./page.ts";
import { tagSet } from "./tag-set.ts";
import { onAnything } from "./target.ts";
import { principalArnOf } from "./vpc-endpoint.ts";

/** Source: "DescribeVpcEndpointServices": above 1,000 only 1,000 are returned. */
const bounds: PageBounds = { least: 1, most: 1000, above: "cut" };

const describe: Handler<DescribeVpcEndpointServicesRequest, DescribeVpcEndpointServicesResult> = async (
  input,
  call,
) => {
  const found = servicesFor(input, call);
  if (!found.ok) return found;
  const passing = readFilters(input.Filters, filters, "InvalidFilter");
  if (!passing.ok) return passing;
  const wanted = found.value.filter((service) => passing.value.matches(service));
  const page = pageOf(wanted, (service) => `${service.name} ${service.type}`, input, bounds);
  if (!page.ok) return page;
  return ok({
    ServiceNames: page.value.items.map((service) => service.name),
    ServiceDetails: page.value.items.map((service) => wireService(service, call)),
    NextToken: page.value.nextToken,
  });
};

/** Those that are named, else all; of the call's region unless it names others. */
function servicesFor(
  input: DescribeVpcEndpointServicesRequest,
  call: Call,
): Result<readonly EndpointService[], ApiError> {
  const state = call.state();
  const regions =
    input.ServiceRegions === undefined || input.ServiceRegions.length === 0 ? [call.region] : input.ServiceRegions;
  const consumer = principalArnOf(call);
  const names = input.ServiceNames ?? [];
  if (names.length === 0) return ok(regions.flatMap((region) => allOffers(state, { region, ...consumer }, call)));
  const found: EndpointService[] = [];
  for (const name of new Set(names)) {
    const offers = regions.flatMap((region) => offersTo(state, { name, region, ...consumer }, call));
    if (offers.length === 0) return fail("InvalidServiceName", { serviceName: name });
    found.push(...offers);
  }
  return ok(found.toSorted((a, b) => (`${a.name} ${a.type}` < `${b.name} ${b.type}` ? -1 : 1)));
}

/** Tags are the owner's: nobody else sees them. */
function wireService(service: EndpointService, call: Call): ServiceDetail {
  const [privateName] = service.privateDnsNames;
  return {
    ServiceName: service.name,
    ServiceId: service.id,
    ServiceType: [{ ServiceType: service.type }],
    ServiceRegion: service.region,
    AvailabilityZoneIds: service.zones.map((zone) => zone.id),
    AvailabilityZones: service.zones.map((zone) => zone.name),
    Owner: service.owner,
    BaseEndpointDnsNames: [...service.baseEndpointDnsNames],
    ...(privateName !== undefined && {
      PrivateDnsName: privateName,
      PrivateDnsNames: service.privateDnsNames.map((PrivateDnsName) => ({ PrivateDnsName })),
      PrivateDnsNameVerificationState: service.privateDnsState,
    }),
    VpcEndpointPolicySupported: service.vpcEndpointPolicySupported,
    AcceptanceRequired: service.acceptanceRequired,
    ManagesVpcEndpoints: service.managesVpcEndpoints,
    ...(service.payerResponsibility !== undefined && { PayerResponsibility: service.payerResponsibility }),
    Tags: service.owner === call.accountId ? tagSet(service.tags) : [],
    SupportedIpAddressTypes: [...service.supportedIpAddressTypes],
  };
}

const filters: FilterTable<EndpointService> = {
  ...tagFilters,
  owner: (it) => [it.owner],
  "service-name": (it) => [it.name],
  "service-region": (it) => [it.region],
  "service-type": (it) => [it.type],
  "supported-ip-address-types": (it) => it.supportedIpAddressTypes,
};

export const vpcEndpointServiceActions: Actions = {
  DescribeVpcEndpointServices: action(describe, (_, call) => onAnything("DescribeVpcEndpointServices", call)),
};
