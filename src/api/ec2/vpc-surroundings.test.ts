/** What surrounds a VPC, over real HTTP with the SDK: prefix lists, DHCP options, peering, VPN, flow logs, default VPC. */

import * as sdk from "@aws-sdk/client-ec2";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createBucket } from "../../model/bucket.ts";
import { type ServedRegion, serveRegion } from "../testdata/served-region.ts";

let region: ServedRegion;

beforeAll(async () => {
  region = await serveRegion();
});

afterAll(async () => {
  expect(region.faults).toEqual([]);
  await region[Symbol.asyncDispose]();
});

const newVpc = async (ec2: sdk.EC2Client, CidrBlock = "10.0.0.0/16"): Promise<string> =>
  (await ec2.send(new sdk.CreateVpcCommand({ CidrBlock }))).Vpc!.VpcId!;

const mainTable = async (ec2: sdk.EC2Client, vpc: string): Promise<string> => {
  const Filters = [{ Name: "vpc-id", Values: [vpc] }];
  return (await ec2.send(new sdk.DescribeRouteTablesCommand({ Filters }))).RouteTables![0]!.RouteTableId!;
};

const codeOf = async (sent: Promise<unknown>): Promise<string> =>
  sent.then(
    () => "none",
    (error: unknown) => (error as Error).name,
  );

test("a prefix list keeps its versions, and what refers to it holds it", async () => {
  const ec2 = region.ec2(region.freshAccount());
  const created = await ec2.send(
    new sdk.CreateManagedPrefixListCommand({
      PrefixListName: "offices",
      AddressFamily: "IPv4",
      MaxEntries: 3,
      Entries: [{ Cidr: "192.0.2.7/24", Description: "one" }],
    }),
  );
  const list = created.PrefixList!;
  expect(list).toMatchObject({ State: "create-in-progress", Version: 1, MaxEntries: 3, PrefixListName: "offices" });
  const PrefixListId = list.PrefixListId!;
  expect(list.PrefixListArn).toBe(`arn:aws:ec2:us-east-1:${list.OwnerId}:prefix-list/${PrefixListId}`);
  await ec2.send(
    new sdk.ModifyManagedPrefixListCommand({
      PrefixListId,
      CurrentVersion: 1,
      AddEntries: [{ Cidr: "198.51.100.0/24" }],
      RemoveEntries: [{ Cidr: "192.0.2.0/24" }],
    }),
  );
  const entries = async (TargetVersion?: number) =>
    (await ec2.send(new sdk.GetManagedPrefixListEntriesCommand({ PrefixListId, TargetVersion }))).Entries;
  expect(await entries()).toEqual([{ Cidr: "198.51.100.0/24" }]);
  expect(await entries(1)).toEqual([{ Cidr: "192.0.2.0/24", Description: "one" }]);
  await ec2.send(
    new sdk.RestoreManagedPrefixListVersionCommand({ PrefixListId, PreviousVersion: 1, CurrentVersion: 2 }),
  );
  expect(await entries()).toEqual([{ Cidr: "192.0.2.0/24", Description: "one" }]);
  const described = await ec2.send(new sdk.DescribeManagedPrefixListsCommand({ PrefixListIds: [PrefixListId] }));
  expect(described.PrefixLists).toMatchObject([{ State: "restore-complete", Version: 3 }]);

  const vpc = await newVpc(ec2);
  const RouteTableId = await mainTable(ec2, vpc);
  const { InternetGateway } = await ec2.send(new sdk.CreateInternetGatewayCommand({}));
  const GatewayId = InternetGateway!.InternetGatewayId;
  await ec2.send(new sdk.AttachInternetGatewayCommand({ InternetGatewayId: GatewayId, VpcId: vpc }));
  const route = { RouteTableId, DestinationPrefixListId: PrefixListId };
  await ec2.send(new sdk.CreateRouteCommand({ ...route, GatewayId }));
  const held = await ec2.send(new sdk.GetManagedPrefixListAssociationsCommand({ PrefixListId }));
  expect(held.PrefixListAssociations).toEqual([{ ResourceId: RouteTableId, ResourceOwner: list.OwnerId }]);
  await ec2.send(new sdk.DeleteManagedPrefixListCommand({ PrefixListId }));
  const still = await ec2.send(new sdk.DescribeManagedPrefixListsCommand({ PrefixListIds: [PrefixListId] }));
  expect(still.PrefixLists).toMatchObject([
    { State: "delete-failed", StateMessage: expect.stringContaining(RouteTableId) },
  ]);
  await ec2.send(new sdk.DeleteRouteCommand(route));
  await ec2.send(new sdk.DeleteManagedPrefixListCommand({ PrefixListId }));
  expect(await codeOf(ec2.send(new sdk.DescribeManagedPrefixListsCommand({ PrefixListIds: [PrefixListId] })))).toBe(
    "InvalidPrefixListID.NotFound",
  );
});

