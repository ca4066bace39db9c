/**
 * Answers and errors of restXml operations.
 *
 * The S3 server calls `writeRestAnswer(operation, output, xmlNamespace)`; a streamed body (GetObject) is its own business.
 * Source: Smithy specification, "HTTP binding traits" and "AWS restXml protocol".
 */

import { writeTimestamp } from "./scalar.ts";
import type { Member, Operation, Structure } from "./shape.ts";
import { escapeXml, writeElement, writeMembers, xmlDeclaration } from "./xml-writer.ts";

export interface RestAnswer {
  readonly status: number;
  /** By name in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** XML, or the text of a text payload; undefined when there is none or when the caller streams it. */
  readonly body: string | undefined;
}

/** `output` is as the SDK's output type has it; a blob payload in it is not looked at. */
export function writeRestAnswer(operation: Operation, output: unknown, xmlNamespace: string): RestAnswer {
  const shape = operation.output();
  const status = operation.http?.status ?? 200;
  if (shape.kind !== "structure") return { status, headers: {}, body: undefined };
  const fields = (output ?? {}) as Readonly<Record<string, unknown>>;
  const headers = writeHeaders(shape, fields);
  const statusMember = shape.members.find((member) => member.http?.kind === "status");
  const given = statusMember === undefined ? undefined : fields[statusMember.name];
  const { body, contentType } = writeBody(operation, shape, fields, xmlNamespace);
  return {
    status: typeof given === "number" ? given : status,
    headers:
      contentType === undefined || headers["content-type"] !== undefined
        ? headers
        : { ...headers, "content-type": contentType },
    body,
  };
}

export interface RestError {
  readonly code: string;
  readonly message: string;
  readonly requestId: string;
  readonly hostId?: string;
  /** Further elements by name: `BucketName`, `Key`, `Resource`, `StringToSign`. */
  readonly details?: Readonly<Record<string, string>>;
}

/** S3's error document. Source: S3 API Reference, "REST error responses". */
export function writeRestError(error: RestError): string {
  const details = Object.entries(error.details ?? {}).map(([name, value]) => `<${name}>${escapeXml(value)}</${name}>`);
  const host = error.hostId === undefined ? "" : `<HostId>${escapeXml(error.hostId)}</HostId>`;
  return `${xmlDeclaration}<Error><Code>${escapeXml(error.code)}</Code><Message>${escapeXml(error.message)}</Message>${details.join("")}<RequestId>${escapeXml(error.requestId)}</RequestId>${host}</Error>`;
}

function writeHeaders(shape: Structure, fields: Readonly<Record<string, unknown>>): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const member of shape.members) {
    const value = fields[member.name];
    if (value === undefined || value === null) continue;
    if (member.http?.kind === "header") headers[member.http.name] = headerText(member, value);
    if (member.http?.kind !== "prefix-headers") continue;
    for (const [name, text] of Object.entries(value)) headers[member.http.prefix + name] = String(text);
  }
  return headers;
}

function headerText(member: Member, value: unknown): string {
  const shape = member.shape();
  if (shape.kind === "timestamp") return writeTimestamp(value as Date, shape.format ?? "http-date");
  return shape.kind === "list" ? (value as readonly unknown[]).join(", ") : String(value);
}

interface Body {
  readonly body: string | undefined;
  readonly contentType: string | undefined;
}

const none: Body = { body: undefined, contentType: undefined };

function writeBody(
  operation: Operation,
  shape: Structure,
  fields: Readonly<Record<string, unknown>>,
  xmlNamespace: string,
): Body {
  const payload = shape.members.find((member) => member.http?.kind === "payload");
  if (payload !== undefined) return writePayload(payload, fields[payload.name], xmlNamespace);
  if (shape.members.every((member) => member.http !== undefined)) return none;
  const open = `<${shape.xmlName} xmlns="${xmlNamespace}">`;
  // GetBucketLocation alone has its one member's text in the root itself.
  const inner =
    operation.name === "GetBucketLocation"
      ? escapeXml((fields["LocationConstraint"] as string | undefined) ?? "")
      : writeMembers(shape, fields, "date-time");
  return xml(inner === "" ? `${open.slice(0, -1)}/>` : `${open}${inner}</${shape.xmlName}>`);
}

function writePayload(payload: Member, value: unknown, xmlNamespace: string): Body {
  const shape = payload.shape();
  if (value === undefined || value === null || shape.kind === "blob") return none;
  if (shape.kind !== "structure") return { body: value as string, contentType: "application/json" };
  const element = writeElement({ ...payload, xmlNamespace: ["", xmlNamespace] }, payload.xmlName, value, "date-time");
  return xml(element);
}

function xml(element: string): Body {
  return { body: xmlDeclaration + element, contentType: "application/xml" };
}
