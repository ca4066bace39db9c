/** The body of a request, read once and checked against all that is claimed of it. */

import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import { err, ok, type Result } from "../../base/result.ts";
import type { ChecksumAlgorithm } from "../../wire/checksum.ts";
import { openPayload, type PayloadOptions } from "../../wire/payload.ts";
import { PayloadError, type PayloadFailure } from "../../wire/payload-error.ts";
import type { PayloadClaim } from "../../wire/sigv4.ts";
import { type Caller, payloadMismatch } from "./authenticate.ts";
import { refuse, type S3Error, s3Error, unservedHeader } from "./s3-error.ts";
import type { Draft } from "./store/draft.ts";
import type { StoredChecksum } from "./store/stored-object.ts";

/** Source: S3 User Guide, "Amazon S3 multipart upload limits": the largest single upload, and the largest part. */
export const maxUploadBytes = 5 * 1024 ** 3;

/** XML and JSON: 1,000 keys to delete or 10,000 parts to complete fit several times. */
const maxDocumentBytes = 4 * 1024 ** 2;

export interface RequestBody {
  /** The whole body of a document. Failures: MaxMessageLengthExceeded and those of the checks. */
  readonly readDocument: (checksums: "of-body" | "of-object") => Promise<Result<Buffer, S3Error>>;
  /** Streams the body into `take`. Failures: EntityTooLarge and those of the checks; then nothing is left. */
  readonly receive: (options: ReceiveOptions) => Promise<Result<Received, S3Error>>;
}

export interface ReceiveOptions {
  readonly take: (body: AsyncIterable<Uint8Array>) => Promise<Draft>;
  /** Computed when the client names no checksum, or named one beside this. */
  readonly algorithm: ChecksumAlgorithm;
}

export interface Received {
  readonly draft: Draft;
  /** What the client claimed, or else what was computed. */
  readonly checksum: StoredChecksum;
}

/** The connection ended before the body did: there is nobody to answer. */
export class ClientGone extends Error {}

export interface BodyOptions {
  readonly response: ServerResponse;
  /** Those of the request, with those that a presigned URL holds. */
  readonly headers: IncomingHttpHeaders;
  readonly caller: Caller;
}

/** A client that said `Expect: 100-continue` is asked for the body when somebody reads it, so never for one that is refused. */
export function openRequestBody(request: IncomingMessage, { response, headers, caller }: BodyOptions): RequestBody {
  const options: PayloadOptions = {
    source: untilGone(request, response),
    claim: caller.verified?.payload ?? anonymousClaim(headers["x-amz-content-sha256"]),
    signing: caller.verified?.version === "AWS" ? undefined : caller.verified?.signing,
    headers,
  };
  return {
    readDocument: async (checksumHeaders) => {
      const payload = openPayload({ ...options, checksumHeaders });
      if (!payload.ok) return err(wordFailure(payload.error));
      if ((payload.value.declaredBytes ?? 0) > maxDocumentBytes) return refuse("MaxMessageLengthExceeded");
      return caught(() => readAll(payload.value.body));
    },
    receive: async ({ take, algorithm }) => {
      if (headers["transfer-encoding"] !== undefined && options.claim.kind !== "chunks") {
        return err(unservedHeader("Transfer-Encoding"));
      }
      const named = openPayload(options);
      if (!named.ok) return err(wordFailure(named.error));
      const chosen = named.value.algorithm ?? algorithm;
      const payload = openPayload({ ...options, compute: [chosen] });
      if (!payload.ok) return err(wordFailure(payload.error));
      const { body, declaredBytes, checksums } = payload.value;
      if (declaredBytes !== undefined && declaredBytes > maxUploadBytes) return tooLarge(declaredBytes);
      const draft = await caught(async () => ok(await take(body)));
      if (!draft.ok) return draft;
      const value = checksums.get(chosen) ?? "";
      return ok({ draft: draft.value, checksum: { algorithm: chosen, value, type: "FULL_OBJECT" } });
    },
  };
}

function tooLarge(declaredBytes: number): Result<never, S3Error> {
  const details = { ProposedSize: String(declaredBytes), MaxSizeAllowed: String(maxUploadBytes) };
  return refuse("EntityTooLarge", { details });
}

