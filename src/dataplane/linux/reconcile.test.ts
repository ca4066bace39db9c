/** Whatever way updates take, the kernel ends with what the last blueprint means, read back from the kernel itself. */

import fc from "fast-check";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { testWith } from "../../../test/need.ts";
import type {
  AclRuleBlueprint,
  Blueprint,
  GroupRuleBlueprint,
  RouteBlueprint,
  TargetBlueprint,
  VpcBlueprint,
} from "../../plan/blueprint.ts";
import { openWorld } from "../../../test/differential/world.ts";
import { all } from "../../model/state.ts";
import { plan } from "../../plan/plan.ts";
import { diffParts } from "./diff.ts";
import { contentOf, type KernelObject, keyOf } from "./kernel-object.ts";
import { linuxPlaneLack } from "./lack.ts";
import { LOGGED_SET } from "./metering.ts";
import { NetdClient } from "./netd-client.ts";
import { NOTHING, type Wanted } from "./part.ts";
import { withOpenLists } from "./route-list.ts";
import {
  aclRules,
  blueprintOf,
  endpointRoutes,
  groupRules,
  idsOf,
  peered,
  serviceCidrs,
  vpcBlueprint,
  withGroup,
  withIpv6,
  withSecondInterface,
  withVpnGateway,
  withNatGateway,
} from "./testdata/blueprint.ts";
import { wantedObjects, wantedParts } from "./wanted.ts";

const lack = await linuxPlaneLack();
const test = testWith(lack);

describe.skipIf(lack !== undefined && process.env["UNDERPASS_REQUIRE_ALL"] !== "1")("reconcile", () => {
  let netd: NetdClient;
  let held: Wanted = NOTHING;
  const drifted: string[] = [];
  beforeAll(async () => {
    netd = await NetdClient.start({
      // Sockets would keep a namespace alive that is to go.
      onListener: (_listener, handle) => handle.close(),
      onMade: () => {},
      onDrift: (namespaces) => drifted.push(...namespaces),
      onLine: (line) => console.warn(line),
    });
  });
  afterAll(async () => {
    await netd[Symbol.asyncDispose]();
  });

  async function goTo(blueprint: Blueprint): Promise<void> {
    const wanted = wantedParts(blueprint, held);
    const { make, clear } = diffParts(held, wanted);
    await netd.perform(make);
    await netd.perform(clear);
    held = wanted;
  }

  const shown = (objects: Iterable<KernelObject>): string[] =>
    [...objects]
      .filter(({ kind }) => kind !== "listener")
      .map((object) => `${keyOf(object)} = ${contentOf(object)}`)
      .sort();

  async function check(blueprint: Blueprint): Promise<void> {
    expect(shown(await netd.dump())).toEqual(shown(withOpenLists(wantedObjects(blueprint)).values()));
  }

  const empty: Blueprint = { revision: 0, internetCidrs: [], vpcs: [] };

  test("the kernel reads back as what was asked", async () => {
    await goTo(blueprintOf(vpcBlueprint(1), vpcBlueprint(2)));
    await check(blueprintOf(vpcBlueprint(1), vpcBlueprint(2)));
  });

  test("so it does of both families, and IPv6 comes and goes", async () => {
    for (const vpc of [withIpv6(vpcBlueprint(1)), vpcBlueprint(1), withIpv6(vpcBlueprint(1))]) {
      await goTo(blueprintOf(vpc));
      await check(blueprintOf(vpc));
    }
  });

  test("add then remove leaves nothing", async () => {
    await goTo(blueprintOf(withIpv6(vpcBlueprint(1))));
    await goTo(empty);
    await check(empty);
  });

  test("updates split, squashed, repeated and reversed end in the same state", async () => {
    const property = fc.asyncProperty(
      fc.array(arbitraryBlueprint(), { minLength: 1, maxLength: 5 }),
      async (updates) => {
        const last = updates.at(-1) ?? empty;
        for (const update of updates) await goTo(update);
        await check(last);
        for (const update of updates.toReversed()) await goTo(update);
        await goTo(last);
        await goTo(last);
        await check(last);
        await goTo(empty);
        await goTo(last);
        await check(last);
      },
    );
    // After a failure the kernel is not what `held` says, so shrinking would only mislead.
    await fc.assert(property, { numRuns: 12, endOnFailure: true });
  }, 120_000);

  test("rules about ports that share packets, change, take each other's place and go", async () => {
    const rule = (id: number, fromPort: number, toPort: number, cidrBlock: string): GroupRuleBlueprint => ({
      ruleId: `sgr-d000000${id}`,
      traffic: { kind: "tcp", fromPort, toPort },
      peer: { kind: "cidr", cidrBlock },
    });
    const [wide, narrow] = [rule(1, 1, 1000, "10.0.0.0/8"), rule(2, 443, 443, "10.1.0.0/16")];
    for (const ingress of [
      [wide],
      [wide, narrow],
      [narrow],
      [narrow, wide, rule(3, 0, 65_535, "2001:db8::/33")],
      [rule(1, 443, 443, "10.1.0.0/16"), rule(2, 1, 1000, "10.0.0.0/8")],
      [rule(4, 1, 1000, "10.0.0.0/8"), rule(5, 65_535, 65_535, "0.0.0.0/0")],
      [],
    ]) {
      const updated = blueprintOf(withGroup(withIpv6(vpcBlueprint(1)), { ingress }));
      await goTo(updated);
      await check(updated);
    }
    await goTo(empty);
  });

  test("blocks of a prefix list that grow, shrink, join and part", async () => {
    const listed = (...cidrBlocks: readonly string[]): VpcBlueprint => {
      const peer = { kind: "prefix-list", prefixListId: "pl-0000000a", cidrBlocks } as const;
      return withGroup(vpcBlueprint(1), { egress: [{ ruleId: "sgr-0000000a", traffic: { kind: "all" }, peer }] });
    };
    for (const cidrBlocks of [
      ["10.1.0.0/16", "10.8.0.0/16"],
      ["10.0.0.0/14"],
      ["10.1.0.0/24", "10.2.0.0/24", "10.3.0.0/16"],
      ["10.2.0.0/15", "10.1.0.0/16"],
      [],
      ["0.0.0.0/0"],
      ["10.1.0.0/16", "2001:db8::/32"],
      ["10.1.0.0/17", "2001:db8::/31"],
    ]) {
      const updated = blueprintOf(listed(...cidrBlocks));
      await goTo(updated);
      await check(updated);
    }
    await goTo(empty);
  });

  test("more elements and routes than one message holds", async () => {
    const addresses = Array.from({ length: 1500 }, (_, at) => ({
      privateIp: `10.0.${at >> 8}.${at & 255}`,
      publicIp: `203.0.${at >> 8}.${at & 255}`,
    }));
    const large = { ...vpcBlueprint(1), internetGateway: { internetGatewayId: "igw-00000001", addresses } };
    await goTo(blueprintOf(large));
    await check(blueprintOf(large));
    await goTo(empty);
  });

  // Of networks as they are planned: with all kinds of gateways, sites, both families, flow logs and groups with maps of ports.
  test("dealt networks end in the same state by whatever way they come", async () => {
    const world = openWorld({ seed: 3, vpcs: 3 });
    const updates: Blueprint[] = [];
    const seen = new Set<string>();
    const isAllSeen = (): boolean => everything.every((what) => seen.has(what));
    for (let round = 0; round < 3 || (round < 9 && !isAllSeen()); round++) {
      world.deal();
      const loggedInterfaceIds = [...all(world.state(), "network-interface")]
        .map(({ id }) => id)
        .filter(() => round % 2 === 0);
      const update = { ...plan(world.state(), updates.at(-1)), loggedInterfaceIds };
      updates.push(update);
      for (const object of wantedObjects(update).values()) for (const what of wordsFor(object)) seen.add(what);
    }
    expect(everything.filter((what) => !seen.has(what))).toEqual([]);
    const last = updates.at(-1) ?? empty;
    for (const update of [...updates, ...updates.toReversed(), last, last]) {
      await goTo(update);
      await check(update);
    }
    await goTo(empty);
    await check(empty);
    await goTo(last);
    await check(last);
    await goTo(empty);
  }, 120_000);

  // By now netd has looked many times.
  test("nothing of all that was taken for somebody else's change", () => expect(drifted).toEqual([]));
});

