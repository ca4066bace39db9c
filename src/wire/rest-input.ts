/**
 * A restXml request to an operation's typed input.
 *
 * The S3 server asks `bodyKindOf(operation)` how to take the body, then calls `readRestInput(operation, request, body)`.
 * Source: Smithy specification, "HTTP binding traits" and "AWS restXml protocol".
 */

import { err, ok, type Result } from "../base/result.ts";
import type { Missing, RequestError } from "./request-error.ts";
import { headerValue, type RestRequest } from "./rest-route.ts";
import { expectedOf, readScalar } from "./scalar.ts";
import type { HttpBinding, Member, Operation, Structure } from "./shape.ts";
import { localName, parseXmlDocument, readStructureElement } from "./xml-reader.ts";

/** `stream`: the caller's own business, absent from the input. `text` and `xml` are to be read whole. */
export type BodyKind = "none" | "text" | "xml" | "stream";

export function bodyKindOf(operation: Operation): BodyKind {
  const shape = operation.input();
  if (shape.kind !== "structure") return "none";
  const payload = shape.members.find((member) => member.http?.kind === "payload");
  switch (payload?.shape().kind) {
    case undefined:
      return shape.members.some((member) => member.http === undefined) ? "xml" : "none";
    case "blob":
      return "stream";
    case "string":
      return "text";
    case "structure":
    case "list":
    case "map":
    case "boolean":
    case "number":
    case "timestamp":
    case "unit":
      return "xml";
  }
}

/** The input as the SDK's types have it; fails with the first wrong value, then with all that are missing. */
export function readRestInput(
  operation: Operation,
  request: RestRequest,
  body: Uint8Array | undefined,
): Result<Record<string, unknown>, RequestError> {
  const shape = operation.input();
  if (shape.kind !== "structure") return ok({});
  const input: Record<string, unknown> = {};
  for (const member of shape.members) {
    if (member.http === undefined || member.http.kind === "payload") continue;
    const value = readBound(member, member.http, request);
    if (!value.ok) return value;
    if (value.value !== undefined) input[member.name] = value.value;
  }
  const read = readBody(shape, body ?? new Uint8Array());
  if (!read.ok) return read;
  Object.assign(input, read.value);
  const missing = missingMembers(shape, input);
  return missing.length > 0 ? err({ kind: "missing", missing }) : ok(input);
}

/** Every required member that is absent, also inside structures and lists of the body. */
function missingMembers(shape: Structure, value: Readonly<Record<string, unknown>>, path = ""): readonly Missing[] {
  const missing: Missing[] = [];
  for (const member of shape.members) {
    const at = `${path}${member.xmlName}`;
    const field = value[member.name];
    if (field !== undefined) missing.push(...missingInside(member, field, at));
    else if (member.required && !(member.http?.kind === "payload" && member.shape().kind === "blob")) {
      missing.push({ parameter: nameOf(member, at), path: at, where: whereOf(member.http) });
    }
  }
  return missing;
}

function missingInside(member: Member, value: unknown, at: string): readonly Missing[] {
  const shape = member.shape();
  if (shape.kind === "structure") return missingMembers(shape, value as Readonly<Record<string, unknown>>, `${at}.`);
  if (shape.kind !== "list" || member.http !== undefined) return [];
  return (value as readonly unknown[]).flatMap((item, index) => missingInside(shape.item, item, `${at}.${index + 1}`));
}

function nameOf(member: Member, at: string): string {
  return member.http?.kind === "query" || member.http?.kind === "header" ? member.http.name : at;
}

function whereOf(binding: HttpBinding | undefined): Missing["where"] {
  if (binding?.kind === "query" || binding?.kind === "label") return "query";
  return binding?.kind === "header" ? "header" : "body";
}

