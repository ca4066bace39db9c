/**
 * Checksums over bytes that arrive piece by piece: those that S3 takes on upload.
 * Source: S3 User Guide, "Checking object integrity"; RFC 3720 appendix B.4 (CRC-32C); NVM Express NVM Command Set,
 * section 5.2.1.3.4 (CRC-64/NVME).
 */

import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";

export type ChecksumAlgorithm = "CRC32" | "CRC32C" | "CRC64NVME" | "SHA1" | "SHA256" | "MD5";

export interface Checksum {
  readonly update: (bytes: Uint8Array) => void;
  /** The bytes that S3 writes in base64, most significant first. To be asked once, at the end. */
  readonly digest: () => Buffer;
}

export const checksumAlgorithms = [
  "CRC32",
  "CRC32C",
  "CRC64NVME",
  "SHA1",
  "SHA256",
  "MD5",
] as const satisfies readonly ChecksumAlgorithm[];

export function openChecksum(algorithm: ChecksumAlgorithm): Checksum {
  switch (algorithm) {
    case "CRC32":
      return openCrc(crc32);
    case "CRC32C":
      return openCrc(crc32c);
    case "CRC64NVME":
      return openCrc64();
    case "SHA1":
    case "SHA256":
    case "MD5": {
      const hash = createHash(algorithm.toLowerCase());
      return { update: (bytes) => void hash.update(bytes), digest: () => hash.digest() };
    }
  }
}

/** The checksum of one piece, in base64. */
export function checksumOf(algorithm: ChecksumAlgorithm, bytes: Uint8Array): string {
  const checksum = openChecksum(algorithm);
  checksum.update(bytes);
  return checksum.digest().toString("base64");
}

/** How many tables are used at once: bytes taken in one step. */
const slices = 8;

function openCrc(step: (bytes: Uint8Array, crc: number) => number): Checksum {
  let crc = 0;
  return {
    update: (bytes) => {
      crc = step(bytes, crc);
    },
    digest: () => {
      const out = Buffer.alloc(4);
      out.writeUInt32BE(crc >>> 0);
      return out;
    },
  };
}

/** Reflected polynomial of CRC-32C. */
const castagnoli = 0x82f63b78;
let tables32: Uint32Array | undefined;

function crc32c(bytes: Uint8Array, before: number): number {
  const tables = (tables32 ??= makeTables32());
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const whole = bytes.length - (bytes.length % slices);
  let crc = ~before;
  let at = 0;
  for (; at < whole; at += slices) {
    const low = crc ^ view.getInt32(at, true);
    const high = view.getInt32(at + 4, true);
    crc =
      entry(tables, 7, low) ^
      entry(tables, 6, low >>> 8) ^
      entry(tables, 5, low >>> 16) ^
      entry(tables, 4, low >>> 24) ^
      entry(tables, 3, high) ^
      entry(tables, 2, high >>> 8) ^
      entry(tables, 1, high >>> 16) ^
      entry(tables, 0, high >>> 24);
  }
  for (; at < bytes.length; at++) crc = (crc >>> 8) ^ entry(tables, 0, crc ^ view.getUint8(at));
  return ~crc >>> 0;
}

/** Table `slice`, entry of the low byte. The index is always inside: the assertion costs nothing in the loop. */
function entry(tables: Uint32Array, slice: number, byte: number): number {
  return tables[(slice << 8) | (byte & 255)] as number;
}

function makeTables32(): Uint32Array {
  const tables = new Uint32Array(256 * slices);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 0 ? crc >>> 1 : (crc >>> 1) ^ castagnoli;
    tables[byte] = crc;
  }
  for (let at = 256; at < tables.length; at++) {
    const previous = tables[at - 256] as number;
    tables[at] = (previous >>> 8) ^ entry(tables, 0, previous);
  }
  return tables;
}

/** Reflected polynomial of CRC-64/NVME, in two halves, since JavaScript's integers have 32 bits. */
const nvme = { high: 0x9a6c9329, low: 0xac4bc9b5 };

interface Tables64 {
  readonly high: Uint32Array;
  readonly low: Uint32Array;
}

let tables64: Tables64 | undefined;

function openCrc64(): Checksum {
  const tables = (tables64 ??= makeTables64());
  const crc = { high: 0, low: 0 };
  return {
    update: (bytes) => crc64(tables, bytes, crc),
    digest: () => {
      const out = Buffer.alloc(8);
      out.writeUInt32BE(crc.high >>> 0, 0);
      out.writeUInt32BE(crc.low >>> 0, 4);
      return out;
    },
  };
}

/** Adds the bytes to `crc`, which is changed in place. */
function crc64({ high: highs, low: lows }: Tables64, bytes: Uint8Array, crc: { high: number; low: number }): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const whole = bytes.length - (bytes.length % slices);
  let high = ~crc.high;
  let low = ~crc.low;
  let at = 0;
  for (; at < whole; at += slices) {
    const a = low ^ view.getInt32(at, true);
    const b = high ^ view.getInt32(at + 4, true);
    // Index of each byte in its table: the first byte has the longest way to go.
    const i7 = 0x700 | (a & 255);
    const i6 = 0x600 | ((a >>> 8) & 255);
    const i5 = 0x500 | ((a >>> 16) & 255);
    const i4 = 0x400 | (a >>> 24);
    const i3 = 0x300 | (b & 255);
    const i2 = 0x200 | ((b >>> 8) & 255);
    const i1 = 0x100 | ((b >>> 16) & 255);
    const i0 = b >>> 24;
    low =
      at8(lows, i7) ^
      at8(lows, i6) ^
      at8(lows, i5) ^
      at8(lows, i4) ^
      at8(lows, i3) ^
      at8(lows, i2) ^
      at8(lows, i1) ^
      at8(lows, i0);
    high =
      at8(highs, i7) ^
      at8(highs, i6) ^
      at8(highs, i5) ^
      at8(highs, i4) ^
      at8(highs, i3) ^
      at8(highs, i2) ^
      at8(highs, i1) ^
      at8(highs, i0);
  }
  for (; at < bytes.length; at++) {
    const index = (low ^ view.getUint8(at)) & 255;
    low = ((low >>> 8) | (high << 24)) ^ at8(lows, index);
    high = (high >>> 8) ^ at8(highs, index);
  }
  crc.high = ~high;
  crc.low = ~low;
}

/** INVARIANT: the index is inside the table. */
function at8(table: Uint32Array, index: number): number {
  return table[index] as number;
}

function makeTables64(): Tables64 {
  const high = new Uint32Array(256 * slices);
  const low = new Uint32Array(256 * slices);
  for (let byte = 0; byte < 256; byte++) {
    let h = 0;
    let l = byte;
    for (let bit = 0; bit < 8; bit++) {
      const odd = (l & 1) === 1;
      l = (l >>> 1) | (h << 31);
      h >>>= 1;
      if (odd) {
        l ^= nvme.low;
        h ^= nvme.high;
      }
    }
    low[byte] = l;
    high[byte] = h;
  }
  for (let at = 256; at < high.length; at++) {
    const h = at8(high, at - 256);
    const l = at8(low, at - 256);
    low[at] = ((l >>> 8) | (h << 24)) ^ at8(low, l & 255);
    high[at] = (h >>> 8) ^ at8(high, l & 255);
  }
  return { high, low };
}
