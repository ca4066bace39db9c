/**
 * What `underpass trace --to` says, held against real connections in the kernel: where it refuses nothing gets through, the
 * calls that it advises are made as they stand, and in the end, when it says so, the connection opens.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import {
  AssociateRouteTableCommand,
  AuthorizeSecurityGroupIngressCommand,
  CreateNetworkAclCommand,
  CreateRouteTableCommand,
  CreateSecurityGroupCommand,
  CreateSubnetCommand,
  CreateVpcCommand,
  DescribeNetworkAclsCommand,
  EC2Client,
  ReplaceNetworkAclAssociationCommand,
  RunInstancesCommand,
  type RunInstancesCommandInput,
} from "@aws-sdk/client-ec2";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { ended, type Ended, launcher, type RegionProcess, startRegionProcess } from "../demo/region-process.ts";
import type { FlowTrace } from "../src/analyse/flow-trace.ts";
import { linuxPlaneLack } from "../src/dataplane/linux/plane.ts";
import { lackOfAwsCli, lackOfBoto3, testWith } from "./need.ts";
import { buildVpnSite } from "./vpn-site.ts";

const lack = (await linuxPlaneLack()) ?? lackOfAwsCli ?? lackOfBoto3;
const test = testWith(lack);

/** Answers TCP at 5432 and UDP at 5353. */
const server = `
  require("node:net").createServer((it) => it.on("error", () => {}).end("hello")).listen(5432, "0.0.0.0", () => {
    const udp = require("node:dgram").createSocket("udp4");
    udp.on("message", (_, { port, address }) => udp.send("hello", port, address));
    udp.bind(5353, () => console.log("up"));
  });`;

/** Prints `open` where an answer comes. Sockets for pings need no privilege. */
const dial = `
import socket, sys
kind, ip, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
types = {"tcp": (socket.SOCK_STREAM, 0), "udp": (socket.SOCK_DGRAM, 0), "icmp": (socket.SOCK_DGRAM, socket.IPPROTO_ICMP)}
it = socket.socket(socket.AF_INET6 if ":" in ip else socket.AF_INET, *types[kind])
it.settimeout(1)
try:
    it.connect((ip, port))
    if kind == "udp": it.send(b"x"); it.recv(9)
    if kind == "icmp": it.send(bytes([8, 0, 0, 0, 0, 0, 0, 1])); it.recv(99)
    print("open")
except OSError:
    print("closed")`;

