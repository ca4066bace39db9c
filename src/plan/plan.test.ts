import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { regionBuilder } from "../../test/region-builder.ts";
import { put } from "../model/state.ts";
import type { Blueprint, VpcBlueprint } from "./blueprint.ts";
import { changesNetwork, plan } from "./plan.ts";

function small() {
  const build = regionBuilder();
  const vpc = build.vpc("10.0.0.0/16");
  const [inner, outer] = [build.subnet(vpc, "10.0.1.0/24"), build.subnet(vpc, "10.0.2.0/24")];
  const [innerTable, outerTable] = [build.table(vpc, inner), build.table(vpc, outer)];
  const gateway = build.gateway(vpc);
  build.route(outerTable, "0.0.0.0/0", gateway);
  const endpoint = build.endpoint(vpc, "s3", innerTable);
  const inside = build.instance(inner);
  const outside = build.instance(outer, { publicIp: true });
  return { build, vpc, inner, outer, innerTable, outerTable, gateway, endpoint, inside, outside };
}

describe("a small VPC", () => {
  const made = small();
  const blueprint = plan(made.build.state());
  const [vpc] = blueprint.vpcs as [VpcBlueprint];
  const tableOf = (subnetId: string): VpcBlueprint["routeTables"][number] => {
    const { table } = vpc.subnets.find((one) => one.subnetId === subnetId)!;
    return vpc.routeTables.find((one) => one.table === table)!;
  };

  test("its frame", () => {
    expect(vpc).toMatchObject({
      vpcId: made.vpc,
      key: 1,
      cidrBlocks: ["10.0.0.0/16"],
      resolverIps: ["10.0.0.2", "169.254.169.253"],
      internetGateway: {
        internetGatewayId: made.gateway,
        addresses: [{ privateIp: made.outside.ip, publicIp: made.outside.publicIp }],
      },
    });
    expect(vpc.subnets.map((one) => one.routerIp).toSorted()).toEqual(["10.0.1.1", "10.0.2.1"]);
    expect(blueprint.revision).toBe(made.build.state().revision);
  });

  test("its routes, without the local ones", () => {
    expect(tableOf(made.outer).routes).toEqual([
      { cidrBlock: "0.0.0.0/0", metric: 10, target: { kind: "internet-gateway" } },
    ]);
    const { routes } = tableOf(made.inner);
    const [endpoint] = vpc.endpoints;
    expect(routes.map((one) => one.cidrBlock).toSorted()).toEqual(endpoint!.cidrBlocks.toSorted());
    for (const route of routes) {
      expect(route).toMatchObject({ metric: 20, target: { kind: "endpoint", vpcEndpointId: made.endpoint } });
    }
  });

  test("its hosts are the running instances", () => {
    const { build, inside, outside } = small();
    expect(
      plan(build.state())
        .vpcs[0]!.hosts.map((one) => one.privateIp)
        .toSorted(),
    ).toEqual([inside.ip, outside.ip].toSorted());
    build.terminate(outside.id);
    const [after] = plan(build.state()).vpcs;
    expect(after!.hosts).toMatchObject([
      { instanceId: inside.id, networkInterfaceId: inside.eni, privateIp: inside.ip },
    ]);
    expect(after!.internetGateway!.addresses).toEqual([]);
  });

  test("a target that is gone is a blackhole", () => {
    const { build, outerTable, inner } = small();
    const target = build.instance(inner);
    build.route(outerTable, "52.0.0.0/8", target.id);
    const targets = (): unknown[] =>
      plan(build.state())
        .vpcs[0]!.routeTables.flatMap((table) => table.routes)
        .filter((one) => one.cidrBlock === "52.0.0.0/8")
        .map((one) => one.target);
    expect(targets()).toEqual([{ kind: "host", networkInterfaceId: target.eni }]);
    build.terminate(target.id);
    expect(targets()).toEqual([{ kind: "blackhole" }]);
  });

  test("without DNS support there is no resolver", () => {
    const { build, vpc: id } = small();
    build.attribute(id, "enableDnsSupport", false);
    expect(plan(build.state()).vpcs[0]!.resolverIps).toEqual([]);
  });
});

describe("numbers", () => {
  test("they stay while their resource lives, whatever comes and goes around it", () => {
    const { build, vpc, inner, inside } = small();
    const first = build.vpc("10.1.0.0/16");
    const before = plan(build.state());
    const gone = build.instance(inner);
    const middle = plan(build.state(), before);
    build.terminate(gone.id);
    build.instance(inner);
    build.vpc("10.2.0.0/16");
    const after = plan(build.state(), middle);
    const keyOf = (blueprint: Blueprint, vpcId: string): number =>
      blueprint.vpcs.find((one) => one.vpcId === vpcId)!.key;
    for (const vpcId of [vpc, first]) expect(keyOf(after, vpcId)).toBe(keyOf(before, vpcId));
    const hostOf = (blueprint: Blueprint): unknown =>
      blueprint.vpcs.flatMap((one) => one.hosts).find((one) => one.instanceId === inside.id);
    expect(hostOf(after)).toEqual(hostOf(before));
  });
});

