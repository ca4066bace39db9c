/**
 * A hostile instance: a program that is root of a user namespace of its own inside an instance tries to be somebody else,
 * to look at others and to reach the region itself. Each attempt is a row; none may gain anything.
 */

import type { ChildProcess } from "node:child_process";
import { existsSync, readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { DescribeInstancesCommand, type Instance, ModifyVpcEndpointCommand } from "@aws-sdk/client-ec2";
import { PutBucketPolicyCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import koffi from "koffi";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { ended, type RegionProcess, startRegionProcess } from "../demo/region-process.ts";
import type { InstanceEntry, Status } from "../src/api/underpass/server.ts";
import type { Surroundings } from "./hostile-attempt.ts";
import { bucket, buildMetadataAccount, profileName } from "./metadata-account.ts";
import { nextIp } from "./ipv6-builder.ts";
import { testWith } from "./need.ts";
import { homeOf, type TestUser, users } from "./user.ts";

const library = koffi.load(null);
const shmget = library.func("int shmget(int key, size_t size, int flags)");
const shmctl = library.func("int shmctl(int id, int command, void *buffer)");
const IPC_RMID = 0;

const refused = /^(EPERM|EACCES)$/;
/** Of processes outside its instance it does not know that they are there. */
const unseen = /^(ENOENT|ESRCH)$/;

/** What meets each attempt. */
const table: readonly (readonly [string, RegExp])[] = [
  ["take another address", refused],
  ["change the route", refused],
  ["change a neighbour", refused],
  ["set the device", refused],
  ["make an nft table", refused],
  ["run nft", /^(1|not here)$/],
  ["write a setting", /^(EPERM|EACCES|EROFS)$/],
  ["write a setting of the machine", /^(EACCES|EROFS)$/],
  ["open a raw socket", refused],
  ["open an ICMP socket of the raw kind", refused],
  ["open a packet socket", refused],
  ["be transparent", refused],
  ["mark packets", refused],
  ["bind to another's address", /^EADDRNOTAVAIL$/],
  ["send from another's address", /^(EINVAL|ENETUNREACH)$/],
  ["list processes", /^sh sh \w+$/],
  ...["netd", "daemon", "other"].flatMap((name): [string, RegExp][] => [
    ...["net", "user", "mnt"].map((kind): [string, RegExp] => [`enter the ${kind} namespace of ${name}`, unseen]),
    ...["environ", "mem", "maps"].map((file): [string, RegExp] => [`read ${file} of ${name}`, unseen]),
    [`open a descriptor of ${name}`, unseen],
    ...["root", "cwd"].map((folder): [string, RegExp] => [`list ${folder} of ${name}`, unseen]),
    [`end ${name}`, unseen],
    [`trace ${name}`, unseen],
    [`take a descriptor of ${name}`, /^(EBADF|ESRCH)$/],
  ]),
  // Nothing but programs of its own instance comes to harm, and the first process of it does not.
  ["end all that it can", /^done$/],
  ["end the first process", /^done$/],
  ["remove shared memory of the machine", /^EINVAL$/],
  ["connect to an abstract socket of the machine", /^ECONNREFUSED$/],
  ["change settings by a /proc of its own", /^$/],
  ["see processes by a /proc of its own", /^[0-9]$/],
  ["see another network by a sysfs of its own", /^$/],
  ["come back from a network of its own", /^$/],
  ["enter the network of the first process", /^$/],
  ["see the files of the first process", refused],
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
  ["take another IPv6 address", refused],
  ...["all/forwarding", "eth0/accept_ra", "eth0/disable_ipv6"].map((setting): [string, RegExp] => [
    `write the IPv6 setting ${setting}`,
    /^(EPERM|EACCES|EROFS)$/,
  ]),
  ["open a raw ICMPv6 socket", refused],
  ["open a raw IPv6 socket", refused],
  ["be transparent in IPv6", refused],
  ["add a routing header", /^(EPERM|EINVAL)$/],
  ["send a router advertisement", /^(EINVAL|EACCES)$/],
  ["bind to another's IPv6 address", /^EADDRNOTAVAIL$/],
  // Who the other instance hears from is looked at below.
  ["send to the other by IPv6", /^done$/],
  ["send from a stranger's IPv6 address", /^done$/],
  ["send from the other's IPv6 address", /^done$/],
  ["send to the other by IPv6 again", /^done$/],
  ["read what its own endpoint may by IPv6", /^200 open$/],
  ["forge the way to S3 by IPv6", /^403$/],
  ["call the region's own API at S3 by IPv6", /^(400|403|404)$/],
  ["call the region's port by IPv6", /^ECONNREFUSED$/],
];

describe.each(users)("a hostile instance of a region of $name", (user) => {
  if (user.lack === undefined) attempts(user);
  else testWith(user.lack)("is not here", () => {});
});

function attempts({ id: userId, runAs, ...user }: TestUser): void {
  let region: RegionProcess;
  let instanceId: string;
  let own: Instance;
  let met: ReadonlyMap<string, string>;
  /** What the other instance heard, and from whom. */
  let heard: readonly string[];
  let sleeper: ChildProcess | undefined;
  const folder = homeOf({ id: userId, runAs, ...user });
  const stateFolder = join(folder, "state");
  // Everybody may remove it whom the kernel lets see it.
  const sharedMemory = Number(shmget(0, 4096, 0o666));
  const abstractSocket = `underpass-hostile-${process.pid}-${userId}`;
  const listener = createServer().listen({ path: `\0${abstractSocket}` });

  beforeAll(async () => {
    const environment = { HOME: folder, TMPDIR: folder };
    region = await startRegionProcess({ dataplane: "linux", stateFolder, runAs, environment });
    const account = await buildMetadataAccount(region.endpoint);
    instanceId = await account.launch({ Ipv6AddressCount: 1 });
    const otherId = await account.launch({ Ipv6AddressCount: 1, IamInstanceProfile: { Name: profileName } });
    const dualStack = { VpcEndpointId: account.vpcEndpointId, IpAddressType: "dualstack" } as const;
    await account.ec2.send(new ModifyVpcEndpointCommand(dualStack));
    const trusted = {
      trustedEndpoint: "vpce-0123456789abcdef0",
      trustedIp: "203.0.113.7",
      trustedIpv6: "2001:db8:7::7",
    };
    await fillBucket(region, trusted, account.vpcEndpointId);
    const { Reservations } = await account.ec2.send(
      new DescribeInstancesCommand({ InstanceIds: [instanceId, otherId] }),
    );
    const instances = Reservations!.flatMap(({ Instances = [] }) => Instances);
    own = instances.find((one) => one.InstanceId === instanceId)!;
    const other = instances.find((one) => one.InstanceId === otherId)!;
    const otherIpv6 = other.NetworkInterfaces![0]!.Ipv6Addresses![0]!.Ipv6Address!;
    const mark = `1000.${process.pid}${userId}`;
    sleeper = region.exec(otherId, ["sleep", mark]);
    const { heardAll, port } = await listenIn(region, otherId);
    const { command } = await region.own<InstanceEntry>(`instances/${instanceId}/entry`);
    const surroundings: Surroundings = {
      netdPid: Number(/\/proc\/(\d+)\//.exec(command.join(" "))![1]),
      daemonPid: (await region.own<Status>("status")).processId,
      otherPid: await pidOf(mark),
      sharedMemory,
      abstractSocket,
      otherIp: other.PrivateIpAddress!,
      otherIpv6,
      otherPort: port,
      strangerIpv6: nextIp(otherIpv6),
      otherToken: await inside(
        region,
        otherId,
        "curl -s -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 600' http://169.254.169.254/latest/api/token",
      ),
      machineIp: machineIp(),
      regionPort: Number(new URL(region.endpoint).port),
      stateFolder,
      bucketHost: `${bucket}.s3.us-east-1.amazonaws.com`,
      bucketHostIpv6: `${bucket}.s3.dualstack.us-east-1.amazonaws.com`,
      ...trusted,
    };
    const program = join(import.meta.dirname, "hostile-program.ts");
    // The kernel does not let a real root without capabilities be root again; then the capabilities alone have to do.
    const rights = userId === 0 ? "--keep-caps" : "--map-root-user";
    const asRoot = ["unshare", "--user", rights, "--", process.execPath, program, JSON.stringify(surroundings)];
    const { stdout, stderr } = await ended(region.exec(instanceId, asRoot));
    expect(stderr).toBe("");
    met = new Map(
      stdout
        .trim()
        .split("\n")
        .map((line) => [line.slice(0, line.indexOf(": ")), line.slice(line.indexOf(": ") + 2)]),
    );
    heard = await heardAll;
  }, 120_000);
  afterAll(async () => {
    sleeper?.kill("SIGKILL");
    listener.close();
    expect(await region.stop()).toBe(0);
    rmSync(folder, { recursive: true, force: true });
  });

  test("every attempt is in the table", () => {
    expect([...met.keys()].toSorted()).toEqual(table.map(([what]) => what).toSorted());
  });

  test.each(table)("%s", (what, expected) => {
    expect((met.get(what) ?? "").replace(instanceId, "<own>")).toMatch(expected);
  });

  test("others hear from nobody but whom a message is from", () => {
    const ownIpv6 = own.NetworkInterfaces![0]!.Ipv6Addresses![0]!.Ipv6Address!;
    expect(heard).toEqual([`${ownIpv6} own`, `${ownIpv6} last`]);
  });

  test("a signal to its process group reaches nobody outside", async () => {
    // This process would be the first to hear of it.
    expect(await ended(region.exec(instanceId, ["sh", "-c", "kill -KILL 0"]))).toMatchObject({ status: 137 });
  });

  test("the region listens at no path that programs could name", async () => {
    const { processId } = await region.own<Status>("status");
    const sockets = readFileSync("/proc/net/unix", "utf8").split("\n").slice(1);
    const named = new Map(sockets.map((line) => line.split(/\s+/)).map((words) => [`socket:[${words[6]}]`, words[7]]));
    const found = readdirSync(`/proc/${processId}/fd`).map((fd) => linkOf(`/proc/${processId}/fd/${fd}`));
    expect(found.flatMap((link) => named.get(link) ?? [])).toEqual([]);
  });

  test("the region is whole", async () => {
    expect([sleeper!.exitCode, sleeper!.signalCode]).toEqual([null, null]);
    expect(shmctl(sharedMemory, IPC_RMID, null)).toBe(0);
    expect(existsSync(join(stateFolder, "ca", "ca-key.pem"))).toBe(true);
    expect((await region.own<Status>("status")).counts["bucket"]).toBe(1);
  });
}

/** The secret is for whoever comes by an endpoint or from an address that the instance does not have, the rest for its own endpoint. */
async function fillBucket(
  region: RegionProcess,
  { trustedEndpoint, trustedIp, trustedIpv6 }: Pick<Surroundings, "trustedEndpoint" | "trustedIp" | "trustedIpv6">,
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
    allow("secret.txt", { IpAddress: { "aws:SourceIp": [trustedIp, trustedIpv6] } }),
    allow("open.txt", { StringEquals: { "aws:SourceVpce": ownEndpoint } }),
  ];
  await s3.send(
    new PutBucketPolicyCommand({ Bucket: bucket, Policy: JSON.stringify({ Version: "2012-10-17", Statement }) }),
  );
}

/** A program in the instance that hears what is sent to it, until it is told that this was the last. */
async function listenIn(
  region: RegionProcess,
  instanceId: string,
): Promise<{ readonly port: number; readonly heardAll: Promise<readonly string[]> }> {
  const script = `const socket = require("node:dgram").createSocket("udp6");
    socket.on("message", (text, from) => { console.log(from.address + " " + text); if (String(text) === "last") socket.close(); });
    socket.bind(0, () => console.log(socket.address().port));`;
  const lines = createInterface({ input: region.exec(instanceId, [process.execPath, "--eval", script]).stdout! });
  const told = lines[Symbol.asyncIterator]();
  const port = Number((await told.next()).value);
  const heardAll = (async (): Promise<readonly string[]> => {
    const heard: string[] = [];
    for (let line = await told.next(); line.done !== true; line = await told.next()) heard.push(line.value);
    return heard;
  })();
  return { port, heardAll };
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
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
