/** Speaks to the running region's own API. */

import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { request as secureRequest } from "node:https";
import { createInterface } from "node:readline";
import { json } from "node:stream/consumers";
import { exitStatus, Failure } from "./failure.ts";

export interface ClientOptions {
  /** `--endpoint`; else UNDERPASS_ENDPOINT, else the default port. */
  readonly endpoint?: string | undefined;
}

export const defaultPort = 4566;

/** Without a slash at its end. */
export function endpointOf(options: ClientOptions): string {
  const text = options.endpoint ?? process.env["UNDERPASS_ENDPOINT"] ?? `http://127.0.0.1:${defaultPort}`;
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol)) {
    throw new Failure(
      exitStatus.usage,
      `\`${text}\` is not an endpoint; one looks like http://127.0.0.1:${defaultPort}`,
    );
  }
  return text.replace(/\/+$/, "");
}

/** The JSON answer of `GET /_underpass/…`, or of `POST` where a body is given. Throws a `Failure` with the server's own message. */
export async function ask<T>(options: ClientOptions, path: string, body?: unknown): Promise<T> {
  const response = await askRaw(options, path, body);
  return (await response.json()) as T;
}

/** As `ask`, without a look into the answer. */
async function askRaw(options: ClientOptions, path: string, body?: unknown): Promise<Response> {
  const endpoint = endpointOf(options);
  let response: Response;
  try {
    response = await fetch(
      `${endpoint}/_underpass/${path}`,
      body === undefined ? {} : { method: "POST", body: JSON.stringify(body) },
    );
  } catch (cause) {
    throw nobodyThere(endpoint, cause);
  }
  if (response.ok) return response;
  const answer = await response.json().catch(() => undefined);
  throw refusal(endpoint, response.status, answer);
}

/**
 * The answer to a `GET` that goes on for as long as the region does, however long it says nothing. `fetch` gives up on such
 * an answer after five minutes.
 */
export async function askStream(options: ClientOptions, path: string): Promise<IncomingMessage> {
  const endpoint = endpointOf(options);
  const url = `${endpoint}/_underpass/${path}`;
  const asked = url.startsWith("https:") ? secureRequest(url) : request(url);
  const answered = once(asked, "response");
  asked.end();
  const [response] = (await answered.catch((cause: unknown) => {
    throw nobodyThere(endpoint, cause);
  })) as [IncomingMessage];
  const status = response.statusCode ?? 0;
  if (status === 200) return response;
  const answer = await json(response).catch(() => undefined);
  throw refusal(endpoint, status, answer);
}

/** Its lines, until it ends. Throws a `Failure` where the region went away in the middle of it. */
export async function* linesOf(stream: IncomingMessage): AsyncGenerator<string> {
  try {
    yield* createInterface({ input: stream });
  } catch (cause) {
    throw new Failure(exitStatus.machine, "the region has ended", cause);
  }
}

function nobodyThere(endpoint: string, cause: unknown): Failure {
  return new Failure(
    exitStatus.machine,
    `no region answers at ${endpoint}; start one with \`underpass up\`, or name another with \`--endpoint\` or UNDERPASS_ENDPOINT`,
    cause,
  );
}

/** With the server's own message, if it is ours. */
function refusal(endpoint: string, status: number, answer: unknown): Failure {
  const message = (answer as { error?: { message?: string } } | undefined)?.error?.message;
  if (message === undefined)
    return new Failure(exitStatus.machine, `what answers at ${endpoint} is no Underpass region (status ${status})`);
  return new Failure(status === 503 ? exitStatus.machine : exitStatus.input, message);
}
