import { expect, test } from "vitest";
import { seededHex } from "../../test/region-builder.ts";
import { nextDueMs, settle } from "./lifecycle.ts";
import { apply, emptyState, find, findBy, type State } from "./state.ts";
import { createSubnet } from "./subnet.ts";
import type { Context, Outcome } from "./verb.ts";
import { createVpcEndpoint, deleteVpcEndpoints } from "./vpc-endpoint.ts";
import { createVpc } from "./vpc.ts";

const hex = seededHex(3);
let state: State = emptyState;

function run<V>(verb: (state: State, context: Context) => Outcome<V>, nowMs: number, transitionMs: number): V {
  const settings = { transitionMs, quotas: "aws" } as const;
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
