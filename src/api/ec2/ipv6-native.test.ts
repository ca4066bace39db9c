/** Subnets of IPv6 alone on the wire. Source: Amazon EC2 API Reference, "CreateSubnet"; Amazon VPC User Guide, "Subnet types". */

import * as sdk from "@aws-sdk/client-ec2";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ServedRegion, serveRegion } from "../testdata/served-region.ts";

let region: ServedRegion;
let ec2: sdk.EC2Client;
let vpcId: string;
let whole: string;
let subnet: sdk.Subnet;

beforeAll(async () => {
  region = await serveRegion();
  ec2 = region.ec2(region.freshAccount());
  const { Vpc } = await ec2.send(
    new sdk.CreateVpcCommand({ CidrBlock: "10.0.0.0/16", AmazonProvidedIpv6CidrBlock: true }),
  );
  [vpcId, whole] = [Vpc!.VpcId!, Vpc!.Ipv6CidrBlockAssociationSet![0]!.Ipv6CidrBlock!];
  subnet = await create(1);
});

afterAll(async () => {
  expect(region.faults).toEqual([]);
  await region[Symbol.asyncDispose]();
});

const slot = (number: number): string => whole.replace("00::/56", `0${number}::/64`);

async function create(number: number): Promise<sdk.Subnet> {
  const wanted = { VpcId: vpcId, Ipv6Native: true, Ipv6CidrBlock: slot(number) };
  return (await ec2.send(new sdk.CreateSubnetCommand(wanted))).Subnet!;
}

const modify = (change: Partial<sdk.ModifySubnetAttributeRequest>): Promise<unknown> =>
  ec2.send(new sdk.ModifySubnetAttributeCommand({ SubnetId: subnet.SubnetId, ...change }));

const invalid = (name: string, value: string) => ({
  name: "InvalidParameterValue",
  message: `Invalid value '${value}' for ${name}. Cannot set ${name} to ${value} unless the subnet (${subnet.SubnetId}) has an IPv4 CIDR block associated with it.`,
});

async function launch(more: Partial<sdk.RunInstancesRequest> = {}): Promise<sdk.Instance> {
  const wanted = { ImageId: "ami-1", InstanceType: "t3.micro", MinCount: 1, MaxCount: 1, SubnetId: subnet.SubnetId };
  return (await ec2.send(new sdk.RunInstancesCommand({ ...wanted, ...more } as sdk.RunInstancesRequest)))
    .Instances![0]!;
}

