import { describe, expect, test } from "vitest";
import { regionBuilder } from "../../test/region-builder.ts";
import { createBucket } from "../model/bucket.ts";
import { allocateAddress, associateAddress } from "../model/elastic-ip.ts";
import { modifyPrivateDnsNameOptions } from "../model/instance-attribute.ts";
import { assignPrivateIpAddresses } from "../model/interface-address.ts";
import type { State } from "../model/state.ts";
import { modifyVpcPeeringConnectionOptions } from "../model/vpc-peering.ts";
import { addressesOf, resolveName, type Resolution } from "./resolve.ts";
import { serviceAddress } from "./service-address.ts";

function small(region = "us-east-1") {
  const build = regionBuilder({ region });
  const vpc = build.vpc("10.0.0.0/16");
  build.attribute(vpc, "enableDnsHostnames", true);
  const subnet = build.subnet(vpc, "10.0.1.0/24");
  build.gateway(vpc);
  const inside = build.instance(subnet);
  const outside = build.instance(subnet, { publicIp: true });
  return { build, vpc, inside, outside };
}

/** The addresses or names of an answer, else its kind. */
function answer(
  state: State,
  vpc: string | undefined,
  name: string,
  type = "A",
): readonly string[] | Resolution["kind"] {
  const resolution = resolveName(state, vpc, { name, type });
  if (resolution.kind !== "records") return resolution.kind;
  return resolution.records.map((record) => (record.type === "PTR" ? record.name : record.ip));
}

const dashed = (ip: string): string => ip.replaceAll(".", "-");

describe("services", () => {
  const { build, vpc } = small();
  const check = (name: string, service: Parameters<typeof serviceAddress>[0], region: string): void => {
    const address = serviceAddress(service, region)!;
    expect([answer(build.state(), vpc, name), answer(build.state(), undefined, name)]).toEqual([[address], [address]]);
  };

  test.each([
    ["s3.us-east-1.amazonaws.com", "s3", "us-east-1"],
    ["S3.Us-East-1.amazonaws.com.", "s3", "us-east-1"],
    ["docs.s3.us-east-1.amazonaws.com", "s3", "us-east-1"],
    ["s3.eu-west-1.amazonaws.com", "s3", "eu-west-1"],
    ["s3.amazonaws.com", "s3", "us-east-1"],
    ["docs.s3.amazonaws.com", "s3", "us-east-1"],
    ["docs.s3.dualstack.us-west-2.amazonaws.com", "s3", "us-west-2"],
    ["dynamodb.us-east-1.amazonaws.com", "dynamodb", "us-east-1"],
    ["ec2.us-east-1.amazonaws.com", "ec2", "us-east-1"],
    ["iam.amazonaws.com", "iam", "aws-global"],
    ["sts.amazonaws.com", "sts", "us-east-1"],
    ["sts.eu-west-1.amazonaws.com", "sts", "eu-west-1"],
  ] as const)("%s", (name, service, region) => check(name, service, region));

  test("a bucket's global name leads to its region, a regional one to where it says", () => {
    const made = small();
    made.build.run(createBucket, { name: "far", locationConstraint: "eu-west-1", tags: [] });
    const state = made.build.state();
    expect(answer(state, made.vpc, "far.s3.amazonaws.com")).toEqual([serviceAddress("s3", "eu-west-1")]);
    expect(answer(state, made.vpc, "far.s3.us-east-1.amazonaws.com")).toEqual([serviceAddress("s3", "us-east-1")]);
  });

  test("they have no IPv6 address", () => {
    expect(answer(build.state(), vpc, "s3.us-east-1.amazonaws.com", "AAAA")).toBe("no-data");
  });

  test("a service that is not served has an address all the same", () => {
    const resolution = resolveName(build.state(), vpc, { name: "lambda.us-east-1.amazonaws.com", type: "A" });
    expect(resolution).toMatchObject({ kind: "records", by: expect.stringMatching(/lambda is not served here/) });
  });

  test("domains above them exist without records; others do not exist", () => {
    const kinds = [
      "amazonaws.com",
      "us-east-1.amazonaws.com",
      "lambdas.us-east-1.amazonaws.com",
      "example.com",
      "com",
      "",
    ].map((name) => answer(build.state(), vpc, name));
    expect(kinds).toEqual(["no-data", "no-data", "no-name", "no-name", "no-data", "no-data"]);
  });

  test.each([
    ["internal", "no-data", "no-name"],
    ["ec2.internal", "no-data", "no-name"],
    ["us-west-2.compute.internal", "no-name", "no-name"],
    ["arpa", "no-data", "no-data"],
    ["10.in-addr.arpa", "no-data", "no-data"],
    ["1.0.10.in-addr.arpa", "no-data", "no-data"],
    ["256.in-addr.arpa", "no-name", "no-name"],
    ["a.6.2.ip6.arpa", "no-data", "no-data"],
    ["compute-1.amazonaws.com", "no-data", "no-data"],
    ["eu-west-1.compute.amazonaws.com", "no-data", "no-data"],
    ["us-east-1.vpce.amazonaws.com", "no-data", "no-data"],
    ["nowhere.vpce.amazonaws.com", "no-name", "no-name"],
  ] as const)("%s is above names that exist, or is not: inside %s, outside %s", (name, inVpc, outside) => {
    const from = (place: string | undefined): unknown => answer(build.state(), place, name, "NS");
    expect([from(vpc), from(undefined)]).toEqual([inVpc, outside]);
  });

  test("a negative answer names its zone", () => {
    const zoneOf = (name: string): unknown => {
      const resolution = resolveName(build.state(), vpc, { name, type: "A" });
      return "zone" in resolution ? resolution.zone : undefined;
    };
    expect(
      ["x.us-east-1.amazonaws.com", "ip-9-9-9-9.ec2.internal", "9.9.9.9.in-addr.arpa", "example.com"].map(zoneOf),
    ).toEqual(["amazonaws.com", "internal", "in-addr.arpa", ""]);
  });
});

