import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { regionBuilder, type TestInstance } from "../../test/region-builder.ts";
import { addToIp, formatIp, parseIp } from "../base/ip.ts";
import { containsIp, parsePrefix, type Prefix } from "../base/prefix.ts";
import { allocateAddress, associateAddress } from "../model/elastic-ip.ts";
import { assignPrivateIpAddresses } from "../model/interface-address.ts";
import { findPrefixList, prefixListOfService } from "../model/prefix-list.ts";
import { routesOf } from "../model/route.ts";
import { find, findBy } from "../model/state.ts";
import { serviceAddress } from "./service-address.ts";
import { findInstance, instanceAt, instanceByPublicIp, pathOf, senderBehind } from "./path-origin.ts";
import { walk, type Walk } from "./walk.ts";

/** The guide's VPC: a private subnet with an S3 endpoint on its table, a public one with an internet gateway. */
function guide() {
  const build = regionBuilder();
  const vpc = build.vpc("10.0.0.0/16");
  const [privateSubnet, publicSubnet] = [build.subnet(vpc, "10.0.1.0/24"), build.subnet(vpc, "10.0.2.0/24")];
  const [privateTable, publicTable] = [build.table(vpc, privateSubnet), build.table(vpc, publicSubnet)];
  const gateway = build.gateway(vpc);
  build.route(publicTable, "0.0.0.0/0", gateway);
  const inside = build.instance(privateSubnet);
  const outside = build.instance(publicSubnet, { publicIp: true });
  return { build, vpc, privateSubnet, publicSubnet, privateTable, publicTable, gateway, inside, outside };
}

const s3 = serviceAddress("s3", "us-east-1")!;
const pl = prefixListOfService("us-east-1", "com.amazonaws.us-east-1.s3")!;
/** The block of the prefix list that holds S3's address. */
const s3Block = pl.prefixes.find((one) => containsIp(one, parseIp(s3)!))!;
const s3Cidr = pl.cidrBlocks[pl.prefixes.indexOf(s3Block)]!;

describe("doors", () => {
  test("no route: nothing answers, and the table says so", () => {
    const { build, inside, privateTable } = guide();
    expect(walk(build.state(), inside.id, s3)).toEqual({
      route: { routeTableId: privateTable, routeTableBy: "subnet association", beaten: [] },
      exit: { kind: "none", reason: `${privateTable} has no route to ${s3}` },
    });
  });

  test("an endpoint on the table takes its service and nothing else", () => {
    const { build, vpc, privateTable, inside } = guide();
    const endpoint = build.endpoint(vpc, "s3", privateTable);
    const walked = walk(build.state(), inside.id, s3);
    expect(walked.exit).toEqual({ kind: "gateway-endpoint", vpcEndpointId: endpoint, sourceIp: inside.ip });
    expect(walked.route!.chosen).toEqual({
      destination: pl.id,
      cidrBlock: s3Cidr,
      target: endpoint,
      state: "active",
      origin: "endpoint",
    });
    for (const [service, region] of [
      ["ec2", "us-east-1"],
      ["sts", "us-east-1"],
      ["iam", "aws-global"],
      ["s3", "eu-west-1"],
      ["dynamodb", "us-east-1"],
    ] as const) {
      expect(walk(build.state(), inside.id, serviceAddress(service, region)!).exit.kind).toBe("none");
    }
  });

  test("the internet gateway maps the public address, and without one nothing leaves", () => {
    const { build, publicSubnet, gateway, outside } = guide();
    const hidden = build.instance(publicSubnet);
    expect(walk(build.state(), outside.id, s3).exit).toEqual({
      kind: "internet",
      internetGatewayId: gateway,
      sourceIp: outside.publicIp,
    });
    expect(walk(build.state(), hidden.id, s3).exit).toMatchObject({
      kind: "none",
      reason: `${hidden.eni} has no public address that ${gateway} could map`,
    });
  });

  test("a detached gateway leaves a blackhole", () => {
    const { build, vpc, gateway, outside } = guide();
    const other = build.vpc("10.1.0.0/16");
    // AWS refuses to detach while public addresses are mapped, so the instance goes first.
    build.terminate(outside.id);
    const subnet = build.subnet(vpc, "10.0.3.0/24");
    const table = build.table(vpc, subnet);
    build.route(table, "0.0.0.0/0", gateway);
    const left = build.instance(subnet);
    build.detach(gateway, vpc);
    build.gateway(other);
    const { exit, route } = walk(build.state(), left.id, s3);
    expect(route!.chosen).toMatchObject({ state: "blackhole", target: gateway });
    expect(exit).toEqual({ kind: "none", reason: `the route 0.0.0.0/0 of ${table} is a blackhole: ${gateway}` });
  });

  test("a gone instance leaves a blackhole that still beats less specific routes", () => {
    const { build, publicSubnet, publicTable, outside } = guide();
    const target = build.instance(publicSubnet);
    build.route(publicTable, "52.0.0.0/8", target.id);
    build.terminate(target.id);
    expect(walk(build.state(), outside.id, "52.1.1.1").exit).toMatchObject({ kind: "none" });
    expect(walk(build.state(), outside.id, "53.1.1.1").exit).toMatchObject({ kind: "internet" });
  });

  test("inside the VPC packets are local, whoever has the address", () => {
    const { build, inside, outside } = guide();
    expect(walk(build.state(), inside.id, outside.ip).exit).toEqual({ kind: "local", networkInterfaceId: outside.eni });
    expect(walk(build.state(), inside.id, "10.0.200.1").exit).toEqual({ kind: "local" });
  });

  test("what an instance sends to itself stays, whatever the routes say", () => {
    const { build, outside, publicTable, publicSubnet } = guide();
    build.route(publicTable, "10.0.2.0/24", build.instance(publicSubnet).id);
    expect(walk(build.state(), outside.id, outside.ip)).toEqual({
      exit: { kind: "local", networkInterfaceId: outside.eni },
    });
  });

  test("a subnet without association uses the main table", () => {
    const { build, vpc } = guide();
    const subnet = build.subnet(vpc, "10.0.9.0/24");
    const plain = build.instance(subnet);
    const main = build.mainTable(vpc);
    expect(walk(build.state(), plain.id, s3).route).toMatchObject({
      routeTableId: main,
      routeTableBy: "main route table",
    });
    const endpoint = build.endpoint(vpc, "s3", main);
    expect(walk(build.state(), plain.id, s3).exit).toMatchObject({ kind: "gateway-endpoint", vpcEndpointId: endpoint });
  });

  test("an instance that forwards is asked for nothing but its own address while its check is on", () => {
    const { build, vpc, outside, inside } = guide();
    const subnet = build.subnet(vpc, "10.0.5.0/24");
    const table = build.table(vpc, subnet);
    const near = build.instance(subnet);
    build.route(table, "0.0.0.0/0", outside.eni);
    expect(walk(build.state(), near.id, s3).exit).toMatchObject({
      kind: "none",
      reason: `the source/destination check of ${outside.eni} drops packets that are not for itself`,
    });
    expect(walk(build.state(), near.id, inside.ip).exit).toMatchObject({
      kind: "local",
      networkInterfaceId: inside.eni,
    });
  });
});