test("DHCP options: the default set, one of one's own, and back", async () => {
  const ec2 = region.ec2(region.freshAccount());
  const vpc = await newVpc(ec2);
  const idOf = async (): Promise<string> =>
    (await ec2.send(new sdk.DescribeVpcsCommand({ VpcIds: [vpc] }))).Vpcs![0]!.DhcpOptionsId!;
  const first = await idOf();
  const { DhcpOptions: known } = await ec2.send(new sdk.DescribeDhcpOptionsCommand({ DhcpOptionsIds: [first] }));
  expect(known![0]!.DhcpConfigurations).toEqual([
    { Key: "domain-name", Values: [{ Value: "ec2.internal" }] },
    { Key: "domain-name-servers", Values: [{ Value: "AmazonProvidedDNS" }] },
  ]);
  const DhcpConfigurations = [{ Key: "domain-name", Values: ["corp.example"] }];
  const made = await ec2.send(new sdk.CreateDhcpOptionsCommand({ DhcpConfigurations }));
  const DhcpOptionsId = made.DhcpOptions!.DhcpOptionsId!;
  await ec2.send(new sdk.AssociateDhcpOptionsCommand({ DhcpOptionsId, VpcId: vpc }));
  expect(await idOf()).toBe(DhcpOptionsId);
  expect(await codeOf(ec2.send(new sdk.DeleteDhcpOptionsCommand({ DhcpOptionsId })))).toBe("DependencyViolation");
  await ec2.send(new sdk.AssociateDhcpOptionsCommand({ DhcpOptionsId: "default", VpcId: vpc }));
  expect(await idOf()).toBe(first);
  await ec2.send(new sdk.DeleteDhcpOptionsCommand({ DhcpOptionsId }));
  // The default set takes tags as every other, and stays one.
  const Tags = [{ Key: "Name", Value: "default" }];
  await ec2.send(new sdk.CreateTagsCommand({ Resources: [first], Tags }));
  const all = await ec2.send(new sdk.DescribeDhcpOptionsCommand({}));
  expect(all.DhcpOptions).toMatchObject([{ DhcpOptionsId: first, Tags }]);
  expect(await idOf()).toBe(first);
  expect(await codeOf(ec2.send(new sdk.DeleteDhcpOptionsCommand({ DhcpOptionsId: first })))).toBe(
    "DependencyViolation",
  );
});

