/** Laws of the planner over random histories. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { regionBuilder } from "../../test/region-builder.ts";
import { modifyNetworkInterfaceAttribute } from "../model/interface-attachment.ts";
import { createSecurityGroup } from "../model/security-group.ts";
import { authorizeSecurityGroup } from "../model/security-group-permission.ts";
import { find } from "../model/state.ts";
import type { Blueprint, GroupRuleBlueprint, VpcBlueprint } from "./blueprint.ts";
import { plan } from "./plan.ts";

type ListName = "vpc" | "subnet" | "table" | "gateway" | "endpoint" | "instance" | "group" | "nat";
type Step = readonly [what: number, which: number];

/** Random histories over few resources; what the model refuses is skipped. */
function history(steps: readonly Step[], onStep: (build: ReturnType<typeof regionBuilder>) => void) {
  const build = regionBuilder();
  const lists: Record<ListName, { id: string; vpc: string }[]> = {
    vpc: [],
    subnet: [],
    table: [],
    gateway: [],
    endpoint: [],
    instance: [],
    group: [],
    nat: [],
  };
  const pick = (list: ListName, which: number): { id: string; vpc: string } => lists[list][which % lists[list].length]!;
  const actions: ((which: number) => void)[] = [
    () => {
      const id = build.vpc(`10.${lists.vpc.length}.0.0/16`);
      lists.vpc.push({ id, vpc: id });
    },
    (which) => {
      const { id } = pick("vpc", which);
      lists.subnet.push({
        id: build.subnet(id, `10.${lists.vpc.findIndex((one) => one.id === id)}.${which % 8}.0/24`),
        vpc: id,
      });
    },
    (which) => {
      const subnet = pick("subnet", which);
      lists.table.push({ id: build.table(subnet.vpc, subnet.id), vpc: subnet.vpc });
    },
    (which) => {
      const { id } = pick("vpc", which);
      lists.gateway.push({ id: build.gateway(id), vpc: id });
    },
    (which) => {
      const table = pick("table", which);
      build.route(table.id, ["0.0.0.0/0", "52.0.0.0/8", "3.5.0.0/16"][which % 3]!, pick("gateway", which).id);
    },
    (which) => {
      const table = pick("table", which);
      lists.endpoint.push({
        id: build.endpoint(table.vpc, which % 2 === 0 ? "s3" : "dynamodb", table.id),
        vpc: table.vpc,
      });
    },
    (which) => {
      const subnet = pick("subnet", which);
      lists.instance.push({ id: build.instance(subnet.id, { publicIp: which % 2 === 0 }).id, vpc: subnet.vpc });
    },
    (which) => {
      build.terminate(pick("instance", which).id);
    },
    (which) => {
      build.deleteEndpoint(pick("endpoint", which).id);
    },
    (which) => {
      build.reroute(pick("endpoint", which).id, [pick("table", which).id]);
    },
    (which) => {
      build.route(pick("table", which).id, "54.0.0.0/8", pick("instance", which).id);
    },
    () => {
      const { id: vpcId } = pick("vpc", 0);
      const name = `group ${lists.group.length}`;
      lists.group.push({
        id: build.run(createSecurityGroup, { name, description: name, vpcId, tags: [] }).id,
        vpc: vpcId,
      });
    },
    (which) => {
      const peers = [{ kind: "security-group", groupId: pick("group", which >> 2).id }] as const;
      const permissions = [{ protocol: "tcp", fromPort: which, toPort: 80, peers }];
      build.run(authorizeSecurityGroup, {
        groupId: pick("group", which).id,
        isEgress: which % 2 === 0,
        permissions,
        tags: [],
      });
    },
    (which) => {
      const { networkInterfaceIds } = find(build.state(), "instance", pick("instance", which).id)!;
      const securityGroupIds = [...new Set([pick("group", which).id, pick("group", which >> 2).id])];
      build.run(modifyNetworkInterfaceAttribute, { networkInterfaceId: networkInterfaceIds[0]!, securityGroupIds });
    },
    (which) => {
      const subnet = pick("subnet", which);
      lists.nat.push({ id: build.nat(subnet.id, which % 2 === 0 ? "public" : "private"), vpc: subnet.vpc });
    },
    (which) => {
      build.dropNat(pick("nat", which).id);
    },
    (which) => {
      build.route(pick("table", which).id, "0.0.0.0/0", pick("nat", which).id);
    },
  ];
  for (const [what, which] of steps) {
    try {
      actions[what % actions.length]!(which);
    } catch {
      // Nothing to act on yet, or the model refuses: the history goes on.
    }
    onStep(build);
  }
  return build;
}

const steps = fc.array(fc.tuple(fc.nat(16), fc.nat(30)), { maxLength: 80 });

/** The blueprint with every number replaced by what has it. */
function withoutNumbers({ internetCidrs, vpcs }: Blueprint): unknown {
  return { internetCidrs, vpcs: vpcs.map(vpcWithoutNumbers) };
}

