/** ELBv2 over real HTTP, with the SDK: what is made, shown, refused and deleted. */

import {
  AssociateVpcCidrBlockCommand,
  AuthorizeSecurityGroupIngressCommand,
  CreateSecurityGroupCommand,
  AttachInternetGatewayCommand,
  CreateInternetGatewayCommand,
  CreateSubnetCommand,
  CreateVpcCommand,
  DeleteSubnetCommand,
  DescribeNetworkInterfacesCommand,
  RunInstancesCommand,
} from "@aws-sdk/client-ec2";
import * as sdk from "@aws-sdk/client-elastic-load-balancing-v2";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ServedRegion, serveRegion } from "../testdata/served-region.ts";
import { elbv2Service } from "./service.ts";

let region: ServedRegion;

beforeAll(async () => {
  region = await serveRegion({ services: [elbv2Service] });
});

afterAll(async () => {
  expect(region.faults).toEqual([]);
  await region[Symbol.asyncDispose]();
});

interface World {
  readonly account: string;
  readonly elb: sdk.ElasticLoadBalancingV2Client;
  readonly ec2: ReturnType<ServedRegion["ec2"]>;
  readonly vpc: string;
  readonly subnets: readonly string[];
}

/** A VPC with three subnets, the first and the last in one zone. */
async function world(): Promise<World> {
  const account = region.freshAccount();
  const ec2 = region.ec2(account);
  const elb = new sdk.ElasticLoadBalancingV2Client({
    endpoint: region.url,
    region: "us-east-1",
    maxAttempts: 1,
    credentials: { accessKeyId: account, secretAccessKey: "test" },
  });
  const { Vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock: "10.0.0.0/16" }));
  const vpc = Vpc!.VpcId!;
  const subnets: string[] = [];
  for (const [at, zone] of ["a", "b", "a"].entries()) {
    const wanted = { VpcId: vpc, CidrBlock: `10.0.${at}.0/24`, AvailabilityZone: `us-east-1${zone}` };
    subnets.push((await ec2.send(new CreateSubnetCommand(wanted))).Subnet!.SubnetId!);
  }
  return { account, elb, ec2, vpc, subnets };
}

async function balancer(at: World, more: Partial<sdk.CreateLoadBalancerCommandInput> = {}): Promise<sdk.LoadBalancer> {
  const wanted = {
    Name: "web",
    Type: "network",
    Scheme: "internal",
    Subnets: at.subnets.slice(0, 2),
    ...more,
  } as const;
  return (await at.elb.send(new sdk.CreateLoadBalancerCommand(wanted))).LoadBalancers![0]!;
}

async function group(at: World, more: Partial<sdk.CreateTargetGroupCommandInput> = {}): Promise<sdk.TargetGroup> {
  const wanted = { Name: "back", Protocol: "TCP", Port: 80, VpcId: at.vpc, TargetType: "ip", ...more } as const;
  return (await at.elb.send(new sdk.CreateTargetGroupCommand(wanted))).TargetGroups![0]!;
}

const forward = (arn: string | undefined): sdk.Action[] => [{ Type: "forward", TargetGroupArn: arn }];

test("a load balancer finds no address in a subnet of IPv6 alone", async () => {
  const at = await world();
  const { Ipv6CidrBlockAssociation: given } = await at.ec2.send(
    new AssociateVpcCidrBlockCommand({ VpcId: at.vpc, AmazonProvidedIpv6CidrBlock: true }),
  );
  const Ipv6CidrBlock = given!.Ipv6CidrBlock!.replace("/56", "/64");
  const { Subnet } = await at.ec2.send(
    new CreateSubnetCommand({ VpcId: at.vpc, Ipv6Native: true, Ipv6CidrBlock, AvailabilityZone: "us-east-1c" }),
  );
  const [first] = at.subnets;
  await expect(balancer(at, { Subnets: [first!, Subnet!.SubnetId!] })).rejects.toMatchObject({
    name: "InvalidSubnetException",
    message: `The specified subnet '${Subnet!.SubnetId}' is out of available addresses.`,
  });
});

