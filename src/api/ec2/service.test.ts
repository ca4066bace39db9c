/** What the served operations of EC2 answer, as AWS's SDK reads it over real HTTP. */

import * as sdk from "@aws-sdk/client-ec2";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type ServedRegion, serveRegion } from "../testdata/served-region.ts";
import { ec2Service } from "./service.ts";

let region: ServedRegion;
let account: string;
let ec2: sdk.EC2Client;

beforeAll(async () => {
  region = await serveRegion();
});

beforeEach(() => {
  account = region.freshAccount();
  ec2 = region.ec2(account);
});

afterAll(async () => {
  expect(region.faults).toEqual([]);
  await region[Symbol.asyncDispose]();
});

const s3 = "com.amazonaws.us-east-1.s3";
const image = "ami-0abcdef1234567890";

const named = (ResourceType: sdk.ResourceType, Value: string): sdk.TagSpecification[] => [
  { ResourceType, Tags: [{ Key: "Name", Value }] },
];

async function vpcOf(CidrBlock = "10.0.0.0/16", name?: string): Promise<string> {
  const command = new sdk.CreateVpcCommand({
    CidrBlock,
    ...(name !== undefined && { TagSpecifications: named("vpc", name) }),
  });
  return (await ec2.send(command)).Vpc!.VpcId!;
}

async function subnetOf(VpcId: string, CidrBlock = "10.0.0.0/24"): Promise<string> {
  return (await ec2.send(new sdk.CreateSubnetCommand({ VpcId, CidrBlock }))).Subnet!.SubnetId!;
}

async function tableOf(VpcId: string): Promise<string> {
  return (await ec2.send(new sdk.CreateRouteTableCommand({ VpcId }))).RouteTable!.RouteTableId!;
}

async function gatewayOf(VpcId: string): Promise<string> {
  const made = await ec2.send(new sdk.CreateInternetGatewayCommand({}));
  const InternetGatewayId = made.InternetGateway!.InternetGatewayId!;
  await ec2.send(new sdk.AttachInternetGatewayCommand({ InternetGatewayId, VpcId }));
  return InternetGatewayId;
}

async function endpointOf(VpcId: string, ...RouteTableIds: string[]): Promise<string> {
  const command = new sdk.CreateVpcEndpointCommand({ VpcId, ServiceName: s3, RouteTableIds });
  return (await ec2.send(command)).VpcEndpoint!.VpcEndpointId!;
}

async function routesOf(RouteTableId: string): Promise<sdk.Route[]> {
  const { RouteTables } = await ec2.send(new sdk.DescribeRouteTablesCommand({ RouteTableIds: [RouteTableId] }));
  return RouteTables![0]!.Routes!;
}

test("a VPC comes with its main route table, and goes with it", async () => {
  const VpcId = await vpcOf("10.1.2.3/16", "one");
  const { Vpcs } = await ec2.send(new sdk.DescribeVpcsCommand({}));
  expect(Vpcs).toEqual([
    {
      VpcId,
      OwnerId: account,
      State: "available",
      CidrBlock: "10.1.0.0/16",
      CidrBlockAssociationSet: [
        {
          AssociationId: expect.stringMatching(/^vpc-cidr-assoc-[0-9a-f]{17}$/),
          CidrBlock: "10.1.0.0/16",
          CidrBlockState: { State: "associated" },
        },
      ],
      InstanceTenancy: "default",
      IsDefault: false,
      DhcpOptionsId: expect.stringMatching(/^dopt-[0-9a-f]{17}$/),
      BlockPublicAccessStates: { InternetGatewayBlockMode: "off" },
      Tags: [{ Key: "Name", Value: "one" }],
    },
  ]);
  const { RouteTables } = await ec2.send(new sdk.DescribeRouteTablesCommand({}));
  expect(RouteTables).toMatchObject([
    {
      VpcId,
      OwnerId: account,
      PropagatingVgws: [],
      Tags: [],
      Associations: [{ Main: true, AssociationState: { State: "associated" } }],
      Routes: [
        { DestinationCidrBlock: "10.1.0.0/16", GatewayId: "local", Origin: "CreateRouteTable", State: "active" },
      ],
    },
  ]);
  await ec2.send(new sdk.DeleteVpcCommand({ VpcId }));
  expect((await ec2.send(new sdk.DescribeRouteTablesCommand({}))).RouteTables).toEqual([]);
});

