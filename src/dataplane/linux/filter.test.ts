/** What security groups, network ACLs and NAT gateways do to connections. */

import type { Socket } from "node:net";
import { once } from "node:events";
import { afterAll, beforeAll, beforeEach, describe, expect } from "vitest";
import { testWith } from "../../../test/need.ts";
import type { AclRuleBlueprint, GroupRuleBlueprint, VpcBlueprint } from "../../plan/blueprint.ts";
import { linuxPlaneLack } from "./lack.ts";
import {
  blueprintOf,
  defaultRoute,
  endpointRoutes,
  idsOf,
  privateTable,
  publicTable,
  serviceCidrs,
  serviceIp,
  vpcBlueprint,
  withAcl,
  withGroup,
  withNatGateway,
  withRoutes,
} from "./testdata/blueprint.ts";
import { connecting, openTestPlane, type TestPlane } from "./testdata/plane.ts";

const lack = await linuxPlaneLack();
const test = testWith(lack);
const { inPrivate, inPublic, nameless, endpoint, natGateway, natIp, publicIp } = idsOf(1);
const vpc = vpcBlueprint(1);

const tcp = (fromPort: number, toPort = fromPort) => ({ kind: "tcp", fromPort, toPort }) as const;
const groupRule = (traffic: GroupRuleBlueprint["traffic"], peer: GroupRuleBlueprint["peer"]): GroupRuleBlueprint => ({
  ruleId: "sgr-b0000001",
  traffic,
  peer,
});
const aclRule = (
  ruleNumber: number,
  action: "allow" | "deny",
  traffic: AclRuleBlueprint["traffic"] = { kind: "all" },
  cidrBlock = "0.0.0.0/0",
): AclRuleBlueprint => ({ ruleNumber, action, traffic, cidrBlock });
const toService = { kind: "prefix-list", prefixListId: "pl-00000001", cidrBlocks: serviceCidrs } as const;
const all = { kind: "all" } as const;
const ephemeral = tcp(1024, 65_535);

