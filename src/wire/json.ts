/**
 * The protocol AWS JSON 1.1: the operation in a header, input and output as JSON.
 * Source: Smithy specification, "AWS JSON 1.1 protocol": times are seconds since the epoch, errors carry `__type`.
 */

import { err, ok, type Result } from "../base/result.ts";
import type { Refusal } from "./request-error.ts";
import type { Operation, Shape } from "./shape.ts";

export const jsonContentType = "application/x-amz-json-1.1";

/** `GetParameter` of `AmazonSSM.GetParameter`; undefined without the header. */
export function jsonActionOf(target: string | string[] | undefined): string | undefined {
  return typeof target === "string" ? target.slice(target.lastIndexOf(".") + 1) : undefined;
}

/** The input as the SDK's types have it, members that nobody knows left out; fails with SerializationException. */
export function readJsonInput(body: Uint8Array, operation: Operation): Result<Record<string, unknown>, Refusal> {
  let value: unknown;
  try {
    value = body.length === 0 ? {} : JSON.parse(Buffer.from(body).toString("utf8"));
  } catch {
    return refuse("SerializationException", "The request body is not JSON");
  }
  const read = readValue(value, operation.input(), operation.name);
  return read.ok ? ok(read.value as Record<string, unknown>) : read;
}

export function writeJsonAnswer(operation: Operation, output: unknown): string {
  return JSON.stringify(writeValue(output ?? {}, operation.output()));
}

export function writeJsonError(error: Refusal): string {
  return JSON.stringify({ __type: error.code, message: error.message });
}

function readValue(value: unknown, shape: Shape, path: string): Result<unknown, Refusal> {
  switch (shape.kind) {
    case "structure":
      return readStructure(value, shape, path);
    case "list":
      return readList(value, shape.item.shape(), path);
    case "map":
      return readMap(value, shape.value.shape(), path);
    case "string":
    case "number":
    case "boolean":
      return typeof value === shape.kind ? ok(value) : wrongType(path, shape.kind);
    case "blob":
      return typeof value === "string" ? ok(Buffer.from(value, "base64")) : wrongType(path, "string");
    case "timestamp":
      return typeof value === "number" ? ok(new Date(value * 1000)) : wrongType(path, "number");
    case "unit":
      return ok({});
  }
}

function readStructure(
  value: unknown,
  shape: Extract<Shape, { kind: "structure" }>,
  path: string,
): Result<unknown, Refusal> {
  if (!isObject(value)) return wrongType(path, "object");
  const members: Record<string, unknown> = {};
  for (const member of shape.members) {
    const given = Object.hasOwn(value, member.name) ? value[member.name] : undefined;
    if (given === undefined || given === null) {
      if (!member.required) continue;
      const text = `1 validation error detected: Value null at '${member.name}' failed to satisfy constraint: Member must not be null`;
      return refuse("ValidationException", text);
    }
    const read = readValue(given, member.shape(), `${path}.${member.name}`);
    if (!read.ok) return read;
    members[member.name] = read.value;
  }
  return ok(members);
}

function readList(value: unknown, item: Shape, path: string): Result<unknown, Refusal> {
  if (!Array.isArray(value)) return wrongType(path, "array");
  const items: unknown[] = [];
  for (const one of value as unknown[]) {
    const read = readValue(one, item, path);
    if (!read.ok) return read;
    items.push(read.value);
  }
  return ok(items);
}

function readMap(value: unknown, of: Shape, path: string): Result<unknown, Refusal> {
  if (!isObject(value)) return wrongType(path, "object");
  const entries: [string, unknown][] = [];
  for (const [key, one] of Object.entries(value)) {
    const read = readValue(one, of, path);
    if (!read.ok) return read;
    entries.push([key, read.value]);
  }
  return ok(Object.fromEntries(entries));
}

/** INVARIANT: the SDK's types of a handler's output fit the shape. */
function writeValue(value: unknown, shape: Shape): unknown {
  if (shape.kind === "timestamp") return value instanceof Date ? value.getTime() / 1000 : value;
  if (shape.kind === "list" && Array.isArray(value)) return value.map((one) => writeValue(one, shape.item.shape()));
  if (!isObject(value)) return value;
  if (shape.kind === "map") {
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, writeValue(one, shape.value.shape())]));
  }
  if (shape.kind !== "structure") return value;
  const given = shape.members.filter((member) => value[member.name] !== undefined);
  return Object.fromEntries(given.map((member) => [member.name, writeValue(value[member.name], member.shape())]));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function wrongType(path: string, expected: string): Result<never, Refusal> {
  return refuse("SerializationException", `${path} must be of the type ${expected}`);
}

function refuse(code: string, message: string): Result<never, Refusal> {
  return err({ code, message, status: 400 });
}
