/** Reading IAM's inputs: required members, tags, the user who is meant when none is named. */

import { assert } from "../../base/assert.ts";
import type { Result } from "../../base/result.ts";
import { ok } from "../../base/result.ts";
import type { ApiError } from "../../model/error.ts";
import { fail } from "../../model/error.ts";
import type { Tags } from "../../model/resource.ts";
import type { Call } from "../handler.ts";

/** A member that the shape calls required. INVARIANT: the codec refuses inputs without it. */
export function present<T>(value: T | undefined): T {
  assert(value !== undefined, "the codec gives required members");
  return value;
}

interface WireTag {
  readonly Key: string | undefined;
  readonly Value: string | undefined;
}

export function tagsOf(tags: readonly WireTag[] | undefined): Tags {
  return (tags ?? []).map((one) => ({ key: present(one.Key), value: present(one.Value) }));
}

/** The name that was given, else the caller's own; who is no user must say whom he means. */
export function userNameOf(name: string | undefined, call: Call): Result<string, ApiError> {
  if (name !== undefined) return ok(name);
  if (call.principal.kind === "user") return ok(call.principal.userName);
  return fail("ValidationError", { message: "Must specify userName when calling with non-User credentials" });
}

/** An object without the members that are undefined. */
export function defined<T extends object>(members: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const entries = Object.entries(members).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]: Exclude<T[K], undefined> };
}
