/** NAT gateways by zone and with several addresses. Source: Amazon VPC User Guide, "NAT gateway basics". */

import { expect, test } from "vitest";
import { allowAll, regionBuilder, type TestInstance } from "../../test/region-builder.ts";
import { allocateAddress } from "../model/elastic-ip.ts";
import { associateNatGatewayAddress, assignPrivateNatGatewayAddress } from "../model/nat-gateway.ts";
import { find } from "../model/state.ts";
import { createSubnet } from "../model/subnet.ts";
import { plan } from "../plan/plan.ts";
import { instancesBehind, natGatewayOf } from "./path-origin.ts";
import { reach, type Reach } from "./reach.ts";
import { serviceAddress } from "./service-address.ts";

const s3 = serviceAddress("s3", "us-east-1")!;

/** In each of two zones a public subnet with a NAT gateway, and a private one whose table leads to it. */
function zoned() {
  const build = regionBuilder();
  const vpc = build.vpc("10.0.0.0/16");
  const gateway = build.gateway(vpc);
  const zones = ["us-east-1a", "us-east-1b"].map((availabilityZone, at) => {
    const subnet = (third: number): string =>
      build.run(createSubnet, { vpcId: vpc, cidrBlock: `10.0.${third}.0/24`, availabilityZone, tags: [] }).id;
    const [open, closed] = [subnet(at * 10 + 1), subnet(at * 10 + 2)];
    build.route(build.table(vpc, open), "0.0.0.0/0", gateway);
    const nat = build.nat(open);
    build.route(build.table(vpc, closed), "0.0.0.0/0", nat);
    return { open, nat, instance: build.instance(closed) };
  });
  return { build, vpc, zones };
}

type Build = ReturnType<typeof regionBuilder>;

function toS3(build: Build, { id }: TestInstance): Reach {
  return reach(build.state(), id, { destinationIp: s3, opens: { kind: "tcp", port: 443 } });
}

function publicIpsOf(build: Build, natGatewayId: string): (string | undefined)[] {
  return (find(build.state(), "natgateway", natGatewayId)?.addresses ?? []).map((one) => one.elastic?.publicIp);
}

test("each zone's instances leave by the NAT gateway of their zone, and the service sees which", () => {
  const { build, zones } = zoned();
  const seen = zones.map(({ instance, nat }) => {
    const { exit, nats } = toS3(build, instance);
    expect(nats?.map((one) => one.natGatewayId)).toEqual([nat]);
    const [sourceIp = ""] = publicIpsOf(build, nat);
    expect(exit).toMatchObject({ kind: "internet", sourceIp });
    const path = { kind: "internet", sourceIp, destinationIp: s3 } as const;
    const behind = natGatewayOf(build.state(), path)!;
    expect(behind.id).toBe(nat);
    expect(instancesBehind(build.state(), behind, s3).map((one) => one.id)).toEqual([instance.id]);
    return sourceIp;
  });
  expect(new Set(seen).size).toBe(2);
});

test("a secondary Elastic IP is the gateway's, but nothing leaves by it and nothing comes in", () => {
  const { build, vpc, zones } = zoned();
  const [{ instance, nat, open } = zones[1]!] = zones;
  const { id } = build.run(allocateAddress, { tags: [] });
  build.run(associateNatGatewayAddress, { natGatewayId: nat, allocationIds: [id], privateIpAddresses: [] });
  const [primary, secondary = ""] = publicIpsOf(build, nat);
  expect(toS3(build, instance).exit).toMatchObject({ kind: "internet", sourceIp: primary });
  expect(natGatewayOf(build.state(), { kind: "internet", sourceIp: secondary, destinationIp: s3 })?.id).toBe(nat);
  const caller = build.instance(open, { publicIp: true });
  build.regroup(caller.eni, allowAll(build, vpc));
  const called = reach(build.state(), caller.id, { destinationIp: secondary, opens: { kind: "tcp", port: 443 } });
  expect(called.exit).toEqual({ kind: "none", reason: `${nat} lets nothing in that is opened from outside` });
  const [planned] = plan(build.state()).vpcs;
  expect(planned?.internetGateway?.addresses.map((one) => one.publicIp)).not.toContain(secondary);
});

test("nor is a secondary private address of a private gateway", () => {
  const { build, vpc, zones } = zoned();
  const [{ open } = zones[1]!] = zones;
  const nat = build.nat(open, "private");
  const wish = { natGatewayId: nat, privateIpAddresses: [], count: 1 };
  const [{ privateIp } = { privateIp: "" }] = build.run(assignPrivateNatGatewayAddress, wish);
  const subnet = build.subnet(vpc, "10.0.77.0/24");
  const instance = build.instance(subnet);
  build.route(build.table(vpc, subnet), "172.16.0.0/12", nat);
  const found = reach(build.state(), instance.id, { destinationIp: "172.16.0.9", opens: { kind: "tcp", port: 443 } });
  expect(found.nats).toMatchObject([{ natGatewayId: nat }]);
  expect(found.nats?.[0]?.privateIp).not.toBe(privateIp);
});
