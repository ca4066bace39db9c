/** S3: what the SDK sends is routed and read as it was meant, what we write is what the SDK reads, for every operation. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { s3Table } from "../../src/wire/generated/s3.ts";
import { writeRestAnswer, writeRestError } from "../../src/wire/rest-answer.ts";
import { bodyKindOf, readRestInput } from "../../src/wire/rest-input.ts";
import { restRouter, s3TargetOf } from "../../src/wire/rest-route.ts";
import type { Operation } from "../../src/wire/shape.ts";
import { bodyText, structureOf, type Style } from "./arbitrary.ts";
import { type Answer, type Caught, sdkClient, sdkCommand } from "./sdk-client.ts";
import { taken } from "./taken.ts";

const router = restRouter(s3Table);
const style: Style = { text: bodyText, wholeSeconds: false };
const runs = 3;

describe.each([{ forcePathStyle: true }, { forcePathStyle: false }])("inputs with $forcePathStyle", (settings) => {
  test.each(Object.values(s3Table.operations).map((operation) => [operation.name, operation] as const))(
    "%s",
    async (_, operation) => {
      let request: Caught | undefined;
      const client = sdkClient(
        "s3",
        (one) => {
          request = one;
          return emptyAnswer(operation);
        },
        settings,
      );
      await fc.assert(
        fc.asyncProperty(inputsOf(operation), async (input) => {
          await client.send(sdkCommand("s3", operation.name, input));
          const caught = request!;
          const target = taken(s3TargetOf(caught.headers["host"] ?? "", caught.target));
          const asked = { method: caught.method, target, headers: caught.headers };
          expect(router(asked)).toEqual({ kind: "served", operation });
          const isStream = bodyKindOf(operation) === "stream";
          const read = taken(readRestInput(operation, asked, isStream ? undefined : caught.body));
          expect(isStream ? caught.body.toString() : "").toBe(isStream ? "body" : "");
          expect(addedBySdk(read, input)).toEqual(sent(input, operation));
        }),
        { numRuns: runs },
      );
    },
  );
});

describe("outputs", () => {
  test.each(Object.values(s3Table.operations).map((operation) => [operation.name, operation] as const))(
    "%s",
    async (_, operation) => {
      let answer: Answer = { status: 200, body: "" };
      const client = sdkClient("s3", () => answer, { forcePathStyle: true });
      const [input] = fc.sample(inputsOf(operation), { numRuns: 1, seed: 3 });
      const shape = operation.output();
      const outputs = shape.kind === "structure" ? structureOf(shape, style) : fc.constant({});
      await fc.assert(
        fc.asyncProperty(outputs, async (some) => {
          const output: Record<string, unknown> = { ...emptyCopies[operation.name], ...some };
          const written = writeRestAnswer(operation, output, s3Table.xmlNamespace);
          answer = { status: written.status, headers: written.headers, body: written.body ?? "" };
          const {
            $metadata,
            Body: _body,
            ...read
          } = (await client.send(sdkCommand("s3", operation.name, input))) as Record<string, unknown>;
          const { Body: _stream, ...expected } = output;
          expect(read).toMatchObject(expected);
          expect($metadata).toMatchObject({ httpStatusCode: written.status });
        }),
        { numRuns: runs },
      );
    },
  );

  test("an error", async () => {
    const body = writeRestError({
      code: "NoSuchKey",
      message: "The specified key does not exist.",
      requestId: "r",
      details: { Key: "a<b" },
    });
    const client = sdkClient("s3", () => ({ status: 404, headers: { "content-type": "application/xml" }, body }));
    await expect(client.send(sdkCommand("s3", "GetObject", { Bucket: "b00", Key: "a<b" }))).rejects.toMatchObject({
      name: "NoSuchKey",
      message: "The specified key does not exist.",
    });
  });
});

function inputsOf(operation: Operation): fc.Arbitrary<Record<string, unknown>> {
  const shape = operation.input();
  if (shape.kind !== "structure") return fc.constant({});
  return structureOf(shape, style).map((input) => forSdk(input, operation));
}

/** What the SDK's own middleware would change or refuse is left out. */
function forSdk(input: Record<string, unknown>, operation: Operation): Record<string, unknown> {
  const kept = Object.entries(input).filter(
    ([name]) => !/^(Checksum|SSECustomer|CopySourceSSE|ContentLength|ContentMD5|ContentEncoding|Body$)/.test(name),
  );
  const plain = Object.fromEntries(kept);
  if (operation.name === "CopyObject" || operation.name === "UploadPartCopy") plain["CopySource"] = "b00/key";
  if (operation.name === "GetObjectAttributes") plain["ObjectAttributes"] = ["ETag", "ObjectSize"];
  return bodyKindOf(operation) === "stream" ? { ...plain, Body: "body" } : plain;
}

function sent(input: Record<string, unknown>, operation: Operation): unknown {
  const { Body: _, ...rest } = input;
  return bodyKindOf(operation) === "stream" ? rest : input;
}

/** Without the headers that the SDK fills in by itself. */
function addedBySdk(read: Record<string, unknown>, input: Record<string, unknown>): unknown {
  const own = /^(Checksum|ContentMD5|ContentLength|ContentType|ContentEncoding|CreateBucketConfiguration|ChecksumMode)/;
  return Object.fromEntries(Object.entries(read).filter(([name]) => name in input || !own.test(name)));
}

/** The SDK takes a copy's answer without a body for an error. */
const emptyCopies: Readonly<Record<string, object>> = {
  CopyObject: { CopyObjectResult: {} },
  UploadPartCopy: { CopyPartResult: {} },
};

function emptyAnswer(operation: Operation): Answer {
  const written = writeRestAnswer(operation, emptyCopies[operation.name] ?? {}, s3Table.xmlNamespace);
  return { status: written.status, headers: written.headers, body: written.body ?? "" };
}
