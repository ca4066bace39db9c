import { afterAll, beforeAll, beforeEach, describe, expect } from "vitest";
import { lackOfProgram, testWith } from "../../../test/need.ts";
import type { Blueprint, RouteBlueprint, TargetBlueprint, VpcBlueprint } from "../../plan/blueprint.ts";
import { withoutIpv6 } from "./ipv4-blueprint.ts";
import { linuxPlaneLack } from "./lack.ts";
import {
  blueprintOf,
  idsOf,
  ipv6Anywhere,
  ipv6Of,
  peered,
  privateTable,
  publicTable,
  serviceIp,
  serviceIpv6,
  vpcBlueprint,
  withGroup,
  withIpv6,
  withNatGateway,
  withRoutes,
} from "./testdata/blueprint.ts";
import { wantedObjects } from "./wanted.ts";
import { connecting, openTestPlane, type TestPlane } from "./testdata/plane.ts";

const lack = await linuxPlaneLack();
const test = testWith(lack);
const first = idsOf(1);
const vpc = withIpv6(vpcBlueprint(1));
const [privateIp, publicIp] = ipv6Of(1);

/** Takes IPv4 from the first host and its subnet. */
function withoutIpv4(of: VpcBlueprint): VpcBlueprint {
  const [host, ...hosts] = of.hosts;
  const [subnet, ...subnets] = of.subnets;
  if (host === undefined || subnet === undefined) return of;
  const { ipv4: _, ...bare } = subnet;
  const ips = host.ips.filter((ip) => ip.includes(":"));
  return {
    ...of,
    ipv6NameServers: ["fd00:ec2::253"],
    subnets: [bare, ...subnets],
    hosts: [{ ...host, ips, linkLocalIp: "169.254.1.0" }, ...hosts],
  };
}

const toEverywhere = (target: TargetBlueprint): RouteBlueprint => ({ cidrBlock: "::/0", metric: 10, target });

