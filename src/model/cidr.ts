/** CIDR blocks as calls write them: AWS cuts host bits off instead of refusing them, and then keeps the canonical text. */

import { parsePrefix, parsePrefixMasked, type Prefix } from "../base/prefix.ts";
import { assert } from "../base/assert.ts";
import { ok, type Result } from "../base/result.ts";
import { type ApiError, fail } from "./error.ts";

/** The IPv4 block; fails with InvalidParameterValue. `parameter` as AWS names it in the message: `cidrBlock`. */
export function readCidr(text: string, parameter: string): Result<Prefix, ApiError> {
  const prefix = parsePrefixMasked(text);
  if (prefix === undefined || prefix.ip.width !== 32) {
    return fail("InvalidParameterValue", {
      message: `Value (${text}) for parameter ${parameter} is invalid. This is not a valid CIDR block.`,
    });
  }
  return ok(prefix);
}

/** The IPv6 block; fails with InvalidParameterValue. */
export function readIpv6Cidr(text: string, parameter: string): Result<Prefix, ApiError> {
  const prefix = parsePrefixMasked(text);
  if (prefix?.ip.width === 128) return ok(prefix);
  return fail("InvalidParameterValue", {
    message: `Value (${text}) for parameter ${parameter} is invalid. This is not a valid CIDR block.`,
  });
}

/** The block that a document holds. INVARIANT: documents hold canonical text only. */
export function storedPrefix(cidrBlock: string): Prefix {
  const prefix = parsePrefix(cidrBlock);
  assert(prefix !== undefined, `\`${cidrBlock}\` is canonical CIDR text`);
  return prefix;
}
