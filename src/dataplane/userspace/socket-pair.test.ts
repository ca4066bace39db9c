import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { expect, test } from "vitest";
import { openSocketPairs } from "./socket-pair.ts";

async function firstText(socket: Socket): Promise<string> {
  const [chunk] = (await once(socket, "data")) as [Buffer];
  return chunk.toString();
}

test("pairs that are opened at the same time are not mixed up", async () => {
  await using pairs = await openSocketPairs();
  const opened = await Promise.all(Array.from({ length: 40 }, () => pairs.open()));
  const heard = await Promise.all(
    opened.map(({ near, far }, at) => {
      const text = firstText(far);
      near.write(`from ${at}`);
      return text;
    }),
  );
  expect(heard).toEqual(opened.map((_, at) => `from ${at}`));
  for (const { near, far } of opened) {
    near.destroy();
    far.destroy();
  }
});

test("a reset at the far end is one at the near end", async () => {
  await using pairs = await openSocketPairs();
  const { near, far } = await pairs.open();
  const failed = once(near, "error").catch((error: Error) => [error]);
  far.resetAndDestroy();
  const [error] = (await failed) as [NodeJS.ErrnoException];
  expect(error.code).toBe("ECONNRESET");
});

test("a connection that is not ours is cut, also while pairs are being opened", async () => {
  await using pairs = await openSocketPairs();
  const { near, far } = await pairs.open();
  const foreign = (): Promise<unknown> => {
    const socket = connect({ host: "127.0.0.1", port: near.remotePort ?? 0 });
    return once(socket, "close");
  };
  await foreign();
  const cut = Array.from({ length: 5 }, foreign);
  const more = await Promise.all(Array.from({ length: 5 }, () => pairs.open()));
  await Promise.all(cut);
  for (const pair of [{ near, far }, ...more]) {
    pair.near.destroy();
    pair.far.destroy();
  }
  expect(more.length).toBe(5);
});
