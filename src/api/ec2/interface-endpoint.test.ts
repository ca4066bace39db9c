/** Interface and Gateway Load Balancer endpoints and endpoint services, over real HTTP through the SDK. */

import * as sdk from "@aws-sdk/client-ec2";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createLoadBalancer } from "../../model/load-balancer.ts";
import { type ServedRegion, serveRegion } from "../testdata/served-region.ts";

let region: ServedRegion;
let ec2: sdk.EC2Client;
let account: string;

beforeAll(async () => {
  region = await serveRegion();
  account = region.freshAccount();
  ec2 = region.ec2(account);
});

afterAll(async () => {
  expect(region.faults).toEqual([]);
  await region[Symbol.asyncDispose]();
});

interface Place {
  readonly vpcId: string;
  readonly subnetIds: readonly string[];
}

/** A VPC with host names and a subnet in each of three zones. */
async function place(client = ec2): Promise<Place> {
  const { Vpc } = await client.send(new sdk.CreateVpcCommand({ CidrBlock: "10.0.0.0/16" }));
  const vpcId = Vpc!.VpcId!;
  await client.send(new sdk.ModifyVpcAttributeCommand({ VpcId: vpcId, EnableDnsHostnames: { Value: true } }));
  const subnetIds: string[] = [];
  for (const [at, zone] of ["c", "a", "b"].entries()) {
    const made = await client.send(
      new sdk.CreateSubnetCommand({
        VpcId: vpcId,
        CidrBlock: `10.0.${at}.0/24`,
        AvailabilityZone: `us-east-1${zone}`,
      }),
    );
    subnetIds.push(made.Subnet!.SubnetId!);
  }
  return { vpcId, subnetIds };
}

async function newEndpoint(input: Partial<sdk.CreateVpcEndpointRequest> & { VpcId: string }, client = ec2) {
  const made = await client.send(
    new sdk.CreateVpcEndpointCommand({ VpcEndpointType: "Interface", ServiceName: `${prefix}.ecr.api`, ...input }),
  );
  return made.VpcEndpoint!;
}

async function seen(id: string, client = ec2): Promise<sdk.VpcEndpoint> {
  const { VpcEndpoints } = await client.send(new sdk.DescribeVpcEndpointsCommand({ VpcEndpointIds: [id] }));
  return VpcEndpoints![0]!;
}

async function newBalancer(client: string, where: Place, name: string): Promise<string> {
  const made = await region.control.run(
    (state, context) =>
      createLoadBalancer(
        state,
        {
          kind: "network",
          name,
          scheme: "internal",
          subnets: where.subnetIds.map((subnetId) => ({ subnetId })),
          securityGroupIds: [],
          tags: [],
        },
        context,
      ),
    { accountId: client, region: "us-east-1" },
  );
  if (!made.ok) throw new Error(made.error.code);
  return made.value.id;
}

const prefix = "com.amazonaws.us-east-1";

