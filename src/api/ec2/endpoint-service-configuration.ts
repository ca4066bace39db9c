/** Endpoint services of customers on the wire. Source: Amazon EC2 API Reference, "CreateVpcEndpointServiceConfiguration" and the other operations below. */

import type {
  CreateVpcEndpointServiceConfigurationRequest,
  CreateVpcEndpointServiceConfigurationResult,
  DeleteVpcEndpointServiceConfigurationsRequest,
  DeleteVpcEndpointServiceConfigurationsResult,
  DescribeVpcEndpointServiceConfigurationsRequest,
  DescribeVpcEndpointServiceConfigurationsResult,
  ModifyVpcEndpointServiceConfigurationRequest,
  ModifyVpcEndpointServiceConfigurationResult,
  ModifyVpcEndpointServicePayerResponsibilityRequest,
  ModifyVpcEndpointServicePayerResponsibilityResult,
  ServiceConfiguration,
  StartVpcEndpointServicePrivateDnsVerificationRequest,
  StartVpcEndpointServicePrivateDnsVerificationResult,
} from "@aws-sdk/client-ec2";
import { ok } from "../../base/result.ts";
import { baseNameOf, zonesOf } from "../../model/endpoint-service-offer.ts";
import { startPrivateDnsVerification } from "../../model/endpoint-service-dns.ts";
import {
  createEndpointService,
  deleteEndpointServices,
  modifyEndpointService,
  modifyPayerResponsibility,
  type VpcEndpointService,
} from "../../model/endpoint-service.ts";
import type { State } from "../../model/state.ts";
import type { Handler } from "../handler.ts";
import { action, type Actions } from "./action.ts";
import { type FilterTable, tagFilters } from "./filter.ts";
import { list } from "./listing.ts";
import type { PageBounds } from "./page.ts";
import { readTagSpecifications, tagSet } from "./tag-set.ts";
import { onAnything, onExisting, onNew } from "./target.ts";
import { unsuccessfulItem } from "./vpc-endpoint.ts";

/** Source: "DescribeVpcEndpointServiceConfigurations", MaxResults: 5 to 1,000; above 1,000 only 1,000 are returned. */
const bounds: PageBounds = { least: 1, most: 1000, above: "cut" };

const create: Handler<
  CreateVpcEndpointServiceConfigurationRequest,
  CreateVpcEndpointServiceConfigurationResult
> = async (input, call) => {
  const tags = readTagSpecifications(input.TagSpecifications, ["vpc-endpoint-service"]);
  if (!tags.ok) return tags;
  const wanted = {
    networkLoadBalancerArns: input.NetworkLoadBalancerArns ?? [],
    gatewayLoadBalancerArns: input.GatewayLoadBalancerArns ?? [],
    // Source: "CreateVpcEndpointServiceConfiguration", AcceptanceRequired.
    // ASSUMPTION: an endpoint service that is made without a word on acceptance demands it.
    acceptanceRequired: input.AcceptanceRequired ?? true,
    ...(input.PrivateDnsName !== undefined && { privateDnsName: input.PrivateDnsName }),
    supportedIpAddressTypes: input.SupportedIpAddressTypes ?? [],
    supportedRegions: input.SupportedRegions ?? [],
    ...(input.ClientToken !== undefined && { clientToken: input.ClientToken }),
    tags: tags.value["vpc-endpoint-service"],
  };
  const made = await call.run((state, context) => createEndpointService(state, wanted, context));
  if (!made.ok) return made;
  return ok({ ServiceConfiguration: wireConfiguration(call.state(), made.value), ClientToken: input.ClientToken });
};

const describe: Handler<
  DescribeVpcEndpointServiceConfigurationsRequest,
  DescribeVpcEndpointServiceConfigurationsResult
> = async (input, call) => {
  const listing = {
    kind: "vpc-endpoint-service",
    ids: input.ServiceIds,
    filters,
    bounds,
    refusal: "InvalidFilter",
  } as const;
  const page = list(listing, input, call);
  if (!page.ok) return page;
  return ok({
    ServiceConfigurations: page.value.items.map((one) => wireConfiguration(call.state(), one)),
    NextToken: page.value.nextToken,
  });
};

const modify: Handler<
  ModifyVpcEndpointServiceConfigurationRequest,
  ModifyVpcEndpointServiceConfigurationResult
> = async (input, call) => {
  const wanted = {
    serviceId: input.ServiceId ?? "",
    add: {
      networkLoadBalancerArns: input.AddNetworkLoadBalancerArns ?? [],
      gatewayLoadBalancerArns: input.AddGatewayLoadBalancerArns ?? [],
      supportedIpAddressTypes: input.AddSupportedIpAddressTypes ?? [],
      supportedRegions: input.AddSupportedRegions ?? [],
    },
    remove: {
      networkLoadBalancerArns: input.RemoveNetworkLoadBalancerArns ?? [],
      gatewayLoadBalancerArns: input.RemoveGatewayLoadBalancerArns ?? [],
      supportedIpAddressTypes: input.RemoveSupportedIpAddressTypes ?? [],
      supportedRegions: input.RemoveSupportedRegions ?? [],
    },
    ...(input.AcceptanceRequired !== undefined && { acceptanceRequired: input.AcceptanceRequired }),
    ...(input.PrivateDnsName !== undefined && { privateDnsName: input.PrivateDnsName }),
    ...(input.RemovePrivateDnsName !== undefined && { removePrivateDnsName: input.RemovePrivateDnsName }),
  };
  const done = await call.run((state, context) => modifyEndpointService(state, wanted, context));
  return done.ok ? ok({ Return: true }) : done;
};

