/**
 * XML out: a writer is compiled once per shape and then only joins strings.
 * Source: Smithy specification, "XML binding traits"; the order of elements is that of the schema.
 */

import { type TimestampFormat, writeTimestamp } from "./scalar.ts";
import type { Member, Shape, Structure } from "./shape.ts";

/** How the service writes its times in bodies: EC2 and S3 with milliseconds, IAM and STS without. */
export type DateStyle = "date-time" | "date-time-seconds";

export const xmlDeclaration = '<?xml version="1.0" encoding="UTF-8"?>\n';

/** The elements of the structure's members that stand in a body; members that are undefined or null are left out. */
export function writeMembers(shape: Structure, value: unknown, style: DateStyle): string {
  return membersWriter(shape, style)(value);
}

/** One whole element. */
export function writeElement(member: Member, tag: string, value: unknown, style: DateStyle): string {
  return elementWriter(member, tag, style)(value);
}

/** Text safe between tags and in attributes. Characters that XML cannot hold become references, as S3 writes them. */
export function escapeXml(text: string): string {
  if (!needsEscape.test(text)) return text;
  // Quotes in JSON are by far the commonest: only rarer characters need the whole search.
  return rare.test(text) ? text.toWellFormed().replace(escaped, reference) : text.replace(markup, reference);
}

/** A structure that will never change: what is written for it is written once and kept as long as it is. */
export function writeOnce<T extends object>(value: T): T {
  settled.add(value);
  return value;
}

const settled = new WeakSet();

type Writer = (value: unknown) => string;

/** Markup, control characters but for tab and line feed, line ends that parsers would normalise, surrogates. */
const needsEscape = /[&<>"\p{Cc}\u2028\p{Cs}\ufffe\uffff]/u;
const rare = /(?![\t\n])[\p{Cc}\u2028\p{Cs}\ufffe\uffff]/u;
const markup = /[&<>"]/g;
const escaped = /[&<>"\u2028\ufffe\uffff]|(?![\t\n])\p{Cc}/gu;
const named: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

function reference(character: string): string {
  return named[character] ?? `&#x${character.charCodeAt(0).toString(16)};`;
}

const writers: Record<DateStyle, WeakMap<Structure, Writer>> = {
  "date-time": new WeakMap(),
  "date-time-seconds": new WeakMap(),
};

function membersWriter(shape: Structure, style: DateStyle): Writer {
  const known = writers[style].get(shape);
  if (known !== undefined) return known;
  // The members' writers are made at the first call, since a shape may reach itself.
  let names: readonly string[] | undefined;
  let elements: readonly Writer[] = [];
  const writer: Writer = (value) => {
    if (names === undefined) {
      const members = shape.members.filter((member) => !member.attribute && member.http === undefined);
      elements = members.map((member) => elementWriter(member, member.xmlName, style));
      names = members.map((member) => member.name);
    }
    const fields = value as Readonly<Record<string, unknown>>;
    let out = "";
    for (let at = 0; at < names.length; at++) {
      const field = fields[names[at] ?? ""];
      if (field !== undefined && field !== null) out += elements[at]?.(field) ?? "";
    }
    return out;
  };
  writers[style].set(shape, writer);
  return writer;
}

function elementWriter(member: Member, tag: string, style: DateStyle): Writer {
  const shape = member.shape();
  const open = `<${tag}${namespaceOf(member)}>`;
  const close = `</${tag}>`;
  switch (shape.kind) {
    case "structure":
      return structureWriter(shape, member, tag, style);
    case "list": {
      const item = elementWriter(shape.item, member.flattened ? tag : shape.item.xmlName, style);
      return member.flattened ? listWriter(item, "", "", "") : listWriter(item, open, close, `<${tag}/>`);
    }
    case "map": {
      const { xmlName: key } = shape.key;
      const value = elementWriter(shape.value, shape.value.xmlName, style);
      const entryTag = member.flattened ? tag : "entry";
      const entry = (name: string, field: unknown): string =>
        `<${entryTag}><${key}>${escapeXml(name)}</${key}>${value(field)}</${entryTag}>`;
      const entries: Writer = (map) =>
        Object.entries(map as object)
          .map(([name, field]) => entry(name, field))
          .join("");
      return member.flattened ? entries : (map) => open + entries(map) + close;
    }
    case "string":
    case "boolean":
    case "number":
    case "blob":
    case "timestamp":
    case "unit": {
      const text = scalarWriter(shape, style);
      return (value) => open + text(value) + close;
    }
  }
}

function structureWriter(shape: Structure, member: Member, tag: string, style: DateStyle): Writer {
  const members = membersWriter(shape, style);
  const attributes = shape.members.filter((inner) => inner.attribute);
  const open = `<${tag}${namespaceOf(member)}`;
  const close = `</${tag}>`;
  if (attributes.length === 0) {
    const kept = new WeakMap<object, string>();
    return (value) => {
      if (!settled.has(value as object)) return `${open}>${members(value)}${close}`;
      let text = kept.get(value as object);
      if (text === undefined) kept.set(value as object, (text = `${open}>${members(value)}${close}`));
      return text;
    };
  }
  return (value) => {
    const fields = value as Readonly<Record<string, unknown>>;
    const written = attributes.map(({ name, xmlName }) =>
      fields[name] === undefined ? "" : ` ${xmlName}="${escapeXml(fields[name] as string)}"`,
    );
    return `${open}${written.join("")}>${members(value)}${close}`;
  };
}

function listWriter(item: Writer, open: string, close: string, empty: string): Writer {
  return (value) => {
    const list = value as readonly unknown[];
    if (list.length === 0) return empty;
    let out = open;
    for (const entry of list) if (entry !== undefined && entry !== null) out += item(entry);
    return out + close;
  };
}

function scalarWriter(shape: Shape, style: DateStyle): Writer {
  if (shape.kind === "string") return (value) => escapeXml(String(value));
  if (shape.kind === "blob") return (value) => Buffer.from(value as Uint8Array).toString("base64");
  if (shape.kind === "timestamp") {
    const format: TimestampFormat = shape.format === undefined || shape.format === "date-time" ? style : shape.format;
    return (value) => writeTimestamp(value as Date, format);
  }
  return String;
}

function namespaceOf(member: Member): string {
  if (member.xmlNamespace === undefined) return "";
  const [prefix, uri] = member.xmlNamespace;
  return ` xmlns${prefix === "" ? "" : `:${prefix}`}="${uri}"`;
}
