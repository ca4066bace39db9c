/** Tags as EC2 writes them, and the tag specifications of calls that make resources. */

import type { Tag, TagSpecification } from "@aws-sdk/client-ec2";
import { ok, type Result } from "../../base/result.ts";
import { type ApiError, fail } from "../../model/error.ts";
import type { Tags } from "../../model/resource.ts";

export function tagSet(tags: Tags): Tag[] {
  return tags.map((tag) => ({ Key: tag.key, Value: tag.value }));
}

/** For resources whose `Tags` AWS leaves out when there are none. */
export function optionalTags(tags: Tags): { Tags?: Tag[] } {
  return tags.length === 0 ? {} : { Tags: tagSet(tags) };
}

export function readTags(tags: readonly Tag[] | undefined): Tags {
  return (tags ?? []).map((tag) => ({ key: tag.Key ?? "", value: tag.Value ?? "" }));
}

/**
 * The tags of each kind of resource that the call makes. Fails with InvalidParameterValue for a type that it does not
 * make, or one given twice.
 */
export function readTagSpecifications<K extends string>(
  specifications: readonly TagSpecification[] | undefined,
  kinds: readonly K[],
): Result<Readonly<Record<K, Tags>>, ApiError> {
  const tags = Object.fromEntries(kinds.map((kind) => [kind, []])) as unknown as Record<K, Tags>;
  const seen = new Set<string>();
  for (const { ResourceType: type, Tags: given } of specifications ?? []) {
    if (type === undefined || type === null) {
      return fail("InvalidParameterValue", { message: "Tag specification resource type must have a value" });
    }
    const kind = kinds.find((one) => one === type);
    if (kind === undefined) {
      return fail("InvalidParameterValue", {
        message: `'${type}' is not a valid taggable resource type for this operation.`,
      });
    }
    if (seen.has(type)) {
      return fail("InvalidParameterValue", { message: `Found duplicate tag specification resource type: ${type}` });
    }
    if (given === undefined || given.length === 0) {
      return fail("InvalidParameterValue", { message: "Tag specification must have at least one tag" });
    }
    seen.add(type);
    tags[kind] = readTags(given);
  }
  return ok(tags);
}
