/**
 * Endpoint services: what customers offer over PrivateLink, behind their load balancers.
 * Source: AWS PrivateLink guide, "Share your services through AWS PrivateLink"; EC2 API Reference,
 * "CreateVpcEndpointServiceConfiguration" and the operations below it.
 */

import { type Id, makeId } from "../base/id.ts";
import { ok, type Result } from "../base/result.ts";
import { idempotency, madeBefore } from "./client-token.ts";
import { balancersOf, checkAddressTypes, checkRegions } from "./endpoint-service-option.ts";
import { newPrivateDns, type PrivateDnsOfService } from "./endpoint-service-dns.ts";
import { type ApiError, fail } from "./error.ts";
import type { Idempotent } from "./idempotent.ts";
import { lookup, owned } from "./lookup.ts";
import type { Resource, Tags } from "./resource.ts";
import type { IpAddressType } from "./service-catalogue.ts";
import { type Change, findBy, put, remove, type State } from "./state.ts";
import { checkTags } from "./tag.ts";
import { enter, lasting, type Transitional } from "./transition.ts";
import { accept, type Caller, type Context, type Outcome } from "./verb.ts";
import type { PrivateVpcEndpoint, Unsuccessful } from "./vpc-endpoint.ts";

export interface VpcEndpointService extends Resource, Idempotent, Transitional {
  readonly id: Id<"vpce-svc">;
  /** `com.amazonaws.vpce.us-east-1.vpce-svc-…`. */
  readonly name: string;
  /** By its load balancers: network ones give interface endpoints. */
  readonly kind: "Interface" | "GatewayLoadBalancer";
  readonly state: "Pending" | "Available" | "Deleting";
  /** INVARIANT: at least one, all of one kind and of the service's region. */
  readonly loadBalancerArns: readonly string[];
  readonly acceptanceRequired: boolean;
  readonly supportedIpAddressTypes: readonly IpAddressType[];
  /** Regions beside its own in which endpoints may be. */
  readonly supportedRegions: readonly string[];
  readonly privateDns?: PrivateDnsOfService;
  readonly payerResponsibility?: "ServiceOwner";
  readonly permissions: readonly ServicePermission[];
}

export interface ServicePermission {
  readonly id: Id<"vpce-svc-perm">;
  /** `*` or an ARN. */
  readonly principal: string;
}

export interface CreateEndpointServiceInput {
  readonly networkLoadBalancerArns: readonly string[];
  readonly gatewayLoadBalancerArns: readonly string[];
  readonly acceptanceRequired: boolean;
  readonly privateDnsName?: string;
  readonly supportedIpAddressTypes: readonly string[];
  readonly supportedRegions: readonly string[];
  readonly clientToken?: string;
  readonly tags: Tags;
}

/** The service; fails with InvalidNetworkLoadBalancerArn.NotFound, InvalidParameter and others. */
export function createEndpointService(
  state: State,
  input: CreateEndpointServiceInput,
  context: Context,
): Outcome<VpcEndpointService> {
  const before = madeBefore(state, "vpc-endpoint-service", input, context);
  if (!before.ok) return before;
  if (before.value[0] !== undefined) return accept(before.value[0], []);
  const balancers = balancersOf(state, input, context);
  if (!balancers.ok) return balancers;
  const { kind, arns } = balancers.value;
  const types = checkAddressTypes(input.supportedIpAddressTypes);
  if (!types.ok) return types;
  const regions = checkRegions(input.supportedRegions);
  if (!regions.ok) return regions;
  const privateDns =
    input.privateDnsName === undefined ? ok(undefined) : newPrivateDns(kind, input.privateDnsName, context);
  if (!privateDns.ok) return privateDns;
  const tags = checkTags(input.tags);
  if (!tags.ok) return tags;
  const id = makeId("vpce-svc", context.hex);
  const service: VpcEndpointService = {
    id,
    accountId: context.accountId,
    region: context.region,
    createdAtMs: context.nowMs,
    tags: tags.value,
    name: `com.amazonaws.vpce.${context.region}.${id}`,
    kind,
    state: "Available",
    loadBalancerArns: arns,
    acceptanceRequired: input.acceptanceRequired,
    supportedIpAddressTypes: types.value,
    supportedRegions: regions.value.filter((one) => one !== context.region),
    ...(privateDns.value !== undefined && { privateDns: privateDns.value }),
    permissions: [],
    ...idempotency(input),
  };
  return accept(service, [put("vpc-endpoint-service", service)]);
}

export interface ModifyEndpointServiceInput {
  readonly serviceId: string;
  readonly add: EndpointServiceParts;
  readonly remove: EndpointServiceParts;
  readonly acceptanceRequired?: boolean;
  readonly privateDnsName?: string;
  readonly removePrivateDnsName?: boolean;
}

export interface EndpointServiceParts {
  readonly networkLoadBalancerArns: readonly string[];
  readonly gatewayLoadBalancerArns: readonly string[];
  readonly supportedIpAddressTypes: readonly string[];
  readonly supportedRegions: readonly string[];
}

