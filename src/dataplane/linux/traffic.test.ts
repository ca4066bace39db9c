/** What the kernel counts of real packets: flows at logged interfaces, and drops by the filter. */

import { afterAll, beforeAll, describe, expect } from "vitest";
import { testWith } from "../../../test/need.ts";
import type { DropCount, FlowCount } from "../../network/traffic-count.ts";
import { linuxPlaneLack } from "./lack.ts";
import {
  blueprintOf,
  defaultRoute,
  idsOf,
  privateTable,
  serviceIp,
  vpcBlueprint,
  withAcl,
  withGroup,
  withNatGateway,
  withRoutes,
} from "./testdata/blueprint.ts";
import { connecting, openTestPlane, type TestPlane } from "./testdata/plane.ts";

const lack = await linuxPlaneLack();
const test = testWith(lack);
const ids = idsOf(1);
const eniOf = (instanceId: string): string => instanceId.replace("i-", "eni-");
const everything = { kind: "all" } as const;

describe.skipIf(lack !== undefined && process.env["UNDERPASS_REQUIRE_ALL"] !== "1")("traffic", () => {
  let running: TestPlane;
  beforeAll(async () => {
    running = await openTestPlane();
  });
  afterAll(async () => {
    await running[Symbol.asyncDispose]();
  });

  const logged = [eniOf(ids.inPrivate), eniOf(ids.inPublic), "eni-80000001", "eni-90000001"];
  const goTo = (vpc: ReturnType<typeof vpcBlueprint>, loggedInterfaceIds: readonly string[] = logged): Promise<void> =>
    running.plane.apply({ ...blueprintOf(vpc), loggedInterfaceIds });
  const total = (
    flows: readonly FlowCount[],
    wanted: Partial<FlowCount>,
  ): { packets: number; bytes: number; flags: number } => {
    const hits = flows.filter((flow) =>
      Object.entries(wanted).every(([name, value]) => flow[name as keyof FlowCount] === value),
    );
    return {
      packets: hits.reduce((sum, { packets }) => sum + packets, 0),
      bytes: hits.reduce((sum, { bytes }) => sum + bytes, 0),
      flags: hits.reduce((bits, { tcpFlags }) => bits | tcpFlags, 0),
    };
  };
  const dropped = (drops: readonly DropCount[], wanted: object): number =>
    drops
      .filter((drop) =>
        Object.entries(wanted).every(([name, value]) =>
          Object.entries(drop).some(([key, held]) => key === name && held === value),
        ),
      )
      .reduce((sum, { packets }) => sum + packets, 0);

  test("a connection through an endpoint is a flow in each direction at its interface", async () => {
    await goTo(vpcBlueprint(1));
    await running.plane.readTraffic();
    expect((await running.run(ids.inPrivate, ...connecting(serviceIp))).stdout).toContain("gateway-endpoint");
    const { flows } = await running.plane.readTraffic();
    const networkInterfaceId = eniOf(ids.inPrivate);
    const out = total(flows, { networkInterfaceId, direction: "egress", action: "ACCEPT", destinationPort: 80 });
    const back = total(flows, { networkInterfaceId, direction: "ingress", action: "ACCEPT", sourcePort: 80 });
    expect(out.packets).toBeGreaterThanOrEqual(3);
    expect(out.bytes).toBeGreaterThanOrEqual(out.packets * 40);
    expect(out.flags & 0x12).toBe(0x02);
    expect(back.flags & 0x12).toBe(0x12);
    expect(flows.find(({ direction }) => direction === "egress")).toMatchObject({
      vpcId: ids.vpcId,
      protocol: 6,
      sourceIp: "10.0.1.5",
      destinationIp: serviceIp,
      door: { kind: "gateway-endpoint", vpcEndpointId: ids.endpoint },
    });
    expect(total(flows, { action: "REJECT" }).packets).toBe(0);
  });

  test("what was read is not told again, and who has no flow log is not counted", async () => {
    await goTo(vpcBlueprint(1), [eniOf(ids.inPublic)]);
    await running.run(ids.inPrivate, ...connecting(serviceIp));
    await running.plane.readTraffic();
    expect((await running.plane.readTraffic()).flows).toEqual([]);
  });

  test("an outbound drop of a group is a rejected flow and a drop on the way to the endpoint", async () => {
    await goTo(withGroup(vpcBlueprint(1), { egress: [] }));
    await running.plane.readTraffic();
    await running.run(ids.inPrivate, ...connecting(serviceIp));
    const { flows, drops } = await running.plane.readTraffic();
    const networkInterfaceId = eniOf(ids.inPrivate);
    const rejected = total(flows, { networkInterfaceId, direction: "egress", action: "REJECT" });
    expect(rejected.packets).toBeGreaterThan(0);
    expect(rejected.flags).toBe(0x02);
    expect(total(flows, { action: "ACCEPT" }).packets).toBe(0);
    const wanted = { kind: "security-group", networkInterfaceId, direction: "egress", vpcEndpointId: ids.endpoint };
    expect(dropped(drops, wanted)).toBe(rejected.packets);
  });

  test("a drop of an ACL names its rule, and its interface's flow is rejected", async () => {
    const denied = { ruleNumber: 5, action: "deny", traffic: everything, cidrBlock: "10.0.1.5/32" } as const;
    const open = { ruleNumber: 100, action: "allow", traffic: everything, cidrBlock: "0.0.0.0/0" } as const;
    await goTo(withAcl(vpcBlueprint(1), { ingress: [denied, open] }));
    await running.plane.readTraffic();
    await running.run(ids.inPrivate, ...connecting("10.0.2.5"));
    const { flows, drops } = await running.plane.readTraffic();
    const sent = total(flows, { networkInterfaceId: eniOf(ids.inPrivate), direction: "egress", action: "ACCEPT" });
    const got = total(flows, { networkInterfaceId: eniOf(ids.inPublic), direction: "ingress", action: "REJECT" });
    expect(sent.packets).toBeGreaterThan(0);
    expect(got.packets).toBe(sent.packets);
    expect(dropped(drops, { kind: "network-acl-rule", ruleNumber: 5, direction: "ingress" })).toBe(got.packets);
    expect(dropped(drops, { kind: "network-acl", networkInterfaceId: eniOf(ids.inPublic) })).toBe(got.packets);
  });

  test("a NAT gateway's interface has both halves of a way, each with the addresses that its packets have there", async () => {
    const toNat = { kind: "nat-gateway", natGatewayId: ids.natGateway } as const;
    const behindNat = withRoutes(vpcBlueprint(1), privateTable, [{ ...defaultRoute, target: toNat }]);
    const networkInterfaceId = "eni-90000001";
    await goTo(withNatGateway(behindNat));
    await running.plane.readTraffic();
    expect((await running.run(ids.inPrivate, ...connecting(serviceIp))).stdout).toContain("internet");
    const { flows } = await running.plane.readTraffic();
    const passed = (sourceIp: string, destinationIp: string): Pick<FlowCount, "direction" | "door"> | undefined =>
      flows.find(
        (flow) =>
          flow.networkInterfaceId === networkInterfaceId &&
          flow.sourceIp === sourceIp &&
          flow.destinationIp === destinationIp,
      );
    expect(passed("10.0.1.5", serviceIp)).toMatchObject({ direction: "ingress" });
    expect(passed("10.0.2.9", serviceIp)).toMatchObject({ direction: "egress", door: { kind: "internet-gateway" } });
    expect(passed(serviceIp, "10.0.2.9")).toMatchObject({ direction: "ingress" });
    expect(passed(serviceIp, "10.0.1.5")).toMatchObject({ direction: "egress", door: { kind: "interface" } });
  });

  test("what no route leads anywhere left its interface all the same, unless a filter there drops it", async () => {
    const networkInterfaceId = eniOf(ids.inPrivate);
    const nowhere = "203.0.113.9";
    await goTo(vpcBlueprint(1));
    await running.plane.readTraffic();
    expect((await running.run(ids.inPrivate, ...connecting(nowhere))).stdout).not.toContain("internet");
    const open = await running.plane.readTraffic();
    const sent = total(open.flows, {
      networkInterfaceId,
      destinationIp: nowhere,
      direction: "egress",
      action: "ACCEPT",
    });
    expect(sent.packets).toBeGreaterThan(0);
    expect(open.flows.find(({ destinationIp }) => destinationIp === nowhere)).not.toHaveProperty("door");
    expect(dropped(open.drops, { kind: "no-route", networkInterfaceId, direction: "egress" })).toBe(sent.packets);
    await goTo(withGroup(vpcBlueprint(1), { egress: [] }));
    await running.run(ids.inPrivate, ...connecting(nowhere));
    const closed = await running.plane.readTraffic();
    const rejected = total(closed.flows, { networkInterfaceId, destinationIp: nowhere, action: "REJECT" });
    expect(rejected.packets).toBeGreaterThan(0);
    expect(dropped(closed.drops, { kind: "no-route" })).toBe(0);
  });

  test("what an instance sent is told of it when it is gone, and when another one has its place", async () => {
    const networkInterfaceId = eniOf(ids.inPrivate);
    const vpc = vpcBlueprint(1);
    const others = vpc.hosts.filter(({ instanceId }) => instanceId !== ids.inPrivate);
    const follower = { instanceId: "i-80000001", networkInterfaceId: "eni-80000001" };
    const heirs = vpc.hosts.map((host) => (host.instanceId === ids.inPrivate ? { ...host, ...follower } : host));
    const toEndpoint = { direction: "egress", destinationIp: serviceIp, action: "ACCEPT" } as const;
    const told = async (networkInterfaceId: string): Promise<number> =>
      total((await running.plane.readTraffic()).flows, { networkInterfaceId, ...toEndpoint }).packets;
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

  test("between two instances each side has its own flow", async () => {
    await goTo(vpcBlueprint(1));
    await running.plane.readTraffic();
    // Nothing listens there: the answer is a reset.
    await running.run(ids.inPrivate, ...connecting("10.0.2.5", 81));
    const { flows } = await running.plane.readTraffic();
    for (const [instance, direction] of [
      [ids.inPrivate, "egress"],
      [ids.inPublic, "ingress"],
    ] as const) {
      const one = { networkInterfaceId: eniOf(instance), direction, action: "ACCEPT", destinationPort: 81 } as const;
      expect(total(flows, one)).toMatchObject({ packets: 1, flags: 0x02 });
    }
    expect(total(flows, { networkInterfaceId: eniOf(ids.inPublic), direction: "egress" }).flags).toBe(0x04);
    expect(flows.find(({ direction }) => direction === "egress")?.door).toEqual({ kind: "interface" });
  });
});
