import { describe, expect, test } from "vitest";
import { dualStackVpc, giveIpv6, giveIpv6Block } from "../../test/ipv6-builder.ts";
import { regionBuilder } from "../../test/region-builder.ts";
import { associateDhcpOptions, createDhcpOptions } from "../model/dhcp-options.ts";
import { modifySubnetAttribute } from "../model/subnet.ts";
import { serviceAddress } from "../network/service-address.ts";
import { type DnsExplanation, explainDns } from "./explain-dns.ts";

const s3 = serviceAddress("s3", "us-east-1")!;

function small() {
  const build = regionBuilder();
  const vpc = build.vpc("10.0.0.0/16");
  build.attribute(vpc, "enableDnsHostnames", true);
  const [inside, outside] = ["10.0.1.0/24", "10.0.2.0/24"].map((cidr) => build.subnet(vpc, cidr));
  const tables = [inside!, outside!].map((subnet) => build.table(vpc, subnet));
  const gateway = build.gateway(vpc);
  build.route(tables[1]!, "0.0.0.0/0", gateway);
  const endpoint = build.endpoint(vpc, "s3", tables[0]!);
  const hidden = build.instance(inside!, { name: "hidden" });
  const seen = build.instance(outside!, { publicIp: true, name: "seen" });
  return { build, vpc, subnet: inside!, tables, gateway, endpoint, hidden, seen };
}

const made = small();

function explained(name: string, from: string, { build } = made): DnsExplanation {
  const found = explainDns(build.state(), { name, from });
  if (!found.ok) throw new Error(found.error);
  return found.value;
}

describe("a service's name", () => {
  test("leads to the endpoint by the route that holds its address", () => {
    expect(explained("S3.us-east-1.amazonaws.com.", made.hidden.id)).toMatchObject({
      name: "s3.us-east-1.amazonaws.com",
      from: made.hidden.id,
      vpcId: made.vpc,
      client: { servers: ["10.0.0.2"], asksVpc: true },
      answers: expect.arrayContaining([
        { type: "A", kind: "records", values: [s3], ttlSeconds: 5, by: "service name" },
      ]),
      outside: expect.arrayContaining([expect.objectContaining({ type: "A", values: [s3] })]),
      ways: [
        {
          ip: s3,
          prefixListId: "pl-63a5400a",
          route: `${made.tables[0]}: pl-63a5400a to ${made.endpoint}`,
          exit: `gateway endpoint ${made.endpoint}`,
        },
      ],
      notes: [],
    });
  });

  test("leads to the internet where the table has no endpoint", () => {
    const [way] = explained("s3.us-east-1.amazonaws.com", "seen").ways;
    expect(way).toMatchObject({ route: `${made.tables[1]}: 0.0.0.0/0 to ${made.gateway}` });
    expect(way?.exit).toMatch(new RegExp(`^the internet by ${made.gateway}, as 54\\.`));
  });

  test("of a subnet or a VPC has answers and no way", () => {
    for (const from of [made.subnet, made.vpc]) {
      expect(explained("s3.us-east-1.amazonaws.com", from)).toMatchObject({ from, vpcId: made.vpc, ways: [] });
    }
  });

  test("outside of all there is nothing beside it", () => {
    for (const from of ["internet", "host"]) {
      const found = explained("s3.us-east-1.amazonaws.com", from);
      expect(found).toMatchObject({
        from: "internet",
        answers: expect.arrayContaining([expect.objectContaining({ values: [s3] })]),
      });
      expect(found).not.toHaveProperty("outside");
      expect(found).not.toHaveProperty("client");
    }
  });
});

describe("host names", () => {
  test("are known inside alone", () => {
    const name = `ip-${made.hidden.ip.replaceAll(".", "-")}.ec2.internal`;
    const { answers, outside } = explained(name, made.vpc);
    expect(answers[0]).toMatchObject({ kind: "records", values: [made.hidden.ip] });
    expect(outside?.[0]).toMatchObject({ kind: "no-name", values: [] });
  });

  test("an address is looked up in reverse", () => {
    const name = `ip-${made.hidden.ip.replaceAll(".", "-")}.ec2.internal`;
    expect(explained(made.hidden.ip, made.vpc)).toMatchObject({
      answers: [{ type: "PTR", kind: "records", values: [name] }],
      outside: [{ type: "PTR", kind: "no-name" }],
      ways: [],
    });
    expect(explained("fd00::1", made.vpc).answers).toMatchObject([{ type: "PTR", kind: "no-name" }]);
  });
});

