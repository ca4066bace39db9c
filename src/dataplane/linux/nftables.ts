/**
 * The part of nf_tables that Underpass uses, as netlink messages: tables, chains, sets and maps, rules. Values in set
 * elements have the byte order that the packet or the kernel gives them.
 * Source: uapi header linux/netfilter/nf_tables.h; netfilter's libnftnl documentation.
 */

import { VERDICT } from "./expression.ts";
import { attribute, FLAG_CREATE, type Message, nested, text, textOf, u32, u32be } from "./netlink-message.ts";

/** Of both widths. */
export const FAMILY_INET = 1;

const NFT = {
  newTable: 0,
  getTable: 1,
  delTable: 2,
  newChain: 3,
  getChain: 4,
  delChain: 5,
  newRule: 6,
  getRule: 7,
  delRule: 8,
  newSet: 9,
  getSet: 10,
  delSet: 11,
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
const SUBSYSTEM = 10;
const BATCH_BEGIN = 16;
const BATCH_END = 17;
const FLAG_APPEND = 0x800;
const SET_INTERVAL = 4;
const SET_MAP = 8;
const VERDICT_TYPE = 0xffffff00;
const INTERVAL_END = 1;

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
  /** Of a map; `verdict` for where to jump. */
  readonly valueBytes?: number | "verdict";
  /** Whether its elements are the bounds of intervals. */
  readonly isInterval?: boolean;
  /** For the `nft` tool alone, which prints by them; the kernel only hands them on. */
  readonly keyType?: number;
  readonly valueType?: number;
  readonly isNumber?: boolean;
  readonly isValueNumber?: boolean;
}

export interface SetElement {
  readonly key: Buffer;
  /** The bytes, or the chain to jump to. */
  readonly value?: Buffer | { readonly jumpTo: string };
  /** The first key behind an interval. */
  readonly isEnd?: boolean;
}

