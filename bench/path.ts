/**
 * What the door costs: GETs of 1 KiB and 8 MiB from inside an instance through the gateway endpoint, past a security group
 * of 60 outbound rules and a network ACL of 20 rules in each direction, against the same server called over loopback,
 * interleaved. `node bench/path.ts`. Budget: ratio of the medians at least 0.80.
 */

import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface, type Interface } from "node:readline";
import {
  AssociateRouteTableCommand,
  AuthorizeSecurityGroupEgressCommand,
  CreateNetworkAclCommand,
  CreateNetworkAclEntryCommand,
  CreateRouteTableCommand,
  CreateSecurityGroupCommand,
  CreateSubnetCommand,
  CreateVpcCommand,
  CreateVpcEndpointCommand,
  DescribeNetworkAclsCommand,
  DescribePrefixListsCommand,
  EC2Client,
  ReplaceNetworkAclAssociationCommand,
  RevokeSecurityGroupEgressCommand,
  RunInstancesCommand,
} from "@aws-sdk/client-ec2";
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { launcher, startRegionProcess } from "../demo/region-process.ts";
import { median, report } from "./report.ts";

const sizes = { small: 1024, large: 8 * 1024 * 1024 } as const;
const rounds = 12;
/** As many as AWS's quotas allow. */
const [groupRules, aclRules] = [60, 20];

await using region = await startRegionProcess();
const config = {
  endpoint: region.endpoint,
  region: "us-east-1",
  credentials: { accessKeyId: "test", secretAccessKey: "test" },
};
const s3 = new S3Client({ ...config, forcePathStyle: true });
const instanceId = await buildNetwork(new EC2Client(config));
await s3.send(new CreateBucketCommand({ Bucket: "bench" }));
for (const [name, size] of Object.entries(sizes)) {
  await s3.send(new PutObjectCommand({ Bucket: "bench", Key: name, Body: Buffer.alloc(size, name) }));
}
await s3.send(new GetObjectCommand({ Bucket: "bench", Key: "small" }));

/** A client process that makes GETs over one kept connection when told how many, and says how long they took. */
function client(where: "instance" | "host"): {
  readonly get: (key: string, count: number) => Promise<number>;
  readonly end: () => void;
} {
  const program = [
    process.execPath,
    join(import.meta.dirname, "path-client.ts"),
    where === "host" ? region.endpoint : "http://s3.us-east-1.amazonaws.com",
  ];
  const words =
    where === "host"
      ? program
      : [process.execPath, launcher, "exec", "--endpoint", region.endpoint, instanceId, "--", ...program];
  const [command = "", ...rest] = words;
  const child = spawn(command, rest, {
    stdio: ["pipe", "pipe", "inherit"],
    env: { ...process.env, AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test" },
  });
  const lines = (createInterface({ input: child.stdout }) as Interface)[Symbol.asyncIterator]();
  return {
    get: async (key, count) => {
      child.stdin.write(`${key} ${count}\n`);
      const { value } = await lines.next();
      return Number(value);
    },
    end: () => child.stdin.end(),
  };
}

const inside = client("instance");
const outside = client("host");
const tookMs: Record<string, { inside: number[]; outside: number[] }> = {};
for (const [key, count] of [
  ["small", 400],
  ["large", 12],
] as const) {
  const took = { inside: [] as number[], outside: [] as number[] };
  tookMs[key] = took;
  await inside.get(key, count);
  await outside.get(key, count);
  for (let round = 0; round < rounds; round++) {
    took.inside.push((await inside.get(key, count)) / count);
    took.outside.push((await outside.get(key, count)) / count);
  }
}
inside.end();
outside.end();

const ratio = (key: string): number => median(tookMs[key]?.outside ?? []) / median(tookMs[key]?.inside ?? []);
report(
  "path",
  { ratio1KiB: { value: ratio("small"), atLeast: 0.8 }, ratio8MiB: { value: ratio("large"), atLeast: 0.8 } },
  {
    dataplane: region.dataplane,
    groupRules,
    aclRules,
    medianMs: Object.fromEntries(
      Object.entries(tookMs).map(([key, it]) => [key, { endpoint: median(it.inside), loopback: median(it.outside) }]),
    ),
  },
);

async function buildNetwork(ec2: EC2Client): Promise<string> {
  const { Vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock: "10.0.0.0/16" }));
  const { Subnet } = await ec2.send(new CreateSubnetCommand({ VpcId: Vpc?.VpcId, CidrBlock: "10.0.1.0/24" }));
  const { RouteTable } = await ec2.send(new CreateRouteTableCommand({ VpcId: Vpc?.VpcId }));
  await ec2.send(
    new AssociateRouteTableCommand({ SubnetId: Subnet?.SubnetId, RouteTableId: RouteTable?.RouteTableId }),
  );
  await ec2.send(
    new CreateVpcEndpointCommand({
      VpcId: Vpc?.VpcId,
      ServiceName: "com.amazonaws.us-east-1.s3",
      RouteTableIds: [RouteTable?.RouteTableId ?? ""],
    }),
  );
  await filterSubnet(ec2, Vpc?.VpcId ?? "", Subnet?.SubnetId ?? "");
  const { Instances } = await ec2.send(
    new RunInstancesCommand({
      ImageId: "ami-00000000000000000",
      MinCount: 1,
      MaxCount: 1,
      SubnetId: Subnet?.SubnetId,
      SecurityGroupIds: [await makeGroup(ec2, Vpc?.VpcId ?? "")],
    }),
  );
  return Instances?.[0]?.InstanceId ?? "";
}

