/**
 * Multipart uploads: parts are files; completing an upload lines the files up as one object, without copying a byte.
 * Source: Amazon S3 User Guide, "Uploading and copying objects using multipart upload".
 */

import type { DatabaseSync } from "node:sqlite";
import { err, ok, type Result } from "../../../base/result.ts";
import type { ContentFolder } from "./content-folder.ts";
import type { ContentTable } from "./content-table.ts";
import { bytesOf, type CommitQueue, integerOf, type Row, textOf } from "./database.ts";
import { type Draft, receiveDraft } from "./draft.ts";
import { listPage, type Page, type PageOptions } from "./listing.ts";
import type { Guard, NewObject, ObjectAddress } from "./object-store.ts";
import { nullVersion, type ObjectTable } from "./object-table.ts";
import type { StoredChecksum, StoredObject, StoredPart, StoredUpload } from "./stored-object.ts";

export interface UploadTable {
  readonly create: <E>(upload: StoredUpload, guard: () => E | undefined) => Promise<Result<undefined, E>>;
  readonly find: (at: ObjectAddress, uploadId: string) => StoredUpload | undefined;
  /** Takes the body of a part in; always a file. */
  readonly receive: (body: AsyncIterable<Uint8Array>) => Promise<Draft>;
  /** Resolves with undefined when the upload is gone. A part of the same number is replaced. */
  readonly putPart: (upload: StoredUpload, part: NewPart, draft: Draft) => Promise<StoredPart | undefined>;
  /** In the order of their numbers. */
  readonly parts: (uploadId: string) => readonly StoredPart[];
  /**
   * Makes the object of the parts that `choose` takes from those that are there, in the order it gives them; others
   * go. `undefined` when the upload is gone meanwhile.
   */
  readonly complete: <E>(
    upload: StoredUpload,
    choose: (parts: readonly StoredPart[]) => Result<Completion, E>,
    guard: Guard<E>,
  ) => Promise<Result<StoredObject, E> | undefined>;
  /** Resolves with false when the upload is gone already. */
  readonly abort: (upload: StoredUpload) => Promise<boolean>;
  /** By key, then by upload id. `after.uploadId` goes on within the key of `after.key`. */
  readonly list: (bucket: string, options: UploadPageOptions) => Page<StoredUpload>;
  /** For use inside a transaction: drops every upload of the bucket. */
  readonly forget: (bucket: string) => void;
}

export interface NewPart {
  readonly number: number;
  readonly modifiedAtMs: number;
  readonly checksum?: StoredChecksum;
}

export interface Completion {
  readonly object: Omit<NewObject, keyof ObjectAddress>;
  readonly parts: readonly StoredPart[];
}

export interface UploadPageOptions extends PageOptions {
  readonly afterUploadId?: string;
}

interface Surroundings {
  readonly database: DatabaseSync;
  readonly contents: ContentTable;
  readonly objects: ObjectTable;
  readonly files: ContentFolder;
  readonly queue: CommitQueue;
}

export function openUploadTable(surroundings: Surroundings): UploadTable {
  const { files, queue } = surroundings;
  const rows = prepareRows(surroundings.database);
  const table: Table = { ...surroundings, rows };
  return {
    find: (at, uploadId) => find(rows, at, uploadId),
    parts: (uploadId) => partsOf(rows, uploadId),
    receive: (body) => receiveDraft(files, body, false),
    create: (upload, guard) =>
      queue.run(() => {
        const refused = guard();
        if (refused !== undefined) return err(refused);
        const { bucket, key, id, createdAtMs } = upload;
        rows.insertUpload.run(bucket, Buffer.from(key), id, createdAtMs, JSON.stringify(upload));
        return ok(undefined);
      }),
    putPart: (upload, part, draft) =>
      queue.run(() => (find(rows, upload, upload.id) === undefined ? undefined : putPart(table, upload, part, draft))),
    complete: (upload, choose, guard) => queue.run(() => complete(table, upload, choose, guard)),
    abort: (upload) =>
      queue.run(() => {
        if (find(rows, upload, upload.id) === undefined) return false;
        erase(table, upload, new Set());
        return true;
      }),
    list: (bucket, options) => listUploads(rows, bucket, options),
    forget: (bucket) => {
      for (const row of rows.selectUploads.all(bucket)) erase(table, decodeUpload(row), new Set());
    },
  };
}

interface Table extends Surroundings {
  readonly rows: Rows;
}

function find(rows: Rows, at: ObjectAddress, uploadId: string): StoredUpload | undefined {
  const row = rows.selectUpload.get(at.bucket, Buffer.from(at.key), uploadId);
  return row === undefined ? undefined : decodeUpload(row);
}

function partsOf(rows: Rows, uploadId: string): readonly StoredPart[] {
  return rows.selectParts.all(uploadId).map(partOf);
}

