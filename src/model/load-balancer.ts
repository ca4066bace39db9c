/**
 * Network and gateway load balancers: the front of endpoint services.
 * Source: Elastic Load Balancing API Reference, version 2015-12-01, "CreateLoadBalancer" and the operations below it.
 */

import { ok, type Result } from "../base/result.ts";
import type { Id } from "../base/id.ts";
import { type ApiError, fail } from "./error.ts";
import { checkLoadBalancingTags, checkName, loadBalancingArn, nameKey } from "./load-balancer-name.ts";
import {
  chooseSubnets,
  type LoadBalancerZone,
  regroupedZones,
  type SubnetMapping,
  withoutZones,
  withZones,
} from "./load-balancer-zone.ts";
import {
  type Attributes,
  type AttributeTable,
  gatewayLoadBalancerAttributes,
  networkLoadBalancerAttributes,
  withAttributes,
} from "./load-balancing-attribute.ts";
import type { Resource, Tags } from "./resource.ts";
import { type Change, find, findBy, put, remove, type State } from "./state.ts";
import { enter, lasting, type Transitional } from "./transition.ts";
import { accept, type Caller, type Context, type Outcome } from "./verb.ts";

export type LoadBalancer = NetworkLoadBalancer | GatewayLoadBalancer;

/** In its passing state it is `provisioning`, else `active`. */
interface LoadBalancerBase extends Resource, Transitional {
  /** The ARN. */
  readonly id: string;
  readonly name: string;
  readonly vpcId: Id<"vpc">;
  /** INVARIANT: subnets of the VPC, no two of one availability zone; each with an interface of its own. */
  readonly zones: readonly LoadBalancerZone[];
  readonly attributes: Attributes;
}

export interface NetworkLoadBalancer extends LoadBalancerBase {
  readonly kind: "network";
  readonly scheme: "internal" | "internet-facing";
  readonly dnsName: string;
  readonly securityGroupIds: readonly Id<"sg">[];
  /** Whether the security groups also judge what comes through PrivateLink. */
  readonly enforcesOnPrivateLink: boolean;
}

export interface GatewayLoadBalancer extends LoadBalancerBase {
  readonly kind: "gateway";
}

export interface CreateLoadBalancerInput {
  readonly kind: "network" | "gateway";
  readonly name: string;
  readonly scheme: "internal" | "internet-facing";
  readonly subnets: readonly SubnetMapping[];
  readonly securityGroupIds: readonly string[];
  readonly tags: Tags;
}

/**
 * The load balancer with an interface in each subnet; the same call again answers the same one. Fails with
 * ValidationError, DuplicateLoadBalancerName, SubnetNotFound, InvalidSubnet, InvalidConfigurationRequest.
 */
export function createLoadBalancer(
  state: State,
  input: CreateLoadBalancerInput,
  context: Context,
): Outcome<LoadBalancer> {
  const named = checkName("load balancer", input.name);
  if (!named.ok) return named;
  const tags = checkLoadBalancingTags(input.tags);
  if (!tags.ok) return tags;
  const subnets = chooseSubnets(state, input.subnets, context);
  if (!subnets.ok) return subnets;
  const [before] = findBy(state, "load-balancer", "name", nameKey(context, input.name));
  if (before !== undefined) return isSame(before, input) ? accept(before, []) : duplicate(input.name);
  const { vpcId, chosen } = subnets.value;
  const groups = checkGroups(state, input, vpcId);
  if (!groups.ok) return groups;
  const hex = context.hex(16);
  const resource = `${input.kind === "network" ? "net" : "gwy"}/${input.name}/${hex}`;
  const facesInternet = input.kind === "network" && input.scheme === "internet-facing";
  if (facesInternet && findBy(state, "internet-gateway", "vpcId", vpcId).length === 0) {
    return fail("InvalidSubnet", { message: `VPC ${vpcId} has no internet gateway` });
  }
  const arn = loadBalancingArn(context, `loadbalancer/${resource}`);
  const owner = { arn, resource, kind: input.kind, facesInternet, securityGroupIds: groups.value };
  const zones = withZones(state, chosen, owner, context);
  if (!zones.ok) return zones;
  const base = {
    id: arn,
    accountId: context.accountId,
    region: context.region,
    createdAtMs: context.nowMs,
    tags: tags.value,
    name: input.name,
    vpcId,
    zones: zones.value.zones,
    attributes: {},
  };
  const made: LoadBalancer =
    input.kind === "gateway"
      ? { kind: "gateway", ...base }
      : {
          kind: "network",
          ...base,
          scheme: input.scheme,
          dnsName: `${input.name}-${hex}.elb.${context.region}.amazonaws.com`,
          securityGroupIds: groups.value,
          enforcesOnPrivateLink: input.securityGroupIds.length > 0,
        };
  return accept(made, [...zones.value.changes, ...enter("load-balancer", made, settledLoadBalancer, context)]);
}

