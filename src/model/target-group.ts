/**
 * Target groups and the targets that are registered with them.
 * Source: Elastic Load Balancing API Reference, version 2015-12-01, "CreateTargetGroup", "RegisterTargets".
 */

import type { Id } from "../base/id.ts";
import { parseIp } from "../base/ip.ts";
import { containsIp } from "../base/prefix.ts";
import { ok, type Result } from "../base/result.ts";
import { storedPrefix } from "./cidr.ts";
import { type ApiError, fail } from "./error.ts";
import { type HealthCheck, type HealthCheckWish, newHealthCheck } from "./health-check.ts";
import { isEnding } from "./instance-transition.ts";
import { checkArn } from "./load-balancer.ts";
import { checkLoadBalancingTags, checkName, loadBalancingArn, nameKey } from "./load-balancer-name.ts";
import {
  type Attributes,
  type AttributeTable,
  gatewayTargetGroupAttributes,
  networkTargetGroupAttributes,
  withAttributes,
} from "./load-balancing-attribute.ts";
import type { Resource, Tags } from "./resource.ts";
import { find, findBy, put, remove, type State } from "./state.ts";
import { accept, type Caller, type Context, type Outcome } from "./verb.ts";
import { prefixesOfVpc } from "./vpc.ts";

export interface TargetGroup extends Resource {
  /** The ARN. */
  readonly id: string;
  readonly name: string;
  readonly protocol: TargetProtocol;
  readonly port: number;
  readonly vpcId: Id<"vpc">;
  readonly targetType: TargetType;
  readonly healthCheck: HealthCheck;
  /** INVARIANT: no two with the same id and port. */
  readonly targets: readonly Target[];
  readonly attributes: Attributes;
}

export const targetProtocols = ["TCP", "UDP", "TCP_UDP", "TLS", "GENEVE"] as const;
export type TargetProtocol = (typeof targetProtocols)[number];
export type TargetType = "instance" | "ip";

export interface Target {
  /** An instance's id or an IPv4 address. */
  readonly id: string;
  readonly port: number;
  /** Only of addresses: a zone's name or `all`. */
  readonly availabilityZone?: string;
}

export interface CreateTargetGroupInput {
  readonly name: string;
  readonly protocol: TargetProtocol;
  readonly port: number;
  readonly vpcId: string;
  readonly targetType: TargetType;
  readonly healthCheck: HealthCheckWish;
  readonly tags: Tags;
}

/** The group; the same call again answers the same one. Fails with ValidationError or DuplicateTargetGroupName. */
export function createTargetGroup(state: State, input: CreateTargetGroupInput, context: Context): Outcome<TargetGroup> {
  const named = checkName("target group", input.name);
  if (!named.ok) return named;
  if (input.port < 1 || input.port > 65_535) return refuse(`Port '${input.port}' must be between 1 and 65535`);
  if (input.protocol === "GENEVE" && input.port !== 6081) {
    return refuse("The port of a target group with the protocol GENEVE must be 6081");
  }
  const vpc = find(state, "vpc", input.vpcId);
  if (vpc?.accountId !== context.accountId || vpc.region !== context.region) {
    return refuse(`The VPC ID '${input.vpcId}' is not found`);
  }
  const healthCheck = newHealthCheck(input.healthCheck, input.protocol);
  if (!healthCheck.ok) return healthCheck;
  const tags = checkLoadBalancingTags(input.tags);
  if (!tags.ok) return tags;
  const [before] = findBy(state, "target-group", "name", nameKey(context, input.name));
  if (before !== undefined) {
    if (isSame(before, input, healthCheck.value)) return accept(before, []);
    return fail("DuplicateTargetGroupName", {
      message: `A target group with the same name '${input.name}' exists, but with different settings`,
    });
  }
  const made: TargetGroup = {
    id: loadBalancingArn(context, `targetgroup/${input.name}/${context.hex(16)}`),
    accountId: context.accountId,
    region: context.region,
    createdAtMs: context.nowMs,
    tags: tags.value,
    name: input.name,
    protocol: input.protocol,
    port: input.port,
    vpcId: vpc.id,
    targetType: input.targetType,
    healthCheck: healthCheck.value,
    targets: [],
    attributes: {},
  };
  return accept(made, [put("target-group", made)]);
}

