/**
 * Every way in which the served operations of EC2 refuse, over real HTTP: code, text and where AWS says so.
 * Sources, by short name: Errors = EC2 API Reference, "Error codes"; API = the operation's own page there; VPC = VPC User
 * Guide; PrivateLink = PrivateLink guide; quoted = AWS's answer as public bug trackers quote it; ours = no source known.
 */

import * as sdk from "@aws-sdk/client-ec2";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type ServedRegion, serveRegion } from "../testdata/served-region.ts";

let region: ServedRegion;

beforeAll(async () => {
  region = await serveRegion();
});

afterAll(async () => {
  expect(region.faults).toEqual([]);
  await region[Symbol.asyncDispose]();
});

/** What stands before each case: a VPC with a gateway, two subnets, a table with an endpoint and an instance. */
interface World {
  readonly ec2: sdk.EC2Client;
  readonly vpc: string;
  readonly otherVpc: string;
  /** Without a resolver. */
  readonly mute: string;
  readonly igw: string;
  readonly looseIgw: string;
  readonly subnet: string;
  readonly emptySubnet: string;
  readonly table: string;
  readonly otherTable: string;
  readonly main: string;
  readonly association: string;
  readonly mainAssociation: string;
  readonly endpoint: string;
  readonly instance: string;
  readonly eni: string;
  readonly strangerVpc: string;
}

type Make = (world: World) => { readonly resolveMiddleware: unknown };

type Send = (command: unknown) => Promise<unknown>;

interface Refusal {
  readonly does: string;
  readonly when: Make;
  readonly code: string;
  readonly text: string | RegExp | ((world: World) => string);
  readonly source: string;
}

let world: World;

beforeAll(async () => {
  const ec2 = region.ec2(region.freshAccount());
  const made = async <C>(command: C): Promise<never> => (await (ec2.send as Send)(command)) as never;
  const vpcOf = async (CidrBlock: string): Promise<string> => {
    const answer: sdk.CreateVpcResult = await made(new sdk.CreateVpcCommand({ CidrBlock }));
    return answer.Vpc!.VpcId!;
  };
  const subnetOf = async (VpcId: string, CidrBlock: string): Promise<string> => {
    const answer: sdk.CreateSubnetResult = await made(new sdk.CreateSubnetCommand({ VpcId, CidrBlock }));
    return answer.Subnet!.SubnetId!;
  };
  const tableOf = async (VpcId: string): Promise<string> => {
    const answer: sdk.CreateRouteTableResult = await made(new sdk.CreateRouteTableCommand({ VpcId }));
    return answer.RouteTable!.RouteTableId!;
  };
  const gateway = async (): Promise<string> => {
    const answer: sdk.CreateInternetGatewayResult = await made(new sdk.CreateInternetGatewayCommand({}));
    return answer.InternetGateway!.InternetGatewayId!;
  };
  const vpc = await vpcOf("10.0.0.0/16");
  const otherVpc = await vpcOf("10.0.0.0/16");
  const mute = await vpcOf("10.0.0.0/16");
  await made(new sdk.ModifyVpcAttributeCommand({ VpcId: mute, EnableDnsSupport: { Value: false } }));
  const igw = await gateway();
  await made(new sdk.AttachInternetGatewayCommand({ InternetGatewayId: igw, VpcId: vpc }));
  await made(new sdk.CreateEgressOnlyInternetGatewayCommand({ VpcId: vpc }));
  const subnet = await subnetOf(vpc, "10.0.0.0/28");
  const table = await tableOf(vpc);
  const associated: sdk.AssociateRouteTableResult = await made(
    new sdk.AssociateRouteTableCommand({ RouteTableId: table, SubnetId: subnet }),
  );
  await made(new sdk.CreateRouteCommand({ RouteTableId: table, DestinationCidrBlock: "0.0.0.0/0", GatewayId: igw }));
  const endpoint: sdk.CreateVpcEndpointResult = await made(
    new sdk.CreateVpcEndpointCommand({ VpcId: vpc, ServiceName: s3, RouteTableIds: [table], ClientToken: "token" }),
  );
  const mains: sdk.DescribeRouteTablesResult = await made(
    new sdk.DescribeRouteTablesCommand({
      Filters: [
        { Name: "vpc-id", Values: [vpc] },
        { Name: "association.main", Values: ["true"] },
      ],
    }),
  );
  const run: sdk.Reservation = await made(
    new sdk.RunInstancesCommand({
      ImageId: image,
      MinCount: 1,
      MaxCount: 1,
      NetworkInterfaces: [
        { DeviceIndex: 0, SubnetId: subnet, AssociatePublicIpAddress: true, PrivateIpAddress: "10.0.0.9" },
      ],
    }),
  );
  const stranger = await region.ec2(region.freshAccount()).send(new sdk.CreateVpcCommand({ CidrBlock: "10.0.0.0/16" }));
  world = {
    ec2,
    vpc,
    otherVpc,
    mute,
    igw,
    looseIgw: await gateway(),
    subnet,
    emptySubnet: await subnetOf(vpc, "10.0.1.0/24"),
    table,
    otherTable: await tableOf(otherVpc),
    main: mains.RouteTables![0]!.RouteTableId!,
    association: associated.AssociationId!,
    mainAssociation: mains.RouteTables![0]!.Associations![0]!.RouteTableAssociationId!,
    endpoint: endpoint.VpcEndpoint!.VpcEndpointId!,
    instance: run.Instances![0]!.InstanceId!,
    eni: run.Instances![0]!.NetworkInterfaces![0]!.NetworkInterfaceId!,
    strangerVpc: stranger.Vpc!.VpcId!,
  };
});

const s3 = "com.amazonaws.us-east-1.s3";
const image = "ami-0abcdef1234567890";
const ghost = "0123456789abcdef0";
const many = (count: number): { Key: string; Value: string }[] =>
  Array.from({ length: count }, (_, at) => ({ Key: `k${at}`, Value: "" }));
const tagged = (ResourceType: sdk.ResourceType, Tags: { Key: string; Value: string }[]): sdk.TagSpecification[] => [
  { ResourceType, Tags },
];
const endpointWith = (more: (w: World) => Partial<sdk.CreateVpcEndpointRequest>): Make => {
  return (w) => new sdk.CreateVpcEndpointCommand({ VpcId: w.vpc, ServiceName: s3, ...more(w) });
};
const modify = (more: (w: World) => Partial<sdk.ModifyVpcEndpointRequest>): Make => {
  return (w) => new sdk.ModifyVpcEndpointCommand({ VpcEndpointId: w.endpoint, ...more(w) });
};
const launch = (more: (w: World) => Partial<sdk.RunInstancesRequest>): Make => {
  return (w) => new sdk.RunInstancesCommand({ ImageId: image, MinCount: 1, MaxCount: 1, ...more(w) });
};
const flowLog = (more: Partial<sdk.CreateFlowLogsRequest>): Make => {
  const usual = { TrafficType: "ALL", LogDestinationType: "s3", LogDestination: "arn:aws:s3:::logs" } as const;
  return (w) => new sdk.CreateFlowLogsCommand({ ResourceType: "VPC", ResourceIds: [w.vpc], ...usual, ...more });
};
const route = (more: (w: World) => Partial<sdk.CreateRouteRequest>): Make => {
  return (w) => new sdk.CreateRouteCommand({ RouteTableId: w.table, ...more(w) });
};

