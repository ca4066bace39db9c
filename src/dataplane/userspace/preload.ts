/**
 * What makes Node programs honour the proxy: their HTTP agents ignore proxy settings, unlike curl and Python. And what makes
 * their servers reachable: one that listens for more than its own loopback address gets a free port of this machine's
 * loopback interface, and the proxy is told which port that is inside. It is loaded by NODE_OPTIONS, under whatever version
 * of Node they run, so it is written out as one plain CommonJS file.
 */

import type * as httpModule from "node:http";
import type * as httpsModule from "node:https";
import type * as netModule from "node:net";
import type * as tlsModule from "node:tls";

/** The text of the file to be loaded by `--require`. */
export function preloadText(): string {
  const installers = [honourProxy, tellListeners].map((install) => `(${install.toString()})(require);\n`);
  return `"use strict";\n${installers.join("")}`;
}

type Done = (error: Error | null, socket?: netModule.Socket) => void;

interface Options extends httpModule.RequestOptions {
  readonly servername?: string;
}

/** INVARIANT: uses nothing outside itself but its argument: its text alone goes into another process. */
function honourProxy(load: NodeJS.Require): void {
  const http: typeof httpModule = load("node:http");
  const https: typeof httpsModule = load("node:https");
  const net: typeof netModule = load("node:net");
  const tls: typeof tlsModule = load("node:tls");
  // A program that took the proxy out of its environment goes its own way.
  if (process.env["HTTPS_PROXY"] === undefined) return;
  const proxy = new URL(process.env["HTTPS_PROXY"]);
  const authorization = `Basic ${Buffer.from(`${proxy.username}:${proxy.password}`).toString("base64")}`;

  function tunnel(options: Options, defaultPort: number, done: Done): void {
    const host = options.host ?? options.hostname ?? "localhost";
    const target = `${host.includes(":") ? `[${host}]` : host}:${options.port ?? defaultPort}`;
    const socket = net.connect({ host: proxy.hostname, port: Number(proxy.port) });
    let head = Buffer.alloc(0);
    const fail = (error: Error): void => {
      socket.destroy();
      done(error);
    };
    const read = (chunk: Buffer): void => {
      head = Buffer.concat([head, chunk]);
      const end = head.indexOf("\r\n\r\n");
      if (end < 0) return;
      socket.off("data", read).off("error", fail).off("close", closed).pause();
      const [statusLine = "", ...fields] = head.subarray(0, end).toString("latin1").split("\r\n");
      if (statusLine.split(" ")[1] === "200") {
        if (head.length > end + 4) socket.unshift(head.subarray(end + 4));
        return done(null, socket);
      }
      const reason = fields.find((field) => field.startsWith("X-Underpass-Reason: "))?.slice(20);
      fail(Object.assign(new Error(`connect to ${target}: ${reason ?? statusLine}`), { code: "ECONNREFUSED" }));
    };
    const closed = (): void =>
      fail(Object.assign(new Error(`connect to ${target}: the proxy hung up`), { code: "ECONNRESET" }));
    socket.on("data", read).on("error", fail).on("close", closed);
    socket.write(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\nProxy-Authorization: ${authorization}\r\n\r\n`);
  }

  function patch(
    prototype: httpModule.Agent,
    direct: (options: never) => netModule.Socket,
    open: (options: Options, done: Done) => void,
  ): void {
    Object.assign(prototype, {
      createConnection(options: Options, done: Done): netModule.Socket | undefined {
        if (options.socketPath) return direct(options as never);
        open(options, done);
        return undefined;
      },
    });
  }

  patch(http.Agent.prototype, net.connect as never, (options, done) => {
    tunnel(options, 80, (error, socket) => {
      done(error, socket);
      // Reading the proxy's answer paused it; an agent takes it for flowing.
      socket?.resume();
    });
  });
  patch(https.Agent.prototype, tls.connect as never, (options, done) => {
    tunnel(options, 443, (error, socket) => {
      if (error !== null || socket === undefined) return done(error);
      const secure = tls.connect({ ...(options as object), socket });
      secure.once("error", done);
      secure.once("secureConnect", () => {
        secure.off("error", done);
        done(null, secure);
      });
    });
  });
  // Agents that Node itself made for the proxy would send whole URLs through our tunnels.
  const kept: httpModule.AgentOptions = { keepAlive: true, scheduling: "lifo", timeout: 5000 };
  http.globalAgent = new http.Agent(kept);
  https.globalAgent = new https.Agent(kept);
  load("node:module").syncBuiltinESMExports();
}

/** Node's own function that binds a server, which is kept under this name for those who wrap it. Source: its lib/net.js. */
type Bind = (
  this: Bound,
  ...words: [address: string | null, port: number | null, family: number | null, ...rest: readonly unknown[]]
) => void;

interface Bound extends netModule.Server {
  readonly _handle: { getsockname: (out: object) => number } | null;
}

/** INVARIANT: uses nothing outside itself but its argument, as above. */
function tellListeners(load: NodeJS.Require): void {
  const net: typeof netModule = load("node:net");
  if (process.env["HTTPS_PROXY"] === undefined) return;
  const proxy = new URL(process.env["HTTPS_PROXY"]);
  const authorization = `Basic ${Buffer.from(`${proxy.username}:${proxy.password}`).toString("base64")}`;
  const prototype = net.Server.prototype as unknown as Bound & { _listen2: Bind };
  const bind = prototype._listen2;

  prototype._listen2 = function bindHere(...words) {
    const [address, port, family, ...rest] = words;
    // A pipe, a descriptor, or what the primary of a cluster has bound.
    if (this._handle || typeof port !== "number" || port < 0 || family === -1) {
      return bind.call(this, ...words);
    }
    const isLoopback = address !== null && /^(127\.|::1$|::ffff:127\.)/.test(address);
    if (isLoopback) bind.call(this, ...words);
    else bind.call(this, "127.0.0.1", 0, 4, ...rest);
    const handle = (this as Bound)._handle;
    if (!handle) return;
    const real = this.address() as netModule.AddressInfo;
    const wanted = port === 0 ? real.port : port;
    if (!isLoopback) {
      const shown = { address: address ?? "::", family: address?.includes(".") ? "IPv4" : "IPv6", port: wanted };
      // The server itself asks it, and a cluster's primary for its workers.
      handle.getsockname = (out) => (Object.assign(out, shown), 0);
    }
    const host = real.family === "IPv6" ? "::1" : "127.0.0.1";
    const query = `port=${wanted}&at=${real.port}&host=${host}&reach=${isLoopback ? "loopback" : "any"}`;
    announce(this, query, (isTaken) => {
      if (isTaken) {
        const code = { code: "EADDRINUSE", syscall: "listen", address: address ?? "::", port: wanted };
        const error = Object.assign(new Error(`listen EADDRINUSE: address already in use :::${wanted}`), code);
        this.close(() => this.emit("error", error));
      } else if (this.listening) this.emit("listening");
    });
  };

  /** Says where the server listens as long as it does. It is said to listen when the proxy knows it. */
  function announce(server: Bound, query: string, done: (isTaken: boolean) => void): void {
    const emit = server.emit.bind(server);
    server.emit = (name: string | symbol, ...words: unknown[]) => name === "listening" || emit(name, ...words);
    const socket = net.connect({ host: proxy.hostname, port: Number(proxy.port) });
    const answered = (answer?: unknown): void => {
      socket
        .off("data", answered)
        .off("error", answered)
        .on("error", () => {})
        .resume();
      server.emit = emit;
      done(Buffer.isBuffer(answer) && answer.toString("latin1").split(" ")[1] === "409");
    };
    socket.on("data", answered).on("error", answered);
    socket.unref();
    server.once("close", () => socket.destroy());
    const fields = `Host: proxy\r\nContent-Length: 0\r\nProxy-Authorization: ${authorization}`;
    socket.write(`POST /listen?${query} HTTP/1.1\r\n${fields}\r\n\r\n`);
  }
}
