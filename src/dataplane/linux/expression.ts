/**
 * nf_tables' expressions, of which rules are made: each loads bytes of a packet into a register, compares them, or ends
 * with a verdict. A comparison that fails ends its rule. Values have the byte order that the packet or the kernel gives them.
 * Source: uapi header linux/netfilter/nf_tables.h; netfilter's libnftnl documentation.
 */

import type { Width } from "../../base/ip.ts";
import { attribute, nested, text, u32, u32be } from "./netlink-message.ts";

/** As nf_tables names the protocols of the network layer. */
export const FAMILY_IPV4 = 2;
export const FAMILY_IPV6 = 10;
export const META = { mark: 3, iif: 4, oif: 5, nfproto: 15, l4proto: 16, iifgroup: 21, oifgroup: 22 } as const;
export const HEADER = { network: 1, transport: 2 } as const;
/** Where a header keeps the addresses of its ends. Source: RFC 791 section 3.1, RFC 8200 section 3. */
export const ADDRESS_OFFSET = { 32: { source: 12, destination: 16 }, 128: { source: 8, destination: 24 } } as const;
/** Bits of a connection's state. Source: uapi header linux/netfilter/nf_conntrack_common.h. */
export const STATE = { invalid: 1, established: 2, related: 4 } as const;
/** Of a connection. Source: uapi header linux/netfilter/nf_conntrack_tuple_common.h. */
export const DIRECTION = { original: 0, reply: 1 } as const;
export const PROTOCOL = { icmp: 1, tcp: 6, udp: 17, icmpv6: 58 } as const;

const VERDICT_REGISTER = 0;
/** A 16-byte register; `REGISTER_1_SECOND` is its second word, for keys of two parts. */
export const REGISTER_1 = 1;
export const REGISTER_1_FIRST = 8;
export const REGISTER_1_SECOND = 9;

/** The register's words one after the other, for keys of many parts. */
export const REGISTERS = [8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21] as const;

export const CMP = { equal: 0, notEqual: 1, atLeast: 5, atMost: 3 } as const;
/** Source: uapi header linux/netfilter.h and nf_tables.h, enum nft_verdicts. */
export const VERDICT = { drop: 0, accept: 1, jump: -3, goto: -4 } as const;

export function loadMeta(key: number, register: number): Buffer {
  return expression("meta", attribute(2, u32be(key)), attribute(1, u32be(register)));
}

export function storeMeta(key: number, register: number): Buffer {
  return expression("meta", attribute(2, u32be(key)), attribute(3, u32be(register)));
}

/** Loads `bytes` of a header from `offset` on. */
export function loadPayload(header: number, offset: number, bytes: number, register = REGISTER_1): Buffer {
  return expression(
    "payload",
    attribute(1, u32be(register)),
    attribute(2, u32be(header)),
    attribute(3, u32be(offset)),
    attribute(4, u32be(bytes)),
  );
}

/** Loads the state of the packet's connection. */
export function loadState(): Buffer {
  const STATE_KEY = 0;
  return expression("ct", attribute(1, u32be(REGISTER_1)), attribute(2, u32be(STATE_KEY)));
}

/** Loads which way of its connection the packet goes: one byte, one of `DIRECTION`. */
export function loadDirection(): Buffer {
  const DIRECTION_KEY = 1;
  return expression("ct", attribute(1, u32be(REGISTER_1)), attribute(2, u32be(DIRECTION_KEY)));
}

/** Keeps of the register the bits of `mask`. */
export function keepBits(mask: Buffer, register = REGISTER_1): Buffer {
  return expression(
    "bitwise",
    attribute(1, u32be(register)),
    attribute(2, u32be(register)),
    attribute(3, u32be(mask.length)),
    nested(4, attribute(1, mask)),
    nested(5, attribute(1, Buffer.alloc(mask.length))),
  );
}

/** Goes on when the register's bytes are `value`. */
export function isEqual(register: number, value: Buffer): Buffer {
  return compare(register, CMP.equal, value);
}

