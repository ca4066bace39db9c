/**
 * Netlink's bytes: a header, a fixed part, and attributes padded to four bytes. Numbers are in the byte order of the
 * machine, which is little-endian wherever Node runs Underpass; nf_tables alone wants network order.
 * Source: RFC 3549 section 2.3; Linux manual page netlink(7).
 */

const FLAG_REQUEST = 0x1;
export const FLAG_ACK = 0x4;
export const FLAG_DUMP = 0x300;
export const FLAG_REPLACE = 0x100;
export const FLAG_EXCL = 0x200;
export const FLAG_CREATE = 0x400;

/** One message before it has its sequence number. */
export interface Message {
  readonly type: number;
  readonly flags: number;
  /** Fixed part and attributes. */
  readonly body: Buffer;
  /** What it does, for the error that names it. */
  readonly what: string;
}

export interface Attribute {
  readonly type: number;
  readonly value: Buffer;
}

const HEADER_BYTES = 16;
const NESTED = 0x8000;

export function attribute(type: number, value: Uint8Array): Buffer {
  const bytes = Buffer.alloc(aligned(4 + value.length));
  bytes.writeUInt16LE(4 + value.length, 0);
  bytes.writeUInt16LE(type, 2);
  bytes.set(value, 4);
  return bytes;
}

/** As `attribute` of `u32`, with one piece of memory. */
export function numberAttribute(type: number, value: number): Buffer {
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeUInt16LE(8, 0);
  bytes.writeUInt16LE(type, 2);
  bytes.writeUInt32LE(value >>> 0, 4);
  return bytes;
}

export function nested(type: number, ...attributes: readonly Buffer[]): Buffer {
  return attribute(type | NESTED, Buffer.concat(attributes));
}

export function u8(value: number): Buffer {
  return Buffer.from([value]);
}

export function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value, 0);
  return bytes;
}

export function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value >>> 0, 0);
  return bytes;
}

/** In network order. */
export function u32be(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0, 0);
  return bytes;
}

/** `value` up to 2^53. */
export function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32LE(value % 2 ** 32, 0);
  bytes.writeUInt32LE(Math.floor(value / 2 ** 32), 4);
  return bytes;
}

/** Text with the zero byte that C wants. */
export function text(value: string): Buffer {
  return Buffer.from(`${value}\0`, "latin1");
}

/** The six bytes of `02:00:00:00:00:01`. */
export function mac(value: string): Buffer {
  return Buffer.from(value.replaceAll(":", ""), "hex");
}

/** The message in wire form. */
export function encodeMessage(message: Message, sequence: number): Buffer {
  const bytes = Buffer.alloc(aligned(HEADER_BYTES + message.body.length));
  bytes.writeUInt32LE(HEADER_BYTES + message.body.length, 0);
  bytes.writeUInt16LE(message.type, 4);
  bytes.writeUInt16LE(message.flags | FLAG_REQUEST, 6);
  bytes.writeUInt32LE(sequence, 8);
  bytes.set(message.body, HEADER_BYTES);
  return bytes;
}

export interface Received {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  /** The number of the socket whose request made the change that it tells; 0 for the kernel's own. */
  readonly author: number;
  readonly body: Buffer;
}

/** The messages of one datagram. */
export function decodeMessages(datagram: Buffer): Received[] {
  const messages: Received[] = [];
  for (let at = 0; at + HEADER_BYTES <= datagram.length;) {
    const length = datagram.readUInt32LE(at);
    if (length < HEADER_BYTES || at + length > datagram.length)
      throw new Error("the kernel sent a torn netlink message");
    messages.push({
      type: datagram.readUInt16LE(at + 4),
      flags: datagram.readUInt16LE(at + 6),
      sequence: datagram.readUInt32LE(at + 8),
      author: datagram.readUInt32LE(at + 12),
      body: datagram.subarray(at + HEADER_BYTES, at + length),
    });
    at += aligned(length);
  }
  return messages;
}

/** The attributes in `bytes`, in their order, without the flag bits of their types. */
export function decodeAttributes(bytes: Buffer): Attribute[] {
  const attributes: Attribute[] = [];
  for (let at = 0; at + 4 <= bytes.length;) {
    const length = bytes.readUInt16LE(at);
    if (length < 4 || at + length > bytes.length) throw new Error("the kernel sent a torn netlink attribute");
    attributes.push({ type: bytes.readUInt16LE(at + 2) & 0x3fff, value: bytes.subarray(at + 4, at + length) });
    at += aligned(length);
  }
  return attributes;
}

/** The value of the first attribute of this type. */
export function findAttribute(attributes: readonly Attribute[], type: number): Buffer | undefined {
  return attributes.find((candidate) => candidate.type === type)?.value;
}

/** Text up to its zero byte; empty for an attribute that is not there. */
export function textOf(bytes: Buffer | undefined): string {
  return bytes?.toString("latin1").replace(/\0[^]*$/, "") ?? "";
}

function aligned(length: number): number {
  return (length + 3) & ~3;
}
