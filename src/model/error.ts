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

const errors = {
  InvalidParameterValue: worded(),
  InvalidParameter: worded(),
  InvalidParameterCombination: worded(),
  MissingParameter: row((at: { parameter: string }) => `The request must contain the parameter ${at.parameter}`),
  UnauthorizedOperation: worded(403),
  DryRunOperation: row<object>(() => "Request would have succeeded, but DryRun flag is set.", 412),
  DependencyViolation: worded(),
  IdempotentParameterMismatch: worded(),
  UnsupportedOperation: worded(),
  OperationNotPermitted: worded(),
  FilterLimitExceeded: worded(),
  InvalidNextToken: row<object>(() => "The specified NextToken is not valid."),
  InvalidID: row((at: { id: string }) => `The ID '${at.id}' is not valid`),
  TagLimitExceeded: row<object>(() => "The maximum number of Tags for a resource has been reached."),
  "InvalidVpcID.NotFound": row((at: { vpcId: string }) => `The vpc ID '${at.vpcId}' does not exist`),
  "InvalidVpcID.Malformed": malformed("vpc"),
  "InvalidVpc.Range": row((at: { cidrBlock: string }) => `The CIDR '${at.cidrBlock}' is invalid.`),
  "InvalidSubnetID.NotFound": row((at: { subnetId: string }) => `The subnet ID '${at.subnetId}' does not exist`),
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
  "InvalidRouteTableID.NotFound": row(
    (at: { routeTableId: string }) => `The routeTable ID '${at.routeTableId}' does not exist`,
  ),
  "InvalidRouteTableId.NotFound": row(
    (at: { routeTableId: string }) => `The routeTable ID '${at.routeTableId}' does not exist`,
  ),
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
  "InvalidInternetGatewayID.NotFound": row(
    (at: { internetGatewayId: string }) => `The internetGateway ID '${at.internetGatewayId}' does not exist`,
  ),
  "InvalidInternetGatewayId.Malformed": malformed("igw"),
  "Gateway.NotAttached": row(
    (at: { gatewayId: string; vpcId: string }) => `resource ${at.gatewayId} is not attached to network ${at.vpcId}`,
  ),
  "InvalidNetworkInterfaceID.NotFound": row(
    (at: { networkInterfaceId: string }) => `The networkInterface ID '${at.networkInterfaceId}' does not exist`,
  ),
  "InvalidNetworkInterfaceId.Malformed": malformed("eni"),
  "InvalidInstanceID.NotFound": row(
    (at: { instanceId: string }) => `The instance ID '${at.instanceId}' does not exist`,
  ),
  "InvalidInstanceID.Malformed": row((at: { id: string }) => `Invalid id: "${at.id}"`),
  IncorrectInstanceState: worded(),
  IdempotentInstanceTerminated: worded(),
  MissingInput: worded(),
  VPCIdNotSpecified: worded(),
  "InvalidGroup.NotFound": row((at: { groupId: string }) => `The security group '${at.groupId}' does not exist`),
  "InvalidVpcEndpointId.NotFound": row(
    (at: { vpcEndpointId: string }) => `The Vpc Endpoint Id '${at.vpcEndpointId}' does not exist`,
  ),
  "InvalidVpcEndpoint.NotFound": row(
    (at: { vpcEndpointId: string }) => `The Vpc Endpoint Id '${at.vpcEndpointId}' does not exist`,
  ),
  "InvalidVpcEndpointId.Malformed": malformed("vpce"),
  InvalidVpcEndpointType: worded(),
  InvalidServiceName: row(
    (at: { serviceName: string }) => `The Vpc Endpoint Service '${at.serviceName}' does not exist`,
  ),
  InvalidPolicyDocument: worded(),
  "InvalidPrefixListID.NotFound": row(
    (at: { prefixListId: string }) => `The prefix list ID '${at.prefixListId}' does not exist`,
  ),
  "InvalidPrefixListId.Malformed": malformed("pl"),
  // IAM and STS.
  NoSuchEntity: worded(404),
  EntityAlreadyExists: worded(409),
  DeleteConflict: worded(409),
  LimitExceeded: worded(409),
  MalformedPolicyDocument: worded(),
  InvalidInput: worded(),
  ValidationError: worded(),
  PolicyNotAttachable: worded(),
  PackedPolicyTooLarge: worded(),
  AccessDenied: worded(403),
  // Elastic Load Balancing v2.
  DuplicateLoadBalancerName: worded(),
  LoadBalancerNotFound: worded(),
  DuplicateTargetGroupName: worded(),
  TargetGroupNotFound: worded(),
  TargetGroupAssociationLimit: worded(),
  DuplicateListener: worded(),
  ListenerNotFound: worded(),
  SubnetNotFound: row((at: { subnetId: string }) => `The subnet ID '${at.subnetId}' does not exist`),
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