export interface Rule {
  readonly chain: string;
  readonly expressions: readonly Buffer[];
  /** Up to 127 bytes, kept by the kernel for whoever lists the rule. */
  readonly comment?: string;
  /** The handle of the rule that it goes in front of; last in the chain without one. */
  readonly before?: Buffer;
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

/** Lists the tables of every family; the first byte of an answer is its own. */
export function getTables(): Message {
  const ANY_FAMILY = 0;
  return ofFamily(ANY_FAMILY, nftMessage(NFT.getTable, 0, [], "list tables"));
}

/** Takes the table away with all that is in it; one of our family, which is that of both widths, unless said otherwise. */
export function deleteTable(table: string, family = FAMILY_INET): Message {
  return ofFamily(family, nftMessage(NFT.delTable, 0, [attribute(1, text(table))], `delete table ${table}`));
}

function ofFamily(family: number, message: Message): Message {
  return { ...message, body: Buffer.concat([Buffer.from([family]), message.body.subarray(1)]) };
}

export function newSet(table: string, set: NamedSet, id: number): Message {
  const { valueBytes, valueType = 0 } = set;
  const flags = (valueBytes === undefined ? 0 : SET_MAP) | (set.isInterval === true ? SET_INTERVAL : 0);
  const value =
    valueBytes === "verdict"
      ? [attribute(6, u32be(VERDICT_TYPE))]
      : [attribute(6, u32be(valueType)), attribute(7, u32be(valueBytes ?? 0))];
  const attributes = [
    attribute(1, text(table)),
    attribute(2, text(set.name)),
    attribute(3, u32be(flags)),
    attribute(4, u32be(set.keyType ?? 0)),
    attribute(5, u32be(set.keyBytes)),
    ...(valueBytes === undefined ? [] : value),
    attribute(10, u32be(id)),
    attribute(13, byteOrders(set)),
  ];
  return nftMessage(NFT.newSet, FLAG_CREATE, attributes, `make set ${set.name}`);
}

export interface TallySet {
  readonly name: string;
  readonly keyBytes: number;
  /** How many elements it takes. */
  readonly limit: number;
  /** How long an element stands after its last packet; for good without it. */
  readonly lifeMs?: number;
}

/** A set that rules fill, each element with a counter. */
export function newTallySet(table: string, { name, keyBytes, limit, lifeMs }: TallySet): Message {
  const [TIMEOUT, FROM_RULES] = [0x10, 0x20];
  const flags = FROM_RULES | (lifeMs === undefined ? 0 : TIMEOUT);
  const attributes = [
    attribute(1, text(table)),
    attribute(2, text(name)),
    attribute(3, u32be(flags)),
    attribute(4, u32be(0)),
    attribute(5, u32be(keyBytes)),
    nested(9, attribute(1, u32be(limit))),
    attribute(10, u32be(0)),
    ...(lifeMs === undefined ? [] : [attribute(11, u64be(lifeMs))]),
    nested(17, attribute(1, text("counter"))),
  ];
  return nftMessage(NFT.newSet, FLAG_CREATE, attributes, `make set ${name}`);
}

function u64be(value: number): Buffer {
  return Buffer.concat([u32be(Math.floor(value / 2 ** 32)), u32be(value % 2 ** 32)]);
}

/** A map from ranges in every part of a key to what is accepted, each element with a counter. */
export interface RangeMap {
  readonly name: string;
  /** The bytes of each part; in a key a part fills whole words. */
  readonly keyParts: readonly number[];
  readonly keyType: number;
}

export interface RangeElement {
  readonly from: Buffer;
  /** The last of the range. */
  readonly to: Buffer;
}

export function newRangeMap(table: string, { name, keyParts, keyType }: RangeMap): Message {
  const CONCATENATED = 0x80;
  const keyBytes = keyParts.reduce((sum, bytes) => sum + Math.ceil(bytes / 4) * 4, 0);
  const attributes = [
    attribute(1, text(table)),
    attribute(2, text(name)),
    attribute(3, u32be(SET_MAP | SET_INTERVAL | CONCATENATED)),
    attribute(4, u32be(keyType)),
    attribute(5, u32be(keyBytes)),
    attribute(6, u32be(VERDICT_TYPE)),
    nested(9, nested(2, ...keyParts.map((bytes) => nested(1, attribute(1, u32be(bytes)))))),
    attribute(10, u32be(0)),
    attribute(13, byteOrders({})),
    nested(17, attribute(1, text("counter"))),
  ];
  return nftMessage(NFT.newSet, FLAG_CREATE, attributes, `make map ${name}`);
}

/** Accepts what is in the range. No other element of the map may have any of it. */
export function addRange(table: string, map: string, range: RangeElement, comment: string): Message {
  const value = nested(2, nested(2, attribute(1, u32be(VERDICT.accept))));
  return rangeMessage({ type: NFT.newElement, flags: FLAG_CREATE, table, set: map }, range, [
    value,
    attribute(6, commentBytes(comment)),
  ]);
}

export function deleteRange(table: string, map: string, range: RangeElement): Message {
  return rangeMessage({ type: NFT.delElement, flags: 0, table, set: map }, range, []);
}

function rangeMessage(head: ElementHead, { from, to }: RangeElement, more: readonly Buffer[]): Message {
  const { type, flags, table, set } = head;
  const element = nested(1, nested(1, attribute(1, from)), nested(10, attribute(1, to)), ...more);
  const attributes = [attribute(1, text(table)), attribute(2, text(set)), nested(3, element)];
  return nftMessage(type, flags, attributes, `change map ${set}`);
}

/** Takes the set away with its elements. No rule may use it any longer. */
export function deleteSet(table: string, set: string): Message {
  return nftMessage(NFT.delSet, 0, [attribute(1, text(table)), attribute(2, text(set))], `delete set ${set}`);
}

/** Lists the sets of a table, without their elements. */
export function getSets(table: string): Message {
  return nftMessage(NFT.getSet, 0, [attribute(1, text(table))], "list sets");
}

/** Notes for the `nft` tool in its own form: whether key and value are numbers of the machine (1) or of the wire (2). */
function byteOrders({ isNumber = false, isValueNumber = false }: Pick<NamedSet, "isNumber" | "isValueNumber">): Buffer {
  const note = (kind: number, isOfMachine: boolean): Buffer => {
    const order = u32(isOfMachine ? 1 : 2);
    return Buffer.concat([Buffer.from([kind, order.length]), order]);
  };
  return Buffer.concat([note(0, isNumber), note(1, isValueNumber)]);
}

/** The base chain, empty, and then its rules in their order. What no rule drops is accepted. */
export function newBaseChain(table: string, chain: Chain): Message[] {
  const attributes = [
    attribute(1, text(table)),
    attribute(3, text(chain.name)),
    nested(4, attribute(1, u32be(chain.hook)), attribute(2, u32be(chain.priority))),
    attribute(7, text(chain.type)),
  ];
  return [
    nftMessage(NFT.newChain, FLAG_CREATE, attributes, `make chain ${chain.name}`),
    ...chain.rules.map((expressions) => newRule(table, { chain: chain.name, expressions })),
  ];
}

/** An empty chain to jump to. */
export function newChain(table: string, chain: string): Message {
  const attributes = [attribute(1, text(table)), attribute(3, text(chain))];
  return nftMessage(NFT.newChain, FLAG_CREATE, attributes, `make chain ${chain}`);
}

/** Takes the chain away with its rules. Nothing may jump to it any longer. */
export function deleteChain(table: string, chain: string): Message {
  const attributes = [attribute(1, text(table)), attribute(3, text(chain))];
  return nftMessage(NFT.delChain, 0, attributes, `delete chain ${chain}`);
}

/** Lists the chains of every table. */
export function getChains(): Message {
  return nftMessage(NFT.getChain, 0, [], "list chains");
}

export function newRule(table: string, { chain, expressions, comment, before }: Rule): Message {
  const attributes = [
    attribute(1, text(table)),
    attribute(2, text(chain)),
    nested(4, ...expressions),
    ...(before === undefined ? [] : [attribute(6, before)]),
    ...(comment === undefined ? [] : [attribute(7, commentBytes(comment))]),
  ];
  const flags = before === undefined ? FLAG_CREATE | FLAG_APPEND : FLAG_CREATE;
  return nftMessage(NFT.newRule, flags, attributes, `add rule ${comment ?? ""} to chain ${chain}`);
}

/** As the `nft` tool writes it: a kind, a length, the text and a zero byte. */
function commentBytes(comment: string): Buffer {
  const COMMENT = 0;
  const bytes = text(comment);
  return Buffer.concat([Buffer.from([COMMENT, bytes.length]), bytes]);
}

/** The text of such a comment; empty where there is none. */
export function commentOf(bytes: Buffer | undefined): string {
  return textOf(bytes?.subarray(2));
}

export function deleteRule(table: string, chain: string, handle: Buffer): Message {
  const attributes = [attribute(1, text(table)), attribute(2, text(chain)), attribute(3, handle)];
  return nftMessage(NFT.delRule, 0, attributes, `delete a rule of chain ${chain}`);
}

/** Lists the rules of a chain in their order, or of the whole table. */
export function getRules(table: string, chain?: string): Message {
  const attributes = [attribute(1, text(table)), ...(chain === undefined ? [] : [attribute(2, text(chain))])];
  return nftMessage(NFT.getRule, 0, attributes, "list rules");
}

export function addElements(table: string, set: string, elements: readonly SetElement[]): Message {
  return elementMessage({ type: NFT.newElement, flags: FLAG_CREATE, table, set }, elements);
}

export function deleteElements(table: string, set: string, elements: readonly SetElement[]): Message {
  const keys = elements.map(({ key, isEnd = false }) => ({ key, isEnd }));
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
  const entries = elements.map(({ key, value, isEnd = false }) =>
    nested(
      1,
      nested(1, attribute(1, key)),
      ...(value === undefined ? [] : [nested(2, Buffer.isBuffer(value) ? attribute(1, value) : jumpOf(value))]),
      ...(isEnd ? [attribute(3, u32be(INTERVAL_END))] : []),
    ),
  );
  const attributes = [attribute(1, text(table)), attribute(2, text(set)), nested(3, ...entries)];
  return nftMessage(type, flags, attributes, `change set ${set}`);
}

function jumpOf({ jumpTo }: { readonly jumpTo: string }): Buffer {
  return nested(2, attribute(1, u32be(VERDICT.jump)), attribute(2, text(jumpTo)));
}

function nftMessage(type: number, flags: number, attributes: readonly Buffer[], what: string): Message {
  const body = Buffer.concat([Buffer.from([FAMILY_INET, 0, 0, 0]), ...attributes]);
  return { type: (SUBSYSTEM << 8) | type, flags, body, what };
}
