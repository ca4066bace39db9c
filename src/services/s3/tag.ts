/** Tags of objects and buckets. Source: Amazon S3 User Guide, "Categorizing your objects using tags": ten an object, fifty a bucket. */

import { ok, type Result } from "../../base/result.ts";
import type { Tags } from "../../model/resource.ts";
import { refuse, type S3Error } from "./s3-error.ts";

export interface WireTag {
  readonly Key?: string | undefined;
  readonly Value?: string | undefined;
}

export const maxObjectTags = 10;
export const maxBucketTags = 50;

/** The tags of a TagSet. Failures: InvalidTag, BadRequest when there are too many. */
export function tagsOfWire(wire: readonly WireTag[], max: number): Result<Tags, S3Error> {
  return checked(
    wire.map(({ Key = "", Value = "" }) => ({ key: Key, value: Value })),
    max,
  );
}

/** The tags of the header `x-amz-tagging`: `a=1&b=2`. */
export function tagsOfHeader(header: string): Result<Tags, S3Error> {
  const pairs = [...new URLSearchParams(header)].map(([key, value]) => ({ key, value }));
  return checked(pairs, maxObjectTags);
}

export function wireTags(tags: Tags): { Key: string; Value: string }[] {
  return tags.map(({ key, value }) => ({ Key: key, Value: value }));
}

function checked(tags: Tags, max: number): Result<Tags, S3Error> {
  if (tags.length > max) {
    const thing = max === maxObjectTags ? "Object" : "Bucket";
    return refuse("InvalidTag", { message: `${thing} tags cannot be greater than ${max}` });
  }
  const seen = new Set<string>();
  for (const { key, value } of tags) {
    if (seen.has(key)) return refuse("InvalidTag", { message: "Cannot provide multiple Tags with the same key" });
    seen.add(key);
    if (key === "" || key.length > 128 || !allowed.test(key)) {
      return refuse("InvalidTag", { message: "The TagKey you have provided is invalid", details: { TagKey: key } });
    }
    if (value.length > 256 || !allowed.test(value)) {
      return refuse("InvalidTag", {
        message: "The TagValue you have provided is invalid",
        details: { TagValue: value },
      });
    }
    if (/^aws:/i.test(key)) {
      return refuse("InvalidTag", { message: "System tags cannot be added/updated by requester" });
    }
  }
  return ok(tags);
}

/** Letters, digits and spaces of every script, and `_ . : / = + - @`. */
const allowed = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;
