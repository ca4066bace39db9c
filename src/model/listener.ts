/**
 * Listeners: the ports of a load balancer and where each forwards to.
 * Source: Elastic Load Balancing API Reference, version 2015-12-01, "CreateListener", "ModifyListener".
 */

import { ok, type Result } from "../base/result.ts";
import { type ApiError, fail } from "./error.ts";
import { checkArn, findLoadBalancer, type LoadBalancer } from "./load-balancer.ts";
import { checkLoadBalancingTags, loadBalancingArn } from "./load-balancer-name.ts";
import {
  type Attributes,
  type AttributeTable,
  listenerAttributes,
  withAttributes,
} from "./load-balancing-attribute.ts";
import type { Resource, Tags } from "./resource.ts";
import { find, findBy, put, remove, type State } from "./state.ts";
import { findTargetGroup, type TargetGroup, type TargetProtocol } from "./target-group.ts";
import { accept, type Caller, type Context, type Outcome } from "./verb.ts";

export interface Listener extends Resource {
  /** The ARN. */
  readonly id: string;
  readonly loadBalancerArn: string;
  /** Absent for a gateway load balancer, which listens on all ports. */
  readonly front?: ListenerFront;
  /** INVARIANT: they exist, are of the load balancer's VPC, and none is of another load balancer. */
  readonly forward: readonly ForwardTarget[];
  readonly attributes: Attributes;
}

export const listenerProtocols = ["TCP", "UDP", "TCP_UDP", "TLS"] as const;
export type ListenerProtocol = (typeof listenerProtocols)[number];

export interface ListenerFront {
  readonly protocol: ListenerProtocol;
  readonly port: number;
  /** Only of TLS. */
  readonly certificateArn?: string;
  readonly sslPolicy?: string;
}

export interface ForwardTarget {
  readonly targetGroupArn: string;
  /** Absent where the call gave none. */
  readonly weight?: number;
}

/** A listener as a call wishes it; absent members stay as they are where there is one. */
export interface ListenerWish {
  readonly protocol?: ListenerProtocol;
  readonly port?: number;
  readonly certificateArn?: string;
  readonly sslPolicy?: string;
  readonly forward?: readonly ForwardTarget[];
}

/** Fails with DuplicateListener, TargetGroupNotFound, InvalidConfigurationRequest, TargetGroupAssociationLimit and others. */
export function createListener(
  state: State,
  input: { readonly loadBalancerArn: string; readonly wish: ListenerWish; readonly tags: Tags },
  context: Context,
): Outcome<Listener> {
  const balancer = findLoadBalancer(state, input.loadBalancerArn, context);
  if (!balancer.ok) return balancer;
  const tags = checkLoadBalancingTags(input.tags);
  if (!tags.ok) return tags;
  const front = readFront(state, balancer.value, input.wish, undefined);
  if (!front.ok) return front;
  const forward = readForward(
    state,
    balancer.value,
    { front: front.value, forward: input.wish.forward ?? [] },
    context,
  );
  if (!forward.ok) return forward;
  const resource = balancer.value.id.slice(balancer.value.id.indexOf("loadbalancer/") + "loadbalancer/".length);
  const made: Listener = {
    id: loadBalancingArn(context, `listener/${resource}/${context.hex(16)}`),
    accountId: context.accountId,
    region: context.region,
    createdAtMs: context.nowMs,
    tags: tags.value,
    loadBalancerArn: balancer.value.id,
    ...(front.value !== undefined && { front: front.value }),
    forward: forward.value,
    attributes: {},
  };
  return accept(made, [put("listener", made)]);
}

export function modifyListener(
  state: State,
  input: { readonly arn: string; readonly wish: ListenerWish },
  context: Context,
): Outcome<Listener> {
  const found = findListener(state, input.arn, context);
  if (!found.ok) return found;
  const balancer = findLoadBalancer(state, found.value.loadBalancerArn, context);
  if (!balancer.ok) return balancer;
  const wish = { ...found.value.front, ...input.wish };
  const front = readFront(state, balancer.value, wish, found.value);
  if (!front.ok) return front;
  const wanted = { front: front.value, forward: input.wish.forward ?? found.value.forward };
  const forward = readForward(state, balancer.value, wanted, context);
  if (!forward.ok) return forward;
  const { front: _, ...rest } = found.value;
  const changed = { ...rest, ...(front.value !== undefined && { front: front.value }), forward: forward.value };
  return accept(changed, [put("listener", changed)]);
}

export function deleteListener(state: State, input: { readonly arn: string }, context: Context): Outcome<void> {
  const found = findListener(state, input.arn, context);
  return found.ok ? accept(undefined, [remove("listener", found.value.id)]) : found;
}

export function modifyListenerAttributes(
  state: State,
  input: { readonly arn: string; readonly attributes: Attributes },
  context: Context,
): Outcome<Listener> {
  const found = findListener(state, input.arn, context);
  if (!found.ok) return found;
  const attributes = withAttributes(listenerAttributeTableOf(found.value), found.value.attributes, input.attributes);
  if (!attributes.ok) return attributes;
  const changed = { ...found.value, attributes: attributes.value };
  return accept(changed, [put("listener", changed)]);
}

