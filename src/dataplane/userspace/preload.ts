/**
 * What makes Node programs honour the proxy: their HTTP agents ignore proxy settings, unlike curl and Python. It is loaded
 * into them by NODE_OPTIONS, under whatever version of Node they run, so it is written out as one plain CommonJS file.
 */

import type * as httpModule from "node:http";
import type * as httpsModule from "node:https";
import type * as netModule from "node:net";
import type * as tlsModule from "node:tls";

/** The text of the file to be loaded by `--require`. */
export function preloadText(): string {
  return `"use strict";\n(${install.toString()})(require);\n`;
}

type Done = (error: Error | null, socket?: netModule.Socket) => void;

interface Options extends httpModule.RequestOptions {
  readonly servername?: string;
}

/** INVARIANT: uses nothing outside itself but its argument: its text alone goes into another process. */
function install(load: NodeJS.Require): void {
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
