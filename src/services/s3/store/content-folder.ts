/**
 * The files behind objects: written beside, synced, renamed into place; read by positioned reads into pooled buffers.
 * Streams of Node's own move 64 KiB at a time; one MiB at a time is several times faster for large objects.
 */

import { randomBytes } from "node:crypto";
import { type FileHandle, mkdir, open, readdir, rename, rm, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { makePrivateFolder, privateFileMode, privateFolderMode, restrictTree } from "./privacy.ts";

export const chunkBytes = 1024 * 1024;
const pooledBuffers = 16;

/** Takes one chunk; the chunk may be overwritten once the promise has resolved. */
export type Sink = (chunk: Uint8Array) => Promise<void>;

/** Part of a file: the bytes from `firstByte` to `lastByte`, both included. */
export interface Span {
  readonly file: string;
  readonly firstByte: number;
  readonly lastByte: number;
}

export interface ContentFolder {
  /** A new file under a temporary name. */
  readonly create: () => Promise<NewFile>;
  /** Passes the bytes of the spans on, in order, reading one chunk ahead. */
  readonly read: (spans: readonly Span[], sink: Sink) => Promise<void>;
  /** The same bytes in chunks that stay as they are. */
  readonly chunks: (spans: readonly Span[]) => AsyncGenerator<Uint8Array, void, undefined>;
  /** Takes files away; what is gone already is no failure. */
  readonly remove: (files: readonly string[]) => Promise<void>;
  /** Takes away temporary files and all files that `known` does not name: what a crash left behind. */
  readonly sweep: (known: ReadonlySet<string>) => Promise<void>;
}

export interface NewFile {
  /** Appends; `chunks` must stay as they are until it resolves. */
  readonly write: (chunks: readonly Uint8Array[]) => Promise<void>;
  /** Makes the file durable under the name that comes back. */
  readonly keep: () => Promise<string>;
  readonly discard: () => Promise<void>;
}

/** `durable` false leaves out every sync, for a store that nobody expects to outlive its process. */
export async function openContentFolder(folder: string, durable: boolean): Promise<ContentFolder> {
  await makePrivateFolder(join(folder, "temp"));
  await mkdir(join(folder, "content"), { recursive: true, mode: privateFolderMode });
  await restrictTree(join(folder, "content"));
  const pathOf = (file: string): string => join(folder, "content", file.slice(0, 2), file);
  const pool: Buffer[] = [];
  return {
    create: () => createFile(folder, pathOf, durable),
    read: (spans, sink) => readSpans(spans, sink, { pathOf, pool }),
    chunks: (spans) => readChunks(spans, pathOf),
    remove: async (files) => {
      for (const file of files) await unlink(pathOf(file)).catch(ignoreMissing);
    },
    sweep: async (known) => {
      await rm(join(folder, "temp"), { recursive: true, force: true });
      await makePrivateFolder(join(folder, "temp"));
      for (const shard of await readdir(join(folder, "content"))) {
        for (const file of await readdir(join(folder, "content", shard))) {
          if (!known.has(file)) await unlink(pathOf(file)).catch(ignoreMissing);
        }
      }
    },
  };
}

async function createFile(folder: string, pathOf: (file: string) => string, durable: boolean): Promise<NewFile> {
  const name = randomBytes(16).toString("hex");
  const temporary = join(folder, "temp", name);
  const handle = await open(temporary, "wx", privateFileMode);
  let position = 0;
  return {
    write: async (chunks) => {
      await writeFully(handle, chunks, position);
      for (const chunk of chunks) position += chunk.byteLength;
    },
    keep: async () => {
      if (durable) await handle.sync();
      await handle.close();
      const shard = dirname(pathOf(name));
      const made = await mkdir(shard, { recursive: true, mode: privateFolderMode });
      await rename(temporary, pathOf(name));
      if (durable) await syncFolder(shard);
      if (durable && made !== undefined) await syncFolder(dirname(shard));
      return name;
    },
    discard: async () => {
      await handle.close().catch(() => undefined);
      await unlink(temporary).catch(ignoreMissing);
    },
  };
}

/** `writev` may write less than asked for. */
async function writeFully(handle: FileHandle, chunks: readonly Uint8Array[], position: number): Promise<void> {
  const { bytesWritten } = await handle.writev(chunks, position);
  let skip = bytesWritten;
  let at = position + bytesWritten;
  for (const chunk of chunks) {
    if (skip >= chunk.byteLength) {
      skip -= chunk.byteLength;
      continue;
    }
    let rest = chunk.subarray(skip);
    skip = 0;
    while (rest.byteLength > 0) {
      const written = await handle.write(rest, 0, rest.byteLength, at);
      at += written.bytesWritten;
      rest = rest.subarray(written.bytesWritten);
    }
  }
}

interface Reading {
  readonly pathOf: (file: string) => string;
  readonly pool: Buffer[];
}

async function readSpans(spans: readonly Span[], sink: Sink, reading: Reading): Promise<void> {
  for (const span of spans) {
    const handle = await open(reading.pathOf(span.file), "r");
    try {
      await readSpan(handle, span, sink, reading.pool);
    } finally {
      await handle.close();
    }
  }
}

async function* readChunks(
  spans: readonly Span[],
  pathOf: (file: string) => string,
): AsyncGenerator<Uint8Array, void, undefined> {
  for (const span of spans) {
    const handle = await open(pathOf(span.file), "r");
    try {
      for (let position = span.firstByte; position <= span.lastByte; position += chunkBytes) {
        const length = Math.min(chunkBytes, span.lastByte + 1 - position);
        yield await fill(handle, Buffer.allocUnsafe(length), position);
      }
    } finally {
      await handle.close();
    }
  }
}

async function readSpan(handle: FileHandle, span: Span, sink: Sink, pool: Buffer[]): Promise<void> {
  const readAt = (position: number): Promise<Buffer> => {
    const length = Math.min(chunkBytes, span.lastByte + 1 - position);
    return fill(
      handle,
      length === chunkBytes ? (pool.pop() ?? Buffer.allocUnsafeSlow(chunkBytes)) : Buffer.allocUnsafe(length),
      position,
    );
  };
  let position = span.firstByte;
  let next = readAt(position);
  while (position <= span.lastByte) {
    const chunk = await next;
    position += chunk.byteLength;
    if (position <= span.lastByte) next = readAt(position);
    // The read ahead may fail while the sink still works; it is awaited, and thrown, in the next round.
    next.catch(() => undefined);
    try {
      await sink(chunk);
    } catch (error) {
      await next.catch(() => undefined);
      throw error;
    }
    if (chunk.byteLength === chunkBytes && pool.length < pooledBuffers) pool.push(chunk);
  }
}

async function fill(handle: FileHandle, buffer: Buffer, position: number): Promise<Buffer> {
  let done = 0;
  while (done < buffer.byteLength) {
    const { bytesRead } = await handle.read(buffer, done, buffer.byteLength - done, position + done);
    if (bytesRead === 0) throw new Error("read object content: the file ends too early");
    done += bytesRead;
  }
  return buffer;
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== "ENOENT") throw error;
}
