/**
 * The part of nf_tables that Underpass uses, as netlink messages: tables, base chains, sets and maps, rules made of
 * expressions. Values in set elements and comparisons have the byte order that the packet or the kernel gives them.
 * Source: uapi header linux/netfilter/nf_tables.h; netfilter's libnftnl documentation.
 */

import { attribute, FLAG_CREATE, type Message, nested, text, u32, u32be } from "./netlink-message.ts";

const FAMILY_INET = 1;
export const FAMILY_IPV4 = 2;

const NFT = {
  newTable: 0,
  newChain: 3,
  newRule: 6,
  newSet: 9,
  newElement: 12,
  getElement: 13,
  delElement: 14,
} as const;

export const HOOK = { prerouting: 0, input: 1, forward: 2, output: 3, postrouting: 4 } as const;
/** Source: uapi header linux/netfilter_ipv4.h, enum nf_ip_hook_priorities. */
export const PRIORITY = {
  raw: -300,
  mangle: -150,
  destinationNat: -100,
  filter: 0,
  sourceNat: 100,
  last: 300,
} as const;
export const META = { mark: 3, iif: 4, oif: 5, nfproto: 15, iifgroup: 21 } as const;

/** A 16-byte register; `REGISTER_1_SECOND` is its second word, for keys of two parts. */
export const REGISTER_1 = 1;
export const REGISTER_1_FIRST = 8;
export const REGISTER_1_SECOND = 9;

const SUBSYSTEM = 10;
const BATCH_BEGIN = 16;
const BATCH_END = 17;
const FLAG_APPEND = 0x800;
const SET_MAP = 8;
const DROP = 0;
const CMP = { equal: 0, notEqual: 1 } as const;

export interface Chain {
  readonly name: string;
  readonly type: "filter" | "nat";
  readonly hook: number;
  readonly priority: number;
  readonly rules: readonly (readonly Buffer[])[];
}

export interface NamedSet {
  readonly name: string;
  readonly keyBytes: number;
  /** Of a map. */
  readonly valueBytes?: number;
  /** For the `nft` tool alone, which prints by them; the kernel only hands them on. */
  readonly keyType?: number;
  readonly valueType?: number;
  readonly isNumber?: boolean;
}

export interface SetElement {
  readonly key: Buffer;
  readonly value?: Buffer;
}

/** `messages` as one transaction, done as a whole or not at all. */
export function transaction(messages: readonly Message[]): Message[] {
  const boundary = (type: number): Message => ({
    type,
    flags: 0,
    body: Buffer.from([0, 0, 0, SUBSYSTEM]),
    what: "load nf_tables",
  });
  return [boundary(BATCH_BEGIN), ...messages, boundary(BATCH_END)];
}

export function newTable(table: string): Message {
  return nftMessage(NFT.newTable, FLAG_CREATE, [attribute(1, text(table))], `make table ${table}`);
}

export function newSet(table: string, set: NamedSet, id: number): Message {
  const map =
    set.valueBytes === undefined ? [] : [attribute(6, u32be(set.valueType ?? 0)), attribute(7, u32be(set.valueBytes))];
  const attributes = [
    attribute(1, text(table)),
    attribute(2, text(set.name)),
    attribute(3, u32be(set.valueBytes === undefined ? 0 : SET_MAP)),
    attribute(4, u32be(set.keyType ?? 0)),
    attribute(5, u32be(set.keyBytes)),
    ...map,
    attribute(10, u32be(id)),
    attribute(13, byteOrders(set)),
  ];
  return nftMessage(NFT.newSet, FLAG_CREATE, attributes, `make set ${set.name}`);
}

/** Notes for the `nft` tool in its own form: whether key and value are numbers of the machine (1) or of the wire (2). */
function byteOrders({ isNumber = false }: NamedSet): Buffer {
  const order = u32(isNumber ? 1 : 2);
  return Buffer.concat([Buffer.from([0, order.length]), order, Buffer.from([1, order.length]), order]);
}