/** Of the rules only the last lets the service be reached, so that each is looked at. */
async function makeGroup(ec2: EC2Client, VpcId: string): Promise<string> {
  const { GroupId = "" } = await ec2.send(
    new CreateSecurityGroupCommand({ GroupName: "bench", Description: "bench", VpcId }),
  );
  const everything = { IpProtocol: "-1", IpRanges: [{ CidrIp: "0.0.0.0/0" }] };
  await ec2.send(new RevokeSecurityGroupEgressCommand({ GroupId, IpPermissions: [everything] }));
  const { PrefixLists } = await ec2.send(
    new DescribePrefixListsCommand({
      Filters: [{ Name: "prefix-list-name", Values: ["com.amazonaws.us-east-1.s3"] }],
    }),
  );
  const others = Array.from({ length: groupRules - 1 }, (_, at) => ({
    IpProtocol: "tcp",
    FromPort: 7000 + at,
    ToPort: 7000 + at,
    IpRanges: [{ CidrIp: `172.16.${at}.0/24` }],
  }));
  const toService = {
    IpProtocol: "tcp",
    FromPort: 80,
    ToPort: 443,
    PrefixListIds: [{ PrefixListId: PrefixLists?.[0]?.PrefixListId }],
  };
  for (const IpPermissions of [others, [toService]]) {
    await ec2.send(new AuthorizeSecurityGroupEgressCommand({ GroupId, IpPermissions }));
  }
  return GroupId;
}

/** Gives the subnet an ACL whose last rules let all pass, so that each is looked at, for every packet. */
async function filterSubnet(ec2: EC2Client, VpcId: string, subnetId: string): Promise<void> {
  const { NetworkAcl } = await ec2.send(new CreateNetworkAclCommand({ VpcId }));
  for (const Egress of [true, false]) {
    for (let number = 1; number <= aclRules; number++) {
      const last = number === aclRules;
      await ec2.send(
        new CreateNetworkAclEntryCommand({
          NetworkAclId: NetworkAcl?.NetworkAclId,
          RuleNumber: number,
          Egress,
          Protocol: "-1",
          RuleAction: last ? "allow" : "deny",
          CidrBlock: last ? "0.0.0.0/0" : `172.17.${number}.0/24`,
        }),
      );
    }
  }
  const { NetworkAcls } = await ec2.send(
    new DescribeNetworkAclsCommand({ Filters: [{ Name: "association.subnet-id", Values: [subnetId] }] }),
  );
  const association = NetworkAcls?.[0]?.Associations?.find((one) => one.SubnetId === subnetId);
  await ec2.send(
    new ReplaceNetworkAclAssociationCommand({
      AssociationId: association?.NetworkAclAssociationId,
      NetworkAclId: NetworkAcl?.NetworkAclId,
    }),
  );
}