const refusals: readonly Refusal[] = [
  {
    does: "CreateVpc: text that is no block",
    when: () => new sdk.CreateVpcCommand({ CidrBlock: "10.0.0.0" }),
    code: "InvalidParameterValue",
    text: "Value (10.0.0.0) for parameter cidrBlock is invalid. This is not a valid CIDR block.",
    source: "quoted",
  },
  {
    does: "CreateVpc: too large a block",
    when: () => new sdk.CreateVpcCommand({ CidrBlock: "10.0.0.0/15" }),
    code: "InvalidVpc.Range",
    text: "The CIDR '10.0.0.0/15' is invalid.",
    source: "VPC, VPC CIDR blocks",
  },
  {
    does: "CreateVpc: too small a block",
    when: () => new sdk.CreateVpcCommand({ CidrBlock: "10.0.0.0/29" }),
    code: "InvalidVpc.Range",
    text: "The CIDR '10.0.0.0/29' is invalid.",
    source: "VPC, VPC CIDR blocks",
  },
  {
    does: "CreateVpc: link-local addresses",
    when: () => new sdk.CreateVpcCommand({ CidrBlock: "169.254.0.0/16" }),
    code: "InvalidVpc.Range",
    text: "The CIDR '169.254.0.0/16' is invalid.",
    source: "ours",
  },
  {
    does: "CreateVpc: no block",
    when: () => new sdk.CreateVpcCommand({}),
    code: "MissingParameter",
    text: "The request must contain the parameter cidrBlock",
    source: "Errors",
  },
  {
    does: "CreateVpc: a tenancy that does not exist",
    when: () => new sdk.CreateVpcCommand({ CidrBlock: "10.0.0.0/16", InstanceTenancy: "host" }),
    code: "InvalidParameterValue",
    text: /parameter instanceTenancy is invalid/,
    source: "API",
  },
  {
    does: "CreateVpc: tags for something else",
    when: () =>
      new sdk.CreateVpcCommand({
        CidrBlock: "10.0.0.0/16",
        TagSpecifications: tagged("subnet", [{ Key: "a", Value: "" }]),
      }),
    code: "InvalidParameterValue",
    text: "'subnet' is not a valid taggable resource type for this operation.",
    source: "quoted",
  },
  {
    does: "CreateVpc: a reserved tag",
    when: () =>
      new sdk.CreateVpcCommand({
        CidrBlock: "10.0.0.0/16",
        TagSpecifications: tagged("vpc", [{ Key: "aws:a", Value: "" }]),
      }),
    code: "InvalidParameterValue",
    text: /Tag keys starting with 'aws:' are reserved/,
    source: "quoted",
  },
  {
    does: "CreateVpc: 51 tags",
    when: () => new sdk.CreateVpcCommand({ CidrBlock: "10.0.0.0/16", TagSpecifications: tagged("vpc", many(51)) }),
    code: "TagLimitExceeded",
    text: "The maximum number of Tags for a resource has been reached.",
    source: "Errors",
  },
  {
    does: "DescribeVpcs: an unknown id",
    when: () => new sdk.DescribeVpcsCommand({ VpcIds: [`vpc-${ghost}`] }),
    code: "InvalidVpcID.NotFound",
    text: `The vpc ID 'vpc-${ghost}' does not exist`,
    source: "Errors",
  },
  {
    does: "DescribeVpcs: the VPC of another account",
    when: (w) => new sdk.DescribeVpcsCommand({ VpcIds: [w.strangerVpc] }),
    code: "InvalidVpcID.NotFound",
    text: (w) => `The vpc ID '${w.strangerVpc}' does not exist`,
    source: "Errors",
  },
  {
    does: "DescribeVpcs: an unknown id before a malformed one",
    when: () => new sdk.DescribeVpcsCommand({ VpcIds: [`vpc-${ghost}`, "igw-1"] }),
    code: "InvalidVpcID.Malformed",
    text: 'Invalid id: "igw-1" (expecting "vpc-...")',
    source: "Errors; the text quoted for other ids",
  },
  {
    does: "DescribeVpcs: a filter that does not exist",
    when: () => new sdk.DescribeVpcsCommand({ Filters: [{ Name: "colour", Values: ["red"] }] }),
    code: "InvalidParameterValue",
    text: "The filter 'colour' is invalid",
    source: "quoted",
  },
  {
    does: "DescribeVpcs: 201 values of a filter",
    when: () => new sdk.DescribeVpcsCommand({ Filters: [{ Name: "vpc-id", Values: many(201).map((tag) => tag.Key) }] }),
    code: "FilterLimitExceeded",
    text: "The maximum number of filter values on a single call is 200",
    source: "Errors; the number: EC2 User Guide",
  },
  {
    does: "DescribeVpcs: pages of four",
    when: () => new sdk.DescribeVpcsCommand({ MaxResults: 4 }),
    code: "InvalidParameterValue",
    text: "Value ( 4 ) for parameter maxResults is invalid. Expecting a value greater than or equal to 5.",
    source: "quoted; the bound: API",
  },
  {
    does: "DescribeVpcs: pages of 1,001",
    when: () => new sdk.DescribeVpcsCommand({ MaxResults: 1001 }),
    code: "InvalidParameterValue",
    text: /less than or equal to 1000/,
    source: "API",
  },
  {
    does: "DescribeVpcs: pages of named VPCs",
    when: (w) => new sdk.DescribeVpcsCommand({ MaxResults: 5, VpcIds: [w.vpc] }),
    code: "InvalidParameterCombination",
    text: "The parameter VpcIds cannot be used with the parameter MaxResults",
    source: "quoted",
  },
  {
    does: "DescribeVpcs: a token of nobody's",
    when: () => new sdk.DescribeVpcsCommand({ NextToken: "abc" }),
    code: "InvalidNextToken",
    text: "The specified NextToken is not valid.",
    source: "Errors",
  },
  {
    does: "DeleteVpc: with subnets",
    when: (w) => new sdk.DeleteVpcCommand({ VpcId: w.vpc }),
    code: "DependencyViolation",
    text: (w) => `The vpc '${w.vpc}' has dependencies and cannot be deleted.`,
    source: "quoted",
  },
  {
    does: "DeleteVpc: with a route table of its own",
    when: (w) => new sdk.DeleteVpcCommand({ VpcId: w.otherVpc }),
    code: "DependencyViolation",
    text: (w) => `The vpc '${w.otherVpc}' has dependencies and cannot be deleted.`,
    source: "quoted",
  },
  {
    does: "ModifyVpcAttribute: two attributes",
    when: (w) =>
      new sdk.ModifyVpcAttributeCommand({
        VpcId: w.vpc,
        EnableDnsSupport: { Value: true },
        EnableDnsHostnames: { Value: true },
      }),
    code: "InvalidParameterCombination",
    text: "Fields for multiple attribute types specified: enableDnsSupport, enableDnsHostnames",
    source: "API: one attribute at a time",
  },
  {
    does: "ModifyVpcAttribute: none",
    when: (w) => new sdk.ModifyVpcAttributeCommand({ VpcId: w.vpc }),
    code: "MissingParameter",
    text: /must contain the parameter/,
    source: "Errors",
  },
  {
    does: "DescribeVpcAttribute: an unknown one",
    when: (w) => new sdk.DescribeVpcAttributeCommand({ VpcId: w.vpc, Attribute: "colour" as "enableDnsSupport" }),
    code: "InvalidParameterValue",
    text: /parameter attribute is invalid/,
    source: "ours",
  },
  {
    does: "CreateSubnet: outside the VPC",
    when: (w) => new sdk.CreateSubnetCommand({ VpcId: w.vpc, CidrBlock: "10.1.0.0/24" }),
    code: "InvalidSubnet.Range",
    text: "The CIDR '10.1.0.0/24' is invalid.",
    source: "Errors; text quoted",
  },
  {
    does: "CreateSubnet: too small",
    when: (w) => new sdk.CreateSubnetCommand({ VpcId: w.vpc, CidrBlock: "10.0.9.0/29" }),
    code: "InvalidSubnet.Range",
    text: "The CIDR '10.0.9.0/29' is invalid.",
    source: "Errors",
  },
  {
    does: "CreateSubnet: over another",
    when: (w) => new sdk.CreateSubnetCommand({ VpcId: w.vpc, CidrBlock: "10.0.0.0/24" }),
    code: "InvalidSubnet.Conflict",
    text: "The CIDR '10.0.0.0/24' conflicts with another subnet",
    source: "Errors; text quoted",
  },
  {
    does: "CreateSubnet: a zone that does not exist",
    when: (w) =>
      new sdk.CreateSubnetCommand({ VpcId: w.vpc, CidrBlock: "10.0.9.0/24", AvailabilityZone: "us-east-1z" }),
    code: "InvalidParameterValue",
    text: /^Value \(us-east-1z\) for parameter availabilityZone is invalid. Subnets can currently only be created in the following availability zones: us-east-1a, us-east-1b, /,
    source: "quoted",
  },
  {
    does: "CreateSubnet: in a VPC that does not exist",
    when: () => new sdk.CreateSubnetCommand({ VpcId: `vpc-${ghost}`, CidrBlock: "10.0.9.0/24" }),
    code: "InvalidVpcID.NotFound",
    text: `The vpc ID 'vpc-${ghost}' does not exist`,
    source: "Errors",
  },
  {
    does: "DeleteSubnet: with an instance",
    when: (w) => new sdk.DeleteSubnetCommand({ SubnetId: w.subnet }),
    code: "DependencyViolation",
    text: (w) => `The subnet '${w.subnet}' has dependencies and cannot be deleted.`,
    source: "quoted",
  },
  {
    does: "DescribeSubnets: an unknown id",
    when: () => new sdk.DescribeSubnetsCommand({ SubnetIds: [`subnet-${ghost}`] }),
    code: "InvalidSubnetID.NotFound",
    text: `The subnet ID 'subnet-${ghost}' does not exist`,
    source: "Errors",
  },
  {
    does: "ModifySubnetAttribute: a malformed id",
    when: () => new sdk.ModifySubnetAttributeCommand({ SubnetId: "x", MapPublicIpOnLaunch: { Value: true } }),
    code: "InvalidSubnetID.Malformed",
    text: 'Invalid id: "x" (expecting "subnet-...")',
    source: "Errors",
  },
  {
    does: "AttachInternetGateway: attached already",
    when: (w) => new sdk.AttachInternetGatewayCommand({ InternetGatewayId: w.igw, VpcId: w.otherVpc }),
    code: "Resource.AlreadyAssociated",
    text: (w) => `resource ${w.igw} is already attached to network ${w.vpc}`,
    source: "Errors; text quoted",
  },
  {
    does: "AttachInternetGateway: a second one",
    when: (w) => new sdk.AttachInternetGatewayCommand({ InternetGatewayId: w.looseIgw, VpcId: w.vpc }),
    code: "InvalidParameterValue",
    text: (w) => `Network ${w.vpc} already has an internet gateway attached`,
    source: "quoted",
  },
  {
    does: "CreateEgressOnlyInternetGateway: a second one",
    when: (w) => new sdk.CreateEgressOnlyInternetGatewayCommand({ VpcId: w.vpc }),
    code: "InvalidParameterValue",
    text: (w) => `Network ${w.vpc} already has an egress-only internet gateway attached`,
    source: "ours",
  },
  {
    does: "DetachInternetGateway: from another VPC",
    when: (w) => new sdk.DetachInternetGatewayCommand({ InternetGatewayId: w.igw, VpcId: w.otherVpc }),
    code: "Gateway.NotAttached",
    text: (w) => `resource ${w.igw} is not attached to network ${w.otherVpc}`,
    source: "Errors; text quoted",
  },
  {
    does: "DetachInternetGateway: while an instance has a public address",
    when: (w) => new sdk.DetachInternetGatewayCommand({ InternetGatewayId: w.igw, VpcId: w.vpc }),
    code: "DependencyViolation",
    text: (w) =>
      `Network ${w.vpc} has some mapped public address(es). Please unmap those public address(es) before detaching the gateway.`,
    source: "quoted",
  },
  {
    does: "DeleteInternetGateway: attached",
    when: (w) => new sdk.DeleteInternetGatewayCommand({ InternetGatewayId: w.igw }),
    code: "DependencyViolation",
    text: (w) => `The internetGateway '${w.igw}' has dependencies and cannot be deleted.`,
    source: "quoted",
  },
  {
    does: "DescribeInternetGateways: an unknown id",
    when: () => new sdk.DescribeInternetGatewaysCommand({ InternetGatewayIds: [`igw-${ghost}`] }),
    code: "InvalidInternetGatewayID.NotFound",
    text: `The internetGateway ID 'igw-${ghost}' does not exist`,
    source: "Errors",
  },
  {
    does: "DeleteInternetGateway: a malformed id",
    when: () => new sdk.DeleteInternetGatewayCommand({ InternetGatewayId: "igw" }),
    code: "InvalidInternetGatewayId.Malformed",
    text: 'Invalid id: "igw" (expecting "igw-...")',
    source: "Errors",
  },
  {
    does: "DescribeRouteTables: a malformed id",
    when: () => new sdk.DescribeRouteTablesCommand({ RouteTableIds: ["rtb-XYZ"] }),
    code: "InvalidRouteTableId.Malformed",
    text: "Invalid Id: 'rtb-XYZ' (expecting 'rtb-...; the Id may only contain lowercase alphanumeric characters and a single dash')",
    source: "Errors; text quoted",
  },
  {
    does: "DeleteRouteTable: the main one",
    when: (w) => new sdk.DeleteRouteTableCommand({ RouteTableId: w.main }),
    code: "DependencyViolation",
    text: (w) => `The routeTable '${w.main}' has dependencies and cannot be deleted.`,
    source: "VPC, Delete a route table",
  },
  {
    does: "DeleteRouteTable: with a subnet",
    when: (w) => new sdk.DeleteRouteTableCommand({ RouteTableId: w.table }),
    code: "DependencyViolation",
    text: (w) => `The routeTable '${w.table}' has dependencies and cannot be deleted.`,
    source: "quoted",
  },
  {
    does: "AssociateRouteTable: a subnet that has another table",
    when: (w) => new sdk.AssociateRouteTableCommand({ RouteTableId: w.main, SubnetId: w.subnet }),
    code: "Resource.AlreadyAssociated",
    text: (w) => `the specified association for route table ${w.main} conflicts with an existing association`,
    source: "Errors; text quoted",
  },
  {
    does: "AssociateRouteTable: of another VPC",
    when: (w) => new sdk.AssociateRouteTableCommand({ RouteTableId: w.otherTable, SubnetId: w.emptySubnet }),
    code: "InvalidParameterValue",
    text: (w) => `Route table ${w.otherTable} and subnet ${w.emptySubnet} belong to different networks`,
    source: "quoted",
  },
  {
    does: "AssociateRouteTable: with a gateway",
    when: (w) => new sdk.AssociateRouteTableCommand({ RouteTableId: w.table, GatewayId: w.igw }),
    code: "UnsupportedOperation",
    text: /not served by Underpass/,
    source: "ours",
  },
  {
    does: "DisassociateRouteTable: the main association",
    when: (w) => new sdk.DisassociateRouteTableCommand({ AssociationId: w.mainAssociation }),
    code: "InvalidParameterValue",
    text: (w) => `cannot disassociate the main route table association ${w.mainAssociation}`,
    source: "quoted",
  },
  {
    does: "DisassociateRouteTable: an unknown one",
    when: () => new sdk.DisassociateRouteTableCommand({ AssociationId: `rtbassoc-${ghost}` }),
    code: "InvalidAssociationID.NotFound",
    text: `The association ID 'rtbassoc-${ghost}' does not exist`,
    source: "Errors",
  },
  {
    does: "ReplaceRouteTableAssociation: with a table of another VPC",
    when: (w) =>
      new sdk.ReplaceRouteTableAssociationCommand({ AssociationId: w.association, RouteTableId: w.otherTable }),
    code: "InvalidParameterValue",
    text: /belong to different networks/,
    source: "ours",
  },
  {
    does: "CreateRoute: to a block that has a route",
    when: route((w) => ({ DestinationCidrBlock: "0.0.0.0/0", GatewayId: w.igw })),
    code: "RouteAlreadyExists",
    text: "The route identified by 0.0.0.0/0 already exists.",
    source: "Errors; text quoted",
  },
  {
    does: "CreateRoute: to the block of the VPC",
    when: route((w) => ({ DestinationCidrBlock: "10.0.0.0/16", GatewayId: w.igw })),
    code: "RouteAlreadyExists",
    text: "The route identified by 10.0.0.0/16 already exists.",
    source: "quoted",
  },
  {
    does: "CreateRoute: inside the VPC to a gateway",
    when: route((w) => ({ DestinationCidrBlock: "10.0.0.0/24", GatewayId: w.igw })),
    code: "InvalidParameterValue",
    text: "The destination CIDR block 10.0.0.0/24 is equal to or more specific than one of this VPC's CIDR blocks. This route can target only an interface or an instance.",
    source: "quoted",
  },
  {
    does: "CreateRoute: to the prefix list that an endpoint holds",
    when: route((w) => ({ DestinationPrefixListId: "pl-63a5400a", GatewayId: w.igw })),
    code: "RouteAlreadyExists",
    text: (w) => `route table ${w.table} already has a route with destination-prefix-list-id pl-63a5400a`,
    source: "quoted",
  },
  {
    does: "CreateRoute: to an endpoint by hand",
    when: route((w) => ({ DestinationCidrBlock: "52.216.0.0/15", VpcEndpointId: w.endpoint })),
    code: "InvalidParameterValue",
    text: /^cannot add VPC endpoint route/,
    source: "VPC (2021), Gateway VPC endpoints: an endpoint route cannot be added; code and text ours",
  },
  {
    does: "CreateRoute: to an endpoint as a gateway by hand",
    when: route((w) => ({ DestinationCidrBlock: "52.216.0.0/15", GatewayId: w.endpoint })),
    code: "InvalidParameterValue",
    text: /^cannot add VPC endpoint route/,
    source: "VPC (2021), Gateway VPC endpoints: an endpoint route cannot be added; code and text ours",
  },
  {
    does: "CreateRoute: a gateway that is not attached here",
    when: route((w) => ({ DestinationCidrBlock: "1.0.0.0/8", GatewayId: w.looseIgw })),
    code: "InvalidParameterValue",
    text: (w) => `route table ${w.table} and network gateway ${w.looseIgw} belong to different networks`,
    source: "quoted",
  },
  {
    does: "CreateRoute: an unknown gateway",
    when: route(() => ({ DestinationCidrBlock: "1.0.0.0/8", GatewayId: `igw-${ghost}` })),
    code: "InvalidInternetGatewayID.NotFound",
    text: `The internetGateway ID 'igw-${ghost}' does not exist`,
    source: "Errors",
  },
  {
    does: "CreateRoute: an unknown prefix list",
    when: route((w) => ({ DestinationPrefixListId: "pl-00000000", GatewayId: w.igw })),
    code: "InvalidPrefixListID.NotFound",
    text: "The prefix list ID 'pl-00000000' does not exist",
    source: "Errors",
  },
  {
    does: "CreateRoute: no destination",
    when: route((w) => ({ GatewayId: w.igw })),
    code: "MissingParameter",
    text: /must contain the parameter/,
    source: "Errors",
  },
  {
    does: "CreateRoute: no target",
    when: route(() => ({ DestinationCidrBlock: "1.0.0.0/8" })),
    code: "MissingParameter",
    text: /^The request must contain exactly one of gatewayId, /,
    source: "Errors",
  },
  {
    does: "CreateRoute: two targets",
    when: route((w) => ({ DestinationCidrBlock: "1.0.0.0/8", GatewayId: w.igw, InstanceId: w.instance })),
    code: "InvalidParameterCombination",
    text: /^The request must contain exactly one of gatewayId, /,
    source: "API",
  },
  {
    does: "CreateRoute: text that is no block",
    when: route((w) => ({ DestinationCidrBlock: "1.0.0.0/33", GatewayId: w.igw })),
    code: "InvalidParameterValue",
    text: "Value (1.0.0.0/33) for parameter destinationCidrBlock is invalid. This is not a valid CIDR block.",
    source: "quoted",
  },
  {
    does: "ReplaceRoute: one that is not there",
    when: (w) =>
      new sdk.ReplaceRouteCommand({ RouteTableId: w.table, DestinationCidrBlock: "1.0.0.0/8", GatewayId: w.igw }),
    code: "InvalidParameterValue",
    text: "There is no route defined for '1.0.0.0/8' in the route table. Use CreateRoute instead.",
    source: "quoted",
  },
  {
    does: "ReplaceRoute: that of an endpoint",
    when: (w) =>
      new sdk.ReplaceRouteCommand({
        RouteTableId: w.table,
        DestinationPrefixListId: "pl-63a5400a",
        GatewayId: w.igw,
      }),
    code: "InvalidParameterValue",
    text: (w) => `cannot replace VPC endpoint route pl-63a5400a in route table ${w.table}`,
    source: "VPC (2021), Gateway VPC endpoints: an endpoint route cannot be modified; code and text ours",
  },
  {
    does: "DeleteRoute: one that is not there",
    when: (w) => new sdk.DeleteRouteCommand({ RouteTableId: w.table, DestinationCidrBlock: "1.0.0.0/8" }),
    code: "InvalidRoute.NotFound",
    text: (w) => `no route with destination-cidr-block 1.0.0.0/8 in route table ${w.table}`,
    source: "Errors; text quoted",
  },
  {
    does: "DeleteRoute: the local one",
    when: (w) => new sdk.DeleteRouteCommand({ RouteTableId: w.table, DestinationCidrBlock: "10.0.0.0/16" }),
    code: "InvalidParameterValue",
    text: (w) => `cannot remove local route 10.0.0.0/16 in route table ${w.table}`,
    source: "quoted",
  },
  {
    does: "DeleteRoute: that of an endpoint",
    when: (w) => new sdk.DeleteRouteCommand({ RouteTableId: w.table, DestinationPrefixListId: "pl-63a5400a" }),
    code: "InvalidParameterValue",
    text: (w) => `cannot remove VPC endpoint route pl-63a5400a in route table ${w.table}`,
    source: "VPC (2021), Gateway VPC endpoints; text half quoted",
  },
  {
    does: "CreateVpcEndpoint: a second one for the service on a table",
    when: endpointWith((w) => ({ RouteTableIds: [w.table] })),
    code: "RouteAlreadyExists",
    text: (w) => `route table ${w.table} already has a route with destination-prefix-list-id pl-63a5400a`,
    source: "quoted",
  },
  {
    does: "CreateVpcEndpoint: a service that does not exist",
    when: endpointWith(() => ({ ServiceName: "com.amazonaws.us-east-1.x" })),
    code: "InvalidServiceName",
    text: "The Vpc Endpoint Service 'com.amazonaws.us-east-1.x' does not exist",
    source: "Errors; text quoted",
  },
  {
    does: "CreateVpcEndpoint: the service of another region",
    when: endpointWith(() => ({ ServiceName: "com.amazonaws.eu-west-1.s3" })),
    code: "InvalidServiceName",
    text: "The Vpc Endpoint Service 'com.amazonaws.eu-west-1.s3' does not exist",
    source: "PrivateLink, Gateway endpoints: same region",
  },
  {
    does: "CreateVpcEndpoint: a type in which the service is not offered",
    when: endpointWith(() => ({ VpcEndpointType: "GatewayLoadBalancer" })),
    code: "InvalidParameter",
    text: "Endpoint type (GatewayLoadBalancer) does not match available service types ([Gateway, Interface]).",
    source: "quoted",
  },
  {
    does: "CreateVpcEndpoint: a type that does not exist",
    when: endpointWith(() => ({ VpcEndpointType: "Tunnel" as "Gateway" })),
    code: "InvalidVpcEndpointType",
    text: "The VPC endpoint type 'Tunnel' is not valid",
    source: "Errors; text ours",
  },
  {
    does: "CreateVpcEndpoint: subnets for a gateway",
    when: endpointWith((w) => ({ SubnetIds: [w.subnet] })),
    code: "InvalidParameter",
    text: "Subnet IDs are only supported for Interface and GatewayLoadBalancer type VPC Endpoints.",
    source: "quoted",
  },
  {
    does: "CreateVpcEndpoint: security groups for a gateway",
    when: endpointWith(() => ({ SecurityGroupIds: [`sg-${ghost}`] })),
    code: "InvalidParameter",
    text: /Security Group IDs are only supported/,
    source: "ours",
  },
  {
    does: "CreateVpcEndpoint: private DNS for a gateway",
    when: endpointWith(() => ({ PrivateDnsEnabled: true })),
    code: "InvalidParameter",
    text: /Private DNS is only supported/,
    source: "ours",
  },
  {
    does: "CreateVpcEndpoint: the inbound resolver's option for a gateway",
    when: endpointWith(() => ({ DnsOptions: { PrivateDnsOnlyForInboundResolverEndpoint: true } })),
    code: "InvalidParameter",
    text: "DnsOptions PrivateDnsOnlyForInboundResolverEndpoint is applicable only to Interface VPC Endpoints.",
    source: "quoted",
  },
  {
    does: "CreateVpcEndpoint: a policy that is no JSON",
    when: endpointWith(() => ({ PolicyDocument: "{" })),
    code: "InvalidPolicyDocument",
    text: /invalid Json/,
    source: "Errors",
  },
  {
    does: "CreateVpcEndpoint: a policy without a principal",
    when: endpointWith(() => ({ PolicyDocument: '{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}' })),
    code: "InvalidPolicyDocument",
    text: /principal/i,
    source: "PrivateLink, Endpoint policies: a Principal is required",
  },
  {
    does: "CreateVpcEndpoint: a policy above 20,480 characters",
    when: endpointWith(() => ({ PolicyDocument: `{"Statement":[]${" ".repeat(20_480)}}` })),
    code: "InvalidPolicyDocument",
    text: /20480/,
    source: "PrivateLink, Endpoint policies",
  },
  {
    does: "CreateVpcEndpoint: a route table of another VPC",
    when: endpointWith((w) => ({ RouteTableIds: [w.otherTable] })),
    code: "InvalidParameter",
    text: /does not belong to the VPC/,
    source: "ours",
  },
  {
    does: "CreateVpcEndpoint: an unknown route table",
    when: endpointWith(() => ({ RouteTableIds: [`rtb-${ghost}`] })),
    code: "InvalidRouteTableId.NotFound",
    text: `The routeTable ID 'rtb-${ghost}' does not exist`,
    source: "the code as Terraform's provider expects it",
  },
  {
    does: "CreateVpcEndpoint: a malformed route table",
    when: endpointWith(() => ({ RouteTableIds: [""] })),
    code: "InvalidRouteTableId.Malformed",
    text: "Invalid Id: '' (expecting 'rtb-...; the Id may only contain lowercase alphanumeric characters and a single dash')",
    source: "quoted",
  },
  {
    does: "CreateVpcEndpoint: the token of another call",
    when: endpointWith(() => ({ ClientToken: "token" })),
    code: "IdempotentParameterMismatch",
    text: /inconsistent with arguments used in previous request/,
    source: "Errors",
  },
  {
    does: "ModifyVpcEndpoint: reset and set the policy",
    when: modify(() => ({ ResetPolicy: true, PolicyDocument: "{}" })),
    code: "InvalidParameterCombination",
    text: "The parameter ResetPolicy cannot be used with the parameter PolicyDocument",
    source: "ours",
  },
  {
    does: "ModifyVpcEndpoint: a policy that is no policy",
    when: modify(() => ({ PolicyDocument: "[]" })),
    code: "InvalidPolicyDocument",
    text: /invalid Json/,
    source: "Errors",
  },
  {
    does: "ModifyVpcEndpoint: subnets for a gateway",
    when: modify((w) => ({ AddSubnetIds: [w.subnet] })),
    code: "InvalidParameter",
    text: "Subnet IDs are only supported for Interface and GatewayLoadBalancer type VPC Endpoints.",
    source: "quoted",
  },
  {
    does: "ModifyVpcEndpoint: an unknown one",
    when: () => new sdk.ModifyVpcEndpointCommand({ VpcEndpointId: `vpce-${ghost}` }),
    code: "InvalidVpcEndpointId.NotFound",
    text: `The Vpc Endpoint Id 'vpce-${ghost}' does not exist`,
    source: "Errors; text quoted",
  },
  {
    does: "DescribeVpcEndpoints: an unknown one",
    when: () => new sdk.DescribeVpcEndpointsCommand({ VpcEndpointIds: [`vpce-${ghost}`] }),
    code: "InvalidVpcEndpointId.NotFound",
    text: `The Vpc Endpoint Id 'vpce-${ghost}' does not exist`,
    source: "Errors; text quoted",
  },
  {
    does: "DescribeVpcEndpoints: a malformed one",
    when: () => new sdk.DescribeVpcEndpointsCommand({ VpcEndpointIds: ["vpce-1"] }),
    code: "InvalidVpcEndpointId.Malformed",
    text: 'Invalid id: "vpce-1" (expecting "vpce-...")',
    source: "Errors",
  },
  {
    does: "DescribeVpcEndpointServices: one that does not exist",
    when: () => new sdk.DescribeVpcEndpointServicesCommand({ ServiceNames: ["x"] }),
    code: "InvalidServiceName",
    text: "The Vpc Endpoint Service 'x' does not exist",
    source: "Errors",
  },
  {
    does: "DescribePrefixLists: an unknown id",
    when: () => new sdk.DescribePrefixListsCommand({ PrefixListIds: ["pl-00000000"] }),
    code: "InvalidPrefixListID.NotFound",
    text: "The prefix list ID 'pl-00000000' does not exist",
    source: "Errors",
  },
  {
    does: "GetManagedPrefixListEntries: a malformed id",
    when: () => new sdk.GetManagedPrefixListEntriesCommand({ PrefixListId: "s3" }),
    code: "InvalidPrefixListId.Malformed",
    text: 'Invalid id: "s3" (expecting "pl-...")',
    source: "Errors",
  },
  {
    does: "RunInstances: no subnet and no default VPC",
    when: launch(() => ({})),
    code: "VPCIdNotSpecified",
    text: "No default VPC for this user. GroupName is only supported for EC2-Classic and default VPC.",
    source: "Errors; text quoted",
  },
  {
    does: "RunInstances: a key that nobody made",
    when: launch((w) => ({ SubnetId: w.subnet, KeyName: "nobody" })),
    code: "InvalidKeyPair.NotFound",
    text: "The key pair 'nobody' does not exist",
    source: "Errors; text quoted",
  },
  {
    does: "RunInstances: a word for an image",
    when: launch((w) => ({ SubnetId: w.subnet, ImageId: "linux" })),
    code: "InvalidAMIID.Malformed",
    text: 'Invalid id: "linux" (expecting "ami-...")',
    source: "Errors; text quoted",
  },
  {
    does: "RunInstances: a type without a size",
    when: launch((w) => ({ SubnetId: w.subnet, InstanceType: "t3.vast" as "t3.micro" })),
    code: "InvalidParameterValue",
    text: "Invalid value 't3.vast' for InstanceType.",
    source: "quoted",
  },
  {
    does: "RunInstances: a zone that the region does not have",
    when: launch(() => ({ Placement: { AvailabilityZone: "us-east-1z" } })),
    code: "InvalidParameterValue",
    text: "Invalid availability zone: [us-east-1z]",
    source: "quoted",
  },
  {
    does: "RunInstances: a group by its name beside a subnet",
    when: launch((w) => ({ SubnetId: w.subnet, SecurityGroups: ["default"] })),
    code: "InvalidParameterCombination",
    text: "The parameter groupName cannot be used with the parameter subnet",
    source: "quoted",
  },
  {
    does: "DescribeInstances: several that do not exist",
    when: () => new sdk.DescribeInstancesCommand({ InstanceIds: [`i-${ghost}`, "i-0123456789abcdef1"] }),
    code: "InvalidInstanceID.NotFound",
    text: `The instance IDs 'i-${ghost}, i-0123456789abcdef1' do not exist`,
    source: "quoted",
  },
  {
    does: "DescribeAddresses: several that do not exist",
    when: () =>
      new sdk.DescribeAddressesCommand({ AllocationIds: [`eipalloc-${ghost}`, "eipalloc-0123456789abcdef1"] }),
    code: "InvalidAllocationID.NotFound",
    text: `The allocation IDs 'eipalloc-${ghost}, eipalloc-0123456789abcdef1' do not exist`,
    source: "quoted",
  },
  {
    does: "RunInstances: an unknown subnet",
    when: launch(() => ({ SubnetId: `subnet-${ghost}` })),
    code: "InvalidSubnetID.NotFound",
    text: `The subnet ID 'subnet-${ghost}' does not exist`,
    source: "Errors",
  },
  {
    does: "RunInstances: more at least than at most",
    when: launch((w) => ({ SubnetId: w.subnet, MinCount: 2 })),
    code: "InvalidParameterValue",
    text: /parameter minCount is invalid/,
    source: "API",
  },
  {
    does: "RunInstances: none",
    when: launch((w) => ({ SubnetId: w.subnet, MinCount: 0, MaxCount: 0 })),
    code: "InvalidParameterValue",
    text: /Minimum value is 1/,
    source: "API",
  },
  {
    does: "RunInstances: more than the subnet holds",
    when: launch((w) => ({ SubnetId: w.subnet, MinCount: 11, MaxCount: 11 })),
    code: "InsufficientFreeAddressesInSubnet",
    text: "The specified subnet does not have enough free addresses to satisfy the request.",
    source: "Errors; text quoted",
  },
  {
    does: "RunInstances: an address that is held",
    when: launch((w) => ({ SubnetId: w.subnet, PrivateIpAddress: "10.0.0.9" })),
    code: "InvalidIPAddress.InUse",
    text: "Address 10.0.0.9 is in use.",
    source: "Errors; text quoted",
  },
  {
    does: "RunInstances: an address outside the subnet",
    when: launch((w) => ({ SubnetId: w.subnet, PrivateIpAddress: "10.0.1.9" })),
    code: "InvalidParameterValue",
    text: "Address 10.0.1.9 does not fall within the subnet's address range",
    source: "quoted",
  },
  {
    does: "RunInstances: the resolver's address",
    when: launch((w) => ({ SubnetId: w.subnet, PrivateIpAddress: "10.0.0.2" })),
    code: "InvalidParameterValue",
    text: "Address 10.0.0.2 is in subnet's reserved address range",
    source: "quoted",
  },
  {
    does: "RunInstances: the last address",
    when: launch((w) => ({ SubnetId: w.subnet, PrivateIpAddress: "10.0.0.15" })),
    code: "InvalidParameterValue",
    text: "Address 10.0.0.15 is in subnet's reserved address range",
    source: "VPC, Subnet sizing",
  },
  {
    does: "RunInstances: text for an address",
    when: launch((w) => ({ SubnetId: w.subnet, PrivateIpAddress: "here" })),
    code: "InvalidParameterValue",
    text: "Value (here) for parameter privateIpAddress is invalid. Invalid IPv4 address.",
    source: "quoted",
  },
  {
    does: "RunInstances: a subnet beside interfaces",
    when: launch((w) => ({ SubnetId: w.subnet, NetworkInterfaces: [{ DeviceIndex: 0 }] })),
    code: "InvalidParameterCombination",
    text: "Network interfaces and an instance-level subnet ID may not be specified on the same request",
    source: "quoted",
  },
  {
    does: "RunInstances: an unknown security group",
    when: launch((w) => ({ SubnetId: w.subnet, SecurityGroupIds: [`sg-${ghost}`] })),
    code: "InvalidGroup.NotFound",
    text: `The security group 'sg-${ghost}' does not exist`,
    source: "Errors; text quoted",
  },
  {
    does: "DescribeInstances: an unknown id",
    when: () => new sdk.DescribeInstancesCommand({ InstanceIds: [`i-${ghost}`] }),
    code: "InvalidInstanceID.NotFound",
    text: `The instance ID 'i-${ghost}' does not exist`,
    source: "Errors, Example error response",
  },
  {
    does: "TerminateInstances: a malformed id among others",
    when: (w) => new sdk.TerminateInstancesCommand({ InstanceIds: [w.instance, "i-x"] }),
    code: "InvalidInstanceID.Malformed",
    text: 'Invalid id: "i-x"',
    source: "Errors; text quoted",
  },
  {
    does: "TerminateInstances: an unknown id among others",
    when: (w) => new sdk.TerminateInstancesCommand({ InstanceIds: [w.instance, `i-${ghost}`] }),
    code: "InvalidInstanceID.NotFound",
    text: `The instance ID 'i-${ghost}' does not exist`,
    source: "Errors",
  },
  {
    does: "DescribeNetworkInterfaces: an unknown id",
    when: () => new sdk.DescribeNetworkInterfacesCommand({ NetworkInterfaceIds: [`eni-${ghost}`] }),
    code: "InvalidNetworkInterfaceID.NotFound",
    text: `The networkInterface ID 'eni-${ghost}' does not exist`,
    source: "Errors; text quoted",
  },
  {
    does: "RunInstances: a number of IPv6 addresses below nothing",
    when: launch((w) => ({ SubnetId: w.subnet, Ipv6AddressCount: -1 })),
    code: "InvalidParameterValue",
    text: "Value (-1) for the number of addresses is invalid.",
    source: "ours",
  },
  {
    does: "RunInstances: an interface with more secondary addresses than memory holds",
    when: launch((w) => ({
      NetworkInterfaces: [{ DeviceIndex: 0, SubnetId: w.subnet, SecondaryPrivateIpAddressCount: 2_000_000_000 }],
    })),
    code: "InvalidParameterValue",
    text: "Value (2000000000) for the number of addresses is invalid.",
    source: "ours",
  },
  {
    does: "RunInstances: user data that is not base64",
    when: launch((w) => ({ SubnetId: w.subnet, UserData: "#!/bin/sh" })),
    code: "InvalidUserData.Malformed",
    text: "Invalid BASE64 encoding of user data.",
    source: "quoted",
  },
  {
    does: "RunInstances: user data of 16,385 bytes",
    when: launch((w) => ({ SubnetId: w.subnet, UserData: Buffer.alloc(16_385).toString("base64") })),
    code: "InvalidParameterValue",
    text: "User data is limited to 16384 bytes",
    source: "quoted",
  },
  {
    does: "RunInstances: another shutdown behavior",
    when: launch((w) => ({ SubnetId: w.subnet, InstanceInitiatedShutdownBehavior: "sleep" as "stop" })),
    code: "InvalidParameterValue",
    text: "Value (sleep) for parameter instanceInitiatedShutdownBehavior is invalid. Valid values are stop and terminate.",
    source: "ours",
  },
  {
    does: "RunInstances: another type of host name",
    when: launch((w) => ({ SubnetId: w.subnet, PrivateDnsNameOptions: { HostnameType: "mine" as "ip-name" } })),
    code: "InvalidParameterValue",
    text: "Value (mine) for parameter privateDnsHostnameType is invalid. Valid values are ip-name and resource-name.",
    source: "ours",
  },
  {
    does: "RunInstances: another tenancy",
    when: launch((w) => ({ SubnetId: w.subnet, Placement: { Tenancy: "shared" as "default" } })),
    code: "InvalidParameterValue",
    text: "Value (shared) for parameter tenancy is invalid. Valid values are default, dedicated and host.",
    source: "ours",
  },
  {
    does: "RunInstances: too long a way for metadata",
    when: launch((w) => ({ SubnetId: w.subnet, MetadataOptions: { HttpPutResponseHopLimit: 65 } })),
    code: "InvalidParameterValue",
    text: "Value (65) for parameter httpPutResponseHopLimit is invalid. It must be between 1 and 64.",
    source: "API",
  },
  {
    does: "RunInstances: a tag that metadata cannot show",
    when: launch((w) => ({
      SubnetId: w.subnet,
      MetadataOptions: { InstanceMetadataTags: "enabled" },
      TagSpecifications: [{ ResourceType: "instance", Tags: [{ Key: "a/b", Value: "" }] }],
    })),
    code: "InvalidParameterValue",
    text: "'a/b' is not a valid tag key. Tag keys must match pattern ([0-9a-zA-Z\\-_+=,.@:]{1,255}), and must not be a reserved name ('.', '..', '_index')",
    source: "quoted",
  },
  {
    does: "ModifyInstanceMetadataOptions: neither optional nor required",
    when: (w) =>
      new sdk.ModifyInstanceMetadataOptionsCommand({ InstanceId: w.instance, HttpTokens: "maybe" as "optional" }),
    code: "InvalidParameterValue",
    text: "Value (maybe) for parameter httpTokens is invalid. Valid values are optional and required.",
    source: "ours",
  },
  {
    does: "ModifyInstanceMetadataOptions: neither enabled nor disabled",
    when: (w) =>
      new sdk.ModifyInstanceMetadataOptionsCommand({ InstanceId: w.instance, HttpEndpoint: "off" as "disabled" }),
    code: "InvalidParameterValue",
    text: "Value (off) for parameter httpEndpoint is invalid. Valid values are enabled and disabled.",
    source: "ours",
  },
  {
    does: "ModifyInstanceAttribute: user data of 16,385 bytes",
    when: (w) =>
      new sdk.ModifyInstanceAttributeCommand({ InstanceId: w.instance, UserData: { Value: Buffer.alloc(16_385) } }),
    code: "InvalidParameterValue",
    text: "User data is limited to 16384 bytes",
    source: "quoted",
  },
  {
    does: "ModifyPrivateDnsNameOptions: another type of host name",
    when: (w) =>
      new sdk.ModifyPrivateDnsNameOptionsCommand({
        InstanceId: w.instance,
        PrivateDnsHostnameType: "mine" as "ip-name",
      }),
    code: "InvalidParameterValue",
    text: "Value (mine) for parameter privateDnsHostnameType is invalid. Valid values are ip-name and resource-name.",
    source: "ours",
  },
  {
    does: "ModifySubnetAttribute: another type of host name",
    when: (w) =>
      new sdk.ModifySubnetAttributeCommand({ SubnetId: w.subnet, PrivateDnsHostnameTypeOnLaunch: "mine" as "ip-name" }),
    code: "InvalidParameterValue",
    text: "Value (mine) for parameter privateDnsHostnameTypeOnLaunch is invalid. Valid values are ip-name and resource-name.",
    source: "ours",
  },
  {
    does: "CreateNetworkInterface: a number of IPv6 addresses below nothing",
    when: (w) => new sdk.CreateNetworkInterfaceCommand({ SubnetId: w.subnet, Ipv6AddressCount: -1 }),
    code: "InvalidParameterValue",
    text: "Value (-1) for the number of addresses is invalid.",
    source: "ours",
  },
  {
    does: "CreateNetworkInterface: more IPv6 addresses than memory holds",
    when: (w) => new sdk.CreateNetworkInterfaceCommand({ SubnetId: w.subnet, Ipv6AddressCount: 1_000_000_000 }),
    code: "InvalidParameterValue",
    text: "Value (1000000000) for the number of addresses is invalid.",
    source: "ours",
  },
  {
    does: "CreateFlowLogs: a folder with a reserved name",
    when: flowLog({ LogDestination: "arn:aws:s3:::logs/AWSLogs/" }),
    code: "InvalidParameterValue",
    text: "LogDestination: AWSLogs is reserved and cannot be the name of a subfolder",
    source: "API",
  },
  {
    does: "CreateFlowLogs: a role for S3",
    when: flowLog({ DeliverLogsPermissionArn: "arn:aws:iam::000000000000:role/logs" }),
    code: "InvalidParameter",
    text: "DeliverLogsPermissionArn is not applicable for s3 delivery",
    source: "quoted",
  },
  {
    does: "CreateFlowLogs: a format with a space at its end",
    when: flowLog({ LogFormat: "${version} " }),
    code: "InvalidParameter",
    text: "1 validation error detected: Value '${version} ' at 'logFormat' has an invalid format",
    source: "quoted",
  },
  {
    does: "CreateFlowLogs: of what is not served",
    when: flowLog({ ResourceType: "TransitGateway" }),
    code: "UnsupportedOperation",
    text: "Flow logs of a TransitGateway are not served by Underpass",
    source: "ours",
  },
  {
    does: "ModifyVpcAttribute: host names without a resolver",
    when: (w) => new sdk.ModifyVpcAttributeCommand({ VpcId: w.mute, EnableDnsHostnames: { Value: true } }),
    code: "InvalidParameterCombination",
    text: (w) => `DNS hostnames of ${w.mute} can be enabled only while its DNS support is enabled`,
    source: "API",
  },
  {
    does: "AllocateAddress: another domain",
    when: () => new sdk.AllocateAddressCommand({ Domain: "mine" as "vpc" }),
    code: "InvalidParameterValue",
    text: "Value (mine) for parameter domain is invalid. Valid values are vpc and standard.",
    source: "ours",
  },
  {
    does: "DescribeAddressesAttribute: another attribute",
    when: () => new sdk.DescribeAddressesAttributeCommand({ Attribute: "colour" as "domain-name" }),
    code: "InvalidParameterValue",
    text: "Value (colour) for parameter attribute is invalid. Valid values are domain-name.",
    source: "ours",
  },
  {
    does: "CreateVpnGateway: another type",
    when: () => new sdk.CreateVpnGatewayCommand({ Type: "ipsec.2" as "ipsec.1" }),
    code: "InvalidParameterValue",
    text: "Value (ipsec.2) for parameter type is invalid. Valid values are ipsec.1.",
    source: "ours",
  },
  {
    does: "DescribeInstanceTypeOfferings: another kind of place",
    when: () => new sdk.DescribeInstanceTypeOfferingsCommand({ LocationType: "continent" as "region" }),
    code: "InvalidParameterValue",
    text: "Value (continent) for parameter locationType is invalid. Valid values are region, availability-zone and availability-zone-id.",
    source: "ours",
  },
  {
    does: "CreateTags: a character that no answer could tell",
    when: (w) => new sdk.CreateTagsCommand({ Resources: [w.vpc], Tags: [{ Key: "a", Value: "b\u0001" }] }),
    code: "MalformedQueryString",
    text: "The query string contains a syntax error: a character in Tag.1.Value that XML cannot hold",
    source: "ours",
  },
  {
    does: "CreateTags: on what cannot be tagged",
    when: () => new sdk.CreateTagsCommand({ Resources: ["banana"], Tags: [{ Key: "a", Value: "b" }] }),
    code: "InvalidID",
    text: "The ID 'banana' is not valid",
    source: "Errors; text quoted",
  },
  {
    does: "CreateTags: on one that exists and one that does not",
    when: (w) => new sdk.CreateTagsCommand({ Resources: [w.vpc, `subnet-${ghost}`], Tags: [{ Key: "a", Value: "b" }] }),
    code: "InvalidSubnetID.NotFound",
    text: `The subnet ID 'subnet-${ghost}' does not exist`,
    source: "Errors",
  },
  {
    does: "CreateTags: a key of 129 characters",
    when: (w) => new sdk.CreateTagsCommand({ Resources: [w.vpc], Tags: [{ Key: "k".repeat(129), Value: "" }] }),
    code: "InvalidParameterValue",
    text: "Tag key exceeds the maximum length of 128 characters",
    source: "EC2 User Guide, Tag restrictions",
  },
  {
    does: "CreateTags: a value of 257 characters",
    when: (w) => new sdk.CreateTagsCommand({ Resources: [w.vpc], Tags: [{ Key: "k", Value: "v".repeat(257) }] }),
    code: "InvalidParameterValue",
    text: "Tag value exceeds the maximum length of 256 characters",
    source: "EC2 User Guide, Tag restrictions",
  },
  {
    does: "CreateTags: one key twice",
    when: (w) =>
      new sdk.CreateTagsCommand({
        Resources: [w.vpc],
        Tags: [
          { Key: "a", Value: "1" },
          { Key: "a", Value: "2" },
        ],
      }),
    code: "InvalidParameterValue",
    text: "Duplicate tag key 'a' specified.",
    source: "quoted",
  },
  {
    does: "DescribeRegions: one that does not exist",
    when: () => new sdk.DescribeRegionsCommand({ RegionNames: ["eu-nowhere-1"] }),
    code: "InvalidParameterValue",
    text: "Invalid region provided: [eu-nowhere-1]",
    source: "ours",
  },
  {
    does: "DescribeAvailabilityZones: one that does not exist",
    when: () => new sdk.DescribeAvailabilityZonesCommand({ ZoneNames: ["eu-west-1a"] }),
    code: "InvalidParameterValue",
    text: "Invalid availability zone: [eu-west-1a]",
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

test("each case is told once", () => {
  const names = refusals.map((one) => one.does);
  expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([]);
});
