/**
 * The nf_tables of each kind of namespace. The rules never change while the namespace lives; what changes are elements
 * of their sets, each an object of the reconcile.
 */

import type { ElementObject, NamespaceRole } from "./kernel-object.ts";
import { type Message, u32 } from "./netlink-message.ts";
import {
  addElements,
  type Chain,
  count,
  deleteElements,
  drop,
  FAMILY_IPV4,
  HOOK,
  isEqual,
  isNotEqual,
  isNotIn,
  loadMeta,
  loadNetwork,
  mapBy,
  META,
  type NamedSet,
  newChain,
  newSet,
  newTable,
  PRIORITY,
  REGISTER_1,
  REGISTER_1_FIRST,
  REGISTER_1_SECOND,
  type SetElement,
  storeMeta,
  translate,
} from "./nftables.ts";
import { ipBytes } from "./rtnetlink.ts";

export const TABLE = "underpass";

/** What the text of a key's or value's part means, with the number by which the `nft` tool knows to print it. */
const PART_TYPE = { ip: 7, mark: 19, device: 20, group: 35 } as const;
type Part = keyof typeof PART_TYPE;

export interface SetShape extends NamedSet {
  readonly key: readonly Part[];
  readonly value?: Part;
}

const IPV4_SOURCE = 12;
const IPV4_DESTINATION = 16;
/** The gateway's device on the side of the internet. */
const INTERNET_DEVICE = 3;

const ROUTER_SETS: readonly SetShape[] = [
  // Link group of a subnet → mark, which is the number of its route table.
  { name: "subnet_table", key: ["group"], keyBytes: 4, value: "mark", valueBytes: 4 },
  // The device and the one source address that may come in by it.
  { name: "interface_source", key: ["device", "ip"], keyBytes: 8 },
];

const GATEWAY_SETS: readonly SetShape[] = [
  { name: "public_address", key: ["ip"], keyBytes: 4 },
  { name: "source_nat", key: ["ip"], keyBytes: 4, value: "ip", valueBytes: 4 },
  { name: "destination_nat", key: ["ip"], keyBytes: 4, value: "ip", valueBytes: 4 },
];

const isIpv4 = [loadMeta(META.nfproto, REGISTER_1), isEqual(REGISTER_1, Buffer.from([FAMILY_IPV4]))];
const isNotIpv4 = [loadMeta(META.nfproto, REGISTER_1), isNotEqual(REGISTER_1, Buffer.from([FAMILY_IPV4]))];
/** Instances' links have a subnet's group; endpoints and gateways have none. */
const isFromInstance = [loadMeta(META.iifgroup, REGISTER_1), isNotEqual(REGISTER_1, u32(0))];
const isFromInternet = [loadMeta(META.iif, REGISTER_1), isEqual(REGISTER_1, u32(INTERNET_DEVICE))];
const isToInternet = [loadMeta(META.oif, REGISTER_1), isEqual(REGISTER_1, u32(INTERNET_DEVICE))];

const ROUTER_CHAINS: readonly Chain[] = [
  {
    name: "spoof",
    type: "filter",
    hook: HOOK.prerouting,
    priority: PRIORITY.raw,
    rules: [
      [...isFromInstance, ...isNotIpv4, count(), drop()],
      [
        ...isFromInstance,
        ...isIpv4,
        loadMeta(META.iif, REGISTER_1_FIRST),
        loadNetwork(IPV4_SOURCE, 4, REGISTER_1_SECOND),
        isNotIn("interface_source", REGISTER_1),
        count(),
        drop(),
      ],
    ],
  },
  {
    name: "classify",
    type: "filter",
    hook: HOOK.prerouting,
    priority: PRIORITY.mangle,
    rules: [[loadMeta(META.iifgroup, REGISTER_1), mapBy("subnet_table", REGISTER_1), storeMeta(META.mark, REGISTER_1)]],
  },
];

