import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { resetSocket } from "./reset.ts";

const server = createServer({ allowHalfOpen: true });

beforeAll(async () => {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
});
afterAll(() => server.close());

/** Both ends of a connection; the near one listens to nothing but errors. */
async function pair(): Promise<{ near: Socket; far: Socket }> {
  const near = connect({ host: "127.0.0.1", port: (server.address() as AddressInfo).port });
  near.on("error", () => undefined);
  const [far] = (await once(server, "connection")) as [Socket];
  if (near.connecting) await once(near, "connect");
  return { near, far };
}

/** A socket that has closed is told of one turn longer. */
async function openSockets(): Promise<number> {
  await new Promise(setImmediate);
  return process.getActiveResourcesInfo().filter((name) => name === "TCPSocketWrap").length;
}

test("a connection is reset, whatever waits to be sent", async () => {
  const { near, far } = await pair();
  const failed = once(near, "error").catch((error: Error) => [error]);
  far.end(Buffer.alloc(50_000_000));
  near.resume();
  resetSocket(far);
  await once(far, "close");
  const [error] = (await failed) as [NodeJS.ErrnoException];
  expect(error.code).toBe("ECONNRESET");
});

test("one that is just ending is closed, and nothing stays open", async () => {
  const { near, far } = await pair();
  const faults: Error[] = [];
  far.on("error", (error) => faults.push(error));
  far.end();
  const closed = once(far, "close");
  // The system is asked in the next tick, and has answered only in the next turn.
  process.nextTick(() => process.nextTick(() => resetSocket(far)));
  await closed;
  near.destroy();
  await once(near, "close");
  expect(faults).toEqual([]);
  expect(await openSockets()).toBe(0);
});

test("one that has ended, and one that is gone", async () => {
  const { near, far } = await pair();
  far.end();
  await once(far, "finish");
  resetSocket(far);
  await once(far, "close");
  far.on("error", () => undefined);
  resetSocket(far);
  near.destroy();
  expect([near.destroyed, far.destroyed]).toEqual([true, true]);
});