test("an interface endpoint is shown as AWS shows it", async () => {
  const { vpcId, subnetIds } = await place();
  const made = await newEndpoint({ VpcId: vpcId, SubnetIds: subnetIds.slice(0, 2) as string[] });
  expect(made.State).toBe("pending");
  const id = made.VpcEndpointId!;
  const endpoint = await seen(id);
  const label = /^(vpce-[0-9a-f]{17}-[0-9a-z]{8})\./.exec(endpoint.DnsEntries![0]!.DnsName!)?.[1];
  const { SecurityGroups } = await ec2.send(
    new sdk.DescribeSecurityGroupsCommand({ Filters: [{ Name: "vpc-id", Values: [vpcId] }] }),
  );
  expect(endpoint).toEqual({
    VpcEndpointId: id,
    VpcEndpointType: "Interface",
    VpcId: vpcId,
    ServiceName: `${prefix}.ecr.api`,
    State: "available",
    PolicyDocument:
      '{\n  "Statement": [\n    {\n      "Action": "*",\n      "Effect": "Allow",\n      "Principal": "*",\n      "Resource": "*"\n    }\n  ]\n}',
    RouteTableIds: [],
    SubnetIds: subnetIds.slice(0, 2),
    Groups: [{ GroupId: SecurityGroups![0]!.GroupId, GroupName: "default" }],
    IpAddressType: "ipv4",
    DnsOptions: { DnsRecordIpType: "ipv4" },
    PrivateDnsEnabled: true,
    RequesterManaged: false,
    NetworkInterfaceIds: endpoint.NetworkInterfaceIds,
    DnsEntries: [
      { DnsName: `${label}.api.ecr.us-east-1.vpce.amazonaws.com`, HostedZoneId: "Z7HUB22UULQXV" },
      { DnsName: `${label}-us-east-1c.api.ecr.us-east-1.vpce.amazonaws.com`, HostedZoneId: "Z7HUB22UULQXV" },
      { DnsName: `${label}-us-east-1a.api.ecr.us-east-1.vpce.amazonaws.com`, HostedZoneId: "Z7HUB22UULQXV" },
      { DnsName: "api.ecr.us-east-1.amazonaws.com", HostedZoneId: expect.stringMatching(/^Z[0-9A-Z]+$/) },
    ],
    CreationTimestamp: endpoint.CreationTimestamp,
    Tags: [],
    OwnerId: account,
    ServiceRegion: "us-east-1",
  });
  const { NetworkInterfaces } = await ec2.send(
    new sdk.DescribeNetworkInterfacesCommand({ NetworkInterfaceIds: endpoint.NetworkInterfaceIds! }),
  );
  expect(NetworkInterfaces![0]).toMatchObject({
    InterfaceType: "vpc_endpoint",
    Description: `VPC Endpoint Interface ${id}`,
    RequesterManaged: true,
    SourceDestCheck: true,
    Status: "in-use",
    Attachment: { InstanceOwnerId: "amazon-aws", DeviceIndex: 1, DeleteOnTermination: false, Status: "attached" },
    TagSet: [],
    Operator: { Managed: false },
  });
  expect(NetworkInterfaces![0]!.Attachment!.AttachmentId).toMatch(/^ela-attach-[0-9a-f]{17}$/);
});

test("subnets, groups and private DNS change, and all goes with the endpoint", async () => {
  const { vpcId, subnetIds } = await place();
  const [one, two, three] = subnetIds as [string, string, string];
  const group = await ec2.send(
    new sdk.CreateSecurityGroupCommand({ VpcId: vpcId, GroupName: "web", Description: "web" }),
  );
  const GroupId = group.GroupId!;
  const id = (
    await newEndpoint({
      VpcId: vpcId,
      SecurityGroupIds: [GroupId],
      SubnetConfigurations: [{ SubnetId: one, Ipv4: "10.0.0.9" }],
      PrivateDnsEnabled: false,
    })
  ).VpcEndpointId!;
  const modify = (more: Partial<sdk.ModifyVpcEndpointRequest>) =>
    ec2.send(new sdk.ModifyVpcEndpointCommand({ VpcEndpointId: id, ...more }));
  await modify({ AddSubnetIds: [two, three], RemoveSubnetIds: [one], PrivateDnsEnabled: true, PolicyDocument: deny });
  const changed = await seen(id);
  expect(changed.SubnetIds).toEqual([two, three]);
  expect(changed.NetworkInterfaceIds).toHaveLength(2);
  expect(changed.DnsEntries!.map((entry) => entry.DnsName)).toContain("api.ecr.us-east-1.amazonaws.com");
  expect(changed.PolicyDocument).toBe(deny);
  await modify({ ResetPolicy: true, PrivateDnsEnabled: false });
  expect((await seen(id)).PolicyDocument).toContain('"Action": "*"');
  await expect(ec2.send(new sdk.DeleteSecurityGroupCommand({ GroupId }))).rejects.toMatchObject({
    name: "DependencyViolation",
    message: `resource ${GroupId} has a dependent object`,
  });
  await expect(ec2.send(new sdk.DeleteSubnetCommand({ SubnetId: two }))).rejects.toMatchObject({
    message: `The subnet '${two}' has dependencies and cannot be deleted.`,
  });
  const gone = await ec2.send(new sdk.DeleteVpcEndpointsCommand({ VpcEndpointIds: [id] }));
  expect(gone.Unsuccessful).toEqual([]);
  await ec2.send(new sdk.DeleteSecurityGroupCommand({ GroupId }));
  for (const SubnetId of subnetIds) await ec2.send(new sdk.DeleteSubnetCommand({ SubnetId }));
  await ec2.send(new sdk.DeleteVpcCommand({ VpcId: vpcId }));
});

const deny = '{"Statement":[{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*"}]}';

