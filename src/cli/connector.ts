/**
 * The inner end of `underpass forward`: a program in the instance that takes over connections from the command line and
 * joins each to a new one, to the instance's loopback address or else to its private one. On the userspace plane the proxy
 * knows where the servers of the instance listen; what it does not know may still listen on this machine's loopback interface.
 */

import { request } from "node:http";
import { connect, type Socket } from "node:net";
import { networkInterfaces } from "node:os";
import { resetSocket } from "../wire/reset.ts";

const port = Number(process.argv[2]);

process.on("message", (_message, socket) => {
  if (socket === undefined) return;
  const near = socket as Socket;
  near.on("error", () => {});
  const proxy = process.env["HTTP_PROXY"];
  if (proxy === undefined) join(near, addresses());
  else joinThrough(new URL(proxy), near);
});
// A terminal's Ctrl-C is for the command line, which ends this program when it is done.
process.on("SIGINT", () => {});
process.on("disconnect", () => process.exit());

function joinThrough({ hostname, port: proxyPort, username, password }: URL, near: Socket): void {
  const credentials = Buffer.from(`${username}:${password}`).toString("base64");
  const headers = { "Proxy-Authorization": `Basic ${credentials}` };
  const asked = request({ host: hostname, port: proxyPort, method: "CONNECT", path: `127.0.0.1:${port}`, headers });
  asked.once("connect", ({ statusCode }, far, head) => {
    if (statusCode === 200) {
      if (head.length > 0) far.unshift(head);
      return bind(near, far as Socket);
    }
    far.destroy();
    join(near, ["127.0.0.1"]);
  });
  asked.once("error", () => resetSocket(near));
  asked.end();
}

function join(near: Socket, [ip, ...others]: readonly string[]): void {
  if (ip === undefined) return resetSocket(near);
  const far = connect({ host: ip, port, allowHalfOpen: true });
  far.once("error", (cause: NodeJS.ErrnoException) => {
    if (cause.code === "ECONNREFUSED" && others.length > 0) join(near, others);
    else resetSocket(near);
  });
  far.once("connect", () => {
    far.removeAllListeners("error");
    bind(near, far);
  });
}

function bind(near: Socket, far: Socket): void {
  near.allowHalfOpen = true;
  far.allowHalfOpen = true;
  far.on("error", () => resetSocket(near));
  near.on("error", () => resetSocket(far));
  near.pipe(far).pipe(near);
}

function addresses(): string[] {
  const own = Object.values(networkInterfaces()).flatMap((entries) => entries ?? []);
  const outer = own.filter(({ family, internal }) => family === "IPv4" && !internal).map(({ address }) => address);
  return ["127.0.0.1", ...outer];
}
