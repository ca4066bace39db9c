/**
 * Longest prefix match over both families, compiled once and looked up without allocation.
 * A binary trie would walk up to 128 nodes; one hash map per prefix length in use is faster for the few lengths that
 * route tables have.
 */

import type { Ip, Width } from "./ip.ts";
import { formatPrefix, maskIp, type Prefix } from "./prefix.ts";

export interface PrefixEntry<T> {
  readonly prefix: Prefix;
  readonly value: T;
}

export interface PrefixTable<T> {
  /** The entry with the longest prefix that holds `ip`, or undefined. */
  readonly longestMatch: (ip: Ip) => PrefixEntry<T> | undefined;
  /** Every entry whose prefix holds `ip`, longest first; equal prefixes in the order they were given. */
  readonly allMatches: (ip: Ip) => readonly PrefixEntry<T>[];
}

/** Compiles the entries. Of equal prefixes the first given wins. */
export function compilePrefixTable<T>(entries: readonly PrefixEntry<T>[]): PrefixTable<T> {
  const buckets: Record<Width, Bucket<T>[]> = { 32: bucketsOf(entries, 32), 128: bucketsOf(entries, 128) };
  return {
    longestMatch: (ip) => {
      for (const bucket of buckets[ip.width]) {
        const hits = bucket.entries.get(keyOf(ip, bucket.bits));
        if (hits !== undefined) return hits[0];
      }
      return undefined;
    },
    allMatches: (ip) => buckets[ip.width].flatMap((bucket) => bucket.entries.get(keyOf(ip, bucket.bits)) ?? []),
  };
}

interface Bucket<T> {
  readonly bits: number;
  readonly entries: ReadonlyMap<number | string, readonly PrefixEntry<T>[]>;
}

function bucketsOf<T>(entries: readonly PrefixEntry<T>[], width: Width): Bucket<T>[] {
  const byBits = new Map<number, Map<number | string, PrefixEntry<T>[]>>();
  for (const entry of entries) {
    if (entry.prefix.ip.width !== width) continue;
    const bucket = byBits.get(entry.prefix.bits) ?? new Map<number | string, PrefixEntry<T>[]>();
    byBits.set(entry.prefix.bits, bucket);
    const key = keyOf(entry.prefix.ip, entry.prefix.bits);
    bucket.set(key, [...(bucket.get(key) ?? []), entry]);
  }
  return [...byBits.entries()].sort(([a], [b]) => b - a).map(([bits, bucket]) => ({ bits, entries: bucket }));
}

/** A number for IPv4, so that a look-up allocates nothing; text for IPv6. */
function keyOf(ip: Ip, bits: number): number | string {
  if (ip.width === 32) return bits === 0 ? 0 : ((ip.words[0] ?? 0) & (-1 << (32 - bits))) >>> 0;
  return formatPrefix({ ip: maskIp(ip, bits), bits });
}