describe.skipIf(lack !== undefined && process.env["UNDERPASS_REQUIRE_ALL"] !== "1")("IPv6 in the kernel", () => {
  let t: TestPlane;
  beforeAll(async () => {
    t = await openTestPlane((_vpcId, query) => query);
  });
  afterAll(async () => {
    await t[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    await t.plane.apply(blueprintOf(vpc, vpcBlueprint(2)));
  });

  async function reached(instanceId: string, ip = serviceIpv6, port = 80): Promise<unknown> {
    const { stdout, stderr } = await t.run(instanceId, ...connecting(ip, port));
    expect(stderr).toBe("");
    const word = stdout.trim();
    return word.startsWith("{") ? JSON.parse(word) : word;
  }

  const { vpcId } = first;
  const through = (gatewayId: string, sourceIp = privateIp) => ({ kind: "internet", gatewayId, sourceIp });
  const igw = "igw-00000001";

  test("without a route, or to a gateway that carries no IPv6, nothing gets out", async () => {
    await t.plane.apply(blueprintOf(withRoutes(vpc, privateTable, [])));
    expect(await reached(first.inPrivate)).toBe("nothing");
    const nat: TargetBlueprint = { kind: "nat-gateway", natGatewayId: first.natGateway };
    await t.plane.apply(blueprintOf(withRoutes(vpc, privateTable, [toEverywhere(nat)])));
    expect(await reached(first.inPrivate)).toBe("nothing");
  });

  test("an address that is not the instance's own gets nowhere", async () => {
    const taken: VpcBlueprint = {
      ...vpc,
      hosts: vpc.hosts.map((host, at) => (at === 0 ? { ...host, ips: [host.ips[0]!, "2600:1f10:0:100::66"] } : host)),
    };
    await t.plane.apply(blueprintOf(taken));
    expect(await reached(first.inPrivate)).toMatchObject({ sourceIp: "2600:1f10:0:100::66" });
    await t.plane.apply(blueprintOf(vpc));
    expect(await reached(first.inPrivate)).toMatchObject({ sourceIp: privateIp });
  });

  test("a host without IPv4 sends none but to the metadata service, which knows it by its own address", async () => {
    await t.plane.apply(blueprintOf(withoutIpv4(vpc)));
    expect(await reached(first.inPrivate)).toMatchObject({ sourceIp: privateIp });
    expect(await reached(first.inPrivate, serviceIp)).toBe("ENETUNREACH");
    expect(await reached(first.inPrivate, "169.254.169.254")).toEqual({ vpcId, sourceIp: privateIp });
    await t.plane.apply(blueprintOf(vpc));
    expect(await reached(first.inPrivate, serviceIp)).toMatchObject({ kind: "gateway-endpoint" });
  });

  test("the resolver answers at its address of IPv6, over datagrams and streams", async () => {
    const script = `
      const socket = require("node:dgram").createSocket("udp6");
      socket.on("message", (answer, from) => { console.log(answer.toString(), from.address); socket.close(); });
      socket.send("a query", 53, "fd00:ec2::253");`;
    const { stdout } = await t.run(first.inPrivate, process.execPath, "-e", script);
    expect(stdout.trim()).toBe("a query fd00:ec2::253");
    expect(t.queries.at(-1)).toMatchObject({ vpcId, sourceIp: privateIp, transport: "udp" });
  });

  testWith(lack ?? lackOfProgram("python3"))("who sends more than the internet takes at once is told so", async () => {
    const { stdout, stderr } = await t.run(
      first.inPublic,
      "python3",
      "-c",
      `
import socket, time
IPV6_MTU, IPV6_MTU_DISCOVER, DO = 24, 23, 2
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
s.setsockopt(socket.IPPROTO_IPV6, IPV6_MTU_DISCOVER, DO)
s.connect(("${serviceIpv6}", 53))
s.send(bytes(4000))
deadline = time.time() + 3
while s.getsockopt(socket.IPPROTO_IPV6, IPV6_MTU) == 9001 and time.time() < deadline:
    time.sleep(0.01)
print(s.getsockopt(socket.IPPROTO_IPV6, IPV6_MTU))`,
    );
    expect([stdout.trim(), stderr]).toEqual(["1500", ""]);
  });

  testWith(lack ?? lackOfProgram("python3"))(
    "a group's rule about a type of ICMPv6 lets in that type alone",
    async () => {
      const ping = async (type: number, waitSeconds: number): Promise<string> => {
        const rule = { ruleId: "sgr-00000003", traffic: { kind: "icmpv6", type }, peer: ipv6Anywhere } as const;
        await t.plane.apply(blueprintOf(withGroup(vpc, { ingress: [rule] })));
        const script = `
import socket
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM, socket.IPPROTO_ICMPV6)
s.settimeout(${waitSeconds})
s.sendto(bytes([128, 0, 0, 0, 0, 1, 0, 1]), ("${publicIp}", 0))
try:
    print(s.recvfrom(100)[0][0])
except TimeoutError:
    print("nothing")`;
        return (await t.run(first.inPrivate, "python3", "-c", script)).stdout.trim();
      };
      expect([await ping(129, 0.5), await ping(128, 5)]).toEqual(["nothing", "129"]);
    },
  );

  test("a connection is cut when the gateway that it came by is taken away", async () => {
    const before = t.arrivals.length;
    const child = t.run(first.inPublic, ...connecting(serviceIpv6, 80, true));
    await expect.poll(() => t.arrivals[before]?.path, { timeout: 5000 }).toMatchObject(through(igw, publicIp));
    const { internetGateway: _, ...without } = withRoutes(vpc, publicTable, [toEverywhere({ kind: "blackhole" })]);
    await t.plane.apply(blueprintOf(without));
    expect((await child).stdout).toContain("ECONNRESET");
  });
});

describe.skipIf(lack !== undefined && process.env["UNDERPASS_REQUIRE_ALL"] !== "1")("a machine without IPv6", () => {
  const whole = withNatGateway(vpc);
  const other = withIpv6(vpcBlueprint(2));

  test("has nothing of it in the kernel", () => {
    const all = blueprintOf(...peered(whole, other));
    const ofIpv6 = (blueprint: Blueprint): readonly unknown[] =>
      [...wantedObjects(blueprint).values()].filter(
        (one) => one.kind !== "filter-rule" && /::|"width":128/.test(JSON.stringify(one)),
      );
    expect(ofIpv6(all).length).toBeGreaterThan(50);
    expect(ofIpv6(withoutIpv6(all))).toEqual([]);
  });

  test("carries IPv4 and says so", async () => {
    await using bare = await openTestPlane(undefined, { ipv6Lack: "the kernel has none" });
    expect(bare.plane.notCarried).toEqual(["IPv6: the kernel has none"]);
    await bare.plane.apply(blueprintOf(whole, other));
    const asked = async (ip: string): Promise<string> =>
      (await bare.run(first.inPrivate, ...connecting(ip))).stdout.trim();
    expect(JSON.parse(await asked(serviceIp))).toMatchObject({
      kind: "gateway-endpoint",
      vpcEndpointId: first.endpoint,
    });
    expect(await asked(serviceIpv6)).toBe("ENETUNREACH");
    // What did not change is not made again.
    await bare.plane.apply(blueprintOf(whole, withNatGateway(other)));
    // Whoever has no IPv4 either is left with the metadata service.
    await bare.plane.apply(blueprintOf(withoutIpv4(whole)));
    expect([await asked(serviceIp), await asked(serviceIpv6)]).toEqual(["ENETUNREACH", "ENETUNREACH"]);
    expect(JSON.parse(await asked("169.254.169.254"))).toMatchObject({ vpcId: whole.vpcId });
    expect(bare.log).toEqual([]);
  });
});
