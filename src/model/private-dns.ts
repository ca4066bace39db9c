/**
 * Private DNS of interface endpoints: when a service's ordinary names may lead to an endpoint.
 * Source: AWS PrivateLink guide, "Private DNS" and "Private DNS for Amazon S3"; the texts are AWS's where no ASSUMPTION stands.
 */

import { ok, type Result } from "../base/result.ts";
import { type ApiError, fail } from "./error.ts";
import { offerOf } from "./endpoint-service-offer.ts";
import { type EndpointService, findEndpointServices } from "./service-catalogue.ts";
import { find, findBy, type State } from "./state.ts";
import type { DnsRecordIpType, EndpointOptions, InterfaceVpcEndpoint, VpcEndpoint } from "./vpc-endpoint.ts";
import type { Vpc } from "./vpc.ts";

/** What an endpoint keeps of it. */
export interface PrivateDns {
  readonly privateDnsEnabled: boolean;
  readonly inboundResolverOnly?: boolean;
}

/**
 * What a new endpoint gets. ASSUMPTION: where a call says nothing, private DNS is on when the VPC and the service allow
 * it, else off; AWS's default is on.
 */
export function choosePrivateDns(
  state: State,
  wanted: {
    readonly vpc: Vpc;
    readonly service: EndpointService;
    readonly options: EndpointOptions;
    readonly dnsRecordIpType: DnsRecordIpType;
  },
): Result<PrivateDns, ApiError> {
  const { dnsRecordIpType, options, service, vpc } = wanted;
  const inbound = inboundOption(service, options);
  if (!inbound.ok) return inbound;
  const asked = { vpc, service, inboundResolverOnly: inbound.value, dnsRecordIpType };
  const possible = checkPossible(state, asked);
  const enabled = options.privateDnsEnabled ?? possible.ok;
  if (enabled && !possible.ok) return possible;
  return ok({
    privateDnsEnabled: enabled,
    ...(hasGateway(service) && { inboundResolverOnly: enabled && inbound.value }),
  });
}

/** What a change makes of an endpoint that is there, its new types already in it. */
export function dnsChanges(
  state: State,
  change: {
    readonly endpoint: InterfaceVpcEndpoint;
    readonly service: EndpointService | undefined;
    readonly options: EndpointOptions;
  },
): Result<PrivateDns, ApiError> {
  const { endpoint, service, options } = change;
  const vpc = find(state, "vpc", endpoint.vpcId);
  const enabled = options.privateDnsEnabled ?? endpoint.privateDnsEnabled;
  const unchanged = options.privateDnsEnabled === undefined && options.inboundResolverOnly === undefined;
  if (unchanged || service === undefined || vpc === undefined) {
    return ok({ privateDnsEnabled: enabled });
  }
  const before = endpoint.privateDnsEnabled ? endpoint.inboundResolverOnly : undefined;
  const inbound = inboundOption(service, {
    ...options,
    ...(options.inboundResolverOnly === undefined && before !== undefined && { inboundResolverOnly: before }),
  });
  if (!inbound.ok) return inbound;
  if (enabled) {
    const { dnsRecordIpType, id: self } = endpoint;
    const asked = { vpc, service, inboundResolverOnly: inbound.value, dnsRecordIpType, self };
    const possible = checkPossible(state, asked);
    if (!possible.ok) return possible;
  }
  return ok({
    privateDnsEnabled: enabled,
    ...(hasGateway(service) && { inboundResolverOnly: enabled && inbound.value }),
  });
}

/** The names that private DNS of the endpoint answers for: none while it is off. */
export function privateNamesOf(state: State, endpoint: InterfaceVpcEndpoint): readonly string[] {
  return endpoint.privateDnsEnabled ? (offerOf(state, endpoint)?.privateDnsNames ?? []) : [];
}

