/**
 * Starts a program inside an instance as a child of this process, which gets its signals and its end first-hand.
 *
 * Only a new process can be in the instance's PID namespace, so the entry forks; what would stand between is the half that
 * stays outside, which a terminal's Ctrl-C would end together with the program that handles it. So this process declares
 * itself the one that orphans below it fall to, ends that half, and waits for the program by itself.
 * Source: Linux manual pages PR_SET_CHILD_SUBREAPER(2const), waitpid(2), pid_namespaces(7).
 */

import { type ChildProcess, spawn, type StdioOptions } from "node:child_process";
import { once } from "node:events";
import { constants } from "node:os";
import type { Duplex } from "node:stream";
import type { ProgramEnd } from "../api/underpass/program-table.ts";
import type { Inside } from "./inside.ts";

/** On which the entry tells the new process and waits for the answer; the entry's script is told which. */
const ADOPTION_FD = 4;
const PR_SET_CHILD_SUBREAPER = 36;
const WNOHANG = 1;

export interface InsideProcess {
  /** What was started: its streams and its channel are the program's own. */
  readonly child: ChildProcess;
  /** False where it has ended. */
  readonly kill: (signal: NodeJS.Signals) => boolean;
  /** Rejects where it could not be started. */
  readonly ended: Promise<ProgramEnd>;
}

export interface InsideProcessOptions {
  /** At most four. */
  readonly stdio: Extract<StdioOptions, readonly unknown[]>;
  /** In a session of its own. */
  readonly detached?: boolean;
}

export function startInside(
  { command: way, environment }: Pick<Inside, "command" | "environment">,
  program: readonly string[],
  { stdio, detached = false }: InsideProcessOptions,
): InsideProcess {
  const [command = "", ...words] = [...way, ...program];
  if (way.length === 0) {
    const child = spawn(command, words, { stdio, detached, env: environment });
    return { child, kill: (signal) => child.kill(signal), ended: endOf(child) };
  }
  const child = spawn(command, words, {
    stdio: Array.from({ length: ADOPTION_FD + 1 }, (_, fd) => (fd === ADOPTION_FD ? "pipe" : (stdio[fd] ?? "ignore"))),
    detached,
    env: { ...environment, UNDERPASS_ADOPT: String(ADOPTION_FD) },
  });
  let kill = (signal: NodeJS.Signals): boolean => child.kill(signal);
  const ended = adopt(child, (adopted) => (kill = adopted));
  return { child, kill: (signal) => kill(signal), ended };
}

/** Resolves when the program has ended; `onAdopted` is told how signals reach it from then on. */
async function adopt(child: ChildProcess, onAdopted: (kill: InsideProcess["kill"]) => void): Promise<ProgramEnd> {
  const ended = endOf(child);
  const channel = child.stdio[ADOPTION_FD] as Duplex;
  channel.on("error", () => {});
  const closed = new Promise((resolve) => channel.once("close", resolve));
  const told = once(channel, "data").then(([chunk]) => Number(String(chunk)));
  // Loaded while the entry is on its way.
  const system = await loadSystem();
  const pid = await Promise.race([told, ended]);
  if (typeof pid !== "number") {
    // Without an answer the half that is inside already ends too, and is ours.
    channel.end();
    void told.then(system.bury, () => {});
    await closed;
    return pid;
  }
  if (pid === child.pid) {
    channel.end("\n");
    return await ended;
  }
  child.kill("SIGKILL");
  const outsideEnd = await ended;
  const early = system.reap(pid);
  if (early === "nobody's") {
    // The outer half had ended before this process could be the heir.
    channel.destroy();
    return outsideEnd;
  }
  const adopted = new Promise<ProgramEnd>((resolve) => {
    // Signal handlers alone do not keep this process alive.
    const awake = setInterval(() => {}, 2 ** 30);
    const look = (): void => {
      const end = early ?? system.reap(pid);
      if (end === undefined || end === "nobody's") return;
      clearInterval(awake);
      process.off("SIGCHLD", look);
      onAdopted(() => false);
      resolve(end);
    };
    process.on("SIGCHLD", look);
    onAdopted((signal) => process.kill(pid, signal));
    look();
  });
  channel.end("\n");
  return await adopted;
}

async function endOf(child: ChildProcess): Promise<ProgramEnd> {
  const [status, signal] = (await once(child, "exit")) as [number | null, NodeJS.Signals | null];
  return signal === null ? { status: status ?? 0 } : { signal };
}

interface System {
  /** How it ended; undefined where it runs. */
  readonly reap: (pid: number) => ProgramEnd | "nobody's" | undefined;
  /** For one that is ending. */
  readonly bury: (pid: number) => void;
}

/** Makes this process the one that orphans fall to. */
async function loadSystem(): Promise<System> {
  const { default: koffi } = await import("koffi");
  const library = koffi.load(null);
  const prctl = library.func("int prctl(int option, unsigned long value, unsigned long, unsigned long, unsigned long)");
  const waitpid = library.func("int waitpid(int pid, _Out_ int *status, int options)");
  if (Number(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)) !== 0) throw new Error("prctl: this kernel has no subreapers");
  return {
    reap: (pid) => {
      const status = [0];
      const reaped = Number(waitpid(pid, status, WNOHANG));
      if (reaped === 0) return undefined;
      return reaped === pid ? readEnd(status[0] ?? 0) : "nobody's";
    },
    bury: (pid) => void waitpid(pid, [0], 0),
  };
}

/** Source: Linux manual page wait(2), WIFEXITED and WIFSIGNALED, as every C library of Linux has them. */
function readEnd(status: number): ProgramEnd {
  const number = status & 0x7f;
  if (number === 0) return { status: (status >> 8) & 0xff };
  const [signal] = Object.entries(constants.signals).find(([, value]) => value === number) ?? [];
  return { signal: signal ?? `SIG${number}` };
}
