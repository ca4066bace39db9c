/** Programs that outlive the call that started them, ports that lead into instances, and shells, on both data planes. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { TerminateInstancesCommand } from "@aws-sdk/client-ec2";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { ended, type Ended, launcher, type RegionProcess, startRegionProcess } from "../demo/region-process.ts";
import type { ProgramLine } from "../src/api/underpass/program-table.ts";
import { buildMetadataAccount, type MetadataAccount } from "./metadata-account.ts";
import { lackOfProgram, testWith } from "./need.ts";
import { onEachPlane } from "./on-plane.ts";

/** A terminal with the command line in it. */
interface Terminal {
  /** All that it has shown. */
  readonly shown: () => string;
  readonly press: (keys: string) => void;
  /** Resolves when what it has shown since the last time matches. */
  readonly shows: (pattern: RegExp) => Promise<void>;
  readonly ended: Promise<number | null>;
}

/** Ends half a second after the first interrupt, so that a second one would be seen. */
const countingInterrupts = `n=0; trap 'n=$((n + 1)); echo interrupted $n' INT; echo up
while [ $n = 0 ]; do sleep 0.05; done; sleep 0.5; exit 7`;

onEachPlane("programs", (dataplane) => {
  let region: RegionProcess;
  let account: MetadataAccount;

  beforeAll(async () => {
    region = await startRegionProcess({ dataplane });
    account = await buildMetadataAccount(region.endpoint);
    await account.launch({ TagSpecifications: [{ ResourceType: "instance", Tags: [{ Key: "Name", Value: "web" }] }] });
  }, 60_000);
  afterAll(async () => {
    expect(await region.stop()).toBe(0);
  });

  const start = (...words: string[]): ChildProcess =>
    spawn(process.execPath, [launcher, ...words], { env: { ...process.env, UNDERPASS_ENDPOINT: region.endpoint } });
  const underpass = (...words: string[]): Promise<Ended> => ended(start(...words));
  const detached = async (instance: string, ...program: string[]): Promise<string> => {
    const { stdout, stderr } = await underpass("exec", "-d", instance, "--", ...program);
    expect(stderr).toBe("");
    return stdout.trim();
  };
  const onTerminal = (...words: string[]): Terminal => {
    const command = [process.execPath, launcher, ...words]
      .map((word) => `'${word.replaceAll("'", `'\\''`)}'`)
      .join(" ");
    // In the place of the shell that `script` starts: one that waited would end of an interrupt itself.
    const child = spawn("script", ["--quiet", "--return", "--command", `exec ${command}`, "/dev/null"], {
      env: { ...process.env, UNDERPASS_ENDPOINT: region.endpoint, PS1: "" },
    });
    let [shown, seen] = ["", 0];
    child.stdout.on("data", (chunk: Buffer) => (shown += chunk.toString()));
    return {
      shown: () => shown,
      press: (keys) => void child.stdin.write(keys),
      shows: async (pattern) => {
        await expect.poll(() => shown.slice(seen), { timeout: 20_000 }).toMatch(pattern);
        seen = shown.length;
      },
      ended: once(child, "exit").then(([status]) => status as number | null),
    };
  };
  const lineOf = async (programId: string): Promise<ProgramLine> =>
    (await region.own<ProgramLine[]>("programs")).find((one) => one.programId === programId)!;

  test("a program runs on, prints, and is stopped with all that it started", async () => {
    const script = "echo out; echo err >&2; sleep 1000 & sleep 1000 & wait";
    const programId = await detached("web", "sh", "-c", script);
    expect(programId).toMatch(/^p\d+$/);
    expect((await underpass("ps", "web")).stdout).toMatch(
      new RegExp(`^${programId} +i-\\w+ +running .*sh -c echo out`),
    );
    await vi.waitFor(
      async () => expect(await underpass("logs", programId)).toMatchObject({ stdout: "out\n", stderr: "err\n" }),
      {
        timeout: 20_000,
      },
    );
    const followed = underpass("logs", "-f", programId);
    expect((await underpass("stop", programId)).stdout).toMatch(/ended (SIGTERM|143) /);
    // Following ends with the program.
    expect(await followed).toMatchObject({ status: 0, stdout: "out\n" });
    expect((await underpass("stop", "p999")).stderr).toMatch(/no program `p999`; `underpass ps` lists them/);
  }, 60_000);

  test("its exit status is told, and of much output the end is kept", async () => {
    const script = `for (let i = 0; i < 40000; i++) console.log(String(i).padStart(63)); process.exitCode = 7;`;
    const programId = await detached("web", process.execPath, "--eval", script);
    await vi.waitFor(
      async () => expect(await lineOf(programId)).toMatchObject({ state: "ended", end: { status: 7 } }),
      {
        timeout: 20_000,
      },
    );
    const { stdout } = await underpass("logs", programId);
    expect(stdout.endsWith("39999\n")).toBe(true);
    expect(stdout.length).toBeLessThan(1024 * 1024);
  }, 60_000);

  test("a port of this machine leads into the instance", async () => {
    const script = `require("node:http").createServer((request, response) => response.end("from inside")).listen(18999, "127.0.0.1", () => console.log("up"))`;
    const programId = await detached("web", process.execPath, "--eval", script);
    const forward = start("forward", "web", "18999:0");
    const [line] = (await once(createInterface({ input: forward.stdout! }), "line")) as [string];
    const port = /^127\.0\.0\.1:(\d+) leads to port 18999 of i-/.exec(line)![1];
    const answers = Array.from({ length: 20 }, async () => await (await fetch(`http://127.0.0.1:${port}/`)).text());
    expect(new Set(await Promise.all(answers))).toEqual(new Set(["from inside"]));
    forward.kill("SIGINT");
    expect((await once(forward, "exit"))[0]).toBe(0);
    await underpass("stop", programId);
    expect((await underpass("forward", "web", "http")).stderr).toMatch(/`http` is no port/);
  }, 60_000);

  test("a shell's prompt says where it is", async () => {
    const shell = start("shell", "web");
    shell.stdin!.end(`eval "$PROMPT_COMMAND"; echo "$PS1 $UNDERPASS_INSTANCE"\n`);
    expect((await ended(shell)).stdout).toMatch(/^\[web\] .*i-\w+\n/);
  }, 60_000);

  testWith(lackOfProgram("script"))(
    "a terminal's keys reach the program as they do outside",
    async () => {
      const caught = onTerminal("exec", "web", "--", "sh", "-c", countingInterrupts);
      await caught.shows(/up/);
      caught.press("\u0003");
      await caught.shows(/interrupted 1\r\n/);
      // Once: nobody passes on what the terminal sends.
      expect(await caught.ended).toBe(7);
      expect(caught.shown()).not.toContain("interrupted 2");
      const shell = onTerminal("shell", "web");
      await shell.shows(/web\]/);
      shell.press("sh -c 'trap \"echo goes on\" CONT; echo $((40 + 2)); while :; do sleep 0.05; done'\n");
      await shell.shows(/42\r\n/);
      shell.press("\u001a");
      await shell.shows(/Stopped/);
      shell.press("fg\n");
      await shell.shows(/goes on\r\n/);
      shell.press("\u0003");
      await shell.shows(/web\]/);
      shell.press("exit 6\n");
      expect(await shell.ended).toBe(6);
    },
    60_000,
  );

  test("it ends with its instance", async () => {
    const instanceId = await account.launch({});
    const programId = await detached(instanceId, "sleep", "1000");
    await account.ec2.send(new TerminateInstancesCommand({ InstanceIds: [instanceId] }));
    await vi.waitFor(async () => expect(await lineOf(programId)).toMatchObject({ end: { signal: "SIGKILL" } }), {
      timeout: 20_000,
    });
  }, 60_000);
});
