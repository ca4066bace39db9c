/**
 * The proxy itself: who asks is told by the credentials, where it leads by `dial`. Servers in instances tell it by
 * `POST /listen` where they listen, for as long as that request stays open; `GET /life` stays open as long as the place is
 * there.
 */

import { timingSafeEqual } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { connect, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { State } from "../../model/state.ts";
import { resetSocket } from "../../wire/reset.ts";
import type { PlaneHost } from "../plane.ts";
import {
  type Dial,
  dial,
  type DialTarget,
  type MetadataFlow,
  type OpenFlow,
  type PlaceFlow,
  type ServiceFlow,
} from "./dial.ts";
import type { FlowTally } from "./flow-tally.ts";
import { forwarder } from "./forward.ts";
import { type Listeners, parseListener } from "./listener.ts";
import type { SocketPairs } from "./socket-pair.ts";

export interface ProxyParts {
  readonly host: PlaneHost;
  readonly state: () => State;
  /** By the id of the instance or on-premises host. */
  readonly tokens: ReadonlyMap<string, string>;
  readonly pairs: SocketPairs;
  readonly tally: FlowTally;
  readonly listeners: Listeners;
}

export interface Proxy {
  readonly server: Server;
  readonly destroyAll: () => void;
  /** Ends what programs of places that are gone hold open. */
  readonly endGone: (isThere: (placeId: string) => boolean) => void;
  readonly open: () => readonly NumberedFlow[];
  /** Resets the connections that are chosen. */
  readonly cut: (isChosen: (flow: OpenFlow, number: number) => boolean) => void;
}

interface NumberedFlow {
  readonly flow: OpenFlow;
  /** Tells it from all others. */
  readonly number: number;
}

export function openProxy(parts: ProxyParts): Proxy {
  const { tokens } = parts;
  const carrier = openCarrier(parts);
  /** Held open for programs, by the place that they are in. */
  const held = new Map<ServerResponse, string>();
  const server = createServer({ keepAliveTimeout: 60_000, requestTimeout: 0 });

  function dialFrom(placeId: string, target: DialTarget): Dial {
    const dialled = dial({ state: parts.state(), listeners: parts.listeners }, placeId, target);
    if (dialled.kind === "refused" && dialled.lost !== undefined) parts.tally.lose(dialled.lost);
    return dialled;
  }

  function hold(placeId: string, response: ServerResponse, done: () => void): void {
    held.set(response, placeId);
    response.once("close", () => {
      held.delete(response);
      done();
    });
    response.writeHead(200);
    response.flushHeaders();
  }

  function addListener(placeId: string, query: URLSearchParams, response: ServerResponse): void {
    const listener = parseListener(placeId, query);
    if (listener === undefined) return answer(response, { status: 400, text: "say port, at, host and reach" });
    const remove = parts.listeners.add(listener);
    if (remove === undefined) return answer(response, { status: 409, text: `port ${listener.port} is taken` });
    hold(placeId, response, remove);
  }

  function onRequest(request: IncomingMessage, response: ServerResponse): void {
    const placeId = placeOf(tokens, request);
    if (placeId === undefined) return answer(response, unauthorized);
    // No proxy request has such a target.
    const [ownPath, query] = `${request.method} ${request.url}`.split("?");
    if (ownPath === "POST /listen") return addListener(placeId, new URLSearchParams(query), response);
    if (ownPath === "GET /life") return hold(placeId, response, () => {});
    const url = absoluteUrl(request.url ?? "");
    if (url === undefined)
      return answer(response, { status: 400, text: "this is a proxy: the request must name a whole http:// URL" });
    const dialled = dialFrom(placeId, { host: unbracket(url.hostname), port: Number(url.port || 80) });
    if (dialled.kind === "refused") return answer(response, dialled);
    carrier.forward(request, response, { flow: dialled.flow, target: originForm(request.url ?? "") });
  }

  function onConnect(request: IncomingMessage, stream: Duplex, head: Buffer): void {
    const placeId = placeOf(tokens, request);
    if (placeId === undefined) return endWith(stream, unauthorized);
    const target = parseAuthority(request.url ?? "");
    if (target === undefined) return endWith(stream, { status: 400, text: "CONNECT takes a host and a port" });
    const dialled = dialFrom(placeId, target);
    if (dialled.kind === "refused") return endWith(stream, dialled);
    carrier.tunnel(request.socket, head, dialled.flow);
  }

  server.on("connection", (socket: Socket) => {
    carrier.keep(socket);
    socket.on("error", () => socket.destroy());
  });
  server.on("request", onRequest);
  // `Expect: 100-continue` goes on to the service, which answers it.
  server.on("checkContinue", onRequest);
  server.on("connect", onConnect);
  server.on("clientError", (_error, stream) => endWith(stream, { status: 400, text: "not HTTP" }));
  return {
    server,
    destroyAll: carrier.destroyAll,
    endGone: (isThere) => held.forEach((placeId, response) => isThere(placeId) || response.end()),
    open: carrier.open,
    cut: carrier.cut,
  };
}

interface Carrier {
  readonly forward: ReturnType<typeof forwarder>;
  readonly tunnel: (socket: Socket, head: Buffer, flow: OpenFlow) => void;
  readonly keep: (socket: Socket) => void;
  readonly destroyAll: () => void;
  readonly open: Proxy["open"];
  readonly cut: Proxy["cut"];
}

/** Joins clients to the services and to servers in instances. */
function openCarrier({ host, pairs, tally }: ProxyParts): Carrier {
  const sockets = new Set<Socket>();
  const flows = new Map<Socket, NumberedFlow>();
  let lastNumber = 0;
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.once("close", () => {
      sockets.delete(socket);
      flows.delete(socket);
    });
  };
  const note = (socket: Socket, flow: OpenFlow): void => void flows.set(socket, { flow, number: ++lastNumber });
  /** `near` is the socket on the client's side. Source: Amazon VPC User Guide, "Flow log limitations": no metadata. */
  const deliver = (socket: Socket, flow: ServiceFlow | MetadataFlow, near: Socket): void => {
    note(near, flow);
    if (flow.kind === "metadata") return host.acceptMetadata(socket, flow.client);
    tally.follow(flow, near, near === socket ? "bytesRead" : "bytesWritten");
    host.accept(socket, flow.path, flow.port);
  };
  const reach = async ({ at }: PlaceFlow): Promise<Socket> => {
    const socket = connect({ ...at, noDelay: true, allowHalfOpen: true });
    keep(socket);
    return await connected(socket);
  };

  async function open(flow: OpenFlow): Promise<Socket> {
    if (flow.kind === "place") {
      const far = await reach(flow);
      note(far, flow);
      tally.follow(flow, far, "bytesWritten");
      return far;
    }
    const { near, far } = await pairs.open();
    keep(near);
    keep(far);
    deliver(far, flow, near);
    return near;
  }

  async function join(socket: Socket, head: Buffer, flow: PlaceFlow): Promise<void> {
    socket.pause();
    let far: Socket;
    try {
      far = await reach(flow);
    } catch {
      return endWith(socket, { status: 502, text: `the server on port ${flow.port} of ${flow.targetId} is gone` });
    }
    if (socket.destroyed) return void far.destroy();
    begin(socket, head);
    note(socket, flow);
    tally.follow(flow, socket, "bytesRead");
    socket.allowHalfOpen = true;
    bind(socket, far);
    bind(far, socket);
  }

  return {
    forward: forwarder(open),
    tunnel: (socket, head, flow) => {
      if (flow.kind === "place") return void join(socket, head, flow);
      begin(socket, head);
      deliver(socket, flow, socket);
    },
    keep,
    destroyAll: () => sockets.forEach((socket) => resetSocket(socket)),
    open: () => [...flows.values()],
    cut: (isChosen) => flows.forEach(({ flow, number }, socket) => isChosen(flow, number) && resetSocket(socket)),
  };
}

