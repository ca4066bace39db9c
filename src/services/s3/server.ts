/**
 * S3 over HTTP: reads what is asked and by whom, asks the policies before it reads a byte of the body, then lets the
 * operation work, and keeps a record of all of it.
 */

import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import { TLSSocket } from "node:tls";
import type { RecordRequest } from "../../analyse/request-record.ts";
import { err, ok, type Result } from "../../base/result.ts";
import type { CredentialRules } from "../../model/credential.ts";
import { type KeyUse, noteUse } from "../../model/key-use.ts";
import { find, type State } from "../../model/state.ts";
import type { Control } from "../../model/verb.ts";
import type { Path } from "../../network/path.ts";
import { queryPairs } from "../../wire/canonical-request.ts";
import { s3Table } from "../../wire/generated/s3.ts";
import { wordRequestError } from "../../wire/request-error.ts";
import { writeRestAnswer } from "../../wire/rest-answer.ts";
import { bodyKindOf, readRestInput } from "../../wire/rest-input.ts";
import { type RestRequest, restRouter } from "../../wire/rest-route.ts";
import { presignedHeadersV2 } from "../../wire/signature-v2.ts";
import type { Operation } from "../../wire/shape.ts";
import { needsOf } from "./action.ts";
import { listedObject } from "./access-control.ts";
import { type Address, addressOf } from "./address.ts";
import { authenticate, type Caller } from "./authenticate.ts";
import type { Answer, S3Call } from "./call.ts";
import { conditionKeys } from "./condition-key.ts";
import { openGate } from "./gate.ts";
import { type AnyHandler, handlerOf } from "./handler-table.ts";
import { ClientGone, openRequestBody } from "./request-body.ts";
import { makeRequestIds, sendAnswer, sendError } from "./response.ts";
import { refuse, s3Error, type S3Error } from "./s3-error.ts";
import type { ObjectStore } from "./store/object-store.ts";

export interface S3ServerOptions {
  readonly control: Control;
  readonly store: ObjectStore;
  readonly record: RecordRequest;
  readonly log: (line: string) => void;
  readonly nowMs: () => number;
  readonly keyUse?: KeyUse;
  /** Absent for the usual ones. */
  readonly credentials?: CredentialRules;
}

export type S3Server = (
  request: IncomingMessage,
  response: ServerResponse,
  path: Path,
  secure: boolean,
) => Promise<void>;

/**
 * Answers each request; never rejects. It answers `Expect: 100-continue` too, so it must also be called for the event
 * `checkContinue` of the HTTP server.
 */
export function s3Server(options: S3ServerOptions): S3Server {
  const nextIds = makeRequestIds();
  return async (request, response, path, secure) => {
    const ids = nextIds();
    const exchange: Exchange = {
      ...options,
      request,
      response,
      path,
      secure,
      ...ids,
      headers: headersOf(request),
      startMs: options.nowMs(),
      state: options.control.state(),
    };
    const progress: Progress = { status: 0 };
    try {
      await answer(exchange, progress);
    } catch (error) {
      fail(exchange, progress, error);
    } finally {
      record(exchange, progress);
    }
  };
}

/** One request and all that stays the same while it is answered. */
interface Exchange extends S3ServerOptions {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Those of the request, with those that a presigned URL holds. */
  readonly headers: IncomingHttpHeaders;
  readonly path: Path;
  readonly secure: boolean;
  readonly requestId: string;
  readonly hostId: string;
  readonly startMs: number;
  readonly state: State;
}

/** How far it got: what the record will say. */
interface Progress {
  operation?: string;
  call?: S3Call;
  error?: S3Error;
  status: number;
}

async function answer(exchange: Exchange, progress: Progress): Promise<void> {
  const { request } = exchange;
  const outcome = await serve(exchange, progress);
  if (!outcome.ok) {
    progress.error = outcome.error;
    progress.status = outcome.error.status;
    return sendError(exchange, outcome.error, resourceOf(request));
  }
  const { operation, answer: given } = outcome.value;
  const wire = writeRestAnswer(operation, given.output, s3Table.xmlNamespace);
  progress.status = given.status ?? wire.status;
  const headers = { ...wire.headers, ...given.headers };
  await sendAnswer(exchange, { status: progress.status, headers, body: wire.body, content: given.content });
}

interface Served {
  readonly operation: Operation;
  readonly answer: Answer<object>;
}

async function serve(exchange: Exchange, progress: Progress): Promise<Result<Served, S3Error>> {
  const { request } = exchange;
  const address = addressOf(request.headers.host ?? "", request.url ?? "/");
  if (!address.ok) return address;
  const rest = restRequestOf(exchange, address.value);
  const routed = route(rest, progress);
  if (!routed.ok) return routed;
  const called = openCall(exchange, address.value, routed.value.operation.name);
  if (!called.ok) return called;
  const call = called.value;
  progress.call = call;
  const { operation, handler } = routed.value;
  const denied = refuseFirst(call, operation.name);
  if (denied !== undefined) return err(denied);
  const input = await readInput(operation, rest, call);
  if (!input.ok) return input;
  const answered = await handler(input.value as never, call);
  return answered.ok ? ok({ operation, answer: answered.value }) : answered;
}

