/**
 * Requests of the query protocols (EC2, IAM, STS): a form in the body or a query string to an operation's typed input.
 *
 * A server calls `parseQuery(body)` first, finds the operation by `request.action`, then calls
 * `readInput(request, operation, protocol)`. Failures are values; `wordRequestError` of `request-error.ts` words them.
 *
 * Source: Smithy specification, "AWS EC2 query protocol" and "AWS query protocol".
 */

import { err, ok, type Result } from "../base/result.ts";
import type { Missing, RequestError } from "./request-error.ts";
import { expectedOf, readScalar } from "./scalar.ts";
import type { List, MapShape, Member, Operation, Shape, Structure } from "./shape.ts";

export type QueryProtocol = "ec2Query" | "awsQuery";

export interface QueryRequest {
  readonly action: string | undefined;
  readonly version: string | undefined;
  /** All others, decoded, but for those of a signature. */
  readonly parameters: readonly (readonly [name: string, value: string])[];
}

/**
 * ASSUMPTION: AWS documents no limits on the size, number and depth of query parameters; these are far above what its
 * clients send, and small enough to be read at once.
 */
export const queryLimits = { bytes: 1024 * 1024, parameters: 20_000, index: 10_000, depth: 24 } as const;

/**
 * Source: XML 1.0, section 2.2, "Characters".
 *
 * ASSUMPTION: a query with a character that XML cannot hold is refused as MalformedQueryString, since no client could read
 * an answer that tells it; AWS does not say.
 */
const notInXml = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u;

/** The parameters of `text`, form-encoded; fails with malformed-query or too-large. */
export function parseQuery(text: string | Uint8Array): Result<QueryRequest, RequestError> {
  if (text.length > queryLimits.bytes) return tooLarge("The length of the request", queryLimits.bytes);
  const form =
    typeof text === "string" ? text : Buffer.from(text.buffer, text.byteOffset, text.byteLength).toString("utf8");
  const parameters: (readonly [string, string])[] = [];
  const head = new Map<string, string>();
  for (const pair of form.split("&")) {
    if (pair === "") continue;
    const equals = pair.indexOf("=");
    const name = decodeForm(equals < 0 ? pair : pair.slice(0, equals));
    const value = equals < 0 ? "" : decodeForm(pair.slice(equals + 1));
    if (name === undefined || value === undefined)
      return err({
        kind: "malformed-query",
        detail: "a percent sign without two hexadecimal digits or bytes that are no UTF-8",
      });
    if (notInXml.test(name) || notInXml.test(value)) {
      const parameter = name.replaceAll(new RegExp(notInXml, "gu"), "?");
      return err({ kind: "malformed-query", detail: `a character in ${parameter} that XML cannot hold` });
    }
    if (name === "Action" || name === "Version") {
      if (head.has(name)) return err({ kind: "repeated-parameter", parameter: name });
      head.set(name, value);
    } else if (!signatureParameters.has(name)) parameters.push([name, value]);
    if (parameters.length > queryLimits.parameters) return tooLarge("The number of parameters", queryLimits.parameters);
  }
  return ok({ action: head.get("Action"), version: head.get("Version"), parameters });
}

/** The input as the SDK's types have it; fails with the first wrong parameter, then with all that are missing. */
export function readInput(
  request: QueryRequest,
  operation: Operation,
  protocol: QueryProtocol,
): Result<Record<string, unknown>, RequestError> {
  const tree = treeOf(request.parameters);
  if (!tree.ok) return tree;
  const reader: Reader = { protocol, missing: [] };
  const shape = operation.input();
  const input = shape.kind === "structure" ? readStructure(reader, shape, tree.value, rootAt) : readNothing(tree.value);
  if (!input.ok) return input;
  return reader.missing.length > 0 ? err({ kind: "missing", missing: reader.missing }) : input;
}

/** Parameters of signatures in query strings: none of them belongs to an operation. */
const signatureParameters: ReadonlySet<string> = new Set(
  ["AWSAccessKeyId", "Signature", "SignatureMethod", "SignatureVersion", "Timestamp", "SecurityToken"].concat(
    ["Algorithm", "Credential", "Date", "Expires", "SignedHeaders", "Signature", "Security-Token"].map(
      (name) => `X-Amz-${name}`,
    ),
  ),
);

function decodeForm(text: string): string | undefined {
  const spaced = text.includes("+") ? text.replaceAll("+", " ") : text;
  if (!spaced.includes("%")) return spaced;
  try {
    return decodeURIComponent(spaced);
  } catch {
    return undefined;
  }
}

