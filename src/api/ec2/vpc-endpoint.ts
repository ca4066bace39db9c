/** VPC endpoints on the wire. Source: Amazon EC2 API Reference, "CreateVpcEndpoint" and the other operations below. */

import type {
  CreateVpcEndpointRequest,
  CreateVpcEndpointResult,
  DeleteVpcEndpointsRequest,
  DeleteVpcEndpointsResult,
  DescribeVpcEndpointsRequest,
  DescribeVpcEndpointsResult,
  ModifyVpcEndpointRequest,
  ModifyVpcEndpointResult,
  State as WireState,
  UnsuccessfulItem,
  VpcEndpoint as WireVpcEndpoint,
} from "@aws-sdk/client-ec2";
import { ok, type Result } from "../../base/result.ts";
import { type ApiError, fail, textOf } from "../../model/error.ts";
import type { VpcEndpointType } from "../../model/service-catalogue.ts";
import {
  createVpcEndpoint,
  type CreateVpcEndpointInput,
  deleteVpcEndpoints,
  modifyVpcEndpoint,
  type Unsuccessful,
  type VpcEndpoint,
} from "../../model/vpc-endpoint.ts";
import type { Handler } from "../handler.ts";
import { action, type Actions } from "./action.ts";
import { always, type FilterTable, tagFilters } from "./filter.ts";
import { list } from "./listing.ts";
import type { PageBounds } from "./page.ts";
import { readTagSpecifications, tagSet } from "./tag-set.ts";
import { onAnything, onExisting, onNew } from "./target.ts";

/** Source: EC2 API Reference, "DescribeVpcEndpoints": above 1,000 only 1,000 are returned. */
const bounds: PageBounds = { least: 1, most: 1000, above: "cut" };

const create: Handler<CreateVpcEndpointRequest, CreateVpcEndpointResult> = async (input, call) => {
  const wanted = readCreation(input);
  if (!wanted.ok) return wanted;
  const made = await call.run((state, context) => createVpcEndpoint(state, wanted.value, context));
  return made.ok ? ok({ VpcEndpoint: wireEndpoint(made.value), ClientToken: input.ClientToken }) : made;
};

const describe: Handler<DescribeVpcEndpointsRequest, DescribeVpcEndpointsResult> = async (input, call) => {
  const listing = {
    kind: "vpc-endpoint",
    ids: input.VpcEndpointIds,
    idsName: "vpcEndpointIdSet",
    filters,
    indexed: { "vpc-id": "vpcId" },
    bounds,
  } as const;
  const page = list(listing, input, call);
  if (!page.ok) return page;
  return ok({ VpcEndpoints: page.value.items.map(wireEndpoint), NextToken: page.value.nextToken });
};

const modify: Handler<ModifyVpcEndpointRequest, ModifyVpcEndpointResult> = async (input, call) => {
  const foreign = refuseOptions(input);
  if (!foreign.ok) return foreign;
  const wanted = {
    vpcEndpointId: input.VpcEndpointId ?? "",
    ...(input.ResetPolicy !== undefined && { resetPolicy: input.ResetPolicy }),
    ...(input.PolicyDocument !== undefined && { policyDocument: input.PolicyDocument }),
    addRouteTableIds: input.AddRouteTableIds ?? [],
    removeRouteTableIds: input.RemoveRouteTableIds ?? [],
    addSubnetIds: input.AddSubnetIds ?? [],
    removeSubnetIds: input.RemoveSubnetIds ?? [],
    addSecurityGroupIds: input.AddSecurityGroupIds ?? [],
    removeSecurityGroupIds: input.RemoveSecurityGroupIds ?? [],
    ...(input.PrivateDnsEnabled !== undefined && { privateDnsEnabled: input.PrivateDnsEnabled }),
  };
  const done = await call.run((state, context) => modifyVpcEndpoint(state, wanted, context));
  return done.ok ? ok({ Return: true }) : done;
};

const remove: Handler<DeleteVpcEndpointsRequest, DeleteVpcEndpointsResult> = async (input, call) => {
  const wanted = { vpcEndpointIds: input.VpcEndpointIds ?? [] };
  const gone = await call.run((state, context) => deleteVpcEndpoints(state, wanted, context));
  return gone.ok ? ok({ Unsuccessful: gone.value.map(unsuccessfulItem) }) : gone;
};

/** An item of a call in bulk that failed. */
export function unsuccessfulItem(item: Unsuccessful): UnsuccessfulItem {
  return { ResourceId: item.resourceId, Error: { Code: item.error.code, Message: textOf(item.error) } };
}