const router = restRouter(s3Table);

interface Routed {
  readonly operation: Operation;
  readonly handler: AnyHandler;
}

function route(rest: RestRequest, progress: Progress): Result<Routed, S3Error> {
  const found = router(rest);
  switch (found.kind) {
    case "method-not-allowed":
      if (isFormUpload(rest)) {
        progress.operation = "PostObject";
        return refuse("NotImplemented", {
          message: "S3 has PostObject (uploads by form), this region does not serve it",
        });
      }
      return refuse("MethodNotAllowed", { details: { Method: rest.method } });
    case "unserved":
      progress.operation = found.name;
      return refuse("NotImplemented", { message: `S3 has ${found.name}, this region does not serve it` });
    case "served": {
      const { operation } = found;
      progress.operation = operation.name;
      const handler = handlerOf(operation.name);
      return handler === undefined
        ? refuse("NotImplemented", { message: `S3 has ${operation.name}, this region does not serve it` })
        : ok({ operation, handler });
    }
  }
}

/** Source: S3 API Reference, "POST Object": `multipart/form-data` sent to a bucket. */
function isFormUpload({ method, target, headers }: RestRequest): boolean {
  const type = headers["content-type"];
  return (
    method === "POST" &&
    target.bucket !== undefined &&
    target.key === undefined &&
    typeof type === "string" &&
    /^multipart\/form-data\b/i.test(type)
  );
}

function restRequestOf({ request, headers }: Exchange, address: Address): RestRequest {
  const { bucket, key, query, style } = address;
  const target = { style: style === "path" ? style : ("host" as const), bucket, key, query: queryPairs(query) };
  return { method: request.method ?? "GET", target, headers };
}

function headersOf(request: IncomingMessage): IncomingHttpHeaders {
  const presigned = presignedHeadersV2(request.url ?? "/");
  if (presigned.size === 0) return request.headers;
  const headers: IncomingHttpHeaders = { ...request.headers };
  for (const [name, value] of presigned) {
    const given = headers[name];
    headers[name] = given === undefined ? value : `${given.toString()},${value}`;
  }
  return headers;
}

/** Operations that need no bucket to be there. */
const withoutBucket: ReadonlySet<string> = new Set(["CreateBucket", "ListBuckets"]);

/**
 * Who calls and about what. Failures: those of the signature, NoSuchBucket, PermanentRedirect.
 *
 * ASSUMPTION: S3 tells that a bucket does not exist before any policy is asked, also through an endpoint.
 * ASSUMPTION: at hosts that name no region, `s3.amazonaws.com` and `localhost` alike, a signature for another region
 * than the bucket's is refused as AuthorizationHeaderMalformed; AWS sometimes redirects instead.
 */
function openCall(exchange: Exchange, address: Address, operation: string): Result<S3Call, S3Error> {
  const { request, headers, state, startMs: nowMs, path, secure } = exchange;
  const { bucket: bucketName = "", key = "" } = address;
  const bucket = bucketName === "" ? undefined : find(state, "bucket", bucketName);
  const strayed = operation === "CreateBucket" ? undefined : redirect(address, bucket?.region);
  if (strayed !== undefined) return err(strayed);
  const region = operation === "CreateBucket" ? address.region : (bucket?.region ?? address.region);
  const head = { method: request.method ?? "GET", target: request.url ?? "/", rawHeaders: request.rawHeaders };
  const caller = authenticate(head, {
    state,
    nowMs,
    credentials: exchange.credentials,
    ...(region === undefined ? {} : { region }),
    hostBucket: address.style === "virtual-host" ? address.bucket : undefined,
  });
  if (!caller.ok) return caller;
  noteCaller(exchange, caller.value);
  if (bucket === undefined && !withoutBucket.has(operation)) {
    return refuse("NoSuchBucket", { details: { BucketName: bucketName } });
  }
  const query = firstOf(queryPairs(address.query));
  const protocol = request.socket instanceof TLSSocket ? request.socket.getProtocol() : null;
  const endpointRegion = region ?? scopeRegion(caller.value) ?? "us-east-1";
  const asking = {
    state,
    principal: caller.value.principal,
    path,
    region: endpointRegion,
    nowMs,
    secure,
    ...(headers["user-agent"] === undefined ? {} : { userAgent: headers["user-agent"] }),
    keys: conditionKeys({
      caller: caller.value,
      headers,
      query,
      nowMs,
      ...(protocol === null ? {} : { tlsProtocol: protocol }),
    }),
  };
  const gate = openGate(asking, (need) => listedObject({ state, store: exchange.store, caller: caller.value }, need));
  return ok({
    control: exchange.control,
    store: exchange.store,
    state,
    caller: caller.value,
    ...(bucket === undefined ? {} : { bucket }),
    bucketName,
    key,
    region: endpointRegion,
    headers,
    query,
    gate,
    body: openRequestBody(request, { response: exchange.response, headers, caller: caller.value }),
    nowMs,
    requestId: exchange.requestId,
  });
}

