/**
 * What the door costs: GETs of 1 KiB and 8 MiB from inside an instance through the gateway endpoint, against the same
 * server called over loopback, interleaved. `node bench/path.ts`. Budget: ratio of the medians at least 0.80.
 */

import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface, type Interface } from "node:readline";
import {
  CreateRouteTableCommand,
  CreateSubnetCommand,
  CreateVpcCommand,
  CreateVpcEndpointCommand,
  EC2Client,
  AssociateRouteTableCommand,
  RunInstancesCommand,
} from "@aws-sdk/client-ec2";
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { launcher, startRegionProcess } from "../demo/region-process.ts";
import { median, report } from "./report.ts";

const sizes = { small: 1024, large: 8 * 1024 * 1024 } as const;
const rounds = 12;

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
  const { Instances } = await ec2.send(
    new RunInstancesCommand({ ImageId: "ami-00000000000000000", MinCount: 1, MaxCount: 1, SubnetId: Subnet?.SubnetId }),
  );
  return Instances?.[0]?.InstanceId ?? "";
}