describe("resource names", () => {
  const { build, vpc, inside } = small();
  const name = `${inside.id}.ec2.internal`;

  test("resolve inside the VPC where their records are on", () => {
    expect(answer(build.state(), vpc, name)).toBe("no-name");
    const options = { enableResourceNameDnsARecord: true };
    build.run(modifyPrivateDnsNameOptions, { instanceId: inside.id, options });
    expect(answer(build.state(), vpc, name)).toEqual([inside.ip]);
    expect(answer(build.state(), undefined, name)).toBe("no-name");
    const other = build.vpc("10.1.0.0/16");
    expect(answer(build.state(), other, name)).toBe("no-name");
  });
});

describe("instances", () => {
  test("the private name exists inside the VPC alone", () => {
    const { build, vpc, inside } = small();
    const other = build.vpc("10.9.0.0/16");
    const name = `ip-${dashed(inside.ip)}.ec2.internal`;
    const answers = [vpc, other, undefined].map((from) => answer(build.state(), from, name));
    expect(answers).toEqual([[inside.ip], "no-name", "no-name"]);
    expect(answer(build.state(), vpc, "ip-10-0-1-777.ec2.internal")).toBe("no-name");
  });

  test("every address of the VPC's blocks has a name, and no other", () => {
    const { build, vpc } = small();
    const both = (ip: string): unknown => [
      answer(build.state(), vpc, `ip-${dashed(ip)}.ec2.internal`),
      answer(build.state(), vpc, `${ip.split(".").toReversed().join(".")}.in-addr.arpa`, "PTR"),
    ];
    expect(both("10.0.0.2")).toEqual([["10.0.0.2"], ["ip-10-0-0-2.ec2.internal"]]);
    expect(both("10.0.200.77")).toEqual([["10.0.200.77"], ["ip-10-0-200-77.ec2.internal"]]);
    expect(both("10.1.0.1")).toEqual(["no-name", "no-name"]);
  });

  test("private names need enableDnsHostnames, and what has none says so", () => {
    const { build, vpc, inside } = small();
    build.attribute(vpc, "enableDnsHostnames", false);
    const names = [`ip-${dashed(inside.ip)}.ec2.internal`, "localhost", "instance-data.ec2.internal", "ec2.internal"];
    expect(names.map((name) => answer(build.state(), vpc, name))).toEqual(names.map(() => "no-name"));
    const reverse = `${inside.ip.split(".").toReversed().join(".")}.in-addr.arpa`;
    expect(resolveName(build.state(), vpc, { name: reverse, type: "PTR" }).by).toBe(
      `no rule of the resolver knows \`${reverse}\`, as enableDnsHostnames of ${vpc} is off`,
    );
  });

  test("names of this machine and of the metadata service", () => {
    const { build, vpc } = small("eu-west-1");
    const ask = (name: string, type: string): unknown => answer(build.state(), vpc, name, type);
    expect([ask("localhost", "A"), ask("LocalHost.localdomain", "AAAA")]).toEqual([["127.0.0.1"], ["::1"]]);
    expect(ask("localdomain", "A")).toBe("no-data");
    expect(ask("1.0.0.127.in-addr.arpa", "PTR")).toEqual(["localhost"]);
    expect(ask(`1${".0".repeat(31)}.ip6.arpa`, "PTR")).toEqual(["localhost"]);
    const name = "instance-data.eu-west-1.compute.internal";
    expect(ask(name, "A")).toEqual(["169.254.169.254"]);
    expect(ask("254.169.254.169.in-addr.arpa", "PTR")).toEqual([name]);
    expect(answer(build.state(), undefined, "localhost")).toBe("no-name");
  });

  test("a public address on a secondary private one has a name that leads to that one", () => {
    const { build, vpc, inside } = small();
    const networkInterfaceId = inside.eni;
    const wish = { networkInterfaceId, addresses: [], count: 1, allowReassignment: false };
    const [privateIpAddress = ""] = build.run(assignPrivateIpAddresses, wish);
    const { id: allocationId, publicIp } = build.run(allocateAddress, { tags: [] });
    build.run(associateAddress, { allocationId, networkInterfaceId, privateIpAddress, allowReassociation: false });
    const name = `ec2-${dashed(publicIp)}.compute-1.amazonaws.com`;
    expect([vpc, undefined].map((from) => answer(build.state(), from, name))).toEqual([[privateIpAddress], [publicIp]]);
    const reverse = `${publicIp.split(".").toReversed().join(".")}.in-addr.arpa`;
    expect(answer(build.state(), undefined, reverse, "PTR")).toEqual([name]);
  });

  test("names of a peer where its side allows them", () => {
    const { build, vpc } = small();
    const far = build.vpc("10.9.0.0/16");
    const vpcPeeringConnectionId = build.peer(vpc, far);
    const ask = (): unknown => [
      answer(build.state(), vpc, "ip-10-9-0-7.ec2.internal"),
      answer(build.state(), vpc, "7.0.9.10.in-addr.arpa", "PTR"),
    ];
    expect(ask()).toEqual(["no-name", "no-name"]);
    build.run(modifyVpcPeeringConnectionOptions, { vpcPeeringConnectionId, accepterAllowsRemoteDns: true });
    expect(ask()).toEqual([["10.9.0.7"], ["ip-10-9-0-7.ec2.internal"]]);
  });

  test("outside us-east-1 the region is in the name", () => {
    const { build, vpc, inside, outside } = small("eu-west-1");
    build.attribute(vpc, "enableDnsHostnames", true);
    const state = build.state();
    expect(answer(state, vpc, `ip-${dashed(inside.ip)}.eu-west-1.compute.internal`)).toEqual([inside.ip]);
    expect(answer(state, vpc, `ip-${dashed(inside.ip)}.ec2.internal`)).toBe("no-name");
    expect(answer(state, undefined, `ec2-${dashed(outside.publicIp!)}.eu-west-1.compute.amazonaws.com`)).toEqual([
      outside.publicIp,
    ]);
  });

  test("the public name needs enableDnsHostnames, and is private inside the VPC", () => {
    const { build, vpc, outside } = small();
    const other = build.vpc("10.9.0.0/16");
    const name = `ec2-${dashed(outside.publicIp!)}.compute-1.amazonaws.com`;
    build.attribute(vpc, "enableDnsHostnames", false);
    expect(answer(build.state(), vpc, name)).toBe("no-name");
    build.attribute(vpc, "enableDnsHostnames", true);
    const answers = [vpc, other, undefined].map((from) => answer(build.state(), from, name));
    expect(answers).toEqual([[outside.ip], [outside.publicIp], [outside.publicIp]]);
  });

  test("reverse names", () => {
    const { build, vpc, inside, outside } = small();
    build.attribute(vpc, "enableDnsHostnames", true);
    const reverse = (ip: string, from: string | undefined = vpc): unknown =>
      answer(build.state(), from, `${ip.split(".").toReversed().join(".")}.in-addr.arpa`, "PTR");
    expect(reverse(inside.ip)).toEqual([`ip-${dashed(inside.ip)}.ec2.internal`]);
    expect(reverse(outside.publicIp!)).toEqual([`ec2-${dashed(outside.publicIp!)}.compute-1.amazonaws.com`]);
    expect(answer(build.state(), undefined, `${inside.ip.split(".").toReversed().join(".")}.in-addr.arpa`, "PTR")).toBe(
      "no-name",
    );
    expect(reverse(serviceAddress("s3", "us-east-1")!)).toEqual(["s3.us-east-1.amazonaws.com"]);
    expect(reverse(serviceAddress("iam", "aws-global")!)).toEqual(["iam.amazonaws.com"]);
    expect([
      reverse("8.8.8.8"),
      answer(build.state(), vpc, "1.2.3.4.5.in-addr.arpa", "PTR"),
      answer(build.state(), vpc, "x.y.z.w.in-addr.arpa"),
    ]).toEqual(["no-name", "no-name", "no-name"]);
  });
});

test("without enableDnsSupport nothing answers", () => {
  const { build, vpc } = small();
  build.attribute(vpc, "enableDnsSupport", false);
  expect(answer(build.state(), vpc, "s3.amazonaws.com")).toBe("no-resolver");
  expect(addressesOf(resolveName(build.state(), vpc, { name: "s3.amazonaws.com", type: "A" }))).toEqual([]);
  expect(answer(build.state(), "vpc-none", "s3.amazonaws.com")).toBe("no-resolver");
});
