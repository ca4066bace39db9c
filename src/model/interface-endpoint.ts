/**
 * Interface and Gateway Load Balancer endpoints: a network interface in each of their subnets.
 * Source: AWS PrivateLink guide, "Access an AWS service using an interface VPC endpoint" and "Gateway Load Balancer endpoints".
 */

import { type Id, makeId } from "../base/id.ts";
import { ok, type Result } from "../base/result.ts";
import {
  attach,
  attachmentsWithout,
  checkAddressType,
  type JoiningSubnet,
  stayingInterfaces,
  subnetsToJoin,
} from "./endpoint-attachment.ts";
import { checkEndpointPolicy, defaultInterfacePolicy } from "./endpoint-policy.ts";
import { checkEndpointQuota } from "./endpoint-quota.ts";
import { checkRecordType } from "./endpoint-record.ts";
import { offerOf } from "./endpoint-service-offer.ts";
import { type ApiError, fail } from "./error.ts";
import { choosePrivateDns, dnsChanges } from "./private-dns.ts";
import { groupsForInterface } from "./security-group.ts";
import type { EndpointService } from "./service-catalogue.ts";
import { find, put, type State } from "./state.ts";
import { enter } from "./transition.ts";
import { accept, type Context, type Outcome } from "./verb.ts";
import {
  type DnsRecordIpType,
  type EndpointOptions,
  type GatewayLoadBalancerVpcEndpoint,
  type InterfaceVpcEndpoint,
  type ModifyVpcEndpointInput,
  type NewEndpoint,
  type PrivateVpcEndpoint,
  settledEndpoint,
} from "./vpc-endpoint.ts";

/** The endpoint with its interfaces: `pendingAcceptance` where the service's owner has to agree, else `pending`. */
export function makePrivate(state: State, wanted: NewEndpoint, context: Context): Outcome<PrivateVpcEndpoint> {
  const { service, options, base } = wanted;
  if (options.routeTableIds.length > 0) return refuseTables();
  const fitting = refuseForType(service.type, options);
  if (!fitting.ok) return fitting;
  const joining = subnetsToJoin(state, { vpcId: base.vpcId, service, subnets: options.subnets, there: [] }, context);
  if (!joining.ok) return joining;
  const ipAddressType = options.ipAddressType ?? "ipv4";
  const subnets = joining.value.map((one) => one.subnet);
  const typed = checkAddressType(service, ipAddressType, subnets);
  if (!typed.ok) return typed;
  const quota = checkEndpointQuota(state, { kind: service.type, vpcId: base.vpcId }, context);
  if (!quota.ok) return quota;
  const made = makeOfType(state, { wanted, ipAddressType, joining: joining.value }, context);
  if (!made.ok) return made;
  const attached = attach(state, { endpoint: made.value, joining: joining.value }, context);
  if (!attached.ok) return attached;
  const endpoint: PrivateVpcEndpoint = { ...made.value, attachments: attached.value.attachments };
  const stored =
    endpoint.state === "pending"
      ? enter("vpc-endpoint", endpoint, settledEndpoint, context)
      : [put("vpc-endpoint", endpoint)];
  return accept(endpoint, [...attached.value.changes, ...stored]);
}

/** Changes policy, subnets, security groups, private DNS and address type, as far as the type has them. */
export function modifyPrivate(
  state: State,
  change: { readonly endpoint: PrivateVpcEndpoint; readonly input: ModifyVpcEndpointInput },
  context: Context,
): Outcome<PrivateVpcEndpoint> {
  const { endpoint, input } = change;
  if (input.add.routeTableIds.length + input.remove.routeTableIds.length > 0) return refuseTables();
  const fitting = refuseForType(endpoint.kind, {
    ...input.add,
    securityGroupIds: [...input.add.securityGroupIds, ...input.remove.securityGroupIds],
  });
  if (!fitting.ok) return fitting;
  const service = offerOf(state, endpoint);
  const stay = endpoint.attachments.filter((one) => !input.remove.subnetIds.includes(one.subnetId));
  const subnets = input.add.subnets.filter((one) => !stay.some((other) => other.subnetId === one.subnetId));
  const joining = subnetsToJoin(state, { vpcId: endpoint.vpcId, service, subnets, there: stay }, context);
  if (!joining.ok) return joining;
  const ipAddressType = input.add.ipAddressType ?? endpoint.ipAddressType;
  const all = [
    ...stay.flatMap((one) => find(state, "subnet", one.subnetId) ?? []),
    ...joining.value.map((one) => one.subnet),
  ];
  const typed = checkAddressType(service, ipAddressType, all);
  if (!typed.ok) return typed;
  const changed = changedOfType(state, { endpoint: { ...endpoint, ipAddressType }, input, service }, context);
  if (!changed.ok) return changed;
  const attached = attach(state, { endpoint: changed.value, joining: joining.value }, context);
  if (!attached.ok) return attached;
  const after: PrivateVpcEndpoint = { ...changed.value, attachments: [...stay, ...attached.value.attachments] };
  const staying = stayingInterfaces(state, { stay, wishes: input.add.subnets }, after, context);
  if (!staying.ok) return staying;
  return accept(after, [
    ...attachmentsWithout(endpoint.attachments, stay),
    ...staying.value,
    ...attached.value.changes,
    put("vpc-endpoint", after),
  ]);
}

interface OfType {
  readonly wanted: NewEndpoint;
  readonly ipAddressType: PrivateVpcEndpoint["ipAddressType"];
  readonly joining: readonly JoiningSubnet[];
}