describe.skipIf(lack !== undefined && process.env["UNDERPASS_REQUIRE_ALL"] !== "1")("filters", () => {
  let t: TestPlane;
  beforeAll(async () => {
    t = await openTestPlane((_vpcId, query) => query);
  });
  afterAll(async () => {
    await t[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    await t.plane.apply(blueprintOf(vpc));
  });

  /** The end of a connection: its path, `nothing` for silence, or an error. */
  async function reached(instanceId: string, ip = serviceIp, port = 80): Promise<unknown> {
    const { stdout, stderr } = await t.run(instanceId, ...connecting(ip, port));
    expect(stderr).toBe("");
    return stdout.startsWith("{") ? JSON.parse(stdout) : stdout.trim();
  }

  async function check(
    after: VpcBlueprint,
    rows: readonly (readonly [string, string, number, unknown])[],
  ): Promise<void> {
    await t.plane.apply(blueprintOf(after));
    const found = await Promise.all(rows.map(([instanceId, ip, port]) => reached(instanceId, ip, port)));
    for (const [at, row] of rows.entries()) {
      if (typeof row[3] === "string") expect(found[at]).toBe(row[3]);
      else expect(found[at]).toMatchObject(row[3] as object);
    }
  }

  const byEndpoint = { kind: "gateway-endpoint", vpcEndpointId: endpoint };
  const byInternet = { kind: "internet", sourceIp: publicIp };

  test("a group lets out what its rules name, and what answers that", () =>
    check(withGroup(vpc, { egress: [groupRule(tcp(80), toService)], ingress: [] }), [
      [inPrivate, serviceIp, 80, byEndpoint],
      [inPrivate, serviceIp, 443, "nothing"],
      [inPublic, serviceIp, 80, byInternet],
      [inPrivate, "10.0.2.5", 80, "nothing"],
    ]));

  test("without a rule nothing leaves", () =>
    check(withGroup(vpc, { egress: [] }), [
      [inPrivate, serviceIp, 80, "nothing"],
      [nameless, "10.0.2.5", 80, "nothing"],
    ]));

  test("rules of several groups add up", () => {
    const [open] = vpc.securityGroups;
    const first = { ...open!, egress: [groupRule(tcp(80), toService)] };
    const second = { ...open!, securityGroupId: "sg-00000002", key: 2, egress: [groupRule(tcp(443), toService)] };
    const hosts = vpc.hosts.map((host) => (host.instanceId === inPrivate ? { ...host, securityGroups: [1, 2] } : host));
    return check({ ...vpc, securityGroups: [first, second], hosts }, [
      [inPrivate, serviceIp, 80, byEndpoint],
      [inPrivate, serviceIp, 443, byEndpoint],
      [inPublic, serviceIp, 443, "nothing"],
    ]);
  });

  test("a group is let in while an interface is its member, be it in the same subnet or another", async () => {
    const server = await t.start(inPublic, process.execPath, "--eval", answering);
    await once(server.stdout!, "data");
    const ingress = [groupRule(tcp(8080), { kind: "group", key: 1 })];
    await check(withGroup(vpc, { ingress }), [
      [inPrivate, "10.0.2.5", 8080, {}],
      [nameless, "10.0.2.5", 8080, {}],
      [nameless, "10.0.2.5", 8081, "nothing"],
    ]);
    await check(withGroup(vpc, { ingress, members: ["10.0.2.5", "10.0.2.6"] }), [
      [inPrivate, "10.0.2.5", 8080, "nothing"],
      [nameless, "10.0.2.5", 8080, {}],
    ]);
    server.kill("SIGKILL");
  });

  test("an ACL's first rule that matches decides, and the last denies", async () => {
    const denied = [aclRule(90, "deny", tcp(443)), aclRule(100, "allow")];
    await check(withAcl(vpc, { egress: denied }), [
      [inPrivate, serviceIp, 80, byEndpoint],
      [inPrivate, serviceIp, 443, "nothing"],
      [inPublic, serviceIp, 443, "nothing"],
    ]);
    await check(withAcl(vpc, { egress: [aclRule(80, "allow", tcp(443), "52.216.0.0/15"), ...denied] }), [
      [inPrivate, serviceIp, 443, byEndpoint],
      [inPrivate, "54.231.0.9", 443, "nothing"],
    ]);
    await check(withAcl(vpc, { egress: [aclRule(100, "allow", tcp(80))] }), [
      [inPrivate, serviceIp, 80, byEndpoint],
      [inPrivate, serviceIp, 443, "nothing"],
    ]);
  });

  test("an ACL knows no connections: answers need a rule of their own", async () => {
    await check(withAcl(vpc, { ingress: [aclRule(100, "allow", tcp(80))] }), [[inPrivate, serviceIp, 80, "nothing"]]);
    await check(withAcl(vpc, { ingress: [aclRule(100, "allow", ephemeral)] }), [
      [inPrivate, serviceIp, 80, byEndpoint],
    ]);
  });

  test("what stays in a subnet passes no ACL", async () => {
    const server = await t.start(inPublic, process.execPath, "--eval", answering);
    await once(server.stdout!, "data");
    await check(withAcl(vpc, { ingress: [], egress: [] }), [
      [nameless, "10.0.2.5", 8080, {}],
      [inPrivate, "10.0.2.5", 8080, "nothing"],
      [inPrivate, serviceIp, 80, "nothing"],
    ]);
    server.kill("SIGKILL");
  });

  test("the resolver answers past groups and ACLs", async () => {
    await t.plane.apply(blueprintOf(withAcl(withGroup(vpc, { egress: [], ingress: [] }), { egress: [], ingress: [] })));
    const asking = `const socket = require("node:dgram").createSocket("udp4");
      socket.on("message", () => { console.log("answered"); process.exit(); });
      socket.send("??", 53, "10.0.0.2"); setTimeout(() => process.exit(1), 2000);`;
    expect((await t.run(inPrivate, process.execPath, "--eval", asking)).stdout).toBe("answered\n");
  });

  /** A connection that sends all the time, as the service sees it. */
  async function openStream(): Promise<Socket> {
    const child = await t.start(inPrivate, ...connecting(serviceIp, 80, true));
    await once(child.stdout!, "data");
    const { socket } = t.arrivals.at(-1)!;
    socket.resume();
    await once(socket, "data");
    return socket;
  }

  test("an open connection outlives the rule of its group, and a new one does not open", async () => {
    const socket = await openStream();
    await check(withGroup(vpc, { egress: [], ingress: [] }), [[inPrivate, serviceIp, 80, "nothing"]]);
    await once(socket, "data");
    expect(socket.destroyed).toBe(false);
    socket.destroy();
  });

  test("once forgotten, an open connection asks its group again", async () => {
    const socket = await openStream();
    // Of earlier tests some are kept in mind too.
    const open = (await t.plane.connections([vpc.vpcId])).filter((one) => one.sourcePort === socket.remotePort);
    expect(open).toMatchObject([{ vpcId: vpc.vpcId, protocol: 6, destinationIp: serviceIp, destinationPort: 80 }]);
    await t.plane.forget(open);
    await once(socket, "data");
    await t.plane.apply(blueprintOf(withGroup(vpc, { egress: [], ingress: [] })));
    await once(socket, "data");
    await t.plane.forget(open);
    expect(await reached(inPrivate)).toBe("nothing");
    // By now all is read that had passed before.
    const before = socket.bytesRead;
    expect(await reached(inPrivate)).toBe("nothing");
    expect(socket.bytesRead).toBe(before);
    // It is gone, which is no failure.
    await t.plane.forget(open);
    socket.destroy();
  });

  test("an ACL stops an open connection at once, without a word, and lets it go on", async () => {
    const socket = await openStream();
    await t.plane.apply(blueprintOf(withAcl(vpc, { egress: [] })));
    expect(await reached(inPrivate)).toBe("nothing");
    // By now all is read that had passed before.
    const before = socket.bytesRead;
    expect(await reached(inPrivate)).toBe("nothing");
    expect(socket.bytesRead).toBe(before);
    expect(socket.destroyed).toBe(false);
    await t.plane.apply(blueprintOf(vpc));
    await once(socket, "data");
    socket.destroy();
  });

  test("a reset by the new way reaches the client though its group forbids all by now", async () => {
    const child = await t.start(inPrivate, ...connecting(serviceIp, 80, true));
    await once(child.stdout!, "data");
    // Listened for from now on: the reset may come before the plane says that it holds the change.
    const reset = once(child.stdout!, "data");
    const { otherEndpoint } = idsOf(1);
    const moved = withRoutes(vpc, privateTable, endpointRoutes(otherEndpoint));
    await t.plane.apply(blueprintOf(withGroup(moved, { egress: [], ingress: [] })));
    expect(String((await reset)[0])).toBe("ECONNRESET\n");
  });

  const toNat = { ...defaultRoute, target: { kind: "nat-gateway", natGatewayId: natGateway } } as const;
  const behindNat = withNatGateway(withRoutes(vpc, privateTable, [toNat]));

  test("behind a NAT gateway its public address is seen, and nobody comes in by it", async () => {
    await check(behindNat, [
      [inPrivate, serviceIp, 80, { kind: "internet", sourceIp: natIp }],
      [inPrivate, serviceIp, 443, { kind: "internet", sourceIp: natIp }],
      [inPublic, natIp, 80, "nothing"],
      [inPublic, "10.0.2.9", 80, "nothing"],
    ]);
  });

  test("the routes of the NAT gateway's subnet lead on", async () => {
    const routes = [...endpointRoutes(endpoint), defaultRoute];
    await check(withRoutes(behindNat, publicTable, routes), [
      [inPrivate, serviceIp, 80, { ...byEndpoint, sourceIp: "10.0.2.9" }],
    ]);
    await check(withRoutes(behindNat, publicTable, [toNat]), [[inPrivate, serviceIp, 80, "nothing"]]);
    await check(withRoutes(behindNat, publicTable, []), [[inPrivate, serviceIp, 80, "nothing"]]);
  });

  test("the ACL of the NAT gateway's subnet filters both of its sides, groups do not", async () => {
    const [open] = behindNat.networkAcls;
    const ofNat = (rules: readonly AclRuleBlueprint[]): VpcBlueprint => ({
      ...withGroup(behindNat, { ingress: [] }),
      networkAcls: [open!, { networkAclId: "acl-00000002", key: 2, ingress: rules, egress: rules }],
      subnets: behindNat.subnets.map((subnet) => (subnet.group === 2 ? { ...subnet, networkAcl: 2 } : subnet)),
    });
    await check(ofNat([aclRule(100, "allow", all)]), [[inPrivate, serviceIp, 80, { sourceIp: natIp }]]);
    await check(ofNat([aclRule(100, "allow", tcp(80)), aclRule(110, "allow", ephemeral)]), [
      [inPrivate, serviceIp, 80, { sourceIp: natIp }],
      [inPrivate, serviceIp, 443, "nothing"],
    ]);
    await check(ofNat([aclRule(100, "allow", tcp(80))]), [[inPrivate, serviceIp, 80, "nothing"]]);
  });

  test("an open connection through a NAT gateway is reset when an endpoint takes its route", async () => {
    await t.plane.apply(blueprintOf(behindNat));
    const child = await t.start(inPrivate, ...connecting(serviceIp, 80, true));
    await once(child.stdout!, "data");
    const reset = once(child.stdout!, "data");
    const attached = withRoutes(behindNat, privateTable, [...endpointRoutes(endpoint), toNat]);
    await t.plane.apply(blueprintOf(attached));
    expect(String((await reset)[0])).toBe("ECONNRESET\n");
    expect(await reached(inPrivate)).toMatchObject(byEndpoint);
  });
});

const answering = `const net = require("node:net");
  for (const port of [8080, 8081]) net.createServer((socket) => socket.end("{}\\n")).listen(port);
  setImmediate(() => console.log("up"));`;
