/** Any sequence of calls, good and bad, keeps the invariants, and the journal of its changes replays to the same state. */

import fc from "fast-check";
import { expect, test } from "vitest";
import { seededHex } from "../../test/region-builder.ts";
import { runInstances, terminateInstances } from "./instance.ts";
import {
  attachInternetGateway,
  createInternetGateway,
  deleteInternetGateway,
  detachInternetGateway,
} from "./internet-gateway.ts";
import { brokenInvariants } from "./invariant.ts";
import { createRoute, deleteRoute, replaceRoute, type DestinationInput, type TargetInput } from "./route.ts";
import {
  associateRouteTable,
  createRouteTable,
  deleteRouteTable,
  disassociateRouteTable,
  replaceRouteTableAssociation,
} from "./route-table.ts";
import { all, apply, type Change, emptyState, find, findBy, type Kind, kinds, put, type State } from "./state.ts";
import { createSubnet, deleteSubnet, modifySubnetAttribute } from "./subnet.ts";
import { createTags, deleteTags } from "./tag.ts";
import type { Context, Outcome } from "./verb.ts";
import { createVpc, deleteVpc, modifyVpcAttribute } from "./vpc.ts";
import { createVpcEndpoint, deleteVpcEndpoints, modifyVpcEndpoint } from "./vpc-endpoint.ts";

/** Picks for one call: small numbers that choose ids of what exists, addresses and options. */
type Picks = readonly [number, number, number, number];

/** Chooses: mostly something that exists, now and then an id of nothing or no id at all. */
interface Choose {
  readonly id: (kind: Kind, prefix: string, pick: number) => string;
  readonly some: (kind: Kind, prefix: string, pick: number) => readonly string[];
  readonly association: (pick: number) => string;
  /** Mostly a static route that is there. */
  readonly route: (pick: number) => { readonly routeTableId: string; readonly destination: DestinationInput };
  readonly of: <T>(list: readonly T[], pick: number) => T;
}

type Step = (choose: Choose, picks: Picks) => (state: State, context: Context) => Outcome<unknown>;

const vpcBlocks = ["10.0.0.0/16", "10.0.0.0/24", "10.1.0.0/20", "172.16.3.9/16", "10.0.0.0/8", "nonsense"];
const subnetBlocks = ["10.0.0.0/24", "10.0.0.0/28", "10.0.1.0/26", "10.0.0.128/25", "10.1.0.0/24", "10.0.0.0/29", "x"];
const destinations: readonly DestinationInput[] = [
  { kind: "cidr", cidrBlock: "0.0.0.0/0" },
  { kind: "cidr", cidrBlock: "52.216.0.0/16" },
  { kind: "cidr", cidrBlock: "10.0.0.0/16" },
  { kind: "cidr", cidrBlock: "10.0.0.0/24" },
  { kind: "cidr", cidrBlock: "bad" },
  { kind: "prefix-list", prefixListId: "pl-63a5400a" },
  { kind: "prefix-list", prefixListId: "pl-00000000" },
];
const services = ["com.amazonaws.us-east-1.s3", "com.amazonaws.us-east-1.dynamodb", "com.amazonaws.us-east-1.none"];
const policies = [
  undefined,
  '{"Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*"}]}',
  "{",
  '{"Statement":[]}',
  "x".repeat(20_481),
];
const tokens = [undefined, undefined, "one", "two"];
const tagLists = [[], [{ key: "Name", value: "a" }], [{ key: "aws:x", value: "" }], [{ key: "k", value: "" }]];

const targets = (choose: Choose, pick: number): TargetInput =>
  choose.of<TargetInput>(
    [
      { kind: "local" },
      { kind: "gateway", gatewayId: choose.id("internet-gateway", "igw", pick) },
      { kind: "gateway", gatewayId: choose.id("vpc-endpoint", "vpce", pick) },
      { kind: "network-interface", networkInterfaceId: choose.id("network-interface", "eni", pick) },
      { kind: "instance", instanceId: choose.id("instance", "i", pick) },
    ],
    pick,
  );

const route = (choose: Choose, a: number, b: number): ReturnType<Choose["route"]> => ({
  routeTableId: choose.id("route-table", "rtb", a),
  destination: choose.of(destinations, b),
});

/** An interface of the table's own VPC. */
const near = (state: State, routeTableId: string): TargetInput => {
  const vpcId = find(state, "route-table", routeTableId)?.vpcId ?? "";
  const [first] = findBy(state, "network-interface", "vpcId", vpcId);
  return { kind: "network-interface", networkInterfaceId: first?.id ?? "eni-00000000" };
};

const optional = <K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } =>
  (value === undefined ? {} : { [key]: value }) as { [P in K]?: V };

