/** Contents as the database knows them: which bytes lie where, which are being read, which files may go. */

import type { DatabaseSync } from "node:sqlite";
import type { ContentFolder, Sink, Span } from "./content-folder.ts";
import { bytesOf, integerOf, type Row, textOf } from "./database.ts";
import type { DraftContent } from "./draft.ts";

export interface Segment {
  readonly sizeBytes: number;
  readonly file: string;
}

/** All but `open` and what follows it are for use inside a transaction. */
export interface ContentTable {
  /** The id of a new content. */
  readonly add: (content: DraftContent, sizeBytes: number) => number;
  /** The id of a new content that consists of files, in order. */
  readonly addSegments: (segments: readonly Segment[]) => number;
  readonly segmentsOf: (contentId: number) => readonly Segment[];
  /** Forgets a content; its files go once nobody reads them and the transaction is durable. */
  readonly drop: (contentId: number) => void;
  /** Forgets a content whose files now belong to another. */
  readonly moveAway: (contentId: number) => void;
  /** The bytes from `first` to `last`, both included; they stay readable until the disposal, even when the content is dropped meanwhile. */
  readonly open: (contentId: number, range: ByteRange) => OpenContent;
  /** To be called after a commit: files of dropped contents go. */
  readonly committed: () => void;
  /** To be called after a rollback: nothing was dropped. */
  readonly rolledBack: () => void;
  /** Resolves when no removal is on its way. */
  readonly settled: () => Promise<void>;
}

export interface OpenContent extends Disposable {
  /** The bytes themselves where they lie in the database. */
  readonly data?: Buffer;
  /** Passes the bytes on, in order, in chunks that are used again. */
  readonly copyTo: (sink: Sink) => Promise<void>;
  /** The bytes in order, in chunks that stay as they are. */
  readonly chunks: () => AsyncIterable<Uint8Array>;
}

export interface ByteRange {
  readonly first: number;
  readonly last: number;
}

export function openContentTable(database: DatabaseSync, folder: ContentFolder): ContentTable {
  const insertInline = database.prepare("insert into inline_content values (?, ?)");
  const insertSegment = database.prepare("insert into segment values (?, ?, ?, ?)");
  const selectInline = database.prepare("select data from inline_content where content_id = ?");
  const deleteInline = database.prepare("delete from inline_content where content_id = ?");
  const deleteSegments = database.prepare("delete from segment where content_id = ? returning file");
  const selectSegments = database.prepare(
    "select size_bytes, file from segment where content_id = ? order by start_bytes",
  );
  const selectSpans = database.prepare(
    `select start_bytes, size_bytes, file from segment where content_id = :id and start_bytes <= :last and start_bytes >=
       (select max(start_bytes) from segment where content_id = :id and start_bytes <= :first) order by start_bytes`,
  );
  let nextId = lastContentId(database) + 1;
  const removal = makeRemoval(folder);
  const addSegments = (segments: readonly Segment[]): number => {
    const id = nextId++;
    let startBytes = 0;
    for (const { sizeBytes, file } of segments) {
      insertSegment.run(id, startBytes, sizeBytes, file);
      startBytes += sizeBytes;
    }
    return id;
  };
  return {
    addSegments,
    add: (content, sizeBytes) => {
      if (content.kind === "file") return addSegments([{ sizeBytes, file: content.file }]);
      insertInline.run(nextId, content.data);
      return nextId++;
    },
    segmentsOf: (contentId) =>
      selectSegments
        .all(contentId)
        .map((row) => ({ sizeBytes: integerOf(row, "size_bytes"), file: textOf(row, "file") })),
    drop: (contentId) => {
      if (deleteInline.run(contentId).changes > 0) return;
      removal.drop(
        contentId,
        deleteSegments.all(contentId).map((row) => textOf(row, "file")),
      );
    },
    moveAway: (contentId) => void deleteSegments.all(contentId),
    open: (contentId, range) => {
      const inline = selectInline.get(contentId);
      if (inline !== undefined) {
        const data = bytesOf(inline, "data").subarray(range.first, range.last + 1);
        return { data, copyTo: (sink) => sink(data), chunks: () => oneChunk(data), [Symbol.dispose]: () => undefined };
      }
      const rows = selectSpans.all({ id: contentId, first: range.first, last: range.last });
      const spans = range.last < range.first ? [] : rows.map((row) => spanOf(row, range));
      const pin = removal.pin(contentId);
      return {
        copyTo: (sink) => folder.read(spans, sink),
        chunks: () => folder.chunks(spans),
        [Symbol.dispose]: () => pin[Symbol.dispose](),
      };
    },
    committed: removal.committed,
    rolledBack: removal.rolledBack,
    settled: removal.settled,
  };
}

async function* oneChunk(data: Buffer): AsyncGenerator<Uint8Array, void, undefined> {
  yield data;
}

function spanOf(row: Row, range: ByteRange): Span {
  const start = integerOf(row, "start_bytes");
  const end = start + integerOf(row, "size_bytes") - 1;
  const firstByte = Math.max(range.first, start) - start;
  return { file: textOf(row, "file"), firstByte, lastByte: Math.min(range.last, end) - start };
}

/** Every file that belongs to a content. */
export function filesOf(database: DatabaseSync): Set<string> {
  return new Set(
    database
      .prepare("select file from segment")
      .all()
      .map((row) => textOf(row, "file")),
  );
}

function lastContentId(database: DatabaseSync): number {
  const row = database
    .prepare(
      `select max(coalesce((select max(content_id) from inline_content), 0),
                  coalesce((select max(content_id) from segment), 0)) as id`,
    )
    .get();
  return row === undefined ? 0 : integerOf(row, "id");
}

interface Removal {
  readonly drop: (contentId: number, files: readonly string[]) => void;
  readonly pin: (contentId: number) => Disposable;
  readonly committed: () => void;
  readonly rolledBack: () => void;
  readonly settled: () => Promise<void>;
}

function makeRemoval(folder: ContentFolder): Removal {
  const readers = new Map<number, number>();
  let staged: (readonly [number, readonly string[]])[] = [];
  const dropped = new Map<number, readonly string[]>();
  let removing: Promise<void> = Promise.resolve();
  const removeFiles = (contentId: number): void => {
    const files = dropped.get(contentId);
    if (files === undefined || readers.has(contentId)) return;
    dropped.delete(contentId);
    // A file that cannot be removed now is swept at the next start: no row names it.
    removing = removing.then(() => folder.remove(files)).catch(() => undefined);
  };
  return {
    drop: (contentId, files) => void staged.push([contentId, files]),
    pin: (contentId) => {
      readers.set(contentId, (readers.get(contentId) ?? 0) + 1);
      let open = true;
      return {
        [Symbol.dispose]: () => {
          if (!open) return;
          open = false;
          const left = (readers.get(contentId) ?? 1) - 1;
          if (left > 0) readers.set(contentId, left);
          else readers.delete(contentId);
          removeFiles(contentId);
        },
      };
    },
    committed: () => {
      const done = staged;
      staged = [];
      for (const [contentId, files] of done) {
        dropped.set(contentId, files);
        removeFiles(contentId);
      }
    },
    rolledBack: () => {
      staged = [];
    },
    settled: () => removing,
  };
}
