/**
 * Underpass's own API, below `/_underpass/` on the region's port: what the command line and the console ask. JSON in,
 * JSON out. It answers only the machine itself, never a connection from inside a VPC.
 */

import type { IncomingMessage, ServerResponse } from "node:http";
import { type DnsQuestion, explainDns } from "../../analyse/explain-dns.ts";
import type { MetadataRecord } from "../../analyse/metadata-record.ts";
import type { RequestRecord } from "../../analyse/request-record.ts";
import type { RequestTrace } from "../../analyse/request-trace.ts";
import type { FlowTrace } from "../../analyse/flow-trace.ts";
import { traceDry, traceOf, type TraceQuestion } from "../../analyse/trace.ts";
import { type FlowQuestion, traceFlow } from "../../analyse/trace-flow.ts";
import type { CredentialRules } from "../../model/credential.ts";
import { nearest } from "../../base/nearest.ts";
import { findOnPremisesHost, type OnPremisesHost } from "../../model/on-premises-host.ts";
import { all, type State } from "../../model/state.ts";
import type { Path } from "../../network/path.ts";
import { addOnPremises, onPremisesList, type OnPremisesVerbs, removeOnPremises } from "./on-premises.ts";
import { keepProgram, sendOutput } from "./program-route.ts";
import type { ProgramTable } from "./program-table.ts";
import { type Figures, openMetricsText, openMetricsType } from "./figures.ts";

/** What the daemon lets this API see. */
export interface OwnApiHost {
  readonly state: () => State;
  readonly status: () => Status;
  /** The command and environment by which a program gets into an instance; undefined when the data plane does not hold it. */
  readonly entry: (instanceId: string) => Promise<InstanceEntry | undefined>;
  readonly onPremises: OnPremisesVerbs;
  readonly findRequest: (requestId: string) => RequestRecord | undefined;
  readonly lastRequests: (count: number) => readonly RequestRecord[];
  readonly followRequests: (onRequest: (record: RequestRecord) => void) => () => void;
  /** Requests to the instance metadata service. */
  readonly metadataRequests: {
    readonly last: (count: number) => readonly MetadataRecord[];
    readonly follow: (onRequest: (record: MetadataRecord) => void) => () => void;
  };
  readonly nowMs: () => number;
  /** Absent for the usual ones. */
  readonly credentials?: CredentialRules;
  /** Long-running programs inside instances. */
  readonly programs: ProgramTable;
  readonly coverage: () => readonly Coverage[];
  readonly figures: () => Promise<Figures>;
  /** Removes every resource and every object. */
  readonly reset: () => Promise<void>;
}

export interface Status {
  readonly version: string;
  readonly region: string;
  readonly endpoint: string;
  readonly processId: number;
  /** A folder, or `memory`. */
  readonly state: string;
  /** The account of the access key `test`. */
  readonly accountId: string;
  /** `any` where access keys that nobody has are let in. */
  readonly credentials: "checked" | "any";
  readonly revision: number;
  readonly dataplane: {
    readonly kind: "linux" | "userspace";
    readonly notEnforced: readonly string[];
    readonly notCarried: readonly string[];
    readonly because?: string;
  };
  readonly counts: Readonly<Record<string, number>>;
  readonly openConnections: number;
}

/** The operations of one service, by name. */
export interface Coverage {
  readonly service: string;
  readonly served: readonly string[];
  /** Known to AWS and answered with a text that says so. */
  readonly unserved: readonly string[];
}

export interface InstanceEntry {
  readonly instanceId: string;
  /** Who runs the region: the kernel lets nobody else in. Absent where users have no number. */
  readonly userId?: number;
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string | null>>;
  /** Its Name tag. */
  readonly instanceName?: string;
  /** The name of the role in its instance profile: programs inside get its credentials from the metadata service. */
  readonly roleName?: string;
}