describe("what did not change comes back as the same object", () => {
  test("another VPC, a bucket, a tag", () => {
    const { build, vpc } = small();
    const before = plan(build.state());
    const vpcOf = (blueprint: Blueprint): unknown => blueprint.vpcs.find((one) => one.vpcId === vpc);
    build.bucket("docs");
    build.vpc("10.1.0.0/16");
    const after = plan(build.state(), before);
    expect(vpcOf(after)).toBe(vpcOf(before));
    build.attribute(vpc, "enableDnsHostnames", true);
    expect(vpcOf(plan(build.state(), after))).toBe(vpcOf(before));
    build.attribute(vpc, "enableDnsSupport", false);
    expect(vpcOf(plan(build.state(), after))).not.toBe(vpcOf(before));
  });

  test("only changes of the network ask for a plan", () => {
    const common = { accountId: "000000000000", region: "us-east-1", createdAtMs: 0, tags: [] };
    expect(changesNetwork([])).toBe(false);
    expect(changesNetwork([put("bucket", { ...common, id: "docs" })])).toBe(false);
    expect(changesNetwork([{ op: "delete", kind: "user", id: "AIDA1" }])).toBe(false);
    expect(
      changesNetwork([put("bucket", { ...common, id: "docs" }), { op: "delete", kind: "subnet", id: "subnet-1" }]),
    ).toBe(true);
  });

  test("one of 1,000 instances changes: the plan takes milliseconds", () => {
    const build = regionBuilder();
    const vpc = build.vpc("10.0.0.0/16");
    const subnet = build.subnet(vpc, "10.0.0.0/20");
    build.endpoint(vpc, "s3", build.mainTable(vpc));
    for (let at = 0; at < 1000; at++) build.instance(subnet);
    let blueprint = plan(build.state());
    const timesMs: number[] = [];
    for (let round = 0; round < 15; round++) {
      build.instance(subnet);
      const startMs = performance.now();
      blueprint = plan(build.state(), blueprint);
      timesMs.push(performance.now() - startMs);
    }
    const bestMs = Math.min(...timesMs);
    console.log(`replan with 1,000 instances: ${bestMs.toFixed(1)} ms`);
    expect(blueprint.vpcs[0]!.hosts.length).toBe(1000 + timesMs.length);
    // Some 3 ms alone; the best of several and the bound are for a loaded machine.
    expect(bestMs).toBeLessThan(50);
  });
});

type Step = readonly [what: number, which: number];

/** Random histories over few resources; what the model refuses is skipped. */
function history(steps: readonly Step[], onStep: (build: ReturnType<typeof regionBuilder>) => void) {
  const build = regionBuilder();
  const lists: Record<"vpc" | "subnet" | "table" | "gateway" | "endpoint" | "instance", { id: string; vpc: string }[]> =
    {
      vpc: [],
      subnet: [],
      table: [],
      gateway: [],
      endpoint: [],
      instance: [],
    };
  const pick = (list: keyof typeof lists, which: number): { id: string; vpc: string } =>
    lists[list][which % lists[list].length]!;
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

const steps = fc.array(fc.tuple(fc.nat(10), fc.nat(30)), { maxLength: 60 });

/** The blueprint with every number replaced by what has it. */
function withoutNumbers({ internetCidrs, vpcs }: Blueprint): unknown {
  return {
    internetCidrs,
    vpcs: vpcs.map(({ key: _key, ...vpc }) => ({
      ...vpc,
      subnets: vpc.subnets.map(({ group: _group, table, ...subnet }) => ({
        ...subnet,
        table: vpc.routeTables.find((one) => one.table === table)?.routeTableId,
      })),
      routeTables: vpc.routeTables.map(({ table: _table, ...table }) => table),
      endpoints: vpc.endpoints.map(({ key: _key2, ...endpoint }) => endpoint),
      hosts: vpc.hosts.map(({ key: _key3, group, ...host }) => ({
        ...host,
        subnetId: vpc.subnets.find((one) => one.group === group)?.subnetId,
      })),
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
    for (const list of [
      vpc.hosts.map((one) => one.key),
      vpc.endpoints.map((one) => one.key),
      vpc.hosts.map((one) => one.privateIp),
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
        return target.kind === "blackhole" || vpc.internetGateway !== undefined;
      });
      expect(standing).toBe(true);
    }
    const privateIps = new Set(vpc.hosts.map((one) => one.privateIp));
    expect(vpc.internetGateway?.addresses.every((one) => privateIps.has(one.privateIp)) ?? true).toBe(true);
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
