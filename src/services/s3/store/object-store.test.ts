import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { statSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { inlineLimitBytes } from "./draft.ts";
import { type ObjectStore, openObjectStore } from "./object-store.ts";
import { checkAcknowledged, type Acknowledged } from "./testdata/killed-writer.ts";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "underpass-store-"));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

async function* inChunks(data: Buffer): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < data.length; at += 60_000) yield data.subarray(at, at + 60_000);
}

async function put(store: ObjectStore, key: string, data: Buffer): Promise<void> {
  await using draft = await store.receive(inChunks(data));
  const attributes = { headers: {}, metadata: {}, tags: [] };
  const object = { bucket: "b", key, etag: draft.md5.toString("hex"), modifiedAtMs: 1, attributes };
  const stored = await store.put(object, draft, () => undefined);
  if (stored.ok) draft.adopt();
}

async function read(store: ObjectStore, key: string, first = 0, last?: number): Promise<Buffer> {
  const object = store.find({ bucket: "b", key })!;
  using open = store.open(object, { first, last: last ?? object.sizeBytes - 1 });
  const chunks: Buffer[] = [];
  await open.copyTo(async (chunk) => void chunks.push(Buffer.from(chunk)));
  return Buffer.concat(chunks);
}

async function filesIn(home: string): Promise<string[]> {
  const all = await readdir(home, { recursive: true, withFileTypes: true });
  return all.filter((one) => one.isFile() && /^[0-9a-f]{32}$/.test(one.name)).map((one) => one.name);
}

const patterned = (bytes: number): Buffer =>
  Buffer.alloc(bytes, Buffer.from(Array.from({ length: 251 }, (_, at) => at)));

describe.each([
  ["in a folder", () => folder],
  ["in memory", () => ":memory:"],
])("%s", (_, where) => {
  test.each([0, 1, inlineLimitBytes, inlineLimitBytes + 1, 2 * 1024 * 1024 + 3])(
    "%i bytes come back",
    async (bytes) => {
      await using store = await openObjectStore(where());
      const data = patterned(bytes);
      await put(store, "k", data);
      expect((await read(store, "k")).equals(data)).toBe(true);
      const part = await read(store, "k", Math.min(5, bytes), bytes - 2);
      expect(part.equals(data.subarray(Math.min(5, bytes), Math.max(0, bytes - 1)))).toBe(true);
    },
  );
});