/** One line of `logs`. */
export interface RequestLine {
  readonly requestId: string;
  readonly atMs: number;
  readonly service: string;
  readonly operation?: string;
  readonly request: string;
  readonly path: Path;
  readonly status: number;
  readonly errorCode?: string;
  readonly durationMs: number;
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

const bodyLimitBytes = 64 * 1024;

export function ownApi(
  host: OwnApiHost,
): (request: IncomingMessage, response: ServerResponse, path: Path) => Promise<void> {
  return async (request, response) => {
    const refused = refuseForeign(request);
    if (refused !== undefined) return send(response, refused);
    const url = new URL(request.url ?? "/", "http://underpass");
    if (!isDecodable(url.pathname))
      return send(response, failure(400, "bad-path", "a `%` must be followed by two hexadecimal digits"));
    if (url.searchParams.has("follow")) {
      if (url.pathname === "/_underpass/requests") {
        return follow((onLine) => host.followRequests((record) => onLine(lineOf(record))), response);
      }
      if (url.pathname === "/_underpass/metadata-requests") return follow(host.metadataRequests.follow, response);
    }
    if (url.pathname === "/_underpass/life") return live(response);
    if (request.method === "POST" && url.pathname === "/_underpass/programs") {
      return keepProgram(host.programs, request, response);
    }
    const printed = /^\/_underpass\/programs\/([^/]+)\/output$/.exec(url.pathname)?.[1];
    if (printed !== undefined && host.programs.find(printed) !== undefined) {
      return sendOutput(host.programs, { programId: printed, follow: url.searchParams.has("follow") }, response);
    }
    if (url.pathname === "/metrics" || url.pathname === "/_underpass/metrics") {
      response.writeHead(200, { "content-type": openMetricsType });
      response.end(openMetricsText(await host.figures()));
      return;
    }
    send(response, await answer(host, request, url));
  };
}

/** A web page of another origin, or a name that was made to resolve to this machine, gets nothing. */
function refuseForeign(request: IncomingMessage): Answer | undefined {
  const name = (request.headers.host ?? "").replace(/:\d+$/, "");
  const local = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(name) || name === request.socket.localAddress;
  const origin = request.headers.origin;
  if (local && (origin === undefined || origin === `http://${request.headers.host}`)) return undefined;
  return failure(
    403,
    "foreign-origin",
    "this API answers only requests that name this machine; use http://127.0.0.1 and the port",
  );
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

async function answer(host: OwnApiHost, request: IncomingMessage, url: URL): Promise<Answer> {
  const [, , resource, id, part] = url.pathname.split("/");
  const route = `${request.method} ${resource}${id === undefined ? "" : "/:id"}${part === undefined ? "" : `/${part}`}`;
  switch (route) {
    case "GET status":
      return { status: 200, body: host.status() };
    case "GET figures":
      return { status: 200, body: await host.figures() };
    case "GET coverage":
      return { status: 200, body: host.coverage() };
    case "GET instances":
      return { status: 200, body: instanceList(host.state()) };
    case "GET onprem":
      return { status: 200, body: onPremisesList(host.state()) };
    case "POST onprem":
      return await addOnPremises(host.onPremises, host.state, await readJson(request));
    case "POST onprem/:id/remove":
      return await removeOnPremises(host.onPremises, host.state, decodeURIComponent(id ?? ""));
    case "GET instances/:id/entry":
      try {
        return await entryAnswer(host, decodeURIComponent(id ?? ""));
      } catch (error) {
        return failure(
          503,
          "no-way-in",
          `no program can enter: ${error instanceof Error ? error.message : String(error)}`,
        );
      }
    case "GET requests":
      return {
        status: 200,
        body: host.lastRequests(wantedCount(url)).map(lineOf),
      };
    case "GET metadata-requests":
      return { status: 200, body: host.metadataRequests.last(wantedCount(url)) };
    case "GET requests/:id": {
      const record = host.findRequest(decodeURIComponent(id ?? ""));
      return record === undefined
        ? failure(
            404,
            "no-such-request",
            `no request \`${id}\` is remembered; the last 10000 are, since the start of the daemon`,
          )
        : { status: 200, body: traceOf(record) satisfies RequestTrace };
    }
    case "GET programs":
      return programList(host, url.searchParams.get("instance") ?? undefined);
    case "POST programs/:id/stop":
      return stopProgram(host, decodeURIComponent(id ?? ""));
    case "GET programs/:id/output":
      return noProgram(id);
    case "POST reset":
      await host.reset();
      return { status: 200, body: { status: "ok" } };
    case "POST trace":
      return traceAnswer(host, await readJson(request));
    case "POST explain-dns":
      return dnsAnswer(host, await readJson(request));
  }
  return failure(404, "no-such-path", `\`${request.method} ${url.pathname}\` is not part of this API`);
}

function programList(host: OwnApiHost, wanted: string | undefined): Answer {
  const programs = host.programs.list();
  if (wanted === undefined) return { status: 200, body: programs };
  const outside = findOnPremisesHost(host.state(), wanted)?.id;
  if (outside !== undefined) return { status: 200, body: programs.filter((one) => one.instanceId === outside) };
  const hits = instanceList(host.state()).filter((one) => one.instanceId === wanted || one.name === wanted);
  if (hits.length === 0) return failure(404, "no-such-instance", absenceText(wanted, instanceList(host.state())));
  const ids = new Set<string>(hits.map((one) => one.instanceId));
  return { status: 200, body: programs.filter((one) => ids.has(one.instanceId)) };
}

/** Answers when the program has ended. */
async function stopProgram(host: OwnApiHost, programId: string): Promise<Answer> {
  const record = host.programs.find(programId);
  if (record === undefined) return noProgram(programId);
  if (record.line.state === "running") {
    record.tell({ order: "stop" });
    await record.ended;
  }
  return { status: 200, body: record.line };
}

function noProgram(programId: string | undefined): Answer {
  return failure(404, "no-such-program", `there is no program \`${programId}\`; \`underpass ps\` lists them`);
}

interface ListedInstance {
  readonly instanceId: string;
  readonly name?: string;
  readonly state: string;
  readonly vpcId: string;
  readonly subnetId: string;
}

function instanceList(state: State): ListedInstance[] {
  return [...all(state, "instance")].map((instance) => {
    const name = instance.tags.find((tag) => tag.key === "Name")?.value;
    return {
      instanceId: instance.id,
      ...(name === undefined ? {} : { name }),
      state: instance.state,
      vpcId: instance.vpcId,
      subnetId: instance.subnetId,
    };
  });
}

/** An instance is named by its id or, where just one has it, by its Name tag; an on-premises host by its id or name. */
async function entryAnswer(host: OwnApiHost, wanted: string): Promise<Answer> {
  const outside = findOnPremisesHost(host.state(), wanted);
  if (outside !== undefined) return await outsideEntry(host, outside);
  const instances = instanceList(host.state()).filter((one) => one.state === "running");
  const hits = instances.filter((one) => one.instanceId === wanted || one.name === wanted);
  const [hit, another] = hits;
  if (another !== undefined) {
    return failure(
      409,
      "ambiguous-name",
      `\`${wanted}\` names ${hits.map((one) => one.instanceId).join(" and ")}; use the id`,
    );
  }
  const entry = hit && (await host.entry(hit.instanceId));
  if (hit !== undefined && entry !== undefined) {
    const named = hit.name === undefined ? entry : { ...entry, instanceName: hit.name };
    return { status: 200, body: named satisfies InstanceEntry };
  }
  return failure(404, "no-such-instance", absenceText(wanted, instanceList(host.state())));
}

async function outsideEntry(host: OwnApiHost, { id, name, vpnConnectionId }: OnPremisesHost): Promise<Answer> {
  const entry = await host.entry(id);
  if (entry !== undefined) return { status: 200, body: { ...entry, instanceName: name } satisfies InstanceEntry };
  return failure(
    409,
    "not-connected",
    `\`${name}\` is there while ${vpnConnectionId} is available and its VPN gateway attached`,
  );
}

function absenceText(wanted: string, instances: readonly ListedInstance[]): string {
  const other = instances.find((one) => one.instanceId === wanted || one.name === wanted);
  if (other !== undefined) {
    const next =
      other.state === "stopped" ? `; \`aws ec2 start-instances --instance-ids ${other.instanceId}\` starts it` : "";
    return `${other.instanceId} is ${other.state}${next}`;
  }
  const running = instances.filter((one) => one.state === "running");
  const near = nearest(
    wanted,
    running.flatMap((one) => (one.name === undefined ? [one.instanceId] : [one.instanceId, one.name])),
  );
  return near.length === 0
    ? `no instance \`${wanted}\` is running; \`aws ec2 run-instances\` launches one`
    : `no instance \`${wanted}\` is running; did you mean ${near.map((one) => `\`${one}\``).join(" or ")}?`;
}

function traceAnswer(host: OwnApiHost, body: unknown): Answer {
  if (body === undefined) return noJson;
  // A question is checked member by member where it is read: that of a flow has a target alone, `to`.
  if (Object.hasOwn(body as object, "to")) {
    const flow = traceFlow(host.state(), body as FlowQuestion, host.nowMs());
    return flow.ok ? { status: 200, body: flow.value satisfies FlowTrace } : failure(400, "bad-question", flow.error);
  }
  const traced = traceDry(host.state(), body as TraceQuestion, host.nowMs(), host.credentials);
  return traced.ok ? { status: 200, body: traced.value } : failure(400, "bad-question", traced.error);
}

function dnsAnswer(host: OwnApiHost, body: unknown): Answer {
  if (body === undefined) return noJson;
  const explained = explainDns(host.state(), body as DnsQuestion);
  return explained.ok ? { status: 200, body: explained.value } : failure(400, "bad-question", explained.error);
}

function wantedCount(url: URL): number {
  return Math.min(1000, Number(url.searchParams.get("last") ?? 100) || 100);
}

function follow<T>(start: (onLine: (line: T) => void) => () => void, response: ServerResponse): void {
  response.writeHead(200, { "content-type": "application/x-ndjson" });
  response.flushHeaders();
  const stop = start((line) => {
    // A reader that does not keep up loses lines; it must not hold the daemon's memory.
    if (response.writableLength < 1024 * 1024) response.write(`${JSON.stringify(line)}\n`);
  });
  response.on("close", stop);
}

/** An answer without an end: when it breaks off the region is gone. */
function live(response: ServerResponse): void {
  response.writeHead(200, { "content-type": "application/x-ndjson" });
  response.flushHeaders();
}

function lineOf(record: RequestRecord): RequestLine {
  return {
    requestId: record.requestId,
    atMs: record.atMs,
    service: record.service,
    ...(record.operation === undefined ? {} : { operation: record.operation }),
    request: `${record.method} ${record.target}`,
    path: record.path,
    status: record.status,
    ...(record.errorCode === undefined ? {} : { errorCode: record.errorCode }),
    durationMs: record.durationMs,
  };
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length;
    if (sizeBytes > bodyLimitBytes) return undefined;
    chunks.push(chunk);
  }
  try {
    const value: unknown = JSON.parse(Buffer.concat(chunks).toString());
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

function failure(status: number, code: string, message: string): Answer {
  return { status, body: { error: { code, message } } };
}

const noJson = failure(400, "no-json", "the body must be a JSON object of at most 64 KiB");

function send(response: ServerResponse, { status, body }: Answer): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(`${JSON.stringify(body)}\n`);
}
