/**
 * VPC endpoints: three types that share their life. What each type takes stands in `gateway-endpoint.ts` and
 * `interface-endpoint.ts`. Source: AWS PrivateLink guide; EC2 API Reference, "CreateVpcEndpoint".
 */

import { type Id, makeId } from "../base/id.ts";
import { ok, type Result } from "../base/result.ts";
import { idempotency, madeBefore } from "./client-token.ts";
import { offersTo } from "./endpoint-service-offer.ts";
import { type ApiError, fail } from "./error.ts";
import { makeGateway, modifyGateway } from "./gateway-endpoint.ts";
import type { Idempotent } from "./idempotent.ts";
import { makePrivate, modifyPrivate } from "./interface-endpoint.ts";
import { lookup, owned } from "./lookup.ts";
import { findRegion } from "./region.ts";
import type { Resource, Tags } from "./resource.ts";
import type { EndpointService, IpAddressType, VpcEndpointType } from "./service-catalogue.ts";
import { type Change, put, remove, type State } from "./state.ts";
import { checkTags } from "./tag.ts";
import { enter, lasting, type Transitional } from "./transition.ts";
import { accept, type Context, type Outcome } from "./verb.ts";
import type { Vpc } from "./vpc.ts";

export type VpcEndpoint = GatewayVpcEndpoint | InterfaceVpcEndpoint | GatewayLoadBalancerVpcEndpoint;

/** An endpoint with interfaces in subnets. */
export type PrivateVpcEndpoint = InterfaceVpcEndpoint | GatewayLoadBalancerVpcEndpoint;

/** On the wire lower camel, though the API's model says `Available`. */
export type VpcEndpointState = "pendingAcceptance" | "pending" | "available" | "deleting" | "rejected";

interface VpcEndpointBase extends Resource, Idempotent, Transitional {
  readonly id: Id<"vpce">;
  readonly vpcId: Id<"vpc">;
  /** `com.amazonaws.us-east-1.s3`. */
  readonly serviceName: string;
  readonly state: VpcEndpointState;
}

export interface GatewayVpcEndpoint extends VpcEndpointBase {
  readonly kind: "Gateway";
  /** The policy exactly as it was written. */
  readonly policyDocument: string;
  /** INVARIANT: all of the endpoint's VPC, none twice, and in none of them another endpoint of the service. */
  readonly routeTableIds: readonly Id<"rtb">[];
  /** Absent for IPv4 alone. */
  readonly ipAddressType?: EndpointIpAddressType;
  /** What the service's names resolve to in the VPC; absent where the name that is asked for decides. */
  readonly dnsRecordIpType?: EndpointIpAddressType;
}

/** What the types with interfaces share. */
interface PrivateEndpointBase extends VpcEndpointBase {
  /** INVARIANT: subnets of the VPC, no two of one zone. */
  readonly attachments: readonly EndpointAttachment[];
  readonly ipAddressType: EndpointIpAddressType;
  /** Of the connection to a customer's service; absent for AWS's. */
  readonly connectionId?: Id<"vpce-con">;
}

export interface InterfaceVpcEndpoint extends PrivateEndpointBase {
  readonly kind: "Interface";
  readonly policyDocument: string;
  /** After the endpoint's id in its host names: eight lower-case letters and digits. */
  readonly dnsLabel: string;
  readonly securityGroupIds: readonly Id<"sg">[];
  readonly privateDnsEnabled: boolean;
  /** Whether the private names are only for what asks from outside the VPC; only for services that have a gateway too. */
  readonly inboundResolverOnly?: boolean;
  readonly dnsRecordIpType: DnsRecordIpType;
}

export interface GatewayLoadBalancerVpcEndpoint extends PrivateEndpointBase {
  readonly kind: "GatewayLoadBalancer";
}

export interface EndpointAttachment {
  readonly subnetId: Id<"subnet">;
  readonly networkInterfaceId: Id<"eni">;
  /** `us-east-1a`. */
  readonly zoneName: string;
}

export type EndpointIpAddressType = IpAddressType | "dualstack";
export type DnsRecordIpType = EndpointIpAddressType | "service-defined";

/** Options that one type or another takes; what a type does not take is refused there. */
export interface EndpointOptions {
  readonly policyDocument?: string;
  readonly routeTableIds: readonly string[];
  readonly subnets: readonly EndpointSubnet[];
  readonly securityGroupIds: readonly string[];
  readonly privateDnsEnabled?: boolean;
  readonly inboundResolverOnly?: boolean;
  readonly dnsRecordIpType?: DnsRecordIpType;
  readonly ipAddressType?: EndpointIpAddressType;
}

/** A subnet as a call names it, with the addresses that it wishes there. */
export interface EndpointSubnet {
  readonly subnetId: string;
  readonly ipv4?: string;
  readonly ipv6?: string;
}

export interface CreateVpcEndpointInput extends EndpointOptions {
  readonly type: VpcEndpointType;
  readonly vpcId: string;
  readonly serviceName: string;
  readonly serviceRegion?: string;
  readonly clientToken?: string;
  readonly tags: Tags;
  /** The caller's ARN, for services that allow only some. */
  readonly principalArn?: string;
}

/** What a type's own rules have to know. */
export interface NewEndpoint {
  readonly vpc: Vpc;
  readonly service: EndpointService;
  readonly options: EndpointOptions;
  /** What every endpoint has. */
  readonly base: Omit<VpcEndpointBase, "state" | "settlesAtMs">;
}

