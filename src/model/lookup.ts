/**
 * Finding a resource that a call names by id. AWS looks at the form first, then whether the caller's account has it in
 * the region of the call. The codes' spelling cannot be derived from one another: they come from AWS's table.
 * Source: Amazon EC2 API Reference, "Error codes".
 */

import { isId } from "../base/id.ts";
import { ok, type Result } from "../base/result.ts";
import { type ApiError, fail } from "./error.ts";
import { type Documents, find, type State } from "./state.ts";
import type { Caller } from "./verb.ts";

export type Ec2Kind =
  | "vpc"
  | "subnet"
  | "route-table"
  | "internet-gateway"
  | "instance"
  | "network-interface"
  | "vpc-endpoint"
  | "vpc-endpoint-service"
  | "security-group"
  | "security-group-rule"
  | "network-acl"
  | "elastic-ip"
  | "natgateway"
  | "egress-only-internet-gateway"
  | "key-pair"
  | "prefix-list"
  | "dhcp-options"
  | "vpc-peering-connection"
  | "vpn-gateway"
  | "customer-gateway"
  | "vpn-connection"
  | "vpc-flow-log"
  | "volume";

interface Identity {
  /** Before the dash of an id. */
  readonly prefix: string;
  readonly notFound: (id: string) => Result<never, ApiError>;
  readonly malformed: (id: string) => Result<never, ApiError>;
}

const identities: { readonly [K in Ec2Kind]: Identity } = {
  vpc: {
    prefix: "vpc",
    notFound: (vpcId) => fail("InvalidVpcID.NotFound", { vpcId }),
    malformed: (id) => fail("InvalidVpcID.Malformed", { id }),
  },
  subnet: {
    prefix: "subnet",
    notFound: (subnetId) => fail("InvalidSubnetID.NotFound", { subnetId }),
    malformed: (id) => fail("InvalidSubnetID.Malformed", { id }),
  },
  "route-table": {
    prefix: "rtb",
    notFound: (routeTableId) => fail("InvalidRouteTableID.NotFound", { routeTableId }),
    malformed: (id) => fail("InvalidRouteTableId.Malformed", { id }),
  },
  "internet-gateway": {
    prefix: "igw",
    notFound: (internetGatewayId) => fail("InvalidInternetGatewayID.NotFound", { internetGatewayId }),
    malformed: (id) => fail("InvalidInternetGatewayId.Malformed", { id }),
  },
  instance: {
    prefix: "i",
    notFound: (instanceId) => fail("InvalidInstanceID.NotFound", { instanceId }),
    malformed: (id) => fail("InvalidInstanceID.Malformed", { id }),
  },
  "network-interface": {
    prefix: "eni",
    notFound: (networkInterfaceId) => fail("InvalidNetworkInterfaceID.NotFound", { networkInterfaceId }),
    malformed: (id) => fail("InvalidNetworkInterfaceId.Malformed", { id }),
  },
  "vpc-endpoint": {
    prefix: "vpce",
    notFound: (vpcEndpointId) => fail("InvalidVpcEndpointId.NotFound", { vpcEndpointId }),
    malformed: (id) => fail("InvalidVpcEndpointId.Malformed", { id }),
  },
  "vpc-endpoint-service": {
    prefix: "vpce-svc",
    notFound: (serviceId) => fail("InvalidVpcEndpointServiceId.NotFound", { serviceId }),
    malformed: (id) => fail("InvalidVpcEndpointServiceId.Malformed", { id }),
  },
  "security-group": {
    prefix: "sg",
    notFound: (groupId) => fail("InvalidGroup.NotFound", { groupId }),
    malformed: (id) => fail("InvalidGroupId.Malformed", { id }),
  },
  "security-group-rule": {
    prefix: "sgr",
    notFound: (ruleId) => fail("InvalidSecurityGroupRuleId.NotFound", { ruleId }),
    malformed: (id) => fail("InvalidSecurityGroupRuleId.Malformed", { id }),
  },
  "network-acl": {
    prefix: "acl",
    notFound: (networkAclId) => fail("InvalidNetworkAclID.NotFound", { networkAclId }),
    malformed: (id) => fail("InvalidNetworkAclId.Malformed", { id }),
  },
  "elastic-ip": {
    prefix: "eipalloc",
    notFound: (allocationId) => fail("InvalidAllocationID.NotFound", { allocationId }),
    malformed: (id) => fail("InvalidAllocationId.Malformed", { id }),
  },
  natgateway: {
    prefix: "nat",
    notFound: (natGatewayId) => fail("NatGatewayNotFound", { natGatewayId }),
    malformed: (id) => fail("NatGatewayMalformed", { id }),
  },
  "egress-only-internet-gateway": {
    prefix: "eigw",
    notFound: (id) => fail("InvalidGatewayID.NotFound", { id }),
    malformed: (id) => fail("InvalidEgressOnlyInternetGatewayId.Malformed", { id }),
  },
  "prefix-list": {
    prefix: "pl",
    notFound: (prefixListId) => fail("InvalidPrefixListID.NotFound", { prefixListId }),
    malformed: (id) => fail("InvalidPrefixListId.Malformed", { id }),
  },
  "dhcp-options": {
    prefix: "dopt",
    notFound: (dhcpOptionsId) => fail("InvalidDhcpOptionID.NotFound", { dhcpOptionsId }),
    malformed: (id) => fail("InvalidDhcpOptionsId.Malformed", { id }),
  },
  "vpc-peering-connection": {
    prefix: "pcx",
    notFound: (vpcPeeringConnectionId) => fail("InvalidVpcPeeringConnectionID.NotFound", { vpcPeeringConnectionId }),
    malformed: (id) => fail("InvalidVpcPeeringConnectionId.Malformed", { id }),
  },
  "vpn-gateway": {
    prefix: "vgw",
    notFound: (vpnGatewayId) => fail("InvalidVpnGatewayID.NotFound", { vpnGatewayId }),
    malformed: (id) => fail("InvalidVpnGatewayId.Malformed", { id }),
  },
  "customer-gateway": {
    prefix: "cgw",
    notFound: (customerGatewayId) => fail("InvalidCustomerGatewayID.NotFound", { customerGatewayId }),
    malformed: (id) => fail("InvalidCustomerGatewayId.Malformed", { id }),
  },
  "vpn-connection": {
    prefix: "vpn",
    notFound: (vpnConnectionId) => fail("InvalidVpnConnectionID.NotFound", { vpnConnectionId }),
    malformed: (id) => fail("InvalidVpnConnectionID.Malformed", { id }),
  },
  "vpc-flow-log": {
    prefix: "fl",
    notFound: (flowLogId) => fail("InvalidFlowLogId.NotFound", { flowLogId }),
    malformed: (id) => fail("InvalidFlowLogId.Malformed", { id }),
  },
  volume: {
    prefix: "vol",
    notFound: (volumeId) => fail("InvalidVolume.NotFound", { volumeId }),
    malformed: (id) =>
      fail("InvalidParameterValue", {
        message: `Value (${id}) for parameter volumes is invalid. Expected: 'vol-...'.`,
      }),
  },
  "key-pair": {
    prefix: "key",
    notFound: (id) => fail("InvalidKeyPair.NotFound", { message: `The key pair ID '${id}' does not exist` }),
    malformed: (id) => fail("InvalidKeyPair.NotFound", { message: `The key pair ID '${id}' does not exist` }),
  },
};

