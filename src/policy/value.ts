/** Values of conditions beyond text: numbers, dates, addresses, base64. Source: IAM User Guide, "IAM JSON policy elements: Condition operators". */

import { hostPrefix, parsePrefixMasked, type Prefix } from "../base/prefix.ts";
import { parseIp } from "../base/ip.ts";

/** A decimal number, or undefined. */
export function parseNumeric(text: string): number | undefined {
  return /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text.trim()) ? Number(text) : undefined;
}

const datePattern =
  /^(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(Z|[+-]\d\d:?\d\d))?)?)?$/;

/**
 * Milliseconds since the epoch of an ISO 8601 date (whole, or cut after year, month, day, minute or second) or of epoch
 * seconds, or undefined. Four digits alone are a year, as in the W3C profile of ISO 8601.
 */
export function parseDate(text: string): number | undefined {
  const match = datePattern.exec(text);
  if (match === null) return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) * 1000 : undefined;
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = match
    .slice(1, 7)
    .map((part: string | undefined) => (part === undefined ? undefined : Number(part)));
  if (month < 1 || month > 12 || day < 1 || day > daysOf(year, month)) return undefined;
  if (hour > 23 || minute > 59 || second > 60) return undefined;
  const millis = Math.floor(Number(`0.${match[7] ?? "0"}`) * 1000);
  return Date.UTC(year, month - 1, day, hour, minute, second, millis) - offsetMsOf(match[8] ?? "Z");
}

/** The prefix that an address or a CIDR block writes, or undefined; bits behind the prefix are ignored. */
export function parseIpRange(text: string): Prefix | undefined {
  if (text.includes("/")) return parsePrefixMasked(text);
  const ip = parseIp(text);
  return ip && hostPrefix(ip);
}

/** `true` or `false` in any case, or undefined. */
export function parseBool(text: string): boolean | undefined {
  const lower = text.toLowerCase();
  return lower === "true" ? true : lower === "false" ? false : undefined;
}

/** The bytes as characters of 0 to 255, or undefined when `text` is no base64. */
export function parseBase64(text: string): string | undefined {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text) || text.replace(/=+$/, "").length % 4 === 1) return undefined;
  return atob(text.replace(/=+$/, ""));
}

/** The six parts of an ARN; the last keeps its colons. Undefined when there are fewer. */
export function splitArn(text: string): readonly string[] | undefined {
  const parts = text.split(":");
  return parts.length < 6 ? undefined : [...parts.slice(0, 5), parts.slice(5).join(":")];
}

function daysOf(year: number, month: number): number {
  return new Date(Date.UTC(year, month, 0)).getUTCDate();
}

function offsetMsOf(zone: string): number {
  if (zone === "Z") return 0;
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(-2));
  return (zone.startsWith("-") ? -minutes : minutes) * 60_000;
}
