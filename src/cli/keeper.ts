/**
 * The keeper of one long-running program: a process of the user who called `underpass exec -d`, which outlives that call.
 * It starts the program as `exec` would, hands its output to the region, and ends it when it is told to or when the region
 * goes. Its order comes over IPC from the command line, which waits for the answer alone.
 */

import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { request, type ClientRequest, type IncomingMessage } from "node:http";
import { createInterface } from "node:readline";
import type { KeeperLine } from "../api/underpass/program-route.ts";
import type { ProgramOrder } from "../api/underpass/program-table.ts";
import { startInside } from "./inside-process.ts";
import type { Inside } from "./inside.ts";

export interface KeeperTask {
  /** Without a slash at its end. */
  readonly endpoint: string;
  readonly inside: Inside;
  readonly program: readonly string[];
}

export type KeeperAnswer = { readonly programId: string } | { readonly error: string };

/** The program's process group. */
interface Group {
  readonly pid: number | undefined;
  /** The program itself has ended. */
  isOver: boolean;
}

/** How long a program has to end by itself once it was told. */
const graceMs = 10_000;

process.once("message", (task) => keep(task as KeeperTask));

function keep({ endpoint, inside, program }: KeeperTask): void {
  // A group of its own, so that what it starts ends with it.
  const { child, ended } = startInside(inside, program, { stdio: ["ignore", "pipe", "pipe"], detached: true });
  const closed = once(child, "close");
  const group: Group = { pid: child.pid, isOver: false };
  const over = ended.then((end) => {
    group.isOver = true;
    return end;
  });
  over.catch((cause: unknown) => {
    const [command] = [...inside.command, ...program];
    answerAndEnd({ error: `cannot run \`${command}\`: ${cause instanceof Error ? cause.message : String(cause)}` });
  });
  child.once("spawn", () => {
    const life = request(`${endpoint}/_underpass/programs`, {
      method: "POST",
      headers: { "content-type": "application/x-ndjson" },
    });
    life.on("error", () => leave(group));
    life.on("response", (response) => obey(response, group));
    life.on("close", () => leave(group));
    say(life, { start: { instanceId: inside.instanceId, program } });
    tellOutput(life, child);
    // What it started may print on.
    void Promise.all([over, closed]).then(([end]) => {
      say(life, { end });
      life.end(() => process.exit());
    });
  });
}

function tellOutput(life: ClientRequest, child: ChildProcess): void {
  for (const [stream, source] of [["out", child.stdout] as const, ["err", child.stderr] as const]) {
    source?.on("data", (bytes: Buffer) => {
      if (say(life, { piece: { stream, data: bytes.toString("base64") } })) return;
      source.pause();
      life.once("drain", () => source.resume());
    });
  }
}

/** The first line names the program; each one after it is an order. */
function obey(response: IncomingMessage, group: Group): void {
  if (response.statusCode !== 200) return leave(group);
  createInterface({ input: response }).on("line", (text) => {
    const line = JSON.parse(text) as { readonly programId: string } | ProgramOrder;
    if ("programId" in line) answer({ programId: line.programId });
    else if (line.order === "kill") endGroup(group, "SIGKILL");
    else {
      endGroup(group, "SIGTERM");
      setTimeout(() => endGroup(group, "SIGKILL"), graceMs).unref();
    }
  });
  response.on("error", () => leave(group));
}

/** The region is gone, or does not want the program. */
function leave(group: Group): void {
  endGroup(group, "SIGKILL");
  answerAndEnd({ error: "the region does not answer" });
}

function endGroup({ pid, isOver }: Group, signal: NodeJS.Signals): void {
  if (pid === undefined || isOver) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // It ended by itself in the meantime.
  }
}

function say(life: ClientRequest, line: KeeperLine): boolean {
  return life.write(`${JSON.stringify(line)}\n`);
}

function answer(given: KeeperAnswer): void {
  if (process.connected) process.send?.(given, undefined, {}, () => process.connected && process.disconnect());
}

function answerAndEnd(given: KeeperAnswer): void {
  if (process.connected) process.send?.(given, undefined, {}, () => process.exit(1));
  else process.exit(1);
}