describe.skipIf(lack !== undefined && process.env["UNDERPASS_REQUIRE_ALL"] !== "1")("trace --to", () => {
  let region: RegionProcess;
  let ec2: EC2Client;
  const servers: ChildProcess[] = [];

  beforeAll(async () => {
    region = await startRegionProcess({ dataplane: "linux", more: ["--default-vpc", "off"] });
    const credentials = { accessKeyId: "test", secretAccessKey: "test" };
    ec2 = new EC2Client({ endpoint: region.endpoint, region: "us-east-1", credentials });
    const vpcId = await vpcOf("10.0.0.0/16");
    const [near, other] = [await subnetOf(vpcId, "10.0.1.0/24"), await subnetOf(vpcId, "10.0.2.0/24")];
    await launch("web", near);
    const { GroupId } = await ec2.send(
      new CreateSecurityGroupCommand({ VpcId: vpcId, GroupName: "db", Description: "tcp 5432 alone" }),
    );
    await ec2.send(
      new AuthorizeSecurityGroupIngressCommand({
        GroupId: GroupId!,
        IpPermissions: [{ IpProtocol: "tcp", FromPort: 5432, ToPort: 5432, IpRanges: [{ CidrIp: "0.0.0.0/0" }] }],
      }),
    );
    await launch("db", other, { SecurityGroupIds: [GroupId!] });
    const closed = await subnetOf(vpcId, "10.0.3.0/24");
    await closeBorder(vpcId, closed);
    await launch("walled", closed, { SecurityGroupIds: [GroupId!] });
    const far = await vpcOf("10.1.0.0/16");
    await launch("far", await subnetOf(far, "10.1.1.0/24"));
    await site(vpcId);
    for (const place of ["db", "walled", "far", "desk"]) await serve(place);
  }, 120_000);
  afterAll(async () => {
    for (const one of servers) one.kill();
    ec2.destroy();
    expect(await region.stop()).toBe(0);
  });

  const vpcOf = async (CidrBlock: string): Promise<string> =>
    (await ec2.send(new CreateVpcCommand({ CidrBlock }))).Vpc!.VpcId!;

  /** With a route table of its own. */
  async function subnetOf(VpcId: string, CidrBlock: string, Ipv6CidrBlock?: string): Promise<string> {
    const ipv6 = Ipv6CidrBlock === undefined ? {} : { Ipv6CidrBlock };
    const { Subnet } = await ec2.send(new CreateSubnetCommand({ VpcId, CidrBlock, ...ipv6 }));
    const { RouteTable } = await ec2.send(new CreateRouteTableCommand({ VpcId }));
    const association = { SubnetId: Subnet!.SubnetId!, RouteTableId: RouteTable!.RouteTableId! };
    await ec2.send(new AssociateRouteTableCommand(association));
    return association.SubnetId;
  }

  async function launch(name: string, SubnetId: string, more: Partial<RunInstancesCommandInput> = {}): Promise<void> {
    await ec2.send(
      new RunInstancesCommand({
        ImageId: "ami-1",
        MinCount: 1,
        MaxCount: 1,
        SubnetId,
        TagSpecifications: [{ ResourceType: "instance", Tags: [{ Key: "Name", Value: name }] }],
        ...more,
      }),
    );
  }

  /** An ACL that denies all. */
  async function closeBorder(VpcId: string, SubnetId: string): Promise<void> {
    const { NetworkAcl } = await ec2.send(new CreateNetworkAclCommand({ VpcId }));
    const { NetworkAcls } = await ec2.send(
      new DescribeNetworkAclsCommand({ Filters: [{ Name: "association.subnet-id", Values: [SubnetId] }] }),
    );
    const { NetworkAclAssociationId: AssociationId } = NetworkAcls![0]!.Associations!.find(
      (one) => one.SubnetId === SubnetId,
    )!;
    await ec2.send(new ReplaceNetworkAclAssociationCommand({ AssociationId, NetworkAclId: NetworkAcl!.NetworkAclId! }));
  }

  /** A VPN connection, and the host `desk` behind it. */
  async function site(vpcId: string): Promise<void> {
    const { vpnConnectionId } = await buildVpnSite(ec2, vpcId);
    await region.own("onprem", { name: "desk", vpnConnectionId, ip: "192.168.0.10" });
  }

  async function serve(place: string): Promise<void> {
    const child = region.exec(place, [process.execPath, "--eval", server]);
    servers.push(child);
    expect((await createInterface({ input: child.stdout! })[Symbol.asyncIterator]().next()).value).toBe("up");
  }

  const traced = (from: string, to: string): Promise<FlowTrace> => region.own<FlowTrace>("trace", { from, to });

  /** Whether a real answer comes to what the trace is about. */
  async function opens(from: string, { destinationIp, opens: what }: FlowTrace): Promise<boolean> {
    const [kind = "", port] = what!.split(" ");
    const words = ["python3", "-c", dial, kind, destinationIp!, kind === "icmp" ? "0" : port!];
    const { stderr, stdout } = await ended(region.exec(from, words));
    expect([stderr, stdout]).toEqual(["", expect.stringMatching(/^(open|closed)\n$/)]);
    return stdout === "open\n";
  }

  /** Makes the call at the end of a sentence of advice, as it stands. */
  async function make(advice: string): Promise<void> {
    const call = /: (aws ec2 .*)$/.exec(advice)?.[1];
    const settings = { AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test", AWS_DEFAULT_REGION: "us-east-1" };
    const env = { ...process.env, ...settings, AWS_ENDPOINT_URL: region.endpoint };
    const made = await ended(spawn("sh", ["-c", call ?? "false"], { env }));
    expect([advice, made.stderr, made.status]).toEqual([advice, "", 0]);
  }

  /** Does what is advised until the trace says that it passes; gives the reasons why it did not, in order. */
  async function follow(from: string, to: string): Promise<readonly string[]> {
    const reasons: string[] = [];
    for (let found = await traced(from, to); ; found = await traced(from, to)) {
      expect([from, to, found.unreachable, await opens(from, found)]).toEqual([
        from,
        to,
        found.unreachable,
        found.reachable,
      ]);
      if (found.reachable) return reasons;
      reasons.push(found.unreachable!);
      expect([found.unreachable, found.advice?.length]).toEqual([found.unreachable, 1]);
      expect(reasons.length).toBeLessThan(9);
      await make(found.advice![0]!);
    }
  }

  test("what is open is said to be open, and what a group closes opens with the rule that is advised", async () => {
    expect(await follow("web", "db:5432")).toEqual([]);
    expect(await follow("web", "db:5353/udp")).toEqual([expect.stringMatching(/has no inbound rule for udp 5353/)]);
    expect(await follow("web", "db/icmp")).toEqual([expect.stringMatching(/no inbound rule for icmp type 8 code 0/)]);
  }, 120_000);

  test("an ACL that denies all needs a rule each way", async () => {
    expect(await follow("web", "walled:5432")).toEqual([
      expect.stringMatching(/^inbound rule \* of acl-\w+, the ACL of subnet-\w+, denies tcp 5432/),
      expect.stringMatching(/^outbound rule \* of acl-\w+, the ACL of subnet-\w+, denies the answers/),
    ]);
  }, 120_000);

  test("another VPC needs a peering connection, routes of both sides and a rule", async () => {
    expect(await follow("web", "far:5432")).toEqual([
      expect.stringMatching(/^rtb-\w+ has no route to 10\.1\.1\./),
      expect.stringMatching(/^rtb-\w+ has no route to 10\.1\.1\./),
      expect.stringMatching(/^rtb-\w+ has no route to 10\.1\.1\./),
      expect.stringMatching(/^sg-\w+ of eni-\w+ has no inbound rule for tcp 5432/),
      expect.stringMatching(/^the answers of eni-\w+ have no route to 10\.0\.1\./),
    ]);
  }, 120_000);

  test("on premises needs a route there, and from there one back", async () => {
    expect(await follow("web", "desk:5432")).toEqual([expect.stringMatching(/^rtb-\w+ has no route to 192\.168\.0\./)]);
    expect(await follow("desk", "db:5432")).toEqual([
      expect.stringMatching(/^the answers of eni-\w+ have no route to 192\.168\.0\.10/),
    ]);
  }, 120_000);

  test("the internet needs a gateway, a route and an address", async () => {
    expect(await follow("web", "echo.internet.test:80")).toEqual([
      expect.stringMatching(/^rtb-\w+ has no route to 198\.51\.100\.7/),
      expect.stringMatching(/^rtb-\w+ has no route to 198\.51\.100\.7/),
      expect.stringMatching(/^rtb-\w+ has no route to 198\.51\.100\.7/),
      expect.stringMatching(/^eni-\w+ has no public address that igw-\w+ could map/),
      expect.stringMatching(/^eni-\w+ has no public address that igw-\w+ could map/),
    ]);
  }, 120_000);

  test("over IPv6 the internet needs a gateway and a route alone", async () => {
    const { Vpc } = await ec2.send(
      new CreateVpcCommand({ CidrBlock: "10.2.0.0/16", AmazonProvidedIpv6CidrBlock: true }),
    );
    const block = Vpc!.Ipv6CidrBlockAssociationSet![0]!.Ipv6CidrBlock!.replace("/56", "/64");
    await launch("six", await subnetOf(Vpc!.VpcId!, "10.2.1.0/24", block), { Ipv6AddressCount: 1 });
    expect(await follow("six", "[2001:db8::7]:80")).toEqual([
      expect.stringMatching(/^rtb-\w+ has no route to 2001:db8::7/),
      expect.stringMatching(/^rtb-\w+ has no route to 2001:db8::7/),
      expect.stringMatching(/^rtb-\w+ has no route to 2001:db8::7/),
    ]);
  }, 120_000);

  test("what nobody has, and what nobody answers, is closed in the kernel too", async () => {
    for (const to of ["10.0.2.200:5432", "10.0.2.200/icmp", "203.0.113.5:80", "echo.internet.test:22"]) {
      const found = await traced("web", to);
      expect([to, found.reachable, await opens("web", found)]).toEqual([to, false, false]);
    }
  }, 120_000);

  test("the command prints the hops there and back", async () => {
    const underpass = (...words: string[]): Promise<Ended> =>
      ended(
        spawn(process.execPath, [launcher, ...words], { env: { ...process.env, UNDERPASS_ENDPOINT: region.endpoint } }),
      );
    const open = await underpass("trace", "web", "--to", "db:5432");
    expect(open).toMatchObject({ status: 0, stderr: "" });
    expect(open.stdout).toMatch(/^answer +the network lets it pass, and its answers$/m);
    expect(open.stdout).toMatch(/^there +at +10\.0\.1\.\d+, eni-\w+ of i-\w+ in subnet-\w+ of vpc-\w+$/m);
    expect(open.stdout).toMatch(/^ +route +10\.0\.0\.0\/16 to local \(local\) in rtb-\w+ by subnet association$/m);
    expect(open.stdout).toMatch(/^ +passes +ingress of eni-\w+, by sgr-\w+ of sg-\w+: tcp 5432 from /m);
    expect(open.stdout).toMatch(/^back +passes +egress of eni-\w+, by connection tracking: tcp \d+-\d+ from /m);
    const closed = await underpass("trace", "--from", "web", "--to", "db:22", "-o", "json");
    expect(closed.status).toBe(1);
    expect(JSON.parse(closed.stdout)).toMatchObject({ reachable: false, to: "db:22", hops: expect.any(Array) });
  }, 60_000);
});
