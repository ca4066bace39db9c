/** Prefixes (CIDR blocks) of both families. A `Prefix` never has bits set behind its length. Source: RFC 4632. */

import { compareIp, formatIp, type Ip, parseIp } from "./ip.ts";

export interface Prefix {
  readonly ip: Ip;
  /** Length of the network part: 0 to 32, or 0 to 128. */
  readonly bits: number;
}

/** The prefix that `text` writes (`10.0.0.0/16`), or undefined when it is no CIDR or has host bits set. */
export function parsePrefix(text: string): Prefix | undefined {
  const loose = parseLoosePrefix(text);
  if (loose === undefined) return undefined;
  return compareIp(loose.ip, maskIp(loose.ip, loose.bits)) === 0 ? loose : undefined;
}

/** As `parsePrefix`, with host bits cut off instead of refused: `10.0.0.7/16` is `10.0.0.0/16`. */
export function parsePrefixMasked(text: string): Prefix | undefined {
  const loose = parseLoosePrefix(text);
  return loose && { ip: maskIp(loose.ip, loose.bits), bits: loose.bits };
}

/** The prefix that holds just one address. */
export function hostPrefix(ip: Ip): Prefix {
  return { ip, bits: ip.width };
}

export function formatPrefix(prefix: Prefix): string {
  return `${formatIp(prefix.ip)}/${prefix.bits}`;
}

export function containsIp(prefix: Prefix, ip: Ip): boolean {
  return prefix.ip.width === ip.width && compareIp(maskIp(ip, prefix.bits), prefix.ip) === 0;
}

/** Whether `outer` holds every address of `inner`. */
export function containsPrefix(outer: Prefix, inner: Prefix): boolean {
  return outer.bits <= inner.bits && containsIp(outer, inner.ip);
}

export function overlaps(a: Prefix, b: Prefix): boolean {
  return containsPrefix(a, b) || containsPrefix(b, a);
}

export function equalPrefix(a: Prefix, b: Prefix): boolean {
  return a.bits === b.bits && compareIp(a.ip, b.ip) === 0;
}

/** How many addresses the prefix holds; exact up to 2^53. */
export function sizeOfPrefix(prefix: Prefix): number {
  return 2 ** (prefix.ip.width - prefix.bits);
}

/** The address with all bits behind the first `bits` set to zero. */
export function maskIp(ip: Ip, bits: number): Ip {
  const words = ip.words.map((word, at) => {
    const kept = Math.min(32, Math.max(0, bits - at * 32));
    return kept === 0 ? 0 : (word & (-1 << (32 - kept))) >>> 0;
  });
  return { width: ip.width, words };
}

function parseLoosePrefix(text: string): Prefix | undefined {
  const slash = text.indexOf("/");
  if (slash < 0) return undefined;
  const ip = parseIp(text.slice(0, slash));
  const bits = text.slice(slash + 1);
  if (ip === undefined || !/^(0|[1-9]\d{0,2})$/.test(bits)) return undefined;
  return Number(bits) <= ip.width ? { ip, bits: Number(bits) } : undefined;
}
