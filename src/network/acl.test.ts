/** Each rule of network ACLs with its source in the Amazon VPC User Guide. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseIp } from "../base/ip.ts";
import type { NetworkAcl, NetworkAclEntry } from "../model/network-acl.ts";
import type { Traffic } from "../model/traffic.ts";
import { type AclVerdict, aclVerdict, compileAcl } from "./acl.ts";
import { anyPort, type Packet } from "./packet.ts";

const tcp = (fromPort: number, toPort = fromPort): Traffic => ({ kind: "ports", protocol: 6, fromPort, toPort });
const udp = (fromPort: number, toPort = fromPort): Traffic => ({ kind: "ports", protocol: 17, fromPort, toPort });
const all: Traffic = { kind: "all" };

type Rule = readonly [ruleNumber: number, action: "allow" | "deny", traffic: Traffic, cidrBlock: string];

function aclOf(rules: readonly Rule[], isEgress = false): NetworkAcl {
  const entries = rules.map(([ruleNumber, action, traffic, cidrBlock]): NetworkAclEntry => ({
    ruleNumber,
    isEgress,
    action,
    traffic,
    cidrBlock,
  }));
  return {
    id: "acl-1" as NetworkAcl["id"],
    accountId: "000000000000",
    region: "us-east-1",
    createdAtMs: 0,
    tags: [],
    vpcId: "vpc-1" as NetworkAcl["vpcId"],
    isDefault: false,
    entries,
    associations: [],
  };
}

const packet = (protocol: number, from: string, ports: readonly [number, number]): Packet => ({
  protocol,
  sourceIp: parseIp(from)!,
  destinationIp: parseIp("10.0.1.5")!,
  sourcePorts: anyPort,
  destinationPorts: { from: ports[0], to: ports[1] },
});
const web = packet(6, "203.0.113.9", [443, 443]);

type Said = readonly ["allow" | "deny", number | "*"] | readonly ["allow" | "deny", number | "*", number, number];

function said(verdict: AclVerdict, asked: Packet): Said {
  const { from, to } = verdict.ports;
  const word = verdict.allowed ? "allow" : "deny";
  const isWhole = from === asked.destinationPorts.from && to === asked.destinationPorts.to;
  return isWhole ? [word, verdict.ruleNumber] : [word, verdict.ruleNumber, from, to];
}

function check(rules: readonly Rule[], asked: Packet, expected: Said): void {
  expect(said(aclVerdict(compileAcl(aclOf(rules)), "ingress", asked), asked)).toEqual(expected);
}

test.each<[string, readonly Rule[], Packet, Said]>([
  ["no rule: denied", [], web, ["deny", "*"]],
  [
    "the lowest number decides",
    [
      [100, "allow", all, "0.0.0.0/0"],
      [90, "deny", tcp(443), "0.0.0.0/0"],
    ],
    web,
    ["deny", 90],
  ],
  [
    "whatever the order of making",
    [
      [90, "allow", tcp(443), "0.0.0.0/0"],
      [100, "deny", all, "0.0.0.0/0"],
    ],
    web,
    ["allow", 90],
  ],
  [
    "another source passes a rule by",
    [
      [90, "deny", all, "203.0.112.0/24"],
      [100, "allow", all, "0.0.0.0/0"],
    ],
    web,
    ["allow", 100],
  ],
  [
    "another port",
    [
      [90, "deny", tcp(80, 442), "0.0.0.0/0"],
      [100, "allow", all, "0.0.0.0/0"],
    ],
    web,
    ["allow", 100],
  ],
  ["another protocol", [[90, "deny", udp(443), "0.0.0.0/0"]], web, ["deny", "*"]],
  ["the edges of a range", [[90, "allow", tcp(443, 444), "203.0.113.9/32"]], web, ["allow", 90]],
  ["IPv6 rules are not of IPv4", [[90, "allow", all, "::/0"]], web, ["deny", "*"]],
  [
    "a protocol without ports",
    [[90, "allow", { kind: "protocol", protocol: 50 }, "0.0.0.0/0"]],
    packet(50, "203.0.113.9", [0, 65_535]),
    ["allow", 90],
  ],
  [
    "some of the ports that it may be to are denied",
    [
      [90, "deny", tcp(40_000, 50_000), "0.0.0.0/0"],
      [100, "allow", tcp(1024, 65_535), "0.0.0.0/0"],
    ],
    packet(6, "203.0.113.9", [32_768, 60_999]),
    ["deny", 90, 40_000, 50_000],
  ],
  [
    "the lowest of the denied ports is named",
    [[90, "allow", tcp(40_000, 50_000), "0.0.0.0/0"]],
    packet(6, "203.0.113.9", [32_768, 60_999]),
    ["deny", "*", 32_768, 39_999],
  ],
])("%s", (_what, ...rest) => check(...rest));

describe("ICMP", () => {
  const ping = { ...packet(1, "203.0.113.9", [0, 65_535]), icmp: { type: 8, code: 0 } };
  const icmp = (type: number, code: number): Traffic => ({ kind: "icmp", protocol: 1, type, code });
  test.each<[Traffic, Said]>([
    [icmp(8, -1), ["allow", 90]],
    [icmp(8, 0), ["allow", 90]],
    [icmp(-1, -1), ["allow", 90]],
    [icmp(0, -1), ["deny", "*"]],
    [icmp(8, 1), ["deny", "*"]],
    [{ kind: "icmp", protocol: 58, type: -1, code: -1 }, ["deny", "*"]],
  ])("%j", (traffic, expected) => check([[90, "allow", traffic, "0.0.0.0/0"]], ping, expected));
});

test("outbound rules are of the destination, and apart from inbound ones", () => {
  const compiled = compileAcl(aclOf([[90, "allow", all, "10.0.1.0/24"]], true));
  expect(aclVerdict(compiled, "egress", web)).toMatchObject({ allowed: true, ruleNumber: 90, direction: "egress" });
  expect(aclVerdict(compiled, "ingress", web)).toMatchObject({ allowed: false, ruleNumber: "*" });
});

test("a range of ports is allowed just where every port is", () => {
  const traffic = fc
    .tuple(fc.constantFrom(6, 17), fc.integer({ min: 0, max: 30 }), fc.integer({ min: 0, max: 30 }))
    .map(([protocol, a, b]) =>
      protocol === 6 ? tcp(Math.min(a, b), Math.max(a, b)) : udp(Math.min(a, b), Math.max(a, b)),
    );
  const rule = fc.tuple(
    fc.integer({ min: 1, max: 20 }),
    fc.constantFrom("allow" as const, "deny" as const),
    fc.oneof(traffic, fc.constant(all)),
    fc.constantFrom("0.0.0.0/0", "203.0.113.0/24", "10.0.0.0/8"),
  );
  const rules = fc.uniqueArray(rule, { maxLength: 8, selector: ([ruleNumber]) => ruleNumber });
  fc.assert(
    fc.property(rules, fc.integer({ min: 0, max: 30 }), fc.integer({ min: 0, max: 30 }), (dealt, a, b) => {
      const compiled = compileAcl(aclOf(dealt));
      const [from, to] = [Math.min(a, b), Math.max(a, b)];
      const single = Array.from({ length: to - from + 1 }, (_, at) => from + at).map((port) =>
        aclVerdict(compiled, "ingress", packet(6, "203.0.113.9", [port, port])),
      );
      const whole = aclVerdict(compiled, "ingress", packet(6, "203.0.113.9", [from, to]));
      const first = single.find((one) => !one.allowed) ?? { ...whole, allowed: true };
      expect([whole.allowed, whole.ruleNumber, whole.ports.from]).toEqual([
        first.allowed,
        first.ruleNumber,
        first.ports.from,
      ]);
    }),
  );
});
