/** The pure functions against both data planes, on generated topologies: no difference is allowed. */

import { expect, test } from "vitest";
import { linuxPlaneLack } from "../../src/dataplane/linux/plane.ts";
import { testWith } from "../need.ts";
import { compare, type PlaneUnderTest, type Round, rounds } from "./compare.ts";
import { type Difference, judgeOutcomes, judgeTrails, type Tried } from "./judge.ts";
import { linuxUnderTest, userspaceUnderTest } from "./plane-under-test.ts";
import type { Drop, Trail } from "./trail.ts";

const timeoutMs = 480_000;
const kernelTest = testWith(await linuxPlaneLack());

async function check(under: PlaneUnderTest, seed: number): Promise<void> {
  const { differences, ends, topologies } = await compare(under, { seed, topologies: 100, vpcs: 10 });
  expect(differences.slice(0, 5)).toEqual([]);
  expect(topologies).toBe(100);
  // Without flows of every kind the comparison would say little.
  const kinds = [
    "endpoint",
    "internet",
    "nothing",
    "nat-gateway",
    "security-group",
    "network-acl",
    "no route",
    "blackhole",
  ];
  const nearby = ["instance", "instance by IPv6", "from on-premises through"];
  const ipv6 = ["endpoint by IPv6", "internet by IPv6", "nothing by IPv6"];
  const common = [...kinds, "network-acl for answers", ...ipv6];
  expect([...common, ...nearby].filter((kind) => (ends[kind] ?? 0) < 100)).toEqual([]);
  const beyondTcp = under.carries === "packets" ? ["ping through", "protocol through"] : [];
  const seldom = [
    "interface",
    "peering through",
    "to on-premises through",
    "to on-premises from there through",
    ...beyondTcp,
  ];
  expect(seldom.filter((kind) => (ends[kind] ?? 0) < 10)).toEqual([]);
  const ofPackets = under.carries === "packets" ? ["second interface through"] : [];
  const rare = [
    "interface by IPv6",
    "NAT64",
    "from IPv6 alone through",
    "over internet through",
    "nat-gateway over peering through",
    ...ofPackets,
  ];
  expect(rare.filter((kind) => ends[kind] === undefined)).toEqual([]);
}

kernelTest("100 topologies in the kernel", () => check(linuxUnderTest, 1), timeoutMs);
test("100 topologies through the proxy", () => check(userspaceUnderTest, 1), timeoutMs);

kernelTest(
  "a wrong answer of the pure functions is seen",
  async () => {
    const [round] = await firstRound();
    const { reading, tried } = round;
    if (reading === undefined) throw new Error("the kernel counted nothing");
    const judge = (wrong: readonly Tried[]): readonly Difference[] => [
      ...judgeOutcomes(wrong),
      ...judgeTrails(wrong, reading),
    ];
    expect(judge(tried)).toEqual([]);
    for (const { about, name, twist } of twists) {
      const twisted = tried.flatMap((one, at) => (twist(one) === undefined ? [] : [at]));
      // Of each kind there are some, of both legs where it has legs.
      expect([name, twisted.length > 3]).toEqual([name, true]);
      const wrong = tried.map((one, at) => (twisted.includes(at) ? (twist(one) ?? one) : one));
      const found = judge(wrong).filter((one) => one.about === about);
      const isOfTwisted = found.every(({ trial }) => twisted.some((at) => tried[at]?.trial === trial));
      // What its own filters drop says nothing of its door, and what several flows share counts once.
      if (about === "door") expect([name, found.length > 3 && isOfTwisted]).toEqual([name, true]);
      else if (about === "count of a filter") expect([name, found.length > 0]).toEqual([name, true]);
      else expect([name, found.map((one) => one.trial)]).toEqual([name, twisted.map((at) => tried[at]?.trial)]);
    }
  },
  timeoutMs,
);

async function firstRound(): Promise<[Round]> {
  for await (const round of rounds(linuxUnderTest, { seed: 2, topologies: 10, vpcs: 10 })) return [round];
  throw new Error("there was no round");
}

interface Twist {
  readonly name: string;
  readonly about: Difference["about"];
  /** Undefined where it does not fit. */
  readonly twist: (one: Tried) => Tried | undefined;
}

