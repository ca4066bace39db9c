/**
 * The attributes of load balancers, target groups and listeners: which there are, what they are at first, and what they
 * may be.
 * Source: Elastic Load Balancing API Reference, "LoadBalancerAttribute", "TargetGroupAttribute", "ListenerAttribute".
 */

import { ok, type Result } from "../base/result.ts";
import { type ApiError, fail } from "./error.ts";

/** Values by key; a resource stores only those that were set. */
export type Attributes = Readonly<Record<string, string>>;

/** For each key its first value and the values that it takes. */
export type AttributeTable = Readonly<Record<string, readonly [first: string, valid: RegExp]>>;

const flag = /^(true|false)$/;
const percentage = /^(off|[1-9]\d?|100)$/;
const count = /^(off|[1-9]\d{0,3})$/;
const text = /^.*$/s;

export const networkLoadBalancerAttributes: AttributeTable = {
  "access_logs.s3.enabled": ["false", flag],
  "access_logs.s3.bucket": ["", text],
  "access_logs.s3.prefix": ["", text],
  "deletion_protection.enabled": ["false", flag],
  "load_balancing.cross_zone.enabled": ["false", flag],
  "dns_record.client_routing_policy": [
    "any_availability_zone",
    /^(any_availability_zone|availability_zone_affinity|partial_availability_zone_affinity)$/,
  ],
  "ipv6.deny_all_igw_traffic": ["false", flag],
  "secondary_ips.auto_assigned.per_subnet": ["0", /^[0-7]$/],
  "zonal_shift.config.enabled": ["false", flag],
};

export const gatewayLoadBalancerAttributes: AttributeTable = {
  "deletion_protection.enabled": ["false", flag],
  "load_balancing.cross_zone.enabled": ["false", flag],
};

const sharedTargetGroupAttributes: AttributeTable = {
  "deregistration_delay.timeout_seconds": ["300", /^([0-9]|[1-9]\d{1,2}|[12]\d{3}|3[0-5]\d{2}|3600)$/],
  "load_balancing.cross_zone.enabled": [
    "use_load_balancer_configuration",
    /^(true|false|use_load_balancer_configuration)$/,
  ],
};

/** Of a target group of a network load balancer; whether it keeps the client's address depends on its kind. */
export function networkTargetGroupAttributes(preservesClientIp: boolean): AttributeTable {
  return {
    ...sharedTargetGroupAttributes,
    "deregistration_delay.connection_termination.enabled": ["false", flag],
    "preserve_client_ip.enabled": [String(preservesClientIp), flag],
    "proxy_protocol_v2.enabled": ["false", flag],
    "stickiness.enabled": ["false", flag],
    "stickiness.type": ["source_ip", /^source_ip$/],
    "target_group_health.dns_failover.minimum_healthy_targets.count": ["1", count],
    "target_group_health.dns_failover.minimum_healthy_targets.percentage": ["off", percentage],
    "target_group_health.unhealthy_state_routing.minimum_healthy_targets.count": ["1", /^[1-9]\d{0,3}$/],
    "target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage": ["off", percentage],
    "target_health_state.unhealthy.connection_termination.enabled": ["true", flag],
    "target_health_state.unhealthy.draining_interval_seconds": ["0", /^\d{1,6}$/],
  };
}

export const gatewayTargetGroupAttributes: AttributeTable = {
  ...sharedTargetGroupAttributes,
  "stickiness.enabled": ["false", flag],
  "stickiness.type": ["source_ip_dest_ip_proto", /^source_ip_dest_ip(_proto)?$/],
  "target_failover.on_deregistration": ["no_rebalance", /^(rebalance|no_rebalance)$/],
  "target_failover.on_unhealthy": ["no_rebalance", /^(rebalance|no_rebalance)$/],
};

/** Of listeners for TCP and of those of gateway load balancers; others have none. */
export const listenerAttributes: AttributeTable = {
  "tcp.idle_timeout.seconds": ["350", /^([6-9]\d|[1-9]\d{2}|[1-5]\d{3}|6000)$/],
};

/** Every attribute of the table with its value in force. */
export function attributesInForce(table: AttributeTable, set: Attributes): readonly (readonly [string, string])[] {
  return Object.entries(table).map(([key, [first]]) => [key, set[key] ?? first]);
}

/**
 * The attributes with the wished ones set; fails with ValidationError.
 * ASSUMPTION: the texts that refuse attributes of load balancers and target groups are ours.
 */
export function withAttributes(
  table: AttributeTable,
  set: Attributes,
  wished: Attributes,
): Result<Attributes, ApiError> {
  for (const [key, value] of Object.entries(wished)) {
    const row = Object.hasOwn(table, key) ? table[key] : undefined;
    if (row === undefined) {
      return fail("ValidationError", { message: `The attribute key '${key}' is not recognized` });
    }
    if (!row[1].test(value)) {
      return fail("ValidationError", { message: `The attribute value '${value}' for the key '${key}' is not valid` });
    }
  }
  return ok({ ...set, ...wished });
}
