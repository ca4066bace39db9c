/** Hosts behind a VPN connection on both data planes: what programs on both sides see of each other and of endpoints. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import {
  AuthorizeSecurityGroupIngressCommand,
  CreateRouteCommand,
  CreateVpcEndpointCommand,
  DeleteRouteCommand,
  DeleteVpnConnectionCommand,
  DescribeInstancesCommand,
  DescribeNetworkInterfacesCommand,
  DescribeSecurityGroupsCommand,
} from "@aws-sdk/client-ec2";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ended, type Ended, launcher, type RegionProcess, startRegionProcess } from "../demo/region-process.ts";
import type { RequestLine } from "../src/api/underpass/server.ts";
import { bucket, buildMetadataAccount, type MetadataAccount } from "./metadata-account.ts";
import { dialText } from "./dial-program.ts";
import { lackOfAwsCli, lackOfCurl, lackOfHostname, testWith } from "./need.ts";
import { linuxTests, onEachPlane, toldBy } from "./on-plane.ts";
import { buildVpnSite, siteCidr } from "./vpn-site.ts";

const deskIp = "192.168.0.10";

onEachPlane("behind a VPN connection", (dataplane) => {
  let region: RegionProcess;
  let account: MetadataAccount;
  let vpnConnectionId: string;
  let instanceId: string;
  let instanceIp: string;

  const start = (...words: string[]): ChildProcess =>
    spawn(process.execPath, [launcher, ...words], { env: { ...process.env, UNDERPASS_ENDPOINT: region.endpoint } });
  const underpass = (...words: string[]): Promise<Ended> => ended(start(...words));
  const keys = { AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test" };
  const on = (place: string, ...program: string[]): Promise<Ended> => ended(region.exec(place, program, keys));

  beforeAll(async () => {
    region = await startRegionProcess({ dataplane });
    account = await buildMetadataAccount(region.endpoint);
    instanceId = await account.launch({});
    const { Reservations } = await account.ec2.send(new DescribeInstancesCommand({ InstanceIds: [instanceId] }));
    instanceIp = Reservations![0]!.Instances![0]!.PrivateIpAddress!;
    vpnConnectionId = await connect(account);
    await openGroups(account);
  }, 60_000);
  afterAll(async () => {
    expect(await region.stop()).toBe(0);
  });

  test("hosts are made, listed and named", async () => {
    const made = await underpass("onprem", "add", "desk", "--vpn", vpnConnectionId, "--ip", deskIp);
    expect(made).toMatchObject({ status: 0, stderr: "" });
    expect((await underpass("onprem", "list")).stdout).toMatch(/^desk +192\.168\.0\.10 +onprem-\w+ +behind vpn-/);
    const twice = await underpass("onprem", "add", "desk", "--vpn", vpnConnectionId, "--ip", "192.168.0.11");
    expect(twice).toMatchObject({ status: 3 });
    expect(twice.stderr).toMatch(/there is an on-premises host `desk` already/);
  }, 60_000);

  linuxTests(dataplane, () => toldBy(region), lackOfHostname)("hostName", "a host has its name", async () => {
    expect((await on("desk", "hostname")).stdout).toBe("desk\n");
  });

  linuxTests(dataplane, () => toldBy(region))("resolver", "hosts ask their own network's name server", async () => {
    expect((await on("desk", "cat", "/etc/resolv.conf")).stdout).toMatch(/^nameserver 192\.0\.2\.53$/m);
  });

  test("a shell, programs that run on and forwarded ports are there as in an instance", async () => {
    const shell = start("shell", "desk");
    shell.stdin!.end(`eval "$PROMPT_COMMAND"; echo "$PS1 $UNDERPASS_INSTANCE"\n`);
    expect((await ended(shell)).stdout).toMatch(/^\[desk\] .*onprem-\w+\n/);
    const serve = `require("node:http").createServer((_request, response) => response.end("from the desk"))
      .listen(18998, "${deskIp}", () => console.log("up"))`;
    const detached = await underpass("exec", "-d", "desk", "--", process.execPath, "--eval", serve);
    expect(detached).toMatchObject({ status: 0, stderr: "" });
    const programId = detached.stdout.trim();
    expect((await underpass("ps", "desk")).stdout).toMatch(new RegExp(`^${programId} +onprem-\\w+ +running `));
    expect((await underpass("ps", instanceId)).stdout).toBe("");
    await expect.poll(async () => (await underpass("logs", programId)).stdout, { timeout: 20_000 }).toBe("up\n");
    const forward = start("forward", "desk", "18998:0");
    const [line] = (await once(createInterface({ input: forward.stdout! }), "line")) as [string];
    const port = /^127\.0\.0\.1:(\d+) leads to port 18998 of onprem-/.exec(line)![1];
    expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe("from the desk");
    forward.kill("SIGINT");
    expect((await once(forward, "exit"))[0]).toBe(0);
    expect((await underpass("stop", programId)).stdout).toMatch(/ended (SIGTERM|143) /);
  }, 60_000);

  test("instances and hosts open connections to each other, with a route on the VPC's side", async () => {
    // Through the proxy a server sees this machine.
    const seen = (ip: string): object => ({ status: 0, stdout: dataplane === "linux" ? `${ip}\n` : "127.0.0.1\n" });
    expect(await talk("desk", instanceId, instanceIp)).toMatchObject(seen(deskIp));
    expect(await talk(instanceId, "desk", deskIp)).toMatchObject(seen(instanceIp));
    const route = { RouteTableId: account.routeTableId, DestinationCidrBlock: "192.168.0.0/16" };
    await account.ec2.send(new DeleteRouteCommand(route));
    expect((await talk("desk", instanceId, instanceIp)).status).not.toBe(0);
    await account.ec2.send(new CreateRouteCommand({ ...route, GatewayId: gatewayId }));
    expect(await talk("desk", instanceId, instanceIp)).toMatchObject(seen(deskIp));
  }, 60_000);

  testWith(lackOfAwsCli ?? lackOfCurl)(
    "S3 is reached by an interface endpoint and not by the gateway endpoint",
    async () => {
      const { VpcEndpoint } = await account.ec2.send(
        new CreateVpcEndpointCommand({
          VpcId: account.vpcId,
          VpcEndpointType: "Interface",
          ServiceName: "com.amazonaws.us-east-1.s3",
          SubnetIds: [account.subnetId],
        }),
      );
      const { VpcEndpointId = "", NetworkInterfaceIds = [] } = VpcEndpoint!;
      const { NetworkInterfaces } = await account.ec2.send(
        new DescribeNetworkInterfacesCommand({ NetworkInterfaceIds }),
      );
      const ip = NetworkInterfaces![0]!.PrivateIpAddress!;
      const name = VpcEndpoint!.DnsEntries![0]!.DnsName!.replace("*", "bucket");
      const listed = await on("desk", "aws", "--endpoint-url", `https://${name}`, "s3", "ls", `s3://${bucket}`);
      expect(listed.stderr).toBe("");
      expect(listed.stdout).toMatch(/hello\.txt/);
      const last = (await region.own<RequestLine[]>("requests?last=1")).at(-1)!;
      expect(last.path).toMatchObject({
        kind: "interface-endpoint",
        vpcEndpointId: VpcEndpointId,
        vpcId: account.vpcId,
        sourceIp: deskIp,
        destinationIp: ip,
      });
      expect((await underpass("why", last.requestId)).stdout).toMatch(/^from +desk, on premises$/m);
      const curl = ["curl", "--silent", "--max-time", "2", "--output", "/dev/null", "--write-out", "%{http_code}"];
      // Longer than any packet, both ways: the VPN's packets are shorter than the VPC's and the network's behind it.
      const copy = `set -e; t=$(mktemp -d); trap 'rm -r $t' EXIT; head -c 3000000 /dev/urandom > $t/up
        aws --endpoint-url https://${name} s3 cp --only-show-errors $t/up s3://${bucket}/large
        aws --endpoint-url https://${name} s3 cp --only-show-errors s3://${bucket}/large $t/down; cmp $t/up $t/down`;
      expect(await on("desk", "sh", "-c", copy)).toMatchObject({ status: 0, stderr: "" });
      const host = "s3.us-east-1.amazonaws.com";
      expect((await on("desk", ...curl, "--connect-to", `${host}:443:${ip}:443`, `https://${host}/`)).stdout).toBe(
        "403",
      );
      expect(await on("desk", ...curl, `https://${host}/`)).toMatchObject({ stdout: "000" });
      const traced = await underpass("trace", "--from", "desk", "s3:ListBucket", `s3://${bucket}`);
      expect(traced.stdout).toMatch(
        new RegExp(`${account.vpcEndpointId} is a gateway endpoint: it serves only its own`),
      );
      const explained = await underpass("explain-dns", "--from", "desk", host);
      expect(explained.stdout).toMatch(/to nowhere: vpce-\w+ is a gateway endpoint/);
    },
    60_000,
  );

  test("programs end with their host, and hosts with their VPN connection", async () => {
    await underpass("onprem", "add", "printer", "--vpn", vpnConnectionId, "--ip", "192.168.0.11");
    const child = region.exec("printer", ["sleep", "1000"]);
    const over = once(child, "exit");
    const kept = (await underpass("exec", "-d", "printer", "--", "sleep", "1000")).stdout.trim();
    await region.own("onprem/printer/remove", {});
    await over;
    await expect
      .poll(async () => (await underpass("ps")).stdout, { timeout: 20_000 })
      .toMatch(new RegExp(`^${kept} +onprem-\\w+ +ended SIGKILL `, "m"));
    await account.ec2.send(new DeleteVpnConnectionCommand({ VpnConnectionId: vpnConnectionId }));
    expect((await underpass("onprem", "list")).stdout).toBe("");
    expect((await on("desk", "true")).stderr).toMatch(/no instance `desk` is running/);
  }, 60_000);

  let gatewayId: string;

  /** A VPN connection and a route to it; resolves with the connection's id. */
  async function connect({ ec2, routeTableId, vpcId }: MetadataAccount): Promise<string> {
    const { vpnConnectionId: id, vpnGatewayId } = await buildVpnSite(ec2, vpcId);
    gatewayId = vpnGatewayId;
    const route = { RouteTableId: routeTableId, DestinationCidrBlock: siteCidr };
    await ec2.send(new CreateRouteCommand({ ...route, GatewayId: gatewayId }));
    return id;
  }

  /** Connects to port 8080 of the other place; prints the address that it sees there. */
  async function talk(from: string, to: string, ip: string): Promise<Ended> {
    const serve = `require("node:net").createServer((it) => it.end(it.remoteAddress.replace("::ffff:", "") + "\\n"))
      .listen(8080, () => console.log("listening"))`;
    const server = region.exec(to, [process.execPath, "--eval", serve]);
    const gone = once(server, "exit");
    await createInterface({ input: server.stdout! })[Symbol.asyncIterator]().next();
    const call = `${dialText}
      const socket = dial(8080, "${ip}");
      socket.setTimeout(2000, () => process.exit(1));
      socket.on("error", () => process.exit(2)).pipe(process.stdout)`;
    const outcome = await on(from, process.execPath, "--eval", call);
    server.kill();
    await gone;
    return outcome;
  }
});

/** Lets the on-premises network into everything that has the VPC's default group. */
async function openGroups({ ec2, vpcId }: MetadataAccount): Promise<void> {
  const { SecurityGroups } = await ec2.send(
    new DescribeSecurityGroupsCommand({ Filters: [{ Name: "vpc-id", Values: [vpcId] }] }),
  );
  const [group] = SecurityGroups ?? [];
  await ec2.send(
    new AuthorizeSecurityGroupIngressCommand({
      GroupId: group!.GroupId!,
      IpPermissions: [{ IpProtocol: "-1", IpRanges: [{ CidrIp: "192.168.0.0/16" }] }],
    }),
  );
}
