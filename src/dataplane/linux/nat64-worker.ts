/**
 * The thread that translates for all NAT gateways: it waits for a frame on the packet socket that it was given, and sends the
 * translation back by the device that the frame came from. `nat64.ts` starts it.
 * Source: Linux manual page packet(7).
 */

import { workerData } from "node:worker_threads";
import { awaitPacket, closeFd, sendPacket } from "./libc.ts";
import type { TranslatorData } from "./nat64.ts";
import { ClientTable, FRAME_BYTES, translateFrame } from "./nat64-packet.ts";

const { fd, stop } = workerData as TranslatorData;
const PACKET_HOST = 0;
/** `struct sockaddr_ll`. */
const sender = Buffer.alloc(20);
const [PROTOCOL_AT, INDEX_AT, KIND_AT] = [2, 4, 10];

const input = Buffer.alloc(FRAME_BYTES);
const output = Buffer.alloc(FRAME_BYTES);
/** By the number of the device. Those of one that is gone do no harm: an address of IPv6 is one client's alone. */
const links = new Map<number, ClientTable>();

while (Atomics.load(stop, 0) === 0) {
  const size = awaitPacket(fd, input, sender);
  if (size === undefined || sender[KIND_AT] !== PACKET_HOST) continue;
  const index = sender.readInt32LE(INDEX_AT);
  const clients = links.get(index) ?? new ClientTable();
  links.set(index, clients);
  const length = translateFrame(input, size, clients, output);
  if (length === 0) continue;
  // Of the frame itself the kernel reads what it is.
  sender.writeUInt16LE(0, PROTOCOL_AT);
  sendPacket(fd, output.subarray(0, length), sender);
}
closeFd(fd);
