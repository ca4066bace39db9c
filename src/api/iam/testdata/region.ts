/** A region in memory behind a real HTTP server, for tests that speak to it with AWS's own clients. */

import { randomBytes } from "node:crypto";
import { createServer } from "node:http";
import { IAMClient } from "@aws-sdk/client-iam";
import { STSClient } from "@aws-sdk/client-sts";
import { memoryControl } from "../../../model/memory-control.ts";
import type { Control } from "../../../model/verb.ts";
import { stsService } from "../../sts/service.ts";
import { queryServer } from "../../query-server.ts";
import { iamService } from "../service.ts";

export interface Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export interface TestRegion {
  readonly url: string;
  readonly control: Control;
  readonly iam: (keys: Keys | string) => IAMClient;
  readonly sts: (keys: Keys | string) => STSClient;
  /** What the server logged: faults of its own. */
  readonly faults: readonly string[];
  /** Moves the clock of the region and of the clients that are made after. */
  readonly pass: (ms: number) => void;
  readonly [Symbol.asyncDispose]: () => Promise<void>;
}

/** A string of keys is an account: its root user. */
export async function openRegion(): Promise<TestRegion> {
  let aheadMs = 0;
  const nowMs = (): number => Date.now() + aheadMs;
  const hex = (digits: number): string =>
    randomBytes(Math.ceil(digits / 2))
      .toString("hex")
      .slice(0, digits);
  const control = memoryControl({ nowMs, hex });
  const faults: string[] = [];
  const serve = queryServer({
    services: [iamService, stsService],
    control,
    record: () => {},
    log: (line) => faults.push(line),
    nowMs,
  });
  const server = createServer((request, response) => {
    void serve(request, response, { kind: "host", sourceIp: "127.0.0.1" });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
  const clients: { readonly destroy: () => void }[] = [];
  const settings = (keys: Keys | string) => ({
    endpoint: url,
    region: "us-east-1",
    maxAttempts: 1,
    systemClockOffset: aheadMs,
    credentials: typeof keys === "string" ? { accessKeyId: keys, secretAccessKey: "test" } : keys,
  });
  const kept = <C extends { readonly destroy: () => void }>(client: C): C => {
    clients.push(client);
    return client;
  };
  return {
    url,
    control,
    iam: (keys) => kept(new IAMClient(settings(keys))),
    sts: (keys) => kept(new STSClient(settings(keys))),
    faults,
    pass: (ms) => {
      aheadMs += ms;
    },
    [Symbol.asyncDispose]: async () => {
      for (const client of clients) client.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
