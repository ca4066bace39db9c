/** VPC endpoints: three types that share a state and a policy. Source: AWS PrivateLink guide, "Gateway endpoints". */

import { type Id, makeId } from "../base/id.ts";
import { ok, type Result } from "../base/result.ts";
import { idempotency, madeBefore } from "./client-token.ts";
import { checkEndpointPolicy, defaultGatewayPolicy } from "./endpoint-policy.ts";
import { type ApiError, fail } from "./error.ts";
import type { Idempotent } from "./idempotent.ts";
import { lookup, lookupAll, owned } from "./lookup.ts";
import { prefixListOfService } from "./prefix-list.ts";
import type { Resource, Tags } from "./resource.ts";
import { alreadyExists, routeWith } from "./route.ts";
import type { RouteDestination, RouteTable } from "./route-table.ts";
import { findEndpointServices, type VpcEndpointType } from "./service-catalogue.ts";
import { type Change, findBy, put, remove, type State } from "./state.ts";
import { checkTags } from "./tag.ts";
import { accept, type Caller, type Context, type Outcome } from "./verb.ts";

export type VpcEndpoint = GatewayVpcEndpoint;

/** On the wire lower camel, though the API's model says `Available`. */
export type VpcEndpointState =
  | "pendingAcceptance"
  | "pending"
  | "available"
  | "deleting"
  | "deleted"
  | "rejected"
  | "failed";

export interface GatewayVpcEndpoint extends Resource, Idempotent {
  readonly kind: "Gateway";
  readonly id: Id<"vpce">;
  readonly vpcId: Id<"vpc">;
  /** `com.amazonaws.us-east-1.s3`. */
  readonly serviceName: string;
  readonly state: VpcEndpointState;
  /** The policy exactly as it was written. */
  readonly policyDocument: string;
  /** INVARIANT: all of the endpoint's VPC, none twice, and in none of them another endpoint of the service. */
  readonly routeTableIds: readonly Id<"rtb">[];
}

export interface CreateVpcEndpointInput {
  readonly type: VpcEndpointType;
  readonly vpcId: string;
  readonly serviceName: string;
  readonly policyDocument?: string;
  readonly routeTableIds: readonly string[];
  readonly subnetIds: readonly string[];
  readonly securityGroupIds: readonly string[];
  readonly privateDnsEnabled?: boolean;
  readonly clientToken?: string;
  readonly tags: Tags;
}

/** The endpoint, in force at once; fails with InvalidServiceName, InvalidParameter, RouteAlreadyExists and others. */
export function createVpcEndpoint(state: State, input: CreateVpcEndpointInput, context: Context): Outcome<VpcEndpoint> {
  const before = madeBefore(state, "vpc-endpoint", input, context);
  if (!before.ok) return before;
  if (before.value[0] !== undefined) return accept(before.value[0], []);
  const vpc = lookup(state, "vpc", input.vpcId, context);
  if (!vpc.ok) return vpc;
  const offered = checkService(input, context);
  if (!offered.ok) return offered;
  const policy = checkEndpointPolicy(input.policyDocument ?? defaultGatewayPolicy, "gateway-endpoint");
  if (!policy.ok) return policy;
  const tables = tablesToJoin(
    state,
    { vpcId: vpc.value.id, serviceName: input.serviceName },
    input.routeTableIds,
    context,
  );
  if (!tables.ok) return tables;
  const tags = checkTags(input.tags);
  if (!tags.ok) return tags;
  const endpoint: GatewayVpcEndpoint = {
    kind: "Gateway",
    id: makeId("vpce", context.hex),
    accountId: context.accountId,
    region: context.region,
    createdAtMs: context.nowMs,
    tags: tags.value,
    vpcId: vpc.value.id,
    serviceName: input.serviceName,
    state: "available",
    policyDocument: policy.value,
    routeTableIds: tables.value.map((table) => table.id),
    ...idempotency(input),
  };
  return accept(endpoint, [put("vpc-endpoint", endpoint)]);
}

export interface ModifyVpcEndpointInput {
  readonly vpcEndpointId: string;
  /** Back to full access. */
  readonly resetPolicy?: boolean;
  readonly policyDocument?: string;
  readonly addRouteTableIds: readonly string[];
  readonly removeRouteTableIds: readonly string[];
  readonly addSubnetIds: readonly string[];
  readonly removeSubnetIds: readonly string[];
  readonly addSecurityGroupIds: readonly string[];
  readonly removeSecurityGroupIds: readonly string[];
  readonly privateDnsEnabled?: boolean;
}