/** What a load balancer that is being provisioned becomes. */
export function settledLoadBalancer(balancer: LoadBalancer): readonly Change[] {
  return [put("load-balancer", lasting(balancer))];
}

/** Deletes the load balancer, its listeners and interfaces; one that does not exist is no failure. */
export function deleteLoadBalancer(state: State, input: { readonly arn: string }, context: Context): Outcome<void> {
  const shaped = checkArn(input.arn, "load balancer");
  if (!shaped.ok) return shaped;
  const found = ownLoadBalancer(state, input.arn, context);
  if (found === undefined) return accept(undefined, []);
  if (found.attributes["deletion_protection.enabled"] === "true") {
    return fail("OperationNotPermitted", {
      message: `Load balancer '${found.id}' cannot be deleted because deletion protection is enabled`,
    });
  }
  if (findBy(state, "vpc-endpoint-service", "loadBalancerArn", found.id).length > 0) {
    return fail("ResourceInUse", {
      message: `Load balancer '${found.id}' cannot be deleted because it is currently associated with another service`,
    });
  }
  const listeners = findBy(state, "listener", "loadBalancerArn", found.id);
  return accept(undefined, [
    ...withoutZones(found.zones),
    ...listeners.map((one) => remove("listener", one.id)),
    remove("load-balancer", found.id),
  ]);
}

/** Moves the load balancer to these subnets; interfaces in subnets that stay are kept. */
export function setSubnets(
  state: State,
  input: { readonly arn: string; readonly subnets: readonly SubnetMapping[] },
  context: Context,
): Outcome<LoadBalancer> {
  const found = findLoadBalancer(state, input.arn, context);
  if (!found.ok) return found;
  const subnets = chooseSubnets(state, input.subnets, context);
  if (!subnets.ok) return subnets;
  const balancer = found.value;
  if (subnets.value.vpcId !== balancer.vpcId) {
    return fail("InvalidConfigurationRequest", { message: `All subnets must belong to the VPC '${balancer.vpcId}'` });
  }
  const stay = balancer.zones.filter((zone) => subnets.value.chosen.some((one) => one.subnet.id === zone.subnetId));
  const joining = subnets.value.chosen.filter((one) => !stay.some((zone) => zone.subnetId === one.subnet.id));
  const zones = withZones(state, joining, ownerOf(balancer), context);
  if (!zones.ok) return zones;
  const leaving = balancer.zones.filter((zone) => !stay.includes(zone));
  const changed = { ...balancer, zones: [...stay, ...zones.value.zones] };
  return accept(changed, [...withoutZones(leaving), ...zones.value.changes, put("load-balancer", changed)]);
}

/** Source: "SetSecurityGroups": only for a network load balancer that was made with security groups. */
export function setSecurityGroups(
  state: State,
  input: {
    readonly arn: string;
    readonly securityGroupIds: readonly string[];
    readonly enforcesOnPrivateLink?: boolean;
  },
  context: Context,
): Outcome<NetworkLoadBalancer> {
  const found = findLoadBalancer(state, input.arn, context);
  if (!found.ok) return found;
  const balancer = found.value;
  if (balancer.kind === "gateway")
    return cannotHaveGroups("Security groups are not supported for gateway load balancers");
  if (balancer.securityGroupIds.length === 0 && input.securityGroupIds.length > 0) {
    return cannotHaveGroups(
      "You cannot set security groups on a Network Load Balancer that was created without security groups",
    );
  }
  const groups = checkGroups(state, { kind: balancer.kind, securityGroupIds: input.securityGroupIds }, balancer.vpcId);
  if (!groups.ok) return groups;
  const changed: NetworkLoadBalancer = {
    ...balancer,
    securityGroupIds: groups.value,
    enforcesOnPrivateLink: input.enforcesOnPrivateLink ?? balancer.enforcesOnPrivateLink,
  };
  return accept(changed, [...regroupedZones(state, changed.zones, groups.value), put("load-balancer", changed)]);
}

