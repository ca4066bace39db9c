/**
 * What every served operation asks the policies for, against what the Service Authorization Reference lists: each resource
 * type and each condition key. The inputs are made from the shapes of the operations, in an account that has one of
 * everything.
 */

import * as sdk from "@aws-sdk/client-ec2";
import { AddRoleToInstanceProfileCommand, CreateInstanceProfileCommand, CreateRoleCommand } from "@aws-sdk/client-iam";
import { CreateLoadBalancerCommand, ElasticLoadBalancingV2Client } from "@aws-sdk/client-elastic-load-balancing-v2";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openKeyUse } from "../../model/key-use.ts";
import type { Shape } from "../../wire/shape.ts";
import { elbv2Service } from "../elbv2/service.ts";
import type { Call, Target } from "../handler.ts";
import { type ServedRegion, serveRegion } from "../testdata/served-region.ts";
import { genericKey, ruleOf, typeOf } from "./authorization.ts";
import { ec2Service } from "./service.ts";

const accountId = "333344445555";
const Tags = [{ Key: "team", Value: "blue" }];
let region: ServedRegion;
/** By the member of an input that names it. */
let named: Readonly<Record<string, string>>;

beforeAll(async () => {
  region = await serveRegion({ services: [elbv2Service] });
  named = await oneOfEverything();
});

afterAll(() => region[Symbol.asyncDispose]());

const tagged = (ResourceType: string) => ({
  TagSpecifications: [{ ResourceType: ResourceType as sdk.ResourceType, Tags }],
});