test("peering across accounts and regions: asked, accepted, used, ended", async () => {
  const [one, two] = [region.freshAccount(), region.freshAccount()];
  const here = region.ec2(one);
  const there = region.ec2(two, "eu-west-1");
  const [VpcId, PeerVpcId] = [await newVpc(here), await newVpc(there, "10.1.0.0/16")];
  const asked = await here.send(
    new sdk.CreateVpcPeeringConnectionCommand({ VpcId, PeerVpcId, PeerOwnerId: two, PeerRegion: "eu-west-1" }),
  );
  const VpcPeeringConnectionId = asked.VpcPeeringConnection!.VpcPeeringConnectionId!;
  const seen = async (by: sdk.EC2Client) =>
    (await by.send(new sdk.DescribeVpcPeeringConnectionsCommand({}))).VpcPeeringConnections!;
  expect(await seen(there)).toMatchObject([
    { VpcPeeringConnectionId, Status: { Code: "pending-acceptance", Message: `Pending Acceptance by ${two}` } },
  ]);
  const accept = new sdk.AcceptVpcPeeringConnectionCommand({ VpcPeeringConnectionId });
  expect(await codeOf(here.send(accept))).toBe("OperationNotPermitted");
  expect(await codeOf(region.ec2(two).send(accept))).toBe("OperationNotPermitted");
  await there.send(accept);
  expect(await seen(here)).toMatchObject([
    {
      Status: { Code: "active", Message: "Active" },
      AccepterVpcInfo: { CidrBlock: "10.1.0.0/16", OwnerId: two, Region: "eu-west-1", VpcId: PeerVpcId },
      RequesterVpcInfo: { CidrBlock: "10.0.0.0/16", OwnerId: one, Region: "us-east-1", VpcId },
    },
  ]);
  const RouteTableId = await mainTable(here, VpcId);
  await here.send(
    new sdk.CreateRouteCommand({ RouteTableId, DestinationCidrBlock: "10.1.0.0/16", VpcPeeringConnectionId }),
  );
  const routes = async () =>
    (await here.send(new sdk.DescribeRouteTablesCommand({ RouteTableIds: [RouteTableId] }))).RouteTables![0]!.Routes;
  expect(await routes()).toContainEqual({
    DestinationCidrBlock: "10.1.0.0/16",
    VpcPeeringConnectionId,
    Origin: "CreateRoute",
    State: "active",
  });
  expect(await codeOf(here.send(new sdk.DeleteVpcCommand({ VpcId })))).toBe("DependencyViolation");
  await there.send(new sdk.DeleteVpcPeeringConnectionCommand({ VpcPeeringConnectionId }));
  expect(await routes()).toContainEqual(expect.objectContaining({ VpcPeeringConnectionId, State: "blackhole" }));
  expect(await seen(here)).toMatchObject([{ Status: { Code: "deleted" } }]);
  await here.send(new sdk.DeleteVpcCommand({ VpcId }));
});

test("VPCs with overlapping blocks cannot be peered", async () => {
  const ec2 = region.ec2(region.freshAccount());
  const [VpcId, PeerVpcId] = [await newVpc(ec2), await newVpc(ec2)];
  const asked = await ec2.send(new sdk.CreateVpcPeeringConnectionCommand({ VpcId, PeerVpcId }));
  const { VpcPeeringConnectionId } = asked.VpcPeeringConnection!;
  expect(await codeOf(ec2.send(new sdk.AcceptVpcPeeringConnectionCommand({ VpcPeeringConnectionId })))).toBe(
    "InvalidStateTransition",
  );
});