/** Changes the health check; what the call does not name stays. */
export function modifyTargetGroup(
  state: State,
  input: { readonly arn: string; readonly healthCheck: HealthCheckWish },
  context: Context,
): Outcome<TargetGroup> {
  const found = findTargetGroup(state, input.arn, context);
  if (!found.ok) return found;
  const healthCheck = newHealthCheck({ ...found.value.healthCheck, ...input.healthCheck }, found.value.protocol);
  if (!healthCheck.ok) return healthCheck;
  const changed = { ...found.value, healthCheck: healthCheck.value };
  return accept(changed, [put("target-group", changed)]);
}

/** Fails with ResourceInUse while a listener forwards to it; one that does not exist is no failure. */
export function deleteTargetGroup(state: State, input: { readonly arn: string }, context: Context): Outcome<void> {
  const shaped = checkArn(input.arn, "target group");
  if (!shaped.ok) return shaped;
  const found = ownTargetGroup(state, input.arn, context);
  if (found === undefined) return accept(undefined, []);
  if (findBy(state, "listener", "targetGroupArn", found.id).length > 0) {
    return fail("ResourceInUse", {
      message: `Target group '${found.id}' is currently in use by a listener or a rule`,
    });
  }
  return accept(undefined, [remove("target-group", found.id)]);
}

export function modifyTargetGroupAttributes(
  state: State,
  input: { readonly arn: string; readonly attributes: Attributes },
  context: Context,
): Outcome<TargetGroup> {
  const found = findTargetGroup(state, input.arn, context);
  if (!found.ok) return found;
  const table = targetGroupAttributeTableOf(found.value);
  const attributes = withAttributes(table, found.value.attributes, input.attributes);
  if (!attributes.ok) return attributes;
  const changed = { ...found.value, attributes: attributes.value };
  return accept(changed, [put("target-group", changed)]);
}

/** A target as a call names it. */
export interface TargetWish {
  readonly id: string;
  readonly port?: number;
  readonly availabilityZone?: string;
}

/** Adds targets; one that is there already stays as it is. Fails with InvalidTarget. */
export function registerTargets(
  state: State,
  input: { readonly arn: string; readonly targets: readonly TargetWish[] },
  context: Context,
): Outcome<void> {
  const found = findTargetGroup(state, input.arn, context);
  if (!found.ok) return found;
  const group = found.value;
  const targets = [...group.targets];
  for (const wish of input.targets) {
    const target = readTarget(state, group, wish, context);
    if (!target.ok) return target;
    const same = targets.some((one) => one.id === target.value.id && one.port === target.value.port);
    if (!same) targets.push(target.value);
  }
  return accept(undefined, [put("target-group", { ...group, targets })]);
}

/**
 * Takes targets away, without a port all of that id. Fails with InvalidTarget for one that is not registered.
 * ASSUMPTION: a deregistered target is gone at once: there is no time of draining.
 */
export function deregisterTargets(
  state: State,
  input: { readonly arn: string; readonly targets: readonly TargetWish[] },
  context: Context,
): Outcome<void> {
  const found = findTargetGroup(state, input.arn, context);
  if (!found.ok) return found;
  const group = found.value;
  const names = (wish: TargetWish, one: Target): boolean =>
    one.id === wish.id && (wish.port === undefined || wish.port === one.port);
  const unknown = input.targets.filter((wish) => !group.targets.some((one) => names(wish, one)));
  if (unknown.length > 0) {
    const ids = unknown.map((one) => `'${one.id}'`).join(", ");
    return invalidTarget(`The following targets are not registered with target group '${group.name}': ${ids}`);
  }
  const targets = group.targets.filter((one) => !input.targets.some((wish) => names(wish, one)));
  return accept(undefined, [put("target-group", { ...group, targets })]);
}

