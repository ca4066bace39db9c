/** `underpass exec` and `underpass shell`: run a program of this machine inside an instance. */

import { existsSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { isatty } from "node:tty";
import { exitStatus, Failure } from "./failure.ts";
import { type InsideProcess, startInside } from "./inside-process.ts";
import { type Inside, type InsideOptions, placeEnds, regionEnds, wayInto } from "./inside.ts";

/** Resolves with the program's own exit status; 128 and the signal's number when a signal ended it. */
export async function exec(instance: string, words: readonly string[], options: InsideOptions): Promise<number> {
  const program = programOf(words);
  return await runInside(await wayInto(instance, options), program, options);
}

/** The words without the `--` before them. Throws a `Failure` where there is no program. */
export function programOf(words: readonly string[]): readonly string[] {
  const program = words[0] === "--" ? words.slice(1) : words;
  if (program.length > 0) return program;
  throw new Failure(exitStatus.usage, "give the program after `--`, as in: underpass exec i-… -- aws s3 ls");
}

/** An interactive shell whose prompt says where it is. */
export async function shell(instance: string, options: InsideOptions): Promise<number> {
  const inside = await wayInto(instance, options);
  const place = inside.instanceName ?? inside.instanceId;
  const bash = (process.env["PATH"] ?? "").split(":").some((folder) => existsSync(join(folder, "bash")));
  const prompt = bash
    ? // What the user's own start files say of the prompt comes before this.
      { PROMPT_COMMAND: `PS1='[${promptOf(place)}] \\w\\$ '; unset PROMPT_COMMAND` }
    : { PS1: `[${promptOf(place)}] $ ` };
  const environment = { ...inside.environment, ...prompt, UNDERPASS_INSTANCE: inside.instanceId };
  return await runInside({ ...inside, environment }, bash ? ["bash"] : plainShell(inside), options);
}

/** It would give the terminal back to the group that had it before, which has no number in the instance, and fail. */
function plainShell({ command }: Inside): readonly string[] {
  return command.length === 0 ? ["/bin/sh"] : ["/bin/sh", "+m"];
}

/** The name without what a shell would read as more than a text. */
function promptOf(name: string): string {
  return name.replaceAll(/[^\w .@:/+-]/g, "?");
}

/** Runs the program on this terminal. */
export async function runInside(inside: Inside, program: readonly string[], options: InsideOptions): Promise<number> {
  // Only a terminal needs it in our process group, all of which a program inside may signal.
  const onTerminal = [0, 1, 2].some((fd) => isatty(fd));
  let running: InsideProcess | undefined = undefined;
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"] as const) {
    // A terminal sends its signals to the program itself; what comes to us alone is passed on.
    process.on(signal, () => {
      if (signal === "SIGTERM" || !onTerminal || !process.stdin.isTTY) running?.kill(signal);
    });
  }
  // Only now: it may be told to end as soon as it runs, and we with it.
  running = startInside(inside, program, { stdio: ["inherit", "inherit", "inherit"], detached: !onTerminal });
  // What runs inside an instance has no network any more, and would hold its remains.
  const endWith = (text: string): void => {
    console.error(`underpass: ${text}`);
    running.kill("SIGKILL");
  };
  void regionEnds(options).then(() => endWith("the region has ended"));
  void placeEnds(inside).then(() => endWith(`${inside.instanceId} has ended`));
  try {
    const end = await running.ended;
    return "status" in end ? end.status : 128 + (constants.signals[end.signal as NodeJS.Signals] ?? 0);
  } catch (error) {
    const cause = error as NodeJS.ErrnoException;
    const text =
      cause.code === "ENOENT" ? `\`${[...inside.command, ...program][0]}\` is not on this machine` : cause.message;
    throw new Failure(exitStatus.machine, `cannot run \`${program[0]}\` in ${inside.instanceId}: ${text}`, cause);
  }
}
