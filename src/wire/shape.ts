/**
 * The shapes of AWS's operations as the generated tables hold them: just what the codecs need.
 * A table is text, one line of JSON a shape, and a line is read when its shape is first asked for: loading costs a split.
 * Written from the public schemas of the AWS SDK for JavaScript v3 by `npm run generate`.
 *
 * Servers take a table (`generated/ec2.ts` and so on) and hand its operations to the codecs: `query.ts` and
 * `query-answer.ts` for EC2, IAM and STS, `rest-route.ts`, `rest-input.ts` and `rest-answer.ts` for S3.
 */

import { assert } from "../base/assert.ts";

export type Shape = Structure | List | MapShape | Scalar | Timestamp;

export interface Structure {
  readonly kind: "structure";
  readonly name: string;
  /** The root element, where it is not `name`. */
  readonly xmlName: string;
  /** In the order of the schema: required members first. */
  readonly members: readonly Member[];
}

export interface List {
  readonly kind: "list";
  readonly item: Member;
}

export interface MapShape {
  readonly kind: "map";
  readonly key: Member;
  readonly value: Member;
}

export interface Scalar {
  readonly kind: "string" | "boolean" | "number" | "blob" | "unit";
}

export interface Timestamp {
  readonly kind: "timestamp";
  /** Undefined: the default of the place (RFC 3339 in a body or query, HTTP-date in a header). */
  readonly format: "date-time" | "http-date" | "epoch-seconds" | undefined;
}

export interface Member {
  /** As in the SDK's types: `VpcId`. */
  readonly name: string;
  readonly shape: () => Shape;
  readonly required: boolean;
  /** The element's name; for the item of a list, `member` unless the schema says otherwise; for a payload, the root. */
  readonly xmlName: string;
  /** The parameter's name in ec2Query. */
  readonly ec2Name: string;
  /** A list or map whose entries stand beside each other without an element around them. */
  readonly flattened: boolean;
  /** An XML attribute instead of an element (`xsi:type`). */
  readonly attribute: boolean;
  /** `[prefix, uri]` that the element declares. */
  readonly xmlNamespace: readonly [string, string] | undefined;
  readonly http: HttpBinding | undefined;
}

/** Where a member of a restXml operation stands; undefined: in the XML body. */
export type HttpBinding =
  | { readonly kind: "label" }
  | { readonly kind: "query"; readonly name: string }
  /** `name` is in lower case. */
  | { readonly kind: "header"; readonly name: string }
  | { readonly kind: "prefix-headers"; readonly prefix: string }
  | { readonly kind: "payload" }
  | { readonly kind: "status" };

export interface Operation {
  /** `CreateVpc`. */
  readonly name: string;
  readonly input: () => Shape;
  readonly output: () => Shape;
  /** Only for restXml. */
  readonly http: HttpTrait | undefined;
}

export interface HttpTrait {
  readonly method: string;
  /** What the path names: the service (`/`), a bucket, or a key in a bucket. */
  readonly level: "service" | "bucket" | "key";
  /** Query parameters that the request must have; a value where one is fixed (`list-type=2`). */
  readonly query: readonly (readonly [name: string, value: string | undefined])[];
  readonly status: number;
}

/** An operation of a restXml service that AWS has and the table does not. */
interface UnservedRoute {
  readonly name: string;
  readonly http: HttpTrait;
}

export interface ServiceTable {
  /** The API version: `2016-11-15`. */
  readonly version: string;
  readonly xmlNamespace: string;
  readonly operations: Readonly<Record<string, Operation>>;
  /** Only for restXml. */
  readonly unserved: readonly UnservedRoute[];
}

/** What a generated file holds. */
export interface TableText {
  readonly version: string;
  readonly xmlNamespace: string;
  /** Lines of `name input output method level query status`, the last four for restXml only. */
  readonly operations: string;
  /** Lines of `name json`. */
  readonly shapes: string;
  /** Lines of `name method level query`, for restXml only. */
  readonly unserved?: string;
}

/** The table of a generated file; its shapes are read as they are used, each once. */
export function openTable(text: TableText): ServiceTable {
  const lines = new Map<string, string>();
  for (const line of linesOf(text.shapes)) {
    const space = line.indexOf(" ");
    lines.set(line.slice(0, space), line.slice(space + 1));
  }
  const shapes = new Map<string, Shape>();
  const shapeOf = (name: string): Shape => {
    const known = shapes.get(name) ?? simple[name];
    if (known !== undefined) return known;
    const line = lines.get(name);
    assert(line !== undefined, `the table holds the shape ${name}`);
    const shape = readShape(name, JSON.parse(line) as ShapeText, shapeOf);
    shapes.set(name, shape);
    return shape;
  };
  const operations: Record<string, Operation> = Object.create(null) as Record<string, Operation>;
  for (const line of linesOf(text.operations)) {
    const operation = readOperation(line, shapeOf);
    operations[operation.name] = operation;
  }
  const unserved = linesOf(text.unserved ?? "").map(readUnserved);
  return { version: text.version, xmlNamespace: text.xmlNamespace, operations, unserved };
}

