/** What filters do to flows: each rule with its source in the Amazon VPC User Guide. */

import { describe, expect, test } from "vitest";
import { regionBuilder, type TestInstance } from "../../test/region-builder.ts";
import { modifyNetworkInterfaceAttribute } from "../model/interface-attachment.ts";
import {
  createNetworkAcl,
  createNetworkAclEntry,
  networkAclOfSubnet,
  replaceNetworkAclAssociation,
} from "../model/network-acl.ts";
import { prefixListOfService } from "../model/prefix-list.ts";
import { createSecurityGroup } from "../model/security-group.ts";
import { authorizeSecurityGroup, type PeerInput, revokeSecurityGroup } from "../model/security-group-permission.ts";
import { rulesOfGroup } from "../model/security-group-rule.ts";
import { find } from "../model/state.ts";
import { dropText } from "./drop-text.ts";
import { type Opening, reach } from "./reach.ts";
import { serviceAddress } from "./service-address.ts";

const s3 = serviceAddress("s3", "us-east-1")!;
const pl = prefixListOfService("us-east-1", "com.amazonaws.us-east-1.s3")!;
const https: Opening = { kind: "tcp", port: 443 };

/** Two subnets on one table with an S3 endpoint, a third with a NAT gateway's clients, a fourth with the gateway itself. */
function guide() {
  const build = regionBuilder();
  const vpc = build.vpc("10.0.0.0/16");
  const [a, b, c, d] = [1, 2, 3, 4].map((third) => build.subnet(vpc, `10.0.${third}.0/24`)) as [
    string,
    string,
    string,
    string,
  ];
  const table = build.table(vpc, a, b);
  const endpoint = build.endpoint(vpc, "s3", table);
  const [natTable, publicTable] = [build.table(vpc, c), build.table(vpc, d)];
  const gateway = build.gateway(vpc);
  build.route(publicTable, "0.0.0.0/0", gateway);
  const nat = build.nat(d);
  build.route(natTable, "0.0.0.0/0", nat);
  const [left, near, right, behind] = [a, a, b, c].map((subnet) => build.instance(subnet)) as [
    TestInstance,
    TestInstance,
    TestInstance,
    TestInstance,
  ];
  return { build, vpc, a, b, c, d, table, natTable, publicTable, endpoint, gateway, nat, left, near, right, behind };
}

type Guide = ReturnType<typeof guide>;

interface Permission {
  readonly protocol: string;
  readonly fromPort?: number;
  readonly toPort?: number;
  readonly peer: PeerInput;
}

/** A group with just these rules, as the only one of the instances. */
function groupOf(
  { build, vpc }: Guide,
  { ingress = [], egress = [] }: { ingress?: readonly Permission[]; egress?: readonly Permission[] },
  ...instances: readonly TestInstance[]
): string {
  const name = `group ${build.state().revision}`;
  const { id: groupId } = build.run(createSecurityGroup, { name, description: name, vpcId: vpc, tags: [] });
  const ruleIds = rulesOfGroup(build.state(), groupId).map((rule) => rule.id);
  build.run(revokeSecurityGroup, { groupId, isEgress: true, permissions: [], ruleIds });
  for (const [isEgress, rules] of [
    [false, ingress],
    [true, egress],
  ] as const) {
    for (const { peer, ...ports } of rules) {
      build.run(authorizeSecurityGroup, { groupId, isEgress, permissions: [{ ...ports, peers: [peer] }], tags: [] });
    }
  }
  for (const { eni } of instances) {
    build.run(modifyNetworkInterfaceAttribute, { networkInterfaceId: eni, securityGroupIds: [groupId] });
  }
  return groupId;
}

type Entry = readonly [
  ruleNumber: number,
  way: "in" | "out",
  action: "allow" | "deny",
  ports: string,
  cidrBlock: string,
];

/** A new ACL on a subnet. Ports are of TCP: `443`, `1024-65535`; `all` is all traffic. */
function aclOn({ build, vpc }: Guide, subnetId: string, ...entries: readonly Entry[]): string {
  const { id: networkAclId } = build.run(createNetworkAcl, { vpcId: vpc, tags: [] });
  for (const [ruleNumber, way, action, ports, cidrBlock] of entries) {
    const [from, to = from] = ports.split("-").map(Number);
    build.run(createNetworkAclEntry, {
      networkAclId,
      ruleNumber,
      isEgress: way === "out",
      action,
      protocol: ports === "all" ? "-1" : "6",
      cidr: { kind: "ipv4", cidrBlock },
      ...(ports !== "all" && { ports: { from: from!, to: to! } }),
    });
  }
  const held = networkAclOfSubnet(build.state(), subnetId).associations.find((one) => one.subnetId === subnetId)!;
  build.run(replaceNetworkAclAssociation, { associationId: held.id, networkAclId });
  return networkAclId;
}