describe("a subnet of IPv6 alone", () => {
  test("has no IPv4, gives every interface an address of IPv6 and names instances by their ids", async () => {
    expect(subnet).toMatchObject({
      Ipv6Native: true,
      AssignIpv6AddressOnCreation: true,
      MapPublicIpOnLaunch: false,
      EnableDns64: false,
      AvailableIpAddressCount: 0,
      Ipv6CidrBlockAssociationSet: [{ Ipv6CidrBlock: slot(1) }],
      PrivateDnsNameOptionsOnLaunch: {
        HostnameType: "resource-name",
        EnableResourceNameDnsARecord: false,
        EnableResourceNameDnsAAAARecord: true,
      },
    });
    expect(subnet.CidrBlock).toBeUndefined();
    const other = { VpcId: vpcId, CidrBlock: "10.0.9.0/24", Ipv6CidrBlock: slot(9) };
    const dual = (await ec2.send(new sdk.CreateSubnetCommand(other))).Subnet!;
    const native = async (value: string): Promise<(string | undefined)[]> => {
      const Filters = [{ Name: "ipv6-native", Values: [value] }];
      return (await ec2.send(new sdk.DescribeSubnetsCommand({ Filters }))).Subnets!.map((one) => one.SubnetId);
    };
    expect(await native("true")).toEqual([subnet.SubnetId]);
    expect(await native("false")).toEqual([dual.SubnetId]);
  });

  test.each<[string, Partial<sdk.CreateSubnetRequest>, string, string]>([
    [
      "without a block of IPv6",
      {},
      "MissingParameter",
      "Either 'ipv6CidrBlock' or 'ipv6IpamPoolId' should be provided.",
    ],
    [
      "with one of IPv4",
      { Ipv6CidrBlock: "::/64", CidrBlock: "10.0.3.0/24" },
      "InvalidParameterCombination",
      "When specifying ipv4 parameters, cidrBlock or ipv4IpamPoolId, you cannot set ipv6Native to true.",
    ],
    [
      "outside of its VPC",
      { Ipv6CidrBlock: "2001:db8::/64" },
      "InvalidSubnet.Range",
      "The CIDR '2001:db8::/64' is invalid.",
    ],
  ])("is not made %s", async (_, more, name, message) => {
    const wanted = { VpcId: vpcId, Ipv6Native: true, ...more };
    await expect(ec2.send(new sdk.CreateSubnetCommand(wanted))).rejects.toMatchObject({ name, message });
  });

  test("refuses what needs IPv4", async () => {
    const [assign, map] = ["assign-ipv6-address-on-creation", "map-public-ip-on-launch"];
    const [type, record] = ["private-dns-hostname-type-on-launch", "enable-resource-name-dns-a-record-on-launch"];
    await expect(modify({ AssignIpv6AddressOnCreation: { Value: false } })).rejects.toMatchObject(
      invalid(assign!, "false"),
    );
    await expect(modify({ MapPublicIpOnLaunch: { Value: true } })).rejects.toMatchObject(invalid(map!, "true"));
    await expect(modify({ PrivateDnsHostnameTypeOnLaunch: "ip-name" })).rejects.toMatchObject(
      invalid(type!, "ip-name"),
    );
    await expect(modify({ EnableResourceNameDnsARecordOnLaunch: { Value: true } })).rejects.toMatchObject(
      invalid(record!, "true"),
    );
    await modify({ EnableDns64: { Value: true } });
    await modify({ EnableDns64: { Value: false } });
  });

  test("keeps its block", async () => {
    const { AssociationId } = subnet.Ipv6CidrBlockAssociationSet![0]!;
    await expect(ec2.send(new sdk.DisassociateSubnetCidrBlockCommand({ AssociationId }))).rejects.toMatchObject({
      name: "InvalidCidrBlock.InUse",
      message: `The subnet IPv6 CIDR block with association ID ${AssociationId} may not be disassociated, because its subnet has assign-ipv6-address-on-creation set to true.`,
    });
  });

  test("takes neither NAT gateways nor addresses of IPv4", async () => {
    const nat = { SubnetId: subnet.SubnetId, ConnectivityType: "private" as const };
    await expect(ec2.send(new sdk.CreateNatGatewayCommand(nat))).rejects.toMatchObject({
      name: "InsufficientFreeAddressesInSubnet",
    });
    const wish = { SubnetId: subnet.SubnetId, PrivateIpAddress: "10.0.1.9" };
    await expect(ec2.send(new sdk.CreateNetworkInterfaceCommand(wish))).rejects.toMatchObject({
      name: "InvalidParameterValue",
      message: "Address 10.0.1.9 does not fall within the subnet's address range",
    });
  });
});

describe("an interface of IPv6 alone", () => {
  test("has an address of IPv6 and no other, and keeps one", async () => {
    const { NetworkInterface: made } = await ec2.send(
      new sdk.CreateNetworkInterfaceCommand({ SubnetId: subnet.SubnetId, Ipv6AddressCount: 0 }),
    );
    expect(made!.Ipv6Addresses).toHaveLength(1);
    expect(made!.PrivateIpAddresses ?? []).toEqual([]);
    expect([made!.PrivateIpAddress, made!.PrivateDnsName]).toEqual([undefined, undefined]);
    const NetworkInterfaceId = made!.NetworkInterfaceId!;
    const Ipv6Addresses = [made!.Ipv6Addresses![0]!.Ipv6Address!];
    await expect(
      ec2.send(new sdk.UnassignIpv6AddressesCommand({ NetworkInterfaceId, Ipv6Addresses })),
    ).rejects.toMatchObject({ name: "InvalidParameterValue" });
    await ec2.send(new sdk.AssignIpv6AddressesCommand({ NetworkInterfaceId, Ipv6AddressCount: 1 }));
    await ec2.send(new sdk.UnassignIpv6AddressesCommand({ NetworkInterfaceId, Ipv6Addresses }));
    await expect(
      ec2.send(new sdk.AssignPrivateIpAddressesCommand({ NetworkInterfaceId, SecondaryPrivateIpAddressCount: 1 })),
    ).rejects.toMatchObject({ name: "InsufficientFreeAddressesInSubnet" });
    const { AllocationId } = await ec2.send(new sdk.AllocateAddressCommand({}));
    await expect(ec2.send(new sdk.AssociateAddressCommand({ AllocationId, NetworkInterfaceId }))).rejects.toMatchObject(
      { name: "InvalidParameterValue" },
    );
  });
});

