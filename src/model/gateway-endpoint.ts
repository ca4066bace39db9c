/** Gateway endpoints: a route in each of their tables. Source: AWS PrivateLink guide, "Gateway endpoints". */

import type { Id } from "../base/id.ts";
import { ok, type Result } from "../base/result.ts";
import { checkEndpointPolicy, defaultGatewayPolicy } from "./endpoint-policy.ts";
import { checkEndpointQuota } from "./endpoint-quota.ts";
import { type ApiError, fail } from "./error.ts";
import { lookupAll } from "./lookup.ts";
import { prefixListOfService } from "./prefix-list.ts";
import { alreadyExists, routeWith } from "./route.ts";
import type { RouteDestination, RouteTable } from "./route-table.ts";
import { findBy, put, type State } from "./state.ts";
import { accept, type Caller, type Context, type Outcome } from "./verb.ts";
import type { EndpointOptions, GatewayVpcEndpoint, ModifyVpcEndpointInput, NewEndpoint } from "./vpc-endpoint.ts";

/** The endpoint, in force at once. */
export function makeGateway(state: State, wanted: NewEndpoint, context: Context): Outcome<GatewayVpcEndpoint> {
  const { base, options } = wanted;
  const foreign = refuseInterfaceOptions(options);
  if (!foreign.ok) return foreign;
  const policy = checkEndpointPolicy(options.policyDocument ?? defaultGatewayPolicy, "gateway-endpoint");
  if (!policy.ok) return policy;
  const tables = tablesToJoin(state, base, options.routeTableIds, context);
  if (!tables.ok) return tables;
  const quota = checkEndpointQuota(state, { kind: "Gateway", vpcId: base.vpcId }, context);
  if (!quota.ok) return quota;
  const endpoint: GatewayVpcEndpoint = {
    kind: "Gateway",
    ...base,
    state: "available",
    policyDocument: policy.value,
    routeTableIds: tables.value.map((table) => table.id),
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
  const leaving = checkTables(state, input.remove.routeTableIds, context);
  if (!leaving.ok) return leaving;
  const stay = endpoint.routeTableIds.filter((id) => !input.remove.routeTableIds.includes(id));
  const wished = input.add.routeTableIds.filter((id) => !stay.some((one) => one === id));
  const joining = tablesToJoin(state, endpoint, wished, context);
  if (!joining.ok) return joining;
  const changed: GatewayVpcEndpoint = {
    ...endpoint,
    policyDocument: policy.value,
    routeTableIds: [...stay, ...joining.value.map((table) => table.id)],
  };
  return accept(changed, [put("vpc-endpoint", changed)]);
}

/**
 * ASSUMPTION: the texts that refuse security groups, private DNS and address types of a gateway endpoint are ours;
 * those for subnets and DNS options are AWS's.
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
  if (options.ipAddressType !== undefined && options.ipAddressType !== "ipv4") {
    return invalid(`The IP address type ${options.ipAddressType} is not supported by the VPC endpoint service.`);
  }
  if (options.dnsRecordIpType !== undefined && !["ipv4", "service-defined"].includes(options.dnsRecordIpType)) {
    return invalid(
      `The DNS record IP type ${options.dnsRecordIpType} is not supported for Gateway type VPC Endpoints.`,
    );
  }
  return ok(undefined);
}

/** The tables, when the endpoint may use each: of its VPC, and without a route to the service's prefix list. */
function tablesToJoin(
  state: State,
  endpoint: { readonly vpcId: Id<"vpc">; readonly serviceName: string },
  routeTableIds: readonly string[],
  caller: Caller,
): Result<readonly RouteTable[], ApiError> {
  const tables = checkTables(state, routeTableIds, caller);
  if (!tables.ok) return tables;
  const list = prefixListOfService(caller.region, endpoint.serviceName);
  for (const table of tables.value) {
    if (table.vpcId !== endpoint.vpcId) {
      return invalid(`Route table ${table.id} does not belong to the VPC ${endpoint.vpcId}`);
    }
    if (list === undefined) continue;
    const destination: RouteDestination = { kind: "prefix-list", prefixListId: list.id };
    const pending = findBy(state, "vpc-endpoint", "routeTableId", table.id).some(
      (other) => other.serviceName === endpoint.serviceName,
    );
    if (pending || routeWith(state, table, destination) !== undefined) {
      return fail("RouteAlreadyExists", { message: alreadyExists(table, destination) });
    }
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
