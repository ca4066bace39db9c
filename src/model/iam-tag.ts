/**
 * Tags of IAM resources and of STS sessions. Keys that differ only in case are one key, and a resource has at most 50.
 * Source: IAM User Guide, "Tags for AWS Identity and Access Management resources"; "Pass session tags in AWS STS".
 */

import type { Result } from "../base/result.ts";
import { ok } from "../base/result.ts";
import type { ApiError } from "./error.ts";
import { fail } from "./error.ts";
import type { Constraint } from "./iam-constraint.ts";
import { checked, tagKeyPattern, tagValuePattern } from "./iam-constraint.ts";
import type { Tags } from "./resource.ts";
import type { Change, Documents } from "./state.ts";
import { put } from "./state.ts";

const maxTags = 50;

export type TaggedKind = "user" | "role" | "managed-policy" | "instance-profile";

/** The tags, when each is well formed and none comes twice. */
export function checkedTags(tags: Tags): Result<Tags, ApiError> {
  if (tags.length > maxTags)
    return tooMany(
      "tags",
      tags.map((one) => `${one.key}=${one.value}`),
    );
  const wrong = checked(tags.flatMap((one, at) => tagConstraints(one, at + 1)));
  if (!wrong.ok) return wrong;
  const keys = new Set(tags.map((one) => one.key.toLowerCase()));
  if (keys.size < tags.length) {
    return fail("InvalidInput", {
      message: "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
    });
  }
  const reserved = tags.some((one) => one.key.toLowerCase().startsWith("aws:"));
  if (reserved) return fail("InvalidInput", { message: "Tag keys starting with 'aws:' are reserved for system use." });
  return ok(tags);
}

/** The resource with these tags added; a key that it has, in any case, gets the new value. */
export function tagged<K extends TaggedKind>(kind: K, document: Documents[K], tags: Tags): Result<Change, ApiError> {
  const good = checkedTags(tags);
  if (!good.ok) return good;
  const fresh = new Map(tags.map((one) => [one.key.toLowerCase(), one]));
  const had = new Set(document.tags.map((one) => one.key.toLowerCase()));
  const all = [
    ...document.tags.map((one) => fresh.get(one.key.toLowerCase()) ?? one),
    ...tags.filter((one) => !had.has(one.key.toLowerCase())),
  ];
  if (all.length > maxTags) {
    return fail("LimitExceeded", { message: "The number of tags has reached the maximum limit." });
  }
  return ok(put(kind, { ...document, tags: all }));
}

/** The resource without the tags that have these keys; keys that it lacks are no error. */
export function untagged<K extends TaggedKind>(
  kind: K,
  document: Documents[K],
  keys: readonly string[],
): Result<Change, ApiError> {
  if (keys.length > maxTags) return tooMany("tagKeys", keys);
  const wrong = checked(
    keys.map((value, at) => ({
      parameter: `tagKeys.${at + 1}.member`,
      value,
      min: 1,
      max: 128,
      pattern: tagKeyPattern,
    })),
  );
  if (!wrong.ok) return wrong;
  const gone = new Set(keys.map((key) => key.toLowerCase()));
  const rest = document.tags.filter((one) => !gone.has(one.key.toLowerCase()));
  return ok(put(kind, { ...document, tags: rest }));
}

function tagConstraints(tag: Tags[number], at: number): readonly Constraint[] {
  return [
    { parameter: `tags.${at}.member.key`, value: tag.key, min: 1, max: 128, pattern: tagKeyPattern },
    { parameter: `tags.${at}.member.value`, value: tag.value, max: 256, pattern: tagValuePattern },
  ];
}

function tooMany(parameter: string, values: readonly string[]): Result<never, ApiError> {
  return fail("ValidationError", {
    message: `1 validation error detected: Value '[${values.join(", ")}]' at '${parameter}' failed to satisfy constraint: Member must have length less than or equal to ${maxTags}`,
  });
}