/** One step of the parameters' names, split at the dots. */
interface Node {
  value: string | undefined;
  readonly children: Map<string, Node>;
}

interface Reader {
  readonly protocol: QueryProtocol;
  readonly missing: Missing[];
}

/** Where the reader stands: the parameter's name, and the path as IAM's messages write it. */
interface At {
  readonly parameter: string;
  readonly path: string;
}

const rootAt: At = { parameter: "", path: "" };

function treeOf(parameters: QueryRequest["parameters"]): Result<Node, RequestError> {
  const root = emptyNode();
  for (const [name, value] of parameters) {
    const steps = name.split(".", queryLimits.depth + 1);
    if (steps.length > queryLimits.depth)
      return tooLarge(`The depth of the parameter ${name.slice(0, 64)}`, queryLimits.depth);
    let node = root;
    for (const step of steps) {
      let child = node.children.get(step);
      if (child === undefined) node.children.set(step, (child = emptyNode()));
      node = child;
    }
    if (node.value !== undefined) return err({ kind: "repeated-parameter", parameter: name });
    node.value = value;
  }
  return ok(root);
}

function emptyNode(): Node {
  return { value: undefined, children: new Map() };
}

function readNothing(tree: Node): Result<Record<string, unknown>, RequestError> {
  const name = firstName(tree);
  return name === undefined ? ok({}) : err({ kind: "unknown-parameter", parameter: name });
}

function readStructure(
  reader: Reader,
  shape: Structure,
  node: Node,
  at: At,
): Result<Record<string, unknown>, RequestError> {
  const members = membersOf(shape, reader.protocol);
  const input: Record<string, unknown> = {};
  for (const [step, child] of node.children) {
    const member = members.get(step);
    if (member === undefined) return unknown(child, below(at, step));
    const value = readMember(reader, member, child, {
      parameter: below(at, step),
      path: join(at.path, lowerFirst(member.name)),
    });
    if (!value.ok) return value;
    input[member.name] = value.value;
  }
  for (const [step, member] of members) {
    if (!member.required || input[member.name] !== undefined) continue;
    const parameter = below(at, isNamedAsElement(reader, member, at) ? member.xmlName : step);
    reader.missing.push({ parameter, path: join(at.path, lowerFirst(member.name)), where: "body" });
  }
  return ok(input);
}

/**
 * Whether EC2 names an absent parameter as the element that would answer it. Source: AWS's answers as they are quoted:
 * `routeTableId` is missing of CreateRoute, `cidrBlock` of CreateVpc, but `ImageId` of RunInstances.
 *
 * ASSUMPTION: it does so for every parameter that is one value, and names lists as the call does.
 */
function isNamedAsElement(reader: Reader, member: Member, at: At): boolean {
  const { kind } = member.shape();
  return reader.protocol === "ec2Query" && at.parameter === "" && kind !== "list" && kind !== "structure";
}

function readMember(reader: Reader, member: Member, node: Node, at: At): Result<unknown, RequestError> {
  const shape = member.shape();
  switch (shape.kind) {
    case "structure":
      // Of an empty structure the required members are missing too.
      return isEmpty(node)
        ? readStructure(reader, shape, emptyNode(), at)
        : (whole(node, at) ?? readStructure(reader, shape, node, at));
    case "list":
      return isEmpty(node) ? ok([]) : (whole(node, at) ?? readList(reader, shape, member, { node, at }));
    case "map":
      return isEmpty(node)
        ? ok(Object.create(null))
        : (whole(node, at) ?? readMap(reader, shape, member, { node, at }));
    case "string":
    case "boolean":
    case "number":
    case "blob":
    case "timestamp":
    case "unit":
      return readLeaf(shape, node, at);
  }
}

function readLeaf(
  shape: Exclude<Shape, Structure | List | MapShape>,
  node: Node,
  at: At,
): Result<unknown, RequestError> {
  if (node.children.size > 0 || node.value === undefined) return unknown(node, at.parameter);
  const value = readScalar(shape, node.value);
  if (value === undefined)
    return err({ kind: "invalid-value", parameter: at.parameter, value: node.value, expected: expectedOf(shape) });
  return ok(value);
}

interface Place {
  readonly node: Node;
  readonly at: At;
}