/** The caller's own; fails with ValidationError for what is no ARN of one, else with ListenerNotFound. */
export function findListener(state: State, arn: string, caller: Caller): Result<Listener, ApiError> {
  const shaped = checkArn(arn, "listener");
  if (!shaped.ok) return shaped;
  const found = find(state, "listener", arn);
  if (found?.accountId === caller.accountId && found.region === caller.region) return ok(found);
  return fail("ListenerNotFound", { message: "One or more listeners not found" });
}

/** Source: "ListenerAttribute": the idle timeout is of TCP listeners and of gateway load balancers. */
export function listenerAttributeTableOf(listener: Listener): AttributeTable {
  const { front } = listener;
  return front === undefined || front.protocol === "TCP" ? listenerAttributes : {};
}

/** Source: "CreateListener", SslPolicy: the policy of a listener for TLS that names none. */
const defaultSslPolicy = "ELBSecurityPolicy-2016-08";

function readFront(
  state: State,
  balancer: LoadBalancer,
  wish: ListenerWish,
  self: Listener | undefined,
): Result<ListenerFront | undefined, ApiError> {
  const others = findBy(state, "listener", "loadBalancerArn", balancer.id).filter((one) => one.id !== self?.id);
  const { protocol, port, certificateArn, sslPolicy } = wish;
  if (balancer.kind === "gateway") {
    if ((protocol ?? port) !== undefined) {
      return refuse("You cannot specify a protocol or port for a listener of a gateway load balancer");
    }
    return others.length === 0 ? ok(undefined) : duplicate(balancer);
  }
  if (protocol === undefined) return refuse("A listener protocol must be specified");
  if (port === undefined) return refuse("A listener port must be specified");
  if (port < 1 || port > 65_535) return refuse(`Port '${port}' must be between 1 and 65535`);
  if (others.some((one) => one.front?.port === port && usesSame(one.front.protocol, protocol))) {
    return duplicate(balancer);
  }
  if (protocol !== "TLS") {
    if (certificateArn !== undefined) return refuse(`Certificates cannot be specified for ${protocol} listeners`);
    return ok({ protocol, port });
  }
  if (certificateArn === undefined) return refuse("A certificate must be specified for TLS listeners");
  return ok({ protocol, port, certificateArn, sslPolicy: sslPolicy ?? defaultSslPolicy });
}

/** One port may be shared by a listener for TCP or TLS and one for UDP. */
function usesSame(a: ListenerProtocol, b: ListenerProtocol): boolean {
  return a === "TCP_UDP" || b === "TCP_UDP" || (a === "UDP") === (b === "UDP");
}

function readForward(
  state: State,
  balancer: LoadBalancer,
  wanted: { readonly front: ListenerFront | undefined; readonly forward: readonly ForwardTarget[] },
  caller: Caller,
): Result<readonly ForwardTarget[], ApiError> {
  if (wanted.forward.length === 0) return refuse("A default action must be specified");
  for (const { targetGroupArn } of wanted.forward) {
    const group = findTargetGroup(state, targetGroupArn, caller);
    if (!group.ok) return group;
    const fits = checkGroup(state, balancer, wanted.front?.protocol, group.value);
    if (!fits.ok) return fits;
  }
  return ok(wanted.forward);
}

function checkGroup(
  state: State,
  balancer: LoadBalancer,
  protocol: ListenerProtocol | undefined,
  group: TargetGroup,
): Result<void, ApiError> {
  const takes: readonly TargetProtocol[] = protocol === undefined ? ["GENEVE"] : groupsFor[protocol];
  if (!takes.includes(group.protocol)) {
    return misfit(
      `Listener protocol '${protocol ?? "GENEVE"}' is not supported with a target group with the protocol '${group.protocol}'`,
    );
  }
  if (group.vpcId !== balancer.vpcId) {
    return misfit(`Target group '${group.id}' is not in the same VPC as load balancer '${balancer.id}'`);
  }
  const used = findBy(state, "listener", "targetGroupArn", group.id);
  if (used.some((one) => one.loadBalancerArn !== balancer.id)) {
    return fail("TargetGroupAssociationLimit", {
      message: `The following target groups cannot be associated with more than one load balancer: ${group.id}`,
    });
  }
  return ok(undefined);
}

/** Source: Network Load Balancers guide, "Listeners", "Listener configuration". */
const groupsFor: Readonly<Record<ListenerProtocol, readonly TargetProtocol[]>> = {
  TCP: ["TCP", "TCP_UDP"],
  TLS: ["TCP", "TLS"],
  UDP: ["UDP", "TCP_UDP"],
  TCP_UDP: ["TCP_UDP"],
};

function duplicate(balancer: LoadBalancer): Result<never, ApiError> {
  return fail("DuplicateListener", {
    message: `A listener already exists on this port for this load balancer '${balancer.id}'`,
  });
}

function misfit(message: string): Result<never, ApiError> {
  return fail("InvalidConfigurationRequest", { message });
}

function refuse(message: string): Result<never, ApiError> {
  return fail("ValidationError", { message });
}
