/** Attempts on the processes of the machine: those of the region, of other instances and of the user. */

import { spawnSync } from "node:child_process";
import { openSync, readdirSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { enterNamespace } from "../src/dataplane/linux/libc.ts";
import { around, attempt, call, library } from "./hostile-attempt.ts";

const ptrace = library.func("long ptrace(long request, int pid, void *address, void *data)");
const systemCall = library.func("long syscall(long number, long a, long b, long c)");
const PTRACE_ATTACH = 16;
// The same number on every architecture, as for all newer calls. Source: Linux manual page syscalls(2).
const PIDFD_OPEN = 434;
const PIDFD_GETFD = 438;
const control = library.func("int shmctl(int id, int command, void *buffer)");
const IPC_RMID = 0;

export async function reachProcesses(): Promise<void> {
  attempt("list processes", () => {
    const found = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
    return found.map((pid) => readFileSync(`/proc/${pid}/comm`, "utf8").trim()).join(" ");
  });
  const processes = { netd: around.netdPid, daemon: around.daemonPid, other: around.otherPid };
  for (const [name, pid] of Object.entries(processes)) {
    for (const kind of ["net", "user", "mnt"]) {
      attempt(`enter the ${kind} namespace of ${name}`, () =>
        enterNamespace(openSync(`/proc/${pid}/ns/${kind}`, "r"), 0),
      );
    }
    for (const file of ["environ", "mem", "maps"]) {
      attempt(`read ${file} of ${name}`, () => readFileSync(`/proc/${pid}/${file}`).length);
    }
    attempt(`open a descriptor of ${name}`, () => openFirst(`/proc/${pid}/fd`));
    for (const folder of ["root", "cwd"]) {
      attempt(`list ${folder} of ${name}`, () => readdirSync(`/proc/${pid}/${folder}/`).length);
    }
    attempt(`end ${name}`, () => void process.kill(pid, "SIGKILL"));
    attempt(`trace ${name}`, () => call(() => ptrace(PTRACE_ATTACH, pid, null, null)));
    attempt(`take a descriptor of ${name}`, () => {
      const fd = Number(systemCall(PIDFD_OPEN, pid, 0, 0));
      return call(() => systemCall(PIDFD_GETFD, fd, 3, 0));
    });
  } // Those of its own instance it may.
  attempt("end all that it can", () => void process.kill(-1, "SIGKILL"));
  attempt("end the first process", () => void process.kill(1, "SIGKILL"));
  attempt("remove shared memory of the machine", () => call(() => control(around.sharedMemory, IPC_RMID, null)));
  await connectTo("an abstract socket of the machine", `\0${around.abstractSocket}`);
  escapeByNamespaces();
}

/** What root of a user namespace may make anew must not be a way back to what was before. */
function escapeByNamespaces(): void {
  const shell = (script: string): string =>
    spawnSync("unshare", ["--mount", "sh", "-c", script], { encoding: "utf8" }).stdout;
  attempt("change settings by a /proc of its own", () =>
    shell("unshare --pid --fork mount -t proc proc /mnt; echo 1 > /mnt/sys/net/ipv4/ip_forward && echo done").trim(),
  );
  attempt("see processes by a /proc of its own", () =>
    shell("mount -t proc proc /mnt; ls /mnt | grep -c '^[0-9]'").trim(),
  );
  attempt("see another network by a sysfs of its own", () =>
    shell("mount -t sysfs sysfs /mnt; ls /mnt/class/net 2>/dev/null; true").trim().replaceAll("\n", " "),
  );
  const from = "exec 3< /proc/self/ns/net; unshare --user --map-root-user --net --pid --fork";
  attempt("come back from a network of its own", () =>
    shell(`${from} nsenter --net=/proc/self/fd/3 true && echo done`),
  );
  attempt("enter the network of the first process", () => shell("nsenter --net=/proc/1/ns/net true && echo done"));
  attempt("see the files of the first process", () => readdirSync("/proc/1/root/").length);
}

async function connectTo(what: string, path: string): Promise<void> {
  const got = await new Promise<string>((resolve) => {
    const socket = connect({ path });
    socket
      .on("connect", () => resolve("connected"))
      .on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? ""));
    socket.on("close", () => socket.destroy());
  });
  console.log(`connect to ${what}: ${got}`);
}

/** Opens one of the files in the folder; throws what met the last one where none can be opened. */
function openFirst(folder: string): string {
  let refusal: unknown;
  for (const name of readdirSync(folder)) {
    try {
      openSync(`${folder}/${name}`, "r");
      return `opened ${name}`;
    } catch (error) {
      refusal = error;
    }
  }
  throw refusal;
}
