/**
 * What sets and maps hold: how the texts of an element become the kernel's bytes, and back. The sets of a namespace's
 * ruleset are known beforehand; those that come and go say by their name what they are.
 */

import { formatIp, type Width } from "../../base/ip.ts";
import { ipBytes, ipOfBytes } from "./address.ts";
import type { ElementObject } from "./kernel-object.ts";
import { decodeAttributes, findAttribute, textOf, u32 } from "./netlink-message.ts";
import type { NamedSet, SetElement } from "./nftables.ts";

/** How long each part of a key or value is, and the number by which the `nft` tool knows to print it. */
const PART = {
  ip: { bytes: 4, type: 7 },
  ip6: { bytes: 16, type: 8 },
  mark: { bytes: 4, type: 19 },
  device: { bytes: 4, type: 20 },
  group: { bytes: 4, type: 35 },
} as const;
type Part = keyof typeof PART;

export interface SetShape extends NamedSet {
  readonly key: readonly Part[];
  /** `chain`: where to jump. */
  readonly value?: Part | "chain";
}

/** The shape of a set, or of a map where `value` is given. */
export function shapeOf(name: string, key: readonly Part[], value?: Part | "chain"): SetShape {
  const keyBytes = key.reduce((sum, part) => sum + PART[part].bytes, 0);
  // The types of a key of several parts are packed, six bits each.
  const keyType = key.reduce((packed, part) => packed * 64 + PART[part].type, 0);
  const base = { name, key, keyBytes, keyType, isNumber: key.length === 1 && key.every(isNumber) };
  if (value === undefined) return base;
  if (value === "chain") return { ...base, value, valueBytes: "verdict" };
  return { ...base, value, valueBytes: PART[value].bytes, valueType: PART[value].type, isValueNumber: isNumber(value) };
}

function isNumber(part: Part): boolean {
  return part !== "ip" && part !== "ip6";
}

/** The set of a security group's members of one width. */
export function memberSet(group: number, width: Width): string {
  return `sg${group}${suffixOf(width)}`;
}

/** The set of devices with the source addresses of one width that may come in by them. */
export function sourceSet(width: Width): string {
  return `interface_source${suffixOf(width)}`;
}

/** The set of a prefix list's blocks of one width. */
export function prefixSet(prefixListId: string, width: Width): string {
  return `${prefixListId}${suffixOf(width)}`;
}

export function widthOfSet(name: string): Width {
  return name.endsWith(IPV6_SUFFIX) ? 128 : 32;
}

/** The shape of a set that came after its namespace, which its name tells. */
export function shapeByName(name: string): SetShape {
  const shape = shapeOf(name, [widthOfSet(name) === 32 ? "ip" : "ip6"]);
  return /^sg\d/.test(name) ? shape : { ...shape, isInterval: true };
}

const IPV6_SUFFIX = "_ipv6";

function suffixOf(width: Width): string {
  return width === 32 ? "" : IPV6_SUFFIX;
}

/** What the kernel is told for an element; of an interval its first key and the first one behind it, if there is one. */
export function encodeElement(shape: SetShape, { key, value }: ElementObject): SetElement[] {
  if (shape.isInterval === true) return encodeInterval(key);
  const bytes = Buffer.concat(shape.key.map((part, at) => encodePart(part, key[at] ?? "")));
  if (shape.value === undefined || value === undefined) return [{ key: bytes }];
  return [{ key: bytes, value: shape.value === "chain" ? { jumpTo: value } : encodePart(shape.value, value) }];
}

function encodeInterval([first = "", last = ""]: readonly string[]): SetElement[] {
  const behind = ipBytes(last);
  let at = behind.length - 1;
  while (at >= 0 && behind[at] === 0xff) behind[at--] = 0;
  const start: SetElement = { key: ipBytes(first) };
  if (at < 0) return [start];
  behind[at] = (behind[at] ?? 0) + 1;
  return [start, { key: behind, isEnd: true }];
}

/** The texts of all elements that the kernel listed, each as its attributes. */
export function decodeElements(
  shape: SetShape,
  listed: readonly Buffer[],
): readonly Pick<ElementObject, "key" | "value">[] {
  const elements = listed.map((bytes) => {
    const attributes = decodeAttributes(bytes);
    const data = (type: number): Buffer => findAttribute(attributes, type) ?? Buffer.alloc(0);
    const key = findAttribute(decodeAttributes(data(1)), 1) ?? Buffer.alloc(0);
    return { key, data: data(2), isEnd: ((findAttribute(attributes, 3)?.readUInt32BE(0) ?? 0) & 1) === 1 };
  });
  if (shape.isInterval === true) return decodeIntervals(elements);
  return elements.map(({ key, data }) => {
    const texts = textsOfKey(shape.key, key);
    return shape.value === undefined ? { key: texts } : { key: texts, value: textOfValue(shape.value, data) };
  });
}

/** Bounds in rising order; an interval that begins where another ends comes after it. */
function decodeIntervals(bounds: readonly { readonly key: Buffer; readonly isEnd: boolean }[]): { key: string[] }[] {
  const sorted = bounds.toSorted((a, b) => Buffer.compare(a.key, b.key) || Number(b.isEnd) - Number(a.isEnd));
  return sorted.flatMap(({ key, isEnd }, at) => {
    if (isEnd) return [];
    const next = sorted[at + 1];
    const last = next?.isEnd === true ? keyBefore(next.key) : Buffer.alloc(key.length, 0xff);
    return [{ key: [formatIp(ipOfBytes(key)), formatIp(ipOfBytes(last))] }];
  });
}

function keyBefore(key: Buffer): Buffer {
  const before = Buffer.from(key);
  let at = before.length - 1;
  while (at >= 0 && before[at] === 0) before[at--] = 0xff;
  if (at >= 0) before[at] = (before[at] ?? 0) - 1;
  return before;
}

function textsOfKey(parts: readonly Part[], key: Buffer): string[] {
  let at = 0;
  return parts.map((part) => {
    const from = at;
    at += PART[part].bytes;
    return decodePart(part, key.subarray(from, at));
  });
}

function textOfValue(value: Part | "chain", data: Buffer): string {
  const attributes = decodeAttributes(data);
  if (value !== "chain") return decodePart(value, findAttribute(attributes, 1) ?? Buffer.alloc(0));
  return textOf(findAttribute(decodeAttributes(findAttribute(attributes, 2) ?? Buffer.alloc(0)), 2));
}

function decodePart(part: Part, bytes: Buffer): string {
  if (bytes.length < PART[part].bytes) throw new Error("the kernel listed a torn element");
  return isNumber(part) ? `${bytes.readUInt32LE(0)}` : formatIp(ipOfBytes(bytes));
}

function encodePart(part: Part, value: string): Buffer {
  return isNumber(part) ? u32(Number(value)) : ipBytes(value);
}