async function oneOfEverything(): Promise<Record<string, string>> {
  const ec2 = region.ec2(accountId);
  const { Vpc } = await ec2.send(new sdk.CreateVpcCommand({ CidrBlock: "10.0.0.0/16", ...tagged("vpc") }));
  const VpcId = Vpc!.VpcId!;
  const { Subnet } = await ec2.send(
    new sdk.CreateSubnetCommand({ VpcId, CidrBlock: "10.0.1.0/24", ...tagged("subnet") }),
  );
  const SubnetId = Subnet!.SubnetId!;
  await ec2.send(new sdk.AssociateVpcCidrBlockCommand({ VpcId, AmazonProvidedIpv6CidrBlock: true }));
  const [wide] = (await ec2.send(new sdk.DescribeVpcsCommand({ VpcIds: [VpcId] }))).Vpcs!;
  const Ipv6CidrBlock = wide!.Ipv6CidrBlockAssociationSet![0]!.Ipv6CidrBlock!.replace(/56$/, "64");
  const sixth = await ec2.send(new sdk.AssociateSubnetCidrBlockCommand({ SubnetId, Ipv6CidrBlock }));
  const table = await ec2.send(new sdk.CreateRouteTableCommand({ VpcId, ...tagged("route-table") }));
  const RouteTableId = table.RouteTable!.RouteTableId!;
  const joined = await ec2.send(new sdk.AssociateRouteTableCommand({ RouteTableId, SubnetId }));
  const igw = await ec2.send(new sdk.CreateInternetGatewayCommand(tagged("internet-gateway")));
  const InternetGatewayId = igw.InternetGateway!.InternetGatewayId!;
  await ec2.send(new sdk.AttachInternetGatewayCommand({ VpcId, InternetGatewayId }));
  const eigw = await ec2.send(
    new sdk.CreateEgressOnlyInternetGatewayCommand({ VpcId, ...tagged("egress-only-internet-gateway") }),
  );
  const group = await ec2.send(
    new sdk.CreateSecurityGroupCommand({ VpcId, GroupName: "web", Description: "web", ...tagged("security-group") }),
  );
  const GroupId = group.GroupId!;
  const rules = await ec2.send(
    new sdk.AuthorizeSecurityGroupIngressCommand({
      GroupId,
      IpPermissions: [{ IpProtocol: "tcp", FromPort: 80, ToPort: 80, IpRanges: [{ CidrIp: "0.0.0.0/0" }] }],
      ...tagged("security-group-rule"),
    }),
  );
  const acl = await ec2.send(new sdk.CreateNetworkAclCommand({ VpcId, ...tagged("network-acl") }));
  const acls = await ec2.send(new sdk.DescribeNetworkAclsCommand({}));
  const eip = await ec2.send(new sdk.AllocateAddressCommand(tagged("elastic-ip")));
  const AllocationId = eip.AllocationId!;
  const nat = await ec2.send(new sdk.CreateNatGatewayCommand({ SubnetId, AllocationId, ...tagged("natgateway") }));
  const eni = await ec2.send(
    new sdk.CreateNetworkInterfaceCommand({ SubnetId, Groups: [GroupId], ...tagged("network-interface") }),
  );
  const key = await ec2.send(new sdk.CreateKeyPairCommand({ KeyName: "key", ...tagged("key-pair") }));
  const run = await ec2.send(
    new sdk.RunInstancesCommand({ ImageId: "ami-12345678", MinCount: 1, MaxCount: 1, SubnetId, ...tagged("instance") }),
  );
  const InstanceId = run.Instances![0]!.InstanceId!;
  const list = await ec2.send(
    new sdk.CreateManagedPrefixListCommand({
      PrefixListName: "list",
      AddressFamily: "IPv4",
      MaxEntries: 2,
      ...tagged("prefix-list"),
    }),
  );
  const options = await ec2.send(
    new sdk.CreateDhcpOptionsCommand({
      DhcpConfigurations: [{ Key: "domain-name", Values: ["example.com"] }],
      ...tagged("dhcp-options"),
    }),
  );
  const peer = await ec2.send(new sdk.CreateVpcCommand({ CidrBlock: "10.1.0.0/16", ...tagged("vpc") }));
  const peering = await ec2.send(
    new sdk.CreateVpcPeeringConnectionCommand({
      VpcId,
      PeerVpcId: peer.Vpc!.VpcId!,
      ...tagged("vpc-peering-connection"),
    }),
  );
  const vgw = await ec2.send(new sdk.CreateVpnGatewayCommand({ Type: "ipsec.1", ...tagged("vpn-gateway") }));
  const cgw = await ec2.send(
    new sdk.CreateCustomerGatewayCommand({
      Type: "ipsec.1",
      BgpAsn: 65000,
      IpAddress: "203.0.113.1",
      ...tagged("customer-gateway"),
    }),
  );
  const VpnGatewayId = vgw.VpnGateway!.VpnGatewayId!;
  const CustomerGatewayId = cgw.CustomerGateway!.CustomerGatewayId!;
  const vpn = await ec2.send(
    new sdk.CreateVpnConnectionCommand({
      Type: "ipsec.1",
      VpnGatewayId,
      CustomerGatewayId,
      ...tagged("vpn-connection"),
    }),
  );
  const flow = await ec2.send(
    new sdk.CreateFlowLogsCommand({
      ResourceIds: [VpcId],
      ResourceType: "VPC",
      TrafficType: "ALL",
      LogDestinationType: "cloud-watch-logs",
      LogGroupName: "flows",
      DeliverLogsPermissionArn: `arn:aws:iam::${accountId}:role/app`,
      ...tagged("vpc-flow-log"),
    }),
  );
  const ServiceName = "com.amazonaws.us-east-1.s3";
  const endpoint = await ec2.send(
    new sdk.CreateVpcEndpointCommand({ VpcId, ServiceName, RouteTableIds: [RouteTableId], ...tagged("vpc-endpoint") }),
  );
  const elb = new ElasticLoadBalancingV2Client({
    endpoint: region.url,
    region: "us-east-1",
    credentials: { accessKeyId: accountId, secretAccessKey: "test" },
  });
  const balancer = await elb.send(
    new CreateLoadBalancerCommand({ Name: "front", Type: "network", Scheme: "internal", Subnets: [SubnetId] }),
  );
  elb.destroy();
  const service = await ec2.send(
    new sdk.CreateVpcEndpointServiceConfigurationCommand({
      NetworkLoadBalancerArns: [balancer.LoadBalancers![0]!.LoadBalancerArn!],
      ...tagged("vpc-endpoint-service"),
    }),
  );
  const iam = region.iam(accountId);
  const AssumeRolePolicyDocument = JSON.stringify({
    Statement: { Effect: "Allow", Principal: { Service: "ec2.amazonaws.com" }, Action: "sts:AssumeRole" },
  });
  await iam.send(new CreateRoleCommand({ RoleName: "app", AssumeRolePolicyDocument }));
  await iam.send(new CreateInstanceProfileCommand({ InstanceProfileName: "app" }));
  await iam.send(new AddRoleToInstanceProfileCommand({ InstanceProfileName: "app", RoleName: "app" }));
  const IamInstanceProfile = { Name: "app" };
  const profiled = await ec2.send(new sdk.AssociateIamInstanceProfileCommand({ InstanceId, IamInstanceProfile }));
  const NetworkInterfaceId = eni.NetworkInterface!.NetworkInterfaceId!;
  const held = await ec2.send(
    new sdk.AttachNetworkInterfaceCommand({ InstanceId, NetworkInterfaceId, DeviceIndex: 1 }),
  );
  const addresses = await ec2.send(new sdk.DescribeAddressesCommand({ AllocationIds: [AllocationId] }));
  const ServiceId = service.ServiceConfiguration!.ServiceId!;
  const notification = await ec2.send(
    new sdk.CreateVpcEndpointConnectionNotificationCommand({
      ServiceId,
      ConnectionNotificationArn: `arn:aws:sns:us-east-1:${accountId}:news`,
      ConnectionEvents: ["Accept"],
    }),
  );
  return {
    VpcId,
    PeerVpcId: peer.Vpc!.VpcId!,
    SubnetId,
    RouteTableId,
    InternetGatewayId,
    GatewayId: InternetGatewayId,
    EgressOnlyInternetGatewayId: eigw.EgressOnlyInternetGateway!.EgressOnlyInternetGatewayId!,
    GroupId,
    Group: GroupId,
    SecurityGroupId: GroupId,
    SecurityGroupRuleId: rules.SecurityGroupRules![0]!.SecurityGroupRuleId!,
    NetworkAclId: acl.NetworkAcl!.NetworkAclId!,
    AllocationId,
    NatGatewayId: nat.NatGateway!.NatGatewayId!,
    NetworkInterfaceId,
    AttachmentId: held.AttachmentId!,
    KeyPairId: key.KeyPairId!,
    KeyName: "key",
    InstanceId,
    Resource: VpcId,
    ResourceId: VpcId,
    PrefixListId: list.PrefixList!.PrefixListId!,
    DhcpOptionsId: options.DhcpOptions!.DhcpOptionsId!,
    VpcPeeringConnectionId: peering.VpcPeeringConnection!.VpcPeeringConnectionId!,
    VpnGatewayId,
    CustomerGatewayId,
    VpnConnectionId: vpn.VpnConnection!.VpnConnectionId!,
    FlowLogId: flow.FlowLogIds![0]!,
    VpcEndpointId: endpoint.VpcEndpoint!.VpcEndpointId!,
    ServiceId,
    ConnectionNotificationId: notification.ConnectionNotification!.ConnectionNotificationId!,
    ServiceName,
    ImageId: "ami-12345678",
    RouteTableAssociation: joined.AssociationId!,
    RouteTable: joined.AssociationId!,
    IamInstanceProfile: profiled.IamInstanceProfileAssociation!.AssociationId!,
    Address: addresses.Addresses![0]!.AssociationId!,
    NatGatewayAddress: addresses.Addresses![0]!.AssociationId!,
    VpcCidrBlock: Vpc!.CidrBlockAssociationSet![0]!.AssociationId!,
    SubnetCidrBlock: sixth.Ipv6CidrBlockAssociation!.AssociationId!,
    NetworkAclAssociation: acls
      .NetworkAcls!.flatMap((one) => one.Associations ?? [])
      .find((one) => one.SubnetId === SubnetId)!.NetworkAclAssociationId!,
  };
}

