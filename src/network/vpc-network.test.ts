import { expect, test } from "vitest";
import { regionBuilder } from "../../test/region-builder.ts";
import { networkOf } from "./vpc-network.ts";
import { walk } from "./walk.ts";
import { serviceAddress } from "./service-address.ts";

const build = regionBuilder();
const vpc = build.vpc("10.0.0.0/16");
const subnet = build.subnet(vpc, "10.0.1.0/24");
const other = build.vpc("10.0.0.0/16");

test("what happens elsewhere leaves the compiled VPC as it is", () => {
  const before = networkOf(build.state(), vpc);
  build.bucket("docs");
  build.instance(build.subnet(other, "10.0.1.0/24"));
  build.endpoint(other, "s3", build.mainTable(other));
  expect(networkOf(build.state(), vpc)).toBe(before);
});

const check = (act: () => unknown): void => {
  const before = networkOf(build.state(), vpc);
  act();
  expect(networkOf(build.state(), vpc)).not.toBe(before);
  expect(networkOf(build.state(), vpc)).toBe(networkOf(build.state(), vpc));
};

let table = "";
let gateway = "";
let instance = "";
test.each<[string, () => unknown]>([
  ["a route table", () => (table = build.table(vpc))],
  ["a gateway", () => (gateway = build.gateway(vpc))],
  ["a route", () => build.route(table, "0.0.0.0/0", gateway)],
  ["an instance", () => (instance = build.instance(subnet, { publicIp: true }).id)],
  ["an endpoint", () => build.endpoint(vpc, "s3", table)],
  ["an attribute", () => build.attribute(vpc, "enableDnsSupport", false)],
  ["a subnet", () => build.subnet(vpc, "10.0.2.0/24")],
  ["a termination", () => build.terminate(instance)],
])("%s compiles the VPC anew", (_what, act) => check(act));

test("an old state still gives the old answer", () => {
  const ip = serviceAddress("s3", "us-east-1")!;
  const from = build.instance(subnet, { publicIp: true });
  const before = build.state();
  const endpoint = build.endpoint(vpc, "s3", build.mainTable(vpc));
  const after = build.state();
  for (let round = 0; round < 2; round++) {
    expect(walk(before, from.id, ip).exit.kind).toBe("none");
    expect(walk(after, from.id, ip).exit).toMatchObject({ vpcEndpointId: endpoint });
  }
  expect(networkOf(before, "vpc-none")).toBeUndefined();
});