const GATEWAY_CHAINS: readonly Chain[] = [
  {
    name: "inward",
    type: "nat",
    hook: HOOK.prerouting,
    priority: PRIORITY.destinationNat,
    rules: [
      [
        ...isFromInternet,
        ...isIpv4,
        loadNetwork(IPV4_DESTINATION, 4, REGISTER_1),
        mapBy("destination_nat", REGISTER_1),
        translate("destination", REGISTER_1),
      ],
    ],
  },
  {
    name: "outward",
    type: "nat",
    hook: HOOK.postrouting,
    priority: PRIORITY.sourceNat,
    rules: [
      [
        ...isToInternet,
        ...isIpv4,
        loadNetwork(IPV4_SOURCE, 4, REGISTER_1),
        mapBy("source_nat", REGISTER_1),
        translate("source", REGISTER_1),
      ],
    ],
  },
  {
    // Behind the translation: whatever it left alone has no public address and stays here.
    name: "guard",
    type: "filter",
    hook: HOOK.postrouting,
    priority: PRIORITY.last,
    rules: [
      [...isToInternet, ...isNotIpv4, count(), drop()],
      [
        ...isToInternet,
        ...isIpv4,
        loadNetwork(IPV4_SOURCE, 4, REGISTER_1),
        isNotIn("public_address", REGISTER_1),
        count(),
        drop(),
      ],
    ],
  },
];

export function setsOf(role: NamespaceRole): readonly SetShape[] {
  switch (role) {
    case "router":
      return ROUTER_SETS;
    case "internet-gateway":
      return GATEWAY_SETS;
    case "internet":
    case "endpoint":
    case "host":
      return [];
  }
}

/** Makes the namespace's table, sets, chains and rules; empty where it has none. */
export function rulesetOf(role: NamespaceRole): Message[] {
  const sets = setsOf(role);
  if (sets.length === 0) return [];
  const chains = role === "router" ? ROUTER_CHAINS : GATEWAY_CHAINS;
  return [
    newTable(TABLE),
    ...sets.map((set, at) => newSet(TABLE, { ...set, ...nftTypesOf(set) }, at + 1)),
    ...chains.flatMap((chain) => newChain(TABLE, chain)),
  ];
}

/** A key of several parts has their types packed, six bits each. */
function nftTypesOf(set: SetShape): Pick<NamedSet, "keyType" | "valueType" | "isNumber"> {
  const keyType = set.key.reduce((packed, part) => packed * 64 + PART_TYPE[part], 0);
  const valueType = set.value === undefined ? 0 : PART_TYPE[set.value];
  return { keyType, valueType, isNumber: set.key[0] !== "ip" && set.key.length === 1 };
}

/** Puts in or takes out elements, all of the same set. */
export function changeElements(verb: "add" | "remove", elements: readonly ElementObject[]): Message {
  const name = elements[0]?.set ?? "";
  const shape = [...ROUTER_SETS, ...GATEWAY_SETS].find((candidate) => candidate.name === name);
  if (shape === undefined) throw new Error(`no set \`${name}\``);
  const encoded = elements.map((element) => encodeElement(shape, element));
  return verb === "add" ? addElements(TABLE, name, encoded) : deleteElements(TABLE, name, encoded);
}

function encodeElement(shape: SetShape, element: ElementObject): SetElement {
  const key = Buffer.concat(shape.key.map((part, at) => encodePart(part, element.key[at] ?? "")));
  if (shape.value === undefined || element.value === undefined) return { key };
  return { key, value: encodePart(shape.value, element.value) };
}

/** The texts of an element that the kernel listed. */
export function decodeElement(
  shape: SetShape,
  key: Buffer | undefined,
  value: Buffer | undefined,
): Pick<ElementObject, "key" | "value"> {
  const parts = shape.key.map((part, at) => decodePart(part, key?.subarray(at * 4, at * 4 + 4)));
  return shape.value === undefined ? { key: parts } : { key: parts, value: decodePart(shape.value, value) };
}

function decodePart(part: Part, bytes: Buffer | undefined): string {
  if (bytes === undefined || bytes.length < 4) throw new Error("the kernel listed a torn element");
  return part === "ip" ? [...bytes].join(".") : `${bytes.readUInt32LE(0)}`;
}

function encodePart(part: Part, value: string): Buffer {
  return part === "ip" ? ipBytes(value) : u32(Number(value));
}
