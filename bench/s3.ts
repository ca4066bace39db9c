/**
 * What the S3 service costs by itself, over loopback, with signatures and policies and a durable store: 1 KiB PUT and GET
 * a second over 16 connections and the server's CPU time for each, 64 MiB PUT and GET in MiB a second, a page of 1,000 keys
 * (or 100 common prefixes) out of 100,000 in milliseconds.
 * `node bench/s3.ts`
 */

import { type ChildProcess, fork } from "node:child_process";
import { createHmac, hash } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { Agent, request as httpRequest } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import type { ObjectStore } from "../src/services/s3/store/object-store.ts";
import { startTestServer } from "../src/services/s3/test-server.ts";
import { canonicalRequestOf } from "../src/wire/canonical-request.ts";
import { scopeText, signingKeyOf } from "../src/wire/sigv4.ts";

const megabyte = 1024 * 1024;
const connections = 16;
const putCount = 6000;
const getCount = 12_000;

if (process.argv[2] === "serve") await serve(process.argv[3] ?? "");
else await measure();

async function serve(folder: string): Promise<void> {
  const server = await startTestServer(folder);
  await fill(server.store);
  process.send?.(server.port);
  process.on("message", () => process.send?.(process.cpuUsage()));
  await once(process, "disconnect");
  await server[Symbol.asyncDispose]();
}

/** 100,000 objects, written past HTTP, many to a transaction. */
async function fill(store: ObjectStore): Promise<void> {
  const attributes = { headers: {}, metadata: {}, tags: [] };
  const put = async (at: number): Promise<void> => {
    await using draft = await store.receive(Readable.from([Buffer.alloc(1)]));
    const object = { bucket: "bench", key: `many/${at % 100}/${at}`, etag: "", modifiedAtMs: 0, attributes };
    await store.put(object, draft, () => undefined);
    draft.adopt();
  };
  for (let at = 0; at < 100_000; at += 2000) await Promise.all(Array.from({ length: 2000 }, (_, one) => put(at + one)));
}

async function measure(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "underpass-bench-"));
  const child: ChildProcess = fork(import.meta.filename, ["serve", folder]);
  try {
    const [port] = (await once(child, "message")) as [number];
    console.log(JSON.stringify({ bench: "s3", ...(await run(port, child)) }));
  } finally {
    child.disconnect();
    await once(child, "exit");
    rmSync(folder, { recursive: true, force: true });
  }
}

async function run(port: number, child: ChildProcess): Promise<Record<string, number>> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const ask = (method: string, target: string, body?: Buffer): Promise<number> =>
    send({ port, agent, method, target, body });
  await ask("PUT", "/bench");
  const small = Buffer.alloc(1024, "small");
  const start = await cpuMicroseconds(child);
  const puts = await perSecond(putCount, (at) => ask("PUT", `/bench/small/${at}`, small));
  const between = await cpuMicroseconds(child);
  const gets = await perSecond(getCount, (at) => ask("GET", `/bench/small/${at % putCount}`));
  const end = await cpuMicroseconds(child);
  const large = Buffer.alloc(64 * megabyte, "large");
  const putMs = await timed(() => ask("PUT", "/bench/large", large));
  await ask("GET", "/bench/large");
  const getMs = await timed(() => ask("GET", "/bench/large"));
  const page = await median(20, () => ask("GET", "/bench?list-type=2&prefix=many%2F5"));
  const folded = await median(20, () => ask("GET", "/bench?delimiter=%2F&list-type=2&prefix=many%2F"));
  agent.destroy();
  return {
    putPerSecond: puts,
    putCpuMicroseconds: Math.round((between - start) / putCount),
    getPerSecond: gets,
    getCpuMicroseconds: Math.round((end - between) / getCount),
    largePutMiBPerSecond: Math.round(64_000 / putMs),
    largeGetMiBPerSecond: Math.round(64_000 / getMs),
    pageMs: page,
    foldedPageMs: folded,
  };
}

/** What the server's process has used so far; beside a busy machine's clock this says what a request costs. */
async function cpuMicroseconds(child: ChildProcess): Promise<number> {
  child.send("cpu");
  const [usage] = (await once(child, "message")) as [NodeJS.CpuUsage];
  return usage.user + usage.system;
}

async function perSecond(count: number, work: (at: number) => Promise<unknown>): Promise<number> {
  let next = 0;
  const elapsed = await timed(() =>
    Promise.all(
      Array.from({ length: connections }, async () => {
        while (next < count) await work(next++);
      }),
    ),
  );
  return Math.round((count * 1000) / elapsed);
}

async function median(count: number, work: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let at = 0; at < count; at++) times.push(await timed(work));
  times.sort((a, b) => a - b);
  return Math.round((times[count >> 1] ?? 0) * 10) / 10;
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

interface Sent {
  readonly port: number;
  readonly agent: Agent;
  readonly method: string;
  readonly target: string;
  readonly body: Buffer | undefined;
}

/** Resolves with the length of the answer; rejects unless it is a success. */
function send(sent: Sent): Promise<number> {
  const { port, agent, method, target: path, body } = sent;
  const headers = signed(method, path, `127.0.0.1:${port}`);
  return new Promise((resolve, reject) => {
    const asked = httpRequest({ port, agent, method, path, headers }, (response) => {
      let bytes = 0;
      response.on("data", (chunk: Buffer) => (bytes += chunk.length));
      response.on("end", () =>
        response.statusCode === 200 ? resolve(bytes) : reject(new Error(`${method} ${path}: ${response.statusCode}`)),
      );
    });
    asked.on("error", reject).end(body);
  });
}

function signed(method: string, target: string, host: string): Record<string, string> {
  const amzDate = new Date().toISOString().replace(/[-:]|\.\d+/g, "");
  const scope = { date: amzDate.slice(0, 8), region: "us-east-1", service: "s3" };
  const payloadHash = "UNSIGNED-PAYLOAD";
  const headers = { host, "x-amz-content-sha256": payloadHash, "x-amz-date": amzDate };
  const signedHeaders = Object.keys(headers);
  const head = { method, target, rawHeaders: Object.entries(headers).flat() };
  const canonical = canonicalRequestOf({ head, signedHeaders, payloadHash, s3: true, without: undefined });
  const text = `AWS4-HMAC-SHA256\n${amzDate}\n${scopeText(scope)}\n${hash("sha256", canonical, "hex")}`;
  const signature = createHmac("sha256", signingKeyOf("test", scope)).update(text).digest("hex");
  const credential = `test/${scopeText(scope)}`;
  const authorization = `AWS4-HMAC-SHA256 Credential=${credential},SignedHeaders=${signedHeaders.join(";")},Signature=${signature}`;
  return { ...headers, authorization };
}
