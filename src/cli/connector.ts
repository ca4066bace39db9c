/**
 * The inner end of `underpass forward`: a program in the instance that takes over connections from the command line and
 * joins each to a new one, to the instance's loopback address or else to its private one.
 */

import { connect, type Socket } from "node:net";
import { networkInterfaces } from "node:os";

const port = Number(process.argv[2]);

process.on("message", (_message, socket) => {
  if (socket !== undefined) join(socket as Socket, addresses());
});
// A terminal's Ctrl-C is for the command line, which ends this program when it is done.
process.on("SIGINT", () => {});
process.on("disconnect", () => process.exit());

function join(near: Socket, [ip, ...others]: readonly string[]): void {
  if (ip === undefined) return void near.resetAndDestroy();
  near.on("error", () => {});
  const far = connect({ host: ip, port, allowHalfOpen: true });
  far.once("error", (cause: NodeJS.ErrnoException) => {
    if (cause.code === "ECONNREFUSED" && others.length > 0) join(near, others);
    else near.resetAndDestroy();
  });
  far.once("connect", () => {
    far.removeAllListeners("error");
    near.allowHalfOpen = true;
    far.on("error", () => near.resetAndDestroy());
    near.on("error", () => far.resetAndDestroy());
    near.pipe(far).pipe(near);
  });
}

function addresses(): string[] {
  const own = Object.values(networkInterfaces()).flatMap((entries) => entries ?? []);
  const outer = own.filter(({ family, internal }) => family === "IPv4" && !internal).map(({ address }) => address);
  return ["127.0.0.1", ...outer];
}
