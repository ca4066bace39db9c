import { expect, test } from "vitest";
import { type RegionBuilder, regionBuilder, seededHex } from "../../test/region-builder.ts";
import { stopInstances } from "./instance-state.ts";
import { terminateInstances } from "./instance.ts";
import { brokenInvariants } from "./invariant.ts";
import { nextDueMs, settle } from "./lifecycle.ts";
import { createLoadBalancer, deleteLoadBalancer } from "./load-balancer.ts";
import { deleteNatGateway } from "./nat-gateway.ts";
import { localQuotas } from "./quota.ts";
import { apply, emptyState, find, findBy, type State } from "./state.ts";
import { createSubnet } from "./subnet.ts";
import type { Context, Outcome } from "./verb.ts";
import { createVpcEndpoint, deleteVpcEndpoints } from "./vpc-endpoint.ts";
import { acceptVpcPeeringConnection, createVpcPeeringConnection, deleteVpcPeeringConnection } from "./vpc-peering.ts";
import { createVpc } from "./vpc.ts";
import { connectionStateOf, createVpnConnection, deleteVpnConnection } from "./vpn-connection.ts";
import { createCustomerGateway, createVpnGateway } from "./vpn-gateway.ts";

const hex = seededHex(3);
let state: State = emptyState;

function run<V>(verb: (state: State, context: Context) => Outcome<V>, nowMs: number, transitionMs: number): V {
  const settings = { transitionMs, quotas: localQuotas };
  const outcome = verb(state, { nowMs, hex, accountId: "1", region: "us-east-1", settings });
  if (!outcome.ok) throw new Error(outcome.error.code);
  state = apply(state, outcome.value.changes);
  return outcome.value.value;
}

function newEndpoint(nowMs: number, transitionMs: number): string {
  state = emptyState;
  const vpc = run((s, x) => createVpc(s, { cidrBlock: "10.0.0.0/16", tags: [] }, x), nowMs, 0);
  const subnet = run((s, x) => createSubnet(s, { vpcId: vpc.id, cidrBlock: "10.0.0.0/24", tags: [] }, x), nowMs, 0);
  const made = run(
    (s, x) =>
      createVpcEndpoint(
        s,
        {
          type: "Interface",
          vpcId: vpc.id,
          serviceName: "com.amazonaws.us-east-1.sqs",
          routeTableIds: [],
          subnets: [{ subnetId: subnet.id }],
          securityGroupIds: [],
          tags: [],
        },
        x,
      ),
    nowMs,
    transitionMs,
  );
  expect(made.state).toBe("pending");
  return made.id;
}

const stateOf = (id: string): string | undefined => find(state, "vpc-endpoint", id)?.state;
const interfaces = (): number => state.tables["network-interface"].byId.size;
const deleted = (id: string) => (s: State, x: Context) => deleteVpcEndpoints(s, { vpcEndpointIds: [id] }, x);

test("without a delay what a call starts is done", () => {
  const id = newEndpoint(0, 0);
  expect(stateOf(id)).toBe("available");
  expect(nextDueMs(state)).toBeUndefined();
  run(deleted(id), 0, 0);
  expect(stateOf(id)).toBeUndefined();
  expect(interfaces()).toBe(0);
});

test("with a delay states pass when they are due, and not before", () => {
  const id = newEndpoint(1_000, 500);
  expect([stateOf(id), nextDueMs(state)]).toEqual(["pending", 1_500]);
  run(settle, 1_499, 500);
  expect(stateOf(id)).toBe("pending");
  run(settle, 1_500, 500);
  expect([stateOf(id), nextDueMs(state)]).toEqual(["available", undefined]);
  run(deleted(id), 2_000, 500);
  expect([stateOf(id), interfaces(), nextDueMs(state)]).toEqual(["deleting", 1, 2_500]);
  run(deleted(id), 2_100, 500);
  expect(nextDueMs(state)).toBe(2_500);
  run(settle, 3_000, 500);
  expect([stateOf(id), interfaces(), findBy(state, "vpc-endpoint", "transition", "passing")]).toEqual([
    undefined,
    0,
    [],
  ]);
});

/** What each kind passes through: made at 0 and settled, then ended and settled, with a second in between. */
interface Life {
  readonly kind: string;
  readonly make: (build: RegionBuilder) => string;
  readonly end?: (build: RegionBuilder, id: string) => void;
  readonly stateOf: (state: State, id: string) => string | undefined;
  readonly states: readonly (string | undefined)[];
}