/** An input with every member. */
function sample(operation: string, shape: Shape, name: string): unknown {
  switch (shape.kind) {
    case "structure":
      if (name === "IamInstanceProfile") return { Name: "app" };
      return Object.fromEntries(
        shape.members
          .filter((member) => member.name !== "Filters" && member.name !== "DryRun")
          .map((member) => [member.name, sample(operation, member.shape(), member.name)]),
      );
    case "list":
      if (name === "TagSpecifications") return allTags;
      if (name === "Tags") return Tags;
      return [sample(operation, shape.item.shape(), name.replace(/s$/, ""))];
    case "map":
      return {};
    case "boolean":
      return true;
    case "number":
      return 1;
    case "blob":
      return new Uint8Array();
    case "timestamp":
      return new Date(0);
    case "unit":
    case "string":
      if (name === "AssociationId") {
        return named[
          operation.replace(/^(Disassociate|Replace|Associate)/, "").replace(/^(IamInstanceProfile)Association$/, "$1")
        ];
      }
      if (name === "GatewayId" && /Vgw/.test(operation)) return named["VpnGatewayId"];
      if (operation === "CreateFlowLogs" && name === "ResourceType") return "VPC";
      return named[name.replace(/^(Add|Remove|Source|Destination)/, "")] ?? "x";
  }
}

