/**
 * What IAM and STS accept as names, paths, tags and texts. Each check returns what is wrong in AWS's words, or undefined;
 * `checked` makes one ValidationError of all that is wrong with an input.
 * Source: IAM API Reference, each action's "Request Parameters"; service-2.json of botocore (lengths and patterns).
 */

import type { Result } from "../base/result.ts";
import { ok } from "../base/result.ts";
import type { ApiError } from "./error.ts";
import { fail } from "./error.ts";

/** A text and what it must be. */
export interface Constraint {
  readonly parameter: string;
  readonly value: string | number | undefined;
  readonly min?: number;
  readonly max?: number;
  readonly pattern?: RegExp;
  readonly oneOf?: readonly string[];
}

/** All constraints at once, so that the caller reads every mistake. An undefined value is fine: whether it may be absent is the codec's business. */
export function checked(constraints: readonly Constraint[]): Result<undefined, ApiError> {
  const wrongs = constraints.flatMap(wrongsOf);
  if (wrongs.length === 0) return ok(undefined);
  const plural = wrongs.length === 1 ? "" : "s";
  return fail("ValidationError", {
    message: `${wrongs.length} validation error${plural} detected: ${wrongs.join("; ")}`,
  });
}

function wrongsOf(one: Constraint): readonly string[] {
  if (one.value === undefined) return [];
  const says = (rule: string): string =>
    `Value '${one.value}' at '${one.parameter}' failed to satisfy constraint: ${rule}`;
  const what = typeof one.value === "number" ? "value" : "length";
  const size = typeof one.value === "number" ? one.value : one.value.length;
  const wrongs: string[] = [];
  if (one.max !== undefined && size > one.max) {
    wrongs.push(says(`Member must have ${what} less than or equal to ${one.max}`));
  }
  if (one.min !== undefined && size < one.min) {
    wrongs.push(says(`Member must have ${what} greater than or equal to ${one.min}`));
  }
  if (one.pattern !== undefined && typeof one.value === "string" && !whole(one.pattern).test(one.value)) {
    wrongs.push(says(`Member must satisfy regular expression pattern: ${one.pattern.source}`));
  }
  if (one.oneOf !== undefined && !one.oneOf.includes(String(one.value))) {
    wrongs.push(says(`Member must satisfy enum value set: [${one.oneOf.join(", ")}]`));
  }
  return wrongs;
}

const wholes = new Map<RegExp, RegExp>();

/** AWS's patterns are matched against the whole text, and are quoted in errors without anchors. */
function whole(pattern: RegExp): RegExp {
  const known = wholes.get(pattern);
  if (known !== undefined) return known;
  const anchored = new RegExp(`^(?:${pattern.source})$`, "u");
  wholes.set(pattern, anchored);
  return anchored;
}

const namePattern = /[\w+=,.@-]+/u;

/** `max` is 64 for users and roles, 128 for everything else. */
export function nameConstraint(parameter: string, value: string | undefined, max: 64 | 128 = 128): Constraint {
  return { parameter, value, min: 1, max, pattern: namePattern };
}

/** Source: IAM User Guide, "IAM and AWS STS quotas", name requirements. */
export function checkedName(parameter: string, value: string, max: 64 | 128): Result<undefined, ApiError> {
  const length = checked([{ parameter, value, min: 1, max }]);
  if (!length.ok) return length;
  if (whole(namePattern).test(value)) return ok(undefined);
  return fail("ValidationError", {
    message: `The specified value for ${parameter} is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-`,
  });
}

/** Paths of users, roles, groups and instance profiles: any visible ASCII; those of policies: `policyPath`. */
export function checkedPath(value: string, kind: "any" | "policy" = "any"): Result<undefined, ApiError> {
  const length = checked([{ parameter: "path", value, min: 1, max: 512 }]);
  if (!length.ok) return length;
  const pattern = kind === "any" ? /^(\/|\/[\u0021-\u007e]+\/)$/u : /^((\/[A-Za-z0-9.,+@=_-]+)*)\/$/u;
  if (pattern.test(value) && !value.includes("//")) return ok(undefined);
  return fail("ValidationError", {
    message:
      "The specified value for path is invalid. It must begin and end with / and contain only alphanumeric characters and/or / characters.",
  });
}

export function pathPrefixConstraint(value: string | undefined): Constraint {
  return { parameter: "pathPrefix", value, min: 1, max: 512, pattern: /\u002F[\u0021-\u007F]*/u };
}

export function documentConstraint(parameter: string, value: string | undefined): Constraint {
  // AWS's own pattern.
  // oxlint-disable-next-line no-control-regex
  return { parameter, value, min: 1, max: 131_072, pattern: /[\u0009\u000A\u000D\u0020-\u00FF]+/u };
}

export function policyArnConstraint(value: string | undefined, parameter = "policyArn"): Constraint {
  return { parameter, value, min: 20, max: 2048 };
}

export const tagKeyPattern = /[\p{L}\p{Z}\p{N}_.:/=+\-@]+/u;
export const tagValuePattern = /[\p{L}\p{Z}\p{N}_.:/=+\-@]*/u;
