import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { PlaneHost } from "../plane.ts";
import { answerStream } from "./name-server.ts";

/** Answers each query by its bytes in reverse, and one that starts with 0 not at all. */
const host: Pick<PlaneHost, "answerDns"> = {
  answerDns: (_vpcId, query) => (query[0] === 0 ? undefined : Uint8Array.from(query).reverse()),
};

function framed(...queries: readonly (readonly number[])[]): Buffer {
  return Buffer.concat(queries.map((query) => Buffer.from([query.length >> 8, query.length & 255, ...query])));
}

describe("names over streams", () => {
  const server = createServer((socket) => answerStream(socket, "vpc-00000001", host));
  beforeAll(async () => {
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
  });
  afterAll(() => {
    server.close();
  });

  /** All that comes back for these bytes, written in pieces, until the server ends the connection. */
  async function check(pieces: readonly Buffer[], answers: Buffer): Promise<void> {
    const socket: Socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
    const got: Buffer[] = [];
    socket.on("data", (data) => got.push(data)).on("error", () => {});
    for (const piece of pieces) socket.write(piece);
    socket.end();
    await once(socket, "close");
    expect(Buffer.concat(got)).toEqual(answers);
  }

  test("each query is answered in turn, however the stream is cut", async () => {
    const query = fc.array(fc.integer({ min: 1, max: 255 }), { minLength: 1, maxLength: 300 });
    const property = fc.asyncProperty(fc.array(query, { maxLength: 5 }), fc.nat(700), async (queries, cut) => {
      const bytes = framed(...queries);
      const answers = framed(...queries.map((one) => one.toReversed()));
      await check([bytes.subarray(0, cut), bytes.subarray(cut)], answers);
    });
    await fc.assert(property, { numRuns: 50 });
  });

  test("a query without an answer ends the connection", async () => {
    await check([framed([0, 1, 2], [1])], Buffer.alloc(0));
  });

  test("a torn query is never answered", async () => {
    await check([framed([1, 2]), Buffer.from([0, 5, 1])], framed([2, 1]));
  });
});