function readList(reader: Reader, shape: List, member: Member, place: Place): Result<unknown, RequestError> {
  const inner = unwrapped(reader, member, shape.item.xmlName, place);
  if (!inner.ok) return inner;
  const entries = entriesOf(inner.value);
  if (!entries.ok) return entries;
  const items: unknown[] = [];
  for (const [index, child] of entries.value) {
    const at = { parameter: below(inner.value.at, String(index)), path: `${place.at.path}.${items.length + 1}.member` };
    const item = readMember(reader, shape.item, child, at);
    if (!item.ok) return item;
    items.push(item.value);
  }
  return ok(items);
}

function readMap(reader: Reader, shape: MapShape, member: Member, place: Place): Result<unknown, RequestError> {
  const inner = unwrapped(reader, member, "entry", place);
  if (!inner.ok) return inner;
  const entries = entriesOf(inner.value);
  if (!entries.ok) return entries;
  const map = Object.create(null) as Record<string, unknown>;
  for (const [index, child] of entries.value) {
    const at: At = { parameter: below(inner.value.at, String(index)), path: place.at.path };
    const key = child.children.get(shape.key.xmlName);
    const value = child.children.get(shape.value.xmlName);
    if (key?.value === undefined || value === undefined || child.children.size !== 2)
      return unknown(child, at.parameter);
    const read = readMember(reader, shape.value, value, {
      parameter: below(at, shape.value.xmlName),
      path: `${place.at.path}.${key.value}.member`,
    });
    if (!read.ok) return read;
    map[key.value] = read.value;
  }
  return ok(map);
}

/** Steps over the `member` or `entry` that awsQuery puts before the index; ec2Query never does. */
function unwrapped(reader: Reader, member: Member, wrapper: string, { node, at }: Place): Result<Place, RequestError> {
  if (reader.protocol === "ec2Query" || member.flattened) return ok({ node, at });
  const [step, child] = [...node.children][0] ?? [];
  const known = step === wrapper || step === "member";
  if (child === undefined || step === undefined || !known || node.children.size > 1 || child.value !== undefined) {
    return unknown(node, at.parameter);
  }
  return ok({ node: child, at: { parameter: below(at, step), path: at.path } });
}

/** The numbered entries in their order; gaps are closed. */
function entriesOf({ node, at }: Place): Result<readonly (readonly [number, Node])[], RequestError> {
  const entries: (readonly [number, Node])[] = [];
  for (const [step, child] of node.children) {
    if (!/^[1-9]\d{0,8}$/.test(step)) return unknown(child, below(at, step));
    if (Number(step) > queryLimits.index)
      return tooLarge(`The index of the parameter ${below(at, step)}`, queryLimits.index);
    entries.push([Number(step), child]);
  }
  return ok(entries.sort(([a], [b]) => a - b));
}

/** `Tags=` writes an empty list or structure. */
function isEmpty(node: Node): boolean {
  return node.value === "" && node.children.size === 0;
}

/** An error when a value stands where members are expected. */
function whole(node: Node, at: At): Result<never, RequestError> | undefined {
  return node.value === undefined ? undefined : err({ kind: "unknown-parameter", parameter: at.parameter });
}

const memberTables: Record<QueryProtocol, WeakMap<Structure, ReadonlyMap<string, Member>>> = {
  ec2Query: new WeakMap(),
  awsQuery: new WeakMap(),
};

function membersOf(shape: Structure, protocol: QueryProtocol): ReadonlyMap<string, Member> {
  const known = memberTables[protocol].get(shape);
  if (known !== undefined) return known;
  const members = new Map(
    shape.members.map((member) => [protocol === "ec2Query" ? member.ec2Name : member.xmlName, member]),
  );
  memberTables[protocol].set(shape, members);
  return members;
}

function unknown(node: Node, parameter: string): Result<never, RequestError> {
  const rest = firstName(node);
  return err({ kind: "unknown-parameter", parameter: rest === undefined ? parameter : below({ parameter }, rest) });
}

/** The name of the first parameter below `node`, relative to it. */
function firstName(node: Node): string | undefined {
  const [step, child] = [...node.children][0] ?? [];
  if (step === undefined || child === undefined) return undefined;
  const rest = firstName(child);
  return rest === undefined ? step : `${step}.${rest}`;
}

function below(at: { readonly parameter: string }, step: string): string {
  return join(at.parameter, step);
}

function join(path: string, step: string): string {
  return path === "" ? step : `${path}.${step}`;
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

function tooLarge(what: string, limit: number): Result<never, RequestError> {
  return err({ kind: "too-large", what, limit });
}