async function connected(socket: Socket): Promise<Socket> {
  await once(socket, "connect");
  socket.on("error", () => socket.destroy());
  return socket;
}

/** The client's tunnel is open from now on; `head` is what it has sent already. */
function begin(socket: Socket, head: Buffer): void {
  socket.setTimeout(0);
  socket.write("HTTP/1.1 200 Connection Established\r\n\r\n");
  if (head.length > 0) socket.unshift(head);
}

/** What comes from one goes to the other; where one breaks off, so does the other. */
function bind(from: Socket, to: Socket): void {
  from.pipe(to);
  from.on("close", () => {
    if (!from.readableEnded || !to.writableFinished) resetSocket(to);
  });
}

interface Refusal {
  readonly status: number;
  readonly text: string;
}

const unauthorized: Refusal = { status: 407, text: "unknown instance or token in the proxy credentials" };

const statusTexts: Readonly<Record<number, string>> = {
  400: "Bad Request",
  407: "Proxy Authentication Required",
  409: "Conflict",
  502: "Bad Gateway",
  504: "Gateway Timeout",
};

/** The instance or on-premises host that the proxy credentials are of. */
function placeOf(tokens: ReadonlyMap<string, string>, request: IncomingMessage): string | undefined {
  const encoded = /^Basic (\S+)$/i.exec(request.headers["proxy-authorization"] ?? "")?.[1];
  const [placeId = "", token = ""] = Buffer.from(encoded ?? "", "base64")
    .toString()
    .split(":");
  const known = tokens.get(placeId);
  if (known === undefined || known.length !== token.length) return undefined;
  return timingSafeEqual(Buffer.from(known), Buffer.from(token)) ? placeId : undefined;
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
  // What still comes is for nobody; unread it would keep the connection open.
  stream.resume();
  stream.end(`HTTP/1.1 ${refusal.status} ${statusTexts[refusal.status]}\r\n${fields.join("")}\r\n${refusal.text}\n`);
}
