/** Tries connections from inside instances, through whichever data plane carries them. */

import { connect } from "node:net";
import type { DataPlane } from "../../src/dataplane/plane.ts";
import type { Outcome } from "./outcome.ts";
import type { Trial } from "./trial.ts";

export interface Prober extends AsyncDisposable {
  /** What became of each trial; what does not answer in time is `nothing`. */
  readonly probe: (instanceId: string, trials: readonly Trial[], timeoutMs: number) => Promise<readonly Outcome[]>;
  /** Ends what runs in instances that are gone. */
  readonly retire: (living: ReadonlySet<string>) => Promise<void>;
}

/** By the proxy's word: a refused CONNECT is `nothing`, and so is what is not TCP. */
export function proxyProber(plane: DataPlane): Prober {
  function one(proxy: URL, { ip, port }: Trial, timeoutMs: number): Promise<Outcome> {
    return new Promise((resolve) => {
      const socket = connect({ host: proxy.hostname, port: Number(proxy.port) });
      let text = "";
      const end = (): void => {
        clearTimeout(timer);
        socket.destroy();
        const [head = "", body = ""] = text.split("\r\n\r\n");
        resolve(head.split(" ")[1] === "200" ? body.trim() || "nothing" : "nothing");
      };
      const timer = setTimeout(end, timeoutMs);
      socket.on("data", (chunk: Buffer) => (text += chunk.toString()));
      socket.on("end", end).on("error", end);
      const authorization = Buffer.from(`${proxy.username}:${proxy.password}`).toString("base64");
      socket.write(
        `CONNECT ${ip.includes(":") ? `[${ip}]` : ip}:${port} HTTP/1.1\r\nHost: ${ip}\r\nProxy-Authorization: Basic ${authorization}\r\n\r\n`,
      );
    });
  }
  return {
    probe: async (instanceId, trials, timeoutMs) => {
      const proxy = new URL((await plane.entry(instanceId))?.environment["HTTP_PROXY"] ?? "");
      return await Promise.all(
        trials.map((trial) => (trial.kind === "tcp" ? one(proxy, trial, timeoutMs) : Promise.resolve("nothing"))),
      );
    },
    retire: async () => {},
    [Symbol.asyncDispose]: async () => {},
  };
}
