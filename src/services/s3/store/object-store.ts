/**
 * The store of objects: metadata and small objects in one SQLite database, larger objects as files beside it.
 *
 * INVARIANT: a promise of a change resolves only when the change is on the disk. A file is durable before a row names
 * it, and no row names it before its removal; so whatever moment a crash picks, the rows tell the truth, and the
 * files without a row are swept at the next start.
 */

import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Result } from "../../../base/result.ts";
import { openContentFolder } from "./content-folder.ts";
import { type ByteRange, filesOf, type OpenContent, openContentTable } from "./content-table.ts";
import { makeCommitQueue, openDatabase } from "./database.ts";
import { type Draft, receiveDraft } from "./draft.ts";
import type { Page, PageOptions } from "./listing.ts";
import { openObjectTable } from "./object-table.ts";
import { makePrivateDatabase, makePrivateFolder } from "./privacy.ts";
import type { Attributes, StoredObject } from "./stored-object.ts";
import { openUploadTable, type UploadTable } from "./upload-table.ts";

export interface ObjectAddress {
  readonly bucket: string;
  readonly key: string;
}

/** What a new object will be beside its bytes. */
export interface NewObject extends ObjectAddress {
  readonly etag: string;
  readonly modifiedAtMs: number;
  readonly attributes: Attributes;
}

/**
 * Looks at what stands there in the moment of the change, with no other change between; what it returns refuses the
 * change.
 */
export type Guard<E> = (current: StoredObject | undefined) => E | undefined;

/** What of an object can change without its bytes. */
export type AttributeChange = Partial<Pick<Attributes, "tags" | "acl">>;

export interface ObjectStore extends AsyncDisposable {
  /** Takes a body in. The draft belongs to the caller, who disposes of it. */
  readonly receive: (body: AsyncIterable<Uint8Array>) => Promise<Draft>;
  readonly put: <E>(object: NewObject, draft: Draft, guard: Guard<E>) => Promise<Result<StoredObject, E>>;
  readonly find: (at: ObjectAddress) => StoredObject | undefined;
  /** To be called in the same turn as the `find` that gave the object. */
  readonly open: (object: Pick<StoredObject, "contentId">, range: ByteRange) => OpenContent;
  /** Resolves with whether there was an object. */
  readonly delete: <E>(at: ObjectAddress, guard: Guard<E>) => Promise<Result<boolean, E>>;
  /** Resolves with false when there is no object. */
  readonly setAttributes: (at: ObjectAddress, change: AttributeChange) => Promise<boolean>;
  readonly list: (bucket: string, options: PageOptions) => Page<StoredObject>;
  /**
   * When the bucket holds no object: forgets its uploads, lets nothing in while `work` runs and resolves with what it
   * gives. Otherwise resolves with undefined.
   */
  readonly whileEmpty: <T>(bucket: string, work: () => Promise<T>) => Promise<{ readonly value: T } | undefined>;
  /** Whether `whileEmpty` runs for the bucket: guards refuse what would put something into it. */
  readonly isClosing: (bucket: string) => boolean;
  readonly uploads: UploadTable;
}

/**
 * Opens the store in a folder, which is made when missing and kept to its owner; `:memory:` keeps nothing beyond the
 * disposal. Its larger objects still are files: in `temporaryHome`, which is removed at the end, else in a temporary
 * folder of its own.
 */
export async function openObjectStore(folder: string, temporaryHome?: string): Promise<ObjectStore> {
  const durable = folder !== ":memory:";
  const home = durable ? folder : (temporaryHome ?? (await makeTemporaryHome()));
  await makePrivateFolder(home);
  const files = await openContentFolder(home, durable);
  const file = durable ? join(home, "objects.sqlite") : ":memory:";
  if (durable) await makePrivateDatabase(file);
  const database = openDatabase(file);
  await files.sweep(filesOf(database));
  const contents = openContentTable(database, files);
  const queue = makeCommitQueue(database, contents);
  const objects = openObjectTable(database, contents);
  const uploads = openUploadTable({ database, contents, objects, files, queue });
  const closing = new Set<string>();
  return {
    uploads,
    receive: (body) => receiveDraft(files, body, true),
    put: (object, draft, guard) => queue.run(() => objects.put(object, draft, guard)),
    find: (at) => objects.find(at),
    open: (object, range) => contents.open(object.contentId, range),
    delete: (at, guard) => queue.run(() => objects.delete(at, guard)),
    setAttributes: (at, change) => queue.run(() => objects.setAttributes(at, change)),
    list: (bucket, options) => objects.list(bucket, options),
    isClosing: (bucket) => closing.has(bucket),
    whileEmpty: async (bucket, work) => {
      const empty = await queue.run(() => {
        if (closing.has(bucket) || !objects.isEmpty(bucket)) return false;
        uploads.forget(bucket);
        closing.add(bucket);
        return true;
      });
      if (!empty) return undefined;
      try {
        return { value: await work() };
      } finally {
        closing.delete(bucket);
      }
    },
    [Symbol.asyncDispose]: async () => {
      queue.flush();
      await contents.settled();
      database.close();
      if (!durable) await rm(home, { recursive: true, force: true });
    },
  };
}

const temporaryPrefix = "underpass-objects-";

/** A folder named after this process; those of processes that have died go. */
async function makeTemporaryHome(): Promise<string> {
  for (const name of await readdir(tmpdir())) {
    const pid = Number(new RegExp(`^${temporaryPrefix}(\\d+)-`).exec(name)?.[1]);
    if (pid > 0 && !isAlive(pid))
      await rm(join(tmpdir(), name), { recursive: true, force: true }).catch(() => undefined);
  }
  return mkdtemp(join(tmpdir(), `${temporaryPrefix}${process.pid}-`));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
