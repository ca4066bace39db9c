/** EC2, IAM and STS: what the SDK sends is what we read, what we write is what the SDK reads, for every operation. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ec2Table } from "../../src/wire/generated/ec2.ts";
import { iamTable } from "../../src/wire/generated/iam.ts";
import { stsTable } from "../../src/wire/generated/sts.ts";
import { parseQuery, type QueryProtocol, readInput } from "../../src/wire/query.ts";
import { writeQueryAnswer, writeQueryError } from "../../src/wire/query-answer.ts";
import type { Operation, ServiceTable } from "../../src/wire/shape.ts";
import { bodyText, structureOf, type Style } from "./arbitrary.ts";
import { type Answer, type Caught, sdkClient, sdkCommand } from "./sdk-client.ts";
import { taken } from "./taken.ts";

interface Subject {
  readonly service: "ec2" | "iam" | "sts";
  readonly table: ServiceTable;
  readonly protocol: QueryProtocol;
}

const subjects: readonly Subject[] = [
  { service: "ec2", table: ec2Table, protocol: "ec2Query" },
  { service: "iam", table: iamTable, protocol: "awsQuery" },
  { service: "sts", table: stsTable, protocol: "awsQuery" },
];

const runs = 3;
/** All operations of a service in one test; the machine may be busy. */
const timeoutMs = 180_000;

describe.each(subjects)("$service", ({ service, table, protocol }) => {
  const style: Style = { text: bodyText, wholeSeconds: protocol === "awsQuery" };

  test(
    "inputs",
    async () => {
      let request: Caught | undefined;
      const client = sdkClient(service, (one) => {
        request = one;
        return { status: 200, body: emptyAnswer(table, protocol, request) };
      });
      for (const operation of Object.values(table.operations)) {
        await fc.assert(
          fc.asyncProperty(valuesOf(operation, "input", style), async (input) => {
            await client.send(sdkCommand(service, operation.name, input));
            const query = taken(parseQuery(request!.body));
            expect(query).toMatchObject({ action: operation.name, version: table.version });
            expect(withoutTokens(taken(readInput(query, operation, protocol)), input)).toEqual(plain(input));
          }),
          { numRuns: runs },
        );
      }
    },
    timeoutMs,
  );

  test(
    "outputs",
    async () => {
      let answer: Answer = { status: 200, body: "" };
      const client = sdkClient(service, () => answer);
      for (const operation of Object.values(table.operations)) {
        const [input] = fc.sample(valuesOf(operation, "input", style), { numRuns: 1, seed: 7 });
        await fc.assert(
          fc.asyncProperty(valuesOf(operation, "output", style), async (output) => {
            const body = writeQueryAnswer({
              protocol,
              xmlNamespace: table.xmlNamespace,
              operation,
              output,
              requestId: "request-1",
            });
            answer = { status: 200, body };
            const { $metadata: _, ...read } = (await client.send(sdkCommand(service, operation.name, input))) as Record<
              string,
              unknown
            >;
            expect(plain(read)).toEqual(plain(output));
          }),
          { numRuns: runs },
        );
      }
    },
    timeoutMs,
  );

  test("errors", async () => {
    const body = writeQueryError({
      protocol,
      xmlNamespace: table.xmlNamespace,
      code: "Some.Code",
      message: "a < b & c",
      status: 400,
      requestId: "request-2",
    });
    const client = sdkClient(service, () => ({ status: 400, body }));
    const operation = service === "ec2" ? "DescribeVpcs" : service === "iam" ? "ListUsers" : "GetCallerIdentity";
    await expect(client.send(sdkCommand(service, operation, {}))).rejects.toMatchObject({
      name: "Some.Code",
      message: "a < b & c",
      $metadata: { httpStatusCode: 400 },
    });
  });
});

function valuesOf(operation: Operation, side: "input" | "output", style: Style): fc.Arbitrary<Record<string, unknown>> {
  const shape = operation[side]();
  return shape.kind === "structure" ? structureOf(shape, style) : fc.constant({});
}

function emptyAnswer(table: ServiceTable, protocol: QueryProtocol, request: Caught): string {
  const query = parseQuery(request.body);
  const operation = table.operations[(query.ok && query.value.action) || ""];
  if (operation === undefined) return "";
  return writeQueryAnswer({ protocol, xmlNamespace: table.xmlNamespace, operation, output: {}, requestId: "r" });
}

/** The SDK adds an idempotency token where none is given. */
function withoutTokens(read: Record<string, unknown>, sent: Record<string, unknown>): unknown {
  return sent["ClientToken"] === undefined ? plain({ ...read, ClientToken: undefined }) : plain(read);
}

/** Without members that are undefined; bytes as arrays. */
function plain(value: unknown): unknown {
  if (value instanceof Date) return value;
  if (value instanceof Uint8Array) return [...value];
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, field]) => (field === undefined ? [] : [[name, plain(field)]])),
  );
}
