/** What a machine that allows less makes of it: told in a sentence, and the rest is kept all the same. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import { testWith } from "../../../test/need.ts";
import { linuxPlaneLack } from "./lack.ts";

const test = testWith(await linuxPlaneLack());
const program = fileURLToPath(new URL("./testdata/plane-process.ts", import.meta.url));

/** The words before a program that runs where root may take something away from all that come after. */
function after(change: string): string[] {
  return ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", `${change} && exec "$@"`, "sh"];
}

interface Hello {
  readonly path: string;
  readonly notEnforced: readonly string[];
  readonly entry: readonly string[];
}

test.each<[string, string[], RegExp | undefined, string]>([
  ["a machine that allows all", ["env"], undefined, "cannot signal\nsees not\n"],
  [
    "a container that hides parts of /proc",
    after("mount --bind /dev/null /proc/uptime"),
    /^programs inside instances see the list of this machine's processes.*systempaths=unconfined/,
    "cannot signal\nsees\n",
  ],
  [
    "a kernel that makes no PID namespaces",
    after("echo 0 > /proc/sys/user/max_pid_namespaces"),
    /^programs inside instances may signal other processes .*sysctl -w user\.max_pid_namespaces/,
    "can signal\nsees\n",
  ],
])("%s", async (_name, before, sentence, expected) => {
  const [command = "", ...words] = [...before, process.execPath, program];
  const plane = spawn(command, words, {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, NODE_OPTIONS: "" },
  });
  const [line] = (await once(createInterface({ input: plane.stdout }), "line")) as [string];
  const { path, notEnforced, entry } = JSON.parse(line) as Hello;
  expect(JSON.parse(path)).toMatchObject({ kind: "gateway-endpoint" });
  if (sentence === undefined) expect(notEnforced).toEqual([]);
  else expect(notEnforced).toEqual([expect.stringMatching(sentence)]);
  const ask = `kill -0 ${plane.pid} 2>/dev/null && echo can signal || echo cannot signal
    grep -q "[p]lane-process.ts" /proc/*/cmdline && echo sees || echo sees not`;
  const joined = [
    "nsenter",
    `--user=/proc/${plane.pid}/ns/user`,
    `--mount=/proc/${plane.pid}/ns/mnt`,
    "--preserve-credentials",
    "--",
  ];
  const [enter = "", ...way] = [...(before[0] === "env" ? [] : joined), ...entry, "sh", "-c", ask];
  const inside = spawn(enter, way, { stdio: ["ignore", "pipe", "inherit"] });
  let told = "";
  inside.stdout.on("data", (chunk: Buffer) => (told += chunk.toString()));
  await once(inside, "close");
  plane.kill("SIGTERM");
  await once(plane, "exit");
  expect(told).toBe(expected);
});
