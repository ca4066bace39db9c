/**
 * What a program with bad intentions tries from inside an instance, as root of a user namespace of its own. It is run there by
 * `hostile.test.ts` with what it may know of its surroundings, and prints for each attempt what it gained or which error met it.
 */

import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { bindSocket, openSocket, setSocketOption } from "../src/dataplane/linux/libc.ts";
import { NETLINK_NETFILTER, NETLINK_ROUTE, NetlinkSocket } from "../src/dataplane/linux/netlink-socket.ts";
import { newTable, transaction } from "../src/dataplane/linux/nftables.ts";
import { newAddress, putNeighbor, putRoute, setLinkUp } from "../src/dataplane/linux/rtnetlink.ts";
import { around, attempt, attemptAsk, call, library, metadata } from "./hostile-attempt.ts";
import { reachByIpv6 } from "./hostile-ipv6.ts";
import { reachProcesses } from "./hostile-process.ts";

function changeNetwork(): void {
  const route = new NetlinkSocket(NETLINK_ROUTE);
  const device = { namespace: "", index: 2 };
  attempt("take another address", () =>
    route.request([newAddress({ kind: "address", ...device, ip: around.otherIp, bits: 32 })]),
  );
  attempt("change the route", () =>
    route.request([
      putRoute({
        kind: "route",
        namespace: "",
        table: 254,
        cidrBlock: "0.0.0.0/0",
        metric: 0,
        by: { kind: "device", index: device.index },
      }),
    ]),
  );
  attempt("change a neighbour", () =>
    route.request([putNeighbor({ kind: "neighbor", ...device, ip: "10.0.1.1", macAddress: "02:00:00:00:00:66" })]),
  );
  attempt("set the device", () => route.request([setLinkUp(device.index)]));
  attempt("make an nft table", () => new NetlinkSocket(NETLINK_NETFILTER).transact(transaction([newTable("mine")])));
  attempt("run nft", () => spawnSync("nft", ["add", "table", "inet", "mine"]).status ?? "not here");
  attempt("write a setting", () => writeFileSync("/proc/sys/net/ipv4/ip_forward", "1"));
  const ofMachine = "/proc/sys/kernel/core_pattern";
  attempt("write a setting of the machine", () => writeFileSync(ofMachine, readFileSync(ofMachine)));
}

function openSockets(): void {
  attempt("open a raw socket", () => openSocket(2, 3, 255));
  attempt("open an ICMP socket of the raw kind", () => openSocket(2, 3, 1));
  attempt("open a packet socket", () => openSocket(17, 3, 0x0300));
  attempt("be transparent", () => setSocketOption(openSocket(2, 1, 0), 0, 19, 1));
  attempt("mark packets", () => setSocketOption(openSocket(2, 1, 0), 1, 36, 1000));
  attempt("bind to another's address", () => bindSocket(openSocket(2, 2, 0), addressOf(around.otherIp, 4000)));
  attempt("send from another's address", () => {
    const fd = openSocket(2, 2, 0);
    // IP_FREEBIND lets anybody bind to an address that is not there.
    setSocketOption(fd, 0, 15, 1);
    bindSocket(fd, addressOf(around.otherIp, 4001));
    const target = addressOf(metadata, 80);
    return call(() => library.func("int connect(int fd, const void *address, uint32_t length)")(fd, target, 16));
  });
}

/** Source: Linux manual page ip(7), "Address format". */
function addressOf(ip: string, port: number): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.writeUInt16LE(2, 0);
  bytes.writeUInt16BE(port, 2);
  bytes.set(ip.split(".").map(Number), 4);
  return bytes;
}

function reachState(): void {
  attempt("list the state", () => readdirSync(around.stateFolder).join(" "));
  attempt(
    "read the key of the certificate authority",
    () => readFileSync(`${around.stateFolder}/ca/ca-key.pem`).length,
  );
  attempt("uncover the state", () => spawnSync("umount", [around.stateFolder]).status);
  attempt(
    "uncover the state in files of its own",
    () => spawnSync("unshare", ["--mount", "umount", around.stateFolder]).status,
  );
}

async function reachServices(): Promise<void> {
  const tokenName = "X-aws-ec2-metadata-token";
  const id = "/latest/meta-data/instance-id";
  const claims = { "X-Forwarded-For": around.otherIp, Forwarded: `for=${around.otherIp}`, "X-Real-IP": around.otherIp };
  await attemptAsk("use another's token", metadata, id, { headers: { [tokenName]: around.otherToken } });
  await attemptAsk("get a token through a proxy", metadata, "/latest/api/token", {
    method: "PUT",
    headers: { [`${tokenName}-ttl-seconds`]: "60", "X-Forwarded-For": around.otherIp },
  });
  await attemptAsk("ask as another", metadata, id, { headers: claims });
  await attemptAsk("ask for another's role", metadata, "/latest/meta-data/iam/security-credentials/web");
  const forged = {
    ...claims,
    "X-Forwarded-For": around.trustedIp,
    Via: `1.1 ${around.trustedEndpoint}`,
    "x-amzn-vpce": around.trustedEndpoint,
    "x-amz-source-vpce": around.trustedEndpoint,
    "x-amzn-vpc-endpoint-id": around.trustedEndpoint,
    "aws-SourceVpce": around.trustedEndpoint,
  };
  await attemptAsk("read what its own endpoint may", around.bucketHost, "/open.txt");
  await attemptAsk("forge the way to S3", around.bucketHost, "/secret.txt", { headers: forged });
  await attemptAsk("call the region's own API at S3", around.bucketHost, "/_underpass/status");
  await attemptAsk("call the region's own API with its name", around.bucketHost, "/_underpass/status", {
    headers: { Host: `127.0.0.1:${around.regionPort}` },
  });
  await attemptAsk("reset the region", around.bucketHost, "/moto-api/reset", { method: "POST" });
  await attemptAsk("call the region's own API at the metadata service", metadata, "/_underpass/status");
  await attemptAsk("call the region's port", "127.0.0.1", "/_underpass/status", { port: around.regionPort });
  await attemptAsk("call the region's port on the machine", around.machineIp, "/", { port: around.regionPort });
}

/** Sources that the device has, but that are not the instance's. */
async function spoof(): Promise<void> {
  for (const source of ["127.0.0.2", around.otherIp]) {
    const got = await new Promise<string>((resolve) => {
      const socket: Socket = connect({ host: metadata, port: 80, localAddress: source });
      const end = (word: string): void => {
        socket.destroy();
        resolve(word);
      };
      socket.setTimeout(1500, () => end("nothing"));
      socket.on("connect", () => end("connected"));
      socket.on("error", (error: NodeJS.ErrnoException) => end(error.code ?? ""));
    });
    console.log(`connect from ${source === around.otherIp ? "another's address" : source}: ${got}`);
  }
}

changeNetwork();
openSockets();
await reachProcesses();
reachState();
await spoof();
await reachServices();
await reachByIpv6();