/**
 * The endpoint, a gateway's in force at once, another one `pending` or `pendingAcceptance`. Fails with
 * InvalidServiceName, InvalidParameter, RouteAlreadyExists, VpcEndpointLimitExceeded and others.
 */
export function createVpcEndpoint(state: State, input: CreateVpcEndpointInput, context: Context): Outcome<VpcEndpoint> {
  const before = madeBefore(state, "vpc-endpoint", withoutPrincipal(input), context);
  if (!before.ok) return before;
  if (before.value[0] !== undefined) return accept(before.value[0], []);
  const vpc = lookup(state, "vpc", input.vpcId, context);
  if (!vpc.ok) return vpc;
  const service = chosenService(state, input, context);
  if (!service.ok) return service;
  const tags = checkTags(input.tags);
  if (!tags.ok) return tags;
  const base = {
    id: makeId("vpce", context.hex),
    accountId: context.accountId,
    region: context.region,
    createdAtMs: context.nowMs,
    tags: tags.value,
    vpcId: vpc.value.id,
    serviceName: service.value.name,
    ...idempotency(withoutPrincipal(input)),
  };
  const wanted: NewEndpoint = { vpc: vpc.value, service: service.value, options: input, base };
  return service.value.type === "Gateway" ? makeGateway(state, wanted, context) : makePrivate(state, wanted, context);
}

export interface ModifyVpcEndpointInput {
  readonly vpcEndpointId: string;
  /** Back to full access. */
  readonly resetPolicy?: boolean;
  /** What joins; its policy and its other options replace those that are there. */
  readonly add: EndpointOptions;
  readonly remove: {
    readonly routeTableIds: readonly string[];
    readonly subnetIds: readonly string[];
    readonly securityGroupIds: readonly string[];
  };
}

/** Changes what the type allows. Taking away what the endpoint does not have changes nothing. */
export function modifyVpcEndpoint(state: State, input: ModifyVpcEndpointInput, context: Context): Outcome<VpcEndpoint> {
  const found = lookup(state, "vpc-endpoint", input.vpcEndpointId, context);
  if (!found.ok) return found;
  const endpoint = found.value;
  if (endpoint.state === "deleting") {
    return fail("InvalidVpcEndpointId.NotFound", { vpcEndpointId: endpoint.id });
  }
  if (input.resetPolicy === true && input.add.policyDocument !== undefined) {
    return fail("InvalidParameterCombination", {
      message: "The parameter ResetPolicy cannot be used with the parameter PolicyDocument",
    });
  }
  return endpoint.kind === "Gateway"
    ? modifyGateway(state, { endpoint, input }, context)
    : modifyPrivate(state, { endpoint, input }, context);
}

/** An item that a call in bulk could not act on. */
export interface Unsuccessful {
  readonly resourceId: string;
  readonly error: ApiError;
}

/** Deletes those that exist, and with them their routes and interfaces; answers which do not. */
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
    const endpoint = owned(state, "vpc-endpoint", id, context);
    if (endpoint === undefined) unsuccessful.push({ resourceId: id, error: notFoundInBulk(id) });
    else if (endpoint.state !== "deleting")
      changes.push(...enter("vpc-endpoint", leaving(endpoint), settledEndpoint, context));
  }
  return accept(unsuccessful, changes);
}

/** What an endpoint in a passing state becomes. */
export function settledEndpoint(endpoint: VpcEndpoint): readonly Change[] {
  if (endpoint.state !== "deleting") return [put("vpc-endpoint", { ...lasting(endpoint), state: "available" })];
  const interfaces = endpoint.kind === "Gateway" ? [] : endpoint.attachments;
  return [
    ...interfaces.map((one) => remove("network-interface", one.networkInterfaceId)),
    remove("vpc-endpoint", endpoint.id),
  ];
}

/** Its routes go at once, its interfaces at the end. */
function leaving(endpoint: VpcEndpoint): VpcEndpoint {
  const deleting = { ...lasting(endpoint), state: "deleting" as const };
  return deleting.kind === "Gateway" ? { ...deleting, routeTableIds: [] } : deleting;
}

/** The same call by another of the account's users is the same call. */
function withoutPrincipal(input: CreateVpcEndpointInput): Omit<CreateVpcEndpointInput, "principalArn"> {
  const { principalArn: _, ...rest } = input;
  return rest;
}

/** The service must be offered to the caller in the region, in the type that was asked for. */
function chosenService(
  state: State,
  input: CreateVpcEndpointInput,
  context: Context,
): Result<EndpointService, ApiError> {
  const { serviceName, type, serviceRegion = context.region } = input;
  if (findRegion(serviceRegion) === undefined) {
    return fail("InvalidParameter", { message: `The service region ${serviceRegion} is not valid.` });
  }
  if (serviceRegion !== context.region && type !== "Interface") {
    return fail("InvalidParameter", {
      message: "ServiceRegion is only supported for Interface type VPC Endpoints.",
    });
  }
  const offers = offersTo(state, { name: serviceName, region: serviceRegion, ...input }, context);
  if (offers.length === 0) return fail("InvalidServiceName", { serviceName });
  const offer = offers.find((one) => one.type === type);
  if (offer !== undefined) return ok(offer);
  const types = offers.map((one) => one.type).join(", ");
  return fail("InvalidParameter", {
    message: `Endpoint type (${type}) does not match available service types ([${types}]).`,
  });
}

function notFoundInBulk(vpcEndpointId: string): ApiError {
  return fail("InvalidVpcEndpoint.NotFound", { vpcEndpointId }).error;
}
