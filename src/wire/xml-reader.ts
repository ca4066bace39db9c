/**
 * XML in: strict, without document types or entities of its own, with limits; then typed by shape.
 * Source: XML 1.0, fifth edition; Smithy specification, "XML binding traits".
 */

import { parseXml, XmlDocumentType, XmlElement, XmlError } from "@rgrove/parse-xml";
import { err, ok, type Result } from "../base/result.ts";
import type { RequestError } from "./request-error.ts";
import { expectedOf, readScalar } from "./scalar.ts";
import type { Member, Structure } from "./shape.ts";

/** S3's largest document, 10,000 parts with checksums, is about 3 MiB and five elements deep. */
export const xmlLimits = { bytes: 8 * 1024 * 1024, depth: 32 } as const;

/** The root element; fails with malformed-xml or too-large. */
export function parseXmlDocument(body: Uint8Array): Result<XmlElement, RequestError> {
  if (body.length > xmlLimits.bytes)
    return err({ kind: "too-large", what: "The length of the document", limit: xmlLimits.bytes });
  const text = decodeUtf8(body);
  if (text === undefined) return malformed("the document is not UTF-8");
  if (depthExceeds(text, xmlLimits.depth)) return malformed(`elements nest deeper than ${xmlLimits.depth}`);
  try {
    const document = parseXml(text, { preserveDocumentType: true });
    if (document.children.some((child) => child instanceof XmlDocumentType))
      return malformed("document types are not accepted");
    return document.root === null ? malformed("the document has no element") : ok(document.root);
  } catch (cause) {
    // Any other throw would be a bug of ours or of the parser.
    if (cause instanceof XmlError) return malformed(cause.message.split("\n")[0] ?? "the document is not well-formed");
    throw cause;
  }
}

/**
 * The structure that the element writes. Fails with malformed-xml at an unknown or repeated element and at text where
 * elements belong, since S3 validates against its schema.
 * ASSUMPTION: AWS says that it validates XML bodies, not how strictly; an element that the schema lacks is refused.
 *
 * Required members are not checked: see `missingMembers`.
 */
export function readStructureElement(
  shape: Structure,
  element: XmlElement,
): Result<Record<string, unknown>, RequestError> {
  const members = membersOf(shape);
  const value: Record<string, unknown> = {};
  for (const [name, text] of Object.entries(element.attributes)) {
    const member = members.get(name);
    if (member?.attribute === true) value[member.name] = text;
  }
  const children = childrenOf(element);
  if (!children.ok) return children;
  for (const child of children.value) {
    const member = members.get(localName(child));
    if (member === undefined || member.attribute)
      return malformed(`unexpected element \`${child.name}\` in \`${element.name}\``);
    const read = member.flattened ? readFlattened(member, child, value[member.name]) : readElement(member, child);
    if (!read.ok) return read;
    if (!member.flattened && value[member.name] !== undefined) return malformed(`\`${child.name}\` is given twice`);
    value[member.name] = read.value;
  }
  return ok(value);
}

/** The element's name without a namespace prefix. */
export function localName(element: XmlElement): string {
  return element.name.slice(element.name.indexOf(":") + 1);
}

function readElement(member: Member, element: XmlElement): Result<unknown, RequestError> {
  const shape = member.shape();
  switch (shape.kind) {
    case "structure":
      return readStructureElement(shape, element);
    case "list":
      return readList(shape.item, element);
    case "map":
      return malformed(`unexpected element \`${element.name}\``);
    case "string":
    case "boolean":
    case "number":
    case "blob":
    case "timestamp":
    case "unit": {
      if (element.children.some((child) => child instanceof XmlElement))
        return malformed(`\`${element.name}\` holds elements`);
      const text = shape.kind === "string" ? element.text : element.text.trim();
      const value = readScalar(shape, text);
      return value === undefined ? malformed(`\`${element.name}\` is not ${expectedOf(shape)}`) : ok(value);
    }
  }
}

function readList(item: Member, element: XmlElement): Result<unknown, RequestError> {
  const children = childrenOf(element);
  if (!children.ok) return children;
  const items: unknown[] = [];
  for (const child of children.value) {
    if (localName(child) !== item.xmlName)
      return malformed(`unexpected element \`${child.name}\` in \`${element.name}\``);
    const read = readElement(item, child);
    if (!read.ok) return read;
    items.push(read.value);
  }
  return ok(items);
}

/** The entries so far with one more. */
function readFlattened(member: Member, element: XmlElement, before: unknown): Result<unknown, RequestError> {
  const shape = member.shape();
  if (shape.kind !== "list") return malformed(`unexpected element \`${element.name}\``);
  const read = readElement(shape.item, element);
  if (!read.ok) return read;
  // The list is this reader's own until it is handed out: pushing keeps long lists linear.
  if (!Array.isArray(before)) return ok([read.value]);
  before.push(read.value);
  return ok(before);
}

/** The elements inside; fails when text that is no white space stands between them. */
function childrenOf(element: XmlElement): Result<readonly XmlElement[], RequestError> {
  const children: XmlElement[] = [];
  for (const child of element.children) {
    if (child instanceof XmlElement) children.push(child);
    else if ("text" in child && typeof child.text === "string" && child.text.trim() !== "")
      return malformed(`unexpected text in \`${element.name}\``);
  }
  return ok(children);
}

const memberTables = new WeakMap<Structure, ReadonlyMap<string, Member>>();

function membersOf(shape: Structure): ReadonlyMap<string, Member> {
  const known = memberTables.get(shape);
  if (known !== undefined) return known;
  const members = new Map(
    shape.members.filter((member) => member.http === undefined).map((member) => [member.xmlName, member]),
  );
  memberTables.set(shape, members);
  return members;
}

function decodeUtf8(body: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(body);
  } catch {
    return undefined;
  }
}

/** Whether elements nest deeper than `limit`. Looked at beforehand, since the parser recurses. */
function depthExceeds(text: string, limit: number): boolean {
  let depth = 0;
  for (let at = text.indexOf("<"); at >= 0; at = text.indexOf("<", at + 1)) {
    const closer = sectionEnd(text, at);
    if (closer !== undefined) {
      at = text.indexOf(closer, at + 2);
      if (at < 0) return false;
    } else if (text[at + 1] === "/") depth--;
    else {
      at = tagEnd(text, at);
      if (at < 0) return false;
      if (text[at - 1] !== "/") depth++;
      if (depth > limit) return true;
    }
  }
  return false;
}

/** What ends the comment, CDATA section or processing instruction that begins at `at`. */
function sectionEnd(text: string, at: number): string | undefined {
  if (text.startsWith("<!--", at)) return "-->";
  if (text.startsWith("<![CDATA[", at)) return "]]>";
  return text[at + 1] === "?" ? "?>" : undefined;
}

/** The `>` that closes the tag at `at`, past quoted attribute values; -1 when there is none. */
function tagEnd(text: string, at: number): number {
  let quote = "";
  for (let end = at + 1; end < text.length; end++) {
    const character = text[end] ?? "";
    if (quote !== "") quote = character === quote ? "" : quote;
    else if (character === '"' || character === "'") quote = character;
    else if (character === ">") return end;
  }
  return -1;
}

function malformed(detail: string): Result<never, RequestError> {
  return err({ kind: "malformed-xml", detail });
}