const steps: readonly Step[] = [
  (c, [a, b]) =>
    (s, x) =>
      createVpc(s, { cidrBlock: c.of(vpcBlocks, a), tags: c.of(tagLists, b) }, x),
  (c, [a]) =>
    (s, x) =>
      deleteVpc(s, { vpcId: c.id("vpc", "vpc", a) }, x),
  (c, [a, b]) =>
    (s, x) =>
      modifyVpcAttribute(s, { vpcId: c.id("vpc", "vpc", a), attribute: "enableDnsHostnames", value: b % 2 === 0 }, x),
  (c, [a, b]) =>
    (s, x) =>
      createSubnet(s, { vpcId: c.id("vpc", "vpc", a), cidrBlock: c.of(subnetBlocks, b), tags: [] }, x),
  (c, [a]) =>
    (s, x) =>
      deleteSubnet(s, { subnetId: c.id("subnet", "subnet", a) }, x),
  (c, [a, b]) =>
    (s, x) =>
      modifySubnetAttribute(s, { subnetId: c.id("subnet", "subnet", a), mapPublicIpOnLaunch: b % 2 === 0 }, x),
  (c, [a, b]) =>
    (s, x) =>
      createRouteTable(s, { vpcId: c.id("vpc", "vpc", a), tags: [], ...optional("clientToken", c.of(tokens, b)) }, x),
  (c, [a]) =>
    (s, x) =>
      deleteRouteTable(s, { routeTableId: c.id("route-table", "rtb", a) }, x),
  (c, [a, b]) =>
    (s, x) =>
      associateRouteTable(s, { routeTableId: c.id("route-table", "rtb", a), subnetId: c.id("subnet", "subnet", b) }, x),
  (c, [a]) =>
    (s, x) =>
      disassociateRouteTable(s, { associationId: c.association(a) }, x),
  (c, [a, b]) =>
    (s, x) =>
      replaceRouteTableAssociation(
        s,
        { associationId: c.association(a), routeTableId: c.id("route-table", "rtb", b) },
        x,
      ),
  (c, [a, b, d]) =>
    (s, x) =>
      createRoute(
        s,
        { routeTableId: c.id("route-table", "rtb", a), destination: c.of(destinations, b), target: targets(c, d) },
        x,
      ),
  (c, [a, b, d]) =>
    (s, x) =>
      replaceRoute(
        s,
        {
          ...(b % 2 === 0 ? c.route(a) : route(c, a, b)),
          target: d % 2 === 0 ? near(s, c.route(a).routeTableId) : targets(c, d),
        },
        x,
      ),
  (c, [a, b]) =>
    (s, x) =>
      deleteRoute(s, b % 2 === 0 ? c.route(a) : route(c, a, b), x),
  (c, [a]) =>
    (s, x) =>
      createInternetGateway(s, { tags: c.of(tagLists, a) }, x),
  (c, [a]) =>
    (s, x) =>
      deleteInternetGateway(s, { internetGatewayId: c.id("internet-gateway", "igw", a) }, x),
  (c, [a, b]) =>
    (s, x) =>
      attachInternetGateway(
        s,
        { internetGatewayId: c.id("internet-gateway", "igw", a), vpcId: c.id("vpc", "vpc", b) },
        x,
      ),
  (c, [a, b]) =>
    (s, x) =>
      detachInternetGateway(
        s,
        { internetGatewayId: c.id("internet-gateway", "igw", a), vpcId: c.id("vpc", "vpc", b) },
        x,
      ),
  (c, [a, b, d, e]) =>
    (s, x) =>
      runInstances(
        s,
        {
          imageId: "ami-1",
          minCount: d % 3,
          maxCount: (d % 3) + (e % 14),
          primary: {
            subnetId: c.id("subnet", "subnet", a),
            associatePublicIpAddress: b % 2 === 0,
            deleteOnTermination: b % 3 !== 0,
            securityGroupIds: [],
            ...optional("privateIpAddress", c.of([undefined, undefined, "10.0.0.9", "10.0.0.1", "::1"], e)),
          },
          instanceTags: [],
          interfaceTags: [],
          ...optional("clientToken", c.of(tokens, e)),
        },
        x,
      ),
  (c, [a]) =>
    (s, x) =>
      terminateInstances(s, { instanceIds: c.some("instance", "i", a) }, x),
  (c, [a, b, d, e]) =>
    (s, x) =>
      createVpcEndpoint(
        s,
        {
          type: e % 9 === 0 ? "Interface" : "Gateway",
          vpcId: c.id("vpc", "vpc", a),
          serviceName: c.of(services, b),
          routeTableIds: c.some("route-table", "rtb", d),
          subnets: e % 7 === 0 ? [{ subnetId: "subnet-00000000" }] : [],
          securityGroupIds: [],
          tags: [],
          ...optional("policyDocument", c.of(policies, d)),
          ...optional("clientToken", c.of(tokens, e)),
        },
        x,
      ),
  (c, [a, b, d, e]) =>
    (s, x) =>
      modifyVpcEndpoint(
        s,
        {
          vpcEndpointId: c.id("vpc-endpoint", "vpce", a),
          resetPolicy: e % 5 === 0,
          add: {
            routeTableIds: c.some("route-table", "rtb", b),
            subnets: [],
            securityGroupIds: [],
            ...optional("policyDocument", c.of(policies, e)),
          },
          remove: { routeTableIds: c.some("route-table", "rtb", d), subnetIds: [], securityGroupIds: [] },
        },
        x,
      ),
  (c, [a]) =>
    (s, x) =>
      deleteVpcEndpoints(s, { vpcEndpointIds: c.some("vpc-endpoint", "vpce", a) }, x),
  (c, [a, b]) =>
    (s, x) =>
      createTags(s, { resourceIds: c.some("vpc-endpoint", "vpce", a), tags: c.of(tagLists, b) }, x),
  (c, [a]) =>
    (s, x) =>
      deleteTags(s, { resourceIds: c.some("vpc", "vpc", a), tags: [{ key: "Name" }] }, x),
];

