/** The services that endpoints can be made for. Source: Amazon EC2 API Reference, "DescribeVpcEndpointServices". */

import type {
  DescribeVpcEndpointServicesRequest,
  DescribeVpcEndpointServicesResult,
  ServiceDetail,
} from "@aws-sdk/client-ec2";
import { ok } from "../../base/result.ts";
import { fail } from "../../model/error.ts";
import { type EndpointService, endpointServicesOf } from "../../model/service-catalogue.ts";
import type { Handler } from "../handler.ts";
import { action, type Actions } from "./action.ts";
import { type FilterTable, readFilters } from "./filter.ts";
import { type PageBounds, pageOf } from "./page.ts";
import { onAnything } from "./target.ts";

/** Source: "DescribeVpcEndpointServices": above 1,000 only 1,000 are returned. */
const bounds: PageBounds = { least: 1, most: 1000, above: "cut" };

const describe: Handler<DescribeVpcEndpointServicesRequest, DescribeVpcEndpointServicesResult> = async (
  input,
  call,
) => {
  const services = endpointServicesOf(call.region);
  const unknown = (input.ServiceNames ?? []).find((name) => !services.some((service) => service.name === name));
  if (unknown !== undefined) return fail("InvalidServiceName", { serviceName: unknown });
  const passing = readFilters(input.Filters, filters);
  if (!passing.ok) return passing;
  const wanted = services.filter(
    (service) =>
      (input.ServiceNames ?? [service.name]).includes(service.name) &&
      (input.ServiceRegions ?? [service.region]).includes(service.region) &&
      passing.value.matches({ ...service, tags: [] }),
  );
  const page = pageOf(wanted, (service) => `${service.name} ${service.type}`, input, bounds);
  if (!page.ok) return page;
  return ok({
    ServiceNames: page.value.items.map((service) => service.name),
    ServiceDetails: page.value.items.map(wireService),
    NextToken: page.value.nextToken,
  });
};

function wireService(service: EndpointService): ServiceDetail {
  return {
    ServiceName: service.name,
    ServiceId: service.id,
    ServiceType: [{ ServiceType: service.type }],
    ServiceRegion: service.region,
    AvailabilityZoneIds: service.zones.map((zone) => zone.id),
    AvailabilityZones: service.zones.map((zone) => zone.name),
    Owner: service.owner,
    BaseEndpointDnsNames: [...service.baseEndpointDnsNames],
    VpcEndpointPolicySupported: service.vpcEndpointPolicySupported,
    AcceptanceRequired: service.acceptanceRequired,
    ManagesVpcEndpoints: service.managesVpcEndpoints,
    Tags: [],
    SupportedIpAddressTypes: [...service.supportedIpAddressTypes],
  };
}

/** Services of AWS have no tags, so `tag:…` is a filter that none passes. */
const filters: FilterTable<EndpointService & { readonly tags: readonly [] }> = {
  owner: (it) => [it.owner],
  "service-name": (it) => [it.name],
  "service-region": (it) => [it.region],
  "service-type": (it) => [it.type],
  "supported-ip-address-types": (it) => it.supportedIpAddressTypes,
  "tag-key": () => [],
};

export const vpcEndpointServiceActions: Actions = {
  DescribeVpcEndpointServices: action(describe, (_, call) => onAnything("DescribeVpcEndpointServices", call)),
};