/** What of the kernel's means an object is or needs. */
function wordsFor(object: KernelObject): readonly string[] {
  if (object.kind === "namespace") return [object.kind, object.role];
  const isIpv6 = JSON.stringify(object).includes("::");
  return [object.kind, ...(isIpv6 ? ["IPv6"] : []), ...("set" in object ? [object.set.replace(/^(pl)-.*/, "$1")] : [])];
}

const everything = [
  "namespace link address neighbor nexthop route route-list rule set chain filter-rule element listener IPv6",
  `${LOGGED_SET} pl interface_group_1 foreign translation router internet-gateway egress-only-internet-gateway`,
  "nat-gateway vpn-gateway on-premises-router internet endpoint host",
].flatMap((words) => words.split(" "));

function arbitraryBlueprint(): fc.Arbitrary<Blueprint> {
  return fc
    .record({
      first: fc.option(arbitraryVpc(1)),
      second: fc.option(arbitraryVpc(2)),
      cidrs: fc.subarray(serviceCidrs),
      isPeered: fc.boolean(),
    })
    .map(({ first, second, cidrs, isPeered }) => {
      const both = first !== null && second !== null && isPeered ? peered(first, second) : [first, second];
      return { revision: 1, internetCidrs: cidrs, vpcs: both.filter((vpc) => vpc !== null) };
    });
}

