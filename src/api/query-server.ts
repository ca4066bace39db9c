/**
 * The HTTP entry of the services that speak the query protocols (EC2, IAM, STS): from bytes to a handler's typed input
 * and back. Every call is authenticated, then authorised, then run; a dry run stops before anything is committed.
 * Source: Amazon EC2 API Reference, "Query requests"; Smithy specification, "AWS query protocol".
 */

import { randomBytes, randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { TLSSocket } from "node:tls";
import { err, ok, type Result } from "../base/result.ts";
import { type Ask, authorise } from "../analyse/authorise.ts";
import type { RecordRequest } from "../analyse/request-record.ts";
import { isUnopened, openAccountRegion } from "../model/account-region.ts";
import type { CredentialRules } from "../model/credential.ts";
import { type ApiError, fail, statusOf, textOf } from "../model/error.ts";
import { type KeyUse, noteUse, openKeyUse } from "../model/key-use.ts";
import type { State } from "../model/state.ts";
import type { Context, Control, Outcome } from "../model/verb.ts";
import type { Path } from "../network/path.ts";
import { denialText } from "../policy/denial.ts";
import { jsonActionOf, jsonContentType, readJsonInput, writeJsonAnswer, writeJsonError } from "../wire/json.ts";
import { parseQuery, queryLimits, type QueryRequest, readInput } from "../wire/query.ts";
import { queryContentType, writeQueryAnswer, writeQueryError } from "../wire/query-answer.ts";
import { type Refusal, type RequestError, wordRequestError } from "../wire/request-error.ts";
import type { Operation } from "../wire/shape.ts";
import { encodeRefusal } from "./authorization-message.ts";
import type { Call, QueryService, Target } from "./handler.ts";
import { type Arrived, authenticate, serviceOfRequest, type Signed, signingNameOf } from "./query-auth.ts";

export interface QueryServerOptions {
  readonly services: readonly QueryService[];
  readonly control: Control;
  readonly record: RecordRequest;
  readonly log: (line: string) => void;
  readonly nowMs: () => number;
  /** Where several servers share what they know of the use of keys. */
  readonly keyUse?: KeyUse;
  /** Absent for the usual ones. */
  readonly credentials?: CredentialRules;
  /** Whether accounts begin with a default VPC in each region, as AWS's do; absent for no. */
  readonly defaultVpcs?: boolean;
}

export type QueryServer = (request: IncomingMessage, response: ServerResponse, path: Path) => Promise<void>;

export function queryServer(options: QueryServerOptions): QueryServer {
  const keyUse = options.keyUse ?? openKeyUse();
  return async (request, response, path) => {
    const arrivedAtMs = options.nowMs();
    const startedMs = performance.now();
    const exchange: Exchange = {
      options,
      keyUse,
      path,
      requestId: randomUUID(),
      state: options.control.state(),
      nowMs: arrivedAtMs,
      secure: request.socket instanceof TLSSocket,
      userAgent: request.headers["user-agent"],
      asks: [],
      service: options.services[0],
      operation: undefined,
    };
    const answer = await answerTo(exchange, request);
    const { service } = exchange;
    const body = bodyOf(exchange, answer);
    const status = answer.kind === "output" ? 200 : answer.status;
    send(response, { status, body, exchange });
    options.record({
      requestId: exchange.requestId,
      atMs: arrivedAtMs,
      service: service?.name ?? "ec2",
      ...(exchange.operation !== undefined && { operation: exchange.operation }),
      method: request.method ?? "",
      target: withoutSignature(request.url ?? "/"),
      ...(request.headers.host !== undefined && { host: request.headers.host }),
      path,
      state: exchange.state,
      asks: exchange.asks,
      status,
      ...(answer.kind === "error" && { errorCode: answer.code, errorMessage: answer.message }),
      durationMs: performance.now() - startedMs,
    });
  };
}

function bodyOf({ service, requestId }: Exchange, answer: Answer): string {
  const { protocol = "ec2Query", xmlNamespace = "" } = service ?? {};
  if (protocol === "awsJson") {
    return answer.kind === "output" ? writeJsonAnswer(answer.operation, answer.output) : writeJsonError(answer);
  }
  return answer.kind === "output"
    ? writeQueryAnswer({ ...answer, protocol, xmlNamespace, requestId })
    : writeQueryError({ ...answer, protocol, xmlNamespace, requestId });
}

/** One request on its way; the last three members are filled in as they become known. */
interface Exchange {
  readonly options: QueryServerOptions;
  readonly keyUse: KeyUse;
  readonly path: Path;
  readonly requestId: string;
  /** The state that the caller is judged on. */
  state: State;
  readonly nowMs: number;
  readonly secure: boolean;
  readonly userAgent: string | undefined;
  asks: readonly Ask[];
  service: QueryService | undefined;
  operation: string | undefined;
}

type Answer =
  | { readonly kind: "output"; readonly operation: Operation; readonly output: unknown }
  | ({ readonly kind: "error" } & Refusal);

/** Never rejects: what nobody expected is logged and answered as AWS answers a fault of its own. */
async function answerTo(exchange: Exchange, request: IncomingMessage): Promise<Answer> {
  try {
    const answer = await perform(exchange, request);
    return answer.ok ? { kind: "output", ...answer.value } : { kind: "error", ...answer.error };
  } catch (error) {
    const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
    exchange.options.log(`request ${exchange.requestId} ${exchange.operation ?? ""}: ${detail}`);
    const code = exchange.service?.protocol === "awsQuery" ? "InternalFailure" : "InternalError";
    return { kind: "error", code, message: "An internal error has occurred", status: 500 };
  }
}

interface Performed {
  readonly operation: Operation;
  readonly output: unknown;
}

async function perform(exchange: Exchange, request: IncomingMessage): Promise<Result<Performed, Refusal>> {
  const arrived = await receive(request);
  if (!arrived.ok) return arrived;
  const query = readQuery(request, arrived.value);
  const service = chooseService(exchange.options.services, arrived.value, query);
  exchange.service = service;
  if (service === undefined) return refuse("InvalidAction", "No service of this region is called by this request.");
  const asked = query.ok ? query.value.action : undefined;
  if (asked !== undefined && service.unsigned?.has(asked) === true) return unserved(asked);
  const signed = authenticate(exchange.state, arrived.value, service, {
    nowMs: exchange.nowMs,
    credentials: exchange.options.credentials,
  });
  if (!signed.ok) return signed;
  const { accessKeyId, credential, region } = signed.value;
  const use = { atMs: exchange.nowMs, region, service: signingNameOf(service) };
  noteUse(exchange.keyUse, { principal: credential.principal, accessKeyId }, use);
  if (!query.ok) return err(wordRequestError(wordingOf(service), query.error));
  const operation = findOperation(service, query.value);
  if (!operation.ok) return operation;
  exchange.operation = operation.value.name;
  const input = inputOf(service, arrived.value, query.value, operation.value);
  if (!input.ok) return input;
  const dryRun = service.protocol === "ec2Query" && input.value["DryRun"] === true;
  const call = callOf(exchange, signed.value, dryRun);
  await openAccount(exchange, call);
  const denied = authoriseAll(exchange, call, service.targets(operation.value.name, input.value, call));
  if (denied !== undefined) return err(denied);
  const handler = service.handlers[operation.value.name];
  if (handler === undefined) return unserved(operation.value.name);
  // The codec has made the input fit the operation's shape, which is the handler's input type.
  const output = await handler(input.value as never, call);
  if (output.ok && dryRun) return refused(fail("DryRunOperation", {}).error);
  return output.ok ? ok({ operation: operation.value, output: output.value }) : refused(output.error);
}

function inputOf(
  { protocol }: QueryService,
  { body }: Arrived,
  query: QueryRequest,
  operation: Operation,
): Result<Record<string, unknown>, Refusal> {
  if (protocol === "awsJson") return readJsonInput(body, operation);
  const input = readInput(query, operation, protocol);
  return input.ok ? input : err(wordRequestError(protocol, input.error));
}

function wordingOf({ protocol }: QueryService): "ec2Query" | "awsQuery" {
  return protocol === "ec2Query" ? "ec2Query" : "awsQuery";
}

/** The whole request, with at most as much of a body as a query may hold; methods other than GET and POST carry no query. */
async function receive(request: IncomingMessage): Promise<Result<Arrived, Refusal>> {
  const { method = "", url = "/", rawHeaders } = request;
  if (method !== "POST" && method !== "GET") {
    return refuse("MethodNotAllowed", `The method ${method} is not allowed; use GET or POST`, 405);
  }
  const body = await readBody(request);
  return body.ok
    ? ok({ head: { method, target: url, rawHeaders }, host: request.headers.host, body: body.value })
    : body;
}

/** By events: an iterator over the request costs as much as all the rest of its reading. */
function readBody(request: IncomingMessage): Promise<Result<Buffer, Refusal>> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const take = (chunk: Buffer): void => {
      size += chunk.length;
      if (size <= queryLimits.bytes) {
        chunks.push(chunk);
        return;
      }
      request.off("data", take).pause();
      resolve(refuse("RequestEntityTooLarge", `The request body exceeds ${queryLimits.bytes} bytes`, 413));
    };
    request.on("data", take);
    request.on("error", reject);
    request.on("end", () =>
      resolve(ok(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks))),
    );
  });
}

