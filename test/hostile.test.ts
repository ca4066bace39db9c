/**
 * A hostile instance: a program that is root of a user namespace of its own inside an instance tries to be somebody else,
 * to look at others and to reach the region itself. Each attempt is a row; none may gain anything.
 */

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { DescribeInstancesCommand } from "@aws-sdk/client-ec2";
import { PutBucketPolicyCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, vi } from "vitest";
import { ended, type RegionProcess, startRegionProcess } from "../demo/region-process.ts";
import type { InstanceEntry, Status } from "../src/api/underpass/server.ts";
import { linuxPlaneLack } from "../src/dataplane/linux/plane.ts";
import type { Surroundings } from "./hostile-program.ts";
import { bucket, buildMetadataAccount, profileName } from "./metadata-account.ts";
import { testWith } from "./need.ts";

const lack = await linuxPlaneLack();
const test = testWith(lack);

const refused = /^(EPERM|EACCES)$/;

/** What meets each attempt. */
const table: readonly (readonly [string, RegExp])[] = [
  ["take another address", refused],
  ["change the route", refused],
  ["change a neighbour", refused],
  ["set the device", refused],
  ["make an nft table", refused],
  ["run nft", /^(1|not here)$/],
  ["write a setting", /^(EPERM|EACCES|EROFS)$/],
  ["open a raw socket", refused],
  ["open an ICMP socket of the raw kind", refused],
  ["open a packet socket", refused],
  ["be transparent", refused],
  ["mark packets", refused],
  ["bind to another's address", /^EADDRNOTAVAIL$/],
  ["send from another's address", /^(EINVAL|ENETUNREACH)$/],
  ...["netd", "daemon", "other"].flatMap((name): [string, RegExp][] => [
    ...["net", "user", "mnt"].map((kind): [string, RegExp] => [`enter the ${kind} namespace of ${name}`, refused]),
    ...["environ", "mem", "maps"].map((file): [string, RegExp] => [`read ${file} of ${name}`, refused]),
    [`open a descriptor of ${name}`, refused],
    ...["root", "cwd"].map((folder): [string, RegExp] => [`list ${folder} of ${name}`, refused]),
    [`trace ${name}`, refused],
    [`take a descriptor of ${name}`, refused],
  ]),
  ["list the state", /^run$/],
  ["read the key of the certificate authority", /^ENOENT$/],
  ["uncover the state", /^(1|32)$/],
  ["uncover the state in files of its own", /^(1|32)$/],
  ["connect from 127.0.0.2", /^(nothing|EINVAL)$/],
  ["connect from another's address", /^EADDRNOTAVAIL$/],
  ["use another's token", /^401$/],
  ["get a token through a proxy", /^403$/],
  // It is told its own name, whatever it claims.
  ["ask as another", /^200 <own>$/],
  ["ask for another's role", /^404$/],
  // Not an attack: it shows that the next one is refused for its way alone.
  ["read what its own endpoint may", /^200 open$/],
  ["forge the way to S3", /^403$/],
  ["call the region's own API at S3", /^(403|404)$/],
  ["call the region's own API with its name", /^(400|403|404)$/],
  ["reset the region", /^(403|404|405)$/],
  ["call the region's own API at the metadata service", /^404$/],
  ["call the region's port", /^ECONNREFUSED$/],
  ["call the region's port on the machine", /^(nothing|ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT)$/],
];

