/**
 * The store's tables and the one way they change: a queue that puts everything waiting into one durable transaction.
 * Source: SQLite, "Write-Ahead Logging" and "PRAGMA synchronous": FULL syncs the log at every commit.
 */

import { DatabaseSync, type SQLOutputValue } from "node:sqlite";

/**
 * INVARIANT: the bytes of a content are either its `inline_content` or its `segment`s, which follow each other without
 * gaps from 0; every content belongs to just one object or part.
 */
const schema = `
create table if not exists object (
  bucket text not null, key blob not null, version_id text not null, size_bytes integer not null, etag text not null,
  modified_at_ms integer not null, content_id integer not null, attributes text not null,
  primary key (bucket, key, version_id)) strict, without rowid;
create table if not exists inline_content (content_id integer primary key, data blob not null) strict;
create table if not exists segment (
  content_id integer not null, start_bytes integer not null, size_bytes integer not null, file text not null,
  primary key (content_id, start_bytes)) strict, without rowid;
create table if not exists upload (
  bucket text not null, key blob not null, id text not null, created_at_ms integer not null, document text not null,
  primary key (bucket, key, id)) strict, without rowid;
create table if not exists part (
  upload_id text not null, number integer not null, size_bytes integer not null, etag text not null,
  modified_at_ms integer not null, content_id integer not null, checksum text,
  primary key (upload_id, number)) strict, without rowid;
`;

const schemaVersion = 1;

export type Row = Record<string, SQLOutputValue>;

/** The open database; `file` may be `:memory:`. Throws when a newer program wrote it. */
export function openDatabase(file: string): DatabaseSync {
  const database = new DatabaseSync(file);
  database.exec("pragma journal_mode = wal; pragma synchronous = full; pragma cache_size = -65536");
  const found = Number(database.prepare("pragma user_version").get()?.["user_version"]);
  if (found > schemaVersion) {
    database.close();
    throw new Error(`open object store ${file}: it was written by a newer version (schema ${found})`);
  }
  database.exec(`${schema} pragma user_version = ${schemaVersion}`);
  return database;
}

export interface CommitQueue {
  /** Resolves with what `work` returned once its changes are durable. `work` is synchronous; it may run twice, the first time undone. */
  readonly run: <T>(work: () => T) => Promise<T>;
  /** Commits what waits. */
  readonly flush: () => void;
}

/** What others do once a transaction is durable or undone. */
export interface CommitHooks {
  readonly committed: () => void;
  readonly rolledBack: () => void;
}

/** While one transaction is on its way to the disk, others gather; the next one takes them all. */
export function makeCommitQueue(database: DatabaseSync, hooks: CommitHooks): CommitQueue {
  const begin = database.prepare("begin immediate");
  const commit = database.prepare("commit");
  let waiting: Waiting[] = [];
  const together = (batch: readonly Waiting[]): void => {
    begin.run();
    for (const one of batch) one.work();
    commit.run();
    hooks.committed();
  };
  const flush = (): void => {
    const batch = waiting;
    waiting = [];
    if (batch.length === 0) return;
    const failure = attempt(database, () => together(batch), hooks);
    if (failure === undefined) for (const one of batch) one.resolve();
    else if (batch.length === 1) batch[0]?.reject(failure);
    // One work's failure must not fail its neighbours: each is tried by itself.
    else
      for (const one of batch)
        settle(
          one,
          attempt(database, () => together([one]), hooks),
        );
  };
  return {
    flush,
    run: <T>(work: () => T) =>
      new Promise<T>((resolve, reject) => {
        let value: T;
        if (waiting.length === 0) setImmediate(flush);
        waiting.push({ work: () => void (value = work()), resolve: () => resolve(value), reject });
      }),
  };
}

interface Waiting {
  readonly work: () => void;
  readonly resolve: () => void;
  readonly reject: (reason: Error) => void;
}

function settle(one: Waiting, failure: Error | undefined): void {
  if (failure === undefined) one.resolve();
  else one.reject(failure);
}

function attempt(database: DatabaseSync, work: () => void, hooks: CommitHooks): Error | undefined {
  try {
    work();
    return undefined;
  } catch (cause) {
    if (database.isTransaction) database.exec("rollback");
    hooks.rolledBack();
    return new Error("commit to the object store", { cause });
  }
}

export function textOf(row: Row, column: string): string {
  const value = row[column];
  if (typeof value !== "string") throw new Error(`column ${column} holds no text`);
  return value;
}

export function integerOf(row: Row, column: string): number {
  const value = row[column];
  if (typeof value !== "number") throw new Error(`column ${column} holds no integer`);
  return value;
}

export function bytesOf(row: Row, column: string): Buffer {
  const value = row[column];
  if (!(value instanceof Uint8Array)) throw new Error(`column ${column} holds no bytes`);
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
}
