/**
 * The durable store: a journal of change sets in SQLite, and a snapshot into which old journal records are folded.
 *
 * Each record carries a checksum over its revision, its text and the checksum before it, so that a record cannot be
 * damaged, lost or put out of order unseen. SQLite runs with a write-ahead log and a flush at every commit: what was
 * acknowledged survives a kill and a power cut.
 */

import { chmodSync, closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { crc32 } from "node:zlib";
import { apply, type Change, type Documents, emptyState, type Kind, kinds, put, type State } from "../model/state.ts";
import { staleWriter, type Store, Watchers } from "./store.ts";

/** A folder that cannot be used as it is; the message says what to do. The command line exits with status 3 on it. */
export class StoreError extends Error {
  override readonly name = "StoreError";
}

/** After so many records the oldest are folded into the snapshot. */
const foldAfterRecords = 2_000;

/** Opens the store in `folder`, which is made if missing. Throws a `StoreError` when another daemon holds it. */
export function openJournal(folder: string): Store {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new StoreError(`\`${folder}\` cannot be a state folder (${reason}); give \`--state\` another one`, { cause });
  }
  const database = openLocked(folder);
  const journal = new Journal(folder, database);
  return {
    load: () => journal.load(),
    commit: (expectedRevision, changeSets) => journal.commit(expectedRevision, changeSets),
    watch: (onCommit) => journal.watchers.add(onCommit),
    [Symbol.asyncDispose]: async () => journal.close(),
  };
}

function openLocked(folder: string): DatabaseSync {
  const holder = join(folder, "daemon.pid");
  const file = join(folder, "state.db");
  makePrivate(file);
  const database = new DatabaseSync(file);
  try {
    // The lock is the kernel's: it goes with the process, however that ends.
    database.exec("PRAGMA locking_mode = EXCLUSIVE");
    database.exec("PRAGMA journal_mode = WAL");
    database.exec("PRAGMA synchronous = FULL");
    database.exec(`
      CREATE TABLE IF NOT EXISTS journal (revision INTEGER PRIMARY KEY, changes TEXT NOT NULL, checksum INTEGER NOT NULL);
      CREATE TABLE IF NOT EXISTS snapshot (kind TEXT, id TEXT, document TEXT NOT NULL, checksum INTEGER NOT NULL,
        PRIMARY KEY (kind, id)) WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS base (one INTEGER PRIMARY KEY CHECK (one = 1), revision INTEGER, checksum INTEGER);
      INSERT OR IGNORE INTO base VALUES (1, 0, 0);`);
  } catch (cause) {
    database.close();
    const message = cause instanceof Error ? cause.message : String(cause);
    if (/locked|busy/.test(message)) {
      throw new StoreError(
        `the folder \`${folder}\` is in use by another daemon${holderText(holder)}; stop that one or give \`--state\` another folder`,
        { cause },
      );
    }
    throw new StoreError(
      `the folder \`${folder}\` holds no readable state (${message}); put back a copy of it, or give \`--state\` another folder`,
      { cause },
    );
  }
  writeFileSync(holder, `${process.pid}\n`);
  return database;
}

/** The state holds secret keys: its owner alone may read it. SQLite gives the files beside it the same rights. */
function makePrivate(file: string): void {
  closeSync(openSync(file, "a", 0o600));
  for (const one of [file, `${file}-wal`, `${file}-shm`]) if (existsSync(one)) chmodSync(one, 0o600);
}

function holderText(file: string): string {
  try {
    return ` (process ${readFileSync(file, "utf8").trim()})`;
  } catch {
    return "";
  }
}

interface Row {
  readonly revision: number;
  readonly changes: string;
  readonly checksum: number;
}

class Journal {
  readonly watchers = new Watchers();
  readonly #folder: string;
  readonly #database: DatabaseSync;
  readonly #insert;
  #revision = 0;
  #checksum = 0;
  #baseRevision = 0;

  constructor(folder: string, database: DatabaseSync) {
    this.#folder = folder;
    this.#database = database;
    this.#insert = database.prepare("INSERT INTO journal VALUES (?, ?, ?)");
  }

