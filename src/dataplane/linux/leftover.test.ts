/** However the plane ends, nothing of it stays: no process, no namespace, no mount. As root and as an ordinary user. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, vi } from "vitest";
import { testWith } from "../../../test/need.ts";
import { linuxPlaneLack } from "./lack.ts";

const test = testWith(await linuxPlaneLack());
const ordinaryTest = testWith(process.getuid?.() === 0 ? undefined : "only root can become an ordinary user");
const program = fileURLToPath(new URL("./testdata/plane-process.ts", import.meta.url));

let temporary: string;
beforeEach(() => {
  temporary = mkdtempSync(join(tmpdir(), "underpass-leftover-"));
  chmodSync(temporary, 0o777);
});
afterEach(() => rmSync(temporary, { recursive: true, force: true }));

interface Running {
  readonly child: ChildProcess;
  readonly lines: AsyncIterator<string>;
  readonly unsharePid: number;
  readonly netdPid: number;
  readonly hello: { readonly user: string; readonly path: string; readonly entry: readonly string[] };
  /** A program inside that is no child of the plane's process, as a shell of somebody else would be. */
  readonly insidePid: number;
  /** Its network namespaces, as the kernel names them: once they are gone, others may get their names. */
  readonly namespaces: ReadonlySet<string>;
  /** Processes that are in one of them or have a descriptor of one. */
  readonly holders: readonly number[];
  readonly mounts: string;
}

const asOrdinaryUser = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];

async function startPlane(...before: readonly string[]): Promise<Running> {
  const mounts = readFileSync("/proc/self/mounts", "utf8");
  const [command = "", ...words] = [...before, process.execPath, program];
  const environment = { ...process.env, TMPDIR: temporary, NODE_OPTIONS: "" };
  const child = spawn(command, words, { stdio: ["ignore", "pipe", "inherit"], env: environment });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const hello = JSON.parse((await lines.next()).value ?? "null");
  const [enter = "", ...way] = [...before, ...hello.entry, "sleep", "1000"];
  const inside = spawn(enter, way, { stdio: "ignore" });
  // The process that stays outside waits for the one that entered.
  await expect
    .poll(() => childrenOf(inside.pid!).map((pid) => fileOf(pid, "comm").trim()), { timeout: 20_000 })
    .toEqual(["sleep"]);
  const [insidePid = 0] = childrenOf(inside.pid!);
  const [unsharePid = 0] = childrenOf(child.pid!);
  const [netdPid = 0] = childrenOf(unsharePid);
  const namespaces = new Set([...namespacesOf(netdPid)].filter((name) => name !== readlinkSync("/proc/self/ns/net")));
  expect(namespaces.size).toBeGreaterThan(10);
  const holders = pids().filter((pid) => holds(pid, namespaces));
  expect(holders).toContain(netdPid);
  expect(holders).toContain(insidePid);
  return { child, lines, unsharePid, netdPid, hello, insidePid, namespaces, holders, mounts };
}

async function nothingIsLeft({
  child,
  unsharePid,
  netdPid,
  insidePid,
  namespaces,
  holders,
  mounts,
}: Running): Promise<void> {
  const processes = [child.pid!, unsharePid, netdPid, insidePid];
  await vi.waitFor(
    () => {
      expect(processes.filter(isAlive)).toEqual([]);
      expect(holders.filter((pid) => holds(pid, namespaces))).toEqual([]);
    },
    { timeout: 5000, interval: 20 },
  );
  expect(readFileSync("/proc/self/mounts", "utf8")).toBe(mounts);
}

describe("what is left of a plane", () => {
  test("after a stop", async () => {
    const running = await startPlane();
    running.child.kill("SIGTERM");
    expect(await once(running.child, "exit")).toEqual([0, null]);
    await nothingIsLeft(running);
    expect(readdirSync(temporary)).toEqual([]);
  });

  test("after netd is killed, which the plane tells", async () => {
    const running = await startPlane();
    process.kill(running.netdPid, "SIGKILL");
    expect((await running.lines.next()).value).toMatch(/^failed: netd ended/);
    running.child.kill("SIGTERM");
    await once(running.child, "exit");
    await nothingIsLeft(running);
  });

  test("after the process around netd is killed", async () => {
    const running = await startPlane();
    process.kill(running.unsharePid, "SIGKILL");
    expect((await running.lines.next()).value).toMatch(/^failed: netd ended/);
    running.child.kill("SIGTERM");
    await once(running.child, "exit");
    await nothingIsLeft(running);
  });

  test("after the daemon is killed", async () => {
    const running = await startPlane();
    running.child.kill("SIGKILL");
    await once(running.child, "exit");
    await nothingIsLeft(running);
  });

  test("after the daemon and netd are killed at once", async () => {
    const running = await startPlane();
    for (const pid of [running.child.pid!, running.netdPid]) process.kill(pid, "SIGKILL");
    await once(running.child, "exit");
    // The first processes of the instances have ended with netd, and the kernel has ended what they were the first of.
    await nothingIsLeft(running);
  });

  ordinaryTest("an ordinary user has a plane too, and leaves nothing", async () => {
    const running = await startPlane(...asOrdinaryUser);
    expect(running.hello.user).toBe("65534");
    expect(JSON.parse(running.hello.path)).toMatchObject({ kind: "gateway-endpoint", sourceIp: "10.0.1.5" });
    running.child.kill("SIGKILL");
    await once(running.child, "exit");
    await nothingIsLeft(running);
  });
});

function pids(): number[] {
  return readdirSync("/proc")
    .map(Number)
    .filter((pid) => Number.isInteger(pid));
}

function childrenOf(parent: number): number[] {
  return pids().filter((pid) => Number(/\) \S (\d+)/.exec(fileOf(pid, "stat"))?.[1]) === parent);
}

/** A process that has ended but that nobody waited for counts as gone. */
function isAlive(pid: number): boolean {
  return /\) [^Z]/.test(fileOf(pid, "stat"));
}

function fileOf(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, "utf8");
  } catch {
    return "";
  }
}

function holds(pid: number, namespaces: ReadonlySet<string>): boolean {
  return [...namespacesOf(pid)].some((name) => namespaces.has(name));
}

/** The network namespaces that the process is in or has a descriptor of. */
function namespacesOf(pid: number): Set<string> {
  const links = ["ns/net"];
  try {
    links.push(...readdirSync(`/proc/${pid}/fd`).map((fd) => `fd/${fd}`));
  } catch {
    // It ended.
  }
  const names = links.map((link) => {
    try {
      return readlinkSync(`/proc/${pid}/${link}`);
    } catch {
      return "";
    }
  });
  return new Set(names.filter((name) => name.startsWith("net:")));
}
