/**
 * What EC2 operations are about, as policies name it: ARNs and condition keys.
 * Source: Service Authorization Reference, "Actions, resources, and condition keys for Amazon EC2".
 */

import type { TagSpecification } from "@aws-sdk/client-ec2";
import { type Ec2Kind, ec2Arn, owned } from "../../model/lookup.ts";
import type { Tags } from "../../model/resource.ts";
import type { Call, Target } from "../handler.ts";
import { keysOfResource } from "./resource-key.ts";

type Keys = Readonly<Record<string, readonly string[]>>;

/** An operation without resource-level permissions. */
export function onAnything(name: string, call: Call): readonly Target[] {
  return [{ action: `ec2:${name}`, resource: "*", resourceAccountId: call.accountId, keys: regionKeys(call) }];
}

/** An operation on resources that exist; an id that does not exist is a resource without tags. */
export function onExisting(
  name: string,
  kind: Ec2Kind,
  ids: readonly (string | undefined)[],
  call: Call,
): readonly Target[] {
  return ids
    .filter((id) => id !== undefined)
    .map((id) => ({
      action: `ec2:${name}`,
      resource: ec2Arn(kind, id, call),
      resourceAccountId: call.accountId,
      keys: { ...regionKeys(call), ...keysOfExisting(kind, id, call) },
    }));
}

export interface NewResource {
  /** As AWS names resource types in ARNs and tag specifications. */
  readonly kind: string;
  readonly tagSpecifications: readonly TagSpecification[] | undefined;
  readonly keys?: Keys;
}

/** The making of a resource; with tags also the right to set them is needed. */
export function onNew(name: string, made: NewResource, call: Call): readonly Target[] {
  const tags = (made.tagSpecifications ?? [])
    .filter((one) => one.ResourceType === made.kind)
    .flatMap((one) => one.Tags ?? []);
  const requested = requestTagKeys(tags.map((tag) => ({ key: tag.Key ?? "", value: tag.Value ?? "" })));
  const resource = ec2Arn(made.kind, "*", call);
  const keys = { ...regionKeys(call), ...requested, ...made.keys };
  const create: Target = { action: `ec2:${name}`, resource, resourceAccountId: call.accountId, keys };
  if (tags.length === 0) return [create];
  const tag = { ...create, action: "ec2:CreateTags", keys: { ...keys, "ec2:CreateAction": [name] } };
  return [create, tag];
}

export function regionKeys(call: Call): Keys {
  return { "ec2:Region": [call.region] };
}

/** The keys for tags that a request sets or names. */
export function requestTagKeys(tags: Tags): Keys {
  if (tags.length === 0) return {};
  const values = tags.map((tag) => [`aws:RequestTag/${tag.key}`, [tag.value]] as const);
  return { ...Object.fromEntries(values), "aws:TagKeys": tags.map((tag) => tag.key) };
}

function keysOfExisting(kind: Ec2Kind, id: string, call: Call): Keys {
  const document = owned(call.state(), kind, id, call);
  return document === undefined ? {} : keysOfResource(kind, document as never, call);
}
