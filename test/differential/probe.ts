/**
 * Runs inside an instance: answers on its ports with its name, and tries addresses on demand. Orders come on standard input,
 * a line of JSON each; what became of every trial goes to standard output in the same way.
 */

import { createSocket } from "node:dgram";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { createInterface } from "node:readline";
import { ports, type Trial } from "./trial.ts";

export interface ProbeOrder {
  readonly trials: readonly Trial[];
  readonly timeoutMs: number;
}

/** For each trial the line that the far side said, or `nothing`. */
export type ProbeReport = readonly string[];

function tryTcp({ ip, port, sourceIp, sourcePort }: Trial, timeoutMs: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({
      host: ip,
      port,
      localPort: sourcePort,
      ...(sourceIp !== undefined && { localAddress: sourceIp }),
    });
    let text = "";
    const end = (): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(text.trim() || "nothing");
    };
    const timer = setTimeout(end, timeoutMs);
    socket.on("data", (chunk: Buffer) => (text += chunk.toString()));
    socket.on("end", end).on("error", end);
  });
}

function tryUdp({ ip, port, sourceIp, sourcePort }: Trial, timeoutMs: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = createSocket(ip.includes(":") ? "udp6" : "udp4");
    const end = (text: string): void => {
      clearTimeout(timer);
      socket.close(() => resolve(text));
    };
    const timer = setTimeout(() => end("nothing"), timeoutMs);
    socket.once("message", (text) => end(text.toString()));
    socket.once("error", () => end("nothing"));
    // Connected, so that only the answer of the address that was asked counts.
    socket.once("connect", () => socket.send("who is there?"));
    socket.bind(sourcePort, sourceIp, () => socket.connect(port, ip));
  });
}

const [, , name = ""] = process.argv;
const answer = `instance ${name}`;
for (const port of ports.tcp) {
  const server = createServer((socket) => {
    socket.on("error", () => socket.destroy());
    socket.end(`${answer}\n`);
  });
  // Of both families.
  server.listen({ host: "::", port });
  await once(server, "listening");
}
for (const [port, type] of ports.udp.flatMap((one) => [[one, "udp4"] as const, [one, "udp6"] as const])) {
  const server = createSocket({ type, ipv6Only: type === "udp6" });
  // A sender that is gone answers by ICMP, which is no matter here.
  server.on("error", () => {});
  server.on("message", (_, from) => server.send(answer, from.port, from.address));
  server.bind(port);
  await once(server, "listening");
}
process.stdout.write('"ready"\n');
const orders = createInterface({ input: process.stdin });
orders.on("line", (line) => {
  const { trials, timeoutMs } = JSON.parse(line) as ProbeOrder;
  const tried = trials.map((trial) => (trial.kind === "tcp" ? tryTcp(trial, timeoutMs) : tryUdp(trial, timeoutMs)));
  void Promise.all(tried).then((found) => {
    const report: ProbeReport = found;
    process.stdout.write(`${JSON.stringify(report)}\n`);
  });
});
orders.on("close", () => process.exit());
