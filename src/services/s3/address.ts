/**
 * What a request is about, read off its Host header and its path: bucket, key, and the region that the host stands for.
 * Source: Amazon S3 User Guide, "Virtual hosting of general purpose buckets"; AWS General Reference, "Amazon S3 endpoints".
 */

import { ok, type Result } from "../../base/result.ts";
import { refuse, type S3Error } from "./s3-error.ts";

export interface Address {
  readonly bucket?: string;
  readonly key?: string;
  /** Absent for hosts that name none: `s3.amazonaws.com`, which serves every region, `localhost`, an address. */
  readonly region?: string;
  readonly style: "path" | "virtual-host";
  /** The query, still encoded. */
  readonly query: string;
}

const maxKeyBytes = 1024;

/** The address. Failures: InvalidURI for a path that is no percent-encoded UTF-8, KeyTooLongError. */
export function addressOf(host: string, target: string): Result<Address, S3Error> {
  const { bucket: hostBucket, region } = readHost(host);
  const { path, query } = splitTarget(target);
  const slash = path.indexOf("/", 1);
  const first = path.slice(1, slash === -1 ? undefined : slash);
  const rest = slash === -1 ? "" : path.slice(slash + 1);
  const style = hostBucket === undefined ? "path" : "virtual-host";
  const bucket = style === "path" ? decode(first) : hostBucket;
  const key = decode(style === "path" ? rest : path.slice(1));
  if (bucket === undefined || key === undefined) return refuse("InvalidURI", { details: { URI: target } });
  if (key.length > maxKeyBytes / 3 && Buffer.byteLength(key) > maxKeyBytes) {
    const details = { Size: String(Buffer.byteLength(key)), MaxSizeAllowed: String(maxKeyBytes) };
    return refuse("KeyTooLongError", { details });
  }
  return ok({
    style,
    query,
    ...(bucket === "" ? {} : { bucket }),
    ...(key === "" ? {} : { key }),
    ...(region === undefined ? {} : { region }),
  });
}

/** The bucket and the region that a Host header names. */
function readHost(host: string): { readonly bucket?: string; readonly region?: string } {
  const name = host.replace(/:\d+$/, "").toLowerCase();
  const match = awsHost.exec(name) ?? endpointHost.exec(name) ?? localHost.exec(name) ?? plainLocalHost.exec(name);
  if (match === null) return {};
  const { bucket, region } = match.groups ?? {};
  const named = region === "external-1" ? "us-east-1" : region;
  return { ...(bucket === undefined ? {} : { bucket }), ...(named === undefined ? {} : { region: named }) };
}

const awsHost =
  /^(?:(?<bucket>.+)\.)?s3(?:-fips)?(?:\.dualstack)?(?:[.-](?<region>[a-z]{2}(?:-[a-z]+)+-\d|external-1))?\.amazonaws\.com$/;
/**
 * Of interface endpoints, by the region's name and by a zone's. Source: Amazon S3 User Guide, "AWS PrivateLink for Amazon S3".
 */
const endpointHost =
  /^(?:(?:(?<bucket>.+)\.)?bucket\.)?vpce-[0-9a-f]+-[0-9a-z]{8}(?:-[0-9a-z-]+)?\.s3\.(?<region>[a-z]{2}(?:-[a-z]+)+-\d)\.vpce\.amazonaws\.com$/;
const localHost =
  /^(?:(?<bucket>.+)\.)?s3(?:\.(?<region>[a-z]{2}(?:-[a-z]+)+-\d))?\.localhost(?:\.localstack\.cloud)?$/;
const plainLocalHost = /^(?<bucket>.+)\.localhost$/;

/** Path and query of a request target; in its absolute form scheme and host go. */
function splitTarget(target: string): { readonly path: string; readonly query: string } {
  const local = target.startsWith("/") ? target : target.replace(/^[a-z]+:\/\/[^/?]*/i, "");
  const mark = local.indexOf("?");
  const path = mark === -1 ? local : local.slice(0, mark);
  return { path: path === "" ? "/" : path, query: mark === -1 ? "" : local.slice(mark + 1) };
}

function decode(text: string): string | undefined {
  if (!text.includes("%")) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