test("a network load balancer from its making to its end", async () => {
  const at = await world();
  const made = await balancer(at, { Tags: [{ Key: "Name", Value: "front" }] });
  expect(made.State).toEqual({ Code: "provisioning" });
  await sdk.waitUntilLoadBalancerAvailable(
    { client: at.elb, maxWaitTime: 30 },
    { LoadBalancerArns: [made.LoadBalancerArn!] },
  );
  const { LoadBalancers: shown } = await at.elb.send(new sdk.DescribeLoadBalancersCommand({ Names: ["web"] }));
  const hex = made.LoadBalancerArn!.slice(-16);
  expect(shown).toEqual([
    {
      LoadBalancerArn: `arn:aws:elasticloadbalancing:us-east-1:${at.account}:loadbalancer/net/web/${hex}`,
      LoadBalancerName: "web",
      DNSName: `web-${hex}.elb.us-east-1.amazonaws.com`,
      CanonicalHostedZoneId: "Z26RNL4JYFTOTI",
      CreatedTime: expect.any(Date),
      VpcId: at.vpc,
      Scheme: "internal",
      Type: "network",
      State: { Code: "active" },
      IpAddressType: "ipv4",
      EnablePrefixForIpv6SourceNat: "off",
      AvailabilityZones: [
        { ZoneName: "us-east-1a", SubnetId: at.subnets[0], LoadBalancerAddresses: [] },
        { ZoneName: "us-east-1b", SubnetId: at.subnets[1], LoadBalancerAddresses: [] },
      ],
    },
  ]);
  const interfaces = async () =>
    (
      await at.ec2.send(
        new DescribeNetworkInterfacesCommand({ Filters: [{ Name: "description", Values: [`ELB net/web/${hex}`] }] }),
      )
    ).NetworkInterfaces!;
  expect((await interfaces()).map((one) => one.SubnetId).sort()).toEqual(at.subnets.slice(0, 2).sort());
  await expect(at.ec2.send(new DeleteSubnetCommand({ SubnetId: at.subnets[0] }))).rejects.toMatchObject({
    name: "DependencyViolation",
  });
  const { TagDescriptions } = await at.elb.send(new sdk.DescribeTagsCommand({ ResourceArns: [made.LoadBalancerArn!] }));
  expect(TagDescriptions).toEqual([{ ResourceArn: made.LoadBalancerArn, Tags: [{ Key: "Name", Value: "front" }] }]);
  await at.elb.send(new sdk.DeleteLoadBalancerCommand({ LoadBalancerArn: made.LoadBalancerArn! }));
  await sdk.waitUntilLoadBalancersDeleted(
    { client: at.elb, maxWaitTime: 30 },
    { LoadBalancerArns: [made.LoadBalancerArn!] },
  );
  expect(await interfaces()).toEqual([]);
  // Gone already is no failure.
  await at.elb.send(new sdk.DeleteLoadBalancerCommand({ LoadBalancerArn: made.LoadBalancerArn! }));
});

test("target group, targets, listener and health", async () => {
  const at = await world();
  const { LoadBalancerArn } = await balancer(at);
  const made = await group(at);
  expect(made).toEqual({
    TargetGroupArn: expect.stringMatching(
      `^arn:aws:elasticloadbalancing:us-east-1:${at.account}:targetgroup/back/[0-9a-f]{16}$`,
    ),
    TargetGroupName: "back",
    Protocol: "TCP",
    Port: 80,
    VpcId: at.vpc,
    TargetType: "ip",
    IpAddressType: "ipv4",
    HealthCheckProtocol: "TCP",
    HealthCheckPort: "traffic-port",
    HealthCheckEnabled: true,
    HealthCheckIntervalSeconds: 30,
    HealthCheckTimeoutSeconds: 10,
    HealthyThresholdCount: 5,
    UnhealthyThresholdCount: 2,
    LoadBalancerArns: [],
  });
  const { TargetGroupArn } = made;
  await at.elb.send(new sdk.RegisterTargetsCommand({ TargetGroupArn, Targets: [{ Id: "10.0.0.77" }] }));
  const health = async () =>
    (await at.elb.send(new sdk.DescribeTargetHealthCommand({ TargetGroupArn }))).TargetHealthDescriptions;
  expect(await health()).toEqual([
    {
      Target: { Id: "10.0.0.77", Port: 80 },
      HealthCheckPort: "80",
      TargetHealth: {
        State: "unused",
        Reason: "Target.NotInUse",
        Description: "Target group is not configured to receive traffic from the load balancer",
      },
    },
  ]);
  const { Listeners } = await at.elb.send(
    new sdk.CreateListenerCommand({
      LoadBalancerArn,
      Protocol: "TCP",
      Port: 443,
      DefaultActions: forward(TargetGroupArn),
    }),
  );
  expect(Listeners).toEqual([
    {
      ListenerArn: expect.stringMatching(/:listener\/net\/web\/[0-9a-f]{16}\/[0-9a-f]{16}$/),
      LoadBalancerArn,
      Port: 443,
      Protocol: "TCP",
      DefaultActions: [
        {
          Type: "forward",
          TargetGroupArn,
          ForwardConfig: { TargetGroups: [{ TargetGroupArn }], TargetGroupStickinessConfig: { Enabled: false } },
        },
      ],
    },
  ]);
  await sdk.waitUntilTargetInService({ client: at.elb, maxWaitTime: 30 }, { TargetGroupArn });
  expect(await health()).toMatchObject([{ TargetHealth: { State: "healthy" } }]);
  await expect(at.elb.send(new sdk.DeleteTargetGroupCommand({ TargetGroupArn }))).rejects.toMatchObject({
    name: "ResourceInUseException",
    message: `Target group '${TargetGroupArn}' is currently in use by a listener or a rule`,
  });
  await at.elb.send(new sdk.DeregisterTargetsCommand({ TargetGroupArn, Targets: [{ Id: "10.0.0.77" }] }));
  expect(await health()).toEqual([]);
  await at.elb.send(new sdk.DeleteListenerCommand({ ListenerArn: Listeners![0]!.ListenerArn }));
  await at.elb.send(new sdk.DeleteTargetGroupCommand({ TargetGroupArn }));
  expect((await at.elb.send(new sdk.DescribeTargetGroupsCommand({}))).TargetGroups).toEqual([]);
});

