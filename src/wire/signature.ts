/**
 * Reads the signature of a request, from its Authorization header or its query string, without judging it.
 * Source: S3 API Reference, "Authenticating Requests: Using the Authorization Header" and "Using Query Parameters".
 */

import { err, ok, type Result } from "../base/result.ts";
import { headersOf, queryPairs, type RequestHead, splitTarget } from "./canonical-request.ts";

export interface Signature {
  readonly form: "header" | "presigned";
  readonly accessKeyId: string;
  readonly scope: Scope;
  readonly signedHeaders: readonly string[];
  /** 64 lower-case hexadecimal digits. */
  readonly signature: string;
  /** `20130524T000000Z`. */
  readonly amzDate: string;
  readonly dateMs: number;
  /** Only presigned: 1 to 604,800. */
  readonly expiresSeconds: number | undefined;
  readonly sessionToken: string | undefined;
  /** What the client says of the body: the header, or the query parameter of a presigned URL. */
  readonly contentSha256: string | undefined;
}

export interface Scope {
  /** `20130524`. */
  readonly date: string;
  readonly region: string;
  readonly service: string;
}

export type SignatureFormFailure =
  /** No signature at all: the caller is anonymous. */
  | { readonly kind: "missing" }
  /** Signature version 2, 4A or something else. */
  | { readonly kind: "unsupported-algorithm"; readonly algorithm: string }
  | {
      readonly kind: "malformed";
      readonly form: Signature["form"];
      readonly what: SignaturePart;
      readonly detail: string;
    };

type SignaturePart =
  | "authorization"
  | "credential"
  | "signed-headers"
  | "signature"
  | "date"
  | "expires"
  | "content-sha256"
  | "two-mechanisms";

const algorithm = "AWS4-HMAC-SHA256";

/** A week. Source: S3 API Reference, "Authenticating Requests: Using Query Parameters", X-Amz-Expires. */
const maximumExpiresSeconds = 604_800;

/** The signature as the request writes it; it is read once, whoever asks. */
export function readSignature(head: RequestHead): Result<Signature, SignatureFormFailure> {
  const known = signatures.get(head) ?? parseSignature(head);
  signatures.set(head, known);
  return known;
}

// A memo of a pure result: what chooses the service and what checks the signature both look at it.
const signatures = new WeakMap<RequestHead, Result<Signature, SignatureFormFailure>>();

function parseSignature(head: RequestHead): Result<Signature, SignatureFormFailure> {
  const headers = headersOf(head.rawHeaders, headerNames);
  const authorization = headers.get("authorization");
  const { query } = splitTarget(head.target);
  const presigned = /(^|&)(X-Amz-(Algorithm|Signature|Credential)|Signature)=/.test(query);
  if (authorization !== undefined) {
    if (presigned) return malformed("header", "two-mechanisms", "only one auth mechanism allowed");
    return readHeader(authorization, headers);
  }
  return presigned ? readPresigned(queryPairs(query), headers) : err({ kind: "missing" });
}

const headerNames = new Set(["authorization", "x-amz-date", "date", "x-amz-security-token", "x-amz-content-sha256"]);

function readHeader(
  authorization: string,
  headers: ReadonlyMap<string, string>,
): Result<Signature, SignatureFormFailure> {
  const space = authorization.indexOf(" ");
  const name = space < 0 ? authorization : authorization.slice(0, space);
  if (name !== algorithm) return err({ kind: "unsupported-algorithm", algorithm: name });
  const fields = new Map<string, string>();
  for (const field of authorization.slice(space + 1).split(",")) {
    const equals = field.indexOf("=");
    const key = field.slice(0, equals).trim();
    if (equals < 0 || fields.has(key))
      return malformed("header", "authorization", "the authorization header is malformed");
    fields.set(key, field.slice(equals + 1).trim());
  }
  const date = dateOf(headers.get("x-amz-date"), headers.get("date"));
  return build({
    form: "header",
    credential: fields.get("Credential"),
    signedHeaders: fields.get("SignedHeaders"),
    signature: fields.get("Signature"),
    date,
    expires: undefined,
    sessionToken: headers.get("x-amz-security-token"),
    contentSha256: headers.get("x-amz-content-sha256"),
  });
}

