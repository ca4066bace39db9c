/** Tags of load balancers, target groups and listeners. Source: Elastic Load Balancing API Reference, "AddTags", "RemoveTags". */

import { ok, type Result } from "../base/result.ts";
import { type ApiError, fail } from "./error.ts";
import { findListener, type Listener } from "./listener.ts";
import { findLoadBalancer, type LoadBalancer } from "./load-balancer.ts";
import { checkLoadBalancingTags } from "./load-balancer-name.ts";
import type { Tags } from "./resource.ts";
import { type Change, put, type State } from "./state.ts";
import { findTargetGroup, type TargetGroup } from "./target-group.ts";
import { accept, type Caller, type Context, type Outcome } from "./verb.ts";

export type LoadBalancingResource =
  | { readonly kind: "load-balancer"; readonly document: LoadBalancer }
  | { readonly kind: "target-group"; readonly document: TargetGroup }
  | { readonly kind: "listener"; readonly document: Listener };

/** The caller's resource with this ARN; fails as the kind that the ARN names does, else with ValidationError. */
export function findLoadBalancing(state: State, arn: string, caller: Caller): Result<LoadBalancingResource, ApiError> {
  switch (/^arn:aws:elasticloadbalancing:[^:]*:[^:]*:(loadbalancer|targetgroup|listener)\//.exec(arn)?.[1] ?? "") {
    case "loadbalancer": {
      const found = findLoadBalancer(state, arn, caller);
      return found.ok ? ok({ kind: "load-balancer", document: found.value }) : found;
    }
    case "targetgroup": {
      const found = findTargetGroup(state, arn, caller);
      return found.ok ? ok({ kind: "target-group", document: found.value }) : found;
    }
    case "listener": {
      const found = findListener(state, arn, caller);
      return found.ok ? ok({ kind: "listener", document: found.value }) : found;
    }
    default:
      return fail("ValidationError", { message: `'${arn}' is not a valid resource ARN` });
  }
}

/** Sets tags; those with the same key are replaced. Takes all or nothing. */
export function addLoadBalancingTags(
  state: State,
  input: { readonly arns: readonly string[]; readonly tags: Tags },
  context: Context,
): Outcome<void> {
  const given = checkLoadBalancingTags(input.tags);
  if (!given.ok) return given;
  return retag(state, input.arns, context, (old) => [
    ...old.filter((tag) => !input.tags.some((one) => one.key === tag.key)),
    ...input.tags,
  ]);
}

/** Takes tags away; a key that is not there is no failure. */
export function removeLoadBalancingTags(
  state: State,
  input: { readonly arns: readonly string[]; readonly keys: readonly string[] },
  context: Context,
): Outcome<void> {
  return retag(state, input.arns, context, (old) => old.filter((tag) => !input.keys.includes(tag.key)));
}

function retag(state: State, arns: readonly string[], caller: Caller, change: (old: Tags) => Tags): Outcome<void> {
  const changes: Change[] = [];
  for (const arn of new Set(arns)) {
    const found = findLoadBalancing(state, arn, caller);
    if (!found.ok) return found;
    const tags = checkLoadBalancingTags(change(found.value.document.tags));
    if (!tags.ok) return tags;
    changes.push(put(found.value.kind, { ...found.value.document, tags: tags.value }));
  }
  return accept(undefined, changes);
}
