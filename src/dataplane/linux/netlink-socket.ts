/**
 * A socket to one netlink family of the namespace it was opened in. The kernel works a request off within `send`, so its
 * answers wait when `send` returns and nothing here blocks.
 * Source: Linux manual page netlink(7); kernel documentation, "Introduction to Netlink".
 */

import {
  AF_NETLINK,
  bindSocket,
  closeFd,
  nameOfErrno,
  openSocket,
  receiveBytes,
  sendBytes,
  setSocketOption,
  SOCK_RAW,
  SO_RCVBUF,
  SOL_NETLINK,
  SOL_SOCKET,
} from "./libc.ts";
import {
  decodeAttributes,
  decodeMessages,
  encodeMessage,
  findAttribute,
  FLAG_ACK,
  FLAG_DUMP,
  type Message,
  type Received,
} from "./netlink-message.ts";

export const NETLINK_ROUTE = 0;
export const NETLINK_NETFILTER = 12;

const NLMSG_ERROR = 2;
const NLMSG_DONE = 3;
const CAP_ACK = 10;
const EXT_ACK = 11;
const ACK_TLVS = 0x200;
const ACK_TEXT = 1;
/** An unprivileged socket holds about 200 KiB to send; a batch stays well below. */
const BATCH_BYTES = 64 * 1024;
const RECEIVE_BYTES = 1024 * 1024;

const receiveBuffer = Buffer.alloc(256 * 1024);

/** A request that the kernel refused. `code` is the error's name. */
export class NetlinkError extends Error {
  readonly code: string;

  constructor(what: string, code: string, detail: string | undefined) {
    super(detail === undefined ? `${what}: ${code}` : `${what}: ${code} (${detail})`);
    this.code = code;
  }
}

export class NetlinkSocket implements Disposable {
  readonly #fd: number;
  #sequence = 1;

  constructor(family: typeof NETLINK_ROUTE | typeof NETLINK_NETFILTER) {
    this.#fd = openSocket(AF_NETLINK, SOCK_RAW, family);
    // The first socket of a namespace that asks for any number gets that of the process, which tells our changes from others'.
    const anyNumber = Buffer.alloc(12);
    anyNumber.writeUInt16LE(AF_NETLINK, 0);
    bindSocket(this.#fd, anyNumber);
    setSocketOption(this.#fd, SOL_NETLINK, CAP_ACK, 1);
    setSocketOption(this.#fd, SOL_NETLINK, EXT_ACK, 1);
    setSocketOption(this.#fd, SOL_SOCKET, SO_RCVBUF, RECEIVE_BYTES);
  }

  /** Has the kernel do all of `messages` in their order; throws for the first that it refused, though later ones stand. */
  request(messages: readonly Message[]): void {
    let failure: NetlinkError | undefined;
    for (const batch of batchesOf(messages)) failure = this.#send(batch) ?? failure;
    if (failure !== undefined) throw failure;
  }

  /** Has the kernel do all of `messages` or none: they open and close a transaction of their own. */
  transact(messages: readonly Message[]): void {
    const failure = this.#send(messages);
    if (failure !== undefined) throw failure;
  }

  /** All that the kernel lists for `message`. */
  dump(message: Message): Received[] {
    this.#exchange([{ ...message, flags: message.flags | FLAG_DUMP }]);
    const listed: Received[] = [];
    for (let done = false; !done;) {
      const answers = this.#receive();
      if (answers === undefined) throw new Error(`${message.what}: the kernel's list has no end`);
      for (const answer of answers) {
        if (answer.type === NLMSG_ERROR) throwRefusal(answer, message);
        if (answer.type === NLMSG_DONE) done = true;
        else listed.push({ ...answer, body: Buffer.from(answer.body) });
      }
    }
    return listed;
  }

  /** The kernel's answers to one question. */
  ask(message: Message): Received[] {
    this.#exchange([message]);
    const heard: Received[] = [];
    for (let answers = this.#receive(); answers !== undefined; answers = this.#receive()) {
      for (const answer of answers) {
        if (answer.type === NLMSG_ERROR) throwRefusal(answer, message);
        else heard.push({ ...answer, body: Buffer.from(answer.body) });
      }
    }
    return heard;
  }

  [Symbol.dispose](): void {
    closeFd(this.#fd);
  }

  /** Sends one datagram, only its last message asking for an acknowledgement; errors arrive unasked. */
  #send(messages: readonly Message[]): NetlinkError | undefined {
    const first = this.#exchange(
      messages.map((message, at) =>
        at === messages.length - 1 ? { ...message, flags: message.flags | FLAG_ACK } : message,
      ),
    );
    let failure: NetlinkError | undefined;
    for (let answers = this.#receive(); answers !== undefined; answers = this.#receive()) {
      for (const answer of answers) {
        if (answer.type !== NLMSG_ERROR || failure !== undefined) continue;
        failure = refusalOf(answer, messages[answer.sequence - first]?.what ?? "netlink request");
      }
    }
    return failure;
  }

  /** The sequence number of the first message. */
  #exchange(messages: readonly Message[]): number {
    const first = this.#sequence;
    this.#sequence += messages.length;
    sendBytes(this.#fd, Buffer.concat(messages.map((message, at) => encodeMessage(message, first + at))));
    return first;
  }

  #receive(): Received[] | undefined {
    const size = receiveBytes(this.#fd, receiveBuffer);
    return size === undefined ? undefined : decodeMessages(receiveBuffer.subarray(0, size));
  }
}

function throwRefusal(answer: Received, message: Message): void {
  const refusal = refusalOf(answer, message.what);
  if (refusal !== undefined) throw refusal;
}

function refusalOf(answer: Received, what: string): NetlinkError | undefined {
  const errno = -answer.body.readInt32LE(0);
  if (errno === 0) return undefined;
  // The refused message's header follows the number, and the kernel's words follow that.
  const detail =
    answer.flags & ACK_TLVS ? findAttribute(decodeAttributes(answer.body.subarray(20)), ACK_TEXT) : undefined;
  return new NetlinkError(what, nameOfErrno(errno), detail?.toString("latin1").replace(/\0+$/, ""));
}

/** Cuts `messages` so that each part fits into one datagram. */
export function batchesOf(messages: readonly Message[]): readonly Message[][] {
  const batches: Message[][] = [];
  let batch: Message[] = [];
  let sizeBytes = 0;
  for (const message of messages) {
    if (batch.length > 0 && sizeBytes + message.body.length > BATCH_BYTES) {
      batches.push(batch);
      batch = [];
      sizeBytes = 0;
    }
    batch.push(message);
    sizeBytes += message.body.length + 20;
  }
  if (batch.length > 0) batches.push(batch);
  return batches;
}
