/**
 * The data plane for machines that forbid user namespaces: a proxy on the loopback interface. Every instance has its own
 * credentials; a connection is resolved and routed by the pure functions and handed to the service with its path.
 * It steers the programs that honour proxy settings, and says what it cannot enforce.
 */

import { randomBytes, timingSafeEqual } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import type { State } from "../../model/state.ts";
import type { Blueprint } from "../../plan/blueprint.ts";
import type { DataPlane, Entry, PlaneHost } from "../plane.ts";
import { connectionOf } from "./connection.ts";
import { type Dial, dial, goesOn, type OpenFlow } from "./dial.ts";
import { FlowTally } from "./flow-tally.ts";
import { forwarder } from "./forward.ts";
import { preloadText } from "./preload.ts";
import { openSocketPairs } from "./socket-pair.ts";

/** Its way in is known at once. */
export interface UserspacePlane extends DataPlane {
  readonly entry: (instanceId: string) => Entry | undefined;
}

/** Listens on a free port of the loopback interface. `state` is asked anew for every connection. */
export async function openUserspacePlane(host: PlaneHost, state: () => State): Promise<UserspacePlane> {
  const folder = mkdtempSync(join(host.folder, "userspace-"));
  const preloadFile = join(folder, "preload.cjs");
  writeFileSync(preloadFile, preloadText());
  const pairs = await openSocketPairs();
  const tokens = new Map<string, string>();
  const tally = new FlowTally();
  const proxy = openProxy({ host, state, tokens, pairs, tally });
  let stopped = false;
  const failed = new Promise<Error>((resolve) => {
    proxy.server.once("close", () => {
      if (!stopped) resolve(new Error("the proxy stopped listening"));
    });
  });
  proxy.server.listen(0, "127.0.0.1");
  await once(proxy.server, "listening");
  let instanceIds: ReadonlySet<string> = new Set();

  function entry(instanceId: string): Entry | undefined {
    if (!instanceIds.has(instanceId)) return undefined;
    const token = tokens.get(instanceId) ?? randomBytes(16).toString("hex");
    tokens.set(instanceId, token);
    const url = `http://${instanceId}:${token}@127.0.0.1:${portOf(proxy.server)}`;
    return { command: [], environment: environmentOf(url, host, preloadFile) };
  }

  return {
    kind: "userspace",
    notEnforced,
    notCarried: [],
    // Nothing to set up: every new connection is decided on the newest state. Open ones are looked at again.
    apply: (blueprint: Blueprint) => {
      proxy.cut((flow) => !goesOn(state(), flow));
      tally.log(blueprint.loggedInterfaceIds ?? []);
      instanceIds = new Set(blueprint.vpcs.flatMap((vpc) => vpc.hosts.map((one) => one.instanceId)));
      return Promise.resolve();
    },
    entry,
    connections: (vpcIds) => {
      const open = proxy.open().flatMap(({ flow, number }) => connectionOf(state(), flow, number) ?? []);
      return Promise.resolve(open.filter(({ vpcId }) => vpcIds.includes(vpcId)));
    },
    // What no rule allows any longer is over; what one still allows was not asked about.
    forget: (connections) => {
      const numbers = new Set(connections.map(({ sourcePort }) => sourcePort));
      proxy.cut((_flow, number) => numbers.has(number));
      return Promise.resolve();
    },
    readTraffic: () => Promise.resolve(tally.read()),
    failed,
    [Symbol.asyncDispose]: async () => {
      stopped = true;
      const closed = new Promise<void>((resolve) => proxy.server.close(() => resolve()));
      proxy.destroyAll();
      await closed;
      await pairs[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const notEnforced = [
  "routes are not kernel-enforced: programs that ignore proxy settings reach the network of this machine",
  "programs of an instance can use the proxy credentials of another one if they get hold of them",
  "instances cannot reach each other, and the VPC's resolver answers only for names that the proxy is asked for",
  "there are no on-premises hosts: VPN connections carry nothing",
  "security is that of the proxy: an instance shares the files, processes and loopback interface of this machine",
];

/** The caller's own endpoints, which lead past the instance's network. */
const ownEndpoints = ["", "_EC2", "_IAM", "_S3", "_STS"].map((service) => `AWS_ENDPOINT_URL${service}`);

/** Programs read these names in either case, and some only one of them. */
function environmentOf(proxyUrl: string, host: PlaneHost, preloadFile: string): Entry["environment"] {
  return {
    HTTP_PROXY: proxyUrl,
    HTTPS_PROXY: proxyUrl,
    http_proxy: proxyUrl,
    https_proxy: proxyUrl,
    ALL_PROXY: null,
    all_proxy: null,
    NO_PROXY: "",
    no_proxy: "",
    ...Object.fromEntries(ownEndpoints.map((name) => [name, null])),
    AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: "true",
    AWS_EC2_METADATA_DISABLED: null,
    AWS_EC2_METADATA_SERVICE_ENDPOINT: null,
    AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE: null,
    AWS_CA_BUNDLE: host.caBundleFile,
    SSL_CERT_FILE: host.caBundleFile,
    CURL_CA_BUNDLE: host.caBundleFile,
    REQUESTS_CA_BUNDLE: host.caBundleFile,
    GIT_SSL_CAINFO: host.caBundleFile,
    NODE_EXTRA_CA_CERTS: host.caFile,
    // For Node's own fetch, which has no agents.
    NODE_USE_ENV_PROXY: "1",
    NODE_OPTIONS: `--require ${JSON.stringify(preloadFile)}`,
  };
}

interface ProxyParts {
  readonly host: PlaneHost;
  readonly state: () => State;
  /** By instance id. */
  readonly tokens: ReadonlyMap<string, string>;
  readonly pairs: Awaited<ReturnType<typeof openSocketPairs>>;
  readonly tally: FlowTally;
}

interface Proxy {
  readonly server: Server;
  readonly destroyAll: () => void;
  readonly open: () => readonly { readonly flow: OpenFlow; readonly number: number }[];
  /** Resets the connections that are chosen. */
  readonly cut: (isChosen: (flow: OpenFlow, number: number) => boolean) => void;
}

function openProxy({ host, state, tokens, pairs, tally }: ProxyParts): Proxy {
  const sockets = new Set<Socket>();
  const flows = new Map<Socket, { readonly flow: OpenFlow; readonly number: number }>();
  let lastNumber = 0;
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.once("close", () => {
      sockets.delete(socket);
      flows.delete(socket);
    });
  };
  /** `near` is the socket on the instance's side. Source: Amazon VPC User Guide, "Flow log limitations": no metadata. */
  const deliver = (socket: Socket, flow: OpenFlow, near: Socket): void => {
    flows.set(near, { flow, number: ++lastNumber });
    if (flow.kind === "metadata") return host.acceptMetadata(socket, flow.client);
    tally.follow(state(), flow, near, near === socket ? "bytesRead" : "bytesWritten");
    host.accept(socket, flow.path, flow.port);
  };
  const forward = forwarder(async (flow) => {
    const { near, far } = await pairs.open();
    keep(near);
    keep(far);
    deliver(far, flow, near);
    return near;
  });
  const server = createServer({ keepAliveTimeout: 60_000, requestTimeout: 0 });

  function dialFrom(instanceId: string, target: Parameters<typeof dial>[2]): Dial {
    const dialled = dial(state(), instanceId, target);
    if (dialled.kind === "refused" && dialled.lost !== undefined) tally.lose(state(), instanceId, dialled.lost);
    return dialled;
  }

  function onRequest(request: IncomingMessage, response: ServerResponse): void {
    const instanceId = instanceOf(tokens, request);
    if (instanceId === undefined) return answer(response, unauthorized);
    const url = absoluteUrl(request.url ?? "");
    if (url === undefined)
      return answer(response, { status: 400, text: "this is a proxy: the request must name a whole http:// URL" });
    const dialled = dialFrom(instanceId, { host: unbracket(url.hostname), port: Number(url.port || 80) });
    if (dialled.kind === "refused") return answer(response, dialled);
    forward(request, response, { flow: dialled.flow, target: originForm(request.url ?? "") });
  }

  function onConnect(request: IncomingMessage, stream: Duplex, head: Buffer): void {
    const socket = request.socket;
    const instanceId = instanceOf(tokens, request);
    if (instanceId === undefined) return endWith(stream, unauthorized);
    const target = parseAuthority(request.url ?? "");
    if (target === undefined) return endWith(stream, { status: 400, text: "CONNECT takes a host and a port" });
    const dialled = dialFrom(instanceId, target);
    if (dialled.kind === "refused") return endWith(stream, dialled);
    socket.setTimeout(0);
    socket.write("HTTP/1.1 200 Connection Established\r\n\r\n");
    if (head.length > 0) socket.unshift(head);
    deliver(socket, dialled.flow, socket);
  }

  server.on("connection", (socket: Socket) => {
    keep(socket);
    socket.on("error", () => socket.destroy());
  });
  server.on("request", onRequest);
  // `Expect: 100-continue` goes on to the service, which answers it.
  server.on("checkContinue", onRequest);
  server.on("connect", onConnect);
  server.on("clientError", (_error, stream) => endWith(stream, { status: 400, text: "not HTTP" }));
  return {
    server,
    destroyAll: () => sockets.forEach((socket) => socket.resetAndDestroy()),
    open: () => [...flows.values()],
    cut: (isChosen) => flows.forEach(({ flow, number }, socket) => isChosen(flow, number) && socket.resetAndDestroy()),
  };
}

interface Refusal {
  readonly status: number;
  readonly text: string;
}

const unauthorized: Refusal = { status: 407, text: "unknown instance or token in the proxy credentials" };

const statusTexts: Readonly<Record<number, string>> = {
  400: "Bad Request",
  407: "Proxy Authentication Required",
  502: "Bad Gateway",
  504: "Gateway Timeout",
};

/** The instance that the proxy credentials are of. */
function instanceOf(tokens: ReadonlyMap<string, string>, request: IncomingMessage): string | undefined {
  const encoded = /^Basic (\S+)$/i.exec(request.headers["proxy-authorization"] ?? "")?.[1];
  const [instanceId = "", token = ""] = Buffer.from(encoded ?? "", "base64")
    .toString()
    .split(":");
  const known = tokens.get(instanceId);
  if (known === undefined || known.length !== token.length) return undefined;
  return timingSafeEqual(Buffer.from(known), Buffer.from(token)) ? instanceId : undefined;
}

function absoluteUrl(text: string): URL | undefined {
  const url = URL.parse(text);
  return url?.protocol === "http:" ? url : undefined;
}

/** What follows the authority, untouched: a signature covers it byte by byte. */
function originForm(url: string): string {
  const rest = /^[a-z]+:\/\/[^/?#]*(.*)$/i.exec(url)?.[1] ?? "";
  return rest.startsWith("/") ? rest : `/${rest}`;
}

function parseAuthority(text: string): { readonly host: string; readonly port: number } | undefined {
  const [, host, port] = /^(.+):(\d{1,5})$/.exec(text) ?? [];
  return host === undefined || Number(port) > 65535 ? undefined : { host: unbracket(host), port: Number(port) };
}

function unbracket(host: string): string {
  return host.startsWith("[") && host.endsWith("]") ? host.slice(1, -1) : host;
}

function fieldsOf(refusal: Refusal): Record<string, string> {
  return {
    ...(refusal.status === 407 ? { "Proxy-Authenticate": 'Basic realm="instance"' } : {}),
    "Content-Type": "text/plain; charset=utf-8",
    "Content-Length": String(Buffer.byteLength(`${refusal.text}\n`)),
    "X-Underpass-Reason": refusal.text.replaceAll(/[^\x20-\x7e]/g, "?"),
    Connection: "close",
  };
}

function answer(response: ServerResponse, refusal: Refusal): void {
  response.writeHead(refusal.status, statusTexts[refusal.status], fieldsOf(refusal));
  response.end(`${refusal.text}\n`);
}

function endWith(stream: Duplex, refusal: Refusal): void {
  if (!stream.writable) return;
  const fields = Object.entries(fieldsOf(refusal)).map(([name, value]) => `${name}: ${value}\r\n`);
  stream.end(`HTTP/1.1 ${refusal.status} ${statusTexts[refusal.status]}\r\n${fields.join("")}\r\n${refusal.text}\n`);
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}
