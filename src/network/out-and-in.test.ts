/**
 * IPv6 inside a VPC where a prefix list holds an address of the VPC itself, so that its route, which is more specific than the
 * local one, leads one of the two directions out by a gateway and in again.
 * Source: Amazon VPC User Guide, "Network ACLs" (asked at the border of a subnet), "Internet gateways".
 */

import { describe, expect, test } from "vitest";
import { dualStackVpc, egressOnlyGateway, giveIpv6, giveIpv6Block } from "../../test/ipv6-builder.ts";
import { allowAll, regionBuilder, targetOf, type TestInstance } from "../../test/region-builder.ts";
import { createManagedPrefixList } from "../model/managed-prefix-list.ts";
import { createRoute } from "../model/route.ts";
import { reach } from "./reach.ts";

/** Two instances that let IPv6 in, in a subnet each or in one, behind an internet gateway and an egress-only one. */
function pair(subnets: "two subnets" | "one subnet") {
  const build = regionBuilder();
  const vpc = dualStackVpc(build, "10.0.0.0/16");
  const gateway = build.gateway(vpc);
  const egressOnly = egressOnlyGateway(build, vpc);
  const groupId = allowAll(build, vpc);
  const subnetOf = (number: number): string => {
    const subnet = build.subnet(vpc, `10.0.${number}.0/24`);
    giveIpv6Block(build, subnet, number);
    return subnet;
  };
  const sideOf = (subnet: string, table: string) => {
    const instance = build.instance(subnet);
    build.regroup(instance.eni, groupId);
    return { subnet, table, instance, ip: giveIpv6(build, instance) };
  };
  const a = subnetOf(1);
  const b = subnets === "two subnets" ? subnetOf(2) : a;
  const tableOfA = build.table(vpc, a);
  const tableOfB = b === a ? tableOfA : build.table(vpc, b);
  const [here, there] = [sideOf(a, tableOfA), sideOf(b, tableOfB)];
  const lead = (table: string, ip: string, targetId: string): void => {
    const entries = [{ cidrBlock: `${ip}/128` }];
    const wish = { name: "inside", addressFamily: "IPv6", maxEntries: 1, entries, tags: [] } as const;
    const { id: prefixListId } = build.run(createManagedPrefixList, wish);
    const destination = { kind: "prefix-list", prefixListId } as const;
    build.run(createRoute, { routeTableId: table, destination, target: targetOf(targetId) });
  };
  const borders = (): string[] => {
    const { astray, filters } = found(build, here.instance, there.ip);
    expect(astray).toBe(undefined);
    return filters.flatMap(({ leg, verdict }) => {
      if (verdict.kind !== "network-acl") return [];
      return [`${leg} ${verdict.direction} ${verdict.subnetId === a ? "a" : "b"}`];
    });
  };
  return { build, vpc, gateway, egressOnly, here, there, lead, borders };
}

function found(build: ReturnType<typeof regionBuilder>, { id }: TestInstance, destinationIp: string) {
  return reach(build.state(), id, { destinationIp, opens: { kind: "tcp", port: 80 } });
}

const bothWays = ["request egress a", "request ingress b", "reply egress b", "reply ingress a"];

describe("what goes out and in again is answered straight by the local route", () => {
  test("over the borders of both subnets", () => {
    const { build, gateway, here, there, lead, borders } = pair("two subnets");
    lead(here.table, there.ip, gateway);
    expect(borders()).toEqual(bothWays);
    expect(found(build, here.instance, there.ip)).toMatchObject({
      overInternet: { fromGatewayId: gateway, toGatewayId: gateway },
      exit: { kind: "local", networkInterfaceId: there.instance.eni },
    });
  });

  test("and in one subnet over no border, though the request crossed it twice", () => {
    const { gateway, here, there, lead, borders } = pair("one subnet");
    expect(borders()).toEqual([]);
    lead(here.table, there.ip, gateway);
    expect(borders()).toEqual(["request egress a", "request ingress a"]);
  });

  test("but by an egress-only gateway nothing comes in again", () => {
    const { build, vpc, egressOnly, here, there, lead } = pair("two subnets");
    lead(here.table, there.ip, egressOnly);
    expect(found(build, here.instance, there.ip).exit).toEqual({
      kind: "none",
      reason: `${egressOnly} of ${vpc} lets nothing in that is opened from outside`,
    });
  });
});

describe("what comes straight is answered", () => {
  test("by the internet gateway, out and in", () => {
    const { gateway, here, there, lead, borders } = pair("two subnets");
    lead(there.table, here.ip, gateway);
    expect(borders()).toEqual(bothWays);
  });

  test("and in one subnet the answers cross its border twice", () => {
    const { gateway, here, there, lead, borders } = pair("one subnet");
    lead(there.table, here.ip, gateway);
    expect(borders()).toEqual(["reply egress a", "reply ingress a"]);
  });

  test("never by an egress-only gateway, nor by a peering connection", () => {
    const { build, egressOnly, here, there, lead } = pair("two subnets");
    const astray = (): string | undefined => found(build, here.instance, there.ip).astray;
    lead(there.table, here.ip, egressOnly);
    expect(astray()).toMatch(
      new RegExp(`^the answers of ${there.instance.eni} take the route pl-.* to ${egressOnly}$`),
    );
    const peered = pair("two subnets");
    const other = dualStackVpc(peered.build, "10.9.0.0/16");
    const peering = peered.build.peer(peered.vpc, other);
    peered.lead(peered.there.table, peered.here.ip, peering);
    expect(found(peered.build, peered.here.instance, peered.there.ip).astray).toMatch(new RegExp(` to ${peering}$`));
  });
});