export function isNotEqual(register: number, value: Buffer): Buffer {
  return compare(register, CMP.notEqual, value);
}

/** Goes on when the first register's bytes, as a number of the network, are within the bounds. */
export function isBetween(from: Buffer, to: Buffer): Buffer[] {
  return [compare(REGISTER_1, CMP.atLeast, from), compare(REGISTER_1, CMP.atMost, to)];
}

/** Goes on when the packet is of the family. */
export function isOfWidth(width: Width): Buffer[] {
  return [
    loadMeta(META.nfproto, REGISTER_1),
    isEqual(REGISTER_1, Buffer.from([width === 32 ? FAMILY_IPV4 : FAMILY_IPV6])),
  ];
}

/** Goes on when the register's bytes are in the set. */
export function isIn(set: string, register: number): Buffer {
  return expression("lookup", attribute(1, text(set)), attribute(2, u32be(register)));
}

/** Goes on when the register's bytes are not in the set. */
export function isNotIn(set: string, register: number): Buffer {
  const INVERTED = 1;
  return expression("lookup", attribute(1, text(set)), attribute(2, u32be(register)), attribute(5, u32be(INVERTED)));
}

/** Goes on when the map has the register's bytes, and puts their value into the same register. */
export function mapBy(map: string, register: number): Buffer {
  return expression("lookup", attribute(1, text(map)), attribute(2, u32be(register)), attribute(3, u32be(register)));
}

/** Follows the verdict that the map has for the register's bytes; goes on when it has none. */
export function verdictBy(map: string, register: number): Buffer {
  return expression(
    "lookup",
    attribute(1, text(map)),
    attribute(2, u32be(register)),
    attribute(3, u32be(VERDICT_REGISTER)),
  );
}

/** Rewrites the packet's source or destination, and with it all of its connection, to the address in the register. */
export function translate(end: "source" | "destination", register: number): Buffer {
  return expression(
    "nat",
    attribute(1, u32be(end === "source" ? 0 : 1)),
    attribute(2, u32be(FAMILY_IPV4)),
    attribute(3, u32be(register)),
  );
}

/** Loads a number of the machine. */
export function loadNumber(value: number, register: number): Buffer {
  return expression("immediate", attribute(1, u32be(register)), nested(2, attribute(1, u32(value))));
}

/** Counts the packet at the element of the set whose key begins in the register, which is made where there is none. */
export function tally(set: string, register: number): Buffer {
  const UPDATE = 1;
  return expression(
    "dynset",
    attribute(1, text(set)),
    attribute(3, u32be(UPDATE)),
    attribute(4, u32be(register)),
    nested(7, attribute(1, text("counter"))),
  );
}

export function count(): Buffer {
  return expression("counter");
}

/** Ends the base chain: others still look at the packet. */
export function accept(): Buffer {
  return verdict(VERDICT.accept);
}

export function drop(): Buffer {
  return verdict(VERDICT.drop);
}

/** Goes on in the chain and comes back when that has no verdict. */
export function jumpTo(chain: string): Buffer {
  return verdict(VERDICT.jump, chain);
}

/** Goes on in the chain for good. */
export function goTo(chain: string): Buffer {
  return verdict(VERDICT.goto, chain);
}

function verdict(code: number, chain?: string): Buffer {
  const where = chain === undefined ? [] : [attribute(2, text(chain))];
  return expression(
    "immediate",
    attribute(1, u32be(VERDICT_REGISTER)),
    nested(2, nested(2, attribute(1, u32be(code)), ...where)),
  );
}

function compare(register: number, operator: number, value: Buffer): Buffer {
  return expression(
    "cmp",
    attribute(1, u32be(register)),
    attribute(2, u32be(operator)),
    nested(3, attribute(1, value)),
  );
}

function expression(name: string, ...data: readonly Buffer[]): Buffer {
  return nested(1, attribute(1, text(name)), nested(2, ...data));
}