export function modifyEndpointService(
  state: State,
  input: ModifyEndpointServiceInput,
  context: Context,
): Outcome<VpcEndpointService> {
  const found = lookup(state, "vpc-endpoint-service", input.serviceId, context);
  if (!found.ok) return found;
  const service = found.value;
  const balancers = changedBalancers(state, service, input, context);
  if (!balancers.ok) return balancers;
  const types = checkAddressTypes(changed(service.supportedIpAddressTypes, input, "supportedIpAddressTypes"));
  if (!types.ok) return types;
  const regions = checkRegions(changed(service.supportedRegions, input, "supportedRegions"));
  if (!regions.ok) return regions;
  const privateDns = changedPrivateDns(service, input, context);
  if (!privateDns.ok) return privateDns;
  const { privateDns: _, ...rest } = service;
  const after: VpcEndpointService = {
    ...rest,
    loadBalancerArns: balancers.value,
    supportedIpAddressTypes: types.value,
    supportedRegions: regions.value.filter((one) => one !== service.region),
    acceptanceRequired: input.acceptanceRequired ?? service.acceptanceRequired,
    ...(privateDns.value !== undefined && { privateDns: privateDns.value }),
  };
  return accept(after, [put("vpc-endpoint-service", after)]);
}

/** Deletes those that exist and have no connections; answers which do not. */
export function deleteEndpointServices(
  state: State,
  input: { readonly serviceIds: readonly string[] },
  context: Context,
): Outcome<readonly Unsuccessful[]> {
  const changes: Change[] = [];
  const unsuccessful: Unsuccessful[] = [];
  for (const id of new Set(input.serviceIds)) {
    const malformed = lookup(state, "vpc-endpoint-service", id, context);
    if (!malformed.ok && malformed.error.code === "InvalidVpcEndpointServiceId.Malformed") return malformed;
    const service = owned(state, "vpc-endpoint-service", id, context);
    if (service === undefined)
      unsuccessful.push({ resourceId: id, error: fail("InvalidVpcEndpointService.NotFound", { serviceId: id }).error });
    else if (connectionsOf(state, service).some((one) => one.state !== "rejected")) {
      unsuccessful.push({ resourceId: id, error: fail("ExistingVpcEndpointConnections", { serviceId: id }).error });
    } else {
      const notifications = findBy(state, "vpc-endpoint-connection-notification", "subjectId", id);
      changes.push(...notifications.map((one) => remove("vpc-endpoint-connection-notification", one.id)));
      const deleting = { ...lasting(service), state: "Deleting" as const };
      changes.push(...enter("vpc-endpoint-service", deleting, settledEndpointService, context));
    }
  }
  return accept(unsuccessful, changes);
}

/** What a service in a passing state becomes. */
export function settledEndpointService(service: VpcEndpointService): readonly Change[] {
  return service.state === "Deleting"
    ? [remove("vpc-endpoint-service", service.id)]
    : [put("vpc-endpoint-service", { ...lasting(service), state: "Available" })];
}

/** Source: EC2 API Reference, "ModifyVpcEndpointServicePayerResponsibility": only the owner's, and it stays. */
export function modifyPayerResponsibility(
  state: State,
  input: { readonly serviceId: string; readonly payerResponsibility: string },
  context: Context,
): Outcome<void> {
  const found = lookup(state, "vpc-endpoint-service", input.serviceId, context);
  if (!found.ok) return found;
  if (input.payerResponsibility !== "ServiceOwner") {
    return fail("InvalidParameterValue", {
      message: `Invalid value '${input.payerResponsibility}' for PayerResponsibility. Valid values: [ServiceOwner]`,
    });
  }
  return accept(undefined, [put("vpc-endpoint-service", { ...found.value, payerResponsibility: "ServiceOwner" })]);
}

/** The endpoints of all accounts that lead to the service. */
export function connectionsOf(state: State, service: VpcEndpointService): readonly PrivateVpcEndpoint[] {
  return findBy(state, "vpc-endpoint", "serviceName", service.name).flatMap((one) =>
    one.kind === "Gateway" ? [] : [one],
  );
}

function changed(
  there: readonly string[],
  input: ModifyEndpointServiceInput,
  part: keyof EndpointServiceParts,
): readonly string[] {
  const stay = there.filter((one) => !input.remove[part].includes(one));
  return [...new Set([...stay, ...input.add[part]])];
}

function changedBalancers(
  state: State,
  service: VpcEndpointService,
  input: ModifyEndpointServiceInput,
  caller: Caller,
): Result<readonly string[], ApiError> {
  const network = service.kind === "Interface";
  const arns = changed(
    service.loadBalancerArns,
    input,
    network ? "networkLoadBalancerArns" : "gatewayLoadBalancerArns",
  );
  const others = network ? input.add.gatewayLoadBalancerArns : input.add.networkLoadBalancerArns;
  const wanted = network
    ? { networkLoadBalancerArns: arns, gatewayLoadBalancerArns: others }
    : { networkLoadBalancerArns: others, gatewayLoadBalancerArns: arns };
  const balancers = balancersOf(state, wanted, caller);
  return balancers.ok ? ok(balancers.value.arns) : balancers;
}

function changedPrivateDns(
  service: VpcEndpointService,
  input: ModifyEndpointServiceInput,
  context: Context,
): Result<PrivateDnsOfService | undefined, ApiError> {
  if (input.removePrivateDnsName === true && input.privateDnsName !== undefined) {
    return fail("InvalidParameterCombination", {
      message: "The parameter RemovePrivateDnsName cannot be used with the parameter PrivateDnsName",
    });
  }
  if (input.removePrivateDnsName === true) return ok(undefined);
  const { privateDnsName } = input;
  if (privateDnsName === undefined || privateDnsName === service.privateDns?.name) return ok(service.privateDns);
  return newPrivateDns(service.kind, privateDnsName, context);
}
