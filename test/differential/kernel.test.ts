/** The pure functions against both data planes, on generated topologies: no difference is allowed. */

import { expect, test } from "vitest";
import { linuxPlaneLack } from "../../src/dataplane/linux/plane.ts";
import { testWith } from "../need.ts";
import { compare, type PlaneUnderTest } from "./compare.ts";
import { linuxUnderTest, userspaceUnderTest } from "./plane-under-test.ts";

const timeoutMs = 480_000;

async function check(under: PlaneUnderTest, seed: number): Promise<void> {
  const { differences, ends, topologies } = await compare(under, { seed, topologies: 100, vpcs: 10 });
  expect(differences.slice(0, 5)).toEqual([]);
  expect(topologies).toBe(100);
  // Without flows of every kind the comparison would say little.
  const kinds = ["endpoint", "internet", "nothing", "nat-gateway", "security-group", "network-acl"];
  const nearby = under.carries === "instances" ? ["instance", "instance by IPv6"] : [];
  const ipv6 = ["endpoint by IPv6", "internet by IPv6", "nothing by IPv6"];
  const rare = [...kinds, "network-acl for answers", ...nearby, ...ipv6].filter((kind) => (ends[kind] ?? 0) < 100);
  expect(rare).toEqual([]);
  expect(ends["interface"]).toBeGreaterThan(20);
  expect(ends["interface by IPv6"]).toBeGreaterThan(20);
  expect(ends["NAT64"]).toBeGreaterThan(5);
  if (under.carries === "instances") {
    for (const kind of ["peering through", "over internet through"]) expect(ends[kind]).toBeGreaterThan(20);
  }
}

testWith(await linuxPlaneLack())("100 topologies in the kernel", () => check(linuxUnderTest, 1), timeoutMs);
test("100 topologies through the proxy", () => check(userspaceUnderTest, 1), timeoutMs);