function readCreation(input: CreateVpcEndpointRequest): Result<CreateVpcEndpointInput, ApiError> {
  const type = readType(input.VpcEndpointType ?? "Gateway");
  if (!type.ok) return type;
  const tags = readTagSpecifications(input.TagSpecifications, ["vpc-endpoint"]);
  if (!tags.ok) return tags;
  if (input.ServiceName === undefined) return fail("MissingParameter", { parameter: "serviceName" });
  const foreign = refuseOptions(input);
  if (!foreign.ok) return foreign;
  return ok({
    type: type.value,
    vpcId: input.VpcId ?? "",
    serviceName: input.ServiceName,
    ...(input.PolicyDocument !== undefined && { policyDocument: input.PolicyDocument }),
    routeTableIds: input.RouteTableIds ?? [],
    subnetIds: [...(input.SubnetIds ?? []), ...(input.SubnetConfigurations ?? []).map((one) => one.SubnetId ?? "")],
    securityGroupIds: input.SecurityGroupIds ?? [],
    ...(input.PrivateDnsEnabled !== undefined && { privateDnsEnabled: input.PrivateDnsEnabled }),
    ...(input.ClientToken !== undefined && { clientToken: input.ClientToken }),
    tags: tags.value["vpc-endpoint"],
  });
}

function readType(text: string): Result<VpcEndpointType, ApiError> {
  if (text === "Gateway" || text === "Interface" || text === "GatewayLoadBalancer") return ok(text);
  return fail("InvalidVpcEndpointType", { message: `The VPC endpoint type '${text}' is not valid` });
}

/** Options that gateway endpoints do not take or that are not served. */
function refuseOptions(input: CreateVpcEndpointRequest | ModifyVpcEndpointRequest): Result<void, ApiError> {
  if (input.DnsOptions?.PrivateDnsOnlyForInboundResolverEndpoint !== undefined) {
    return fail("InvalidParameter", {
      message: "DnsOptions PrivateDnsOnlyForInboundResolverEndpoint is applicable only to Interface VPC Endpoints.",
    });
  }
  if (input.IpAddressType !== undefined && input.IpAddressType !== "ipv4") {
    return fail("UnsupportedOperation", {
      message: `The IP address type ${input.IpAddressType} is not served by Underpass yet`,
    });
  }
  return ok(undefined);
}

function wireEndpoint(endpoint: VpcEndpoint): WireVpcEndpoint {
  return {
    VpcEndpointId: endpoint.id,
    VpcEndpointType: endpoint.kind,
    VpcId: endpoint.vpcId,
    ServiceName: endpoint.serviceName,
    // On the wire in lower camel case, though the model's enum is not.
    State: endpoint.state as WireState,
    PolicyDocument: endpoint.policyDocument,
    RouteTableIds: [...endpoint.routeTableIds],
    SubnetIds: [],
    Groups: [],
    IpAddressType: "ipv4",
    DnsOptions: { DnsRecordIpType: "service-defined" },
    PrivateDnsEnabled: false,
    RequesterManaged: false,
    NetworkInterfaceIds: [],
    DnsEntries: [],
    CreationTimestamp: new Date(endpoint.createdAtMs),
    Tags: tagSet(endpoint.tags),
    OwnerId: endpoint.accountId,
    ServiceRegion: endpoint.region,
  };
}

const filters: FilterTable<VpcEndpoint> = {
  ...tagFilters,
  "ip-address-type": always("ipv4"),
  "service-name": (it) => [it.serviceName],
  "service-region": (it) => [it.region],
  "vpc-id": (it) => [it.vpcId],
  "vpc-endpoint-id": (it) => [it.id],
  "vpc-endpoint-state": (it) => [it.state],
  "vpc-endpoint-type": (it) => [it.kind],
};

export const vpcEndpointActions: Actions = {
  CreateVpcEndpoint: action(create, (input, call) => {
    const keys = { "ec2:VpceServiceName": [input.ServiceName ?? ""], "ec2:VpceServiceOwner": ["amazon"] };
    return [
      ...onNew("CreateVpcEndpoint", { kind: "vpc-endpoint", tagSpecifications: input.TagSpecifications, keys }, call),
      ...onExisting("CreateVpcEndpoint", "vpc", [input.VpcId], call),
      ...onExisting("CreateVpcEndpoint", "route-table", input.RouteTableIds ?? [], call),
      ...onExisting("CreateVpcEndpoint", "subnet", input.SubnetIds ?? [], call),
    ];
  }),
  DescribeVpcEndpoints: action(describe, (_, call) => onAnything("DescribeVpcEndpoints", call)),
  ModifyVpcEndpoint: action(modify, (input, call) => [
    ...onExisting("ModifyVpcEndpoint", "vpc-endpoint", [input.VpcEndpointId], call),
    ...onExisting(
      "ModifyVpcEndpoint",
      "route-table",
      [...(input.AddRouteTableIds ?? []), ...(input.RemoveRouteTableIds ?? [])],
      call,
    ),
  ]),
  DeleteVpcEndpoints: action(remove, (input, call) =>
    onExisting("DeleteVpcEndpoints", "vpc-endpoint", input.VpcEndpointIds ?? [], call),
  ),
};
