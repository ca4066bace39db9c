import { afterAll, beforeAll, describe, expect } from "vitest";
import { lackOfProgram, testWith } from "../../../test/need.ts";
import type { RouteBlueprint } from "../../plan/blueprint.ts";
import { linuxPlaneLack } from "./lack.ts";
import {
  blueprintOf,
  idsOf,
  ipv6Of,
  privateTable,
  serviceIp,
  vpcBlueprint,
  withIpv6,
  withNatGateway,
  withRoutes,
} from "./testdata/blueprint.ts";
import { connecting, openTestPlane, type TestPlane } from "./testdata/plane.ts";

const lack = await linuxPlaneLack();
const test = testWith(lack);
const first = idsOf(1);
const dualStack = withNatGateway(withIpv6(vpcBlueprint(1)));
const toNat: RouteBlueprint = {
  cidrBlock: "64:ff9b::/96",
  metric: 10,
  target: { kind: "nat-gateway", natGatewayId: first.natGateway },
};
const vpc = withRoutes(dualStack, privateTable, [toNat]);
const gateway = { privateIp: "10.0.2.9", publicIp: first.natIp };
const withAddress = {
  ...vpc,
  internetGateway: { ...vpc.internetGateway!, addresses: [...vpc.internetGateway!.addresses, gateway] },
};