const lives: readonly Life[] = [
  {
    kind: "a public NAT gateway",
    make: (build) => {
      const vpcId = build.vpc("10.0.0.0/16");
      build.gateway(vpcId);
      return build.nat(build.subnet(vpcId, "10.0.0.0/24"));
    },
    end: (build, id) => build.run(deleteNatGateway, { natGatewayId: id }),
    stateOf: (it, id) => find(it, "natgateway", id)?.state,
    states: ["pending", "available", "deleting", "deleted"],
  },
  {
    kind: "an instance that is terminated",
    make: (build) => build.instance(build.subnet(build.vpc("10.0.0.0/16"), "10.0.0.0/24")).id,
    end: (build, id) => build.run(terminateInstances, { instanceIds: [id] }),
    stateOf: (it, id) => find(it, "instance", id)?.state,
    states: ["pending", "running", "shutting-down", "terminated"],
  },
  {
    kind: "an instance that is stopped",
    make: (build) => build.instance(build.subnet(build.vpc("10.0.0.0/16"), "10.0.0.0/24")).id,
    end: (build, id) => build.run(stopInstances, { instanceIds: [id] }),
    stateOf: (it, id) => find(it, "instance", id)?.state,
    states: ["pending", "running", "stopping", "stopped"],
  },
  {
    kind: "a request for peering that is accepted",
    make: (build) => peering(build, "10.1.0.0/16"),
    end: (build, id) => build.run(acceptVpcPeeringConnection, { vpcPeeringConnectionId: id }),
    stateOf: peeringStatus,
    states: ["initiating-request", "pending-acceptance", "provisioning", "active"],
  },
  {
    kind: "a request for peering that is taken back",
    make: (build) => peering(build, "10.1.0.0/16"),
    end: (build, id) => build.run(deleteVpcPeeringConnection, { vpcPeeringConnectionId: id }),
    stateOf: peeringStatus,
    states: ["initiating-request", "pending-acceptance", "deleting", "deleted"],
  },
  {
    kind: "a request for peering of blocks that overlap",
    make: (build) => peering(build, "10.0.0.0/24"),
    stateOf: peeringStatus,
    states: ["initiating-request", "failed", "failed", "failed"],
  },
  {
    kind: "a VPN connection",
    make: (build) => {
      const customer = { bgpAsn: 65_000, ipAddress: "203.0.113.9", tags: [] };
      const customerGatewayId = build.run(createCustomerGateway, customer).id;
      const vpnGatewayId = build.run(createVpnGateway, { tags: [] }).id;
      const wanted = { customerGatewayId, vpnGatewayId, staticRoutesOnly: true, tunnels: [], tags: [] };
      return build.run(createVpnConnection, wanted).id;
    },
    end: (build, id) => build.run(deleteVpnConnection, { vpnConnectionId: id }),
    stateOf: (it, id) => {
      const found = find(it, "vpn-connection", id);
      return found && connectionStateOf(found);
    },
    states: ["pending", "available", "deleting", "deleted"],
  },
  {
    kind: "a load balancer",
    make: (build) => {
      const subnetId = build.subnet(build.vpc("10.0.0.0/16"), "10.0.0.0/24");
      const wanted = { kind: "network", name: "front", scheme: "internal" } as const;
      return build.run(createLoadBalancer, { ...wanted, subnets: [{ subnetId }], securityGroupIds: [], tags: [] }).id;
    },
    end: (build, arn) => build.run(deleteLoadBalancer, { arn }),
    stateOf: (it, id) => {
      const found = find(it, "load-balancer", id);
      return found && (found.settlesAtMs === undefined ? "active" : "provisioning");
    },
    states: ["provisioning", "active", undefined, undefined],
  },
];

const settleAll = (it: State, _: undefined, context: Context): Outcome<void> => settle(it, context);

function peering(build: RegionBuilder, peerBlock: string): string {
  const [vpcId, peerVpcId] = [build.vpc("10.0.0.0/16"), build.vpc(peerBlock)];
  return build.run(createVpcPeeringConnection, { vpcId, peerVpcId, tags: [] }).id;
}

function peeringStatus(it: State, id: string): string | undefined {
  return find(it, "vpc-peering-connection", id)?.status;
}

test.each(lives)("$kind passes through its states", ({ make, end, stateOf: read, states }) => {
  const play = (transitionMs: number): readonly (string | undefined)[] => {
    const build = regionBuilder({ transitionMs });
    const id = make(build);
    const seen = [read(build.state(), id)];
    const wait = (): void => {
      build.pass(transitionMs);
      build.run(settleAll, undefined);
      seen.push(read(build.state(), id));
    };
    wait();
    end?.(build, id);
    seen.push(read(build.state(), id));
    wait();
    expect([nextDueMs(build.state()), brokenInvariants(build.state())]).toEqual([undefined, []]);
    return seen;
  };
  expect(play(1000)).toEqual(states);
  const [, begun, , ended] = states;
  expect(play(0)).toEqual([begun, begun, ended, ended]);
});
