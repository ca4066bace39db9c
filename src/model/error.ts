/**
 * Every expected failure of the API: a code of AWS's with its typed fields. Text and HTTP status come from this table
 * alone. Where AWS's text is known it is used.
 * Source: Amazon EC2 API Reference, "Error codes"; IAM API Reference, "Common Errors"; S3 API Reference, "Error Responses".
 */

import type { Err } from "../base/result.ts";
import { err } from "../base/result.ts";

interface Row<F> {
  readonly status: number;
  readonly text: (at: F) => string;
}

function row<F>(text: (at: F) => string, status = 400): Row<F> {
  return { status, text };
}

/** For codes that AWS uses with many texts: the place that fails words it. */
const worded = (status = 400): Row<{ readonly message: string }> => row((at) => at.message, status);

function malformed(prefix: string): Row<{ readonly id: string }> {
  return row((at) => `Invalid id: "${at.id}" (expecting "${prefix}-...")`);
}

/** Source: the texts that AWS answers for one id and for several, which are parted by commas. */
function missing(what: string, ids: string): string {
  return ids.includes(",") ? `The ${what} IDs '${ids}' do not exist` : `The ${what} ID '${ids}' does not exist`;
}

function atMost(what: string): Row<object> {
  return row(() => `The maximum number of ${what} has been reached.`);
}

