/** `underpass exec`: runs a program of this machine inside an instance. */

import { spawn } from "node:child_process";
import { constants } from "node:os";
import type { InstanceEntry, Status } from "../api/underpass/server.ts";
import { ask, askRaw, type ClientOptions } from "./client.ts";
import { exitStatus, Failure } from "./failure.ts";

/** Resolves with the program's own exit status; 128 and the signal's number when a signal ended it. */
export async function exec(instance: string, words: readonly string[], options: ClientOptions): Promise<number> {
  const program = words[0] === "--" ? words.slice(1) : words;
  if (program.length === 0) {
    throw new Failure(exitStatus.usage, "give the program after `--`, as in: underpass exec i-… -- aws s3 ls");
  }
  const entry = await ask<InstanceEntry>(options, `instances/${encodeURIComponent(instance)}/entry`);
  const { region } = await ask<Status>(options, "status");
  refuseOtherUser(entry);
  const [command = "", ...prefix] = [...entry.command, ...program];
  const child = spawn(command, prefix, { stdio: "inherit", env: environmentOf(entry, region) });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"] as const) {
    // A terminal sends its signals to the program itself; what comes to us alone is passed on.
    process.on(signal, () => {
      if (signal === "SIGTERM" || !process.stdin.isTTY) child.kill(signal);
    });
  }
  void regionEnds(options).then(() => {
    // What runs inside an instance has no network any more, and would hold its remains.
    console.error("underpass: the region has ended");
    child.kill("SIGKILL");
  });
  return await new Promise<number>((resolve, reject) => {
    child.once("error", (cause: NodeJS.ErrnoException) => {
      const text = cause.code === "ENOENT" ? `\`${command}\` is not on this machine` : cause.message;
      reject(new Failure(exitStatus.machine, `cannot run \`${program[0]}\` in ${entry.instanceId}: ${text}`, cause));
    });
    child.once("exit", (status, signal) => resolve(status ?? 128 + (signal === null ? 0 : constants.signals[signal])));
  });
}

function refuseOtherUser({ command, userId }: InstanceEntry): void {
  const own = process.getuid?.();
  if (command.length === 0 || userId === undefined || own === undefined || userId === own) return;
  throw new Failure(
    exitStatus.machine,
    `the region runs as user ${userId} and this is user ${own}; the kernel lets only the region's own user in: run \`exec\` as that user`,
  );
}

/** Resolves when the region is gone, however it went. */
async function regionEnds(options: ClientOptions): Promise<void> {
  const life = await askRaw(options, "life");
  try {
    for await (const _chunk of life.body ?? []);
  } catch {
    // Broken off: that is what is waited for.
  }
}

/** The caller's environment, so that its credentials come along, without what would lead past the instance's network. */
function environmentOf(entry: InstanceEntry, region: string): NodeJS.ProcessEnv {
  const environment: NodeJS.ProcessEnv = {};
  for (const [name, value] of Object.entries(process.env)) {
    if (!name.startsWith("AWS_ENDPOINT_URL")) environment[name] = value;
  }
  if (environment["AWS_REGION"] === undefined && environment["AWS_DEFAULT_REGION"] === undefined) {
    environment["AWS_DEFAULT_REGION"] = region;
    environment["AWS_REGION"] = region;
  }
  for (const [name, value] of Object.entries(entry.environment)) {
    if (value === null) delete environment[name];
    else environment[name] = value;
  }
  return environment;
}
