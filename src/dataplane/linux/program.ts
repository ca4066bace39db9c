/** Programs that run inside instances, known by their network namespace alone. Source: Linux manual page proc(5), /proc/pid/ns. */

import { readdirSync, readlinkSync } from "node:fs";

/** Kills every process of the given network namespaces (`net:[4026532001]`); says how many there were. */
export function endProgramsIn(inodes: ReadonlySet<string>): number {
  if (inodes.size === 0) return 0;
  let ended = 0;
  for (const name of readdirSync("/proc")) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid || !inodes.has(networkNamespaceOf(pid))) continue;
    try {
      process.kill(pid, "SIGKILL");
      ended++;
    } catch {
      // It ended by itself in the meantime.
    }
  }
  return ended;
}

/** Empty for a process that is gone or that we may not look into. */
function networkNamespaceOf(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`);
  } catch {
    return "";
  }
}
