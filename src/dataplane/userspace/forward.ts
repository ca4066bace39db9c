/**
 * Plain HTTP through the proxy: every request names its own host, so each is routed on its own, and a client's connection
 * to the proxy may carry requests to several services. Source: RFC 9112 section 3.2.2 (absolute form), RFC 9110 section
 * 7.6.1 (fields that end at the proxy).
 */

import { Agent, type IncomingMessage, request as openRequest, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { resetSocket } from "../../wire/reset.ts";
import { flowKey, type OpenFlow } from "./dial.ts";

/** Opens a connection whose other end a service has; made anew for each flow. */
export type OpenConnection = (flow: OpenFlow) => Promise<Socket>;

export interface Forwarding {
  readonly flow: OpenFlow;
  /** Path and query: the origin form. */
  readonly target: string;
}

/** Sends requests on. A client's connection has one connection for each flow that it uses. */
export function forwarder(
  open: OpenConnection,
): (request: IncomingMessage, response: ServerResponse, to: Forwarding) => void {
  const agents = new WeakMap<Socket, Map<string, Agent>>();

  function agentFor(client: Socket, { flow }: Forwarding): Agent {
    let byFlow = agents.get(client);
    if (byFlow === undefined) {
      const fresh = new Map<string, Agent>();
      client.once("close", () => fresh.forEach((agent) => agent.destroy()));
      agents.set(client, fresh);
      byFlow = fresh;
    }
    const key = flowKey(flow);
    const agent = byFlow.get(key) ?? newAgent(flow);
    byFlow.set(key, agent);
    return agent;
  }

  function newAgent(flow: OpenFlow): Agent {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    agent.createConnection = (_options, done) => {
      void connectInto(flow, done);
      return undefined;
    };
    return agent;
  }

  async function connectInto(flow: OpenFlow, done: Done | undefined): Promise<void> {
    try {
      done?.(null, await open(flow));
    } catch (error) {
      // The agent looks at the error alone, but its type asks for both.
      (done as ((error: unknown) => void) | undefined)?.(error);
    }
  }

  return (request, response, to) => {
    const onward = openRequest({
      agent: agentFor(request.socket, to),
      method: request.method,
      path: to.target,
      headers: endToEnd(request.rawHeaders),
      setHost: false,
    });
    onward.on("continue", () => response.writeContinue());
    onward.on("response", (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.statusMessage, endToEnd(answer.rawHeaders));
      answer.pipe(response);
      answer.on("error", () => resetSocket(request.socket));
    });
    // What cuts the connection to the service cuts the client's, as one connection would be.
    onward.on("error", () => resetSocket(request.socket));
    response.on("close", () => onward.destroy());
    request.pipe(onward);
  };
}

type Done = (error: Error | null, stream: Duplex) => void;

const hopByHop = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "proxy-authorization",
  "proxy-authenticate",
  "te",
  "upgrade",
]);

/** The fields of a message without those that are for the proxy alone, as a flat list of names and values. */
function endToEnd(rawHeaders: readonly string[]): string[] {
  return rawHeaders.filter((_, at) => !hopByHop.has((rawHeaders[at - (at % 2)] ?? "").toLowerCase()));
}
