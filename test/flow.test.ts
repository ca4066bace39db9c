/** What either data plane counts of the same connections: flows at logged interfaces, and drops by the filter. */

import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { addToIp, formatIp, parseIp } from "../src/base/ip.ts";
import { createNetworkAclEntry, defaultNetworkAclOf } from "../src/model/network-acl.ts";
import { createSecurityGroup } from "../src/model/security-group.ts";
import { revokeSecurityGroup } from "../src/model/security-group-permission.ts";
import { find, type State } from "../src/model/state.ts";
import type { DropCount, FlowCount, TrafficReading } from "../src/network/traffic-count.ts";
import { onEachPlane } from "./on-plane.ts";
import { type NetworkOnPlane, openOnPlane, planeNetwork, s3, s3Ipv6 } from "./plane-network.ts";
import { allowAll, type TestInstance } from "./region-builder.ts";

const network = planeNetwork();
const { build, first, ipv6 } = network;
const { inPrivate, inPublic, nameless } = first;
const base: State = build.state();
const [SYN, SYN_ACK, RESET] = [2, 18, 4];

onEachPlane("flows", (kind) => {
  let on: NetworkOnPlane;
  beforeAll(async () => {
    build.rewind(base);
    on = await openOnPlane(kind, network);
  });
  afterAll(async () => {
    await on[Symbol.asyncDispose]();
  });
  beforeEach(() => build.rewind(base));

  /** What is counted of a connection from its begin to its end, and of nothing else. */
  async function counted(from: TestInstance, ip: string, port = 80): Promise<TrafficReading> {
    await on.count(inPrivate.eni, inPublic.eni);
    await on.reached(from, ip, port);
    await over();
    const { drops, flows, ...rest } = await on.plane.readTraffic();
    const ends = [ip, from.ip, ipv6.privateIp];
    return {
      ...rest,
      flows: flows.filter(({ sourceIp, destinationIp }) => ends.includes(sourceIp) && ends.includes(destinationIp)),
      // None of what a kernel says to its neighbors by itself.
      drops,
    };
  }

  /** When every connection that arrived has ended. */
  async function over(): Promise<void> {
    const open = on.arrivals.filter(({ socket }) => !socket.closed);
    await Promise.all(open.map(({ socket }) => new Promise((resolve) => socket.resume().once("close", resolve).end())));
  }

  test.each([
    ["IPv4", s3, inPrivate.ip],
    ["IPv6", s3Ipv6, ipv6.privateIp],
  ])("a connection through an endpoint is a flow in each direction at its interface: %s", async (_family, ip, own) => {
    const { flows, endpoints, drops } = await counted(inPrivate, ip);
    const out = { sourceIp: own, destinationIp: ip, destinationPort: 80, direction: "egress" } as const;
    const back = { sourceIp: ip, destinationIp: own, sourcePort: 80, direction: "ingress" } as const;
    expect(ofFlows(flows, out)).toMatchObject({ action: "ACCEPT", networkInterfaceId: inPrivate.eni, protocol: 6 });
    const door = { kind: "gateway-endpoint", vpcEndpointId: first.endpoint };
    expect(ofFlows(flows, out)).toMatchObject({ vpcId: first.vpcId, door });
    expect(ofFlows(flows, out).tcpFlags & SYN_ACK).toBe(SYN);
    expect(ofFlows(flows, back).tcpFlags & SYN_ACK).toBe(SYN_ACK);
    expect(ofFlows(flows, back)).toMatchObject({ action: "ACCEPT", networkInterfaceId: inPrivate.eni });
    for (const { bytes, packets } of [ofFlows(flows, out), ofFlows(flows, back)]) {
      expect(bytes).toBeGreaterThanOrEqual(packets * (ip === s3 ? 40 : 60));
    }
    expect(flows.every(({ action }) => action === "ACCEPT")).toBe(true);
    expect(drops).toEqual([]);
    expect(endpoints.some(({ vpcEndpointId, bytesOut }) => vpcEndpointId === first.endpoint && bytesOut > 50)).toBe(
      true,
    );
  });

  test("what was read is not told again, and who has no flow log is not counted", async () => {
    await counted(nameless, inPrivate.ip);
    await on.plane.readTraffic();
    expect((await on.plane.readTraffic()).flows).toEqual([]);
    await on.count(inPublic.eni);
    await on.reached(inPrivate);
    await over();
    expect((await on.plane.readTraffic()).flows).toEqual([]);
  });

  test("over the internet the interface sees its own address, and the gateway is the door", async () => {
    const { flows } = await counted(inPublic, s3);
    const out = ofFlows(flows, { direction: "egress", networkInterfaceId: inPublic.eni });
    expect(out).toMatchObject({ sourceIp: inPublic.ip, destinationIp: s3, door: { kind: "internet-gateway" } });
  });

  test("an outbound drop of a group is a rejected flow and a drop on the way to the endpoint", async () => {
    const group = { name: "closed", description: "-", vpcId: first.vpcId, tags: [] };
    const { id: groupId } = build.run(createSecurityGroup, group);
    const everywhere = { protocol: "-1", peers: [{ kind: "ipv4", cidrBlock: "0.0.0.0/0" }] } as const;
    build.run(revokeSecurityGroup, { groupId, isEgress: true, permissions: [everywhere], ruleIds: [] });
    build.regroup(inPrivate.eni, groupId);
    const { flows, drops } = await counted(inPrivate, s3);
    expect(kindsOf(flows)).toEqual([`REJECT egress at ${inPrivate.eni} from ${inPrivate.ip} to ${s3} flags ${SYN}`]);
    const at = { vpcId: first.vpcId, networkInterfaceId: inPrivate.eni, direction: "egress" };
    expect(dropsOf(drops)).toEqual([{ kind: "security-group", ...at, vpcEndpointId: first.endpoint }]);
  });

  test("where a filter of the receiver drops, the sender's packet was accepted at its own interface", async () => {
    const { id: networkAclId } = defaultNetworkAclOf(build.state(), first.vpcId);
    const cidr = { kind: "ipv4", cidrBlock: `${inPrivate.ip}/32` } as const;
    const rule = { networkAclId, ruleNumber: 5, isEgress: false, action: "deny", protocol: "-1", cidr } as const;
    build.run(createNetworkAclEntry, rule);
    const { flows, drops } = await counted(inPrivate, inPublic.ip);
    expect(kindsOf(flows)).toEqual([
      `ACCEPT egress at ${inPrivate.eni} from ${inPrivate.ip} to ${inPublic.ip} flags ${SYN}`,
      `REJECT ingress at ${inPublic.eni} from ${inPrivate.ip} to ${inPublic.ip} flags ${SYN}`,
    ]);
    const { vpcId } = first;
    expect(dropsOf(drops)).toEqual([
      { kind: "network-acl", vpcId, networkInterfaceId: inPublic.eni, direction: "ingress" },
      { kind: "network-acl-rule", vpcId, networkAclId, ruleNumber: 5, direction: "ingress" },
    ]);
  });

  test("answers that an ACL drops are rejected where they come in", async () => {
    const { id: networkAclId } = defaultNetworkAclOf(build.state(), first.vpcId);
    const cidr = { kind: "ipv4", cidrBlock: `${s3}/32` } as const;
    const rule = { networkAclId, ruleNumber: 7, isEgress: false, action: "deny", protocol: "-1", cidr } as const;
    build.run(createNetworkAclEntry, rule);
    const { flows, drops } = await counted(inPrivate, s3);
    expect(kindsOf(flows)).toEqual([
      `ACCEPT egress at ${inPrivate.eni} from ${inPrivate.ip} to ${s3} flags ${SYN}`,
      `REJECT ingress at ${inPrivate.eni} from ${s3} to ${inPrivate.ip} flags ${SYN_ACK}`,
    ]);
    const at = { vpcId: first.vpcId, networkInterfaceId: inPrivate.eni, direction: "ingress" };
    expect(dropsOf(drops)).toEqual([
      { kind: "network-acl", ...at, vpcEndpointId: first.endpoint },
      { kind: "network-acl-rule", vpcId: first.vpcId, networkAclId, ruleNumber: 7, direction: "ingress" },
    ]);
  });

  test("between two instances each side has its own flows, and where nothing listens a reset comes back", async () => {
    const { flows } = await counted(inPrivate, inPublic.ip, 81);
    expect(kindsOf(flows)).toEqual([
      `ACCEPT egress at ${inPrivate.eni} from ${inPrivate.ip} to ${inPublic.ip} flags ${SYN}`,
      `ACCEPT egress at ${inPublic.eni} from ${inPublic.ip} to ${inPrivate.ip} flags ${RESET}`,
      `ACCEPT ingress at ${inPrivate.eni} from ${inPublic.ip} to ${inPrivate.ip} flags ${RESET}`,
      `ACCEPT ingress at ${inPublic.eni} from ${inPrivate.ip} to ${inPublic.ip} flags ${SYN}`,
    ]);
    expect(flows.map(({ packets }) => packets)).toEqual([1, 1, 1, 1]);
    const doors = flows.filter(({ direction }) => direction === "egress").map(({ door }) => door);
    expect(doors).toEqual([{ kind: "interface" }, { kind: "interface" }]);
  });

  test("what no route leads anywhere left its interface all the same", async () => {
    const nowhere = "203.0.113.9";
    const { flows, drops } = await counted(inPrivate, nowhere);
    expect(kindsOf(flows)).toEqual([
      `ACCEPT egress at ${inPrivate.eni} from ${inPrivate.ip} to ${nowhere} flags ${SYN}`,
    ]);
    expect(flows.filter(({ door }) => door !== undefined)).toEqual([]);
    const { vpcId } = first;
    expect(dropsOf(drops)).toEqual([
      { kind: "no-route", vpcId, networkInterfaceId: inPrivate.eni, direction: "egress" },
    ]);
  });

  test.each([
    ["IPv4", "10.0.2.200", inPrivate.ip],
    ["IPv6", nobodyOf(ipv6.publicIp), ipv6.privateIp],
  ])(
    "what is for an address of the VPC that nobody has left its interface all the same: %s",
    async (_family, ip, own) => {
      const { flows, drops } = await counted(inPrivate, ip);
      expect(kindsOf(flows)).toEqual([`ACCEPT egress at ${inPrivate.eni} from ${own} to ${ip} flags ${SYN}`]);
      expect(flows.filter(({ door }) => door !== undefined)).toEqual([]);
      const at = { vpcId: first.vpcId, networkInterfaceId: inPrivate.eni, direction: "egress" };
      expect(dropsOf(drops)).toEqual([{ kind: "no-route", ...at }]);
    },
  );

  test("what is for an address that nobody has is dropped by the sender's own filters", async () => {
    const nobody = "10.0.2.200";
    const { id: networkAclId } = defaultNetworkAclOf(build.state(), first.vpcId);
    const cidr = { kind: "ipv4", cidrBlock: "10.0.2.0/24" } as const;
    const rule = { networkAclId, ruleNumber: 9, isEgress: true, action: "deny", protocol: "-1", cidr } as const;
    build.run(createNetworkAclEntry, rule);
    const at = { vpcId: first.vpcId, networkInterfaceId: inPrivate.eni, direction: "egress" };
    const byAcl = await counted(inPrivate, nobody);
    const rejected = [`REJECT egress at ${inPrivate.eni} from ${inPrivate.ip} to ${nobody} flags ${SYN}`];
    expect(kindsOf(byAcl.flows)).toEqual(rejected);
    expect(dropsOf(byAcl.drops)).toEqual([
      { kind: "network-acl", ...at },
      { kind: "network-acl-rule", vpcId: first.vpcId, networkAclId, ruleNumber: 9, direction: "egress" },
    ]);
    const group = { name: "closed", description: "-", vpcId: first.vpcId, tags: [] };
    const { id: groupId } = build.run(createSecurityGroup, group);
    const everywhere = { protocol: "-1", peers: [{ kind: "ipv4", cidrBlock: "0.0.0.0/0" }] } as const;
    build.run(revokeSecurityGroup, { groupId, isEgress: true, permissions: [everywhere], ruleIds: [] });
    build.regroup(inPrivate.eni, groupId);
    const byGroup = await counted(inPrivate, nobody);
    expect(kindsOf(byGroup.flows)).toEqual(rejected);
    expect(dropsOf(byGroup.drops)).toEqual([{ kind: "security-group", ...at }]);
  });

  test("in its own subnet nobody answers ARP for such an address, and the VPC's router is in no record", async () => {
    for (const ip of ["10.0.1.200", "10.0.2.1"]) {
      const { flows, drops } = await counted(inPrivate, ip);
      expect([ip, kindsOf(flows), dropsOf(drops)]).toEqual([ip, [], []]);
    }
  });

  test("a peering connection and a VPN gateway are doors, both ways", async () => {
    const far = build.vpc("10.9.0.0/16");
    const beyond = build.instance(build.subnet(far, "10.9.1.0/24"));
    build.regroup(beyond.eni, allowAll(build, far));
    const peering = build.peer(first.vpcId, far);
    const vpn = build.vpn(first.vpcId, "192.168.0.0/24");
    const desk = build.onPremises(vpn.vpnConnectionId, "desk", "192.168.0.10");
    build.route(first.privateTable, "10.9.0.0/16", peering);
    build.route(build.mainTable(far), "10.0.0.0/16", peering);
    build.route(first.privateTable, "192.168.0.0/24", vpn.vpnGatewayId);
    const doorsBy = async (ip: string): Promise<unknown[]> => {
      await on.count(inPrivate.eni, beyond.eni);
      expect(await on.reached(inPrivate, ip, 81)).toBe("ECONNREFUSED");
      const { flows } = await on.plane.readTraffic();
      return flows.filter((one) => one.direction === "egress" && one.destinationPort === 81).map(({ door }) => door);
    };
    expect(await doorsBy(beyond.ip)).toEqual([{ kind: "vpc-peering-connection", vpcPeeringConnectionId: peering }]);
    expect(await doorsBy(desk.ip)).toEqual([{ kind: "vpn-gateway" }]);
  });

  test("a NAT gateway's interface has its own flows, with its own address", async () => {
    const natId = build.nat(first.publicSubnet);
    const nat = find(build.state(), "natgateway", natId)!.addresses[0]!;
    const eni = find(build.state(), "natgateway", natId)!.networkInterfaceId;
    build.reroute(first.endpoint, [], [first.privateTable]);
    build.route(first.privateTable, "0.0.0.0/0", natId);
    await on.count(inPrivate.eni, eni);
    expect(await on.reached(inPrivate)).toMatchObject({ kind: "internet", sourceIp: nat.elastic?.publicIp });
    await over();
    const { flows } = await on.plane.readTraffic();
    const ways = flows
      .filter(({ destinationIp, sourceIp }) => destinationIp === s3 || sourceIp === s3)
      .map(({ direction, door, networkInterfaceId, sourceIp, destinationIp }) => {
        const at = networkInterfaceId === eni ? "NAT gateway" : "instance";
        return `${direction} at ${at} from ${sourceIp} to ${destinationIp} by ${door?.kind ?? "-"}`;
      });
    expect([...new Set(ways)].toSorted()).toEqual([
      `egress at NAT gateway from ${nat.privateIp} to ${s3} by internet-gateway`,
      `egress at NAT gateway from ${s3} to ${inPrivate.ip} by interface`,
      `egress at instance from ${inPrivate.ip} to ${s3} by interface`,
      `ingress at NAT gateway from ${inPrivate.ip} to ${s3} by -`,
      `ingress at NAT gateway from ${s3} to ${nat.privateIp} by -`,
      `ingress at instance from ${s3} to ${inPrivate.ip} by -`,
    ]);
  });
});

