/** For tests: the service alone, over real HTTP on loopback, in a region that lives in memory. */

import { randomBytes } from "node:crypto";
import { createServer, type RequestListener } from "node:http";
import { S3Client, type S3ClientConfig } from "@aws-sdk/client-s3";
import type { RequestRecord } from "../../analyse/request-record.ts";
import { memoryControl } from "../../model/memory-control.ts";
import type { Control } from "../../model/verb.ts";
import type { Path } from "../../network/path.ts";
import { s3Server } from "./server.ts";
import { type ObjectStore, openObjectStore } from "./store/object-store.ts";

export interface TestServer extends AsyncDisposable {
  readonly endpoint: string;
  readonly port: number;
  readonly control: Control;
  readonly store: ObjectStore;
  readonly records: RequestRecord[];
  readonly logs: string[];
  /** How requests arrive from now on. */
  path: Path;
  /** Added to the clock. */
  clockOffsetMs: number;
  readonly client: (options?: S3ClientConfig) => S3Client;
}

/** A running server; `folder` keeps its objects. */
export async function startTestServer(folder = ":memory:"): Promise<TestServer> {
  const store = await openObjectStore(folder);
  const hex = (digits: number): string => randomBytes(digits).toString("hex").slice(0, digits);
  const nowMs = (): number => Date.now() + server.clockOffsetMs;
  const control = memoryControl({ nowMs, hex });
  const records: RequestRecord[] = [];
  const logs: string[] = [];
  const handle = s3Server({
    control,
    store,
    nowMs,
    record: (record) => void records.push(record),
    log: (line) => void logs.push(line),
  });
  const answer: RequestListener = (request, response) => void handle(request, response, server.path, false);
  const http = createServer(answer).on("checkContinue", answer);
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const address = http.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const clients: S3Client[] = [];
  const endpoint = `http://127.0.0.1:${port}`;
  const server: TestServer = {
    endpoint,
    port,
    control,
    store,
    records,
    logs,
    path: { kind: "host", sourceIp: "127.0.0.1" },
    clockOffsetMs: 0,
    client: (options = {}) => {
      const credentials = { accessKeyId: "test", secretAccessKey: "test" };
      const client = new S3Client({ endpoint, region: "us-east-1", forcePathStyle: true, credentials, ...options });
      clients.push(client);
      return client;
    },
    [Symbol.asyncDispose]: async () => {
      for (const client of clients) client.destroy();
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
      await store[Symbol.asyncDispose]();
    },
  };
  return server;
}
