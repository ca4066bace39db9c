/** A plane with a host that notes what arrives, and programs run inside its instances. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dialText } from "../../../../test/dial-program.ts";
import type { Path } from "../../../network/path.ts";
import type { DataPlane, NameAsker, PlaneHost } from "../../plane.ts";
import { type LinuxPlaneOptions, openLinuxPlane } from "../plane.ts";

export interface Arrival {
  readonly path: Path;
  readonly port: number;
  readonly socket: Socket;
}

export interface TestPlane extends AsyncDisposable {
  readonly plane: DataPlane;
  readonly folder: string;
  readonly arrivals: Arrival[];
  readonly queries: (NameAsker & { readonly query: Uint8Array; readonly transport: "udp" | "tcp" })[];
  readonly log: string[];
  /** Starts a program inside. */
  readonly start: (instanceId: string, ...program: readonly string[]) => Promise<ChildProcess>;
  /** Runs a program inside to its end. */
  readonly run: (instanceId: string, ...program: readonly string[]) => Promise<Ended>;
}

export interface Ended {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The host answers a connection with its path as a line of JSON and then keeps it open. */
export async function openTestPlane(
  answerDns: PlaneHost["answerDns"] = () => undefined,
  options: LinuxPlaneOptions & { readonly open?: (host: PlaneHost) => Promise<DataPlane> } = {},
): Promise<TestPlane> {
  const { open, ...linux } = options;
  const folder = mkdtempSync(join(tmpdir(), "underpass linux-"));
  const caBundleFile = join(folder, "bundle.pem");
  const caFile = join(folder, "ca.pem");
  writeFileSync(caBundleFile, "a bundle\n");
  copyFileSync(caBundleFile, caFile);
  const arrivals: Arrival[] = [];
  const queries: TestPlane["queries"] = [];
  const log: string[] = [];
  const host: PlaneHost = {
    acceptMetadata: (socket, { vpcId, sourceIp }) => {
      socket.on("error", () => {});
      socket.write(`${JSON.stringify({ vpcId, sourceIp })}\n`);
    },
    accept: (socket, path, port) => {
      arrivals.push({ socket, path, port });
      socket.on("error", () => {});
      socket.write(`${JSON.stringify({ ...path, port })}\n`);
    },
    answerDns: (client, query, transport) => {
      queries.push({ ...client, query, transport });
      return answerDns(client, query, transport);
    },
    log: (line) => void log.push(line),
    caBundleFile,
    caFile,
    secretFolder: folder,
    folder,
  };
  const children = new Set<ChildProcess>();
  const plane = await (open === undefined ? openLinuxPlane(host, linux) : open(host));
  const start: TestPlane["start"] = async (instanceId, ...program) => {
    const entry = await plane.entry(instanceId);
    if (entry === undefined) throw new Error(`the plane has no ${instanceId}`);
    const kept = Object.entries({ ...process.env, ...entry.environment }).filter(([, value]) => value !== null);
    const [command = "", ...words] = [...entry.command, ...program];
    const child = spawn(command, words, {
      stdio: ["ignore", "pipe", "pipe"],
      env: Object.fromEntries(kept) as NodeJS.ProcessEnv,
    });
    children.add(child);
    child.once("close", () => children.delete(child));
    return child;
  };
  return {
    plane,
    folder,
    arrivals,
    queries,
    log,
    start,
    run: async (instanceId, ...program) => ended(await start(instanceId, ...program)),
    [Symbol.asyncDispose]: async () => {
      for (const { socket } of arrivals) socket.destroy();
      // A test that failed may have left them.
      for (const child of children) child.kill("SIGKILL");
      await plane[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export async function ended(child: ChildProcess): Promise<Ended> {
  let stdout = "";
  let stderr = "";
  child.stdout?.setEncoding("utf8").on("data", (chunk: string) => (stdout += chunk));
  child.stderr?.setEncoding("utf8").on("data", (chunk: string) => (stderr += chunk));
  const [status, signal] = (await once(child, "close")) as [number | null, NodeJS.Signals | null];
  return { status, signal, stdout, stderr };
}

/**
 * A program that connects, prints the first line it gets, and with `stay` how the connection ends; `nothing` where no answer
 * comes, as the proxy knows at once.
 */
export function connecting(ip: string, port = 80, stay = false): string[] {
  const script = `${dialText}
    const socket = dial(${port}, "${ip}");
    const timer = setTimeout(() => { console.log("nothing"); process.exit(); }, ${stay ? 10_000 : 700});
    let first = true;
    socket.on("data", (data) => {
      if (!first) return;
      first = false;
      console.log(String(data).split("\\n")[0]);
      if (!${stay}) process.exit();
    });
    socket.on("error", ({ code }) => console.log(code === "ETIMEDOUT" ? "nothing" : code));
    socket.on("close", () => process.exit());
    if (${stay}) setInterval(() => socket.write("x"), 5);`;
  return [process.execPath, "--eval", script];
}