describe.skipIf(lack !== undefined && process.env["UNDERPASS_REQUIRE_ALL"] !== "1")("a hostile instance", () => {
  let region: RegionProcess;
  let instanceId: string;
  let met: ReadonlyMap<string, string>;
  const folder = mkdtempSync(join(tmpdir(), "underpass-hostile-"));
  const stateFolder = join(folder, "state");

  beforeAll(async () => {
    region = await startRegionProcess({ dataplane: "linux", stateFolder });
    const account = await buildMetadataAccount(region.endpoint);
    instanceId = await account.launch({});
    const otherId = await account.launch({ IamInstanceProfile: { Name: profileName } });
    const trusted = { trustedEndpoint: "vpce-0123456789abcdef0", trustedIp: "203.0.113.7" };
    await fillBucket(region, trusted, account.vpcEndpointId);
    const { Reservations } = await account.ec2.send(new DescribeInstancesCommand({ InstanceIds: [otherId] }));
    const mark = `1000.${process.pid}`;
    const sleeper = region.exec(otherId, ["sleep", mark]);
    const { command } = await region.own<InstanceEntry>(`instances/${instanceId}/entry`);
    const surroundings: Surroundings = {
      netdPid: Number(/\/proc\/(\d+)\//.exec(command.join(" "))![1]),
      daemonPid: (await region.own<Status>("status")).processId,
      otherPid: await pidOf(mark),
      otherIp: Reservations![0]!.Instances![0]!.PrivateIpAddress!,
      otherToken: await inside(
        region,
        otherId,
        "curl -s -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 600' http://169.254.169.254/latest/api/token",
      ),
      machineIp: machineIp(),
      regionPort: Number(new URL(region.endpoint).port),
      stateFolder,
      bucketHost: `${bucket}.s3.us-east-1.amazonaws.com`,
      ...trusted,
    };
    const program = join(import.meta.dirname, "hostile-program.ts");
    // The kernel does not let a real root without capabilities be root again; then the capabilities alone have to do.
    const rights = process.getuid?.() === 0 ? "--keep-caps" : "--map-root-user";
    const asRoot = ["unshare", "--user", rights, "--", process.execPath, program, JSON.stringify(surroundings)];
    const { stdout, stderr } = await ended(region.exec(instanceId, asRoot));
    expect(stderr).toBe("");
    met = new Map(
      stdout
        .trim()
        .split("\n")
        .map((line) => [line.slice(0, line.indexOf(": ")), line.slice(line.indexOf(": ") + 2)]),
    );
    sleeper.kill("SIGKILL");
  }, 120_000);
  afterAll(async () => {
    expect(await region.stop()).toBe(0);
    rmSync(folder, { recursive: true, force: true });
  });

  test("every attempt is in the table", () => {
    expect([...met.keys()].toSorted()).toEqual(table.map(([what]) => what).toSorted());
  });

  test.each(table)("%s", (what, expected) => {
    expect((met.get(what) ?? "").replace(instanceId, "<own>")).toMatch(expected);
  });

  test("the region is whole", async () => {
    expect(existsSync(join(stateFolder, "ca", "ca-key.pem"))).toBe(true);
    expect((await region.own<Status>("status")).counts["bucket"]).toBe(1);
  });
});

/** The secret is for whoever comes by an endpoint or from an address that the instance does not have, the rest for its own endpoint. */
async function fillBucket(
  region: RegionProcess,
  { trustedEndpoint, trustedIp }: { readonly trustedEndpoint: string; readonly trustedIp: string },
  ownEndpoint: string,
): Promise<void> {
  const credentials = { accessKeyId: "test", secretAccessKey: "test" };
  const s3 = new S3Client({ endpoint: region.endpoint, region: "us-east-1", credentials, forcePathStyle: true });
  for (const name of ["secret", "open"]) {
    await s3.send(new PutObjectCommand({ Bucket: bucket, Key: `${name}.txt`, Body: name }));
  }
  const allow = (key: string, Condition: object): object => {
    return {
      Effect: "Allow",
      Principal: "*",
      Action: "s3:GetObject",
      Resource: `arn:aws:s3:::${bucket}/${key}`,
      Condition,
    };
  };
  const Statement = [
    allow("secret.txt", { StringEquals: { "aws:SourceVpce": trustedEndpoint } }),
    allow("secret.txt", { IpAddress: { "aws:SourceIp": trustedIp } }),
    allow("open.txt", { StringEquals: { "aws:SourceVpce": ownEndpoint } }),
  ];
  await s3.send(
    new PutBucketPolicyCommand({ Bucket: bucket, Policy: JSON.stringify({ Version: "2012-10-17", Statement }) }),
  );
}

async function inside(region: RegionProcess, instance: string, script: string): Promise<string> {
  return (await ended(region.exec(instance, ["sh", "-c", script]))).stdout;
}

/** The process that sleeps so long. */
async function pidOf(mark: string): Promise<number> {
  return await vi.waitFor(
    () => {
      const found = readdirSync("/proc").find((name) => /^\d+$/.test(name) && commandOf(name) === `sleep\0${mark}\0`);
      expect(found).toBeDefined();
      return Number(found);
    },
    { timeout: 20_000 },
  );
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return "";
  }
}

function machineIp(): string {
  const own = Object.values(networkInterfaces()).flatMap((entries) => entries ?? []);
  return own.find(({ family, internal }) => family === "IPv4" && !internal)?.address ?? "192.0.2.1";
}