/** Changes the policy and the route tables. Taking away a table that the endpoint does not have changes nothing. */
export function modifyVpcEndpoint(state: State, input: ModifyVpcEndpointInput, context: Context): Outcome<VpcEndpoint> {
  const found = lookup(state, "vpc-endpoint", input.vpcEndpointId, context);
  if (!found.ok) return found;
  const endpoint = found.value;
  const foreign = refuseInterfaceOptions({
    subnetIds: [...input.addSubnetIds, ...input.removeSubnetIds],
    securityGroupIds: [...input.addSecurityGroupIds, ...input.removeSecurityGroupIds],
    ...(input.privateDnsEnabled !== undefined && { privateDnsEnabled: input.privateDnsEnabled }),
  });
  if (!foreign.ok) return foreign;
  const policy = newPolicy(input, endpoint);
  if (!policy.ok) return policy;
  const leaving = checkTables(state, input.removeRouteTableIds, context);
  if (!leaving.ok) return leaving;
  const stay = endpoint.routeTableIds.filter((id) => !input.removeRouteTableIds.includes(id));
  const wished = input.addRouteTableIds.filter((id) => !stay.some((one) => one === id));
  const joining = tablesToJoin(state, endpoint, wished, context);
  if (!joining.ok) return joining;
  const changed: VpcEndpoint = {
    ...endpoint,
    policyDocument: policy.value,
    routeTableIds: [...stay, ...joining.value.map((table) => table.id)],
  };
  return accept(changed, [put("vpc-endpoint", changed)]);
}

/** An endpoint that a call in bulk could not act on. */
export interface Unsuccessful {
  readonly resourceId: string;
  readonly error: ApiError;
}

/** Deletes those that exist, and with them their routes; answers which do not. */
export function deleteVpcEndpoints(
  state: State,
  input: { readonly vpcEndpointIds: readonly string[] },
  context: Context,
): Outcome<readonly Unsuccessful[]> {
  const changes: Change[] = [];
  const unsuccessful: Unsuccessful[] = [];
  for (const id of new Set(input.vpcEndpointIds)) {
    const malformed = lookup(state, "vpc-endpoint", id, context);
    if (!malformed.ok && malformed.error.code === "InvalidVpcEndpointId.Malformed") return malformed;
    if (owned(state, "vpc-endpoint", id, context) !== undefined) changes.push(remove("vpc-endpoint", id));
    else unsuccessful.push({ resourceId: id, error: notFoundInBulk(id) });
  }
  return accept(unsuccessful, changes);
}

/** The service must be offered in the region, in the type that was asked for, and take the options given. */
function checkService(input: CreateVpcEndpointInput, caller: Caller): Result<void, ApiError> {
  const offers = findEndpointServices(caller.region, input.serviceName);
  if (offers.length === 0) return fail("InvalidServiceName", { serviceName: input.serviceName });
  if (!offers.some((offer) => offer.type === input.type)) {
    const types = offers.map((offer) => offer.type).join(", ");
    return invalid(`Endpoint type (${input.type}) does not match available service types ([${types}]).`);
  }
  return refuseInterfaceOptions(input);
}

/** ASSUMPTION: the text for security groups and for private DNS; that for subnets is AWS's. */
function refuseInterfaceOptions(input: {
  readonly subnetIds: readonly string[];
  readonly securityGroupIds: readonly string[];
  readonly privateDnsEnabled?: boolean;
}): Result<void, ApiError> {
  if (input.subnetIds.length > 0) {
    return invalid("Subnet IDs are only supported for Interface and GatewayLoadBalancer type VPC Endpoints.");
  }
  if (input.securityGroupIds.length > 0) {
    return invalid("Security Group IDs are only supported for Interface type VPC Endpoints.");
  }
  if (input.privateDnsEnabled === true) {
    return invalid("Private DNS is only supported for Interface type VPC Endpoints.");
  }
  return ok(undefined);
}

function newPolicy(input: ModifyVpcEndpointInput, endpoint: VpcEndpoint): Result<string, ApiError> {
  if (input.resetPolicy === true && input.policyDocument !== undefined) {
    return fail("InvalidParameterCombination", {
      message: "The parameter ResetPolicy cannot be used with the parameter PolicyDocument",
    });
  }
  if (input.resetPolicy === true) return ok(defaultGatewayPolicy);
  if (input.policyDocument === undefined) return ok(endpoint.policyDocument);
  return checkEndpointPolicy(input.policyDocument, "gateway-endpoint");
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

/** ASSUMPTION: calls on endpoints spell the code with `Id`, as clients of AWS expect of them. */
function checkTables(
  state: State,
  routeTableIds: readonly string[],
  caller: Caller,
): Result<readonly RouteTable[], ApiError> {
  const tables = lookupAll(state, "route-table", routeTableIds, caller);
  if (tables.ok || tables.error.code !== "InvalidRouteTableID.NotFound") return tables;
  return fail("InvalidRouteTableId.NotFound", tables.error.at);
}

function notFoundInBulk(vpcEndpointId: string): ApiError {
  return fail("InvalidVpcEndpoint.NotFound", { vpcEndpointId }).error;
}

function invalid(message: string): Result<never, ApiError> {
  return fail("InvalidParameter", { message });
}
