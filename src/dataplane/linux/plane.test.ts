import { once } from "node:events";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, beforeEach, describe, expect } from "vitest";
import { testWith } from "../../../test/need.ts";
import { linuxPlaneLack } from "./lack.ts";
import {
  blueprintOf,
  defaultRoute,
  endpointRoutes,
  idsOf,
  publicTable,
  serviceIp,
  vpcBlueprint,
  withoutEndpoint,
  withRoutes,
  withSecondInterface,
} from "./testdata/blueprint.ts";
import { connecting, type Ended, openTestPlane, type TestPlane } from "./testdata/plane.ts";

const lack = await linuxPlaneLack();
const test = testWith(lack);
const first = idsOf(1);
const second = idsOf(2);
const vpc = vpcBlueprint(1);

describe.skipIf(lack !== undefined && process.env["UNDERPASS_REQUIRE_ALL"] !== "1")("the kernel's plane", () => {
  let t: TestPlane;
  beforeAll(async () => {
    t = await openTestPlane();
  });
  afterAll(async () => {
    await t[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    await t.plane.apply(blueprintOf(vpc, vpcBlueprint(2)));
  });

  /** Where a connection from the instance ends, as the service sees it. */
  async function reached(instanceId: string, ip = serviceIp): Promise<unknown> {
    const before = t.arrivals.length;
    const { stdout, stderr } = await t.run(instanceId, ...connecting(ip));
    expect(stderr).toBe("");
    const word = stdout.trim();
    if (!word.startsWith("{")) {
      expect(t.arrivals).toHaveLength(before);
      return word;
    }
    return JSON.parse(word);
  }

  const { endpoint: vpcEndpointId, vpcId } = first;
  const throughEndpoint = { kind: "gateway-endpoint", vpcId, vpcEndpointId, sourceIp: "10.0.1.5" };
  const throughInternet = { kind: "internet", sourceIp: first.publicIp };
  const byEndpoint = endpointRoutes(first.endpoint);
  const attached = withRoutes(vpc, publicTable, [...byEndpoint, defaultRoute]);
  const deleted = withoutEndpoint(withRoutes(vpc, publicTable, [defaultRoute]), first.endpoint);
  const idle = [
    process.execPath,
    "--eval",
    `require("node:net").connect(80, "${serviceIp}")
       .on("data", () => console.log("data")).on("error", (error) => console.log(error.code));`,
  ];

  test("an idle connection is reset with its endpoint", async () => {
    await t.plane.apply(blueprintOf(attached));
    const child = await t.start(first.inPublic, ...idle);
    const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
    expect((await lines.next()).value).toBe("data");
    const { socket } = t.arrivals.at(-1)!;
    await t.plane.apply(blueprintOf(deleted));
    expect((await lines.next()).value).toBe("ECONNRESET");
    expect(socket.destroyed).toBe(true);
  });

  test("an idle connection is reset with its public address", async () => {
    const child = await t.start(first.inPublic, ...idle);
    const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
    expect((await lines.next()).value).toBe("data");
    const internetGateway = { internetGatewayId: vpc.internetGateway!.internetGatewayId, addresses: [] };
    await t.plane.apply(blueprintOf({ ...vpc, internetGateway }));
    expect((await lines.next()).value).toBe("ECONNRESET");
    expect(await reached(first.inPublic)).toBe("nothing");
  });

  test("an instance that is terminated takes its programs along", async () => {
    const child = await t.start(first.nameless, "sleep", "1000");
    const exit = once(child, "exit");
    const names = (): Promise<Ended> => t.run(first.nameless, "sh", "-c", "cat /proc/[0-9]*/comm");
    await expect.poll(async () => (await names()).stdout, { timeout: 20_000 }).toContain("sleep");
    await t.plane.apply(blueprintOf({ ...vpc, hosts: vpc.hosts.slice(0, 2) }));
    expect((await exit)[1]).toBe("SIGKILL");
    expect(await t.plane.entry(first.nameless)).toBeUndefined();
  });

  test("a second interface comes and goes while programs run, and answers by itself", async () => {
    const listening = `
      const answer = (socket) => socket.end(JSON.stringify({ sourceIp: socket.remoteAddress }));
      require("node:net").createServer(answer).listen(80, "0.0.0.0", () => console.log("up"))`;
    const server = await t.start(first.inPrivate, process.execPath, "--eval", listening);
    await once(server.stdout!, "data");
    const bound = async (): Promise<string> => {
      const script = `
        const socket = require("node:net").connect({ host: "${serviceIp}", port: 80, localAddress: "10.0.2.77" });
        socket.on("data", (data) => { console.log(String(data).split("\\n")[0]); process.exit(); });
        socket.on("error", (error) => { console.log(error.code); process.exit(); });`;
      return (await t.run(first.inPrivate, process.execPath, "--eval", script)).stdout.trim();
    };
    expect(await bound()).toBe("EADDRNOTAVAIL");
    await t.plane.apply(blueprintOf(withSecondInterface(vpc, 1), vpcBlueprint(2)));
    // By the routes of its own subnet, where the primary one's lead to the endpoint.
    expect(JSON.parse(await bound())).toMatchObject({ kind: "internet", sourceIp: "203.0.113.101" });
    expect(await reached(first.inPrivate)).toMatchObject(throughEndpoint);
    expect(await reached(first.inPublic, "10.0.2.77")).toEqual({ sourceIp: "10.0.2.5" });
    expect(await reached(second.inPublic, "203.0.113.101")).toEqual({ sourceIp: second.publicIp });
    const { stdout: devices } = await t.run(first.inPrivate, "cat", "/proc/net/dev");
    expect(devices).toMatch(/eth0:.*eth1:/s);
    await t.plane.apply(blueprintOf(vpc, vpcBlueprint(2)));
    expect(await bound()).toBe("EADDRNOTAVAIL");
    expect(await reached(first.inPublic, "10.0.2.77")).toBe("nothing");
    expect(await reached(first.inPublic, "10.0.1.5")).toEqual({ sourceIp: "10.0.2.5" });
    server.kill("SIGKILL");
  });

  test("a key that is used again makes a new instance", async () => {
    const hosts = vpc.hosts.map((host) =>
      host.instanceId === first.inPrivate
        ? { ...host, instanceId: "i-90000001", networkInterfaceId: "eni-90000001", macAddress: "02:bb:00:00:00:01" }
        : host,
    );
    await t.plane.apply(blueprintOf({ ...vpc, hosts }));
    expect(await reached("i-90000001")).toMatchObject(throughEndpoint);
    expect(await t.plane.entry(first.inPrivate)).toBeUndefined();
  });

  test("a blueprint that the kernel refuses is told, and the next one is made true all the same", async () => {
    const wrong = { ...vpc, cidrBlocks: ["10.0.0.0/16"], hosts: [{ ...vpc.hosts[0]!, group: 999 }] };
    await expect(t.plane.apply(blueprintOf(wrong))).rejects.toThrow(/no subnet with group 999/);
    const twice = vpc.hosts.map((host) => ({ ...host, macAddress: "ff:ff:ff:ff:ff:ff" }));
    await expect(t.plane.apply(blueprintOf({ ...vpc, hosts: twice }, vpcBlueprint(3)))).rejects.toThrow(/make link/);
    await t.plane.apply(blueprintOf(vpc));
    expect(await reached(first.inPrivate)).toMatchObject(throughEndpoint);
    expect(await reached(first.inPublic)).toMatchObject(throughInternet);
  });
});
