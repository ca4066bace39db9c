import { once } from "node:events";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, beforeEach, describe, expect } from "vitest";
import { testWith } from "../../../test/need.ts";
import type { RouteBlueprint, VpcBlueprint } from "../../plan/blueprint.ts";
import { linuxPlaneLack } from "./lack.ts";
import {
  blueprintOf,
  defaultRoute,
  endpointRoutes,
  idsOf,
  privateTable,
  publicTable,
  serviceIp,
  toGateway,
  vpcBlueprint,
  withoutEndpoint,
  withRoutes,
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
  async function reached(instanceId: string, ip = serviceIp, port = 80): Promise<unknown> {
    const before = t.arrivals.length;
    const { stdout, stderr } = await t.run(instanceId, ...connecting(ip, port));
    expect(stderr).toBe("");
    const word = stdout.trim();
    if (!word.startsWith("{")) {
      expect(t.arrivals).toHaveLength(before);
      return word;
    }
    return JSON.parse(word);
  }

  const throughEndpoint = (n: number, vpcEndpointId = idsOf(n).endpoint) => ({
    kind: "gateway-endpoint",
    vpcId: idsOf(n).vpcId,
    vpcEndpointId,
    sourceIp: "10.0.1.5",
  });
  const throughInternet = (n: number) => ({ kind: "internet", sourceIp: idsOf(n).publicIp });

  test.each([
    [first.inPrivate, 80, throughEndpoint(1)],
    [second.inPrivate, 443, throughEndpoint(2)],
    [first.inPublic, 443, throughInternet(1)],
    [second.inPublic, 80, throughInternet(2)],
  ])("the socket says who came: %s at port %i", async (instanceId, port, path) => {
    expect(await reached(instanceId, serviceIp, port)).toEqual({ ...path, destinationIp: serviceIp, port });
  });

  test("every address of the service is served, and no other", async () => {
    expect(await reached(first.inPrivate, "54.231.0.9")).toMatchObject(throughEndpoint(1));
    expect(await reached(first.inPrivate, "52.217.255.255")).toMatchObject(throughEndpoint(1));
    expect(await reached(first.inPrivate, "52.218.0.1")).toBe("nothing");
    expect(await reached(first.inPublic, "8.8.8.8")).toBe("nothing");
  });

  test("without a public address a packet does not leave by the internet gateway", async () => {
    expect(await reached(first.nameless)).toBe("nothing");
  });

  test("instances reach each other within their VPC, and elsewhere by a public address alone", async () => {
    const listening = `
      const answer = (socket) => socket.end(JSON.stringify({ sourceIp: socket.remoteAddress }));
      require("node:net").createServer(answer).listen(80, "0.0.0.0", () => console.log("up"))`;
    const server = await t.start(first.inPublic, process.execPath, "--eval", listening);
    await once(server.stdout!, "data");
    expect(await reached(first.inPrivate, "10.0.2.5")).toEqual({ sourceIp: "10.0.1.5" });
    expect(await reached(first.nameless, "10.0.2.5")).toEqual({ sourceIp: "10.0.2.6" });
    expect(await reached(second.inPrivate, "10.0.2.5")).toBe("ECONNREFUSED");
    expect(await reached(second.inPublic, first.publicIp)).toEqual({ sourceIp: second.publicIp });
    expect(await reached(first.inPublic, first.publicIp)).toEqual({ sourceIp: first.publicIp });
    expect(await reached(first.inPublic, second.publicIp)).toBe("ECONNREFUSED");
    expect(await reached(first.inPrivate, "10.0.2.77")).toBe("nothing");
    server.kill("SIGKILL");
  });

  test.each([first, second])("the metadata service knows the instance by the socket: $vpcId", async (ids) => {
    const { stdout } = await t.run(ids.inPrivate, ...connecting("169.254.169.254"));
    expect(JSON.parse(stdout)).toEqual({ vpcId: ids.vpcId, sourceIp: "10.0.1.5" });
  });

  test("link-local addresses never leave the VPC", async () => {
    expect(await reached(first.inPublic, "169.254.169.251")).toBe("nothing");
    expect(await reached(first.inPublic, "169.254.0.2")).toBe("nothing");
  });

  const more = (cidrBlock: string): RouteBlueprint => ({ cidrBlock, metric: 10, target: toGateway });
  const gone = (cidrBlock: string, metric: 10 | 20 = 10): RouteBlueprint => ({
    cidrBlock,
    metric,
    target: { kind: "blackhole" },
  });
  const byEndpoint = endpointRoutes(first.endpoint);
  const fromPublic = { ...throughEndpoint(1), sourceIp: "10.0.2.5" };
  test.each<[string, RouteBlueprint[], string, unknown]>([
    [
      "a more specific static route beats the endpoint",
      [...byEndpoint, more("52.216.10.0/24")],
      serviceIp,
      throughInternet(1),
    ],
    ["beside it the endpoint still serves", [...byEndpoint, more("52.216.10.0/24")], "52.216.11.1", fromPublic],
    [
      "an identical static route beats the endpoint",
      [...byEndpoint, more("52.216.0.0/15")],
      serviceIp,
      throughInternet(1),
    ],
    ["the endpoint beats the default route", [...byEndpoint, defaultRoute], serviceIp, fromPublic],
    ["a blackhole drops", [defaultRoute, gone("52.216.0.0/16")], serviceIp, "nothing"],
    ["an identical blackhole drops", [...byEndpoint, gone("52.216.0.0/15")], serviceIp, "nothing"],
    ["an empty table leads nowhere", [], serviceIp, "nothing"],
  ])("%s", async (_name, routes, ip, path) => {
    await t.plane.apply(blueprintOf(withRoutes(vpc, publicTable, routes)));
    const found = await reached(first.inPublic, ip);
    if (typeof path === "string") expect(found).toBe(path);
    else expect(found).toMatchObject(path as object);
  });

  test("a subnet that changes its route table takes the new way", async () => {
    const subnets = vpc.subnets.map((subnet) => ({ ...subnet, table: privateTable }));
    await t.plane.apply(blueprintOf({ ...vpc, subnets }));
    expect(await reached(first.inPublic)).toMatchObject(fromPublic);
  });

  test("a route may lead to an instance, which drops what is not for it", async () => {
    const target = { kind: "host", networkInterfaceId: first.nameless.replace("i-", "eni-") } as const;
    await t.plane.apply(blueprintOf(withRoutes(vpc, privateTable, [{ cidrBlock: "0.0.0.0/0", metric: 10, target }])));
    expect(await reached(first.inPrivate)).toBe("nothing");
  });

  const attached = withRoutes(vpc, publicTable, [...byEndpoint, defaultRoute]);
  const replaced = withRoutes(vpc, publicTable, [...endpointRoutes(first.otherEndpoint), defaultRoute]);
  const deleted = withoutEndpoint(withRoutes(vpc, publicTable, [defaultRoute]), first.endpoint);
  test.each<[string, VpcBlueprint, VpcBlueprint, object]>([
    ["attached", vpc, attached, fromPublic],
    ["detached", attached, vpc, throughInternet(1)],
    ["replaced", attached, replaced, { ...fromPublic, vpcEndpointId: first.otherEndpoint }],
    ["deleted", attached, deleted, throughInternet(1)],
  ])("an open stream is reset when the endpoint is %s", async (_name, before, after, path) => {
    await t.plane.apply(blueprintOf(before));
    const child = await t.start(first.inPublic, ...connecting(serviceIp, 80, true));
    const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
    expect((await lines.next()).value).toMatch(/^{/);
    await t.plane.apply(blueprintOf(after));
    const started = performance.now();
    expect((await lines.next()).value).toBe("ECONNRESET");
    expect(performance.now() - started).toBeLessThan(1000);
    expect(await reached(first.inPublic)).toMatchObject(path);
  });

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

  test("a connection that a change does not touch lives on", async () => {
    const child = await t.start(first.inPrivate, ...connecting(serviceIp, 80, true));
    await once(child.stdout!, "data");
    const { socket } = t.arrivals.at(-1)!;
    await t.plane.apply(blueprintOf(withoutEndpoint(attached, first.otherEndpoint)));
    socket.resume();
    await once(socket, "data");
    expect(socket.destroyed).toBe(false);
    child.kill("SIGKILL");
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

  test("a key that is used again makes a new instance", async () => {
    const hosts = vpc.hosts.map((host) =>
      host.instanceId === first.inPrivate
        ? { ...host, instanceId: "i-90000001", networkInterfaceId: "eni-90000001", macAddress: "02:bb:00:00:00:01" }
        : host,
    );
    await t.plane.apply(blueprintOf({ ...vpc, hosts }));
    expect(await reached("i-90000001")).toMatchObject(throughEndpoint(1));
    expect(await t.plane.entry(first.inPrivate)).toBeUndefined();
  });

  test("a blueprint that the kernel refuses is told, and the next one is made true all the same", async () => {
    const wrong = { ...vpc, cidrBlocks: ["10.0.0.0/16"], hosts: [{ ...vpc.hosts[0]!, group: 999 }] };
    await expect(t.plane.apply(blueprintOf(wrong))).rejects.toThrow(/no subnet with group 999/);
    const twice = vpc.hosts.map((host) => ({ ...host, macAddress: "ff:ff:ff:ff:ff:ff" }));
    await expect(t.plane.apply(blueprintOf({ ...vpc, hosts: twice }, vpcBlueprint(3)))).rejects.toThrow(/make link/);
    await t.plane.apply(blueprintOf(vpc));
    expect(await reached(first.inPrivate)).toMatchObject(throughEndpoint(1));
    expect(await reached(first.inPublic)).toMatchObject(throughInternet(1));
  });
});