test("attributes of a VPC", async () => {
  const VpcId = await vpcOf();
  const read = async (Attribute: sdk.VpcAttributeName): Promise<unknown> => {
    const { $metadata: _, ...attribute } = await ec2.send(new sdk.DescribeVpcAttributeCommand({ VpcId, Attribute }));
    return attribute;
  };
  expect(await read("enableDnsSupport")).toEqual({ VpcId, EnableDnsSupport: { Value: true } });
  expect(await read("enableDnsHostnames")).toEqual({ VpcId, EnableDnsHostnames: { Value: false } });
  await ec2.send(new sdk.ModifyVpcAttributeCommand({ VpcId, EnableDnsHostnames: { Value: true } }));
  await ec2.send(new sdk.ModifyVpcAttributeCommand({ VpcId, EnableDnsSupport: { Value: false } }));
  expect(await read("enableDnsHostnames")).toEqual({ VpcId, EnableDnsHostnames: { Value: true } });
  expect(await read("enableDnsSupport")).toEqual({ VpcId, EnableDnsSupport: { Value: false } });
});

test("a subnet counts its addresses and gives public ones when it is told to", async () => {
  const VpcId = await vpcOf();
  const SubnetId = await subnetOf(VpcId, "10.0.0.0/28");
  await ec2.send(new sdk.ModifySubnetAttributeCommand({ SubnetId, MapPublicIpOnLaunch: { Value: true } }));
  const run = await ec2.send(new sdk.RunInstancesCommand({ ImageId: image, MinCount: 1, MaxCount: 99, SubnetId }));
  expect(run.Instances!.map((one) => one.PrivateIpAddress)).toEqual(
    Array.from({ length: 11 }, (_, at) => `10.0.0.${at + 4}`),
  );
  expect(run.Instances!.every((one) => /^54\.1(4[4-9]|5\d)\./.test(one.PublicIpAddress!))).toBe(true);
  const { Subnets } = await ec2.send(new sdk.DescribeSubnetsCommand({ SubnetIds: [SubnetId] }));
  expect(Subnets).toMatchObject([
    {
      AvailableIpAddressCount: 0,
      AvailabilityZone: "us-east-1a",
      AvailabilityZoneId: "use1-az1",
      MapPublicIpOnLaunch: true,
      SubnetArn: `arn:aws:ec2:us-east-1:${account}:subnet/${SubnetId}`,
    },
  ]);
});

test("an instance has an interface, an address and names while it lives", async () => {
  const VpcId = await vpcOf();
  await ec2.send(new sdk.ModifyVpcAttributeCommand({ VpcId, EnableDnsHostnames: { Value: true } }));
  const SubnetId = await subnetOf(VpcId);
  const launched = await ec2.send(
    new sdk.RunInstancesCommand({
      ImageId: image,
      MinCount: 1,
      MaxCount: 1,
      InstanceType: "t3.micro",
      ClientToken: "once",
      NetworkInterfaces: [{ DeviceIndex: 0, SubnetId, AssociatePublicIpAddress: true, PrivateIpAddress: "10.0.0.77" }],
      TagSpecifications: [...named("instance", "host"), ...named("network-interface", "card")],
    }),
  );
  const [instance] = launched.Instances!;
  expect(instance).toMatchObject({ State: { Code: 0, Name: "pending" }, PrivateIpAddress: "10.0.0.77" });
  const described = await ec2.send(new sdk.DescribeInstancesCommand({ InstanceIds: [instance!.InstanceId!] }));
  const publicName = `ec2-${instance!.PublicIpAddress!.replaceAll(".", "-")}.compute-1.amazonaws.com`;
  expect(described.Reservations![0]!.Instances![0]).toMatchObject({
    State: { Code: 16, Name: "running" },
    PrivateDnsName: "ip-10-0-0-77.ec2.internal",
    PublicDnsName: publicName,
    InstanceType: "t3.micro",
    Tags: [{ Key: "Name", Value: "host" }],
    NetworkInterfaces: [{ Association: { PublicDnsName: publicName }, SubnetId, VpcId, Status: "in-use" }],
  });
  const again = await ec2.send(
    new sdk.RunInstancesCommand({
      ImageId: image,
      MinCount: 1,
      MaxCount: 1,
      InstanceType: "t3.micro",
      ClientToken: "once",
      NetworkInterfaces: [{ DeviceIndex: 0, SubnetId, AssociatePublicIpAddress: true, PrivateIpAddress: "10.0.0.77" }],
      TagSpecifications: [...named("instance", "host"), ...named("network-interface", "card")],
    }),
  );
  expect(again.ReservationId).toBe(launched.ReservationId);
  const cards = await ec2.send(new sdk.DescribeNetworkInterfacesCommand({}));
  expect(cards.NetworkInterfaces).toMatchObject([
    { TagSet: [{ Key: "Name", Value: "card" }], Attachment: { InstanceId: instance!.InstanceId } },
  ]);
  const ended = await ec2.send(new sdk.TerminateInstancesCommand({ InstanceIds: [instance!.InstanceId!] }));
  expect(ended.TerminatingInstances).toMatchObject([
    { CurrentState: { Code: 32, Name: "shutting-down" }, PreviousState: { Code: 16, Name: "running" } },
  ]);
  expect((await ec2.send(new sdk.DescribeNetworkInterfacesCommand({}))).NetworkInterfaces).toEqual([]);
  const gone = (await ec2.send(new sdk.DescribeInstancesCommand({}))).Reservations![0]!.Instances![0];
  expect(gone).toMatchObject({ State: { Code: 48, Name: "terminated" }, NetworkInterfaces: [], PublicDnsName: "" });
  expect(gone!.VpcId).toBeUndefined();
});

