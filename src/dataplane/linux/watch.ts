/**
 * Hears of changes in namespaces that nobody here made: the kernel tells every change to sockets that ask for it, with the
 * number of the socket that made it.
 * Source: Linux manual page rtnetlink(7); uapi headers linux/rtnetlink.h and linux/netfilter/nfnetlink.h, multicast groups.
 */

import {
  AF_NETLINK,
  bindSocket,
  closeFd,
  openPoll,
  openSocket,
  readableMarks,
  receiveBytes,
  setSocketOption,
  SOCK_RAW,
  SOL_NETLINK,
  SystemError,
  watchFd,
} from "./libc.ts";
import type { Namespace } from "./namespace.ts";
import { decodeMessages, type Received } from "./netlink-message.ts";
import { NETLINK_NETFILTER, NETLINK_ROUTE } from "./netlink-socket.ts";

const ADD_MEMBERSHIP = 1;
/** Links, addresses, routes and settings of both widths, neighbours, rules and nexthops. */
const ROUTE_GROUPS = [1, 3, 5, 7, 8, 9, 11, 19, 24, 25, 32];
const NFTABLES_GROUP = 7;
const NEW_LINK = 16;
/**
 * What the kernel does by itself all the time: a device gets its carrier some time after it came up, an address is found to be
 * free, neighbours are learnt and forgotten. New links, addresses, routes and neighbours, and neighbours that go.
 */
const OWN_MOTIONS: ReadonlySet<number> = new Set([NEW_LINK, 20, 24, 28, 29]);

const buffer = Buffer.alloc(256 * 1024);

/** Of the namespace that the thread is in. */
export function openMonitors(): readonly number[] {
  return [openMonitor(NETLINK_ROUTE, ROUTE_GROUPS), openMonitor(NETLINK_NETFILTER, [NFTABLES_GROUP])];
}

function openMonitor(protocol: number, groups: readonly number[]): number {
  const fd = openSocket(AF_NETLINK, SOCK_RAW, protocol);
  // The kernel tells nothing to a socket without a number.
  const anyNumber = Buffer.alloc(12);
  anyNumber.writeUInt16LE(AF_NETLINK, 0);
  bindSocket(fd, anyNumber);
  for (const group of groups) setSocketOption(fd, SOL_NETLINK, ADD_MEMBERSHIP, group);
  return fd;
}

/** All namespaces under watch. */
export class Watch implements Disposable {
  readonly #poll = openPoll();
  readonly #watched = new Map<number, { readonly name: string; readonly namespace: Namespace }>();
  /** Namespaces in which others changed something, not told yet. */
  readonly #foreign = new Set<string>();

  /** To be called when namespaces came or went. */
  follow(namespaces: ReadonlyMap<string, Namespace>): void {
    const known = new Set(namespaces.values());
    for (const [fd, { namespace }] of this.#watched) if (!known.has(namespace)) this.#watched.delete(fd);
    for (const [name, namespace] of namespaces) {
      for (const fd of namespace.monitors) {
        if (this.#watched.get(fd)?.namespace === namespace) continue;
        watchFd(this.#poll, fd, fd);
        this.#watched.set(fd, { name, namespace });
      }
    }
  }

  /** To be called after changes of our own: what was heard until now and bears no foreign number comes of them. */
  settle(): void {
    this.#hear((author) => author !== 0 && author !== process.pid);
  }

  /** Namespaces in which somebody else changed something since the last time. */
  take(): readonly string[] {
    this.#hear((author) => author !== process.pid);
    const names = [...this.#foreign];
    this.#foreign.clear();
    return names;
  }

  [Symbol.dispose](): void {
    closeFd(this.#poll);
  }

  #hear(isForeign: (author: number) => boolean): void {
    for (let marks = readableMarks(this.#poll); marks.length > 0; marks = readableMarks(this.#poll)) {
      for (const fd of marks) {
        const name = this.#watched.get(fd)?.name;
        if (drain(fd, isForeign) && name !== undefined) this.#foreign.add(name);
      }
    }
  }
}

function isOwnMotion({ type, author, body }: Received): boolean {
  const [UP, FLAGS_AT] = [1, 8];
  // That somebody takes a device down is told as the kernel's own.
  const isDown = type === NEW_LINK && (body.readUInt32LE(FLAGS_AT) & UP) === 0;
  return author === 0 && !isDown && OWN_MOTIONS.has(type);
}

/** Whether any message, or one that was lost, is by somebody else. */
function drain(fd: number, isForeign: (author: number) => boolean): boolean {
  let found = false;
  for (;;) {
    try {
      const size = receiveBytes(fd, buffer);
      if (size === undefined) return found;
      for (const message of decodeMessages(buffer.subarray(0, size))) {
        if (!isOwnMotion(message) && isForeign(message.author)) found = true;
      }
    } catch (error) {
      // More was told than the socket holds: our own changes may be that many, and so may another's.
      if (!(error instanceof SystemError) || error.code !== "ENOBUFS") throw error;
      found ||= isForeign(0);
    }
  }
}