function vpcWithoutNumbers({ key: _key, ...vpc }: VpcBlueprint): unknown {
  const named = <T extends { readonly key: number }>({ key: _key, ...rest }: T): unknown => rest;
  const subnetOf = (group: number): unknown => vpc.subnets.find((one) => one.group === group)?.subnetId;
  const groupOf = (key: number): string => vpc.securityGroups.find((one) => one.key === key)!.securityGroupId;
  const rulesOf = (rules: readonly GroupRuleBlueprint[]): unknown =>
    rules.map((rule) => ({ ...rule, peer: rule.peer.kind === "group" ? groupOf(rule.peer.key) : rule.peer }));
  return {
    ...vpc,
    subnets: vpc.subnets.map(({ group: _group, table, networkAcl, ...subnet }) => ({
      ...subnet,
      table: vpc.routeTables.find((one) => one.table === table)?.routeTableId,
      networkAcl: vpc.networkAcls.find((one) => one.key === networkAcl)?.networkAclId,
    })),
    routeTables: vpc.routeTables.map(({ table: _table, ...table }) => table),
    endpoints: vpc.endpoints.map(named),
    networkAcls: vpc.networkAcls.map(named),
    securityGroups: vpc.securityGroups.map(({ key: _key, ingress, egress, ...group }) => ({
      ...group,
      ingress: rulesOf(ingress),
      egress: rulesOf(egress),
    })),
    natGateways: vpc.natGateways.map(({ key: _key, group, ...nat }) => ({ ...nat, subnetId: subnetOf(group) })),
    hosts: vpc.hosts.map(({ key: _key, group, securityGroups, ...host }) => ({
      ...host,
      subnetId: subnetOf(group),
      securityGroups: securityGroups.map(groupOf).toSorted((a, b) => (a < b ? -1 : 1)),
    })),
  };
}

function checkReferences({ vpcs }: Blueprint): void {
  const distinct = (values: readonly unknown[]): void => expect(new Set(values).size).toBe(values.length);
  distinct(vpcs.map((vpc) => vpc.key));
  for (const vpc of vpcs) {
    const tables = new Set(vpc.routeTables.map((one) => one.table));
    const groups = new Set(vpc.subnets.map((one) => one.group));
    const hosts = new Set(vpc.hosts.map((one) => one.networkInterfaceId));
    const endpoints = new Set(vpc.endpoints.map((one) => one.vpcEndpointId));
    const nats = new Set(vpc.natGateways.map((one) => one.natGatewayId));
    for (const list of [
      vpc.hosts.map((one) => one.key),
      vpc.endpoints.map((one) => one.key),
      vpc.securityGroups.map((one) => one.key),
      vpc.networkAcls.map((one) => one.key),
      vpc.natGateways.map((one) => one.key),
      vpc.hosts.flatMap((one) => one.ips),
    ])
      distinct(list);
    distinct(vpc.routeTables.map((one) => one.table));
    distinct(vpc.subnets.map((one) => one.group));
    expect(vpc.subnets.every((one) => tables.has(one.table))).toBe(true);
    expect(vpc.hosts.every((one) => groups.has(one.group))).toBe(true);
    for (const { routes } of vpc.routeTables) {
      distinct(routes.map((one) => `${one.cidrBlock} ${one.metric}`));
      const standing = routes.every(({ target }) => {
        if (target.kind === "host") return hosts.has(target.networkInterfaceId);
        if (target.kind === "endpoint") return endpoints.has(target.vpcEndpointId);
        if (target.kind === "nat-gateway") return nats.has(target.natGatewayId);
        return target.kind === "blackhole" || vpc.internetGateway !== undefined;
      });
      expect(standing).toBe(true);
    }
    checkFilters(vpc);
    const privateIps = new Set([
      ...vpc.hosts.flatMap((one) => one.ips),
      ...vpc.natGateways.map((one) => one.privateIp),
    ]);
    expect(vpc.internetGateway?.addresses.every((one) => privateIps.has(one.privateIp)) ?? true).toBe(true);
  }
}

function checkFilters(vpc: VpcBlueprint): void {
  const acls = new Set(vpc.networkAcls.map((one) => one.key));
  const groups = new Set(vpc.securityGroups.map((one) => one.key));
  expect(vpc.subnets.every((one) => acls.has(one.networkAcl))).toBe(true);
  expect(vpc.hosts.every((one) => one.securityGroups.every((key) => groups.has(key)))).toBe(true);
  for (const { key, members, ingress, egress } of vpc.securityGroups) {
    const held = vpc.hosts.filter((one) => one.securityGroups.includes(key)).flatMap((one) => one.ips);
    expect(members).toEqual(expect.arrayContaining(held));
    const named = [...ingress, ...egress].flatMap(({ peer }) => (peer.kind === "group" ? [peer.key] : []));
    expect(named.every((one) => groups.has(one))).toBe(true);
  }
}

describe("laws", () => {
  test("the same state gives the same blueprint, whatever came before, but for the numbers", () => {
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 5 }), (made, every) => {
        let blueprint: Blueprint | undefined;
        let count = 0;
        const build = history(made, (now) => {
          count += 1;
          if (count % every === 0) blueprint = plan(now.state(), blueprint);
        });
        const grown = plan(build.state(), blueprint);
        expect(withoutNumbers(grown)).toEqual(withoutNumbers(plan(build.state())));
        checkReferences(grown);
      }),
      { numRuns: 120 },
    );
  });

  test("planning again changes nothing", () => {
    fc.assert(
      fc.property(steps, (made) => {
        const build = history(made, () => undefined);
        const once = plan(build.state());
        expect(plan(build.state(), once)).toEqual(once);
        expect(plan(build.state())).toEqual(once);
      }),
      { numRuns: 60 },
    );
  });
});