/** The service's dual-stack names, which lead to an endpoint only where it carries IPv6: none while private DNS is off. */
export function privateDualStackNamesOf(state: State, endpoint: InterfaceVpcEndpoint): readonly string[] {
  if (!endpoint.privateDnsEnabled || endpoint.ipAddressType === "ipv4") return [];
  return offerOf(state, endpoint)?.dualStackDnsNames ?? [];
}

/** Whether the service is offered through gateway endpoints too. */
function hasGateway(service: EndpointService): boolean {
  return findEndpointServices(service.region, service.name).some((one) => one.type === "Gateway");
}

/**
 * ASSUMPTION: PrivateDnsOnlyForInboundResolverEndpoint is on where a call says nothing, as reports of AWS's refusals
 * show.
 */
function inboundOption(service: EndpointService, options: EndpointOptions): Result<boolean, ApiError> {
  if (hasGateway(service)) return ok(options.inboundResolverOnly ?? true);
  if (options.inboundResolverOnly !== true) return ok(false);
  // ASSUMPTION: the text is ours that refuses PrivateDnsOnlyForInboundResolverEndpoint where a service does not have
  // it.
  return invalid(`PrivateDnsOnlyForInboundResolverEndpoint is not supported for the service ${service.name}.`);
}

interface Asked {
  readonly vpc: Vpc;
  readonly service: EndpointService;
  readonly inboundResolverOnly: boolean;
  readonly dnsRecordIpType: DnsRecordIpType;
  /** The endpoint itself is no rival. */
  readonly self?: string;
}

function checkPossible(state: State, asked: Asked): Result<void, ApiError> {
  const { vpc, service } = asked;
  const [name] = service.privateDnsNames;
  if (name === undefined) {
    return invalid(
      `Private DNS can't be enabled because the service ${service.name} does not provide a private DNS name.`,
    );
  }
  if (service.privateDnsState !== "verified") {
    // ASSUMPTION: the text is ours that refuses private DNS for a service whose name is not verified.
    return invalid(
      `Private DNS can't be enabled because the service ${service.name} has not verified the private DNS name.`,
    );
  }
  if (!vpc.enableDnsSupport || !vpc.enableDnsHostnames) {
    return invalid(
      `Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to true for ${vpc.id}`,
    );
  }
  const inVpc = findBy(state, "vpc-endpoint", "vpcId", vpc.id);
  for (const other of inVpc) {
    if (other.kind !== "Interface" || other.id === asked.self || other.state === "deleting") continue;
    const taken = privateNamesOf(state, other).find((one) => service.privateDnsNames.includes(one));
    if (taken === undefined) continue;
    return invalid(
      `private-dns-enabled cannot be set because there is already a conflicting DNS domain for ${name} in the VPC ${vpc.id}`,
    );
  }
  return asked.inboundResolverOnly ? checkGateway(inVpc, asked) : ok(undefined);
}

/**
 * What asks from the VPC goes on to a gateway endpoint, with names that have the same records.
 * ASSUMPTION: the text is ours that refuses a gateway endpoint with records of another type; Amazon S3 User Guide, "Private DNS".
 */
function checkGateway(inVpc: readonly VpcEndpoint[], { vpc, service, dnsRecordIpType }: Asked): Result<void, ApiError> {
  const gateway = inVpc.find(
    (one) => one.kind === "Gateway" && one.serviceName === service.name && one.state === "available",
  );
  if (gateway?.kind !== "Gateway") {
    return invalid(
      `To set PrivateDnsOnlyForInboundResolverEndpoint to true, the VPC ${vpc.id} must have a Gateway endpoint for the service.`,
    );
  }
  const { dnsRecordIpType: there = "service-defined" } = gateway;
  if (there !== "service-defined" && there !== dnsRecordIpType) {
    return invalid(
      `To set PrivateDnsOnlyForInboundResolverEndpoint to true, the DNS record IP type of ${gateway.id} must be ${dnsRecordIpType} or service-defined.`,
    );
  }
  return ok(undefined);
}

function invalid(message: string): Result<never, ApiError> {
  return fail("InvalidParameter", { message });
}