const remove: Handler<
  DeleteVpcEndpointServiceConfigurationsRequest,
  DeleteVpcEndpointServiceConfigurationsResult
> = async (input, call) => {
  const wanted = { serviceIds: input.ServiceIds ?? [] };
  const gone = await call.run((state, context) => deleteEndpointServices(state, wanted, context));
  return gone.ok ? ok({ Unsuccessful: gone.value.map(unsuccessfulItem) }) : gone;
};

const modifyPayer: Handler<
  ModifyVpcEndpointServicePayerResponsibilityRequest,
  ModifyVpcEndpointServicePayerResponsibilityResult
> = async (input, call) => {
  const wanted = { serviceId: input.ServiceId ?? "", payerResponsibility: input.PayerResponsibility ?? "" };
  const done = await call.run((state, context) => modifyPayerResponsibility(state, wanted, context));
  return done.ok ? ok({ ReturnValue: true }) : done;
};

const startVerification: Handler<
  StartVpcEndpointServicePrivateDnsVerificationRequest,
  StartVpcEndpointServicePrivateDnsVerificationResult
> = async (input, call) => {
  const wanted = { serviceId: input.ServiceId ?? "" };
  const done = await call.run((state, context) => startPrivateDnsVerification(state, wanted, context));
  return done.ok ? ok({ ReturnValue: true }) : done;
};

function wireConfiguration(state: State, service: VpcEndpointService): ServiceConfiguration {
  const zones = zonesOf(state, service);
  const arns = [...service.loadBalancerArns];
  const { privateDns } = service;
  return {
    ServiceType: [{ ServiceType: service.kind }],
    ServiceId: service.id,
    ServiceName: service.name,
    ServiceState: service.state,
    AvailabilityZoneIds: zones.map((zone) => zone.id),
    AvailabilityZones: zones.map((zone) => zone.name),
    AcceptanceRequired: service.acceptanceRequired,
    ManagesVpcEndpoints: false,
    ...(service.kind === "Interface" ? { NetworkLoadBalancerArns: arns } : { GatewayLoadBalancerArns: arns }),
    SupportedIpAddressTypes: [...service.supportedIpAddressTypes],
    BaseEndpointDnsNames: [baseNameOf(service)],
    ...(privateDns !== undefined && { PrivateDnsName: privateDns.name }),
    PrivateDnsNameConfiguration:
      privateDns === undefined
        ? {}
        : { State: privateDns.state, Type: "TXT", Value: privateDns.recordValue, Name: privateDns.recordName },
    ...(service.payerResponsibility !== undefined && { PayerResponsibility: service.payerResponsibility }),
    Tags: tagSet(service.tags),
    SupportedRegions: [service.region, ...service.supportedRegions].map((Region) => ({
      Region,
      ServiceState: service.state,
    })),
    RemoteAccessEnabled: service.supportedRegions.length > 0,
  };
}

const filters: FilterTable<VpcEndpointService> = {
  ...tagFilters,
  "service-name": (it) => [it.name],
  "service-id": (it) => [it.id],
  "service-state": (it) => [it.state],
  "supported-ip-address-types": (it) => it.supportedIpAddressTypes,
};

export const endpointServiceConfigurationActions: Actions = {
  CreateVpcEndpointServiceConfiguration: action(create, (input, call) => {
    const named = input.PrivateDnsName === undefined ? {} : { "ec2:VpceServicePrivateDnsName": [input.PrivateDnsName] };
    const keys = { ...named, "ec2:VpceServiceRegion": [call.region], "ec2:VpceMultiRegion": ["false"] };
    const made = { kind: "vpc-endpoint-service", tagSpecifications: input.TagSpecifications, keys };
    return onNew("CreateVpcEndpointServiceConfiguration", made, call);
  }),
  DescribeVpcEndpointServiceConfigurations: action(describe, (_, call) =>
    onAnything("DescribeVpcEndpointServiceConfigurations", call),
  ),
  ModifyVpcEndpointServiceConfiguration: action(modify, (input, call) => {
    const asked = input.PrivateDnsName;
    const keys = asked === undefined ? {} : { "ec2:VpceServicePrivateDnsName": [asked] };
    return onExisting("ModifyVpcEndpointServiceConfiguration", "vpc-endpoint-service", [input.ServiceId], call).map(
      (target) => ({ ...target, keys: { ...target.keys, ...keys } }),
    );
  }),
  DeleteVpcEndpointServiceConfigurations: action(remove, (input, call) =>
    onExisting("DeleteVpcEndpointServiceConfigurations", "vpc-endpoint-service", input.ServiceIds ?? [], call),
  ),
  ModifyVpcEndpointServicePayerResponsibility: action(modifyPayer, (input, call) =>
    onExisting("ModifyVpcEndpointServicePayerResponsibility", "vpc-endpoint-service", [input.ServiceId], call),
  ),
  StartVpcEndpointServicePrivateDnsVerification: action(startVerification, (input, call) =>
    onExisting("StartVpcEndpointServicePrivateDnsVerification", "vpc-endpoint-service", [input.ServiceId], call),
  ),
};
