/** How answers go out: AWS's headers, and bodies at the pace of the client. */

import { randomBytes } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { writeRestError } from "../../wire/rest-answer.ts";
import { httpDate } from "./object-header.ts";
import type { Answer } from "./call.ts";
import { ClientGone, holdsBack } from "./request-body.ts";
import type { S3Error } from "./s3-error.ts";

export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly requestId: string;
  readonly hostId: string;
  readonly nowMs: () => number;
}

export interface WireAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  readonly content: Answer<object>["content"];
}

export interface RequestIds {
  /** 16 characters, as S3's. */
  readonly requestId: string;
  /** `x-amz-id-2`. */
  readonly hostId: string;
}

/** Gives each request its ids. Chance comes in pages, since asking for each costs more than the rest. */
export function makeRequestIds(): () => RequestIds {
  const host = randomBytes(40).toString("base64");
  let page = Buffer.alloc(0);
  let at = 0;
  return () => {
    if (at + 8 > page.length) {
      page = randomBytes(4096);
      at = 0;
    }
    const requestId = page.toString("hex", at, at + 8).toUpperCase();
    at += 8;
    return { requestId, hostId: `${requestId}${host}` };
  };
}

/** An error document; of HEAD and 304 only the head. */
export function sendError(exchange: Exchange, error: S3Error, resource: string): void {
  const { requestId, hostId, request } = exchange;
  const bare = request.method === "HEAD" || error.status === 304;
  const details = {
    ...error.details,
    ...("Key" in error.details || "BucketName" in error.details ? {} : { Resource: resource }),
  };
  const { code, message } = error;
  const body = bare ? undefined : writeRestError({ code, message, details, requestId, hostId });
  const type: Record<string, string> = bare ? {} : { "content-type": "application/xml" };
  sendHead(exchange, error.status, { ...type, ...error.headers }, body);
  exchange.response.end(body);
  drain(request);
}

/** Resolves when the answer has been handed to the connection. */
export async function sendAnswer(exchange: Exchange, answer: WireAnswer): Promise<void> {
  const { response, request } = exchange;
  const { content, status, headers, body } = answer;
  if (content === undefined) {
    sendHead(exchange, status, headers, request.method === "HEAD" ? undefined : body);
    response.end(request.method === "HEAD" ? undefined : body);
    drain(request);
    return;
  }
  using open = content.open;
  sendHead(exchange, status, { ...headers, "content-length": String(content.sizeBytes) }, undefined);
  if (open.data !== undefined) {
    response.end(open.data);
    return;
  }
  await open.copyTo((chunk) => write(response, chunk));
  response.end();
}

function sendHead(
  exchange: Exchange,
  status: number,
  headers: Readonly<Record<string, string>>,
  body: string | undefined,
): void {
  const all: Record<string, string> = {
    "x-amz-id-2": exchange.hostId,
    "x-amz-request-id": exchange.requestId,
    date: httpDate(exchange.nowMs()),
    server: "AmazonS3",
    ...headers,
  };
  // The next bytes on this connection could be a body or a request: nobody would know.
  if (holdsBack(exchange.request)) all["connection"] = "close";
  if (body !== undefined) all["content-length"] = String(Buffer.byteLength(body));
  else if (
    all["content-length"] === undefined &&
    status !== 204 &&
    status !== 304 &&
    exchange.request.method !== "HEAD"
  ) {
    all["content-length"] = "0";
  }
  exchange.response.writeHead(status, all);
}

/** Resolves when the chunk has left our hands, so that its buffer can be used again. */
function write(response: ServerResponse, chunk: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    const gone = (): void => reject(new ClientGone("write an object"));
    if (response.destroyed) {
      gone();
      return;
    }
    response.once("close", gone);
    response.write(chunk, (error) => {
      response.off("close", gone);
      if (error === undefined || error === null) resolve();
      else gone();
    });
  });
}

/** What is left of a body that nobody wants, up to this size, is read away, so that the connection can go on. */
const drainedBytes = 16 * 1024 * 1024;

function drain(request: IncomingMessage): void {
  if (request.complete || request.destroyed || holdsBack(request)) return;
  let bytes = 0;
  request.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > drainedBytes) request.socket.destroy();
  });
  request.on("error", () => undefined);
  request.resume();
}