test("static routes, their replacement and what becomes of them when their target goes", async () => {
  const VpcId = await vpcOf();
  const RouteTableId = await tableOf(VpcId);
  const igw = await gatewayOf(VpcId);
  const SubnetId = await subnetOf(VpcId);
  const run = await ec2.send(new sdk.RunInstancesCommand({ ImageId: image, MinCount: 1, MaxCount: 1, SubnetId }));
  const InstanceId = run.Instances![0]!.InstanceId!;
  const NetworkInterfaceId = run.Instances![0]!.NetworkInterfaces![0]!.NetworkInterfaceId!;
  const DestinationCidrBlock = "0.0.0.0/0";
  await ec2.send(new sdk.CreateRouteCommand({ RouteTableId, DestinationCidrBlock, GatewayId: igw }));
  expect((await routesOf(RouteTableId)).slice(1)).toEqual([
    { DestinationCidrBlock, GatewayId: igw, Origin: "CreateRoute", State: "active" },
  ]);
  await ec2.send(new sdk.ReplaceRouteCommand({ RouteTableId, DestinationCidrBlock, InstanceId }));
  const toInstance = { DestinationCidrBlock, NetworkInterfaceId, Origin: "CreateRoute" };
  expect((await routesOf(RouteTableId)).slice(1)).toEqual([
    { ...toInstance, InstanceId, InstanceOwnerId: account, State: "active" },
  ]);
  await ec2.send(new sdk.TerminateInstancesCommand({ InstanceIds: [InstanceId] }));
  expect((await routesOf(RouteTableId)).slice(1)).toEqual([{ ...toInstance, State: "blackhole" }]);
  await ec2.send(new sdk.ReplaceRouteCommand({ RouteTableId, DestinationCidrBlock, GatewayId: igw }));
  await ec2.send(new sdk.DetachInternetGatewayCommand({ InternetGatewayId: igw, VpcId }));
  expect((await routesOf(RouteTableId)).slice(1)).toMatchObject([{ GatewayId: igw, State: "blackhole" }]);
  await ec2.send(new sdk.DeleteRouteCommand({ RouteTableId, DestinationCidrBlock }));
  expect(await routesOf(RouteTableId)).toHaveLength(1);
});

test("associations of subnets, and another main table", async () => {
  const VpcId = await vpcOf();
  const SubnetId = await subnetOf(VpcId);
  const [one, two] = [await tableOf(VpcId), await tableOf(VpcId)];
  const made = await ec2.send(new sdk.AssociateRouteTableCommand({ RouteTableId: one, SubnetId }));
  const same = await ec2.send(new sdk.AssociateRouteTableCommand({ RouteTableId: one, SubnetId }));
  expect(same.AssociationId).toBe(made.AssociationId);
  const moved = await ec2.send(
    new sdk.ReplaceRouteTableAssociationCommand({ AssociationId: made.AssociationId, RouteTableId: two }),
  );
  expect(moved.NewAssociationId).not.toBe(made.AssociationId);
  const filter = (Name: string, Value: string): sdk.Filter[] => [{ Name, Values: [Value] }];
  const find = async (Filters: sdk.Filter[]): Promise<sdk.RouteTable[]> =>
    (await ec2.send(new sdk.DescribeRouteTablesCommand({ Filters }))).RouteTables!;
  expect(await find(filter("association.subnet-id", SubnetId))).toMatchObject([{ RouteTableId: two }]);
  const [main] = await find(filter("association.main", "true"));
  await ec2.send(
    new sdk.ReplaceRouteTableAssociationCommand({
      AssociationId: main!.Associations![0]!.RouteTableAssociationId,
      RouteTableId: one,
    }),
  );
  expect(await find(filter("association.main", "true"))).toMatchObject([{ RouteTableId: one }]);
  await ec2.send(new sdk.DeleteRouteTableCommand({ RouteTableId: main!.RouteTableId }));
  await ec2.send(new sdk.DisassociateRouteTableCommand({ AssociationId: moved.NewAssociationId }));
  await ec2.send(new sdk.DeleteRouteTableCommand({ RouteTableId: two }));
  await ec2.send(new sdk.DeleteSubnetCommand({ SubnetId }));
  await ec2.send(new sdk.DeleteVpcCommand({ VpcId }));
});

