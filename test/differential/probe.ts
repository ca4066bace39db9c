/**
 * Runs inside an instance: answers on port 80 with its name, and tries addresses on demand. Orders come on standard input, a
 * line of JSON each; what became of every address goes to standard output in the same way.
 */

import { connect, createServer } from "node:net";
import { createInterface } from "node:readline";

export interface ProbeOrder {
  readonly ips: readonly string[];
  readonly timeoutMs: number;
}

/** By address: the line that the far side said, or `nothing`. */
export type ProbeReport = Readonly<Record<string, string>>;

function tryAddress(ip: string, timeoutMs: number): Promise<readonly [string, string]> {
  return new Promise((resolve) => {
    const socket = connect({ host: ip, port: 80 });
    let text = "";
    const end = (): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve([ip, text.trim() || "nothing"]);
    };
    const timer = setTimeout(end, timeoutMs);
    socket.on("data", (chunk: Buffer) => (text += chunk.toString()));
    socket.on("end", end).on("error", end);
  });
}

const [, , name = ""] = process.argv;
const server = createServer((socket) => {
  socket.on("error", () => socket.destroy());
  socket.end(`instance ${name}\n`);
});
server.listen({ host: "0.0.0.0", port: 80 }, () => process.stdout.write('"ready"\n'));
const orders = createInterface({ input: process.stdin });
orders.on("line", (line) => {
  const { ips, timeoutMs } = JSON.parse(line) as ProbeOrder;
  void Promise.all(ips.map((ip) => tryAddress(ip, timeoutMs))).then((found) => {
    process.stdout.write(`${JSON.stringify(Object.fromEntries(found))}\n`);
  });
});
orders.on("close", () => process.exit());
