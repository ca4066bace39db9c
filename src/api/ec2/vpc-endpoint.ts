/** VPC endpoints on the wire. Source: Amazon EC2 API Reference, "CreateVpcEndpoint" and the other operations below. */

import type {
  CreateVpcEndpointRequest,
  CreateVpcEndpointResult,
  DeleteVpcEndpointsRequest,
  DeleteVpcEndpointsResult,
  DescribeVpcEndpointAssociationsRequest,
  DescribeVpcEndpointAssociationsResult,
  DescribeVpcEndpointsRequest,
  DescribeVpcEndpointsResult,
  ModifyVpcEndpointRequest,
  ModifyVpcEndpointResult,
  UnsuccessfulItem,
} from "@aws-sdk/client-ec2";
import { ok, type Result } from "../../base/result.ts";
import { offersTo } from "../../model/endpoint-service-offer.ts";
import { type ApiError, fail, textOf } from "../../model/error.ts";
import { lookupAll } from "../../model/lookup.ts";
import type { VpcEndpointType } from "../../model/service-catalogue.ts";
import {
  createVpcEndpoint,
  type CreateVpcEndpointInput,
  deleteVpcEndpoints,
  type DnsRecordIpType,
  type EndpointIpAddressType,
  type EndpointOptions,
  type EndpointSubnet,
  modifyVpcEndpoint,
  type Unsuccessful,
  type VpcEndpoint,
} from "../../model/vpc-endpoint.ts";
import { nameOf } from "../../policy/principal.ts";
import type { Call, Handler, Target } from "../handler.ts";
import { action, type Actions } from "./action.ts";
import { type FilterTable, maybe, readFilters, tagFilters } from "./filter.ts";
import { list } from "./listing.ts";
import { type PageBounds, pageOf } from "./page.ts";
import { readTagSpecifications } from "./tag-set.ts";
import { onAnything, onExisting, onNew } from "./target.ts";
import { addressTypeOf, wireEndpoint } from "./vpc-endpoint-view.ts";

/** Source: EC2 API Reference, "DescribeVpcEndpoints": above 1,000 only 1,000 are returned. */
const bounds: PageBounds = { least: 1, most: 1000, above: "cut", usual: 1000 };

const create: Handler<CreateVpcEndpointRequest, CreateVpcEndpointResult> = async (input, call) => {
  const wanted = readCreation(input, call);
  if (!wanted.ok) return wanted;
  const made = await call.run((state, context) => createVpcEndpoint(state, wanted.value, context));
  return made.ok ? ok({ VpcEndpoint: wireEndpoint(call.state(), made.value), ClientToken: input.ClientToken }) : made;
};

const describe: Handler<DescribeVpcEndpointsRequest, DescribeVpcEndpointsResult> = async (input, call) => {
  const listing = {
    kind: "vpc-endpoint",
    ids: input.VpcEndpointIds,
    filters,
    indexed: { "vpc-id": "vpcId", "service-name": "serviceName" },
    taggedBy: "tag",
    faceted: true,
    bounds,
    refusal: "InvalidFilter",
  } as const;
  const page = list(listing, input, call);
  if (!page.ok) return page;
  const state = call.state();
  return ok({
    VpcEndpoints: page.value.items.map((one) => wireEndpoint(state, one)),
    NextToken: page.value.nextToken,
  });
};

const modify: Handler<ModifyVpcEndpointRequest, ModifyVpcEndpointResult> = async (input, call) => {
  const options = readOptions(input, {
    routeTableIds: input.AddRouteTableIds,
    subnetIds: input.AddSubnetIds,
    securityGroupIds: input.AddSecurityGroupIds,
  });
  if (!options.ok) return options;
  const wanted = {
    vpcEndpointId: input.VpcEndpointId ?? "",
    ...(input.ResetPolicy !== undefined && { resetPolicy: input.ResetPolicy }),
    add: options.value,
    remove: {
      routeTableIds: input.RemoveRouteTableIds ?? [],
      subnetIds: input.RemoveSubnetIds ?? [],
      securityGroupIds: input.RemoveSecurityGroupIds ?? [],
    },
  };
  const done = await call.run((state, context) => modifyVpcEndpoint(state, wanted, context));
  return done.ok ? ok({ Return: true }) : done;
};

const remove: Handler<DeleteVpcEndpointsRequest, DeleteVpcEndpointsResult> = async (input, call) => {
  const wanted = { vpcEndpointIds: input.VpcEndpointIds ?? [] };
  const gone = await call.run((state, context) => deleteVpcEndpoints(state, wanted, context));
  return gone.ok ? ok({ Unsuccessful: gone.value.map(unsuccessfulItem) }) : gone;
};

/** Source: "DescribeVpcEndpointAssociations": of resource and service network endpoints, which there are none of. */
const describeAssociations: Handler<
  DescribeVpcEndpointAssociationsRequest,
  DescribeVpcEndpointAssociationsResult