test("S3 has names of its own, and its private names need a gateway endpoint unless it is said otherwise", async () => {
  const { vpcId, subnetIds } = await place();
  const ServiceName = `${prefix}.s3`;
  const asked = { VpcId: vpcId, ServiceName, SubnetIds: [subnetIds[0]!], PrivateDnsEnabled: true };
  await expect(newEndpoint(asked)).rejects.toMatchObject({
    message: `To set PrivateDnsOnlyForInboundResolverEndpoint to true, the VPC ${vpcId} must have a Gateway endpoint for the service.`,
  });
  await newEndpoint({ VpcId: vpcId, ServiceName, VpcEndpointType: "Gateway" });
  const made = await newEndpoint(asked);
  const endpoint = await seen(made.VpcEndpointId!);
  expect(endpoint.DnsEntries![0]!.DnsName).toMatch(/^\*\.vpce-[0-9a-z-]+\.s3\.us-east-1\.vpce\.amazonaws\.com$/);
  expect(endpoint.DnsOptions).toEqual({ DnsRecordIpType: "ipv4", PrivateDnsOnlyForInboundResolverEndpoint: true });
  await ec2.send(
    new sdk.ModifyVpcEndpointCommand({
      VpcEndpointId: endpoint.VpcEndpointId!,
      DnsOptions: { PrivateDnsOnlyForInboundResolverEndpoint: false },
    }),
  );
  const { DnsOptions } = await seen(endpoint.VpcEndpointId!);
  expect(DnsOptions!.PrivateDnsOnlyForInboundResolverEndpoint).toBe(false);
});

test("a service of one account takes endpoints of another once they are allowed and accepted", async () => {
  const consumerAccount = region.freshAccount();
  const consumer = region.ec2(consumerAccount);
  const [home, away] = [await place(), await place(consumer)];
  const arn = await newBalancer(account, home, "front");
  const { ServiceConfiguration: service } = await ec2.send(
    new sdk.CreateVpcEndpointServiceConfigurationCommand({
      NetworkLoadBalancerArns: [arn],
      AcceptanceRequired: true,
      PrivateDnsName: "api.example.com",
      TagSpecifications: [{ ResourceType: "vpc-endpoint-service", Tags: [{ Key: "Name", Value: "front" }] }],
    }),
  );
  const ServiceId = service!.ServiceId!;
  const ServiceName = `com.amazonaws.vpce.us-east-1.${ServiceId}`;
  expect(service).toMatchObject({
    ServiceName,
    ServiceState: "Available",
    ServiceType: [{ ServiceType: "Interface" }],
    AvailabilityZones: ["us-east-1a", "us-east-1b", "us-east-1c"],
    BaseEndpointDnsNames: [`${ServiceId}.us-east-1.vpce.amazonaws.com`],
    NetworkLoadBalancerArns: [arn],
    PrivateDnsNameConfiguration: { State: "pendingVerification", Type: "TXT", Value: expect.stringMatching(/^vpce:/) },
    SupportedRegions: [{ Region: "us-east-1", ServiceState: "Available" }],
    RemoteAccessEnabled: false,
    Tags: [{ Key: "Name", Value: "front" }],
  });
  const wanted = { VpcId: away.vpcId, ServiceName, SubnetIds: [away.subnetIds[0]!] };
  await expect(newEndpoint(wanted, consumer)).rejects.toMatchObject({
    name: "InvalidServiceName",
    message: `The Vpc Endpoint Service '${ServiceName}' does not exist`,
  });
  const allowed = await ec2.send(
    new sdk.ModifyVpcEndpointServicePermissionsCommand({
      ServiceId,
      AddAllowedPrincipals: [`arn:aws:iam::${consumerAccount}:root`],
    }),
  );
  const permission = allowed.AddedPrincipals![0]!;
  expect(permission).toMatchObject({ PrincipalType: "Account", ServiceId });
  const shown = await ec2.send(new sdk.DescribeVpcEndpointServicePermissionsCommand({ ServiceId }));
  expect(shown.AllowedPrincipals).toEqual([{ ...permission, Tags: [] }]);
  const listed = await consumer.send(new sdk.DescribeVpcEndpointServicesCommand({ ServiceNames: [ServiceName] }));
  expect(listed.ServiceDetails![0]).toMatchObject({ Owner: account, AcceptanceRequired: true, Tags: [] });

  const endpoint = await newEndpoint(wanted, consumer);
  expect(endpoint.State).toBe("pendingAcceptance");
  const id = endpoint.VpcEndpointId!;
  const connections = async () =>
    (
      await ec2.send(
        new sdk.DescribeVpcEndpointConnectionsCommand({ Filters: [{ Name: "service-id", Values: [ServiceId] }] }),
      )
    ).VpcEndpointConnections!;
  expect(await connections()).toMatchObject([
    { VpcEndpointId: id, VpcEndpointOwner: consumerAccount, VpcEndpointState: "pendingAcceptance" },
  ]);
  const both = { ServiceId, VpcEndpointIds: [id] };
  expect((await ec2.send(new sdk.AcceptVpcEndpointConnectionsCommand(both))).Unsuccessful).toEqual([]);
  expect((await seen(id, consumer)).State).toBe("available");

  const enable = () => consumer.send(new sdk.ModifyVpcEndpointCommand({ VpcEndpointId: id, PrivateDnsEnabled: true }));
  await expect(enable()).rejects.toMatchObject({ name: "InvalidParameter" });
  await ec2.send(new sdk.StartVpcEndpointServicePrivateDnsVerificationCommand({ ServiceId }));
  await enable();
  expect((await seen(id, consumer)).DnsEntries!.at(-1)!.DnsName).toBe("api.example.com");

  const refused = await ec2.send(new sdk.DeleteVpcEndpointServiceConfigurationsCommand({ ServiceIds: [ServiceId] }));
  expect(refused.Unsuccessful).toMatchObject([
    { ResourceId: ServiceId, Error: { Code: "ExistingVpcEndpointConnections" } },
  ]);
  await ec2.send(new sdk.RejectVpcEndpointConnectionsCommand(both));
  expect((await seen(id, consumer)).State).toBe("rejected");
  await consumer.send(new sdk.DeleteVpcEndpointsCommand({ VpcEndpointIds: [id] }));
  expect(await connections()).toEqual([]);
  const gone = await ec2.send(new sdk.DeleteVpcEndpointServiceConfigurationsCommand({ ServiceIds: [ServiceId] }));
  expect(gone.Unsuccessful).toEqual([]);
  await expect(
    ec2.send(new sdk.DescribeVpcEndpointServiceConfigurationsCommand({ ServiceIds: [ServiceId] })),
  ).rejects.toMatchObject({ name: "InvalidVpcEndpointServiceId.NotFound" });
});