const cidr = (cidrBlock: string): PeerInput => ({ kind: "ipv4", cidrBlock });
const any: Permission = { protocol: "-1", peer: cidr("0.0.0.0/0") };
const allow = (protocol: string, port: number, peer: PeerInput): Permission => ({
  protocol,
  fromPort: port,
  toPort: port,
  peer,
});

/** `passes`, or what dropped the flow. */
function fate({ build }: Guide, from: TestInstance, destinationIp: string, opens: Opening = https): string {
  const { dropped, astray, exit } = reach(build.state(), from.id, { destinationIp, opens });
  if (dropped !== undefined) return dropText(dropped);
  return astray ?? (exit.kind === "none" ? exit.reason : "passes");
}

describe("defaults", () => {
  test("the default group lets everything out and its own members in; the default ACL lets everything pass", () => {
    const made = guide();
    expect(fate(made, made.left, s3)).toBe("passes");
    expect(fate(made, made.left, made.right.ip, { kind: "udp", port: 53 })).toBe("passes");
    expect(fate(made, made.left, made.near.ip, { kind: "ping" })).toBe("passes");
    groupOf(made, { egress: [any] }, made.left);
    expect(fate(made, made.left, made.right.ip)).toMatch(
      /^sg-\w+ of eni-\w+ has no inbound rule for tcp 443 from 10\.0\.1\./,
    );
  });

  test("every filter is asked in the order in which packets meet it", () => {
    const made = guide();
    const { filters } = reach(made.build.state(), made.left.id, { destinationIp: made.right.ip, opens: https });
    expect(
      filters.map(({ leg, verdict }) => [leg, verdict.kind, verdict.kind === "nat-gateway" ? "" : verdict.direction]),
    ).toEqual([
      ["request", "security-group", "egress"],
      ["request", "network-acl", "egress"],
      ["request", "network-acl", "ingress"],
      ["request", "security-group", "ingress"],
      ["reply", "network-acl", "egress"],
      ["reply", "network-acl", "ingress"],
    ]);
  });
});

