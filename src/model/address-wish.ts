/** Which addresses an interface is to get: certain ones, or so many that AWS chooses. Source: EC2 API Reference, "CreateNetworkInterface". */

import { ok, type Result } from "../base/result.ts";
import { type ApiError, fail } from "./error.ts";
import { isIpv6Native, type Subnet } from "./subnet.ts";

/**
 * ASSUMPTION: an interface takes 50 private addresses whatever its instance's type; AWS's number depends on the type.
 */
export const addressesPerInterface = 50;

/** Undefined where any address will do. */
export type AddressWish = string | undefined;

/** The addresses wished for, or as many without a wish; fails with InvalidParameterValue for a number that no interface takes. */
export function addressWishes(wished: readonly string[] = [], count = 0): Result<readonly AddressWish[], ApiError> {
  const wanted = wished.length > 0 ? wished.length : count;
  if (wanted < 0 || wanted > addressesPerInterface) return wrongAddressCount(wanted);
  return ok(wished.length > 0 ? wished : Array<undefined>(wanted).fill(undefined));
}

/** The primary private address that an interface is to get: none in a subnet of IPv6 alone, unless one is wished for. */
export function primaryWishes(subnet: Subnet, wish: AddressWish): readonly AddressWish[] {
  return isIpv6Native(subnet) && wish === undefined ? [] : [wish];
}

interface Ipv6Input {
  readonly ipv6Addresses?: readonly string[];
  readonly ipv6AddressCount?: number;
}

/**
 * The IPv6 addresses that an interface is to get: those that a call names, else as many as it says, else as the subnet
 * says. Without IPv4 one at least.
 */
export function ipv6Wishes(
  subnet: Subnet,
  { ipv6Addresses, ipv6AddressCount: count }: Ipv6Input,
): Result<readonly AddressWish[], ApiError> {
  const wanted = count ?? (subnet.assignIpv6AddressOnCreation ? 1 : 0);
  return addressWishes(ipv6Addresses, wanted === 0 && isIpv6Native(subnet) ? 1 : wanted);
}

export function wrongAddressCount(count: number): Result<never, ApiError> {
  return fail("InvalidParameterValue", { message: `Value (${count}) for the number of addresses is invalid.` });
}

/** An address for each wish, in the wishes' order; those with a wish come first to the pool. */
export function takeEach(
  take: (wish: AddressWish) => Result<string, ApiError>,
  wishes: readonly AddressWish[],
): Result<readonly string[], ApiError> {
  const taken: string[] = [];
  for (const isWish of [true, false]) {
    for (const [at, wish] of wishes.entries()) {
      if ((wish !== undefined) !== isWish) continue;
      const one = take(wish);
      if (!one.ok) return one;
      taken[at] = one.value;
    }
  }
  return ok(taken);
}
