/**
 * What calls of ELBv2 are about, for their authorisation.
 * Source: Service Authorization Reference, "Actions, resources, and condition keys for AWS Elastic Load Balancing V2".
 */

import type { Tag } from "@aws-sdk/client-elastic-load-balancing-v2";
import { findLoadBalancing } from "../../model/load-balancing-tag.ts";
import { loadBalancingArn } from "../../model/load-balancer-name.ts";
import type { Call, Target } from "../handler.ts";

/** An operation without resource-level permissions: all that describe. */
export function onAnything(name: string, call: Call): readonly Target[] {
  return [target(name, "*", call)];
}

/** An operation on resources that exist; an ARN of nothing is a resource without tags. */
export function onExisting(name: string, arns: readonly (string | undefined)[], call: Call): readonly Target[] {
  return arns
    .filter((arn) => arn !== undefined)
    .map((arn) => {
      const found = findLoadBalancing(call.state(), arn, call);
      const tags = found.ok ? found.value.document.tags : [];
      const keys = tags.flatMap(({ key, value }) => [
        [`aws:ResourceTag/${key}`, [value]] as const,
        [`elasticloadbalancing:ResourceTag/${key}`, [value]] as const,
      ]);
      return target(name, arn, call, Object.fromEntries(keys));
    });
}

/** The making of a resource; with tags also the right to set them is needed. */
export function onNew(name: string, resource: string, tags: readonly Tag[] | undefined, call: Call): readonly Target[] {
  const arn = loadBalancingArn(call, resource);
  const keys = requestTagKeys(tags);
  const made = target(name, arn, call, keys);
  if (tags === undefined || tags.length === 0) return [made];
  return [made, target("AddTags", arn, call, { ...keys, "elasticloadbalancing:CreateAction": [name] })];
}

export function requestTagKeys(tags: readonly Tag[] | undefined): Target["keys"] {
  if (tags === undefined || tags.length === 0) return {};
  const values = tags.map((tag) => [`aws:RequestTag/${tag.Key ?? ""}`, [tag.Value ?? ""]] as const);
  return { ...Object.fromEntries(values), "aws:TagKeys": tags.map((tag) => tag.Key ?? "") };
}

function target(name: string, resource: string, call: Call, keys: Target["keys"] = {}): Target {
  return { action: `elasticloadbalancing:${name}`, resource, resourceAccountId: call.accountId, keys };
}
