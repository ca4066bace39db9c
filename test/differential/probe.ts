/**
 * Stands inside every instance and on-premises host at once: a socket is of the network namespace that it was made in, so one
 * program answers and tries for all of them. Orders come on standard input, a line of JSON each; reports go to standard
 * output in the same way.
 */

import { createSocket, type Socket as UdpSocket } from "node:dgram";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { createServer, type Server, Socket } from "node:net";
import { createInterface } from "node:readline";
import { ipBytes } from "../../src/dataplane/linux/address.ts";
import {
  AF_INET,
  AF_INET6,
  bindSocket,
  CLONE_NEWNET,
  enterNamespace,
  IPV6_V6ONLY,
  openSocket,
  setSocketOption,
  SO_REUSEADDR,
  SOCK_DGRAM,
  SOCK_STREAM,
  SOL_IPV6,
  SOL_SOCKET,
} from "../../src/dataplane/linux/libc.ts";
import { socketAddress } from "../../src/dataplane/linux/listener.ts";
import { protocolNumbers } from "../../src/network/packet.ts";
import { answerRaw, type Inside, tryRaw } from "./raw-probe.ts";
import { ports, type Trial } from "./trial.ts";

export type ProbeOrder =
  /** Answers there from now on, with the text. */
  | { readonly kind: "join"; readonly id: number; readonly place: string; readonly file: string; readonly text: string }
  | { readonly kind: "leave"; readonly id: number; readonly place: string }
  | {
      readonly kind: "try";
      readonly id: number;
      readonly place: string;
      readonly trials: readonly Trial[];
      readonly timeoutMs: number;
    };

export interface ProbeReport {
  readonly id: number;
  /** For each trial the line that the far side said, or `nothing`. */
  readonly found: readonly string[];
}

interface Place {
  readonly fd: number;
  readonly text: string;
  readonly answering: readonly (Server | UdpSocket)[];
  /** Of the protocol without ports that was last asked for. */
  raw?: { readonly protocol: number; readonly answering: Disposable };
}

const homeFd = openSync("/proc/thread-self/ns/net", "r");
const places = new Map<string, Place>();
const anyIp = { 4: "0.0.0.0", 16: "::" } as const;

interface Bound {
  readonly kind: "tcp" | "udp" | "ping";
  readonly ip: string;
  readonly port: number;
  /** Of a socket of IPv6 that is for IPv4 too. */
  readonly isOfBoth?: boolean;
}

/** A descriptor of a socket bound inside; Node itself would make it later, when this thread is elsewhere. */
function bound(fd: number, { ip, isOfBoth, kind, port }: Bound): number {
  const address = ipBytes(ip);
  const family = address.length === 4 ? AF_INET : AF_INET6;
  const pingProtocol = family === AF_INET ? protocolNumbers.icmp : protocolNumbers.icmpv6;
  return insideOf(fd)(() => {
    const socket = openSocket(family, kind === "tcp" ? SOCK_STREAM : SOCK_DGRAM, kind === "ping" ? pingProtocol : 0);
    if (kind === "tcp") setSocketOption(socket, SOL_SOCKET, SO_REUSEADDR, 1);
    if (family === AF_INET6) setSocketOption(socket, SOL_IPV6, IPV6_V6ONLY, isOfBoth === true ? 0 : 1);
    bindSocket(socket, socketAddress(address, port));
    return socket;
  });
}

function insideOf(fd: number): Inside {
  return (action) => {
    enterNamespace(fd, CLONE_NEWNET);
    try {
      return action();
    } finally {
      enterNamespace(homeFd, CLONE_NEWNET);
    }
  };
}

async function join(file: string, text: string): Promise<Place> {
  const fd = openSync(file, "r");
  const answering: (Server | UdpSocket)[] = [];
  for (const port of ports.tcp) {
    const server = createServer((socket) => {
      socket.on("error", () => socket.destroy());
      socket.end(`${text}\n`);
    });
    server.listen({ fd: bound(fd, { kind: "tcp", ip: "::", port, isOfBoth: true }) });
    await once(server, "listening");
    answering.push(server);
  }
  for (const width of [4, 16] as const) {
    for (const port of ports.udp) {
      const server = createSocket(width === 4 ? "udp4" : "udp6");
      // A sender that is gone answers by ICMP, which is no matter here.
      server.on("error", () => {});
      server.on("message", (_, from) => server.send(text, from.port, from.address));
      const listening = once(server, "listening");
      server.bind({ fd: bound(fd, { kind: "udp", ip: anyIp[width], port }) });
      await listening;
      answering.push(server);
    }
  }
  return { fd, text, answering };
}

