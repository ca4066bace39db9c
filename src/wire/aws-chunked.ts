/**
 * Decodes the content encoding `aws-chunked`: signed chunks, signed chunks with a trailer, unsigned chunks with a trailer.
 * Bytes are handed on as they arrive, before their chunk's signature is known: a reader must keep nothing of a body that
 * throws.
 * Source: S3 API Reference, "Signature Calculations for the Authorization Header: Transferring Payload in Multiple
 * Chunks" and "… Including Trailing Headers".
 */

import { createHash, createHmac, hash } from "node:crypto";
import { PayloadError } from "./payload-error.ts";
import { type ChunkSigning, equalHex } from "./sigv4.ts";

export interface ChunkedOptions {
  readonly source: AsyncIterable<Uint8Array>;
  /** Set when chunks and trailer are signed. */
  readonly signing: ChunkSigning | undefined;
  /** Whether a trailer follows the last chunk. */
  readonly trailer: boolean;
  /** Called once, after the last chunk, with the trailer's fields by name in lower case. */
  readonly onTrailer: (fields: ReadonlyMap<string, string>) => void;
}

/** The decoded bytes. Throws a `PayloadError` of kind incomplete, malformed-chunk or wrong-chunk-signature. */
export async function* decodeAwsChunked(options: ChunkedOptions): AsyncGenerator<Uint8Array, void, undefined> {
  const input = openInput(options.source);
  const { signing } = options;
  let previous = signing?.seedSignature ?? "";
  for (let chunk = 0; ; chunk++) {
    const head = readChunkHead(await input.line(), signing !== undefined);
    const hasher = signing === undefined ? undefined : createHash("sha256");
    for (let left = head.size; left > 0;) {
      const bytes = await input.some(left);
      left -= bytes.length;
      hasher?.update(bytes);
      yield bytes;
    }
    if (signing !== undefined && hasher !== undefined) {
      const text = chunkText(signing, previous, hasher.digest("hex"));
      checkSignature(signing, text, head.signature, chunk);
      previous = head.signature;
    }
    if (head.size === 0) break;
    if ((await input.line()) !== "") throw malformed("a chunk is longer than its size says");
  }
  options.onTrailer(await readTrailer(input, options, previous));
  await input.end();
}

/** Longer lines are no part of the encoding. */
const maximumLineBytes = 4096;
const maximumTrailers = 16;
const emptyHash = hash("sha256", "", "hex");

interface ChunkHead {
  readonly size: number;
  /** Empty when chunks are not signed. */
  readonly signature: string;
}

function readChunkHead(line: string, signed: boolean): ChunkHead {
  const [size = "", extension, ...rest] = line.split(";");
  if (!/^[0-9a-fA-F]{1,10}$/.test(size) || rest.length > 0) throw malformed("a chunk does not begin with its size");
  if (!signed) {
    if (extension !== undefined) throw malformed("a chunk carries a signature that was not announced");
    return { size: Number.parseInt(size, 16), signature: "" };
  }
  const signature = /^chunk-signature=([0-9a-f]{64})$/.exec(extension ?? "")?.[1];
  if (signature === undefined) throw malformed("a chunk has no signature");
  return { size: Number.parseInt(size, 16), signature };
}

function chunkText(signing: ChunkSigning, previous: string, dataHash: string): string {
  return ["AWS4-HMAC-SHA256-PAYLOAD", signing.amzDate, signing.scope, previous, emptyHash, dataHash].join("\n");
}

function checkSignature(
  signing: ChunkSigning,
  stringToSign: string,
  signatureProvided: string,
  chunk: number | undefined,
): void {
  if (signing.unchecked === true) return;
  const expected = createHmac("sha256", signing.key).update(stringToSign).digest("hex");
  if (!equalHex(expected, signatureProvided)) {
    throw new PayloadError({ kind: "wrong-chunk-signature", chunk, stringToSign, signatureProvided });
  }
}

async function readTrailer(
  input: Input,
  options: ChunkedOptions,
  previous: string,
): Promise<ReadonlyMap<string, string>> {
  const fields = new Map<string, string>();
  let canonical = "";
  let signature: string | undefined;
  for (let line = await input.line(); line !== ""; line = await input.line()) {
    const colon = line.indexOf(":");
    const name = line.slice(0, colon).trim().toLowerCase();
    const value = line.slice(colon + 1).trim();
    if (
      !options.trailer ||
      colon < 1 ||
      fields.has(name) ||
      signature !== undefined ||
      fields.size >= maximumTrailers
    ) {
      throw malformed("unexpected text after the last chunk");
    }
    if (name === "x-amz-trailer-signature") signature = value;
    else {
      fields.set(name, value);
      canonical += `${name}:${value}\n`;
    }
  }
  const { signing } = options;
  if (signing !== undefined && options.trailer) {
    const text = [
      "AWS4-HMAC-SHA256-TRAILER",
      signing.amzDate,
      signing.scope,
      previous,
      hash("sha256", canonical, "hex"),
    ].join("\n");
    checkSignature(signing, text, signature ?? "", undefined);
  }
  return fields;
}

interface Input {
  /** The text up to the next CR LF, without it. */
  readonly line: () => Promise<string>;
  /** One to `limit` bytes. */
  readonly some: (limit: number) => Promise<Uint8Array>;
  /** Returns when nothing is left; throws when something is. */
  readonly end: () => Promise<void>;
}

function openInput(source: AsyncIterable<Uint8Array>): Input {
  const pieces = source[Symbol.asyncIterator]();
  let held: Uint8Array = new Uint8Array();
  const more = async (): Promise<boolean> => {
    const next = await pieces.next();
    if (next.done === true) return false;
    held = held.length === 0 ? next.value : Buffer.concat([held, next.value]);
    return true;
  };
  const fill = async (): Promise<void> => {
    while (held.length === 0) if (!(await more())) throw new PayloadError({ kind: "incomplete" });
  };
  return {
    line: async () => {
      for (;;) {
        const end = held.indexOf(10);
        if (end > maximumLineBytes || (end < 0 && held.length > maximumLineBytes))
          throw malformed("a line is too long");
        if (end >= 0) {
          if (held[end - 1] !== 13) throw malformed("a line does not end in CR LF");
          const line = Buffer.from(held.buffer, held.byteOffset, end - 1).toString("latin1");
          held = held.subarray(end + 1);
          return line;
        }
        if (!(await more())) throw new PayloadError({ kind: "incomplete" });
      }
    },
    some: async (limit) => {
      await fill();
      const bytes = held.subarray(0, limit);
      held = held.subarray(bytes.length);
      return bytes;
    },
    end: async () => {
      while (held.length === 0) if (!(await more())) return;
      throw malformed("unexpected bytes after the last chunk");
    },
  };
}

function malformed(detail: string): PayloadError {
  return new PayloadError({ kind: "malformed-chunk", detail });
}