/** Takes the upload away with every part whose content is not kept. */
function erase({ rows, contents }: Table, upload: StoredUpload, kept: ReadonlySet<number>): void {
  for (const part of partsOf(rows, upload.id)) if (!kept.has(part.contentId)) contents.drop(part.contentId);
  rows.deleteParts.run(upload.id);
  rows.deleteUpload.run(upload.bucket, Buffer.from(upload.key), upload.id);
}

function putPart({ rows, contents }: Table, upload: StoredUpload, part: NewPart, draft: Draft): StoredPart {
  const old = rows.selectPart.get(upload.id, part.number);
  if (old !== undefined) contents.drop(integerOf(old, "content_id"));
  const { sizeBytes } = draft;
  const contentId = contents.add(draft.content, sizeBytes);
  const etag = draft.md5.toString("hex");
  const checksum = part.checksum === undefined ? null : JSON.stringify(part.checksum);
  rows.upsertPart.run(upload.id, part.number, sizeBytes, etag, part.modifiedAtMs, contentId, checksum);
  return { ...part, uploadId: upload.id, sizeBytes, etag, contentId };
}

function complete<E>(
  table: Table,
  upload: StoredUpload,
  choose: (parts: readonly StoredPart[]) => Result<Completion, E>,
  guard: Guard<E>,
): Result<StoredObject, E> | undefined {
  const { rows, contents, objects } = table;
  if (find(rows, upload, upload.id) === undefined) return undefined;
  const chosen = choose(partsOf(rows, upload.id));
  if (!chosen.ok) return chosen;
  const current = objects.find(upload);
  const refused = guard(current);
  if (refused !== undefined) return err(refused);
  const segments = chosen.value.parts.flatMap((part) => contents.segmentsOf(part.contentId));
  const kept = new Set(chosen.value.parts.map((part) => part.contentId));
  for (const contentId of kept) contents.moveAway(contentId);
  erase(table, upload, kept);
  const { bucket, key } = upload;
  const sizeBytes = segments.reduce((sum, segment) => sum + segment.sizeBytes, 0);
  const contentId = contents.addSegments(segments);
  const object = { bucket, key, versionId: nullVersion, sizeBytes, ...chosen.value.object, contentId };
  objects.set(object, current);
  return ok(object);
}

type Rows = ReturnType<typeof prepareRows>;

function prepareRows(database: DatabaseSync) {
  return {
    insertUpload: database.prepare("insert into upload values (?, ?, ?, ?, ?)"),
    selectUpload: database.prepare("select document from upload where bucket = ? and key = ? and id = ?"),
    selectUploads: database.prepare("select document from upload where bucket = ?"),
    deleteUpload: database.prepare("delete from upload where bucket = ? and key = ? and id = ?"),
    selectFrom: database.prepare("select key, document from upload where bucket = ? and key >= ? order by key, id"),
    selectBehind: database.prepare("select key, document from upload where bucket = ? and key > ? order by key, id"),
    selectWithin: database.prepare(
      "select key, document from upload where bucket = ? and (key, id) > (?, ?) order by key, id",
    ),
    upsertPart: database.prepare("insert or replace into part values (?, ?, ?, ?, ?, ?, ?)"),
    selectPart: database.prepare("select content_id from part where upload_id = ? and number = ?"),
    selectParts: database.prepare("select * from part where upload_id = ? order by number"),
    deleteParts: database.prepare("delete from part where upload_id = ?"),
  };
}

function listUploads(rows: Rows, bucket: string, options: UploadPageOptions): Page<StoredUpload> {
  const { after, afterUploadId } = options;
  const within = after?.kind === "key" && afterUploadId !== undefined ? after.key : undefined;
  const page = listPage<Row>(
    (key, inclusive) => {
      if (!inclusive && within?.equals(key) === true) {
        return rows.selectWithin.iterate(bucket, key, afterUploadId ?? "");
      }
      return (inclusive ? rows.selectFrom : rows.selectBehind).iterate(bucket, key);
    },
    (row) => bytesOf(row, "key"),
    options,
  );
  const entries = page.entries.map((entry) =>
    entry.kind === "prefix" ? entry : { kind: "row" as const, row: decodeUpload(entry.row) },
  );
  return { ...page, entries };
}

function partOf(row: Row): StoredPart {
  const checksum = row["checksum"];
  return {
    uploadId: textOf(row, "upload_id"),
    number: integerOf(row, "number"),
    sizeBytes: integerOf(row, "size_bytes"),
    etag: textOf(row, "etag"),
    modifiedAtMs: integerOf(row, "modified_at_ms"),
    contentId: integerOf(row, "content_id"),
    ...(typeof checksum === "string" ? { checksum: JSON.parse(checksum) as StoredChecksum } : {}),
  };
}

/** The codec of the column `document`: written by this program alone. */
function decodeUpload(row: Row): StoredUpload {
  return JSON.parse(textOf(row, "document")) as StoredUpload;
}