> = async (input, call) => {
  const named = lookupAll(call.state(), "vpc-endpoint", input.VpcEndpointIds ?? [], call);
  if (!named.ok) return named;
  const passing = readFilters(input.Filters, associationFilters, "InvalidFilter");
  if (!passing.ok) return passing;
  const page = pageOf<never>([], () => "", input, bounds);
  return page.ok ? ok({ VpcEndpointAssociations: [...page.value.items], NextToken: page.value.nextToken }) : page;
};

const associationFilters: FilterTable<never> = {
  "vpc-endpoint-id": () => [],
  "associated-resource-accessibility": () => [],
  "association-id": () => [],
  "associated-resource-id": () => [],
  "service-network-arn": () => [],
  "resource-configuration-group-arn": () => [],
  "service-network-resource-association-id": () => [],
};

/** An item of a call in bulk that failed. */
export function unsuccessfulItem(item: Unsuccessful): UnsuccessfulItem {
  return { ResourceId: item.resourceId, Error: { Code: item.error.code, Message: textOf(item.error) } };
}

/** The caller's ARN as permissions of services name it; absent for the root user. */
export function principalArnOf(call: Call): { readonly principalArn?: string } {
  const { principal } = call;
  switch (principal.kind) {
    case "user":
    case "federated-user":
      return { principalArn: nameOf(principal) };
    case "assumed-role":
      return { principalArn: principal.roleArn };
    case "anonymous":
    case "root":
    case "service":
    case "web-identity":
      return {};
  }
}

function readCreation(input: CreateVpcEndpointRequest, call: Call): Result<CreateVpcEndpointInput, ApiError> {
  const type = readType(input.VpcEndpointType ?? "Gateway");
  if (!type.ok) return type;
  const tags = readTagSpecifications(input.TagSpecifications, ["vpc-endpoint"]);
  if (!tags.ok) return tags;
  if (input.ServiceName === undefined) return fail("MissingParameter", { parameter: "serviceName" });
  const options = readOptions(input, {
    routeTableIds: input.RouteTableIds,
    subnetIds: input.SubnetIds,
    securityGroupIds: input.SecurityGroupIds,
  });
  if (!options.ok) return options;
  return ok({
    ...options.value,
    type: type.value,
    vpcId: input.VpcId ?? "",
    serviceName: input.ServiceName,
    ...(input.ServiceRegion !== undefined && { serviceRegion: input.ServiceRegion }),
    ...(input.ClientToken !== undefined && { clientToken: input.ClientToken }),
    tags: tags.value["vpc-endpoint"],
    ...principalArnOf(call),
  });
}

/**
 * ASSUMPTION: the text that refuses endpoints of resources and of service networks, which are not served, is ours.
 */
function readType(text: string): Result<VpcEndpointType, ApiError> {
  if (text === "Gateway" || text === "Interface" || text === "GatewayLoadBalancer") return ok(text);
  if (text === "Resource" || text === "ServiceNetwork") {
    return fail("UnsupportedOperation", { message: `VPC endpoints of the type ${text} are not served by Underpass` });
  }
  return fail("InvalidVpcEndpointType", { message: `The VPC endpoint type '${text}' is not valid` });
}

interface Joining {
  readonly routeTableIds: readonly string[] | undefined;
  readonly subnetIds: readonly string[] | undefined;
  readonly securityGroupIds: readonly string[] | undefined;
}

function readOptions(
  input: CreateVpcEndpointRequest | ModifyVpcEndpointRequest,
  joining: Joining,
): Result<EndpointOptions, ApiError> {
  const address = readWord(input.IpAddressType, addressTypes, "IpAddressType");
  if (!address.ok) return address;
  const record = readWord(input.DnsOptions?.DnsRecordIpType, recordTypes, "DnsRecordIpType");
  if (!record.ok) return record;
  const inbound = input.DnsOptions?.PrivateDnsOnlyForInboundResolverEndpoint;
  return ok({
    ...(input.PolicyDocument !== undefined && { policyDocument: input.PolicyDocument }),
    routeTableIds: joining.routeTableIds ?? [],
    subnets: readSubnets(input, joining.subnetIds ?? []),
    securityGroupIds: joining.securityGroupIds ?? [],
    ...(input.PrivateDnsEnabled !== undefined && { privateDnsEnabled: input.PrivateDnsEnabled }),
    ...(inbound !== undefined && { inboundResolverOnly: inbound }),
    ...(record.value !== undefined && { dnsRecordIpType: record.value }),
    ...(address.value !== undefined && { ipAddressType: address.value }),
  });
}

/** The subnets that either list names; the configurations say which addresses they are to have. */
function readSubnets(
  input: CreateVpcEndpointRequest | ModifyVpcEndpointRequest,
  subnetIds: readonly string[],
): readonly EndpointSubnet[] {
  const configured = (input.SubnetConfigurations ?? []).map((one) => ({
    subnetId: one.SubnetId ?? "",
    ...(one.Ipv4 !== undefined && { ipv4: one.Ipv4 }),
    ...(one.Ipv6 !== undefined && { ipv6: one.Ipv6 }),
  }));
  const plain = subnetIds.filter((subnetId) => !configured.some((one) => one.subnetId === subnetId));
  return [...plain.map((subnetId) => ({ subnetId })), ...configured];
}

