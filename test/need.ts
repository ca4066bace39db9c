/** What a test needs of the machine. Missing, it is skipped aloud; under UNDERPASS_REQUIRE_ALL=1 it fails instead. */

import { spawnSync } from "node:child_process";
import { test } from "vitest";

const requireAll = process.env["UNDERPASS_REQUIRE_ALL"] === "1";

/** `test`, or one that skips with the reason, or one that fails with it. */
export function testWith(lack: string | undefined): typeof test {
  if (lack === undefined) return test;
  if (!requireAll) console.warn(`skipped: ${lack}`);
  const fail = (name: string): void =>
    test(name, () => {
      throw new Error(`UNDERPASS_REQUIRE_ALL is set and ${lack}`);
    });
  return (requireAll ? fail : test.skip) as typeof test;
}

/** Why a program cannot be used, or undefined. */
export function lackOfProgram(command: string, ...words: readonly string[]): string | undefined {
  const run = spawnSync(command, words.length === 0 ? ["--version"] : words, { encoding: "utf8" });
  return run.status === 0 ? undefined : `\`${[command, ...words].join(" ")}\` does not run here`;
}

export const lackOfAwsCli = lackOfProgram("aws", "--version");
export const lackOfBoto3 = lackOfProgram("python3", "-c", "import boto3");
export const lackOfCurl = lackOfProgram("curl", "--version");
