/** The package as a user gets it: packed, installed in an empty folder, and run by npx. */

import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, expect, test } from "vitest";

const root = join(import.meta.dirname, "..");
const folder = mkdtempSync(join(tmpdir(), "underpass-pack-"));

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The policy engine as an export of the package. */
const useOfPolicy = `
  import { openPolicies } from "underpass/policy";
  const allow = { Effect: "Allow", Action: "s3:GetObject", Resource: "*" };
  const engine = openPolicies({
    identity: [JSON.stringify({ Version: "2012-10-17", Statement: allow })],
    endpoint: { type: "Gateway", document: JSON.stringify({ Statement: { ...allow, Principal: "*", Resource: "arn:aws:s3:::docs/*" } }) },
  });
  const principal = { kind: "user", accountId: "111122223333", arn: "arn:aws:iam::111122223333:user/ann", userId: "AIDAANN", userName: "ann" };
  const decide = (bucket) => engine.value.decide({ principal, action: "s3:GetObject", resource: "arn:aws:s3:::" + bucket + "/a" });
  const denied = decide("other");
  console.log(decide("docs").allowed && !denied.allowed && denied.decidedBy.layer === "endpoint-policy");`;

test("a packed underpass, installed elsewhere, answers", async () => {
  const npm = (cwd: string, ...words: string[]): string =>
    execFileSync("npm", [...words, "--loglevel=error"], { cwd, encoding: "utf8" });
  const [{ filename, files }] = JSON.parse(npm(root, "pack", "--json", "--pack-destination", folder)) as [
    { filename: string; files: { path: string }[] },
  ];
  expect(files.map((file) => file.path).filter((path) => /\.test\.|^src\/|^test\//.test(path))).toEqual([]);
  writeFileSync(join(folder, "package.json"), "{}");
  npm(folder, "install", "--no-audit", "--no-fund", join(folder, filename));
  const decision = execFileSync(process.execPath, ["--input-type=module", "--eval", useOfPolicy], {
    cwd: folder,
    encoding: "utf8",
  });
  expect(decision).toBe("true\n");
  const daemon = spawn("npx", ["underpass", "up", "--ephemeral", "--port", "0"], {
    cwd: folder,
    stdio: ["ignore", "pipe", "inherit"],
    detached: true,
  });
  const ended = once(daemon, "exit");
  let answer: Response | undefined;
  for await (const line of createInterface({ input: daemon.stdout })) {
    const endpoint = /^ {2}endpoint +(\S+)/.exec(line)?.[1];
    if (endpoint === undefined) continue;
    answer = await fetch(`${endpoint}/_underpass/status`);
    break;
  }
  expect(answer?.status).toBe(200);
  // The whole group: npx stands between us and the daemon.
  process.kill(-(daemon.pid ?? 0), "SIGINT");
  await ended;
}, 240_000);
