/**
 * The interfaces of an endpoint: which subnets it may be in, and how they come and go.
 * Source: AWS PrivateLink guide, "Subnets and Availability Zones": one subnet a zone, and only zones of the service.
 */

import type { Id } from "../base/id.ts";
import { ok, type Result } from "../base/result.ts";
import { type ApiError, fail } from "./error.ts";
import { primaryWishes, takeEach } from "./address-wish.ts";
import { lookupAll } from "./lookup.ts";
import { ipv6Addresses, type NetworkInterface, newInterface, privateAddresses } from "./network-interface.ts";
import type { EndpointService } from "./service-catalogue.ts";
import { type Change, find, put, remove, type State } from "./state.ts";
import { isIpv6Native, type Subnet } from "./subnet.ts";
import type { Caller, Context } from "./verb.ts";
import type { EndpointAttachment, EndpointIpAddressType, EndpointSubnet, PrivateVpcEndpoint } from "./vpc-endpoint.ts";

export interface JoiningSubnet extends Pick<EndpointSubnet, "ipv4" | "ipv6"> {
  readonly subnet: Subnet;
}

interface Joining {
  readonly vpcId: Id<"vpc">;
  /** Absent when the service is gone. */
  readonly service: EndpointService | undefined;
  readonly subnets: readonly EndpointSubnet[];
  /** Where the endpoint is already. */
  readonly there: readonly EndpointAttachment[];
}

/** The subnets that a call names, when the endpoint may be in all of them; each once. */
export function subnetsToJoin(
  state: State,
  joining: Joining,
  caller: Caller,
): Result<readonly JoiningSubnet[], ApiError> {
  const wishes = new Map(joining.subnets.map((one) => [one.subnetId, one]));
  const found = lookupAll(state, "subnet", [...wishes.keys()], caller);
  if (!found.ok)
    return found.error.code === "InvalidSubnetID.NotFound" ? fail("InvalidSubnetId.NotFound", found.error.at) : found;
  const inZone = new Map<string, string>(joining.there.map((one) => [one.zoneName, one.subnetId]));
  const { service } = joining;
  for (const subnet of found.value) {
    if (subnet.vpcId !== joining.vpcId)
      return invalid(`Subnet ${subnet.id} does not belong to the VPC ${joining.vpcId}`);
    const rival = inZone.get(subnet.availabilityZone);
    if (rival !== undefined) return fail("DuplicateSubnetsInSameZone", { subnetId: rival });
    inZone.set(subnet.availabilityZone, subnet.id);
    const crossRegion = service !== undefined && service.region !== subnet.region;
    if (service !== undefined && !crossRegion && !service.zones.some((zone) => zone.name === subnet.availabilityZone)) {
      return invalid(
        `The VPC endpoint service ${service.name} does not support the availability zone of the subnet: ${subnet.id}.`,
      );
    }
  }
  if (service?.type === "GatewayLoadBalancer" && inZone.size > 1) {
    // ASSUMPTION: the text that refuses a second subnet of a Gateway Load Balancer endpoint is ours.
    // Source: EC2 API Reference, "CreateVpcEndpoint": one subnet for such an endpoint.
    return invalid("Only one subnet can be specified for GatewayLoadBalancer type VPC Endpoints.");
  }
  return ok(found.value.map((subnet) => ({ ...wishes.get(subnet.id), subnet })));
}

/**
 * ASSUMPTION: the texts that refuse an address type which the service or a subnet does not have are ours.
 * Source: AWS PrivateLink guide, "IP address types": the service and every subnet must have it, and for IPv6 alone every
 * subnet no other.
 */
export function checkAddressType(
  service: EndpointService | undefined,
  type: EndpointIpAddressType,
  subnets: readonly Subnet[],
): Result<void, ApiError> {
  const needed = type === "dualstack" ? (["ipv4", "ipv6"] as const) : ([type] as const);
  const lacking = needed.find((one) => service !== undefined && !service.supportedIpAddressTypes.includes(one));
  if (lacking !== undefined) {
    return invalid(`The VPC endpoint service ${service?.name ?? ""} does not support the IP address type ${type}.`);
  }
  const other = subnets.find((subnet) => !hasType(subnet, type));
  return other === undefined
    ? ok(undefined)
    : invalid(`The subnet ${other.id} does not support the IP address type ${type}.`);
}

