/** Addresses as the kernel and its sockets give them. */

import { bytesOfIp, formatIp, type Ip, parseIp } from "../../base/ip.ts";

/** The bytes of an address in text; 4 or 16. */
export function ipBytes(ip: string): Buffer {
  const parsed = parseIp(ip);
  if (parsed === undefined) throw new Error(`no IP address: \`${ip}\``);
  return Buffer.from(bytesOfIp(parsed));
}

/** The address of 4 or 16 bytes. */
export function ipOfBytes(bytes: Buffer): Ip {
  const words = Array.from({ length: bytes.length / 4 }, (_, at) => bytes.readUInt32BE(at * 4));
  return { width: bytes.length === 4 ? 32 : 128, words };
}

/** What a socket says of its other end, in canonical text; empty for one that is gone. */
export function plainIp(address: string | undefined): string {
  const ip = parseIp(address ?? "");
  return ip === undefined ? "" : formatIp(ip);
}
