/**
 * The few C library calls that Node has no door to, each failing with what was attempted and the kernel's error name.
 * Source: Linux manual pages socket(2), bind(2), setns(2), unshare(2), netlink(7).
 */

import koffi from "koffi";

export const AF_INET = 2;
export const AF_INET6 = 10;
export const AF_NETLINK = 16;
export const AF_PACKET = 17;
export const SOCK_STREAM = 1;
export const SOCK_DGRAM = 2;
export const SOCK_RAW = 3;
export const IPPROTO_IP = 0;
export const IP_TTL = 2;
export const IP_FREEBIND = 15;
export const IPPROTO_IPV6 = 41;
export const IPV6_UNICAST_HOPS = 16;
export const SOL_SOCKET = 1;
export const SO_REUSEADDR = 2;
export const SO_BINDTOIFINDEX = 62;
export const SOL_IPV6 = 41;
export const IPV6_V6ONLY = 26;
export const IPV6_FREEBIND = 78;
export const SO_RCVBUF = 8;
export const SOL_PACKET = 263;
export const SOL_NETLINK = 270;
export const CLONE_NEWNET = 0x40000000;

const SOCK_CLOEXEC = 0o2000000;
const MSG_DONTWAIT = 0x40;

// The C library is in the process already, whatever its file is called.
const library = koffi.load(null);
const calls = {
  socket: library.func("int socket(int domain, int type, int protocol)"),
  bind: library.func("int bind(int fd, const void *address, uint32_t length)"),
  connect: library.func("int connect(int fd, const void *address, uint32_t length)"),
  setsockopt: library.func("int setsockopt(int fd, int level, int option, const void *value, uint32_t length)"),
  send: library.func("intptr_t send(int fd, const void *data, size_t length, int flags)"),
  recv: library.func("intptr_t recv(int fd, _Out_ void *data, size_t length, int flags)"),
  sendto: library.func(
    "intptr_t sendto(int fd, const void *data, size_t length, int flags, const void *to, uint32_t size)",
  ),
  recvfrom: library.func(
    "intptr_t recvfrom(int fd, _Out_ void *data, size_t length, int flags, _Out_ void *from, _Inout_ uint32_t *size)",
  ),
  close: library.func("int close(int fd)"),
  setns: library.func("int setns(int fd, int type)"),
  unshare: library.func("int unshare(int flags)"),
  epoll_create1: library.func("int epoll_create1(int flags)"),
  epoll_ctl: library.func("int epoll_ctl(int fd, int operation, int watched, const void *event)"),
  epoll_wait: library.func("int epoll_wait(int fd, _Out_ void *events, int most, int timeout)"),
};

/** A failed system call: `errno` is the kernel's number, `code` its name. */
export class SystemError extends Error {
  readonly errno: number;
  readonly code: string;

  constructor(what: string, errno: number) {
    const code = nameOfErrno(errno);
    super(`${what}: ${code}`);
    this.errno = errno;
    this.code = code;
  }
}

/** `ENOENT` for 2; the number itself where it has no name here. */
export function nameOfErrno(errno: number): string {
  return Object.entries(koffi.os.errno).find(([, number]) => number === errno)?.[0] ?? `errno ${errno}`;
}

/** A descriptor that programs started later do not inherit. */
export function openSocket(domain: number, type: number, protocol: number): number {
  return checked("open a socket", calls.socket(domain, type | SOCK_CLOEXEC, protocol));
}

/** `address` is a `sockaddr` of the socket's family. */
export function bindSocket(fd: number, address: Uint8Array): void {
  checked("bind a socket", calls.bind(fd, address, address.length));
}

/** `address` as above, of the far side. */
export function connectSocket(fd: number, address: Uint8Array): void {
  checked("connect a socket", calls.connect(fd, address, address.length));
}

export function setSocketOption(fd: number, level: number, option: number, value: number): void {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setInt32(0, value, true);
  checked(`set socket option ${level}/${option}`, calls.setsockopt(fd, level, option, bytes, bytes.length));
}

export function sendBytes(fd: number, bytes: Uint8Array): void {
  checked("send to the kernel", calls.send(fd, bytes, bytes.length, 0));
}

/** The number of bytes read, or undefined when nothing waits. */
export function receiveBytes(fd: number, into: Uint8Array): number | undefined {
  const size = Number(calls.recv(fd, into, into.length, MSG_DONTWAIT));
  if (size >= 0) return size;
  if (koffi.errno() === koffi.os.errno["EAGAIN"]) return undefined;
  return checked("receive from the kernel", -1);
}

/** Source: Linux manual page socket(7), "SO_RCVTIMEO". */
const SO_RCVTIMEO = 20;

/** From now on waiting for something to come ends after this time. */
export function setReceiveTimeout(fd: number, timeoutMs: number): void {
  const time = Buffer.alloc(16);
  time.writeBigInt64LE(BigInt(Math.floor(timeoutMs / 1000)), 0);
  time.writeBigInt64LE(BigInt((timeoutMs % 1000) * 1000), 8);
  checked("set a timeout", calls.setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, time, time.length));
}

/**
 * Waits for a packet, and with it the whole thread: its size, and its sender in `from`; undefined when none came in time or
 * the kernel could not hand it over.
 */
export function awaitPacket(fd: number, into: Uint8Array, from: Uint8Array): number | undefined {
  const size = Number(calls.recvfrom(fd, into, into.length, 0, from, [from.length]));
  return size < 0 ? undefined : size;
}

/** Sends a packet, or loses it, as links do. */
export function sendPacket(fd: number, bytes: Uint8Array, to: Uint8Array): void {
  calls.sendto(fd, bytes, bytes.length, 0, to, to.length);
}

/** A descriptor that tells which of others have something to read. */
export function openPoll(): number {
  return checked("open a poll", calls.epoll_create1(SOCK_CLOEXEC));
}

/** Source: Linux manual page epoll_ctl(2); the event is packed on x86-64 alone. */
const EVENT_DATA = process.arch === "x64" ? 4 : 8;
const EVENT_BYTES = EVENT_DATA + 8;
const MOST_EVENTS = 256;

/** Watches `fd`; `mark` is what the poll names it by. Closing it ends that. */
export function watchFd(poll: number, fd: number, mark: number): void {
  const [ADD, READABLE] = [1, 1];
  const event = Buffer.alloc(EVENT_BYTES);
  event.writeUInt32LE(READABLE, 0);
  event.writeUInt32LE(mark, EVENT_DATA);
  checked("watch a descriptor", calls.epoll_ctl(poll, ADD, fd, event));
}

/** The marks of some of those that have something to read; it does not wait. */
export function readableMarks(poll: number): readonly number[] {
  const events = Buffer.alloc(EVENT_BYTES * MOST_EVENTS);
  const count = checked("look at a poll", calls.epoll_wait(poll, events, MOST_EVENTS, 0));
  return Array.from({ length: count }, (_, at) => events.readUInt32LE(at * EVENT_BYTES + EVENT_DATA));
}

export function closeFd(fd: number): void {
  checked("close a descriptor", calls.close(fd));
}

/** Moves the calling thread into the namespace behind `fd`. */
export function enterNamespace(fd: number, type: number): void {
  checked("enter a namespace", calls.setns(fd, type));
}

/** Gives the calling thread new namespaces of the kinds in `flags`. */
export function leaveNamespaces(flags: number): void {
  checked("make a namespace", calls.unshare(flags));
}

function checked(what: string, result: unknown): number {
  const value = Number(result);
  if (value < 0) throw new SystemError(what, koffi.errno());
  return value;
}
