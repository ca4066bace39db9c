/** Objects by bucket and key. All but `find` and `list` are for use inside a transaction. */

import type { DatabaseSync } from "node:sqlite";
import { err, ok, type Result } from "../../../base/result.ts";
import type { ContentTable } from "./content-table.ts";
import { bytesOf, integerOf, type Row, textOf } from "./database.ts";
import type { Draft } from "./draft.ts";
import { listPage, type Page, type PageOptions } from "./listing.ts";
import type { AttributeChange, Guard, NewObject, ObjectAddress } from "./object-store.ts";
import type { Attributes, StoredObject } from "./stored-object.ts";

export interface ObjectTable {
  readonly find: (at: ObjectAddress) => StoredObject | undefined;
  readonly list: (bucket: string, options: PageOptions) => Page<StoredObject>;
  readonly isEmpty: (bucket: string) => boolean;
  readonly put: <E>(object: NewObject, draft: Draft, guard: Guard<E>) => Result<StoredObject, E>;
  /** Sets an object over contents that are there already. */
  readonly set: (object: StoredObject, replaced: StoredObject | undefined) => void;
  readonly delete: <E>(at: ObjectAddress, guard: Guard<E>) => Result<boolean, E>;
  readonly setAttributes: (at: ObjectAddress, change: AttributeChange) => boolean;
}

/** Until buckets can be versioned every object has this version. */
export const nullVersion = "null";

export function openObjectTable(database: DatabaseSync, contents: ContentTable): ObjectTable {
  const select = database.prepare("select * from object where bucket = ? and key = ? and version_id = 'null'");
  const upsert = database.prepare("insert or replace into object values (?, ?, ?, ?, ?, ?, ?, ?)");
  const erase = database.prepare("delete from object where bucket = ? and key = ? and version_id = 'null'");
  const selectFrom = database.prepare("select * from object where bucket = ? and key >= ? order by key");
  const selectBehind = database.prepare("select * from object where bucket = ? and key > ? order by key");
  const selectAny = database.prepare("select 1 from object where bucket = ? limit 1");
  const find = (at: ObjectAddress): StoredObject | undefined => {
    const row = select.get(at.bucket, Buffer.from(at.key));
    return row === undefined ? undefined : objectOf(row);
  };
  const set = (object: StoredObject, replaced: StoredObject | undefined): void => {
    const { bucket, key, versionId, sizeBytes, etag, modifiedAtMs, contentId, attributes } = object;
    const document = JSON.stringify(attributes);
    upsert.run(bucket, Buffer.from(key), versionId, sizeBytes, etag, modifiedAtMs, contentId, document);
    if (replaced !== undefined && replaced.contentId !== contentId) contents.drop(replaced.contentId);
  };
  return {
    find,
    set,
    isEmpty: (bucket) => selectAny.get(bucket) === undefined,
    list: (bucket, options) => {
      const page = listPage<Row>(
        (key, inclusive) => (inclusive ? selectFrom : selectBehind).iterate(bucket, key),
        (row) => bytesOf(row, "key"),
        options,
      );
      const entries = page.entries.map((entry) =>
        entry.kind === "prefix" ? entry : { kind: "row" as const, row: objectOf(entry.row) },
      );
      return { ...page, entries };
    },
    put: (object, draft, guard) => {
      const current = find(object);
      const refused = guard(current);
      if (refused !== undefined) return err(refused);
      const { bucket, key, etag, modifiedAtMs, attributes } = object;
      const { sizeBytes } = draft;
      const contentId = contents.add(draft.content, sizeBytes);
      const stored = { bucket, key, versionId: nullVersion, sizeBytes, etag, modifiedAtMs, attributes, contentId };
      set(stored, current);
      return ok(stored);
    },
    delete: (at, guard) => {
      const current = find(at);
      const refused = guard(current);
      if (refused !== undefined) return err(refused);
      if (current === undefined) return ok(false);
      erase.run(at.bucket, Buffer.from(at.key));
      contents.drop(current.contentId);
      return ok(true);
    },
    setAttributes: (at, change) => {
      const current = find(at);
      if (current === undefined) return false;
      set({ ...current, attributes: { ...current.attributes, ...change } }, undefined);
      return true;
    },
  };
}

function objectOf(row: Row): StoredObject {
  return {
    bucket: textOf(row, "bucket"),
    key: bytesOf(row, "key").toString("utf8"),
    versionId: textOf(row, "version_id"),
    sizeBytes: integerOf(row, "size_bytes"),
    etag: textOf(row, "etag"),
    modifiedAtMs: integerOf(row, "modified_at_ms"),
    contentId: integerOf(row, "content_id"),
    attributes: decodeAttributes(textOf(row, "attributes")),
  };
}

/** The codec of the column `attributes`: written by this program alone. */
function decodeAttributes(text: string): Attributes {
  return JSON.parse(text) as Attributes;
}
