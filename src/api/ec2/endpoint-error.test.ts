/**
 * Every way in which the calls on endpoints with interfaces and on endpoint services refuse, over real HTTP.
 * Sources, by short name: Errors = EC2 API Reference, "Error codes"; API = the operation's own page there; PrivateLink =
 * AWS PrivateLink guide; quoted = AWS's answer as public bug trackers quote it; ours = no source known for the text.
 */

import * as sdk from "@aws-sdk/client-ec2";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createLoadBalancer } from "../../model/load-balancer.ts";
import { type ServedRegion, serveRegion } from "../testdata/served-region.ts";

let region: ServedRegion;

afterAll(async () => {
  expect(region.faults).toEqual([]);
  await region[Symbol.asyncDispose]();
});

/** A VPC with host names and one without, endpoints of both, a load balancer and a service with a connection. */
interface World {
  readonly ec2: sdk.EC2Client;
  readonly account: string;
  readonly vpc: string;
  readonly plainVpc: string;
  readonly a: string;
  readonly otherA: string;
  readonly b: string;
  readonly far: string;
  readonly table: string;
  readonly farGroup: string;
  readonly gateway: string;
  readonly endpoint: string;
  readonly eni: string;
  readonly balancer: string;
  readonly service: string;
  readonly pending: string;
  readonly notification: string;
}

type Send = (command: unknown) => Promise<never>;
type Make = (world: World) => unknown;

interface Refusal {
  readonly does: string;
  readonly when: Make;
  readonly code: string;
  readonly text: string | RegExp | ((world: World) => string);
  readonly source: string;
}

let world: World;

const prefix = "com.amazonaws.us-east-1";
const ghost = "0123456789abcdef0";

beforeAll(async () => {
  region = await serveRegion();
  const account = region.freshAccount();
  const ec2 = region.ec2(account);
  const vpcOf = async (): Promise<string> =>
    (await ec2.send(new sdk.CreateVpcCommand({ CidrBlock: "10.0.0.0/16" }))).Vpc!.VpcId!;
  const subnetOf = async (VpcId: string, at: number, zone: string): Promise<string> => {
    const wanted = { VpcId, CidrBlock: `10.0.${at}.0/24`, AvailabilityZone: `us-east-1${zone}` };
    return (await ec2.send(new sdk.CreateSubnetCommand(wanted))).Subnet!.SubnetId!;
  };
  const endpointOf = async (input: sdk.CreateVpcEndpointRequest): Promise<string> =>
    (await ec2.send(new sdk.CreateVpcEndpointCommand(input))).VpcEndpoint!.VpcEndpointId!;
  const [vpc, plainVpc] = [await vpcOf(), await vpcOf()];
  await ec2.send(new sdk.ModifyVpcAttributeCommand({ VpcId: vpc, EnableDnsHostnames: { Value: true } }));
  const [a, otherA, b] = [await subnetOf(vpc, 0, "a"), await subnetOf(vpc, 1, "a"), await subnetOf(vpc, 2, "b")];
  const far = await subnetOf(plainVpc, 0, "a");
  const table = (await ec2.send(new sdk.CreateRouteTableCommand({ VpcId: vpc }))).RouteTable!.RouteTableId!;
  const group = { VpcId: plainVpc, GroupName: "far", Description: "far" };
  const farGroup = (await ec2.send(new sdk.CreateSecurityGroupCommand(group))).GroupId!;
  const gateway = await endpointOf({ VpcId: plainVpc, ServiceName: `${prefix}.s3` });
  const endpoint = await endpointOf({
    VpcId: vpc,
    ServiceName: `${prefix}.sqs`,
    VpcEndpointType: "Interface",
    SubnetIds: [a],
  });
  const described = await ec2.send(new sdk.DescribeVpcEndpointsCommand({ VpcEndpointIds: [endpoint] }));
  const balancer = await balancerIn(account, a);
  const made = await ec2.send(
    new sdk.CreateVpcEndpointServiceConfigurationCommand({
      NetworkLoadBalancerArns: [balancer],
      PrivateDnsName: "a.example.com",
    }),
  );
  const { ServiceId: service, ServiceName } = made.ServiceConfiguration!;
  const pending = await endpointOf({ VpcId: vpc, ServiceName, VpcEndpointType: "Interface" });
  const notification = await ec2.send(
    new sdk.CreateVpcEndpointConnectionNotificationCommand({
      ServiceId: service!,
      ConnectionNotificationArn: topic,
      ConnectionEvents: ["Accept"],
    }),
  );
  world = {
    ec2,
    account,
    vpc,
    plainVpc,
    a,
    otherA,
    b,
    far,
    table,
    farGroup,
    gateway,
    endpoint,
    eni: described.VpcEndpoints![0]!.NetworkInterfaceIds![0]!,
    balancer,
    service: service!,
    pending,
    notification: notification.ConnectionNotification!.ConnectionNotificationId!,
  };
});

