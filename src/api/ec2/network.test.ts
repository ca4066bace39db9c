/** Groups, ACLs, addresses, gateways and interfaces through the real client: what AWS answers, and what it refuses. */

import * as sdk from "@aws-sdk/client-ec2";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ServedRegion, serveRegion } from "../testdata/served-region.ts";

let region: ServedRegion;
let ec2: sdk.EC2Client;
const id = { vpc: "", subnet: "", group: "", other: "", acl: "", eni: "", allocation: "", instance: "" };

beforeAll(async () => {
  region = await serveRegion();
  ec2 = region.ec2(region.freshAccount());
  const vpc = await ec2.send(new sdk.CreateVpcCommand({ CidrBlock: "10.0.0.0/16", AmazonProvidedIpv6CidrBlock: true }));
  id.vpc = vpc.Vpc!.VpcId!;
  const subnet = await ec2.send(new sdk.CreateSubnetCommand({ VpcId: id.vpc, CidrBlock: "10.0.0.0/24" }));
  id.subnet = subnet.Subnet!.SubnetId!;
  const gateway = await ec2.send(new sdk.CreateInternetGatewayCommand({}));
  const igw = gateway.InternetGateway!.InternetGatewayId;
  await ec2.send(new sdk.AttachInternetGatewayCommand({ InternetGatewayId: igw, VpcId: id.vpc }));
  const make = async (name: string): Promise<string> => {
    const made = await ec2.send(
      new sdk.CreateSecurityGroupCommand({ GroupName: name, Description: "d", VpcId: id.vpc }),
    );
    return made.GroupId!;
  };
  id.group = await make("one");
  id.other = await make("two");
  const permission = { IpProtocol: "tcp", FromPort: 22, ToPort: 22, UserIdGroupPairs: [{ GroupId: id.other }] };
  await ec2.send(
    new sdk.AuthorizeSecurityGroupIngressCommand({
      GroupId: id.group,
      IpPermissions: [permission, { ...permission, UserIdGroupPairs: [], IpRanges: [{ CidrIp: "10.0.0.7/8" }] }],
    }),
  );
  const acl = await ec2.send(new sdk.CreateNetworkAclCommand({ VpcId: id.vpc }));
  id.acl = acl.NetworkAcl!.NetworkAclId!;
  const address = await ec2.send(new sdk.AllocateAddressCommand({ Domain: "vpc" }));
  id.allocation = address.AllocationId!;
  const run = await ec2.send(
    new sdk.RunInstancesCommand({ ImageId: "ami-0abcdef1234567890", MinCount: 1, MaxCount: 1, SubnetId: id.subnet }),
  );
  id.instance = run.Instances![0]!.InstanceId!;
  id.eni = run.Instances![0]!.NetworkInterfaces![0]!.NetworkInterfaceId!;
});

afterAll(async () => {
  expect(region.faults).toEqual([]);
  await region[Symbol.asyncDispose]();
});

async function check(call: Promise<unknown>, code: string, text: string | RegExp = ""): Promise<void> {
  const failure = await call.then(
    () => undefined,
    (error: unknown) => error as Error,
  );
  expect({ code: failure?.name, text: failure?.message }).toEqual({ code, text: expect.stringMatching(text) });
}

const tcp = (CidrIp: string, port = 22) => ({
  IpProtocol: "tcp",
  FromPort: port,
  ToPort: port,
  IpRanges: [{ CidrIp }],
});

const ingress = (...IpPermissions: sdk.IpPermission[]) =>
  ec2.send(new sdk.AuthorizeSecurityGroupIngressCommand({ GroupId: id.group, IpPermissions }));

const entry = (over: Partial<sdk.CreateNetworkAclEntryRequest>) =>
  ec2.send(
    new sdk.CreateNetworkAclEntryCommand({
      NetworkAclId: id.acl,
      RuleNumber: 100,
      Egress: false,
      RuleAction: "allow",
      Protocol: "-1",
      CidrBlock: "10.0.0.0/8",
      ...over,
    }),
  );