/** The endpoint without its interfaces. */
function makeOfType(state: State, of: OfType, context: Context): Result<PrivateVpcEndpoint, ApiError> {
  const { service, options, base, vpc } = of.wanted;
  const common = {
    ...base,
    state: service.acceptanceRequired ? ("pendingAcceptance" as const) : ("pending" as const),
    attachments: [],
    ipAddressType: of.ipAddressType,
    ...(service.owner !== "amazon" && { connectionId: makeId("vpce-con", context.hex) }),
  };
  if (service.type === "GatewayLoadBalancer") {
    const balancing: GatewayLoadBalancerVpcEndpoint = { kind: "GatewayLoadBalancer", ...common };
    return ok(balancing);
  }
  const policy = checkEndpointPolicy(options.policyDocument ?? defaultInterfacePolicy, "interface-endpoint");
  if (!policy.ok) return policy;
  const subnetId = of.joining[0]?.subnet.id ?? "";
  const groups = endpointGroups(state, { groupIds: options.securityGroupIds, vpcId: base.vpcId, subnetId }, context);
  if (!groups.ok) return groups;
  const dnsRecordIpType = options.dnsRecordIpType ?? of.ipAddressType;
  const records = checkRecordType(dnsRecordIpType, of.ipAddressType);
  if (!records.ok) return records;
  const dns = choosePrivateDns(state, { vpc, service, options, dnsRecordIpType });
  if (!dns.ok) return dns;
  const endpoint: InterfaceVpcEndpoint = {
    kind: "Interface",
    ...common,
    policyDocument: policy.value,
    dnsLabel: dnsLabel(context),
    securityGroupIds: groups.value,
    ...dns.value,
    dnsRecordIpType,
  };
  return ok(endpoint);
}

interface ChangeOfType {
  readonly endpoint: PrivateVpcEndpoint;
  readonly input: ModifyVpcEndpointInput;
  readonly service: EndpointService | undefined;
}

function changedOfType(state: State, of: ChangeOfType, context: Context): Result<PrivateVpcEndpoint, ApiError> {
  const { endpoint, input, service } = of;
  if (endpoint.kind === "GatewayLoadBalancer") return ok(endpoint);
  const text =
    input.resetPolicy === true ? defaultInterfacePolicy : (input.add.policyDocument ?? endpoint.policyDocument);
  const policy = checkEndpointPolicy(text, "interface-endpoint");
  if (!policy.ok) return policy;
  const stay = endpoint.securityGroupIds.filter((id) => !input.remove.securityGroupIds.includes(id));
  const groupIds = [...new Set([...stay, ...input.add.securityGroupIds])];
  // ASSUMPTION: an endpoint that loses its last security group gets the VPC's default one.
  const groups = endpointGroups(state, { groupIds, vpcId: endpoint.vpcId, subnetId: "" }, context);
  if (!groups.ok) return groups;
  const dnsRecordIpType = input.add.dnsRecordIpType ?? keptRecordType(endpoint);
  const records = checkRecordType(dnsRecordIpType, endpoint.ipAddressType);
  if (!records.ok) return records;
  const dns = dnsChanges(state, { endpoint: { ...endpoint, dnsRecordIpType }, service, options: input.add });
  if (!dns.ok) return dns;
  return ok({
    ...endpoint,
    ...dns.value,
    policyDocument: policy.value,
    securityGroupIds: groups.value,
    dnsRecordIpType,
  });
}

/**
 * ASSUMPTION: an endpoint whose address type changes keeps the type of its DNS records where that still fits, else it gets the
 * usual one of its new address type.
 */
function keptRecordType({ dnsRecordIpType, ipAddressType }: InterfaceVpcEndpoint): DnsRecordIpType {
  return checkRecordType(dnsRecordIpType, ipAddressType).ok ? dnsRecordIpType : ipAddressType;
}

/** Groups of the VPC; the text of one of another VPC names the VPC where there is no subnet to name. */
function endpointGroups(
  state: State,
  wanted: { readonly groupIds: readonly string[]; readonly vpcId: Id<"vpc">; readonly subnetId: string },
  context: Context,
): Result<readonly Id<"sg">[], ApiError> {
  const foreign = wanted.groupIds.find((id) => {
    const vpcId = find(state, "security-group", id)?.vpcId;
    return vpcId !== undefined && vpcId !== wanted.vpcId;
  });
  if (foreign !== undefined && wanted.subnetId === "") {
    return invalid(`Security group ${foreign} does not belong to the VPC ${wanted.vpcId}.`);
  }
  return groupsForInterface(state, wanted, context);
}

/**
 * ASSUMPTION: the texts that refuse options which an endpoint's type does not have are ours.
 * Source: EC2 API Reference, "CreateVpcEndpoint": what is for which type.
 */
function refuseForType(type: EndpointService["type"], options: EndpointOptions): Result<void, ApiError> {
  if (type === "Interface") return ok(undefined);
  if (options.securityGroupIds.length > 0) {
    return invalid("Security Group IDs are only supported for Interface type VPC Endpoints.");
  }
  if (options.policyDocument !== undefined) {
    return invalid("Endpoint policies are not supported for GatewayLoadBalancer type VPC Endpoints.");
  }
  if (options.privateDnsEnabled === true || options.inboundResolverOnly !== undefined) {
    return invalid("Private DNS is only supported for Interface type VPC Endpoints.");
  }
  return ok(undefined);
}

function refuseTables(): ReturnType<typeof invalid> {
  return invalid("Route table IDs are only supported for Gateway type VPC Endpoint.");
}

/** Eight characters of the 36 letters and digits. */
function dnsLabel(context: Context): string {
  return BigInt(`0x${context.hex(12)}`)
    .toString(36)
    .padStart(8, "0")
    .slice(-8);
}

function invalid(message: string): Result<never, ApiError> {
  return fail("InvalidParameter", { message });
}