const addressTypes: readonly EndpointIpAddressType[] = ["ipv4", "dualstack", "ipv6"];
const recordTypes: readonly DnsRecordIpType[] = ["ipv4", "dualstack", "ipv6", "service-defined"];

function readWord<W extends string>(
  text: string | undefined,
  words: readonly W[],
  parameter: string,
): Result<W | undefined, ApiError> {
  if (text === undefined) return ok(undefined);
  const word = words.find((one) => one === text);
  return word === undefined
    ? fail("InvalidParameterValue", {
        message: `Invalid value '${text}' for ${parameter}. Valid values: [${words.join(", ")}]`,
      })
    : ok(word);
}

const filters: FilterTable<VpcEndpoint> = {
  ...tagFilters,
  "ip-address-type": (it) => [addressTypeOf(it)],
  "service-name": (it) => [it.serviceName],
  "service-region": (it) => [it.region],
  "vpc-id": (it) => [it.vpcId],
  "vpc-endpoint-id": (it) => [it.id],
  "vpc-endpoint-state": (it) => [it.state],
  "vpc-endpoint-type": (it) => [it.kind],
};

/** Source: Service Authorization Reference, EC2, condition keys of the resource type `vpc-endpoint`. */
function serviceKeys(input: CreateVpcEndpointRequest, call: Call): Readonly<Record<string, readonly string[]>> {
  const { ServiceName: name = "", ServiceRegion: region = call.region } = input;
  const [offer] = offersTo(call.state(), { name, region, ...principalArnOf(call) }, call);
  return {
    "ec2:VpceServiceName": [name],
    "ec2:VpceServiceRegion": [region],
    "ec2:VpceServiceOwner": offer === undefined ? [] : [offer.owner],
    "ec2:VpceServicePrivateDnsName": offer?.privateDnsNames.slice(0, 1) ?? [],
    "ec2:VpceMultiRegion": [String(region !== call.region)],
    "ec2:VpcePrivateDnsPreference": maybe(input.DnsOptions?.PrivateDnsPreference),
    "ec2:VpcePrivateDnsSpecifiedDomains": input.DnsOptions?.PrivateDnsSpecifiedDomains ?? [],
  };
}

function subnetIdsOf(input: CreateVpcEndpointRequest | ModifyVpcEndpointRequest): readonly string[] {
  return (input.SubnetConfigurations ?? []).flatMap((one) => one.SubnetId ?? []);
}

const targetsOfCreate = (input: CreateVpcEndpointRequest, call: Call): readonly Target[] => {
  const made = { kind: "vpc-endpoint", tagSpecifications: input.TagSpecifications, keys: serviceKeys(input, call) };
  return [
    ...onNew("CreateVpcEndpoint", made, call),
    ...onExisting("CreateVpcEndpoint", "vpc", [input.VpcId], call),
    ...onExisting("CreateVpcEndpoint", "route-table", input.RouteTableIds ?? [], call),
    ...onExisting("CreateVpcEndpoint", "security-group", input.SecurityGroupIds ?? [], call),
    ...onExisting("CreateVpcEndpoint", "subnet", [...(input.SubnetIds ?? []), ...subnetIdsOf(input)], call),
  ];
};

const targetsOfModify = (input: ModifyVpcEndpointRequest, call: Call): readonly Target[] => {
  const on = (kind: "route-table" | "security-group" | "subnet", ...ids: (readonly string[] | undefined)[]) =>
    onExisting(
      "ModifyVpcEndpoint",
      kind,
      ids.flatMap((some) => some ?? []),
      call,
    );
  return [
    ...onExisting("ModifyVpcEndpoint", "vpc-endpoint", [input.VpcEndpointId], call),
    ...on("route-table", input.AddRouteTableIds, input.RemoveRouteTableIds),
    ...on("security-group", input.AddSecurityGroupIds, input.RemoveSecurityGroupIds),
    ...on("subnet", input.AddSubnetIds, input.RemoveSubnetIds, subnetIdsOf(input)),
  ];
};

export const vpcEndpointActions: Actions = {
  CreateVpcEndpoint: action(create, targetsOfCreate),
  DescribeVpcEndpoints: action(describe, (_, call) => onAnything("DescribeVpcEndpoints", call)),
  ModifyVpcEndpoint: action(modify, targetsOfModify),
  DeleteVpcEndpoints: action(remove, (input, call) =>
    onExisting("DeleteVpcEndpoints", "vpc-endpoint", input.VpcEndpointIds ?? [], call),
  ),
  DescribeVpcEndpointAssociations: action(describeAssociations, (_, call) =>
    onAnything("DescribeVpcEndpointAssociations", call),
  ),
};
