/**
 * What programs inside instances see of the machine's processes. Each instance has a PID namespace of its own, so that its
 * programs can send signals to each other alone, an IPC namespace, so that they share memory with each other alone, and a
 * /proc of its own, so that they see each other alone. A container that hides parts of its /proc refuses the last, and a
 * kernel may refuse all. What a machine allows is found by trying.
 * Source: Linux manual pages pid_namespaces(7), ipc_namespaces(7), mount_namespaces(7).
 */

import { spawn } from "node:child_process";
import { once } from "node:events";

/** `own`: both. `listed`: they see the machine's processes and can do nothing to them. `shared`: neither. */
export type ProcessSpace = "own" | "listed" | "shared";

/** Covers the machine's /proc with the one of the namespace that it runs in. */
export const MOUNT_PROC = "mount -t proc -o nosuid,nodev,noexec proc /proc";

const REFUSED = 99;

/** Tries it, in namespaces like those of netd and of an instance. */
export async function processSpace(): Promise<ProcessSpace> {
  const words = [
    "--user",
    "--map-root-user",
    "--mount",
    "--ipc",
    "--pid",
    "--fork",
    "--kill-child",
    "--",
    "/bin/sh",
    "-c",
  ];
  const child = spawn("unshare", [...words, `${MOUNT_PROC} || exit ${REFUSED}`], { stdio: "ignore" });
  const [status] = (await once(child, "close")) as [number | null];
  if (status === 0) return "own";
  return status === REFUSED ? "listed" : "shared";
}

/** A sentence for each thing that is not kept from programs inside. */
export function notKept(space: ProcessSpace): readonly string[] {
  switch (space) {
    case "own":
      return [];
    case "listed":
      return [
        "programs inside instances see the list of this machine's processes, which they cannot signal: /proc cannot be mounted anew here; in a container, `--security-opt systempaths=unconfined` allows it",
      ];
    case "shared":
      return [
        "programs inside instances may signal other processes of their user, the region's too, and use their shared memory: the kernel makes no PID or IPC namespaces here; `sysctl -w user.max_pid_namespaces=10000` allows them",
      ];
  }
}
