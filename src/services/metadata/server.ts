/**
 * The instance metadata service, versions 1 and 2. Which instance asks is known before a byte is read: nothing in the
 * request takes part in it.
 * Source: Amazon EC2 User Guide, "Use the Instance Metadata Service to access instance metadata" and "Access instance
 * metadata for an EC2 instance", section "Response codes".
 */

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { MetadataRecord, RecordMetadataRequest } from "../../analyse/metadata-record.ts";
import { assert } from "../../base/assert.ts";
import type { Instance } from "../../model/instance.ts";
import type { RoleDelivery } from "../../model/instance-session.ts";
import type { Control } from "../../model/verb.ts";
import type { MetadataClient } from "../../network/metadata-client.ts";
import { instanceAt } from "../../network/path-origin.ts";
import { resetSocket } from "../../wire/reset.ts";
import { roleCredentials } from "./role-credential.ts";
import { longestTokenSeconds, type TokenSeal, tokenSeal } from "./token.ts";
import { entryAt, listingOf, metadataTree } from "./tree.ts";

export interface MetadataOptions {
  readonly control: Control;
  readonly nowMs: () => number;
  readonly log: (line: string) => void;
  readonly record: RecordMetadataRequest;
  /** Seals tokens: 32 random bytes. */
  readonly tokenKey: Uint8Array;
}

export interface MetadataServer extends Disposable {
  /** Takes over a connection of an instance. */
  readonly accept: (socket: Socket, client: MetadataClient) => void;
}

export function openMetadataServer(options: MetadataOptions): MetadataServer {
  const clients = new WeakMap<Socket, MetadataClient>();
  const open = new Set<Socket>();
  const seal = tokenSeal(options.tokenKey);
  let count = 0;
  const server = createServer({ headersTimeout: 10_000, requestTimeout: 10_000, noDelay: true });
  server.on("request", (request: IncomingMessage, response: ServerResponse) => {
    const client = clients.get(request.socket);
    assert(client !== undefined, "every connection came by `accept`");
    const instance = instanceAt(options.control.state(), client.vpcId, client.sourceIp);
    const begin = { requestId: `imds-${++count}`, atMs: options.nowMs(), startedMs: performance.now() };
    void answer({ ...options, seal, client }, instance, request)
      .catch((error: unknown) => {
        options.log(
          `metadata ${request.method} ${request.url}: ${error instanceof Error ? error.stack : String(error)}`,
        );
        return failure(500);
      })
      .then((given) => {
        options.record(recordOf(begin, { client, instance, request, given }));
        if (given === undefined) resetSocket(request.socket);
        else send(request, response, given);
      });
  });
  server.on("clientError", (_error, socket) => socket.destroy());
  return {
    accept: (socket, client) => {
      clients.set(socket, client);
      open.add(socket);
      socket.on("error", () => socket.destroy());
      socket.once("close", () => open.delete(socket));
      server.emit("connection", socket);
    },
    [Symbol.dispose]: () => open.forEach((socket) => socket.destroy()),
  };
}

interface Asked extends MetadataOptions {
  readonly seal: TokenSeal;
  readonly client: MetadataClient;
}

interface Answer {
  readonly status: number;
  readonly body: string | Buffer;
  readonly headers: Readonly<Record<string, string>>;
  /** For the record. */
  readonly reason?: string;
  /** For the record: whose credentials they are. */
  readonly roleName?: string;
}

interface Begin {
  readonly requestId: string;
  readonly atMs: number;
  readonly startedMs: number;
}

interface Outcome {
  readonly client: MetadataClient;
  readonly instance: Instance | undefined;
  readonly request: IncomingMessage;
  readonly given: Answer | undefined;
}

function recordOf({ startedMs, ...begin }: Begin, { client, instance, request, given }: Outcome): MetadataRecord {
  const { method = "GET", url = "/" } = request;
  const path = plainPath(url);
  const isTokens = method === "PUT" && pathOf(url)?.join("/") === tokenPath;
  return {
    ...begin,
    vpcId: client.vpcId,
    sourceIp: client.sourceIp,
    ...(instance && { instanceId: instance.id }),
    method,
    path,
    version: isTokens || request.headers[tokenHeader] !== undefined ? 2 : 1,
    ...(given && { status: given.status }),
    ...(given?.reason !== undefined && { reason: given.reason }),
    ...(given?.roleName !== undefined && { roleName: given.roleName }),
    durationMs: performance.now() - startedMs,
  };
}

const tokenPath = "latest/api/token";
const tokenHeader = "x-aws-ec2-metadata-token";
const ttlHeader = "x-aws-ec2-metadata-token-ttl-seconds";

