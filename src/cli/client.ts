/** Speaks to the running region's own API. */

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

/** As `ask`, with the answer as a stream. */
export async function askRaw(options: ClientOptions, path: string, body?: unknown): Promise<Response> {
  const endpoint = endpointOf(options);
  let response: Response;
  try {
    response = await fetch(
      `${endpoint}/_underpass/${path}`,
      body === undefined ? {} : { method: "POST", body: JSON.stringify(body) },
    );
  } catch (cause) {
    throw new Failure(
      exitStatus.machine,
      `no region answers at ${endpoint}; start one with \`underpass up\`, or name another with \`--endpoint\` or UNDERPASS_ENDPOINT`,
      cause,
    );
  }
  if (response.ok) return response;
  const failure = (await response.json().catch(() => undefined)) as { error?: { message?: string } } | undefined;
  const message = failure?.error?.message;
  if (message === undefined)
    throw new Failure(
      exitStatus.machine,
      `what answers at ${endpoint} is no Underpass region (status ${response.status})`,
    );
  throw new Failure(response.status === 503 ? exitStatus.machine : exitStatus.input, message);
}