describe("an instance of IPv6 alone", () => {
  test("has its address and the name of its id", async () => {
    const instance = await launch();
    expect(instance).toMatchObject({
      Ipv6Address: expect.stringContaining(":"),
      PrivateDnsName: `${instance.InstanceId}.ec2.internal`,
      PublicDnsName: "",
      NetworkInterfaces: [{ Ipv6Addresses: [{ Ipv6Address: instance.Ipv6Address }] }],
    });
    expect([instance.PrivateIpAddress, instance.PublicIpAddress]).toEqual([undefined, undefined]);
    const Filters = [{ Name: "network-interface.ipv6-native", Values: ["true"] }];
    const { Reservations } = await ec2.send(new sdk.DescribeInstancesCommand({ Filters }));
    expect(Reservations!.flatMap((one) => one.Instances!.map((it) => it.InstanceId))).toEqual([instance.InstanceId]);
  });

  test.each<[string, Partial<sdk.RunInstancesRequest>, string, string | RegExp]>([
    ["on Xen", { InstanceType: "t2.micro" }, "UnsupportedOperation", "IPv6 addresses are not supported on t2.micro"],
    ["by default", { InstanceType: undefined }, "UnsupportedOperation", "IPv6 addresses are not supported on m1.small"],
    [
      "with an address of IPv4",
      { PrivateIpAddress: "10.0.1.9" },
      "InvalidParameterValue",
      "Address 10.0.1.9 does not fall within the subnet's address range",
    ],
    [
      "with a name after one",
      { PrivateDnsNameOptions: { HostnameType: "ip-name" } },
      "InvalidParameterValue",
      /^Invalid value 'ip-name' for private-dns-hostname-type-on-launch/,
    ],
  ])("does not run %s", async (_, more, name, message) => {
    await expect(launch(more)).rejects.toMatchObject({
      name,
      message: typeof message === "string" ? message : expect.stringMatching(message),
    });
  });

  test("gets no public address of IPv4", async () => {
    const own = { DeviceIndex: 0, SubnetId: subnet.SubnetId, AssociatePublicIpAddress: true };
    await expect(launch({ SubnetId: undefined, NetworkInterfaces: [own] })).rejects.toMatchObject({
      name: "InvalidParameterCombination",
    });
  });

  test("stays on the Nitro System and keeps its name", async () => {
    const { InstanceId } = await launch();
    const rename = { InstanceId, PrivateDnsHostnameType: "ip-name" as const };
    await expect(ec2.send(new sdk.ModifyPrivateDnsNameOptionsCommand(rename))).rejects.toMatchObject({
      name: "InvalidParameterValue",
    });
    await ec2.send(new sdk.StopInstancesCommand({ InstanceIds: [InstanceId!] }));
    const retype = { InstanceId, InstanceType: { Value: "t2.micro" } };
    await expect(ec2.send(new sdk.ModifyInstanceAttributeCommand(retype))).rejects.toMatchObject({
      name: "UnsupportedOperation",
    });
  });
});

test("a default subnet can have IPv6 alone where the default VPC has IPv6", async () => {
  const own = region.ec2(region.freshAccount());
  const { Vpc } = await own.send(new sdk.CreateDefaultVpcCommand({}));
  const { Subnets } = await own.send(new sdk.DescribeSubnetsCommand({}));
  const zone = Subnets!.find((one) => one.AvailabilityZone === "us-east-1a")!;
  await own.send(new sdk.DeleteSubnetCommand({ SubnetId: zone.SubnetId }));
  const wanted = { AvailabilityZone: "us-east-1a", Ipv6Native: true };
  await expect(own.send(new sdk.CreateDefaultSubnetCommand(wanted))).rejects.toMatchObject({
    name: "InvalidParameterValue",
    message: `The default VPC ${Vpc!.VpcId} has no associated IPv6 CIDR block`,
  });
  const { Ipv6CidrBlockAssociation: given } = await own.send(
    new sdk.AssociateVpcCidrBlockCommand({ VpcId: Vpc!.VpcId, AmazonProvidedIpv6CidrBlock: true }),
  );
  const made = await own.send(new sdk.CreateDefaultSubnetCommand(wanted));
  expect(made.Subnet).toMatchObject({
    Ipv6Native: true,
    DefaultForAz: true,
    MapPublicIpOnLaunch: false,
    Ipv6CidrBlockAssociationSet: [{ Ipv6CidrBlock: given!.Ipv6CidrBlock!.replace("/56", "/64") }],
  });
  const run = { ImageId: "ami-1", InstanceType: "t3.micro" as const, MinCount: 1, MaxCount: 1 };
  const { Instances } = await own.send(new sdk.RunInstancesCommand(run));
  expect(Instances![0]!.SubnetId).toBe(made.Subnet!.SubnetId);
});
