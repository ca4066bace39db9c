/** A parameter that has a few values. Source: EC2 API Reference, "Valid Values" of each. */

import { ok, type Result } from "../../base/result.ts";
import { type ApiError, fail } from "../../model/error.ts";

/** The value, undefined where none is given; fails with InvalidParameterValue for one that the parameter does not have. */
export function readChoice<T extends string>(
  given: string | undefined,
  parameter: string,
  values: readonly T[],
): Result<T | undefined, ApiError> {
  if (given === undefined) return ok(undefined);
  const found = values.find((one) => one === given);
  if (found !== undefined) return ok(found);
  return fail("InvalidParameterValue", {
    message: `Value (${given}) for parameter ${parameter} is invalid. Valid values are ${listed(values)}.`,
  });
}

/** `a, b and c`. */
function listed(values: readonly string[]): string {
  const [last = "", ...others] = values.toReversed();
  return others.length === 0 ? last : `${others.toReversed().join(", ")} and ${last}`;
}