const topic = "arn:aws:sns:us-east-1:000000000000:events";

async function balancerIn(accountId: string, subnetId: string): Promise<string> {
  const wanted = { kind: "network", name: "front", scheme: "internal", subnets: [{ subnetId }] } as const;
  const made = await region.control.run(
    (state, context) => createLoadBalancer(state, { ...wanted, securityGroupIds: [], tags: [] }, context),
    { accountId, region: "us-east-1" },
  );
  if (!made.ok) throw new Error(made.error.code);
  return made.value.id;
}

const create =
  (more: (w: World) => Partial<sdk.CreateVpcEndpointRequest>): Make =>
  (w) =>
    new sdk.CreateVpcEndpointCommand({
      VpcId: w.vpc,
      ServiceName: `${prefix}.ec2`,
      VpcEndpointType: "Interface",
      ...more(w),
    });
const modify =
  (more: (w: World) => Partial<sdk.ModifyVpcEndpointRequest>): Make =>
  (w) =>
    new sdk.ModifyVpcEndpointCommand({ VpcEndpointId: w.endpoint, ...more(w) });
const service =
  (more: (w: World) => Partial<sdk.CreateVpcEndpointServiceConfigurationRequest>): Make =>
  (w) =>
    new sdk.CreateVpcEndpointServiceConfigurationCommand({ NetworkLoadBalancerArns: [w.balancer], ...more(w) });
const change =
  (more: (w: World) => Partial<sdk.ModifyVpcEndpointServiceConfigurationRequest>): Make =>
  (w) =>
    new sdk.ModifyVpcEndpointServiceConfigurationCommand({ ServiceId: w.service, ...more(w) });
const notify =
  (more: (w: World) => Partial<sdk.CreateVpcEndpointConnectionNotificationRequest>): Make =>
  (w) =>
    new sdk.CreateVpcEndpointConnectionNotificationCommand({
      ServiceId: w.service,
      ConnectionNotificationArn: topic,
      ConnectionEvents: ["Accept"],
      ...more(w),
    });

const invalid = "InvalidParameter";

