/** `underpass logs`: the requests that reached the region, or with `--metadata` its metadata service, one a line. */

import type { MetadataRecord } from "../analyse/metadata-record.ts";
import type { RequestLine } from "../api/underpass/server.ts";
import type { Path } from "../network/path.ts";
import { ask, askStream, type ClientOptions, linesOf } from "./client.ts";
import type { OutputOptions } from "./output.ts";

export interface LogsOptions extends ClientOptions, OutputOptions {
  readonly follow?: boolean;
  readonly last: number;
  readonly metadata?: boolean;
}

export async function logs(options: LogsOptions): Promise<number> {
  return options.metadata === true
    ? await list<MetadataRecord>("metadata-requests", formatMetadata, options)
    : await list<RequestLine>("requests", formatLine, options);
}

async function list<T extends { readonly requestId: string }>(
  resource: string,
  format: (line: T) => string,
  options: LogsOptions,
): Promise<number> {
  const print = (line: T): void => console.log(options.output === "json" ? JSON.stringify(line) : format(line));
  // The stream opens first, so that nothing is lost between the two; what comes twice is printed once.
  const stream = options.follow === true ? await askStream(options, `${resource}?follow=1`) : undefined;
  const seen = new Set<string>();
  for (const line of await ask<T[]>(options, `${resource}?last=${options.last}`)) {
    seen.add(line.requestId);
    print(line);
  }
  if (stream !== undefined) {
    for await (const text of linesOf(stream)) {
      const line = JSON.parse(text) as T;
      if (!seen.delete(line.requestId)) print(line);
    }
  }
  return 0;
}

function formatLine(line: RequestLine): string {
  const operation = `${line.service}:${line.operation ?? "?"}`;
  const verdict = line.errorCode === undefined ? `${line.status}` : `${line.status} ${line.errorCode}`;
  return [
    new Date(line.atMs).toISOString(),
    line.requestId,
    pathText(line.path).padEnd(40),
    operation.padEnd(28),
    verdict.padEnd(20),
    `${line.durationMs.toFixed(1)} ms`,
    line.request,
  ].join("  ");
}

function formatMetadata(line: MetadataRecord): string {
  const told = line.roleName === undefined ? "" : `credentials of ${line.roleName}`;
  return [
    new Date(line.atMs).toISOString(),
    (line.instanceId ?? line.sourceIp).padEnd(19),
    `IMDSv${line.version}`,
    line.status === undefined ? "reset" : `${line.status}`.padEnd(5),
    `${line.durationMs.toFixed(1)} ms`,
    `${line.method} ${line.path}`,
    ...[line.reason ?? told].filter((text) => text !== ""),
  ].join("  ");
}

function pathText(path: Path): string {
  switch (path.kind) {
    case "host":
      return `host ${path.sourceIp}`;
    case "internet":
      return `internet ${path.sourceIp}`;
    case "gateway-endpoint":
    case "interface-endpoint":
      return `${path.vpcEndpointId} ${path.sourceIp}`;
  }
}