test("the same call again answers the same load balancer and group", async () => {
  const at = await world();
  expect((await balancer(at)).LoadBalancerArn).toBe((await balancer(at)).LoadBalancerArn);
  expect((await group(at)).TargetGroupArn).toBe((await group(at)).TargetGroupArn);
});

test("attributes have AWS's first values and keep what is set", async () => {
  const at = await world();
  const { LoadBalancerArn } = await balancer(at);
  const wanted = [{ Key: "deletion_protection.enabled", Value: "true" }];
  await at.elb.send(new sdk.ModifyLoadBalancerAttributesCommand({ LoadBalancerArn, Attributes: wanted }));
  const { Attributes } = await at.elb.send(new sdk.DescribeLoadBalancerAttributesCommand({ LoadBalancerArn }));
  expect(Attributes).toContainEqual(wanted[0]);
  expect(Attributes).toContainEqual({ Key: "load_balancing.cross_zone.enabled", Value: "false" });
  await expect(at.elb.send(new sdk.DeleteLoadBalancerCommand({ LoadBalancerArn }))).rejects.toMatchObject({
    name: "OperationNotPermittedException",
    message: `Load balancer '${LoadBalancerArn}' cannot be deleted because deletion protection is enabled`,
  });
  const { TargetGroupArn } = await group(at);
  const shown = await at.elb.send(new sdk.DescribeTargetGroupAttributesCommand({ TargetGroupArn }));
  expect(Object.fromEntries(shown.Attributes!.map((one) => [one.Key, one.Value]))).toMatchObject({
    "deregistration_delay.timeout_seconds": "300",
    "preserve_client_ip.enabled": "false",
    "proxy_protocol_v2.enabled": "false",
    "stickiness.type": "source_ip",
  });
});

test("subnets can be moved; interfaces of those that stay are kept", async () => {
  const at = await world();
  const { LoadBalancerArn } = await balancer(at);
  const moved = await at.elb.send(new sdk.SetSubnetsCommand({ LoadBalancerArn, Subnets: at.subnets.slice(1) }));
  expect(moved.AvailabilityZones!.map((one) => one.SubnetId)).toEqual(at.subnets.slice(1));
  const { NetworkInterfaces } = await at.ec2.send(new DescribeNetworkInterfacesCommand({}));
  expect(NetworkInterfaces!.map((one) => one.SubnetId).sort()).toEqual(at.subnets.slice(1).sort());
});

test("one that faces the internet has public addresses", async () => {
  const at = await world();
  await expect(balancer(at, { Scheme: "internet-facing" })).rejects.toMatchObject({
    name: "InvalidSubnetException",
    message: `VPC ${at.vpc} has no internet gateway`,
  });
  const { InternetGateway } = await at.ec2.send(new CreateInternetGatewayCommand({}));
  const { InternetGatewayId } = InternetGateway!;
  await at.ec2.send(new AttachInternetGatewayCommand({ InternetGatewayId, VpcId: at.vpc }));
  await balancer(at, { Scheme: "internet-facing" });
  const { NetworkInterfaces } = await at.ec2.send(new DescribeNetworkInterfacesCommand({}));
  expect(NetworkInterfaces!.map((one) => typeof one.Association?.PublicIp)).toEqual(["string", "string"]);
});