const withTrail = (one: Tried, trail: Partial<Trail>): Tried => {
  const { drop: _, ...rest } = one.expectation.trail;
  return { ...one, expectation: { ...one.expectation, trail: { ...rest, ...trail } } };
};

/** Where the trail of an answer stands, there is something to be dropped, and a reply to be seen. */
const isDropOf = (
  { expectation: { trail }, trial }: Tried,
  leg: "request" | "reply",
  filter?: Drop["filter"],
): boolean => {
  const { drop } = trail;
  const keys = leg === "request" ? trail.requests : trail.replies;
  return (
    drop !== undefined &&
    trial.kind !== "ping" &&
    keys.includes(drop.key) &&
    (filter === undefined || drop.filter === filter)
  );
};

const legs = ["request", "reply"] as const;
const twists: readonly Twist[] = [
  {
    name: "it ends elsewhere",
    about: "outcome",
    twist: (one) =>
      one.expectation.outcome === "nothing"
        ? undefined
        : { ...one, expectation: { ...one.expectation, outcome: "nothing" } },
  },
  ...legs.map((leg): Twist => ({
    name: `no filter drops the ${leg}`,
    about: "filter",
    twist: (one) => (isDropOf(one, leg) ? withTrail(one, {}) : undefined),
  })),
  ...legs.map((leg): Twist => ({
    name: `another interface's filter drops the ${leg}`,
    about: "filter",
    twist: (one) => {
      const { drop } = one.expectation.trail;
      if (drop === undefined || !isDropOf(one, leg)) return undefined;
      return withTrail(one, { drop: { ...drop, networkInterfaceId: "eni-00000000" } });
    },
  })),
  ...(["egress", "ingress"] as const).map((direction): Twist => ({
    name: `what passes is dropped (${direction})`,
    about: "filter",
    twist: (one) => {
      const { departure, drop, requests } = one.expectation.trail;
      const [key] = requests;
      if (drop !== undefined || departure?.kind !== "leaves") return undefined;
      if (key === undefined) return undefined;
      const { networkInterfaceId } = departure;
      return withTrail(one, {
        drop: { filter: "security-group", direction, networkInterfaceId, key, vpcId: "vpc-00000000" },
      });
    },
  })),
  {
    name: "a group drops what an ACL does",
    about: "count of a filter",
    twist: (one) => {
      const { drop } = one.expectation.trail;
      if (drop?.rule === undefined) return undefined;
      const { rule: _, ...rest } = drop;
      return withTrail(one, { drop: { ...rest, filter: "security-group" } });
    },
  },
  ...legs.map((leg): Twist => ({
    name: `another rule drops the ${leg}`,
    about: "count of a filter",
    twist: (one) => {
      const { drop } = one.expectation.trail;
      if (drop?.rule === undefined || !isDropOf(one, leg, "network-acl")) return undefined;
      return withTrail(one, { drop: { ...drop, rule: { ...drop.rule, ruleNumber: drop.rule.ruleNumber - 1 } } });
    },
  })),
  {
    name: "a route leads out where none does",
    about: "door",
    twist: (one) => {
      const { departure, drop } = one.expectation.trail;
      if (departure?.kind !== "goes nowhere") return undefined;
      return withTrail(one, {
        ...(drop && { drop }),
        departure: { ...departure, kind: "leaves", door: "vpn-gateway" },
      });
    },
  },
  {
    name: "no route leads out where one does",
    about: "door",
    twist: (one) => {
      const { departure, drop } = one.expectation.trail;
      if (departure?.kind !== "leaves") return undefined;
      return withTrail(one, { ...(drop && { drop }), departure: { ...departure, kind: "goes nowhere" } });
    },
  },
  {
    name: "it leaves by another door",
    about: "door",
    twist: (one) => {
      const { departure, drop } = one.expectation.trail;
      const isSeen = departure?.kind === "leaves" && departure.networkInterfaceId !== drop?.networkInterfaceId;
      if (!isSeen || drop?.direction === "egress") return undefined;
      return withTrail(one, { ...(drop && { drop }), departure: { ...departure, door: "vpce-00000000" } });
    },
  },
];