const refusals: readonly Refusal[] = [
  {
    does: "CreateVpcEndpoint: an unknown type",
    when: create(() => ({ VpcEndpointType: "Tunnel" as never })),
    code: "InvalidVpcEndpointType",
    text: "The VPC endpoint type 'Tunnel' is not valid",
    source: "Errors; text ours",
  },
  {
    does: "CreateVpcEndpoint: a type that is not served",
    when: create(() => ({ VpcEndpointType: "Resource" })),
    code: "UnsupportedOperation",
    text: "VPC endpoints of the type Resource are not served by Underpass",
    source: "ours",
  },
  {
    does: "CreateVpcEndpoint: a gateway to what has none",
    when: create(() => ({ VpcEndpointType: "Gateway" })),
    code: invalid,
    text: "Endpoint type (Gateway) does not match available service types ([Interface]).",
    source: "quoted",
  },
  {
    does: "CreateVpcEndpoint: a load balancer's type to S3",
    when: create(() => ({ VpcEndpointType: "GatewayLoadBalancer", ServiceName: `${prefix}.s3` })),
    code: invalid,
    text: "Endpoint type (GatewayLoadBalancer) does not match available service types ([Gateway, Interface]).",
    source: "quoted",
  },
  {
    does: "CreateVpcEndpoint: an unknown service",
    when: create(() => ({ ServiceName: `${prefix}.none` })),
    code: "InvalidServiceName",
    text: `The Vpc Endpoint Service '${prefix}.none' does not exist`,
    source: "quoted",
  },
  {
    does: "CreateVpcEndpoint: a customer's service that is not there",
    when: create(() => ({ ServiceName: `com.amazonaws.vpce.us-east-1.vpce-svc-${ghost}` })),
    code: "InvalidServiceName",
    text: `The Vpc Endpoint Service 'com.amazonaws.vpce.us-east-1.vpce-svc-${ghost}' does not exist`,
    source: "quoted",
  },
  {
    does: "CreateVpcEndpoint: a service of another region",
    when: create(() => ({ ServiceName: "com.amazonaws.eu-west-1.ec2" })),
    code: "InvalidServiceName",
    text: "The Vpc Endpoint Service 'com.amazonaws.eu-west-1.ec2' does not exist",
    source: "PrivateLink, Considerations",
  },
  {
    does: "CreateVpcEndpoint: a service region that is none",
    when: create(() => ({ ServiceRegion: "eu-nowhere-1" })),
    code: invalid,
    text: "The service region eu-nowhere-1 is not valid.",
    source: "API, ServiceRegion; text ours",
  },
  {
    does: "CreateVpcEndpoint: a gateway with a service region",
    when: create(() => ({
      VpcEndpointType: "Gateway",
      ServiceName: "com.amazonaws.eu-west-1.s3",
      ServiceRegion: "eu-west-1",
    })),
    code: invalid,
    text: "ServiceRegion is only supported for Interface type VPC Endpoints.",
    source: "PrivateLink, Cross-region enabled AWS services; text ours",
  },
  {
    does: "CreateVpcEndpoint: route tables",
    when: create((w) => ({ RouteTableIds: [w.table] })),
    code: invalid,
    text: "Route table IDs are only supported for Gateway type VPC Endpoint.",
    source: "API, RouteTableIds; text ours",
  },
  {
    does: "CreateVpcEndpoint: a malformed subnet",
    when: create(() => ({ SubnetIds: ["subnet-x"] })),
    code: "InvalidSubnetID.Malformed",
    text: 'Invalid id: "subnet-x" (expecting "subnet-...")',
    source: "Errors",
  },
  {
    does: "CreateVpcEndpoint: an unknown subnet",
    when: create(() => ({ SubnetIds: [`subnet-${ghost}`] })),
    code: "InvalidSubnetId.NotFound",
    text: `The subnet ID 'subnet-${ghost}' does not exist`,
    source: "Errors; spelling as clients of AWS expect it of endpoints",
  },
  {
    does: "CreateVpcEndpoint: a subnet of another VPC",
    when: create((w) => ({ SubnetIds: [w.far] })),
    code: invalid,
    text: (w) => `Subnet ${w.far} does not belong to the VPC ${w.vpc}`,
    source: "ours",
  },
  {
    does: "CreateVpcEndpoint: two subnets of one zone",
    when: create((w) => ({ SubnetIds: [w.a, w.otherA] })),
    code: "DuplicateSubnetsInSameZone",
    text: (w) => `Found another VPC endpoint subnet in the availability zone of ${w.a}`,
    source: "quoted",
  },
  {
    does: "CreateVpcEndpoint: a zone that the service is not in",
    when: create((w) => ({ ServiceName: `${prefix}.email-smtp`, SubnetIds: [w.b] })),
    code: invalid,
    text: (w) =>
      `The VPC endpoint service ${prefix}.email-smtp does not support the availability zone of the subnet: ${w.b}.`,
    source: "quoted; zones of Amazon SES Developer Guide",
  },
  {
    does: "CreateVpcEndpoint: an address outside the subnet",
    when: create((w) => ({ SubnetConfigurations: [{ SubnetId: w.a, Ipv4: "10.9.0.9" }] })),
    code: "InvalidParameterValue",
    text: "Address 10.9.0.9 does not fall within the subnet's address range",
    source: "quoted of network interfaces",
  },
  {
    does: "CreateVpcEndpoint: a reserved address",
    when: create((w) => ({ SubnetConfigurations: [{ SubnetId: w.a, Ipv4: "10.0.0.1" }] })),
    code: "InvalidParameterValue",
    text: "Address 10.0.0.1 is in subnet's reserved address range",
    source: "quoted of network interfaces",
  },
  {
    does: "CreateVpcEndpoint: an unknown security group",
    when: create(() => ({ SecurityGroupIds: [`sg-${ghost}`] })),
    code: "InvalidGroup.NotFound",
    text: `The security group 'sg-${ghost}' does not exist`,
    source: "Errors",
  },
  {
    does: "CreateVpcEndpoint: a security group of another VPC, without subnets",
    when: create((w) => ({ SecurityGroupIds: [w.farGroup] })),
    code: invalid,
    text: (w) => `Security group ${w.farGroup} does not belong to the VPC ${w.vpc}.`,
    source: "ours",
  },
  {
    does: "CreateVpcEndpoint: a security group of another VPC",
    when: create((w) => ({ SecurityGroupIds: [w.farGroup], SubnetIds: [w.a] })),
    code: invalid,
    text: (w) => `Security group ${w.farGroup} and subnet ${w.a} belong to different networks.`,
    source: "quoted of network interfaces",
  },
  {
    does: "CreateVpcEndpoint: an address type that is none",
    when: create(() => ({ IpAddressType: "ipv5" as never })),
    code: "InvalidParameterValue",
    text: "Invalid value 'ipv5' for IpAddressType. Valid values: [ipv4, dualstack, ipv6]",
    source: "API, IpAddressType; text ours",
  },
  {
    does: "CreateVpcEndpoint: an address type that the service has not",
    when: create(() => ({ ServiceName: `${prefix}.ssm`, IpAddressType: "dualstack" })),
    code: invalid,
    text: `The VPC endpoint service ${prefix}.ssm does not support the IP address type dualstack.`,
    source: "PrivateLink, IP address types; text ours",
  },
  {
    does: "CreateVpcEndpoint: an address type that the subnet has not",
    when: create((w) => ({ ServiceName: `${prefix}.monitoring`, IpAddressType: "ipv6", SubnetIds: [w.a] })),
    code: invalid,
    text: (w) => `The subnet ${w.a} does not support the IP address type ipv6.`,
    source: "PrivateLink, IP address types; text ours",
  },
  {
    does: "CreateVpcEndpoint: a record type that the addresses have not",
    when: create((w) => ({ SubnetIds: [w.a], DnsOptions: { DnsRecordIpType: "service-defined" } })),
    code: invalid,
    text: "The DNS record IP type service-defined is not supported for the IP address type ipv4.",
    source: "S3, DNS record IP types for VPC endpoints; text ours",
  },
  {
    does: "CreateVpcEndpoint: a gateway's record type in a VPC without host names",
    when: create((w) => ({
      ServiceName: `${prefix}.s3`,
      VpcEndpointType: "Gateway",
      VpcId: w.plainVpc,
      DnsOptions: { DnsRecordIpType: "ipv4" },
    })),
    code: invalid,
    text: (w) =>
      `The DNS record IP type ipv4 requires both enableDnsSupport and enableDnsHostnames VPC attributes set to true for ${w.plainVpc}`,
    source: "S3, DNS record IP types for VPC endpoints; text ours",
  },
  {
    does: "CreateVpcEndpoint: a record type that is none",
    when: create(() => ({ DnsOptions: { DnsRecordIpType: "ipv5" as never } })),
    code: "InvalidParameterValue",
    text: "Invalid value 'ipv5' for DnsRecordIpType. Valid values: [ipv4, dualstack, ipv6, service-defined]",
    source: "API, DnsOptions; text ours",
  },
  {
    does: "CreateVpcEndpoint: a policy that is no JSON",
    when: create(() => ({ PolicyDocument: "{" })),
    code: "InvalidPolicyDocument",
    text: /./,
    source: "Errors",
  },
  {
    does: "CreateVpcEndpoint: private DNS in a VPC without host names",
    when: create((w) => ({ VpcId: w.plainVpc, PrivateDnsEnabled: true })),
    code: invalid,
    text: (w) =>
      `Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to true for ${w.plainVpc}`,
    source: "quoted",
  },
  {
    does: "CreateVpcEndpoint: private DNS that another endpoint has",
    when: create(() => ({ ServiceName: `${prefix}.sqs`, PrivateDnsEnabled: true })),
    code: invalid,
    text: (w) =>
      `private-dns-enabled cannot be set because there is already a conflicting DNS domain for sqs.us-east-1.amazonaws.com in the VPC ${w.vpc}`,
    source: "quoted",
  },
  {
    does: "CreateVpcEndpoint: private DNS of a service without a name",
    when: create(() => ({ ServiceName: `${prefix}.transfer.server`, PrivateDnsEnabled: true })),
    code: invalid,
    text: `Private DNS can't be enabled because the service ${prefix}.transfer.server does not provide a private DNS name.`,
    source: "quoted",
  },
  {
    does: "CreateVpcEndpoint: S3's inbound option without a gateway endpoint",
    when: create(() => ({
      ServiceName: `${prefix}.s3`,
      PrivateDnsEnabled: true,
      DnsOptions: { PrivateDnsOnlyForInboundResolverEndpoint: true },
    })),
    code: invalid,
    text: (w) =>
      `To set PrivateDnsOnlyForInboundResolverEndpoint to true, the VPC ${w.vpc} must have a Gateway endpoint for the service.`,
    source: "quoted",
  },
  {
    does: "CreateVpcEndpoint: the inbound option of a service without gateway endpoints",
    when: create(() => ({ DnsOptions: { PrivateDnsOnlyForInboundResolverEndpoint: true } })),
    code: invalid,
    text: `PrivateDnsOnlyForInboundResolverEndpoint is not supported for the service ${prefix}.ec2.`,
    source: "API, DnsOptionsSpecification; text ours",
  },
  {
    does: "CreateVpcEndpoint: the inbound option on a gateway endpoint",
    when: create(() => ({
      VpcEndpointType: "Gateway",
      ServiceName: `${prefix}.s3`,
      DnsOptions: { PrivateDnsOnlyForInboundResolverEndpoint: true },
    })),
    code: invalid,
    text: "DnsOptions PrivateDnsOnlyForInboundResolverEndpoint is applicable only to Interface VPC Endpoints.",
    source: "quoted",
  },
  {
    does: "ModifyVpcEndpoint: route tables of an interface endpoint",
    when: modify((w) => ({ AddRouteTableIds: [w.table] })),
    code: invalid,
    text: "Route table IDs are only supported for Gateway type VPC Endpoint.",
    source: "API, AddRouteTableIds; text ours",
  },
  {
    does: "ModifyVpcEndpoint: another subnet of the zone",
    when: modify((w) => ({ AddSubnetIds: [w.otherA] })),
    code: "DuplicateSubnetsInSameZone",
    text: (w) => `Found another VPC endpoint subnet in the availability zone of ${w.a}`,
    source: "quoted",
  },
  {
    does: "ModifyVpcEndpoint: a subnet of a gateway endpoint",
    when: modify((w) => ({ VpcEndpointId: w.gateway, AddSubnetIds: [w.far] })),
    code: invalid,
    text: "Subnet IDs are only supported for Interface and GatewayLoadBalancer type VPC Endpoints.",
    source: "quoted",
  },
  {
    does: "ModifyVpcEndpoint: a security group of another VPC",
    when: modify((w) => ({ AddSecurityGroupIds: [w.farGroup] })),
    code: invalid,
    text: (w) => `Security group ${w.farGroup} does not belong to the VPC ${w.vpc}.`,
    source: "ours",
  },
  {
    does: "ModifyVpcEndpoint: private DNS that is not verified",
    when: modify((w) => ({ VpcEndpointId: w.pending, PrivateDnsEnabled: true })),
    code: invalid,
    text: /has not verified the private DNS name\.$/,
    source: "PrivateLink, Manage DNS names; text ours",
  },
  {
    does: "ModifyVpcEndpoint: a policy and its reset",
    when: modify(() => ({ ResetPolicy: true, PolicyDocument: "{}" })),
    code: "InvalidParameterCombination",
    text: "The parameter ResetPolicy cannot be used with the parameter PolicyDocument",
    source: "Errors; text ours",
  },
  {
    does: "DeleteNetworkInterface: of an endpoint",
    when: (w) => new sdk.DeleteNetworkInterfaceCommand({ NetworkInterfaceId: w.eni }),
    code: "InvalidParameterValue",
    text: (w) => `Network interface '${w.eni}' is currently in use.`,
    source: "quoted",
  },
  {
    does: "DeleteSubnet: with an endpoint in it",
    when: (w) => new sdk.DeleteSubnetCommand({ SubnetId: w.a }),
    code: "DependencyViolation",
    text: (w) => `The subnet '${w.a}' has dependencies and cannot be deleted.`,
    source: "quoted",
  },
  {
    does: "CreateRoute: to an interface endpoint",
    when: (w) =>
      new sdk.CreateRouteCommand({
        RouteTableId: w.table,
        DestinationCidrBlock: "0.0.0.0/0",
        VpcEndpointId: w.endpoint,
      }),
    code: "InvalidParameterValue",
    text: (w) => `VPC endpoint ${w.endpoint} of the type Interface cannot be the target of a route`,
    source: "API, CreateRoute, VpcEndpointId: Gateway Load Balancer endpoints only; text ours",
  },
  {
    does: "CreateVpcEndpointServiceConfiguration: without a load balancer",
    when: service(() => ({ NetworkLoadBalancerArns: [] })),
    code: invalid,
    text: "At least one Network Load Balancer or Gateway Load Balancer must be specified.",
    source: "API; text ours",
  },
  {
    does: "CreateVpcEndpointServiceConfiguration: load balancers of both kinds",
    when: service((w) => ({ GatewayLoadBalancerArns: [w.balancer.replace("/net/", "/gwy/")] })),
    code: invalid,
    text: "Network Load Balancers and Gateway Load Balancers cannot be specified together.",
    source: "API; text ours",
  },
  {
    does: "CreateVpcEndpointServiceConfiguration: a malformed ARN",
    when: service(() => ({ NetworkLoadBalancerArns: ["arn:aws:nothing"] })),
    code: "InvalidNetworkLoadBalancerArn.Malformed",
    text: "The Network Load Balancer ARN 'arn:aws:nothing' is malformed",
    source: "Errors; text ours",
  },
  {
    does: "CreateVpcEndpointServiceConfiguration: an unknown load balancer",
    when: service((w) => ({ NetworkLoadBalancerArns: [w.balancer.replace(/[0-9a-f]{16}$/, "0123456789abcdef")] })),
    code: "InvalidNetworkLoadBalancerArn.NotFound",
    text: /^The Network Load Balancer ARN '.*' does not exist$/,
    source: "Errors; text ours",
  },
  {
    does: "CreateVpcEndpointServiceConfiguration: a network load balancer as a gateway one",
    when: service((w) => ({ NetworkLoadBalancerArns: [], GatewayLoadBalancerArns: [w.balancer] })),
    code: "InvalidGatewayLoadBalancerArn.NotFound",
    text: /does not exist$/,
    source: "ours, after the codes for network load balancers",
  },
  {
    does: "CreateVpcEndpointServiceConfiguration: an unknown address type",
    when: service(() => ({ SupportedIpAddressTypes: ["ipv5"] })),
    code: "InvalidParameterValue",
    text: "Invalid value 'ipv5' for SupportedIpAddressTypes.",
    source: "API, SupportedIpAddressTypes; text ours",
  },
  {
    does: "CreateVpcEndpointServiceConfiguration: an unknown region",
    when: service(() => ({ SupportedRegions: ["eu-nowhere-1"] })),
    code: invalid,
    text: "The region eu-nowhere-1 is not valid.",
    source: "API, SupportedRegions; text ours",
  },
  {
    does: "CreateVpcEndpointServiceConfiguration: a private name that is none",
    when: service(() => ({ PrivateDnsName: "no name" })),
    code: invalid,
    text: "The private DNS name no name is not valid.",
    source: "API, PrivateDnsName; text ours",
  },
  {
    does: "ModifyVpcEndpointServiceConfiguration: the last load balancer",
    when: change((w) => ({ RemoveNetworkLoadBalancerArns: [w.balancer] })),
    code: invalid,
    text: "At least one Network Load Balancer or Gateway Load Balancer must be specified.",
    source: "API; text ours",
  },
  {
    does: "ModifyVpcEndpointServiceConfiguration: a private name and its removal",
    when: change(() => ({ PrivateDnsName: "b.example.com", RemovePrivateDnsName: true })),
    code: "InvalidParameterCombination",
    text: "The parameter RemovePrivateDnsName cannot be used with the parameter PrivateDnsName",
    source: "Errors; text ours",
  },
  {
    does: "DescribeVpcEndpointServiceConfigurations: an unknown id",
    when: () => new sdk.DescribeVpcEndpointServiceConfigurationsCommand({ ServiceIds: [`vpce-svc-${ghost}`] }),
    code: "InvalidVpcEndpointServiceId.NotFound",
    text: `The VpcEndpointService Id 'vpce-svc-${ghost}' does not exist`,
    source: "code in Terraform's provider; text in moto",
  },
  {
    does: "DescribeVpcEndpointServiceConfigurations: a malformed id",
    when: () => new sdk.DescribeVpcEndpointServiceConfigurationsCommand({ ServiceIds: ["vpce-svc-x"] }),
    code: "InvalidVpcEndpointServiceId.Malformed",
    text: 'Invalid id: "vpce-svc-x" (expecting "vpce-svc-...")',
    source: "Errors, after other ids",
  },
  {
    does: "ModifyVpcEndpointServicePermissions: what is no principal",
    when: (w) =>
      new sdk.ModifyVpcEndpointServicePermissionsCommand({ ServiceId: w.service, AddAllowedPrincipals: ["ann"] }),
    code: "InvalidPrincipal",
    text: "Invalid Principal: 'ann'",
    source: "Errors; text ours",
  },
  {
    does: "ModifyVpcEndpointServicePermissions: taking away one who is not there",
    when: (w) =>
      new sdk.ModifyVpcEndpointServicePermissionsCommand({ ServiceId: w.service, RemoveAllowedPrincipals: ["*"] }),
    code: "InvalidPrincipal",
    text: "Invalid Principal: '*'",
    source: "ours",
  },
  {
    does: "DescribeVpcEndpointServicePermissions: an unknown service",
    when: () => new sdk.DescribeVpcEndpointServicePermissionsCommand({ ServiceId: `vpce-svc-${ghost}` }),
    code: "InvalidVpcEndpointServiceId.NotFound",
    text: `The VpcEndpointService Id 'vpce-svc-${ghost}' does not exist`,
    source: "code in Terraform's provider; text in moto",
  },
  {
    does: "AcceptVpcEndpointConnections: of an unknown service",
    when: (w) =>
      new sdk.AcceptVpcEndpointConnectionsCommand({ ServiceId: `vpce-svc-${ghost}`, VpcEndpointIds: [w.pending] }),
    code: "InvalidVpcEndpointServiceId.NotFound",
    text: `The VpcEndpointService Id 'vpce-svc-${ghost}' does not exist`,
    source: "code in Terraform's provider; text in moto",
  },
  {
    does: "AcceptVpcEndpointConnections: a malformed endpoint",
    when: (w) => new sdk.AcceptVpcEndpointConnectionsCommand({ ServiceId: w.service, VpcEndpointIds: ["vpce-x"] }),
    code: "InvalidVpcEndpointId.Malformed",
    text: 'Invalid id: "vpce-x" (expecting "vpce-...")',
    source: "Errors",
  },
  {
    does: "ModifyVpcEndpointServicePayerResponsibility: another payer",
    when: (w) =>
      new sdk.ModifyVpcEndpointServicePayerResponsibilityCommand({
        ServiceId: w.service,
        PayerResponsibility: "Nobody" as never,
      }),
    code: "InvalidParameterValue",
    text: "Invalid value 'Nobody' for PayerResponsibility. Valid values: [ServiceOwner]",
    source: "API, PayerResponsibility; text ours",
  },
  {
    does: "StartVpcEndpointServicePrivateDnsVerification: an unknown service",
    when: () => new sdk.StartVpcEndpointServicePrivateDnsVerificationCommand({ ServiceId: `vpce-svc-${ghost}` }),
    code: "InvalidVpcEndpointServiceId.NotFound",
    text: `The VpcEndpointService Id 'vpce-svc-${ghost}' does not exist`,
    source: "code in Terraform's provider; text in moto",
  },
  {
    does: "CreateVpcEndpointConnectionNotification: of nothing",
    when: notify(() => ({ ServiceId: undefined })),
    code: "MissingParameter",
    text: "The request must contain the parameter ServiceId or VpcEndpointId",
    source: "API; text ours",
  },
  {
    does: "CreateVpcEndpointConnectionNotification: of a service and an endpoint",
    when: notify((w) => ({ VpcEndpointId: w.endpoint })),
    code: "InvalidParameterCombination",
    text: "The parameter ServiceId cannot be used with the parameter VpcEndpointId",
    source: "Errors; text ours",
  },
  {
    does: "CreateVpcEndpointConnectionNotification: to what is no topic",
    when: notify(() => ({ ConnectionNotificationArn: "arn:aws:sqs:us-east-1:000000000000:q" })),
    code: invalid,
    text: "The connection notification ARN arn:aws:sqs:us-east-1:000000000000:q is not valid.",
    source: "API, ConnectionNotificationArn; text ours",
  },
  {
    does: "CreateVpcEndpointConnectionNotification: an unknown event",
    when: notify(() => ({ ConnectionEvents: ["Sneeze"] })),
    code: invalid,
    text: "The connection event Sneeze is not valid. Valid values: [Accept, Connect, Delete, Reject]",
    source: "API, ConnectionEvents; text ours",
  },
  {
    does: "ModifyVpcEndpointConnectionNotification: an unknown one",
    when: () =>
      new sdk.ModifyVpcEndpointConnectionNotificationCommand({
        ConnectionNotificationId: `vpce-nfn-${ghost}`,
        ConnectionEvents: ["Accept"],
      }),
    code: "InvalidConnectionNotification",
    text: `The connection notification 'vpce-nfn-${ghost}' does not exist`,
    source: "Errors; text ours",
  },
  {
    does: "DescribeVpcEndpointServices: an unknown one",
    when: () => new sdk.DescribeVpcEndpointServicesCommand({ ServiceNames: [`${prefix}.none`] }),
    code: "InvalidServiceName",
    text: `The Vpc Endpoint Service '${prefix}.none' does not exist`,
    source: "quoted",
  },
  {
    does: "DescribeVpcEndpointServices: an unknown filter",
    when: () => new sdk.DescribeVpcEndpointServicesCommand({ Filters: [{ Name: "colour", Values: ["red"] }] }),
    code: "InvalidFilter",
    text: "The filter 'colour' is invalid",
    source: "quoted",
  },
  {
    does: "DescribeVpcEndpoints: an unknown filter",
    when: () => new sdk.DescribeVpcEndpointsCommand({ Filters: [{ Name: "colour", Values: ["red"] }] }),
    code: "InvalidFilter",
    text: "The filter 'colour' is invalid",
    source: "Errors",
  },
  {
    does: "DescribeVpcEndpointConnections: a token that is none",
    when: () => new sdk.DescribeVpcEndpointConnectionsCommand({ NextToken: "x" }),
    code: "InvalidNextToken",
    text: "The specified NextToken is not valid.",
    source: "Errors",
  },
  {
    does: "DescribeVpcEndpointAssociations: an unknown endpoint",
    when: () => new sdk.DescribeVpcEndpointAssociationsCommand({ VpcEndpointIds: [`vpce-${ghost}`] }),
    code: "InvalidVpcEndpointId.NotFound",
    text: `The Vpc Endpoint Id 'vpce-${ghost}' does not exist`,
    source: "quoted",
  },
];