describe("security groups", () => {
  // Source: "Security group rules": an outbound rule may name a prefix list; a gateway endpoint needs it where rules are few.
  test("an outbound rule to the prefix list is enough for the endpoint", () => {
    const made = guide();
    const group = groupOf(made, { egress: [] }, made.left);
    expect(fate(made, made.left, s3)).toBe(`${group} of ${made.left.eni} has no outbound rule for tcp 443 to ${s3}`);
    const list: PeerInput = { kind: "prefix-list", prefixListId: pl.id };
    groupOf(made, { egress: [allow("tcp", 443, list)] }, made.left);
    expect(fate(made, made.left, s3)).toBe("passes");
    expect(fate(made, made.left, s3, { kind: "tcp", port: 80 })).toMatch(/no outbound rule for tcp 80/);
    expect(fate(made, made.left, serviceAddress("s3", "eu-west-1")!)).toMatch(/has no route/);
  });

  // Source: "Security groups": stateful; answers pass whatever the rules say.
  test("no rule is needed for answers", () => {
    const made = guide();
    groupOf(made, { egress: [any] }, made.left);
    groupOf(made, { ingress: [any] }, made.right);
    expect(fate(made, made.left, made.right.ip)).toBe("passes");
    expect(fate(made, made.right, made.left.ip)).toMatch(/no outbound rule/);
  });

  // Source: "Security group referencing": the private addresses of the interfaces that have the group.
  test("a group as the source are the interfaces that have it", () => {
    const made = guide();
    const clients = groupOf(made, { egress: [any] }, made.left);
    const servers = groupOf(
      made,
      { ingress: [allow("tcp", 443, { kind: "security-group", groupId: clients })] },
      made.right,
    );
    expect(fate(made, made.left, made.right.ip)).toBe("passes");
    expect(fate(made, made.near, made.right.ip)).toBe(
      `${servers} of ${made.right.eni} has no inbound rule for tcp 443 from ${made.near.ip}`,
    );
    const { filters } = reach(made.build.state(), made.left.id, { destinationIp: made.right.ip, opens: https });
    const [rule] = rulesOfGroup(made.build.state(), servers);
    expect(
      filters.find(({ verdict }) => verdict.kind === "security-group" && verdict.direction === "ingress")!.verdict,
    ).toMatchObject({
      allowed: true,
      rule: { ruleId: rule!.id, securityGroupId: servers },
    });
  });

  // Source: "Security groups": rules of several groups of an interface are put together.
  test("the groups of an interface add up", () => {
    const made = guide();
    const [web, dns] = [
      groupOf(made, { egress: [allow("tcp", 443, cidr("10.0.2.0/24"))] }),
      groupOf(made, { egress: [allow("udp", 53, cidr("10.0.2.0/24"))] }),
    ];
    made.build.run(modifyNetworkInterfaceAttribute, {
      networkInterfaceId: made.left.eni,
      securityGroupIds: [web, dns],
    });
    groupOf(made, { ingress: [any] }, made.right);
    expect(fate(made, made.left, made.right.ip)).toBe("passes");
    expect(fate(made, made.left, made.right.ip, { kind: "udp", port: 53 })).toBe("passes");
    expect(fate(made, made.left, made.right.ip, { kind: "udp", port: 54 })).toBe(
      `${web} and ${dns} of ${made.left.eni} have no outbound rule for udp 54 to ${made.right.ip}`,
    );
  });

  test("traffic inside a subnet is filtered too, and what an instance sends to itself is not", () => {
    const made = guide();
    groupOf(made, {}, made.left, made.near);
    expect(fate(made, made.left, made.near.ip)).toMatch(/no outbound rule/);
    expect(fate(made, made.left, made.left.ip)).toBe("passes");
  });

  // Source: "Security group basics": neither filter is asked about the resolver, the metadata service and the like.
  test.each(["10.0.0.2", "169.254.169.253", "169.254.169.254"])("%s is not filtered", (ip) => {
    const made = guide();
    groupOf(made, {}, made.left);
    aclOn(made, made.a);
    expect(
      reach(made.build.state(), made.left.id, { destinationIp: ip, opens: { kind: "udp", port: 53 } }),
    ).toMatchObject({
      exit: { kind: "vpc-service" },
      filters: [],
    });
  });

  test("a ping needs a rule for echo requests alone", () => {
    const made = guide();
    groupOf(made, { egress: [any] }, made.left);
    groupOf(made, { ingress: [{ protocol: "icmp", fromPort: 8, toPort: -1, peer: cidr("0.0.0.0/0") }] }, made.right);
    expect(fate(made, made.left, made.right.ip, { kind: "ping" })).toBe("passes");
    expect(fate(made, made.left, made.right.ip)).toMatch(/no inbound rule/);
  });
});