test("security groups: only for one that was made with them", async () => {
  const at = await world();
  const made = await at.ec2.send(
    new CreateSecurityGroupCommand({ GroupName: "front", Description: "front", VpcId: at.vpc }),
  );
  const GroupId = made.GroupId!;
  await at.ec2.send(
    new AuthorizeSecurityGroupIngressCommand({
      GroupId,
      IpProtocol: "tcp",
      FromPort: 80,
      ToPort: 80,
      CidrIp: "10.0.0.0/8",
    }),
  );
  const grouped = await balancer(at, { SecurityGroups: [GroupId] });
  expect(grouped).toMatchObject({
    SecurityGroups: [GroupId],
    EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic: "on",
  });
  const bare = await balancer(at, { Name: "bare" });
  await expect(
    at.elb.send(new sdk.SetSecurityGroupsCommand({ LoadBalancerArn: bare.LoadBalancerArn, SecurityGroups: [GroupId] })),
  ).rejects.toMatchObject({ name: "InvalidConfigurationRequestException" });
});

test("a gateway load balancer listens without a port", async () => {
  const at = await world();
  const { LoadBalancerArn, ...shown } = await balancer(at, { Type: "gateway", Scheme: undefined });
  expect(LoadBalancerArn).toContain(":loadbalancer/gwy/web/");
  expect(shown).not.toHaveProperty("DNSName");
  const { TargetGroupArn } = await group(at, { Protocol: "GENEVE", Port: 6081 });
  const { Listeners } = await at.elb.send(
    new sdk.CreateListenerCommand({ LoadBalancerArn, DefaultActions: forward(TargetGroupArn) }),
  );
  expect(Listeners![0]).not.toHaveProperty("Port");
});

test("instances as targets", async () => {
  const at = await world();
  const { Instances } = await at.ec2.send(
    new RunInstancesCommand({ ImageId: "ami-1", MinCount: 1, MaxCount: 1, SubnetId: at.subnets[0] }),
  );
  const Id = Instances![0]!.InstanceId!;
  const { TargetGroupArn } = await group(at, { TargetType: "instance" });
  await at.elb.send(new sdk.RegisterTargetsCommand({ TargetGroupArn, Targets: [{ Id }] }));
  const shown = await at.elb.send(new sdk.DescribeTargetHealthCommand({ TargetGroupArn }));
  expect(shown.TargetHealthDescriptions).toMatchObject([{ Target: { Id, Port: 80 } }]);
});

