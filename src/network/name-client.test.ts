/** Source: Amazon VPC User Guide, "DHCP option sets in Amazon VPC", "DHCP option sets concepts". */

import { describe, expect, test } from "vitest";
import { regionBuilder } from "../../test/region-builder.ts";
import type { DhcpConfiguration } from "../model/default-dhcp-options.ts";
import { associateDhcpOptions, createDhcpOptions } from "../model/dhcp-options.ts";
import { plan } from "../plan/plan.ts";
import { networkOf } from "./vpc-network.ts";

function vpcWith(configurations: readonly DhcpConfiguration[], region = "us-east-1") {
  const build = regionBuilder({ region });
  const vpcId = build.vpc("10.0.0.0/16");
  if (configurations.length > 0) {
    const { id } = build.run(createDhcpOptions, { configurations, tags: [] });
    build.run(associateDhcpOptions, { dhcpOptionsId: id, vpcId });
  }
  return { build, vpcId };
}

describe("what instances learn of names", () => {
  function check(
    configurations: readonly DhcpConfiguration[],
    expected: { servers: string[]; asksVpc: boolean; searchDomains: string[] },
    region?: string,
  ): void {
    const { build, vpcId } = vpcWith(configurations, region);
    expect(networkOf(build.state(), vpcId)?.nameClient).toMatchObject(expected);
  }

  test.each([
    ["us-east-1", "ec2.internal"],
    ["eu-west-1", "eu-west-1.compute.internal"],
  ])("without a set of its own in %s", (region, domain) =>
    check([], { servers: ["10.0.0.2"], asksVpc: true, searchDomains: [domain] }, region),
  );

  test("servers of one's own are asked in their order", () =>
    check(
      [
        { key: "domain-name-servers", values: ["10.0.0.53", "10.1.0.53"] },
        { key: "domain-name", values: ["corp.example other.example"] },
      ],
      { servers: ["10.0.0.53", "10.1.0.53"], asksVpc: false, searchDomains: ["corp.example", "other.example"] },
    ));

  test("the VPC's resolver may be one of them", () =>
    check([{ key: "domain-name-servers", values: ["10.0.0.53", "169.254.169.253"] }], {
      servers: ["10.0.0.53", "169.254.169.253"],
      asksVpc: true,
      searchDomains: [],
    }));

  test("a set without servers names none", () =>
    check([{ key: "domain-name", values: ["corp.example"] }], {
      servers: [],
      asksVpc: false,
      searchDomains: ["corp.example"],
    }));
});

test("another set changes the blueprint", () => {
  const { build, vpcId } = vpcWith([]);
  const before = plan(build.state());
  const { id } = build.run(createDhcpOptions, {
    configurations: [{ key: "domain-name-servers", values: ["10.0.0.53"] }],
    tags: [],
  });
  build.run(associateDhcpOptions, { dhcpOptionsId: id, vpcId });
  expect(plan(build.state(), before).vpcs[0]).toMatchObject({ nameServers: ["10.0.0.53"], searchDomains: [] });
});