function readPresigned(
  pairs: readonly (readonly [string, string])[],
  headers: ReadonlyMap<string, string>,
): Result<Signature, SignatureFormFailure> {
  const fields = new Map<string, string>();
  for (const [name, value] of pairs) {
    if (!name.startsWith("X-Amz-")) continue;
    if (fields.has(name)) return malformed("presigned", "authorization", `the query parameter ${name} is given twice`);
    fields.set(name, value);
  }
  const given = fields.get("X-Amz-Algorithm");
  if (given !== algorithm) return err({ kind: "unsupported-algorithm", algorithm: given ?? "" });
  return build({
    form: "presigned",
    credential: fields.get("X-Amz-Credential"),
    signedHeaders: fields.get("X-Amz-SignedHeaders"),
    signature: fields.get("X-Amz-Signature"),
    date: dateOf(fields.get("X-Amz-Date"), undefined),
    expires: fields.get("X-Amz-Expires"),
    sessionToken: fields.get("X-Amz-Security-Token"),
    contentSha256: fields.get("X-Amz-Content-Sha256") ?? headers.get("x-amz-content-sha256"),
  });
}

interface Fields {
  readonly form: Signature["form"];
  readonly credential: string | undefined;
  readonly signedHeaders: string | undefined;
  readonly signature: string | undefined;
  readonly date: SigningDate | undefined;
  readonly expires: string | undefined;
  readonly sessionToken: string | undefined;
  readonly contentSha256: string | undefined;
}

interface SigningDate {
  readonly amzDate: string;
  readonly dateMs: number;
}

function build(fields: Fields): Result<Signature, SignatureFormFailure> {
  const { form, date, sessionToken, contentSha256 } = fields;
  const credential = readCredential(fields.credential);
  if (credential === undefined) {
    return malformed(
      form,
      "credential",
      `the credential \`${fields.credential ?? ""}\` is not ACCESS-KEY/DATE/REGION/SERVICE/aws4_request`,
    );
  }
  const signedHeaders = fields.signedHeaders?.split(";") ?? [];
  if (!signedHeaders.every((name) => /^[a-z0-9!#$%&'*+.^_`|~-]+$/.test(name)) || !signedHeaders.includes("host")) {
    return malformed(form, "signed-headers", "the signed headers must be in lower case and hold host");
  }
  const { signature } = fields;
  if (signature === undefined || !/^[0-9a-f]{64}$/.test(signature)) {
    return malformed(form, "signature", "the signature is not 64 hexadecimal digits");
  }
  if (date === undefined) return malformed(form, "date", "the request has no valid date");
  if (date.amzDate.slice(0, 8) !== credential.scope.date) {
    return malformed(
      form,
      "credential",
      `the credential's date ${credential.scope.date} is not that of ${date.amzDate}`,
    );
  }
  const expiresSeconds = form === "presigned" ? readExpires(fields.expires) : undefined;
  if (form === "presigned" && expiresSeconds === undefined) {
    return malformed(form, "expires", "X-Amz-Expires must be a number between 1 and 604800");
  }
  return ok({ form, ...credential, signedHeaders, signature, ...date, expiresSeconds, sessionToken, contentSha256 });
}

function readCredential(text: string | undefined): { readonly accessKeyId: string; readonly scope: Scope } | undefined {
  const [accessKeyId, date, region, service, terminator, ...rest] = text?.split("/") ?? [];
  if (!accessKeyId || date === undefined || !region || !service) return undefined;
  if (terminator !== "aws4_request" || rest.length > 0 || !/^\d{8}$/.test(date)) return undefined;
  return { accessKeyId, scope: { date, region, service } };
}

/** `x-amz-date`, else `date` in the basic form of ISO 8601 or in that of RFC 9110. */
function dateOf(amzDate: string | undefined, date: string | undefined): SigningDate | undefined {
  const text = amzDate ?? date;
  if (text === undefined) return undefined;
  const basic = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  if (basic !== null) {
    const [, year, month, day, hour, minute, second] = basic;
    const dateMs = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
    return Number.isNaN(dateMs) ? undefined : { amzDate: text, dateMs };
  }
  if (amzDate !== undefined) return undefined;
  const dateMs = Date.parse(text);
  if (Number.isNaN(dateMs) || !text.endsWith("GMT")) return undefined;
  return { amzDate: `${new Date(dateMs).toISOString().replace(/[-:]|\.\d+/g, "")}`, dateMs };
}

function readExpires(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d{1,7}$/.test(text)) return undefined;
  const seconds = Number(text);
  return seconds >= 1 && seconds <= maximumExpiresSeconds ? seconds : undefined;
}

function malformed(form: Signature["form"], what: SignaturePart, detail: string): Result<never, SignatureFormFailure> {
  return err({ kind: "malformed", form, what, detail });
}
