/**
 * The CRC of two pieces in a row from the CRC of each, so that a multipart upload's checksum needs no second reading.
 * Appending n bytes multiplies a CRC by x^(8n) modulo its polynomial.
 * Source: zlib, crc32_combine; S3 User Guide, "Full object and composite checksum types": CRC-32, CRC-32C, CRC-64/NVME.
 */

import type { ChecksumAlgorithm } from "../../wire/checksum.ts";

export interface Piece {
  /** Base64. */
  readonly checksum: string;
  readonly sizeBytes: number;
}

/** The checksum, in base64, of the pieces in a row; undefined for algorithms that cannot be combined. */
export function combineCrcs(algorithm: ChecksumAlgorithm, pieces: readonly Piece[]): string | undefined {
  const field = fields[algorithm];
  if (field === undefined) return undefined;
  const shifts = new Map<number, bigint>();
  let crc = 0n;
  for (const { checksum, sizeBytes } of pieces) {
    // Parts of one upload mostly have one size.
    const shift = shifts.get(sizeBytes) ?? powerOfX(field, BigInt(sizeBytes) * 8n);
    shifts.set(sizeBytes, shift);
    crc = multiply(field, shift, crc) ^ BigInt(`0x${Buffer.from(checksum, "base64").toString("hex") || "0"}`);
  }
  return Buffer.from(crc.toString(16).padStart(Number(field.bits / 4n), "0"), "hex").toString("base64");
}

/** Polynomials in reflected notation: the top bit is x^0. */
interface Field {
  readonly bits: bigint;
  readonly polynomial: bigint;
}

const fields: Readonly<Partial<Record<ChecksumAlgorithm, Field>>> = {
  CRC32: { bits: 32n, polynomial: 0xedb88320n },
  CRC32C: { bits: 32n, polynomial: 0x82f63b78n },
  CRC64NVME: { bits: 64n, polynomial: 0x9a6c9329ac4bc9b5n },
};

function multiply({ bits, polynomial }: Field, a: bigint, b: bigint): bigint {
  let product = 0n;
  let factor = b;
  for (let bit = 1n << (bits - 1n); bit > 0n; bit >>= 1n) {
    if ((a & bit) !== 0n) product ^= factor;
    factor = (factor & 1n) === 0n ? factor >> 1n : (factor >> 1n) ^ polynomial;
  }
  return product;
}

function powerOfX(field: Field, exponent: bigint): bigint {
  let power = 1n << (field.bits - 1n);
  let square = 1n << (field.bits - 2n);
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if ((rest & 1n) === 1n) power = multiply(field, square, power);
    square = multiply(field, square, square);
  }
  return power;
}
