import { createHash } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { checksumAlgorithms, checksumOf, openChecksum } from "./checksum.ts";

/** The check values of `123456789`. Source: RFC 3720 appendix B.4; the NVM Command Set's test; FIPS 180-4; RFC 1321. */
test.each([
  ["CRC32", "cbf43926"],
  ["CRC32C", "e3069283"],
  ["CRC64NVME", "ae8b14860a799888"],
  ["SHA1", "f7c3bc1d808e04732adf679965ccc34ca7ae3441"],
  ["SHA256", createHash("sha256").update("123456789").digest("hex")],
  ["MD5", "25f9e794323b453885f5181f1b624d0b"],
] as const)("%s of 123456789", (algorithm, hex) => {
  expect(Buffer.from(checksumOf(algorithm, Buffer.from("123456789")), "base64").toString("hex")).toBe(hex);
});

/** Source: RFC 3720 appendix B.4. */
test.each([
  [Buffer.alloc(32), "8a9136aa"],
  [Buffer.alloc(32, 0xff), "62a8ab43"],
  [Buffer.from(Array.from({ length: 32 }, (_, at) => at)), "46dd794e"],
])("CRC32C of 32 bytes", (bytes, hex) => {
  expect(Buffer.from(checksumOf("CRC32C", bytes), "base64").toString("hex")).toBe(hex);
});

/** One bit at a time, by the definition. */
function slowCrc(bytes: Uint8Array, polynomial: bigint, width: bigint): bigint {
  const ones = (1n << width) - 1n;
  let crc = ones;
  for (const byte of bytes) {
    crc ^= BigInt(byte);
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1n) === 0n ? crc >> 1n : (crc >> 1n) ^ polynomial;
  }
  return crc ^ ones;
}

test.each([
  ["CRC32C", 0x82f63b78n, 32n],
  ["CRC64NVME", 0x9a6c9329ac4bc9b5n, 64n],
] as const)("%s is its definition", (algorithm, polynomial, width) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const hex = Buffer.from(checksumOf(algorithm, bytes), "base64").toString("hex");
      expect(BigInt(`0x${hex}`)).toBe(slowCrc(bytes, polynomial, width));
    }),
  );
});

test.each(checksumAlgorithms)("%s: pieces do not matter", (algorithm) => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 8 }), (pieces) => {
      const checksum = openChecksum(algorithm);
      for (const piece of pieces) checksum.update(piece);
      expect(checksum.digest().toString("base64")).toBe(checksumOf(algorithm, Buffer.concat(pieces)));
    }),
  );
});
