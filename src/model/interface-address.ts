/**
 * The secondary private and the IPv6 addresses of interfaces.
 * Source: Amazon EC2 API Reference, "AssignPrivateIpAddresses", "AssignIpv6Addresses" and their opposites.
 */

import { formatIp, parseIp } from "../base/ip.ts";
import { ok, type Result } from "../base/result.ts";
import { addressesPerInterface, addressWishes, takeEach, wrongAddressCount } from "./address-wish.ts";
import { addressOn } from "./elastic-ip.ts";
import { type ApiError, fail } from "./error.ts";
import { lookup } from "./lookup.ts";
import { ipv6Addresses, type NetworkInterface, privateAddresses } from "./network-interface.ts";
import { find, findBy, put, type State } from "./state.ts";
import type { Subnet } from "./subnet.ts";
import { accept, type Caller, type Context, type Outcome } from "./verb.ts";

export interface AssignInput {
  readonly networkInterfaceId: string;
  readonly addresses: readonly string[];
  /** Without addresses: how many. */
  readonly count?: number;
}

/** The addresses that came. */
export function assignPrivateIpAddresses(
  state: State,
  input: AssignInput & { readonly allowReassignment: boolean },
  context: Context,
): Outcome<readonly string[]> {
  const found = holderOf(state, input, context);
  if (!found.ok) return found;
  const { one, subnet } = found.value;
  const moved = input.allowReassignment ? heldByOthers(state, one, input.addresses) : [];
  const wished = addressWishes(input.addresses, input.count);
  if (!wished.ok) return wished;
  const wishes = wished.value.filter((wish) => wish === undefined || !moved.some((it) => it.address === wish));
  const taken = takeEach(privateAddresses(state, subnet).take, wishes);
  if (!taken.ok) return taken;
  const added = [...moved.map((it) => it.address), ...taken.value];
  if (1 + one.secondaryPrivateIpAddresses.length + added.length > addressesPerInterface) {
    return fail("PrivateIpAddressLimitExceeded", {});
  }
  const losers = new Map(moved.map((it) => [it.holder.id, it.holder]));
  const changed = { ...one, secondaryPrivateIpAddresses: [...one.secondaryPrivateIpAddresses, ...added] };
  return accept(added, [
    ...[...losers.values()].map((loser) =>
      put("network-interface", {
        ...loser,
        secondaryPrivateIpAddresses: loser.secondaryPrivateIpAddresses.filter((ip) => !added.includes(ip)),
      }),
    ),
    put("network-interface", changed),
  ]);
}

/** Fails with InvalidParameterValue for the primary address, one it does not have, or one with an Elastic IP. */
export function unassignPrivateIpAddresses(
  state: State,
  input: { readonly networkInterfaceId: string; readonly addresses: readonly string[] },
  context: Context,
): Outcome<void> {
  const found = ownInterface(state, input.networkInterfaceId, context);
  if (!found.ok) return found;
  const one = found.value;
  const stranger = input.addresses.find((ip) => !one.secondaryPrivateIpAddresses.includes(ip));
  if (stranger === one.privateIpAddress) {
    return refuse(`The primary IP address of an interface cannot be unassigned: ${stranger}`);
  }
  if (stranger !== undefined) return refuse(`Some of the addresses are not assigned to interface ${one.id}`);
  const elastic = input.addresses.find((ip) => addressOn(state, one.id, ip) !== undefined);
  if (elastic !== undefined) return refuse(`Address ${elastic} has an Elastic IP address associated with it`);
  const rest = one.secondaryPrivateIpAddresses.filter((ip) => !input.addresses.includes(ip));
  return accept(undefined, [put("network-interface", { ...one, secondaryPrivateIpAddresses: rest })]);
}

/** The addresses that came. */
export function assignIpv6Addresses(state: State, input: AssignInput, context: Context): Outcome<readonly string[]> {
  const found = holderOf(state, input, context);
  if (!found.ok) return found;
  const { one, subnet } = found.value;
  const wishes = addressWishes(input.addresses, input.count);
  if (!wishes.ok) return wishes;
  const taken = takeEach(ipv6Addresses(state, subnet, context).take, wishes.value);
  if (!taken.ok) return taken;
  const changed = { ...one, ipv6Addresses: [...one.ipv6Addresses, ...taken.value] };
  return accept(taken.value, [put("network-interface", changed)]);
}

/** The addresses that went. */
export function unassignIpv6Addresses(
  state: State,
  input: { readonly networkInterfaceId: string; readonly addresses: readonly string[] },
  context: Context,
): Outcome<readonly string[]> {
  const found = ownInterface(state, input.networkInterfaceId, context);
  if (!found.ok) return found;
  const one = found.value;
  const gone: string[] = [];
  for (const text of input.addresses) {
    const ip = parseIp(text);
    const canonical = ip === undefined ? text : formatIp(ip);
    if (!one.ipv6Addresses.includes(canonical)) {
      return refuse(`Some of the addresses are not assigned to interface ${one.id}`);
    }
    gone.push(canonical);
  }
  const rest = one.ipv6Addresses.filter((ip) => !gone.includes(ip));
  if (rest.length === 0 && one.privateIpAddress === undefined) {
    // ASSUMPTION: the last address of an interface of IPv6 alone cannot be taken off; the text is ours.
    return refuse(`The last IPv6 address of interface ${one.id} cannot be unassigned, as it has no IPv4 address`);
  }
  return accept(gone, [put("network-interface", { ...one, ipv6Addresses: rest })]);
}

function holderOf(
  state: State,
  input: AssignInput,
  caller: Caller,
): Result<{ readonly one: NetworkInterface; readonly subnet: Subnet }, ApiError> {
  const found = ownInterface(state, input.networkInterfaceId, caller);
  if (!found.ok) return found;
  const { addresses, count } = input;
  if (addresses.length > 0 && count !== undefined) {
    return fail("InvalidParameterCombination", {
      message: "Addresses and a number of addresses may not be given both",
    });
  }
  if (addresses.length === 0 && count === undefined) return fail("MissingParameter", { parameter: "privateIpAddress" });
  if (count !== undefined && count < 1) return wrongAddressCount(count);
  const subnet = find(state, "subnet", found.value.subnetId);
  return subnet === undefined
    ? fail("InvalidSubnetID.NotFound", { subnetId: found.value.subnetId })
    : ok({ one: found.value, subnet });
}

/** An interface that the caller made: those that AWS made for something are not his to change. */
function ownInterface(state: State, networkInterfaceId: string, caller: Caller): Result<NetworkInterface, ApiError> {
  const found = lookup(state, "network-interface", networkInterfaceId, caller);
  if (!found.ok || found.value.requester === undefined) return found;
  return fail("AuthFailure", { message: "You do not have permission to access the specified resource." });
}

/** Secondary addresses of other interfaces of the subnet, without Elastic IPs: those may move. */
function heldByOthers(
  state: State,
  one: NetworkInterface,
  addresses: readonly string[],
): readonly { readonly holder: NetworkInterface; readonly address: string }[] {
  const others = findBy(state, "network-interface", "subnetId", one.subnetId).filter(
    (other) => other.id !== one.id && other.accountId === one.accountId && other.requester === undefined,
  );
  return [...new Set(addresses)].flatMap((address) => {
    const holder = others.find((other) => other.secondaryPrivateIpAddresses.includes(address));
    return holder === undefined || addressOn(state, holder.id, address) !== undefined ? [] : [{ holder, address }];
  });
}

function refuse(message: string): Result<never, ApiError> {
  return fail("InvalidParameterValue", { message });
}
