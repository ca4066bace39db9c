/** A region started as a user starts one: `underpass up` in a process of its own. The demo, the tests and the benches use it. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";

export interface RegionProcess extends AsyncDisposable {
  readonly endpoint: string;
  /** What `up` says of its data plane. */
  readonly dataplane: string;
  readonly process: ChildProcess;
  /** `GET /_underpass/…`, or `POST` with a body. */
  readonly own: <T>(path: string, body?: unknown) => Promise<T>;
  /** Starts a program inside an instance. */
  readonly exec: (instance: string, program: readonly string[], environment?: NodeJS.ProcessEnv) => ChildProcess;
  /** As a user's Ctrl-C; resolves with the exit status. */
  readonly stop: () => Promise<number | null>;
}

export interface RegionOptions {
  /** Ephemeral when absent. */
  readonly stateFolder?: string | undefined;
  readonly dataplane?: "auto" | "linux" | "userspace";
  readonly port?: number;
  /** The first words of the command line, for a region that is run as another user. */
  readonly runAs?: readonly string[];
  readonly environment?: NodeJS.ProcessEnv;
  /** More options of `underpass up`. */
  readonly more?: readonly string[];
}

export const launcher = join(import.meta.dirname, "../bin/underpass.js");

/** Resolves when the region answers. */
export async function startRegionProcess(options: RegionOptions = {}): Promise<RegionProcess> {
  const state = options.stateFolder === undefined ? ["--ephemeral"] : ["--state", options.stateFolder];
  const words = [
    ...(options.runAs ?? []),
    process.execPath,
    launcher,
    "up",
    "--port",
    String(options.port ?? 0),
    ...state,
    "--dataplane",
    options.dataplane ?? "auto",
    ...(options.more ?? []),
  ];
  const [command = "", ...rest] = words;
  const daemon = spawn(command, rest, {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, ...options.environment },
  });
  const stop = async (): Promise<number | null> => {
    if (daemon.exitCode === null && daemon.signalCode === null) {
      daemon.kill("SIGINT");
      await once(daemon, "exit");
    }
    return daemon.exitCode;
  };
  const { endpoint, dataplane } = await announced(daemon);
  return {
    endpoint,
    dataplane,
    process: daemon,
    own: async <T>(path: string, body?: unknown) => {
      const response = await fetch(
        `${endpoint}/_underpass/${path}`,
        body === undefined ? {} : { method: "POST", body: JSON.stringify(body) },
      );
      if (!response.ok) throw new Error(`${path}: ${await response.text()}`);
      return (await response.json()) as T;
    },
    exec: (instance, program, environment = {}) => {
      const exec = [launcher, "exec", "--endpoint", endpoint, instance, "--", ...program];
      const [runner = "", ...execWords] = [...(options.runAs ?? []), process.execPath, ...exec];
      return spawn(runner, execWords, {
        stdio: ["pipe", "pipe", "pipe"],
        env: {
          ...process.env,
          AWS_ACCESS_KEY_ID: "test",
          AWS_SECRET_ACCESS_KEY: "test",
          AWS_REGION: "us-east-1",
          AWS_DEFAULT_REGION: "us-east-1",
          ...environment,
        },
      });
    },
    stop,
    [Symbol.asyncDispose]: async () => void (await stop()),
  };
}

async function announced(daemon: ChildProcess): Promise<{ endpoint: string; dataplane: string }> {
  if (daemon.stdout === null) throw new Error("the region has no standard output");
  let endpoint = "";
  for await (const line of createInterface({ input: daemon.stdout })) {
    endpoint = /^ {2}endpoint +(\S+)/.exec(line)?.[1] ?? endpoint;
    const dataplane = /^ {2}data plane +(.+)/.exec(line)?.[1];
    if (dataplane === undefined) continue;
    daemon.stdout.resume();
    return { endpoint, dataplane };
  }
  throw new Error(`the region did not start (status ${daemon.exitCode}); its message is above`);
}

/** What a program printed and how it ended. */
export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Resolves when the program has ended. */
export async function ended(child: ChildProcess): Promise<Ended> {
  let [stdout, stderr] = ["", ""];
  child.stdout?.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr?.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  child.stdin?.end();
  const [status] = (await once(child, "close")) as [number | null];
  return { status, stdout, stderr };
}