/** In their order; the same number may come back with other content. */
function arbitraryAclRules(): fc.Arbitrary<AclRuleBlueprint[]> {
  return fc
    .tuple(fc.subarray([...aclRules]), fc.boolean())
    .map(([rules, turned]) =>
      turned ? rules.map((rule) => ({ ...rule, action: rule.action === "deny" ? "allow" : "deny" })) : rules,
    );
}

/** Any part of the hand-made VPC, with routes of its own, keys that move between instances, and CIDR blocks that come and go. */
function arbitraryVpc(n: number): fc.Arbitrary<VpcBlueprint> {
  const whole = vpcBlueprint(n);
  const target: fc.Arbitrary<TargetBlueprint> = fc.constantFrom(
    { kind: "internet-gateway" },
    { kind: "endpoint", vpcEndpointId: idsOf(n).endpoint },
    { kind: "endpoint", vpcEndpointId: idsOf(n).otherEndpoint },
    { kind: "nat-gateway", natGatewayId: idsOf(n).natGateway },
    { kind: "peer", vpcPeeringConnectionId: "pcx-00000001" },
    { kind: "host", networkInterfaceId: "eni-00000001".replace("1", String(n)) },
    { kind: "vpn-gateway" },
    { kind: "blackhole" },
  );
  const statics: fc.Arbitrary<RouteBlueprint[]> = fc.uniqueArray(
    fc.record({
      cidrBlock: fc.constantFrom("0.0.0.0/0", "52.216.0.0/15", "52.216.10.0/24", "10.0.7.0/24"),
      metric: fc.constantFrom(10 as const, 30 as const),
      target,
    }),
    { selector: ({ cidrBlock, metric }) => `${cidrBlock} ${metric}`, maxLength: 5 },
  );
  const listed = fc.constantFrom([], endpointRoutes(idsOf(n).endpoint), endpointRoutes(idsOf(n).otherEndpoint));
  const tables = fc.tuple(statics, listed, statics, listed);
  const groups = fc.record({
    egress: fc.shuffledSubarray([...groupRules]),
    ingress: fc.shuffledSubarray([...groupRules]),
    members: fc.subarray(["10.0.1.5", "10.0.2.5", "10.0.2.6", "10.0.9.9"]),
  });
  const acls = fc.record({ ingress: arbitraryAclRules(), egress: arbitraryAclRules() });
  return fc
    .record({
      tables,
      cidrBlocks: fc.constantFrom(["10.0.0.0/16"], ["10.0.0.0/16", "10.9.0.0/16"]),
      resolverIps: fc.subarray([...whole.resolverIps]),
      endpoints: fc.subarray([...whole.endpoints]),
      gateway: fc.option(fc.subarray([...(whole.internetGateway?.addresses ?? [])])),
      keys: fc.shuffledSubarray([1, 2, 3]),
      mac: fc.constantFrom("02:aa", "02:bb"),
      tableOf: fc.constantFrom(1001, 1002),
      aclOf: fc.constantFrom(1, 2),
      groups: fc.tuple(groups, groups),
      groupsOf: fc.subarray([1, 2], { minLength: 1 }),
      acls: fc.tuple(acls, acls),
      nat: fc.boolean(),
      vpn: fc.option(fc.shuffledSubarray([1, 2, 3])),
      ipv6: fc.boolean(),
      second: fc.option(fc.constantFrom(1, 2)),
    })
    .map(
      ({
        tables: [a, b, c, d],
        gateway,
        keys,
        mac,
        tableOf,
        aclOf,
        groups,
        groupsOf,
        acls,
        nat,
        vpn,
        ipv6,
        second,
        ...rest
      }) => {
        const { internetGateway: _, ...vpc } = nat ? withNatGateway(whole) : whole;
        const internetGateway = gateway && { internetGatewayId: `igw-0000000${n}`, addresses: gateway };
        const made: VpcBlueprint = {
          ...vpc,
          ...rest,
          ...(internetGateway && { internetGateway }),
          subnets: whole.subnets.map((subnet, at) =>
            at === 0 ? { ...subnet, table: tableOf, networkAcl: aclOf } : subnet,
          ),
          securityGroups: groups.map((group, at) => ({ securityGroupId: `sg-0000000${at}`, key: at + 1, ...group })),
          networkAcls: acls.map((acl, at) => ({ networkAclId: `acl-0000000${at}`, key: at + 1, ...acl })),
          routeTables: [
            { routeTableId: "rtb-00000001", table: 1001, routes: [...a, ...b] },
            { routeTableId: "rtb-00000002", table: 1002, routes: [...c, ...d] },
          ],
          hosts: keys.map((key, at) => {
            const host = whole.hosts[at]!;
            const securityGroups = at === 0 ? groupsOf : host.securityGroups;
            return { ...host, key, securityGroups, macAddress: host.macAddress.replace("02:aa", mac) };
          }),
        };
        const connected = vpn === null ? made : withVpnGateway(made, ...vpn);
        const attached = second === null ? connected : withSecondInterface(connected, second);
        return ipv6 ? withIpv6(attached) : attached;
      },
    );
}
