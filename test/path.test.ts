/** Where connections end on either data plane, and what cuts them. */

import { once } from "node:events";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { associateRouteTable, disassociateRouteTable } from "../src/model/route-table.ts";
import { find, type State } from "../src/model/state.ts";
import { dialText } from "./dial-program.ts";
import { linuxTests, onEachPlane } from "./on-plane.ts";
import { type NetworkOnPlane, openOnPlane, planeNetwork, s3, s3Ipv6, type VpcParts } from "./plane-network.ts";

const network = planeNetwork();
const { build, first, second, ipv6 } = network;
const base: State = build.state();
/** The block of S3's prefix list that holds the address, and one in it. */
const [whole, part] = ["52.216.0.0/15", "52.216.0.0/24"];

onEachPlane("paths", (kind) => {
  let on: NetworkOnPlane;
  beforeAll(async () => {
    build.rewind(base);
    on = await openOnPlane(kind, network);
  });
  afterAll(async () => {
    await on[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    build.rewind(base);
    await on.hold();
  });

  const throughEndpoint = ({ endpoint, vpcId, inPrivate }: VpcParts, sourceIp = inPrivate.ip) => ({
    kind: "gateway-endpoint",
    vpcEndpointId: endpoint,
    vpcId,
    sourceIp,
  });
  const throughInternet = ({ inPublic }: VpcParts) => ({ kind: "internet", sourceIp: inPublic.publicIp });
  const fromPublic = throughEndpoint(first, first.inPublic.ip);

  test("the socket says who came, also where VPCs have the same blocks", async () => {
    for (const [vpc, port] of [
      [first, 80],
      [second, 443],
    ] as const) {
      const arrived = { destinationIp: s3, port };
      expect(await on.reached(vpc.inPrivate, s3, port)).toEqual({ ...throughEndpoint(vpc), ...arrived });
      expect(await on.reached(vpc.inPublic, s3, port)).toEqual({ ...throughInternet(vpc), ...arrived });
    }
  });

  test("every address of the service is served, and no other", async () => {
    expect(await on.reached(first.inPrivate, "52.217.255.255")).toMatchObject(throughEndpoint(first));
    expect(await on.reached(first.inPrivate, "52.218.0.1")).toBe("nothing");
    expect(await on.reached(first.inPublic, "8.8.8.8")).toBe("nothing");
  });

  test("without a public address nothing leaves by the internet gateway, and link-local addresses lead nowhere", async () => {
    expect(await on.reached(first.nameless)).toBe("nothing");
    expect(await on.reached(first.inPublic, "169.254.169.251")).toBe("nothing");
  });

  test("instances reach each other within their VPC, and elsewhere by a public address alone", async () => {
    const server = await on.serve(first.inPublic, 80);
    expect(await on.reached(first.inPrivate, first.inPublic.ip)).toHaveProperty("clientIp");
    expect(await on.reached(first.nameless, first.inPublic.ip)).toHaveProperty("clientIp");
    expect(await on.reached(first.inPrivate, ipv6.publicIp)).toHaveProperty("clientIp");
    expect(await on.reached(first.inPrivate, first.inPublic.ip, 81)).toBe("ECONNREFUSED");
    expect(await on.reached(second.inPrivate, second.inPublic.ip)).toBe("ECONNREFUSED");
    expect(await on.reached(second.inPublic, first.inPublic.publicIp)).toHaveProperty("clientIp");
    expect(await on.reached(first.inPublic, second.inPublic.publicIp)).toBe("ECONNREFUSED");
    expect(await on.reached(first.inPrivate, "10.0.2.77")).toBe("nothing");
    server.kill("SIGKILL");
  });

  linuxTests(kind, () => on.plane.notEnforced)("clientAddress", "a server sees the address of its client", async () => {
    const server = await on.serve(first.inPublic, 80);
    expect(await on.reached(first.inPrivate, first.inPublic.ip)).toEqual({ clientIp: `::ffff:${first.inPrivate.ip}` });
    expect(await on.reached(first.inPrivate, ipv6.publicIp)).toEqual({ clientIp: ipv6.privateIp });
    server.kill("SIGKILL");
  });

  test("the metadata service knows the instance", async () => {
    for (const { inPrivate, vpcId } of [first, second]) {
      expect(await on.reached(inPrivate, "169.254.169.254")).toEqual({ vpcId, sourceIp: inPrivate.ip });
    }
  });

  test.each<[string, () => void, unknown]>([
    ["a more specific static route beats the endpoint", () => toGateway(part), throughInternet(first)],
    ["an identical static route does too", () => toGateway(whole), throughInternet(first)],
    ["the endpoint beats the default route", () => {}, fromPublic],
    ["an identical blackhole drops", () => blackhole(whole), "nothing"],
  ])("with the endpoint on its table: %s", async (_name, act, path) => {
    build.reroute(first.endpoint, [first.publicTable]);
    act();
    await on.hold();
    const found = await on.reached(first.inPublic);
    if (typeof path === "string") expect(found).toBe(path);
    else expect(found).toMatchObject(path as object);
  });

  function toGateway(cidrBlock: string): void {
    build.route(first.publicTable, cidrBlock, first.gateway);
  }

  /** A route to a NAT gateway that is gone. */
  function blackhole(cidrBlock: string): void {
    const nat = build.nat(first.publicSubnet);
    build.route(first.publicTable, cidrBlock, nat);
    build.dropNat(nat);
  }

  test("an empty table leads nowhere, and another one takes its place", async () => {
    build.unroute(first.publicTable, "0.0.0.0/0");
    await on.hold();
    expect(await on.reached(first.inPublic)).toBe("nothing");
    const held = find(build.state(), "route-table", first.publicTable)?.associations ?? [];
    for (const { id: associationId } of held) build.run(disassociateRouteTable, { associationId });
    build.run(associateRouteTable, { routeTableId: first.privateTable, subnetId: first.publicSubnet });
    await on.hold();
    expect(await on.reached(first.inPublic)).toMatchObject(fromPublic);
  });

  test("a route may lead to an instance, which drops what is not for it", async () => {
    build.deleteEndpoint(first.endpoint);
    build.route(first.privateTable, "0.0.0.0/0", first.nameless.id);
    await on.hold();
    expect(await on.reached(first.inPrivate)).toBe("nothing");
  });

  test("an open connection is reset when the endpoint is attached, replaced, detached and deleted; others live on", async () => {
    const beside = await on.open(second.inPublic);
    const { socket } = on.arrivals.at(-1)!;
    const other = build.endpoint(first.vpcId, "s3");
    const replace = (): void => {
      build.reroute(first.endpoint, [], [first.publicTable]);
      build.reroute(other, [first.publicTable]);
    };
    const turns: [() => unknown, object][] = [
      [() => build.reroute(first.endpoint, [first.publicTable]), fromPublic],
      [replace, { ...fromPublic, vpcEndpointId: other }],
      [() => build.reroute(other, [], [first.publicTable]), throughInternet(first)],
      [() => build.reroute(first.endpoint, [first.publicTable]), fromPublic],
      [() => build.deleteEndpoint(first.endpoint), throughInternet(first)],
    ];
    for (const [act, path] of turns) {
      const end = await on.open(first.inPublic);
      act();
      await on.hold();
      expect(await end()).toBe("ECONNRESET");
      expect(await on.reached(first.inPublic)).toMatchObject(path);
    }
    socket.resume();
    await once(socket, "data");
    expect(socket.destroyed).toBe(false);
    build.reroute(second.endpoint, [second.publicTable]);
    await on.hold();
    expect(await beside()).toBe("ECONNRESET");
  });

  test("IPv6 goes by the same rules, and keeps the instance's own address", async () => {
    const inside = throughEndpoint(first, ipv6.privateIp);
    const outside = { kind: "internet", gatewayId: first.gateway, sourceIp: ipv6.publicIp };
    expect(await on.reached(first.inPrivate, s3Ipv6)).toMatchObject(inside);
    expect(await on.reached(first.inPublic, s3Ipv6, 443)).toMatchObject(outside);
    expect(await on.reached(first.nameless, s3Ipv6)).not.toMatchObject({ kind: "internet" });
    const end = await on.open(first.inPublic, s3Ipv6);
    build.unroute(first.publicTable, "::/0");
    build.route(first.publicTable, "::/0", ipv6.egressOnly);
    await on.hold();
    expect(await end()).toBe("ECONNRESET");
    expect(await on.reached(first.inPublic, s3Ipv6)).toMatchObject({ ...outside, gatewayId: ipv6.egressOnly });
    build.unroute(first.publicTable, "::/0");
    await on.hold();
    expect(await on.reached(first.inPublic, s3Ipv6)).toBe("nothing");
  });

  linuxTests(kind, () => on.plane.notEnforced)("resolver", "the resolver answers at its addresses", async () => {
    const script = `const socket = require("node:dgram").createSocket("udp6");
      socket.once("message", (answer) => { console.log(answer.length); socket.close(); });
      socket.send("a query", 53, "fd00:ec2::253");`;
    const child = await on.start(first.inPrivate.id, process.execPath, "--eval", script);
    await expect.poll(() => on.queries.at(-1)?.vpcId).toBe(first.vpcId);
    child.kill("SIGKILL");
    await once(child, "exit");
  });

  test.each([s3, s3Ipv6])("a long answer from %s comes whole", async (ip) => {
    const before = on.arrivals.length;
    const script = `${dialText}
      let bytes = 0;
      dial(80, "${ip}").on("data", (data) => (bytes += data.length)).on("end", () => console.log(bytes > 64e6));`;
    const child = on.run(first.inPrivate.id, process.execPath, "--eval", script);
    await expect.poll(() => on.arrivals[before], { timeout: 5000 }).toBeDefined();
    on.arrivals[before]!.socket.end(Buffer.alloc(64_000_000));
    expect(await child).toMatchObject({ stdout: "true\n", stderr: "" });
  });
});
