/** Reads the public schemas of the AWS SDK for JavaScript v3 into the text of a shape table. */

import { NormalizedSchema } from "@smithy/core/schema";
import type { SchemaRef, SchemaTraitsObject } from "@smithy/types";
import { assert } from "../src/base/assert.ts";
import type { MemberText, MemberTraits, ShapeText, TableText } from "../src/wire/shape.ts";

/** A module of `@aws-sdk/client-…`. */
export type SdkModule = Readonly<Record<string, unknown>>;

interface SdkOperation {
  readonly name: string;
  readonly traits: SchemaTraitsObject;
  readonly input: NormalizedSchema;
  readonly output: NormalizedSchema;
}

/** The names of all operations that the module knows, sorted. */
export function knownOperations(sdk: SdkModule): readonly string[] {
  return [...operationsOf(sdk).keys()].sort();
}

/** The table of the named operations and of every shape that they reach. Throws when the SDK lacks one of them. */
export function tableOf(
  sdk: SdkModule,
  names: readonly string[],
  service: Pick<TableText, "version" | "xmlNamespace">,
): TableText {
  const known = operationsOf(sdk);
  const shapes = new Map<string, ShapeText>();
  const operations: string[] = [];
  for (const name of names.toSorted()) {
    const operation = known.get(name);
    assert(operation !== undefined, `the SDK has the operation ${name}`);
    const input = addShape(operation.input, shapes);
    const output = addShape(operation.output, shapes);
    operations.push([name, input, output, ...httpOf(operation)].join(" "));
  }
  const lines = [...shapes]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, shape]) => `${name} ${JSON.stringify(shape)}`);
  const unserved = [...known.values()].filter((operation) => !names.includes(operation.name)).flatMap(routeLine);
  const table = { ...service, operations: operations.join("\n"), shapes: lines.join("\n") };
  return unserved.length === 0 ? table : { ...table, unserved: unserved.sort().join("\n") };
}

/** The first element of the static schema of an operation. Source: @smithy/types, schema/static-schemas. */
const operationKind = 9;

function operationsOf(sdk: SdkModule): Map<string, SdkOperation> {
  const operations = new Map<string, SdkOperation>();
  for (const value of Object.values(sdk)) {
    if (!Array.isArray(value) || value[0] !== operationKind) continue;
    const [, , name, traits, input, output] = value as [number, string, string, unknown, SchemaRef, SchemaRef];
    operations.set(name, {
      name,
      traits: typeof traits === "object" && traits !== null ? (traits as SchemaTraitsObject) : {},
      input: NormalizedSchema.of(input),
      output: NormalizedSchema.of(output),
    });
  }
  return operations;
}

/** Adds the shape and all that it reaches; its name in the table. */
function addShape(schema: NormalizedSchema, shapes: Map<string, ShapeText>): string {
  const simple = simpleName(schema);
  if (simple !== undefined) return simple;
  if (schema.isListSchema()) return addList(schema, shapes);
  if (schema.isMapSchema()) return addMap(schema, shapes);
  assert(schema.isStructSchema(), `the schema ${schema.getName(true)} is of a kind that the table can hold`);
  const name = nameOf(schema);
  if (shapes.has(name)) return name;
  const members: MemberText[] = [];
  const xmlName = schema.getOwnTraits().xmlName;
  // INVARIANT: the line stands before its members are walked, so that a shape may reach itself.
  shapes.set(name, ["s", xmlName ?? 0]);
  const requiredCount = requiredCountOf(schema);
  for (const [memberName, member] of schema.structIterator()) {
    const required = members.length < requiredCount;
    members.push(memberText(memberName, addShape(member, shapes), member, required));
  }
  shapes.set(name, ["s", xmlName ?? 0, ...members]);
  return name;
}

function addList(schema: NormalizedSchema, shapes: Map<string, ShapeText>): string {
  const item = schema.getValueSchema();
  const unnamed = typeof schema.getSchema() === "number";
  const name = unnamed ? `=list${simpleName(item) ?? ""}` : nameOf(schema);
  if (shapes.has(name)) return name;
  shapes.set(name, ["l", ["member", "=unit"]]);
  shapes.set(name, ["l", memberText("member", addShape(item, shapes), item, false)]);
  return name;
}

function addMap(schema: NormalizedSchema, shapes: Map<string, ShapeText>): string {
  const key = schema.getKeySchema();
  const value = schema.getValueSchema();
  const unnamed = typeof schema.getSchema() === "number";
  const name = unnamed ? `=map${simpleName(value) ?? ""}` : nameOf(schema);
  if (shapes.has(name)) return name;
  const keyText = memberText("key", addShape(key, shapes), key, false);
  shapes.set(name, ["m", keyText, ["value", "=unit"]]);
  shapes.set(name, ["m", keyText, memberText("value", addShape(value, shapes), value, false)]);
  return name;
}