test("a gateway endpoint from creation to deletion", async () => {
  const VpcId = await vpcOf();
  const [one, two] = [await tableOf(VpcId), await tableOf(VpcId)];
  const create = (): sdk.CreateVpcEndpointCommand =>
    new sdk.CreateVpcEndpointCommand({
      VpcId,
      ServiceName: s3,
      RouteTableIds: [one],
      ClientToken: "token",
      TagSpecifications: named("vpc-endpoint", "s3"),
    });
  const made = await ec2.send(create());
  expect(made).toMatchObject({ ClientToken: "token" });
  expect(made.VpcEndpoint).toEqual({
    VpcEndpointId: expect.stringMatching(/^vpce-[0-9a-f]{17}$/),
    VpcEndpointType: "Gateway",
    VpcId,
    ServiceName: s3,
    ServiceRegion: "us-east-1",
    State: "available",
    PolicyDocument:
      '{"Version":"2008-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}',
    RouteTableIds: [one],
    SubnetIds: [],
    Groups: [],
    IpAddressType: "ipv4",
    DnsOptions: { DnsRecordIpType: "service-defined" },
    PrivateDnsEnabled: false,
    RequesterManaged: false,
    NetworkInterfaceIds: [],
    DnsEntries: [],
    CreationTimestamp: expect.any(Date),
    Tags: [{ Key: "Name", Value: "s3" }],
    OwnerId: account,
  });
  const VpcEndpointId = made.VpcEndpoint!.VpcEndpointId!;
  expect((await ec2.send(create())).VpcEndpoint!.VpcEndpointId).toBe(VpcEndpointId);
  const PolicyDocument = '{"Statement":[{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*"}]}';
  const changed = await ec2.send(
    new sdk.ModifyVpcEndpointCommand({
      VpcEndpointId,
      AddRouteTableIds: [two],
      RemoveRouteTableIds: [one],
      PolicyDocument,
    }),
  );
  expect(changed.Return).toBe(true);
  const seen = async (): Promise<sdk.VpcEndpoint | undefined> =>
    (await ec2.send(new sdk.DescribeVpcEndpointsCommand({}))).VpcEndpoints![0];
  expect(await seen()).toMatchObject({ RouteTableIds: [two], PolicyDocument });
  expect(await routesOf(one)).toHaveLength(1);
  expect((await routesOf(two))[1]).toEqual({
    DestinationPrefixListId: "pl-63a5400a",
    GatewayId: VpcEndpointId,
    Origin: "CreateRoute",
    State: "active",
  });
  await ec2.send(new sdk.ModifyVpcEndpointCommand({ VpcEndpointId, ResetPolicy: true }));
  expect((await seen())!.PolicyDocument).toBe(made.VpcEndpoint!.PolicyDocument);
  await endpointOf(VpcId, one);
  const ghost = "vpce-0123456789abcdef0";
  const deleted = await ec2.send(new sdk.DeleteVpcEndpointsCommand({ VpcEndpointIds: [VpcEndpointId, ghost] }));
  expect(deleted.Unsuccessful).toEqual([
    {
      ResourceId: ghost,
      Error: { Code: "InvalidVpcEndpoint.NotFound", Message: `The Vpc Endpoint Id '${ghost}' does not exist` },
    },
  ]);
  expect(await routesOf(two)).toHaveLength(1);
  expect((await seen())!.RouteTableIds).toEqual([one]);
});