test.for(refusals)("$does: $code", async (refusal) => {
  const before = region.control.state().revision;
  const text = typeof refusal.text === "function" ? refusal.text(world) : refusal.text;
  const pattern = typeof text === "string" ? new RegExp(`^${RegExp.escape(text)}$`) : text;
  await expect((world.ec2.send as Send)(refusal.when(world))).rejects.toMatchObject({
    name: refusal.code,
    message: expect.stringMatching(pattern),
  });
  expect(region.control.state().revision).toBe(before);
  expect(refusal.source).not.toBe("");
});

test("items of calls in bulk that fail say why, and the others are done", async () => {
  const { ec2, service: ServiceId, endpoint, pending } = world;
  const accepted = await ec2.send(
    new sdk.AcceptVpcEndpointConnectionsCommand({ ServiceId, VpcEndpointIds: [endpoint, `vpce-${ghost}`, pending] }),
  );
  expect(accepted.Unsuccessful!.map((one) => [one.ResourceId, one.Error!.Code])).toEqual([
    [endpoint, "InvalidVpcEndpointId.NotFound"],
    [`vpce-${ghost}`, "InvalidVpcEndpointId.NotFound"],
  ]);
  const again = await ec2.send(new sdk.AcceptVpcEndpointConnectionsCommand({ ServiceId, VpcEndpointIds: [pending] }));
  expect(again.Unsuccessful).toMatchObject([
    {
      ResourceId: pending,
      Error: {
        Code: "InvalidState",
        Message: `The connection of the VPC endpoint ${pending} is in the state available.`,
      },
    },
  ]);
  const ServiceIds = [ServiceId, `vpce-svc-${ghost}`];
  const deleted = await ec2.send(new sdk.DeleteVpcEndpointServiceConfigurationsCommand({ ServiceIds }));
  expect(deleted.Unsuccessful!.map((one) => one.Error!.Code)).toEqual([
    "ExistingVpcEndpointConnections",
    "InvalidVpcEndpointService.NotFound",
  ]);
});

test("each case is told once", () => {
  const names = refusals.map((one) => one.does);
  expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([]);
});
