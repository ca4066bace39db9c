/** Gateway endpoints: a route in each of their tables. Source: AWS PrivateLink guide, "Gateway endpoints". */

import type { Id } from "../base/id.ts";
import { ok, type Result } from "../base/result.ts";
import { checkEndpointPolicy, defaultGatewayPolicy } from "./endpoint-policy.ts";
import { checkEndpointQuota } from "./endpoint-quota.ts";
import { checkRecordType } from "./endpoint-record.ts";
import { type ApiError, fail } from "./error.ts";
import { lookupAll } from "./lookup.ts";
import { prefixListOfService, prefixListsOfEndpoint } from "./prefix-list.ts";
import { alreadyExists, routeWith } from "./route.ts";
import type { RouteDestination, RouteTable } from "./route-table.ts";
import { find, findBy, put, type State } from "./state.ts";
import { accept, type Caller, type Context, type Outcome } from "./verb.ts";
import type { EndpointOptions, GatewayVpcEndpoint, ModifyVpcEndpointInput, NewEndpoint } from "./vpc-endpoint.ts";

/** The endpoint, in force at once. */
export function makeGateway(state: State, wanted: NewEndpoint, context: Context): Outcome<GatewayVpcEndpoint> {
  const { base, options } = wanted;
  const foreign = refuseInterfaceOptions(options);
  if (!foreign.ok) return foreign;
  const policy = checkEndpointPolicy(options.policyDocument ?? defaultGatewayPolicy, "gateway-endpoint");
  if (!policy.ok) return policy;
  const types = checkTypes(state, { ...base, ...options });
  if (!types.ok) return types;
  const tables = tablesToJoin(state, { ...base, ...types.value }, options.routeTableIds, context);
  if (!tables.ok) return tables;
  const quota = checkEndpointQuota(state, { kind: "Gateway", vpcId: base.vpcId }, context);
  if (!quota.ok) return quota;
  const endpoint: GatewayVpcEndpoint = {
    kind: "Gateway",
    ...base,
    state: "available",
    policyDocument: policy.value,
    routeTableIds: tables.value.map((table) => table.id),
    ...types.value,
  };
  return accept(endpoint, [put("vpc-endpoint", endpoint)]);
}

/** Changes the policy and the route tables. */
export function modifyGateway(
  state: State,
  change: { readonly endpoint: GatewayVpcEndpoint; readonly input: ModifyVpcEndpointInput },
  context: Context,
): Outcome<GatewayVpcEndpoint> {
  const { endpoint, input } = change;
  const removed = input.remove.subnetIds.map((subnetId) => ({ subnetId }));
  const foreign = refuseInterfaceOptions({
    ...input.add,
    subnets: [...input.add.subnets, ...removed],
    securityGroupIds: [...input.add.securityGroupIds, ...input.remove.securityGroupIds],
  });
  if (!foreign.ok) return foreign;
  const text =
    input.resetPolicy === true ? defaultGatewayPolicy : (input.add.policyDocument ?? endpoint.policyDocument);
  const policy = checkEndpointPolicy(text, "gateway-endpoint");
  if (!policy.ok) return policy;
  const types = checkTypes(state, { ...endpoint, ...input.add });
  if (!types.ok) return types;
  const { ipAddressType: _type, dnsRecordIpType: _records, ...untyped } = endpoint;
  const typed: GatewayVpcEndpoint = { ...untyped, ...types.value };
  const leaving = checkTables(state, input.remove.routeTableIds, context);
  if (!leaving.ok) return leaving;
  const stay = endpoint.routeTableIds.filter((id) => !input.remove.routeTableIds.includes(id));
  const wished = input.add.routeTableIds.filter((id) => !stay.some((one) => one === id));
  const joining = tablesToJoin(state, typed, wished, context);
  if (!joining.ok) return joining;
  const clash = newClash(state, endpoint, typed, stay);
  if (!clash.ok) return clash;
  const changed: GatewayVpcEndpoint = {
    ...typed,
    policyDocument: policy.value,
    routeTableIds: [...stay, ...joining.value.map((table) => table.id)],
  };
  return accept(changed, [put("vpc-endpoint", changed)]);
}

/**
 * ASSUMPTION: the texts that refuse security groups, private DNS, address types and record types of a gateway endpoint
 * are ours; those for subnets and DNS options are AWS's.
 */
function refuseInterfaceOptions(options: EndpointOptions): Result<void, ApiError> {
  if (options.subnets.length > 0) {
    return invalid("Subnet IDs are only supported for Interface and GatewayLoadBalancer type VPC Endpoints.");
  }
  if (options.securityGroupIds.length > 0) {
    return invalid("Security Group IDs are only supported for Interface type VPC Endpoints.");
  }
  if (options.privateDnsEnabled === true) {
    return invalid("Private DNS is only supported for Interface type VPC Endpoints.");
  }
  if (options.inboundResolverOnly !== undefined) {
    return invalid(
      "DnsOptions PrivateDnsOnlyForInboundResolverEndpoint is applicable only to Interface VPC Endpoints.",
    );
  }
  return ok(undefined);
}