export const ec2Kinds = Object.keys(identities) as readonly Ec2Kind[];

/** The caller's own resource; fails with the kind's `.Malformed` or `.NotFound` code. */
export function lookup<K extends Ec2Kind>(
  state: State,
  kind: K,
  id: string,
  caller: Caller,
): Result<Documents[K], ApiError> {
  const identity = identities[kind];
  if (!isId(identity.prefix, id)) return identity.malformed(id);
  const document = owned(state, kind, id, caller);
  return document === undefined ? identity.notFound(id) : ok(document);
}

/** The failure of an id that is well formed but names nothing. */
export function notFound(kind: Ec2Kind, id: string): Result<never, ApiError> {
  return identities[kind].notFound(id);
}

/** The caller's own resources in the order of `ids`; the form of every id is looked at before any is sought. */
export function lookupAll<K extends Ec2Kind>(
  state: State,
  kind: K,
  ids: readonly string[],
  caller: Caller,
): Result<readonly Documents[K][], ApiError> {
  const bad = ids.find((id) => !isId(identities[kind].prefix, id));
  if (bad !== undefined) return identities[kind].malformed(bad);
  const wanted = [...new Set(ids)].map((id) => ({ id, document: owned(state, kind, id, caller) }));
  const missing = wanted.flatMap(({ id, document }) => (document === undefined ? [id] : []));
  if (missing.length > 0) return identities[kind].notFound(missing.join(", "));
  return ok(wanted.flatMap(({ document }) => (document === undefined ? [] : [document])));
}

/** The caller's own resource, or undefined. */
export function owned<K extends Ec2Kind>(state: State, kind: K, id: string, caller: Caller): Documents[K] | undefined {
  const document = find(state, kind, id);
  return document?.accountId === caller.accountId && document.region === caller.region ? document : undefined;
}

/** The kind of resource that has ids of this form, or undefined. */
export function kindOfId(id: string): Ec2Kind | undefined {
  return ec2Kinds.find((kind) => isId(identities[kind].prefix, id));
}

/** `arn:aws:ec2:us-east-1:000000000000:vpc/vpc-…`; the kinds are named as AWS names resource types. */
export function ec2Arn(kind: string, id: string, caller: Caller): string {
  return `arn:aws:ec2:${caller.region}:${caller.accountId}:${kind}/${id}`;
}