  load(): { state: State; messages: string[] } {
    const base = this.#database.prepare("SELECT revision, checksum FROM base").get() as
      | { revision: number; checksum: number }
      | undefined;
    this.#baseRevision = base?.revision ?? 0;
    let state: State = { ...this.#loadSnapshot(), revision: this.#baseRevision };
    let checksum = base?.checksum ?? 0;
    const messages: string[] = [];
    const rows = this.#database
      .prepare("SELECT revision, changes, checksum FROM journal ORDER BY revision")
      .all() as unknown as Row[];
    for (const [at, row] of rows.entries()) {
      const changes = readRecord(row, checksum, state.revision + 1);
      if (changes === undefined) {
        if (at < rows.length - 1) throw this.#damaged(row.revision, state.revision);
        messages.push(
          `dropped the torn last record of the journal (revision ${row.revision}); the state is that of revision ${state.revision}`,
        );
        this.#database.prepare("DELETE FROM journal WHERE revision = ?").run(row.revision);
        break;
      }
      state = apply(state, changes);
      checksum = row.checksum;
    }
    this.#revision = state.revision;
    this.#checksum = checksum;
    return { state, messages };
  }

  commit(expectedRevision: number, changeSets: readonly (readonly Change[])[]): void {
    if (expectedRevision !== this.#revision) throw staleWriter(expectedRevision, this.#revision);
    let revision = this.#revision;
    let checksum = this.#checksum;
    this.#transaction("append to the journal", () => {
      for (const changes of changeSets) {
        revision += 1;
        const text = JSON.stringify(changes);
        checksum = checksumOf(revision, text, checksum);
        this.#insert.run(revision, text, checksum);
      }
    });
    this.#revision = revision;
    this.#checksum = checksum;
    if (revision - this.#baseRevision >= foldAfterRecords) this.#fold();
    this.watchers.tell(revision);
  }

  close(): void {
    this.#database.close();
    rmSync(join(this.#folder, "daemon.pid"), { force: true });
  }

  /** Moves all records into the snapshot: the cost follows the changes, not the size of the state. */
  #fold(): void {
    const rows = this.#database.prepare("SELECT changes FROM journal ORDER BY revision").all() as unknown as Row[];
    const put = this.#database.prepare("INSERT OR REPLACE INTO snapshot VALUES (?, ?, ?, ?)");
    const remove = this.#database.prepare("DELETE FROM snapshot WHERE kind = ? AND id = ?");
    this.#transaction("fold the journal", () => {
      for (const row of rows) {
        for (const change of JSON.parse(row.changes) as Change[]) {
          if (change.op === "delete") remove.run(change.kind, change.id);
          else {
            const text = JSON.stringify(change.document);
            put.run(change.kind, change.document.id, text, crc32(text));
          }
        }
      }
      this.#database.prepare("UPDATE base SET revision = ?, checksum = ?").run(this.#revision, this.#checksum);
      this.#database.exec("DELETE FROM journal");
    });
    this.#baseRevision = this.#revision;
  }

  #loadSnapshot(): State {
    const known = new Set<string>(kinds);
    const changes: Change[] = [];
    for (const row of this.#database.prepare("SELECT kind, id, document, checksum FROM snapshot").iterate()) {
      const { kind, id, document, checksum } = row as { kind: string; id: string; document: string; checksum: number };
      if (!known.has(kind) || crc32(document) !== checksum) {
        throw new StoreError(
          `the snapshot in \`${this.#folder}\` is damaged at ${kind} \`${id}\` (revision ${this.#baseRevision}); put back a copy of the folder, or give \`--state\` another one`,
        );
      }
      changes.push(put(kind as Kind, JSON.parse(document) as Documents[Kind]));
    }
    return apply(emptyState, changes);
  }

  #transaction(what: string, work: () => void): void {
    try {
      this.#database.exec("BEGIN IMMEDIATE");
      work();
      this.#database.exec("COMMIT");
    } catch (cause) {
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      throw new Error(what, { cause });
    }
  }

  #damaged(revision: number, lastGood: number): StoreError {
    return new StoreError(
      `the journal in \`${this.#folder}\` is damaged at revision ${revision}, and later records follow it; put back a copy of the folder, or go on from revision ${lastGood} and lose what came after with: sqlite3 ${join(this.#folder, "state.db")} "DELETE FROM journal WHERE revision > ${lastGood}"`,
    );
  }
}

function checksumOf(revision: number, text: string, before: number): number {
  return crc32(text, crc32(String(revision), before));
}

/** The changes of a whole record, or undefined for one that is torn, altered or out of order. */
function readRecord(row: Row, before: number, expectedRevision: number): readonly Change[] | undefined {
  if (row.revision !== expectedRevision || checksumOf(row.revision, row.changes, before) !== row.checksum)
    return undefined;
  return JSON.parse(row.changes) as Change[];
}