function nameOf(schema: NormalizedSchema): string {
  // A member's schema carries its own name, the static schema that of the shape.
  const [, , name] = schema.getSchema() as unknown as readonly [number, string, string];
  return name;
}

function simpleName(schema: NormalizedSchema): string | undefined {
  if (schema.isUnitSchema()) return "=unit";
  if (schema.isTimestampSchema()) return timestampNames[schema.getSchema() as number];
  if (schema.isBlobSchema()) return "=blob";
  if (schema.isBooleanSchema()) return "=boolean";
  if (schema.isNumericSchema()) return "=number";
  return schema.isStringSchema() ? "=string" : undefined;
}

/** Source: @smithy/types, schema/sentinels. */
const timestampNames: Readonly<Record<number, string>> = {
  4: "=timestamp",
  5: "=date-time",
  6: "=http-date",
  7: "=epoch-seconds",
};

function memberText(name: string, shape: string, schema: NormalizedSchema, required: boolean): MemberText {
  const traits = schema.getMemberTraits();
  // A payload's element is named after its structure, unless the member names it.
  const xmlName =
    traits.xmlName ??
    (traits.httpPayload && schema.isStructSchema() ? (schema.getOwnTraits().xmlName ?? shape) : undefined);
  const ec2Name = (traits as { readonly ec2QueryName?: string }).ec2QueryName;
  const implied = (xmlName ?? name).charAt(0).toUpperCase() + (xmlName ?? name).slice(1);
  const binding = bindingOf(traits);
  // A namespace may be declared on the member or on its structure.
  const namespace = traits.xmlNamespace ?? (schema.isStructSchema() ? schema.getOwnTraits().xmlNamespace : undefined);
  const written: MemberTraits = {
    ...(required && { r: 1 }),
    ...(xmlName !== undefined && xmlName !== name && { x: xmlName }),
    ...(ec2Name !== undefined && ec2Name !== implied && { q: ec2Name }),
    ...(traits.xmlFlattened && { f: 1 }),
    ...(traits.xmlAttribute && { a: 1 }),
    ...(namespace && { n: namespace }),
    ...(binding !== undefined && { h: binding }),
  };
  return Object.keys(written).length === 0 ? [name, shape] : [name, shape, written];
}

function bindingOf(traits: SchemaTraitsObject): string | undefined {
  if (traits.httpLabel) return "label";
  if (traits.httpPayload) return "payload";
  if (traits.httpResponseCode) return "status";
  if (traits.httpQuery !== undefined) return `query ${traits.httpQuery}`;
  if (traits.httpHeader !== undefined) return `header ${traits.httpHeader.toLowerCase()}`;
  return traits.httpPrefixHeaders === undefined ? undefined : `prefix ${traits.httpPrefixHeaders.toLowerCase()}`;
}

/** Method, level, query and status. The SDK's paths leave the bucket out: whether there is one is a member's label. */
function httpOf(operation: SdkOperation): readonly (string | number)[] {
  const http = operation.traits.http;
  if (http === undefined) return [];
  const [method, uri, status] = http;
  const [path = "", query = ""] = uri.split("?");
  const named = query.split("&").filter((pair) => pair !== "" && !pair.startsWith("x-id="));
  return [method, levelOf(operation, path), [...named, ...requiredQuery(operation)].join("&") || "-", status];
}

/** Line of an operation that is not served; none for those with a path of their own. */
function routeLine(operation: SdkOperation): readonly string[] {
  const [method, level, query] = httpOf(operation);
  const path = operation.traits.http?.[1].split("?")[0];
  return method !== undefined && (path === "/" || path === "/{Key+}")
    ? [[operation.name, method, level, query].join(" ")]
    : [];
}

/** Required parameters tell UploadPart from PutObject. */
function requiredQuery({ input }: SdkOperation): readonly string[] {
  if (!input.isStructSchema()) return [];
  const count = requiredCountOf(input);
  return [...input.structIterator()].slice(0, count).flatMap(([, member]) => member.getMemberTraits().httpQuery ?? []);
}

function requiredCountOf(structure: NormalizedSchema): number {
  // Required members come first; their count is the seventh element, absent for none.
  return Number((structure.getSchema() as readonly unknown[])[6] ?? 0);
}

function levelOf(operation: SdkOperation, path: string): "service" | "bucket" | "key" {
  if (path.includes("{Key+}")) return "key";
  if (!operation.input.isStructSchema()) return "service";
  const labels = [...operation.input.structIterator()].filter(([, member]) => member.getMemberTraits().httpLabel);
  return labels.some(([name]) => name === "Bucket") ? "bucket" : "service";
}