test("notifications of connections", async () => {
  const { vpcId } = await place();
  const { VpcEndpointId } = await newEndpoint({ VpcId: vpcId });
  const ConnectionNotificationArn = `arn:aws:sns:us-east-1:${account}:events`;
  const { ConnectionNotification: made } = await ec2.send(
    new sdk.CreateVpcEndpointConnectionNotificationCommand({
      VpcEndpointId: VpcEndpointId!,
      ConnectionNotificationArn,
      ConnectionEvents: ["Accept", "Reject"],
    }),
  );
  const ConnectionNotificationId = made!.ConnectionNotificationId!;
  expect(made).toEqual({
    ConnectionNotificationId,
    VpcEndpointId,
    ConnectionNotificationType: "Topic",
    ConnectionNotificationArn,
    ConnectionEvents: ["Accept", "Reject"],
    ConnectionNotificationState: "Enabled",
  });
  await ec2.send(
    new sdk.ModifyVpcEndpointConnectionNotificationCommand({ ConnectionNotificationId, ConnectionEvents: ["Delete"] }),
  );
  const describe = () =>
    ec2.send(new sdk.DescribeVpcEndpointConnectionNotificationsCommand({ ConnectionNotificationId }));
  expect((await describe()).ConnectionNotificationSet![0]!.ConnectionEvents).toEqual(["Delete"]);
  const ConnectionNotificationIds = [ConnectionNotificationId, "vpce-nfn-0123456789abcdef0"];
  const gone = await ec2.send(new sdk.DeleteVpcEndpointConnectionNotificationsCommand({ ConnectionNotificationIds }));
  expect(gone.Unsuccessful).toMatchObject([{ Error: { Code: "InvalidConnectionNotification" } }]);
  await expect(describe()).rejects.toMatchObject({ name: "InvalidConnectionNotification" });
});

test("no more endpoints than the quota", async () => {
  const { vpcId } = await place();
  for (let at = 0; at < 50; at++) await newEndpoint({ VpcId: vpcId, PrivateDnsEnabled: false });
  await expect(newEndpoint({ VpcId: vpcId, PrivateDnsEnabled: false })).rejects.toMatchObject({
    name: "VpcEndpointLimitExceeded",
  });
});