/** The form in the body and what the query string adds to it. */
function readQuery(request: IncomingMessage, { head, body }: Arrived): Result<QueryRequest, RequestError> {
  const jsonAction = jsonActionOf(request.headers["x-amz-target"]);
  if (jsonAction !== undefined) return ok({ action: jsonAction, version: undefined, parameters: [] });
  const mark = head.target.indexOf("?");
  const inUrl = mark < 0 ? "" : head.target.slice(mark + 1);
  const isForm = (request.headers["content-type"] ?? "").startsWith("application/x-www-form-urlencoded");
  const inBody = isForm ? body : new Uint8Array();
  const text = inUrl === "" ? inBody : Buffer.concat([Buffer.from(`${inUrl}&`), inBody]);
  return parseQuery(text);
}

/** By the host's name or the signature's scope; without both the one that knows the action. */
function chooseService(
  services: readonly QueryService[],
  arrived: Arrived,
  query: Result<QueryRequest, RequestError>,
): QueryService | undefined {
  const name = serviceOfRequest(arrived);
  if (name !== undefined) return services.find((service) => signingNameOf(service) === name);
  const action = query.ok ? query.value.action : undefined;
  return services.find((service) => action !== undefined && knows(service, action)) ?? services[0];
}

function knows(service: QueryService, action: string): boolean {
  return Object.hasOwn(service.operations, action) || service.unserved.has(action);
}

