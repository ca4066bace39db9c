/** What programs in instances did, told by flow logs as AWS writes them, by `underpass top` and by /metrics. */

import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import {
  CreateFlowLogsCommand,
  CreateSecurityGroupCommand,
  CreateVpcEndpointCommand,
  DeleteFlowLogsCommand,
  DescribeFlowLogsCommand,
  DescribeInstancesCommand,
  DescribeVpcEndpointsCommand,
  EC2Client,
  type InstanceNetworkInterface,
  ModifyVpcEndpointCommand,
  RevokeSecurityGroupEgressCommand,
} from "@aws-sdk/client-ec2";
import {
  CreateBucketCommand,
  DeleteBucketPolicyCommand,
  GetBucketPolicyCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutBucketPolicyCommand,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { type Account, buildAccount } from "../demo/account.ts";
import { ended, type Ended, launcher } from "../demo/region-process.ts";
import { type DemoRegion, startRegion } from "../demo/region.ts";
import type { EndpointFigures, Figures } from "../src/api/underpass/figures.ts";
import { lackOfCurl } from "./need.ts";
import { onEachPlane } from "./on-plane.ts";

const bucket = "flow-records";
const format =
  "${version} ${account-id} ${interface-id} ${vpc-id} ${subnet-id} ${instance-id} ${srcaddr} ${dstaddr} ${srcport} ${dstport} ${pkt-srcaddr} ${pkt-dstaddr} ${protocol} ${packets} ${bytes} ${start} ${end} ${action} ${log-status} ${tcp-flags} ${type} ${region} ${az-id} ${sublocation-type} ${sublocation-id} ${pkt-src-aws-service} ${pkt-dst-aws-service} ${flow-direction} ${traffic-path}";

type FlowRecord = Readonly<Record<string, string>>;

onEachPlane(
  "traffic",
  (dataplane) => {
    const folder = mkdtempSync(join(tmpdir(), "underpass-flow-log-"));
    let region: DemoRegion;
    let account: Account;
    let s3: S3Client;
    let ec2: EC2Client;
    beforeAll(async () => {
      region = await startRegion({ dataplane, more: ["--flow-log-interval", "1", "--flow-logs", folder] });
      account = await buildAccount(region.endpoint);
      const settings = { endpoint: region.endpoint, region: "us-east-1" };
      const credentials = { accessKeyId: "test", secretAccessKey: "test" };
      s3 = new S3Client({ ...settings, credentials, forcePathStyle: true });
      ec2 = new EC2Client({ ...settings, credentials });
      await s3.send(new CreateBucketCommand({ Bucket: bucket }));
    });
    afterAll(async () => {
      s3.destroy();
      ec2.destroy();
      expect(await region.stop()).toBe(0);
      rmSync(folder, { recursive: true, force: true });
    });

    async function objects(prefix: string): Promise<readonly string[]> {
      const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix }));
      return Contents.map(({ Key = "" }) => Key);
    }

    async function records(prefix: string): Promise<FlowRecord[]> {
      const files = await Promise.all(
        (await objects(prefix)).map(async (Key) => {
          const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key }));
          return gunzipSync(await Body!.transformToByteArray()).toString();
        }),
      );
      return files.flatMap(readRecords);
    }

    const found = (prefix: string, wanted: FlowRecord): Promise<FlowRecord> =>
      vi.waitFor(
        async () => {
          const all = await records(prefix);
          const hit = all.find((one) => Object.entries(wanted).every(([name, value]) => one[name] === value));
          if (hit === undefined) throw new Error(`no such record among ${JSON.stringify(all.slice(-5))}`);
          return hit;
        },
        { timeout: 30_000, interval: 300 },
      );

    const interfaceOf = async (instanceId: string): Promise<InstanceNetworkInterface> => {
      const { Reservations } = await ec2.send(new DescribeInstancesCommand({ InstanceIds: [instanceId] }));
      return Reservations![0]!.Instances![0]!.NetworkInterfaces![0]!;
    };
    const eniOf = async (instanceId: string): Promise<string> => (await interfaceOf(instanceId)).NetworkInterfaceId!;

    /** Has the flows of an interface written to a folder of the bucket, until the logs are deleted. */
    async function logInterface(networkInterfaceId: string, prefix: string): Promise<string[]> {
      const { FlowLogIds } = await ec2.send(
        new CreateFlowLogsCommand({
          ResourceType: "NetworkInterface",
          ResourceIds: [networkInterfaceId],
          TrafficType: "ALL",
          LogDestinationType: "s3",
          LogDestination: `arn:aws:s3:::${bucket}/${prefix}/`,
          LogFormat: format,
        }),
      );
      return FlowLogIds!;
    }

    const curl = (instanceId: string, url = "http://s3.us-east-1.amazonaws.com/"): Promise<Ended> =>
      ended(region.exec(instanceId, ["curl", "--silent", "--connect-timeout", "1", "--max-time", "5", url]));

    const underpass = (...words: string[]): Promise<Ended> =>
      ended(spawn(process.execPath, [launcher, ...words], { stdio: ["pipe", "pipe", "pipe"] }));

    test("records of every field say what went out, by which way and what came back", async () => {
      const { vpcId } = account;
      const made = await ec2.send(
        new CreateFlowLogsCommand({
          ResourceType: "VPC",
          ResourceIds: [vpcId],
          TrafficType: "ALL",
          LogDestinationType: "s3",
          LogDestination: `arn:aws:s3:::${bucket}/all/`,
          LogFormat: format,
          MaxAggregationInterval: 60,
        }),
      );
      expect(made.Unsuccessful).toEqual([]);
      const { Policy } = await s3.send(new GetBucketPolicyCommand({ Bucket: bucket }));
      expect(Policy).toContain("delivery.logs.amazonaws.com");
      const { instanceId } = account.inPublic;
      await curl(instanceId);
      const eni = await eniOf(instanceId);
      const out = await found("all/", { "interface-id": eni, "flow-direction": "egress", dstport: "80" });
      expect(out).toMatchObject({
        version: "5",
        "account-id": "000000000000",
        "vpc-id": vpcId,
        "instance-id": instanceId,
        protocol: "6",
        action: "ACCEPT",
        "log-status": "OK",
        type: "IPv4",
        region: "us-east-1",
        "az-id": expect.stringMatching(/^use1-az\d$/),
        "sublocation-type": "-",
        "pkt-src-aws-service": "-",
        "pkt-dst-aws-service": "S3",
        "traffic-path": "8",
      });
      expect(Number(out["tcp-flags"]) & 2).toBe(2);
      expect(Number(out["packets"])).toBeGreaterThan(0);
      expect(Number(out["bytes"])).toBeGreaterThan(Number(out["packets"]) * 20);
      expect(Number(out["end"])).toBeGreaterThanOrEqual(Number(out["start"]));
      const back = await found("all/", { "interface-id": eni, "flow-direction": "ingress", srcport: "80" });
      expect(back).toMatchObject({ "traffic-path": "-", srcaddr: out["dstaddr"], dstaddr: out["srcaddr"] });
      await ec2.send(
        new CreateVpcEndpointCommand({
          VpcId: vpcId,
          ServiceName: "com.amazonaws.us-east-1.s3",
          RouteTableIds: [account.publicTableId],
        }),
      );
      await curl(instanceId);
      await found("all/", { "interface-id": eni, "flow-direction": "egress", dstport: "80", "traffic-path": "7" });
      // Nobody has the address, and what the name leads to serves nobody.
      await curl(instanceId, "http://10.0.1.200/");
      const toNobody = { "interface-id": eni, "flow-direction": "egress", "pkt-dstaddr": "10.0.1.200" };
      expect(await found("all/", toNobody)).toMatchObject({
        action: "ACCEPT",
        "traffic-path": "-",
        "pkt-dst-aws-service": "-",
      });
      await curl(instanceId, "http://lambda.us-east-1.amazonaws.com/");
      const toLambda = { "interface-id": eni, "flow-direction": "egress", "pkt-dst-aws-service": "AMAZON" };
      expect(await found("all/", toLambda)).toMatchObject({ action: "ACCEPT", "traffic-path": "8", dstport: "80" });
      // The other instance did nothing.
      const quiet = await found("all/", {
        "log-status": "NODATA",
        "interface-id": await eniOf(account.inPrivate.instanceId),
      });
      expect(quiet).toMatchObject({ srcaddr: "-", action: "-", packets: "-" });
      const [key] = await objects("all/");
      const [flowLogId] = made.FlowLogIds!;
      expect(key).toMatch(
        new RegExp(
          String.raw`^all/AWSLogs/000000000000/vpcflowlogs/us-east-1/\d{4}/\d\d/\d\d/000000000000_vpcflowlogs_us-east-1_${flowLogId}_\d{8}T\d{4}Z_[0-9a-f]{8}\.log\.gz$`,
        ),
      );
      expect(readdirSync(folder)).toContain(`${flowLogId}.log`);
      expect(readRecords(readFileSync(join(folder, `${flowLogId}.log`), "utf8"))).toContainEqual(out);
      await ec2.send(new DeleteFlowLogsCommand({ FlowLogIds: made.FlowLogIds! }));
    });

    test("another region's bucket is out of the gateway endpoint's reach: its traffic takes the internet gateway", async () => {
      const { instanceId } = account.inPublic;
      const { NetworkInterfaceId: eni, Association } = await interfaceOf(instanceId);
      const far = new S3Client({
        endpoint: region.endpoint,
        region: "eu-west-1",
        credentials: { accessKeyId: "test", secretAccessKey: "test" },
        forcePathStyle: true,
      });
      const Bucket = "flows-elsewhere";
      await far.send(
        new CreateBucketCommand({ Bucket, CreateBucketConfiguration: { LocationConstraint: "eu-west-1" } }),
      );
      await far.send(new PutObjectCommand({ Bucket, Key: "hello", Body: "from afar" }));
      // Who comes through any endpoint, or with a private address, gets nothing.
      const Condition = {
        IpAddress: { "aws:SourceIp": `${Association!.PublicIp}/32` },
        Null: { "aws:SourceVpce": "true", "aws:SourceVpc": "true" },
      };
      const Statement = [
        { Effect: "Allow", Principal: "*", Action: "s3:GetObject", Resource: `arn:aws:s3:::${Bucket}/*`, Condition },
      ];
      await far.send(
        new PutBucketPolicyCommand({ Bucket, Policy: JSON.stringify({ Version: "2012-10-17", Statement }) }),
      );
      far.destroy();
      const FlowLogIds = await logInterface(eni!, "far");
      const before = (await region.own<Figures>("figures")).endpoints;
      const { stdout } = await curl(instanceId, `http://${Bucket}.s3.eu-west-1.amazonaws.com/hello`);
      expect(stdout).toBe("from afar");
      const out = await found("far/", { "flow-direction": "egress", dstport: "80" });
      expect(out).toMatchObject({ "traffic-path": "8", "pkt-dst-aws-service": "S3", action: "ACCEPT" });
      expect((await region.own<Figures>("figures")).endpoints).toEqual(before);
      await ec2.send(new DeleteFlowLogsCommand({ FlowLogIds }));
    });

    test("what goes to an interface endpoint is told by its figures and its interface's records, and so is what its group drops", async () => {
      const { vpcId, inPublic } = account;
      const { SubnetId, Groups } = await interfaceOf(inPublic.instanceId);
      const { VpcEndpoint } = await ec2.send(
        new CreateVpcEndpointCommand({
          VpcId: vpcId,
          VpcEndpointType: "Interface",
          ServiceName: "com.amazonaws.us-east-1.sts",
          SubnetIds: [SubnetId!],
          PrivateDnsEnabled: false,
        }),
      );
      const { VpcEndpointId, NetworkInterfaceIds, DnsEntries } = VpcEndpoint!;
      const [eni] = NetworkInterfaceIds!;
      await vi.waitFor(async () => {
        const { VpcEndpoints } = await ec2.send(new DescribeVpcEndpointsCommand({ VpcEndpointIds: [VpcEndpointId!] }));
        expect(VpcEndpoints![0]!.State).toBe("available");
      });
      const FlowLogIds = await logInterface(eni!, "interface");
      const figures = async (): Promise<EndpointFigures> =>
        (await region.own<Figures>("figures")).endpoints.find((one) => one.vpcEndpointId === VpcEndpointId)!;
      const url = `http://${DnsEntries![0]!.DnsName}/`;
      await curl(inPublic.instanceId, url);
      const carried = await figures();
      expect(carried).toMatchObject({ endpointType: "Interface", vpcId, newConnections: 1, packetsDropped: 0 });
      expect(carried.bytesIn).toBeGreaterThan(50);
      expect(carried.bytesOut).toBeGreaterThan(50);
      const { subnets, endpointType: _type, serviceName, vpcId: _vpcId, vpcEndpointId: _id, ...sums } = carried;
      expect(subnets).toEqual([{ ...sums, subnetId: SubnetId, networkInterfaceId: eni }]);
      const came = await found("interface/", { "flow-direction": "ingress", dstport: "80", action: "ACCEPT" });
      expect(came).toMatchObject({
        "interface-id": eni,
        "subnet-id": SubnetId,
        "instance-id": "-",
        "traffic-path": "-",
      });
      const went = await found("interface/", { "flow-direction": "egress", srcport: "80" });
      expect(went).toMatchObject({ srcaddr: came["dstaddr"], dstaddr: came["srcaddr"], "traffic-path": "1" });
      const { GroupId } = await ec2.send(
        new CreateSecurityGroupCommand({ VpcId: vpcId, GroupName: "closed", Description: "lets nobody in" }),
      );
      await ec2.send(
        new ModifyVpcEndpointCommand({
          VpcEndpointId,
          AddSecurityGroupIds: [GroupId!],
          RemoveSecurityGroupIds: [Groups![0]!.GroupId!],
        }),
      );
      await curl(inPublic.instanceId, url);
      expect((await figures()).packetsDropped).toBeGreaterThan(0);
      const stopped = await found("interface/", { "flow-direction": "ingress", dstport: "80", action: "REJECT" });
      expect(stopped).toMatchObject({ "interface-id": eni, srcaddr: came["srcaddr"], "tcp-flags": "2" });
      const { stdout } = await underpass("top", "--endpoint", region.endpoint);
      expect(stdout).toMatch(new RegExp(`^${VpcEndpointId} +${serviceName} +0 +1 `, "m"));
      expect(stdout).toMatch(
        new RegExp(String.raw`^\d+ +the security groups of ${eni} of ${VpcEndpointId}, inbound$`, "m"),
      );
      await ec2.send(new DeleteFlowLogsCommand({ FlowLogIds }));
    });

    test("what a group drops is a record of REJECT in the default format, in folders by the hour for Hive", async () => {
      const { instanceId } = account.inPublic;
      const { NetworkInterfaceId: eni, Groups } = await interfaceOf(instanceId);
      const GroupId = Groups![0]!.GroupId!;
      await ec2.send(
        new RevokeSecurityGroupEgressCommand({
          GroupId,
          IpPermissions: [{ IpProtocol: "-1", IpRanges: [{ CidrIp: "0.0.0.0/0" }] }],
        }),
      );
      const made = await ec2.send(
        new CreateFlowLogsCommand({
          ResourceType: "NetworkInterface",
          ResourceIds: [eni!],
          TrafficType: "REJECT",
          LogDestinationType: "s3",
          LogDestination: `arn:aws:s3:::${bucket}/hive`,
          DestinationOptions: { FileFormat: "plain-text", HiveCompatiblePartitions: true, PerHourPartition: true },
        }),
      );
      expect(made.Unsuccessful).toEqual([]);
      await curl(instanceId);
      const record = await found("hive/", { "interface-id": eni!, action: "REJECT" });
      expect(record).toMatchObject({ version: "2", dstport: "80", protocol: "6", "log-status": "OK" });
      expect(Object.keys(record)).toHaveLength(14);
      expect((await objects("hive/"))[0]).toMatch(
        /^hive\/AWSLogs\/aws-account-id=000000000000\/aws-service=vpcflowlogs\/aws-region=us-east-1\/year=\d{4}\/month=\d\d\/day=\d\d\/hour=\d\d\//,
      );
    });

    test("endpoints and drops have figures", async () => {
      const now = await region.own<Figures>("figures");
      const endpoint = now.endpoints.find(({ endpointType }) => endpointType === "Gateway");
      expect(endpoint!.newConnections).toBeGreaterThan(0);
      expect(endpoint!.bytesIn).toBeGreaterThan(50);
      expect(endpoint!.bytesOut).toBeGreaterThan(50);
      expect(endpoint!.packetsDropped).toBeGreaterThan(0);
      const dropped = now.drops.find(({ kind, direction }) => kind === "security-group" && direction === "egress");
      expect(dropped).toMatchObject({ vpcId: account.vpcId, vpcEndpointId: endpoint!.vpcEndpointId });
      const { stdout, status } = await underpass("top", "--endpoint", region.endpoint);
      expect(status).toBe(0);
      expect(stdout).toMatch(new RegExp(`^${endpoint!.vpcEndpointId} +com.amazonaws.us-east-1.s3 +0 +[1-9]`, "m"));
      expect(stdout).toMatch(/^\d+ +the security groups of eni-\w+, outbound/m);
      const metrics = await fetch(`${region.endpoint}/metrics`);
      expect(metrics.headers.get("content-type")).toContain("application/openmetrics-text");
      expect(await metrics.text()).toMatch(
        new RegExp(
          `^underpass_endpoint_connections_total\\{vpc_endpoint_id="${endpoint!.vpcEndpointId}".*\\} [1-9]`,
          "m",
        ),
      );
    });

    test("without the bucket's permission nothing is written, and the log says so", async () => {
      await s3.send(new DeleteBucketPolicyCommand({ Bucket: bucket }));
      const { FlowLogs } = await ec2.send(new DescribeFlowLogsCommand({}));
      expect(FlowLogs).toMatchObject([{ DeliverLogsStatus: "FAILED", DeliverLogsErrorMessage: "Access error" }]);
    });
  },
  lackOfCurl,
);

/** By the names in the header. */
function readRecords(text: string): FlowRecord[] {
  const [header = "", ...lines] = text.trimEnd().split("\n");
  const names = header.split(" ");
  return lines.map((line) => Object.fromEntries(line.split(" ").map((value, at) => [names[at] ?? "", value])));
}
