/**
 * The one HTTP server behind every door. A connection arrives with the path that it took; the path decides which services
 * it can reach, and nothing that the client sends can change it.
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { type SecureContext, TLSSocket } from "node:tls";
import { unservedService } from "../api/unserved-service.ts";
import { assert } from "../base/assert.ts";
import { echoPort, isEchoHost } from "../network/echo-host.ts";
import type { Path } from "../network/path.ts";
import { serviceAt } from "../network/service-address.ts";
import type { Connections } from "./connections.ts";

/** `secure`: the connection was TLS. */
export type ServiceHandler = (
  request: IncomingMessage,
  response: ServerResponse,
  path: Path,
  secure: boolean,
) => Promise<void>;

export interface FrontOptions {
  /** EC2, IAM and STS. */
  readonly query: ServiceHandler;
  readonly s3: ServiceHandler;
  /** Underpass's own API: answered to the machine itself alone, below `/_underpass/`. */
  readonly own: ServiceHandler;
  readonly connections: Connections;
  readonly secureContextFor: (serverName: string) => SecureContext | undefined;
  readonly log: (line: string) => void;
}

export interface Front {
  /** Takes over a connection that a data plane accepted; `port` is the one that the client called. */
  readonly accept: (socket: Socket, path: Path, port: number) => void;
  /** The server of the region's own port. The caller listens and closes. */
  readonly server: Server;
}

export function openFront(options: FrontOptions): Front {
  const paths = new WeakMap<Socket, Path>();
  const server = createServer({ keepAliveTimeout: 60_000, headersTimeout: 60_000, requestTimeout: 0, noDelay: true });
  server.on("connection", (socket: Socket) => {
    // Connections from a data plane come with their path set; the rest is from the machine itself.
    if (!paths.has(socket)) paths.set(socket, { kind: "host", sourceIp: plainIp(socket.remoteAddress ?? "127.0.0.1") });
  });
  const answer = (request: IncomingMessage, response: ServerResponse, continues: boolean): void => {
    const path = paths.get(request.socket);
    assert(path !== undefined, "every connection has a path");
    const handler = handlerFor(options, request, path);
    // S3 asks for a body only when it wants it; the others read it always.
    if (continues && handler !== options.s3) response.writeContinue();
    handler(request, response, path, request.socket instanceof TLSSocket).catch((error: unknown) => {
      options.log(
        `${request.method} ${request.url}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
      );
      if (!response.headersSent) response.writeHead(500);
      response.end();
    });
  };
  server.on("request", (request, response) => answer(request, response, false));
  server.on("checkContinue", (request, response) => answer(request, response, true));
  server.on("clientError", (_error, socket) => {
    if (socket.writable) socket.end("HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
  });
  return {
    server,
    accept: (socket, path, port) => {
      socket.on("error", () => socket.destroy());
      options.connections.add(socket, path);
      // Only the echo host listens there. Source: RFC 862: what comes is sent back until the client closes.
      if (port === echoPort) socket.pipe(socket);
      else if (port === 443) secure(server, socket, { path, paths, options });
      else {
        paths.set(socket, path);
        server.emit("connection", socket);
      }
    },
  };
}

function secure(
  server: Server,
  socket: Socket,
  with_: { readonly path: Path; readonly paths: WeakMap<Socket, Path>; readonly options: FrontOptions },
): void {
  const tls = new TLSSocket(socket, {
    isServer: true,
    ALPNProtocols: ["http/1.1"],
    SNICallback: (serverName, done) => {
      const context = with_.options.secureContextFor(serverName);
      if (context === undefined) done(new Error(`no certificate for \`${serverName}\``));
      else done(null, context);
    },
  });
  tls.on("error", () => tls.destroy());
  with_.paths.set(tls, with_.path);
  tls.once("secure", () => server.emit("connection", tls));
}

function handlerFor(options: FrontOptions, request: IncomingMessage, path: Path): ServiceHandler {
  switch (path.kind) {
    // What was called decides, not what the request says of itself.
    case "gateway-endpoint":
    case "internet":
      if (isEchoHost(path.destinationIp)) return echo;
      return handlerOf(options, serviceAt(path.destinationIp)?.service ?? "this service");
    case "interface-endpoint":
      return handlerOf(options, path.service);
    case "host":
      if (isOwn(request)) return options.own;
      return handlerOf(options, serviceAskedFor(request));
  }
}

/** Scrapers ask for `/metrics` unsigned; a list of a bucket with that name is signed, or asked for with parameters. */
function isOwn({ url = "", headers }: IncomingMessage): boolean {
  if (url.startsWith("/_underpass/") || url === "/moto-api/reset") return true;
  return url === "/metrics" && headers.authorization === undefined;
}

/** Answers with the address that a caller has on the internet. */
const echo: ServiceHandler = async (request, response, path) => {
  request.resume();
  response.writeHead(200, { "content-type": "text/plain; charset=utf-8" });
  response.end(`${path.sourceIp}\n`);
};

const queryServices = new Set(["ec2", "iam", "sts", "elasticloadbalancing", "sns", "ssm", "query"]);

function handlerOf(options: FrontOptions, service: string): ServiceHandler {
  if (service === "s3") return options.s3;
  return queryServices.has(service) ? options.query : unservedService(service);
}

/** On the region's own port all services share one address: the signature's scope tells them apart, else the form. */
function serviceAskedFor(request: IncomingMessage): string {
  const { authorization = "", host = "", "content-type": contentType = "" } = request.headers;
  const scope = /Credential=[^/,\s]+\/\d+\/[^/,\s]+\/([a-z0-9-]+)\/aws4_request/.exec(authorization)?.[1];
  if (scope !== undefined) return scope;
  const named = /^(ec2|iam|sts|elasticloadbalancing|sns|ssm|dynamodb)\./.exec(host)?.[1];
  if (named !== undefined) return named;
  const isForm = request.method === "POST" && contentType.startsWith("application/x-www-form-urlencoded");
  const isQuery = isForm || request.headers["x-amz-target"] !== undefined || /[?&]Action=\w+/.test(request.url ?? "");
  return isQuery ? "query" : "s3";
}

/** An IPv4 address without the form that dual-stack sockets give it. */
function plainIp(address: string): string {
  return address.startsWith("::ffff:") ? address.slice(7) : address;
}