function findOperation(service: QueryService, { action, version }: QueryRequest): Result<Operation, Refusal> {
  if (action === undefined || action === "") {
    return service.name === "ec2"
      ? refuse("MissingParameter", "The request must contain the parameter Action")
      : refuse("MissingAction", "The request is missing an action or a required parameter");
  }
  const operation = Object.hasOwn(service.operations, action) ? service.operations[action] : undefined;
  if (operation !== undefined && Object.hasOwn(service.handlers, action)) return ok(operation);
  if (knows(service, action)) return unserved(action);
  return service.name === "ec2"
    ? refuse("InvalidAction", `The action ${action} is not valid for this web service.`)
    : refuse("InvalidAction", `Could not find operation ${action} for version ${version ?? "NO_VERSION_SPECIFIED"}`);
}

/** ASSUMPTION: an operation of AWS's that is not served answers UnsupportedOperation; AWS serves all of its own. */
function unserved(action: string): Result<never, Refusal> {
  return refuse("UnsupportedOperation", `The operation ${action} is known but not served by Underpass`);
}

/** ASSUMPTION: a dry run also meets what the state refuses (DependencyViolation); AWS says only that permissions are checked. */
function callOf(exchange: Exchange, signed: Signed, dryRun: boolean): Call {
  const { control } = exchange.options;
  const { accountId, principal } = signed.credential;
  const caller = { accountId, region: signed.region };
  const rehearse = <V>(verb: (state: State, context: Context) => Outcome<V>): Promise<Result<V, ApiError>> => {
    const outcome = verb(control.state(), { ...caller, nowMs: exchange.nowMs, hex: randomHex });
    return Promise.resolve(outcome.ok ? fail("DryRunOperation", {}) : outcome);
  };
  return {
    state: control.state,
    run: dryRun ? rehearse : (verb) => control.run(verb, caller),
    principal,
    accessKeyId: signed.accessKeyId,
    ...caller,
    nowMs: exchange.nowMs,
    requestId: exchange.requestId,
    keyUse: exchange.keyUse,
  };
}

