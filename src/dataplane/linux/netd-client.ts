/** The plane's side of netd: starts it, orders, and knows when it is gone. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { getCompileCacheDir } from "node:module";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import type { Socket as UdpSocket } from "node:dgram";
import type { Server } from "node:net";
import type { TrackedConnection } from "./conntrack.ts";
import type { Change } from "./diff.ts";
import type { KernelObject, ListenerObject } from "./kernel-object.ts";
import type { Meter } from "./meter.ts";
import { type MadeNamespace, type Order, readReport, type Report } from "./netd-message.ts";

export interface NetdEvents {
  /** A listening socket arrived. */
  readonly onListener: (listener: ListenerObject, handle: Server | UdpSocket) => void;
  /** Namespaces of instances were made, be it by an order that failed later on. */
  readonly onMade: (made: readonly MadeNamespace[]) => void;
  /** Somebody else changed something in these namespaces. */
  readonly onDrift: (namespaces: readonly string[]) => void;
  readonly onLine: (line: string) => void;
}

type Done = Extract<Report, { kind: "done" }>;

export class NetdClient implements AsyncDisposable {
  readonly pid: number;
  /** Resolves with the reason when netd is gone, asked for or not. */
  readonly ended: Promise<string>;
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, { resolve: (done: Done) => void; reject: (error: Error) => void }>();
  #lastId = 0;
  #reason: string | undefined;

  private constructor(child: ChildProcess, pid: number, events: NetdEvents) {
    this.#child = child;
    this.pid = pid;
    this.ended = once(child, "exit").then(([code, signal]) => {
      const reason = `netd ended (${signal ?? `status ${code}`})`;
      this.#reason = reason;
      for (const { reject } of this.#waiting.values()) reject(new Error(reason));
      this.#waiting.clear();
      return reason;
    });
    child.on("message", (message, handle) => this.#hear(readReport(message), handle, events));
  }

  /** A netd that answers; rejects with its last words when it does not come up. */
  static async start(events: NetdEvents): Promise<NetdClient> {
    const child = startNetd();
    const words = wordsOf(child, events.onLine);
    const pid = await new Promise<number>((resolve, reject) => {
      child.once("error", (cause) => reject(new Error("start netd", { cause })));
      child.once("exit", () => reject(new Error(`start netd: ${words() || "it ended without a word"}`)));
      child.once("message", (message) => {
        const report = readReport(message);
        if (report.kind === "ready") resolve(report.pid);
      });
    });
    return new NetdClient(child, pid, events);
  }

  /** Does all the steps; rejects for the first that failed, and those after it are not done. */
  async perform(steps: readonly (readonly Change[])[]): Promise<void> {
    if (steps.length > 0) await this.#order({ kind: "perform", id: ++this.#lastId, steps });
  }

  async dump(namespaces?: readonly string[]): Promise<readonly KernelObject[]> {
    const chosen = namespaces === undefined ? {} : { namespaces };
    return (await this.#order({ kind: "dump", id: ++this.#lastId, ...chosen })).objects ?? [];
  }

  /** Puts back what the namespaces, or all, were made with; says what that was. */
  async restore(namespaces?: readonly string[]): Promise<readonly string[]> {
    const chosen = namespaces === undefined ? {} : { namespaces };
    return (await this.#order({ kind: "restore", id: ++this.#lastId, ...chosen })).restored ?? [];
  }

  /** The process id of the first process of an instance; rejects where there is none and none can be started. */
  async startInit(namespace: string): Promise<number> {
    return (await this.#order({ kind: "start-init", id: ++this.#lastId, namespace })).initPid ?? 0;
  }

  async readMeters(namespaces?: readonly string[]): Promise<readonly Meter[]> {
    const chosen = namespaces === undefined ? {} : { namespaces };
    return (await this.#order({ kind: "read-meters", id: ++this.#lastId, ...chosen })).meters ?? [];
  }

  async listConnections(namespace: string): Promise<readonly TrackedConnection[]> {
    return (await this.#order({ kind: "list-connections", id: ++this.#lastId, namespace })).connections ?? [];
  }

  async forgetConnections(namespace: string, connections: readonly TrackedConnection[]): Promise<void> {
    await this.#order({ kind: "forget-connections", id: ++this.#lastId, namespace, connections });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.connected) this.#child.disconnect();
    await this.ended;
  }

  async #order(order: Order): Promise<Done> {
    if (this.#reason !== undefined) throw new Error(this.#reason);
    const done = await new Promise<Done>((resolve, reject) => {
      this.#waiting.set(order.id, { resolve, reject });
      this.#child.send(order, (error) => {
        if (error !== null && this.#waiting.delete(order.id)) reject(error);
      });
    });
    if (done.error !== undefined) throw new Error(done.error);
    return done;
  }

  #hear(report: Report, handle: unknown, events: NetdEvents): void {
    switch (report.kind) {
      case "ready":
        return;
      case "drift":
        events.onDrift(report.namespaces);
        return;
      case "listener":
        events.onListener(report.listener, handle as Server | UdpSocket);
        return;
      case "done":
        events.onMade(report.made);
        this.#waiting.get(report.id)?.resolve(report);
        this.#waiting.delete(report.id);
    }
  }
}

function startNetd(): ChildProcess {
  return spawn("unshare", unshareArguments(programBeside("netd")), {
    stdio: ["ignore", "ignore", "pipe", "ipc"],
    serialization: "json",
    // A session of its own: the interrupt of a terminal is for the daemon, which tells netd when it is done.
    detached: true,
    env: environmentOfNetd(),
    cwd: "/",
  });
}

/** Of our own environment only the path and where compiled code is kept matter to netd; NODE_OPTIONS would do harm. */
export function environmentOfNetd(): NodeJS.ProcessEnv {
  // The folder that Node names is the one of its version, inside the one that it is told.
  const compileCache = getCompileCacheDir();
  return {
    PATH: process.env["PATH"] ?? "/usr/sbin:/usr/bin:/sbin:/bin",
    ...(compileCache !== undefined && { NODE_COMPILE_CACHE: dirname(compileCache) }),
  };
}

/** `--kill-child`: killing unshare kills the program, whose own end is the end of all namespaces. */
export function unshareArguments(program: string): string[] {
  return ["--user", "--map-root-user", "--net", "--kill-child", "--", process.execPath, program];
}

/** A program of this folder, as source or as built. */
export function programBeside(name: string): string {
  const extension = import.meta.url.endsWith(".ts") ? ".ts" : ".js";
  return fileURLToPath(new URL(`./${name}${extension}`, import.meta.url));
}

/** What the child has written to its standard error of late, passed on line by line. */
function wordsOf(child: ChildProcess, onLine: (line: string) => void): () => string {
  let last = "";
  child.stderr?.setEncoding("utf8");
  child.stderr?.on("data", (chunk: string) => {
    last = `${last}${chunk}`.slice(-2000);
    for (const line of chunk.split("\n")) if (line.trim() !== "") onLine(`netd: ${line}`);
  });
  return () => last.trim();
}