describe("notes", () => {
  function check(name: string, says: RegExp, world = made): void {
    expect(explained(name, world.vpc, world).notes).toEqual([expect.stringMatching(says)]);
  }

  test("on a name of another region", () =>
    check(
      "docs.s3.eu-west-1.amazonaws.com",
      /^the name is of eu-west-1: endpoints of vpc-\w+ lead to services of us-east-1 alone$/,
    ));
  test("on the global name of STS", () => check("sts.amazonaws.com", /AWS_STS_REGIONAL_ENDPOINTS=regional/));
  test("on a global name", () => check("s3.amazonaws.com", /call s3\.REGION\.amazonaws\.com/));
  test("on an endpoint's private names that the VPC does not know any more", () => {
    const world = small();
    world.build.interfaceEndpoint(world.vpc, "sts", { subnetIds: [world.subnet] });
    expect(explained("sts.us-east-1.amazonaws.com", world.vpc, world).notes).toEqual([]);
    world.build.attribute(world.vpc, "enableDnsHostnames", false);
    check("sts.us-east-1.amazonaws.com", /^enableDnsHostnames of vpc-\w+ is off: .* name of vpce-\w+,/, world);
    const [answer] = explained("sts.us-east-1.amazonaws.com", world.vpc, world).answers;
    expect(answer).toMatchObject({ values: [serviceAddress("sts", "us-east-1")], by: "service name" });
  });
  test("on names of instances where the VPC gives none", () => {
    const world = small();
    world.build.attribute(world.vpc, "enableDnsHostnames", false);
    check("ec2-54-144-0-1.compute-1.amazonaws.com", /^enableDnsHostnames of vpc-\w+ is off/, world);
    check("ip-10-0-1-4.ec2.internal", /^enableDnsHostnames of vpc-\w+ is off/, world);
  });
  test("on name servers of one's own", () => {
    const world = small();
    const { id } = world.build.run(createDhcpOptions, {
      configurations: [{ key: "domain-name-servers", values: ["10.0.1.53"] }],
      tags: [],
    });
    world.build.run(associateDhcpOptions, { dhcpOptionsId: id, vpcId: world.vpc });
    check("s3.us-east-1.amazonaws.com", new RegExp(`^programs ask 10\\.0\\.1\\.53 \\(${id}\\)`), world);
  });
});

test("DNS64 of the asking subnet is told, with the way through the NAT gateway", () => {
  const build = regionBuilder();
  const vpc = dualStackVpc(build, "10.0.0.0/16");
  const [inside, outside] = [build.subnet(vpc, "10.0.1.0/24"), build.subnet(vpc, "10.0.2.0/24")];
  giveIpv6Block(build, inside, 1);
  const one = build.instance(inside);
  giveIpv6(build, one);
  const [table, open] = [build.table(vpc, inside), build.table(vpc, outside)];
  build.route(open, "0.0.0.0/0", build.gateway(vpc));
  const nat = build.nat(outside);
  build.route(table, "64:ff9b::/96", nat);
  build.run(modifySubnetAttribute, { subnetId: inside, enableDns64: true });
  const name = "sts.us-east-1.amazonaws.com";
  const ask = (from: string): DnsExplanation => {
    const found = explainDns(build.state(), { name, from });
    if (!found.ok) throw new Error(found.error);
    return found.value;
  };
  const { answers, outside: elsewhere, ways } = ask(one.id);
  const by = `DNS64 of ${inside}: service name`;
  expect(answers[1]).toMatchObject({ type: "AAAA", values: [expect.stringMatching(/^64:ff9b::/)], by });
  expect([elsewhere?.[1]?.kind, ask(vpc).answers[1]?.kind, ask(inside).answers[1]?.by]).toEqual([
    "no-data",
    "no-data",
    by,
  ]);
  expect(ways[1]).toMatchObject({
    route: `${table}: 64:ff9b::/96 to ${nat}`,
    exit: expect.stringContaining(`through ${nat}, as`),
  });
});

test("without DNS support nothing answers inside", () => {
  const world = small();
  world.build.attribute(world.vpc, "enableDnsSupport", false);
  const { answers, outside } = explained("s3.us-east-1.amazonaws.com", world.vpc, world);
  expect(answers.map((one) => one.kind)).toEqual(["no-resolver", "no-resolver"]);
  expect(outside?.[0]).toMatchObject({ kind: "records" });
});

test.each([
  [{ name: "a b", from: "internet" }, /neither a host name nor an address/],
  [{ name: "x".repeat(64), from: "internet" }, /neither a host name/],
  [
    { name: "s3.amazonaws.com", from: "nobody" },
    /no instance `nobody`; a subnet, a VPC and `internet` can be named too/,
  ],
  [{ name: "s3.amazonaws.com", from: "vpc-0" }, /no vpc `vpc-0`/],
  [{ name: 5 as never, from: "internet" }, /`name` must be a string/],
])("%j is refused", (question, says) => {
  const found = explainDns(made.build.state(), question);
  expect(found).toEqual({ ok: false, error: expect.stringMatching(says) });
});
