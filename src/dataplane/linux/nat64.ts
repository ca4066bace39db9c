/**
 * The translator of NAT64 in netd: a packet socket in the namespace where the links of all NAT gateways end, and a thread that
 * reads it. It has none while no gateway needs it.
 */

import { Worker } from "node:worker_threads";
import {
  AF_PACKET,
  bindSocket,
  openSocket,
  setReceiveTimeout,
  setSocketOption,
  SO_RCVBUF,
  SOCK_RAW,
  SOL_PACKET,
  SOL_SOCKET,
} from "./libc.ts";
import type { Namespace } from "./namespace.ts";
import { programBeside } from "./netd-client.ts";

/** What the thread is given. */
export interface TranslatorData {
  readonly fd: number;
  /** Set to 1 when it is to end. */
  readonly stop: Int32Array;
}

/** Within this time the thread hears that it is to end. */
const WAIT_MS = 100;
/** Source: Linux manual page packet(7), "Address types" and "Socket options"; uapi header linux/if_ether.h, ETH_P_ALL. */
const EVERY_PROTOCOL = 3;
const PACKET_VNET_HDR = 15;
/** As much as the kernel grants: segments are large, and come in bursts. */
const BUFFER_BYTES = 16 * 1024 * 1024;

export class Translator implements Disposable {
  #running: { readonly namespace: Namespace; readonly stop: Int32Array } | undefined;

  /** To be called when namespaces came or went. */
  follow(namespaces: ReadonlyMap<string, Namespace>): void {
    const namespace = [...namespaces.values()].find(({ role }) => role === "translator");
    if (namespace === this.#running?.namespace) return;
    this[Symbol.dispose]();
    if (namespace !== undefined) this.#start(namespace);
  }

  [Symbol.dispose](): void {
    if (this.#running !== undefined) Atomics.store(this.#running.stop, 0, 1);
    this.#running = undefined;
  }

  #start(namespace: Namespace): void {
    const stop = new Int32Array(new SharedArrayBuffer(4));
    const workerData: TranslatorData = { fd: namespace.inside(openPacketSocket), stop };
    const worker = new Worker(programBeside("nat64-worker"), { workerData });
    // A bug in there ends netd, and the plane starts another.
    worker.on("error", (error) => {
      throw error;
    });
    this.#running = { namespace, stop };
  }
}

/** Hears all that comes into the namespace, with what the sender's kernel left to be done. */
export function openPacketSocket(): number {
  // With a protocol it would hear from the beginning, before its settings are made.
  const fd = openSocket(AF_PACKET, SOCK_RAW, 0);
  setSocketOption(fd, SOL_PACKET, PACKET_VNET_HDR, 1);
  setSocketOption(fd, SOL_SOCKET, SO_RCVBUF, BUFFER_BYTES);
  setReceiveTimeout(fd, WAIT_MS);
  const everyDevice = Buffer.alloc(20);
  everyDevice.writeUInt16LE(AF_PACKET, 0);
  everyDevice.writeUInt16BE(EVERY_PROTOCOL, 2);
  bindSocket(fd, everyDevice);
  return fd;
}