describe("object store", () => {
  test("what was put is there after the store was opened again", async () => {
    const large = patterned(300_000);
    {
      await using store = await openObjectStore(folder);
      await put(store, "small", Buffer.from("x"));
      await put(store, "large", large);
    }
    await using store = await openObjectStore(folder);
    expect((await read(store, "small")).toString()).toBe("x");
    expect((await read(store, "large")).equals(large)).toBe(true);
  });

  test("replaced and deleted objects leave no file", async () => {
    {
      await using store = await openObjectStore(folder);
      await put(store, "k", patterned(200_000));
      await put(store, "k", patterned(200_001));
      await put(store, "l", patterned(200_000));
      await store.delete({ bucket: "b", key: "l" }, () => undefined);
    }
    expect(await filesIn(folder)).toHaveLength(1);
  });

  test("a reader keeps the bytes of an object that is replaced meanwhile", async () => {
    await using store = await openObjectStore(folder);
    const data = patterned(3 * 1024 * 1024);
    await put(store, "k", data);
    const chunks: Buffer[] = [];
    {
      using open = store.open(store.find({ bucket: "b", key: "k" })!, { first: 0, last: data.length - 1 });
      await put(store, "k", patterned(200_000));
      await open.copyTo(async (chunk) => void chunks.push(Buffer.from(chunk)));
    }
    expect(Buffer.concat(chunks).equals(data)).toBe(true);
    expect((await read(store, "k")).length).toBe(200_000);
  });

  test("a body that breaks off leaves nothing", async () => {
    await using store = await openObjectStore(folder);
    const broken = async function* (): AsyncGenerator<Uint8Array> {
      yield patterned(400_000);
      throw new Error("gone");
    };
    await expect(store.receive(broken())).rejects.toThrow("gone");
    expect(await filesIn(folder)).toEqual([]);
  });

  test("a refused put leaves nothing", async () => {
    await using store = await openObjectStore(folder);
    {
      await using draft = await store.receive(inChunks(patterned(400_000)));
      const attributes = { headers: {}, metadata: {}, tags: [] };
      const refused = await store.put(
        { bucket: "b", key: "k", etag: "", modifiedAtMs: 1, attributes },
        draft,
        () => "no",
      );
      expect(refused).toEqual({ ok: false, error: "no" });
    }
    expect(await filesIn(folder)).toEqual([]);
    expect(store.find({ bucket: "b", key: "k" })).toBeUndefined();
  });

  test("its owner alone may read it, also where others could before", async () => {
    const home = join(folder, "home");
    const open = async (): Promise<string[]> => {
      const entries = await readdir(home, { recursive: true, withFileTypes: true });
      const paths = [home, ...entries.map((one) => join(one.parentPath, one.name))];
      return paths.filter((path) => (statSync(path).mode & 0o077) !== 0);
    };
    const before = process.umask(0);
    try {
      await mkdir(home, { mode: 0o755 });
      {
        await using store = await openObjectStore(home);
        await put(store, "large", patterned(200_000));
        await put(store, "small", Buffer.from("x"));
        expect(await open()).toEqual([]);
        expect(await readdir(home)).toContain("objects.sqlite-wal");
      }
      for (const one of await readdir(home, { recursive: true, withFileTypes: true }))
        await chmod(join(one.parentPath, one.name), one.isDirectory() ? 0o755 : 0o644);
      await chmod(home, 0o755);
      expect(await open()).toHaveLength(6);
      await using store = await openObjectStore(home);
      expect(await open()).toEqual([]);
      expect((await read(store, "large")).length).toBe(200_000);
    } finally {
      process.umask(before);
    }
  });

  test("files that no row names are swept at the start", async () => {
    {
      await using store = await openObjectStore(folder);
      await put(store, "k", patterned(200_000));
    }
    await writeFile(join(folder, "temp", "f".repeat(32)), "left behind");
    await mkdir(join(folder, "content", "ff"), { recursive: true });
    await writeFile(join(folder, "content", "ff", "f".repeat(32)), "left behind");
    await using store = await openObjectStore(folder);
    expect(await filesIn(folder)).toHaveLength(1);
    expect((await read(store, "k")).length).toBe(200_000);
  });

  test("a bucket that is being deleted is empty and says that it is closing", async () => {
    await using store = await openObjectStore(folder);
    await put(store, "k", Buffer.from("x"));
    expect(await store.whileEmpty("b", async () => "deleted")).toBeUndefined();
    await store.delete({ bucket: "b", key: "k" }, () => undefined);
    expect(await store.whileEmpty("b", async () => store.isClosing("b"))).toEqual({ value: true });
    expect(store.isClosing("b")).toBe(false);
  });
});

describe("kill -9", () => {
  test("loses no acknowledged write, and leaves no file without a row", { timeout: 60_000 }, async () => {
    const acknowledged: Acknowledged = new Map();
    for (let round = 0; round < 5; round++) {
      const child = fork(join(import.meta.dirname, "testdata", "killed-writer.ts"), [folder, String(round)]);
      await killAfter(child, acknowledged, 40 + round * 25);
      await using store = await openObjectStore(folder);
      expect(await checkAcknowledged(store, acknowledged)).toEqual([]);
    }
    expect(acknowledged.size).toBeGreaterThan(200);
    await using store = await openObjectStore(folder);
    const rows = store.list("b", { prefix: Buffer.from("large/"), limit: 100_000 }).entries.length;
    expect((await filesIn(folder)).length).toBe(rows);
  });
});

/** Kills the writer when it has reported so many writes; what it reported counts. */
async function killAfter(child: ChildProcess, acknowledged: Acknowledged, writes: number): Promise<void> {
  let seen = 0;
  child.on("message", (message: { key: string; size: number; etag: string }) => {
    acknowledged.set(message.key, message);
    if (++seen === writes) child.kill("SIGKILL");
  });
  await once(child, "exit");
}