/** What the account begins with is there before its first call is looked at, even if that call is then refused. */
async function openAccount(exchange: Exchange, { accountId, region }: Call): Promise<void> {
  const { control, defaultVpcs } = exchange.options;
  const caller = { accountId, region };
  if (defaultVpcs !== true || exchange.service?.opensAccounts !== true || !isUnopened(control.state(), caller)) return;
  await control.run(openAccountRegion, caller);
  exchange.state = control.state();
}

/** The first refusal, or undefined when every target is allowed. */
function authoriseAll(exchange: Exchange, call: Call, targets: readonly Target[]): Refusal | undefined {
  for (const target of targets) {
    const ask: Ask = {
      principal: call.principal,
      ...target,
      path: exchange.path,
      region: call.region,
      nowMs: exchange.nowMs,
      secureTransport: exchange.secure,
      ...(exchange.userAgent !== undefined && { userAgent: exchange.userAgent }),
    };
    exchange.asks = [...exchange.asks, ask];
    const decision = authorise(exchange.state, ask);
    if (decision.allowed) continue;
    const text = denialText(ask, decision);
    return exchange.service?.name === "ec2"
      ? {
          code: "UnauthorizedOperation",
          message: `You are not authorized to perform this operation. ${text}. Encoded authorization failure message: ${encodeRefusal(exchange.state, ask, call.accountId)}`,
          status: 403,
        }
      : { code: "AccessDenied", message: text, status: 403 };
  }
  return undefined;
}

interface Sent {
  readonly status: number;
  readonly body: string;
  readonly exchange: Exchange;
}

function send(response: ServerResponse, { status, body, exchange }: Sent): void {
  response.writeHead(status, {
    "x-amzn-requestid": exchange.requestId,
    "content-type": contentTypeOf(exchange.service),
    "content-length": Buffer.byteLength(body),
    "cache-control": "no-cache, no-store",
    // The rest of a body that was too large is not read.
    ...(status === 413 && { connection: "close" }),
  });
  // A text goes out together with the head, in one write.
  response.end(body);
}

function contentTypeOf(service: QueryService | undefined): string {
  const protocol = service?.protocol ?? "ec2Query";
  return protocol === "awsJson" ? jsonContentType : queryContentType(protocol);
}

/** The request target with the values of a presigned URL's secrets taken out. */
function withoutSignature(target: string): string {
  if (!target.includes("X-Amz-")) return target;
  return target.replace(/([?&](?:X-Amz-Signature|X-Amz-Security-Token|X-Amz-Credential)=)[^&]*/g, "$1…");
}

function randomHex(digits: number): string {
  return randomBytes(Math.ceil(digits / 2))
    .toString("hex")
    .slice(0, digits);
}

function refused(error: ApiError): Result<never, Refusal> {
  return err({ code: error.code, message: textOf(error), status: statusOf(error) });
}

function refuse(code: string, message: string, status = 400): Result<never, Refusal> {
  return err({ code, message, status });
}
