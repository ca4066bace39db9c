/**
 * The first process of an instance: it holds the PID and IPC namespaces that the instance's programs share, buries those
 * whose parents have ended, and when it ends the kernel ends them all. netd starts it when a program is first to enter.
 * Source: Linux manual pages pid_namespaces(7), "The namespace init process", ipc_namespaces(7).
 */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readlinkSync } from "node:fs";
import { createInterface } from "node:readline";
import type { Namespace } from "./namespace.ts";

/**
 * Tells its process id outside, then waits for the end of its input, which netd holds. It waits by way of a child: while a
 * shell waits for a child it buries whatever has ended. What runs inside can end the child, not its parent.
 */
const INIT = `trap "" HUP INT QUIT TERM
read -r pid rest < /proc/self/stat
echo "$pid"
while (read -r line); [ $? -gt 128 ]; do :; done`;

export class InstanceInits {
  readonly #inits = new Map<Namespace, Promise<number>>();

  /** The process id of the one in the namespace that `find` gives or throws for; it is started unless it runs. */
  async pidIn(find: () => Namespace): Promise<number> {
    const namespace = find();
    const known = this.#inits.get(namespace);
    if (known === undefined) return await this.#start(namespace);
    const pid = await known.catch(() => 0);
    if (ipcNamespaceOf(pid) !== "") return pid;
    // Another caller, or its end, may have come first; the namespace may be gone.
    if (this.#inits.get(namespace) === known) this.#inits.delete(namespace);
    return await this.pidIn(find);
  }

  #start(namespace: Namespace): Promise<number> {
    const child = startInit(namespace);
    const pid = pidFrom(child);
    this.#inits.set(namespace, pid);
    child.once("close", () => {
      if (this.#inits.get(namespace) === pid) this.#inits.delete(namespace);
    });
    return pid;
  }
}

/** Empty for a process that has ended, even where it is not buried yet: it waits for those that others have to bury. */
export function ipcNamespaceOf(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/ns/ipc`);
  } catch {
    return "";
  }
}

/** It ends with netd, however that ends, and nothing between the two outlives either. */
function startInit(namespace: Namespace): ChildProcess {
  const words = [
    "--pdeathsig=KILL",
    "--",
    "unshare",
    "--pid",
    "--ipc",
    "--fork",
    "--kill-child",
    "--",
    "/bin/sh",
    "-c",
    INIT,
  ];
  return namespace.inside(() => spawn("setpriv", [...words, "underpass-init"], { stdio: ["pipe", "pipe", "pipe"] }));
}

async function pidFrom(child: ChildProcess): Promise<number> {
  if (child.stdin === null || child.stdout === null || child.stderr === null) throw new Error("no pipes of the init");
  let words = "";
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => (words = `${words}${chunk}`.slice(-500)));
  child.stdin.on("error", () => {});
  const line = once(createInterface({ input: child.stdout }), "line") as Promise<[string]>;
  const gone = once(child, "close").then((): [string] => [""]);
  const [text] = await Promise.race([line, gone]);
  const pid = Number(text);
  if (pid > 0) return pid;
  throw new Error(`start the first process of an instance: ${words.trim() || "it ended without a word"}`);
}
