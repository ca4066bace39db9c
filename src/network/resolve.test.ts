import { describe, expect, test } from "vitest";
import { regionBuilder } from "../../test/region-builder.ts";
import { createBucket } from "../model/bucket.ts";
import { modifyPrivateDnsNameOptions } from "../model/instance-attribute.ts";
import type { State } from "../model/state.ts";
import { addressesOf, resolveName, type Resolution } from "./resolve.ts";
import { serviceAddress } from "./service-address.ts";

function small(region = "us-east-1") {
  const build = regionBuilder({ region });
  const vpc = build.vpc("10.0.0.0/16");
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
    expect(kinds).toEqual(["no-data", "no-data", "no-name", "no-name", "no-name", "no-name"]);
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
    expect(answer(build.state(), vpc, "ip-10-0-1-77.ec2.internal")).toBe("no-name");
    expect(answer(build.state(), vpc, "ip-10-0-1-777.ec2.internal")).toBe("no-name");
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
      answer(build.state(), vpc, "1.2.3.in-addr.arpa", "PTR"),
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
