/** The pure functions against both data planes, on generated topologies: no difference is allowed. */

import { expect, test } from "vitest";
import { linuxPlaneLack } from "../../src/dataplane/linux/plane.ts";
import { testWith } from "../need.ts";
import { compare, type PlaneUnderTest } from "./compare.ts";
import { linuxUnderTest, userspaceUnderTest } from "./plane-under-test.ts";

const timeoutMs = 240_000;

async function check(under: PlaneUnderTest, seed: number): Promise<void> {
  const { differences, ends, topologies } = await compare(under, { seed, topologies: 50, vpcs: 10 });
  expect(differences.slice(0, 5)).toEqual([]);
  expect(topologies).toBe(50);
  // Without flows of every end the comparison would say little.
  expect([ends["endpoint"], ends["internet"], ends["nothing"]].every((count) => (count ?? 0) > 100)).toBe(true);
}

testWith(await linuxPlaneLack())("50 topologies in the kernel", () => check(linuxUnderTest, 1), timeoutMs);
test("50 topologies through the proxy", () => check(userspaceUnderTest, 1), timeoutMs);
