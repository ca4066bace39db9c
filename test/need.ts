/** What a test needs of the machine. Missing, it is skipped aloud; under UNDERPASS_REQUIRE_ALL=1 it fails instead. */

import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
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
/** The command line's own code, for tests that call it without starting a process for each command. */
export const lackOfAwsCliAsModule = lackOfProgram("python3", "-c", "import awscli.clidriver");
export const lackOfBoto3 = lackOfProgram("python3", "-c", "import boto3");
export const lackOfHostname = lackOfProgram("hostname", "--version");
export const lackOfCurl = lackOfProgram("curl", "--version");

/**
 * The folder with Terraform's providers for use without a network: UNDERPASS_TERRAFORM_MIRROR, else the first of the
 * places where systems keep such mirrors that holds the AWS provider; undefined where none does.
 */
export function terraformMirror(): string | undefined {
  const named = process.env["UNDERPASS_TERRAFORM_MIRROR"];
  if (named !== undefined && named !== "") return named;
  const home = process.env["HOME"] ?? "";
  const shared = (process.env["XDG_DATA_DIRS"] ?? "/usr/local/share:/usr/share").split(":");
  const candidates = [
    join(home, ".terraform.d", "plugins"),
    join(home, ".local", "share", "terraform", "plugins"),
    ...shared.map((folder) => join(folder, "terraform", "plugins")),
    ...foldersIn("/opt"),
  ];
  return candidates.find((folder) => existsSync(join(folder, "registry.terraform.io", "hashicorp", "aws")));
}

function foldersIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => join(folder, entry.name));
  } catch {
    return [];
  }
}

export const lackOfTerraform =
  lackOfProgram("terraform", "version") ??
  (terraformMirror() === undefined
    ? "no mirror of Terraform's providers is found; UNDERPASS_TERRAFORM_MIRROR names one"
    : undefined);
