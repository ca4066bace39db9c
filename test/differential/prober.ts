/** Tries connections from inside instances, through whichever data plane carries them. */

import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { type AddressInfo, connect, createServer, type Server } from "node:net";
import type { DataPlane } from "../../src/dataplane/plane.ts";
import type { Outcome } from "./outcome.ts";
import { ports, type Trial } from "./trial.ts";

export interface Prober extends AsyncDisposable {
  /** What became of each trial; what does not answer in time is `nothing`. */
  readonly probe: (instanceId: string, trials: readonly Trial[], timeoutMs: number) => Promise<readonly Outcome[]>;
  /** Ends what runs in instances that are gone. */
  readonly retire: (living: ReadonlySet<string>) => Promise<void>;
}

/** By the proxy's word: a refused CONNECT is `nothing`, and so is what is not TCP. Every instance has its servers. */
export function proxyProber(plane: DataPlane): Prober {
  const servers = new Map<string, Promise<readonly Server[]>>();
  /** The proxy answers everything, on a busy machine too. */
  const longestMs = 30_000;

  function one(proxy: URL, { ip, port }: Trial): Promise<Outcome> {
    return new Promise((resolve) => {
      const socket = connect({ host: proxy.hostname, port: Number(proxy.port) });
      let text = "";
      const end = (): void => {
        clearTimeout(timer);
        socket.destroy();
        const [head = "", body = ""] = text.split("\r\n\r\n");
        resolve(head.split(" ")[1] === "200" ? body.trim() || "nothing" : "nothing");
      };
      const timer = setTimeout(end, longestMs);
      socket.on("data", (chunk: Buffer) => (text += chunk.toString()));
      socket.on("end", end).on("error", end);
      const authorization = Buffer.from(`${proxy.username}:${proxy.password}`).toString("base64");
      socket.write(
        `CONNECT ${ip.includes(":") ? `[${ip}]` : ip}:${port} HTTP/1.1\r\nHost: ${ip}\r\nProxy-Authorization: Basic ${authorization}\r\n\r\n`,
      );
    });
  }
  async function end(instanceId: string): Promise<void> {
    const running = await servers.get(instanceId);
    servers.delete(instanceId);
    for (const server of running ?? []) server.close();
  }

  return {
    probe: async (instanceId, trials) => {
      const proxy = new URL((await plane.entry(instanceId))?.environment["HTTP_PROXY"] ?? "");
      const running = servers.get(instanceId) ?? serve(proxy, instanceId);
      servers.set(instanceId, running);
      await running;
      return await Promise.all(
        trials.map((trial) => (trial.kind === "tcp" ? one(proxy, trial) : Promise.resolve("nothing"))),
      );
    },
    retire: async (living) => {
      await Promise.all([...servers.keys()].filter((id) => !living.has(id)).map(end));
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all([...servers.keys()].map(end));
    },
  };
}

/** Answers with the instance's name on its ports, as a program inside would, and tells the proxy so. */
function serve(proxy: URL, instanceId: string): Promise<readonly Server[]> {
  const started = ports.tcp.map(async (port) => {
    const server = createServer((socket) => {
      socket.on("error", () => socket.destroy());
      socket.end(`instance ${instanceId}\n`);
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const at = (server.address() as AddressInfo).port;
    const told = request({
      host: proxy.hostname,
      port: proxy.port,
      method: "POST",
      path: `/listen?port=${port}&at=${at}&host=127.0.0.1&reach=any`,
      headers: {
        "proxy-authorization": `Basic ${Buffer.from(`${proxy.username}:${proxy.password}`).toString("base64")}`,
      },
    });
    told.on("error", () => {});
    told.end();
    const [response] = (await once(told, "response")) as [IncomingMessage];
    if (response.statusCode !== 200) throw new Error(`the proxy does not take port ${port} of ${instanceId}`);
    response.on("error", () => {});
    response.resume();
    server.once("close", () => told.destroy());
    return server;
  });
  return Promise.all(started);
}