test("services and prefix lists are those of the region of the call", async () => {
  const eu = region.ec2(account, "eu-west-1");
  const all = await eu.send(new sdk.DescribeVpcEndpointServicesCommand({}));
  expect(all.ServiceNames!.length).toBeGreaterThan(100);
  expect(all.ServiceNames!.filter((name) => name.endsWith(".s3"))).toHaveLength(2);
  const services = await eu.send(
    new sdk.DescribeVpcEndpointServicesCommand({ Filters: [{ Name: "service-type", Values: ["Gateway"] }] }),
  );
  expect(services.ServiceNames).toEqual(["com.amazonaws.eu-west-1.dynamodb", "com.amazonaws.eu-west-1.s3"]);
  expect(services.ServiceDetails![1]).toMatchObject({
    ServiceType: [{ ServiceType: "Gateway" }],
    BaseEndpointDnsNames: ["s3.eu-west-1.amazonaws.com"],
    AvailabilityZones: ["eu-west-1a", "eu-west-1b", "eu-west-1c"],
    Owner: "amazon",
    VpcEndpointPolicySupported: true,
    AcceptanceRequired: false,
  });
  const lists = await eu.send(new sdk.DescribePrefixListsCommand({}));
  expect(lists.PrefixLists!.map((one) => [one.PrefixListId, one.PrefixListName])).toEqual([
    ["pl-6fa54006", "com.amazonaws.eu-west-1.dynamodb"],
    ["pl-6da54004", "com.amazonaws.eu-west-1.s3"],
    ["pl-ed522ea0", "com.amazonaws.eu-west-1.ipv6.s3"],
  ]);
  const managed = await eu.send(
    new sdk.DescribeManagedPrefixListsCommand({ Filters: [{ Name: "prefix-list-name", Values: ["*-1.s3"] }] }),
  );
  expect(managed.PrefixLists).toEqual([
    {
      PrefixListId: "pl-6da54004",
      AddressFamily: "IPv4",
      State: "create-complete",
      PrefixListArn: "arn:aws:ec2:eu-west-1:aws:prefix-list/pl-6da54004",
      PrefixListName: "com.amazonaws.eu-west-1.s3",
      Tags: [],
      OwnerId: "AWS",
    },
  ]);
  const entries = await eu.send(new sdk.GetManagedPrefixListEntriesCommand({ PrefixListId: "pl-6da54004" }));
  expect(entries.Entries!.map((one) => one.Cidr).toSorted()).toEqual(lists.PrefixLists![1]!.Cidrs!.toSorted());
});

test("regions and zones", async () => {
  const usual = await ec2.send(new sdk.DescribeRegionsCommand({}));
  expect(usual.Regions!.every((one) => one.OptInStatus === "opt-in-not-required")).toBe(true);
  expect(usual.Regions).toHaveLength(17);
  const every = await ec2.send(new sdk.DescribeRegionsCommand({ AllRegions: true }));
  expect(every.Regions!.length).toBeGreaterThan(30);
  const zones = await region
    .ec2(account, "eu-central-1")
    .send(new sdk.DescribeAvailabilityZonesCommand({ Filters: [{ Name: "zone-name", Values: ["*a"] }] }));
  expect(zones.AvailabilityZones).toEqual([
    {
      ZoneName: "eu-central-1a",
      ZoneId: "euc1-az2",
      RegionName: "eu-central-1",
      GroupName: "eu-central-1-zg-1",
      GroupLongName: "Europe (Frankfurt) 1",
      NetworkBorderGroup: "eu-central-1",
      ZoneType: "availability-zone",
      OptInStatus: "opt-in-not-required",
      State: "available",
      Messages: [],
    },
  ]);
});