test("a VPN: gateways, connection, routes, propagation", async () => {
  const ec2 = region.ec2(region.freshAccount());
  const VpcId = await newVpc(ec2);
  const { VpnGateway } = await ec2.send(new sdk.CreateVpnGatewayCommand({ Type: "ipsec.1" }));
  const VpnGatewayId = VpnGateway!.VpnGatewayId!;
  expect(VpnGateway).toEqual({
    VpnGatewayId,
    AmazonSideAsn: 64512,
    State: "available",
    Type: "ipsec.1",
    VpcAttachments: [],
  });
  const RouteTableId = await mainTable(ec2, VpcId);
  const propagation = { RouteTableId, GatewayId: VpnGatewayId };
  expect(await codeOf(ec2.send(new sdk.EnableVgwRoutePropagationCommand(propagation)))).toBe("Gateway.NotAttached");
  await ec2.send(new sdk.AttachVpnGatewayCommand({ VpcId, VpnGatewayId }));
  await ec2.send(new sdk.EnableVgwRoutePropagationCommand(propagation));
  const table = await ec2.send(new sdk.DescribeRouteTablesCommand({ RouteTableIds: [RouteTableId] }));
  expect(table.RouteTables![0]!.PropagatingVgws).toEqual([{ GatewayId: VpnGatewayId }]);
  const customer = await ec2.send(
    new sdk.CreateCustomerGatewayCommand({ Type: "ipsec.1", BgpAsn: 65000, IpAddress: "203.0.113.12" }),
  );
  const CustomerGatewayId = customer.CustomerGateway!.CustomerGatewayId!;
  const made = await ec2.send(
    new sdk.CreateVpnConnectionCommand({
      Type: "ipsec.1",
      CustomerGatewayId,
      VpnGatewayId,
      Options: { StaticRoutesOnly: true, TunnelOptions: [{ TunnelInsideCidr: "169.254.10.0/30" }] },
    }),
  );
  const VpnConnectionId = made.VpnConnection!.VpnConnectionId!;
  expect(made.VpnConnection!.CustomerGatewayConfiguration).toContain("<ip_address>169.254.10.1</ip_address>");
  await ec2.send(new sdk.CreateVpnConnectionRouteCommand({ VpnConnectionId, DestinationCidrBlock: "192.168.0.0/16" }));
  await sdk.waitUntilVpnConnectionAvailable({ client: ec2, maxWaitTime: 30 }, { VpnConnectionIds: [VpnConnectionId] });
  const shown = await ec2.send(new sdk.DescribeVpnConnectionsCommand({ VpnConnectionIds: [VpnConnectionId] }));
  expect(shown.VpnConnections).toMatchObject([
    { State: "available", Routes: [{ DestinationCidrBlock: "192.168.0.0/16", State: "available" }] },
  ]);
  const propagated = { DestinationCidrBlock: "192.168.0.0/16", GatewayId: VpnGatewayId, State: "active" };
  const routes = async () =>
    (await ec2.send(new sdk.DescribeRouteTablesCommand({ RouteTableIds: [RouteTableId] }))).RouteTables![0]!.Routes!;
  expect((await routes()).slice(1)).toEqual([{ ...propagated, Origin: "EnableVgwRoutePropagation" }]);
  await ec2.send(
    new sdk.CreateRouteCommand({ RouteTableId, DestinationCidrBlock: "192.168.0.0/16", GatewayId: VpnGatewayId }),
  );
  expect((await routes()).slice(1)).toEqual([{ ...propagated, Origin: "CreateRoute" }]);
  await ec2.send(new sdk.DeleteRouteCommand({ RouteTableId, DestinationCidrBlock: "192.168.0.0/16" }));
  expect((await routes()).slice(1)).toEqual([{ ...propagated, Origin: "EnableVgwRoutePropagation" }]);
  expect(await codeOf(ec2.send(new sdk.DeleteCustomerGatewayCommand({ CustomerGatewayId })))).toBe("IncorrectState");
  expect(await codeOf(ec2.send(new sdk.DeleteVpcCommand({ VpcId })))).toBe("DependencyViolation");
  await ec2.send(new sdk.DeleteVpnConnectionCommand({ VpnConnectionId }));
  expect((await routes()).slice(1)).toEqual([]);
  await ec2.send(new sdk.DetachVpnGatewayCommand({ VpcId, VpnGatewayId }));
  await ec2.send(new sdk.DeleteVpnGatewayCommand({ VpnGatewayId }));
  await ec2.send(new sdk.DeleteCustomerGatewayCommand({ CustomerGatewayId }));
  await ec2.send(new sdk.DeleteVpcCommand({ VpcId }));
});