describe("priority", () => {
  const both = () => {
    const made = guide();
    const endpoint = made.build.endpoint(made.vpc, "s3", made.publicTable);
    const exit = () => walk(made.build.state(), made.outside.id, s3);
    return { ...made, endpoint, exit };
  };
  const check = (walked: Walk, kind: string, beaten: readonly string[]): void => {
    expect([walked.exit.kind, walked.route!.beaten.map((one) => one.target)]).toEqual([kind, beaten]);
  };

  test("the prefix list beats the default route", () => {
    const { exit, gateway } = both();
    check(exit(), "gateway-endpoint", [gateway]);
  });
  test("a more specific static route beats the prefix list until it goes", () => {
    const { build, publicTable, exit, endpoint, gateway } = both();
    const block = s3.replace(/\.\d+$/, ".0/24");
    build.route(publicTable, block, gateway);
    check(exit(), "internet", [endpoint, gateway]);
    build.unroute(publicTable, block);
    check(exit(), "gateway-endpoint", [gateway]);
  });
  test("a static route for an identical block beats the prefix list", () => {
    const { build, publicTable, exit, endpoint, gateway } = both();
    build.route(publicTable, s3Cidr, gateway);
    check(exit(), "internet", [endpoint, gateway]);
  });
  test("a less specific static route does not", () => {
    const { build, publicTable, exit, gateway } = both();
    build.route(publicTable, "48.0.0.0/4", gateway);
    build.route(publicTable, "0.0.0.0/1", gateway);
    expect(exit().exit.kind).toBe("gateway-endpoint");
  });
});

