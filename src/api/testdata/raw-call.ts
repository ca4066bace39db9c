/** HTTP requests that no client of AWS would send, signed where that is wished. */

import { createHmac, hash } from "node:crypto";
import { request } from "node:http";
import { canonicalRequestOf } from "../../wire/canonical-request.ts";
import { signingKeyOf } from "../../wire/sigv4.ts";

export interface RawCall {
  readonly method?: string;
  /** Path and query. */
  readonly target?: string;
  readonly body?: string | Uint8Array;
  readonly contentType?: string;
  readonly host?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Absent for an unsigned request. */
  readonly signature?: RawSignature;
}

export interface RawSignature {
  readonly service: string;
  readonly region?: string;
  readonly accessKeyId?: string;
  readonly secretAccessKey?: string;
  readonly sessionToken?: string;
  /** How far the signer's clock is ahead. */
  readonly aheadMs?: number;
}

export interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

export function rawCall(url: string, call: RawCall): Promise<RawAnswer> {
  const { method = "POST", target = "/", body = "", contentType = "application/x-www-form-urlencoded" } = call;
  const { host, port } = new URL(url);
  const headers: Record<string, string> = { host: call.host ?? host, ...call.headers };
  if (method === "POST") headers["content-type"] = contentType;
  if (call.signature !== undefined)
    Object.assign(headers, signatureHeaders({ ...call, method, target, body }, headers));
  return new Promise((resolve, reject) => {
    const sent = request({ host: "127.0.0.1", port, method, path: target, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks).toString(),
        }),
      );
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

/** The text of the first element of this name, or undefined. */
export function elementOf(xml: string, name: string): string | undefined {
  return new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1];
}

type Signed = Required<Pick<RawCall, "method" | "target" | "body">> & Pick<RawCall, "signature">;

function signatureHeaders(call: Signed, headers: Readonly<Record<string, string>>): Record<string, string> {
  const {
    service = "ec2",
    region = "us-east-1",
    accessKeyId = "test",
    secretAccessKey = "test",
    aheadMs = 0,
  } = call.signature ?? {};
  const amzDate = new Date(Date.now() + aheadMs).toISOString().replace(/[-:]|\.\d+/g, "");
  const token = call.signature?.sessionToken;
  const added: Record<string, string> = {
    "x-amz-date": amzDate,
    ...(token !== undefined && { "x-amz-security-token": token }),
  };
  const scope = { date: amzDate.slice(0, 8), region, service };
  const scopeText = `${scope.date}/${region}/${service}/aws4_request`;
  const all = { ...headers, ...added };
  const signedHeaders = Object.keys(all).sort();
  const canonical = canonicalRequestOf({
    head: { method: call.method, target: call.target, rawHeaders: Object.entries(all).flat() },
    signedHeaders,
    payloadHash: hash("sha256", call.body, "hex"),
    s3: false,
    without: undefined,
  });
  const text = `AWS4-HMAC-SHA256\n${amzDate}\n${scopeText}\n${hash("sha256", canonical, "hex")}`;
  const signature = createHmac("sha256", signingKeyOf(secretAccessKey, scope)).update(text).digest("hex");
  const credential = `Credential=${accessKeyId}/${scopeText}`;
  const authorization = `AWS4-HMAC-SHA256 ${credential}, SignedHeaders=${signedHeaders.join(";")}, Signature=${signature}`;
  return { ...added, authorization };
}