test("flow logs: one for each resource, the rest told", async () => {
  const account = region.freshAccount();
  const ec2 = region.ec2(account);
  const vpc = await newVpc(ec2);
  const wanted = {
    ResourceType: "VPC",
    ResourceIds: [vpc, "vpc-00000000"],
    TrafficType: "ALL",
    LogDestinationType: "s3",
    LogDestination: "arn:aws:s3:::flows",
    DestinationOptions: { FileFormat: "plain-text", HiveCompatiblePartitions: true, PerHourPartition: false },
  } satisfies sdk.CreateFlowLogsCommandInput;
  const homeless = await ec2.send(new sdk.CreateFlowLogsCommand({ ...wanted, ResourceIds: [vpc] }));
  expect(homeless).toMatchObject({
    Unsuccessful: [{ ResourceId: vpc, Error: { Code: "400", Message: "LogDestination: flows does not exist" } }],
  });
  const owner = { accountId: account, region: "us-east-1" };
  await region.control.run((state, context) => createBucket(state, { name: "flows", tags: [] }, context), owner);
  const made = await ec2.send(new sdk.CreateFlowLogsCommand(wanted));
  expect(made.FlowLogIds).toHaveLength(1);
  expect(made.Unsuccessful).toMatchObject([{ ResourceId: "vpc-00000000", Error: { Code: "InvalidVpcID.NotFound" } }]);
  const again = ec2.send(new sdk.CreateFlowLogsCommand({ ...wanted, ResourceIds: [vpc] }));
  expect(await codeOf(again)).toBe("FlowLogAlreadyExists");
  const Filter = [{ Name: "resource-id", Values: [vpc] }];
  const shown = await ec2.send(new sdk.DescribeFlowLogsCommand({ Filter }));
  expect(shown.FlowLogs).toMatchObject([
    {
      FlowLogStatus: "ACTIVE",
      DeliverLogsStatus: "SUCCESS",
      LogDestination: "arn:aws:s3:::flows",
      DestinationOptions: { FileFormat: "plain-text", HiveCompatiblePartitions: true, PerHourPartition: false },
    },
  ]);
  const gone = await ec2.send(new sdk.DeleteFlowLogsCommand({ FlowLogIds: made.FlowLogIds }));
  expect(gone.Unsuccessful).toEqual([]);
});

test("the default VPC: none until it is asked for, then as AWS makes it", async () => {
  const ec2 = region.ec2(region.freshAccount());
  const defaultVpc = async (): Promise<unknown> => {
    const wanted = { AttributeNames: ["default-vpc" as const] };
    const { AccountAttributes } = await ec2.send(new sdk.DescribeAccountAttributesCommand(wanted));
    return AccountAttributes![0]!.AttributeValues![0]!.AttributeValue;
  };
  expect(await defaultVpc()).toBe("none");
  const { Vpc } = await ec2.send(new sdk.CreateDefaultVpcCommand({}));
  expect(Vpc).toMatchObject({ CidrBlock: "172.31.0.0/16", IsDefault: true });
  expect(await defaultVpc()).toBe(Vpc!.VpcId);
  const { Subnets } = await ec2.send(new sdk.DescribeSubnetsCommand({}));
  expect(Subnets).toHaveLength(6);
  expect(Subnets!.every((one) => one.DefaultForAz === true && one.MapPublicIpOnLaunch === true)).toBe(true);
  expect(await codeOf(ec2.send(new sdk.CreateDefaultVpcCommand({})))).toBe("DefaultVpcAlreadyExists");
  expect(await codeOf(ec2.send(new sdk.CreateDefaultSubnetCommand({ AvailabilityZone: "us-east-1a" })))).toBe(
    "DefaultSubnetAlreadyExistsInAvailabilityZone",
  );
});