test("tags are set, replaced, listed and taken away", async () => {
  const [one, two] = [await vpcOf("10.0.0.0/16", "old"), await vpcOf("10.1.0.0/16")];
  const Tags = [
    { Key: "Name", Value: "new" },
    { Key: "empty", Value: "" },
  ];
  await ec2.send(new sdk.CreateTagsCommand({ Resources: [one, two], Tags }));
  const { Vpcs } = await ec2.send(new sdk.DescribeVpcsCommand({}));
  expect(Vpcs!.map((vpc) => vpc.Tags)).toEqual([Tags, Tags]);
  const rows = await ec2.send(new sdk.DescribeTagsCommand({ Filters: [{ Name: "key", Values: ["Name"] }] }));
  expect(rows.Tags!.toSorted((a, b) => (a.ResourceId! < b.ResourceId! ? -1 : 1))).toEqual(
    [one, two].toSorted().map((ResourceId) => ({ Key: "Name", ResourceId, ResourceType: "vpc", Value: "new" })),
  );
  await ec2.send(
    new sdk.DeleteTagsCommand({
      Resources: [one],
      Tags: [
        { Key: "Name", Value: "old" },
        { Key: "empty", Value: "" },
      ],
    }),
  );
  const after = async (id: string): Promise<unknown> =>
    (await ec2.send(new sdk.DescribeVpcsCommand({ VpcIds: [id] }))).Vpcs![0]!.Tags;
  expect(await after(one)).toEqual([{ Key: "Name", Value: "new" }]);
  await ec2.send(new sdk.DeleteTagsCommand({ Resources: [two] }));
  expect(await after(two)).toBeUndefined();
});

describe("filters", () => {
  test.for<[name: string, filters: [string, string[]][], hits: string[]]>([
    ["by tag", [["tag:Name", ["red"]]], ["red"]],
    ["values are alternatives", [["tag:Name", ["red", "blue"]]], ["red", "blue"]],
    [
      "filters must all match",
      [
        ["tag:Name", ["red", "blue"]],
        ["cidr", ["10.1.0.0/16"]],
      ],
      ["blue"],
    ],
    ["a star is any run", [["tag:Name", ["*e*"]]], ["red", "blue", "green*"]],
    ["a question mark is one character", [["tag:Name", ["?ed"]]], ["red"]],
    ["a backslash takes the meaning away", [["tag:Name", ["green\\*"]]], ["green*"]],
    ["an escaped star is no wildcard", [["tag:Name", ["\\*e*"]]], []],
    ["case counts", [["tag:Name", ["Red"]]], []],
    ["by key", [["tag-key", ["Name"]]], ["red", "blue", "green*"]],
    ["a tag that none has", [["tag:Colour", ["*"]]], []],
    ["no values match nothing", [["vpc-id", []]], []],
    [
      "both spellings of one filter",
      [
        ["isDefault", ["false"]],
        ["is-default", ["false"]],
      ],
      ["red", "blue", "green*"],
    ],
  ])("%s", async ([, filters, hits]) => {
    const names = ["red", "blue", "green*"];
    for (const [at, name] of names.entries()) await vpcOf(`10.${at}.0.0/16`, name);
    const Filters = filters.map(([Name, Values]) => ({ Name, Values }));
    const { Vpcs } = await ec2.send(new sdk.DescribeVpcsCommand({ Filters }));
    const found = Vpcs!.map((vpc) => vpc.Tags![0]!.Value!);
    expect(found.toSorted()).toEqual(hits.toSorted());
  });
});

test("pages hold what is asked for, each once, also while others come and go", async () => {
  const ids: string[] = [];
  for (let at = 0; at < 12; at++) ids.push(await vpcOf(`10.${at}.0.0/16`));
  const first = await ec2.send(new sdk.DescribeVpcsCommand({ MaxResults: 5 }));
  expect(first.Vpcs).toHaveLength(5);
  const gone = first.Vpcs!.at(-1)!.VpcId!;
  await ec2.send(new sdk.DeleteVpcCommand({ VpcId: gone }));
  const late = await vpcOf("10.99.0.0/16");
  const pages: string[] = first.Vpcs!.map((vpc) => vpc.VpcId!);
  for (let token = first.NextToken; token !== undefined;) {
    const page = await ec2.send(new sdk.DescribeVpcsCommand({ MaxResults: 5, NextToken: token }));
    pages.push(...page.Vpcs!.map((vpc) => vpc.VpcId!));
    token = page.NextToken;
  }
  expect(pages.toSorted()).toEqual([...ids, late].toSorted());
});

test("an account and a region see their own resources alone", async () => {
  await vpcOf();
  expect((await region.ec2(region.freshAccount()).send(new sdk.DescribeVpcsCommand({}))).Vpcs).toEqual([]);
  expect((await region.ec2(account, "eu-west-1").send(new sdk.DescribeVpcsCommand({}))).Vpcs).toEqual([]);
});

test("what is served has a shape, a handler and targets, and nothing is both served and not", () => {
  expect(Object.keys(ec2Service.operations).toSorted()).toEqual(Object.keys(ec2Service.handlers).toSorted());
  expect(Object.keys(ec2Service.operations).filter((name) => ec2Service.unserved.has(name))).toEqual([]);
});
