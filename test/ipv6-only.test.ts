/** Subnets of IPv6 alone from end to end over both data planes: what their instances have, what they reach, and who reaches them. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { gunzipSync } from "node:zlib";
import * as sdk from "@aws-sdk/client-ec2";
import {
  CreateBucketCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { afterAll, beforeAll, expect } from "vitest";
import { ended, launcher, type RegionProcess, startRegionProcess } from "../demo/region-process.ts";
import type { RequestTrace } from "../src/analyse/request-trace.ts";
import type { RequestLine } from "../src/api/underpass/server.ts";
import { lackOfBoto3, lackOfCurl, testWith } from "./need.ts";
import { linuxTests, onEachPlane, toldBy } from "./on-plane.ts";

const bucket = "ipv6-only-docs";

onEachPlane("IPv6 alone", (dataplane) => {
  let region: RegionProcess;
  let network: Network;
  beforeAll(async () => {
    region = await startRegionProcess({ dataplane, more: ["--flow-log-interval", "1"] });
    network = await buildNetwork(region.endpoint);
  });
  afterAll(async () => {
    expect(await region.stop()).toBe(0);
  });

  const inside = (instanceId: string, ...program: string[]) => ended(region.exec(instanceId, program, keys));

  /** Reads the object by a host name, signed; the status, and what the region knows of the request. */
  async function read(host: string): Promise<{ readonly status: string; readonly line: RequestLine }> {
    const program = `
import boto3, botocore.config
config = botocore.config.Config(retries={"max_attempts": 1}, connect_timeout=5)
try:
    boto3.client("s3", config=config, endpoint_url="https://${host}").get_object(Bucket="${bucket}", Key="file")
    print("read")
except Exception as error:
    print(error)`;
    const { stdout } = await inside(network.only.instanceId, "python3", "-c", program);
    return { status: stdout.trim(), line: (await region.own<RequestLine[]>("requests?last=1")).at(-1)! };
  }

  const linux = linuxTests(dataplane, () => toldBy(region));

  linux("enforcement", "an instance has IPv6 alone, and asks the resolver over it", async () => {
    const script = `
      const addresses = Object.entries(require("node:os").networkInterfaces())
        .flatMap(([name, list]) => name === "lo" ? [] : list.map((one) => one.address));
      const { readFileSync } = require("node:fs");
      const servers = readFileSync("/etc/resolv.conf", "utf8").match(/nameserver .*/g);
      const socket = require("node:net").connect(80, "198.51.100.7").on("error", (error) => {
        console.log(JSON.stringify({ addresses, servers, error: error.code }));
      });`;
    const { stdout } = await inside(network.only.instanceId, process.execPath, "--eval", script);
    const seen = JSON.parse(stdout) as { readonly addresses: string[] };
    expect(seen).toMatchObject({ servers: ["nameserver fd00:ec2::253"], error: "ENETUNREACH" });
    expect(seen.addresses.filter((ip) => !/^(fe80:|169\.254\.)/.test(ip))).toEqual([network.only.ip]);
  });

  testWith(lackOfBoto3)("it reaches S3 through a gateway endpoint by a dual-stack name", async () => {
    const { only, vpcEndpointId, vpcId } = network;
    const { line, status } = await read("s3.dualstack.us-east-1.amazonaws.com");
    expect(status).toBe("read");
    expect(line.path).toMatchObject({ kind: "gateway-endpoint", vpcEndpointId, vpcId, sourceIp: only.ip });
    const why = await region.own<RequestTrace>(`requests/${line.requestId}`);
    expect([why.instanceId, why.decisions[0]!.present["aws:vpcsourceip"]]).toEqual([only.instanceId, [only.ip]]);
  });

  testWith(lackOfBoto3)("and through an interface endpoint of IPv6 alone in its own subnet", async () => {
    const { ec2, only, subnetId, vpcId } = network;
    const made = await ec2.send(
      new sdk.CreateVpcEndpointCommand({
        VpcId: vpcId,
        VpcEndpointType: "Interface",
        ServiceName: "com.amazonaws.us-east-1.s3",
        SubnetIds: [subnetId],
        IpAddressType: "ipv6",
        PrivateDnsEnabled: false,
      }),
    );
    const { VpcEndpointId: vpcEndpointId, DnsEntries, NetworkInterfaceIds } = made.VpcEndpoint!;
    const described = await ec2.send(new sdk.DescribeNetworkInterfacesCommand({ NetworkInterfaceIds }));
    const [eni] = described.NetworkInterfaces!;
    expect([eni!.PrivateIpAddress, eni!.Ipv6Addresses!.length]).toEqual([undefined, 1]);
    const { line, status } = await read(DnsEntries![0]!.DnsName!.replace("*", "bucket"));
    expect(status).toBe("read");
    expect(line.path).toMatchObject({
      kind: "interface-endpoint",
      vpcEndpointId,
      sourceIp: only.ip,
      destinationIp: eni!.Ipv6Addresses![0]!.Ipv6Address,
    });
    await ec2.send(new sdk.DeleteVpcEndpointsCommand({ VpcEndpointIds: [vpcEndpointId!] }));
  });

  testWith(lackOfBoto3)(
    "names of IPv4 alone it reaches by DNS64 and a NAT gateway in a dual-stack subnet",
    async () => {
      const { ec2, natIp, subnetId } = network;
      const { status: before } = await read("s3.us-east-1.amazonaws.com");
      expect(before).not.toBe("read");
      await ec2.send(new sdk.ModifySubnetAttributeCommand({ SubnetId: subnetId, EnableDns64: { Value: true } }));
      const { line, status } = await read("s3.us-east-1.amazonaws.com");
      expect(status).toBe("read");
      expect(line.path).toMatchObject({ kind: "internet", sourceIp: natIp });
    },
  );

  testWith(lackOfCurl)("by an egress-only gateway the internet sees its own address", async () => {
    const { only } = network;
    const { stdout } = await inside(only.instanceId, "curl", "-sS", "-m", "10", "http://echo.internet.test/");
    expect(stdout).toBe(`${only.ip}\n`);
  });

  testWith(lackOfCurl)(
    "a flow log of its subnet tells its address",
    async () => {
      const { ec2, only, s3, subnetId } = network;
      const log: sdk.CreateFlowLogsRequest = {
        ResourceType: "Subnet",
        ResourceIds: [subnetId],
        TrafficType: "ALL",
        LogDestinationType: "s3",
        LogDestination: `arn:aws:s3:::${bucket}/flows/`,
        LogFormat: "${srcaddr} ${pkt-srcaddr} ${pkt-dstaddr} ${type} ${flow-direction} ${action}",
      };
      const { FlowLogIds } = await ec2.send(new sdk.CreateFlowLogsCommand(log));
      await inside(only.instanceId, "curl", "-sS", "-m", "10", "http://echo.internet.test/");
      const records = async (): Promise<string> => {
        const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: "flows/" }));
        const texts = Contents.map(async ({ Key }) => {
          const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key }));
          return gunzipSync(await Body!.transformToByteArray()).toString();
        });
        return (await Promise.all(texts)).join("");
      };
      const told = `${only.ip} ${only.ip} 2001:db8::7 IPv6 egress ACCEPT\n`;
      await expect.poll(records, { timeout: 30_000, interval: 300 }).toContain(told);
      await ec2.send(new sdk.DeleteFlowLogsCommand({ FlowLogIds }));
    },
    60_000,
  );

  testWith(lackOfCurl)(
    "others reach it by its resource name, over IPv6, where its security group lets them",
    async () => {
      const { dual, ec2, groupId, only, vpcBlock } = network;
      const server = `require("node:http").createServer((request, response) => response.end("from " + process.argv[1]))
      .listen(8080, "::", () => console.log("up"))`;
      const child = region.exec(only.instanceId, [process.execPath, "--eval", server, "only"]);
      await once(createInterface({ input: child.stdout! }), "line");
      const name = `${only.instanceId}.ec2.internal`;
      const ask = () => inside(dual.instanceId, "curl", "-sSf", "-m", "3", `http://${name}:8080/`);
      expect((await ask()).status).not.toBe(0);
      const IpPermissions = [{ IpProtocol: "tcp", FromPort: 8080, ToPort: 8080, Ipv6Ranges: [{ CidrIpv6: vpcBlock }] }];
      await ec2.send(new sdk.AuthorizeSecurityGroupIngressCommand({ GroupId: groupId, IpPermissions }));
      expect(await ask()).toMatchObject({ status: 0, stdout: "from only" });
      const forward = start(region, "forward", only.instanceId, "8080:0");
      const [line] = (await once(createInterface({ input: forward.stdout! }), "line")) as [string];
      const port = /^127\.0\.0\.1:(\d+) leads to port 8080 of i-/.exec(line)![1];
      expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe("from only");
      forward.kill("SIGINT");
      await once(forward, "exit");
      child.kill();
      await once(child, "exit");
    },
    60_000,
  );

  testWith(lackOfCurl)("its metadata service answers over IPv6 where that is turned on", async () => {
    const { ec2, only } = network;
    const ask = (path: string, ip = "[fd00:ec2::254]") =>
      inside(only.instanceId, "curl", "-sSf", "-m", "3", `http://${ip}/latest/meta-data/${path}`);
    expect((await ask("ipv6")).stdout).toBe("");
    // At its address of IPv4 it always does.
    expect((await ask("ipv6", "169.254.169.254")).stdout).toBe(only.ip);
    const options = { InstanceId: only.instanceId, HttpEndpoint: "enabled", HttpProtocolIpv6: "enabled" } as const;
    await ec2.send(new sdk.ModifyInstanceMetadataOptionsCommand(options));
    expect((await ask("ipv6")).stdout).toBe(only.ip);
    expect((await ask("local-hostname")).stdout).toBe(`${only.instanceId}.ec2.internal`);
    expect((await ask("local-ipv4")).stderr).toContain("404");
  });

  linux(
    "protocol",
    "by its link-local address of IPv4 nobody else reaches it",
    async () => {
      const { dual, ec2, groupId, only } = network;
      const server = `
      const [own] = require("node:os").networkInterfaces().eth0.filter((one) => one.family === "IPv4");
      const hear = (type, text) => require("node:dgram").createSocket({ type, ipv6Only: type === "udp6" })
        .on("message", (message) => console.log(message.toString())).bind(9999, () => console.log(text));
      hear("udp4", own.address);
      hear("udp6", "up");`;
      const IpPermissions = [
        {
          IpProtocol: "udp",
          FromPort: 9999,
          ToPort: 9999,
          IpRanges: [{ CidrIp: "0.0.0.0/0" }],
          Ipv6Ranges: [{ CidrIpv6: "::/0" }],
        },
      ];
      await ec2.send(new sdk.AuthorizeSecurityGroupIngressCommand({ GroupId: groupId, IpPermissions }));
      const child = region.exec(only.instanceId, [process.execPath, "--eval", server]);
      const heard: string[] = [];
      createInterface({ input: child.stdout! }).on("line", (line) => heard.push(line));
      await expect.poll(() => heard.length, { timeout: 20_000 }).toBe(2);
      const linkLocal = heard.find((line) => line.startsWith("169.254."))!;
      const say = (text: string, ip: string) => {
        const type = ip.includes(":") ? "udp6" : "udp4";
        const script = `const socket = require("node:dgram").createSocket("${type}");
        socket.send("${text}", 9999, "${ip}", () => socket.close());`;
        return inside(dual.instanceId, process.execPath, "--eval", script);
      };
      expect((await say("to its link-local address", linkLocal)).status).toBe(0);
      expect((await say("to its own", only.ip)).status).toBe(0);
      await expect.poll(() => heard.length, { timeout: 20_000 }).toBeGreaterThan(2);
      expect(heard.slice(2)).toEqual(["to its own"]);
      child.kill();
      await once(child, "exit");
    },
    60_000,
  );

  linux(
    "enforcement",
    "a further interface with IPv4 carries that",
    async () => {
      const { dual, dualGroupId, dualSubnetId, ec2, only } = network;
      const made = await ec2.send(new sdk.CreateNetworkInterfaceCommand({ SubnetId: dualSubnetId }));
      const { NetworkInterfaceId, PrivateIpAddress } = made.NetworkInterface!;
      const { AttachmentId } = await ec2.send(
        new sdk.AttachNetworkInterfaceCommand({ NetworkInterfaceId, InstanceId: only.instanceId, DeviceIndex: 1 }),
      );
      const from = { CidrIp: `${PrivateIpAddress}/32` };
      const IpPermissions = [{ IpProtocol: "tcp", FromPort: 8081, ToPort: 8081, IpRanges: [from] }];
      await ec2.send(new sdk.AuthorizeSecurityGroupIngressCommand({ GroupId: dualGroupId, IpPermissions }));
      const server = `require("node:http").createServer((request, response) => response.end(request.socket.remoteAddress))
      .listen(8081, "0.0.0.0", () => console.log("up"))`;
      const child = region.exec(dual.instanceId, [process.execPath, "--eval", server]);
      await once(createInterface({ input: child.stdout! }), "line");
      const ask = (url: string) => inside(only.instanceId, "curl", "-sSf", "-m", "3", url);
      expect((await ask(`http://${dual.privateIp}:8081/`)).stdout).toBe(PrivateIpAddress);
      expect((await ask("http://169.254.169.254/latest/meta-data/ipv6")).stdout).toBe(only.ip);
      await ec2.send(new sdk.DetachNetworkInterfaceCommand({ AttachmentId }));
      expect((await ask(`http://${dual.privateIp}:8081/`)).status).not.toBe(0);
      expect((await ask("http://169.254.169.254/latest/meta-data/ipv6")).stdout).toBe(only.ip);
      child.kill();
      await once(child, "exit");
    },
    60_000,
  );

  testWith(lackOfCurl)(
    "programs run on there, and a shell is at home",
    async () => {
      const { only } = network;
      const detached = await ended(start(region, "exec", "-d", only.instanceId, "--", "sleep", "1000"));
      const programId = /p\d+/.exec(detached.stdout)![0];
      expect((await ended(start(region, "ps", only.instanceId))).stdout).toMatch(new RegExp(`^${programId} +i-`));
      await ended(start(region, "stop", programId));
      const shell = start(region, "shell", only.instanceId);
      shell.stdin!.end("curl -sS -m 10 http://echo.internet.test/\n");
      expect((await ended(shell)).stdout).toContain(only.ip);
      expect((await ended(start(region, "top", "--once"))).status).toBe(0);
    },
    60_000,
  );
});

