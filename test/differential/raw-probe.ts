/**
 * Packets of protocols without ports, by raw sockets, for which Node has no door. A packet says whom to answer: of IPv6 the
 * kernel does not tell where one came from.
 */

import { ipBytes } from "../../src/dataplane/linux/address.ts";
import {
  AF_INET,
  AF_INET6,
  bindSocket,
  closeFd,
  connectSocket,
  openPoll,
  openSocket,
  readableMarks,
  receiveBytes,
  sendBytes,
  SOCK_RAW,
  watchFd,
} from "../../src/dataplane/linux/libc.ts";
import { socketAddress } from "../../src/dataplane/linux/listener.ts";
import type { Trial } from "./trial.ts";

/** What `action` gives, run inside a network namespace. */
export type Inside = <T>(action: () => T) => T;

const IPV4_HEADER_BYTES = 20;
const lookMs = 5;

interface Open {
  readonly hear: (text: string) => void;
  readonly width: 4 | 16;
}

const poll = openPoll();
const open = new Map<number, Open>();
let looking: NodeJS.Timeout | undefined;

/** Answers packets of a protocol with a text; ends what it gives when it is closed. */
export function answerRaw(inside: Inside, protocol: number, text: string): Disposable {
  const fds = ([4, 16] as const).map((width) => {
    const fd = inside(() => openSocket(width === 4 ? AF_INET : AF_INET6, SOCK_RAW, protocol));
    watch(fd, {
      width,
      hear: (asked) => {
        const { from, to } = /^ask (?<from>\S+) (?<to>\S+)$/.exec(asked)?.groups ?? {};
        if (from === undefined || to === undefined) return;
        const answering = inside(() => connected({ protocol, from: to, to: from }));
        sendBytes(answering, Buffer.from(`answer ${text}`));
        closeFd(answering);
      },
    });
    return fd;
  });
  return { [Symbol.dispose]: () => fds.forEach(unwatch) };
}

export function tryRaw(inside: Inside, { ip, port, sourceIp = "" }: Trial, timeoutMs: number): Promise<string> {
  return new Promise((resolve) => {
    const fd = inside(() => connected({ protocol: port, from: sourceIp, to: ip }));
    const end = (text: string): void => {
      clearTimeout(timer);
      unwatch(fd);
      resolve(text);
    };
    const timer = setTimeout(() => end("nothing"), timeoutMs);
    const hear = (text: string): void => {
      if (text.startsWith("answer ")) end(text.slice("answer ".length));
    };
    watch(fd, { width: ip.includes(":") ? 16 : 4, hear });
    sendBytes(fd, Buffer.from(`ask ${sourceIp} ${ip}`));
  });
}

function connected({ protocol, from, to }: { readonly protocol: number; readonly from: string; readonly to: string }) {
  const fd = openSocket(to.includes(":") ? AF_INET6 : AF_INET, SOCK_RAW, protocol);
  bindSocket(fd, socketAddress(ipBytes(from), 0));
  connectSocket(fd, socketAddress(ipBytes(to), 0));
  return fd;
}

function watch(fd: number, one: Open): void {
  watchFd(poll, fd, fd);
  open.set(fd, one);
  looking ??= setInterval(look, lookMs);
}

function unwatch(fd: number): void {
  closeFd(fd);
  open.delete(fd);
  if (open.size > 0) return;
  clearInterval(looking);
  looking = undefined;
}

/** The far side may say by ICMP that it knows no such protocol; that is no answer. */
function received(fd: number, bytes: Uint8Array): number | undefined {
  try {
    return receiveBytes(fd, bytes);
  } catch {
    return undefined;
  }
}

function look(): void {
  const bytes = new Uint8Array(2048);
  for (const fd of readableMarks(poll)) {
    for (let one = open.get(fd); one !== undefined; one = open.get(fd)) {
      const size = received(fd, bytes);
      if (size === undefined) break;
      const skipped = one.width === 4 ? IPV4_HEADER_BYTES : 0;
      one.hear(Buffer.from(bytes.subarray(skipped, size)).toString());
    }
  }
}