/** A request without a signature may still come in chunks. */
function anonymousClaim(header: string | readonly string[] | undefined): PayloadClaim {
  if (header === "STREAMING-UNSIGNED-PAYLOAD-TRAILER") return { kind: "chunks", signed: false, trailer: true };
  // Chunks that claim signatures without a signature to begin with: refused when the body is opened.
  if (typeof header === "string" && header.startsWith("STREAMING-")) {
    return { kind: "chunks", signed: true, trailer: header.endsWith("-TRAILER") };
  }
  return typeof header === "string" && /^[0-9a-f]{64}$/.test(header)
    ? { kind: "sha256", hex: header }
    : { kind: "unsigned" };
}

/** Whether the client still holds its body back and will not send it after this answer. */
export function holdsBack(request: IncomingMessage): boolean {
  return request.headers.expect?.toLowerCase() === "100-continue" && !continued.has(request);
}

const continued = new WeakSet<IncomingMessage>();

async function* untilGone(
  request: IncomingMessage,
  response: ServerResponse,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (holdsBack(request)) {
    continued.add(request);
    response.writeContinue();
  }
  try {
    // A loop that is left early would destroy the socket, and with it the answer.
    for await (const chunk of request.iterator({ destroyOnReturn: false })) yield asBytes(chunk);
  } catch (cause) {
    throw new ClientGone("read a request body", { cause });
  }
}

function asBytes(chunk: unknown): Uint8Array {
  if (chunk instanceof Uint8Array) return chunk;
  throw new Error("a request body comes in bytes");
}

async function readAll(body: AsyncIterable<Uint8Array>): Promise<Result<Buffer, S3Error>> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.byteLength;
    if (bytes > maxDocumentBytes) return refuse("MaxMessageLengthExceeded");
    chunks.push(chunk);
  }
  return ok(Buffer.concat(chunks, bytes));
}

async function caught<T>(work: () => Promise<Result<T, S3Error>>): Promise<Result<T, S3Error>> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof PayloadError) return err(wordFailure(error.failure));
    throw error;
  }
}

function wordFailure(failure: PayloadFailure): S3Error {
  switch (failure.kind) {
    case "incomplete":
      return s3Error("IncompleteBody", { message: "The request body terminated unexpectedly" });
    case "malformed-chunk":
      return s3Error("InvalidRequest", { message: `The chunked body is malformed: ${failure.detail}` });
    case "wrong-chunk-signature":
      return s3Error("SignatureDoesNotMatch", {
        details: { StringToSign: failure.stringToSign, SignatureProvided: failure.signatureProvided },
      });
    case "wrong-length":
      return s3Error("IncompleteBody", {
        message: "You did not provide the number of bytes specified by the Content-Length HTTP header",
      });
    case "payload-mismatch":
      return payloadMismatch(failure.claimed, failure.actual);
    case "checksum-mismatch":
      return wordMismatch(failure);
    case "wrong-trailer":
      return s3Error("MalformedTrailerError", { details: { Header: failure.header } });
    case "invalid-checksum":
      return failure.header === "content-md5"
        ? s3Error("InvalidDigest", { details: { "Content-MD5": failure.value } })
        : s3Error("InvalidRequest", { message: `Value for ${failure.header} header is invalid.` });
    case "several-checksums":
      return s3Error("InvalidRequest", {
        message: "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.",
      });
    case "unsupported-checksum":
      return s3Error("InvalidRequest", {
        message: "The algorithm type you specified in x-amz-checksum- header is invalid.",
      });
    case "missing-length":
      return s3Error("MissingContentLength");
  }
}

function wordMismatch(failure: Extract<PayloadFailure, { readonly kind: "checksum-mismatch" }>): S3Error {
  if (failure.header === "content-md5") {
    const details = { ExpectedDigest: failure.claimed, CalculatedDigest: failure.actual };
    return s3Error("BadDigest", { details });
  }
  return s3Error("BadDigest", {
    message: `The ${failure.algorithm} you specified did not match the calculated checksum.`,
  });
}