type Types = Pick<GatewayVpcEndpoint, "ipAddressType" | "dnsRecordIpType">;

/**
 * The families that the endpoint carries and its records are of.
 * Source: AWS PrivateLink guide, "Gateway endpoints", "IP address type" and "DNS record IP type"; Amazon S3 User Guide, "DNS
 * record IP types for VPC endpoints" (the VPC's attributes).
 */
function checkTypes(
  state: State,
  wanted: Pick<EndpointOptions, "ipAddressType" | "dnsRecordIpType"> &
    Pick<GatewayVpcEndpoint, "region" | "serviceName" | "vpcId">,
): Result<Types, ApiError> {
  const { ipAddressType = "ipv4", dnsRecordIpType = "service-defined", region, serviceName } = wanted;
  if (ipAddressType !== "ipv4" && prefixListOfService(region, serviceName, 128) === undefined) {
    return invalid(`The IP address type ${ipAddressType} is not supported by the VPC endpoint service.`);
  }
  const byName = dnsRecordIpType === "service-defined";
  if (!byName) {
    const fitting = checkRecordType(dnsRecordIpType, ipAddressType);
    if (!fitting.ok) return fitting;
    const vpc = find(state, "vpc", wanted.vpcId);
    if (vpc?.enableDnsSupport !== true || !vpc.enableDnsHostnames) {
      return invalid(
        `The DNS record IP type ${dnsRecordIpType} requires both enableDnsSupport and enableDnsHostnames VPC attributes set to true for ${wanted.vpcId}`,
      );
    }
  }
  return ok({ ...(ipAddressType !== "ipv4" && { ipAddressType }), ...(!byName && { dnsRecordIpType }) });
}

/** Whether a family that the endpoint comes to carry finds a route to its prefix list in a table that stays. */
function newClash(
  state: State,
  before: GatewayVpcEndpoint,
  after: GatewayVpcEndpoint,
  tableIds: readonly string[],
): Result<void, ApiError> {
  const known = new Set(prefixListsOfEndpoint(before).map((list) => list.id));
  const lists = prefixListsOfEndpoint(after).filter((list) => !known.has(list.id));
  for (const id of tableIds) {
    const table = find(state, "route-table", id);
    if (table === undefined) continue;
    const clash = lists.map(destinationOf).find((one) => routeWith(state, table, one) !== undefined);
    if (clash !== undefined) return fail("RouteAlreadyExists", { message: alreadyExists(table, clash) });
  }
  return ok(undefined);
}

function destinationOf({ id }: { readonly id: Id<"pl"> }): RouteDestination {
  return { kind: "prefix-list", prefixListId: id };
}

/** The tables, when the endpoint may use each: of its VPC, and without a route to one of the service's prefix lists. */
function tablesToJoin(
  state: State,
  endpoint: { readonly vpcId: Id<"vpc">; readonly region: string; readonly serviceName: string } & Types,
  routeTableIds: readonly string[],
  caller: Caller,
): Result<readonly RouteTable[], ApiError> {
  const tables = checkTables(state, routeTableIds, caller);
  if (!tables.ok) return tables;
  const destinations = prefixListsOfEndpoint(endpoint).map(destinationOf);
  for (const table of tables.value) {
    if (table.vpcId !== endpoint.vpcId) {
      return invalid(`Route table ${table.id} does not belong to the VPC ${endpoint.vpcId}`);
    }
    const pending = findBy(state, "vpc-endpoint", "routeTableId", table.id).some(
      (other) => other.serviceName === endpoint.serviceName,
    );
    const clash = destinations.find((one) => pending || routeWith(state, table, one) !== undefined);
    if (clash !== undefined) return fail("RouteAlreadyExists", { message: alreadyExists(table, clash) });
  }
  return tables;
}

/**
 * ASSUMPTION: calls on endpoints refuse unknown route tables as InvalidRouteTableId.NotFound, spelt with `Id`, as
 * clients expect.
 */
function checkTables(
  state: State,
  routeTableIds: readonly string[],
  caller: Caller,
): Result<readonly RouteTable[], ApiError> {
  const tables = lookupAll(state, "route-table", routeTableIds, caller);
  if (tables.ok || tables.error.code !== "InvalidRouteTableID.NotFound") return tables;
  return fail("InvalidRouteTableId.NotFound", tables.error.at);
}

function invalid(message: string): Result<never, ApiError> {
  return fail("InvalidParameter", { message });
}