describe("refused", () => {
  interface Refused {
    readonly when: string;
    readonly code: string;
    readonly text?: RegExp;
    readonly send: (at: World) => Promise<unknown>;
  }
  const bad = (resource: string): string => `arn:aws:elasticloadbalancing:us-east-1:000000000000:${resource}`;
  const cases: readonly Refused[] = [
    {
      when: "an application load balancer",
      code: "UnsupportedOperation",
      send: (at) => balancer(at, { Type: "application" }),
    },
    {
      when: "a long name",
      code: "ValidationError",
      text: /longer than '32'/,
      send: (at) => balancer(at, { Name: "x".repeat(33) }),
    },
    { when: "a hyphen at the end", code: "ValidationError", send: (at) => balancer(at, { Name: "web-" }) },
    { when: "a reserved name", code: "ValidationError", send: (at) => balancer(at, { Name: "internal-web" }) },
    { when: "no subnet", code: "ValidationError", send: (at) => balancer(at, { Subnets: [] }) },
    {
      when: "a subnet that is not there",
      code: "SubnetNotFoundException",
      send: (at) => balancer(at, { Subnets: ["subnet-00000000"] }),
    },
    {
      when: "two subnets of one zone",
      code: "InvalidConfigurationRequestException",
      text: /same Availability Zone/,
      send: (at) => balancer(at, { Subnets: [...at.subnets] }),
    },
    {
      when: "a name with other settings",
      code: "DuplicateLoadBalancerNameException",
      send: async (at) => {
        await balancer(at);
        await balancer(at, { Subnets: at.subnets.slice(0, 1) });
      },
    },
    {
      when: "an ARN that is none",
      code: "ValidationError",
      send: (at) => at.elb.send(new sdk.DescribeLoadBalancersCommand({ LoadBalancerArns: ["x"] })),
    },
    {
      when: "a load balancer that is not there",
      code: "LoadBalancerNotFoundException",
      send: (at) =>
        at.elb.send(
          new sdk.DescribeLoadBalancersCommand({ LoadBalancerArns: [bad("loadbalancer/net/web/0123456789abcdef")] }),
        ),
    },
    {
      when: "another's load balancer",
      code: "LoadBalancerNotFoundException",
      send: async (at) => {
        const other = await balancer(await world());
        await at.elb.send(new sdk.DescribeListenersCommand({ LoadBalancerArn: other.LoadBalancerArn }));
      },
    },
    {
      when: "a target group that is not there",
      code: "TargetGroupNotFoundException",
      send: (at) =>
        at.elb.send(new sdk.DescribeTargetHealthCommand({ TargetGroupArn: bad("targetgroup/x/0123456789abcdef") })),
    },
    {
      when: "a listener that is not there",
      code: "ListenerNotFoundException",
      send: (at) =>
        at.elb.send(
          new sdk.DeleteListenerCommand({ ListenerArn: bad("listener/net/x/0123456789abcdef/0123456789abcdef") }),
        ),
    },
    {
      when: "an attribute that is none",
      code: "ValidationError",
      send: async (at) => {
        const { LoadBalancerArn } = await balancer(at);
        await at.elb.send(
          new sdk.ModifyLoadBalancerAttributesCommand({
            LoadBalancerArn,
            Attributes: [{ Key: "idle_timeout.timeout_seconds", Value: "60" }],
          }),
        );
      },
    },
    { when: "a group of HTTP", code: "UnsupportedOperation", send: (at) => group(at, { Protocol: "HTTP" }) },
    { when: "a group in no VPC", code: "ValidationError", send: (at) => group(at, { VpcId: "vpc-00000000" }) },
    {
      when: "a timeout above the interval",
      code: "ValidationError",
      send: (at) => group(at, { HealthCheckIntervalSeconds: 10, HealthCheckTimeoutSeconds: 20 }),
    },
    {
      when: "a public address as target",
      code: "ValidationError",
      send: async (at) => {
        const { TargetGroupArn } = await group(at);
        await at.elb.send(new sdk.RegisterTargetsCommand({ TargetGroupArn, Targets: [{ Id: "8.8.8.8" }] }));
      },
    },
    {
      when: "an instance that is none",
      code: "InvalidTargetException",
      send: async (at) => {
        const { TargetGroupArn } = await group(at, { TargetType: "instance" });
        await at.elb.send(new sdk.RegisterTargetsCommand({ TargetGroupArn, Targets: [{ Id: "i-00000000" }] }));
      },
    },
    {
      when: "protocols that do not fit",
      code: "InvalidConfigurationRequestException",
      text: /Listener protocol 'UDP' is not supported/,
      send: async (at) => {
        const { LoadBalancerArn } = await balancer(at);
        const { TargetGroupArn } = await group(at);
        await at.elb.send(
          new sdk.CreateListenerCommand({
            LoadBalancerArn,
            Protocol: "UDP",
            Port: 80,
            DefaultActions: forward(TargetGroupArn),
          }),
        );
      },
    },
    {
      when: "a port that is taken",
      code: "DuplicateListenerException",
      send: async (at) => {
        const { LoadBalancerArn } = await balancer(at);
        const { TargetGroupArn } = await group(at);
        const once = { LoadBalancerArn, Protocol: "TCP", Port: 80, DefaultActions: forward(TargetGroupArn) } as const;
        await at.elb.send(new sdk.CreateListenerCommand(once));
        await at.elb.send(new sdk.CreateListenerCommand(once));
      },
    },
    {
      when: "a group of another load balancer",
      code: "TargetGroupAssociationLimitException",
      send: async (at) => {
        const { TargetGroupArn } = await group(at);
        for (const Name of ["one", "two"]) {
          const { LoadBalancerArn } = await balancer(at, { Name });
          await at.elb.send(
            new sdk.CreateListenerCommand({
              LoadBalancerArn,
              Protocol: "TCP",
              Port: 80,
              DefaultActions: forward(TargetGroupArn),
            }),
          );
        }
      },
    },
    {
      when: "an operation that is known but not served",
      code: "UnsupportedOperation",
      send: (at) => at.elb.send(new sdk.DescribeRulesCommand({ RuleArns: ["x"] })),
    },
  ];
  test.each(cases)("$when", async ({ code, text, send }) => {
    const error: unknown = await send(await world()).catch((cause: unknown) => cause);
    expect(error).toMatchObject({ name: code });
    expect((error as Error).message).toMatch(text ?? /./);
  });
});