describe.skipIf(lack !== undefined && process.env["UNDERPASS_REQUIRE_ALL"] !== "1")("NAT64 in the kernel", () => {
  let t: TestPlane;
  beforeAll(async () => {
    t = await openTestPlane();
    await t.plane.apply(blueprintOf(withAddress, withNatGateway(withIpv6(vpcBlueprint(2)))));
  });
  afterAll(async () => {
    expect(t.log).toEqual([]);
    await t[Symbol.asyncDispose]();
  });

  const inside = (ipv4: string): string => `64:ff9b::${ipv4}`;

  test("a client of IPv6 reaches a service of IPv4, which sees the gateway's public address", async () => {
    const { stdout, stderr } = await t.run(first.inPrivate, ...connecting(inside(serviceIp), 443));
    expect(stderr).toBe("");
    expect(JSON.parse(stdout)).toEqual({
      kind: "internet",
      sourceIp: first.natIp,
      destinationIp: serviceIp,
      port: 443,
    });
  });

  test("nobody reaches link-local addresses or the resolver by way of it", async () => {
    for (const ip of ["169.254.169.254", "169.254.169.253", "10.0.0.2", "127.0.0.1"]) {
      const { stdout } = await t.run(first.inPrivate, ...connecting(inside(ip), 53));
      expect([ip, stdout.trim()]).toEqual([ip, "nothing"]);
    }
  });

  test("instances of the VPC are reached by their IPv4, over streams and datagrams, and refuse as they do", async () => {
    const script = `
      require("node:net").createServer((socket) => socket.end(socket.remoteAddress)).listen(8080, "0.0.0.0", () => {
        const socket = require("node:dgram").createSocket("udp4");
        socket.on("message", (message, from) => socket.send(message + " from " + from.address, from.port, from.address));
        socket.bind(5000, () => console.log("ready"));
      });`;
    const child = await t.start(first.inPublic, process.execPath, "-e", script);
    await new Promise((resolve) => child.stdout?.once("data", resolve));
    const asking = `
      const socket = require("node:dgram").createSocket("udp6");
      socket.on("message", (answer) => { console.log(answer.toString()); socket.close(); });
      socket.send("a datagram".repeat(700), 5000, "${inside("10.0.2.5")}");`;
    const [stream, datagram, refused] = await Promise.all([
      t.run(first.inPrivate, ...connecting(inside("10.0.2.5"), 8080)),
      t.run(first.inPrivate, process.execPath, "-e", asking),
      t.run(first.inPrivate, ...connecting(inside("10.0.2.5"), 8081)),
    ]);
    child.kill("SIGKILL");
    expect(stream.stdout.trim()).toBe(gateway.privateIp);
    expect(datagram.stdout.trim()).toBe(`${"a datagram".repeat(700)} from ${gateway.privateIp}`);
    expect(refused.stdout).toContain("ECONNREFUSED");
  });

  testWith(lack ?? lackOfProgram("python3"))("echo requests pass, and errors come back", async () => {
    const python = (script: string) => t.run(first.inPrivate, "python3", "-c", script);
    const echo = await python(`
import socket
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM, socket.IPPROTO_ICMPV6)
s.settimeout(3)
s.sendto(bytes([128, 0, 0, 0, 0, 1, 0, 7]) + b"payload", ("${inside("10.0.2.5")}", 0))
answer, sender = s.recvfrom(100)
print(answer[0], answer[7:], sender[0])`);
    expect(echo.stdout.trim()).toBe(`129 b'\\x07payload' 64:ff9b::a00:205`);
    // Behind the internet gateway the path is narrower than inside: who sends too much is told so.
    const wide = await python(`
import socket, time
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
s.setsockopt(socket.IPPROTO_IPV6, 23, 2)
s.connect(("${inside(serviceIp)}", 53))
s.send(bytes(4000))
deadline = time.time() + 3
while s.getsockopt(socket.IPPROTO_IPV6, 24) == 9001 and time.time() < deadline:
    time.sleep(0.01)
print(s.getsockopt(socket.IPPROTO_IPV6, 24))`);
    expect(wide.stdout.trim()).toBe("1520");
  });

  test.each(["down", "up"] as const)("a long stream comes whole, %s", async (way) => {
    const before = t.arrivals.length;
    const bytes = 64_000_000;
    const target = `{ host: "${inside(serviceIp)}", port: 80 }`;
    const script =
      way === "down"
        ? `let bytes = 0;
           const socket = require("node:net").connect(${target});
           socket.on("data", (data) => (bytes += data.length)).on("end", () => console.log(bytes > ${bytes}));`
        : `const socket = require("node:net").connect(${target}, () => socket.end(Buffer.alloc(${bytes})));
           socket.resume().on("close", () => console.log("true"));`;
    const child = t.run(first.inPrivate, process.execPath, "-e", script);
    await expect.poll(() => t.arrivals[before], { timeout: 5000 }).toBeDefined();
    const { socket } = t.arrivals[before]!;
    let received = 0;
    socket.on("data", (data: Buffer) => (received += data.length)).on("end", () => socket.end());
    if (way === "down") socket.end(Buffer.alloc(bytes));
    expect((await child).stdout.trim()).toBe("true");
    if (way === "up") expect(received).toBe(bytes);
  });

  test("what has no IPv4 address inside does not turn round in the gateway", async () => {
    const [, publicIp] = ipv6Of(1);
    const seen: string[] = [];
    const answering = `
      const socket = require("node:dgram").createSocket("udp6");
      socket.on("message", (message) => console.log(message.toString())).bind(5000, () => console.log("ready"));`;
    const child = await t.start(first.inPublic, process.execPath, "-e", answering);
    child.stdout?.on("data", (chunk: Buffer) => seen.push(...chunk.toString().trim().split("\n")));
    const send = (text: string): Promise<unknown> =>
      t.run(
        first.inPrivate,
        process.execPath,
        "-e",
        `const socket = require("node:dgram").createSocket("udp6");
         socket.send("${text}", 5000, "${publicIp}", () => socket.close());`,
      );
    await expect.poll(() => seen, { timeout: 5000 }).toEqual(["ready"]);
    const byNat: RouteBlueprint = { ...toNat, cidrBlock: `${publicIp}/128` };
    await t.plane.apply(blueprintOf(withRoutes(withAddress, privateTable, [toNat, byNat])));
    await send("by the gateway");
    await t.plane.apply(blueprintOf(withAddress));
    await send("by the local route");
    await expect.poll(() => seen.length, { timeout: 5000 }).toBeGreaterThan(1);
    child.kill("SIGKILL");
    expect(seen).toEqual(["ready", "by the local route"]);
  });

  test("a reset comes through; without the route, and without the gateway, nothing gets there", async () => {
    const before = t.arrivals.length;
    const child = t.run(first.inPrivate, ...connecting(inside(serviceIp), 80, true));
    await expect.poll(() => t.arrivals[before], { timeout: 5000 }).toBeDefined();
    t.arrivals[before]!.socket.resetAndDestroy();
    expect((await child).stdout).toContain("ECONNRESET");
    const reached = async (): Promise<string> =>
      (await t.run(first.inPrivate, ...connecting(inside(serviceIp), 80))).stdout.trim();
    await t.plane.apply(blueprintOf(withRoutes(withAddress, privateTable, [])));
    expect(await reached()).toBe("nothing");
    // The translator goes with the last gateway that needs it, and comes back.
    await t.plane.apply(blueprintOf({ ...withAddress, natGateways: [] }));
    expect(await reached()).toBe("nothing");
    await t.plane.apply(blueprintOf(withAddress));
    expect(await reached()).toContain(first.natIp);
  });
});