const errors = {
  InvalidParameterValue: worded(),
  InvalidParameter: worded(),
  InvalidParameterCombination: worded(),
  MissingParameter: row((at: { readonly parameter: string } | { readonly message: string }) =>
    "message" in at ? at.message : `The request must contain the parameter ${at.parameter}`,
  ),
  UnauthorizedOperation: worded(403),
  DryRunOperation: row<object>(() => "Request would have succeeded, but DryRun flag is set.", 412),
  DependencyViolation: worded(),
  IdempotentParameterMismatch: worded(),
  UnsupportedOperation: worded(),
  OperationNotPermitted: worded(),
  FilterLimitExceeded: worded(),
  InvalidFilter: worded(),
  InvalidNextToken: row<object>(() => "The specified NextToken is not valid."),
  InvalidID: row((at: { id: string }) => `The ID '${at.id}' is not valid`),
  TagLimitExceeded: row<object>(() => "The maximum number of Tags for a resource has been reached."),
  "InvalidVpcID.NotFound": row((at: { vpcId: string }) => missing("vpc", at.vpcId)),
  "InvalidVpcID.Malformed": malformed("vpc"),
  "InvalidVpc.Range": row((at: { cidrBlock: string }) => `The CIDR '${at.cidrBlock}' is invalid.`),
  "InvalidSubnetID.NotFound": row((at: { subnetId: string }) => missing("subnet", at.subnetId)),
  "InvalidSubnetID.Malformed": malformed("subnet"),
  "InvalidSubnet.Range": row((at: { cidrBlock: string }) => `The CIDR '${at.cidrBlock}' is invalid.`),
  "InvalidSubnet.Conflict": row(
    (at: { cidrBlock: string }) => `The CIDR '${at.cidrBlock}' conflicts with another subnet`,
  ),
  InsufficientFreeAddressesInSubnet: row<object>(
    () => "The specified subnet does not have enough free addresses to satisfy the request.",
  ),
  InsufficientAddressCapacity: row<object>(
    () => "Not enough available addresses to satisfy your minimum request.",
    500,
  ),
  "InvalidIPAddress.InUse": row((at: { ip: string }) => `Address ${at.ip} is in use.`),
  "InvalidRouteTableID.NotFound": row((at: { routeTableId: string }) => missing("routeTable", at.routeTableId)),
  "InvalidRouteTableId.NotFound": row((at: { routeTableId: string }) => missing("routeTable", at.routeTableId)),
  "InvalidRouteTableId.Malformed": row(
    (at: { id: string }) =>
      `Invalid Id: '${at.id}' (expecting 'rtb-...; the Id may only contain lowercase alphanumeric characters and a single dash')`,
  ),
  "InvalidAssociationID.NotFound": row(
    (at: { associationId: string }) => `The association ID '${at.associationId}' does not exist`,
  ),
  "Resource.AlreadyAssociated": worded(),
  RouteAlreadyExists: worded(),
  "InvalidRoute.NotFound": row(
    (at: { destination: string; routeTableId: string }) =>
      `no route with ${at.destination} in route table ${at.routeTableId}`,
  ),
  "InvalidInternetGatewayID.NotFound": row((at: { internetGatewayId: string }) =>
    missing("internetGateway", at.internetGatewayId),
  ),
  "InvalidInternetGatewayId.Malformed": malformed("igw"),
  "Gateway.NotAttached": row(
    (at: { readonly gatewayId: string; readonly vpcId: string } | { readonly message: string }) =>
      "message" in at ? at.message : `resource ${at.gatewayId} is not attached to network ${at.vpcId}`,
  ),
  "InvalidNetworkInterfaceID.NotFound": row((at: { networkInterfaceId: string }) =>
    missing("networkInterface", at.networkInterfaceId),
  ),
  "InvalidNetworkInterfaceId.Malformed": malformed("eni"),
  "InvalidInstanceID.NotFound": row((at: { instanceId: string }) => missing("instance", at.instanceId)),
  "InvalidInstanceID.Malformed": row((at: { id: string }) => `Invalid id: "${at.id}"`),
  IncorrectInstanceState: worded(),
  IdempotentInstanceTerminated: worded(),
  MissingInput: worded(),
  VPCIdNotSpecified: worded(),
  "InvalidGroup.NotFound": row((at: { readonly groupId: string } | { readonly message: string }) =>
    "message" in at
      ? at.message
      : at.groupId.includes(",")
        ? `The security groups '${at.groupId}' do not exist`
        : `The security group '${at.groupId}' does not exist`,
  ),
  "InvalidGroupId.Malformed": malformed("sg"),
  "InvalidGroup.Duplicate": row(
    (at: { name: string; vpcId: string }) => `The security group '${at.name}' already exists for VPC '${at.vpcId}'`,
  ),
  CannotDelete: row(
    (at: { groupId: string; name: string }) =>
      `the specified group: "${at.groupId}" name: "${at.name}" cannot be deleted by a user`,
  ),
  SecurityGroupLimitExceeded: row(
    (at: { vpcId: string }) => `The maximum number of security groups for VPC '${at.vpcId}' has been reached.`,
  ),
  RulesPerSecurityGroupLimitExceeded: row<object>(
    () => "The maximum number of rules per security group has been reached.",
  ),
  SecurityGroupsPerInterfaceLimitExceeded: row<object>(
    () => "The maximum number of security groups per interface has been reached.",
  ),
  "InvalidPermission.Duplicate": row((at: { rule: string }) => `the specified rule "${at.rule}" already exists`),
  "InvalidPermission.NotFound": row<object>(() => "The specified rule does not exist in this security group."),
  "InvalidPermission.Malformed": worded(),
  "InvalidSecurityGroupRuleId.NotFound": row((at: { ruleId: string }) => missing("security group rule", at.ruleId)),
  "InvalidSecurityGroupRuleId.Malformed": malformed("sgr"),
  "InvalidNetworkAclID.NotFound": row((at: { networkAclId: string }) => missing("networkAcl", at.networkAclId)),
  "InvalidNetworkAclId.Malformed": malformed("acl"),
  "InvalidNetworkAclEntry.NotFound": worded(),
  NetworkAclEntryAlreadyExists: row(
    (at: { ruleNumber: number }) => `The network acl entry identified by ${at.ruleNumber} already exists.`,
  ),
  NetworkAclEntryLimitExceeded: row<object>(
    () => "The maximum number of network acl entries for the network ACL has been reached.",
  ),
  NetworkAclLimitExceeded: row<object>(() => "The maximum number of network ACLs for the VPC has been reached."),
  "InvalidAllocationID.NotFound": row((at: { allocationId: string }) => missing("allocation", at.allocationId)),
  "InvalidAllocationId.Malformed": malformed("eipalloc"),
  "InvalidAddress.NotFound": row((at: { publicIp: string }) => `Address '${at.publicIp}' not found.`),
  AddressLimitExceeded: row<object>(() => "The maximum number of addresses has been reached."),
  AuthFailure: worded(403),
  InvalidInstanceID: worded(),
  IncorrectState: worded(),
  NoSuchAssociation: row(
    (at: { associationId: string }) => `An invalid association-id of '${at.associationId}' was given`,
  ),
  NatGatewayNotFound: row((at: { natGatewayId: string }) => `NatGateway ${at.natGatewayId} was not found`),
  NatGatewayMalformed: malformed("nat"),
  "InvalidNatGatewayID.NotFound": row(
    (at: { natGatewayId: string }) => `The natGateway ID '${at.natGatewayId}' does not exist`,
  ),
  PrivateIpAddressLimitExceeded: row<object>(() => "The maximum number of private IP addresses has been reached."),
  "InvalidGatewayID.NotFound": row((at: { id: string }) => `The gateway ID '${at.id}' does not exist`),
  "InvalidEgressOnlyInternetGatewayId.Malformed": malformed("eigw"),
  "InvalidKeyPair.NotFound": worded(),
  "InvalidUserData.Malformed": worded(),
  "InvalidKeyPair.Duplicate": row((at: { name: string }) => `The keypair '${at.name}' already exists.`),
  "InvalidAMIID.Malformed": row((at: { id: string }) => `Invalid id: "${at.id}" (expecting "ami-...")`),
  InvalidInstanceType: worded(),
  InvalidBlockDeviceMapping: worded(),
  "InvalidVolume.NotFound": row((at: { volumeId: string }) => `The volume '${at.volumeId}' does not exist.`),
  "InvalidKey.Format": row<object>(() => "Key is not in valid OpenSSH public key format"),
  "InvalidAttachmentID.NotFound": row(
    (at: { attachmentId: string }) => `The attachment ID '${at.attachmentId}' does not exist`,
  ),
  "InvalidNetworkInterface.InUse": worded(),
  AttachmentLimitExceeded: worded(),
  "InvalidVpcCidrBlockAssociationID.NotFound": row(
    (at: { associationId: string }) => `The vpc CIDR block association ID '${at.associationId}' does not exist`,
  ),
  "InvalidSubnetCidrBlockAssociationID.NotFound": row(
    (at: { associationId: string }) => `The subnet CIDR block association ID '${at.associationId}' does not exist`,
  ),
  CidrConflict: worded(),
  "InvalidCidrBlock.InUse": worded(),
  CidrLimitExceeded: row(
    (at: { vpcId: string; most: number }) =>
      `This network '${at.vpcId}' has met its maximum number of allowed CIDRs: ${at.most}`,
  ),
  "InvalidVpcEndpointId.NotFound": row(
    (at: { vpcEndpointId: string }) => `The Vpc Endpoint Id '${at.vpcEndpointId}' does not exist`,
  ),
  "InvalidVpcEndpoint.NotFound": row(
    (at: { vpcEndpointId: string }) => `The Vpc Endpoint Id '${at.vpcEndpointId}' does not exist`,
  ),
  "InvalidVpcEndpointId.Malformed": malformed("vpce"),
  VpcLimitExceeded: atMost("VPCs"),
  SubnetLimitExceeded: atMost("subnets"),
  RouteTableLimitExceeded: atMost("route tables"),
  RouteLimitExceeded: atMost("routes"),
  InternetGatewayLimitExceeded: atMost("internet gateways"),
  EgressOnlyInternetGatewayLimitExceeded: atMost("egress-only internet gateways"),
  NatGatewayLimitExceeded: row(
    (at: { quota: number }) => `Performing this operation would exceed the limit of ${at.quota} NAT gateways`,
  ),
  NetworkInterfaceLimitExceeded: atMost("network interfaces"),
  OutstandingVpcPeeringConnectionLimitExceeded: atMost("outstanding VPC peering connection requests"),
  ActiveVpcPeeringConnectionPerVpcLimitExceeded: atMost("active VPC peering connections per VPC"),
  CustomerGatewayLimitExceeded: atMost("customer gateways"),
  VpnGatewayLimitExceeded: atMost("virtual private gateways"),
  VpnConnectionLimitExceeded: atMost("VPN connections"),
  VpcEndpointLimitExceeded: row<object>(() => "The maximum number of VPC endpoints has been reached."),
  "InvalidSubnetId.NotFound": row((at: { subnetId: string }) => missing("subnet", at.subnetId)),
  DuplicateSubnetsInSameZone: row(
    (at: { subnetId: string }) => `Found another VPC endpoint subnet in the availability zone of ${at.subnetId}`,
  ),
  "InvalidVpcEndpointServiceId.NotFound": row(
    (at: { serviceId: string }) => `The VpcEndpointService Id '${at.serviceId}' does not exist`,
  ),
  "InvalidVpcEndpointServiceId.Malformed": malformed("vpce-svc"),
  "InvalidVpcEndpointService.NotFound": row(
    (at: { serviceId: string }) => `The VpcEndpointService Id '${at.serviceId}' does not exist`,
  ),
  ExistingVpcEndpointConnections: row(
    (at: { serviceId: string }) => `Existing active VPC Endpoint Connections on VPC Endpoint Service ${at.serviceId}`,
  ),
  "InvalidNetworkLoadBalancerArn.Malformed": row(
    (at: { arn: string }) => `The Network Load Balancer ARN '${at.arn}' is malformed`,
  ),
  "InvalidNetworkLoadBalancerArn.NotFound": row(
    (at: { arn: string }) => `The Network Load Balancer ARN '${at.arn}' does not exist`,
  ),
  "InvalidGatewayLoadBalancerArn.Malformed": row(
    (at: { arn: string }) => `The Gateway Load Balancer ARN '${at.arn}' is malformed`,
  ),
  "InvalidGatewayLoadBalancerArn.NotFound": row(
    (at: { arn: string }) => `The Gateway Load Balancer ARN '${at.arn}' does not exist`,
  ),
  InvalidPrincipal: row((at: { principal: string }) => `Invalid Principal: '${at.principal}'`),
  InvalidState: worded(),
  InvalidConnectionNotification: row((at: { id: string }) => `The connection notification '${at.id}' does not exist`),
  InvalidVpcEndpointType: worded(),
  InvalidServiceName: row(
    (at: { serviceName: string }) => `The Vpc Endpoint Service '${at.serviceName}' does not exist`,
  ),
  InvalidPolicyDocument: worded(),
  "InvalidPrefixListID.NotFound": row((at: { prefixListId: string }) => missing("prefix list", at.prefixListId)),
  "InvalidPrefixListId.Malformed": malformed("pl"),
  PrefixListMaxEntriesExceeded: worded(),
  PrefixListVersionMismatch: worded(),
  PrefixListLimitExceeded: worded(),
  "InvalidDhcpOptionID.NotFound": row((at: { dhcpOptionsId: string }) => missing("dhcpOption", at.dhcpOptionsId)),
  "InvalidDhcpOptionsId.Malformed": malformed("dopt"),
  "InvalidVpcPeeringConnectionID.NotFound": row((at: { vpcPeeringConnectionId: string }) =>
    missing("vpcPeeringConnection", at.vpcPeeringConnectionId),
  ),
  "InvalidVpcPeeringConnectionId.Malformed": malformed("pcx"),
  VpcPeeringConnectionAlreadyExists: worded(),
  InvalidStateTransition: worded(),
  "InvalidVpnGatewayID.NotFound": row((at: { vpnGatewayId: string }) => missing("vpnGateway", at.vpnGatewayId)),
  "InvalidVpnGatewayId.Malformed": malformed("vgw"),
  "InvalidVpnGatewayAttachment.NotFound": worded(),
  VpnGatewayAttachmentLimitExceeded: worded(),
  "InvalidCustomerGatewayID.NotFound": row((at: { customerGatewayId: string }) =>
    missing("customerGateway", at.customerGatewayId),
  ),
  "InvalidCustomerGatewayId.Malformed": malformed("cgw"),
  "InvalidVpnConnectionID.NotFound": row((at: { vpnConnectionId: string }) =>
    missing("vpnConnection", at.vpnConnectionId),
  ),
  "InvalidVpnConnectionID.Malformed": malformed("vpn"),
  FlowLogAlreadyExists: worded(),
  // CreateFlowLogs tells of buckets in this way.
  "400": worded(),
  "InvalidFlowLogId.NotFound": row((at: { flowLogId: string }) => `These flow log ids do not exist: ${at.flowLogId}`),
  "InvalidFlowLogId.Malformed": malformed("fl"),
  DefaultVpcAlreadyExists: worded(),
  DefaultSubnetAlreadyExistsInAvailabilityZone: worded(),
  // IAM and STS.
  NoSuchEntity: worded(404),
  EntityAlreadyExists: worded(409),
  DeleteConflict: worded(409),
  LimitExceeded: worded(409),
  MalformedPolicyDocument: worded(),
  InvalidInput: worded(),
  ValidationError: worded(),
  PolicyNotAttachable: worded(),
  PasswordPolicyViolation: worded(),
  UnmodifiableEntity: worded(),
  ReportNotPresent: worded(410),
  PackedPolicyTooLarge: worded(),
  InvalidAuthorizationMessageException: row<object>(() => "Message is not valid."),
  AccessDenied: worded(403),
  // SNS and Systems Manager.
  NotFound: worded(404),
  ParameterNotFound: worded(),
  // Elastic Load Balancing v2.
  DuplicateLoadBalancerName: worded(),
  LoadBalancerNotFound: worded(),
  DuplicateTargetGroupName: worded(),
  TargetGroupNotFound: worded(),
  TargetGroupAssociationLimit: worded(),
  DuplicateListener: worded(),
  ListenerNotFound: worded(),
  SubnetNotFound: row((at: { subnetId: string }) => missing("subnet", at.subnetId)),
  InvalidSubnet: worded(),
  InvalidSecurityGroup: worded(),
  InvalidConfigurationRequest: worded(),
  InvalidTarget: worded(),
  ResourceInUse: worded(),
  DuplicateTagKeys: worded(),
  TooManyTags: worded(),
  BucketAlreadyExists: row<{ readonly bucketName: string }>(
    () =>
      "The requested bucket name is not available. The bucket namespace is shared by all users of the system. Please select a different name and try again.",
    409,
  ),
  BucketAlreadyOwnedByYou: row<{ readonly bucketName: string }>(
    () => "Your previous request to create the named bucket succeeded and you already own it.",
    409,
  ),
  InvalidBucketName: row<{ readonly bucketName: string }>(() => "The specified bucket is not valid."),
  NoSuchBucket: row<{ readonly bucketName: string }>(() => "The specified bucket does not exist", 404),
  InvalidLocationConstraint: row<{ readonly constraint: string }>(
    () => "The specified location-constraint is not valid",
  ),
  IllegalLocationConstraintException: row(
    (at: { constraint: string }) =>
      `The ${at.constraint} location constraint is incompatible for the region specific endpoint this request was sent to.`,
  ),
  MalformedPolicy: worded(),
} as const;

type Errors = typeof errors;
type Fields<C extends keyof Errors> = Parameters<Errors[C]["text"]>[0];

export type ErrorCode = keyof Errors;

export type ApiError = { readonly [C in ErrorCode]: { readonly code: C; readonly at: Fields<C> } }[ErrorCode];

/** A failed result: `fail("InvalidVpcID.NotFound", { vpcId })`. */
export function fail<C extends ErrorCode>(code: C, at: Fields<C>): Err<ApiError> {
  return err({ code, at } as unknown as ApiError);
}

export function textOf(error: ApiError): string {
  return (errors[error.code] as Row<ApiError["at"]>).text(error.at);
}

export function statusOf(error: ApiError): number {
  return errors[error.code].status;
}