describe("refused", () => {
  interface Refused {
    readonly when: string;
    readonly code: string;
    readonly send: (ec2: sdk.EC2Client) => Promise<unknown>;
  }
  const makeList = (ec2: sdk.EC2Client, more: Partial<sdk.CreateManagedPrefixListCommandInput> = {}) =>
    ec2.send(
      new sdk.CreateManagedPrefixListCommand({
        PrefixListName: "list",
        AddressFamily: "IPv4",
        MaxEntries: 1,
        Entries: [{ Cidr: "192.0.2.0/24" }],
        ...more,
      }),
    );
  const changeList = async (
    ec2: sdk.EC2Client,
    change: Partial<sdk.ModifyManagedPrefixListCommandInput>,
  ): Promise<unknown> => {
    const { PrefixList } = await makeList(ec2);
    const { PrefixListId } = PrefixList!;
    return ec2.send(new sdk.ModifyManagedPrefixListCommand({ PrefixListId, CurrentVersion: 1, ...change }));
  };
  const cases: readonly Refused[] = [
    {
      when: "a list of AWS's name",
      code: "InvalidParameterValue",
      send: (ec2) => makeList(ec2, { PrefixListName: "com.amazonaws.x" }),
    },
    {
      when: "more entries than it may have",
      code: "PrefixListMaxEntriesExceeded",
      send: (ec2) => changeList(ec2, { AddEntries: [{ Cidr: "198.51.100.0/24" }] }),
    },
    {
      when: "an entry of the other family",
      code: "InvalidParameterValue",
      send: (ec2) => makeList(ec2, { Entries: [{ Cidr: "2001:db8::/32" }] }),
    },
    {
      when: "a version that is not the newest",
      code: "PrefixListVersionMismatch",
      send: (ec2) => changeList(ec2, { CurrentVersion: 7, AddEntries: [{ Cidr: "192.0.2.0/24" }] }),
    },
    {
      when: "entries and size at once",
      code: "InvalidParameterValue",
      send: (ec2) => changeList(ec2, { MaxEntries: 9, AddEntries: [{ Cidr: "198.51.100.0/24" }] }),
    },
    {
      when: "AWS's own list",
      code: "UnauthorizedOperation",
      send: (ec2) => ec2.send(new sdk.DeleteManagedPrefixListCommand({ PrefixListId: "pl-63a5400a" })),
    },
    {
      when: "an unknown DHCP option",
      code: "InvalidParameterValue",
      send: (ec2) =>
        ec2.send(new sdk.CreateDhcpOptionsCommand({ DhcpConfigurations: [{ Key: "colour", Values: ["red"] }] })),
    },
    {
      when: "DHCP options that are not there",
      code: "InvalidDhcpOptionID.NotFound",
      send: (ec2) => ec2.send(new sdk.DeleteDhcpOptionsCommand({ DhcpOptionsId: "dopt-00000000" })),
    },
    {
      when: "a peering that is not there",
      code: "InvalidVpcPeeringConnectionID.NotFound",
      send: (ec2) => ec2.send(new sdk.AcceptVpcPeeringConnectionCommand({ VpcPeeringConnectionId: "pcx-00000000" })),
    },
    {
      when: "a gateway that is not there",
      code: "InvalidVpnGatewayID.NotFound",
      send: (ec2) => ec2.send(new sdk.DeleteVpnGatewayCommand({ VpnGatewayId: "vgw-00000000" })),
    },
    {
      when: "a public number for AWS's side",
      code: "InvalidParameterValue",
      send: (ec2) => ec2.send(new sdk.CreateVpnGatewayCommand({ Type: "ipsec.1", AmazonSideAsn: 7 })),
    },
    {
      when: "a customer gateway without address",
      code: "MissingParameter",
      send: (ec2) => ec2.send(new sdk.CreateCustomerGatewayCommand({ Type: "ipsec.1", BgpAsn: 65000 })),
    },
    {
      when: "tenancy back to dedicated",
      code: "InvalidParameterValue",
      send: async (ec2) =>
        ec2.send(new sdk.ModifyVpcTenancyCommand({ VpcId: await newVpc(ec2), InstanceTenancy: "dedicated" as never })),
    },
  ];
  test.each(cases)("$when", async ({ code, send }) => {
    expect(await codeOf(send(region.ec2(region.freshAccount())))).toBe(code);
  });
});
