/** The service as boto3 and the AWS command line see it, where they are installed. */

import { spawn, spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestServer, type TestServer } from "./test-server.ts";

let server: TestServer;
let folder: string;

beforeAll(async () => {
  server = await startTestServer();
  folder = await mkdtemp(join(tmpdir(), "underpass-client-"));
});

afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const requireAll = process.env["UNDERPASS_REQUIRE_ALL"] === "1";

function has(command: string, ...parameters: string[]): boolean {
  return spawnSync(command, parameters, { stdio: "ignore" }).status === 0;
}

async function run(command: string, ...parameters: string[]): Promise<string> {
  const env = {
    ...process.env,
    AWS_ACCESS_KEY_ID: "test",
    AWS_SECRET_ACCESS_KEY: "test",
    AWS_DEFAULT_REGION: "us-east-1",
    AWS_ENDPOINT_URL: server.endpoint,
    AWS_CONFIG_FILE: join(folder, "none"),
    AWS_SHARED_CREDENTIALS_FILE: join(folder, "none"),
  };
  const child = spawn(command, parameters, { env });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const status = await new Promise<number | null>((resolve) => child.on("close", resolve));
  if (status !== 0) throw new Error(`${command} ${parameters.join(" ")} ended with ${status}: ${output}`);
  return output;
}

const boto3 = requireAll || has("python3", "-c", "import boto3");
test.skipIf(!boto3)(`boto3${boto3 ? "" : " (skipped: python3 cannot import boto3)"}`, { timeout: 60_000 }, async () => {
  const script = join(import.meta.dirname, "testdata", "client.py");
  expect(await run("python3", script, server.endpoint)).toBe("ok\n");
});

const cli = requireAll || has("aws", "--version");
test.skipIf(!cli)(`aws${cli ? "" : " (skipped: there is no AWS command line)"}`, { timeout: 120_000 }, async () => {
  const large = join(folder, "large");
  await writeFile(large, Buffer.alloc(17 * 1024 * 1024 + 5, "large"));
  await run("aws", "s3", "mb", "s3://from-cli");
  await run("aws", "s3", "cp", large, "s3://from-cli/folder/large");
  await run("aws", "s3", "cp", "s3://from-cli/folder/large", "s3://from-cli/copy");
  await run("aws", "s3", "cp", "s3://from-cli/copy", join(folder, "back"));
  expect((await readFile(join(folder, "back"))).equals(await readFile(large))).toBe(true);
  expect(await run("aws", "s3", "ls", "s3://from-cli")).toMatch(/PRE folder\/\n.*\s17825797 copy/);
  const url = (await run("aws", "s3", "presign", "s3://from-cli/copy")).trim();
  const signedBytes = Buffer.from(await (await fetch(url)).arrayBuffer());
  expect(signedBytes.equals(await readFile(large))).toBe(true);
  await run("aws", "s3", "rb", "--force", "s3://from-cli");
});