function readBound(member: Member, binding: HttpBinding, request: RestRequest): Result<unknown, RequestError> {
  switch (binding.kind) {
    case "label":
      return ok(member.name === "Bucket" ? request.target.bucket : request.target.key);
    case "query":
      return readQueryParameter(member, binding.name, request);
    case "header":
      return readHeader(member, binding.name, headerValue(request.headers, binding.name));
    case "prefix-headers":
      return ok(readPrefixHeaders(binding.prefix, request.headers));
    case "payload":
    case "status":
      return ok(undefined);
  }
}

function readQueryParameter(member: Member, name: string, request: RestRequest): Result<unknown, RequestError> {
  const values = request.target.query.filter(([other]) => other === name).map(([, value]) => value);
  const shape = member.shape();
  if (shape.kind === "list") return ok(values.length === 0 ? undefined : values);
  const [value] = values;
  // S3 takes `?max-keys=` for no limit given.
  if (value === undefined || (value === "" && shape.kind !== "string")) return ok(undefined);
  if (values.length > 1) return err({ kind: "repeated-parameter", parameter: name });
  return readText(member, name, value);
}

function readHeader(member: Member, name: string, value: string | undefined): Result<unknown, RequestError> {
  if (value === undefined) return ok(undefined);
  const shape = member.shape();
  if (shape.kind === "list")
    return ok(
      value
        .split(",")
        .map((item) => item.trim())
        .filter((item) => item !== ""),
    );
  if (shape.kind === "timestamp" && shape.format !== "date-time") {
    // A date that cannot be read counts as absent. Source: RFC 9110 section 13.1.3.
    const date = new Date(value);
    return ok(Number.isNaN(date.getTime()) ? undefined : date);
  }
  return readText(member, name, value.trim());
}

function readText(member: Member, name: string, text: string): Result<unknown, RequestError> {
  const shape = member.shape();
  if (shape.kind === "structure" || shape.kind === "list" || shape.kind === "map") return ok(text);
  const value = readScalar(shape, text);
  return value === undefined
    ? err({ kind: "invalid-value", parameter: name, value: text, expected: expectedOf(shape) })
    : ok(value);
}

function readPrefixHeaders(
  prefix: string,
  headers: RestRequest["headers"],
): Readonly<Record<string, string>> | undefined {
  const map = Object.create(null) as Record<string, string>;
  let count = 0;
  for (const name of Object.keys(headers)) {
    if (!name.startsWith(prefix) || name.length === prefix.length) continue;
    map[name.slice(prefix.length)] = headerValue(headers, name) ?? "";
    count++;
  }
  return count === 0 ? undefined : map;
}

function readBody(shape: Structure, body: Uint8Array): Result<Record<string, unknown>, RequestError> {
  const payload = shape.members.find((member) => member.http?.kind === "payload");
  if (payload === undefined) return readMembers(shape, body);
  const inner = payload.shape();
  if (inner.kind === "blob") return ok({});
  if (body.length === 0) return payload.required ? err({ kind: "missing-body" }) : ok({});
  if (inner.kind === "string") return ok({ [payload.name]: Buffer.from(body).toString("utf8") });
  if (inner.kind !== "structure") return ok({});
  const value = readRoot(inner, payload.xmlName, body);
  return value.ok ? ok({ [payload.name]: value.value }) : value;
}

/** The members that stand in the body without a payload member around them. */
function readMembers(shape: Structure, body: Uint8Array): Result<Record<string, unknown>, RequestError> {
  const inBody = shape.members.some((member) => member.http === undefined);
  return inBody && body.length > 0 ? readRoot(shape, shape.xmlName, body) : ok({});
}

function readRoot(shape: Structure, name: string, body: Uint8Array): Result<Record<string, unknown>, RequestError> {
  const root = parseXmlDocument(body);
  if (!root.ok) return root;
  if (localName(root.value) !== name)
    return err({ kind: "malformed-xml", detail: `the root element is \`${root.value.name}\`, not \`${name}\`` });
  return readStructureElement(shape, root.value);
}