const allTags = [
  ...new Set(Object.keys(ec2Service.handlers).flatMap((name) => [...(ruleOf(name)?.types.keys() ?? [])])),
].map((ResourceType) => ({ ResourceType, Tags }));

function targetsOf(operation: string): readonly Target[] {
  const call: Call = {
    state: region.control.state,
    run: () => Promise.reject(new Error("nothing is run")),
    principal: { kind: "root", accountId },
    accessKeyId: accountId,
    accountId,
    region: "us-east-1",
    nowMs: 0,
    requestId: "r",
    keyUse: openKeyUse(),
  };
  return ec2Service.targets(operation, sample(operation, ec2Service.operations[operation]!.input(), ""), call);
}

/** What is asked beside the list and what is not asked of it, as lines. */
function gapsOf(operation: string): readonly string[] {
  const rule = ruleOf(operation);
  if (rule === undefined) return [`${operation} has no action`];
  const asked = new Map<string, Set<string>>();
  for (const { action, resource, keys } of targetsOf(operation)) {
    if (action !== `ec2:${operation}`) continue;
    const type = typeOf(resource);
    const seen = asked.get(type) ?? new Set();
    asked.set(type, seen);
    for (const key of Object.keys(keys)) seen.add(genericKey(key));
  }
  const gaps: string[] = [];
  for (const [type, keys] of asked) {
    const listed = type === "*" ? rule.keys : rule.types.get(type)?.keys;
    if (listed === undefined) gaps.push(`${operation}: ${type} is not listed`);
    else gaps.push(...[...listed].filter((key) => !keys.has(key)).map((key) => `${operation}: ${type} lacks ${key}`));
  }
  for (const [type, { required }] of rule.types) {
    if (!asked.has(type)) gaps.push(`${operation}: ${required ? "required " : ""}${type} is not asked`);
  }
  return gaps;
}

/** What this region does not have, so that no request can be about it. */
const absentTypes =
  /^(ipam|ipv[46]pool|transit-gateway|volume|snapshot|vpn-concentrator|spot-|secondary-|placement-group|launch-template|elastic-gpu|elastic-inference|capacity-|license-|group$|vpc-encryption-control|vpc-block-public)/;

