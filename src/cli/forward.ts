/** `underpass forward`: a port of this machine's loopback interface that leads to a port inside an instance. */

import { type AddressInfo, createServer, type Server } from "node:net";
import { fileURLToPath } from "node:url";
import { exitStatus, Failure } from "./failure.ts";
import { type InsideProcess, startInside } from "./inside-process.ts";
import { type Inside, type InsideOptions, placeEnds, regionEnds, wayInto } from "./inside.ts";

/** Runs until Ctrl-C, or until the instance or the region ends. */
export async function forward(instance: string, ports: string, options: InsideOptions): Promise<number> {
  const { remote, local } = portsOf(ports);
  const inside = await wayInto(instance, options);
  const { instanceId } = inside;
  const connector = startConnector(inside, remote);
  // Nobody reads from a connection here: the program inside does.
  const server = createServer({ pauseOnConnect: true, allowHalfOpen: true }, (socket) => {
    socket.on("error", () => {});
    connector.child.send("connection", socket);
  });
  const port = await listen(server, local);
  console.log(`127.0.0.1:${port} leads to port ${remote} of ${instanceId}; Ctrl-C ends that`);
  const ended = await Promise.race([
    told().then(() => undefined),
    connector.ended.then(
      () => `${instanceId} has ended`,
      (cause: Error) => `cannot enter ${instanceId}: ${cause.message}`,
    ),
    placeEnds(inside).then(() => `${instanceId} has ended`),
    regionEnds(options).then(() => "the region has ended"),
  ]);
  server.close();
  connector.kill("SIGKILL");
  if (ended === undefined) return exitStatus.ok;
  throw new Failure(exitStatus.machine, ended);
}

/** `8080`, or `80:8080` for another port here; 0 for any free one. */
function portsOf(text: string): { readonly remote: number; readonly local: number } {
  const [, remote = "", local = remote] = /^(\d{1,5})(?::(\d{1,5}))?$/.exec(text) ?? [];
  if (remote === "" || Number(remote) === 0 || Number(remote) > 65_535 || Number(local) > 65_535) {
    throw new Failure(exitStatus.usage, `\`${text}\` is no port; give one as 80, or as 80:8080 for port 8080 here`);
  }
  return { remote: Number(remote), local: Number(local) };
}

/** The program inside that makes the connections. Connections from here are handed to it as they are. */
function startConnector(inside: Inside, port: number): InsideProcess {
  const extension = import.meta.url.endsWith(".ts") ? ".ts" : ".js";
  const program = fileURLToPath(new URL(`./connector${extension}`, import.meta.url));
  // Of the environment nothing leads to a proxy: the connector makes plain connections.
  const { NODE_OPTIONS: _, ...env } = inside.environment;
  const way = { command: inside.command, environment: env };
  return startInside(way, [process.execPath, program, String(port)], {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
}

async function listen(server: Server, port: number): Promise<number> {
  return await new Promise((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) => {
      const text = cause.code === "EADDRINUSE" ? "is taken" : "cannot be listened on";
      reject(new Failure(exitStatus.machine, `port ${port} of 127.0.0.1 ${text}; name another behind a colon`, cause));
    });
    server.listen(port, "127.0.0.1", () => resolve((server.address() as AddressInfo).port));
  });
}

async function told(): Promise<void> {
  await new Promise<void>((resolve) => {
    process.once("SIGINT", resolve);
    process.once("SIGTERM", resolve);
  });
}
