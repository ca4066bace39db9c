/** A client that costs little beside the server that it measures: requests of EC2 are signed once and sent many times over kept connections. */

import { createHmac, hash } from "node:crypto";
import { Agent, request as httpRequest } from "node:http";
import { canonicalRequestOf } from "../src/wire/canonical-request.ts";
import { scopeText, signingKeyOf } from "../src/wire/sigv4.ts";

export interface Prepared {
  readonly body: Buffer;
  /** Signed anew before the signature gets too old. */
  readonly headers: () => Readonly<Record<string, string>>;
}

export interface QueryClient extends Disposable {
  readonly prepare: (action: string, parameters?: Readonly<Record<string, string>>) => Prepared;
  /** Resolves with the answer; rejects unless it is a success. */
  readonly send: (prepared: Prepared) => Promise<string>;
}

export function openQueryClient(endpoint: string, connections: number): QueryClient {
  const { hostname, port, host } = new URL(endpoint);
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  return {
    prepare: (action, parameters = {}) => {
      const body = Buffer.from(String(new URLSearchParams({ Action: action, Version: "2016-11-15", ...parameters })));
      let [headers, signedAtMs] = [{}, -Infinity];
      const fresh = (): Readonly<Record<string, string>> => {
        if (performance.now() - signedAtMs > 60_000) [headers, signedAtMs] = [signed(body, host), performance.now()];
        return headers;
      };
      return { body, headers: fresh };
    },
    send: ({ body, headers }) =>
      new Promise((resolve, reject) => {
        const options = { hostname, port, agent, method: "POST", path: "/", headers: headers() };
        const asked = httpRequest(options, (response) => {
          const chunks: Buffer[] = [];
          response.on("data", (chunk: Buffer) => chunks.push(chunk));
          response.on("error", reject);
          response.on("end", () => {
            const text = Buffer.concat(chunks).toString();
            if (response.statusCode === 200) resolve(text);
            else reject(new Error(`${response.statusCode}: ${text.slice(0, 500)}`));
          });
        });
        asked.on("error", reject).end(body);
      }),
    [Symbol.dispose]: () => agent.destroy(),
  };
}

export interface Measured {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Does `count` calls, as many at once as `lanes` says. */
export async function measure(count: number, lanes: number, call: (at: number) => Promise<unknown>): Promise<Measured> {
  const times: number[] = [];
  let next = 0;
  const begunMs = performance.now();
  const lane = async (): Promise<void> => {
    while (next < count) {
      const startMs = performance.now();
      await call(next++);
      times.push(performance.now() - startMs);
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  const tookMs = performance.now() - begunMs;
  times.sort((a, b) => a - b);
  const at = (share: number): number => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? NaN;
  return { perSecond: (count * 1000) / tookMs, p50Ms: at(0.5), p99Ms: at(0.99) };
}

function signed(body: Buffer, host: string): Record<string, string> {
  const amzDate = new Date().toISOString().replace(/[-:]|\.\d+/g, "");
  const scope = { date: amzDate.slice(0, 8), region: "us-east-1", service: "ec2" };
  const payloadHash = hash("sha256", body, "hex");
  const type = "application/x-www-form-urlencoded; charset=utf-8";
  const headers = { "content-type": type, host, "x-amz-date": amzDate };
  const signedHeaders = Object.keys(headers);
  const head = { method: "POST", target: "/", rawHeaders: Object.entries(headers).flat() };
  const canonical = canonicalRequestOf({ head, signedHeaders, payloadHash, s3: false, without: undefined });
  const text = `AWS4-HMAC-SHA256\n${amzDate}\n${scopeText(scope)}\n${hash("sha256", canonical, "hex")}`;
  const signature = createHmac("sha256", signingKeyOf("test", scope)).update(text).digest("hex");
  const authorization = `AWS4-HMAC-SHA256 Credential=test/${scopeText(scope)}, SignedHeaders=${signedHeaders.join(";")}, Signature=${signature}`;
  return { ...headers, "content-length": String(body.length), authorization };
}
