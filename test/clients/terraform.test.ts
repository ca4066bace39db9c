/**
 * Terraform's AWS provider against a region: made, unchanged, changed, unchanged, gone. Two configurations, each with a
 * region of its own, run side by side, since the provider spends most of its time waiting.
 */

import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect } from "vitest";
import { type Daemon, startDaemon } from "../../src/daemon/daemon.ts";
import { lackOfTerraform, terraformMirror, testWith } from "../need.ts";

const run = promisify(execFile);
/** Ten runs of a program that speaks to a provider of 600 MB on a machine that may be busy. */
const timeoutMs = 1_200_000;

interface Configuration {
  /** Its folder in `terraform/`. */
  readonly name: string;
  /** How many resources of which kind are there after the destruction. */
  readonly left: Readonly<Record<string, number>>;
}

const configurations: readonly Configuration[] = [
  { name: "network", left: {} },
  {
    name: "endpoint",
    // Terraform leaves a default VPC and the default DHCP options where they are, at AWS as well.
    left: {
      vpc: 1,
      subnet: 6,
      "route-table": 1,
      "internet-gateway": 1,
      "security-group": 1,
      "security-group-rule": 1,
      "network-acl": 1,
      "dhcp-options": 1,
    },
  },
];

/** What has ended stays visible for a while. That it has ended shows in the subnets and VPCs: they could not go else. */
const endedStays = new Set([
  "instance",
  "natgateway",
  "vpc-peering-connection",
  "vpn-connection",
  "vpn-gateway",
  "customer-gateway",
]);

interface Workplace extends AsyncDisposable {
  readonly daemon: Daemon;
  readonly folder: string;
}

async function openWorkplace(name: string): Promise<Workplace> {
  const folder = mkdtempSync(join(tmpdir(), "underpass-terraform-"));
  const daemon = await startDaemon({
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
  const sources = new URL("terraform/", import.meta.url);
  cpSync(new URL("provider.tf", sources), join(folder, "provider.tf"));
  cpSync(new URL(name, sources), folder, { recursive: true });
  writeFileSync(
    join(folder, "cli.tfrc"),
    `provider_installation {\n  filesystem_mirror {\n    path = ${JSON.stringify(terraformMirror() ?? "")}\n  }\n}\n`,
  );
  return {
    daemon,
    folder,
    [Symbol.asyncDispose]: async () => {
      await daemon.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

interface Finished {
  readonly status: number;
  readonly output: string;
}

async function terraform({ daemon, folder }: Workplace, ...words: readonly string[]): Promise<Finished> {
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
async function succeed(workplace: Workplace, ...words: readonly string[]): Promise<string> {
  const { status, output } = await terraform(workplace, ...words);
  if (status !== 0) throw new Error(`terraform ${words.join(" ")}: ${output}`);
  return output;
}

const change = (changed: boolean): readonly string[] => ["-input=false", `-var=changed=${changed}`, "-parallelism=20"];
// The plan in between reads everything: nothing is read twice.
const much = ["-auto-approve", "-refresh=false"];

describe.concurrent("from apply to destroy", () => {
  for (const { name, left } of configurations) {
    testWith(lackOfTerraform)(
      `every resource of ${name}`,
      async () => {
        await using workplace = await openWorkplace(name);
        await succeed(workplace, "init", "-input=false");
        for (const changed of [false, true]) {
          await succeed(workplace, "apply", ...much, ...change(changed));
          // Status 2 means that the provider sees a difference between what it wrote and what it reads.
          const { status, output } = await terraform(workplace, "plan", "-detailed-exitcode", ...change(changed));
          expect({ status, output: status === 0 ? "" : output }).toEqual({ status: 0, output: "" });
        }
        await succeed(workplace, "destroy", ...much, ...change(true));
        const counts = Object.entries(workplace.daemon.status().counts);
        const living = counts.filter(([kind, count]) => count > 0 && !endedStays.has(kind));
        expect(Object.fromEntries(living)).toEqual(left);
      },
      timeoutMs,
    );
  }
});
