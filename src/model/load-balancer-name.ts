/**
 * Names, ARNs and tags of what Elastic Load Balancing v2 holds.
 * Source: Elastic Load Balancing API Reference, version 2015-12-01, "CreateLoadBalancer", "CreateTargetGroup", "AddTags".
 */

import { ok, type Result } from "../base/result.ts";
import { type ApiError, fail } from "./error.ts";
import type { Tags } from "./resource.ts";
import type { Caller } from "./verb.ts";

/** The key of the indexes `name`. */
export function nameKey(caller: Caller, name: string): string {
  return `${caller.accountId}/${caller.region}/${name}`;
}

/** `arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/web/50dc6c495c0c9188`. */
export function loadBalancingArn(caller: Caller, resource: string): string {
  return `arn:aws:elasticloadbalancing:${caller.region}:${caller.accountId}:${resource}`;
}

/** Source: "CreateLoadBalancer", Name: at most 32 letters, digits and hyphens, none at an end. Fails with ValidationError. */
export function checkName(kind: "load balancer" | "target group", name: string): Result<void, ApiError> {
  const the = `The ${kind} name '${name}'`;
  if (name.length > 32) return refuse(`${the} cannot be longer than '32' characters`);
  if (!/^[A-Za-z0-9-]+$/.test(name)) {
    return refuse(`${the} can only contain characters that are alphanumeric characters and hyphens(-)`);
  }
  if (name.startsWith("-") || name.endsWith("-")) return refuse(`${the} cannot begin or end with a hyphen(-)`);
  if (kind === "load balancer" && name.startsWith("internal-")) {
    return refuse(`${the} cannot begin with 'internal-'`);
  }
  return ok(undefined);
}

/** Source: "AddTags": at most 50, keys of 128 and values of 256 characters. */
export function checkLoadBalancingTags(tags: Tags): Result<Tags, ApiError> {
  const keys = tags.map((tag) => tag.key);
  if (new Set(keys).size !== keys.length) {
    return fail("DuplicateTagKeys", { message: "Tag keys must be unique within a request" });
  }
  if (tags.length > 50) return fail("TooManyTags", { message: "The maximum number of tags on a resource is 50" });
  for (const { key, value } of tags) {
    if (key === "" || key.length > 128) return refuse("Tag keys must have 1 to 128 characters");
    if (value.length > 256) return refuse("Tag values must have at most 256 characters");
    if (key.toLowerCase().startsWith("aws:")) {
      return refuse("aws: prefixed tag key names are not allowed for external use.");
    }
  }
  return ok(tags);
}

function refuse(message: string): Result<never, ApiError> {
  return fail("ValidationError", { message });
}
