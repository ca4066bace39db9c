/**
 * IP addresses of both families as unsigned 32-bit words, so that one path serves IPv4 (one word) and IPv6 (four).
 * Source: RFC 4291 section 2.2 (text forms of IPv6), RFC 5952 section 4 (the canonical one).
 */

export type Width = 32 | 128;

export const WIDTHS: readonly Width[] = [32, 128];

export interface Ip {
  readonly width: Width;
  /** Most significant first; one word for IPv4, four for IPv6; each 0 to 2^32-1. */
  readonly words: readonly number[];
}

/** The address that `text` writes, or undefined. IPv4 takes four decimal parts without leading zeros. */
export function parseIp(text: string): Ip | undefined {
  return text.includes(":") ? parseIpv6(text) : parseIpv4(text);
}

/** The family of an address or a block, by its text, which is taken to be one. */
export function widthOf(text: string): Width {
  return text.includes(":") ? 128 : 32;
}

/** The canonical text: dotted decimal, or RFC 5952. */
export function formatIp(ip: Ip): string {
  return ip.width === 32 ? formatIpv4(ip.words[0] ?? 0) : formatIpv6(ip.words);
}

export function equalIp(a: Ip, b: Ip): boolean {
  return compareIp(a, b) === 0;
}

/** Negative, zero or positive; IPv4 sorts before IPv6. */
export function compareIp(a: Ip, b: Ip): number {
  if (a.width !== b.width) return a.width - b.width;
  for (let at = 0; at < a.words.length; at++) {
    const difference = (a.words[at] ?? 0) - (b.words[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** The address `offset` further on (0 to 2^32-1); wraps at the end of the family. */
export function addToIp(ip: Ip, offset: number): Ip {
  const words = [...ip.words];
  let carry = offset;
  for (let at = words.length - 1; at >= 0 && carry > 0; at--) {
    const sum = (words[at] ?? 0) + carry;
    words[at] = sum % 2 ** 32;
    carry = Math.floor(sum / 2 ** 32);
  }
  return { width: ip.width, words };
}

/** The bytes in network order: 4 or 16. */
export function bytesOfIp(ip: Ip): Uint8Array {
  const bytes = new Uint8Array(ip.width / 8);
  const view = new DataView(bytes.buffer);
  ip.words.forEach((word, at) => view.setUint32(at * 4, word));
  return bytes;
}

function parseIpv4(text: string): Ip | undefined {
  const parts = text.split(".");
  if (parts.length !== 4) return undefined;
  let word = 0;
  for (const part of parts) {
    if (!/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return undefined;
    word = word * 256 + Number(part);
  }
  return { width: 32, words: [word] };
}

function parseIpv6(text: string): Ip | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const head = groupsOf(halves[0] ?? "", halves.length === 1);
  const tail = halves.length === 2 ? groupsOf(halves[1] ?? "", true) : [];
  if (head === undefined || tail === undefined) return undefined;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  const groups = [...head, ...Array<number>(missing).fill(0), ...tail];
  const words = [0, 2, 4, 6].map((at) => (groups[at] ?? 0) * 65536 + (groups[at + 1] ?? 0));
  return { width: 128, words };
}

/** The 16-bit groups of one side of `::`; an embedded IPv4 address is allowed at the very end. */
function groupsOf(text: string, last: boolean): number[] | undefined {
  if (text === "") return [];
  const groups: number[] = [];
  const parts = text.split(":");
  for (const [at, part] of parts.entries()) {
    if (last && at === parts.length - 1 && part.includes(".")) {
      const word = parseIpv4(part)?.words[0];
      if (word === undefined) return undefined;
      groups.push(Math.floor(word / 65536), word % 65536);
    } else {
      if (!/^[0-9a-fA-F]{1,4}$/.test(part)) return undefined;
      groups.push(Number.parseInt(part, 16));
    }
  }
  return groups;
}

function formatIpv4(word: number): string {
  return `${word >>> 24}.${(word >>> 16) & 255}.${(word >>> 8) & 255}.${word & 255}`;
}

function formatIpv6(words: readonly number[]): string {
  const groups = words.flatMap((word) => [Math.floor(word / 65536), word % 65536]);
  const run = longestZeroRun(groups);
  const hex = (from: number, to: number): string =>
    groups
      .slice(from, to)
      .map((group) => group.toString(16))
      .join(":");
  return run.length < 2 ? hex(0, 8) : `${hex(0, run.start)}::${hex(run.start + run.length, 8)}`;
}

function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  for (let start = 0; start < groups.length; start++) {
    let length = 0;
    while (groups[start + length] === 0) length++;
    if (length > best.length) best = { start, length };
  }
  return best;
}
