/** Writes objects of both kinds into a store as fast as it can and reports each acknowledged one, until somebody kills it. */

import { createHash } from "node:crypto";
import { type ObjectStore, openObjectStore } from "../object-store.ts";

export type Acknowledged = Map<string, { readonly key: string; readonly size: number; readonly etag: string }>;

/** The keys whose object is not what was acknowledged. */
export async function checkAcknowledged(store: ObjectStore, acknowledged: Acknowledged): Promise<string[]> {
  const wrong: string[] = [];
  for (const { key, size, etag } of acknowledged.values()) {
    const object = store.find({ bucket: "b", key });
    if (object === undefined || object.sizeBytes !== size || object.etag !== etag) {
      wrong.push(key);
      continue;
    }
    using open = store.open(object, { first: 0, last: size - 1 });
    const md5 = createHash("md5");
    await open.copyTo(async (chunk) => void md5.update(chunk));
    if (md5.digest("hex") !== etag) wrong.push(key);
  }
  return wrong;
}

async function write(store: ObjectStore, key: string, size: number): Promise<void> {
  const chunk = Buffer.alloc(64 * 1024, key);
  const body = async function* (): AsyncGenerator<Uint8Array> {
    for (let left = size; left > 0; left -= chunk.length) yield chunk.subarray(0, Math.min(left, chunk.length));
  };
  await using draft = await store.receive(body());
  const attributes = { headers: {}, metadata: {}, tags: [] };
  const etag = draft.md5.toString("hex");
  const stored = await store.put({ bucket: "b", key, etag, modifiedAtMs: 1, attributes }, draft, () => undefined);
  if (!stored.ok) throw new Error("refused");
  draft.adopt();
  process.send?.({ key, size, etag });
}

async function writeForEver(folder: string, round: string): Promise<void> {
  const store = await openObjectStore(folder);
  const writers = Array.from({ length: 6 }, async (_, writer) => {
    for (let turn = 0; ; turn++) {
      const large = turn % 3 === 0;
      await write(
        store,
        `${large ? "large" : "small"}/${round}/${writer}/${turn}`,
        large ? 300_000 + turn : 1000 + turn,
      );
    }
  });
  await Promise.all(writers);
}

const [, , folder, round] = process.argv;
if (process.send !== undefined && import.meta.main && folder !== undefined) await writeForEver(folder, round ?? "0");
