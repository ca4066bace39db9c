/** Tries connections from inside instances, through whichever data plane carries them. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { join } from "node:path";
import { createInterface, type Interface } from "node:readline";
import type { DataPlane } from "../../src/dataplane/plane.ts";
import type { Outcome } from "./outcome.ts";
import type { ProbeOrder, ProbeReport } from "./probe.ts";
import type { Trial } from "./trial.ts";

export interface Prober extends AsyncDisposable {
  /** What became of each trial; what does not answer in time is `nothing`. */
  readonly probe: (instanceId: string, trials: readonly Trial[], timeoutMs: number) => Promise<readonly Outcome[]>;
  /** Ends what runs in instances that are gone. */
  readonly retire: (living: ReadonlySet<string>) => Promise<void>;
}

interface Inside {
  readonly child: ChildProcess;
  readonly lines: Interface;
  readonly ended: Promise<unknown>;
  answers: AsyncIterator<string>;
}

/** One program in each instance, started when it is first needed: it also answers its neighbours. */
export function kernelProber(plane: DataPlane): Prober {
  const insides = new Map<string, Promise<Inside>>();

  async function start(instanceId: string): Promise<Inside> {
    const entry = await plane.entry(instanceId);
    if (entry === undefined) throw new Error(`the plane has no ${instanceId}`);
    const words = [...entry.command, process.execPath, join(import.meta.dirname, "probe.ts"), instanceId];
    const [command = "", ...rest] = words;
    const child = spawn(command, rest, { stdio: ["pipe", "pipe", "inherit"] });
    const ended = once(child, "exit");
    if (child.stdout === null) throw new Error("no output of the probe");
    const lines = createInterface({ input: child.stdout });
    const inside: Inside = { child, lines, ended, answers: lines[Symbol.asyncIterator]() };
    await inside.answers.next();
    return inside;
  }

  function insideOf(instanceId: string): Promise<Inside> {
    const inside = insides.get(instanceId) ?? start(instanceId);
    insides.set(instanceId, inside);
    return inside;
  }

  async function end(instanceId: string): Promise<void> {
    const inside = await insides.get(instanceId);
    insides.delete(instanceId);
    inside?.child.stdin?.end();
    await inside?.ended;
  }

  return {
    probe: async (instanceId, trials, timeoutMs) => {
      const { child, answers } = await insideOf(instanceId);
      const order: ProbeOrder = { trials, timeoutMs };
      child.stdin?.write(`${JSON.stringify(order)}\n`);
      const { value } = await answers.next();
      return JSON.parse(String(value)) as ProbeReport;
    },
    retire: async (living) => {
      await Promise.all([...insides.keys()].filter((id) => !living.has(id)).map(end));
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all([...insides.keys()].map(end));
    },
  };
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