describe("the VPC's own services", () => {
  test.each([
    ["169.254.169.253", { kind: "vpc-service", service: "resolver" }],
    ["10.0.0.2", { kind: "vpc-service", service: "resolver" }],
    ["169.254.169.254", { kind: "vpc-service", service: "instance-metadata" }],
    ["169.254.1.1", { kind: "none", reason: "nothing has this address of the VPC's own services" }],
    ["127.0.0.1", { kind: "none", reason: "such an address is never routed" }],
    ["224.0.0.1", { kind: "none", reason: "such an address is never routed" }],
    ["::1", { kind: "none", reason: "such an address is never routed" }],
    ["fe80::1", { kind: "none", reason: "such an address is never routed" }],
    ["ff02::1", { kind: "none", reason: "such an address is never routed" }],
    ["::ffff:10.0.0.2", { kind: "none", reason: "such an address is never routed" }],
    ["s3.amazonaws.com", { kind: "none", reason: "`s3.amazonaws.com` is no address" }],
  ])("%s takes no route table", (ip, exit) => {
    const { build, outside } = guide();
    expect(walk(build.state(), outside.id, ip)).toEqual({ exit });
  });

  test("without DNS support the resolver is silent", () => {
    const { build, vpc, inside } = guide();
    build.attribute(vpc, "enableDnsSupport", false);
    for (const ip of ["10.0.0.2", "169.254.169.253"]) {
      expect(walk(build.state(), inside.id, ip).exit).toMatchObject({ kind: "none" });
    }
  });

  test("from an instance that is gone or never was nothing leaves", () => {
    const { build, inside } = guide();
    build.terminate(inside.id);
    expect(walk(build.state(), inside.id, s3)).toEqual({
      exit: { kind: "none", reason: `${inside.id} is terminated` },
    });
    expect(walk(build.state(), "i-none", s3)).toEqual({ exit: { kind: "none", reason: "no instance i-none" } });
  });
});

describe("from an address back to the instance", () => {
  test("private addresses are of their VPC, public ones of the region", () => {
    const { build, vpc, inside, outside } = guide();
    const twin = build.vpc("10.0.0.0/16");
    const other = build.instance(build.subnet(twin, "10.0.1.0/24"));
    expect(other.ip).toBe(inside.ip);
    const state = build.state();
    expect(instanceAt(state, vpc, inside.ip)?.id).toBe(inside.id);
    expect(instanceAt(state, twin, inside.ip)?.id).toBe(other.id);
    expect(instanceByPublicIp(state, outside.publicIp!)?.id).toBe(outside.id);
    expect([instanceAt(state, vpc, "10.0.1.99"), instanceAt(state, "vpc-none", inside.ip)]).toEqual([
      undefined,
      undefined,
    ]);
  });

  test("a path leads back to the instance that it came from", () => {
    const { build, vpc, privateTable, inside, outside } = guide();
    build.endpoint(vpc, "s3", privateTable);
    const state = build.state();
    for (const one of [inside, outside]) {
      const path = pathOf(find(state, "instance", one.id)!, walk(state, one.id, s3), s3)!;
      expect([path.kind === "host", findInstance(state, path)?.id]).toEqual([false, one.id]);
    }
    expect(findInstance(state, { kind: "host", sourceIp: "127.0.0.1" })).toBeUndefined();
  });
});

describe("secondary addresses", () => {
  function withSecond() {
    const made = guide();
    const { build, outside, inside, gateway } = made;
    const assign = (networkInterfaceId: string): string =>
      build.run(assignPrivateIpAddresses, {
        networkInterfaceId,
        addresses: [],
        count: 1,
        allowReassignment: false,
      })[0]!;
    const [second, hidden] = [assign(outside.eni), assign(inside.eni)];
    const { id: allocationId, publicIp } = build.run(allocateAddress, { tags: [] });
    build.run(associateAddress, {
      allocationId,
      networkInterfaceId: outside.eni,
      privateIpAddress: second,
      allowReassociation: false,
    });
    return { ...made, second, hidden, publicIp, gateway };
  }

  test("each goes out by its own Elastic IP, and back to its instance", () => {
    const { build, outside, second, publicIp, gateway } = withSecond();
    const state = build.state();
    const exit = walk(state, outside.id, s3, second).exit;
    expect(exit).toEqual({ kind: "internet", internetGatewayId: gateway, sourceIp: publicIp });
    expect(walk(state, outside.id, s3).exit).toMatchObject({ sourceIp: outside.publicIp });
    const path = pathOf(find(state, "instance", outside.id)!, { exit }, s3)!;
    expect(senderBehind(state, path)).toMatchObject({ holder: { id: outside.eni }, ip: second });
    expect(findInstance(state, path)?.id).toBe(outside.id);
  });

  test("one without an Elastic IP does not leave by the primary one's", () => {
    const { build, outside, publicTable, vpc, inside, hidden, gateway, privateTable } = withSecond();
    const bare = build.run(assignPrivateIpAddresses, {
      networkInterfaceId: outside.eni,
      addresses: [],
      count: 1,
      allowReassignment: false,
    })[0]!;
    expect(walk(build.state(), outside.id, s3, bare).exit).toEqual({
      kind: "none",
      reason: `${bare} of ${outside.eni} has no public address that ${gateway} could map`,
    });
    const endpoint = build.endpoint(vpc, "s3", publicTable, privateTable);
    expect(walk(build.state(), inside.id, s3, hidden).exit).toMatchObject({
      vpcEndpointId: endpoint,
      sourceIp: hidden,
    });
  });

  test("neighbours reach it, and an address of somebody else sends nothing", () => {
    const { build, outside, inside, second } = withSecond();
    const local = { kind: "local", networkInterfaceId: outside.eni };
    expect(walk(build.state(), inside.id, second).exit).toEqual(local);
    expect(walk(build.state(), outside.id, second).exit).toEqual(local);
    expect(walk(build.state(), inside.id, s3, second).exit).toEqual({
      kind: "none",
      reason: `${second} is none of ${inside.id}`,
    });
  });
});