function chooserOf(state: State): Choose {
  const idsOf = (kind: Kind): readonly string[] => [...all(state, kind)].map((one) => one.id).sort();
  const id = (kind: Kind, prefix: string, pick: number): string => {
    if (pick % 17 === 0) return `${prefix}-0123456789abcdef0`;
    if (pick % 19 === 0) return "nonsense";
    const ids = idsOf(kind);
    return ids[pick % Math.max(1, ids.length)] ?? `${prefix}-00000000`;
  };
  const associations = [...all(state, "route-table")]
    .flatMap((table) => table.associations.map((one) => one.id))
    .sort();
  const routes = [...all(state, "route-table")]
    .sort((one, other) => (one.id < other.id ? -1 : 1))
    .flatMap((table) => table.routes.map(({ destination }) => ({ routeTableId: table.id, destination })));
  return {
    id,
    route: (pick) =>
      routes[pick % Math.max(1, routes.length)] ?? { routeTableId: "rtb-00000000", destination: destinations[0]! },
    some: (kind, prefix, pick) => Array.from({ length: pick % 4 }, (_, at) => id(kind, prefix, pick + at)),
    association: (pick) => associations[pick % Math.max(1, associations.length)] ?? "rtbassoc-00000000",
    of: (list, pick) => {
      const item = list[pick % list.length];
      return item as Exclude<typeof item, undefined>;
    },
  };
}

function documentsOf(state: State): unknown {
  return kinds.map((kind) => [...all(state, kind)].sort((a, b) => (a.id < b.id ? -1 : 1)));
}

/** Runs the calls; throws the first time that an invariant breaks. */
function play(calls: readonly (readonly [number, Picks])[]): {
  readonly state: State;
  readonly journal: readonly (readonly Change[])[];
  readonly accepted: ReadonlySet<number>;
} {
  const hex = seededHex(7);
  let state = emptyState;
  const journal: (readonly Change[])[] = [];
  const accepted = new Set<number>();
  calls.forEach(([at, picks], nowMs) => {
    const context: Context = {
      nowMs: nowMs * 600_000,
      hex,
      accountId: picks[3] % 31 === 0 ? "1" : "0",
      region: "us-east-1",
    };
    const outcome = steps[at]!(chooserOf(state), picks)(state, context);
    if (!outcome.ok) return;
    accepted.add(at);
    journal.push(outcome.value.changes);
    state = apply(state, outcome.value.changes);
    expect(brokenInvariants(state)).toEqual([]);
  });
  return { state, journal, accepted };
}

const number = fc.nat({ max: 1000 });
// Creations come more often than the rest, so that there is something to act on.
const creations = [0, 3, 3, 3, 6, 6, 8, 11, 11, 14, 16, 18, 20, 20];
const call = fc.tuple(
  fc.oneof(fc.constantFrom(...creations), fc.nat({ max: steps.length - 1 })),
  fc.tuple(number, number, number, number),
);

test("every sequence of calls keeps the invariants and replays to the same state", () => {
  const accepted = new Set<number>();
  fc.assert(
    fc.property(fc.array(call, { minLength: 60, maxLength: 200, size: "max" }), (calls) => {
      const played = play(calls);
      for (const at of played.accepted) accepted.add(at);
      const replayed = played.journal.reduce(apply, emptyState);
      expect(documentsOf(replayed)).toEqual(documentsOf(played.state));
      expect(replayed.revision).toBe(played.journal.length);
    }),
    { numRuns: 100 },
  );
  // The test means something only while every verb succeeds now and then.
  expect([...steps.keys()].filter((at) => !accepted.has(at))).toEqual([]);
});

test("a state that breaks an invariant is told so", () => {
  const vpc = {
    id: "vpc-1",
    accountId: "0",
    region: "us-east-1",
    createdAtMs: 0,
    tags: [],
    cidrBlocks: [],
    ipv6CidrBlocks: [],
    instanceTenancy: "default",
    isDefault: false,
    dhcpOptionsId: "default",
    enableDnsSupport: true,
    enableDnsHostnames: false,
    enableNetworkAddressUsageMetrics: false,
  };
  const state = apply(emptyState, [put("vpc", vpc as never)]);
  expect(brokenInvariants(state)).toEqual([
    "vpc-1: not true that it has just one main route table",
    "vpc-1: not true that it has a primary block",
    "vpc-1: not true that it has just one default network ACL",
    "vpc-1: not true that it has just one default security group",
  ]);
});