function leave({ answering, fd, raw }: Place): void {
  raw?.answering[Symbol.dispose]();
  for (const one of answering) one.close();
  closeSync(fd);
}

/** Everybody answers before anybody asks. */
function answerAll(trials: readonly Trial[]): void {
  const protocol = trials.find((one) => one.kind === "protocol")?.port;
  if (protocol === undefined) return;
  for (const place of places.values()) {
    if (place.raw?.protocol === protocol) continue;
    place.raw?.answering[Symbol.dispose]();
    place.raw = { protocol, answering: answerRaw(insideOf(place.fd), protocol, place.text) };
  }
}

function socketOf(place: Place, { ip, sourceIp, sourcePort }: Trial, kind: Bound["kind"]): number {
  const own = sourceIp ?? anyIp[ip.includes(":") ? 16 : 4];
  return bound(place.fd, { kind, ip: own, port: sourcePort });
}

function tryTcp(place: Place, trial: Trial, timeoutMs: number): Promise<string> {
  return new Promise((resolve) => {
    // It must not read before it is connected.
    const socket = new Socket({
      fd: socketOf(place, trial, "tcp"),
      readable: true,
      writable: true,
      manualStart: true,
    } as object);
    let text = "";
    const end = (): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(text.trim() || "nothing");
    };
    const timer = setTimeout(end, timeoutMs);
    socket.on("data", (chunk: Buffer) => (text += chunk.toString()));
    socket.on("end", end).on("error", end);
    socket.connect({ host: trial.ip, port: trial.port });
  });
}

/** An echo request without its checksum, which the kernel makes. Source: RFC 792, RFC 4443 section 4.1. */
const echoRequest = { 4: Buffer.from([8, 0, 0, 0, 0, 0, 0, 1]), 16: Buffer.from([128, 0, 0, 0, 0, 0, 0, 1]) } as const;

function tryDatagram(place: Place, trial: Trial, timeoutMs: number): Promise<string> {
  return new Promise((resolve) => {
    const width = trial.ip.includes(":") ? 16 : 4;
    const socket = createSocket(width === 16 ? "udp6" : "udp4");
    const isPing = trial.kind === "ping";
    let timer: NodeJS.Timeout | undefined;
    const end = (text: string): void => {
      clearTimeout(timer);
      socket.close(() => resolve(text));
    };
    socket.once("message", (text) => end(isPing ? "echo" : text.toString()));
    socket.once("error", () => end("nothing"));
    // Connected, so that only the answer of the address that was asked counts. On a busy machine that may last longer than
    // the limit, which holds from when there is something to answer.
    socket.once("connect", () => {
      timer = setTimeout(() => end("nothing"), timeoutMs);
      socket.send(isPing ? echoRequest[width] : "who is there?");
    });
    // A ping has no port, and Node knows none that is 0.
    socket.once("listening", () => socket.connect(isPing ? 1 : trial.port, trial.ip));
    socket.bind({ fd: socketOf(place, trial, isPing ? "ping" : "udp") });
  });
}

async function obey(order: ProbeOrder): Promise<readonly string[]> {
  const place = places.get(order.place);
  switch (order.kind) {
    case "join":
      places.set(order.place, await join(order.file, order.text));
      return [];
    case "leave":
      if (place !== undefined) leave(place);
      places.delete(order.place);
      return [];
    case "try": {
      if (place === undefined) throw new Error(`nobody is at ${order.place}`);
      answerAll(order.trials);
      const tryProtocol: typeof tryTcp = ({ fd }, ...rest) => tryRaw(insideOf(fd), ...rest);
      const attempt = { tcp: tryTcp, udp: tryDatagram, ping: tryDatagram, protocol: tryProtocol };
      return Promise.all(order.trials.map((trial) => attempt[trial.kind](place, trial, order.timeoutMs)));
    }
  }
}

const orders = createInterface({ input: process.stdin });
orders.on("line", (line) => {
  const order = JSON.parse(line) as ProbeOrder;
  void obey(order).then((found) => {
    const report: ProbeReport = { id: order.id, found };
    process.stdout.write(`${JSON.stringify(report)}\n`);
  });
});
orders.on("close", () => process.exit());
