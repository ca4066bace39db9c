import fc from "fast-check";
import { expect, test } from "vitest";
import { checksumOf } from "../../wire/checksum.ts";
import { combineCrcs } from "./crc-combine.ts";

test.each(["CRC32", "CRC32C", "CRC64NVME"] as const)("%s of pieces is that of the whole", (algorithm) => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 400 }), { maxLength: 8 }), (pieces) => {
      const combined = combineCrcs(
        algorithm,
        pieces.map((piece) => ({ checksum: checksumOf(algorithm, piece), sizeBytes: piece.length })),
      );
      expect(combined).toBe(checksumOf(algorithm, Buffer.concat(pieces)));
    }),
  );
});

test("hashes cannot be combined", () => {
  expect(combineCrcs("SHA256", [])).toBeUndefined();
});
