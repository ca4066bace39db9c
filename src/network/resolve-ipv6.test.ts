import { describe, expect, test } from "vitest";
import { carryIpv6, dualStackVpc, giveIpv6, giveIpv6Block, retype } from "../../test/ipv6-builder.ts";
import { regionBuilder } from "../../test/region-builder.ts";
import { formatIp, parseIp } from "../base/ip.ts";
import { modifyPrivateDnsNameOptions } from "../model/instance-attribute.ts";
import { find } from "../model/state.ts";
import { modifySubnetAttribute } from "../model/subnet.ts";
import { addressesOf, namePlaceOf, resolveAddresses, resolveName } from "./resolve.ts";
import { serviceAddress } from "./service-address.ts";

function network() {
  const build = regionBuilder();
  const vpcId = dualStackVpc(build, "10.0.0.0/16");
  build.attribute(vpcId, "enableDnsHostnames", true);
  const subnetId = build.subnet(vpcId, "10.0.1.0/24");
  giveIpv6Block(build, subnetId, 1);
  const instance = build.instance(subnetId);
  const ip = giveIpv6(build, instance);
  const ask = (name: string, type: string, from?: string): unknown => {
    const resolution = resolveName(build.state(), vpcId, { name, type, subnetId: from });
    if (resolution.kind !== "records") return resolution.kind;
    return resolution.records.map((record) => (record.type === "PTR" ? record.name : record.ip));
  };
  return { build, vpcId, subnetId, instance, ip, ask };
}

const arpaOf = (ip: string): string => {
  const digits = parseIp(ip)!.words.map((word) => (word >>> 0).toString(16).padStart(8, "0"));
  return `${digits.join("").split("").toReversed().join(".")}.ip6.arpa`;
};

test.each([
  ["s3.us-east-1.amazonaws.com", "s3", "us-east-1", false],
  ["s3.dualstack.us-east-1.amazonaws.com", "s3", "us-east-1", true],
  ["docs.s3.dualstack.eu-west-1.amazonaws.com", "s3", "eu-west-1", true],
  ["ec2.us-east-1.amazonaws.com", "ec2", "us-east-1", false],
  ["ec2.us-east-1.api.aws", "ec2", "us-east-1", true],
  ["sts.eu-west-1.api.aws", "sts", "eu-west-1", true],
  ["dynamodb.us-east-1.api.aws", "dynamodb", "us-east-1", true],
  ["iam.global.api.aws", "iam", "aws-global", true],
] as const)("%s leads to its service", (name, service, region, has) => {
  const { ask } = network();
  expect(ask(name, "A")).toEqual([serviceAddress(service, region)]);
  expect(ask(name, "AAAA")).toEqual(has ? [serviceAddress(service, region, 128)] : "no-data");
});

test("what has no names below it does not exist", () => {
  const { ask } = network();
  for (const name of ["us-east-1.api.aws", "global.api.aws", "dualstack.us-east-1.amazonaws.com"]) {
    expect([name, ask(name, "A")]).toEqual([name, "no-data"]);
  }
  expect([ask("states.us-east-1.api.aws", "AAAA"), ask("a.b.api.aws", "AAAA")]).toEqual(["no-name", "no-name"]);
});

test("services that are not served have dual-stack names too", () => {
  const { ask } = network();
  const [dual, usual] = ["lambda.us-east-1.api.aws", "lambda.us-east-1.amazonaws.com"];
  expect(ask(dual, "A")).toEqual(ask(usual, "A"));
  expect([ask(dual, "AAAA"), ask(usual, "AAAA")]).toEqual([[expect.stringMatching(/^2600:1f70:/)], "no-data"]);
});

test("an endpoint's record type says what the service's names lead to in its VPC", () => {
  const { build, vpcId, ask } = network();
  const endpoint = build.endpoint(vpcId, "s3", build.mainTable(vpcId));
  carryIpv6(build, endpoint);
  build.attribute(vpcId, "enableDnsHostnames", true);
  const set = (dnsRecordIpType: "ipv4" | "ipv6" | "dualstack"): void => retype(build, endpoint, { dnsRecordIpType });
  const both = (name: string): unknown => [ask(name, "A"), ask(name, "AAAA")];
  const [ipv4, ipv6] = [[serviceAddress("s3", "us-east-1")], [serviceAddress("s3", "us-east-1", 128)]];
  const [plain, dual] = ["s3.us-east-1.amazonaws.com", "s3.dualstack.us-east-1.amazonaws.com"];
  expect([both(plain), both(dual)]).toEqual([
    [ipv4, "no-data"],
    [ipv4, ipv6],
  ]);
  set("dualstack");
  expect(both(plain)).toEqual([ipv4, ipv6]);
  set("ipv6");
  expect(both(plain)).toEqual(["no-data", ipv6]);
  set("ipv4");
  expect(both(dual)).toEqual([ipv4, "no-data"]);
  expect(addressesOf(resolveName(build.state(), undefined, { name: dual, type: "AAAA" }))).toEqual(ipv6);
});

