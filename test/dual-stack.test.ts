/** IPv6 from end to end over both data planes: what a program in a dual-stack VPC reaches, and what policies see of it. */

import {
  AllocateAddressCommand,
  AssociateRouteTableCommand,
  AttachInternetGatewayCommand,
  CreateEgressOnlyInternetGatewayCommand,
  CreateInternetGatewayCommand,
  CreateNatGatewayCommand,
  CreateRouteCommand,
  CreateRouteTableCommand,
  CreateSubnetCommand,
  CreateVpcCommand,
  CreateVpcEndpointCommand,
  EC2Client,
  ModifySubnetAttributeCommand,
  ReplaceRouteCommand,
  RunInstancesCommand,
} from "@aws-sdk/client-ec2";
import { CreateBucketCommand, PutBucketPolicyCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, expect } from "vitest";
import { ended } from "../demo/region-process.ts";
import { type DemoRegion, startRegion } from "../demo/region.ts";
import type { RequestTrace } from "../src/analyse/request-trace.ts";
import type { RequestLine } from "../src/api/underpass/server.ts";
import { lackOfBoto3, testWith } from "./need.ts";
import { onEachPlane } from "./on-plane.ts";

const bucket = "dual-stack-docs";

onEachPlane("IPv6", (dataplane) => {
  let region: DemoRegion;
  let network: Network;
  beforeAll(async () => {
    region = await startRegion({ dataplane });
    network = await buildNetwork(region.endpoint);
  });
  afterAll(async () => {
    expect(await region.stop()).toBe(0);
  });

  /** Reads the object by the dual-stack name or another, signed; the status, and what the region knows of the request. */
  async function read(
    instanceId: string,
    host?: string,
  ): Promise<{ readonly status: string; readonly line: RequestLine }> {
    const where = host === undefined ? "" : `, endpoint_url="https://${host}"`;
    const program = `
import boto3, botocore.config
config = botocore.config.Config(use_dualstack_endpoint=${host === undefined ? "True" : "False"}, retries={"max_attempts": 1}, connect_timeout=5)
try:
    boto3.client("s3", config=config${where}).get_object(Bucket="${bucket}", Key="file")
    print("read")
except Exception as error:
    print(getattr(error, "response", {}).get("Error", {}).get("Code", error))`;
    const keys = { AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test", AWS_DEFAULT_REGION: "us-east-1" };
    const { stdout } = await ended(region.exec(instanceId, ["python3", "-c", program], keys));
    const line = (await region.own<RequestLine[]>("requests?last=1")).at(-1)!;
    return { status: stdout.trim(), line };
  }

  /** Of all other traffic. */
  const plainProgram = `
import urllib.request
print(urllib.request.urlopen("http://echo.internet.test/", timeout=5).read().decode(), end="")`;

  const allowOnly = (condition: object): Promise<unknown> =>
    network.s3.send(
      new PutBucketPolicyCommand({
        Bucket: bucket,
        Policy: JSON.stringify({
          Version: "2012-10-17",
          Statement: [
            {
              Effect: "Deny",
              Principal: "*",
              Action: "s3:GetObject",
              Resource: `arn:aws:s3:::${bucket}/*`,
              Condition: condition,
            },
          ],
        }),
      }),
    );

  testWith(lackOfBoto3)("through a dual-stack endpoint a policy sees the address as aws:VpcSourceIp", async () => {
    await allowOnly({ NotIpAddress: { "aws:VpcSourceIp": network.cidrBlock } });
    const { line, status } = await read(network.inPrivate.instanceId);
    expect(status).toBe("read");
    const { vpcEndpointId, vpcId } = network;
    expect(line.path).toMatchObject({ kind: "gateway-endpoint", vpcEndpointId, vpcId, sourceIp: network.inPrivate.ip });
    const why = await region.own<RequestTrace>(`requests/${line.requestId}`);
    expect(why.instanceId).toBe(network.inPrivate.instanceId);
    expect(why.decisions[0]!.present["aws:vpcsourceip"]).toEqual([network.inPrivate.ip]);
    expect(why.route?.chosen?.target).toBe(vpcEndpointId);
  });

  testWith(lackOfBoto3)("through a dual-stack interface endpoint too, by the endpoint's own name", async () => {
    const { ec2, inPrivate, subnetId, vpcId, cidrBlock } = network;
    const made = await ec2.send(
      new CreateVpcEndpointCommand({
        VpcId: vpcId,
        VpcEndpointType: "Interface",
        ServiceName: "com.amazonaws.us-east-1.s3",
        SubnetIds: [subnetId],
        IpAddressType: "dualstack",
        PrivateDnsEnabled: false,
      }),
    );
    const { VpcEndpointId: vpcEndpointId, DnsEntries } = made.VpcEndpoint!;
    await allowOnly({ StringNotEquals: { "aws:SourceVpce": vpcEndpointId } });
    const { line, status } = await read(inPrivate.instanceId, DnsEntries![0]!.DnsName!.replace("*", "bucket"));
    expect(status).toBe("read");
    expect(line.path).toMatchObject({ kind: "interface-endpoint", vpcEndpointId, vpcId, sourceIp: inPrivate.ip });
    expect((line.path as { destinationIp: string }).destinationIp.startsWith(cidrBlock.slice(0, 12))).toBe(true);
    const why = await region.own<RequestTrace>(`requests/${line.requestId}`);
    expect(why.instanceId).toBe(inPrivate.instanceId);
    const { present } = why.decisions[0]!;
    expect([present["aws:sourcevpc"], present["aws:vpcsourceip"]]).toEqual([[vpcId], [inPrivate.ip]]);
  });

  testWith(lackOfBoto3)("names of IPv4 alone are reached by DNS64 and a NAT gateway, from its address", async () => {
    const { ec2, inPrivate, subnetId, vpcEndpointId } = network;
    await allowOnly({ Bool: { "aws:SecureTransport": "false" } });
    const pathOf = async (): Promise<RequestLine["path"]> => {
      const { line, status } = await read(inPrivate.instanceId, "s3.us-east-1.amazonaws.com");
      expect(status).toBe("read");
      return line.path;
    };
    expect(await pathOf()).toMatchObject({ kind: "gateway-endpoint", vpcEndpointId });
    const sourceIp = await translate(network);
    await ec2.send(new ModifySubnetAttributeCommand({ SubnetId: subnetId, EnableDns64: { Value: true } }));
    expect(await pathOf()).toMatchObject({ kind: "internet", sourceIp });
    await ec2.send(new ModifySubnetAttributeCommand({ SubnetId: subnetId, EnableDns64: { Value: false } }));
  });

  testWith(lackOfBoto3)("over the internet the address is the instance's own, by whichever gateway", async () => {
    await allowOnly({ NotIpAddress: { "aws:SourceIp": network.cidrBlock } });
    const { inPublic, internetGatewayId, egressOnlyId, publicTableId, ec2 } = network;
    const seen = async (gatewayId: string): Promise<void> => {
      const { line, status } = await read(inPublic.instanceId);
      expect(status).toBe("read");
      expect(line.path).toMatchObject({ kind: "internet", sourceIp: inPublic.ip, gatewayId });
    };
    await seen(internetGatewayId);
    const route = { RouteTableId: publicTableId, DestinationIpv6CidrBlock: "::/0" };
    await ec2.send(new ReplaceRouteCommand({ ...route, EgressOnlyInternetGatewayId: egressOnlyId }));
    await seen(egressOnlyId);
    const plain = await ended(region.exec(inPublic.instanceId, ["python3", "-c", plainProgram]));
    expect(plain.stdout).toBe(`${inPublic.ip}\n`);
    await allowOnly({ IpAddress: { "aws:SourceIp": `${inPublic.ip}/128` } });
    expect((await read(inPublic.instanceId)).status).toBe("AccessDenied");
  });
});

interface Network {
  readonly ec2: EC2Client;
  readonly s3: S3Client;
  readonly vpcId: string;
  readonly vpcEndpointId: string;
  readonly internetGatewayId: string;
  readonly egressOnlyId: string;
  readonly publicSubnetId: string;
  readonly publicTableId: string;
  readonly privateTableId: string;
  readonly cidrBlock: string;
  /** Of `inPrivate`. */
  readonly subnetId: string;
  readonly inPrivate: Launched;
  readonly inPublic: Launched;
}

interface Launched {
  readonly instanceId: string;
  readonly ip: string;
}

/** A NAT gateway in the public subnet, to which the private one's routes of 64:ff9b::/96 lead; its public address. */
async function translate({
  ec2,
  internetGatewayId,
  publicSubnetId,
  publicTableId,
  privateTableId,
}: Network): Promise<string> {
  const { AllocationId, PublicIp } = await ec2.send(new AllocateAddressCommand({}));
  const { NatGateway } = await ec2.send(new CreateNatGatewayCommand({ SubnetId: publicSubnetId, AllocationId }));
  const outward = { RouteTableId: publicTableId, DestinationCidrBlock: "0.0.0.0/0", GatewayId: internetGatewayId };
  await ec2.send(new CreateRouteCommand(outward));
  const inward = { RouteTableId: privateTableId, DestinationIpv6CidrBlock: "64:ff9b::/96" };
  await ec2.send(new CreateRouteCommand({ ...inward, NatGatewayId: NatGateway!.NatGatewayId }));
  return PublicIp!;
}

async function buildNetwork(endpoint: string): Promise<Network> {
  const config = { endpoint, region: "us-east-1", credentials: { accessKeyId: "test", secretAccessKey: "test" } };
  const ec2 = new EC2Client(config);
  const s3 = new S3Client({ ...config, forcePathStyle: true });
  const { Vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock: "10.0.0.0/16", AmazonProvidedIpv6CidrBlock: true }));
  const vpcId = Vpc!.VpcId!;
  const cidrBlock = Vpc!.Ipv6CidrBlockAssociationSet![0]!.Ipv6CidrBlock!;
  const subnet = async (third: number): Promise<{ readonly subnetId: string; readonly tableId: string }> => {
    const Ipv6CidrBlock = cidrBlock.replace("00::/56", `0${third}::/64`);
    const { Subnet } = await ec2.send(
      new CreateSubnetCommand({ VpcId: vpcId, CidrBlock: `10.0.${third}.0/24`, Ipv6CidrBlock }),
    );
    const { RouteTable } = await ec2.send(new CreateRouteTableCommand({ VpcId: vpcId }));
    const [subnetId, tableId] = [Subnet!.SubnetId!, RouteTable!.RouteTableId!];
    await ec2.send(new AssociateRouteTableCommand({ RouteTableId: tableId, SubnetId: subnetId }));
    return { subnetId, tableId };
  };
  const launch = async (subnetId: string): Promise<Launched> => {
    const { Instances } = await ec2.send(
      new RunInstancesCommand({
        ImageId: "ami-00000000000000000",
        MinCount: 1,
        MaxCount: 1,
        SubnetId: subnetId,
        Ipv6AddressCount: 1,
      }),
    );
    return { instanceId: Instances![0]!.InstanceId!, ip: Instances![0]!.Ipv6Address! };
  };
  const [inside, outside] = [await subnet(1), await subnet(2)];
  const gateway = await ec2.send(new CreateInternetGatewayCommand({}));
  const internetGatewayId = gateway.InternetGateway!.InternetGatewayId!;
  await ec2.send(new AttachInternetGatewayCommand({ InternetGatewayId: internetGatewayId, VpcId: vpcId }));
  const egressOnly = await ec2.send(new CreateEgressOnlyInternetGatewayCommand({ VpcId: vpcId }));
  const everywhere = { RouteTableId: outside.tableId, DestinationIpv6CidrBlock: "::/0" };
  await ec2.send(new CreateRouteCommand({ ...everywhere, GatewayId: internetGatewayId }));
  const { VpcEndpoint } = await ec2.send(
    new CreateVpcEndpointCommand({
      VpcId: vpcId,
      ServiceName: "com.amazonaws.us-east-1.s3",
      RouteTableIds: [inside.tableId],
      IpAddressType: "dualstack",
    }),
  );
  await s3.send(new CreateBucketCommand({ Bucket: bucket }));
  await s3.send(new PutObjectCommand({ Bucket: bucket, Key: "file", Body: "a file" }));
  return {
    ec2,
    s3,
    vpcId,
    vpcEndpointId: VpcEndpoint!.VpcEndpointId!,
    internetGatewayId,
    egressOnlyId: egressOnly.EgressOnlyInternetGateway!.EgressOnlyInternetGatewayId!,
    publicSubnetId: outside.subnetId,
    publicTableId: outside.tableId,
    privateTableId: inside.tableId,
    cidrBlock,
    subnetId: inside.subnetId,
    inPrivate: await launch(inside.subnetId),
    inPublic: await launch(outside.subnetId),
  };
}