function hasType(subnet: Subnet, type: EndpointIpAddressType): boolean {
  switch (type) {
    case "ipv4":
      return !isIpv6Native(subnet);
    case "ipv6":
      return isIpv6Native(subnet);
    case "dualstack":
      return !isIpv6Native(subnet) && subnet.ipv6CidrBlocks.length > 0;
  }
}

/** An interface in each subnet that the endpoint joins. */
export function attach(
  state: State,
  wanted: { readonly endpoint: PrivateVpcEndpoint; readonly joining: readonly JoiningSubnet[] },
  context: Context,
): Result<{ readonly attachments: readonly EndpointAttachment[]; readonly changes: readonly Change[] }, ApiError> {
  const attachments: EndpointAttachment[] = [];
  const changes: Change[] = [];
  for (const joining of wanted.joining) {
    const made = interfaceIn(state, { endpoint: wanted.endpoint, joining }, context);
    if (!made.ok) return made;
    const { subnet } = joining;
    attachments.push({ subnetId: subnet.id, networkInterfaceId: made.value.id, zoneName: subnet.availabilityZone });
    changes.push(put("network-interface", made.value));
  }
  return ok({ attachments, changes });
}

/** The interfaces of those that do not stay go. */
export function attachmentsWithout(
  there: readonly EndpointAttachment[],
  stay: readonly EndpointAttachment[],
): readonly Change[] {
  return there.filter((one) => !stay.includes(one)).map((one) => remove("network-interface", one.networkInterfaceId));
}

/** The interfaces that stay, with the endpoint's security groups and addresses of its type; `wishes` name some of those. */
export function stayingInterfaces(
  state: State,
  there: { readonly stay: readonly EndpointAttachment[]; readonly wishes: readonly EndpointSubnet[] },
  endpoint: PrivateVpcEndpoint,
  context: Context,
): Result<readonly Change[], ApiError> {
  const changes: Change[] = [];
  for (const { networkInterfaceId, subnetId } of there.stay) {
    const [held, subnet] = [find(state, "network-interface", networkInterfaceId), find(state, "subnet", subnetId)];
    if (held === undefined || subnet === undefined) continue;
    const wish = there.wishes.find((one) => one.subnetId === subnetId)?.ipv6;
    const ipv6 = ipv6Of(state, { endpoint, subnet, held: held.ipv6Addresses, wish }, context);
    if (!ipv6.ok) return ipv6;
    const securityGroupIds = endpoint.kind === "Interface" ? endpoint.securityGroupIds : held.securityGroupIds;
    changes.push(put("network-interface", { ...held, ipv6Addresses: ipv6.value, securityGroupIds }));
  }
  return ok(changes);
}

interface Ipv6Wish {
  readonly endpoint: PrivateVpcEndpoint;
  readonly subnet: Subnet;
  /** Those that it has; they stay. */
  readonly held: readonly string[];
  readonly wish: string | undefined;
}

/** One address where the endpoint's type has the family, else none. */
function ipv6Of(state: State, wanted: Ipv6Wish, context: Context): Result<readonly string[], ApiError> {
  if (wanted.endpoint.ipAddressType === "ipv4") return ok([]);
  if (wanted.held.length > 0) return ok(wanted.held);
  const taken = ipv6Addresses(state, wanted.subnet, context).take(wanted.wish);
  return taken.ok ? ok([taken.value]) : taken;
}

function interfaceIn(
  state: State,
  wanted: { readonly endpoint: PrivateVpcEndpoint; readonly joining: JoiningSubnet },
  context: Context,
): Result<NetworkInterface, ApiError> {
  const { endpoint, joining } = wanted;
  const ipv4 = takeEach(privateAddresses(state, joining.subnet).take, primaryWishes(joining.subnet, joining.ipv4));
  if (!ipv4.ok) return ipv4;
  const [privateIpAddress] = ipv4.value;
  const ipv6 = ipv6Of(state, { endpoint, subnet: joining.subnet, held: [], wish: joining.ipv6 }, context);
  if (!ipv6.ok) return ipv6;
  return ok(
    newInterface(
      {
        subnet: joining.subnet,
        description: `VPC Endpoint Interface ${endpoint.id}`,
        ...(privateIpAddress !== undefined && { privateIpAddress }),
        ipv6Addresses: ipv6.value,
        securityGroupIds: endpoint.kind === "Interface" ? endpoint.securityGroupIds : [],
        requester: { kind: "vpc-endpoint", vpcEndpointId: endpoint.id },
        tags: [],
      },
      context,
    ),
  );
}

function invalid(message: string): Result<never, ApiError> {
  return fail("InvalidParameter", { message });
}
