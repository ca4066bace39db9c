/** Long-running programs inside instances: `underpass exec -d`, `ps`, `logs PROGRAM` and `stop`. */

import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { OutputPiece, ProgramEnd, ProgramLine } from "../api/underpass/program-table.ts";
import { ask, askStream, type ClientOptions, endpointOf, linesOf } from "./client.ts";
import { programOf } from "./exec.ts";
import { exitStatus, Failure } from "./failure.ts";
import { type InsideOptions, wayInto } from "./inside.ts";
import type { KeeperAnswer, KeeperTask } from "./keeper.ts";
import { type OutputOptions, printJson } from "./output.ts";

/** Starts the program and prints its id; it runs on. */
export async function execDetached(
  instance: string,
  words: readonly string[],
  options: InsideOptions,
): Promise<number> {
  const program = programOf(words);
  const inside = await wayInto(instance, options);
  const extension = import.meta.url.endsWith(".ts") ? ".ts" : ".js";
  const keeper = fork(fileURLToPath(new URL(`./keeper${extension}`, import.meta.url)), [], {
    detached: true,
    stdio: ["ignore", "ignore", "ignore", "ipc"],
  });
  const ended = once(keeper, "exit").then((): [KeeperAnswer] => [{ error: "its keeper ended at once" }]);
  keeper.send({ endpoint: endpointOf(options), inside, program } satisfies KeeperTask);
  const [answer] = (await Promise.race([once(keeper, "message"), ended])) as [KeeperAnswer];
  if ("error" in answer) {
    throw new Failure(
      exitStatus.machine,
      `cannot keep \`${program[0]}\` running in ${inside.instanceId}: ${answer.error}`,
    );
  }
  keeper.unref();
  console.log(answer.programId);
  return exitStatus.ok;
}

export async function ps(instance: string | undefined, options: ClientOptions & OutputOptions): Promise<number> {
  const query = instance === undefined ? "" : `?instance=${encodeURIComponent(instance)}`;
  const programs = await ask<ProgramLine[]>(options, `programs${query}`);
  if (options.output === "json") printJson(programs);
  else for (const line of programs) console.log(textOf(line));
  return exitStatus.ok;
}

export interface ProgramLogsOptions extends ClientOptions {
  readonly follow?: boolean;
}

/** Prints what the program has printed, on the stream that it printed on. */
export async function programLogs(programId: string, options: ProgramLogsOptions): Promise<number> {
  const follow = options.follow === true ? "?follow=1" : "";
  const output = await askStream(options, `programs/${encodeURIComponent(programId)}/output${follow}`);
  for await (const text of linesOf(output)) {
    const { stream, data } = JSON.parse(text) as OutputPiece;
    const to = stream === "out" ? process.stdout : process.stderr;
    if (!to.write(Buffer.from(data, "base64"))) await once(to, "drain");
  }
  return exitStatus.ok;
}

/** Ends the program, softly first; resolves when it has ended. */
export async function stop(programId: string, options: ClientOptions): Promise<number> {
  const line = await ask<ProgramLine>(options, `programs/${encodeURIComponent(programId)}/stop`, {});
  console.log(textOf(line));
  return exitStatus.ok;
}

function textOf(line: ProgramLine): string {
  const state = line.state === "running" ? "running" : endText(line.end);
  return [
    line.programId.padEnd(5),
    line.instanceId,
    state.padEnd(14),
    new Date(line.startedAtMs).toISOString(),
    line.program.join(" "),
  ].join("  ");
}

function endText(end: ProgramEnd | undefined): string {
  if (end === undefined) return "ended";
  return "status" in end ? `ended ${end.status}` : `ended ${end.signal}`;
}
