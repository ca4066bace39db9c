/** Moves on what has been in a passing state for long enough. The daemon calls it when the next one is due. */

import { settledInstance } from "./instance-transition.ts";
import { settledLoadBalancer } from "./load-balancer.ts";
import { settledNatGateway } from "./nat-gateway.ts";
import { type Change, type Documents, findBy, type State } from "./state.ts";
import { passing, type Settler } from "./transition.ts";
import { accept, type Context, type Outcome } from "./verb.ts";
import { settledEndpoint } from "./vpc-endpoint.ts";
import { settledEndpointService } from "./endpoint-service.ts";
import { settledPeering } from "./vpc-peering.ts";
import { settledVpnConnection } from "./vpn-connection.ts";

/** The kinds that have passing states: they have the index `transition`. */
type TransitionalKind =
  | "vpc-endpoint"
  | "vpc-endpoint-service"
  | "instance"
  | "natgateway"
  | "vpc-peering-connection"
  | "vpn-connection"
  | "load-balancer";

const settlers: { readonly [K in TransitionalKind]: Settler<Documents[K]> } = {
  "vpc-endpoint": settledEndpoint,
  "vpc-endpoint-service": settledEndpointService,
  instance: settledInstance,
  natgateway: settledNatGateway,
  "vpc-peering-connection": settledPeering,
  "vpn-connection": settledVpnConnection,
  "load-balancer": settledLoadBalancer,
};

/** Moves on all that is due, of every account and region. */
export function settle(state: State, context: Context): Outcome<void> {
  const changes = kinds.flatMap((kind) => settledOf(state, kind, context));
  return accept(undefined, changes);
}

/** When the next one is due, in milliseconds since the epoch; undefined when nothing is on its way. */
export function nextDueMs(state: State): number | undefined {
  const due = kinds.flatMap((kind) => findBy(state, kind, "transition", passing).map((one) => one.settlesAtMs ?? 0));
  return due.length === 0 ? undefined : Math.min(...due);
}

const kinds = Object.keys(settlers) as readonly TransitionalKind[];

function settledOf<K extends TransitionalKind>(state: State, kind: K, context: Context): readonly Change[] {
  return findBy(state, kind, "transition", passing)
    .filter((one) => (one.settlesAtMs ?? 0) <= context.nowMs)
    .flatMap((one) => settlers[kind](one, state, context));
}