/** `["s", xmlName or 0, member…]`, `["l", item]`, `["m", key, value]`. */
export type ShapeText =
  | readonly ["s", string | 0, ...MemberText[]]
  | readonly ["l", MemberText]
  | readonly ["m", MemberText, MemberText];

/** Name, shape and, where there are any, traits. */
export type MemberText = readonly [name: string, shape: string, traits?: MemberTraits];

export interface MemberTraits {
  /** Required. */
  readonly r?: 1;
  /** xmlName. */
  readonly x?: string;
  /** ec2QueryName, where it is not what `xmlName` gives. */
  readonly q?: string;
  /** Flattened. */
  readonly f?: 1;
  /** XML attribute. */
  readonly a?: 1;
  /** XML namespace. */
  readonly n?: readonly [string, string];
  /** `label`, `payload`, `status`, `query NAME`, `header NAME` or `prefix NAME`. */
  readonly h?: string;
}

/** Shapes that need no line. */
const simple: Readonly<Record<string, Shape>> = {
  "=string": { kind: "string" },
  "=boolean": { kind: "boolean" },
  "=number": { kind: "number" },
  "=blob": { kind: "blob" },
  "=unit": { kind: "unit" },
  "=timestamp": { kind: "timestamp", format: undefined },
  "=date-time": { kind: "timestamp", format: "date-time" },
  "=http-date": { kind: "timestamp", format: "http-date" },
  "=epoch-seconds": { kind: "timestamp", format: "epoch-seconds" },
};

function linesOf(text: string): string[] {
  return text.split("\n").filter((line) => line !== "");
}

function readOperation(line: string, shapeOf: (name: string) => Shape): Operation {
  const [name = "", input = "", output = "", ...http] = line.split(" ");
  return { name, input: () => shapeOf(input), output: () => shapeOf(output), http: readHttp(http) };
}

function readUnserved(line: string): UnservedRoute {
  const [name = "", ...rest] = line.split(" ");
  const http = readHttp(rest);
  assert(http !== undefined, `the table tells the route of ${name}`);
  return { name, http };
}

function readHttp([method, level, query = "-", status = "200"]: readonly string[]): HttpTrait | undefined {
  if (method === undefined || (level !== "service" && level !== "bucket" && level !== "key")) return undefined;
  return { method, level, query: readQuery(query), status: Number(status) };
}

function readQuery(text: string): HttpTrait["query"] {
  if (text === "-") return [];
  return text.split("&").map((pair) => {
    const equals = pair.indexOf("=");
    return equals < 0 ? [pair, undefined] : [pair.slice(0, equals), pair.slice(equals + 1)];
  });
}

function readShape(name: string, text: ShapeText, shapeOf: (name: string) => Shape): Shape {
  switch (text[0]) {
    case "s": {
      const [, xmlName, ...members] = text;
      return {
        kind: "structure",
        name,
        xmlName: xmlName === 0 ? name : xmlName,
        members: members.map((member) => readMember(member, shapeOf)),
      };
    }
    case "l":
      return { kind: "list", item: readMember(text[1], shapeOf) };
    case "m":
      return { kind: "map", key: readMember(text[1], shapeOf), value: readMember(text[2], shapeOf) };
  }
}

function readMember([name, shapeName, traits = {}]: MemberText, shapeOf: (name: string) => Shape): Member {
  const xmlName = traits.x ?? name;
  return {
    name,
    shape: () => shapeOf(shapeName),
    required: traits.r === 1,
    xmlName,
    ec2Name: traits.q ?? capitalised(xmlName),
    flattened: traits.f === 1,
    attribute: traits.a === 1,
    xmlNamespace: traits.n,
    http: traits.h === undefined ? undefined : readBinding(traits.h),
  };
}

function readBinding(text: string): HttpBinding | undefined {
  const [kind, name = ""] = text.split(" ");
  if (kind === "label" || kind === "payload" || kind === "status") return { kind };
  if (kind === "query" || kind === "header") return { kind, name };
  return kind === "prefix" ? { kind: "prefix-headers", prefix: name } : undefined;
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
