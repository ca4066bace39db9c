/**
 * How a load balancer finds out whether a target works, and what it says of one.
 * Source: Elastic Load Balancing API Reference, "CreateTargetGroup", HealthCheck…; "TargetHealth".
 */

import { ok, type Result } from "../base/result.ts";
import { type ApiError, fail } from "./error.ts";
import { find, type State } from "./state.ts";
import type { Target, TargetGroup, TargetProtocol } from "./target-group.ts";
import { loadBalancersOf } from "./target-group.ts";

export interface HealthCheck {
  readonly protocol: "TCP" | "HTTP" | "HTTPS";
  /** A number, or `traffic-port` for the target's own. */
  readonly port: string;
  readonly enabled: boolean;
  readonly intervalSeconds: number;
  readonly timeoutSeconds: number;
  readonly healthyCount: number;
  readonly unhealthyCount: number;
  /** Only of HTTP and HTTPS. */
  readonly path?: string;
  /** `200-399`; only of HTTP and HTTPS. */
  readonly matcher?: string;
}

export type HealthCheckWish = Partial<HealthCheck>;

/** The check with AWS's defaults for what is not wished; fails with ValidationError. */
export function newHealthCheck(wish: HealthCheckWish, target: TargetProtocol): Result<HealthCheck, ApiError> {
  const protocol = wish.protocol ?? "TCP";
  const web = protocol !== "TCP";
  const check: HealthCheck = {
    protocol,
    port: wish.port ?? (target === "GENEVE" ? "80" : "traffic-port"),
    enabled: wish.enabled ?? true,
    intervalSeconds: wish.intervalSeconds ?? (target === "GENEVE" ? 10 : 30),
    timeoutSeconds:
      wish.timeoutSeconds ?? (protocol === "HTTP" && target !== "GENEVE" ? 6 : target === "GENEVE" ? 5 : 10),
    healthyCount: wish.healthyCount ?? 5,
    unhealthyCount: wish.unhealthyCount ?? 2,
    ...(web && { path: wish.path ?? "/", matcher: wish.matcher ?? "200-399" }),
  };
  if (!web && (wish.path ?? wish.matcher) !== undefined && wish.protocol !== undefined) {
    return refuse("Health check path and matcher are not supported for health checks with protocol 'TCP'");
  }
  return checkNumbers(check);
}

function checkNumbers(check: HealthCheck): Result<HealthCheck, ApiError> {
  const outside = (value: number, least: number, most: number): boolean => value < least || value > most;
  if (outside(check.intervalSeconds, 5, 300)) return refuse("Health check interval must be between 5 and 300");
  if (outside(check.timeoutSeconds, 2, 120)) return refuse("Health check timeout must be between 2 and 120");
  if (outside(check.healthyCount, 2, 10)) return refuse("Healthy threshold count must be between 2 and 10");
  if (outside(check.unhealthyCount, 2, 10)) return refuse("Unhealthy threshold count must be between 2 and 10");
  if (check.timeoutSeconds > check.intervalSeconds) {
    return refuse("Health check timeout must be smaller than or equal to the interval");
  }
  const port = Number(check.port);
  const isPort = /^\d{1,5}$/.test(check.port) && port >= 1 && port <= 65_535;
  if (check.port !== "traffic-port" && !isPort) {
    return refuse(`Health check port '${check.port}' must be 'traffic-port' or a number between 1 and 65535`);
  }
  return ok(check);
}

export interface TargetHealth {
  readonly state: "healthy" | "unused";
  readonly reason?: string;
  readonly description?: string;
}

/**
 * What is said of a target. ASSUMPTION: a target that is in use and can be reached by its network counts as healthy;
 * no probe is sent.
 */
export function targetHealthOf(state: State, group: TargetGroup, target: Target): TargetHealth {
  if (loadBalancersOf(state, group).length === 0) {
    const description = "Target group is not configured to receive traffic from the load balancer";
    return { state: "unused", reason: "Target.NotInUse", description };
  }
  const instance = group.targetType === "instance" ? find(state, "instance", target.id) : undefined;
  if (group.targetType === "ip" || instance?.state === "running") return { state: "healthy" };
  const is = instance === undefined || instance.state === "terminated" ? "terminated" : "stopped";
  return { state: "unused", reason: "Target.InvalidState", description: `Target is in the ${is} state` };
}

function refuse(message: string): Result<never, ApiError> {
  return fail("ValidationError", { message });
}
