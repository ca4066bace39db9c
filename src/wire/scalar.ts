/** The text forms of simple values, shared by all protocols. Source: Smithy specification, "Serialization and Protocol traits". */

import { unreachable } from "../base/assert.ts";
import type { Scalar, Timestamp } from "./shape.ts";

/** The value that `text` writes, or undefined when it writes none of that kind. Numbers are whole: no input takes others. */
export function readScalar(shape: Scalar | Timestamp, text: string): unknown {
  switch (shape.kind) {
    case "string":
      return text;
    case "boolean":
      return readBoolean(text);
    case "number":
      return /^-?\d{1,15}$/.test(text) ? Number(text) : undefined;
    case "blob":
      return /^[A-Za-z0-9+/\s]*={0,2}\s*$/.test(text) ? Buffer.from(text, "base64") : undefined;
    case "timestamp":
      return readTimestamp(text);
    case "unit":
      return undefined;
    default:
      return unreachable(shape);
  }
}

/** What stands after "expected" in an error. */
export function expectedOf(shape: Scalar | Timestamp): string {
  switch (shape.kind) {
    case "string":
      return "a string";
    case "boolean":
      return "true or false";
    case "number":
      return "an integer";
    case "blob":
      return "base64";
    case "timestamp":
      return "a timestamp";
    case "unit":
      return "nothing";
    default:
      return unreachable(shape);
  }
}

export type TimestampFormat = "date-time" | "date-time-seconds" | "http-date" | "epoch-seconds";

/** `date-time` has milliseconds, as EC2 and S3 write them; `date-time-seconds` none, as IAM and STS do. */
export function writeTimestamp(date: Date, format: TimestampFormat): string {
  switch (format) {
    case "date-time":
      return date.toISOString();
    case "date-time-seconds":
      return `${date.toISOString().slice(0, 19)}Z`;
    case "http-date":
      return date.toUTCString();
    case "epoch-seconds":
      return String(date.getTime() / 1000);
  }
}

function readBoolean(text: string): boolean | undefined {
  const lower = text.toLowerCase();
  if (lower === "true" || lower === "1") return true;
  return lower === "false" || lower === "0" ? false : undefined;
}

const dateTime = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?)?$/;
const httpDate = /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/;

/** Any of the three forms; a time without zone is UTC. */
function readTimestamp(text: string): Date | undefined {
  const date = new Date(millisecondsOf(text));
  return Number.isNaN(date.getTime()) ? undefined : date;
}

function millisecondsOf(text: string): number {
  if (/^\d{1,12}(\.\d{1,9})?$/.test(text)) return Number(text) * 1000;
  const match = dateTime.exec(text);
  if (match !== null) return Date.parse(match[1] === undefined || match[4] !== undefined ? text : `${text}Z`);
  return httpDate.test(text) ? Date.parse(text) : Number.NaN;
}