describe("network ACLs", () => {
  // Source: "Network ACL basics": only traffic that crosses the border of a subnet.
  test("inside a subnet they are not asked", () => {
    const made = guide();
    aclOn(made, made.a);
    expect(fate(made, made.left, made.near.ip)).toBe("passes");
    expect(fate(made, made.left, made.right.ip)).toMatch(
      /outbound rule \* of acl-\w+, the ACL of subnet-\w+, denies tcp 443/,
    );
    expect(fate(made, made.right, made.left.ip)).toMatch(/inbound rule \* of acl-/);
  });

  // Source: "Ephemeral ports": answers need a rule for the ports that clients choose.
  test("answers of the endpoint need an inbound rule for ephemeral ports", () => {
    const made = guide();
    const acl = aclOn(
      made,
      made.a,
      [100, "out", "allow", "443", "0.0.0.0/0"],
      [100, "in", "allow", "443", "0.0.0.0/0"],
    );
    expect(fate(made, made.left, s3)).toBe(
      `inbound rule * of ${acl}, the ACL of ${made.a}, denies the answers: tcp 32768-60999 from ${s3} to ${made.left.ip}`,
    );
    aclOn(
      made,
      made.a,
      [100, "out", "allow", "443", "0.0.0.0/0"],
      [100, "in", "allow", "1024-65535", pl.cidrBlocks[0]!],
      [110, "in", "allow", "1024-65535", "0.0.0.0/0"],
    );
    expect(fate(made, made.left, s3)).toBe("passes");
  });

  test("a port that the client chose itself is the one that counts", () => {
    const made = guide();
    aclOn(made, made.a, [100, "out", "allow", "all", "0.0.0.0/0"], [100, "in", "allow", "40000-50000", "0.0.0.0/0"]);
    expect(fate(made, made.left, s3, { kind: "tcp", port: 443, sourcePort: 40_000 })).toBe("passes");
    expect(fate(made, made.left, s3, { kind: "tcp", port: 443, sourcePort: 39_999 })).toMatch(
      /denies the answers: tcp 39999/,
    );
    expect(fate(made, made.left, s3)).toMatch(/denies the answers: tcp 32768-39999/);
  });

  test("between subnets four borders are crossed", () => {
    for (const [subnet, entries, what] of [
      ["a", [[100, "in", "allow", "all", "0.0.0.0/0"]], /outbound rule \*.* denies tcp 443/],
      ["b", [[100, "out", "allow", "all", "0.0.0.0/0"]], /inbound rule \*.* denies tcp 443/],
      ["b", [[100, "in", "allow", "all", "0.0.0.0/0"]], /outbound rule \*.* denies the answers/],
      ["a", [[100, "out", "allow", "all", "0.0.0.0/0"]], /inbound rule \*.* denies the answers/],
    ] as const) {
      const made = guide();
      aclOn(made, made[subnet], ...entries);
      expect(fate(made, made.left, made.right.ip)).toMatch(what);
    }
  });
});

describe("NAT gateways", () => {
  // Source: "NAT gateway basics" and "NAT gateway use cases": the gateway's address is the source, its own table goes on.
  test("the internet sees the gateway's Elastic IP", () => {
    const { build, nat, publicTable, natTable, gateway, behind, d } = guide();
    const holder = find(build.state(), "natgateway", nat)!;
    expect(reach(build.state(), behind.id, { destinationIp: s3, opens: https })).toMatchObject({
      route: { routeTableId: natTable, chosen: { target: nat } },
      nats: [
        {
          natGatewayId: nat,
          subnetId: d,
          privateIp: holder.addresses[0]!.privateIp,
          route: { routeTableId: publicTable, chosen: { target: gateway } },
        },
      ],
      exit: { kind: "internet", sourceIp: holder.addresses[0]!.elastic!.publicIp },
    });
  });

  test("an endpoint on the gateway's table takes what comes through it", () => {
    const { build, nat, endpoint, publicTable, behind } = guide();
    build.reroute(endpoint, [publicTable]);
    const { privateIp } = find(build.state(), "natgateway", nat)!.addresses[0]!;
    expect(reach(build.state(), behind.id, { destinationIp: s3, opens: https }).exit).toEqual({
      kind: "gateway-endpoint",
      vpcEndpointId: endpoint,
      sourceIp: privateIp,
    });
  });

  test("a private one has no public address, one that is gone is a blackhole, one that sends to itself sends nowhere", () => {
    const made = guide();
    const { build, c, d, natTable, behind } = made;
    const hidden = build.nat(d, "private");
    build.unroute(natTable, "0.0.0.0/0");
    build.route(natTable, "0.0.0.0/0", hidden);
    expect(fate(made, behind, s3)).toMatch(/^eni-\w+ has no public address that igw-\w+ could map$/);
    build.dropNat(hidden);
    expect(fate(made, behind, s3)).toBe(`the route 0.0.0.0/0 of ${natTable} is a blackhole: ${hidden}`);
    const own = build.nat(c, "private");
    build.unroute(natTable, "0.0.0.0/0");
    build.route(natTable, "0.0.0.0/0", own);
    expect(fate(made, behind, s3)).toBe(`${own} sends packets to itself`);
  });

  test("the ACLs of both subnets are asked on the way, and again for the answers", () => {
    const made = guide();
    const { build, behind, c, d } = made;
    const seen = reach(build.state(), behind.id, { destinationIp: s3, opens: https }).filters.map(({ leg, verdict }) =>
      verdict.kind === "network-acl" ? [leg, verdict.direction, verdict.subnetId] : [leg, verdict.kind],
    );
    expect(seen).toEqual([
      ["request", "security-group"],
      ["request", "egress", c],
      ["request", "ingress", d],
      ["request", "egress", d],
      ["reply", "ingress", d],
      ["reply", "egress", d],
      ["reply", "ingress", c],
    ]);
    // Source: "NAT gateway basics": it uses the ports 1024 to 65535.
    aclOn(
      made,
      d,
      [100, "out", "allow", "all", "0.0.0.0/0"],
      [100, "in", "allow", "443", "10.0.0.0/8"],
      [110, "in", "allow", "32768-65535", "0.0.0.0/0"],
    );
    expect(fate(made, behind, s3)).toMatch(/denies the answers: tcp 1024-32767/);
  });

  test("nothing is opened to its own address", () => {
    const made = guide();
    const { privateIp } = find(made.build.state(), "natgateway", made.nat)!.addresses[0]!;
    expect(fate(made, made.behind, privateIp)).toBe(`${made.nat} takes no connection to its own address`);
  });

  // Source: "NAT gateway basics": TCP, UDP and ICMP.
  test("other protocols end there", () => {
    const made = guide();
    expect(fate(made, made.behind, s3, { kind: "ping" })).toBe("passes");
    expect(fate(made, made.behind, s3, { kind: "protocol", number: 50 })).toBe(
      `${made.nat} carries TCP, UDP and ICMP alone, not protocol 50`,
    );
  });
});

