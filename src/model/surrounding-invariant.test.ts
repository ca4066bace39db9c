/** Any sequence of calls on what surrounds a VPC keeps the invariants, and the journal of its changes replays. */

import fc from "fast-check";
import { expect, test } from "vitest";
import { seededHex } from "../../test/region-builder.ts";
import { associateDhcpOptions, createDhcpOptions, deleteDhcpOptions } from "./dhcp-options.ts";
import { createFlowLogs, deleteFlowLogs } from "./flow-log.ts";
import { brokenInvariants } from "./invariant.ts";
import { settle } from "./lifecycle.ts";
import { createListener, deleteListener, modifyListener } from "./listener.ts";
import { createLoadBalancer, deleteLoadBalancer, setSubnets } from "./load-balancer.ts";
import {
  createManagedPrefixList,
  deleteManagedPrefixList,
  modifyManagedPrefixList,
  restoreManagedPrefixList,
} from "./managed-prefix-list.ts";
import { localQuotas } from "./quota.ts";
import { createRoute, deleteRoute } from "./route.ts";
import { all, apply, type Change, emptyState, type Kind, kinds, type State } from "./state.ts";
import { createSubnet, deleteSubnet } from "./subnet.ts";
import { brokenSurroundingInvariants } from "./surrounding-invariant.ts";
import { createTargetGroup, deleteTargetGroup, deregisterTargets, registerTargets } from "./target-group.ts";
import type { Context, Outcome, Settings } from "./verb.ts";
import {
  acceptVpcPeeringConnection,
  createVpcPeeringConnection,
  deleteVpcPeeringConnection,
  rejectVpcPeeringConnection,
} from "./vpc-peering.ts";
import { createVpc, deleteVpc } from "./vpc.ts";
import { createVpnConnection, createVpnConnectionRoute, deleteVpnConnection } from "./vpn-connection.ts";
import {
  attachVpnGateway,
  createCustomerGateway,
  createVpnGateway,
  deleteCustomerGateway,
  deleteVpnGateway,
  detachVpnGateway,
  setRoutePropagation,
} from "./vpn-gateway.ts";

/** Draws: mostly what exists, now and then something that does not. */
interface Draw {
  readonly id: (kind: Kind) => string;
  readonly of: <T>(list: readonly T[]) => T;
}

type Step = (draw: Draw) => (state: State, context: Context) => Outcome<unknown>;

