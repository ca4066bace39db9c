/** Terraform's AWS provider against a region: made, unchanged, changed, unchanged, gone. */

import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect } from "vitest";
import { type Daemon, startDaemon } from "../../src/daemon/daemon.ts";
import { lackOfTerraform, terraformMirror, testWith } from "../need.ts";

const run = promisify(execFile);
/** Five runs of a program that speaks to a provider of 600 MB on a machine that may be busy. */
const timeoutMs = 1_200_000;

const folder = mkdtempSync(join(tmpdir(), "underpass-terraform-"));
let daemon: Daemon;

beforeAll(async () => {
  daemon = await startDaemon({
    port: 0,
    host: "127.0.0.1",
    stateFolder: undefined,
    region: "us-east-1",
    dataplane: "userspace",
    policyDelayMs: 0,
    // So that nothing but what Terraform makes is there to be left.
    defaultVpcs: false,
    log: () => {},
  });
  cpSync(new URL("terraform", import.meta.url), folder, { recursive: true });
  writeFileSync(
    join(folder, "cli.tfrc"),
    `provider_installation {\n  filesystem_mirror {\n    path = ${JSON.stringify(terraformMirror() ?? "")}\n  }\n}\n`,
  );
});

afterAll(async () => {
  await daemon.stop();
  rmSync(folder, { recursive: true, force: true });
});

interface Finished {
  readonly status: number;
  readonly output: string;
}

async function terraform(...words: readonly string[]): Promise<Finished> {
  const env = {
    PATH: process.env["PATH"],
    HOME: folder,
    TF_CLI_CONFIG_FILE: join(folder, "cli.tfrc"),
    TF_IN_AUTOMATION: "1",
    TF_VAR_endpoint: daemon.endpoint,
    CHECKPOINT_DISABLE: "1",
  };
  try {
    const { stdout } = await run("terraform", [...words, "-no-color"], { cwd: folder, env, maxBuffer: 1 << 26 });
    return { status: 0, output: stdout };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { status: code, output: `${stdout}\n${stderr}` };
  }
}

/** Fails with what Terraform said. */
async function succeed(...words: readonly string[]): Promise<string> {
  const { status, output } = await terraform(...words);
  if (status !== 0) throw new Error(`terraform ${words.join(" ")}: ${output}`);
  return output;
}

const endedStays = new Set([
  "instance",
  "natgateway",
  "vpc-peering-connection",
  "vpn-connection",
  "vpn-gateway",
  "customer-gateway",
]);

const change = (changed: boolean): readonly string[] => ["-input=false", `-var=changed=${changed}`];
// The plan in between reads everything: nothing is read twice.
const much = ["-auto-approve", "-refresh=false", "-parallelism=10"];

testWith(lackOfTerraform)(
  "every resource of a VPC, from apply to destroy",
  async () => {
    await succeed("init", "-input=false");
    for (const changed of [false, true]) {
      await succeed("apply", ...much, ...change(changed));
      // Status 2 means that the provider sees a difference between what it wrote and what it reads.
      const { status, output } = await terraform("plan", "-detailed-exitcode", ...change(changed));
      expect({ status, output: status === 0 ? "" : output }).toEqual({ status: 0, output: "" });
    }
    await succeed("destroy", ...much, ...change(true));
    const left = Object.entries(daemon.status().counts).filter(([, count]) => count > 0);
    // What has ended stays visible for a while. That it has ended shows in the subnets and VPCs: they could not go else.
    expect(left.filter(([kind]) => !endedStays.has(kind))).toEqual([]);
  },
  timeoutMs,
);
