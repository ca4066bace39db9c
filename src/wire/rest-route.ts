/**
 * Which S3 operation a request asks for: by method, what the path names, query parameters and one header.
 *
 * The S3 server calls `s3TargetOf(host, target)`, then `router(request)`, then `readRestInput` of `rest-input.ts`.
 * Source: the `http` traits of S3's model; S3 User Guide, "Virtual hosting of buckets".
 */

import { err, ok, type Result } from "../base/result.ts";
import { queryPairs, splitTarget } from "./canonical-request.ts";
import type { RequestError } from "./request-error.ts";
import type { HttpTrait, Operation, ServiceTable } from "./shape.ts";

export interface RestRequest {
  readonly method: string;
  readonly target: S3Target;
  /** By name in lower case, as Node gives them; values hold one byte a character. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
}

export interface S3Target {
  /** Whether the host or the path names the bucket; `path` too where none is named. */
  readonly style: "host" | "path";
  readonly bucket: string | undefined;
  /** Decoded, never empty. */
  readonly key: string | undefined;
  /** Decoded names and values in their order. */
  readonly query: readonly (readonly [name: string, value: string])[];
}

type Route =
  | { readonly kind: "served"; readonly operation: Operation }
  /** AWS has the operation (or the parameter that tells it), we do not. */
  | { readonly kind: "unserved"; readonly name: string }
  /** Nothing takes this method there. */
  | { readonly kind: "method-not-allowed" };

export type Router = (request: RestRequest) => Route;

/** A router over the table's operations; those that need most come first. */
export function restRouter(table: ServiceTable): Router {
  const candidates = new Map<string, Candidate[]>();
  const subresources = new Set<string>();
  const add = (name: string, http: HttpTrait, operation: Operation | undefined): void => {
    const place = `${http.method} ${http.level}`;
    candidates.set(place, [...(candidates.get(place) ?? []), { name, http, header: headerOf(operation), operation }]);
    for (const [parameter] of http.query) if (!ordinaryParameters.has(parameter)) subresources.add(parameter);
  };
  for (const operation of Object.values(table.operations))
    if (operation.http !== undefined) add(operation.name, operation.http, operation);
  for (const { name, http } of table.unserved) add(name, http, undefined);
  for (const list of candidates.values()) list.sort((a, b) => needsOf(b) - needsOf(a));
  return (request) => routeOf(request, candidates, subresources);
}

/** The bucket and key that host and target name, path style and virtual-host style; fails with malformed-query. */
export function s3TargetOf(host: string, target: string): Result<S3Target, RequestError> {
  const { path, query } = splitTarget(target);
  const decoded = decodePath(path);
  if (decoded === undefined) return err({ kind: "malformed-query", detail: "the path is not well encoded" });
  const pairs = queryPairs(query);
  const hostBucket = bucketOfHost(host);
  if (hostBucket !== undefined)
    return ok({ style: "host", bucket: hostBucket, key: decoded.slice(1) || undefined, query: pairs });
  const slash = decoded.indexOf("/", 1);
  const bucket = slash < 0 ? decoded.slice(1) : decoded.slice(1, slash);
  const key = slash < 0 ? "" : decoded.slice(slash + 1);
  return ok({ style: "path", bucket: bucket || undefined, key: key || undefined, query: pairs });
}

/** The header's value as one text. */
export function headerValue(headers: RestRequest["headers"], name: string): string | undefined {
  const value = headers[name];
  return typeof value === "object" ? value.join(", ") : value;
}

interface Candidate {
  readonly name: string;
  readonly http: HttpTrait;
  /** A header that tells a copy from an upload. */
  readonly header: string | undefined;
  readonly operation: Operation | undefined;
}

/** Parameters of requests, not names of subresources: they may stand beside any operation. */
const ordinaryParameters: ReadonlySet<string> = new Set(["uploadId", "partNumber", "versionId", "id", "list-type"]);

const copySource = "x-amz-copy-source";

function headerOf(operation: Operation | undefined): string | undefined {
  const shape = operation?.input();
  if (shape?.kind !== "structure") return undefined;
  const isCopy = shape.members.some(
    ({ required, http }) => required && http?.kind === "header" && http.name === copySource,
  );
  return isCopy ? copySource : undefined;
}

function needsOf({ http, header }: Candidate): number {
  return http.query.length + (header === undefined ? 0 : 1);
}

function routeOf(
  request: RestRequest,
  candidates: ReadonlyMap<string, readonly Candidate[]>,
  subresources: ReadonlySet<string>,
): Route {
  const { bucket, key, query } = request.target;
  const level = bucket === undefined ? "service" : key === undefined ? "bucket" : "key";
  const parameters = new Map(query);
  const found = candidates.get(`${request.method} ${level}`)?.find((candidate) => fits(candidate, request, parameters));
  if (found === undefined) return { kind: "method-not-allowed" };
  // A parameter that names another subresource must not be overlooked: it would turn into a plain GET or PUT.
  const own = new Set(found.http.query.map(([name]) => name));
  const other = query.find(([name]) => subresources.has(name) && !own.has(name));
  if (other !== undefined) return { kind: "unserved", name: other[0] };
  return found.operation === undefined
    ? { kind: "unserved", name: found.name }
    : { kind: "served", operation: found.operation };
}

function fits({ http, header }: Candidate, request: RestRequest, parameters: ReadonlyMap<string, string>): boolean {
  if (header !== undefined && request.headers[header] === undefined) return false;
  return http.query.every(
    ([name, value]) => parameters.has(name) && (value === undefined || parameters.get(name) === value),
  );
}

function decodePath(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}

/** `bucket.s3.amazonaws.com`, with region, dual-stack or FIPS parts, or under an interface endpoint's own name. */
const awsHost = /^(.+)\.s3(?:-fips)?(?:[.-][a-z0-9-]+){0,2}\.amazonaws\.com(?:\.cn)?$/;
const endpointHost = /^(?:(.+)\.)?bucket\.vpce-[a-z0-9-]+\.s3\.[a-z0-9-]+\.vpce\.amazonaws\.com$/;
/** For clients on the machine itself. */
const localHost = /^(?!s3\.)(.+?)\.(?:s3\.(?:[a-z0-9-]+\.)?)?localhost$/;

function bucketOfHost(host: string): string | undefined {
  const name = host.toLowerCase().replace(/:\d+$/, "").replace(/\.$/, "");
  const endpoint = endpointHost.exec(name);
  if (endpoint !== null) return endpoint[1];
  const local = localHost.exec(name);
  if (local !== null) return local[1];
  return name.endsWith(".vpce.amazonaws.com") ? undefined : awsHost.exec(name)?.[1];
}
