/** What the kernel counts of instances that go; what both planes count is asked by test/flow.test.ts. */

import { afterAll, beforeAll, describe, expect } from "vitest";
import { testWith } from "../../../test/need.ts";
import type { FlowCount } from "../../network/traffic-count.ts";
import { linuxPlaneLack } from "./lack.ts";
import { blueprintOf, idsOf, serviceIp, vpcBlueprint } from "./testdata/blueprint.ts";
import { connecting, openTestPlane, type TestPlane } from "./testdata/plane.ts";

const lack = await linuxPlaneLack();
const test = testWith(lack);
const ids = idsOf(1);
const eniOf = (instanceId: string): string => instanceId.replace("i-", "eni-");

describe.skipIf(lack !== undefined && process.env["UNDERPASS_REQUIRE_ALL"] !== "1")("traffic", () => {
  let running: TestPlane;
  beforeAll(async () => {
    running = await openTestPlane();
  });
  afterAll(async () => {
    await running[Symbol.asyncDispose]();
  });

  const logged = [eniOf(ids.inPrivate), eniOf(ids.inPublic), "eni-80000001"];
  const goTo = (vpc: ReturnType<typeof vpcBlueprint>): Promise<void> =>
    running.plane.apply({ ...blueprintOf(vpc), loggedInterfaceIds: logged });

  test("what an instance sent is told of it when it is gone, and when another one has its place", async () => {
    const networkInterfaceId = eniOf(ids.inPrivate);
    const vpc = vpcBlueprint(1);
    const others = vpc.hosts.filter(({ instanceId }) => instanceId !== ids.inPrivate);
    const follower = { instanceId: "i-80000001", networkInterfaceId: "eni-80000001" };
    const heirs = vpc.hosts.map((host) => (host.instanceId === ids.inPrivate ? { ...host, ...follower } : host));
    const isToEndpoint = ({ action, destinationIp, direction }: FlowCount): boolean =>
      direction === "egress" && destinationIp === serviceIp && action === "ACCEPT";
    const told = async (networkInterfaceId: string): Promise<number> =>
      (await running.plane.readTraffic()).flows
        .filter((flow) => flow.networkInterfaceId === networkInterfaceId && isToEndpoint(flow))
        .reduce((sum, { packets }) => sum + packets, 0);
    for (const hosts of [others, heirs]) {
      await goTo(vpc);
      await running.plane.readTraffic();
      await running.run(ids.inPrivate, ...connecting(serviceIp));
      await goTo({ ...vpc, hosts });
      expect(await told(networkInterfaceId)).toBeGreaterThanOrEqual(3);
    }
    await running.run(follower.instanceId, ...connecting(serviceIp));
    expect(await told(follower.networkInterfaceId)).toBeGreaterThanOrEqual(3);
    await running.run(follower.instanceId, ...connecting(serviceIp));
    // With its VPC goes the router that counted.
    await running.plane.apply({ ...blueprintOf(vpcBlueprint(2)), loggedInterfaceIds: logged });
    expect(await told(follower.networkInterfaceId)).toBeGreaterThanOrEqual(3);
  });
});