function noteCaller({ keyUse, startMs: atMs }: Exchange, caller: Caller): void {
  const { verified, principal } = caller;
  if (keyUse === undefined || verified === undefined) return;
  const region = scopeRegion(caller) ?? "us-east-1";
  noteUse(keyUse, { principal, accessKeyId: verified.accessKeyId }, { atMs, region, service: "s3" });
}

/** The region that the caller signed for; version 2 names none. */
function scopeRegion({ verified }: Caller): string | undefined {
  return verified === undefined || verified.version === "AWS" ? undefined : verified.scope.region;
}

/** A bucket answers only at the endpoints of its own region. Source: S3 User Guide, "Making requests: request redirection". */
function redirect(address: Address, bucketRegion: string | undefined): S3Error | undefined {
  if (bucketRegion === undefined || address.region === undefined || address.region === bucketRegion) return undefined;
  const host = `s3.${bucketRegion}.amazonaws.com`;
  const bucket = address.bucket ?? "";
  const endpoint = address.style === "path" ? host : `${bucket}.${host}`;
  return s3Error("PermanentRedirect", {
    details: { Endpoint: endpoint, Bucket: bucket },
    headers: { "x-amz-bucket-region": bucketRegion },
  });
}

function refuseFirst(call: S3Call, operation: string): S3Error | undefined {
  const expected = call.headers["x-amz-expected-bucket-owner"];
  if (expected !== undefined && call.bucket !== undefined && expected !== call.bucket.accountId) {
    return s3Error("AccessDenied");
  }
  const { bucketName, key, headers, query } = call;
  for (const need of needsOf({ operation, bucketName, key, headers, query })) {
    const refused = call.gate.refuse(need);
    if (refused !== undefined) return refused;
  }
  return undefined;
}

async function readInput(operation: Operation, rest: RestRequest, call: S3Call): Promise<Result<object, S3Error>> {
  const kind = bodyKindOf(operation);
  let document: Uint8Array | undefined;
  if (kind === "xml" || kind === "text") {
    const checksums = operation.name === "CompleteMultipartUpload" ? "of-object" : "of-body";
    const read = await call.body.readDocument(checksums);
    if (!read.ok) return read;
    document = read.value;
  }
  const input = readRestInput(operation, rest, document);
  if (input.ok) return input;
  const { code, message, status } = wordRequestError("restXml", input.error);
  return err({ code, message, status, details: {}, headers: {} });
}

function firstOf(pairs: readonly (readonly [string, string])[]): ReadonlyMap<string, string> {
  const first = new Map<string, string>();
  for (const [name, value] of pairs) if (!first.has(name)) first.set(name, value);
  return first;
}

function resourceOf(request: IncomingMessage): string {
  return (request.url ?? "/").replace(/\?.*$/s, "");
}

/** Whoever left early is no failure; all else is a bug of ours, told in the log and not to the client. */
function fail(exchange: Exchange, progress: Progress, error: unknown): void {
  const { request, response, log, requestId } = exchange;
  if (error instanceof ClientGone || response.destroyed || request.socket.destroyed) {
    progress.status = 499;
    response.destroy();
    return;
  }
  progress.error = s3Error("InternalError");
  progress.status = 500;
  log(`s3 ${progress.operation ?? "request"} ${requestId} failed: ${describe(error)}`);
  if (response.headersSent) response.destroy();
  else sendError(exchange, progress.error, resourceOf(request));
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? "" : `; caused by ${describe(error.cause)}`;
  return `${error.stack ?? error.message}${cause}`;
}

function record(exchange: Exchange, progress: Progress): void {
  const { request, path, state, startMs } = exchange;
  const { error, operation, call } = progress;
  const { host } = request.headers;
  exchange.record({
    requestId: exchange.requestId,
    atMs: startMs,
    service: "s3",
    ...(operation === undefined ? {} : { operation }),
    method: request.method ?? "GET",
    target: withoutSecrets(request.url ?? "/"),
    ...(host === undefined ? {} : { host }),
    path,
    state,
    asks: call?.gate.asks() ?? [],
    status: progress.status,
    ...(error === undefined ? {} : { errorCode: error.code, errorMessage: error.message }),
    durationMs: exchange.nowMs() - startMs,
  });
}

/** A presigned URL is a key to whoever reads it. */
function withoutSecrets(target: string): string {
  return target.replace(
    /([?&](?:X-Amz-(?:Signature|Security-Token|Credential)|Signature|AWSAccessKeyId)=)[^&]*/gi,
    "$1…",
  );
}