const keys = { AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test", AWS_DEFAULT_REGION: "us-east-1" };

/** A command of `underpass`. */
function start(region: RegionProcess, command: string, ...words: string[]): ChildProcess {
  return spawn(process.execPath, [launcher, command, "--endpoint", region.endpoint, ...words], {
    stdio: ["pipe", "pipe", "pipe"],
  });
}

interface Network {
  readonly ec2: sdk.EC2Client;
  readonly s3: S3Client;
  readonly vpcId: string;
  readonly vpcBlock: string;
  readonly vpcEndpointId: string;
  /** Of IPv6 alone. */
  readonly subnetId: string;
  /** The VPC's default one. */
  readonly groupId: string;
  readonly dualSubnetId: string;
  /** Of `dual`. */
  readonly dualGroupId: string;
  /** Of the NAT gateway in the dual-stack subnet. */
  readonly natIp: string;
  /** In the subnet of IPv6 alone, with an egress-only gateway. */
  readonly only: Launched;
  /** In a dual-stack subnet. */
  readonly dual: Launched & { readonly privateIp: string };
}

interface Launched {
  readonly instanceId: string;
  readonly ip: string;
}

async function buildNetwork(endpoint: string): Promise<Network> {
  const config = { endpoint, region: "us-east-1", credentials: { accessKeyId: "test", secretAccessKey: "test" } };
  const ec2 = new sdk.EC2Client(config);
  const s3 = new S3Client({ ...config, forcePathStyle: true });
  const made = await ec2.send(
    new sdk.CreateVpcCommand({ CidrBlock: "10.0.0.0/16", AmazonProvidedIpv6CidrBlock: true }),
  );
  const vpcId = made.Vpc!.VpcId!;
  const named = { VpcId: vpcId, EnableDnsHostnames: { Value: true } };
  await ec2.send(new sdk.ModifyVpcAttributeCommand(named));
  const vpcBlock = made.Vpc!.Ipv6CidrBlockAssociationSet![0]!.Ipv6CidrBlock!;
  const subnet = async (
    third: number,
    own: object,
  ): Promise<{ readonly subnetId: string; readonly tableId: string }> => {
    const Ipv6CidrBlock = vpcBlock.replace("00::/56", `0${third}::/64`);
    const { Subnet } = await ec2.send(new sdk.CreateSubnetCommand({ VpcId: vpcId, Ipv6CidrBlock, ...own }));
    const { RouteTable } = await ec2.send(new sdk.CreateRouteTableCommand({ VpcId: vpcId }));
    const [SubnetId, RouteTableId] = [Subnet!.SubnetId!, RouteTable!.RouteTableId!];
    await ec2.send(new sdk.AssociateRouteTableCommand({ RouteTableId, SubnetId }));
    return { subnetId: SubnetId, tableId: RouteTableId };
  };
  const [inner, outer] = [await subnet(1, { Ipv6Native: true }), await subnet(2, { CidrBlock: "10.0.2.0/24" })];
  const launch = async (SubnetId: string): Promise<Network["dual"]> => {
    const run = { ImageId: "ami-00000000000000000", InstanceType: "t3.micro" as const, MinCount: 1, MaxCount: 1 };
    const { Instances } = await ec2.send(new sdk.RunInstancesCommand({ ...run, SubnetId, Ipv6AddressCount: 1 }));
    const { InstanceId, Ipv6Address, PrivateIpAddress: privateIp = "" } = Instances![0]!;
    return { instanceId: InstanceId!, ip: Ipv6Address!, privateIp };
  };
  const gateway = await ec2.send(new sdk.CreateInternetGatewayCommand({}));
  const { InternetGatewayId } = gateway.InternetGateway!;
  await ec2.send(new sdk.AttachInternetGatewayCommand({ InternetGatewayId, VpcId: vpcId }));
  const outward = { RouteTableId: outer.tableId, DestinationCidrBlock: "0.0.0.0/0", GatewayId: InternetGatewayId };
  await ec2.send(new sdk.CreateRouteCommand(outward));
  const { AllocationId, PublicIp } = await ec2.send(new sdk.AllocateAddressCommand({}));
  const { NatGateway } = await ec2.send(new sdk.CreateNatGatewayCommand({ SubnetId: outer.subnetId, AllocationId }));
  const egress = await ec2.send(new sdk.CreateEgressOnlyInternetGatewayCommand({ VpcId: vpcId }));
  const { EgressOnlyInternetGatewayId } = egress.EgressOnlyInternetGateway!;
  for (const route of [
    { DestinationIpv6CidrBlock: "64:ff9b::/96", NatGatewayId: NatGateway!.NatGatewayId },
    { DestinationIpv6CidrBlock: "2001:db8::/32", EgressOnlyInternetGatewayId },
  ]) {
    await ec2.send(new sdk.CreateRouteCommand({ RouteTableId: inner.tableId, ...route }));
  }
  const { VpcEndpoint } = await ec2.send(
    new sdk.CreateVpcEndpointCommand({
      VpcId: vpcId,
      ServiceName: "com.amazonaws.us-east-1.s3",
      RouteTableIds: [inner.tableId],
      IpAddressType: "dualstack",
    }),
  );
  await s3.send(new CreateBucketCommand({ Bucket: bucket }));
  await s3.send(new PutObjectCommand({ Bucket: bucket, Key: "file", Body: "a file" }));
  const groups = await ec2.send(
    new sdk.DescribeSecurityGroupsCommand({ Filters: [{ Name: "vpc-id", Values: [vpcId] }] }),
  );
  const [only, dual] = [await launch(inner.subnetId), await launch(outer.subnetId)];
  // Another group than that of the instance of IPv6 alone, so that its group decides.
  const other = await ec2.send(
    new sdk.CreateSecurityGroupCommand({ GroupName: "other", Description: "other", VpcId: vpcId }),
  );
  const defaultGroup = groups.SecurityGroups![0]!.GroupId!;
  await ec2.send(new sdk.ModifyInstanceAttributeCommand({ InstanceId: dual.instanceId, Groups: [other.GroupId!] }));
  return {
    ec2,
    s3,
    vpcId,
    vpcBlock,
    vpcEndpointId: VpcEndpoint!.VpcEndpointId!,
    subnetId: inner.subnetId,
    groupId: defaultGroup,
    dualSubnetId: outer.subnetId,
    dualGroupId: other.GroupId!,
    natIp: PublicIp!,
    only,
    dual,
  };
}
