/** EC2, IAM and STS of a region in memory behind a real HTTP server, for tests that speak to it with real clients. */

import { randomBytes } from "node:crypto";
import { createServer } from "node:http";
import { EC2Client } from "@aws-sdk/client-ec2";
import { IAMClient } from "@aws-sdk/client-iam";
import { STSClient } from "@aws-sdk/client-sts";
import type { RequestRecord } from "../../analyse/request-record.ts";
import { memoryControl } from "../../model/memory-control.ts";
import type { Control } from "../../model/verb.ts";
import { ec2Service } from "../ec2/service.ts";
import type { QueryService } from "../handler.ts";
import { iamService } from "../iam/service.ts";
import { queryServer } from "../query-server.ts";
import { stsService } from "../sts/service.ts";

export interface Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export interface ServedRegion {
  readonly url: string;
  readonly control: Control;
  /** A string of keys is an account: its root user. */
  readonly ec2: (keys?: Keys | string, region?: string) => EC2Client;
  readonly iam: (keys?: Keys | string) => IAMClient;
  readonly sts: (keys?: Keys | string) => STSClient;
  /** What the server logged: faults of its own. */
  readonly faults: string[];
  readonly records: RequestRecord[];
  /** An account that nobody has used. */
  readonly freshAccount: () => string;
  readonly [Symbol.asyncDispose]: () => Promise<void>;
}

export interface ServedOptions {
  /** Beside EC2, IAM and STS. */
  readonly services?: readonly QueryService[];
  /** Whether accounts begin with a default VPC; where absent they begin empty. */
  readonly defaultVpcs?: boolean;
}

export async function serveRegion({ services = [], defaultVpcs = false }: ServedOptions = {}): Promise<ServedRegion> {
  const hex = (digits: number): string => randomBytes(digits).toString("hex").slice(0, digits);
  const control = memoryControl({ nowMs: Date.now, hex });
  const faults: string[] = [];
  const records: RequestRecord[] = [];
  const serve = queryServer({
    services: [...services, ec2Service, iamService, stsService],
    control,
    record: (record) => records.push(record),
    log: (line) => faults.push(line),
    nowMs: Date.now,
    defaultVpcs,
  });
  const server = createServer((request, response) => {
    void serve(request, response, { kind: "host", sourceIp: "127.0.0.1" });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
  const clients: { readonly destroy: () => void }[] = [];
  const kept = <C extends { readonly destroy: () => void }>(client: C): C => {
    clients.push(client);
    return client;
  };
  const settings = (keys: Keys | string = "test", region = "us-east-1") => ({
    endpoint: url,
    region,
    maxAttempts: 1,
    credentials: typeof keys === "string" ? { accessKeyId: keys, secretAccessKey: "test" } : keys,
  });
  let accounts = 200_000_000_000;
  return {
    url,
    control,
    ec2: (keys, region) => kept(new EC2Client(settings(keys, region))),
    iam: (keys) => kept(new IAMClient(settings(keys))),
    sts: (keys) => kept(new STSClient(settings(keys))),
    faults,
    records,
    freshAccount: () => String(++accounts),
    [Symbol.asyncDispose]: async () => {
      for (const client of clients) client.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