/** Keys of things that this region does not have. */
const absentKeys: ReadonlySet<string> = new Set([
  "AuthorizedService",
  "CpuOptionsAmdSevSnp",
  "InstanceAutoRecovery",
  "InstanceBandwidthWeighting",
  "InstanceMarketType",
  "IpamPrefixListResolverTargetId",
  "Ipv4IpamPoolId",
  "Ipv6IpamPoolId",
  "IsLaunchTemplateResource",
  "LaunchTemplate",
  "ManagedResourceOperator",
  "Owner",
  "PlacementGroup",
  "ProductCode",
  "Public",
  "VpceSupportedRegion",
]);

/** Ids of what is about to be made: nobody knows them yet. */
const newIds: ReadonlySet<string> = new Set([
  "DhcpOptionsID",
  "InstanceID",
  "InternetGatewayID",
  "NetworkAclID",
  "NetworkInterfaceID",
  "RouteTableID",
  "SecurityGroupID",
  "SubnetID",
  "VpcID",
  "VpcPeeringConnectionID",
]);

/** Each with its reason. */
const exceptions: readonly string[] = [
  // The sample is one VPC; CreateAction is there when tags come with the making.
  "CreateTags: vpc lacks CreateAction",
  // What a call is about depends on the ids in it, and the sample has one kind.
  "CreateFlowLogs: natgateway is not asked",
  "CreateFlowLogs: network-interface is not asked",
  "CreateFlowLogs: subnet is not asked",
  "CreateVpcEndpointConnectionNotification: vpc-endpoint is not asked",
  "ModifyVpcEndpointConnectionNotification: vpc-endpoint is not asked",
  "DeleteVpcEndpointConnectionNotifications: vpc-endpoint is not asked",
  "AssociateRouteTable: vpn-gateway is not asked",
  "DisassociateRouteTable: internet-gateway is not asked",
  "DisassociateRouteTable: vpn-gateway is not asked",
  "ReplaceRouteTableAssociation: internet-gateway is not asked",
  "ReplaceRouteTableAssociation: vpn-gateway is not asked",
  // Lists do not say what these types stand for beside the one that is asked.
  "CreateNatGateway: vpc is not asked",
  "ModifyNetworkInterfaceAttribute: instance is not asked",
  "ModifyNetworkInterfaceAttribute: subnet is not asked",
  "ModifySecurityGroupRules: prefix-list is not asked",
  "DisassociateAddress: network-interface is not asked",
  "DisassociateNatGatewayAddress: network-interface is not asked",
  // A profile is given at launch or by an association.
  "ModifyPrivateDnsNameOptions: instance lacks NewInstanceProfile",
  // Images are not kept, so that none has tags; what else these operations change has no one value.
  "RunInstances: image lacks aws:ResourceTag/*",
  "RunInstances: image lacks ResourceTag/*",
  "ModifyVpcEndpointServicePermissions: vpc-endpoint-service lacks Attribute/*",
  "ModifyVpcPeeringConnectionOptions: vpc-peering-connection lacks Attribute/*",
];

test("every operation asks for the resource types and condition keys that AWS lists", () => {
  const gaps = Object.keys(ec2Service.handlers).toSorted().flatMap(gapsOf);
  const unexplained = gaps.filter((gap) => {
    const [, operation = "", type = "", key] = /^(\w+): (?:required )?(\S+) (?:lacks (\S+)|is not .*)$/.exec(gap) ?? [];
    if (absentTypes.test(type) || exceptions.includes(gap)) return false;
    if (/^(Create|Delete)Tags$/.test(operation) && key === undefined) return false;
    if (key === undefined) return true;
    const isMade = /^(Create|Run)/.test(operation) && newIds.has(key);
    const isOfTunnel = operation === "CreateVpnConnection" && !/^(aws:|GatewayType|RoutingType)/.test(key);
    return !absentKeys.has(key) && !isMade && !isOfTunnel;
  });
  expect(unexplained).toEqual([]);
});