test("an instance's resource name leads to its address where it is told to, and back", () => {
  const { build, instance, ip, ask } = network();
  const name = `${instance.id}.ec2.internal`;
  expect([ask(name, "AAAA"), ask(arpaOf(ip), "PTR")]).toEqual(["no-name", "no-name"]);
  build.run(modifyPrivateDnsNameOptions, {
    instanceId: instance.id,
    options: { enableResourceNameDnsAaaaRecord: true },
  });
  expect([ask(name, "AAAA"), ask(name, "A"), ask(arpaOf(ip), "PTR")]).toEqual([[ip], "no-data", [name]]);
});

describe("DNS64", () => {
  const [s3, dual] = ["s3.us-east-1.amazonaws.com", "s3.dualstack.us-east-1.amazonaws.com"];
  const inside = (ipv4: string): string => formatIp(parseIp(`64:ff9b::${ipv4}`)!);
  function translated() {
    const made = network();
    const { build, subnetId } = made;
    build.run(modifySubnetAttribute, { subnetId, enableDns64: true });
    return { ...made, here: (name: string, type: string) => made.ask(name, type, subnetId) };
  }

  test("gives names that have IPv4 alone an address of IPv6, where the asking subnet has it on", () => {
    const { ask, build, here, instance, vpcId } = translated();
    const ipv4 = serviceAddress("s3", "us-east-1")!;
    expect([here(s3, "AAAA"), here(s3, "A")]).toEqual([[inside(ipv4)], [ipv4]]);
    expect(here(`ip-${instance.ip.replaceAll(".", "-")}.ec2.internal`, "AAAA")).toEqual([inside(instance.ip)]);
    const other = build.subnet(vpcId, "10.0.2.0/24");
    expect([ask(s3, "AAAA"), ask(s3, "AAAA", other)]).toEqual(["no-data", "no-data"]);
    expect(
      resolveAddresses(build.state(), namePlaceOf(build.state(), find(build.state(), "instance", instance.id)), s3),
    ).toMatchObject({
      ips: [inside(ipv4), ipv4],
      by: expect.stringMatching(/^DNS64 of subnet-.*: service name$/),
    });
  });

  test("leaves alone what has IPv6, what does not exist, and other types", () => {
    const { here } = translated();
    expect(here(dual, "AAAA")).toEqual([serviceAddress("s3", "us-east-1", 128)]);
    expect([here("no.such.name", "AAAA"), here("us-east-1.api.aws", "AAAA"), here(s3, "MX")]).toEqual([
      "no-name",
      "no-data",
      "no-data",
    ]);
    expect(here(s3, "ANY")).toEqual([serviceAddress("s3", "us-east-1")]);
  });

  test("its addresses lead back to the names of those inside", () => {
    const { ask, here, instance } = translated();
    const arpa = arpaOf(inside(instance.ip));
    expect([here(arpa, "PTR"), ask(arpa, "PTR")]).toEqual([
      [`ip-${instance.ip.replaceAll(".", "-")}.ec2.internal`],
      "no-name",
    ]);
    expect(here(arpaOf(inside("192.0.2.1")), "PTR")).toBe("no-name");
  });
});

test("services are found by their addresses of IPv6", () => {
  const { ask } = network();
  const reverse = (service: "s3" | "ec2" | "iam", region = "us-east-1"): unknown =>
    ask(arpaOf(serviceAddress(service, region, 128)!), "PTR");
  expect([reverse("s3"), reverse("ec2"), reverse("iam", "aws-global")]).toEqual([
    ["s3.dualstack.us-east-1.amazonaws.com"],
    ["ec2.us-east-1.api.aws"],
    ["iam.global.api.aws"],
  ]);
  expect([ask("1.2.3.ip6.arpa", "PTR"), ask(arpaOf("2001:db8::1"), "PTR")]).toEqual(["no-data", "no-name"]);
});

test("who has IPv6 tries it first", () => {
  const { build, vpcId } = network();
  const name = "s3.dualstack.us-east-1.amazonaws.com";
  const [ipv4, ipv6] = [serviceAddress("s3", "us-east-1"), serviceAddress("s3", "us-east-1", 128)];
  expect(resolveAddresses(build.state(), { vpcId, hasIpv6: true }, name).ips).toEqual([ipv6, ipv4]);
  expect(resolveAddresses(build.state(), { vpcId, hasIpv6: false }, name).ips).toEqual([ipv4]);
});