/** The caller's own; fails with ValidationError for what is no ARN of one, else with TargetGroupNotFound. */
export function findTargetGroup(state: State, arn: string, caller: Caller): Result<TargetGroup, ApiError> {
  const shaped = checkArn(arn, "target group");
  if (!shaped.ok) return shaped;
  const found = ownTargetGroup(state, arn, caller);
  return found === undefined
    ? fail("TargetGroupNotFound", { message: "One or more target groups not found" })
    : ok(found);
}

/** Source: "Target groups for your Network Load Balancers", client IP preservation: instances, and addresses of UDP. */
export function targetGroupAttributeTableOf(group: TargetGroup): AttributeTable {
  if (group.protocol === "GENEVE") return gatewayTargetGroupAttributes;
  const udp = group.protocol === "UDP" || group.protocol === "TCP_UDP";
  return networkTargetGroupAttributes(group.targetType === "instance" || udp);
}

/** The ARNs of the load balancers that forward to the group. */
export function loadBalancersOf(state: State, group: TargetGroup): readonly string[] {
  return [...new Set(findBy(state, "listener", "targetGroupArn", group.id).map((one) => one.loadBalancerArn))].sort();
}

function ownTargetGroup(state: State, arn: string, caller: Caller): TargetGroup | undefined {
  const found = find(state, "target-group", arn);
  return found?.accountId === caller.accountId && found.region === caller.region ? found : undefined;
}

function isSame(before: TargetGroup, input: CreateTargetGroupInput, healthCheck: HealthCheck): boolean {
  const { protocol, port, vpcId, targetType } = input;
  return (
    JSON.stringify([before.protocol, before.port, before.vpcId, before.targetType, before.healthCheck]) ===
    JSON.stringify([protocol, port, vpcId, targetType, healthCheck])
  );
}

function readTarget(state: State, group: TargetGroup, wish: TargetWish, caller: Caller): Result<Target, ApiError> {
  const port = wish.port ?? group.port;
  if (port < 1 || port > 65_535) return refuse(`Port '${port}' must be between 1 and 65535`);
  if (group.targetType === "instance") {
    const instance = find(state, "instance", wish.id);
    if (instance?.accountId !== caller.accountId || isEnding(instance)) {
      return invalidTarget(`The following targets are not valid instances: '${wish.id}'`);
    }
    return instance.vpcId === group.vpcId
      ? ok({ id: instance.id, port })
      : invalidTarget(`The following targets are not in the target group VPC '${group.vpcId}': '${wish.id}'`);
  }
  const ip = parseIp(wish.id);
  if (ip?.width !== 32) return refuse(`The IP address '${wish.id}' is not a valid IPv4 address`);
  const vpc = find(state, "vpc", group.vpcId);
  const inside = vpc !== undefined && prefixesOfVpc(vpc).some((block) => containsIp(block, ip));
  const zone = wish.availabilityZone === undefined ? {} : { availabilityZone: wish.availabilityZone };
  if (inside) return ok({ id: wish.id, port, ...zone });
  if (!privateBlocks.some((block) => containsIp(block, ip))) {
    return refuse(`The IP address '${wish.id}' is not a private address`);
  }
  return wish.availabilityZone === "all"
    ? ok({ id: wish.id, port, ...zone })
    : refuse(`You must specify an Availability Zone of 'all' for IP address '${wish.id}', which is outside the VPC`);
}

/** Source: "RegisterTargets", TargetDescription, Id: the blocks of RFC 1918 and RFC 6598. */
const privateBlocks = ["10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16"].map(storedPrefix);

function invalidTarget(message: string): Result<never, ApiError> {
  return fail("InvalidTarget", { message });
}

function refuse(message: string): Result<never, ApiError> {
  return fail("ValidationError", { message });
}
