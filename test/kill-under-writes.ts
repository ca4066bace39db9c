/** Kills a region with SIGKILL while it is written to, again and again, and counts what was acknowledged and is gone. */

import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CreateVpcCommand, DescribeVpcsCommand, EC2Client } from "@aws-sdk/client-ec2";
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { type RegionProcess, startRegionProcess } from "../demo/region-process.ts";

export interface KillCount {
  readonly kills: number;
  readonly acknowledgedChanges: number;
  readonly acknowledgedObjects: number;
  readonly lostChanges: number;
  /** Objects that are gone or hold other bytes than those that were acknowledged. */
  readonly lostObjects: number;
}

interface Written {
  readonly vpcIds: Set<string>;
  /** Digest by key. */
  readonly objects: Map<string, string>;
}

const bucket = "killed";
/** Some inside the database, some as files. */
const sizes = [10, 4_000, 100_000, 300_000, 1_500_000];

export async function killUnderWrites(kills: number, progress: (done: number) => void = () => {}): Promise<KillCount> {
  const folder = mkdtempSync(join(tmpdir(), "underpass-kill-"));
  const written: Written = { vpcIds: new Set(), objects: new Map() };
  try {
    for (let kill = 0; kill < kills; kill++) {
      const region = await startRegionProcess({ stateFolder: folder, dataplane: "userspace" });
      await writeUntilKilled(region, written, 10 + Math.floor(Math.random() * 30));
      progress(kill + 1);
    }
    await using region = await startRegionProcess({ stateFolder: folder, dataplane: "userspace" });
    return {
      kills,
      acknowledgedChanges: written.vpcIds.size,
      acknowledgedObjects: written.objects.size,
      ...(await countLost(region, written)),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function clientsOf(region: RegionProcess): { readonly ec2: EC2Client; readonly s3: S3Client } {
  const config = {
    endpoint: region.endpoint,
    region: "us-east-1",
    credentials: { accessKeyId: "test", secretAccessKey: "test" },
    maxAttempts: 1,
  };
  return { ec2: new EC2Client(config), s3: new S3Client({ ...config, forcePathStyle: true }) };
}

async function writeUntilKilled(region: RegionProcess, written: Written, afterWrites: number): Promise<void> {
  const { ec2, s3 } = clientsOf(region);
  await s3.send(new CreateBucketCommand({ Bucket: bucket }));
  const gone = once(region.process, "exit");
  let killed = false;
  // Counted, not timed: the kill falls among writes under way however busy the machine is.
  let left = afterWrites;
  const acknowledged = (): void => {
    left -= 1;
    if (left > 0 || killed) return;
    killed = true;
    region.process.kill("SIGKILL");
  };
  const untilKilled = async (write: () => Promise<void>): Promise<void> => {
    while (!killed) {
      try {
        await write();
      } catch (error) {
        if (!killed) throw error;
      }
    }
  };
  const writers = [
    untilKilled(async () => {
      const { Vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock: "10.0.0.0/16" }));
      if (Vpc?.VpcId !== undefined) written.vpcIds.add(Vpc.VpcId);
      acknowledged();
    }),
    ...[0, 1].map((writer) =>
      untilKilled(async () => {
        const body = randomBytes(sizes[Math.floor(Math.random() * sizes.length)] ?? 0);
        const key = `${writer}/${written.objects.size}`;
        await s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body }));
        written.objects.set(key, createHash("sha256").update(body).digest("hex"));
        acknowledged();
      }),
    ),
  ];
  await gone;
  await Promise.all(writers);
}

async function countLost(
  region: RegionProcess,
  written: Written,
): Promise<{ lostChanges: number; lostObjects: number }> {
  const { ec2, s3 } = clientsOf(region);
  const found = new Set<string>();
  let token: string | undefined;
  do {
    const page = await ec2.send(new DescribeVpcsCommand({ MaxResults: 1000, NextToken: token }));
    for (const vpc of page.Vpcs ?? []) found.add(vpc.VpcId ?? "");
    token = page.NextToken;
  } while (token !== undefined);
  let lostObjects = 0;
  for (const [key, digest] of written.objects) {
    const body = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key })).then(
      (it) => it.Body?.transformToByteArray(),
      () => undefined,
    );
    if (body === undefined || createHash("sha256").update(body).digest("hex") !== digest) lostObjects += 1;
  }
  return { lostChanges: [...written.vpcIds].filter((id) => !found.has(id)).length, lostObjects };
}