const blocks = ["10.0.0.0/16", "10.1.0.0/16", "10.1.0.0/20"];
const subnetBlocks = ["10.0.0.0/24", "10.0.1.0/24", "10.1.0.0/24", "10.1.1.0/28"];
const zones = ["us-east-1a", "us-east-1b"];
const names = ["one", "two"];
const entries = ["192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "bad"];
const tags: [] = [];

const steps: readonly Step[] = [
  (d) => (s, x) => createVpc(s, { cidrBlock: d.of(blocks), tags }, x),
  (d) => (s, x) => deleteVpc(s, { vpcId: d.id("vpc") }, x),
  (d) => (s, x) =>
    createSubnet(s, { vpcId: d.id("vpc"), cidrBlock: d.of(subnetBlocks), availabilityZone: d.of(zones), tags }, x),
  (d) => (s, x) => deleteSubnet(s, { subnetId: d.id("subnet") }, x),
  (d) => (s, x) =>
    createLoadBalancer(
      s,
      {
        kind: d.of(["network", "network", "gateway"]),
        name: d.of(names),
        scheme: d.of(["internal", "internal", "internet-facing"]),
        subnets: d.of([[{ subnetId: d.id("subnet") }], [{ subnetId: d.id("subnet") }, { subnetId: d.id("subnet") }]]),
        securityGroupIds: [],
        tags,
      },
      x,
    ),
  (d) => (s, x) => deleteLoadBalancer(s, { arn: d.id("load-balancer") }, x),
  (d) => (s, x) => setSubnets(s, { arn: d.id("load-balancer"), subnets: [{ subnetId: d.id("subnet") }] }, x),
  (d) => (s, x) =>
    createTargetGroup(
      s,
      {
        name: d.of(names),
        protocol: d.of(["TCP", "TCP_UDP"]),
        port: d.of([80, 443]),
        vpcId: d.id("vpc"),
        targetType: "ip",
        healthCheck: {},
        tags,
      },
      x,
    ),
  (d) => (s, x) => deleteTargetGroup(s, { arn: d.id("target-group") }, x),
  (d) => (s, x) =>
    registerTargets(s, { arn: d.id("target-group"), targets: [{ id: d.of(["10.0.0.9", "1.1.1.1"]) }] }, x),
  (d) => (s, x) => deregisterTargets(s, { arn: d.id("target-group"), targets: [{ id: "10.0.0.9" }] }, x),
  (d) => (s, x) => {
    const wish = {
      protocol: "TCP",
      port: d.of([80, 443]),
      forward: [{ targetGroupArn: d.id("target-group") }],
    } as const;
    return createListener(s, { loadBalancerArn: d.id("load-balancer"), wish, tags }, x);
  },
  (d) => (s, x) =>
    modifyListener(s, { arn: d.id("listener"), wish: { forward: [{ targetGroupArn: d.id("target-group") }] } }, x),
  (d) => (s, x) => deleteListener(s, { arn: d.id("listener") }, x),
  (d) => (s, x) =>
    createManagedPrefixList(
      s,
      {
        name: d.of(names),
        addressFamily: "IPv4",
        maxEntries: d.of([1, 2, 0]),
        entries: [{ cidrBlock: d.of(entries) }],
        tags,
      },
      x,
    ),
  (d) => (s, x) =>
    modifyManagedPrefixList(
      s,
      {
        prefixListId: d.id("prefix-list"),
        currentVersion: d.of([1, 2, 3]),
        addEntries: [{ cidrBlock: d.of(entries) }],
        removeCidrBlocks: d.of([[], [d.of(entries)]]),
      },
      x,
    ),
  (d) => (s, x) =>
    modifyManagedPrefixList(
      s,
      { prefixListId: d.id("prefix-list"), maxEntries: d.of([1, 3]), addEntries: [], removeCidrBlocks: [] },
      x,
    ),
  (d) => (s, x) =>
    restoreManagedPrefixList(
      s,
      { prefixListId: d.id("prefix-list"), previousVersion: d.of([1, 2]), currentVersion: d.of([2, 3]) },
      x,
    ),
  (d) => (s, x) => deleteManagedPrefixList(s, { prefixListId: d.id("prefix-list") }, x),
  (d) => (s, x) =>
    createRoute(
      s,
      {
        routeTableId: d.id("route-table"),
        destination: { kind: "prefix-list", prefixListId: d.id("prefix-list") },
        target: d.of([
          { kind: "gateway", gatewayId: d.id("vpn-gateway") },
          { kind: "vpc-peering-connection", vpcPeeringConnectionId: d.id("vpc-peering-connection") },
        ]),
      },
      x,
    ),
  (d) => (s, x) =>
    deleteRoute(
      s,
      { routeTableId: d.id("route-table"), destination: { kind: "prefix-list", prefixListId: d.id("prefix-list") } },
      x,
    ),
  (d) => (s, x) =>
    createDhcpOptions(s, { configurations: [{ key: "domain-name", values: [d.of(["a.example", ""])] }], tags }, x),
  (d) => (s, x) => deleteDhcpOptions(s, { dhcpOptionsId: d.id("dhcp-options") }, x),
  (d) => (s, x) =>
    associateDhcpOptions(s, { dhcpOptionsId: d.of(["default", d.id("dhcp-options")]), vpcId: d.id("vpc") }, x),
  (d) => (s, x) => createVpcPeeringConnection(s, { vpcId: d.id("vpc"), peerVpcId: d.id("vpc"), tags }, x),
  (d) => (s, x) => acceptVpcPeeringConnection(s, { vpcPeeringConnectionId: d.id("vpc-peering-connection") }, x),
  (d) => (s, x) => rejectVpcPeeringConnection(s, { vpcPeeringConnectionId: d.id("vpc-peering-connection") }, x),
  (d) => (s, x) => deleteVpcPeeringConnection(s, { vpcPeeringConnectionId: d.id("vpc-peering-connection") }, x),
  () => (s, x) => createVpnGateway(s, { tags }, x),
  (d) => (s, x) => deleteVpnGateway(s, { vpnGatewayId: d.id("vpn-gateway") }, x),
  (d) => (s, x) => attachVpnGateway(s, { vpnGatewayId: d.id("vpn-gateway"), vpcId: d.id("vpc") }, x),
  (d) => (s, x) => detachVpnGateway(s, { vpnGatewayId: d.id("vpn-gateway"), vpcId: d.id("vpc") }, x),
  (d) => (s, x) =>
    setRoutePropagation(
      s,
      { routeTableId: d.id("route-table"), vpnGatewayId: d.id("vpn-gateway"), enabled: d.of([true, true, false]) },
      x,
    ),
  (d) => (s, x) => createCustomerGateway(s, { ipAddress: d.of(["203.0.113.1", "203.0.113.2", "x"]), tags }, x),
  (d) => (s, x) => deleteCustomerGateway(s, { customerGatewayId: d.id("customer-gateway") }, x),
  (d) => (s, x) =>
    createVpnConnection(
      s,
      {
        customerGatewayId: d.id("customer-gateway"),
        vpnGatewayId: d.id("vpn-gateway"),
        staticRoutesOnly: true,
        tunnels: [],
        tags,
      },
      x,
    ),
  (d) => (s, x) => deleteVpnConnection(s, { vpnConnectionId: d.id("vpn-connection") }, x),
  (d) => (s, x) =>
    createVpnConnectionRoute(
      s,
      { vpnConnectionId: d.id("vpn-connection"), destinationCidrBlock: d.of(["192.168.0.0/16", "x"]) },
      x,
    ),
  (d) => (s, x) =>
    createFlowLogs(
      s,
      {
        kind: "vpc",
        resourceIds: [d.id("vpc")],
        trafficType: "ALL",
        destination: { kind: "s3", arn: "arn:aws:s3:::b" },
        maxAggregationSeconds: 600,
        tags,
      },
      x,
    ),
  (d) => (s, x) => deleteFlowLogs(s, { flowLogIds: [d.id("vpc-flow-log")] }, x),
];

function drawOf(state: State, picks: readonly number[]): Draw {
  let at = 0;
  const next = (): number => picks[at++ % picks.length] ?? 0;
  return {
    id: (kind) => {
      const ids = [...all(state, kind)].map((one) => one.id).sort();
      const pick = next();
      return pick % 23 === 0 || ids.length === 0 ? "nonsense" : ids[pick % ids.length]!;
    },
    of: (list) => list[next() % list.length]!,
  };
}

const calls = fc.array(fc.tuple(fc.nat(steps.length - 1), fc.array(fc.nat(1000), { minLength: 8, maxLength: 8 })), {
  minLength: 150,
  maxLength: 400,
  size: "max",
});

/** A VPC, a subnet, a load balancer with its listener, a prefix list in a route: what chance alone seldom brings together. */
const prelude: readonly (readonly [number, readonly number[]])[] = [
  [0, [3]],
  [2, [1, 4, 2]],
  [4, [3, 2, 3, 1, 1, 1, 2]],
  [7, [2, 2, 2, 1]],
  [11, [2, 1, 1]],
  [14, [2, 1, 0]],
  [15, [1, 3, 1, 0, 2]],
  [28, [1]],
  [30, [1, 1]],
  [19, [1, 1, 1, 1, 2]],
];

test("a sequence of calls keeps the invariants, and its journal replays to the same state", () => {
  const reached = new Set<number>();
  fc.assert(
    fc.property(calls, fc.nat(), fc.constantFrom(0, 0, 3, 20), (list, seed, transitionMs) => {
      const settings: Settings = { transitionMs, quotas: localQuotas };
      const hex = seededHex(seed);
      let state = emptyState;
      const journal: (readonly Change[])[] = [];
      for (const [at, [which, picks]] of [...prelude, ...list].entries()) {
        const caller = { accountId: "000000000000", region: "us-east-1" };
        const context: Context = { ...caller, nowMs: 1_700_000_000_000 + at, hex, settings };
        for (const verb of [settle, steps[which]!(drawOf(state, picks))]) {
          const outcome = verb(state, context);
          if (!outcome.ok || outcome.value.changes.length === 0) continue;
          if (verb !== settle) reached.add(which);
          journal.push(outcome.value.changes);
          state = apply(state, outcome.value.changes);
          expect(brokenSurroundingInvariants(state)).toEqual([]);
        }
      }
      expect(brokenInvariants(state)).toEqual([]);
      const replayed = (JSON.parse(JSON.stringify(journal)) as Change[][]).reduce(apply, emptyState);
      for (const kind of kinds) {
        const byId = (one: State): unknown => [...all(one, kind)].toSorted((a, b) => (a.id < b.id ? -1 : 1));
        expect(byId(replayed)).toEqual(byId(state));
      }
    }),
    { numRuns: 50 },
  );
  // What never succeeds is not tested.
  expect(
    steps
      .keys()
      .filter((at) => !reached.has(at))
      .toArray(),
  ).toEqual([]);
}, 120_000);