/** The rules again, as plainly as they can be written: a scan over the table's own routes. */
function scan(build: ReturnType<typeof guide>["build"], from: TestInstance, ip: string): string {
  const state = build.state();
  const instance = find(state, "instance", from.id)!;
  const holder = find(state, "network-interface", from.eni)!;
  const associated = findBy(state, "route-table", "subnetId", instance.subnetId)[0];
  const table = associated ?? findBy(state, "route-table", "mainOfVpcId", instance.vpcId)[0]!;
  const blocks = routesOf(state, table).flatMap((route) => {
    const rank = route.origin === "local" ? 0 : route.destination.kind === "cidr" ? 1 : 2;
    const prefixes: readonly Prefix[] =
      route.destination.kind === "cidr"
        ? [parsePrefix(route.destination.cidrBlock)!]
        : findPrefixList("us-east-1", route.destination.prefixListId)!.prefixes;
    return prefixes.filter((one) => containsIp(one, parseIp(ip)!)).map((one) => ({ route, rank, bits: one.bits }));
  });
  const [best] = blocks.toSorted((a, b) => b.bits - a.bits || a.rank - b.rank);
  if (best === undefined || best.route.state === "blackhole") return "none";
  switch (best.route.target.kind) {
    case "local":
      return "local";
    case "vpc-endpoint":
      return "gateway-endpoint";
    case "internet-gateway":
      return holder.publicIpAddress === undefined ? "none" : "internet";
    case "network-interface":
    case "nat-gateway":
    case "egress-only-internet-gateway":
    case "vpc-peering-connection":
    case "vpn-gateway":
      return "none";
  }
}

test("on generated tables the walk is what a plain scan of the routes finds", () => {
  const near = (prefix: Prefix): fc.Arbitrary<string> =>
    fc.integer({ min: 0, max: 2 ** (32 - prefix.bits) - 1 }).map((at) => formatIp(addToIp(prefix.ip, at)));
  const address = fc
    .oneof(
      fc.constantFrom(...pl.prefixes).chain(near),
      near(parsePrefix("10.0.0.0/14")!),
      near(parsePrefix("0.0.0.0/0")!),
    )
    .filter((ip) => walkable(ip));
  const block = fc.tuple(address, fc.integer({ min: 1, max: 32 })).map(([ip, bits]) => masked(ip, bits));
  const routes = fc.array(
    fc.tuple(fc.oneof(block, fc.constantFrom(...pl.cidrBlocks)), fc.constantFrom("gateway", "eni")),
    { maxLength: 8 },
  );
  fc.assert(
    fc.property(
      routes,
      fc.boolean(),
      fc.boolean(),
      fc.array(address, { minLength: 5, maxLength: 15 }),
      (made, withEndpoint, publicIp, ips) => {
        const { build, vpc, publicTable, publicSubnet, gateway, inside } = guide();
        for (const [cidr, target] of made) {
          try {
            build.route(publicTable, cidr, target === "eni" ? inside.eni : gateway);
          } catch {
            // The model refuses some (a block twice, one inside the VPC): then the table is without it.
          }
        }
        if (withEndpoint) build.endpoint(vpc, "s3", publicTable);
        const from = build.instance(publicSubnet, { publicIp });
        for (const ip of ips)
          expect([ip, walk(build.state(), from.id, ip).exit.kind]).toEqual([ip, scan(build, from, ip)]);
      },
    ),
    { numRuns: 150 },
  );
});

function walkable(ip: string): boolean {
  const top = Number(ip.split(".")[0]);
  return top !== 0 && top !== 127 && top < 224 && !ip.startsWith("169.254.") && ip !== "10.0.0.2";
}

function masked(ip: string, bits: number): string {
  const word = (parseIp(ip)!.words[0]! & (-1 << (32 - bits))) >>> 0;
  return `${formatIp({ width: 32, words: [word] })}/${bits}`;
}
