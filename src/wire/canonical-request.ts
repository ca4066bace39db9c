/**
 * The canonical form of a request that a signature covers, made from the bytes as they arrived.
 * Source: IAM User Guide, "Create a signed AWS API request"; S3 API Reference, "Signature Calculations for the
 * Authorization Header" (S3 encodes the path once and does not normalise it; all others encode it twice).
 */

/** A request as Node's HTTP parser gives it. */
export interface RequestHead {
  readonly method: string;
  /** The target of the request line, undecoded: `/a%20b?x=1`. */
  readonly target: string;
  /** Names and values by turns, as in `IncomingMessage.rawHeaders`; values hold one byte a character. */
  readonly rawHeaders: readonly string[];
}

export interface CanonicalParts {
  readonly head: RequestHead;
  readonly signedHeaders: readonly string[];
  /** Hexadecimal SHA-256 or one of the fixed words, such as `UNSIGNED-PAYLOAD`. */
  readonly payloadHash: string;
  readonly s3: boolean;
  /** Query parameter that is left out: the signature itself. */
  readonly without: string | undefined;
}

/** The text whose hash is signed; its characters are bytes (Latin-1). */
export function canonicalRequestOf(parts: CanonicalParts): string {
  const { path, query } = splitTarget(parts.head.target);
  const headers = headersOf(parts.head.rawHeaders, new Set(parts.signedHeaders));
  const lines = parts.signedHeaders.map((name) => `${name}:${headers.get(name) ?? ""}\n`);
  return [
    parts.head.method,
    parts.s3 ? canonicalS3Path(path) : canonicalPath(path),
    canonicalQuery(query, parts.without),
    lines.join(""),
    parts.signedHeaders.join(";"),
    parts.payloadHash,
  ].join("\n");
}

export function splitTarget(target: string): { readonly path: string; readonly query: string } {
  const mark = target.indexOf("?");
  // A request to a proxy names the whole URL; the signature covers its path alone.
  const path = (mark < 0 ? target : target.slice(0, mark)).replace(/^https?:\/\/[^/]*/i, "");
  return { path: path === "" ? "/" : path, query: mark < 0 ? "" : target.slice(mark + 1) };
}

/** The trimmed values of the headers in `wanted` (or of all), those of one name joined by commas in their order. */
export function headersOf(rawHeaders: readonly string[], wanted?: ReadonlySet<string>): ReadonlyMap<string, string> {
  const headers = new Map<string, string>();
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = (rawHeaders[at] ?? "").toLowerCase();
    if (wanted !== undefined && !wanted.has(name)) continue;
    const value = (rawHeaders[at + 1] ?? "").trim().replace(/[\t ]+/g, " ");
    const before = headers.get(name);
    headers.set(name, before === undefined ? value : `${before},${value}`);
  }
  return headers;
}

/** Decoded names and values in their order; a `+` is a space. What is no valid encoding stays as it is. */
export function queryPairs(query: string): readonly (readonly [string, string])[] {
  if (query === "") return [];
  return query
    .split("&")
    .filter((pair) => pair !== "")
    .map((pair) => {
      const equals = pair.indexOf("=");
      return equals < 0
        ? [decode(spaced(pair)), ""]
        : [decode(spaced(pair.slice(0, equals))), decode(spaced(pair.slice(equals + 1)))];
    });
}

const plainPath = /^[A-Za-z0-9\-._~/]*$/;

function canonicalS3Path(path: string): string {
  if (plainPath.test(path)) return path;
  return path
    .split("/")
    .map((part) => encode(decode(part)))
    .join("/");
}

function canonicalPath(path: string): string {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(encode(part));
  }
  return `/${parts.join("/")}${path.endsWith("/") && parts.length > 0 ? "/" : ""}`;
}

function canonicalQuery(query: string, without: string | undefined): string {
  const pairs: string[] = [];
  for (const [name, value] of queryPairs(query)) if (name !== without) pairs.push(`${encode(name)}=${encode(value)}`);
  // `=` sorts after every digit but before every letter, so names and values are compared apart.
  return pairs.sort(comparePairs).join("&");
}

function comparePairs(a: string, b: string): number {
  const [nameA = "", valueA = ""] = a.split("=");
  const [nameB = "", valueB = ""] = b.split("=");
  if (nameA !== nameB) return nameA < nameB ? -1 : 1;
  if (valueA === valueB) return 0;
  return valueA < valueB ? -1 : 1;
}

function spaced(text: string): string {
  return text.includes("+") ? text.replaceAll("+", " ") : text;
}

function decode(text: string): string {
  if (!text.includes("%")) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Everything but the unreserved characters of RFC 3986 section 2.3. */
function encode(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