export function modifyLoadBalancerAttributes(
  state: State,
  input: { readonly arn: string; readonly attributes: Attributes },
  context: Context,
): Outcome<LoadBalancer> {
  const found = findLoadBalancer(state, input.arn, context);
  if (!found.ok) return found;
  const attributes = withAttributes(attributeTableOf(found.value), found.value.attributes, input.attributes);
  if (!attributes.ok) return attributes;
  const changed = { ...found.value, attributes: attributes.value };
  return accept(changed, [put("load-balancer", changed)]);
}

/** The caller's own; fails with ValidationError for what is no ARN of one, else with LoadBalancerNotFound. */
export function findLoadBalancer(state: State, arn: string, caller: Caller): Result<LoadBalancer, ApiError> {
  const shaped = checkArn(arn, "load balancer");
  if (!shaped.ok) return shaped;
  const found = ownLoadBalancer(state, arn, caller);
  return found === undefined
    ? fail("LoadBalancerNotFound", { message: `Load balancer '${arn}' not found` })
    : ok(found);
}

export function attributeTableOf(balancer: LoadBalancer): AttributeTable {
  return balancer.kind === "network" ? networkLoadBalancerAttributes : gatewayLoadBalancerAttributes;
}

const arnForms = {
  "load balancer":
    /^arn:aws:elasticloadbalancing:[a-z0-9-]+:\d{12}:loadbalancer\/(net|gwy|app)\/[A-Za-z0-9-]+\/[0-9a-f]{16}$/,
  "target group": /^arn:aws:elasticloadbalancing:[a-z0-9-]+:\d{12}:targetgroup\/[A-Za-z0-9-]+\/[0-9a-f]{16}$/,
  listener:
    /^arn:aws:elasticloadbalancing:[a-z0-9-]+:\d{12}:listener\/(net|gwy|app)\/[A-Za-z0-9-]+\/[0-9a-f]{16}\/[0-9a-f]{16}$/,
} as const;

/** Fails with ValidationError for a text that is no ARN of the kind. */
export function checkArn(arn: string, kind: keyof typeof arnForms): Result<void, ApiError> {
  if (arnForms[kind].test(arn)) return ok(undefined);
  return fail("ValidationError", { message: `'${arn}' is not a valid ${kind} ARN` });
}

function ownLoadBalancer(state: State, arn: string, caller: Caller): LoadBalancer | undefined {
  const found = find(state, "load-balancer", arn);
  return found?.accountId === caller.accountId && found.region === caller.region ? found : undefined;
}

function isSame(before: LoadBalancer, input: CreateLoadBalancerInput): boolean {
  const subnetIds = (list: readonly { readonly subnetId: string }[]): string =>
    list
      .map((one) => one.subnetId)
      .toSorted()
      .join();
  if (before.kind !== input.kind || subnetIds(before.zones) !== subnetIds(input.subnets)) return false;
  return before.kind === "gateway" || before.scheme === input.scheme;
}

function duplicate(name: string): Result<never, ApiError> {
  return fail("DuplicateLoadBalancerName", {
    message: `A load balancer with the same name '${name}' exists, but with different settings`,
  });
}

/** ASSUMPTION: the text that refuses security groups on a gateway load balancer is ours. */
function checkGroups(
  state: State,
  input: { readonly kind: LoadBalancer["kind"]; readonly securityGroupIds: readonly string[] },
  vpcId: string,
): Result<readonly Id<"sg">[], ApiError> {
  if (input.securityGroupIds.length === 0) return ok([]);
  if (input.kind === "gateway") return cannotHaveGroups("Security groups are not supported for gateway load balancers");
  const groups: Id<"sg">[] = [];
  for (const id of new Set(input.securityGroupIds)) {
    const group = find(state, "security-group", id);
    if (group?.vpcId !== vpcId) {
      return fail("InvalidSecurityGroup", { message: `The security group '${id}' does not exist in VPC '${vpcId}'` });
    }
    groups.push(group.id);
  }
  return ok(groups);
}

function cannotHaveGroups(message: string): Result<never, ApiError> {
  return fail("InvalidConfigurationRequest", { message });
}

function ownerOf(balancer: LoadBalancer): Parameters<typeof withZones>[2] {
  return {
    arn: balancer.id,
    resource: balancer.id.slice(balancer.id.indexOf("loadbalancer/") + "loadbalancer/".length),
    kind: balancer.kind,
    facesInternet: balancer.kind === "network" && balancer.scheme === "internet-facing",
    securityGroupIds: balancer.kind === "network" ? balancer.securityGroupIds : [],
  };
}