describe("security groups", () => {
  test("a VPC's default group takes what comes from itself and lets everything out", async () => {
    const { SecurityGroups } = await ec2.send(
      new sdk.DescribeSecurityGroupsCommand({
        Filters: [
          { Name: "vpc-id", Values: [id.vpc] },
          { Name: "group-name", Values: ["default"] },
        ],
      }),
    );
    const [group] = SecurityGroups!;
    expect(group).toMatchObject({
      GroupName: "default",
      Description: "default VPC security group",
      IpPermissions: [{ IpProtocol: "-1", UserIdGroupPairs: [{ GroupId: group!.GroupId }] }],
      IpPermissionsEgress: [
        { IpProtocol: "-1", IpRanges: [{ CidrIp: "0.0.0.0/0" }], Ipv6Ranges: [{ CidrIpv6: "::/0" }] },
      ],
    });
    expect(group!.Tags).toBeUndefined();
    await check(ec2.send(new sdk.DeleteSecurityGroupCommand({ GroupId: group!.GroupId })), "CannotDelete", /"default"/);
  });

  test("rules of one traffic are one permission, blocks are canonical, each rule has its id", async () => {
    const { SecurityGroups } = await ec2.send(new sdk.DescribeSecurityGroupsCommand({ GroupIds: [id.group] }));
    expect(SecurityGroups![0]!.IpPermissions).toMatchObject([
      {
        IpProtocol: "tcp",
        FromPort: 22,
        ToPort: 22,
        IpRanges: [{ CidrIp: "10.0.0.0/8" }],
        UserIdGroupPairs: [{ GroupId: id.other }],
      },
    ]);
    const { SecurityGroupRules } = await ec2.send(
      new sdk.DescribeSecurityGroupRulesCommand({ Filters: [{ Name: "group-id", Values: [id.group] }] }),
    );
    expect(SecurityGroupRules).toHaveLength(4);
    expect(SecurityGroupRules!.every((rule) => /^sgr-[0-9a-f]{17}$/.test(rule.SecurityGroupRuleId!))).toBe(true);
    expect(SecurityGroupRules!.find((rule) => rule.IsEgress)).toMatchObject({ FromPort: -1, ToPort: -1 });
  });

  test("the same rule twice", () =>
    check(
      ingress(tcp("10.0.0.0/8")),
      "InvalidPermission.Duplicate",
      'the specified rule "peer: 10.0.0.0/8, TCP, from port: 22, to port: 22, ALLOW" already exists',
    ));
  test("the same permission twice in a call", () =>
    check(ingress(tcp("1.0.0.0/8"), tcp("1.0.0.0/8")), "InvalidParameterValue", "must not appear multiple times"));
  test("no CIDR block", () => check(ingress(tcp("10.0.0.0/33")), "InvalidParameterValue", "is malformed"));
  test("no ports", () =>
    check(
      ingress({ IpProtocol: "tcp", IpRanges: [{ CidrIp: "10.0.0.0/8" }] }),
      "InvalidParameterValue",
      "Must specify both from and to ports with TCP/UDP",
    ));
  test("a port out of range", () => check(ingress(tcp("10.0.0.0/8", 70_000)), "InvalidParameterValue", "out of range"));
  test("no protocol", () =>
    check(ingress({ ...tcp("1.0.0.0/8"), IpProtocol: "nope" }), "InvalidParameterValue", "Unknown protocol"));
  test("a group that is not there", () =>
    check(
      ingress({ IpProtocol: "-1", UserIdGroupPairs: [{ GroupId: "sg-0123456789abcdef0" }] }),
      "InvalidGroup.NotFound",
      "The security group 'sg-0123456789abcdef0' does not exist",
    ));
  test("a rule to revoke that is not there", () =>
    check(
      ec2.send(new sdk.RevokeSecurityGroupIngressCommand({ GroupId: id.group, IpPermissions: [tcp("9.0.0.0/8")] })),
      "InvalidPermission.NotFound",
      "The specified rule does not exist in this security group.",
    ));
  test("a group that a rule names", () =>
    check(
      ec2.send(new sdk.DeleteSecurityGroupCommand({ GroupId: id.other })),
      "DependencyViolation",
      /^resource sg-[0-9a-f]{17} has a dependent object$/,
    ));
  test("a name that is taken, and those that are reserved", async () => {
    const create = (GroupName: string, Description = "d") =>
      ec2.send(new sdk.CreateSecurityGroupCommand({ GroupName, Description, VpcId: id.vpc }));
    await check(create("one"), "InvalidGroup.Duplicate", /already exists for VPC 'vpc-/);
    await check(create("default"), "InvalidParameterValue", "Cannot use reserved security group name: default");
    await check(create("sg-x"), "InvalidParameterValue", "may not be in the format sg-");
    await check(create("fine", "ü"), "InvalidParameterValue", "Character sets beyond ASCII are not supported.");
  });
  test("the 61st inbound rule", async () => {
    const more = Array.from({ length: 60 }, (_, at) => tcp(`11.${at}.0.0/16`));
    await check(ingress(...more), "RulesPerSecurityGroupLimitExceeded");
  });
});

describe("network ACLs", () => {
  test("the default one lets everything pass and has the subnet", async () => {
    const { NetworkAcls } = await ec2.send(
      new sdk.DescribeNetworkAclsCommand({ Filters: [{ Name: "default", Values: ["true"] }] }),
    );
    expect(NetworkAcls![0]!.Associations).toMatchObject([{ SubnetId: id.subnet }]);
    expect(NetworkAcls![0]!.Entries!.filter((one) => one.Egress).map((one) => one.RuleNumber)).toEqual([
      100, 101, 32_767, 32_768,
    ]);
    const NetworkAclId = NetworkAcls![0]!.NetworkAclId;
    await check(ec2.send(new sdk.DeleteNetworkAclCommand({ NetworkAclId })), "InvalidParameterValue");
  });
  test("entries: a number twice, one out of range, one that is not there", async () => {
    await entry({});
    await check(entry({}), "NetworkAclEntryAlreadyExists", "The network acl entry identified by 100 already exists.");
    await check(entry({ RuleNumber: 32_767 }), "InvalidParameterValue");
    await check(entry({ RuleNumber: 1, Protocol: "6" }), "MissingParameter");
    await check(entry({ RuleNumber: 1, CidrBlock: "pl-63a5400a" }), "InvalidParameterValue", "not a valid CIDR block");
    const gone = { NetworkAclId: id.acl, RuleNumber: 7, Egress: true };
    await check(
      ec2.send(new sdk.DeleteNetworkAclEntryCommand(gone)),
      "InvalidNetworkAclEntry.NotFound",
      /egress entry/,
    );
  });
});

describe("addresses and gateways", () => {
  test("an Elastic IP of an instance is shown everywhere, and held", async () => {
    const { AssociationId } = await ec2.send(
      new sdk.AssociateAddressCommand({ AllocationId: id.allocation, InstanceId: id.instance }),
    );
    const { NetworkInterfaces } = await ec2.send(
      new sdk.DescribeNetworkInterfacesCommand({ NetworkInterfaceIds: [id.eni] }),
    );
    expect(NetworkInterfaces![0]!.Association).toMatchObject({ AllocationId: id.allocation, AssociationId });
    expect(NetworkInterfaces![0]!.Groups).toMatchObject([{ GroupName: "default" }]);
    const release = ec2.send(new sdk.ReleaseAddressCommand({ AllocationId: id.allocation }));
    await check(release, "InvalidIPAddress.InUse");
    await ec2.send(new sdk.DisassociateAddressCommand({ AssociationId }));
  });
  test("a NAT gateway comes with its interface and goes with it; its routes turn into blackholes", async () => {
    const { NatGateway } = await ec2.send(
      new sdk.CreateNatGatewayCommand({ SubnetId: id.subnet, AllocationId: id.allocation }),
    );
    expect(NatGateway).toMatchObject({ State: "pending", ConnectivityType: "public" });
    const NatGatewayId = NatGateway!.NatGatewayId!;
    await sdk.waitUntilNatGatewayAvailable({ client: ec2, maxWaitTime: 30 }, { NatGatewayIds: [NatGatewayId] });
    const [address] = NatGateway!.NatGatewayAddresses!;
    const holder = { NetworkInterfaceId: address!.NetworkInterfaceId };
    await check(ec2.send(new sdk.DeleteNetworkInterfaceCommand(holder)), "InvalidParameterValue", "currently in use");
    const { RouteTable } = await ec2.send(new sdk.CreateRouteTableCommand({ VpcId: id.vpc }));
    const { RouteTableId } = RouteTable!;
    await ec2.send(new sdk.CreateRouteCommand({ RouteTableId, DestinationCidrBlock: "0.0.0.0/0", NatGatewayId }));
    await ec2.send(new sdk.DeleteNatGatewayCommand({ NatGatewayId }));
    await sdk.waitUntilNatGatewayDeleted({ client: ec2, maxWaitTime: 30 }, { NatGatewayIds: [NatGatewayId] });
    const after = await ec2.send(new sdk.DescribeRouteTablesCommand({ RouteTableIds: [RouteTableId!] }));
    expect(after.RouteTables![0]!.Routes!.find((route) => route.NatGatewayId !== undefined)?.State).toBe("blackhole");
  });
  test("refused", async () => {
    await check(ec2.send(new sdk.CreateNatGatewayCommand({ SubnetId: id.subnet })), "MissingParameter");
    await check(
      ec2.send(new sdk.DeleteNatGatewayCommand({ NatGatewayId: "nat-0123456789abcdef0" })),
      "NatGatewayNotFound",
    );
    await check(
      ec2.send(new sdk.ReleaseAddressCommand({ AllocationId: "eipalloc-0123456789abcdef0" })),
      "InvalidAllocationID.NotFound",
      "The allocation ID 'eipalloc-0123456789abcdef0' does not exist",
    );
  });
});

describe("instances and interfaces", () => {
  test("protected against its end", async () => {
    const of = (Value: boolean) =>
      ec2.send(new sdk.ModifyInstanceAttributeCommand({ InstanceId: id.instance, DisableApiTermination: { Value } }));
    await of(true);
    await check(
      ec2.send(new sdk.TerminateInstancesCommand({ InstanceIds: [id.instance] })),
      "OperationNotPermitted",
      "Modify its 'disableApiTermination' instance attribute and try again.",
    );
    await of(false);
  });
  test("stops and starts", async () => {
    const InstanceIds = [id.instance];
    await ec2.send(new sdk.StopInstancesCommand({ InstanceIds }));
    await sdk.waitUntilInstanceStopped({ client: ec2, maxWaitTime: 30 }, { InstanceIds });
    await check(ec2.send(new sdk.RebootInstancesCommand({ InstanceIds })), "IncorrectInstanceState");
    await ec2.send(new sdk.StartInstancesCommand({ InstanceIds }));
    await sdk.waitUntilInstanceStatusOk({ client: ec2, maxWaitTime: 30 }, { InstanceIds });
  });
  test("a key that is made can be imported elsewhere under its fingerprint's kind", async () => {
    const made = await ec2.send(new sdk.CreateKeyPairCommand({ KeyName: "k", KeyType: "ed25519" }));
    expect(made.KeyMaterial).toMatch(/^-----BEGIN OPENSSH PRIVATE KEY-----/);
    const { KeyPairs } = await ec2.send(new sdk.DescribeKeyPairsCommand({ KeyNames: ["k"], IncludePublicKey: true }));
    const PublicKeyMaterial = Buffer.from(KeyPairs![0]!.PublicKey!);
    const imported = await ec2.send(new sdk.ImportKeyPairCommand({ KeyName: "k2", PublicKeyMaterial }));
    expect(imported.KeyFingerprint).toBe(made.KeyFingerprint);
    const bad = new sdk.ImportKeyPairCommand({ KeyName: "k3", PublicKeyMaterial: Buffer.from("ssh-rsa AAAA") });
    await check(ec2.send(bad), "InvalidKey.Format");
    await check(ec2.send(new sdk.CreateKeyPairCommand({ KeyName: "k" })), "InvalidKeyPair.Duplicate");
  });
});