/** Undefined for an instance that is not to hear of the service. */
async function answer(
  asked: Asked,
  instance: Instance | undefined,
  request: IncomingMessage,
): Promise<Answer | undefined> {
  if (instance === undefined) return failure(404);
  // Without it nothing answers at the address of IPv6.
  if (asked.client.width === 128 && instance.attributes.metadata.httpProtocolIpv6 === "disabled") return undefined;
  if (instance.attributes.metadata.httpEndpoint === "disabled")
    return because(failure(403), "HttpEndpoint is disabled");
  const path = pathOf(request.url ?? "/");
  if (path === undefined) return failure(400);
  if (path.join("/") === tokenPath) return tokenAnswer(asked, instance, request);
  if (request.method !== "GET" && request.method !== "HEAD") return failure(405, { allow: "OPTIONS, GET, HEAD" });
  return dataAnswer(asked, instance, { path, token: headerOf(request, tokenHeader) });
}

/** A request that came through a proxy gets no token: an open proxy inside must not hand out the instance's credentials. */
async function tokenAnswer(
  { seal, client, nowMs }: Asked,
  instance: Instance,
  request: IncomingMessage,
): Promise<Answer> {
  if (request.method !== "PUT") return failure(405, { allow: "OPTIONS, PUT" });
  if (request.headers["x-forwarded-for"] !== undefined) {
    return because(failure(403), "it came through a proxy: it has an X-Forwarded-For header");
  }
  const ttl = headerOf(request, ttlHeader) ?? "";
  const seconds = Number(ttl);
  if (!/^\d{1,5}$/.test(ttl) || seconds < 1 || seconds > longestTokenSeconds) {
    return because(failure(400), `${ttlHeader} must be from 1 to ${longestTokenSeconds}`);
  }
  await client.limitHops?.(instance.attributes.metadata.httpPutResponseHopLimit);
  return text(seal.issue(instance.id, seconds, nowMs()), { [ttlHeader]: `${seconds}` });
}

async function dataAnswer(
  asked: Asked,
  instance: Instance,
  { path, token }: { readonly path: readonly string[]; readonly token: string | undefined },
): Promise<Answer> {
  // A token that is wrong is refused also where none is needed.
  const left = token === undefined ? undefined : asked.seal.secondsLeft(instance.id, token, asked.nowMs());
  const needed = instance.attributes.metadata.httpTokens === "required";
  if (left === undefined && token !== undefined) {
    return because(failure(401), "the token is none of this instance's, or has expired");
  }
  if (left === undefined && needed) return because(failure(401), "HttpTokens is required, and there is no token");
  const headers: Record<string, string> = left === undefined ? {} : { [ttlHeader]: `${left}` };
  const entry = entryAt(metadataTree(asked.control.state(), instance), path);
  switch (entry?.kind) {
    case undefined:
      return failure(404, headers);
    case "folder":
      return text(listingOf(entry), headers);
    case "text":
      return text(entry.text, { ...headers, ...(entry.type !== undefined && { "content-type": entry.type }) });
    case "role-credentials": {
      const delivery: RoleDelivery = token === undefined ? "1.0" : "2.0";
      const credentials = await roleCredentials(asked, instance, delivery);
      if (credentials === undefined) return failure(404, headers);
      const roleName = path.at(-1);
      return { ...text(credentials, headers), ...(roleName !== undefined && { roleName }) };
    }
  }
}

function plainPath(url: string): string {
  return url.replace(/^https?:\/\/[^/]*/, "").replace(/[?#].*$/, "");
}

/** The parts of the path, decoded; undefined for one that cannot be. */
function pathOf(url: string): readonly string[] | undefined {
  try {
    return plainPath(url)
      .split("/")
      .flatMap((part) => (part === "" ? [] : [decodeURIComponent(part)]));
  } catch {
    return undefined;
  }
}

function headerOf(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value.join(",") : value;
}

function text(body: string | Buffer, headers: Readonly<Record<string, string>>): Answer {
  return { status: 200, body, headers: { "content-type": "text/plain", ...headers } };
}

const reasons: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  500: "Internal Server Error",
};

function failure(status: number, headers: Readonly<Record<string, string>> = {}): Answer {
  const title = `${status} - ${reasons[status]}`;
  const body = `<?xml version="1.0" encoding="iso-8859-1"?>
<html xmlns="http://www.w3.org/1999/xhtml" xml:lang="en" lang="en">
 <head>
  <title>${title}</title>
 </head>
 <body>
  <h1>${title}</h1>
 </body>
</html>
`;
  return { status, body, headers: { "content-type": "text/html", ...headers } };
}

function because(answer: Answer, reason: string): Answer {
  return { ...answer, reason };
}

/** Every answer ends its connection, as AWS's do, so that a hop limit holds for one answer alone. */
function send(request: IncomingMessage, response: ServerResponse, { status, body, headers }: Answer): void {
  const bytes = typeof body === "string" ? Buffer.from(body) : body;
  response.writeHead(status, {
    ...headers,
    "content-length": bytes.length,
    connection: "close",
    server: "EC2ws",
  });
  response.end(request.method === "HEAD" ? undefined : bytes);
}