test("answers that another route takes away do not come back", () => {
  const made = guide();
  made.build.route(made.publicTable, "10.0.3.0/24", made.right.id);
  expect(fate(made, made.behind, s3)).toMatch(
    new RegExp(`the answers of eni-\\w+ take the route 10.0.3.0/24 of ${made.publicTable} to ${made.right.eni}`),
  );
});

test("a route to the NAT gateway itself leads answers back to it as any other would", () => {
  const made = guide();
  const { build, behind, nat, natTable, right, table } = made;
  groupOf(made, { ingress: [any], egress: [any] }, right);
  build.route(natTable, "10.0.2.0/24", nat);
  expect(fate(made, behind, right.ip)).toBe("passes");
  build.route(table, "10.0.4.0/24", nat);
  expect(fate(made, behind, right.ip)).toBe("passes");
});

test("filters that answers would meet on the way back are not asked where another route takes them away", () => {
  const made = guide();
  const { build, behind, c, publicTable, right } = made;
  aclOn(made, c, [100, "out", "allow", "all", "0.0.0.0/0"]);
  expect(fate(made, behind, s3)).toMatch(/denies the answers/);
  build.route(publicTable, "10.0.3.0/24", right.id);
  expect(fate(made, behind, s3)).toMatch(/^the answers of eni-\w+ take the route 10\.0\.3\.0\/24/);
});

test("a change of a rule, of a group's members or of an ACL is seen at once", () => {
  const made = guide();
  const { build, left, right } = made;
  expect(fate(made, left, right.ip)).toBe("passes");
  const group = groupOf(made, { egress: [any] }, left);
  expect(fate(made, left, right.ip)).toMatch(/no inbound rule/);
  const servers = groupOf(made, { ingress: [] }, right);
  build.run(authorizeSecurityGroup, {
    groupId: servers,
    isEgress: false,
    permissions: [{ protocol: "-1", peers: [{ kind: "security-group", groupId: group }] }],
    tags: [],
  });
  expect(fate(made, left, right.ip)).toBe("passes");
  const [rule] = rulesOfGroup(build.state(), servers);
  build.run(revokeSecurityGroup, { groupId: servers, isEgress: false, permissions: [], ruleIds: [rule!.id] });
  expect(fate(made, left, right.ip)).toMatch(/no inbound rule/);
});

test("what is for an address that nobody has meets the filters of its sender, if it is sent at all", () => {
  const { build, left } = guide();
  const askedBy = (destinationIp: string): string[] =>
    reach(build.state(), left.id, { destinationIp, opens: https }).filters.map(
      ({ leg, verdict }) => `${leg} ${verdict.kind}`,
    );
  expect(askedBy("10.0.2.200")).toEqual(["request security-group", "request network-acl"]);
  // No subnet is there.
  expect(askedBy("10.0.99.9")).toEqual(["request security-group", "request network-acl"]);
  // Nobody answers ARP in its own subnet, and the VPC's router takes what is for itself.
  expect([askedBy("10.0.1.200"), askedBy("10.0.1.255"), askedBy("10.0.2.1")]).toEqual([[], [], []]);
});