/** An address of the same subnet. */
function nobodyOf(ipv6: string): string {
  return formatIp(addToIp(parseIp(ipv6)!, 0x1000));
}

/** All that is counted of a kind as one. */
function ofFlows(flows: readonly FlowCount[], wanted: Partial<FlowCount>): FlowCount {
  const hits = flows.filter((flow) =>
    Object.entries(wanted).every(([name, value]) => flow[name as keyof FlowCount] === value),
  );
  const [hit] = hits;
  if (hit === undefined) throw new Error(`no such flow: ${JSON.stringify({ wanted, flows })}`);
  return {
    ...hit,
    packets: hits.reduce((sum, { packets }) => sum + packets, 0),
    bytes: hits.reduce((sum, { bytes }) => sum + bytes, 0),
    tcpFlags: hits.reduce((bits, { tcpFlags }) => bits | tcpFlags, 0),
  };
}

/** The kinds of flows, each once: a packet that is not answered is sent again. */
function kindsOf(flows: readonly FlowCount[]): string[] {
  const texts = flows.map(
    ({ action, direction, networkInterfaceId, sourceIp, destinationIp, tcpFlags }) =>
      `${action} ${direction} at ${networkInterfaceId} from ${sourceIp} to ${destinationIp} flags ${tcpFlags}`,
  );
  return [...new Set(texts)].toSorted();
}

function dropsOf(drops: readonly DropCount[]): object[] {
  const texts = drops.map(({ packets: _packets, ...drop }) => JSON.stringify(drop, Object.keys(drop).toSorted()));
  return [...new Set(texts)]
    .toSorted()
    .map((text) => JSON.parse(text) as object)
    .toSorted(byKind);
}

function byKind(a: object, b: object): number {
  return JSON.stringify(a) < JSON.stringify(b) ? -1 : 1;
}