/** The base chain, empty, and then its rules in their order. What no rule drops is accepted. */
export function newChain(table: string, chain: Chain): Message[] {
  const attributes = [
    attribute(1, text(table)),
    attribute(3, text(chain.name)),
    nested(4, attribute(1, u32be(chain.hook)), attribute(2, u32be(chain.priority))),
    attribute(7, text(chain.type)),
  ];
  return [
    nftMessage(NFT.newChain, FLAG_CREATE, attributes, `make chain ${chain.name}`),
    ...chain.rules.map((expressions) => newRule(table, chain.name, expressions)),
  ];
}

function newRule(table: string, chain: string, expressions: readonly Buffer[]): Message {
  const attributes = [attribute(1, text(table)), attribute(2, text(chain)), nested(4, ...expressions)];
  return nftMessage(NFT.newRule, FLAG_CREATE | FLAG_APPEND, attributes, `add a rule to chain ${chain}`);
}

export function addElements(table: string, set: string, elements: readonly SetElement[]): Message {
  return elementMessage({ type: NFT.newElement, flags: FLAG_CREATE, table, set }, elements);
}

export function deleteElements(table: string, set: string, elements: readonly SetElement[]): Message {
  const keys = elements.map(({ key }) => ({ key }));
  return elementMessage({ type: NFT.delElement, flags: 0, table, set }, keys);
}

/** Lists the elements of a set. */
export function getElements(table: string, set: string): Message {
  const attributes = [attribute(1, text(table)), attribute(2, text(set))];
  return nftMessage(NFT.getElement, 0, attributes, `list set ${set}`);
}

interface ElementHead {
  readonly type: number;
  readonly flags: number;
  readonly table: string;
  readonly set: string;
}

function elementMessage({ type, flags, table, set }: ElementHead, elements: readonly SetElement[]): Message {
  const entries = elements.map(({ key, value }) =>
    nested(1, nested(1, attribute(1, key)), ...(value === undefined ? [] : [nested(2, attribute(1, value))])),
  );
  const attributes = [attribute(1, text(table)), attribute(2, text(set)), nested(3, ...entries)];
  return nftMessage(type, flags, attributes, `change set ${set}`);
}

export function loadMeta(key: number, register: number): Buffer {
  return expression("meta", attribute(2, u32be(key)), attribute(1, u32be(register)));
}

export function storeMeta(key: number, register: number): Buffer {
  return expression("meta", attribute(2, u32be(key)), attribute(3, u32be(register)));
}

/** Loads `bytes` of the network header from `offset` on. */
export function loadNetwork(offset: number, bytes: number, register: number): Buffer {
  const NETWORK_HEADER = 1;
  return expression(
    "payload",
    attribute(1, u32be(register)),
    attribute(2, u32be(NETWORK_HEADER)),
    attribute(3, u32be(offset)),
    attribute(4, u32be(bytes)),
  );
}

/** Goes on when the register's bytes are `value`. */
export function isEqual(register: number, value: Buffer): Buffer {
  return compare(register, CMP.equal, value);
}

export function isNotEqual(register: number, value: Buffer): Buffer {
  return compare(register, CMP.notEqual, value);
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

/** Rewrites the packet's source or destination, and with it all of its connection, to the address in the register. */
export function translate(end: "source" | "destination", register: number): Buffer {
  return expression(
    "nat",
    attribute(1, u32be(end === "source" ? 0 : 1)),
    attribute(2, u32be(FAMILY_IPV4)),
    attribute(3, u32be(register)),
  );
}

export function count(): Buffer {
  return expression("counter");
}

export function drop(): Buffer {
  const VERDICT_REGISTER = 0;
  return expression(
    "immediate",
    attribute(1, u32be(VERDICT_REGISTER)),
    nested(2, nested(2, attribute(1, u32be(DROP)))),
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

function nftMessage(type: number, flags: number, attributes: readonly Buffer[], what: string): Message {
  const body = Buffer.concat([Buffer.from([FAMILY_INET, 0, 0, 0]), ...attributes]);
  return { type: (SUBSYSTEM << 8) | type, flags, body, what };
}
